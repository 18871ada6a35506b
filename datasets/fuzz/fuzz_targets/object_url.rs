//! URLs as references in files spell them: they are refused or understood, and what is shown of them is a URL again that
//! leads to the same place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_datasets::{Addresses, HostRule, ObjectUrl};

fuzz_target!(|text: &str| {
    let _ = HostRule::parse(text, Addresses::Public);
    if let Ok(url) = ObjectUrl::parse(text) {
        assert!(ObjectUrl::is_one(text));
        let shown = url.to_string();
        let again = ObjectUrl::parse(&shown).unwrap();
        assert_eq!(again.to_string(), shown);
        assert_eq!(again.name(), url.name());
    }
});
