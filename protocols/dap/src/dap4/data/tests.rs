//! Tests of encoding, and of reading back what was encoded.

use proptest::prelude::*;
use weir_model::{DataType, Schema};

use super::super::checksum::{Checksum, Checksums};
use super::super::samples::{cloud, compound, field, group, record, station, variable, vlen};
use super::super::{Inventory, View};
use super::*;

/// What is sent of one stored element of a scalar variable `x`, as `ce` wants it.
fn encoded(data_type: DataType, ce: &str, stored: &[u8]) -> Result<Vec<u8>, BadElement> {
    let mut root = group("", &[]);
    root.variables = vec![variable("x", data_type, &[])];
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let view = View::of(ce, &inventory).unwrap();
    let mut out = Vec::new();
    encode(&view.variables[0].form, stored, &mut out)?;
    let size = view.variables[0].size();
    assert!(size.least <= out.len() as u64 || !ce.is_empty(), "{size:?}");
    assert!(size.most.is_none_or(|most| most >= out.len() as u64), "{size:?}");
    // What is sent is what the DMR says.
    let mut data = out.clone();
    let mut checksum = Checksum::default();
    checksum.update(&out);
    data.extend(checksum.finish());
    let found = delimit(&view.document("x"), &data, Checksums::Sent).unwrap();
    assert_eq!((found.len(), found[0].fqn.as_str(), found[0].bytes), (1, "/x", out.as_slice()));
    Ok(out)
}

fn check(data_type: DataType, ce: &str, stored: &[u8], expected: &[&[u8]]) {
    assert_eq!(encoded(data_type, ce, stored), Ok(expected.concat()), "{ce}");
}

fn count(count: u64) -> [u8; 8] {
    count.to_le_bytes()
}

#[test]
fn single_values() {
    check(DataType::Int16, "", &[1, 2], &[&[1, 2]]);
    check(cloud(), "", &[7], &[&[7]]);
    check(DataType::Opaque { name: "k".into(), size: 3 }, "", &[1, 2, 3], &[&count(3), &[1, 2, 3]]);
    check(DataType::FixedString { length: 4 }, "", b"ab\0\0", &[&count(2), b"ab"]);
    check(DataType::FixedString { length: 0 }, "", b"", &[&count(0)]);
    check(DataType::String, "", b"text", &[&count(4), b"text"]);
    assert_eq!(encoded(DataType::Int16, "", &[1]), Err(BadElement));
    assert_eq!(encoded(DataType::Int16, "", &[1, 2, 3]), Err(BadElement));
}

/// A stored element of [`record`].
fn stored_record() -> Vec<u8> {
    let mut bytes = vec![0xee; 24];
    bytes[0..2].copy_from_slice(&[1, 2]);
    for (n, byte) in bytes[4..16].iter_mut().enumerate() {
        *byte = n as u8 + 3;
    }
    bytes[16..21].copy_from_slice(b"abc\0\0");
    bytes
}

#[test]
fn records_lose_their_padding() {
    let stored = stored_record();
    let floats: Vec<u8> = (3..15).collect();
    check(record(), "", &stored, &[&[1, 2], &floats, &count(3), b"abc"]);
    check(record(), "/x{a;c}", &stored, &[&[1, 2], &count(3), b"abc"]);
    check(record(), "/x{b[2,0]}", &stored, &[&floats[8..], &floats[..4]]);
    check(record(), "/x.b[1]", &stored, &[&floats[4..8]]);
    let packed =
        compound("p", 6, vec![field("a", 0, DataType::Int16, &[]), field("b", 2, DataType::Int32, &[])]);
    check(packed, "", &[1, 2, 3, 4, 5, 6], &[&[1, 2, 3, 4, 5, 6]]);
}

#[test]
fn lists_of_values() {
    check(vlen(DataType::Int16), "", &[1, 2, 3, 4], &[&count(2), &[1, 2, 3, 4]]);
    check(vlen(DataType::Int16), "", &[], &[&count(0)]);
    check(vlen(DataType::Int8), "/x|x>2", &[1, 2, 3, 4], &[&count(2), &[3, 4]]);
    check(vlen(DataType::Int8), "/x|1<x<4,x!=2", &[1, 2, 3, 4], &[&count(1), &[3]]);
    let texts = [&count(1)[..], b"a", &count(2), b"bc"].concat();
    check(vlen(DataType::String), "", &texts, &[&count(2), &texts]);
    check(vlen(DataType::String), "/x|x~=\"^b\"", &texts, &[&count(1), &count(2), b"bc"]);
    let lists = [&count(2)[..], &[1, 2], &count(0), &count(1), &[3]].concat();
    check(vlen(vlen(DataType::Int8)), "", &lists, &[&count(3), &lists]);
    check(vlen(cloud()), "/x|x==Cirrus", &[0, 7, 0, 7], &[&count(2), &[7, 7]]);
    assert_eq!(encoded(vlen(DataType::Int16), "", &[1, 2, 3]), Err(BadElement));
    assert_eq!(encoded(vlen(DataType::String), "", &count(9)), Err(BadElement));
}

/// The packed form of one [`station`].
fn packed_station(id: i32, name: &str, depths: &[f32]) -> Vec<u8> {
    let mut bytes = id.to_le_bytes().to_vec();
    bytes.extend(count(name.len() as u64));
    bytes.extend(name.as_bytes());
    bytes.extend(count(depths.len() as u64));
    bytes.extend(depths.iter().flat_map(|depth| depth.to_le_bytes()));
    bytes
}

#[test]
fn rows_with_texts_and_lists() {
    let rows = [
        packed_station(1, "one", &[1.5]),
        packed_station(2, "", &[]),
        packed_station(3, "three", &[2.5, 3.5]),
    ];
    let all = rows.concat();
    check(vlen(station()), "", &all, &[&count(3), &all]);
    check(vlen(station()), "/x|id>=2", &all, &[&count(2), &rows[1], &rows[2]]);
    check(vlen(station()), "/x|name==\"one\"", &all, &[&count(1), &rows[0]]);
    check(vlen(station()), "/x|name>a,id<3.5", &all, &[&count(2), &rows[0], &rows[2]]);
    check(vlen(station()), "/x{name}|id==3", &all, &[&count(1), &count(5), b"three"]);
    check(vlen(station()), "/x{id}", &all, &[&count(3), &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]]);
    check(station(), "", &rows[2], &[&rows[2]]);
    check(station(), "/x.depths", &rows[2], &[&count(2), &rows[2][rows[2].len() - 8..]]);
    // Fixed records in a list are compared by their fields, too.
    let (one, mut two) = (stored_record(), stored_record());
    two[0] = 9;
    let floats: Vec<u8> = (3..15).collect();
    let both = [one, two].concat();
    check(vlen(record()), "/x{b}|a>513", &both, &[&count(1), &floats]);
}

#[test]
fn damaged_data_is_told_when_it_is_read_back() {
    let mut root = group("", &[("n", 2)]);
    root.variables = vec![variable("a", DataType::Int16, &[("/n", 2)]), variable("s", DataType::String, &[])];
    let schema = Schema { root };
    let inventory = Inventory::of(&schema);
    let document = View::of("", &inventory).unwrap().document("x");
    let data = [&[1, 2, 3, 4][..], &count(2), b"hi"].concat();
    let bad = |data: &[u8]| delimit(&document, data, Checksums::LeftOut).unwrap_err().to_string();
    assert_eq!(delimit(&document, &data, Checksums::LeftOut).unwrap()[1].bytes, &data[4..]);
    assert_eq!(bad(&data[..3]), "the data ends inside /a");
    assert_eq!(bad(&data[..13]), "the data ends inside /s");
    assert_eq!(bad(&[&data[..], &[0]].concat()), "1 bytes follow the last variable");
    let wrong = [&data[..4], &[0; 4], &data[4..], &[0; 4]].concat();
    let summed = delimit(&document, &wrong, Checksums::Sent);
    assert_eq!(summed.unwrap_err().to_string(), "the checksum of /a is wrong");
}

fn any_type() -> impl Strategy<Value = DataType> {
    let leaf = prop_oneof![
        Just(DataType::Int8),
        Just(DataType::UInt64),
        Just(DataType::Float32),
        Just(DataType::Char),
        Just(DataType::String),
        Just(cloud()),
        (1_usize..5).prop_map(|length| DataType::FixedString { length }),
        (1_usize..5).prop_map(|size| DataType::Opaque { name: "o".into(), size }),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(vlen),
            prop::collection::vec((inner, prop::collection::vec(1_u64..3, 0..2), 0_usize..3), 1..4).prop_map(
                |fields| {
                    let mut end = 0;
                    let mut placed = vec![];
                    for (number, (data_type, shape, gap)) in fields.into_iter().enumerate() {
                        let bytes = data_type.size().unwrap_or(16) * shape.iter().product::<u64>() as usize;
                        placed.push(field(&format!("f{number}"), end + gap, data_type, &shape));
                        end += gap + bytes;
                    }
                    compound("c", end, placed)
                }
            ),
        ]
    })
}

fn is_varying(data_type: &DataType) -> bool {
    match data_type {
        DataType::String | DataType::Vlen { .. } => true,
        DataType::Compound { fields, .. } => fields.iter().any(|field| is_varying(&field.data_type)),
        _ => false,
    }
}

/// A stored element and its bytes on the wire, made side by side; `next` gives position-dependent bytes that are not 0.
fn element(data_type: &DataType, inside: bool, next: &mut dyn FnMut() -> u8) -> (Vec<u8>, Vec<u8>) {
    let mut some = |count: usize| (0..count).map(|_| next()).collect::<Vec<u8>>();
    let counted = |bytes: &[u8]| [&count(bytes.len() as u64)[..], bytes].concat();
    match data_type {
        DataType::String => {
            let length = usize::from(some(1)[0] % 4);
            let bytes = some(length);
            (if inside { counted(&bytes) } else { bytes.clone() }, counted(&bytes))
        }
        DataType::FixedString { length } | DataType::Opaque { size: length, .. } => {
            let bytes = some(*length);
            (bytes.clone(), counted(&bytes))
        }
        DataType::Vlen { element: of, .. } => {
            let length = some(1)[0] % 3;
            let (mut stored, mut wire) = (vec![], count(length.into()).to_vec());
            for _ in 0..length {
                let (more, sent) = element(of, true, next);
                stored.extend(more);
                wire.extend(sent);
            }
            (if inside { [&count(length.into())[..], &stored].concat() } else { stored }, wire)
        }
        DataType::Compound { fields, size, .. } => {
            let (mut stored, mut wire) = (vec![], vec![]);
            for field in fields {
                if !is_varying(data_type) {
                    stored.resize(field.offset, 0xee);
                }
                for _ in 0..field.shape.iter().product::<u64>() {
                    let (more, sent) = element(&field.data_type, true, next);
                    stored.extend(more);
                    wire.extend(sent);
                }
            }
            if !is_varying(data_type) {
                stored.resize(*size, 0xee);
            }
            (stored, wire)
        }
        other => {
            let bytes = some(other.size().unwrap());
            (bytes.clone(), bytes)
        }
    }
}

proptest! {
    #[test]
    fn any_element_travels_as_its_dmr_says(data_type in any_type(), seed in 1_u8..200) {
        let mut byte = seed;
        let mut next = || { byte = byte % 250 + 1; byte };
        let (stored, wire) = element(&data_type, false, &mut next);
        prop_assert_eq!(encoded(data_type, "", &stored), Ok(wire));
    }

    #[test]
    fn no_bytes_make_the_encoder_panic(data_type in any_type(), stored in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut root = group("", &[]);
        root.variables = vec![variable("x", data_type, &[])];
        let schema = Schema { root };
        let inventory = Inventory::of(&schema);
        let view = View::of("", &inventory).unwrap();
        let _ = encode(&view.variables[0].form, &stored, &mut Vec::new());
        let _ = delimit(&view.document("x"), &stored, Checksums::Sent);
    }
}
