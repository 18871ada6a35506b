//! File formats, known by how files begin, and the backend of each.

use std::path::Path;

use crate::error::NETCDF_C_HINT;
use crate::{Access, ChunkSource, DataFile, Error, OtherFiles};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Classic netCDF: CDF-1, CDF-2, CDF-5.
    NetCdf3,
    /// HDF5, and netCDF-4 in it.
    Hdf5,
    /// HDF4, which is read through netCDF-C alone.
    Hdf4,
}

/// HDF4 Specification, "File Header": the magic number.
const HDF4_SIGNATURE: [u8; 4] = [0x0e, 0x03, 0x13, 0x01];
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
    if start == HDF4_SIGNATURE {
        return Ok(Some(Format::Hdf4));
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
    match recognise(&file)? {
        Some(Format::NetCdf3) => crate::netcdf3::open(file),
        Some(Format::Hdf5) => crate::hdf5::open(file),
        Some(Format::Hdf4) => {
            Err(Error::unsupported(format!("it is an HDF4 file; HDF4 is not supported{NETCDF_C_HINT}")))
        }
        None => Err(Error::unsupported("the file is neither netCDF nor HDF5")),
    }
}

/// Opens a file of this machine. What its backend refuses is read through netCDF-C, where that is built in, and then may be in
/// other files, too.
///
/// # Errors
/// As [`open`].
pub fn open_local(file: DataFile, at: &Path, access: &Access) -> Result<(Box<dyn ChunkSource>, OtherFiles), Error> {
    #[cfg(not(feature = "netcdf-c"))]
    {
        let _unused = (at, access);
        Ok((open(file)?, OtherFiles::default()))
    }
    #[cfg(feature = "netcdf-c")]
    {
        use crate::{ErrorKind, worker};
        use std::sync::Arc;
        let settings = worker::Settings::of_environment(access.roots());
        let file = Arc::new(file);
        let opened = match recognise(&file)? {
            Some(Format::Hdf5) => crate::hdf5::open(Arc::clone(&file)),
            Some(Format::NetCdf3) => crate::netcdf3::open(Arc::clone(&file)),
            _ => Err(Error::unsupported("the file is neither netCDF nor HDF"))
        };
    }
}
