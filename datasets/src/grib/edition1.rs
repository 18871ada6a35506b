//! Messages of GRIB 1: four sections, of which the grid and the bitmap may be left out.

use super::field::{Extent, Field, Index, Stored};
use super::grid;
use super::octets::Octets;
use super::product1;
use super::window::Window;
use crate::Error;

/// Bytes of the indicator section.
const INDICATOR_BYTES: u64 = 8;

/// Bytes of section 4 before its values.
const DATA_BYTES: u64 = 11;

/// Bytes of section 3 before its bits.
const BITMAP_BYTES: u64 = 6;

/// The first byte behind a message, whose indicator says that it has `length` bytes.
///
/// Three octets count 8 MiB and a bit that ECMWF took for longer messages: with it set, the others count units of 120
/// bytes, and section 4 has, where its length would be, what the last unit exceeds the message by.
pub fn end(window: &mut Window<'_>, start: u64, length: u64) -> Result<u64, Error> {
    const LONG: u64 = 0x80_0000;
    let plain = start.saturating_add(length);
    if length & LONG == 0 {
        return Ok(plain);
    }
    let Ok(places) = Places::find(window, start, window.length()) else { return Ok(plain) };
    let Ok(data) = length_of(window, places.data) else { return Ok(plain) };
    if data >= 120 {
        return Ok(plain);
    }
    let length = (length & (LONG - 1)).saturating_mul(120).saturating_sub(data).saturating_add(4);
    Ok(start.saturating_add(length))
}

/// The length of the section that begins at a byte.
fn length_of(window: &mut Window<'_>, at: u64) -> Result<u64, Error> {
    Ok(u64::from(Octets(window.bytes(at, 3)?).u24(1)?))
}

/// Where the sections of a message begin.
struct Places {
    product: Extent,
    grid: Option<Extent>,
    bitmap: Option<Extent>,
    data: u64,
}

impl Places {
    fn find(window: &mut Window<'_>, start: u64, end: u64) -> Result<Self, Error> {
        let offset = start.saturating_add(INDICATOR_BYTES);
        let product = section(window, (1, offset), end, 28)?;
        let flags = Octets(window.bytes(product.offset, 28)?).u8(8)?;
        let mut data = product.offset.saturating_add(product.length);
        let mut optional = |number: u8, flag: u8, least: u64| -> Result<Option<Extent>, Error> {
            if flags & flag == 0 {
                return Ok(None);
            }
            let extent = section(window, (number, data), end, least)?;
            data = data.saturating_add(extent.length);
            Ok(Some(extent))
        };
        let grid = optional(2, 0x80, 28)?;
        let bitmap = optional(3, 0x40, BITMAP_BYTES)?;
        Ok(Self { product, grid, bitmap, data })
    }
}

fn section(
    window: &mut Window<'_>,
    (number, offset): (u8, u64),
    end: u64,
    least: u64,
) -> Result<Extent, Error> {
    let length = length_of(window, offset)?;
    if length < least || offset.saturating_add(length) > end {
        return Err(Error::corrupt(format!(
            "section {number} has {length} bytes, and reaches out of the message"
        )));
    }
    Ok(Extent { offset, length })
}

/// Reads the field of a message that lies between two bytes. `fault` says why its values cannot be trusted.
pub fn read(
    window: &mut Window<'_>,
    (start, end): (u64, u64),
    fault: Option<Error>,
    index: &mut Index,
) -> Result<(), Error> {
    let places = Places::find(window, start, end)?;
    let product1::Definition { product, time, centre, decimal } =
        product1::parse(Octets(window.bytes(places.product.offset, places.product.length)?))?;
    let Some(grid) = places.grid else {
        let message = "its grid is not defined in the file, but by the originating centre";
        return Err(Error::unsupported(message));
    };
    let grid = grid::edition1::parse(Octets(window.bytes(grid.offset, grid.length)?))?;
    let grid = index.grid(grid)?;
    let (mut stored, own) = stored(window, &places, end)?;
    stored.decimal = decimal;
    let fault = fault.or(own).map(Box::new);
    index.add(Field { product, time, centre: u16::from(centre), grid, stored, message: None, fault })
}

/// Where the values are, and why they cannot be read.
fn stored(window: &mut Window<'_>, places: &Places, end: u64) -> Result<(Stored, Option<Error>), Error> {
    let description = Extent { offset: places.data, length: DATA_BYTES };
    let octets = Octets(window.bytes(description.offset, description.length)?);
    let (length, flags) = (u64::from(octets.u24(1)?), octets.u8(4)?);
    let mut fault = None;
    // Of a long message (see `end`), the section is what is left.
    let left = end.saturating_sub(places.data);
    let length = if length < 120 && left > 0x7f_ffff { left } else { length };
    if length < DATA_BYTES || length > left {
        fault = Some(Error::corrupt(format!("section 4 has {length} bytes, and reaches out of the message")));
    }
    let offset = places.data.saturating_add(DATA_BYTES);
    let values = Extent { offset, length: length.saturating_sub(DATA_BYTES) };
    let bitmap = match places.bitmap {
        Some(Extent { offset, length }) => {
            let number = Octets(window.bytes(offset, BITMAP_BYTES)?).u16(5)?;
            if number != 0 {
                fault = Some(Error::unsupported(format!(
                    "bitmap {number} of the originating centre is not in the file"
                )));
            }
            let offset = offset.saturating_add(BITMAP_BYTES);
            Some(Extent { offset, length: length.saturating_sub(BITMAP_BYTES) })
        }
        None => None,
    };
    let packing = u16::from(flags);
    Ok((Stored { edition: 1, packing, decimal: 0, description, bitmap, values }, fault))
}
