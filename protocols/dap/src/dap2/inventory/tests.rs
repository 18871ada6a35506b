//! Tests of the inventory: names, types, and what is left out.

use super::*;
use crate::dap2::view::samples::{dimension, group, variable};
use weir_model::{Attribute, Group, Value};

fn spelled(schema: &Schema) -> Vec<String> {
    let axis = |axis: &Axis| format!("[{}={}]", axis.name.as_deref().unwrap_or(""), axis.length);
    let line = |entry: &Entry<'_>| {
        let axes: String = entry.axes.iter().map(axis).collect();
        let keyword = match &entry.kind {
            Kind::Atomic(data_type) => data_type.keyword(),
            Kind::Structure(_) => "Structure",
            Kind::Sequence(_) => "Sequence",
        };
        format!("{keyword} {}{axes}", entry.name)
    };
    Inventory::of(schema).entries().iter().map(line).collect()
}

fn hidden(schema: &Schema) -> Vec<String> {
    let inventory = Inventory::of(schema);
    inventory.hidden().iter().map(|hidden| format!("{}: {}", hidden.path, hidden.because)).collect()
}

#[test]
fn groups_and_collisions() {
    let mut root = group("", &[("lat", 2)]);
    root.variables = vec![
        variable("a_b", DataType::Int16, &[("/lat", 2)]),
        variable("lat", DataType::Float32, &[("/lat", 2)]),
    ];
    let mut inner = group("a", &[("lat", 3), ("lon.x", 4)]);
    inner.variables = vec![
        variable("b", DataType::Int32, &[("/a/lat", 3), ("/lat", 2)]),
        variable("lon.x", DataType::Float64, &[("/a/lon.x", 4)]),
    ];
    root.groups = vec![inner];
    let expected = [
        "Int16 a_b[lat=2]",
        "Float32 lat[lat=2]",
        "Int32 a_b_2[a_lat=3][lat=2]",
        "Float64 a_lon%2Ex[a_lon%2Ex=4]",
    ];
    assert_eq!(spelled(&Schema { root }), expected);
}

#[test]
fn text_loses_its_last_dimension() {
    let mut root = group("", &[("n", 2), ("w", 5)]);
    root.variables = vec![
        variable("one", DataType::Char, &[]),
        variable("name", DataType::Char, &[("/w", 5)]),
        variable("names", DataType::Char, &[("/n", 2), ("/w", 5)]),
        variable("fixed", DataType::FixedString { length: 3 }, &[("/n", 2)]),
        variable("free", DataType::String, &[("/n", 2)]),
    ];
    let schema = Schema { root };
    let expected =
        ["String one", "String name", "String names[n=2]", "String fixed[n=2]", "String free[n=2]"];
    assert_eq!(spelled(&schema), expected);
    let inventory = Inventory::of(&schema);
    let widths: Vec<_> = inventory.entries().iter().map(|entry| entry.width).collect();
    assert_eq!(widths, [Some(1), Some(5), Some(5), Some(3), None]);
}

#[test]
fn what_clients_cannot_take_is_hidden() {
    let long = 1 << 31;
    let mut root = group("", &[("long", long)]);
    root.variables = vec![
        variable("big", DataType::Int64, &[]),
        variable("far", DataType::Int8, &[("/long", long)]),
        variable(&"x".repeat(257), DataType::Int8, &[]),
        variable("ok", DataType::UInt8, &[]),
    ];
    let schema = Schema { root };
    let got = hidden(&schema);
    assert_eq!(got[0], "/big: its type is int64, which DAP2 does not have");
    assert_eq!(got[1], "/far: axis 0 has length 2147483648, but DAP2 clients count to 2147483647");
    assert!(got[2].ends_with("its name has more than 256 bytes, which DAP2 clients refuse"));
    assert_eq!(spelled(&schema), ["Int16 ok"]);
}

fn with_empty(dimensions: &[(&str, u64)]) -> Schema {
    let mut root = group("", dimensions);
    root.variables = vec![variable("none", DataType::Int8, &[("/zero", 0)])];
    for &(name, length) in dimensions {
        root.variables.push(variable(name, DataType::Int8, &[(&format!("/{name}"), length)]));
    }
    Schema { root }
}

#[test]
fn variables_without_an_element_come_last_or_not_at_all() {
    let one = with_empty(&[("zero", 0), ("x", 3)]);
    assert_eq!(spelled(&one), ["Int16 x[x=3]", "Int16 none[zero=0]", "Int16 zero[zero=0]"]);
    let two = with_empty(&[("zero", 0), ("x", 3), ("other", 0)]);
    assert_eq!(spelled(&two), ["Int16 x[x=3]"]);
    assert_eq!(hidden(&two).len(), 3);
}

#[test]
fn signed_bytes_are_int16_unless_the_file_calls_them_unsigned() {
    let check = |told: Option<&str>, expected: &str| {
        let attribute = |text| Attribute { name: "_Unsigned".into(), value: Value::text(text) };
        let mut flags =
            [variable("flag", DataType::Int8, &[("/x", 2)]), variable("lone", DataType::Int8, &[])];
        flags.iter_mut().for_each(|flag| flag.attributes.extend(told.map(attribute)));
        let root = Group { variables: flags.into(), ..group("", &[("x", 2)]) };
        // A byte that stands alone is none for pydap.
        let expected = [format!("{expected} flag[x=2]"), "Int16 lone".to_owned()];
        assert_eq!(spelled(&Schema { root }), expected, "{told:?}");
    };
    check(None, "Int16");
    check(Some("false"), "Int16");
    check(Some("true"), "Byte");
    check(Some("True"), "Byte");
}

#[test]
fn one_unlimited_dimension_can_be_named() {
    let check = |variables: &[&[(&str, u64)]], expected: Option<&str>| {
        let mut root = Group { dimensions: vec![dimension("x", 2)], ..Group::default() };
        root.dimensions.push(weir_model::Dimension { unlimited: true, ..dimension("time", 3) });
        root.dimensions.push(dimension("zero", 0));
        let names = ["a", "b"];
        root.variables =
            names.iter().zip(variables).map(|(name, axes)| variable(name, DataType::Int8, axes)).collect();
        let schema = Schema { root };
        assert_eq!(Inventory::of(&schema).unlimited(), expected);
    };
    check(&[&[("/time", 3), ("/x", 2)]], Some("time"));
    check(&[&[("/x", 2)]], None);
    check(&[&[("/x", 2), ("/time", 3)]], None);
    check(&[&[("/time", 3)], &[("/x", 2), ("/time", 3)]], None);
    check(&[&[("/time", 3)], &[("/zero", 0)]], None);
}

#[test]
fn more_axes_than_clients_read_are_left_out() {
    let mut root = group("", &[("x", 1)]);
    let of = |name: &str, axes: usize| variable(name, DataType::Int16, &vec![("/x", 1); axes]);
    root.variables = vec![of("beyond", MOST_AXES + 1), of("most", MOST_AXES)];
    let schema = Schema { root };
    assert_eq!(spelled(&schema), [format!("Int16 most{}", "[x=1]".repeat(MOST_AXES))]);
    assert_eq!(hidden(&schema), ["/beyond: it has 33 axes, and DAP2 clients read 32 at most"]);
}
