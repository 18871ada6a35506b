//! Schemas for the tests of this module.

use weir_model::{
    Attribute, ByteOrder, DataType, Dimension, EnumMember, Field, Group, Schema, Storage, Value, Variable,
};

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
    let storage = Storage { chunk_shape, codecs: vec![], byte_order: ByteOrder::Little, fill };
    let dimensions = axes.iter().map(|axis| axis.0.to_owned()).collect();
    Variable { name: name.into(), data_type, dimensions, shape, attributes: vec![], storage }
}

pub fn text(name: &str, text: &str) -> Attribute {
    Attribute { name: name.into(), value: Value::text(text) }
}

pub fn field(name: &str, offset: usize, data_type: DataType, shape: &[u64]) -> Field {
    Field { name: name.into(), offset, data_type, shape: shape.to_vec() }
}

pub fn compound(name: &str, size: usize, fields: Vec<Field>) -> DataType {
    DataType::Compound { name: name.into(), size, fields }
}

pub fn vlen(element: DataType) -> DataType {
    DataType::Vlen { name: "list".into(), element: Box::new(element) }
}

pub fn cloud() -> DataType {
    let member = |(name, value): &(&str, i128)| EnumMember { name: (*name).into(), value: *value };
    let members = [("Clear", 0), ("Cirrus", 7)].iter().map(member).collect();
    DataType::Enum { name: "cloud".into(), base: Box::new(DataType::UInt8), members }
}

/// A record with padding between its fields: `a` Int16 at 0, `b` Float32 x 3 at 4, `c` of 5 bytes of text at 16; 24 bytes.
pub fn record() -> DataType {
    let fields = vec![
        field("a", 0, DataType::Int16, &[]),
        field("b", 4, DataType::Float32, &[3]),
        field("c", 16, DataType::FixedString { length: 5 }, &[]),
    ];
    compound("record", 24, fields)
}

/// A record that varies: a number, a text and a list.
pub fn station() -> DataType {
    let fields = vec![
        field("id", 0, DataType::Int32, &[]),
        field("name", 8, DataType::String, &[]),
        field("depths", 24, vlen(DataType::Float32), &[]),
    ];
    compound("station", 40, fields)
}

/// A dataset with everything: coordinates, groups with dimensions of their parents, every kind of type.
pub fn world() -> Schema {
    let mut root = group("", &[("time", 10), ("lat", 4), ("zero", 0), ("a.b c", 3)]);
    root.dimensions[0].unlimited = true;
    root.attributes = vec![text("title", "a <small> \"world\" & more\nlines\\é")];
    let mut sst = variable("sst", DataType::Int16, &[("/time", 10), ("/lat", 4)]);
    sst.attributes = vec![
        text("units", "degC"),
        Attribute { name: "_FillValue".into(), value: Value::Int16(vec![-999]) },
        Attribute { name: "range".into(), value: Value::Float64(vec![f64::NEG_INFINITY, f64::NAN]) },
    ];
    root.variables = vec![
        variable("time", DataType::Float64, &[("/time", 10)]),
        variable("lat", DataType::Float32, &[("/lat", 4)]),
        sst,
        variable("empty", DataType::UInt64, &[("/zero", 0)]),
        variable("a.b c", DataType::Char, &[("/a.b c", 3)]),
        variable("note", DataType::String, &[("/lat", 4)]),
        variable("sky", cloud(), &[("/lat", 4)]),
        variable("blob", DataType::Opaque { name: "key".into(), size: 5 }, &[]),
        variable("s", record(), &[("/lat", 4)]),
        variable("v", vlen(DataType::Int32), &[("/lat", 4)]),
        variable("rows", vlen(station()), &[]),
    ];
    let mut forecast = group("forecast", &[("level", 2)]);
    forecast.variables = vec![
        variable("t", DataType::Float32, &[("/forecast/level", 2), ("/lat", 4)]),
        variable("lat", DataType::Int64, &[("/lat", 4)]),
    ];
    let mut deep = group("deep é", &[]);
    deep.variables = vec![variable("t", DataType::Int8, &[("/forecast/level", 2)])];
    forecast.groups.push(deep);
    root.groups.push(forecast);
    root.groups.push(group("bare", &[]));
    Schema { root }
}
