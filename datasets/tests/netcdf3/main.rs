//! Classic netCDF files: what they hold, what odd headers mean, and what damage does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

mod classic_file;
mod damage;
mod fixtures;
mod headers;
mod pattern;

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use weir_datasets::{ChunkSource, DataFile, Error, netcdf3};

/// Opens a file as the catalog does.
fn open(path: &Path) -> Result<Box<dyn ChunkSource>, Error> {
    netcdf3::open(DataFile::open(path)?)
}

/// A committed file.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file of these bytes.
fn file_of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}
