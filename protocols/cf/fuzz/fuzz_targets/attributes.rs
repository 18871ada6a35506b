//! Any text in the attributes that hold lists, methods and mappings: an answer or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_cf::axes::kind;
use weir_cf::grid_mapping::grid_mappings;
use weir_cf::horizontal::horizontal;
use weir_cf::packing::Packing;
use weir_cf::{Coordinates, cell_methods, related};
use weir_model::{Attribute, ByteOrder, DataType, Group, Schema, Storage, Value, Variable};

fn variable(name: &str, attributes: &[(&str, &str)], length: u64) -> Variable {
    let text = |(name, text): &(&str, &str)| Attribute { name: (*name).to_owned(), value: Value::text(text) };
    Variable {
        name: name.to_owned(),
        data_type: DataType::Int16,
        dimensions: vec!["/x".to_owned()],
        shape: vec![length],
        attributes: attributes.iter().map(text).collect(),
        storage: Storage { chunk_shape: vec![1], codecs: vec![], byte_order: ByteOrder::NATIVE, fill: vec![] },
    }
}

fuzz_target!(|input: ([(&str, &str); 4], [(&str, &str); 4], u64)| {
    let (first, second, length) = input;
    let variables = vec![variable("a", &first, length), variable("b", &second, length)];
    let schema = Schema { root: Group { variables, ..Group::default() } };
    for (path, variable) in schema.variables() {
        let _ = Coordinates::of(&schema, &path);
        let _ = grid_mappings(&schema, &path);
        let _ = horizontal(&schema, &path);
        let _ = Packing::of(variable);
        let _ = kind(variable);
        for attribute in &variable.attributes {
            let _ = related(&schema, &path, &attribute.name);
            if let Some(text) = attribute.value.as_text() {
                let _ = cell_methods(&text);
            }
        }
    }
});
