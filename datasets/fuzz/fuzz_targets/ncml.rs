//! Any bytes are NcML or are refused, and what is read twice is the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use weir_datasets::ncml;

fuzz_target!(|data: &[u8]| {
    let read = |problems: &mut Vec<String>| ncml::parse(data, Path::new("/data"), problems);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let (first, second) = (read(&mut one), read(&mut other));
    assert_eq!(first, second);
    if first.is_ok() {
        // A byte order mark may stand before it.
        assert!(ncml::recognise(data) || data.len() > 64 << 10);
    }
});
