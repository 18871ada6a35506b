//! Schemas: dimensions, attributes, types and names as netCDF shows them.

use weir_model::{Codec, DataType, Group, Value, Variable};

use crate::fixture::open;

fn dimensions(group: &Group) -> Vec<(&str, u64, bool)> {
    group.dimensions.iter().map(|d| (d.name.as_str(), d.length, d.unlimited)).collect()
}

fn names<T>(items: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    items.iter().map(|item| name(item).to_owned()).collect()
}

fn axes(variable: &Variable) -> Vec<&str> {
    variable.dimensions.iter().map(String::as_str).collect()
}

#[test]
fn netcdf4_dimensions_and_groups() {
    let source = open("hdf5_netcdf4.nc");
    let schema = source.schema();
    let root = &schema.root;
    assert_eq!(
        dimensions(root),
        [("time", 4, true), ("lat", 3, false), ("lon", 5, false), ("nothing", 0, true)]
    );
    assert_eq!(dimensions(schema.group("/forecast").unwrap()), [("level", 2, false)]);
    let shown = |path: &str| axes(schema.variable(path).unwrap());
    assert_eq!(shown("/lon"), ["/lat"], "called like a dimension that it does not have");
    assert_eq!(shown("/lat"), ["/lat", "/lon"], "a coordinate of two dimensions");
    assert_eq!(shown("/short_series"), ["/time", "/lon"]);
    assert_eq!(shown("/forecast/deep/field"), ["/time", "/forecast/level", "/lon"]);
    assert_eq!(shown("/one"), [""; 0]);
    assert_eq!(schema.variable("/short_series").unwrap().shape, [4, 5]);
    let variables = names(&root.variables, |variable| &variable.name);
    assert_eq!(
        variables[..5],
        ["time", "lon", "lat", "short_series", "no_fill"],
        "in the order of their making"
    );
    assert_eq!(names(&root.groups, |group| &group.name), ["forecast"]);
}

#[test]
fn netcdf4_attributes() {
    let source = open("hdf5_netcdf4.nc");
    let schema = source.schema();
    let shown: Vec<(&str, &Value)> =
        schema.root.attributes.iter().map(|found| (found.name.as_str(), &found.value)).collect();
    let expected = [
        ("title", Value::text("netCDF-4")),
        ("empty", Value::text("")),
        ("numbers", Value::Float32(vec![1., 2., 3.])),
        ("text", Value::String(vec![b"string".to_vec()])),
        ("texts", Value::String(vec![b"a".to_vec(), b"bc".to_vec()])),
    ];
    assert_eq!(shown, expected.each_ref().map(|(name, value)| (*name, value)));
    let deep = schema.group("/forecast/deep").unwrap();
    assert_eq!(deep.attributes[0].value, Value::text("below"));
    let short = schema.variable("/short_series").unwrap();
    assert_eq!(names(&short.attributes, |found| &found.name), ["_FillValue"], "netCDF-4's own are hidden");
    assert_eq!(short.attributes[0].value, Value::Int32(vec![-9]));
}

#[test]
fn netcdf4_storage() {
    let source = open("hdf5_netcdf4.nc");
    let storage = |path: &str| &source.schema().variable(path).unwrap().storage;
    let short = storage("/short_series");
    assert_eq!(short.chunk_shape, [2, 3]);
    assert_eq!(short.codecs, [Codec::Shuffle { element_size: 4 }, Codec::Deflate { level: 4 }]);
    assert_eq!(short.fill, (-9_i32).to_le_bytes());
    let checked = [Codec::Fletcher32, Codec::Shuffle { element_size: 4 }, Codec::Deflate { level: 4 }];
    assert_eq!(storage("/forecast/deep/field").codecs, checked);
    assert_eq!(storage("/as_i2").byte_order, weir_model::ByteOrder::Big);
    assert_eq!(storage("/as_i2").fill, (-32767_i16).to_le_bytes());
    assert_eq!(storage("/words").fill, [0_u8; 0]);
}

#[test]
fn defined_types_have_their_names() {
    let source = open("hdf5_types.nc");
    let schema = source.schema();
    let data_type = |path: &str| &schema.variable(path).unwrap().data_type;
    let DataType::Enum { name, base, members } = data_type("/sky") else { panic!("{:?}", data_type("/sky")) };
    assert_eq!((name.as_str(), base.as_ref()), ("cloud", &DataType::Int16));
    let members: Vec<(&str, i128)> = members.iter().map(|m| (m.name.as_str(), m.value)).collect();
    assert_eq!(members, [("clear", 1), ("cumulus", 2), ("fog", -3)]);
    let DataType::Compound { name, size, fields } = data_type("/points") else { panic!() };
    assert_eq!((name.as_str(), *size), ("point", 16));
    let fields: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.offset, f.data_type.clone())).collect();
    assert_eq!(fields, [("row", 0, DataType::Int32), ("at", 8, DataType::Float64)]);
    let rows = DataType::Vlen { name: "ragged".into(), element: Box::new(DataType::Int32) };
    assert_eq!(data_type("/rows"), &rows);
}

#[test]
fn attributes_of_unusual_types_and_text_do_not_cost_the_file() {
    let source = open("hdf5_types.nc");
    let plain = source.schema().variable("/plain").unwrap();
    let value = |name: &str| &plain.attribute(name).unwrap().value;
    assert_eq!(value("units"), &Value::text("m"));
    assert_eq!(value("of_enum"), &Value::Int16(vec![2, -3]), "of a committed type");
    assert_eq!(value("of_compound"), &Value::Other { description: "compound point".into() });
    assert_eq!(value("latin1"), &Value::Char(b"caf\xe9".to_vec()), "bytes that are not UTF-8");
    assert_eq!(value("näme"), &Value::Int32(vec![7]), "big-endian");
}

#[test]
fn dense_groups_keep_their_order() {
    let source = open("hdf5_dense.h5");
    let by_name: Vec<usize> = (0..12).collect();
    let ordered: Vec<usize> = (0..12).map(|n| n * 5 % 12).collect();
    for (path, places) in [("/ordered", ordered), ("/by_name", by_name)] {
        let group = source.schema().group(path).unwrap();
        let variables: Vec<String> = places.iter().map(|place| format!("v{place:02}")).collect();
        assert_eq!(names(&group.variables, |variable| &variable.name), variables);
        assert_eq!(group.attributes.len(), 12);
        for found in &group.attributes {
            let place: i32 = found.name[1..].parse().unwrap();
            assert_eq!(found.value, Value::Int32(vec![place + 1]), "{}", found.name);
        }
    }
    let ordered = source.schema().group("/ordered").unwrap();
    assert_eq!(ordered.attributes[1].name, "a05", "attributes in the order of their making");
}

#[test]
fn plain_hdf5_gets_phony_dimensions() {
    let source = open("hdf5_plain.h5");
    let schema = source.schema();
    let expected = [
        ("phony_dim_1", 2, false),
        ("phony_dim_2", 4, false),
        ("phony_dim_3", 3, true),
        ("phony_dim_4", 4, false),
    ];
    assert_eq!(dimensions(&schema.root), expected);
    assert_eq!(dimensions(schema.group("/inner").unwrap()), [("phony_dim_0", 4, false)]);
    assert_eq!(axes(schema.variable("/square").unwrap()), ["/phony_dim_2", "/phony_dim_4"]);
    let variables = names(&schema.root.variables, |variable| &variable.name);
    let shown = ["fixed_text", "flags", "growing", "half", "line", "pairs", "soft", "soft_inner", "square"];
    assert_eq!(variables, shown, "without what is empty, dangling or outside");
    assert_eq!(names(&schema.root.groups, |group| &group.name), ["inner"]);
    assert_eq!(names(&schema.group("/inner").unwrap().groups, |group| &group.name), [""; 0], "no circle");
}

#[test]
fn scales_of_other_programs() {
    let source = open("hdf5_scales.h5");
    let schema = source.schema();
    assert_eq!(dimensions(&schema.root), [("x", 6, true), ("y", 3, false), ("phony_dim_2", 5, false)]);
    assert_eq!(axes(schema.variable("/short").unwrap()), ["/x", "/y"]);
    assert_eq!(axes(schema.variable("/half").unwrap()), ["/x", "/phony_dim_2"], "one axis without a scale");
    assert_eq!(schema.variable("/short").unwrap().shape, [6, 3]);
    let attributes = schema.variables().into_iter().map(|(_, variable)| variable.attributes.len());
    assert_eq!(attributes.sum::<usize>(), 0, "all attributes are of the scales");
}

#[test]
fn unusual_numbers_are_opaque() {
    let source = open("hdf5_plain.h5");
    let data_type = |path: &str| &source.schema().variable(path).unwrap().data_type;
    assert_eq!(data_type("/half"), &DataType::Opaque { name: "float".into(), size: 2 });
    assert!(matches!(data_type("/pairs"), DataType::Compound { size: 6, .. }), "fields of two byte orders");
    assert_eq!(data_type("/fixed_text"), &DataType::FixedString { length: 3 });
    assert!(matches!(data_type("/flags"), DataType::Enum { base, .. } if **base == DataType::Int8));
}

#[test]
fn attributes_of_plain_hdf5() {
    let source = open("hdf5_plain.h5");
    let line = source.schema().variable("/line").unwrap();
    let value = |name: &str| line.attribute(name).map(|found| &found.value);
    assert_eq!(value("NAME"), None);
    assert_eq!(value("table"), Some(&Value::Int16(vec![1, 2, 3, 4])));
    assert_eq!(value("list"), Some(&Value::String(vec![b"ab".to_vec(), b"c".to_vec()])));
    assert_eq!(value("none"), Some(&Value::Float32(vec![])));
    assert_eq!(value("no_text"), Some(&Value::text("")));
    assert_eq!(value("flag"), Some(&Value::Int8(vec![1])));
}
