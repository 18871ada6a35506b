//! Schemas for the tests of this crate.

use weir_model::{ByteOrder, DataType, Dimension, Group, Schema, Storage, Variable};

pub fn dimension(name: &str, length: u64) -> Dimension {
    Dimension { name: name.into(), length, unlimited: false }
}

pub fn group(name: &str, dimensions: &[(&str, u64)]) -> Group {
    let dimensions = dimensions.iter().map(|&(name, length)| dimension(name, length)).collect();
    Group { name: name.into(), dimensions, ..Group::default() }
}

pub fn variable(name: &str, data_type: DataType, axes: &[(&str, u64)]) -> Variable {
    let shape: Vec<u64> = axes.iter().map(|axis| axis.1).collect();
    let chunk_shape = shape.iter().map(|&length| length.max(1)).collect();
    let fill = vec![0; data_type.size().unwrap_or(0)];
    let storage = Storage { chunk_shape, codecs: vec![], byte_order: ByteOrder::Big, fill };
    let dimensions = axes.iter().map(|axis| axis.0.to_owned()).collect();
    Variable { name: name.into(), data_type, dimensions, shape, attributes: vec![], storage }
}

/// A small ocean: a coordinate, a field, texts, a group with a name that needs escaping, and one that is hidden.
pub fn ocean() -> Schema {
    let mut root = group("", &[("time", 10), ("lat", 4), ("width", 3)]);
    root.variables = vec![
        variable("time", DataType::Int32, &[("/time", 10)]),
        variable("sst", DataType::Int16, &[("/time", 10), ("/lat", 4)]),
        variable("label", DataType::Char, &[("/lat", 4), ("/width", 3)]),
        variable("count", DataType::Int64, &[]),
    ];
    let mut deep = group("deep", &[]);
    deep.variables = vec![variable("air temp", DataType::Float32, &[("/lat", 4)])];
    root.groups = vec![deep];
    Schema { root }
}
