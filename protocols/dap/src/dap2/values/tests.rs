//! Tests of reading: every kind of declaration, every place where a piece may end, and what is broken.

use proptest::prelude::*;
use weir_model::{DataType, Schema};

use super::super::AtomicType;
use super::super::dods::Layout;
use super::super::view::samples::{group, variable};
use super::super::xdr::{self, Form};
use super::super::{Inventory, Leaf, View};
use super::*;

/// All events of a response on one line each, read in pieces of `piece` bytes.
fn read(response: &[u8], piece: usize) -> Result<String, Broken> {
    let mut reader = Reader::new();
    let mut lines = String::new();
    for bytes in response.chunks(piece.max(1)) {
        reader.push(bytes);
        while let Some((node, event)) = reader.next()? {
            let line = match event {
                Event::Open => format!("{} {}{:?}", node.kind.keyword(), node.path, node.shape),
                Event::Element(number) => format!("{}#{number}", node.path),
                Event::Value(Value::Text(text)) => format!("{:?}", String::from_utf8_lossy(text)),
                Event::Value(value) => format!("{value:?}"),
                Event::Close => format!("/{}", node.path),
            };
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    reader.finish().map(|()| lines)
}

fn response(dds: &str, data: &[&[u8]]) -> Vec<u8> {
    let mut response = format!("Dataset {{\n{dds}}} d;\nData:\n").into_bytes();
    response.extend(data.concat());
    response
}

fn check(dds: &str, data: &[&[u8]], expected: &str) {
    let response = response(dds, data);
    let expected: String = expected.split_whitespace().map(|line| line.replace('~', " ") + "\n").collect();
    for piece in [1, 2, 3, 5, 7, 64, response.len()] {
        assert_eq!(read(&response, piece).unwrap(), expected, "{dds} in pieces of {piece}");
    }
}

fn check_broken(dds: &str, data: &[&[u8]], expected: &str) {
    let error = read(&response(dds, data), 3).unwrap_err();
    assert_eq!(error.found, expected, "{dds}");
}

#[test]
fn scalars_take_four_bytes_or_eight() {
    check("    Byte b;\n", &[&[0, 0, 0, 200]], "Byte~b[] Byte(200) /b");
    check("    Int16 b;\n", &[&[0xff, 0xff, 0xff, 0xfe]], "Int16~b[] Int16(-2) /b");
    check("    UInt16 b;\n", &[&[0, 0, 0xff, 0xfe]], "UInt16~b[] UInt16(65534) /b");
    check("    Float64 b;\n", &[&1.5_f64.to_be_bytes()], "Float64~b[] Float64(1.5) /b");
    check("    String b;\n", &[&[0, 0, 0, 2], b"xy\0\0"], "String~b[] \"xy\" /b");
}

#[test]
fn arrays_have_their_counts_and_padding() {
    check(
        "    Byte b[3];\n",
        &[&[0, 0, 0, 3], &[0, 0, 0, 3], &[1, 2, 3, 0]],
        "Byte~b[3] Byte(1) Byte(2) Byte(3) /b",
    );
    check(
        "    Byte b[0];\n    Byte c[4];\n",
        &[&[0; 8], &[0, 0, 0, 4], &[0, 0, 0, 4], &[4, 5, 6, 7]],
        "Byte~b[0] /b Byte~c[4] Byte(4) Byte(5) Byte(6) Byte(7) /c",
    );
    check(
        "    String b[x = 2];\n",
        &[&[0, 0, 0, 2], &[0; 4], &[0, 0, 0, 1], b"x\0\0\0"],
        "String~b[2] \"\" \"x\" /b",
    );
    check("", &[], "");
}

#[test]
fn members_follow_each_other() {
    let dds = "    Structure {\n        Int32 a;\n        Byte b[2];\n    } s[2];\n    Int32 c;\n";
    let data: [&[u8]; 7] = [
        &[0, 0, 0, 2],
        &[0, 0, 0, 1],
        &[0, 0, 0, 2, 0, 0, 0, 2, 7, 8, 0, 0],
        &[0, 0, 0, 3],
        &[0, 0, 0, 2, 0, 0, 0, 2, 9, 10, 0, 0],
        &[0, 0, 0, 5],
        &[],
    ];
    check(
        dds,
        &data,
        "Structure~s[2] s#0 Int32~s.a[] Int32(1) /s.a Byte~s.b[2] Byte(7) Byte(8) /s.b \
        s#1 Int32~s.a[] Int32(3) /s.a Byte~s.b[2] Byte(9) Byte(10) /s.b /s Int32~c[] Int32(5) /c",
    );
    let dds =
        "    Grid {\n     Array:\n        Byte g[x = 1];\n     Maps:\n        Int32 x[x = 1];\n    } g;\n";
    let data: [&[u8]; 2] = [&[0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 0, 0], &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6]];
    check(dds, &data, "Grid~g[] Byte~g.g[1] Byte(9) /g.g Int32~g.x[1] Int32(6) /g.x /g");
}

#[test]
fn rows_end_with_their_mark() {
    let dds = "    Sequence {\n        Int32 a;\n        Sequence {\n            Byte b;\n        } in;\n    } s;\n";
    let data: [&[u8]; 10] = [
        &ROW,
        &[0, 0, 0, 1],
        &ROW,
        &[0, 0, 0, 2],
        &ROW,
        &[0, 0, 0, 3],
        &END,
        &ROW,
        &[0, 0, 0, 4, 0xa5, 0, 0, 0],
        &END,
    ];
    check(
        dds,
        &data,
        "Sequence~s[] s#0 Int32~s.a[] Int32(1) /s.a Sequence~s.in[] \
        s.in#0 Byte~s.in.b[] Byte(2) /s.in.b s.in#1 Byte~s.in.b[] Byte(3) /s.in.b /s.in \
        s#1 Int32~s.a[] Int32(4) /s.a Sequence~s.in[] /s.in /s",
    );
    check("    Sequence {\n        Int32 a;\n    } s;\n", &[&END], "Sequence~s[] /s");
}

#[test]
fn what_breaks_the_structure_is_told() {
    let one = "    Byte b[3];\n";
    check_broken(one, &[&[0, 0, 0, 3], &[0, 0, 0, 4], &[1, 2, 3, 0]], "4 elements of b instead of 3");
    check_broken(one, &[&[0, 0, 0, 3], &[0, 0, 0, 3], &[1, 2, 3, 1]], "padding that is not 0");
    check_broken(one, &[&[0, 0, 0, 3], &[0, 0, 0, 3], &[1, 2, 3]], "the end, but data is missing");
    check_broken(one, &[&[0, 0, 0, 3], &[0, 0, 0, 3], &[1, 2, 3, 0, 9]], "1 bytes too many");
    check_broken("    Int16 b;\n", &[&[0, 1, 0, 0]], "[00, 01, 00, 00], which is no Int16");
    check_broken("    Byte b;\n", &[&[1, 0, 0, 0]], "[01, 00, 00, 00], which is no Byte");
    check_broken("    String b;\n", &[&[0xff, 0xff, 0xff, 0xff], b"xxxx"], "the end, but data is missing");
    check_broken("    String b;\n", &[&[0, 0, 0, 1], b"xxxx"], "padding that is not 0");
    let row = "    Sequence {\n        Byte b;\n    } s;\n";
    check_broken(row, &[&[0, 0, 0, 1]], "[00, 00, 00, 01] where a row of a sequence begins or ends");
    check_broken(
        "    Byte b[65536][65536];
",
        &[&[0; 8]],
        "0 elements of b instead of 4294967296",
    );
    let error = read(b"Dataset {\n  Int64 b;\n} d;\nData:\n", 9).unwrap_err();
    assert!(error.found.starts_with("the text breaks the grammar"), "{error}");
    assert!(read(b"Dataset {\n} d;\n", 9).is_err());
}

/// Elements in XDR, written apart from the encoder of this crate.
fn xdr_of(data_type: AtomicType, is_array: bool, seed: u64, out: &mut Vec<u8>, expected: &mut Vec<String>) {
    let debug = |value: Value<'_>| format!("{value:?}");
    match data_type {
        AtomicType::Byte if is_array => {
            out.push(seed as u8);
            expected.push(debug(Value::Byte(seed as u8)));
        }
        AtomicType::Byte => {
            out.extend(u32::from(seed as u8).to_be_bytes());
            expected.push(debug(Value::Byte(seed as u8)));
        }
        AtomicType::Int16 => {
            out.extend(i32::from(seed as i16).to_be_bytes());
            expected.push(debug(Value::Int16(seed as i16)));
        }
        AtomicType::UInt16 => {
            out.extend(u32::from(seed as u16).to_be_bytes());
            expected.push(debug(Value::UInt16(seed as u16)));
        }
        AtomicType::Int32 => {
            out.extend((seed as i32).to_be_bytes());
            expected.push(debug(Value::Int32(seed as i32)));
        }
        AtomicType::UInt32 => {
            out.extend((seed as u32).to_be_bytes());
            expected.push(debug(Value::UInt32(seed as u32)));
        }
        AtomicType::Float32 => {
            out.extend((seed as u32).to_be_bytes());
            expected.push(debug(Value::Float32(f32::from_bits(seed as u32))));
        }
        AtomicType::Float64 => {
            out.extend(seed.to_be_bytes());
            expected.push(debug(Value::Float64(f64::from_bits(seed))));
        }
        AtomicType::String => {
            let text = "é".repeat((seed % 7) as usize);
            out.extend((text.len() as u32).to_be_bytes());
            out.extend(text.as_bytes());
            out.resize(out.len().next_multiple_of(4), 0);
            expected.push(format!("{text:?}"));
        }
    }
}

const TYPES: [AtomicType; 8] = [
    AtomicType::Byte,
    AtomicType::Int16,
    AtomicType::UInt16,
    AtomicType::Int32,
    AtomicType::UInt32,
    AtomicType::Float32,
    AtomicType::Float64,
    AtomicType::String,
];

/// A declaration with its data.
#[derive(Clone, Debug)]
enum Made {
    Atoms(AtomicType, Vec<u32>),
    Structure(Vec<Made>, Vec<u32>),
    Sequence(Vec<Made>, u32),
}

fn made() -> impl Strategy<Value = Made> {
    let shape = || prop::collection::vec(0_u32..4, 0..3);
    let atoms = (0..TYPES.len(), shape()).prop_map(|(of, shape)| Made::Atoms(TYPES[of], shape));
    atoms.prop_recursive(3, 12, 3, move |inner| {
        let members = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (members(), shape()).prop_map(|(members, shape)| Made::Structure(members, shape)),
            (members(), 0_u32..4).prop_map(|(members, rows)| Made::Sequence(members, rows)),
        ]
    })
}

fn declared(made: &Made, name: &str, out: &mut String) {
    let axes = |shape: &[u32]| shape.iter().map(|length| format!("[{length}]")).collect::<String>();
    let all = |members: &[Made], out: &mut String| {
        members.iter().enumerate().for_each(|(n, member)| declared(member, &format!("m{n}"), out));
    };
    match made {
        Made::Atoms(data_type, shape) => {
            out.push_str(&format!("{} {name}{};\n", data_type.keyword(), axes(shape)));
        }
        Made::Structure(members, shape) => {
            out.push_str("Structure {\n");
            all(members, out);
            out.push_str(&format!("}} {name}{};\n", axes(shape)));
        }
        Made::Sequence(members, _) => {
            out.push_str("Sequence {\n");
            all(members, out);
            out.push_str(&format!("}} {name};\n"));
        }
    }
}

/// The data of a declaration; `expected` gets its values.
fn encoded(made: &Made, seed: &mut u64, out: &mut Vec<u8>, expected: &mut Vec<String>) {
    match made {
        Made::Atoms(data_type, shape) => {
            let count: u32 = shape.iter().product();
            let counts = if *data_type == AtomicType::String { 1 } else { 2 };
            for _ in 0..if shape.is_empty() { 0 } else { counts } {
                out.extend(count.to_be_bytes());
            }
            for _ in 0..count {
                *seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                xdr_of(*data_type, !shape.is_empty(), *seed >> 3, out, expected);
            }
            out.resize(out.len().next_multiple_of(4), 0);
        }
        Made::Structure(members, shape) => {
            let count: u32 = shape.iter().product();
            if !shape.is_empty() {
                out.extend(count.to_be_bytes());
            }
            for _ in 0..count {
                members.iter().for_each(|member| encoded(member, seed, out, expected));
            }
        }
        Made::Sequence(members, rows) => {
            for _ in 0..*rows {
                out.extend([0x5a, 0, 0, 0]);
                members.iter().for_each(|member| encoded(member, seed, out, expected));
            }
            out.extend([0xa5, 0, 0, 0]);
        }
    }
}

/// The lines of [`read`] that are values.
fn values(lines: &str) -> Vec<String> {
    let is_value = |line: &&str| line.ends_with(')') || line.starts_with('"');
    lines.lines().filter(is_value).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn any_structure_is_read_back(all in prop::collection::vec(made(), 0..4), seed: u64, piece in 1_usize..40) {
        let (mut dds, mut data, mut expected, mut seed) = (String::new(), vec![], vec![], seed);
        for (number, one) in all.iter().enumerate() {
            declared(one, &format!("v{number}"), &mut dds);
            encoded(one, &mut seed, &mut data, &mut expected);
        }
        let lines = read(&response(&dds, &[&data]), piece).unwrap();
        prop_assert_eq!(values(&lines), expected);
    }

    #[test]
    fn what_the_encoder_writes_is_read_back(
        variables in prop::collection::vec((0_usize..8, prop::collection::vec(0_u64..5, 0..4)), 0..5), seed: u64,
    ) {
        const STORED: [DataType; 8] = [
            DataType::UInt8, DataType::Int16, DataType::UInt16, DataType::Int32, DataType::UInt32, DataType::Float32,
            DataType::Float64, DataType::String,
        ];
        let named = |axes: &[u64]| axes.iter().map(|&length| (format!("d{length}"), length)).collect::<Vec<_>>();
        let variables = variables.iter().enumerate().map(|(number, (of, axes))| {
            let axes = named(axes);
            let axes: Vec<(&str, u64)> = axes.iter().map(|(name, length)| (name.as_str(), *length)).collect();
            variable(&format!("v{number}"), STORED[*of].clone(), &axes)
        });
        let lengths = named(&[0, 1, 2, 3, 4]);
        let lengths: Vec<(&str, u64)> = lengths.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let mut root = group("", &lengths);
        root.variables = variables.collect();
        let schema = Schema { root };
        let inventory = Inventory::of(&schema);
        let view = View::whole(&inventory).unwrap();
        let layout = Layout::of(&view, "d").unwrap();
        let (mut response, mut expected, mut seed) = (layout.head, vec![], seed);
        for (leaf, part) in view.leaves().zip(layout.parts) {
            let Leaf::Array(projected) = leaf else { panic!("{leaf:?}") };
            response.extend(part.counts);
            let data_type = projected.data_type();
            // Elements as a dataset gives them, big-endian, through the encoder.
            let mut block = vec![];
            for _ in 0..projected.slab.elements() {
                seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                // A byte that stands alone travels as a wider number.
                let stored = &projected.entry.variable.data_type;
                let value = if *stored == DataType::UInt8 { seed & 0xff } else { seed };
                xdr_of(data_type, part.form == Form::Array, value, &mut vec![], &mut expected);
                match data_type {
                    AtomicType::String => {
                        prop_assert!(xdr::write_text("é".repeat((seed % 7) as usize).as_bytes(), &mut response));
                    }
                    _ => {
                        let size = stored.size().unwrap_or(0);
                        block.extend(&seed.to_be_bytes()[8 - size..]);
                    }
                }
            }
            response.extend(xdr::numbers(&projected.entry.variable.data_type, (data_type, part.form), block));
            response.extend((0..part.padding).map(|_| 0));
        }
        let lines = read(&response, 11).unwrap();
        prop_assert_eq!(values(&lines), expected);
    }

    #[test]
    fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), piece in 1_usize..20) {
        let dds = "Structure {\nString s;\nByte b[3];\n} v[2];\nSequence {\nInt16 a;\n} q;\n";
        let _ = read(&response(dds, &[&bytes]), piece);
        let _ = read(&bytes, piece);
    }
}
