//! Scale-offset (HDF5 filter 6): the smallest element is stored once, all others as differences to it in as few bits as will do.
//!
//! Client data: scale type (0: decimal digits of floats, 2: integers), scale factor, number of elements, class (0: integer,
//! 1: float), element size, signedness, byte order (1: big-endian), whether there is a fill value, and the fill value, least
//! significant word first. A chunk has the bits of a difference (4 bytes), the size of the smallest element (1 byte), the
//! smallest element, and differences from byte 21 on. All ones stand for the fill value.

use super::bits::Bits;
use super::swap;
use crate::Error;

/// Where differences begin.
const DIFFERENCES: usize = 21;

/// What the client data say.
struct Scaling {
    /// The power of ten that floats were multiplied with; `None` for integers.
    digits: Option<i32>,
    elements: u32,
    size: usize,
    big: bool,
    fill: Option<u64>,
}

/// Decodes a chunk to at most `limit` bytes.
pub fn decode(input: &[u8], parameters: &[u32], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let scaling = Scaling::parse(parameters)?;
    let Scaling { size, .. } = scaling;
    let length = u64::from(scaling.elements).saturating_mul(size as u64);
    let length = super::within(length, limit, "scaleoffset")?;
    out.clear();
    if scaling.digits.is_none() && parameters.get(1).copied() == Some(bits_of(size)) {
        // All bits were asked for, so the writer did nothing at all.
        out.extend_from_slice(input.get(..length).filter(|_| input.len() == length).ok_or_else(short)?);
        return Ok(());
    }
    let header = input.first_chunk::<DIFFERENCES>().ok_or_else(short)?;
    let bits = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
    let smallest = header.iter().skip(5).take(usize::from(header[4]).min(8)).rev();
    let smallest = smallest.fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    let packed = input.get(DIFFERENCES..).unwrap_or_default();
    if bits > bits_of(size) {
        return Err(Error::corrupt(format!("its differences have {bits} bits, its elements {size} bytes")));
    }
    if bits == bits_of(size) {
        // Differences would not be shorter, so elements stand as they are.
        out.extend_from_slice(packed.get(..length).ok_or_else(short)?);
    } else {
        let room = (packed.len() as u64).saturating_mul(8);
        if u64::from(bits).saturating_mul(scaling.elements.into()) > room {
            return Err(short());
        }
        scaling.unpack(packed, (bits, smallest), out)?;
    }
    swap(out, if scaling.big { size } else { 1 });
    Ok(())
}

impl Scaling {
    fn parse(parameters: &[u32]) -> Result<Self, Error> {
        let &[scale, factor, elements, class, size, _, order, filled, ref fill @ ..] = parameters else {
            let got = parameters.len();
            return Err(Error::corrupt(format!("scaleoffset needs at least 8 parameters, it has {got}")));
        };
        let digits = match (scale, class) {
            (2, 0) => None,
            (0, 1) if matches!(size, 4 | 8) => Some(factor as i32),
            (1, 1) => return Err(Error::unsupported("scaleoffset by powers of two is not built in")),
            _ => {
                let message = format!("scaleoffset has no scale {scale} for class {class} of {size} bytes");
                return Err(Error::corrupt(message));
            }
        };
        if !matches!(size, 1 | 2 | 4 | 8) {
            return Err(Error::corrupt(format!("scaleoffset has no elements of {size} bytes")));
        }
        let word = |n: usize| fill.get(n).copied().map(u64::from);
        let fill = match (filled, size) {
            (0, _) => None,
            (_, 8) => word(0).zip(word(1)).map(|(low, high)| high << 32 | low),
            _ => word(0),
        };
        if filled != 0 && fill.is_none() {
            return Err(Error::corrupt("scaleoffset has a fill value, but its parameters have none"));
        }
        Ok(Self { digits, elements, size: size as usize, big: order == 1, fill })
    }

    /// Writes little-endian elements.
    fn unpack(&self, packed: &[u8], (bits, smallest): (u32, u64), out: &mut Vec<u8>) -> Result<(), Error> {
        let mut input = Bits::new(packed);
        let ones = 1_u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1);
        for _ in 0..self.elements {
            let high = if bits > 32 { input.number(bits.saturating_sub(32))? } else { 0 };
            let difference = u64::from(high) << 32 | u64::from(input.number(bits.min(32))?);
            let element = match (self.fill.filter(|_| difference == ones), self.digits) {
                (Some(fill), _) => fill,
                (None, None) => difference.wrapping_add(smallest),
                (None, Some(digits)) => self.float(difference, digits, smallest),
            };
            out.extend(element.to_le_bytes().iter().take(self.size));
        }
        Ok(())
    }

    /// The bits of a float, computed in its own precision as the HDF5 library does, so that the same bits come out.
    fn float(&self, difference: u64, digits: i32, smallest: u64) -> u64 {
        if self.size == 4 {
            let float =
                difference as i32 as f32 / 10_f32.powf(digits as f32) + f32::from_bits(smallest as u32);
            return float.to_bits().into();
        }
        (difference as i64 as f64 / 10_f64.powf(f64::from(digits)) + f64::from_bits(smallest)).to_bits()
    }
}

fn bits_of(size: usize) -> u32 {
    u32::try_from(size.saturating_mul(8)).unwrap_or(u32::MAX)
}

fn short() -> Error {
    Error::corrupt("its scaleoffset bytes end before the chunk does")
}
