//! Texts: from the chunks that hold them to strings.

use weir_model::{AxisPart, Hyperslab, Part};

use super::array::{Places, StoredArray, stored_bytes};
use super::chain::{Chain, Layout};
use super::element::Kind;
use super::unsized_codec;
use crate::store::Object;
use crate::{Error, ErrorKind, StringRoom};

/// One answer may have this many strings.
const MOST_STRINGS: u64 = 1 << 24;
/// A chunk of texts may have this many bytes.
const MOST_CHUNK_BYTES: usize = 256 << 20;

/// Reads the strings of a hyperslab, row-major.
///
/// # Errors
/// `TooLarge` where they are too many, `Corrupt` where a chunk does not hold what it should, and those of the store.
pub fn read(
    array: &StoredArray,
    places: Places<'_>,
    (slab, room): (&Hyperslab, &mut StringRoom),
) -> Result<Vec<Vec<u8>>, Error> {
    if slab.elements() > MOST_STRINGS {
        let elements = slab.elements();
        let message = format!("{elements} strings are asked for at once, the limit is {MOST_STRINGS}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    let chain = array.chain()?;
    let grid = &array.description.grid;
    let shape = slab.shape();
    let mut strings = vec![Vec::new(); usize::try_from(slab.elements()).unwrap_or(usize::MAX)];
    for part in grid.plan(slab) {
        let texts = match array.find(places, &part.chunk())? {
            Some(object) => Some(Texts::of_chunk(array, chain, object)?),
            None => None,
        };
        each_place(&part, grid.chunk_shape(), &shape, &mut |from, to| {
            let text = match &texts {
                Some(texts) => texts.text(from)?,
                None => array.description.fill.clone(),
            };
            room.take(text.len())?;
            if let Some(place) = strings.get_mut(to) {
                *place = text;
            }
            Ok(())
        })?;
    }
    Ok(strings)
}

/// Calls `place` with the places, in the chunk and in the hyperslab, of each element of a part, row-major.
fn each_place(
    part: &Part,
    chunk_shape: &[u64],
    shape: &[u64],
    place: &mut dyn FnMut(usize, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    for number in 0..part.elements() {
        let (mut from, mut to) = (0_usize, 0_usize);
        // The digits of the number, in the base of the part's counts, are the place along each axis.
        let (mut rest, mut in_chunk, mut in_slab) = (number, 1_u64, 1_u64);
        for ((axis, &of_chunk), &of_slab) in part.axes.iter().zip(chunk_shape).zip(shape).rev() {
            let AxisPart { first, step, count, out, .. } = *axis;
            let n = rest.checked_rem(count).unwrap_or(0);
            rest = rest.checked_div(count).unwrap_or(0);
            let inside = n.saturating_mul(step).saturating_add(first).saturating_mul(in_chunk);
            from = from.saturating_add(narrow(inside));
            to = to.saturating_add(narrow(n.saturating_add(out).saturating_mul(in_slab)));
            (in_chunk, in_slab) = (in_chunk.saturating_mul(of_chunk), in_slab.saturating_mul(of_slab));
        }
        place(from, to)?;
    }
    Ok(())
}

/// The texts of a chunk.
struct Texts {
    bytes: Vec<u8>,
    places: TextPlaces,
}

enum TextPlaces {
    /// Each has so many bytes, padded with NUL.
    Fixed(usize),
    /// Each has so many bytes, of 4 for a code point.
    Utf32(usize),
    /// First byte and length of each.
    Listed(Vec<(usize, usize)>),
}

impl Texts {
    fn of_chunk(array: &StoredArray, chain: &Chain, object: Object) -> Result<Self, Error> {
        let elements = array.description.grid.chunk_elements();
        let places = match (chain.layout, &array.description.kind) {
            (Layout::Texts, _) => {
                let stored = stored_bytes(object)?;
                let bytes = unsized_codec::decode(&chain.codecs, stored, MOST_CHUNK_BYTES)?;
                let places = TextPlaces::Listed(listed(&bytes, elements)?);
                return Ok(Self { bytes, places });
            }
            (_, Kind::FixedUtf32 { length }) => TextPlaces::Utf32(*length),
            (_, kind) => TextPlaces::Fixed(kind.stored_size().unwrap_or(0)),
        };
        Ok(Self { bytes: array.decoded(chain, object)?, places })
    }

    fn text(&self, place: usize) -> Result<Vec<u8>, Error> {
        let (start, length) = match &self.places {
            TextPlaces::Fixed(length) | TextPlaces::Utf32(length) => (place.saturating_mul(*length), *length),
            TextPlaces::Listed(places) => places.get(place).copied().unwrap_or((usize::MAX, 0)),
        };
        let text = start.checked_add(length).and_then(|end| self.bytes.get(start..end));
        let text = text.ok_or_else(|| Error::corrupt("a chunk of texts is shorter than its shape says"))?;
        match &self.places {
            TextPlaces::Listed(_) => Ok(text.to_vec()),
            TextPlaces::Fixed(_) => {
                let used = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
                Ok(text.iter().take(used).copied().collect())
            }
            TextPlaces::Utf32(_) => utf8(text),
        }
    }
}

/// Little-endian code points, padded with NUL, as UTF-8.
fn utf8(text: &[u8]) -> Result<Vec<u8>, Error> {
    let points = text.chunks_exact(4).map(|point| u32::from_le_bytes(point.try_into().unwrap_or_default()));
    let text: Option<String> = points.map(char::from_u32).collect();
    let text = text.ok_or_else(|| Error::corrupt("a text has a number that is no code point"))?;
    Ok(text.trim_end_matches('\0').as_bytes().to_vec())
}

/// First byte and length of each text of a chunk: a count, then each text behind its length (numcodecs `VLenUTF8`).
///
/// # Errors
/// `Corrupt` where the count is not `elements`, or a text does not lie inside.
pub fn listed(bytes: &[u8], elements: u64) -> Result<Vec<(usize, usize)>, Error> {
    let short = || Error::corrupt("a chunk of texts ends before its texts do");
    let number = |at: usize| {
        let number = bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*number)).ok()
    };
    let count = number(0).ok_or_else(short)?;
    if count as u64 != elements {
        return Err(Error::corrupt(format!("a chunk holds {count} texts, but {elements} are expected")));
    }
    // Each text has 4 bytes at least.
    if count > bytes.len() / 4 {
        return Err(short());
    }
    let mut places = Vec::with_capacity(count);
    let mut at = 4_usize;
    for _ in 0..count {
        let length = number(at).ok_or_else(short)?;
        let start = at.saturating_add(4);
        at = start.checked_add(length).filter(|&end| end <= bytes.len()).ok_or_else(short)?;
        places.push((start, length));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], elements: u64, expected: Result<&[(usize, usize)], &str>) {
        match (listed(bytes, elements), expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(got), Err(part)) => assert!(got.message.contains(part), "{got}"),
            (got, expected) => panic!("{bytes:?}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn lists_of_texts() {
        check(&[2, 0, 0, 0, 1, 0, 0, 0, b'a', 0, 0, 0, 0], 2, Ok(&[(8, 1), (13, 0)]));
        check(&[0, 0, 0, 0], 0, Ok(&[]));
        check(&[2, 0, 0, 0], 3, Err("holds 2 texts, but 3"));
        check(&[255, 255, 255, 255, 1], u64::from(u32::MAX), Err("ends before"));
        check(&[1, 0, 0, 0, 255, 255, 255, 255], 1, Err("ends before"));
        check(&[1, 0], 1, Err("ends before"));
    }

    #[test]
    fn code_points_become_utf8() {
        let points = |points: &[u32]| points.iter().flat_map(|point| point.to_le_bytes()).collect::<Vec<_>>();
        assert_eq!(utf8(&points(&[0x61, 0xfc, 0x1f600, 0, 0])).unwrap(), "aü😀".as_bytes());
        assert_eq!(utf8(&points(&[0, 0x61])).unwrap(), b"\0a");
        assert!(utf8(&points(&[0xd800])).is_err());
    }
}
