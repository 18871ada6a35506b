//! Any text: it is no DMR, or what it says can be written and read back. Any names and attributes: the DMR reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_dap::dap4::{Inventory, View, dmr};
use weir_model::{Attribute, ByteOrder, DataType, Dimension, Group, Schema, Storage, Value, Variable};

type Named = (String, u64, Vec<(String, Vec<u8>)>);

fuzz_target!(|input: (String, Vec<Named>)| {
    let (text, variables) = input;
    if let Ok(document) = dmr::parse(&text) {
        let written = dmr::write(&document);
        // Characters that XML cannot carry are replaced once, and stay then.
        let read = dmr::parse(&written).expect("what is written can be read");
        assert_eq!(dmr::write(&read), written);
    }
    let mut root = Group::default();
    for (name, length, attributes) in variables {
        let storage =
            Storage { chunk_shape: vec![1], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![0] };
        root.dimensions.push(Dimension { name: name.clone(), length, unlimited: false });
        let dimensions = vec![format!("/{name}")];
        let (data_type, shape) = (DataType::Int8, vec![length]);
        let value = |text| Value::Char(text);
        let attributes =
            attributes.into_iter().map(|(name, text)| Attribute { name, value: value(text) }).collect();
        root.variables.push(Variable { name, data_type, dimensions, shape, attributes, storage });
    }
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let document = View::of("", &inventory).expect("one axis never overflows").document("x");
    let read = dmr::parse(&dmr::write(&document)).expect("what is written can be read");
    assert_eq!(read.root.variables.len(), inventory.entries().len());
});
