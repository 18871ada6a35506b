//! Tests of the DAS: what is written, and that the strictest grammar reads it back.

use proptest::prelude::*;
use weir_model::{Attribute, DataType, Group, Schema, Value, Variable};

use super::super::grammar::{self, Line};
use super::super::view::samples::{group, variable};
use super::*;

fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.into(), value }
}

fn lines(schema: &Schema, container: &str) -> Vec<Line> {
    let text = das(&Inventory::of(schema), &|_, _| None);
    let parsed = grammar::parse_das(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let found = parsed.containers.into_iter().find(|found| found.name == container);
    found.map(|found| found.attributes).unwrap_or_default()
}

fn shown(lines: &[Line]) -> Vec<String> {
    let value = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
    let line = |line: &Line| {
        let values: Vec<String> = line.values.iter().map(value).collect();
        format!("{} {} {}", line.data_type.keyword(), line.name, values.join("|"))
    };
    lines.iter().map(line).collect()
}

/// A dataset's attribute.
fn check_global(value: Value, expected: &[&str]) {
    let root = Group { attributes: vec![attribute("a", value)], ..Group::default() };
    assert_eq!(shown(&lines(&Schema { root }, "NC_GLOBAL")), expected);
}

/// The attributes of a variable `v`.
fn check_variable(data_type: DataType, attributes: Vec<Attribute>, expected: &[&str]) {
    let v = Variable { attributes, ..variable("v", data_type, &[("/n", 3)]) };
    let root = Group { variables: vec![v], ..group("", &[("n", 3)]) };
    assert_eq!(shown(&lines(&Schema { root }, "v")), expected);
}

#[test]
fn numbers_keep_their_value() {
    check_global(Value::Int8(vec![-100, 100]), &["Int16 a -100|100"]);
    check_global(Value::Int8(vec![0, 127]), &["Byte a 0|127"]);
    check_global(Value::UInt8(vec![1, 127]), &["Byte a 1|127"]);
    check_global(Value::UInt8(vec![1, 200]), &["Int16 a 1|200"]);
    check_global(Value::UInt16(vec![32767]), &["UInt16 a 32767"]);
    check_global(Value::UInt16(vec![40000]), &["Int32 a 40000"]);
    check_global(Value::UInt32(vec![4_000_000_000]), &["Float64 a 4000000000.0"]);
    check_global(Value::Int32(vec![i32::MIN]), &["Int32 a -2147483648"]);
    check_global(Value::Int64(vec![-7, 7]), &["Int32 a -7|7"]);
    check_global(Value::Int64(vec![1 << 53]), &["Float64 a 9007199254740992.0"]);
    check_global(Value::Int64(vec![i64::MAX]), &["String a 9223372036854775807"]);
    check_global(Value::UInt64(vec![u64::MAX]), &["String a 18446744073709551615"]);
}

#[test]
fn floats_keep_every_digit() {
    check_global(Value::Float64(vec![0.1, 1e-300, -0.0]), &["Float64 a 0.1|1e-300|-0.0"]);
    check_global(Value::Float32(vec![0.1, 1e20, 3.0]), &["Float32 a 0.1|1e20|3.0"]);
    check_global(
        Value::Float64(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        &["Float64 a NaN|1e999|-1e999"],
    );
}

#[test]
fn texts_are_kept_and_nothing_is_invented_for_empty_values() {
    check_global(Value::text(""), &["String a "]);
    check_global(Value::text("say \"x\"\n\\"), &["String a say \"x\"\n\\"]);
    check_global(Value::String(vec![b"x".to_vec(), b"".to_vec()]), &["String a x|"]);
    check_global(Value::String(vec![]), &[]);
    check_global(Value::Int32(vec![]), &[]);
    check_global(Value::Other { description: "compound".into() }, &[]);
}

#[test]
fn unsignedness_is_told() {
    check_variable(DataType::Int8, vec![], &[]);
    check_variable(DataType::UInt8, vec![], &["String _Unsigned true"]);
    check_variable(DataType::UInt32, vec![], &["String _Unsigned true"]);
    check_variable(DataType::Int16, vec![], &[]);
    let own = attribute("_Unsigned", Value::text("true"));
    let fill = attribute("_FillValue", Value::Int8(vec![-1]));
    check_variable(DataType::Int8, vec![own, fill], &["String _Unsigned true", "Byte _FillValue 255"]);
}

#[test]
fn a_byte_that_stands_alone_is_no_byte() {
    let fill = attribute("_FillValue", Value::UInt8(vec![255]));
    let v = Variable { attributes: vec![fill], ..variable("v", DataType::UInt8, &[]) };
    let root = Group { variables: vec![v], ..Group::default() };
    assert_eq!(shown(&lines(&Schema { root }, "v")), ["Int16 _FillValue 255"]);
}

#[test]
fn fill_values_have_the_type_of_the_variable() {
    let check = |data_type: DataType, fill: Value, expected: &[&str]| {
        let own = attribute("_Unsigned", Value::text("false"));
        let mut all = vec!["String _Unsigned false"];
        all.extend(expected);
        check_variable(data_type, vec![own, attribute("_FillValue", fill)], &all);
    };
    check(DataType::Int8, Value::Int8(vec![-1]), &["Int16 _FillValue -1"]);
    check(DataType::Int8, Value::Int16(vec![128]), &[]);
    check(DataType::UInt8, Value::UInt8(vec![255]), &["Byte _FillValue 255"]);
    check(DataType::UInt16, Value::UInt16(vec![65535]), &["UInt16 _FillValue 65535"]);
    check(DataType::Int16, Value::Float64(vec![-999.0]), &["Int16 _FillValue -999"]);
    check(DataType::Int16, Value::Float32(vec![f32::NAN]), &[]);
    check(DataType::Int16, Value::Int32(vec![40000]), &[]);
    check(DataType::Int16, Value::Int16(vec![1, 2]), &[]);
    check(DataType::Int16, Value::text("x"), &[]);
    check(DataType::Float32, Value::Float64(vec![1e20]), &["Float32 _FillValue 1e20"]);
    check(DataType::Float32, Value::Float64(vec![1e300]), &[]);
    check(DataType::Float32, Value::Float32(vec![f32::NAN]), &["Float32 _FillValue NaN"]);
    check(DataType::Float64, Value::Int32(vec![-9]), &["Float64 _FillValue -9.0"]);
}

#[test]
fn values_like_elements_keep_the_type_of_the_variable() {
    let range = attribute("valid_range", Value::UInt16(vec![1, 65000]));
    let flags = attribute("flag_values", Value::UInt16(vec![1, 65000]));
    let signed = attribute("valid_range", Value::Int8(vec![-128, 127]));
    check_variable(DataType::Int8, vec![signed], &["Int16 valid_range -128|127"]);
    check_variable(
        DataType::UInt16,
        vec![range, flags],
        &["String _Unsigned true", "UInt16 valid_range 1|65000", "Int32 flag_values 1|65000"],
    );
}

#[test]
fn texts_tell_their_width() {
    let mut root = group("", &[("n", 2), ("my width", 5)]);
    root.variables = vec![variable("c", DataType::Char, &[("/n", 2), ("/my width", 5)])];
    root.variables.push(variable("f", DataType::FixedString { length: 80 }, &[]));
    root.variables.push(variable("s", DataType::String, &[]));
    let schema = Schema { root };
    assert_eq!(shown(&lines(&schema, "c")), ["Int32 DODS.strlen 5", "String DODS.dimName my%20width"]);
    assert_eq!(shown(&lines(&schema, "f")), ["Int32 DODS.strlen 80"]);
    assert!(lines(&schema, "s").is_empty());
    let text = das(&Inventory::of(&schema), &|entry, _| (entry.path == "/s").then_some(99));
    assert!(text.contains("    s {\n        Int32 DODS.strlen 99;\n    }\n"), "{text}");
}

#[test]
fn groups_and_the_unlimited_dimension_are_told() {
    let mut root = group("", &[("time", 3)]);
    root.dimensions[0].unlimited = true;
    root.variables = vec![variable("time", DataType::Int32, &[("/time", 3)])];
    root.attributes = vec![attribute("title", Value::text("x"))];
    let mut inner = group("forecast", &[]);
    inner.attributes = vec![attribute("title", Value::text("y"))];
    let mut deep = group("deep", &[]);
    deep.attributes = vec![attribute("my title", Value::text("z"))];
    inner.groups = vec![deep];
    root.groups = vec![inner];
    let text = das(&Inventory::of(&Schema { root }), &|_, _| None);
    let expected = "Attributes {\n    time {\n    }\n    NC_GLOBAL {\n        String title \"x\";\n        \
                    String forecast.title \"y\";\n        String forecast.deep.my%20title \"z\";\n    }\n    \
                    DODS_EXTRA {\n        String Unlimited_Dimension \"time\";\n    }\n}\n";
    assert_eq!(text, expected);
}

/// Any attribute value.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::collection::vec(any::<i8>(), 0..4).prop_map(Value::Int8),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::UInt8),
        prop::collection::vec(any::<u16>(), 0..4).prop_map(Value::UInt16),
        prop::collection::vec(any::<u32>(), 0..4).prop_map(Value::UInt32),
        prop::collection::vec(any::<i64>(), 0..4).prop_map(Value::Int64),
        prop::collection::vec(any::<u64>(), 0..4).prop_map(Value::UInt64),
        prop::collection::vec(any::<f32>(), 0..4).prop_map(Value::Float32),
        prop::collection::vec(any::<f64>(), 0..4).prop_map(Value::Float64),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Char),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..3).prop_map(Value::String),
    ]
}

proptest! {
    #[test]
    fn every_das_is_one_that_clients_can_parse(
        attributes in prop::collection::vec(("\\PC{0,8}", any_value()), 0..6),
        fill in any_value(),
        kind in 0_usize..7,
    ) {
        let types = [DataType::Int8, DataType::UInt8, DataType::Int16, DataType::UInt32, DataType::Float32,
            DataType::Float64, DataType::Char];
        let mut all: Vec<_> = attributes.iter().map(|(name, value)| attribute(name, value.clone())).collect();
        let global = all.clone();
        all.push(attribute("_FillValue", fill));
        let v = Variable { attributes: all, ..variable("v", types[kind].clone(), &[]) };
        let root = Group { variables: vec![v], attributes: global, ..Group::default() };
        let text = das(&Inventory::of(&Schema { root }), &|_, _| Some(3));
        prop_assert!(grammar::parse_das(&text).is_ok(), "{}", text);
    }

    #[test]
    fn texts_come_back_byte_for_byte(text in prop::collection::vec(any::<u8>(), 0..40)) {
        let root = Group { attributes: vec![attribute("a", Value::Char(text.clone()))], ..Group::default() };
        prop_assert_eq!(&lines(&Schema { root }, "NC_GLOBAL")[0].values, &vec![text]);
    }

    #[test]
    fn floats_come_back_bit_for_bit(wide: f64, narrow: f32) {
        let back = |line: &Line| String::from_utf8(line.values[0].clone()).unwrap();
        let root = Group {
            attributes: vec![attribute("w", Value::Float64(vec![wide])), attribute("n", Value::Float32(vec![narrow]))],
            ..Group::default()
        };
        let lines = lines(&Schema { root }, "NC_GLOBAL");
        prop_assert_eq!(back(&lines[0]).parse::<f64>().unwrap().to_bits() , wide.to_bits());
        prop_assert_eq!(back(&lines[1]).parse::<f32>().unwrap().to_bits() , narrow.to_bits());
    }
}
