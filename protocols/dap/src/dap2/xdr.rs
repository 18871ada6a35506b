//! XDR: how elements travel in a data response (RFC 4506, as DAP2 uses it).
//!
//! Everything is big-endian and a multiple of 4 bytes long. An array has its count twice in front, except that an array of
//! text, or of Structures, has it once. In front of each row of a Sequence stands a mark, and another one behind the last. 16-bit integers widen to 4 bytes; bytes of an array are packed and padded at its end; a scalar byte
//! takes 4 bytes, its value in the last one.

use weir_model::DataType;

use super::AtomicType;
use super::dods::Size;

/// What stands in front of each row of a Sequence.
pub const ROW: [u8; 4] = [0x5a, 0, 0, 0];

/// What stands behind the last row of a Sequence.
pub const LAST_ROW: [u8; 4] = [0xa5, 0, 0, 0];

/// Whether elements form an array or stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One element, without a count.
    Scalar,
    /// Any number of elements, behind a count.
    Array,
}

/// How many bytes of padding follow `length` bytes.
#[must_use]
pub fn padding(length: u64) -> u64 {
    length.wrapping_neg() % 4
}

/// The counts in front of `elements` elements of `data_type`; nothing in front of a scalar.
#[must_use]
pub fn counts(data_type: AtomicType, form: Form, elements: u32) -> Vec<u8> {
    let count = elements.to_be_bytes();
    match (form, data_type) {
        (Form::Scalar, _) => vec![],
        (Form::Array, AtomicType::String) => count.to_vec(),
        (Form::Array, _) => [count, count].concat(),
    }
}

/// The count in front of Structures; nothing in front of one that stands alone.
#[must_use]
pub fn structure_count(form: Form, elements: u32) -> Vec<u8> {
    match form {
        Form::Scalar => vec![],
        Form::Array => elements.to_be_bytes().to_vec(),
    }
}

/// Bytes that `elements` elements take, with counts and padding; `width` limits texts. `None` beyond 64 bits.
#[must_use]
pub fn size(data_type: AtomicType, form: Form, elements: u64, width: Option<u64>) -> Option<Size> {
    let counts: u64 = match (form, data_type) {
        (Form::Scalar, _) => 0,
        (Form::Array, AtomicType::String) => 4,
        (Form::Array, _) => 8,
    };
    let Some(bytes) = number_size(data_type, form) else {
        let least = elements.checked_mul(4)?.checked_add(counts)?;
        let most =
            width.and_then(text_size).and_then(|widest| widest.checked_mul(elements)?.checked_add(counts));
        return Some(Size::Text { least, most });
    };
    let body = elements.checked_mul(bytes)?;
    Some(Size::Exact(body.checked_add(padding(body))?.checked_add(counts)?))
}

/// Bytes that one number takes on the wire; `None` for text, whose elements differ.
#[must_use]
pub fn number_size(data_type: AtomicType, form: Form) -> Option<u64> {
    match (data_type, form) {
        (AtomicType::Byte, Form::Array) => Some(1),
        (AtomicType::Float64, _) => Some(8),
        (AtomicType::String, _) => None,
        _ => Some(4),
    }
}

/// The wire bytes of a block of big-endian numbers, without count and padding, where the dataset has them as `stored`.
///
/// 32-bit and 64-bit numbers and the bytes of an array are returned as they came, without a copy.
#[must_use]
pub fn numbers(stored: &DataType, (data_type, form): (AtomicType, Form), block: Vec<u8>) -> Vec<u8> {
    match (data_type, form) {
        (AtomicType::Int16, _) if *stored == DataType::Int8 => {
            block.into_iter().flat_map(|byte| i32::from(byte.cast_signed()).to_be_bytes()).collect()
        }
        (AtomicType::Int16, _) if *stored == DataType::UInt8 => {
            block.into_iter().flat_map(|byte| [0, 0, 0, byte]).collect()
        }
        (AtomicType::Byte, Form::Scalar) => block.into_iter().flat_map(|byte| [0, 0, 0, byte]).collect(),
        (AtomicType::Int16, _) => widen(&block, |high| if high & 0x80 == 0 { 0 } else { 0xff }),
        (AtomicType::UInt16, _) => widen(&block, |_| 0),
        _ => block,
    }
}

/// 16-bit numbers as 32-bit ones; `sign` makes the two leading bytes from the byte that follows them.
fn widen(block: &[u8], sign: impl Fn(u8) -> u8) -> Vec<u8> {
    let (pairs, _) = block.as_chunks::<2>();
    let mut wide = vec![0; pairs.len().saturating_mul(4)];
    let (quads, _) = wide.as_chunks_mut::<4>();
    for (quad, &[high, low]) in quads.iter_mut().zip(pairs) {
        let lead = sign(high);
        *quad = [lead, lead, high, low];
    }
    wide
}

/// Appends one little-endian number; `false`, and nothing appended, where it has not the length of its type.
#[must_use]
pub fn write_number(data_type: AtomicType, form: Form, little: &[u8], out: &mut Vec<u8>) -> bool {
    match (data_type, form, little) {
        (AtomicType::Byte, Form::Array, &[byte]) => out.push(byte),
        (AtomicType::Byte, Form::Scalar, &[byte]) => out.extend([0, 0, 0, byte]),
        (AtomicType::Int16, _, &[low, high]) => {
            out.extend(i32::from(i16::from_le_bytes([low, high])).to_be_bytes());
        }
        (AtomicType::UInt16, _, &[low, high]) => out.extend([0, 0, high, low]),
        (AtomicType::Int32 | AtomicType::UInt32 | AtomicType::Float32, _, &[a, b, c, d]) => {
            out.extend([d, c, b, a]);
        }
        (AtomicType::Float64, _, &[a, b, c, d, e, f, g, h]) => out.extend([h, g, f, e, d, c, b, a]),
        _ => return false,
    }
    true
}

/// Appends one little-endian number of a file as a scalar of the type that carries it, or of a wider integer, whose bytes are the
/// same; `false`, and nothing appended, where it is none.
#[must_use]
pub fn write_scalar(stored: &DataType, little: &[u8], out: &mut Vec<u8>) -> bool {
    let wide = match (stored, little) {
        (DataType::Int8, &[byte]) => i32::from(byte.cast_signed()),
        (DataType::UInt8, &[byte]) => i32::from(byte),
        (DataType::Int16, &[low, high]) => i32::from(i16::from_le_bytes([low, high])),
        (DataType::UInt16, &[low, high]) => i32::from(u16::from_le_bytes([low, high])),
        _ => {
            let data_type = AtomicType::of(stored);
            return data_type.is_some_and(|data_type| write_number(data_type, Form::Scalar, little, out));
        }
    };
    out.extend(wide.to_be_bytes());
    true
}

/// Appends `value` as a number of `data_type`; `false`, and nothing appended, where it is none.
#[must_use]
pub fn write_value(data_type: AtomicType, form: Form, value: f64, out: &mut Vec<u8>) -> bool {
    let whole = value as i64;
    let exact = whole as f64 == value;
    match data_type {
        AtomicType::Float64 => out.extend(value.to_be_bytes()),
        AtomicType::Float32 => out.extend((value as f32).to_be_bytes()),
        AtomicType::String => return false,
        AtomicType::Byte => {
            let Some(byte) = u8::try_from(whole).ok().filter(|_| exact) else { return false };
            return write_number(data_type, form, &[byte], out);
        }
        AtomicType::Int16 | AtomicType::Int32 => {
            let fits = if data_type == AtomicType::Int16 { i16::try_from(whole).is_ok() } else { true };
            let Some(number) = i32::try_from(whole).ok().filter(|_| exact && fits) else { return false };
            out.extend(number.to_be_bytes());
        }
        AtomicType::UInt16 | AtomicType::UInt32 => {
            let fits = if data_type == AtomicType::UInt16 { u16::try_from(whole).is_ok() } else { true };
            let Some(number) = u32::try_from(whole).ok().filter(|_| exact && fits) else { return false };
            out.extend(number.to_be_bytes());
        }
    }
    true
}

/// Bytes that a text of `length` bytes takes: its length, the text, padding. `None` beyond 64 bits.
#[must_use]
pub fn text_size(length: u64) -> Option<u64> {
    length.checked_add(padding(length))?.checked_add(4)
}

/// Appends one text; `false`, and nothing appended, where it is longer than 32 bits can count.
#[must_use]
pub fn write_text(text: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u32::try_from(text.len()) else { return false };
    out.extend(length.to_be_bytes());
    out.extend(text);
    // At most 3, so it fits whatever the platform.
    out.resize(out.len().saturating_add(padding(length.into()) as usize), 0);
    true
}

/// A text without the NULs that pad it.
#[must_use]
pub fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(stored: &DataType, form: Form, block: &[u8], expected: &[u8]) {
        let data_type = AtomicType::of(stored).unwrap();
        assert_eq!(numbers(stored, (data_type, form), block.to_vec()), expected, "{stored:?} {form:?}");
    }

    #[test]
    fn numbers_are_widened_to_four_bytes() {
        check(&DataType::Int16, Form::Array, &[0, 1, 0xff, 0xfe], &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe]);
        check(&DataType::UInt16, Form::Array, &[0xff, 0xfe], &[0, 0, 0xff, 0xfe]);
        check(&DataType::Int16, Form::Scalar, &[0x80, 1], &[0xff, 0xff, 0x80, 1]);
        check(&DataType::UInt8, Form::Scalar, &[0xff], &[0, 0, 0, 0xff]);
        check(&DataType::UInt8, Form::Array, &[1, 2, 3], &[1, 2, 3]);
        check(&DataType::Float64, Form::Scalar, &[1, 2, 3, 4, 5, 6, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn signed_bytes_keep_their_sign() {
        check(
            &DataType::Int8,
            Form::Array,
            &[1, 0xfe, 0x80],
            &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0x80],
        );
        check(&DataType::Int8, Form::Scalar, &[0x7f], &[0, 0, 0, 0x7f]);
        // Bytes that a file calls unsigned are sent as they are.
        let unsigned = (AtomicType::Byte, Form::Array);
        assert_eq!(numbers(&DataType::UInt8, unsigned, vec![1, 0xfe]), [1, 0xfe]);
        assert_eq!(numbers(&DataType::UInt8, (AtomicType::Int16, Form::Scalar), vec![0xfe]), [0, 0, 0, 0xfe]);
    }

    #[test]
    fn counts_are_doubled_except_for_text() {
        assert_eq!(counts(AtomicType::Float32, Form::Array, 258), [0, 0, 1, 2, 0, 0, 1, 2]);
        assert_eq!(counts(AtomicType::String, Form::Array, 258), [0, 0, 1, 2]);
        assert!(counts(AtomicType::Float32, Form::Scalar, 1).is_empty());
    }

    #[test]
    fn text_has_a_length_and_padding() {
        let check = |text: &str, expected: &[u8]| {
            let mut out = vec![];
            assert!(write_text(text.as_bytes(), &mut out));
            assert_eq!(out, expected);
            assert_eq!(text_size(text.len() as u64), Some(out.len() as u64));
        };
        check("", &[0, 0, 0, 0]);
        check("abc", &[0, 0, 0, 3, b'a', b'b', b'c', 0]);
        check("abcd", &[0, 0, 0, 4, b'a', b'b', b'c', b'd']);
        assert_eq!(text_size(u64::MAX), None);
    }

    #[test]
    fn padding_nuls_are_not_text() {
        assert_eq!(unpadded(b"ab\0\0"), b"ab");
        assert_eq!(unpadded(b"a\0b\0"), b"a\0b");
        assert_eq!(unpadded(b"\0\0"), b"");
    }

    proptest! {
        #[test]
        fn widened_numbers_keep_their_value(values: Vec<i16>) {
            let block: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
            let wide: Vec<u8> = values.iter().flat_map(|&v| i32::from(v).to_be_bytes()).collect();
            let signed = (AtomicType::Int16, Form::Array);
            prop_assert_eq!(numbers(&DataType::Int16, signed, block.clone()), wide);
            let wide: Vec<u8> = values.iter().flat_map(|&v| u32::from(v as u16).to_be_bytes()).collect();
            prop_assert_eq!(numbers(&DataType::UInt16, (AtomicType::UInt16, Form::Array), block), wide);
            let bytes: Vec<u8> = values.iter().map(|&v| v as u8).collect();
            let wide: Vec<u8> = bytes.iter().flat_map(|&v| i32::from(v as i8).to_be_bytes()).collect();
            prop_assert_eq!(numbers(&DataType::Int8, signed, bytes), wide);
        }

        #[test]
        fn padding_completes_four_bytes(length: u64) {
            prop_assert!(padding(length) < 4);
            prop_assert_eq!((length % 4 + padding(length)) % 4, 0);
        }
    }
}
