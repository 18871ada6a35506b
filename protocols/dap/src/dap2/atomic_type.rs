//! The element types that DAP2 has, and which of the model's types they carry.

use weir_model::DataType;

/// An element type of DAP2. There is no 64-bit integer, no signed byte and no character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtomicType {
    /// Unsigned, 8 bit.
    Byte,
    /// Signed, 16 bit.
    Int16,
    /// Unsigned, 16 bit.
    UInt16,
    /// Signed, 32 bit.
    Int32,
    /// Unsigned, 32 bit.
    UInt32,
    /// IEEE 754 single.
    Float32,
    /// IEEE 754 double.
    Float64,
    /// Text of any length.
    String,
}

impl AtomicType {
    /// The type that carries elements of `data_type`, or `None` where DAP2 has none.
    ///
    /// Signed bytes travel as [`AtomicType::Int16`], as Hyrax sends them: there is no narrower type in which every client reads
    /// the same number.
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        match data_type.stored() {
            DataType::UInt8 => Some(Self::Byte),
            DataType::Int8 | DataType::Int16 => Some(Self::Int16),
            DataType::UInt16 => Some(Self::UInt16),
            DataType::Int32 => Some(Self::Int32),
            DataType::UInt32 => Some(Self::UInt32),
            DataType::Float32 => Some(Self::Float32),
            DataType::Float64 => Some(Self::Float64),
            DataType::Char | DataType::String | DataType::FixedString { .. } => Some(Self::String),
            _ => None,
        }
    }

    /// The type of a number of this type that stands alone.
    ///
    /// On the wire, a byte that stands alone takes 4 bytes, and its value is in the last one. pydap (3.5.9) takes the first one, which is
    /// always 0. So it is declared as the narrowest type that every client reads from 4 bytes.
    #[must_use]
    pub fn as_scalar(self) -> Self {
        if self == Self::Byte { Self::Int16 } else { self }
    }

    /// The type of a column of a Sequence that holds numbers of this type.
    ///
    /// On the wire, scalar integers of 8 and 16 bits take 4 bytes, as 32-bit ones do. pydap (3.5.9) does not know: of columns
    /// that are declared so, it reads fewer bytes than there are, and then all that follows wrongly. So they are declared
    /// as what they travel as.
    #[must_use]
    pub fn as_column(self) -> Self {
        match self {
            Self::Byte | Self::Int16 | Self::UInt16 => Self::Int32,
            other => other,
        }
    }

    /// The keyword in DDS and DAS.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Byte => "Byte",
            Self::Int16 => "Int16",
            Self::UInt16 => "UInt16",
            Self::Int32 => "Int32",
            Self::UInt32 => "UInt32",
            Self::Float32 => "Float32",
            Self::Float64 => "Float64",
            Self::String => "String",
        }
    }
}
