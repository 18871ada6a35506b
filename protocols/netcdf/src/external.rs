//! The types that a file stores.

use weir_model::DataType;

/// A type of stored elements: big-endian in a classic file, little-endian in a netCDF-4 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum External {
    /// `NC_BYTE`.
    Byte,
    /// `NC_CHAR`.
    Char,
    /// `NC_SHORT`.
    Short,
    /// `NC_INT`.
    Int,
    /// `NC_FLOAT`.
    Float,
    /// `NC_DOUBLE`.
    Double,
    /// `NC_UBYTE`; CDF-5 only, as all that follow.
    UByte,
    /// `NC_USHORT`.
    UShort,
    /// `NC_UINT`.
    UInt,
    /// `NC_INT64`.
    Int64,
    /// `NC_UINT64`.
    UInt64,
}

impl External {
    /// The type that stores elements of a data type as they are; `None` where there is none (strings, which a classic file has as
    /// characters along a dimension more, and user-defined types).
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type.stored() {
            DataType::Int8 => Self::Byte,
            DataType::Char => Self::Char,
            DataType::Int16 => Self::Short,
            DataType::Int32 => Self::Int,
            DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::UInt8 => Self::UByte,
            DataType::UInt16 => Self::UShort,
            DataType::UInt32 => Self::UInt,
            DataType::Int64 => Self::Int64,
            DataType::UInt64 => Self::UInt64,
            _ => return None,
        })
    }

    /// The data type that it stores.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Byte => DataType::Int8,
            Self::Char => DataType::Char,
            Self::Short => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::UByte => DataType::UInt8,
            Self::UShort => DataType::UInt16,
            Self::UInt => DataType::UInt32,
            Self::Int64 => DataType::Int64,
            Self::UInt64 => DataType::UInt64,
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> u64 {
        match self {
            Self::Byte | Self::Char | Self::UByte => 1,
            Self::Short | Self::UShort => 2,
            Self::Int | Self::Float | Self::UInt => 4,
            Self::Double | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// The number that stands for it (`nc_type`).
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Char => 2,
            Self::Short => 3,
            Self::Int => 4,
            Self::Float => 5,
            Self::Double => 6,
            Self::UByte => 7,
            Self::UShort => 8,
            Self::UInt => 9,
            Self::Int64 => 10,
            Self::UInt64 => 11,
        }
    }

    /// Whether only CDF-5 has it.
    pub(crate) fn is_new(self) -> bool {
        self.code() > 6
    }
}
