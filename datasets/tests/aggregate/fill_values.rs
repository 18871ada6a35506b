//! Values that stand for none: they are no times, and stay as they are when times are converted.

use std::fs;
use std::path::Path;

use crate::fixture::{doubles, joined, opener, place};

/// A Zarr v3 store with times whose fill value is 0, and whose attributes name others as missing.
fn write_store(path: &Path, units: &str, times: &[i32]) {
    let time = path.join("time");
    fs::create_dir_all(time.join("c")).unwrap();
    fs::write(path.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group"}"#).unwrap();
    let count = times.len();
    let array = serde_json::json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": [count],
        "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [count]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "dimension_names": ["time"],
        "attributes": {"units": units, "_FillValue": -1, "missing_value": [-2, -3]},
    });
    fs::write(time.join("zarr.json"), array.to_string()).unwrap();
    let bytes: Vec<u8> = times.iter().flat_map(|time| time.to_le_bytes()).collect();
    fs::write(time.join("c/0"), bytes).unwrap();
}

#[test]
fn attributes_tell_which_times_are_none() {
    let folder = tempfile::tempdir().unwrap();
    write_store(&folder.path().join("a.zarr"), "days since 2000-01-01", &[1, 2, 3]);
    // 366 days later: the first is 0, as the fill value is, and still a time.
    write_store(&folder.path().join("b.zarr"), "days since 2001-01-01", &[0, -1, -2, -3, 4]);
    let dataset = opener(&[folder.path()]).open(&place(joined(folder.path(), "*.zarr"))).unwrap();
    assert_eq!(doubles(&dataset, "time"), [1.0, 2.0, 3.0, 366.0, -1.0, -2.0, -3.0, 370.0]);
}
