//! The numbers of a result, as they come back: little-endian, row-major, of the one type that this reduction has.

use weir_cf::packing::NumberType;

use crate::action::Action;
use crate::engine::Reduction;
use crate::engine::item::Kind;
use crate::engine::values::Values;

/// The types in which numbers come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Singles.
    Float32,
    /// Doubles.
    Float64,
    /// Integers, which are of this type here.
    Signed(NumberType),
    /// Integers of 64 bits without a sign.
    Unsigned,
    /// True and false.
    Truth,
}

impl Type {
    /// The type of a reduction's result: that which [`Reduction::compute`] gives.
    pub fn of(reduction: &Reduction<'_>) -> Self {
        let unpacking = reduction.source.unpacking();
        let (kind, number) = (unpacking.kind(), unpacking.number_type());
        let real =
            if kind == Kind::Single && !reduction.is_weighted() { Self::Float32 } else { Self::Float64 };
        match reduction.action {
            Action::Count => Self::Signed(NumberType::Int64),
            Action::Any => Self::Truth,
            Action::Quantile(_) => Self::Float64,
            Action::Mean | Action::Var | Action::Std | Action::Median => real,
            Action::Sum if reduction.is_weighted() => Self::Float64,
            Action::Sum => match (kind, number) {
                (Kind::Signed, NumberType::UInt8 | NumberType::UInt16 | NumberType::UInt32) => Self::Unsigned,
                _ => Self::same(kind, NumberType::Int64),
            },
            Action::Min | Action::Max | Action::First | Action::Last => Self::same(kind, number),
        }
    }

    fn same(kind: Kind, signed: NumberType) -> Self {
        match kind {
            Kind::Single => Self::Float32,
            Kind::Double => Self::Float64,
            Kind::Signed => Self::Signed(signed),
            Kind::Unsigned => Self::Unsigned,
        }
    }

    /// What NumPy calls what comes back.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Signed(_) => "int64",
            Self::Unsigned => "uint64",
            Self::Truth => "bool",
        }
    }

    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Self::Float32 => 4,
            Self::Float64 | Self::Signed(_) | Self::Unsigned => 8,
            Self::Truth => 1,
        }
    }

    /// Room for so many elements, with none in it.
    pub fn room(self, elements: usize) -> Values {
        match self {
            Self::Float32 => Values::Float32(Vec::with_capacity(elements)),
            Self::Float64 => Values::Float64(Vec::with_capacity(elements)),
            Self::Signed(kind) => Values::Signed(kind, Vec::with_capacity(elements)),
            Self::Unsigned => Values::Unsigned(Vec::with_capacity(elements)),
            Self::Truth => Values::Truth(Vec::with_capacity(elements)),
        }
    }
}

/// Appends the elements that whole elements' bytes are.
pub fn append(values: &mut Values, bytes: &[u8]) {
    match values {
        Values::Float32(out) => out.extend(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
        Values::Float64(out) => out.extend(bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b))),
        Values::Signed(_, out) => out.extend(bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b))),
        Values::Unsigned(out) => out.extend(bytes.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b))),
        Values::Truth(out) => out.extend(bytes.iter().map(|byte| *byte != 0)),
    }
}
