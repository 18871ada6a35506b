//! File formats, known by how files begin, and the backend of each.

use crate::{ChunkSource, DataFile, Error};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Classic netCDF: CDF-1, CDF-2, CDF-5.
    NetCdf3,
    /// HDF5, and netCDF-4 in it.
    Hdf5,
    /// NcML: the definition of a dataset that is made of others.
    NcMl,
    /// A document of references to parts of other files.
    References,
    /// GRIB, editions 1 and 2.
    Grib,
}

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
    if is_ncml(file, start)? {
        return Ok(Some(Format::NcMl));
    }
    if crate::grib::recognise(file)? {
        return Ok(Some(Format::Grib));
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

/// Opens a file with the backend of its format.
///
/// # Errors
/// `Unsupported` where it is no data file, and for references, which an [`Opener`](crate::Opener) opens; otherwise those of the backend.
pub fn open(file: DataFile) -> Result<Box<dyn ChunkSource>, Error> {
    match recognise(&file)? {
        Some(Format::NetCdf3) => crate::netcdf3::open(file),
        Some(Format::Hdf5) => crate::hdf5::open(file),
        Some(Format::NcMl) => {
            Err(Error::unsupported("an NcML file is no member; write its elements where it is named"))
        }
        Some(Format::Grib) => crate::grib::open(file),
        Some(Format::References) => Err(Error::unsupported(
            "a reference set can be opened only where it lies in a folder of this machine",
        )),
        None => Err(Error::unsupported("the file is neither netCDF, HDF5 nor GRIB")),
    }
}
