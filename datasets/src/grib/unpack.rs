//! Unpacking: from the octets of a message to the values of a field.
//!
//! Numbers are scaled in double precision and then rounded to single precision, in the order of operations of WMO's formula
//! (regulation 92.9.4), so that they are the same as those of ecCodes bit by bit.

mod bits;
mod ccsds;
mod complex;
mod ieee;
mod jpeg2000;
mod png;
mod scale;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::scale::Scale;
use super::field::{Extent, Stored};
use super::octets::Octets;
use crate::{DataFile, Error};

/// The most octets that a description of packing may have; real ones have some tens.
const MOST_DESCRIPTION_BYTES: u64 = 64 << 10;

/// The most octets that one packed value may have: those of a double.
const MOST_VALUE_BYTES: u64 = 8;

/// The octets that packed values may have beyond those of the values themselves: headers, groups, what a codec adds.
const MOST_EXTRA_BYTES: u64 = 1 << 20;

/// The name of the packing of a field, as ecCodes has it, and whether it can be unpacked here.
pub fn packing(stored: &Stored) -> (String, bool) {
    let (name, known) = match (stored.edition, stored.packing) {
        (1, flags) if flags & 0xd0 == 0 => ("grid_simple", true),
        (1, flags) if flags & 0xc0 == 0x40 => ("grid_second_order", false),
        (1, flags) if flags & 0xc0 == 0x80 => ("spectral_simple", false),
        (1, flags) if flags & 0xc0 == 0xc0 => ("spectral_complex", false),
        (2, 0) => ("grid_simple", true),
        (2, 1) => ("grid_simple_matrix", false),
        (2, 2) => ("grid_complex", true),
        (2, 3) => ("grid_complex_spatial_differencing", true),
        (2, 4) => ("grid_ieee", true),
        (2, 40) => ("grid_jpeg", true),
        (2, 41) => ("grid_png", true),
        (2, 42) => ("grid_ccsds", true),
        (2, 50) => ("spectral_simple", false),
        (2, 51) => ("spectral_complex", false),
        (2, 61) => ("grid_simple_log_preprocessing", false),
        (2, 200) => ("grid_run_length", false),
        (edition, number) => return (format!("packing {number} of edition {edition}"), false),
    };
    (name.to_owned(), known)
}

/// Reads and unpacks the values of a field that has `points` points, in the order in which they are stored; missing ones
/// are NaN. The caller has limited `points`.
///
/// # Errors
/// `Unsupported` for packings that are not built in, `Corrupt` where the octets contradict what is said of them.
pub fn values(file: &DataFile, stored: &Stored, points: usize) -> Result<Vec<f32>, Error> {
    let (name, known) = packing(stored);
    if !known {
        let number = stored.packing;
        let place = if stored.edition == 2 { "data representation template 5." } else { "flags " };
        return Err(Error::unsupported(format!(
            "values packed as {name} ({place}{number}) cannot be unpacked"
        )));
    }
    let read = file.read_many(&ranges(stored, points)?)?;
    let mut read = read.iter().map(Vec::as_slice);
    let description = Octets(read.next().unwrap_or_default());
    let packed = read.next().unwrap_or_default();
    let bitmap = read.next();
    let count = match bitmap {
        Some(bitmap) => bits::count_set(bitmap, points)?,
        None => points,
    };
    if count == 0 {
        return Ok(vec![f32::NAN; points]);
    }
    let values = match stored.edition {
        1 => edition1(description, stored.decimal, packed, count)?,
        _ => edition2(description, packed, count)?,
    };
    if values.len() != count {
        let length = values.len();
        return Err(Error::corrupt(format!("there are {length} values for {count} points")));
    }
    Ok(match bitmap {
        Some(bitmap) => bits::spread(bitmap, &values, points),
        None => values,
    })
}

/// What is read of a field: its description, its values, and as much of its bitmap as tells of its points. Lengths are what
/// the file says, so none is believed that the points do not need.
fn ranges(stored: &Stored, points: usize) -> Result<Vec<(u64, u64)>, Error> {
    let (description, values) = (stored.description, stored.values);
    if description.length > MOST_DESCRIPTION_BYTES {
        let length = description.length;
        return Err(Error::corrupt(format!(
            "the description of a packing has {length} bytes; the limit is {MOST_DESCRIPTION_BYTES}"
        )));
    }
    let most = (points as u64).saturating_mul(MOST_VALUE_BYTES).saturating_add(MOST_EXTRA_BYTES);
    if values.length > most {
        let length = values.length;
        return Err(Error::corrupt(format!(
            "the packed values of {points} points have {length} bytes; the limit is {most}"
        )));
    }
    let needed = points.div_ceil(8) as u64;
    let mut ranges = vec![(description.offset, description.length), (values.offset, values.length)];
    if let Some(Extent { offset, length }) = stored.bitmap {
        if length < needed {
            return Err(Error::corrupt(format!(
                "the bitmap of {points} points has {length} bytes of {needed}"
            )));
        }
        ranges.push((offset, needed));
    }
    Ok(ranges)
}

fn edition1(description: Octets<'_>, decimal: i64, packed: &[u8], count: usize) -> Result<Vec<f32>, Error> {
    let scale = Scale::edition1(description, decimal)?;
    if scale.bits == 0 {
        return Ok(scale.constant(count));
    }
    bits::scaled(packed, &scale, count)
}

fn edition2(description: Octets<'_>, packed: &[u8], count: usize) -> Result<Vec<f32>, Error> {
    let said = description.u32(6)?;
    if usize::try_from(said) != Ok(count) {
        return Err(Error::corrupt(format!("{said} values are said to be packed for {count} points")));
    }
    let template = description.u16(10)?;
    if template == 4 {
        return ieee::unpack(description, packed, count);
    }
    let scale = Scale::edition2(description)?;
    match template {
        2 | 3 => complex::unpack(description, packed, &scale, count),
        _ if scale.bits == 0 => Ok(scale.constant(count)),
        0 => bits::scaled(packed, &scale, count),
        40 => guarded(|| jpeg2000::unpack(packed, &scale, count)),
        41 => guarded(|| png::unpack(packed, &scale, count)),
        42 => guarded(|| ccsds::unpack(description, packed, &scale, count)),
        other => {
            Err(Error::unsupported(format!("data representation template 5.{other} cannot be unpacked")))
        }
    }
}

/// Runs a decoder of others, which may not be as careful as this crate: a panic is an error like any other.
fn guarded<T>(decode: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result,
        Err(_) => Err(Error::corrupt("the packed values cannot be decoded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three values of one octet each behind a bitmap of four points, in edition 1: the second point has none.
    fn file() -> (tempfile::NamedTempFile, Stored) {
        let file = tempfile::NamedTempFile::new().unwrap();
        // Section 4: its length, flags, binary scale factor, reference value 0 and bits; then the values and the bitmap.
        let description = [0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 8];
        std::fs::write(file.path(), [&description[..], &[1, 3, 4], &[0b1011_0000]].concat()).unwrap();
        let extent = |offset, length| Extent { offset, length };
        let stored = Stored {
            edition: 1,
            packing: 0,
            decimal: 0,
            description: extent(0, 11),
            bitmap: Some(extent(14, 1)),
            values: extent(11, 3),
        };
        (file, stored)
    }

    fn check(stored: &Stored, points: usize, expected: Result<&[f32], &str>) {
        let (file, _) = file();
        match (values(&DataFile::open(file.path()).unwrap(), stored, points), expected) {
            (Ok(found), Ok(expected)) => {
                let same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
                assert!(found.len() == expected.len() && found.iter().zip(expected).all(same), "{found:?}");
            }
            (Err(error), Err(message)) => {
                assert_eq!((error.kind, error.message.as_str()), (crate::ErrorKind::Corrupt, message));
            }
            (found, expected) => panic!("{found:?}, but expected {expected:?}"),
        }
    }

    #[test]
    fn no_more_is_read_than_the_points_need() {
        let (_, stored) = file();
        check(&stored, 4, Ok(&[1.0, f32::NAN, 3.0, 4.0]));
        // A bitmap that is said to go on behind the end of the file: of four points, one octet tells all.
        let long = Stored { bitmap: Some(Extent { offset: 14, length: 1 << 40 }), ..stored };
        check(&long, 4, Ok(&[1.0, f32::NAN, 3.0, 4.0]));
        check(&stored, 9, Err("the bitmap of 9 points has 1 bytes of 2"));
        let large = Stored { values: Extent { offset: 11, length: (1 << 20) + 33 }, ..stored };
        check(&large, 4, Err("the packed values of 4 points have 1048609 bytes; the limit is 1048608"));
        let described = Stored { description: Extent { offset: 0, length: (64 << 10) + 1 }, ..stored };
        check(&described, 4, Err("the description of a packing has 65537 bytes; the limit is 65536"));
    }
}
