//! Tests of the JSON response: what it says, and that every JSON parser takes it.

use serde_json::{Value as Parsed, json};

use super::super::grammar::parse_das;
use super::super::text::Transcript;
use super::super::values::{END, ROW};
use super::*;

fn document(dds: &str, das: &str, data: &[u8]) -> Parsed {
    let das = parse_das(&format!("Attributes {{\n{das}}}\n")).unwrap();
    let mut transcript = Transcript::new(Json::new(das));
    let mut out = String::new();
    transcript.push(format!("Dataset {{\n{dds}}} d;\nData:\n").as_bytes(), &mut out).unwrap();
    data.chunks(3).for_each(|piece| transcript.push(piece, &mut out).unwrap());
    transcript.finish(&mut out).unwrap();
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn check(dds: &str, data: &[i32], expected: &Parsed) {
    let data: Vec<u8> = data.iter().flat_map(|value| value.to_be_bytes()).collect();
    let document = document(dds, "", &data);
    let all = document["leaves"].as_array().unwrap().iter().chain(document["nodes"].as_array().unwrap());
    let data: Vec<&Parsed> = all.map(|one| one.get("data").unwrap_or(&one["leaves"])).collect();
    assert_eq!(json!(data), *expected, "{document}");
}

#[test]
fn lists_are_nested_as_axes_are() {
    check("    Int32 a;\n", &[7], &json!([7]));
    check("    Int32 a[3];\n    Int32 b;\n", &[3, 3, 1, 2, 3, 9], &json!([[1, 2, 3], 9]));
    check("    Int32 a[2][3];\n", &[6, 6, 1, 2, 3, 4, 5, 6], &json!([[[1, 2, 3], [4, 5, 6]]]));
    check("    Int32 a[2][2][1];\n", &[4, 4, 1, 2, 3, 4], &json!([[[[1], [2]], [[3], [4]]]]));
    check("    Int32 a[0];\n    Int32 b[2][0];\n", &[0, 0, 0, 0], &json!([[], []]));
    check("", &[], &json!([]));
}

#[test]
fn nodes_have_rows() {
    let (row, end) = (i32::from_be_bytes(ROW), i32::from_be_bytes(END));
    let structure = "Structure {\n        Int32 i;\n        Int32 a[2];\n    }";
    check(&format!("    {structure} s;\n"), &[1, 2, 2, 2, 3], &json!([[1, [2, 3]]]));
    let two = [2, 1, 2, 2, 2, 3, 4, 2, 2, 5, 6];
    check(&format!("    {structure} s[2];\n"), &two, &json!([[[1, [2, 3]], [4, [5, 6]]]]));
    check(&format!("    {structure} s[2][1];\n"), &two, &json!([[[[1, [2, 3]]], [[4, [5, 6]]]]]));
    check(&format!("    {structure} s[0];\n"), &[0], &json!([[]]));
    let sequence = format!("    Sequence {{\n    Int32 k;\n    {structure} s;\n    }} q;\n");
    check(
        &sequence,
        &[row, 8, 1, 2, 2, 2, 3, row, 9, 4, 2, 2, 5, 6, end],
        &json!([[[8, [1, [2, 3]]], [9, [4, [5, 6]]]]]),
    );
    check(&sequence, &[end], &json!([[]]));
    let nested = "    Sequence {\n    Sequence {\n    Int32 k;\n    } in;\n    } q;\n";
    check(nested, &[row, row, 1, row, 2, end, row, end, end], &json!([[[[[1], [2]]], [[]]]]));
}

#[test]
fn leaves_and_nodes_say_what_they_are() {
    let dds = "    Float32 t[y = 1];\n    Grid {\n     Array:\n        Int32 g[x = 2];\n     Maps:\n        Int32 x[x = 2];\n    } g;\n    Structure {\n        Int32 i;\n    } s[2];\n";
    let das = "t {\nString units \"m\", \"say \\\"x\\\"\";\nFloat32 _FillValue NaN;\nInt16 r -1, 2;\n}\n\
        s {\ni {\nString units \"K\";\n}\n}\nNC_GLOBAL {\nFloat64 big 1e999, 1e20;\n}\n";
    let data: Vec<u8> = [1, 1, 0x7fc0_0000, 2, 2, 1, 2, 2, 2, 10, 20, 2, 5, 6]
        .iter()
        .flat_map(|v: &i32| v.to_be_bytes())
        .collect();
    let member = json!({"name": "i", "type": "Int32", "attributes": [{"name": "units", "type": "String", "value": ["K"]}],
        "dimensions": [], "shape": []});
    let expected = json!({
        "name": "d",
        "attributes": [{"name": "NC_GLOBAL", "attributes": [{"name": "big", "type": "Float64", "value": ["Infinity", 1e20]}]}],
        "leaves": [{"name": "t", "type": "Float32", "attributes": [
            {"name": "units", "type": "String", "value": ["m", "say \"x\""]},
            {"name": "_FillValue", "type": "Float32", "value": ["NaN"]},
            {"name": "r", "type": "Int16", "value": [-1, 2]},
        ], "dimensions": ["y"], "shape": [1], "data": ["NaN"]}],
        "nodes": [
            {"name": "g", "type": "Grid", "attributes": [], "leaves": [
                {"name": "g", "type": "Int32", "attributes": [], "dimensions": ["x"], "shape": [2], "data": [1, 2]},
                {"name": "x", "type": "Int32", "attributes": [], "dimensions": ["x"], "shape": [2], "data": [10, 20]},
            ]},
            {"name": "s", "type": "Structure", "attributes": [], "dimensions": [null], "shape": [2], "members": [member], "data": [[5], [6]]},
        ],
    });
    assert_eq!(document(dds, das, &data), expected);
}

#[test]
fn values_survive() {
    let data: Vec<u8> = [0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    let document = document("    Float64 v[7];\n", "", &[7_u32.to_be_bytes().repeat(2), data].concat());
    let data = document["leaves"][0]["data"].as_array().unwrap();
    let numbers: Vec<Option<u64>> = data.iter().map(|v| v.as_f64().map(f64::to_bits)).collect();
    let exact = |value: f64| Some(value.to_bits());
    let expected = [exact(0.1), exact(-0.0), exact(f64::MAX), exact(f64::MIN_POSITIVE), None, None, None];
    assert_eq!(numbers, expected);
    assert_eq!(data[4..], [json!("Infinity"), json!("-Infinity"), json!("NaN")]);
}

#[test]
fn texts_are_valid_whatever_they_are() {
    let check = |bytes: &[u8], expected: &str| {
        let mut data = (bytes.len() as u32).to_be_bytes().to_vec();
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(4), 0);
        assert_eq!(document("    String s;\n", "", &data)["leaves"][0]["data"], json!(expected));
    };
    check(b"", "");
    check("a\"b\\c\nd\u{1}\u{7f}é\u{2028}".as_bytes(), "a\"b\\c\nd\u{1}\u{7f}é\u{2028}");
    check(b"caf\xe9", "café");
}
