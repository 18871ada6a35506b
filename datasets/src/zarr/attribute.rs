//! Attributes: from JSON to typed values.

use serde_json::Value as Json;
use weir_model::{Attribute, DataType, Value};

use super::element::Kind;
use super::fill_value;
use super::json::{self, Members};

/// Attributes that say how the store is written, and nothing of the data.
fn is_internal(name: &str) -> bool {
    name == "_ARRAY_DIMENSIONS" || name.starts_with("_NCZARR_") || name.starts_with("_nczarr_")
}

/// CF wants these to have the type of their variable.
const LIKE_THE_VARIABLE: [&str; 7] =
    ["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range", "flag_values", "flag_masks"];

/// The attributes of a group.
pub fn of_group(members: &Members) -> Vec<Attribute> {
    let shown = members.iter().filter(|(name, _)| !is_internal(name));
    shown.map(|(name, json)| Attribute { name: name.clone(), value: value(json) }).collect()
}

/// The attributes of an array. `masked` is the fill value, if it is one that marks missing data.
pub fn of_array(members: &Members, kind: &Kind, masked: Option<&[u8]>) -> Vec<Attribute> {
    let data_type = kind.data_type();
    let mut attributes = Vec::with_capacity(members.len());
    for (name, json) in members.iter().filter(|(name, _)| !is_internal(name)) {
        let like_variable = LIKE_THE_VARIABLE.contains(&name.as_str()) && data_type.is_numeric();
        let value = match like_variable.then(|| typed(json, &data_type)) {
            Some(Some(value)) => value,
            Some(None) if name == "_FillValue" => {
                tracing::warn!(
                    value = json::spelled(json),
                    "a _FillValue that is not of its variable's type is left out"
                );
                continue;
            }
            _ => value(json),
        };
        attributes.push(Attribute { name: name.clone(), value });
    }
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|_| !members.contains_key(name)) {
            attributes.push(Attribute { name: name.to_owned(), value });
        }
    };
    match kind {
        Kind::Time { unit } => {
            add("units", Some(Value::text(&format!("{unit} since 1970-01-01"))));
            add("calendar", Some(Value::text("proleptic_gregorian")));
            add("_FillValue", Some(Value::Int64(vec![i64::MIN])));
        }
        Kind::Span { unit } => {
            add("units", Some(Value::text(unit)));
            add("_FillValue", Some(Value::Int64(vec![i64::MIN])));
        }
        // So xarray marks truth values in files that have no type for them.
        Kind::Bool => add("dtype", Some(Value::text("bool"))),
        _ => add("_FillValue", masked.and_then(|bytes| numbers(&[bytes.to_vec()], &data_type))),
    }
    attributes
}

/// One JSON value as netCDF would have it: whole numbers as Int64, others as Float64, lists of numbers and of texts; whatever
/// has no netCDF form as its JSON text.
fn value(json: &Json) -> Value {
    let list = std::slice::from_ref(json);
    let listed = match json {
        Json::String(_) if json::number(json).is_none() => {
            return Value::text(json::text(json).unwrap_or_default().trim_end_matches('\0'));
        }
        Json::Bool(truth) => return Value::Int8(vec![i8::from(*truth)]),
        Json::Array(list) => list.as_slice(),
        _ => list,
    };
    let whole: Option<Vec<i64>> = listed.iter().map(Json::as_i64).collect();
    let large: Option<Vec<u64>> = listed.iter().map(Json::as_u64).collect();
    let floats: Option<Vec<f64>> = listed.iter().map(json::number).collect();
    let texts: Option<Vec<Vec<u8>>> =
        listed.iter().map(|text| Some(text.as_str()?.as_bytes().to_vec())).collect();
    match (listed.is_empty(), whole, large, floats, texts) {
        (false, Some(whole), ..) => Value::Int64(whole),
        (false, _, Some(large), ..) => Value::UInt64(large),
        (false, _, _, Some(floats), _) => Value::Float64(floats),
        (false, _, _, _, Some(texts)) => Value::String(texts),
        _ => Value::text(&json::spelled(json)),
    }
}

/// A number or a list of numbers, if all of them are of the type.
fn typed(json: &Json, data_type: &DataType) -> Option<Value> {
    let list = match json {
        Json::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let elements: Option<Vec<Vec<u8>>> =
        list.iter().map(|json| fill_value::attribute_number(json, data_type)).collect();
    numbers(&elements.filter(|elements| !elements.is_empty())?, data_type)
}

/// Values of little-endian elements.
fn numbers(elements: &[Vec<u8>], data_type: &DataType) -> Option<Value> {
    macro_rules! values {
        ($name:ident, $number:ty) => {{
            let number = |bytes: &Vec<u8>| Some(<$number>::from_le_bytes(bytes.as_slice().try_into().ok()?));
            Value::$name(elements.iter().map(number).collect::<Option<_>>()?)
        }};
    }
    Some(match data_type {
        DataType::Int8 => values!(Int8, i8),
        DataType::UInt8 => values!(UInt8, u8),
        DataType::Int16 => values!(Int16, i16),
        DataType::UInt16 => values!(UInt16, u16),
        DataType::Int32 => values!(Int32, i32),
        DataType::UInt32 => values!(UInt32, u32),
        DataType::Int64 => values!(Int64, i64),
        DataType::UInt64 => values!(UInt64, u64),
        DataType::Float32 => values!(Float32, f32),
        DataType::Float64 => values!(Float64, f64),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &Value) {
        assert_eq!(value(&json::parse(json.as_bytes()).unwrap()), *expected, "{json}");
    }

    #[test]
    fn json_becomes_typed() {
        check("7", &Value::Int64(vec![7]));
        check("18446744073709551615", &Value::UInt64(vec![u64::MAX]));
        check("7.0", &Value::Float64(vec![7.]));
        check("[1, 2.5]", &Value::Float64(vec![1., 2.5]));
        check("[-Infinity]", &Value::Float64(vec![f64::NEG_INFINITY]));
        check("[1, -2]", &Value::Int64(vec![1, -2]));
        check("\"ü\"", &Value::text("ü"));
        check("[\"a\", \"\"]", &Value::String(vec![b"a".to_vec(), vec![]]));
        check("true", &Value::Int8(vec![1]));
        check("[]", &Value::text("[]"));
        check("null", &Value::text("null"));
        check("[1, \"a\"]", &Value::text("[1,\"a\"]"));
        check("{\"a\":[1,NaN]}", &Value::text("{\"a\":[1,\"NaN\"]}"));
    }

    #[test]
    fn some_have_the_type_of_their_variable() {
        let members = json::parse(
            br#"{"valid_range":[1,2],"_FillValue":300,"flag_values":[1.5],"_ARRAY_DIMENSIONS":["x"]}"#,
        );
        let members = members.unwrap().as_object().unwrap().clone();
        let attributes = of_array(&members, &Kind::Number(DataType::UInt8), Some(&[9]));
        let expected =
            [("valid_range", Value::UInt8(vec![1, 2])), ("flag_values", Value::Float64(vec![1.5]))];
        let expected = expected.map(|(name, value)| Attribute { name: name.into(), value });
        assert_eq!(attributes, expected);
    }

    #[test]
    fn times_and_truth_values_say_what_they_are() {
        let names = |kind: Kind, masked: Option<&[u8]>| {
            let attributes = of_array(&Members::new(), &kind, masked);
            attributes.into_iter().map(|a| (a.name, a.value)).collect::<Vec<_>>()
        };
        let time = names(Kind::Time { unit: "seconds" }, None);
        assert_eq!(time[0], ("units".into(), Value::text("seconds since 1970-01-01")));
        assert_eq!(time[2], ("_FillValue".into(), Value::Int64(vec![i64::MIN])));
        assert_eq!(names(Kind::Bool, None), [("dtype".into(), Value::text("bool"))]);
        let short = names(Kind::Number(DataType::Int16), Some(&[1, 1]));
        assert_eq!(short, [("_FillValue".into(), Value::Int16(vec![257]))]);
    }
}
