//! Tests of the limit: no text becomes longer than was said before.

use super::super::ascii::Ascii;
use super::super::grammar::{Das, parse_dds};
use super::super::json::Json;
use super::super::values::{END, ROW};
use super::*;

/// A response, and both texts of it, which must not be longer than announced.
fn check(dds: &str, data: &[&[u8]]) {
    let dds = format!("Dataset {{\n{dds}}} d;\n");
    let tree = Tree::of(&parse_dds(&dds).unwrap()).unwrap();
    let response = [dds.as_bytes(), b"Data:\n", &data.concat()].concat();
    let most = most(&tree, response.len() as u64).unwrap();
    let (mut ascii, mut json) =
        (Transcript::new(Ascii::default()), Transcript::new(Json::new(Das { containers: vec![] })));
    let (mut text, mut document) = (String::new(), String::new());
    ascii.push(&response, &mut text).unwrap();
    json.push(&response, &mut document).unwrap();
    ascii.finish(&mut text).unwrap();
    json.finish(&mut document).unwrap();
    for text in [text, document] {
        assert!(text.len() as u64 <= most, "{} bytes, but at most {most} were announced: {text}", text.len());
    }
}

#[test]
fn the_worst_that_can_come_is_announced() {
    let many = 500_u32;
    let counts = [many.to_be_bytes(), many.to_be_bytes()].concat();
    let all = |bytes: &[u8]| bytes.repeat(500);
    check("Float32 v[500];\n", &[&counts, &all(&(-1_234_567_850_000_000_f32).to_be_bytes())]);
    check("Float32 v[500][1];\n", &[&counts, &all(&(-1.175_494_3e-38_f32).to_be_bytes())]);
    check("Float64 v[250][1][2];\n", &[&counts, &all(&f64::MIN_POSITIVE.to_be_bytes())]);
    check("Int32 v[500];\n", &[&counts, &all(&i32::MIN.to_be_bytes())]);
    check("Byte v[500];\n", &[&counts, &all(&[255])]);
    check("String v[500];\n", &[&many.to_be_bytes(), &all(&[0, 0, 0, 4, 1, 2, 3, 4])]);
    check("String v[500][1];\n", &[&many.to_be_bytes(), &all(&[0, 0, 0, 0])]);
    check("String v;\n", &[&8000_u32.to_be_bytes(), &[7; 8000]]);
    let row = [&ROW[..], &[0xff, 0xff, 0x80, 0], &[0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    check("Sequence {\nInt16 a;\nString b;\n} v;\n", &[&all(&row), &END]);
    let row = [&ROW[..], &[0, 0, 0, 1, 0, 0, 0, 1, 255, 0, 0, 0]].concat();
    check("Sequence {\nByte a[1];\n} v;\n", &[&all(&row), &END]);
    let element = [[0xff, 0xff, 0x80, 0], [0, 0, 0, 1], [0, 0, 0, 1], [255, 0, 0, 0]].concat();
    check("Structure {\nInt16 a;\nByte b[1];\n} v[500];\n", &[&many.to_be_bytes(), &all(&element)]);
}
