//! Variables in memory whose values tell where they stand.

use weir_model::{ByteOrder, DataType, Field, Storage, Variable, pack_count};

use super::Values;

/// A variable of `data_type` whose values are position-dependent, uncompressed and in one chunk.
///
/// The element at row-major place `n - 1` is `n`: as a number, as the text `text n`, as a list of `n % 3` elements `n`, `n + 1`,
/// ..., as a record whose fields count on from `n`, or as bytes that count on from `n`.
#[must_use]
pub fn counting(name: &str, data_type: DataType, axes: &[(&str, u64)]) -> (Variable, Values) {
    let shape: Vec<u64> = axes.iter().map(|(_, length)| *length).collect();
    let elements = 1..=shape.iter().product::<u64>();
    let values = if data_type.is_varying() {
        Values::Strings(elements.map(|n| packed(&data_type, n)).collect())
    } else {
        Values::Fixed(elements.flat_map(|n| fixed(&data_type, n)).collect())
    };
    let storage = Storage {
        chunk_shape: shape.iter().map(|&length| length.max(1)).collect(),
        codecs: vec![],
        byte_order: ByteOrder::Little,
        fill: vec![0; data_type.size().unwrap_or(0)],
    };
    let dimensions = axes.iter().map(|(name, _)| format!("/{name}")).collect();
    let variable =
        Variable { name: name.to_owned(), data_type, dimensions, shape, attributes: vec![], storage };
    (variable, values)
}

/// An element of a fixed size, little-endian.
fn fixed(data_type: &DataType, n: u64) -> Vec<u8> {
    let size = data_type.size().unwrap_or(0);
    match data_type.stored() {
        DataType::Float32 => (n as f32).to_le_bytes().to_vec(),
        DataType::Float64 => (n as f64).to_le_bytes().to_vec(),
        DataType::Compound { fields, .. } => {
            let mut element = vec![0; size];
            for (field, n) in fields.iter().zip(n..) {
                let bytes = several(field, n, fixed);
                element[field.offset..field.offset + bytes.len()].copy_from_slice(&bytes);
            }
            element
        }
        DataType::Opaque { .. } => (n..).map(|n| n as u8).take(size).collect(),
        _ => n.to_le_bytes().into_iter().chain(std::iter::repeat(0)).take(size).collect(),
    }
}

/// The packed form of an element of varying size.
fn packed(data_type: &DataType, n: u64) -> Vec<u8> {
    match data_type {
        DataType::String => format!("text {n}").into_bytes(),
        DataType::Vlen { element, .. } => (n..n + n % 3).flat_map(|n| inside(element, n)).collect(),
        DataType::Compound { fields, .. } => {
            fields.iter().zip(n..).flat_map(|(field, n)| several(field, n, inside)).collect()
        }
        other => fixed(other, n),
    }
}

/// The packed form of an element inside of something else.
fn inside(data_type: &DataType, n: u64) -> Vec<u8> {
    if !data_type.is_varying() {
        return fixed(data_type, n);
    }
    let bytes = packed(data_type, n);
    let mut out = Vec::new();
    match data_type {
        DataType::String => pack_count(bytes.len(), &mut out),
        DataType::Vlen { .. } => pack_count((n % 3) as usize, &mut out),
        _ => {}
    }
    out.extend(bytes);
    out
}

/// The elements of a field, which count on from `n`.
fn several(field: &Field, n: u64, one: fn(&DataType, u64) -> Vec<u8>) -> Vec<u8> {
    (n..n + field.shape.iter().product::<u64>()).flat_map(|n| one(&field.data_type, n)).collect()
}

#[cfg(test)]
mod tests {
    use weir_model::Packed;

    use super::*;

    fn field(name: &str, offset: usize, data_type: DataType, shape: Vec<u64>) -> Field {
        Field { name: name.into(), offset, data_type, shape }
    }

    fn check(data_type: DataType, expected: Result<&[&[u8]], &[u8]>) {
        let (variable, values) = counting("v", data_type, &[("x", 3)]);
        match (values, expected) {
            (Values::Strings(got), Ok(expected)) => {
                assert_eq!(got, expected);
                for element in got {
                    assert!(Packed::count(&element, &variable.data_type).is_ok(), "{element:?}");
                }
            }
            (Values::Fixed(got), Err(expected)) => assert_eq!(got, expected),
            (values, _) => panic!("{values:?}"),
        }
    }

    #[test]
    fn every_type_has_values_that_tell_where_they_stand() {
        let vlen = |element| DataType::Vlen { name: "list".into(), element: Box::new(element) };
        check(DataType::Int16, Err(&[1, 0, 2, 0, 3, 0]));
        check(DataType::Opaque { name: "o".into(), size: 2 }, Err(&[1, 2, 2, 3, 3, 4]));
        check(DataType::String, Ok(&[b"text 1", b"text 2", b"text 3"]));
        check(vlen(DataType::Int16), Ok(&[&[1, 0], &[2, 0, 3, 0], &[]]));
        let fields = vec![field("a", 0, DataType::Int8, vec![]), field("b", 2, DataType::Int8, vec![2])];
        let padded = DataType::Compound { name: "c".into(), size: 5, fields: fields.clone() };
        check(padded, Err(&[1, 0, 2, 3, 0, 2, 0, 3, 4, 0, 3, 0, 4, 5, 0]));
        let fields = [fields, vec![field("c", 8, vlen(DataType::Int8), vec![])]].concat();
        let mixed = DataType::Compound { name: "c".into(), size: 24, fields };
        let one: &[u8] = &[1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0];
        let two: &[u8] = &[2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 4];
        let three: &[u8] = &[3, 4, 5, 2, 0, 0, 0, 0, 0, 0, 0, 5, 6];
        check(mixed, Ok(&[one, two, three]));
    }
}
