//! Fields: what a file's messages hold, one grid of values each.

use std::collections::BTreeMap;

use super::grid::Grid;
use super::product::Product;
use crate::{Error, ErrorKind};

/// Some bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// Where the values of a field are stored, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The edition of GRIB.
    pub edition: u8,
    /// How values are packed: the data representation template of edition 2, or the flags (octet 4 of section 4) of edition 1.
    pub packing: u16,
    /// The decimal scale factor of edition 1, which stands apart from the others.
    pub decimal: i64,
    /// What describes the packing: section 5 of edition 2, or the first 11 octets of section 4 of edition 1.
    pub description: Extent,
    /// The bitmap's octets.
    pub bitmap: Option<Extent>,
    /// The packed values' octets.
    pub values: Extent,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it is of.
    pub product: Product,
    /// Its reference time in seconds since 1970.
    pub time: i64,
    /// The originating centre.
    pub centre: u16,
    /// The place of its grid in the index.
    pub grid: usize,
    /// Where its values are.
    pub stored: Stored,
    /// The whole message, where it holds this field alone.
    pub message: Option<Extent>,
    /// Why its values cannot be read, where the message is damaged or refers to what is not in the file.
    pub fault: Option<Box<Error>>,
}

/// The fields of a file.
#[derive(Debug, Default)]
pub struct Index {
    /// The fields, in the order of the file.
    pub fields: Vec<Field>,
    /// The grids that they have.
    pub grids: Vec<Grid>,
    /// Why messages are not read, and how many each time.
    pub unread: BTreeMap<String, u64>,
    /// Whether something in the file is damaged that cannot be told: a field that is missing may be it.
    pub damaged: bool,
}

/// A file with more fields is refused: its index would not fit into memory.
const MOST_FIELDS: usize = 1_000_000;

/// More grids than any file has; each is compared with all.
const MOST_GRIDS: usize = 4096;

impl Index {
    /// The bytes of memory that it takes.
    pub fn resident_bytes(&self) -> u64 {
        /// What the texts and lists of a field or a grid take, more or less.
        const TEXTS: usize = 96;
        let fields = self.fields.capacity().saturating_mul(size_of::<Field>().saturating_add(TEXTS));
        let grids = self.grids.capacity().saturating_mul(size_of::<Grid>().saturating_add(TEXTS));
        fields.saturating_add(grids) as u64
    }

    /// The place of a grid, which is added if it is new.
    pub fn grid(&mut self, grid: Grid) -> Result<usize, Error> {
        // The newest first: messages mostly have the grid of the one before.
        if let Some(place) = self.grids.iter().rposition(|known| *known == grid) {
            return Ok(place);
        }
        if self.grids.len() >= MOST_GRIDS {
            let message = format!("the file has more than {MOST_GRIDS} grids, which is the limit");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.grids.push(grid);
        Ok(self.grids.len().saturating_sub(1))
    }

    /// Adds a field.
    pub fn add(&mut self, field: Field) -> Result<(), Error> {
        if self.fields.len() >= MOST_FIELDS {
            let message =
                format!("the file has more than {MOST_FIELDS} fields, which is the limit; split it");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.fields.push(field);
        Ok(())
    }

    /// How many fields are not read.
    pub fn left_out(&self) -> u64 {
        self.unread.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Notes a field that is not read: one of a kind that is not known here, or one that cannot be told for damage.
    pub fn skip(&mut self, error: &Error) {
        self.damaged |= error.kind != ErrorKind::Unsupported;
        let reason = match self.unread.len() {
            ..32 => error.message.clone(),
            _ => "for other reasons".to_owned(),
        };
        let count = self.unread.entry(reason).or_default();
        *count = count.saturating_add(1);
    }
}
