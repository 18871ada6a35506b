//! Tests of datatypes against hand-made descriptions.

use super::*;

/// The head of a description: class, version, class bits and size.
fn head(class: u32, version: u32, bits: u32, size: u32) -> Vec<u8> {
    let word = class | version << 4 | bits << 8;
    [word.to_le_bytes(), size.to_le_bytes()].concat()
}

/// An integer of `size` bytes, all of them significant.
fn integer(size: u32, bits: u32) -> Vec<u8> {
    [head(0, 1, bits, size), vec![0, 0, (size * 8) as u8, 0]].concat()
}

fn float(bits: u32, size: u32, rest: [u8; 8], bias: u32) -> Vec<u8> {
    [head(1, 1, bits, size), rest.to_vec(), bias.to_le_bytes().to_vec()].concat()
}

fn check(description: &[u8], expected: &str) {
    let got = match FileType::parse(description) {
        Ok(parsed) => {
            let order = parsed.form.order().map_or("of its own".to_owned(), |order| format!("{order:?}"));
            format!("{} {} {order}", parsed.data_type.describe(), parsed.size)
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expected);
}

#[test]
fn integers_may_have_fewer_bits_than_bytes() {
    check(&integer(1, 0x08), "int8 1 Little");
    check(&integer(2, 0x01), "uint16 2 Big");
    check(&integer(8, 0x09), "int64 8 Big");
    check(&integer(3, 0), "opaque integer 3 Little");
    check(&[head(0, 1, 0, 4), vec![0, 0, 12, 0]].concat(), "uint32 4 of its own");
    check(&[head(0, 1, 8, 4), vec![4, 0, 28, 0]].concat(), "int32 4 of its own");
    check(&[head(0, 1, 0, 4), vec![4, 0, 29, 0]].concat(), "opaque integer 4 Little");
    check(&[head(0, 1, 0, 4), vec![4, 0, 0, 0]].concat(), "opaque integer 4 Little");
}

#[test]
fn only_ieee_floats_are_floats() {
    check(&float(0x1f20, 4, [0, 0, 32, 0, 23, 8, 0, 23], 127), "float32 4 Little");
    check(&float(0x3f21, 8, [0, 0, 64, 0, 52, 11, 0, 52], 1023), "float64 8 Big");
    check(&float(0x0f20, 2, [0, 0, 16, 0, 10, 5, 0, 10], 15), "opaque float 2 Little");
    check(&float(0x1f20, 4, [0, 0, 32, 0, 23, 8, 0, 23], 128), "opaque float 4 Little");
    check(&float(0x1f61, 4, [0, 0, 32, 0, 23, 8, 0, 23], 127), "opaque float 4 Little");
    check(&float(0x0f20, 2, [0, 0, 16, 0, 7, 8, 0, 7], 127), "opaque float 2 Little");
}

#[test]
fn texts_and_references() {
    check(&head(3, 1, 0, 1), "char 1 Little");
    check(&head(3, 1, 0, 9), "string of 9 bytes 9 Little");
    check(&head(7, 1, 0, 8), "opaque reference 8 Little");
    check(&[head(9, 1, 1, 16), integer(1, 0)].concat(), "string 16 of its own");
    check(&[head(9, 1, 0, 16), integer(4, 0x08)].concat(), "vlen vlen 16 of its own");
    let array = [head(10, 3, 0, 8), vec![1, 2, 0, 0, 0], integer(4, 0x08)].concat();
    check(&array, "opaque array 8 Little");
    check(&[head(9, 1, 0, 16), array].concat(), "vlen vlen 16 of its own");
    check(&[head(5, 1, 8, 3), b"tag\0\0\0\0\0".to_vec()].concat(), "opaque tag 3 Little");
    check(&head(11, 5, 0, 16), "opaque class 11 16 Little");
}

#[test]
fn damaged_descriptions_are_errors() {
    check(&head(0, 1, 0, 0), "a datatype has elements of 0 bytes");
    let endless = head(9, 1, 0, 16).repeat(40);
    check(&endless, "a datatype is nested more than 16 levels deep");
    let outside = [head(6, 3, 1, 4), b"a\0\x02".to_vec(), integer(4, 0)].concat();
    check(&outside, "a field lies outside its compound type");
    let apart =
        [head(6, 3, 2, 6), b"a\0\x02".to_vec(), integer(4, 0), b"b\0\0".to_vec(), integer(2, 0)].concat();
    check(&apart, "compound compound 6 Little");
    let over =
        [head(6, 3, 2, 6), b"a\0\x02".to_vec(), integer(4, 0), b"b\0\x01".to_vec(), integer(2, 0)].concat();
    check(&over, "fields of a compound type overlap");
    // Version 1: name, offset, axes and their lengths; here one of 0, and one of too many.
    for length in [0, u32::MAX] {
        let lengths = [length, 0x4000_0000, 0, 0].map(u32::to_le_bytes).concat();
        let field = [b"a\0\0\0\0\0\0\0\0\0\0\0\x02".to_vec(), vec![0; 11], lengths, integer(4, 0)].concat();
        check(
            &[head(6, 1, 1, 8), field].concat(),
            match length {
                0 => "a field has no elements, or is larger than memory",
                _ => "a field lies outside its compound type",
            },
        );
    }
    let array = [head(10, 3, 0, 5), vec![1, 2, 0, 0, 0], integer(4, 0)].concat();
    check(&array, "an array type's size is not that of its elements");
    assert!(FileType::parse(&head(6, 1, 0xffff, 8)).is_err());
    assert!(FileType::parse(&head(8, 3, 0xffff, 8)).is_err());
    assert!(FileType::parse(&[]).is_err());
}

#[test]
fn fields_may_be_arrays() {
    let array = [head(10, 3, 0, 8), vec![1, 2, 0, 0, 0], integer(4, 0x08)].concat();
    let compound = [head(6, 3, 1, 9), b"a\0\x01".to_vec(), array].concat();
    let DataType::Compound { fields, size, .. } = FileType::parse(&compound).unwrap().data_type else {
        panic!()
    };
    let field = Field { name: "a".into(), offset: 1, data_type: DataType::Int32, shape: vec![2] };
    assert_eq!((fields, size), (vec![field], 9));
}

#[test]
fn enums_have_signed_values() {
    let base = integer(2, 0x09);
    let description = [head(8, 3, 2, 2), base, b"one\0two\0".to_vec(), vec![0, 1, 0xff, 0xfe]].concat();
    let parsed = FileType::parse(&description).unwrap();
    let DataType::Enum { members, .. } = parsed.data_type else { panic!() };
    let values: Vec<(String, i128)> = members.into_iter().map(|m| (m.name, m.value)).collect();
    assert_eq!(
        (values, parsed.form.order()),
        (vec![("one".into(), 1), ("two".into(), -2)], Some(ByteOrder::Big))
    );
}
