//! Tests of the text response, against what Hyrax prints.

use proptest::prelude::*;

use super::super::text::Transcript;
use super::super::values::{END, ROW};
use super::*;

/// The text of a response, without its first line.
fn text(dds: &str, data: &[u8]) -> String {
    text_with(Maps::default(), dds, data)
}

fn text_with(maps: Maps, dds: &str, data: &[u8]) -> String {
    let mut transcript = Transcript::new(Ascii::new(maps));
    let mut out = String::new();
    transcript.push(format!("Dataset {{\n{dds}}} d;\nData:\n").as_bytes(), &mut out).unwrap();
    data.chunks(5).for_each(|piece| transcript.push(piece, &mut out).unwrap());
    transcript.finish(&mut out).unwrap();
    out.strip_prefix("Dataset: d\n").unwrap().to_owned()
}

fn int32(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn check(dds: &str, data: &[i32], expected: &str) {
    assert_eq!(text(dds, &int32(data)), expected, "{dds}");
}

#[test]
fn arrays_are_rows() {
    check("    Int32 a;\n", &[7], "a, 7\n");
    check("    Int32 a[x = 3];\n    Int32 b;\n", &[3, 3, 1, 2, 3, 9], "a, 1, 2, 3\nb, 9\n");
    check("    Int32 a[2][3];\n", &[6, 6, 1, 2, 3, 4, 5, 6], "a[0], 1, 2, 3\na[1], 4, 5, 6\n");
    check("    Int32 a[2][2][1];\n", &[4, 4, 1, 2, 3, 4], "a[0][0], 1\na[0][1], 2\na[1][0], 3\na[1][1], 4\n");
    check("    Int32 a[0];\n    Int32 b[2][0];\n", &[0, 0, 0, 0], "a, \nb, \n");
    check("", &[], "");
}

#[test]
fn flat_structures_and_sequences_are_tables() {
    let row = i32::from_be_bytes(ROW);
    let end = i32::from_be_bytes(END);
    let members = "Int32 i;\n        Int32 j;\n";
    check(
        &format!("    Structure {{\n{members}    }} s;\n    Int32 a;\n"),
        &[1, 2, 9],
        "s.i, s.j\n1, 2\na, 9\n",
    );
    check(
        &format!("    Structure {{\n{members}    }} s[2];\n    Int32 a;\n"),
        &[2, 1, 2, 3, 4, 9],
        "s[0]\ns.i, s.j\n1, 2\ns[1]\ns.i, s.j\n3, 4\na, 9\n",
    );
    check(
        &format!("    Sequence {{\n{members}    }} s;\n    Int32 a;\n"),
        &[row, 1, 2, row, 3, 4, end, 9],
        "s.i, s.j\n1, 2\n3, 4\na, 9\n",
    );
    check(&format!("    Sequence {{\n{members}    }} s;\n    Int32 a;\n"), &[end, 9], "s.i, s.j\na, 9\n");
    let nested = "    Structure {\n        Int32 i;\n        Structure {\n            Int32 k;\n        } t;\n    } s;\n";
    check(nested, &[1, 2], "s.i, s.t.k\n1, 2\n");
}

#[test]
fn other_members_stand_on_lines_of_their_own() {
    let dds = "    Structure {\n        Int32 i;\n        Int32 a[2];\n    } s[2];\n    Int32 b;\n";
    let expected = "s[0]\ns.i, 1\ns.a, 2, 3\ns[1]\ns.i, 4\ns.a, 5, 6\nb, 9\n";
    check(dds, &[2, 1, 2, 2, 2, 3, 4, 2, 2, 5, 6, 9], expected);
    let dds = "    Sequence {\n        Int32 i;\n        Int32 a[1];\n    } s;\n";
    let (row, end) = (i32::from_be_bytes(ROW), i32::from_be_bytes(END));
    check(dds, &[row, 1, 1, 1, 2, row, 3, 1, 1, 4, end], "s.i, 1\ns.a, 2\ns.i, 3\ns.a, 4\n");
    let dds = "    Grid {\n     Array:\n        Int32 g[y = 2][x = 1];\n     Maps:\n        Int32 y[y = 2];\n        Int32 x[x = 1];\n    } g;\n";
    check(dds, &[2, 2, 1, 2, 2, 2, 10, 20, 1, 1, 5], "g.g[0], 1\ng.g[1], 2\ng.y, 10, 20\ng.x, 5\n");
}

#[test]
fn rows_of_a_grid_are_labelled_by_its_maps() {
    let maps = "        Int32 y[y = 2];\n        Int32 x[x = 3];\n";
    let mut read = Transcript::new(Maps::default());
    let mut nothing = String::new();
    let response = format!("Dataset {{\n    Structure {{\n{maps}    }} g;\n}} d;\nData:\n");
    read.push(response.as_bytes(), &mut nothing).unwrap();
    read.push(&int32(&[2, 2, 10, 20, 3, 3, 5, 6, 7]), &mut nothing).unwrap();
    read.finish(&mut nothing).unwrap();
    assert!(nothing.is_empty());
    let known = read.into_format();
    let dds = format!(
        "    Grid {{\n     Array:\n        Int32 g[y = 2][x = 3];\n     Maps:\n{maps}    }} g;\n    Int32 a[2][1];\n"
    );
    let data = int32(&[6, 6, 1, 2, 3, 4, 5, 6, 2, 2, 10, 20, 3, 3, 5, 6, 7, 2, 2, 8, 9]);
    let expected = "g.x, 5, 6, 7\ng.g[g.y=10], 1, 2, 3\ng.g[g.y=20], 4, 5, 6\na[0], 8\na[1], 9\n";
    assert_eq!(text_with(known.clone(), &dds, &data), expected);
    // Maps of another Grid are none of this one.
    let dds = dds.replace("} g;", "} h;");
    assert!(
        text_with(known, &dds, &data)
            .starts_with("h.g[0], 1, 2, 3\nh.g[1], 4, 5, 6\nh.y, 10, 20\nh.x, 5, 6, 7\n")
    );
}

#[test]
fn texts_keep_their_line() {
    let check = |bytes: &[u8], expected: &str| {
        let mut data = (bytes.len() as u32).to_be_bytes().to_vec();
        data.extend(bytes);
        data.resize(data.len().next_multiple_of(4), 0);
        assert_eq!(text("    String s;\n", &data), format!("s, {expected}\n"));
    };
    check(b"", "\"\"");
    check(b"say \"x\", y", "\"say \\\"x\\\", y\"");
    check(b"two\nlines\r\t", "\"two\\012lines\\015\\011\"");
    check("µ".as_bytes(), "\"µ\"");
    check(b"caf\xe9", "\"caf\\351\"");
}

proptest! {
    #[test]
    fn numbers_read_back_as_the_same(wide: f64, narrow: f32) {
        let printed = |value| { let mut out = String::new(); print(value, &mut out); out };
        let (read_wide, read_narrow): (f64, f32) =
            (printed(Value::Float64(wide)).parse().unwrap(), printed(Value::Float32(narrow)).parse().unwrap());
        prop_assert!(read_wide.to_bits() == wide.to_bits() || wide.is_nan() && read_wide.is_nan());
        prop_assert!(read_narrow.to_bits() == narrow.to_bits() || narrow.is_nan() && read_narrow.is_nan());
    }
}

#[test]
fn whole_numbers_have_no_fraction() {
    let check = |value, expected: &str| {
        let mut out = String::new();
        print(value, &mut out);
        assert_eq!(out, expected);
    };
    check(Value::Float64(10.0), "10");
    check(Value::Float64(-0.0), "-0");
    check(Value::Float32(0.1), "0.1");
    check(Value::Float64(1e300), "1e300");
    check(Value::Float64(f64::NAN), "NaN");
    check(Value::Float64(f64::NEG_INFINITY), "-inf");
}
