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
    /// A document of references to parts of other files.
    References,
    /// GRIB, editions 1 and 2.
    Grib,
    /// NcML: the definition of a dataset that is made of others.
    NcMl,
}

packed!(enum Format { 1 => NetCdf3, 2 => Hdf5, 3 => References, 4 => Grib, 5 => NcMl });

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
    if crate::grib::recognise(file)? {
        return Ok(Some(Format::Grib));
    }
    if is_ncml(file, start)? {
        return Ok(Some(Format::NcMl));
    }
    Ok(crate::reference::is_document(file)?.then_some(Format::References))
}

/// Whether a file is XML with the root element of NcML, which must begin within the first 64 KiB.
fn is_ncml(file: &DataFile, start: [u8; 4]) -> Result<bool, Error> {
    let blank = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if !matches!(blank, None | Some(b'<' | b'\xef')) {
        return Ok(false);
    }
    Ok(crate::ncml::recognise(&file.read_at(0, file.len().min(64 << 10))?))
}

/// The format of a file, from the index if that knows it; `None` where it is no data file.
///
/// # Errors
/// As [`recognise`].
pub fn of(file: &DataFile) -> Result<Option<Format>, Error> {
    if let Some(known) = file.recall(RECORD, &[], unpack::<Format>) {
        return Ok(Some(known));
    }
    let found = recognise(file)?;
    if let Some(format) = &found {
        file.remember(RECORD, &[], || pack(format));
    }
    Ok(found)
}

/// Opens a file with the backend of its format.
///
/// # Errors
/// `Unsupported` where it is no data file, and for references, which an [`Opener`](crate::Opener) opens; otherwise those of the backend.
pub fn open(file: DataFile) -> Result<Box<dyn ChunkSource>, Error> {
    match of(&file)? {
        Some(format) => open_as(format, file),
        None => Err(Error::unsupported(
            "the file is no data file that can be read: netCDF, HDF5, GRIB, a reference set or NcML",
        )),
    }
}

fn open_as(format: Format, file: DataFile) -> Result<Box<dyn ChunkSource>, Error> {
    match format {
        Format::NetCdf3 => crate::netcdf3::open(file),
        Format::Hdf5 => crate::hdf5::open(file),
        Format::Grib => crate::grib::open(file),
        Format::References => Err(Error::unsupported(
            "a reference set can be opened only where it lies in a folder of this machine",
        )),
        Format::NcMl => {
            Err(Error::unsupported("an NcML file is no member; write its elements where it is named"))
        }
    }
}
