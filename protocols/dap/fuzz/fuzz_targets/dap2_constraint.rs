//! Any query against a small dataset: it is refused, or its view lies inside the dataset and has a layout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::{Constraint, Inventory, View, dods::Layout};
use weir_model::{ByteOrder, DataType, Dimension, Group, Schema, Storage, Variable};

fn variable(name: &str, data_type: DataType, shape: &[u64]) -> Variable {
    let storage = Storage {
        chunk_shape: shape.to_vec(),
        codecs: vec![],
        byte_order: ByteOrder::Big,
        fill: vec![0; data_type.size().unwrap_or(0)],
    };
    let dimensions = shape.iter().map(|length| format!("/d{length}")).collect();
    Variable { name: name.into(), data_type, dimensions, shape: shape.to_vec(), attributes: vec![], storage }
}

fuzz_target!(|query: &str| {
    let dimension = |length| Dimension { name: format!("d{length}"), length, unlimited: false };
    let root = Group {
        dimensions: vec![dimension(5), dimension(7)],
        variables: vec![
            variable("t", DataType::Int16, &[5, 7]),
            variable("a b", DataType::Char, &[5, 7]),
            variable("s", DataType::Float64, &[]),
        ],
        ..Group::default()
    };
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let view = Constraint::parse(query).and_then(|constraint| View::resolve(&constraint, &inventory));
    let layout = match &view {
        Ok(view) => Layout::of(view, "x"),
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    let planned = layout.expect("a small dataset has a layout").size.planned();
    assert!(planned < 1 << 16);
});
