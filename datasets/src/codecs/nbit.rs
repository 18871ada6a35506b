//! N-bit packing (HDF5 filter 5): only the bits that a datatype says are significant are stored.
//!
//! Client data: their number, whether nothing was packed, the number of elements, then the type: atomic (1, size, order,
//! precision, offset), array (2, size, element type), compound (3, size, number of members, each member's offset and type), or
//! bytes to be kept as they are (4, size). Bits that are not stored are 0.

use super::bits::Bits;
use super::{MOST_CHUNK_BYTES, resize};
use crate::Error;

/// Types inside types inside types may go this deep.
const MOST_DEPTH: usize = 16;

/// Bits of a type that are stored.
enum Packed {
    /// An element of `size` bytes with `precision` bits from bit `offset` on.
    Atomic { size: usize, big: bool, precision: usize, offset: usize },
    /// Elements of the same type.
    Array { size: usize, element: Box<Packed> },
    /// Members and where they are.
    Compound { size: usize, members: Vec<(usize, Packed)> },
    /// Bytes as they are.
    Bytes { size: usize },
}

/// Decodes a chunk to at most `limit` bytes.
pub fn decode(input: &[u8], parameters: &[u32], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let [_, unpacked, elements, rest @ ..] = parameters else {
        return Err(short());
    };
    if *unpacked != 0 {
        super::within(input.len() as u64, limit, "nbit")?;
        out.clear();
        out.extend_from_slice(input);
        return Ok(());
    }
    let packed = Packed::parse(&mut { rest }, 0)?;
    let length = u64::from(*elements).saturating_mul(packed.size() as u64);
    let length = super::within(length, limit, "nbit")?;
    resize(out, length);
    out.fill(0);
    let mut bits = Bits::new(input);
    out.chunks_exact_mut(packed.size()).try_for_each(|element| packed.read(&mut bits, element))
}

impl Packed {
    fn parse(rest: &mut &[u32], depth: usize) -> Result<Self, Error> {
        if depth > MOST_DEPTH {
            return Err(Error::corrupt(format!("an nbit type is nested more than {MOST_DEPTH} levels deep")));
        }
        let (class, size) = (next(rest)?, next(rest)? as usize);
        if size == 0 || size as u64 > MOST_CHUNK_BYTES {
            return Err(Error::corrupt(format!("an nbit type has {size} bytes")));
        }
        match class {
            1 => Self::parse_atomic(rest, size),
            2 => {
                let element = Self::parse(rest, depth.saturating_add(1))?;
                if size.checked_rem(element.size()) != Some(0) {
                    return Err(Error::corrupt(format!("an nbit array of {size} bytes has broken elements")));
                }
                Ok(Self::Array { size, element: Box::new(element) })
            }
            3 => Self::parse_compound(rest, size, depth),
            4 => Ok(Self::Bytes { size }),
            class => Err(Error::corrupt(format!("nbit has no type class {class}"))),
        }
    }

    fn parse_atomic(rest: &mut &[u32], size: usize) -> Result<Self, Error> {
        let (order, precision, offset) = (next(rest)?, next(rest)? as usize, next(rest)? as usize);
        let end = precision.checked_add(offset).filter(|&end| end <= size.saturating_mul(8));
        if order > 1 || precision == 0 || end.is_none() {
            let message = format!("nbit cannot store {precision} bits at bit {offset} of {size} bytes");
            return Err(Error::corrupt(message));
        }
        Ok(Self::Atomic { size, big: order == 1, precision, offset })
    }

    fn parse_compound(rest: &mut &[u32], size: usize, depth: usize) -> Result<Self, Error> {
        let mut members = Vec::new();
        for _ in 0..next(rest)? {
            let offset = next(rest)? as usize;
            let member = Self::parse(rest, depth.saturating_add(1))?;
            if offset.checked_add(member.size()).is_none_or(|end| end > size) {
                return Err(Error::corrupt("a member lies outside its nbit compound"));
            }
            members.push((offset, member));
        }
        Ok(Self::Compound { size, members })
    }

    fn size(&self) -> usize {
        match self {
            Self::Atomic { size, .. }
            | Self::Array { size, .. }
            | Self::Compound { size, .. }
            | Self::Bytes { size } => *size,
        }
    }

    /// Reads one element into `out`, which has its size and holds zeros.
    fn read(&self, bits: &mut Bits<'_>, out: &mut [u8]) -> Result<(), Error> {
        match self {
            Self::Atomic { big, precision, offset, .. } => {
                read_atomic(bits, out, *big, *offset..offset.saturating_add(*precision))
            }
            Self::Array { element, .. } => {
                out.chunks_exact_mut(element.size()).try_for_each(|part| element.read(bits, part))
            }
            Self::Compound { members, .. } => members.iter().try_for_each(|(offset, member)| {
                let end = offset.saturating_add(member.size());
                let part = out.get_mut(*offset..end).ok_or_else(short)?;
                member.read(bits, part)
            }),
            Self::Bytes { .. } => out.iter_mut().try_for_each(|byte| {
                *byte = bits.number(8)? as u8;
                Ok(())
            }),
        }
    }
}

/// Reads the bits of a range, the most significant first, byte by byte.
fn read_atomic(
    bits: &mut Bits<'_>,
    out: &mut [u8],
    big: bool,
    range: std::ops::Range<usize>,
) -> Result<(), Error> {
    let (mut end, last) = (range.end, out.len().saturating_sub(1));
    while end > range.start {
        let byte = end.saturating_sub(1) / 8;
        let start = byte.saturating_mul(8).max(range.start);
        let number = bits.number(end.saturating_sub(start) as u32)?;
        let place = if big { last.saturating_sub(byte) } else { byte };
        if let Some(byte) = out.get_mut(place) {
            *byte |= (number << (start % 8)) as u8;
        }
        end = start;
    }
    Ok(())
}

fn next(rest: &mut &[u32]) -> Result<u32, Error> {
    let (&first, others) = rest.split_first().ok_or_else(short)?;
    *rest = others;
    Ok(first)
}

fn short() -> Error {
    Error::corrupt("the parameters of nbit are too few for its type")
}
