//! What reading is said to take is what it takes at most.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_datasets::aggregate::Definition;
use weir_datasets::aggregate::definition::{Base, Edits, Kind, Rules, Scan};
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, DataFile, Dataset, Opener, Place, grib};
use weir_model::{ByteOrder, Hyperslab, Stride};

use super::data::{OneFile, is_right, sharded, zarr_member};
use super::{alone, peak};

/// What is not counted: threads' own lists, names, errors.
const ALLOWED: u64 = 512 << 10;

/// Reads a hyperslab of `/a`, compares it, and compares what that took with what was said.
fn check(dataset: &Dataset, shape: &[u64], slab: &Hyperslab) {
    let said = dataset.scratch_bytes("a", slab).unwrap();
    let mut out = vec![0; usize::try_from(slab.elements() * 4).unwrap()];
    let (read, took) = peak(|| dataset.read("a", slab, ByteOrder::Little, &mut out));
    read.unwrap();
    assert!(is_right(&out, shape, slab));
    assert!(took <= said + ALLOWED, "reading {slab:?} took {took} bytes, not {said}");
    let (proven, took) = peak(|| dataset.verify("a", slab));
    proven.unwrap();
    assert!(took <= said + ALLOWED, "proving {slab:?} took {took} bytes, not {said}");
}

fn whole(shape: &[u64]) -> Hyperslab {
    Hyperslab::whole(shape).unwrap()
}

/// The same element of all indices of the first axis.
fn series(shape: &[u64]) -> Hyperslab {
    let one = shape[1..].iter().map(|&length| Stride { start: length / 2, step: 1, count: 1 });
    Hyperslab::within(shape, [Stride::all(shape[0])].into_iter().chain(one).collect()).unwrap()
}

fn open(opener: &Opener, folder: &Path) -> Arc<Dataset> {
    opener.open(&Place::Folder { path: folder.to_owned(), root: None }).unwrap()
}

#[test]
fn chunks_of_one_file() {
    let _alone = alone();
    for (shape, chunk) in
        [([20, 300, 400], [1, 300, 400]), ([48, 48, 48], [8, 8, 8]), ([4, 900, 900], [2, 900, 900])]
    {
        let dataset = Dataset::within(Box::new(OneFile::new(&shape, &chunk)), &Memory::new(64 << 20));
        check(&dataset, &shape, &whole(&shape));
        check(&dataset, &shape, &series(&shape));
    }
}

#[test]
fn chunks_of_a_store() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let shape = [20, 300, 400];
    zarr_member(folder.path(), (&shape, &[1, 300, 400]), (0, 0));
    let opener = Opener::new(Access::default(), Memory::new(64 << 20));
    let dataset = open(&opener, folder.path());
    check(&dataset, &shape, &whole(&shape));
    check(&dataset, &shape, &series(&shape));
}

#[test]
fn indices_of_shards() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let count = 1 << 17;
    sharded(folder.path(), count);
    let opener = Opener::new(Access::default(), Memory::new(64 << 20));
    let dataset = open(&opener, folder.path());
    let one = whole(&[count]).narrowed(0, 99_999, 1).unwrap();
    check(&dataset, &[count], &one);
}

/// Members of several files, read as one.
fn joined(folder: &Path, memory: &Arc<Memory>) -> Arc<Dataset> {
    let mut rules = Rules::new(Kind::JoinExisting, "time");
    rules.scans.push(Scan::glob(folder, "*.zarr"));
    rules.recheck_every = Duration::from_secs(3600);
    let definition = Definition { base: Base::Aggregation(Box::new(rules)), edits: Edits::default() };
    let opener = Opener::new(Access::to(&[folder.to_owned()]), Arc::clone(memory));
    opener.open(&Place::Made(Arc::new(definition))).unwrap()
}

#[test]
fn members_that_are_read_at_once() {
    let _alone = alone();
    let memory = Memory::new(64 << 20);
    for chunk in [[1, 300, 400], [4, 300, 400], [2, 100, 100]] {
        let folder = tempfile::tempdir().unwrap();
        let member = [4, 300, 400];
        for number in 0..8 {
            let path = folder.path().join(format!("{number}.zarr"));
            zarr_member(&path, (&member, &chunk), (number * 4, number * 4 * 300 * 400));
        }
        let dataset = joined(folder.path(), &memory);
        let shape = [32, 300, 400];
        check(&dataset, &shape, &whole(&shape));
        check(&dataset, &shape, &series(&shape));
        // The join axis is not the slowest one of the output.
        check(&dataset, &shape, &whole(&shape).narrowed(0, 3, 27).unwrap());
    }
}

#[test]
fn fields_of_grib_files() {
    let _alone = alone();
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["grib_packings.grib", "grib_grids.grib", "grib_scanning.grib"] {
        let source = grib::open(DataFile::open(&fixtures.join(name)).unwrap()).unwrap();
        let dataset = Dataset::within(source, &Memory::new(64 << 20));
        for (path, variable) in dataset.schema().variables() {
            let (slab, size) = (whole(&variable.shape), variable.data_type.size().unwrap());
            let mut out = vec![0; usize::try_from(slab.elements()).unwrap() * size];
            let said = dataset.scratch_bytes(&path, &slab).unwrap();
            let (read, took) = peak(|| dataset.read(&path, &slab, ByteOrder::Little, &mut out));
            if read.is_ok() {
                assert!(took <= said + ALLOWED, "{name}: reading {path} took {took} bytes, not {said}");
            }
        }
    }
}
