//! Schemas: what is shown of the members of a store, and what is left out.

use weir_datasets::ChunkSource;
use weir_model::{ByteOrder, DataType, Value, Variable};

use crate::fixture::{folder_of, open, open_folder};

fn variable<'s>(source: &'s dyn ChunkSource, path: &str) -> &'s Variable {
    source.schema().variable(path).unwrap_or_else(|| panic!("there is no {path}"))
}

fn dimensions(source: &dyn ChunkSource, path: &str) -> Vec<String> {
    variable(source, path).dimensions.clone()
}

fn attribute<'s>(source: &'s dyn ChunkSource, path: &str, name: &str) -> Option<&'s Value> {
    variable(source, path).attribute(name).map(|attribute| &attribute.value)
}

fn group_attributes(source: &dyn ChunkSource, path: &str) -> Vec<(String, Value)> {
    let group = source.schema().group(path).unwrap();
    group.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.value.clone())).collect()
}

#[test]
fn attributes_of_groups_are_typed() {
    let expected = [
        ("title", Value::text("Zarr v2")),
        ("count", Value::Int64(vec![3])),
        ("ratio", Value::Float64(vec![0.5])),
        ("list", Value::Int64(vec![1, 2])),
        ("nested", Value::text(r#"{"a":[1,null]}"#)),
        ("yes", Value::Int8(vec![1])),
    ];
    let got = group_attributes(open("v2.zarr").as_ref(), "");
    assert_eq!(got[..6], expected.map(|(name, value)| (name.to_owned(), value)));
    assert!(matches!(&got[6], (name, Value::Float64(nan)) if name == "missing" && nan[0].is_nan()));
}

#[test]
fn what_cannot_be_shown_is_left_out() {
    for store in ["v2.zarr", "v3.zarr"] {
        let source = open(store);
        for path in ["/half", "/complex"] {
            assert!(source.schema().variable(path).is_none(), "{store} {path}");
        }
        assert!(source.schema().variable("/forecast").is_none());
        assert!(source.schema().group("/forecast").is_some());
    }
}

#[test]
fn dimensions_are_shared_renamed_and_made_up() {
    let source = open("v2.zarr");
    let source = source.as_ref();
    assert_eq!(dimensions(source, "/as_f4"), ["/y", "/x"]);
    assert_eq!(dimensions(source, "/x"), ["/x"]);
    assert_eq!(dimensions(source, "/other_x"), ["/x_4"]);
    assert_eq!(dimensions(source, "/unnamed"), ["/dim_5", "/dim_5_2"]);
    assert_eq!(dimensions(source, "/turned"), ["/dim_3", "/dim_4", "/dim_5"]);
    assert_eq!(dimensions(source, "/forecast/deep/field"), ["/forecast/deep/level", "/x"]);
    assert_eq!(dimensions(source, "/one"), [""; 0]);
    let source = open("v3.zarr");
    assert_eq!(dimensions(source.as_ref(), "/half_named"), ["/y", "/dim_5"]);
    assert_eq!(dimensions(source.as_ref(), "/forecast/field"), ["/forecast/level", "/x"]);
}

#[test]
fn fill_values_mark_missing_data_as_xarray_has_it() {
    let source = open("v2.zarr");
    let source = source.as_ref();
    assert_eq!(attribute(source, "/holes", "_FillValue"), Some(&Value::Int16(vec![-9])));
    assert_eq!(attribute(source, "/zero_holes", "_FillValue"), None);
    assert_eq!(attribute(source, "/null_holes", "_FillValue"), None);
    let nan = attribute(source, "/nan_holes", "_FillValue");
    assert!(matches!(nan, Some(Value::Float32(nan)) if nan[0].is_nan()), "{nan:?}");
    let source = open("v3.zarr");
    let source = source.as_ref();
    // In version 3 only the attribute counts; xarray spells floats in base64.
    assert_eq!(attribute(source, "/holes", "_FillValue"), None);
    assert_eq!(variable(source, "/holes").storage.fill, (-9_i16).to_le_bytes());
    let nan = attribute(source, "/masked", "_FillValue");
    assert!(matches!(nan, Some(Value::Float32(nan)) if nan[0].is_nan()), "{nan:?}");
    for store in ["v2_xarray.zarr", "v3_xarray.zarr"] {
        let source = open(store);
        assert_eq!(
            attribute(source.as_ref(), "/air", "_FillValue"),
            Some(&Value::Float32(vec![-9.])),
            "{store}"
        );
    }
}

#[test]
fn types_become_those_of_netcdf() {
    let source = open("v2.zarr");
    let source = source.as_ref();
    let types = [
        ("/as_u8", DataType::UInt64),
        ("/truth", DataType::Int8),
        ("/bytes", DataType::String),
        ("/points", DataType::String),
        ("/time", DataType::Int64),
        ("/span", DataType::Int64),
    ];
    for (path, expected) in types {
        assert_eq!(variable(source, path).data_type, expected, "{path}");
    }
    assert_eq!(variable(source, "/big_f4").storage.byte_order, ByteOrder::Big);
    assert_eq!(attribute(source, "/truth", "dtype"), Some(&Value::text("bool")));
    assert_eq!(attribute(source, "/time", "units"), Some(&Value::text("seconds since 1970-01-01")));
    assert_eq!(attribute(source, "/span", "units"), Some(&Value::text("milliseconds")));
    let nanoseconds = Value::text("nanoseconds since 1970-01-01");
    assert_eq!(attribute(open("v3.zarr").as_ref(), "/time", "units"), Some(&nanoseconds));
    assert_eq!(attribute(source, "/forecast/deep/field", "valid_min"), Some(&Value::Float32(vec![0.])));
}

/// The schema as text, in which NaN equals NaN.
fn described(source: &dyn ChunkSource) -> String {
    format!("{:?}", source.schema())
}

#[test]
fn consolidated_or_not_it_is_the_same_store() {
    let folder = crate::fixture::copy("v3_xarray.zarr");
    let root = folder.path().join("zarr.json");
    let mut metadata: serde_json::Value = serde_json::from_slice(&std::fs::read(&root).unwrap()).unwrap();
    assert!(metadata.as_object_mut().unwrap().remove("consolidated_metadata").is_some());
    std::fs::write(&root, metadata.to_string()).unwrap();
    let walked = open_folder(folder.path()).unwrap();
    assert_eq!(described(walked.as_ref()), described(open("v3_xarray.zarr").as_ref()));

    let folder = crate::fixture::copy("v2_xarray.zarr");
    std::fs::remove_file(folder.path().join(".zmetadata")).unwrap();
    let walked = open_folder(folder.path()).unwrap();
    assert_eq!(described(walked.as_ref()), described(open("v2_xarray.zarr").as_ref()));
}

#[test]
fn trees_of_zarr_fuse_keep_their_schemas() {
    let source = open("fuse.zarr");
    let source = source.as_ref();
    let attributes = group_attributes(source, "/river/station");
    assert_eq!(attributes[0].0, "__structure__");
    assert!(matches!(&attributes[0].1, Value::Char(text) if text.starts_with(b"ATTRS:\n")));
    assert_eq!(group_attributes(source, "/lake")[1], ("__empty__".to_owned(), Value::Int8(vec![1])));
    assert_eq!(dimensions(source, "/river/station/level"), ["/river/station/time", "/river/station/place"]);
    assert_eq!(attribute(source, "/river/station/level", "unit"), Some(&Value::text("m")));
    assert_eq!(variable(source, "/river/station/name").data_type, DataType::String);
    assert_eq!(attribute(source, "/lake/stamp", "units"), Some(&Value::text("seconds since 1970-01-01")));
}

#[test]
fn consolidated_metadata_may_leave_groups_out() {
    let array = r#"{"zarr_format":2,"shape":[2],"chunks":[2],"dtype":"<i2","compressor":null,"fill_value":0,"order":"C","filters":null}"#;
    let all = format!(
        r#"{{"metadata":{{"a/b/c/.zarray":{array},"a/.zattrs":{{"lost":1}},"a/b/c/d/.zarray":{array}}}}}"#
    );
    let folder = folder_of(&[(".zmetadata", all.as_bytes()), ("a/b/c/0", &[1, 0, 2, 0])]);
    let source = open_folder(folder.path()).unwrap();
    let paths: Vec<String> = source.schema().variables().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/a/b/c"]);
}
