//! The index: what is known of a file is not read again, and is never taken for what another file holds, whatever happens to
//! the file or to the index.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod damage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use weir_datasets::catalog::format;
use weir_datasets::contract::{Expected, check_source};
use weir_datasets::index::Index;
use weir_datasets::index::build::{Depth, Progress, build};
use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory};
use weir_datasets::{
    Access, Catalog, ChunkSource, DataFile, Dataset, Error, ErrorKind, Opener, Place, hdf5, netcdf3,
};
use weir_model::{ByteOrder, Hyperslab, Stride, Value};

const FIXTURES: &[&str] = &[
    "cdf1_kinds.nc",
    "cdf2_kinds.nc",
    "cdf5_kinds.nc",
    "cdf1_empty.nc",
    "hdf5_dense.h5",
    "hdf5_earliest.h5",
    "hdf5_edges.h5",
    "hdf5_latest.h5",
    "hdf5_netcdf4.nc",
    "hdf5_plain.h5",
    "hdf5_records.h5",
    "hdf5_scales.h5",
    "hdf5_types.nc",
    "hdf5_unsupported.h5",
    "hdf5_user_types.nc",
    "hdf5_v110.h5",
    "hdf5_varying.h5",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A folder with an index, which takes files that were just made.
struct Site {
    folder: tempfile::TempDir,
    index: Arc<Index>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open_for_settled(&folder.path().join("index.redb")).unwrap();
        Self { folder, index }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("data.nc")
    }

    fn opener(&self) -> Opener {
        let opener = Opener::new(Access::to(&[self.file()]), Memory::new(DEFAULT_BUDGET));
        opener.with_index(Arc::clone(&self.index))
    }

    fn open(&self, opener: &Opener) -> Result<Arc<Dataset>, Error> {
        let dataset = opener.open(&Place::File { path: self.file(), root: None });
        self.index.finish();
        dataset
    }

    /// Opens a file twice: what the second opening reads is what the index does not know.
    fn twice(&self, path: &Path) -> (Box<dyn ChunkSource>, Box<dyn ChunkSource>, Arc<DataFile>) {
        let cold = format::open(DataFile::open(path).unwrap().with_index(&self.index)).unwrap();
        for (path, _) in cold.schema().variables() {
            // Some variables of some fixtures cannot be read; that must be so afterwards, too.
            let _known = cold.count_chunks(&path);
        }
        self.index.finish();
        let file = Arc::new(DataFile::open(path).unwrap().with_index(&self.index));
        let is_hdf5 = path.to_str().unwrap().contains("hdf5_");
        let warm = if is_hdf5 { hdf5::open(Arc::clone(&file)) } else { netcdf3::open(Arc::clone(&file)) };
        let warm = warm.unwrap();
        (cold, warm, file)
    }
}

/// All that a dataset says of a variable.
fn read(dataset: &Dataset, path: &str) -> Result<Expected, Error> {
    let variable = dataset.schema().variable(path).unwrap();
    let whole = Hyperslab::whole(&variable.shape).unwrap();
    if variable.data_type.is_varying() {
        return dataset.read_strings(path, &whole).map(Expected::Strings);
    }
    let size = variable.data_type.size().unwrap_or(1);
    let mut out = vec![0; whole.elements() as usize * size];
    dataset.read(path, &whole, ByteOrder::Little, &mut out)?;
    Ok(Expected::Elements(out))
}

#[test]
fn a_known_file_is_opened_without_reading_it() {
    let site = Site::new();
    for name in FIXTURES {
        let (cold, warm, file) = site.twice(&fixture(name));
        assert_eq!(file.reads(), 0, "{name} is read when it is opened");
        assert_eq!(warm.schema(), cold.schema(), "{name}");
        assert_eq!(warm.generation(), cold.generation(), "{name}");
        for (path, _) in cold.schema().variables() {
            assert_eq!(warm.count_chunks(&path), cold.count_chunks(&path), "{name}: {path}");
        }
        assert_eq!(file.reads(), 0, "{name} is read to find chunks");
        let (cold, warm) = (Dataset::new(cold), Dataset::new(warm));
        for (path, _) in cold.schema().variables() {
            assert_eq!(read(&warm, &path), read(&cold, &path), "{name}: {path}");
        }
    }
}

#[test]
fn a_known_file_keeps_the_contract() {
    let site = Site::new();
    // Those whose variables can all be read.
    for name in FIXTURES.iter().filter(|name| !name.contains("unsupported") && !name.contains("varying")) {
        let path = fixture(name);
        let (cold, ..) = site.twice(&path);
        let cold = Dataset::new(cold);
        let open = || format::open(DataFile::open(&path).unwrap().with_index(&site.index)).unwrap();
        let kept = check_source(open, &|variable| read(&cold, variable).ok());
        assert_eq!(kept, Ok(()), "{name}");
    }
}

#[test]
fn lists_of_chunks_are_read_when_they_are_needed() {
    let site = Site::new();
    let path = fixture("hdf5_netcdf4.nc");
    let cold = format::open(DataFile::open(&path).unwrap().with_index(&site.index)).unwrap();
    site.index.finish();
    // The schema is known, the chunks are not.
    let file = Arc::new(DataFile::open(&path).unwrap().with_index(&site.index));
    let warm = hdf5::open(Arc::clone(&file)).unwrap();
    assert_eq!((warm.schema(), file.reads()), (cold.schema(), 0));
    let counts: Vec<_> = warm.schema().variables().iter().map(|(path, _)| warm.count_chunks(path)).collect();
    assert!(counts.iter().all(Result::is_ok) && file.reads() > 0, "{counts:?}");
}

/// The value that stands first in variable `v` of the file that [`write`] makes.
fn first(dataset: &Dataset) -> Result<i32, Error> {
    let mut out = [0; 4];
    let slab = Hyperslab::within(&[3], vec![Stride { start: 0, step: 1, count: 1 }]).unwrap();
    dataset.read("/v", &slab, ByteOrder::Little, &mut out)?;
    Ok(i32::from_le_bytes(out))
}

/// A classic file with a variable of three values, and an attribute of its own.
fn bytes(value: i32) -> Vec<u8> {
    let word = |n: u32| n.to_be_bytes();
    let head = [
        *b"CDF\x01",
        word(0),
        word(10),
        word(1),
        word(1),
        *b"x\0\0\0",
        word(3),
        word(12),
        word(1),
        word(1),
        *b"t\0\0\0",
        word(4),
        word(1),
        value.to_be_bytes(),
        word(11),
        word(1),
        word(1),
        *b"v\0\0\0",
        word(1),
        word(0),
        word(0),
        word(0),
        word(4),
        word(12),
        word(100),
    ];
    let values = (0..3).flat_map(|n| (value + n).to_be_bytes());
    head.into_iter().flatten().chain(values).collect()
}

fn attribute(dataset: &Dataset) -> Value {
    dataset.schema().root.attributes[0].value.clone()
}

#[test]
fn a_file_that_changes_is_never_taken_for_what_it_was() {
    let site = Site::new();
    let opener = site.opener();
    let is = |opener: &Opener, value: i32| {
        let dataset = site.open(opener).unwrap();
        assert_eq!(first(&dataset), Ok(value));
        assert_eq!(attribute(&dataset), Value::Int32(vec![value]));
    };
    std::fs::write(site.file(), bytes(1)).unwrap();
    is(&opener, 1);
    // Replaced by another file of the same size.
    let other = site.folder.path().join("other");
    std::fs::write(&other, bytes(20)).unwrap();
    std::fs::rename(&other, site.file()).unwrap();
    is(&opener, 20);
    is(&site.opener(), 20);
    // Written to in its place, and its time set back.
    let times = std::fs::metadata(site.file()).unwrap().modified().unwrap();
    std::fs::write(site.file(), bytes(300)).unwrap();
    std::fs::File::options().write(true).open(site.file()).unwrap().set_modified(times).unwrap();
    is(&opener, 300);
    is(&site.opener(), 300);
    // Cut, made whole again with other values, gone.
    std::fs::write(site.file(), &bytes(300)[..110]).unwrap();
    assert_eq!(site.open(&opener).err().unwrap().kind, ErrorKind::Corrupt);
    assert_eq!(site.open(&site.opener()).err().unwrap().kind, ErrorKind::Corrupt);
    std::fs::write(site.file(), [bytes(4000), vec![9; 8]].concat()).unwrap();
    is(&opener, 4000);
    std::fs::remove_file(site.file()).unwrap();
    assert_eq!(site.open(&opener).err().unwrap().kind, ErrorKind::NotFound);
    assert_eq!(site.open(&site.opener()).err().unwrap().kind, ErrorKind::NotFound);
}

#[test]
fn what_was_known_of_a_generation_goes_with_it() {
    let site = Site::new();
    std::fs::write(site.file(), bytes(1)).unwrap();
    let old = DataFile::open(&site.file()).unwrap().with_index(&site.index);
    let opener = site.opener();
    site.open(&opener).unwrap();
    assert!(old.records().unwrap().get("netcdf3", &[]).is_some());
    std::fs::write(site.file(), bytes(20)).unwrap();
    site.open(&opener).unwrap();
    assert!(old.records().unwrap().get("netcdf3", &[]).is_none());
}

#[test]
fn nothing_is_kept_of_a_file_that_may_still_change_unseen() {
    let site = Site::new();
    std::fs::write(site.file(), bytes(1)).unwrap();
    let index = Index::open(&site.folder.path().join("strict.redb")).unwrap();
    let ahead = SystemTime::now() + Duration::from_secs(3600);
    std::fs::File::options().write(true).open(site.file()).unwrap().set_modified(ahead).unwrap();
    let file = DataFile::open(&site.file()).unwrap().with_index(&index);
    assert!(file.records().is_none());
    let opener = Opener::new(Access::to(&[site.file()]), Memory::new(DEFAULT_BUDGET)).with_index(index);
    let catalog = Catalog::scan(&[site.file()], Arc::new(opener), &mut |_| {}).unwrap();
    let failures = build(&catalog, Depth::Locations, &Progress::default()).unwrap();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].is_named && failures[0].reason.contains("is being written"), "{failures:?}");
}

#[test]
fn what_is_proven_is_kept_for_each_variable() {
    let site = Site::new();
    std::fs::write(site.file(), bytes(1)).unwrap();
    let file = DataFile::open(&site.file()).unwrap().with_index(&site.index);
    let records = file.records().unwrap();
    records.keep_proven("/g/v", &[0b101]);
    site.index.finish();
    assert_eq!(records.proven("g/v"), Some(vec![0b101]));
    assert_eq!(records.proven("/v"), None);
    std::fs::write(site.file(), bytes(2)).unwrap();
    let changed = DataFile::open(&site.file()).unwrap().with_index(&site.index);
    assert_eq!(changed.records().unwrap().proven("/g/v"), None);
}

#[test]
fn whatever_was_named_itself_counts_as_named() {
    let site = Site::new();
    let data = site.folder.path().join("data");
    let store = data.join("store.zarr");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join(".zgroup"), "{\"zarr_format\": 2}").unwrap();
    let ncml = data.join("gone.ncml");
    let text =
        "<netcdf xmlns=\"http://www.unidata.ucar.edu/namespaces/netcdf/ncml-2.2\" location=\"gone.nc\"/>";
    std::fs::write(&ncml, text).unwrap();
    let failed = |paths: &[PathBuf], place: Option<Place>| {
        let opener = Opener::new(Access::to(std::slice::from_ref(&data)), Memory::new(DEFAULT_BUDGET));
        let opener = Arc::new(opener.with_index(Arc::clone(&site.index)));
        let mut catalog = Catalog::scan(paths, opener, &mut |_| {}).unwrap();
        if let Some(place) = place {
            catalog.add("remote", place).unwrap();
        }
        // It was a store when it was found.
        std::fs::remove_file(store.join(".zgroup")).unwrap();
        let failures = build(&catalog, Depth::Locations, &Progress::default()).unwrap();
        std::fs::write(store.join(".zgroup"), "{\"zarr_format\": 2}").unwrap();
        failures.into_iter().map(|failure| (failure.id, failure.is_named)).collect::<Vec<_>>()
    };
    let both = |is_named| vec![("gone.ncml".to_owned(), is_named), ("store.zarr".to_owned(), is_named)];
    assert_eq!(failed(&[ncml.clone(), store.clone()], None), both(true));
    assert_eq!(failed(std::slice::from_ref(&data), None), both(false));
    // No rule allows to reach it.
    let url = weir_datasets::ObjectUrl::parse("http://127.0.0.1:9/data.nc").unwrap();
    for place in [Place::Object { url: url.clone() }, Place::Prefix { url: url.clone() }] {
        assert_eq!(failed(&[], Some(place)), [("remote".to_owned(), true)]);
    }
}

#[test]
fn all_is_learnt_ahead() {
    let site = Site::new();
    let folder = site.folder.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let good = ["hdf5_netcdf4.nc", "hdf5_earliest.h5", "cdf1_kinds.nc"];
    for name in good {
        std::fs::copy(fixture(name), folder.join(name)).unwrap();
    }
    let whole = std::fs::read(fixture("hdf5_plain.h5")).unwrap();
    std::fs::write(folder.join("cut.h5"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.join("notes.txt"), "no data").unwrap();
    let scan = || Catalog::scan(std::slice::from_ref(&folder), Arc::new(site.opener()), &mut |_| {}).unwrap();
    let (catalog, progress) = (scan(), Progress::default());
    let failures = build(&catalog, Depth::Values, &progress).unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].id.as_str(), failures[0].is_named), ("cut.h5", false));
    assert!(failures[0].reason.contains("truncated"), "{failures:?}");
    assert_eq!(progress.files(), 4);
    // The same is found without looking into the files.
    let again = scan();
    assert_eq!(again.ids().collect::<Vec<_>>(), catalog.ids().collect::<Vec<_>>());
    for name in good {
        let file = Arc::new(DataFile::open(&folder.join(name)).unwrap().with_index(&site.index));
        let records = file.records().unwrap().clone();
        let source = if name.contains("hdf5") { hdf5::open(Arc::clone(&file)) } else { continue };
        let source = source.unwrap();
        for (path, variable) in source.schema().variables() {
            source.count_chunks(&path).unwrap();
            // Only what can be damaged without being too short is proven.
            if variable.storage.codecs.is_empty() {
                assert_eq!(records.proven(&path), None, "{path}");
                continue;
            }
            let bits: u32 = records.proven(&path).unwrap().iter().map(|byte| byte.count_ones()).sum();
            let chunks = variable.shape.iter().zip(&variable.storage.chunk_shape);
            assert_eq!(
                u64::from(bits),
                chunks.map(|(n, chunk)| n.div_ceil(*chunk)).product::<u64>(),
                "{path}"
            );
        }
        assert_eq!(file.reads(), 0, "{name}");
    }
}

#[test]
fn a_scan_sees_what_became_of_known_files() {
    let site = Site::new();
    let folder = site.folder.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let scan = |expected: &[&str]| {
        // Twice: the second one knows all.
        for _ in 0..2 {
            let paths = std::slice::from_ref(&folder);
            let catalog = Catalog::scan(paths, Arc::new(site.opener()), &mut |_| {}).unwrap();
            assert_eq!(catalog.ids().collect::<Vec<_>>(), expected);
            site.index.finish();
        }
    };
    std::fs::write(folder.join("a.nc"), bytes(1)).unwrap();
    std::fs::write(folder.join("b.nc"), b"no data".repeat(16)).unwrap();
    scan(&["a.nc"]);
    // Each becomes what the other was, of the same size.
    std::fs::write(folder.join("a.nc"), b"no data".repeat(16)).unwrap();
    std::fs::write(folder.join("b.nc"), bytes(1)).unwrap();
    scan(&["b.nc"]);
    std::fs::rename(folder.join("b.nc"), folder.join("a.nc")).unwrap();
    scan(&["a.nc"]);
    std::fs::remove_file(folder.join("a.nc")).unwrap();
    scan(&[]);
}

#[test]
fn a_damaged_chunk_is_found_ahead() {
    let site = Site::new();
    let mut whole = std::fs::read(fixture("hdf5_netcdf4.nc")).unwrap();
    let cold = hdf5::open(DataFile::open(&fixture("hdf5_netcdf4.nc")).unwrap()).unwrap();
    let run = cold.schema().variables().into_iter().find_map(|(path, variable)| {
        let index = vec![0; variable.shape.len()];
        let deflated = variable.storage.codecs.iter().any(|codec| codec.name() == "deflate");
        match cold.locate(weir_datasets::ChunkKey { variable: &path, index: &index }) {
            Ok(weir_datasets::Stored::Run(run)) if deflated => Some((path, run)),
            _ => None,
        }
    });
    let (path, run) = run.expect("the fixture has a deflated variable");
    whole[run.offset as usize..][..run.length as usize].fill(0x55);
    std::fs::write(site.file(), whole).unwrap();
    let catalog = Catalog::scan(&[site.file()], Arc::new(site.opener()), &mut |_| {}).unwrap();
    let progress = Progress::default();
    assert_eq!(build(&catalog, Depth::Locations, &progress).unwrap(), []);
    let failures = build(&catalog, Depth::Values, &progress).unwrap();
    assert!(failures.len() == 1 && failures[0].reason.contains(&path), "{failures:?}");
    let file = DataFile::open(&site.file()).unwrap().with_index(&site.index);
    assert_eq!(file.records().unwrap().proven(&path), None);
}
