//! Attributes: a name and a typed value, on a group or on a variable.

use std::borrow::Cow;

/// A name and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name, as the file spells it.
    pub name: String,
    /// The value.
    pub value: Value,
}

/// The value of an attribute: always one-dimensional, possibly empty (netCDF-4 data model, "Attributes").
///
/// Text is kept as bytes: files hold Latin-1 and worse, and an attribute must never make its file unreadable.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Signed bytes.
    Int8(Vec<i8>),
    /// Unsigned bytes.
    UInt8(Vec<u8>),
    /// 16-bit signed integers.
    Int16(Vec<i16>),
    /// 16-bit unsigned integers.
    UInt16(Vec<u16>),
    /// 32-bit signed integers.
    Int32(Vec<i32>),
    /// 32-bit unsigned integers.
    UInt32(Vec<u32>),
    /// 64-bit signed integers.
    Int64(Vec<i64>),
    /// 64-bit unsigned integers.
    UInt64(Vec<u64>),
    /// Single precision floats.
    Float32(Vec<f32>),
    /// Double precision floats.
    Float64(Vec<f64>),
    /// Characters: one text, without the NULs that pad it.
    Char(Vec<u8>),
    /// Strings of any length.
    String(Vec<Vec<u8>>),
    /// A value of a type that no protocol here can carry, kept by its description.
    Other {
        /// What it is, for people.
        description: String,
    },
}

impl Value {
    /// A text value, as most attributes are.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Char(text.as_bytes().to_vec())
    }

    /// How many elements the value has; a [`Value::Char`] counts as one.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Int8(v) => v.len(),
            Self::UInt8(v) => v.len(),
            Self::Int16(v) => v.len(),
            Self::UInt16(v) => v.len(),
            Self::Int32(v) => v.len(),
            Self::UInt32(v) => v.len(),
            Self::Int64(v) => v.len(),
            Self::UInt64(v) => v.len(),
            Self::Float32(v) => v.len(),
            Self::Float64(v) => v.len(),
            Self::String(v) => v.len(),
            Self::Char(_) | Self::Other { .. } => 1,
        }
    }

    /// Whether the value has no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, if the value is one text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Char(bytes) => Some(String::from_utf8_lossy(bytes)),
            Self::String(texts) => match texts.as_slice() {
                [one] => Some(String::from_utf8_lossy(one)),
                _ => None,
            },
            _ => None,
        }
    }
}
