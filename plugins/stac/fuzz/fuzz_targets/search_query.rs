//! Any query of a search is answered with a page or refused: bbox, datetime, intersects, sortby, fields, filters as text and JSON, tokens.
#![no_main]

mod searched;

use libfuzzer_sys::fuzz_target;
use searched::{check, running};

fuzz_target!(|query: &str| check(running().get(&format!("/stac/search?{query}"))));
