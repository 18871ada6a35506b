//! What a worker reads is what was written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::worker::{self, Settings};
use weir_datasets::{ChunkSource, DataFile, Dataset, ErrorKind, StringRoom, hdf5, netcdf3};
use weir_model::{Codec, Group, Hyperslab, Schema};

use crate::built_worker::program;
use crate::folder::{Folder, float32, int16, int32, read};

/// Workers that may read a folder.
pub fn settings(root: PathBuf) -> Settings {
    let (program, patience) = (program().to_owned(), Duration::from_secs(60));
    Settings { program, patience, memory: 4 << 30, roots: vec![root] }
}

fn fixture(name: &str) -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// Opens a file through netCDF-C alone.
fn open_whole(path: &Path) -> Box<dyn ChunkSource> {
    let file = Arc::new(DataFile::open(path).unwrap());
    worker::open_whole(file, path, &settings(path.parent().unwrap().to_owned())).unwrap().0
}

/// Opens a file with our own reader, and what that cannot read through netCDF-C.
pub fn open_composed(path: &Path, settings: &Settings) -> Box<dyn ChunkSource> {
    let file = Arc::new(DataFile::open(path).unwrap());
    let source = hdf5::open(Arc::clone(&file)).unwrap();
    worker::take_over(source, (file, path), settings).unwrap().0
}

fn expected(path: &str) -> Option<Expected> {
    let columns = (0..5).flat_map(|row| [-3, 7 * row + 2, -3, 7 * row + 4]);
    let words = ["0a".to_owned(), "0bb".repeat(40), "1a".to_owned(), "1bb".repeat(40)];
    Some(match path {
        "/plain" => Expected::Elements(int16(1..=35)),
        "/joined" | "/nested" => Expected::Elements(float32(1..=72)),
        "/inner/joined" => Expected::Elements(float32(25..=48)),
        "/as_integers" => Expected::Elements(int32(1..=24)),
        "/columns" => Expected::Elements(int16(columns)),
        "/outside" => Expected::Elements(int32(1..=20)),
        "/words" => Expected::Strings(words.map(String::into_bytes).to_vec()),
        _ => return None,
    })
}

/// A source without the variables that nobody can read.
struct Readable(Box<dyn ChunkSource>, Schema);

impl Readable {
    fn of(source: Box<dyn ChunkSource>) -> Box<dyn ChunkSource> {
        let mut schema = source.schema().clone();
        schema
            .root
            .variables
            .retain(|variable| !["missing", "pattern", "short"].contains(&variable.name.as_str()));
        Box::new(Self(source, schema))
    }
}

impl ChunkSource for Readable {
    fn schema(&self) -> &Schema {
        &self.1
    }
    fn generation(&self) -> String {
        self.0.generation()
    }
    fn check_unchanged(&self) -> Result<(), weir_datasets::Error> {
        self.0.check_unchanged()
    }
    fn locate(
        &self,
        chunk: weir_datasets::ChunkKey<'_>,
    ) -> Result<weir_datasets::Stored, weir_datasets::Error> {
        self.0.locate(chunk)
    }
    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, weir_datasets::Error> {
        self.0.read_strings(variable, slab, room)
    }
}

#[test]
fn variables_whose_elements_are_elsewhere_are_read_by_the_worker_and_others_are_not() {
    let folder = Folder::new();
    let path = folder.path("data/collected.h5");
    let settings = settings(folder.path("data"));
    let source = open_composed(&path, &settings);
    for (path, variable) in source.schema().variables() {
        let by_worker =
            matches!(variable.storage.codecs.as_slice(), [Codec::Other { name, .. }] if name == "netcdf-c");
        assert_eq!(
            by_worker,
            !["/plain", "/missing", "/pattern", "/short"].contains(&path.as_str()),
            "{path}"
        );
    }
    check_source(|| Readable::of(open_composed(&path, &settings)), &expected).unwrap();
}

#[test]
fn a_whole_file_is_read_by_the_worker() {
    let folder = Folder::new();
    let path = folder.path("data/collected.h5");
    check_source(|| Readable::of(open_whole(&path)), &expected).unwrap();
}

#[test]
fn what_cannot_be_read_says_why_and_costs_nothing_else() {
    let folder = Folder::new();
    program();
    let dataset = folder.catalog().open("collected.h5").unwrap();
    let unsupported = ErrorKind::Unsupported;
    let reasons = [
        ("/missing", unsupported, "none.h5"),
        ("/pattern", unsupported, "patterns"),
        ("/short", ErrorKind::Corrupt, "more.bin"),
    ];
    for (path, kind, word) in reasons {
        let error = read(&dataset, path).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(word) && error.message.contains("netCDF-C"), "{error}");
        assert!(!error.message.contains(folder.path("").to_str().unwrap()), "{error}");
    }
    assert_eq!(read(&dataset, "/joined").unwrap(), float32(1..=72));
    assert_eq!(read(&dataset, "/plain").unwrap(), int16(1..=35));
}

#[test]
fn no_file_leads_out_of_the_data_folders() {
    let folder = Folder::new();
    program();
    // The last one leads out by a link inside the folder.
    std::os::unix::fs::symlink(folder.path("outside/part0.h5"), folder.path("data/parts/none.h5")).unwrap();
    let catalog = folder.catalog();
    let dataset = catalog.open("leading_out.h5").unwrap();
    for path in ["/beside", "/bytes", "/absolute"] {
        let error = read(&dataset, path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{path}: {error}");
        assert!(error.message.contains("not a file inside the data folders"), "{error}");
    }
    assert_eq!(read(&dataset, "/plain").unwrap(), int32(1..=4));
    let collected = catalog.open("collected.h5").unwrap();
    assert_eq!(read(&collected, "/missing").map_err(|error| error.kind), Err(ErrorKind::Unsupported));
}

#[test]
fn a_codec_without_a_plugin_is_refused_by_both() {
    let folder = Folder::new();
    program();
    let dataset = folder.catalog().open("unusual_codec.h5").unwrap();
    match read(&dataset, "/zfp") {
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
            assert!(error.message.contains("netCDF-C"), "{error}");
        }
        // This machine has the plugin.
        Ok(elements) => assert_eq!(elements, float32(1..=64)),
    }
    assert_eq!(read(&dataset, "/plain").unwrap(), int32(1..=4));
}

#[test]
fn hdf4_is_read_where_netcdf_c_can_and_otherwise_refused_with_its_reason() {
    let folder = Folder::new();
    program();
    match folder.catalog().open("scientific.hdf") {
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
            assert!(
                error.message.contains("HDF4") && error.message.contains("netCDF-C cannot open it"),
                "{error}"
            );
        }
        Ok(dataset) => assert_eq!(read(&dataset, "/x").unwrap(), int16(1..=12)),
    }
}

/// Both readers show the same of a file, but for how it is stored.
fn check_same(name: &str, ours: &dyn ChunkSource) {
    let path = fixture(name);
    let theirs = open_whole(&path);
    let (one, other) = (comparable(&ours.schema().root), comparable(&theirs.schema().root));
    assert_eq!(one, other, "{name}");
    let ours_dataset = |path: &str| -> Option<Expected> {
        let variable = ours.schema().variable(path)?;
        let slab = Hyperslab::whole(&variable.shape).ok()?;
        Some(match variable.data_type.size() {
            None => Expected::Strings(ours.read_strings(path, &slab, &mut StringRoom::default()).unwrap()),
            Some(_) => return None,
        })
    };
    check_source(|| open_whole(&path), &ours_dataset).unwrap_or_else(|broken| panic!("{name}: {broken}"));
    let dataset = Dataset::new(open_whole(&path));
    let own = match name.starts_with("cdf") {
        true => netcdf3::open(DataFile::open(&path).unwrap()),
        false => hdf5::open(DataFile::open(&path).unwrap()),
    };
    let own = Dataset::new(own.unwrap());
    for (path, variable) in own.schema().variables() {
        if variable.data_type.size().is_some() {
            assert_eq!(read(&dataset, &path).unwrap(), read(&own, &path).unwrap(), "{name} {path}");
        }
    }
}

/// A group as text, without storage.
fn comparable(group: &Group) -> String {
    let variables = group.variables.iter().map(|variable| {
        let (name, data_type, attributes) = (&variable.name, &variable.data_type, &variable.attributes);
        format!("{name} {data_type:?} {:?} {:?} {attributes:?}\n", variable.dimensions, variable.shape)
    });
    let variables: String = variables.collect();
    let groups: String = group.groups.iter().map(comparable).collect();
    format!("{}\n{:?}\n{:?}\n{variables}{groups}", group.name, group.dimensions, group.attributes)
}

#[test]
fn netcdf_c_and_our_readers_show_the_same() {
    for name in ["hdf5_netcdf4.nc", "hdf5_dense.h5"] {
        check_same(name, hdf5::open(DataFile::open(&fixture(name)).unwrap()).unwrap().as_ref());
    }
    for name in ["cdf1_kinds.nc", "cdf5_kinds.nc"] {
        check_same(name, netcdf3::open(DataFile::open(&fixture(name)).unwrap()).unwrap().as_ref());
    }
}
