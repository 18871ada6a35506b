//! Stores made by `make_zarr_fixtures.py`, and what they hold by formula.

use std::path::{Path, PathBuf};

use weir_datasets::contract::Expected;
use weir_datasets::store::Store;
use weir_datasets::{ChunkSource, Error, zarr};
use weir_model::Schema;

/// The path of a fixture.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/zarr").join(name)
}

/// Opens a folder.
pub fn open_folder(folder: &Path) -> Result<Box<dyn ChunkSource>, Error> {
    zarr::open(Store::folder(folder)?)
}

/// Opens a fixture.
pub fn open(name: &str) -> Box<dyn ChunkSource> {
    open_folder(&path(name)).unwrap()
}

/// A store of these objects.
pub fn folder_of(objects: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (key, bytes) in objects {
        let path = folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// A copy of a fixture that may be damaged.
pub fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status =
        std::process::Command::new("cp").arg("-r").arg(path(name).join(".")).arg(folder.path()).status();
    assert!(status.unwrap().success());
    folder
}

/// 1, 2, 3, ..., as many as the variable at `path` has elements.
pub fn counted(schema: &Schema, path: &str) -> Vec<f64> {
    let variable = schema.variable(path).unwrap();
    (1..=variable.shape.iter().product::<u64>()).map(|n| n as f64).collect()
}

/// Texts that spell their place, with `ü` where the fixture has them.
pub fn texts(count: usize, spelled: &str) -> Expected {
    let text = |n: usize| format!("t{n}{}", spelled.repeat(n % 3)).into_bytes();
    Expected::Strings((1..=count).map(text).collect())
}
