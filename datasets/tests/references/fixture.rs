//! Sets made by `make_reference_fixtures.py`, and sets made here.

use std::path::{Path, PathBuf};

use weir_datasets::reference::References;
use weir_datasets::store::{Object, Store};
use weir_datasets::{Access, ChunkSource, DataFile, Dataset, Error, zarr};
use weir_model::{ByteOrder, Hyperslab};

/// The folder of the fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/references")
}

/// The keys of a fixture; files in its folder may be read.
pub fn set(name: &str) -> References {
    set_at(&folder().join(name), &Access::to(&[folder()])).unwrap()
}

/// The keys of a set.
pub fn set_at(path: &Path, access: &Access) -> Result<References, Error> {
    match path.is_dir() {
        true => References::partitions(path, access),
        false => References::document(DataFile::open(path)?, path.parent().unwrap(), access),
    }
}

/// Opens a fixture as the hierarchy that it is.
pub fn open(name: &str) -> Box<dyn ChunkSource> {
    zarr::open(Store::references(set(name))).unwrap()
}

/// A folder with these files.
pub fn folder_of(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// A copy of all fixtures, that may be changed.
pub fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp").arg("-r").arg(folder().join(".")).arg(copy.path()).status();
    assert!(status.unwrap().success());
    copy
}

/// The bytes of a key.
pub fn bytes(set: &References, key: &str) -> Result<Option<Vec<u8>>, Error> {
    set.locate(key)?.map(Object::read).transpose()
}

/// Reads a variable whole, little-endian.
pub fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; slab.elements() as usize * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

/// `count` numbers from `first` on.
pub fn counted(first: u32, count: u64) -> Vec<f64> {
    (0..count).map(|n| f64::from(first) + n as f64).collect()
}
