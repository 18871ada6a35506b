//! Any `dap4.ce` against a small dataset: it is refused, or its view lies inside the dataset and has a DMR that reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_dap::dap4::{Inventory, Query, View, dmr};
use weir_model::{ByteOrder, DataType, Dimension, Field, Group, Schema, Storage, Variable};

fn variable(name: &str, data_type: DataType, shape: &[u64]) -> Variable {
    let storage = Storage {
        chunk_shape: shape.to_vec(),
        codecs: vec![],
        byte_order: ByteOrder::Little,
        fill: vec![0; data_type.size().unwrap_or(0)],
    };
    let dimensions = shape.iter().map(|length| format!("/d{length}")).collect();
    Variable { name: name.into(), data_type, dimensions, shape: shape.to_vec(), attributes: vec![], storage }
}

fn schema() -> Schema {
    let dimension = |length| Dimension { name: format!("d{length}"), length, unlimited: false };
    let field = |name: &str, offset, data_type, shape: &[u64]| Field {
        name: name.into(),
        offset,
        data_type,
        shape: shape.to_vec(),
    };
    let fields = vec![field("a", 0, DataType::Int16, &[]), field("b", 4, DataType::Float32, &[3])];
    let record = DataType::Compound { name: "r".into(), size: 16, fields };
    let list = |element| DataType::Vlen { name: "l".into(), element: Box::new(element) };
    let inner = Group {
        name: "g".into(),
        variables: vec![variable("t", list(DataType::String), &[5])],
        ..Group::default()
    };
    let root = Group {
        dimensions: vec![dimension(5), dimension(7)],
        variables: vec![
            variable("t", DataType::Int16, &[5, 7]),
            variable("a b", DataType::Char, &[5, 7]),
            variable("a[0]", DataType::Float64, &[]),
            variable("s", record.clone(), &[5]),
            variable("r", list(record), &[7]),
        ],
        groups: vec![inner],
        ..Group::default()
    };
    Schema { root }
}

fuzz_target!(|text: &str| {
    let _ = Query::parse(text).map_err(|bad| bad.to_string());
    let schema = schema();
    let inventory = Inventory::of(&schema);
    let view = match View::of(text, &inventory) {
        Ok(view) => view,
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    for variable in &view.variables {
        let elements: u64 = variable.selection.hyperslabs().map(|slab| slab.elements()).sum();
        assert_eq!(elements, variable.selection.elements());
    }
    let document = view.document("x");
    assert_eq!(dmr::parse(&dmr::write(&document)).expect("what is written can be read"), document);
});
