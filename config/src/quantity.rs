//! Sizes and times, as people write them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A number of bytes: `"500MiB"`, `"2 GiB"`, or a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A time: `"60s"`, `"15min"`, `"2h"`, `"1d"`, or a whole number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seconds(pub Duration);

/// Digits, then a unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim()))
}

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split(text.trim())?;
        let bytes = match unit {
            "" | "B" => 1,
            "KiB" => 1_u64 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return None,
        };
        number.checked_mul(bytes).map(Self)
    }
}

impl Seconds {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split(text.trim())?;
        let seconds = match unit {
            "" | "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        number.checked_mul(seconds).map(|seconds| Self(Duration::from_secs(seconds)))
    }
}

/// Takes a text or a whole number.
struct Written<T> {
    what: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::custom(format!("{text:?} is not {}", self.what)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "a size such as \"500MiB\" (KiB, MiB, GiB, TiB)";
        deserializer.deserialize_any(Written { what, parse: Self::parse })
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let what = "a time such as \"60s\" (s, min, h, d)";
        deserializer.deserialize_any(Written { what, parse: Self::parse })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of bytes: a text such as \"500MiB\" (KiB, MiB, GiB, TiB), or a whole number",
            "type": ["string", "integer"],
            "pattern": "^\\s*[0-9]+\\s*(B|KiB|MiB|GiB|TiB)?\\s*$",
            "minimum": 0
        })
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time: a text such as \"60s\" (s, min, h, d), or a whole number of seconds",
            "type": ["string", "integer"],
            "pattern": "^\\s*[0-9]+\\s*(s|min|h|d)?\\s*$",
            "minimum": 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units() {
        let size = |text, expected: Option<u64>| assert_eq!(Size::parse(text), expected.map(Size), "{text}");
        size("500MiB", Some(500 << 20));
        size(" 2 GiB ", Some(2 << 30));
        size("17", Some(17));
        size("1MB", None);
        size("-1", None);
        size("99999999TiB", None);
        let time = |text, expected: Option<u64>| {
            assert_eq!(Seconds::parse(text), expected.map(|s| Seconds(Duration::from_secs(s))), "{text}");
        };
        time("60s", Some(60));
        time("15 min", Some(900));
        time("2h", Some(7200));
        time("0", Some(0));
        time("1 fortnight", None);
        time("99999999999999999d", None);
    }
}
