//! JSON as Python writes it: with bare `NaN`, `Infinity` and `-Infinity`, which JSON itself does not have.

use std::borrow::Cow;

use serde_json::Value;

use crate::Error;

/// Members of a JSON object, in their order.
pub type Members = serde_json::Map<String, Value>;

/// Stands before the spelling of a number that JSON cannot spell; no text of a metadata document begins so.
const BARE: char = '\0';

/// Parses a document. Bare numbers that JSON does not have are kept, see [`number`].
///
/// # Errors
/// `Corrupt` where it is no JSON.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let first = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = std::str::from_utf8(bytes).map_err(|e| Error::corrupt(format!("it is not UTF-8: {e}")))?;
    match quoted(text) {
        Cow::Borrowed(_) => Err(Error::corrupt(format!("it is no JSON: {first}"))),
        Cow::Owned(text) => {
            serde_json::from_str(&text).map_err(|e| Error::corrupt(format!("it is no JSON: {e}")))
        }
    }
}

/// A number, also one that JSON cannot spell.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.strip_prefix(BARE)? {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a value: what is spelled without quotes, too.
pub fn text(value: &Value) -> Option<&str> {
    value.as_str().map(|text| text.trim_start_matches(BARE))
}

/// A value as JSON text, for people.
pub fn spelled(value: &Value) -> String {
    value.to_string().replace("\\u0000", "")
}

/// The text with quotes around bare numbers.
fn quoted(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while let Some(rest) = text.as_bytes().get(at..) {
        let Some(&byte) = rest.first() else { break };
        let bare =
            ["NaN", "Infinity", "-Infinity"].into_iter().find(|bare| rest.starts_with(bare.as_bytes()));
        match (in_string, byte, bare) {
            (true, b'\\', _) => at = at.saturating_add(2),
            (_, b'"', _) => {
                in_string = !in_string;
                at = at.saturating_add(1);
            }
            (false, _, Some(bare)) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str("\"\\u0000");
                out.push_str(bare);
                out.push('"');
                at = at.saturating_add(bare.len());
                copied = at;
            }
            _ => at = at.saturating_add(1),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = parse(text.as_bytes()).map(|value| spelled(&value)).map_err(|e| e.message);
        match (parsed, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
            (Err(got), Err(part)) => assert!(got.contains(part), "{text}: {got}"),
            (got, expected) => panic!("{text}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn bare_numbers_are_kept() {
        check(r#"{"a": 1, "b": [2.5]}"#, Ok(r#"{"a":1,"b":[2.5]}"#));
        check(r#"{"a":NaN,"b":[-Infinity, Infinity]}"#, Ok(r#"{"a":"NaN","b":["-Infinity","Infinity"]}"#));
        check(r#"{"a":"NaN \" NaN","b":NaN}"#, Ok(r#"{"a":"NaN \" NaN","b":"NaN"}"#));
        check(r#"{"a":"#, Err("no JSON"));
        check("{\"a\":NaNa}", Err("no JSON"));
        check(&"[".repeat(100_000), Err("no JSON"));
        let value = parse(br#"{"a":NaN,"b":"NaN","c":-Infinity,"d":3}"#).unwrap();
        let numbers = ["a", "b", "c", "d"].map(|name| number(&value[name]));
        assert!(numbers[0].is_some_and(f64::is_nan));
        assert_eq!(numbers[1..], [None, Some(f64::NEG_INFINITY), Some(3.)]);
        assert_eq!(text(&value["a"]), Some("NaN"));
    }
}
