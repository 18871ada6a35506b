//! Values: every kind of set gives what fsspec and zarr-python read of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_datasets::contract::{Expected, check_source};
use weir_datasets::store::{ListedKind, Object, Store};
use weir_datasets::{ChunkKey, Stored};

use crate::fixture::{bytes, counted, folder, open, set};
use crate::numbers::elements;

/// Keeps the whole contract; variables hold 1, 2, 3, ... where `unlike` does not say otherwise.
fn check(fixture: &str, variables: &[&str], unlike: &dyn Fn(&str) -> Option<Vec<f64>>) {
    let source = open(fixture);
    let schema = source.schema();
    let paths: Vec<_> = schema.variables().into_iter().map(|(path, _)| path).collect();
    let mut expected: Vec<_> = variables.iter().map(|name| format!("/{name}")).collect();
    expected.sort();
    assert_eq!(
        {
            let mut paths = paths;
            paths.sort();
            paths
        },
        expected,
        "{fixture}"
    );
    let expected = |path: &str| {
        let variable = schema.variable(path)?;
        let numbers = unlike(path).unwrap_or_else(|| counted(1, variable.shape.iter().product()));
        Some(Expected::Elements(elements(&variable.data_type, &numbers)))
    };
    check_source(|| open(fixture), &expected).unwrap_or_else(|broken| panic!("{fixture}: {broken}"));
}

/// Of two steps of three, only the second was written.
fn gaps(days: usize) -> Vec<f64> {
    [-9., -9., -9., 1., 2., 3.].repeat(days)
}

const GRIDDED: [&str; 5] = ["gaps", "lat", "lon", "tas", "time"];

#[test]
fn chunks_of_hdf5_files() {
    for fixture in ["hdf5.json", "inline.json"] {
        check(fixture, &GRIDDED, &|path| (path == "/gaps").then(|| gaps(1)));
    }
}

#[test]
fn chunks_of_classic_files() {
    check("netcdf3.json", &["lat", "time", "pr"], &|_| None);
}

#[test]
fn chunks_of_several_files() {
    for fixture in ["combined.json", "combined.json.zst", "combined.parq", "dictionary.parq", "pyarrow.parq"]
    {
        check(fixture, &GRIDDED, &|path| (path == "/gaps").then(|| gaps(2)));
    }
}

#[test]
fn version_0_with_metadata_as_objects() {
    check("version_0.json", &GRIDDED, &|path| match path {
        "/gaps" => Some(gaps(1)),
        "/tas" => Some(counted(25, 24)),
        "/time" => Some(counted(3, 2)),
        _ => None,
    });
}

#[test]
fn templates_generators_and_whole_files() {
    check("templates.json", &["grid", "steps", "rest"], &|_| None);
}

#[test]
fn hierarchies_of_zarr_3() {
    check("version_3.json", &["field"], &|_| None);
}

#[test]
fn templates_expand_to_what_fsspec_makes_of_them() {
    let expanded = std::fs::read_to_string(folder().join("expanded.json")).unwrap();
    let mut expected: BTreeMap<String, Value> = serde_json::from_str::<Value>(&expanded).unwrap()["refs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let templates = std::fs::read(folder().join("templates.json")).unwrap();
    let set = weir_references::ReferenceSet::read(templates.as_slice()).unwrap();
    let written: Value = serde_json::from_str(&weir_references::write(set.iter())).unwrap();
    for (key, value) in written["refs"].as_object().unwrap() {
        assert_eq!(Some(value), expected.remove(key).as_ref(), "{key}");
    }
    assert_eq!(expected, BTreeMap::new());
}

#[test]
fn chunks_are_passed_on_where_they_lie() {
    let source = open("combined.json");
    let key = ChunkKey { variable: "/tas", index: &[3, 1, 0] };
    let Stored::Run(run) = source.locate(key).unwrap() else { panic!("the chunk lies in a file") };
    let document: Value =
        serde_json::from_slice(&std::fs::read(folder().join("combined.json")).unwrap()).unwrap();
    assert_eq!(document["refs"]["tas/3.1.0"], json!(["day2.nc", run.offset, run.length]));
    let file = std::fs::read(folder().join("day2.nc")).unwrap();
    let start = run.offset as usize;
    let stored = source.fetch(key).unwrap().unwrap();
    assert_eq!(stored.bytes, file[start..start + run.length as usize]);
    assert_eq!(stored.skipped_codecs, 0);
    let absent = ChunkKey { variable: "/gaps", index: &[0, 0] };
    assert!(matches!(source.locate(absent).unwrap(), Stored::Nothing));
}

#[test]
fn attributes_and_dimensions_come_along() {
    for fixture in ["combined.json", "combined.parq"] {
        let source = open(fixture);
        let schema = source.schema();
        let tas = schema.variable("/tas").unwrap();
        assert_eq!(tas.dimensions, ["/time", "/lat", "/lon"]);
        let name = tas.attributes.iter().find(|attribute| attribute.name == "standard_name").unwrap();
        assert_eq!(name.value, weir_model::Value::Char(b"air_temperature".to_vec()), "{fixture}");
    }
}

#[test]
fn both_kinds_of_sets_have_the_same_keys() {
    let (document, partitions) = (set("combined.json"), set("combined.parq"));
    let keys =
        ["tas/0.0.0", "tas/3.1.1", "gaps/0.0", "gaps/1.1", "gaps/3.0", "lat/0", "time/0", "lon/.zattrs"];
    for key in keys.into_iter().chain(["tas/4.0.0", "tas/0.0", "tas/c/0", "none/0", ".zarray", "tas"]) {
        let of = |set| bytes(set, key).unwrap();
        let (one, other) = (of(&document), of(&partitions));
        match key.ends_with(".zattrs") {
            true => {
                let value =
                    |bytes: Option<Vec<u8>>| serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap();
                assert_eq!(value(one), value(other));
            }
            false => assert_eq!(one, other, "{key}"),
        }
    }
    for set in [document, partitions] {
        let store = Store::references(set);
        let prefixes = store.list("").unwrap().into_iter().filter(|listed| listed.kind == ListedKind::Prefix);
        assert_eq!(prefixes.map(|listed| listed.name).collect::<Vec<_>>(), GRIDDED);
        assert!(store.list("none").unwrap().is_empty());
        assert!(matches!(store.locate(".zgroup").unwrap(), Some(Object::Here(_))));
        store.check_unchanged().unwrap();
    }
}
