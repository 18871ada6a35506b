//! Any query of diagnostics is answered with a result or refused: selections, groups, windows, dimensions, weights.
#![no_main]

mod answered;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| answered::check(query));
