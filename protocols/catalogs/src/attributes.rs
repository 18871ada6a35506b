//! Attributes as JSON, for documents that show what a file says.
//!
//! JSON has no NaN and no infinity: they are written as the strings `NaN`, `Infinity` and `-Infinity`, because a bare `NaN` makes
//! a whole document unreadable to every strict parser.

use serde_json::{Map, Number, Value as Json};
use weir_model::{Attribute, Value};

/// A number, or the name of what JSON has no number for.
#[must_use]
pub fn float(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => Json::from("NaN"),
        None if value > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}

/// The value of an attribute: one element is a scalar, more are a list. Bytes that are not UTF-8 become U+FFFD; a value that no
/// protocol can carry is its description.
#[must_use]
pub fn value(value: &Value) -> Json {
    match value {
        Value::Int8(v) => list(v, Json::from),
        Value::UInt8(v) => list(v, Json::from),
        Value::Int16(v) => list(v, Json::from),
        Value::UInt16(v) => list(v, Json::from),
        Value::Int32(v) => list(v, Json::from),
        Value::UInt32(v) => list(v, Json::from),
        Value::Int64(v) => list(v, Json::from),
        Value::UInt64(v) => list(v, Json::from),
        Value::Float32(v) => list(v, |x| float(f64::from(x))),
        Value::Float64(v) => list(v, float),
        Value::Char(bytes) => text(bytes),
        Value::String(texts) => match texts.as_slice() {
            [one] => text(one),
            more => Json::Array(more.iter().map(|bytes| text(bytes)).collect()),
        },
        Value::Other { description } => Json::from(description.as_str()),
    }
}

/// Attributes as an object, in declaration order.
pub fn object<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Map<String, Json> {
    attributes.into_iter().map(|attribute| (attribute.name.clone(), value(&attribute.value))).collect()
}

fn text(bytes: &[u8]) -> Json {
    Json::from(String::from_utf8_lossy(bytes).into_owned())
}

fn list<T: Copy>(values: &[T], json: impl Fn(T) -> Json) -> Json {
    match values {
        [one] => json(*one),
        more => Json::Array(more.iter().map(|&value| json(value)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &Value, expected: &str) {
        assert_eq!(value(given).to_string(), expected);
    }

    #[test]
    fn one_element_is_a_scalar() {
        check(&Value::Int8(vec![-1]), "-1");
        check(&Value::UInt64(vec![u64::MAX]), "18446744073709551615");
        check(&Value::Int32(vec![1, 2]), "[1,2]");
        check(&Value::Int16(vec![]), "[]");
        check(&Value::String(vec![b"a".to_vec()]), "\"a\"");
        check(&Value::String(vec![b"a".to_vec(), b"b".to_vec()]), "[\"a\",\"b\"]");
        check(&Value::Other { description: "opaque key".to_owned() }, "\"opaque key\"");
    }

    #[test]
    fn numbers_keep_their_value_and_json_stays_strict() {
        check(&Value::Float32(vec![0.01]), "0.009999999776482582");
        check(&Value::Float64(vec![1.5, f64::NAN]), "[1.5,\"NaN\"]");
        check(&Value::Float32(vec![f32::NEG_INFINITY]), "\"-Infinity\"");
        check(&Value::Float64(vec![f64::INFINITY]), "\"Infinity\"");
        check(&Value::Char(vec![b'"', 0xff]), "\"\\\"\u{fffd}\"");
    }
}
