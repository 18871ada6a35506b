//! Schemas, packed.

use weir_model::{
    Attribute, ByteOrder, Codec, DataType, Dimension, EnumMember, Field, Group, Schema, Storage, Value,
    Variable,
};

use super::packed;
use crate::{Error, ErrorKind};

packed!(struct Schema { root });
packed!(struct Group { name, dimensions, attributes, variables, groups });
packed!(struct Dimension { name, length, unlimited });
packed!(struct Variable { name, data_type, dimensions, shape, attributes, storage });
packed!(struct Storage { chunk_shape, codecs, byte_order, fill });
packed!(struct Attribute { name, value });
packed!(struct EnumMember { name, value });
packed!(struct Field { name, offset, data_type, shape });
packed!(struct Error { kind, message });

packed!(enum ByteOrder { 1 => Little, 2 => Big });

packed!(enum Codec {
    1 => Shuffle { element_size },
    2 => Deflate { level },
    3 => Fletcher32,
    4 => Other { id, name, parameters, configuration },
});

packed!(enum Value {
    1 => Int8(v),
    2 => UInt8(v),
    3 => Int16(v),
    4 => UInt16(v),
    5 => Int32(v),
    6 => UInt32(v),
    7 => Int64(v),
    8 => UInt64(v),
    9 => Float32(v),
    10 => Float64(v),
    11 => Char(v),
    12 => String(v),
    13 => Other { description },
});

packed!(enum DataType {
    1 => Int8,
    2 => UInt8,
    3 => Int16,
    4 => UInt16,
    5 => Int32,
    6 => UInt32,
    7 => Int64,
    8 => UInt64,
    9 => Float32,
    10 => Float64,
    11 => Char,
    12 => String,
    13 => FixedString { length },
    14 => Enum { name, base, members },
    15 => Opaque { name, size },
    16 => Compound { name, size, fields },
    17 => Vlen { name, element },
});

packed!(enum ErrorKind {
    1 => BadRequest,
    2 => Busy,
    3 => Corrupt,
    4 => NotFound,
    5 => TooLarge,
    6 => Unavailable,
    7 => Unsupported,
});

#[cfg(test)]
mod tests {
    use super::super::{Packed, pack, unpack};
    use super::*;
    use proptest::prelude::*;

    fn variable(data_type: DataType) -> Variable {
        let codecs = vec![
            Codec::Shuffle { element_size: 4 },
            Codec::Deflate { level: 6 },
            Codec::Fletcher32,
            Codec::Other {
                id: 32015,
                name: "zstd".into(),
                parameters: vec![3, 4],
                configuration: "{}".into(),
            },
        ];
        let storage =
            Storage { chunk_shape: vec![5, 70], codecs, byte_order: ByteOrder::Big, fill: vec![1, 2, 3, 4] };
        let attributes = values().into_iter().map(|value| Attribute { name: "a".into(), value }).collect();
        let (dimensions, shape) = (vec!["/g/x".into(), "/y".into()], vec![9, 700]);
        Variable { name: "vé".into(), data_type, dimensions, shape, attributes, storage }
    }

    fn values() -> Vec<Value> {
        vec![
            Value::Int8(vec![-1, 2]),
            Value::UInt8(vec![255]),
            Value::Int16(vec![-300]),
            Value::UInt16(vec![60_000]),
            Value::Int32(vec![-70_000]),
            Value::UInt32(vec![4_000_000_000]),
            Value::Int64(vec![i64::MIN]),
            Value::UInt64(vec![u64::MAX]),
            Value::Float32(vec![1.5, -0.0]),
            Value::Float64(vec![1e300]),
            Value::Char(b"degrees\xb0".to_vec()),
            Value::String(vec![b"one".to_vec(), vec![]]),
            Value::Other { description: "a reference".into() },
        ]
    }

    fn types() -> Vec<DataType> {
        let plain = [
            DataType::Int8,
            DataType::UInt8,
            DataType::Int16,
            DataType::UInt16,
            DataType::Int32,
            DataType::UInt32,
            DataType::Int64,
            DataType::UInt64,
            DataType::Float32,
            DataType::Float64,
            DataType::Char,
            DataType::String,
            DataType::FixedString { length: 9 },
            DataType::Opaque { name: "o".into(), size: 11 },
        ];
        let members = vec![EnumMember { name: "off".into(), value: -7 }];
        let named = DataType::Enum { name: "e".into(), base: Box::new(DataType::Int16), members };
        let field = Field { name: "f".into(), offset: 3, data_type: named.clone(), shape: vec![2, 3] };
        let record = DataType::Compound { name: "c".into(), size: 21, fields: vec![field] };
        let list = DataType::Vlen { name: "l".into(), element: Box::new(record.clone()) };
        plain.into_iter().chain([named, record, list]).collect()
    }

    fn schema() -> Schema {
        let group = |name: &str, groups: Vec<Group>| Group {
            name: name.into(),
            dimensions: vec![Dimension { name: "x".into(), length: 9, unlimited: true }],
            attributes: vec![Attribute { name: "title".into(), value: Value::text("t") }],
            // All types in the innermost group, one in each of the others.
            variables: types()
                .into_iter()
                .rev()
                .take(if name == "deep" { 99 } else { 1 })
                .map(variable)
                .collect(),
            groups,
        };
        Schema { root: group("", vec![group("one", vec![group("deep", vec![])]), group("two", vec![])]) }
    }

    #[test]
    fn schemas_come_back() {
        assert_eq!(unpack(&pack(&schema())), Some(schema()));
        let error = Error::new(ErrorKind::TooLarge, "too large");
        assert_eq!(unpack(&pack(&error)), Some(error));
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = pack(&schema());
        for length in (0..bytes.len()).step_by(7) {
            assert_eq!(unpack::<Schema>(&bytes[..length]), None, "{length}");
        }
    }

    #[test]
    fn types_inside_types_come_to_an_end() {
        // A list of a list of a list ...
        let mut bytes = [17, 0].repeat(1 << 20);
        bytes.push(1);
        assert_eq!(unpack::<DataType>(&bytes), None);
        assert!(unpack::<DataType>(&bytes[bytes.len() - 101..]).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_without_harm(bytes: Vec<u8>) {
            // What is unpacked is something that packs to bytes which unpack to the same.
            if let Some(schema) = unpack::<Schema>(&bytes) {
                prop_assert!(unpack::<Schema>(&pack(&schema)).is_some());
            }
            let mut from = super::super::Unpacker::new(&bytes);
            prop_assert!(DataType::unpack(&mut from).is_none_or(|found| !pack(&found).is_empty()));
        }

        #[test]
        fn changed_bytes_are_taken_without_harm(at: prop::sample::Index, to: u8) {
            let mut bytes = pack(&schema());
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Some(found) = unpack::<Schema>(&bytes) {
                prop_assert!(unpack::<Schema>(&pack(&found)).is_some());
            }
        }
    }
}
