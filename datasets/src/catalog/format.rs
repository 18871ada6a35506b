//! File formats, known by how files begin, and the backend of each.

use crate::index::{pack, packed, unpack};
use crate::{ChunkSource, DataFile, Error};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Classic netCDF: CDF-1, CDF-2, CDF-5.
    NetCdf3,
    /// HDF5, and netCDF-4 in it.
    Hdf5,
}

packed!(enum Format { 1 => NetCdf3, 2 => Hdf5 });

/// The format of a file, as the index keeps it.
const RECORD: &str = "format";

const HDF5_SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// Recognises a file by its magic bytes; `None` where it is no data file.
///
/// HDF5's may stand at byte 0, 512, 1024, 2048, ... (HDF5 File Format Specification, "Superblock": a user block may come
/// before it).
///
/// # Errors
/// `Unavailable` where the file cannot be read.
pub fn recognise(file: &DataFile) -> Result<Option<Format>, Error> {
    let mut start = [0; 4];
    if file.len() >= 4 {
        file.read_exact_at(0, &mut start)?;
    }
    if matches!(start, [b'C', b'D', b'F', 1 | 2 | 5]) {
        return Ok(Some(Format::NetCdf3));
    }
    let mut at = 0_u64;
    while at.checked_add(8).is_some_and(|end| end <= file.len()) {
        let mut signature = [0; 8];
        file.read_exact_at(at, &mut signature)?;
        if signature == HDF5_SIGNATURE {
            return Ok(Some(Format::Hdf5));
        }
        at = at.saturating_mul(2).max(512);
    }
    Ok(None)
}

/// Opens a file with the backend of its format.
///
/// # Errors
/// `Unsupported` where it is no data file; otherwise those of the backend.
pub fn open(file: DataFile) -> Result<Box<dyn ChunkSource>, Error> {
    let known = file.recall(RECORD, &[], unpack::<Format>);
    match known.map_or_else(|| recognise(&file), |known| Ok(Some(known)))? {
        Some(format) => {
            if known.is_none() {
                file.remember(RECORD, &[], || pack(&format));
            }
            open_as(format, file)
        }
        None => Err(Error::unsupported("the file is neither netCDF nor HDF5")),
    }
}

fn open_as(format: Format, file: DataFile) -> Result<Box<dyn ChunkSource>, Error> {
    match format {
        Format::NetCdf3 => crate::netcdf3::open(file),
        Format::Hdf5 => crate::hdf5::open(file),
    }
}
