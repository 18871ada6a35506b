//! Any query against a small dataset of every kind: it is refused with words, or what it names lies inside the dataset, has
//! a structure that the strictest grammar reads, and a layout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::{
    Arrays, Constraint, Coordinates, Inventory, Leaf, RowSource, View, dds, dods::Layout, grammar,
};
use weir_model::{ByteOrder, DataType, Dimension, Field, Group, Schema, Storage, Variable};

fn variable(name: &str, data_type: DataType, axes: &[(&str, u64)]) -> Variable {
    let shape: Vec<u64> = axes.iter().map(|axis| axis.1).collect();
    let storage = Storage {
        chunk_shape: shape.clone(),
        codecs: vec![],
        byte_order: ByteOrder::Big,
        fill: vec![0; data_type.size().unwrap_or(0)],
    };
    let dimensions = axes.iter().map(|axis| format!("/{}", axis.0)).collect();
    Variable { name: name.into(), data_type, dimensions, shape, attributes: vec![], storage }
}

fn field(name: &str, offset: usize, data_type: DataType, shape: &[u64]) -> Field {
    Field { name: name.into(), offset, data_type, shape: shape.to_vec() }
}

/// Arrays, a grid, texts, Structures, and a table.
fn schema() -> Schema {
    let dimension = |name: &str, length, unlimited| Dimension { name: name.into(), length, unlimited };
    let inner = DataType::Compound {
        name: "in".into(),
        size: 8,
        fields: vec![field("x", 0, DataType::Float64, &[])],
    };
    let fields = vec![field("a", 0, DataType::Int8, &[3]), field("in", 8, inner, &[2])];
    let record = DataType::Compound { name: "rec".into(), size: 24, fields };
    let fields =
        vec![field("n", 0, DataType::Int16, &[]), field("t", 2, DataType::FixedString { length: 6 }, &[])];
    let row = DataType::Compound { name: "row".into(), size: 8, fields };
    let root = Group {
        dimensions: vec![dimension("lat", 5, false), dimension("lon", 7, false), dimension("row", 9, true)],
        variables: vec![
            variable("lat", DataType::Float32, &[("lat", 5)]),
            variable("lon", DataType::Float64, &[("lon", 7)]),
            variable("t", DataType::Int16, &[("lat", 5), ("lon", 7)]),
            variable("a b", DataType::Char, &[("lat", 5), ("lon", 7)]),
            variable("s", DataType::Float64, &[]),
            variable("rec", record, &[("lat", 5)]),
            variable("log", row, &[("row", 9)]),
        ],
        ..Group::default()
    };
    Schema { root }
}

fuzz_target!(|input: (bool, &str)| {
    let (grids, query) = input;
    let schema = schema();
    let inventory = Inventory::with(&schema, if grids { Arrays::Grids } else { Arrays::Plain });
    let known: Coordinates = [
        (0, (0..5).map(|n| f64::from(n) * 20.0 - 40.0).collect()),
        (1, (0..7).map(|n| f64::from(n) * 60.0).collect()),
    ]
    .into();
    let view = Constraint::parse(query).and_then(|constraint| {
        let needed = View::coordinates(&constraint, &inventory)?;
        let given = known.into_iter().filter(|(place, _)| needed.contains(place)).collect();
        View::resolve(&constraint, &inventory, &given)
    });
    let view = match &view {
        Ok(view) => view,
        Err(fault) => return assert!(!fault.to_string().is_empty()),
    };
    let declared = grammar::parse_dds(&dds::dds(view, "x")).expect("what is written can be read");
    assert_eq!(declared.variables.len(), view.variables.len());
    let layout = Layout::of(view, "x").expect("a small dataset has a layout");
    assert!(layout.size.planned() < 1 << 20);
    for leaf in view.leaves() {
        let record = match leaf {
            Leaf::Records(record) => record,
            Leaf::Rows(rows) => match &rows.source {
                RowSource::Records(record) => record,
                RowSource::Columns(_) => continue,
            },
            Leaf::Array(_) | Leaf::Text(_) => continue,
        };
        let encoder = record.encoder();
        let element = vec![7; encoder.element_size().expect("these have a size")];
        encoder.encode(&element, &mut vec![]).expect("any bytes are an element of these");
    }
});
