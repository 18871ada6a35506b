//! Any bytes are a partition of a reference set or are refused, and its rows lead nowhere but to files of its folder. Start
//! from the fixtures: cp ../tests/fixtures/references/*.parq/tas/*.parq corpus/reference_partition/
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_datasets::Access;
use weir_datasets::reference::References;
use weir_datasets::store::Object;

/// An array of 4 x 3 x 4 in chunks of 1 x 2 x 3, as in the fixtures.
const METADATA: &[u8] =
    br#"{"metadata": {"tas/.zarray": {"shape": [4, 3, 4], "chunks": [1, 2, 3]}}, "record_size": 1000}"#;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::create_dir(folder.path().join("tas")).expect("a folder can be made");
    std::fs::write(folder.path().join(".zmetadata"), METADATA).expect("a file can be written");
    std::fs::write(folder.path().join("tas/refs.0.parq"), data).expect("a file can be written");
    let access = Access::to(&[folder.path().to_owned()]);
    let set = References::partitions(folder.path(), &access).expect("the metadata is right");
    for chunk in ["0.0.0", "1.1.0", "3.1.1"] {
        if let Ok(Some(Object::Run { file, offset, length })) = set.locate(&format!("tas/{chunk}")) {
            assert!(offset.checked_add(length).is_some_and(|end| end <= file.len()));
        }
    }
});
