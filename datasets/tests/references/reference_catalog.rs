//! Sets in a catalog: found, opened with what their folder may reach, and opened anew when they or their targets change.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Catalog, ErrorKind, Opener};
use weir_model::Value;

use crate::fixture::{copy, counted, folder_of, read};
use crate::numbers::elements;

fn catalog(folder: &Path, reachable: &Path) -> Catalog {
    let opener = Opener::new(Access::to(&[reachable.to_owned()]), Memory::new(64 << 20));
    Catalog::scan(&[folder.to_owned()], Arc::new(opener), &mut |_| {}).unwrap()
}

#[test]
fn sets_are_found_beside_the_files_that_they_lead_to() {
    let folder = copy();
    let catalog = catalog(folder.path(), folder.path());
    let ids: Vec<_> = catalog.ids().collect();
    let expected = [
        "classic.nc",
        "combined.json",
        "combined.json.zst",
        "combined.parq",
        "day1.nc",
        "day2.nc",
        "dictionary.parq",
        "expanded.json",
        "hdf5.json",
        "inline.json",
        "netcdf3.json",
        "pyarrow.parq",
        "templates.json",
        "version_0.json",
        "version_3.json",
    ];
    assert_eq!(ids, expected);
    assert!(catalog.skipped().is_empty());
    for id in ["combined.json", "combined.json.zst", "combined.parq", "dictionary.parq", "pyarrow.parq"] {
        let dataset = catalog.open(id).unwrap();
        let tas = dataset.schema().variable("/tas").unwrap();
        assert_eq!(read(&dataset, "/tas").unwrap(), elements(&tas.data_type, &counted(1, 48)), "{id}");
        assert!(Arc::ptr_eq(&dataset, &catalog.open(id).unwrap()), "{id} stays open");
    }
}

#[test]
fn targets_outside_what_may_be_reached_are_refused() {
    let folder = copy();
    let elsewhere = folder_of(&[]);
    let dataset = catalog(folder.path(), elsewhere.path()).open("hdf5.json").unwrap();
    let error = read(&dataset, "/tas").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("is not there or may not be read"), "{error}");
}

#[test]
fn a_set_is_opened_anew_when_it_or_a_target_changes() {
    let folder = copy();
    let catalog = catalog(folder.path(), folder.path());
    let tas = |id: &str| catalog.open(id).and_then(|dataset| read(&dataset, "/tas"));
    let float = |first| elements(&weir_model::DataType::Float32, &counted(first, 24));
    assert_eq!(tas("hdf5.json").unwrap(), float(1));
    let first = catalog.open("hdf5.json").unwrap();
    // Another set of the same name.
    fs::copy(folder.path().join("version_0.json"), folder.path().join("hdf5.json")).unwrap();
    assert_eq!(tas("hdf5.json").unwrap(), float(25));
    assert_ne!(catalog.open("hdf5.json").unwrap().generation(), first.generation());
    assert_eq!(read(&first, "/tas").unwrap_err().kind, ErrorKind::Unavailable);
    // A target that is written over while the set is open: an error, and then what is there now.
    let second = catalog.open("hdf5.json").unwrap();
    let bytes = fs::read(folder.path().join("day2.nc")).unwrap();
    fs::write(folder.path().join("day2.nc"), [bytes.as_slice(), b"more"].concat()).unwrap();
    assert_eq!(read(&second, "/tas").unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(tas("hdf5.json").unwrap(), float(25));
    assert_ne!(catalog.open("hdf5.json").unwrap().generation(), second.generation());
    // And a set that is gone.
    fs::remove_file(folder.path().join("hdf5.json")).unwrap();
    assert_eq!(tas("hdf5.json").unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_target_that_is_replaced_before_it_is_read_is_read_as_it_is_now() {
    let folder = copy();
    let catalog = catalog(folder.path(), folder.path());
    let first = catalog.open("hdf5.json").unwrap();
    // As writers do that replace a file.
    fs::copy(folder.path().join("day1.nc"), folder.path().join("new")).unwrap();
    fs::rename(folder.path().join("new"), folder.path().join("day1.nc")).unwrap();
    assert_eq!(read(&first, "/tas").unwrap_err().kind, ErrorKind::Unavailable);
    let second = catalog.open("hdf5.json").unwrap();
    assert_ne!(first.generation(), second.generation());
    assert_eq!(read(&second, "/tas").unwrap(), elements(&weir_model::DataType::Float32, &counted(1, 24)));
}

#[test]
fn a_folder_of_partitions_is_opened_anew_when_it_changes() {
    let folder = copy();
    let catalog = catalog(folder.path(), folder.path());
    let first = catalog.open("combined.parq").unwrap();
    read(&first, "/lat").unwrap();
    let path = folder.path().join("combined.parq/.zmetadata");
    let text = fs::read_to_string(&path).unwrap().replace("air_temperature", "air_pressure");
    // As writers do that replace a file: the open one stays as it was.
    fs::write(folder.path().join("new"), text).unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    let second = catalog.open("combined.parq").unwrap();
    assert_ne!(first.generation(), second.generation());
    let attributes = &second.schema().variable("/tas").unwrap().attributes;
    assert!(attributes.iter().any(|attribute| attribute.value == Value::Char(b"air_pressure".to_vec())));
}

#[test]
fn a_file_that_only_begins_like_a_set_is_said_to_be_damaged() {
    let folder =
        folder_of(&[("a.json", br#"{"version": 1, "refs": {"a/0": "#), ("package.json", b"{\"name\": 1}")]);
    let catalog = catalog(folder.path(), folder.path());
    assert_eq!(catalog.ids().collect::<Vec<_>>(), ["a.json"]);
    assert_eq!(catalog.open("a.json").err().map(|e| e.kind), Some(ErrorKind::Corrupt));
}
