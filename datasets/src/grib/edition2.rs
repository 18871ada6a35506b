//! Messages of GRIB 2: their sections, of which 2 to 7 may be repeated.

use super::calendar;
use super::field::{Extent, Field, Index, Stored};
use super::grid;
use super::messages::{END, Frame};
use super::octets::Octets;
use super::product::Product;
use super::product2::{self, Around};
use super::window::Window;
use crate::{Error, ErrorKind};

/// A header section is refused if it has more bytes than this; the longest real ones list the rows of reduced grids, or
/// vertical coordinates.
const MOST_HEADER_BYTES: u64 = 4 << 20;

/// Bytes of a section's length and number.
const SECTION_BYTES: u64 = 5;

/// Bytes of the indicator section.
const INDICATOR_BYTES: u64 = 16;

/// What the sections so far have said; sections that are left out hold on.
#[derive(Default)]
struct Sections {
    around: Option<Around>,
    grid: Option<Result<usize, Error>>,
    product: Option<Result<Product, Error>>,
    packing: Option<(u16, Extent)>,
    bitmap: Option<Result<Option<Extent>, Error>>,
    /// Whether a product was defined whose values did not come yet.
    is_pending: bool,
    /// The bitmap that was defined last in the message, which others may refer to.
    defined: Option<Extent>,
}

/// Reads the fields of a message. `end` is where its sections end, `fault` why its values cannot be trusted.
pub fn read(
    window: &mut Window<'_>,
    frame: &Frame,
    (end, fault): (u64, Option<Error>),
    index: &mut Index,
) -> Result<(), Error> {
    let mut sections = Sections::default();
    let read = each_section(window, frame, (end, fault.as_ref()), (&mut sections, index));
    match (read, fault) {
        // The file ends before the values do, but it was said what they are.
        (Err(error), Some(fault)) if sections.is_pending => {
            sections.packing.get_or_insert((0, NOWHERE));
            sections.bitmap.get_or_insert(Ok(None));
            match sections.field(NOWHERE, Some(fault)) {
                Ok(field) => index.add(field),
                Err(_) => Err(error),
            }
        }
        (read, _) => read,
    }
}

/// Where nothing is.
const NOWHERE: Extent = Extent { offset: 0, length: 0 };

fn each_section(
    window: &mut Window<'_>,
    frame: &Frame,
    (end, fault): (u64, Option<&Error>),
    (sections, index): (&mut Sections, &mut Index),
) -> Result<(), Error> {
    let mut at = frame.start.saturating_add(INDICATOR_BYTES);
    while at < end {
        let header = window.bytes(at, SECTION_BYTES)?;
        if header.starts_with(END) {
            break;
        }
        let header = Octets(header);
        let (length, number) = (u64::from(header.u32(1)?), header.u8(5)?);
        let next = at.saturating_add(length);
        let whole = length >= SECTION_BYTES && next <= end;
        if !whole && (number != 7 || fault.is_none()) {
            return Err(Error::corrupt(format!(
                "section {number} has {length} bytes, and reaches out of the message"
            )));
        }
        let extent = Extent { offset: at, length };
        match number {
            7 => match sections.field(extent, fault.cloned()) {
                Ok(field) => index.add(field)?,
                // The message may have others.
                Err(error) if error.kind == ErrorKind::Unsupported => index.skip(&error),
                Err(error) => return Err(error),
            },
            2 => {}
            _ => sections.header(window, (number, extent), frame.discipline, index)?,
        }
        at = next;
    }
    Ok(())
}

fn incomplete(what: &str) -> Error {
    Error::corrupt(format!("its {what} section is missing or damaged"))
}

impl Sections {
    fn header(
        &mut self,
        window: &mut Window<'_>,
        (number, extent): (u8, Extent),
        discipline: u8,
        index: &mut Index,
    ) -> Result<(), Error> {
        let wanted = match number {
            // Of a bitmap, only what kind it is.
            6 => extent.length.min(SECTION_BYTES + 1),
            _ => extent.length,
        };
        if wanted > MOST_HEADER_BYTES {
            let (length, most) = (extent.length, MOST_HEADER_BYTES);
            return Err(Error::unsupported(format!(
                "section {number} has {length} bytes, the limit is {most}"
            )));
        }
        let octets = Octets(window.bytes(extent.offset, wanted)?);
        match number {
            1 => self.around = Some(around(octets, discipline)?),
            3 => self.grid = Some(grid::edition2::parse(octets).and_then(|grid| index.grid(grid))),
            4 => self.product(octets),
            5 => self.packing = Some((octets.u16(10)?, extent)),
            6 => self.bitmap(octets, extent),
            other => return Err(Error::corrupt(format!("there is no section {other}"))),
        }
        Ok(())
    }

    fn product(&mut self, octets: Octets<'_>) {
        self.is_pending = true;
        let around = self.around.as_ref().ok_or_else(|| incomplete("identification"));
        self.product = Some(around.and_then(|around| product2::parse(octets, around)));
    }

    /// Code table 6.0: 0 for a bitmap here, 254 for the one before, 255 for none.
    fn bitmap(&mut self, octets: Octets<'_>, extent: Extent) {
        self.bitmap = Some(octets.u8(6).and_then(|kind| match kind {
            0 => {
                let Extent { offset, length } = extent;
                let header = SECTION_BYTES + 1;
                let bits =
                    Extent { offset: offset.saturating_add(header), length: length.saturating_sub(header) };
                self.defined = Some(bits);
                Ok(Some(bits))
            }
            254 => self.defined.map(Some).ok_or_else(|| incomplete("bitmap")),
            255 => Ok(None),
            other => Err(Error::unsupported(format!(
                "bitmap {other} of the originating centre is not in the file"
            ))),
        }));
    }

    /// The field whose values stand in a section 7.
    fn field(&mut self, values: Extent, fault: Option<Error>) -> Result<Field, Error> {
        self.is_pending = false;
        let around = self.around.as_ref().ok_or_else(|| incomplete("identification"))?;
        let product = self.product.clone().ok_or_else(|| incomplete("product definition"))??;
        let grid = self.grid.clone().ok_or_else(|| incomplete("grid definition"))??;
        let (packing, description) = self.packing.ok_or_else(|| incomplete("data representation"))?;
        let (bitmap, bitmap_fault) = match self.bitmap.clone() {
            Some(Ok(bitmap)) => (bitmap, None),
            Some(Err(error)) => (None, Some(error)),
            None => return Err(incomplete("bitmap")),
        };
        let Extent { offset, length } = values;
        let values = Extent {
            offset: offset.saturating_add(SECTION_BYTES),
            length: length.saturating_sub(SECTION_BYTES),
        };
        let stored = Stored { edition: 2, packing, decimal: 0, description, bitmap, values };
        let fault = fault.or(bitmap_fault).map(Box::new);
        Ok(Field { product, time: around.time, centre: around.centre, grid, stored, message: None, fault })
    }
}

/// Section 1.
fn around(octets: Octets<'_>, discipline: u8) -> Result<Around, Error> {
    let centre = octets.u16(6)?;
    let time = calendar::seven_octets(octets, 13)?;
    Ok(Around { discipline, centre, time, data_type: octets.u8(21)? })
}
