//! `weir index`: what it says, what a server makes of it, and what becomes of those who cannot have the index.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use weir_tests::{Mode, Server, binaries, small_folder};

/// Runs `weir index`.
fn index(arguments: &[&Path]) -> Output {
    Command::new(&binaries().weir).arg("index").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A netCDF-4 file with a compressed variable.
fn netcdf4() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/tests/fixtures/hdf5_netcdf4.nc")
}

/// A folder with a classic and a netCDF-4 file.
fn data() -> tempfile::TempDir {
    let data = small_folder();
    std::fs::copy(netcdf4(), data.path().join("four.nc")).unwrap();
    data
}

#[test]
fn an_indexed_folder_is_served_as_any() {
    let (data, elsewhere) = (data(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("deep/index.redb");
    let indexed = index(&[data.path(), Path::new("--index"), &file, Path::new("--verify")]);
    assert!(indexed.status.success(), "{}", text(&indexed.stderr));
    let said = text(&indexed.stdout);
    assert!(said.starts_with("2 files with ") && said.ends_with("; 0 failed\n"), "{said}");
    let with = Server::start(Mode::LinkedIn, data.path(), &["--index", file.to_str().unwrap()]);
    let without = Server::start(Mode::LinkedIn, data.path(), &["--no-index"]);
    for target in ["d.nc/opendap.dods", "four.nc/opendap.dds", "four.nc/opendap.das", "four.nc/opendap.dods"]
    {
        let target = format!("/datasets/{target}");
        let (one, other) = (with.get(&target), without.get(&target));
        assert_eq!((one.status, &one.body), (other.status, &other.body), "{target}");
    }
    with.stop(&[]);
    without.stop(&[]);
}

#[test]
fn a_replaced_file_is_not_served_from_the_index() {
    let (data, elsewhere) = (data(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("index.redb");
    assert!(index(&[data.path(), Path::new("--index"), &file]).status.success());
    // The other file takes the name, and its size is another.
    std::fs::copy(data.path().join("d.nc"), data.path().join("four.nc")).unwrap();
    let server = Server::start(Mode::LinkedIn, data.path(), &["--index", file.to_str().unwrap()]);
    let (now, other) =
        (server.get("/datasets/four.nc/opendap.das"), server.get("/datasets/d.nc/opendap.das"));
    assert_eq!((now.status, now.body), (200, other.body));
    server.stop(&[]);
}

#[test]
fn named_files_that_fail_are_told_and_counted() {
    let (data, elsewhere) = (data(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("index.redb");
    let whole = std::fs::read(netcdf4()).unwrap();
    let cut = data.path().join("cut.nc");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let four = data.path().join("four.nc");
    let named = index(&[&four, &cut, Path::new("--index"), &file]);
    assert!(!named.status.success());
    let said = text(&named.stdout);
    assert!(
        said.contains("failed: cut.nc: ") && said.contains("truncated") && said.contains("; 1 failed"),
        "{said}"
    );
    assert!(text(&named.stderr).contains("1 of the named files"), "{}", text(&named.stderr));
    // In a folder it is told, but whoever indexes the folder did not ask for it.
    let found = index(&[data.path(), Path::new("--index"), &file]);
    assert!(found.status.success(), "{}", text(&found.stderr));
    assert!(text(&found.stdout).contains("failed: cut.nc: "), "{}", text(&found.stdout));
    let none = index(&[Path::new("no-such-folder"), Path::new("--index"), &file]);
    assert!(!none.status.success() && text(&none.stderr).contains("no-such-folder"));
}

#[test]
fn an_index_belongs_to_one_process() {
    let (data, elsewhere) = (data(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("index.redb");
    let arguments = ["--index", file.to_str().unwrap()];
    let first = Server::start(Mode::LinkedIn, data.path(), &arguments);
    let refused = index(&[data.path(), Path::new("--index"), &file]);
    let said = text(&refused.stderr);
    assert!(!refused.status.success() && said.contains("another process has it open"), "{said}");
    let second = Server::start(Mode::LinkedIn, data.path(), &arguments);
    assert!(second.logged("another process has it open"));
    let target = "/datasets/four.nc/opendap.dods";
    assert_eq!(second.get(target).body, first.get(target).body);
    first.stop(&[]);
    second.stop(&["another process has it open"]);
}

#[test]
fn what_is_no_index_is_neither_used_nor_changed() {
    let data = data();
    let file = data.path().join("d.nc");
    let before = std::fs::read(&file).unwrap();
    let refused = index(&[data.path(), Path::new("--index"), &file]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("it is no index"));
    let server = Server::start(Mode::LinkedIn, data.path(), &["--index", file.to_str().unwrap()]);
    assert!(server.logged("it is no index"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    server.stop(&["it is no index"]);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let (data, elsewhere) = (data(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("index.redb");
    assert!(index(&[data.path(), Path::new("--index"), &file]).status.success());
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 3]).unwrap();
    let again = index(&[data.path(), Path::new("--index"), &file]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("moved aside"), "{}", text(&again.stderr));
    assert!(text(&again.stdout).starts_with("2 files with "));
    let third = index(&[data.path(), Path::new("--index"), &file]);
    assert!(third.status.success() && !text(&third.stderr).contains("moved aside"));
}
