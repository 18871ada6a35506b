//! The values of attributes as a classic file stores them.

use weir_model::{Attribute, ByteOrder, Value};

use crate::External;

/// An attribute as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub name: String,
    pub external: External,
    pub count: u64,
    /// The elements, big-endian, without padding.
    pub bytes: Vec<u8>,
}

/// An attribute of the file, or of a variable whose elements have the type `of`.
///
/// Integers of types that only CDF-5 has are stored as `NC_INT` where they fit, so that an attribute alone asks for no newer
/// format; but not those that must have the type of their variable. Several strings become one text, a line each. What cannot be
/// stored at all is left out: `None`.
pub(crate) fn stored(attribute: &Attribute, of: Option<External>) -> Option<Stored> {
    let (external, count, bytes) = encoded(&attribute.value)?;
    let name = attribute.name.clone();
    let narrow = if external.is_new() && of != Some(external) { narrowed(&attribute.value) } else { None };
    if let Some(bytes) = narrow {
        return Some(Stored { name, external: External::Int, count, bytes });
    }
    Some(Stored { name, external, count, bytes })
}

fn encoded(value: &Value) -> Option<(External, u64, Vec<u8>)> {
    let (external, bytes) = match value {
        Value::Char(bytes) => (External::Char, bytes.clone()),
        Value::String(texts) => (External::Char, texts.join(&b"\n"[..])),
        numbers => numbers_of(numbers, ByteOrder::Big)?,
    };
    let count = u64::try_from(bytes.len()).ok()?.checked_div(external.size())?;
    Some((external, count, bytes))
}

/// Numbers as they are stored; `None` for what is no numbers.
pub(crate) fn numbers_of(value: &Value, order: ByteOrder) -> Option<(External, Vec<u8>)> {
    macro_rules! numbers {
        ($external:ident, $values:expr) => {
            (
                External::$external,
                match order {
                    ByteOrder::Little => $values.iter().flat_map(|number| number.to_le_bytes()).collect(),
                    ByteOrder::Big => $values.iter().flat_map(|number| number.to_be_bytes()).collect(),
                },
            )
        };
    }
    Some(match value {
        Value::Int8(v) => numbers!(Byte, v),
        Value::UInt8(v) => numbers!(UByte, v),
        Value::Int16(v) => numbers!(Short, v),
        Value::UInt16(v) => numbers!(UShort, v),
        Value::Int32(v) => numbers!(Int, v),
        Value::UInt32(v) => numbers!(UInt, v),
        Value::Int64(v) => numbers!(Int64, v),
        Value::UInt64(v) => numbers!(UInt64, v),
        Value::Float32(v) => numbers!(Float, v),
        Value::Float64(v) => numbers!(Double, v),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => return None,
    })
}

/// The same integers as `NC_INT`, where all fit.
fn narrowed(value: &Value) -> Option<Vec<u8>> {
    fn all<T: Copy + TryInto<i32>>(values: &[T]) -> Option<Vec<u8>> {
        let narrow: Option<Vec<i32>> = values.iter().map(|value| (*value).try_into().ok()).collect();
        Some(narrow?.into_iter().flat_map(i32::to_be_bytes).collect())
    }
    match value {
        Value::UInt8(v) => all(v),
        Value::UInt16(v) => all(v),
        Value::UInt32(v) => all(v),
        Value::Int64(v) => all(v),
        Value::UInt64(v) => all(v),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, of: Option<External>, expected: Option<(External, u64, &[u8])>) {
        let got = stored(&Attribute { name: "a".to_owned(), value }, of);
        let got = got.as_ref().map(|stored| (stored.external, stored.count, &stored.bytes[..]));
        assert_eq!(got, expected);
    }

    #[test]
    fn values_are_stored_big_endian_in_the_type_that_holds_them() {
        check(Value::Int16(vec![1, -2]), None, Some((External::Short, 2, &[0, 1, 255, 254])));
        check(Value::UInt8(vec![200]), None, Some((External::Int, 1, &[0, 0, 0, 200])));
        check(Value::UInt8(vec![200]), Some(External::UByte), Some((External::UByte, 1, &[200])));
        check(Value::UInt8(vec![200]), Some(External::Float), Some((External::Int, 1, &[0, 0, 0, 200])));
        check(Value::UInt32(vec![u32::MAX]), None, Some((External::UInt, 1, &[255; 4])));
        check(Value::text("ab"), None, Some((External::Char, 2, b"ab")));
        check(Value::String(vec![b"a".to_vec(), b"b".to_vec()]), None, Some((External::Char, 3, b"a\nb")));
        check(Value::String(vec![]), None, Some((External::Char, 0, b"")));
        check(Value::Other { description: "x".to_owned() }, None, None);
    }
}
