//! Any text is read as a key or refused, and a chunk key that is read is the only spelling of its chunk.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_model::{ByteOrder, DataType, Group, Schema, Storage, Variable};
use weir_zarr::{Array, Format, Key};

/// A variable of two axes.
fn variable(name: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        data_type: DataType::UInt8,
        dimensions: vec!["/y".to_owned(), "/x".to_owned()],
        shape: vec![7, 5],
        attributes: vec![],
        storage: Storage {
            chunk_shape: vec![2, 2],
            codecs: vec![],
            byte_order: ByteOrder::Little,
            fill: vec![1],
        },
    }
}

/// Names that can be taken for something else.
fn schema() -> Schema {
    let inner =
        Group { name: "g".to_owned(), variables: vec![variable("c"), variable("0")], ..Group::default() };
    let variables = vec![variable("c"), variable("x")];
    Schema { root: Group { variables, groups: vec![inner], ..Group::default() } }
}

fuzz_target!(|key: &str| {
    let schema = schema();
    let Some(Key::Chunk { path, index, format }) = Key::parse(key, &schema) else { return };
    let numbers: Vec<String> = index.iter().map(u64::to_string).collect();
    let again = match format {
        Format::V2 => format!("{path}/{}", numbers.join(".")),
        Format::V3 if numbers.is_empty() => format!("{path}/c"),
        Format::V3 => format!("{path}/c/{}", numbers.join("/")),
    };
    assert_eq!(again, key);
    let variable = schema.variable(path).expect("a chunk key names a variable");
    let array = Array::of(variable).expect("the variable can be shown");
    if let Some(index) = array.chunk_index(&index, format) {
        assert!(array.grid().extent(&index).is_some());
    }
});
