//! Files that netCDF-C wrote.

use weir_datasets::contract::check_source;
use weir_model::{ByteOrder, DataType, Schema, Value};

use crate::{fixture, open, pattern};

/// A fixture keeps the contract and holds its pattern.
fn check(name: &str) -> Schema {
    let schema = open(&fixture(name)).unwrap().schema().clone();
    let kept = check_source(|| open(&fixture(name)).unwrap(), &|path| pattern::expected(&schema, path));
    assert_eq!(kept, Ok(()), "{name}");
    schema
}

#[test]
fn all_kinds_of_all_versions() {
    for (name, variables) in [("cdf1_kinds.nc", 21), ("cdf2_kinds.nc", 21), ("cdf5_kinds.nc", 36)] {
        assert_eq!(check(name).root.variables.len(), variables, "{name}");
    }
}

#[test]
fn a_record_variable_alone_is_not_padded() {
    for name in
        ["cdf1_single_short.nc", "cdf2_single_byte.nc", "cdf2_single_char.nc", "cdf5_single_ushort.nc"]
    {
        let schema = check(name);
        assert_eq!(schema.variable("/only").unwrap().shape, [5, 3], "{name}");
        assert_eq!(schema.variable("/only").unwrap().storage.chunk_shape, [5, 3], "{name}");
    }
}

#[test]
fn no_records_and_no_variables() {
    let schema = check("cdf1_no_records.nc");
    assert_eq!(schema.variable("/only").unwrap().shape, [0, 3]);
    let schema = check("cdf1_empty.nc");
    assert_eq!(schema.root.attributes[0].value, Value::text("no variable"));
}

#[test]
fn dimensions_and_storage_are_described() {
    let schema = open(&fixture("cdf5_kinds.nc")).unwrap().schema().clone();
    let dimensions: Vec<_> =
        schema.root.dimensions.iter().map(|d| (d.name.as_str(), d.length, d.unlimited)).collect();
    assert_eq!(dimensions, [("time", 3, true), ("y", 2, false), ("x", 3, false), ("length", 5, false)]);
    let names: Vec<&str> = schema.root.variables.iter().take(3).map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["scalar_byte", "record_byte", "fixed_byte"]);
    let variable = schema.variable("record_uint64").unwrap();
    assert_eq!(variable.dimensions, ["/time", "/x"]);
    assert_eq!(variable.data_type, DataType::UInt64);
    assert_eq!(variable.storage.chunk_shape, [3, 3], "small records share a chunk");
    assert_eq!(variable.storage.byte_order, ByteOrder::Big);
    assert!(variable.storage.codecs.is_empty());
}

#[test]
fn attributes_of_all_types() {
    let schema = open(&fixture("cdf5_kinds.nc")).unwrap().schema().clone();
    let check = |name: &str, expected: Value| {
        let found = schema.root.attributes.iter().find(|attribute| attribute.name == name);
        assert_eq!(found.unwrap().value, expected, "{name}");
    };
    check("a_byte", Value::Int8(vec![-52, -51, -50]));
    check("a_short", Value::Int16(vec![-27_944, -27_687, -27_430]));
    check("a_int", Value::Int32(vec![-524_296, -589_833, -655_370]));
    check("a_float", Value::Float32(vec![8.5, 9.5, 10.5]));
    check("a_double", Value::Float64(vec![8.25, 9.25, 10.25]));
    check("a_ubyte", Value::UInt8(vec![247, 246, 245]));
    check("a_ushort", Value::UInt16(vec![65_527, 65_526, 65_525]));
    check("a_uint", Value::UInt32(vec![4_294_967_287, 4_294_967_286, 4_294_967_285]));
    check("a_int64", Value::Int64(vec![-34_359_738_376, -38_654_705_673, -42_949_672_970]));
    check("a_uint64", Value::UInt64(vec![u64::MAX - 8, u64::MAX - 9, u64::MAX - 10]));
    check("title", Value::text("café au lait"));
    check("empty", Value::text(""));
    let time = schema.variable("/time").unwrap();
    assert_eq!(time.attribute("units").unwrap().value, Value::text("days since 2000-01-01"));
    assert_eq!(time.attribute("valid_range").unwrap().value, Value::Float64(vec![-1.5, 1e300]));
}

#[test]
fn fill_values_are_of_the_variables_type() {
    let schema = open(&fixture("cdf1_filled.nc")).unwrap().schema().clone();
    let fill = |path: &str| schema.variable(path).unwrap().storage.fill.clone();
    assert_eq!(fill("own"), (-999_i16).to_le_bytes());
    assert_eq!(fill("default"), 0x7cf0_0000_u32.to_le_bytes());
    assert_eq!(fill("wrong"), 0x479e_0000_0000_0000_u64.to_le_bytes());
    assert_eq!(
        schema.variable("wrong").unwrap().attribute("_FillValue").unwrap().value,
        Value::Int16(vec![7])
    );
}
