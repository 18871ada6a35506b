//! Numbers of a result: of one type each, in row-major order.

use weir_cf::packing::NumberType;

/// Numbers of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Singles.
    Float32(Vec<f32>),
    /// Doubles.
    Float64(Vec<f64>),
    /// Integers of a type that 64 bits with a sign hold.
    Signed(NumberType, Vec<i64>),
    /// Integers of 64 bits without a sign.
    Unsigned(Vec<u64>),
    /// True and false.
    Truth(Vec<bool>),
}

/// One number of [`Values`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum One {
    /// A single.
    Float32(f32),
    /// A double.
    Float64(f64),
    /// An integer.
    Signed(i64),
    /// An integer.
    Unsigned(u64),
    /// True or false.
    Truth(bool),
}

impl One {
    /// As a double, as NumPy makes doubles of integers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "as NumPy makes doubles of integers")]
    pub fn double(self) -> f64 {
        match self {
            Self::Float32(value) => value.into(),
            Self::Float64(value) => value,
            Self::Signed(value) => value as f64,
            Self::Unsigned(value) => value as f64,
            Self::Truth(value) => f64::from(u8::from(value)),
        }
    }
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Float32(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Signed(_, values) => values.len(),
            Self::Unsigned(values) => values.len(),
            Self::Truth(values) => values.len(),
        }
    }

    /// Bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let size = match self {
            Self::Float32(_) => 4,
            Self::Float64(_) | Self::Signed(..) | Self::Unsigned(_) => 8,
            Self::Truth(_) => 1,
        };
        self.len().saturating_mul(size)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<One> {
        Some(match self {
            Self::Float32(values) => One::Float32(*values.get(place)?),
            Self::Float64(values) => One::Float64(*values.get(place)?),
            Self::Signed(_, values) => One::Signed(*values.get(place)?),
            Self::Unsigned(values) => One::Unsigned(*values.get(place)?),
            Self::Truth(values) => One::Truth(*values.get(place)?),
        })
    }

    /// Their type, as NumPy names it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Float32(_) => "float32",
            Self::Float64(_) => "float64",
            Self::Signed(NumberType::Int8, _) => "int8",
            Self::Signed(NumberType::UInt8, _) => "uint8",
            Self::Signed(NumberType::Int16, _) => "int16",
            Self::Signed(NumberType::UInt16, _) => "uint16",
            Self::Signed(NumberType::Int32, _) => "int32",
            Self::Signed(NumberType::UInt32, _) => "uint32",
            Self::Signed(..) => "int64",
            Self::Unsigned(_) => "uint64",
            Self::Truth(_) => "bool",
        }
    }

    /// The values at some places.
    #[must_use]
    pub fn picked(&self, places: &[usize]) -> Self {
        fn all<T: Copy>(values: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|place| values.get(*place)).copied().collect()
        }
        match self {
            Self::Float32(values) => Self::Float32(all(values, places)),
            Self::Float64(values) => Self::Float64(all(values, places)),
            Self::Signed(kind, values) => Self::Signed(*kind, all(values, places)),
            Self::Unsigned(values) => Self::Unsigned(all(values, places)),
            Self::Truth(values) => Self::Truth(all(values, places)),
        }
    }
}
