//! Element types: what Zarr calls the elements of a variable, in version 2 (NumPy's notation) and in version 3.

use serde_json::{Value as Json, json};
use weir_model::{ByteOrder, DataType};

/// The type of one element, as far as Zarr can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// A signed integer of so many bytes.
    Int(usize),
    /// An unsigned integer of so many bytes.
    UInt(usize),
    /// An IEEE 754 float of so many bytes.
    Float(usize),
    /// A fixed number of bytes of text, padded with NUL.
    Bytes(usize),
    /// Text of any length, UTF-8.
    Text,
}

impl ElementType {
    /// The element type of a data type; an enumeration shows the integers that are stored.
    ///
    /// # Errors
    /// The reason, for people, where Zarr has no type for it.
    pub fn of(data_type: &DataType) -> Result<Self, String> {
        Ok(match data_type.stored() {
            DataType::Int8 => Self::Int(1),
            DataType::Int16 => Self::Int(2),
            DataType::Int32 => Self::Int(4),
            DataType::Int64 => Self::Int(8),
            DataType::UInt8 => Self::UInt(1),
            DataType::UInt16 => Self::UInt(2),
            DataType::UInt32 => Self::UInt(4),
            DataType::UInt64 => Self::UInt(8),
            DataType::Float32 => Self::Float(4),
            DataType::Float64 => Self::Float(8),
            DataType::Char => Self::Bytes(1),
            DataType::FixedString { length: 0 } => {
                return Err("its strings have 0 bytes, and Zarr needs at least 1".into());
            }
            DataType::FixedString { length } => Self::Bytes(*length),
            DataType::String => Self::Text,
            other => return Err(format!("Zarr has no type for {}", other.describe())),
        })
    }

    /// Bytes of one element, or `None` where they vary.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Int(size) | Self::UInt(size) | Self::Float(size) | Self::Bytes(size) => Some(size),
            Self::Text => None,
        }
    }

    /// Whether the order of bytes within an element matters.
    #[must_use]
    pub fn has_byte_order(self) -> bool {
        match self {
            Self::Int(size) | Self::UInt(size) | Self::Float(size) => size > 1,
            Self::Bytes(_) | Self::Text => false,
        }
    }

    /// The `dtype` of version 2, such as `<f4` ("Data type encoding").
    pub(crate) fn v2(self, order: ByteOrder) -> String {
        let order = match (self.has_byte_order(), order) {
            (false, _) => '|',
            (true, ByteOrder::Little) => '<',
            (true, ByteOrder::Big) => '>',
        };
        match self {
            Self::Int(size) => format!("{order}i{size}"),
            Self::UInt(size) => format!("{order}u{size}"),
            Self::Float(size) => format!("{order}f{size}"),
            Self::Bytes(length) => format!("{order}S{length}"),
            Self::Text => format!("{order}O"),
        }
    }

    /// The `data_type` of version 3.
    ///
    /// Fixed bytes are not in the core specification: `null_terminated_bytes` is the name that zarr-python gives them, and
    /// the one that makes xarray join characters to strings as it does for netCDF.
    pub(crate) fn v3(self) -> Json {
        match self {
            Self::Int(size) => json!(format!("int{}", size.saturating_mul(8))),
            Self::UInt(size) => json!(format!("uint{}", size.saturating_mul(8))),
            Self::Float(size) => json!(format!("float{}", size.saturating_mul(8))),
            Self::Bytes(length) => {
                json!({"name": "null_terminated_bytes", "configuration": {"length_bytes": length}})
            }
            Self::Text => json!("string"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data_type: &DataType, (little, big, v3): (&str, &str, &Json)) {
        let element = ElementType::of(data_type).unwrap();
        assert_eq!(element.v2(ByteOrder::Little), little);
        assert_eq!(element.v2(ByteOrder::Big), big);
        assert_eq!(&element.v3(), v3);
    }

    #[test]
    fn every_served_type_has_its_names() {
        check(&DataType::Int8, ("|i1", "|i1", &json!("int8")));
        check(&DataType::UInt8, ("|u1", "|u1", &json!("uint8")));
        check(&DataType::Int16, ("<i2", ">i2", &json!("int16")));
        check(&DataType::UInt16, ("<u2", ">u2", &json!("uint16")));
        check(&DataType::Int32, ("<i4", ">i4", &json!("int32")));
        check(&DataType::UInt32, ("<u4", ">u4", &json!("uint32")));
        check(&DataType::Int64, ("<i8", ">i8", &json!("int64")));
        check(&DataType::UInt64, ("<u8", ">u8", &json!("uint64")));
        check(&DataType::Float32, ("<f4", ">f4", &json!("float32")));
        check(&DataType::Float64, ("<f8", ">f8", &json!("float64")));
        check(&DataType::String, ("|O", "|O", &json!("string")));
        let bytes = |n| json!({"name": "null_terminated_bytes", "configuration": {"length_bytes": n}});
        check(&DataType::Char, ("|S1", "|S1", &bytes(1)));
        check(&DataType::FixedString { length: 7 }, ("|S7", "|S7", &bytes(7)));
        let cloud = DataType::Enum { name: "cloud".into(), base: Box::new(DataType::Int16), members: vec![] };
        check(&cloud, ("<i2", ">i2", &json!("int16")));
    }

    #[test]
    fn other_types_are_refused_by_name() {
        let opaque = DataType::Opaque { name: "raw".into(), size: 3 };
        assert_eq!(ElementType::of(&opaque).unwrap_err(), "Zarr has no type for opaque raw");
        assert!(ElementType::of(&DataType::FixedString { length: 0 }).is_err());
    }
}
