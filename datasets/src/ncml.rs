//! NcML: files of XML that define datasets made of others (version 2.2, as THREDDS and netCDF-Java read it).
//!
//! Read is the part of it that sites write: `netcdf`, `aggregation` (joinExisting, joinNew, union), `scan`, `variableAgg`,
//! `variable`, `attribute`, `dimension`, `values`, `remove`. Everything else is refused with its name and line, because a
//! dataset that lacks what its definition says would be wrong without a word. NcML files are hostile input: no DTD, no
//! entities but the five of XML, and limits to size, depth, and number of attributes.

mod elements;
mod tree;

use std::path::Path;

use crate::aggregate::Definition;
use crate::{DataFile, Error, ErrorKind};

/// An NcML file has at most this many bytes.
pub const MOST_BYTES: u64 = 16 << 20;

/// Whether a file that begins with these bytes is NcML: XML whose root element is `netcdf`.
#[must_use]
pub fn recognise(start: &[u8]) -> bool {
    tree::root_name(start).as_deref() == Some("netcdf")
}

/// Reads a definition. Locations in it are relative to `folder`; what is read but has no effect is added to `problems`.
///
/// # Errors
/// `Corrupt` where the file is no XML, `Unsupported` and `BadRequest` for what is not understood, with the element and its
/// line; `TooLarge` beyond the limits.
pub fn read(file: &DataFile, folder: &Path, problems: &mut Vec<String>) -> Result<Definition, Error> {
    if file.len() > MOST_BYTES {
        let length = file.len();
        let message = format!("the NcML file has {length} bytes, the limit is {MOST_BYTES}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    let bytes = file.read_at(0, file.len())?;
    file.check_unchanged()?;
    parse(&bytes, folder, problems)
}

/// Parses NcML; see [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], folder: &Path, problems: &mut Vec<String>) -> Result<Definition, Error> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|e| Error::corrupt(format!("the NcML file is not UTF-8: {e}")))?;
    let root = tree::parse(text)?;
    elements::Reader { folder, problems }.document(&root)
}
