//! Any names and lengths: the DDS that is written is one that the strictest grammar reads, variable by variable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::{Inventory, View, dds, grammar};
use weir_model::{ByteOrder, DataType, Dimension, Group, Schema, Storage, Variable};

fuzz_target!(|input: (Vec<(String, u64)>, String)| {
    let (names, text) = input;
    let _ = grammar::parse_dds(&text);
    let mut root = Group::default();
    for (name, length) in names {
        let storage =
            Storage { chunk_shape: vec![1], codecs: vec![], byte_order: ByteOrder::Big, fill: vec![0] };
        root.dimensions.push(Dimension { name: name.clone(), length, unlimited: false });
        let dimensions = vec![format!("/{name}")];
        let (data_type, shape) = (DataType::Int8, vec![length]);
        root.variables.push(Variable { name, data_type, dimensions, shape, attributes: vec![], storage });
    }
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let view = View::whole(&inventory).expect("one axis never overflows");
    let parsed = grammar::parse_dds(&dds::dds(&view, &text)).expect("what is written can be read");
    assert_eq!(parsed.variables.len(), inventory.entries().len());
});
