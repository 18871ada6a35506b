//! A folder of files that `make_worker_fixtures.py` made, each in a place of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Catalog, Dataset, Error, Opener};
use weir_model::{ByteOrder, Hyperslab};

/// Data that a site serves, in `data`, and data that it does not, in `outside`.
pub struct Folder(TempDir);

impl Folder {
    /// A copy of all fixtures.
    pub fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/worker");
        copy(&fixtures, &folder.path("data"));
        copy(&fixtures.join("parts"), &folder.path("outside"));
        folder
    }

    /// A path inside, with all links resolved.
    pub fn path(&self, name: &str) -> PathBuf {
        std::fs::canonicalize(self.0.path()).unwrap().join(name)
    }

    /// A catalog of the data.
    pub fn catalog(&self) -> Catalog {
        let paths = [self.path("data")];
        let opener = Arc::new(Opener::new(Access::to(&paths), Memory::new(64 << 20)));
        Catalog::scan(&paths, opener, &mut |_| {}).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => {
                std::fs::copy(&path, target).unwrap();
            }
        }
    }
}

/// All elements of a variable.
pub fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; usize::try_from(slab.elements()).unwrap() * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

/// Numbers as little-endian elements.
pub fn int16(numbers: impl IntoIterator<Item = i16>) -> Vec<u8> {
    numbers.into_iter().flat_map(i16::to_le_bytes).collect()
}

/// Numbers as little-endian elements.
pub fn int32(numbers: impl IntoIterator<Item = i32>) -> Vec<u8> {
    numbers.into_iter().flat_map(i32::to_le_bytes).collect()
}

/// Numbers as little-endian elements.
#[cfg(feature = "netcdf-c")]
pub fn float32(numbers: impl IntoIterator<Item = u16>) -> Vec<u8> {
    numbers.into_iter().flat_map(|n| f32::from(n).to_le_bytes()).collect()
}
