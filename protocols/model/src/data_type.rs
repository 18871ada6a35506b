//! Element types: every atomic type of netCDF-4, and the user-defined ones, described even where they are not served.

/// The order of the bytes of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first ("network order").
    Big,
}

impl ByteOrder {
    /// The order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
}

/// One name of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumMember {
    /// The name.
    pub name: String,
    /// Its value; wide enough for every base type.
    pub value: i128,
}

/// One field of a compound type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// Byte offset from the start of the element.
    pub offset: usize,
    /// The type of one element of the field.
    pub data_type: DataType,
    /// Lengths of an array field, slowest first; empty for a scalar.
    pub shape: Vec<u64>,
}

/// The type of one element of a variable (netCDF-4 data model, "Types").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// Signed, 8 bit (`NC_BYTE`).
    Int8,
    /// Unsigned, 8 bit (`NC_UBYTE`).
    UInt8,
    /// Signed, 16 bit (`NC_SHORT`).
    Int16,
    /// Unsigned, 16 bit (`NC_USHORT`).
    UInt16,
    /// Signed, 32 bit (`NC_INT`).
    Int32,
    /// Unsigned, 32 bit (`NC_UINT`).
    UInt32,
    /// Signed, 64 bit (`NC_INT64`).
    Int64,
    /// Unsigned, 64 bit (`NC_UINT64`).
    UInt64,
    /// IEEE 754 single (`NC_FLOAT`).
    Float32,
    /// IEEE 754 double (`NC_DOUBLE`).
    Float64,
    /// One byte of text (`NC_CHAR`); a string is then an array along the last dimension.
    Char,
    /// Text of any length (`NC_STRING`).
    String,
    /// Text of a fixed number of bytes, as HDF5 stores it; padded with NUL.
    FixedString {
        /// Bytes of one element.
        length: usize,
    },
    /// An integer whose values have names.
    Enum {
        /// The type's name.
        name: String,
        /// The integer type that is stored.
        base: Box<DataType>,
        /// The names.
        members: Vec<EnumMember>,
    },
    /// Bytes without a meaning.
    Opaque {
        /// The type's name.
        name: String,
        /// Bytes of one element.
        size: usize,
    },
    /// A record of named fields.
    Compound {
        /// The type's name.
        name: String,
        /// Bytes of one element, padding included; of no meaning where a field varies in size.
        size: usize,
        /// The fields, in declaration order.
        fields: Vec<Field>,
    },
    /// A sequence of varying length.
    Vlen {
        /// The type's name.
        name: String,
        /// The type of its elements.
        element: Box<DataType>,
    },
}

impl DataType {
    /// Bytes of one element in memory, or `None` where elements vary in size: [`DataType::String`], [`DataType::Vlen`], and
    /// compound types with such a field.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Int8 | Self::UInt8 | Self::Char => Some(1),
            Self::Int16 | Self::UInt16 => Some(2),
            Self::Int32 | Self::UInt32 | Self::Float32 => Some(4),
            Self::Int64 | Self::UInt64 | Self::Float64 => Some(8),
            Self::FixedString { length } => Some(*length),
            Self::Enum { base, .. } => base.size(),
            Self::Compound { fields, .. } if fields.iter().any(|field| field.data_type.is_varying()) => None,
            Self::Opaque { size, .. } | Self::Compound { size, .. } => Some(*size),
            Self::String | Self::Vlen { .. } => None,
        }
    }

    /// Whether elements vary in size. They are then read in their [packed form](crate::Packed), one by one.
    #[must_use]
    pub fn is_varying(&self) -> bool {
        self.size().is_none()
    }

    /// The type that is stored: the base of an enumeration, else the type itself.
    #[must_use]
    pub fn stored(&self) -> &Self {
        match self {
            Self::Enum { base, .. } => base.stored(),
            other => other,
        }
    }

    /// Whether an element is a number (an enumeration is, through its base).
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        !matches!(
            self.stored(),
            Self::Char
                | Self::String
                | Self::FixedString { .. }
                | Self::Opaque { .. }
                | Self::Compound { .. }
                | Self::Vlen { .. }
        )
    }

    /// Bytes that are swapped together when the byte order changes; 1 where order has no meaning.
    #[must_use]
    pub fn swap_unit(&self) -> usize {
        if self.is_numeric() { self.size().unwrap_or(1) } else { 1 }
    }

    /// A short name for messages, such as `int16` or `compound point`.
    #[must_use]
    pub fn describe(&self) -> String {
        let plain = match self {
            Self::Int8 => "int8",
            Self::UInt8 => "uint8",
            Self::Int16 => "int16",
            Self::UInt16 => "uint16",
            Self::Int32 => "int32",
            Self::UInt32 => "uint32",
            Self::Int64 => "int64",
            Self::UInt64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Char => "char",
            Self::String => "string",
            Self::FixedString { length } => return format!("string of {length} bytes"),
            Self::Enum { name, .. } => return format!("enum {name}"),
            Self::Opaque { name, .. } => return format!("opaque {name}"),
            Self::Compound { name, .. } => return format!("compound {name}"),
            Self::Vlen { name, .. } => return format!("vlen {name}"),
        };
        plain.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_is_stored_as_its_base() {
        let cloud =
            DataType::Enum { name: "cloud".into(), base: Box::new(DataType::UInt16), members: vec![] };
        assert_eq!(cloud.size(), Some(2));
        assert_eq!(cloud.stored(), &DataType::UInt16);
        assert_eq!(cloud.swap_unit(), 2);
    }

    #[test]
    fn a_compound_varies_where_a_field_does() {
        let field = |data_type| Field { name: "f".into(), offset: 0, data_type, shape: vec![] };
        let of =
            |data_type| DataType::Compound { name: "c".into(), size: 16, fields: vec![field(data_type)] };
        assert_eq!(of(DataType::Int32).size(), Some(16));
        assert_eq!(of(DataType::String).size(), None);
        assert!(of(of(DataType::Vlen { name: "v".into(), element: Box::new(DataType::Int8) })).is_varying());
        assert!(!of(of(DataType::FixedString { length: 16 })).is_varying());
    }

    #[test]
    fn text_is_never_swapped() {
        assert_eq!(DataType::FixedString { length: 8 }.swap_unit(), 1);
        assert_eq!(DataType::Char.swap_unit(), 1);
    }
}
