//! Files made by `make_hdf5_fixtures.py`, and numbers as elements.

use std::path::{Path, PathBuf};

use weir_datasets::contract::Expected;
use weir_datasets::{ChunkSource, DataFile, Error, hdf5};
use weir_model::{DataType, Schema};

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

/// Numbers as little-endian elements of a type.
pub fn elements(data_type: &DataType, numbers: &[f64]) -> Vec<u8> {
    let element = |n: f64| match data_type.stored() {
        DataType::Int8 => (n as i8).to_le_bytes().to_vec(),
        DataType::UInt8 => (n as u8).to_le_bytes().to_vec(),
        DataType::Int16 => (n as i16).to_le_bytes().to_vec(),
        DataType::UInt16 => (n as u16).to_le_bytes().to_vec(),
        DataType::Int32 => (n as i32).to_le_bytes().to_vec(),
        DataType::UInt32 => (n as u32).to_le_bytes().to_vec(),
        DataType::Int64 => (n as i64).to_le_bytes().to_vec(),
        DataType::UInt64 => (n as u64).to_le_bytes().to_vec(),
        DataType::Float32 => (n as f32).to_le_bytes().to_vec(),
        DataType::Float64 => n.to_le_bytes().to_vec(),
        other => panic!("{} is no number", other.describe()),
    };
    numbers.iter().flat_map(|&n| element(n)).collect()
}

/// 1, 2, 3, ..., as many as the variable at `path` has elements.
pub fn counted(schema: &Schema, path: &str) -> Expected {
    let variable = schema.variable(path).unwrap();
    let numbers: Vec<f64> = (1..=variable.shape.iter().product::<u64>()).map(|n| n as f64).collect();
    Expected::Elements(elements(&variable.data_type, &numbers))
}
