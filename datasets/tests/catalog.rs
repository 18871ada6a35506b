//! The catalog: which files are datasets, by which ids, and what becomes of them while they are served.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use tempfile::TempDir;
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Catalog, Dataset, Error, ErrorKind, Opener};
use weir_model::{ByteOrder, Hyperslab};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Puts a data file into a folder.
fn put(folder: &TempDir, path: &str, name: &str) -> PathBuf {
    let target = folder.path().join(path);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(fixture(name), &target).unwrap();
    target
}

fn opener() -> Arc<Opener> {
    Arc::new(Opener::new(Access::default(), Memory::new(1 << 30)))
}

fn scan(paths: &[&Path]) -> Result<Catalog, Error> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    Catalog::scan(&paths, opener(), &mut |_| {})
}

fn ids(catalog: &Catalog) -> Vec<&str> {
    catalog.ids().collect()
}

/// A file of 4 KiB, all 0x11 but for these bytes.
fn with_bytes(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x11; 4096];
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn data_files_are_known_by_how_they_begin() {
    const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("classic1", &with_bytes(0, b"CDF\x01"));
    write("classic2.dat", &with_bytes(0, b"CDF\x02"));
    write("classic5.nc", b"CDF\x05");
    write("classic3.nc", &with_bytes(0, b"CDF\x03"));
    for at in [0, 512, 1024, 2048, 1536] {
        write(&format!("hdf5_at_{at}.nc"), &with_bytes(at, SIGNATURE));
    }
    write("end.h5", &[&[0x11; 512], SIGNATURE].concat());
    write("text.nc", b"netcdf text {\n}\n");
    write("empty.nc", b"");
    write("short.nc", b"CDF");
    let catalog = scan(&[folder.path()]).unwrap();
    let expected = [
        "classic1",
        "classic2.dat",
        "classic5.nc",
        "end.h5",
        "hdf5_at_0.nc",
        "hdf5_at_1024.nc",
        "hdf5_at_2048.nc",
        "hdf5_at_512.nc",
    ];
    assert_eq!(ids(&catalog), expected);
    assert_eq!(catalog.skipped(), []);
}

#[test]
fn ids_are_paths_below_the_folder() {
    let folder = TempDir::new().unwrap();
    for path in ["b.nc", "a/deep/er.nc", "a/x.nc", ".hidden.nc", ".hidden/y.nc", "a/.z.nc", "with space/ü.nc"]
    {
        put(&folder, path, "cdf1_kinds.nc");
    }
    let single = TempDir::new().unwrap();
    let file = put(&single, "sub/one.nc", "cdf2_kinds.nc");
    let mut seen = vec![];
    let paths = [folder.path().join("."), file];
    let catalog = Catalog::scan(&paths, opener(), &mut |files| seen.push(files)).unwrap();
    assert_eq!(ids(&catalog), ["a/deep/er.nc", "a/x.nc", "b.nc", "one.nc", "with space/ü.nc"]);
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!(catalog.len(), 5);
    for id in ids(&catalog) {
        assert!(catalog.contains(id));
        assert_eq!(catalog.open(id).unwrap().schema().root.variables.len(), 21, "{id}");
    }
    for id in ["../sub/one.nc", "a/../b.nc", "./b.nc", "/b.nc", "a", "a/", ""] {
        assert!(!catalog.contains(id), "{id}");
        let error = catalog.open(id).err().unwrap();
        assert_eq!((error.kind, error.message), (ErrorKind::NotFound, format!("dataset '{id}' not found")));
    }
}

#[test]
fn lists_are_cut_by_prefix_place_and_number() {
    let folder = TempDir::new().unwrap();
    for path in ["a.nc", "b/1.nc", "b/2.nc", "b/3.nc", "b.nc", "c.nc"] {
        put(&folder, path, "cdf1_empty.nc");
    }
    let catalog = scan(&[folder.path()]).unwrap();
    let check = |prefix: &str, after: &str, limit: usize, expected: &[&str]| {
        assert_eq!(catalog.list(prefix, after, limit), expected, "{prefix:?} {after:?} {limit}");
    };
    check("", "", 10, &["a.nc", "b.nc", "b/1.nc", "b/2.nc", "b/3.nc", "c.nc"]);
    check("", "a.nc", 2, &["b.nc", "b/1.nc"]);
    check("b/", "", 10, &["b/1.nc", "b/2.nc", "b/3.nc"]);
    check("b/", "b/1.nc", 10, &["b/2.nc", "b/3.nc"]);
    check("b/", "b/1.nc", 1, &["b/2.nc"]);
    check("b/", "c", 10, &[]);
    check("b/1.nc", "b/1.nc", 10, &[]);
    check("x", "", 10, &[]);
    check("", "", 0, &[]);
}

#[test]
fn paths_that_are_nothing_are_named_as_they_were_typed() {
    let folder = TempDir::new().unwrap();
    let typed = folder.path().join("sub/../none");
    let error = scan(&[&typed]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.message, format!("{} does not exist; check the path", typed.display()));
    let text = folder.path().join("text.nc");
    std::fs::write(&text, "no data").unwrap();
    let error = scan(&[&text]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(
        error.message,
        format!(
            "{} is no data file that can be read: netCDF, HDF5, GRIB, a reference set or NcML",
            text.display()
        )
    );
}

#[test]
fn two_files_with_one_id_are_refused() {
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (first, second) = (put(&one, "a/x.nc", "cdf1_empty.nc"), put(&other, "a/x.nc", "cdf1_empty.nc"));
    let error = scan(&[one.path(), other.path()]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadRequest);
    let both = format!("{} and {} would both be dataset 'a/x.nc'", first.display(), second.display());
    assert!(error.message.starts_with(&both), "{error}");
    let error = scan(&[&first, &first]).unwrap_err();
    assert!(error.message.contains("would both be dataset 'x.nc'"), "{error}");
}

#[test]
fn links_are_followed_inside_the_folder_only() {
    let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    put(&folder, "real/a.nc", "cdf1_kinds.nc");
    let secret = put(&outside, "secret.nc", "cdf1_kinds.nc");
    symlink("real/a.nc", folder.path().join("latest.nc")).unwrap();
    symlink("real", folder.path().join("alias")).unwrap();
    symlink(&secret, folder.path().join("out.nc")).unwrap();
    symlink(outside.path(), folder.path().join("outside")).unwrap();
    symlink("nothing", folder.path().join("broken.nc")).unwrap();
    symlink(".", folder.path().join("real/loop")).unwrap();
    let catalog = scan(&[folder.path()]).unwrap();
    assert_eq!(ids(&catalog), ["alias/a.nc", "latest.nc", "real/a.nc"]);
    catalog.open("alias/a.nc").unwrap();
    let noted = |path: &str, words: &str| {
        let skipped = catalog.skipped().iter().find(|skipped| skipped.path == path);
        assert!(skipped.is_some_and(|s| s.reason.contains(words)), "{path}: {:?}", catalog.skipped());
    };
    noted("out.nc", "a link that leads out of the data folder");
    noted("outside", "a link that leads out of the data folder");
    noted("broken.nc", "No such file");
    noted("real/loop", "a link to a folder that it lies in");
    // A link that was good when it was found leads elsewhere now.
    std::fs::remove_file(folder.path().join("latest.nc")).unwrap();
    symlink(&secret, folder.path().join("latest.nc")).unwrap();
    let error = catalog.open("latest.nc").err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("leads out of the data folder"), "{error}");
    // A link that is named itself is meant.
    let link = folder.path().join("out.nc");
    assert_eq!(ids(&scan(&[&link]).unwrap()), ["out.nc"]);
}

#[test]
fn names_that_are_not_utf8_are_noted() {
    let folder = TempDir::new().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.nc");
    std::fs::copy(fixture("cdf1_empty.nc"), folder.path().join(name)).unwrap();
    let catalog = scan(&[folder.path()]).unwrap();
    assert!(catalog.is_empty());
    assert_eq!(catalog.skipped()[0].path, "caf\u{fffd}.nc");
    assert!(catalog.skipped()[0].reason.contains("not UTF-8"));
    assert_eq!(scan(&[&folder.path().join(name)]).unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn things_that_are_no_files_are_left_alone() {
    let folder = TempDir::new().unwrap();
    put(&folder, "a.nc", "cdf1_empty.nc");
    let _listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket.nc")).unwrap();
    // Opening a pipe without a writer would wait for one for ever.
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.nc")).status().unwrap();
    assert!(made.success());
    let catalog = scan(&[folder.path()]).unwrap();
    assert_eq!(ids(&catalog), ["a.nc"]);
    std::fs::remove_file(folder.path().join("a.nc")).unwrap();
    std::fs::rename(folder.path().join("pipe.nc"), folder.path().join("a.nc")).unwrap();
    assert_eq!(catalog.open("a.nc").err().unwrap().kind, ErrorKind::NotFound);
}

fn time(dataset: &Dataset) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; 24];
    dataset.read("/time", &Hyperslab::whole(&[3]).unwrap(), ByteOrder::Little, &mut out).map(|()| out)
}

#[test]
fn open_datasets_follow_their_files() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "a.nc", "cdf1_kinds.nc");
    let catalog = scan(&[folder.path()]).unwrap();
    let first = catalog.open("a.nc").unwrap();
    assert!(Arc::ptr_eq(&first, &catalog.open("a.nc").unwrap()), "an unchanged file is opened once");
    let values = time(&first).unwrap();
    // Replaced, as careful writers do it: who has the old one keeps reading it.
    let next = put(&folder, ".next", "cdf2_kinds.nc");
    std::fs::rename(&next, &path).unwrap();
    let second = catalog.open("a.nc").unwrap();
    assert_ne!(first.generation(), second.generation());
    assert_eq!(time(&first).unwrap(), values);
    assert_eq!(time(&second).unwrap(), values);
    // Another format, and another way to be wrong.
    std::fs::write(&path, "not data any more").unwrap();
    assert_eq!(time(&second).unwrap_err().kind, ErrorKind::Unavailable);
    let error = catalog.open("a.nc").err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(
        error.message,
        "dataset 'a.nc': the file is no data file that can be read: netCDF, HDF5, GRIB, a reference set or NcML"
    );
    std::fs::remove_file(&path).unwrap();
    let error = catalog.open("a.nc").err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.message, "dataset 'a.nc' not found: its file is gone");
    put(&folder, "a.nc", "cdf5_kinds.nc");
    assert_eq!(catalog.open("a.nc").unwrap().schema().root.variables.len(), 36);
}

#[test]
fn an_open_dataset_is_at_hand_while_its_file_is_the_same() {
    let folder = TempDir::new().unwrap();
    let path = put(&folder, "a.nc", "cdf1_kinds.nc");
    let catalog = scan(&[folder.path()]).unwrap();
    let at_hand = || catalog.at_hand("a.nc");
    assert!(at_hand().is_none(), "nobody opened it yet");
    let first = catalog.open("a.nc").unwrap();
    assert!(Arc::ptr_eq(&at_hand().unwrap(), &first));
    assert!(catalog.at_hand("b.nc").is_none());
    put(&folder, "other.nc", "cdf1_kinds.nc");
    std::fs::rename(folder.path().join("other.nc"), &path).unwrap();
    assert!(at_hand().is_none(), "it was replaced");
    let second = catalog.open("a.nc").unwrap();
    assert!(Arc::ptr_eq(&at_hand().unwrap(), &second));
    std::fs::remove_file(&path).unwrap();
    assert!(at_hand().is_none(), "it is gone");
}

#[test]
fn a_truncated_file_is_listed_and_says_what_it_lacks() {
    let folder = TempDir::new().unwrap();
    let bytes = std::fs::read(fixture("cdf1_kinds.nc")).unwrap();
    std::fs::write(folder.path().join("a.nc"), &bytes[..bytes.len() - 100]).unwrap();
    let catalog = scan(&[folder.path()]).unwrap();
    let error = catalog.open("a.nc").err().unwrap();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(
        error.message.starts_with("dataset 'a.nc': the file is truncated: its header needs 1721 bytes"),
        "{error}"
    );
    assert!(!error.message.contains(folder.path().to_str().unwrap()), "{error}");
}

#[test]
fn many_who_ask_at_once_share_one_opening() {
    const THREADS: usize = 16;
    let folder = TempDir::new().unwrap();
    put(&folder, "a.nc", "cdf1_kinds.nc");
    for _ in 0..20 {
        let (catalog, barrier) = (scan(&[folder.path()]).unwrap(), Barrier::new(THREADS));
        let datasets: Vec<Arc<Dataset>> = std::thread::scope(|scope| {
            let open = || {
                barrier.wait();
                catalog.open("a.nc").unwrap()
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(datasets.iter().all(|dataset| Arc::ptr_eq(dataset, &datasets[0])));
    }
}

/// How many files of a folder this process has open.
fn open_files(folder: &Path) -> usize {
    let folder = std::fs::canonicalize(folder).unwrap();
    let fds = std::fs::read_dir("/proc/self/fd").unwrap();
    fds.filter(|fd| std::fs::read_link(fd.as_ref().unwrap().path()).is_ok_and(|to| to.starts_with(&folder)))
        .count()
}

#[test]
fn only_so_many_files_are_kept_open() {
    let folder = TempDir::new().unwrap();
    for n in 0..600 {
        put(&folder, &format!("{n:03}.nc"), "cdf1_single_short.nc");
    }
    let catalog = scan(&[folder.path()]).unwrap();
    let held = catalog.open("000.nc").unwrap();
    let all: Vec<String> = catalog.ids().map(str::to_owned).collect();
    let mut most = 0;
    for (n, id) in all.iter().enumerate() {
        catalog.open(id).unwrap();
        if n % 10 == 9 {
            most = open_files(folder.path()).max(most);
        }
    }
    // The latest 256, the one that is held, and a few that were let go but not yet dropped.
    assert!((257..=288).contains(&most), "{most} files were open");
    // The latest is still open, the first was closed, but not for one who holds it.
    assert!(Arc::ptr_eq(&catalog.open("599.nc").unwrap(), &catalog.open("599.nc").unwrap()));
    assert!(!Arc::ptr_eq(&held, &catalog.open("000.nc").unwrap()));
    held.read("/fixed", &Hyperslab::whole(&[3]).unwrap(), ByteOrder::Little, &mut [0; 12]).unwrap();
}

/// Copies a Zarr store of the fixtures into a folder.
fn put_store(folder: &Path, name: &str) {
    let done =
        std::process::Command::new("cp").arg("-r").arg(fixture("zarr").join(name)).arg(folder).status();
    assert!(done.unwrap().success());
}

#[test]
fn a_zarr_store_is_one_dataset() {
    let folder = TempDir::new().unwrap();
    put(&folder, "plain.nc", "cdf1_kinds.nc");
    std::fs::create_dir(folder.path().join("below")).unwrap();
    put_store(&folder.path().join("below"), "v3.zarr");
    put_store(folder.path(), "v2_array.zarr");
    let catalog = scan(&[folder.path()]).unwrap();
    assert_eq!(ids(&catalog), ["below/v3.zarr", "plain.nc", "v2_array.zarr"]);
    assert!(catalog.open("below/v3.zarr").unwrap().schema().variable("/forecast/field").is_some());
    let named = folder.path().join("v2_array.zarr");
    assert_eq!(ids(&scan(&[named.as_path()]).unwrap()), ["v2_array.zarr"]);
    std::fs::remove_dir_all(&named).unwrap();
    assert_eq!(catalog.open("v2_array.zarr").map(drop).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_zarr_store_that_changes_is_opened_anew() {
    let folder = TempDir::new().unwrap();
    put_store(folder.path(), "v2_xarray.zarr");
    let catalog = scan(&[folder.path()]).unwrap();
    let first = catalog.open("v2_xarray.zarr").unwrap();
    assert!(Arc::ptr_eq(&first, &catalog.open("v2_xarray.zarr").unwrap()));
    assert!(first.schema().variable("/air").is_some());
    std::fs::remove_dir_all(folder.path().join("v2_xarray.zarr")).unwrap();
    put_store(folder.path(), "v2_array.zarr");
    std::fs::rename(folder.path().join("v2_array.zarr"), folder.path().join("v2_xarray.zarr")).unwrap();
    let second = catalog.open("v2_xarray.zarr").unwrap();
    assert!(second.schema().variable("/data").is_some());
    assert_ne!(second.generation(), first.generation());
}
