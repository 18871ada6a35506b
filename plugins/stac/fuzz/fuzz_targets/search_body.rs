//! Any body of a search is answered with a page or refused.
#![no_main]

mod searched;

use libfuzzer_sys::fuzz_target;
use searched::{check, running};

fuzz_target!(|body: &[u8]| check(running().post("/stac/search", body)));
