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
    if stored.description.length > MOST_DESCRIPTION_BYTES {
        let length = stored.description.length;
        return Err(Error::corrupt(format!("the description of a packing has {length} bytes")));
    }
    let range = |extent: Extent| (extent.offset, extent.length);
    let mut ranges = vec![range(stored.description), range(stored.values)];
    ranges.extend(stored.bitmap.map(range));
    let read = file.read_many(&ranges)?;
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
