//! Files made by `make_grib_fixtures.py`.

use std::path::{Path, PathBuf};

use weir_datasets::{ChunkSource, DataFile, Dataset, Error, grib};
use weir_model::{ByteOrder, Hyperslab, Variable};

/// The path of a fixture.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The fixtures, by name.
pub fn all() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().path());
    let is_grib = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "grib");
    let mut all: Vec<PathBuf> = entries.filter(is_grib).collect();
    all.sort();
    all
}

/// Opens a file.
pub fn open(path: &Path) -> Result<Box<dyn ChunkSource>, Error> {
    grib::open(DataFile::open(path).unwrap())
}

/// Opens bytes as a file.
pub fn open_bytes(bytes: &[u8]) -> Result<Box<dyn ChunkSource>, Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    open(file.path())
}

/// The text of a variable's attribute; empty where it has none.
pub fn text(variable: &Variable, name: &str) -> String {
    let value = variable.attribute(name).and_then(|attribute| attribute.value.as_text());
    value.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// All elements of a variable of doubles or integers.
pub fn numbers(dataset: &Dataset, name: &str) -> Vec<f64> {
    let variable = dataset.schema().variable(name).unwrap();
    let size = variable.data_type.size().unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut bytes = vec![0xa5; slab.elements() as usize * size];
    dataset.read(&format!("/{name}"), &slab, ByteOrder::Little, &mut bytes).unwrap();
    match size {
        4 => bytes.as_chunks().0.iter().map(|&four| f64::from(i32::from_le_bytes(four))).collect(),
        _ => bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight)).collect(),
    }
}
