//! Tests of records: elements as they are given, and what is sent of them.

use proptest::prelude::*;
use weir_model::{Schema, Variable};

use super::super::view::samples::{buoy, compound, field, group, reading, variable};
use super::super::{Constraint, Coordinates, Inventory, Leaf, Shown, View};
use super::*;

fn schema(data_type: DataType) -> Schema {
    let mut root = group("", &[]);
    root.variables = vec![Variable { name: "s".into(), ..variable("s", data_type, &[]) }];
    Schema { root }
}

/// The wire bytes of one element, of which `query` asks for a part.
fn encode(data_type: &DataType, query: &str, element: &[u8]) -> Result<Vec<u8>, Damaged> {
    let schema = schema(data_type.clone());
    let inventory = Inventory::of(&schema);
    let constraint = Constraint::parse(query).unwrap();
    let view = View::resolve(&constraint, &inventory, &Coordinates::new()).unwrap();
    let Some(Leaf::Records(record)) = view.leaves().next() else { panic!("{view:?}") };
    let mut out = vec![];
    record.encoder().encode(element, &mut out).map(|()| out)
}

/// A buoy whose bytes count from 1.
fn counted() -> Vec<u8> {
    (1..=48).collect()
}

fn be32(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[test]
fn signed_bytes_of_a_member_keep_their_sign() {
    let mut element = counted();
    element[4..10].copy_from_slice(&[0xff, 0x80, 0x7f, 0, 1, 0xfe]);
    let expected = be32(&[6, 6, -1, -128, 127, 0, 1, -2]);
    assert_eq!(encode(&buoy(), "s.depths", &element), Ok(expected));
}

#[test]
fn members_lie_at_their_offsets() {
    let check = |query: &str, expected: &[u8]| {
        assert_eq!(encode(&buoy(), query, &counted()).as_deref(), Ok(expected), "{query}");
    };
    check("s.id", &[4, 3, 2, 1]);
    check("s.depths", &be32(&[6, 6, 5, 6, 7, 8, 9, 10]));
    check("s.depths[1][0:2:2]", &be32(&[2, 2, 8, 10]));
    check("s.name", &[0, 0, 0, 4, 11, 12, 13, 14]);
    check("s.in_side[1:2].x", &[0, 0, 0, 2, 0, 0, 34, 33, 0, 0, 42, 41]);
    check("s.in_side[0].y", &[0, 0, 0, 1, 32, 31, 30, 29]);
}

/// A compound with members whose size varies: numbers, texts, a sequence that DAP2 cannot carry, and a compound inside.
fn varying() -> DataType {
    let inner =
        compound("inner", 0, vec![field("t", 0, DataType::String, &[]), field("n", 0, DataType::Int16, &[])]);
    let vlen = DataType::Vlen { name: "v".into(), element: Box::new(DataType::Int32) };
    let fields = vec![
        field("a", 0, DataType::UInt8, &[3]),
        field("vlen", 0, vlen, &[]),
        field("texts", 0, DataType::String, &[2]),
        field("inner", 0, inner, &[2]),
        field("z", 0, DataType::Float64, &[]),
    ];
    compound("varying", 0, fields)
}

fn text(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text].concat()
}

fn packed() -> Vec<u8> {
    let vlen = [&2_u64.to_le_bytes()[..], &[9; 8]].concat();
    let inner = |name: &[u8], n: i16| [text(name), n.to_le_bytes().to_vec()].concat();
    [
        vec![1, 2, 3],
        vlen,
        text(b"one"),
        text(b""),
        inner(b"x", -2),
        inner(b"yz", 3),
        1.5_f64.to_le_bytes().to_vec(),
    ]
    .concat()
}

#[test]
fn packed_members_are_found() {
    let check = |query: &str, expected: &[u8]| {
        assert_eq!(encode(&varying(), query, &packed()).as_deref(), Ok(expected), "{query}");
    };
    check("s.a[0:2:2]", &[0, 0, 0, 2, 0, 0, 0, 2, 1, 3, 0, 0]);
    check("s.texts", &[0, 0, 0, 2, 0, 0, 0, 3, b'o', b'n', b'e', 0, 0, 0, 0, 0]);
    check("s.texts[1]", &[0, 0, 0, 1, 0, 0, 0, 0]);
    check("s.inner[1].t", &[0, 0, 0, 1, 0, 0, 0, 2, b'y', b'z', 0, 0]);
    check("s.inner.n", &[0, 0, 0, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3]);
    check("s.z", &1.5_f64.to_be_bytes());
    let schema = schema(varying());
    let inventory = Inventory::of(&schema);
    assert_eq!(inventory.hidden()[0].path, "/s.vlen");
}

#[test]
fn elements_of_another_shape_are_damaged() {
    for end in 0..48 {
        let whole = encode(&buoy(), "s", &counted()[..end]);
        assert_eq!(whole, Err(Damaged), "{end}");
    }
    for end in 0..packed().len() {
        assert_eq!(encode(&varying(), "s.a", &packed()[..end]), Err(Damaged), "{end}");
    }
    assert_eq!(encode(&varying(), "s.a", &[packed(), vec![0]].concat()), Err(Damaged));
}

#[test]
fn cells_are_those_of_all_columns() {
    let mut root = group("", &[("row", 1)]);
    root.dimensions[0].unlimited = true;
    root.variables = vec![variable("log", reading(), &[("/row", 1)])];
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let constraint = Constraint::parse("log.count").unwrap();
    let view = View::resolve(&constraint, &inventory, &Coordinates::new()).unwrap();
    let [Shown::Sequence(rows)] = view.variables.as_slice() else { panic!("{view:?}") };
    let super::super::RowSource::Records(record) = &rows.source else { panic!("{rows:?}") };
    let row = [&2.5_f64.to_le_bytes()[..], &[0x34, 0x12], b"ab\0\0\0\0"].concat();
    let cells = record.encoder().cells(&row).unwrap();
    assert_eq!(cells, [Cell::Number(2.5), Cell::Number(f64::from(0x1234)), Cell::Text(b"ab")]);
    assert_eq!(record.encoder().cells(&row[..12]), Err(Damaged));
    let mut out = vec![];
    record.encoder().encode(&row, &mut out).unwrap();
    assert_eq!(out, [0, 0, 0x12, 0x34]);
}

#[test]
fn the_longest_texts_are_found() {
    let schema = schema(varying());
    let inventory = Inventory::of(&schema);
    let entry = &inventory.entries()[0];
    let mut longest = Longest::default();
    longest.see(entry, &packed()).unwrap();
    // The sequence is not served, so the texts are the second member, and the first inside of the third.
    assert_eq!([longest.of(&[1]), longest.of(&[2, 0]), longest.of(&[0])], [Some(3), Some(2), None]);
    assert_eq!(longest.see(entry, &packed()[1..]), Err(Damaged));
    let text = super::super::das::das(&inventory, &|_, way| longest.of(way));
    let expected = "    s {\n        a {\n            String _Unsigned \"true\";\n        }\n        texts {\n            \
                    Int32 DODS.strlen 3;\n        }\n        inner {\n            t {\n                Int32 DODS.strlen 2;\n            \
                    }\n        }\n    }\n";
    assert!(text.contains(expected), "{text}");
}

proptest! {
    #[test]
    fn no_element_makes_the_encoder_panic(element in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..80)) {
        for query in ["s", "s.inner[1].t", "s.texts[0:0]"] {
            let _ = encode(&varying(), query, &element);
        }
        let _ = encode(&buoy(), "s", &element);
    }
}
