//! Tests of packed forms: what is packed by other means is taken apart again, and damage is told.

use proptest::prelude::*;

use super::*;

fn vlen(element: DataType) -> DataType {
    DataType::Vlen { name: "v".into(), element: Box::new(element) }
}

fn compound(fields: Vec<(DataType, Vec<u64>)>) -> DataType {
    let field = |(data_type, shape)| Field { name: "f".into(), offset: 0, data_type, shape };
    DataType::Compound { name: "c".into(), size: 5, fields: fields.into_iter().map(field).collect() }
}

fn check(data_type: &DataType, bytes: &[u8], expected: Result<usize, &str>) {
    let got = Packed::count(bytes, data_type).map_err(|error| error.to_string());
    assert_eq!(got, expected.map_err(str::to_owned), "{data_type:?} {bytes:?}");
}

#[test]
fn elements_are_counted() {
    check(&DataType::String, b"", Ok(0));
    check(&DataType::String, b"text", Ok(4));
    check(&vlen(DataType::Int16), &[], Ok(0));
    check(&vlen(DataType::Int16), &[1, 0, 2, 0, 3, 0], Ok(3));
    check(&vlen(DataType::String), &[1, 0, 0, 0, 0, 0, 0, 0, b'a', 0, 0, 0, 0, 0, 0, 0, 0], Ok(2));
    check(&vlen(vlen(DataType::Int8)), &[2, 0, 0, 0, 0, 0, 0, 0, 7, 8, 1, 0, 0, 0, 0, 0, 0, 0, 9], Ok(2));
    let padded = compound(vec![(DataType::Int8, vec![])]);
    check(&vlen(padded.clone()), &[1, 0, 0, 0, 0, 2, 0, 0, 0, 0], Ok(2));
    let mixed = compound(vec![(DataType::Int8, vec![2]), (DataType::String, vec![])]);
    check(&mixed, &[1, 2, 1, 0, 0, 0, 0, 0, 0, 0, b'a'], Ok(1));
    check(&padded, &[1, 0, 0, 0, 0], Ok(1));
}

#[test]
fn damage_is_told() {
    let short = "a packed element needs 2 more bytes, and 1 are left";
    check(&vlen(DataType::Int16), &[1, 0, 2], Err(short));
    let counted = "a packed element counts 18446744073709551615 parts, and 1 bytes are left";
    check(&vlen(DataType::String), &[[0xff; 8].as_slice(), &[1]].concat(), Err(counted));
    check(&DataType::Int8, &[1, 2], Err("1 bytes are left over behind a packed element"));
    let no_count = "a packed element needs 8 more bytes, and 3 are left";
    check(&vlen(DataType::String), &[1, 0, 0], Err(no_count));
    let huge = compound(vec![(DataType::String, vec![u64::MAX, 2])]);
    check(&huge, &[0; 8], Err("elements of type string cannot be packed"));
}

#[test]
fn types_of_no_bytes_come_to_an_end() {
    let empty = compound(vec![(DataType::String, vec![0])]);
    check(&vlen(empty.clone()), &[1], Err("elements of type compound c cannot be packed"));
    let mut bytes = Vec::new();
    pack_count(3, &mut bytes);
    bytes.extend([1, 2, 3]);
    check(&vlen(vlen(empty)), &bytes, Err("elements of type compound c cannot be packed"));
    let opaque = DataType::Opaque { name: "o".into(), size: 0 };
    check(&vlen(opaque), &[1], Err("elements of type opaque o cannot be packed"));
}

/// Types inside types, with fields of one or two axes.
fn types() -> impl Strategy<Value = DataType> {
    let plain = prop_oneof![
        Just(DataType::Int8),
        Just(DataType::Float64),
        Just(DataType::String),
        Just(DataType::FixedString { length: 3 }),
        Just(DataType::Opaque { name: "o".into(), size: 5 }),
    ];
    plain.prop_recursive(4, 16, 3, |inner| {
        let shape = prop::collection::vec(1_u64..3, 0..3);
        prop_oneof![
            inner.clone().prop_map(vlen),
            prop::collection::vec((inner, shape), 1..4).prop_map(compound),
        ]
    })
}

/// Packs an element whose lists and texts have the lengths that `numbers` give, as the table above says it, not as the parser
/// reads it.
fn pack(data_type: &DataType, numbers: &mut dyn FnMut() -> usize, inside: bool, out: &mut Vec<u8>) -> usize {
    match data_type {
        DataType::String => {
            let length = numbers();
            if inside {
                out.extend((length as u64).to_le_bytes());
            }
            out.extend((0..length).map(|n| n as u8 + 1));
            length
        }
        DataType::Vlen { element, .. } => {
            let count = numbers();
            if inside {
                out.extend((count as u64).to_le_bytes());
            }
            for _ in 0..count {
                pack(element, numbers, true, out);
            }
            count
        }
        DataType::Compound { fields, .. } if data_type.is_varying() => {
            for field in fields {
                let elements = field.shape.iter().product::<u64>();
                for _ in 0..elements {
                    pack(&field.data_type, numbers, true, out);
                }
            }
            1
        }
        other => {
            out.extend((0..other.size().unwrap()).map(|n| n as u8 + 1));
            1
        }
    }
}

proptest! {
    #[test]
    fn what_is_packed_is_counted(data_type in types(), lengths in prop::collection::vec(0_usize..4, 1..20)) {
        let mut lengths = lengths.into_iter().cycle();
        let mut bytes = Vec::new();
        let count = pack(&data_type, &mut || lengths.next().unwrap(), false, &mut bytes);
        prop_assert_eq!(Packed::count(&bytes, &data_type), Ok(count));
        // Whatever is cut off a type that says where it ends is missed; of a text or list, less is left.
        let endless = matches!(data_type, DataType::String | DataType::Vlen { .. });
        for length in 0..bytes.len() {
            let cut = Packed::count(&bytes[..length], &data_type);
            prop_assert!(cut.is_err() || endless && cut.unwrap() <= count);
        }
        let mut inside = Vec::new();
        pack(&data_type, &mut || lengths.next().unwrap(), true, &mut inside);
        let behind = [inside.as_slice(), &[1, 2, 3]].concat();
        let mut packed = Packed::new(&behind);
        prop_assert_eq!(packed.take_element(&data_type), Ok(inside.as_slice()));
        prop_assert_eq!(packed.left(), 3);
    }

    #[test]
    fn any_bytes_are_taken_without_harm(data_type in types(), bytes: Vec<u8>) {
        if let Ok(count) = Packed::count(&bytes, &data_type) {
            prop_assert!(count <= bytes.len().max(1));
        }
    }
}
