//! Types of stored numbers, and numbers of any of them.

use std::cmp::Ordering;

use weir_model::{DataType, Value};

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// Signed, 8 bit.
    Int8,
    /// Unsigned, 8 bit.
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
}

/// A number of any type, without loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wide {
    /// Of an integer type.
    Integer(i128),
    /// Of a floating-point type.
    Real(f64),
}

impl Wide {
    /// The number as the nearest double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

impl NumberType {
    /// The type of a variable's elements; `None` where they are no numbers.
    #[must_use]
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type.stored() {
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
            _ => return None,
        })
    }

    /// Bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 => 8,
        }
    }

    /// An element in this machine's byte order as an integer; `None` where it is no integer, or exceeds 63 bits.
    #[must_use]
    pub fn integer(self, element: &[u8]) -> Option<i64> {
        let wide = match self {
            Self::Int8 => i8::of(element)?.wide(),
            Self::UInt8 => u8::of(element)?.wide(),
            Self::Int16 => i16::of(element)?.wide(),
            Self::UInt16 => u16::of(element)?.wide(),
            Self::Int32 => i32::of(element)?.wide(),
            Self::UInt32 => u32::of(element)?.wide(),
            Self::Int64 => i64::of(element)?.wide(),
            Self::UInt64 => u64::of(element)?.wide(),
            Self::Float32 | Self::Float64 => return None,
        };
        match wide {
            Wide::Integer(value) => i64::try_from(value).ok(),
            Wide::Real(_) => None,
        }
    }

    /// Whether it is a floating-point type.
    #[must_use]
    pub fn is_real(self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }

    /// The order of types in the NetCDF User Guide: every floating-point type is wider than every integer type.
    pub(super) fn width(self) -> usize {
        self.size() + if self.is_real() { 8 } else { 0 }
    }

    /// The integer type of the same size with or without a sign, as `_Unsigned` says.
    pub(super) fn signed_as(self, unsigned: Option<bool>) -> Self {
        match (self, unsigned) {
            (Self::Int8, Some(true)) => Self::UInt8,
            (Self::Int16, Some(true)) => Self::UInt16,
            (Self::Int32, Some(true)) => Self::UInt32,
            (Self::Int64, Some(true)) => Self::UInt64,
            (Self::UInt8, Some(false)) => Self::Int8,
            (Self::UInt16, Some(false)) => Self::Int16,
            (Self::UInt32, Some(false)) => Self::Int32,
            (Self::UInt64, Some(false)) => Self::Int64,
            _ => self,
        }
    }

    fn limits(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::UInt8 => (0, u8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::UInt16 => (0, u16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::UInt32 => (0, u32::MAX.into()),
            Self::Int64 => (i64::MIN.into(), i64::MAX.into()),
            Self::UInt64 => (0, u64::MAX.into()),
            Self::Float32 | Self::Float64 => return None,
        })
    }

    /// The value of this type that an attribute of perhaps another type means; `None` where there is none.
    ///
    /// An integer of the same size but the other sign means the value of the same bits, and a double beside singles means the
    /// single next to it (`1.e20` is written so, and no single is equal to it).
    pub(super) fn holds(self, value: Wide) -> Option<Wide> {
        let Some((least, greatest)) = self.limits() else {
            let value = value.as_f64();
            #[expect(clippy::cast_possible_truncation, reason = "the documented rounding")]
            return Some(Wide::Real(if self == Self::Float32 { f64::from(value as f32) } else { value }));
        };
        let integer = match value {
            Wide::Integer(value) => value,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "integral, and 128 bits hold what 64 bits are compared with"
            )]
            Wide::Real(value) if value.fract() == 0.0 && value.abs() < 1e30 => value as i128,
            Wide::Real(_) => return None,
        };
        if (least..=greatest).contains(&integer) {
            return Some(Wide::Integer(integer));
        }
        let span = greatest - least + 1;
        let other = if least < 0 { integer - span } else { integer + span };
        // Only the other reading of the same bits: as far outside as the other type reaches.
        let same_bits = if least < 0 { integer < span } else { integer >= -(span / 2) };
        (same_bits && (least..=greatest).contains(&other)).then_some(Wide::Integer(other))
    }
}

/// The numbers of an attribute's value; `None` where it holds none.
pub(crate) fn numbers(value: &Value) -> Option<(NumberType, Vec<Wide>)> {
    fn integers<T: Copy + Into<i128>>(values: &[T]) -> Vec<Wide> {
        values.iter().map(|value| Wide::Integer((*value).into())).collect()
    }
    Some(match value {
        Value::Int8(v) => (NumberType::Int8, integers(v)),
        Value::UInt8(v) => (NumberType::UInt8, integers(v)),
        Value::Int16(v) => (NumberType::Int16, integers(v)),
        Value::UInt16(v) => (NumberType::UInt16, integers(v)),
        Value::Int32(v) => (NumberType::Int32, integers(v)),
        Value::UInt32(v) => (NumberType::UInt32, integers(v)),
        Value::Int64(v) => (NumberType::Int64, integers(v)),
        Value::UInt64(v) => (NumberType::UInt64, integers(v)),
        Value::Float32(v) => {
            (NumberType::Float32, v.iter().map(|value| Wide::Real(f64::from(*value))).collect())
        }
        Value::Float64(v) => (NumberType::Float64, v.iter().copied().map(Wide::Real).collect()),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => return None,
    })
}

/// A number of a type known when compiling.
pub(super) trait Element: Copy + PartialEq {
    const SIZE: usize;
    /// From exactly [`Element::SIZE`] bytes in this machine's order.
    fn of(bytes: &[u8]) -> Option<Self>;
    /// From a number that this type holds.
    fn from_wide(value: Wide) -> Option<Self>;
    fn wide(self) -> Wide;
    fn single(self) -> f32;
    fn double(self) -> f64;
}

macro_rules! element {
    ($type:ty, $wide:ident, $from:expr) => {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_lossless,
            reason = "numbers become floats as xarray casts them, to the nearest"
        )]
        impl Element for $type {
            const SIZE: usize = size_of::<$type>();
            fn of(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_ne_bytes)
            }
            fn from_wide(value: Wide) -> Option<Self> {
                let Wide::$wide(value) = value else { return None };
                $from(value)
            }
            fn wide(self) -> Wide {
                Wide::$wide(self.into())
            }
            fn single(self) -> f32 {
                self as f32
            }
            fn double(self) -> f64 {
                self as f64
            }
        }
    };
}

element!(i8, Integer, |value| i8::try_from(value).ok());
element!(u8, Integer, |value| u8::try_from(value).ok());
element!(i16, Integer, |value| i16::try_from(value).ok());
element!(u16, Integer, |value| u16::try_from(value).ok());
element!(i32, Integer, |value| i32::try_from(value).ok());
element!(u32, Integer, |value| u32::try_from(value).ok());
element!(i64, Integer, |value| i64::try_from(value).ok());
element!(u64, Integer, |value| u64::try_from(value).ok());
element!(f32, Real, |value| Some(value as f32));
element!(f64, Real, Some);
