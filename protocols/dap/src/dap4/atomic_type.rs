//! The types of single numbers and characters, as DAP4 calls them.

use weir_model::DataType;

/// A type of a fixed size whose bytes only need the right order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicType {
    /// Signed, 8 bit.
    Int8,
    /// Unsigned, 8 bit. The other name, `Byte`, is never written: netCDF-C takes it for a signed one.
    UInt8,
    /// Signed, 16 bit.
    Int16,
    /// Unsigned, 16 bit.
    UInt16,
    /// Signed, 32 bit.
    Int32,
    /// Unsigned, 32 bit.
    UInt32,
    /// Signed, 64 bit.
    Int64,
    /// Unsigned, 64 bit.
    UInt64,
    /// IEEE 754 single.
    Float32,
    /// IEEE 754 double.
    Float64,
    /// One byte of text.
    Char,
}

impl AtomicType {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Int8,
        Self::UInt8,
        Self::Int16,
        Self::UInt16,
        Self::Int32,
        Self::UInt32,
        Self::Int64,
        Self::UInt64,
        Self::Float32,
        Self::Float64,
        Self::Char,
    ];

    /// The type that carries elements of `data_type`; `None` for enumerations and all that is not one number or character.
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 => Self::Int8,
            DataType::UInt8 => Self::UInt8,
            DataType::Int16 => Self::Int16,
            DataType::UInt16 => Self::UInt16,
            DataType::Int32 => Self::Int32,
            DataType::UInt32 => Self::UInt32,
            DataType::Int64 => Self::Int64,
            DataType::UInt64 => Self::UInt64,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::Char => Self::Char,
            _ => return None,
        })
    }

    /// The name of the type in a DMR.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "Int8",
            Self::UInt8 => "UInt8",
            Self::Int16 => "Int16",
            Self::UInt16 => "UInt16",
            Self::Int32 => "Int32",
            Self::UInt32 => "UInt32",
            Self::Int64 => "Int64",
            Self::UInt64 => "UInt64",
            Self::Float32 => "Float32",
            Self::Float64 => "Float64",
            Self::Char => "Char",
        }
    }

    /// The type that a DMR calls `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "Byte" => Some(Self::UInt8),
            _ => Self::ALL.into_iter().find(|atomic| atomic.name() == name),
        }
    }

    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 | Self::Char => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 => 8,
        }
    }

    /// Whether it is an integer.
    #[must_use]
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::Float32 | Self::Float64 | Self::Char)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for atomic in AtomicType::ALL {
            assert_eq!(AtomicType::parse(atomic.name()), Some(atomic));
        }
        assert_eq!(AtomicType::parse("Byte"), Some(AtomicType::UInt8));
        assert_eq!(AtomicType::parse("String"), None);
    }
}
