//! A small dataset for the tests of this crate.

use weir_model::{
    Attribute, ByteOrder, Codec, DataType, Dimension, EnumMember, Group, Schema, Storage, Value, Variable,
};

/// A variable without attributes and codecs, little-endian, filled with the bytes 1, 2, ...; axes are name, length and chunk
/// length.
pub(crate) fn variable(name: &str, data_type: DataType, axes: &[(&str, u64, u64)]) -> Variable {
    let size = data_type.size().unwrap_or(0);
    Variable {
        name: name.to_owned(),
        data_type,
        dimensions: axes.iter().map(|axis| format!("/{}", axis.0)).collect(),
        shape: axes.iter().map(|axis| axis.1).collect(),
        attributes: vec![],
        storage: Storage {
            chunk_shape: axes.iter().map(|axis| axis.2).collect(),
            codecs: vec![],
            byte_order: ByteOrder::Little,
            fill: (1..=size).map(|i| i as u8).collect(),
        },
    }
}

fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.to_owned(), value }
}

/// Packed, big-endian, shuffled and deflated.
fn sst() -> Variable {
    let mut sst = variable("sst", DataType::Int16, &[("time", 7, 4), ("lat", 5, 2)]);
    sst.storage.codecs =
        vec![Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 4 }, Codec::Fletcher32];
    sst.storage.byte_order = ByteOrder::Big;
    sst.storage.fill = (-999_i16).to_le_bytes().to_vec();
    sst.attributes = vec![
        attribute("scale_factor", Value::Float64(vec![0.01])),
        attribute("_FillValue", Value::Int16(vec![-999])),
        attribute("missing_value", Value::Int16(vec![-999])),
    ];
    sst
}

fn root_variables() -> Vec<Variable> {
    let mut flag = variable("flag", DataType::Char, &[("lat", 5, 5)]);
    flag.storage.fill = b"*".to_vec();
    flag.attributes = vec![attribute("_FillValue", Value::text("*"))];
    let members = vec![EnumMember { name: "clear".into(), value: 1 }];
    let cloud = DataType::Enum { name: "cloud".into(), base: Box::new(DataType::UInt8), members };
    let mut cloud = variable("cloud", cloud, &[]);
    cloud.attributes = vec![attribute("_FillValue", Value::Float64(vec![-0.5]))];
    let raw = DataType::Opaque { name: "raw".into(), size: 3 };
    vec![
        variable("lat", DataType::Float32, &[("lat", 5, 5)]),
        sst(),
        variable("label", DataType::String, &[("lat", 5, 5)]),
        flag,
        variable("raw", raw, &[("lat", 5, 5)]),
        cloud,
        variable("c", DataType::Float64, &[("time", 7, 3)]),
    ]
}

/// Groups three deep, and names that could be taken for something else.
pub(crate) fn schema() -> Schema {
    let deep = Group {
        name: "deep".into(),
        variables: vec![variable("c", DataType::Int32, &[("lat", 5, 3)])],
        ..Group::default()
    };
    let forecast = Group {
        name: "forecast".into(),
        attributes: vec![attribute("model", Value::text("deep \"C\""))],
        variables: vec![sst()],
        groups: vec![deep],
        ..Group::default()
    };
    let dimension = |name: &str, length, unlimited| Dimension { name: name.to_owned(), length, unlimited };
    Schema {
        root: Group {
            name: String::new(),
            dimensions: vec![dimension("time", 7, true), dimension("lat", 5, false)],
            attributes: vec![attribute("title", Value::text("ocean"))],
            variables: root_variables(),
            groups: vec![forecast],
        },
    }
}
