//! Numbers as the engine counts with them: singles, doubles, and integers of 64 bits.

use weir_cf::packing::{NumberType, Packing};
use weir_plugin_api::Error;

/// A number of a type known when compiling.
pub trait Item: Copy + Send + Sync + Default + PartialOrd + 'static {
    /// Appends what stored elements mean.
    ///
    /// # Errors
    /// Where the bytes are not a whole number of elements.
    fn unpack(source: &Unpacking, stored: &[u8], out: &mut Vec<Self>) -> Result<(), Error>;
    /// Whether it stands for nothing.
    fn is_missing(self) -> bool;
    /// The nearest double.
    fn double(self) -> f64;
    /// Whether it is not zero; what is missing is not.
    fn is_truthy(self) -> bool;
}

/// How stored elements become numbers.
#[derive(Clone, Debug)]
pub struct Unpacking {
    packing: Packing,
}

/// The types of numbers that the engine counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Singles.
    Single,
    /// Doubles.
    Double,
    /// Integers that 64 bits with a sign hold.
    Signed,
    /// Integers of 64 bits without a sign.
    Unsigned,
}

impl Unpacking {
    /// As a packing says.
    #[must_use]
    pub fn new(packing: Packing) -> Self {
        Self { packing }
    }

    /// What the variable's attributes say of it.
    #[must_use]
    pub fn packing(&self) -> &Packing {
        &self.packing
    }

    /// The type of the numbers that are meant.
    #[must_use]
    pub fn number_type(&self) -> NumberType {
        self.packing.unpacked()
    }

    /// Bytes of a stored element.
    #[must_use]
    pub fn stored_size(&self) -> usize {
        self.packing.stored().size()
    }

    /// How the engine counts with them.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.number_type() {
            NumberType::Float32 => Kind::Single,
            NumberType::Float64 => Kind::Double,
            NumberType::UInt64 => Kind::Unsigned,
            _ => Kind::Signed,
        }
    }
}

fn wrong(error: &weir_cf::packing::PackingError) -> Error {
    Error::internal(error.to_string())
}

impl Item for f32 {
    fn unpack(source: &Unpacking, stored: &[u8], out: &mut Vec<Self>) -> Result<(), Error> {
        if source.packing.is_identity() && source.packing.stored() == NumberType::Float32 {
            out.extend(stored.as_chunks::<4>().0.iter().map(|bytes| Self::from_ne_bytes(*bytes)));
            return Ok(());
        }
        source.packing.unpack_singles(stored, out).map_err(|error| wrong(&error))
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }

    fn double(self) -> f64 {
        f64::from(self)
    }

    fn is_truthy(self) -> bool {
        self != 0.0
    }
}

impl Item for f64 {
    fn unpack(source: &Unpacking, stored: &[u8], out: &mut Vec<Self>) -> Result<(), Error> {
        if source.packing.is_identity() && source.packing.stored() == NumberType::Float64 {
            out.extend(stored.as_chunks::<8>().0.iter().map(|bytes| Self::from_ne_bytes(*bytes)));
            return Ok(());
        }
        source.packing.unpack(stored, out).map_err(|error| wrong(&error))
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }

    fn double(self) -> f64 {
        self
    }

    fn is_truthy(self) -> bool {
        self != 0.0
    }
}

impl Item for i64 {
    fn unpack(source: &Unpacking, stored: &[u8], out: &mut Vec<Self>) -> Result<(), Error> {
        match source.packing.stored() {
            NumberType::Int8 => out.extend(stored.iter().map(|byte| Self::from(i8::from_ne_bytes([*byte])))),
            NumberType::UInt8 => out.extend(stored.iter().map(|byte| Self::from(*byte))),
            NumberType::Int16 => {
                out.extend(stored.as_chunks().0.iter().map(|b| Self::from(i16::from_ne_bytes(*b))));
            }
            NumberType::UInt16 => {
                out.extend(stored.as_chunks().0.iter().map(|b| Self::from(u16::from_ne_bytes(*b))));
            }
            NumberType::Int32 => {
                out.extend(stored.as_chunks().0.iter().map(|b| Self::from(i32::from_ne_bytes(*b))));
            }
            NumberType::UInt32 => {
                out.extend(stored.as_chunks().0.iter().map(|b| Self::from(u32::from_ne_bytes(*b))));
            }
            NumberType::Int64 => out.extend(stored.as_chunks().0.iter().map(|b| Self::from_ne_bytes(*b))),
            NumberType::UInt64 | NumberType::Float32 | NumberType::Float64 => {
                return Err(Error::internal("these are no integers with a sign"));
            }
        }
        Ok(())
    }

    fn is_missing(self) -> bool {
        false
    }

    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    fn double(self) -> f64 {
        self as f64
    }

    fn is_truthy(self) -> bool {
        self != 0
    }
}

impl Item for u64 {
    fn unpack(source: &Unpacking, stored: &[u8], out: &mut Vec<Self>) -> Result<(), Error> {
        if source.packing.stored() != NumberType::UInt64 {
            return Err(Error::internal("these are no integers of 64 bits without a sign"));
        }
        out.extend(stored.as_chunks().0.iter().map(|bytes| Self::from_ne_bytes(*bytes)));
        Ok(())
    }

    fn is_missing(self) -> bool {
        false
    }

    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    fn double(self) -> f64 {
        self as f64
    }

    fn is_truthy(self) -> bool {
        self != 0
    }
}
