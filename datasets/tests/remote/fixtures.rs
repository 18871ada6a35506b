//! Committed files, and the contract that they keep wherever they lie.

use std::path::{Path, PathBuf};

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{Access, ChunkSource, DataFile, Dataset};
use weir_model::{ByteOrder, Hyperslab};

use crate::open;

/// A netCDF-3 file with records, one without, and a netCDF-4 and an HDF5 file with chunks and codecs.
pub const NAMES: [&str; 4] = ["cdf2_kinds.nc", "cdf5_single_ushort.nc", "hdf5_netcdf4.nc", "hdf5_v110.h5"];

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// Opens a file with the backend of its format.
pub fn source(file: DataFile) -> Box<dyn ChunkSource> {
    weir_datasets::catalog::format::open(file).unwrap()
}

/// Reads a variable whole.
pub fn read(dataset: &Dataset, path: &str) -> Result<Vec<u8>, weir_datasets::Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; usize::try_from(slab.elements()).unwrap() * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

/// The contract holds for an object, and its values are those of the local file that it is a copy of.
pub fn check_same(access: &Access, url: &str, name: &str) {
    let local = source(DataFile::open(&path(name)).unwrap());
    check_equal(local, || source(open(access, url).unwrap()), name);
}

/// The contract holds for a source, and its values are those of a local one.
pub fn check_equal(local: Box<dyn ChunkSource>, far: impl Fn() -> Box<dyn ChunkSource>, name: &str) {
    let local = Dataset::new(local);
    // By their texts, because an attribute that is not a number differs from itself.
    assert_eq!(format!("{:?}", far().schema()), format!("{:?}", local.schema()), "{name}");
    let expected = |path: &str| {
        let variable = local.schema().variable(path)?;
        let slab = Hyperslab::whole(&variable.shape).unwrap();
        Some(match variable.data_type.size() {
            Some(_) => Expected::Elements(read(&local, path).ok()?),
            None => Expected::Strings(local.read_strings(path, &slab).ok()?),
        })
    };
    assert_eq!(check_source(far, &expected), Ok(()), "{name}");
}
