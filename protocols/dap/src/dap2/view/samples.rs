//! Schemas for the tests of this crate.

use weir_model::{Attribute, ByteOrder, DataType, Dimension, Field, Group, Schema, Storage, Value, Variable};

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

/// A field of a compound type.
pub fn field(name: &str, offset: usize, data_type: DataType, shape: &[u64]) -> Field {
    Field { name: name.into(), offset, data_type, shape: shape.to_vec() }
}

/// A compound type of `size` bytes.
pub fn compound(name: &str, size: usize, fields: Vec<Field>) -> DataType {
    DataType::Compound { name: name.into(), size, fields }
}

/// A buoy: a number, an array of numbers, a text, a compound inside, and a field that DAP2 cannot carry.
pub fn buoy() -> DataType {
    let inner = compound(
        "inner",
        8,
        vec![field("x", 0, DataType::Int16, &[]), field("y", 4, DataType::Float32, &[])],
    );
    compound(
        "buoy",
        48,
        vec![
            field("id", 0, DataType::Int32, &[]),
            field("depths", 4, DataType::Int8, &[2, 3]),
            field("name", 10, DataType::Char, &[4]),
            field("far", 16, DataType::Int64, &[]),
            field("in.side", 24, inner, &[3]),
        ],
    )
}

/// One row of a log.
pub fn reading() -> DataType {
    let fields = vec![
        field("value", 0, DataType::Float64, &[]),
        field("count", 8, DataType::UInt16, &[]),
        field("label", 10, DataType::FixedString { length: 6 }, &[]),
    ];
    compound("reading", 16, fields)
}

/// Buoys along a dimension, one alone, and a log that grows.
pub fn buoys() -> Schema {
    let mut root = group("", &[("n", 5)]);
    root.dimensions.push(Dimension { unlimited: true, ..dimension("row", 6) });
    root.variables = vec![
        variable("buoys", buoy(), &[("/n", 5)]),
        variable("one", buoy(), &[]),
        variable("log", reading(), &[("/row", 6)]),
        variable("height", DataType::Float32, &[("/n", 5)]),
    ];
    Schema { root }
}

/// A grid of the whole earth, packed, with coordinates.
pub fn earth() -> Schema {
    let mut root = group("", &[("time", 2), ("lat", 3), ("lon", 4)]);
    let axes = [("/time", 2), ("/lat", 3), ("/lon", 4)];
    let mut packed = variable("sst", DataType::Int16, &axes);
    packed.attributes = vec![
        Attribute { name: "scale_factor".into(), value: Value::Float64(vec![0.5]) },
        Attribute { name: "add_offset".into(), value: Value::Float32(vec![10.0]) },
        Attribute { name: "_FillValue".into(), value: Value::Int16(vec![-99]) },
    ];
    root.variables = vec![
        variable("time", DataType::Int32, &[("/time", 2)]),
        variable("lat", DataType::Float32, &[("/lat", 3)]),
        variable("lon", DataType::Float64, &[("/lon", 4)]),
        packed,
        variable("mask", DataType::Int8, &[("/lat", 3), ("/lon", 4)]),
        variable("square", DataType::Int8, &[("/lat", 3), ("/lat", 3)]),
        variable("free", DataType::Int8, &[("/lat", 3), ("/gone", 4)]),
    ];
    Schema { root }
}
