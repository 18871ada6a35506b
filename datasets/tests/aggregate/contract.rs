//! Every kind of made dataset keeps the contract, and holds what the script's formula says.

use weir_datasets::aggregate::definition::{
    Base, Edits, Kind, Location, MemberRule, Overlap, Removal, VariableEdit,
};
use weir_datasets::aggregate::{Definition, source};
use weir_datasets::contract::check_source;
use weir_model::{Codec, Schema, Value};

use crate::fixture::{defined, expected, folder, joined, opener, rules};

/// A definition's dataset keeps the contract; times are `days` apart.
fn check(definition: &Definition, days: f64) -> Schema {
    let opener = opener(&[&folder()]);
    let open = || source(definition, &opener).unwrap();
    let schema = open().schema().clone();
    assert_eq!(check_source(open, &|path| expected(&schema, path, days)), Ok(()));
    schema
}

fn is_put_together(schema: &Schema, path: &str) -> bool {
    let codecs = &schema.variable(path).unwrap().storage.codecs;
    codecs.iter().any(|codec| matches!(codec, Codec::Other { name, .. } if name == "aggregated"))
}

#[test]
fn members_of_all_lengths_and_chunks_and_reference_dates() {
    let schema = check(&joined(&folder(), "uneven/*.nc"), 1.0);
    let time = schema.variable("time").unwrap();
    assert_eq!(time.shape, [19]);
    assert_eq!(time.attribute("units").unwrap().value, Value::text("days since 2000-01-01"));
    assert_eq!(schema.variable("across").unwrap().shape, [3, 19]);
    assert_eq!(schema.dimension("time").unwrap().length, 19);
    assert!(is_put_together(&schema, "temp"));
    assert_eq!(schema.variable("height").unwrap().shape, [3, 4]);
}

#[test]
fn chunks_that_fit_are_passed_through() {
    let schema = check(&joined(&folder(), "even/*.nc"), 1.0);
    let temp = schema.variable("temp").unwrap();
    assert_eq!(temp.shape, [20, 3, 4]);
    assert_eq!(temp.storage.chunk_shape, [2, 2, 4]);
    assert_eq!(temp.storage.codecs.iter().map(Codec::name).collect::<Vec<_>>(), ["shuffle", "deflate"]);
    let across = schema.variable("across").unwrap();
    assert_eq!(
        (across.shape.as_slice(), across.storage.chunk_shape.as_slice()),
        ([3, 20].as_slice(), [3, 4].as_slice())
    );
    assert!(!is_put_together(&schema, "across"), "whole members are chunks along an inner axis, too");
}

#[test]
fn classic_files() {
    let schema = check(&joined(&folder(), "classic/*.nc"), 1.0);
    assert_eq!(schema.variable("temp").unwrap().shape, [12, 3, 4]);
    assert!(!is_put_together(&schema, "temp"));
}

#[test]
fn classic_files_and_hdf5_files_together() {
    // Those of `next` are days 20 to 23, and the classic ones are days 0 to 11 of another count.
    let mut rules = rules(Kind::JoinExisting, "time", &folder(), "classic/*.nc");
    rules.scans.push(weir_datasets::aggregate::definition::Scan::glob(&folder(), "next/*.nc"));
    let opener = opener(&[&folder()]);
    let schema = source(&defined(rules), &opener).unwrap().schema().clone();
    assert_eq!(schema.variable("temp").unwrap().shape, [16, 3, 4]);
    assert!(is_put_together(&schema, "temp"), "they are stored in different byte orders");
}

#[test]
fn calendars_of_360_days() {
    let schema = check(&joined(&folder(), "day360/*.nc"), 15.0);
    assert_eq!(schema.variable("time").unwrap().shape, [6]);
    let calendar = schema.variable("time").unwrap().attribute("calendar");
    assert_eq!(calendar.unwrap().value, Value::text("360_day"));
}

#[test]
fn new_dimensions() {
    let mut rules = rules(Kind::JoinNew, "run", &folder(), "runs/*.nc");
    rules.scans[0].date_mark = Some("run_x_#yyyyMMdd".to_owned());
    rules.variables = vec!["field".to_owned(), "scalar".to_owned()];
    let definition = defined(rules);
    let opener = opener(&[&folder()]);
    let open = || source(&definition, &opener).unwrap();
    let schema = open().schema().clone();
    let with_run = |path: &str| if path == "/run" { None } else { expected(&schema, path, 1.0) };
    assert_eq!(check_source(open, &with_run), Ok(()));
    let field = schema.variable("field").unwrap();
    assert_eq!((field.shape.as_slice(), field.dimensions[0].as_str()), ([4, 3, 4].as_slice(), "/run"));
    assert_eq!(field.storage.chunk_shape, [1, 2, 3], "chunks are passed through");
    assert_eq!(schema.variable("y").unwrap().shape, [3]);
    let run = schema.variable("run").unwrap();
    assert_eq!(run.attribute("units").unwrap().value, Value::text("seconds since 1970-01-01T00:00:00Z"));
    let dataset = weir_datasets::Dataset::new(open());
    let days: Vec<f64> =
        crate::fixture::doubles(&dataset, "run").into_iter().map(|s| s / 86_400.0 - 18_262.0).collect();
    assert_eq!(days, [0.0, 31.0, 60.0, 91.0], "the months of 2020, though names are in another order");
}

#[test]
fn chunks_are_put_together_on_all_threads_at_once() {
    let opener = opener(&[&folder()]);
    let dataset = opener.open(&crate::fixture::place(joined(&folder(), "uneven/*.nc"))).unwrap();
    let variable = dataset.schema().variable("temp").unwrap();
    let index = vec![0_u64; variable.shape.len()];
    // More than the pool has threads; each of them reads members, which need the pool.
    let indexes: Vec<&[u64]> = std::iter::repeat_n(index.as_slice(), 64).collect();
    let chunks = dataset.raw_chunks("temp", &indexes).unwrap();
    let bytes: Vec<_> = chunks.iter().map(|chunk| chunk.as_ref().map(|chunk| &chunk.bytes)).collect();
    assert!(bytes.iter().all(|one| one == &bytes[0] && one.is_some()));
}

#[test]
fn unions() {
    let schema = check(&defined(rules(Kind::Union, "", &folder(), "union/sea.nc")), 1.0);
    assert_eq!(schema.root.variables.len(), 2);
    let mut rules = rules(Kind::Union, "", &folder(), "union/sea.nc");
    rules.scans.push(weir_datasets::aggregate::definition::Scan::glob(&folder(), "union/air.nc"));
    // Both have `both`, with other values; the first counts.
    let schema = check(&defined(rules), 1.0);
    let names: Vec<&str> = schema.root.variables.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["sst", "both", "wind"]);
    let attributes: Vec<_> =
        schema.root.attributes.iter().map(|a| (a.name.as_str(), a.value.as_text())).collect();
    assert_eq!(attributes, [("source", Some("sea".into())), ("institution", Some("none".into()))]);
}

#[test]
fn stores_are_members_too() {
    let stores = folder().join("../zarr");
    let opener = opener(&[&stores]);
    let alone =
        opener.open(&weir_datasets::Place::Folder { path: stores.join("v2_xarray.zarr"), root: None });
    let alone = alone.unwrap();
    let definition = defined(rules(Kind::Union, "", &stores, "v2_x*.zarr"));
    let open = || source(&definition, &opener).unwrap();
    // As text, because some fill value is NaN.
    let shown = |schema: &Schema| format!("{:?}", schema.root.variables);
    assert_eq!(shown(open().schema()), shown(alone.schema()));
    assert!(!open().schema().root.variables.is_empty());
    assert_eq!(check_source(open, &|_| None), Ok(()));
}

#[test]
fn one_file_under_other_names() {
    let location = Location { folder: folder(), text: "even/part0.nc".to_owned() };
    let mut edits = Edits::default();
    edits.removals.push(Removal::Variable("packed".to_owned()));
    edits.variables.push(VariableEdit {
        name: "renamed".to_owned(),
        original: Some("temp".to_owned()),
        removals: vec!["units".to_owned()],
        ..VariableEdit::default()
    });
    let definition = Definition { base: Base::File(location), edits };
    let opener = opener(&[&folder()]);
    let open = || source(&definition, &opener).unwrap();
    // Its first four times are the first of the whole, so that the formula holds, but along inner axes.
    let schema = open().schema().clone();
    let known = |path: &str| if path == "/across" { None } else { expected(&schema, path, 1.0) };
    assert_eq!(check_source(open, &known), Ok(()));
    assert!(schema.variable("packed").is_none() && schema.variable("temp").is_none());
    assert!(schema.variable("renamed").unwrap().attribute("units").is_none());
}

#[test]
fn members_may_be_made_themselves() {
    let mut outer = rules(Kind::Union, "", &folder(), "union/sea.nc");
    let inner = joined(&folder(), "classic/*.nc");
    outer.members.push(MemberRule { definition: inner, coordinate: None });
    outer.overlap = Overlap::Note;
    let schema = check(&defined(outer), 1.0);
    assert_eq!(schema.variable("temp").unwrap().shape, [12, 3, 4]);
    assert_eq!(schema.variable("sst").unwrap().shape, [3, 4]);
}
