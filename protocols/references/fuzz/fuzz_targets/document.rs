//! Any bytes are read as a reference set or refused; what was read is written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_references::{ReferenceSet, members, write};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = members(text);
    }
    let Ok(set) = ReferenceSet::read(bytes) else { return };
    for (key, reference) in set.iter() {
        assert_eq!(set.get(key), Some(reference));
    }
    assert!(set.children("").count() <= set.len());
    let again = ReferenceSet::read(write(set.iter()).as_bytes()).expect("what is written can be read");
    assert!(set.iter().eq(again.iter()));
});
