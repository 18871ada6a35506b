//! Attributes as JSON.
//!
//! JSON has no NaN and no infinity. Zarr spells them as strings in `fill_value`, and so do we here: a bare `NaN`, which some
//! writers emit, makes the whole document unreadable to every strict parser.

use serde_json::{Map, Number, Value as Json};
use weir_model::{Attribute, Value};

/// A number as JSON, or the string by which Zarr names it (version 2, "Fill value encoding"; version 3, "Fill value").
pub(crate) fn float(value: f64) -> Json {
    if value.is_nan() {
        return Json::from("NaN");
    }
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}

/// A text as JSON. Bytes that are not UTF-8 become U+FFFD: netCDF4-python shows them so, and JSON cannot hold them.
fn text(bytes: &[u8]) -> Json {
    Json::from(String::from_utf8_lossy(bytes).into_owned())
}

/// One element is a scalar, more are a list: what xarray writes, and what netCDF4-python shows.
fn list<T: Copy>(values: &[T], json: impl Fn(T) -> Json) -> Json {
    match values {
        [one] => json(*one),
        more => Json::Array(more.iter().map(|&value| json(value)).collect()),
    }
}

/// The value as JSON, or `None` where no protocol here can carry it.
pub(crate) fn value(value: &Value) -> Option<Json> {
    Some(match value {
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
        Value::Other { .. } => return None,
    })
}

/// Attributes as a JSON object, in declaration order.
pub(crate) fn object<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Map<String, Json> {
    let named = |attribute: &Attribute| {
        let json = if masks_nothing(attribute) { Json::Null } else { value(&attribute.value)? };
        Some((attribute.name.clone(), json))
    };
    attributes.into_iter().filter_map(named).collect()
}

/// Whether an attribute says that NaN stands for missing values. xarray treats null there exactly as it treats NaN, when it
/// reads and when it writes again; a string it would take for one more missing value.
fn masks_nothing(attribute: &Attribute) -> bool {
    let nan = match &attribute.value {
        Value::Float32(v) => matches!(v.as_slice(), [one] if one.is_nan()),
        Value::Float64(v) => matches!(v.as_slice(), [one] if one.is_nan()),
        _ => false,
    };
    nan && matches!(attribute.name.as_str(), "missing_value" | "_FillValue")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(given: &Value, expected: &str) {
        assert_eq!(value(given).unwrap().to_string(), expected);
    }

    #[test]
    fn one_element_is_a_scalar() {
        check(&Value::Int8(vec![-1]), "-1");
        check(&Value::UInt64(vec![u64::MAX]), "18446744073709551615");
        check(&Value::Int64(vec![i64::MIN]), "-9223372036854775808");
        check(&Value::Int32(vec![1, 2]), "[1,2]");
        check(&Value::Int32(vec![]), "[]");
        check(&Value::Float64(vec![1.0]), "1.0");
        check(&Value::Float32(vec![0.1]), "0.10000000149011612");
        check(&Value::text("sea \"surface\"\n"), r#""sea \"surface\"\n""#);
        check(&Value::String(vec![b"a".to_vec()]), "\"a\"");
        check(&Value::String(vec![b"a".to_vec(), b"\xe9".to_vec()]), "[\"a\",\"\u{fffd}\"]");
        assert_eq!(value(&Value::Other { description: "compound".into() }), None);
    }

    #[test]
    fn what_json_has_not_is_spelled_as_zarr_spells_it() {
        check(
            &Value::Float32(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]),
            r#"["NaN","Infinity","-Infinity",-0.0]"#,
        );
    }

    #[test]
    fn a_missing_value_that_is_nan_is_null() {
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let all = [
            attribute("missing_value", Value::Float32(vec![f32::NAN])),
            attribute("_FillValue", Value::Float64(vec![f64::NAN])),
            attribute("valid_min", Value::Float64(vec![f64::NAN])),
        ];
        let expected = r#"{"missing_value":null,"_FillValue":null,"valid_min":"NaN"}"#;
        assert_eq!(Json::Object(object(&all)).to_string(), expected);
    }

    #[test]
    fn order_is_kept_and_unknown_values_are_left_out() {
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let all = [
            attribute("z", Value::Int16(vec![1])),
            attribute("lost", Value::Other { description: "opaque".into() }),
            attribute("a", Value::text("x")),
        ];
        assert_eq!(Json::Object(object(&all)).to_string(), json!({"z": 1, "a": "x"}).to_string());
    }
}
