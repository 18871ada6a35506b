//! Filters: reversible steps from elements to other elements, which stand before the codecs from bytes to bytes.
//!
//! Sources: Zarr v3 core specification, "Transpose codec"; numcodecs 0.16 documentation: `Delta`, `FixedScaleOffset`, `PackBits`.

use weir_model::{ByteOrder, DataType};

use crate::codecs::{MOST_CHUNK_BYTES, swap};
use crate::{Error, ErrorKind};

/// A step, as the writer took it.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Axis `n` of what is stored is axis `order[n]` of the array.
    Transpose {
        /// A permutation of the axes.
        order: Vec<usize>,
    },
    /// The first element, then the difference of each to the one before.
    Delta {
        /// The type of the differences.
        stored: DataType,
        /// The type of the sums.
        decoded: DataType,
    },
    /// Whole numbers `round((x - offset) * scale)`.
    ScaleOffset {
        /// The type of the whole numbers.
        stored: DataType,
        /// The type of the elements.
        decoded: DataType,
        /// See there.
        scale: f64,
        /// See there.
        offset: f64,
    },
    /// Truth values, 8 to a byte, highest bit first, behind a byte that counts the bits left over.
    PackBits,
}

impl Filter {
    /// The type of the elements that it stores, given those that it is applied to.
    ///
    /// # Errors
    /// `Unsupported` where it is not applied to the type that it says.
    pub fn stored_type(&self, decoded: &DataType) -> Result<DataType, Error> {
        match self {
            Self::Transpose { .. } => Ok(decoded.clone()),
            Self::Delta { stored, decoded: own } | Self::ScaleOffset { stored, decoded: own, .. } => {
                let widening = own == stored || (is_integer(own) && is_integer(stored));
                let fits = own == decoded && (widening || !matches!(self, Self::Delta { .. }));
                fits.then(|| stored.clone()).ok_or_else(|| {
                    let (from, to) = (own.describe(), stored.describe());
                    Error::unsupported(format!(
                        "a filter from {from} to {to} for {} is not built in",
                        decoded.describe()
                    ))
                })
            }
            Self::PackBits if *decoded == DataType::Int8 => Ok(DataType::UInt8),
            Self::PackBits => {
                Err(Error::unsupported("packbits for other elements than truth values is not built in"))
            }
        }
    }

    /// Bytes of a stored chunk, given those of the decoded one.
    pub fn stored_bytes(&self, decoded: u64, decoded_size: u64) -> Option<u64> {
        let elements = decoded.checked_div(decoded_size)?;
        match self {
            Self::Transpose { .. } => Some(decoded),
            Self::Delta { stored, .. } | Self::ScaleOffset { stored, .. } => {
                elements.checked_mul(stored.size()? as u64)
            }
            Self::PackBits => elements.div_ceil(8).checked_add(1),
        }
    }
}

fn is_integer(data_type: &DataType) -> bool {
    data_type.is_numeric() && !matches!(data_type, DataType::Float32 | DataType::Float64)
}

/// A chunk on its way: its shape, and the type that it has when all is undone.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// Lengths of the chunk.
    pub lengths: &'a [u64],
    /// Bytes of an element.
    pub element_size: usize,
}

impl Shape<'_> {
    /// Bytes of the decoded chunk.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit of a chunk.
    pub fn bytes(&self) -> Result<u64, Error> {
        let elements = self.lengths.iter().try_fold(1_u64, |n, &length| n.checked_mul(length));
        let bytes = elements.and_then(|elements| elements.checked_mul(self.element_size as u64));
        bytes.filter(|&bytes| bytes <= MOST_CHUNK_BYTES).ok_or_else(|| {
            let message = format!("a chunk is larger than the limit of {MOST_CHUNK_BYTES} bytes");
            Error::new(ErrorKind::TooLarge, message)
        })
    }
}

/// Bytes that the filters make of a chunk.
///
/// # Errors
/// `TooLarge` beyond the limit of a chunk.
pub fn stored_bytes(filters: &[Filter], shape: &Shape<'_>) -> Result<u64, Error> {
    let (mut bytes, mut size) = (shape.bytes()?, shape.element_size as u64);
    for filter in filters {
        let stored = filter.stored_bytes(bytes, size).filter(|&bytes| bytes <= MOST_CHUNK_BYTES);
        bytes =
            stored.ok_or_else(|| Error::new(ErrorKind::TooLarge, "a chunk is too large for its filters"))?;
        size = match filter {
            Filter::Delta { stored, .. } | Filter::ScaleOffset { stored, .. } => {
                stored.size().unwrap_or(1) as u64
            }
            Filter::PackBits => 1,
            Filter::Transpose { .. } => size,
        };
    }
    Ok(bytes)
}

/// Undoes the filters: from stored elements of byte order `order` (whose length is [`stored_bytes`]) to little-endian ones.
///
/// # Errors
/// `Corrupt` where the bytes are not what the filters make.
pub fn decode(
    filters: &[Filter],
    mut bytes: Vec<u8>,
    shape: &Shape<'_>,
    order: ByteOrder,
    unit: usize,
) -> Result<Vec<u8>, Error> {
    if bytes.len() as u64 != stored_bytes(filters, shape)? {
        return Err(Error::corrupt(format!(
            "it decodes to {} bytes, which are not those of a chunk",
            bytes.len()
        )));
    }
    if order == ByteOrder::Big {
        swap(&mut bytes, unit);
    }
    for filter in filters.iter().rev() {
        bytes = match filter {
            Filter::Transpose { order } => untransposed(&bytes, order, shape)?,
            Filter::Delta { stored, decoded } => summed(&bytes, stored, decoded)?,
            Filter::ScaleOffset { stored, decoded, scale, offset } => {
                let size = stored.size().unwrap_or(1);
                let mut out = Vec::with_capacity(bytes.len());
                for element in bytes.chunks_exact(size) {
                    scaled(element, stored, decoded, (*scale, *offset), &mut out)?;
                }
                out
            }
            Filter::PackBits => unpacked(&bytes)?,
        };
    }
    Ok(bytes)
}

/// From the stored order of axes to the array's.
fn untransposed(bytes: &[u8], order: &[usize], shape: &Shape<'_>) -> Result<Vec<u8>, Error> {
    let wrong = || Error::corrupt("a transposition does not fit the chunk");
    // Bytes between two stored neighbours along each of the array's axes.
    let mut steps = vec![0_usize; shape.lengths.len()];
    let mut step = shape.element_size;
    for &axis in order.iter().rev() {
        *steps.get_mut(axis).ok_or_else(wrong)? = step;
        let length = shape.lengths.get(axis).and_then(|&length| usize::try_from(length).ok());
        step = step.checked_mul(length.ok_or_else(wrong)?).ok_or_else(wrong)?;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0_u64; shape.lengths.len()];
    let mut at = 0_usize;
    while out.len() < bytes.len() {
        let element = at.checked_add(shape.element_size).and_then(|end| bytes.get(at..end));
        out.extend_from_slice(element.ok_or_else(wrong)?);
        for ((n, &length), &step) in index.iter_mut().zip(shape.lengths).zip(&steps).rev() {
            *n = n.saturating_add(1);
            at = at.saturating_add(step);
            if *n < length {
                break;
            }
            at = at.saturating_sub(step.saturating_mul(usize::try_from(*n).unwrap_or(usize::MAX)));
            *n = 0;
        }
    }
    Ok(out)
}

/// A whole number of 1 to 8 little-endian bytes.
fn whole(element: &[u8], data_type: &DataType) -> i64 {
    let signed = matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64);
    let filler = match element.last() {
        Some(last) if signed && last & 0x80 != 0 => 0xff,
        _ => 0,
    };
    let mut wide = [filler; 8];
    wide.iter_mut().zip(element).for_each(|(to, from)| *to = *from);
    i64::from_le_bytes(wide)
}

fn summed(bytes: &[u8], stored: &DataType, decoded: &DataType) -> Result<Vec<u8>, Error> {
    let (size, out_size) = (stored.size().unwrap_or(1), decoded.size().unwrap_or(1));
    let mut out = Vec::with_capacity(bytes.len());
    match decoded {
        DataType::Float32 => {
            let mut sum = 0_f32;
            for element in bytes.chunks_exact(size) {
                sum += f32::from_le_bytes(fixed(element)?);
                out.extend(sum.to_le_bytes());
            }
        }
        DataType::Float64 => {
            let mut sum = 0_f64;
            for element in bytes.chunks_exact(size) {
                sum += f64::from_le_bytes(fixed(element)?);
                out.extend(sum.to_le_bytes());
            }
        }
        _ => {
            // Sums wrap around, as numpy's do; the low bytes are right whatever the width.
            let mut sum = 0_i64;
            for element in bytes.chunks_exact(size) {
                sum = sum.wrapping_add(whole(element, stored));
                out.extend(sum.to_le_bytes().iter().take(out_size));
            }
        }
    }
    Ok(out)
}

fn fixed<const N: usize>(element: &[u8]) -> Result<[u8; N], Error> {
    element.try_into().map_err(|_unshown| Error::corrupt("an element has the wrong number of bytes"))
}

/// As numpy computes `stored / scale + offset`: in doubles for whole numbers, else in the stored float type.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "numpy rounds in the same places"
)]
fn scaled(
    element: &[u8],
    stored: &DataType,
    decoded: &DataType,
    (scale, offset): (f64, f64),
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let number = match stored {
        DataType::Float32 => {
            f64::from(f32::from_le_bytes(fixed(element)?) / (scale as f32) + (offset as f32))
        }
        DataType::Float64 => f64::from_le_bytes(fixed(element)?) / scale + offset,
        DataType::UInt64 => u64::from_le_bytes(fixed(element)?) as f64 / scale + offset,
        _ => whole(element, stored) as f64 / scale + offset,
    };
    match decoded {
        DataType::Float32 => out.extend((number as f32).to_le_bytes()),
        DataType::Float64 => out.extend(number.to_le_bytes()),
        _ => {
            let size = decoded.size().unwrap_or(1);
            out.extend((number as i64).to_le_bytes().iter().take(size));
        }
    }
    Ok(())
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (&spare, packed) =
        bytes.split_first().ok_or_else(|| Error::corrupt("packed bits have no first byte"))?;
    let bits = packed.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let count = packed.len().saturating_mul(8).checked_sub(usize::from(spare)).filter(|_| spare < 8);
    Ok(bits
        .take(count.ok_or_else(|| Error::corrupt("packed bits say that more are spare than there are"))?)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        filters: &[Filter],
        stored: &[u8],
        lengths: &[u64],
        element_size: usize,
        expected: Result<&[u8], &str>,
    ) {
        let shape = Shape { lengths, element_size };
        let got = decode(filters, stored.to_vec(), &shape, ByteOrder::Little, 1);
        match (got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{filters:?}"),
            (Err(got), Err(part)) => assert!(got.message.contains(part), "{filters:?}: {got}"),
            (got, expected) => panic!("{filters:?}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn axes_go_back() {
        let turn = |order: &[usize]| [Filter::Transpose { order: order.to_vec() }];
        check(&turn(&[1, 0]), &[1, 4, 2, 5, 3, 6], &[2, 3], 1, Ok(&[1, 2, 3, 4, 5, 6]));
        check(&turn(&[1, 0]), &[1, 1, 3, 3, 2, 2, 4, 4], &[2, 2], 2, Ok(&[1, 1, 2, 2, 3, 3, 4, 4]));
        // numpy.arange(1, 25).reshape(2, 3, 4).transpose(2, 0, 1)
        let stored = [1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23, 4, 8, 12, 16, 20, 24];
        let plain: Vec<u8> = (1..=24).collect();
        check(&turn(&[2, 0, 1]), &stored, &[2, 3, 4], 1, Ok(&plain));
        check(&turn(&[1, 0]), &[1, 2], &[2, 3], 1, Err("not those of a chunk"));
    }

    #[test]
    fn differences_are_summed() {
        let delta = |stored, decoded| [Filter::Delta { stored, decoded }];
        check(&delta(DataType::Int8, DataType::Int8), &[1, 1, 254], &[3], 1, Ok(&[1, 2, 0]));
        check(
            &delta(DataType::Int8, DataType::Int16),
            &[100, 100, 255],
            &[3],
            2,
            Ok(&[100, 0, 200, 0, 199, 0]),
        );
        let floats = [1.5_f32, 0.25].map(f32::to_le_bytes).concat();
        let sums = [1.5_f32, 1.75].map(f32::to_le_bytes).concat();
        check(&delta(DataType::Float32, DataType::Float32), &floats, &[2], 4, Ok(&sums));
    }

    #[test]
    fn whole_numbers_are_scaled_and_bits_unpacked() {
        let scale = [Filter::ScaleOffset {
            stored: DataType::UInt8,
            decoded: DataType::Float64,
            scale: 10.,
            offset: 1000.,
        }];
        let expected = [1000.1_f64, 1002.5].map(f64::to_le_bytes).concat();
        check(&scale, &[1, 25], &[2], 8, Ok(&expected));
        let ten = [1, 0, 1, 0, 0, 0, 0, 0, 1, 1];
        check(&[Filter::PackBits], &[6, 0b1010_0000, 0b1100_0000], &[10], 1, Ok(&ten));
        check(&[Filter::PackBits], &[9, 0, 0], &[10], 1, Err("spare"));
        check(&[Filter::PackBits], &[1, 0], &[10], 1, Err("not those of a chunk"));
        check(&[], &[1], &[1 << 40, 1 << 40], 1, Err("larger than the limit"));
    }
}
