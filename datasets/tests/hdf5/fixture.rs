//! Files made by `make_hdf5_fixtures.py`, and numbers as elements.

use std::path::{Path, PathBuf};

use weir_datasets::contract::Expected;
use weir_datasets::{ChunkSource, DataFile, Error, hdf5};
use weir_model::Schema;

use crate::numbers::elements;

/// The path of a fixture.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Opens a fixture.
pub fn open(name: &str) -> Box<dyn ChunkSource> {
    hdf5::open(DataFile::open(&path(name)).unwrap()).unwrap()
}

/// Opens bytes as a file.
pub fn open_bytes(bytes: &[u8]) -> Result<Box<dyn ChunkSource>, Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    hdf5::open(DataFile::open(file.path()).unwrap())
}

/// 1, 2, 3, ..., as many as the variable at `path` has elements.
pub fn counted(schema: &Schema, path: &str) -> Expected {
    let variable = schema.variable(path).unwrap();
    let numbers: Vec<f64> = (1..=variable.shape.iter().product::<u64>()).map(|n| n as f64).collect();
    Expected::Elements(elements(&variable.data_type, &numbers))
}
