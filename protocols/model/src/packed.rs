//! Packed forms: elements of varying size as byte strings, one for each element.
//!
//! The packed form of an element of a variable is:
//!
//! - of a [`DataType::String`]: its bytes;
//! - of a [`DataType::Vlen`]: the packed forms of its elements, one after the other;
//! - of a [`DataType::Compound`] with a field that varies in size: its fields in declaration order, without padding, the
//!   elements of each field one after the other;
//! - of any other type: its bytes, little-endian; a compound type's with their padding, [`Field::offset`](crate::Field)
//!   saying where fields are.
//!
//! Inside of something else, a string or vlen has a count before it (8 bytes, little-endian): of the bytes of the string, or of
//! the elements of the vlen. No type has elements of 0 bytes, so no count is larger than the number of bytes behind it.

use std::fmt;

use crate::{DataType, Field};

/// Bytes of a count.
const COUNT_BYTES: usize = 8;

/// Bytes that are not the packed form of what they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackedError {
    /// They end too early.
    Short {
        /// How many bytes are needed.
        needed: usize,
        /// How many are left.
        left: usize,
    },
    /// A count of bytes or elements is larger than the number of bytes behind it.
    Count {
        /// The count.
        count: u64,
        /// How many bytes are left.
        left: usize,
    },
    /// Some are left over.
    Long {
        /// How many.
        left: usize,
    },
    /// A type has elements of 0 bytes, or more elements than memory has bytes.
    Type {
        /// What it is.
        described: String,
    },
}

impl fmt::Display for PackedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, left } => {
                write!(f, "a packed element needs {needed} more bytes, and {left} are left")
            }
            Self::Count { count, left } => {
                write!(f, "a packed element counts {count} parts, and {left} bytes are left")
            }
            Self::Long { left } => write!(f, "{left} bytes are left over behind a packed element"),
            Self::Type { described } => write!(f, "elements of type {described} cannot be packed"),
        }
    }
}

impl std::error::Error for PackedError {}

/// Packed bytes, taken from the front. Nothing is allocated, and nothing beyond the bytes that there are is ever promised.
///
/// ```
/// use weir_model::{Packed, pack_count};
/// // A compound of an int16, a string and a vlen of int16.
/// let mut bytes = vec![1, 0];
/// pack_count(2, &mut bytes);
/// bytes.extend(b"ab");
/// pack_count(1, &mut bytes);
/// bytes.extend([7, 0]);
/// let mut packed = Packed::new(&bytes);
/// assert_eq!(packed.take_fixed(2)?, [1, 0]);
/// assert_eq!(packed.take_string()?, b"ab");
/// assert_eq!(packed.take_count()?, 1);
/// assert_eq!(packed.take_fixed(2)?, [7, 0]);
/// packed.end()?;
/// # Ok::<(), weir_model::PackedError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Packed<'a> {
    rest: &'a [u8],
}

impl<'a> Packed<'a> {
    /// Begins with the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether no byte is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes, such as an element of a fixed size, or several.
    ///
    /// # Errors
    /// [`PackedError::Short`] where there are fewer.
    pub fn take_fixed(&mut self, length: usize) -> Result<&'a [u8], PackedError> {
        let short = PackedError::Short { needed: length, left: self.rest.len() };
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The count before a string (its bytes) or vlen (its elements) that lies inside of something else. It is no larger than the
    /// number of bytes behind it.
    ///
    /// # Errors
    /// [`PackedError::Short`] where no count is left, [`PackedError::Count`] for one that cannot be right.
    pub fn take_count(&mut self) -> Result<usize, PackedError> {
        let short = PackedError::Short { needed: COUNT_BYTES, left: self.rest.len() };
        let (bytes, rest) = self.rest.split_first_chunk::<COUNT_BYTES>().ok_or(short)?;
        let (count, left) = (u64::from_le_bytes(*bytes), rest.len());
        self.rest = rest;
        let fitting = usize::try_from(count).ok().filter(|&count| count <= left);
        fitting.ok_or(PackedError::Count { count, left })
    }

    /// The bytes of a string that lies inside of something else.
    ///
    /// # Errors
    /// As [`take_count`](Self::take_count) and [`take_fixed`](Self::take_fixed).
    pub fn take_string(&mut self) -> Result<&'a [u8], PackedError> {
        let length = self.take_count()?;
        self.take_fixed(length)
    }

    /// The packed form of one element that lies inside of something else, with the count before a string or vlen.
    ///
    /// # Errors
    /// What is wrong with the first part that is not what its type says.
    pub fn take_element(&mut self, data_type: &DataType) -> Result<&'a [u8], PackedError> {
        let (before, start) = (self.rest, self.rest.len());
        self.skip(data_type)?;
        Ok(before.get(..start.saturating_sub(self.rest.len())).unwrap_or_default())
    }

    /// Checks that no byte is left.
    ///
    /// # Errors
    /// [`PackedError::Long`] where some are.
    pub fn end(&self) -> Result<(), PackedError> {
        if self.rest.is_empty() { Ok(()) } else { Err(PackedError::Long { left: self.rest.len() }) }
    }

    /// Checks that all bytes are the packed form of one element of a variable of this type, and says how many elements a vlen
    /// has, and how many bytes a string; 1 for other types.
    ///
    /// # Errors
    /// What is wrong with the first part that is not what its type says.
    pub fn count(bytes: &'a [u8], data_type: &DataType) -> Result<usize, PackedError> {
        let mut packed = Self::new(bytes);
        match data_type {
            DataType::String => Ok(bytes.len()),
            DataType::Vlen { element, .. } => {
                let mut count = 0_usize;
                while !packed.is_empty() {
                    packed.skip_progressing(element)?;
                    count = count.saturating_add(1);
                }
                Ok(count)
            }
            other => {
                packed.skip(other)?;
                packed.end().map(|()| 1)
            }
        }
    }

    /// Skips one element that lies inside of something else.
    fn skip(&mut self, data_type: &DataType) -> Result<(), PackedError> {
        if let Some(size) = data_type.size() {
            return self.take_fixed(size).map(drop);
        }
        match data_type {
            DataType::Vlen { element, .. } => {
                let count = self.take_count()?;
                self.skip_several(element, count)
            }
            DataType::Compound { fields, .. } => fields.iter().try_for_each(|field| self.skip_field(field)),
            _ => self.take_string().map(drop),
        }
    }

    fn skip_field(&mut self, field: &Field) -> Result<(), PackedError> {
        let elements = field.shape.iter().try_fold(1_usize, |n, &length| {
            usize::try_from(length).ok().and_then(|length| n.checked_mul(length))
        });
        self.skip_several(&field.data_type, elements.ok_or_else(|| unpackable(&field.data_type))?)
    }

    fn skip_several(&mut self, data_type: &DataType, count: usize) -> Result<(), PackedError> {
        if let Some(size) = data_type.size() {
            let length = count.checked_mul(size).ok_or_else(|| unpackable(data_type))?;
            return self.take_fixed(length).map(drop);
        }
        (0..count).try_for_each(|_| self.skip_progressing(data_type))
    }

    /// Skips one element of at least one byte, so that no number of elements takes longer than their bytes allow.
    fn skip_progressing(&mut self, data_type: &DataType) -> Result<(), PackedError> {
        let before = self.rest.len();
        self.skip(data_type)?;
        if self.rest.len() == before { Err(unpackable(data_type)) } else { Ok(()) }
    }
}

fn unpackable(data_type: &DataType) -> PackedError {
    PackedError::Type { described: data_type.describe() }
}

/// Appends the count before a string or vlen that lies inside of something else.
pub fn pack_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u64).to_le_bytes());
}

#[cfg(test)]
mod tests;
