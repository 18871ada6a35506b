//! Element types: what Zarr stores, and what of the data model it is shown as.
//!
//! Sources: Zarr v2 specification, "Data type encoding"; Zarr v3 core specification, "Data types"; the extensions
//! `numpy.datetime64`, `numpy.timedelta64`, `fixed_length_utf32`, `null_terminated_bytes`, `string`.

use serde_json::Value;
use weir_model::{ByteOrder, DataType};

use super::json::Members;
use crate::Error;

/// What one element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number as the data model has it.
    Number(DataType),
    /// A truth value of one byte.
    Bool,
    /// A number of time steps since 1970.
    Time {
        /// The step, as CF spells it.
        unit: &'static str,
    },
    /// A number of time steps.
    Span {
        /// The step, as CF spells it.
        unit: &'static str,
    },
    /// Text of a fixed number of bytes, padded with NUL.
    FixedBytes {
        /// Bytes of an element.
        length: usize,
    },
    /// Text of a fixed number of code points of 4 bytes, padded with NUL.
    FixedUtf32 {
        /// Bytes of an element.
        length: usize,
    },
    /// Text of any length.
    Text,
}

/// An element may have this many bytes.
const MOST_ELEMENT_BYTES: usize = 1 << 20;

/// numpy's units of time, and CF's (UDUNITS') names of them.
const UNITS: [(&str, &str); 9] = [
    ("D", "days"),
    ("h", "hours"),
    ("m", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("ps", "picoseconds"),
    ("fs", "femtoseconds"),
];

impl Kind {
    /// The type of the variable.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Number(data_type) => data_type.clone(),
            Self::Bool => DataType::Int8,
            Self::Time { .. } | Self::Span { .. } => DataType::Int64,
            Self::FixedBytes { .. } | Self::FixedUtf32 { .. } | Self::Text => DataType::String,
        }
    }

    /// Bytes of a stored element; `None` where they vary.
    pub fn stored_size(&self) -> Option<usize> {
        match self {
            Self::FixedBytes { length } | Self::FixedUtf32 { length } => Some(*length),
            Self::Text => None,
            _ => self.data_type().size(),
        }
    }

    /// Whether it is shown as a string.
    pub fn is_text(&self) -> bool {
        self.data_type() == DataType::String
    }

    /// A type of version 2, and the byte order in it. `holds_text`: its filters say that objects are texts.
    ///
    /// # Errors
    /// `Unsupported` for types that cannot be shown.
    pub fn of_version_2(spelled: &str, holds_text: bool) -> Result<(Self, ByteOrder), Error> {
        let refused = || Error::unsupported(format!("elements of type {spelled} cannot be shown"));
        let (order, rest) = match spelled.split_at_checked(1).ok_or_else(refused)? {
            (">", rest) => (ByteOrder::Big, rest),
            ("<" | "|" | "=", rest) => (ByteOrder::Little, rest),
            _ => (ByteOrder::Little, spelled),
        };
        let (kind, rest) = rest.split_at_checked(1).ok_or_else(refused)?;
        if kind == "O" {
            return if holds_text { Ok((Self::Text, order)) } else { Err(refused()) };
        }
        let (digits, unit) = rest.split_once('[').unwrap_or((rest, ""));
        let size: usize = digits.parse().map_err(|_unshown| refused())?;
        let known = match kind {
            "b" if size == 1 => Some(Self::Bool),
            "i" | "u" | "f" => number(kind, size).map(Self::Number),
            "M" if size == 8 => time_unit(unit.trim_end_matches(']')).map(|unit| Self::Time { unit }),
            "m" if size == 8 => time_unit(unit.trim_end_matches(']')).map(|unit| Self::Span { unit }),
            "S" => text_of(size, 1).map(|length| Self::FixedBytes { length }),
            "U" => text_of(size, 4).map(|length| Self::FixedUtf32 { length }),
            _ => None,
        };
        known.map(|known| (known, order)).ok_or_else(refused)
    }

    /// A type of version 3.
    ///
    /// # Errors
    /// `Unsupported` for types that cannot be shown.
    pub fn of_version_3(name: &str, configuration: &Members) -> Result<Self, Error> {
        let refused = || Error::unsupported(format!("elements of type {name} cannot be shown"));
        let split = name.find(|c: char| c.is_ascii_digit()).and_then(|at| name.split_at_checked(at));
        let length = || configuration.get("length_bytes").and_then(Value::as_u64);
        let length = || length().and_then(|length| usize::try_from(length).ok());
        let unit = || {
            let factor = configuration.get("scale_factor").map_or(Some(1), Value::as_u64);
            let unit = configuration.get("unit").and_then(Value::as_str).filter(|_| factor == Some(1));
            unit.and_then(time_unit)
        };
        let known = match (name, split) {
            ("bool", _) => Some(Self::Bool),
            ("string", _) => Some(Self::Text),
            ("numpy.datetime64", _) => unit().map(|unit| Self::Time { unit }),
            ("numpy.timedelta64", _) => unit().map(|unit| Self::Span { unit }),
            ("null_terminated_bytes" | "numpy.null_terminated_bytes", _) => {
                length().and_then(|length| text_of(length, 1)).map(|length| Self::FixedBytes { length })
            }
            ("fixed_length_utf32" | "numpy.fixed_length_utf32", _) => length()
                .filter(|length| length % 4 == 0)
                .and_then(|length| text_of(length, 1))
                .map(|length| Self::FixedUtf32 { length }),
            (_, Some((kind, bits))) => {
                let kind = match kind {
                    "int" => "i",
                    "uint" => "u",
                    "float" => "f",
                    _ => return Err(refused()),
                };
                let bits: usize = bits.parse().map_err(|_unshown| refused())?;
                Some(bits)
                    .filter(|bits| bits % 8 == 0)
                    .and_then(|bits| number(kind, bits / 8))
                    .map(Self::Number)
            }
            _ => None,
        };
        known.ok_or_else(refused)
    }
}

/// The number type of numpy's kind and size; the data model has no float of 2 bytes.
pub fn number(kind: &str, size: usize) -> Option<DataType> {
    Some(match (kind, size) {
        ("i", 1) => DataType::Int8,
        ("i", 2) => DataType::Int16,
        ("i", 4) => DataType::Int32,
        ("i", 8) => DataType::Int64,
        ("u", 1) => DataType::UInt8,
        ("u", 2) => DataType::UInt16,
        ("u", 4) => DataType::UInt32,
        ("u", 8) => DataType::UInt64,
        ("f", 4) => DataType::Float32,
        ("f", 8) => DataType::Float64,
        _ => return None,
    })
}

/// Years, months and weeks have no name in CF that all clients know.
fn time_unit(unit: &str) -> Option<&'static str> {
    UNITS.iter().find(|(of_numpy, _)| *of_numpy == unit).map(|(_, unit)| *unit)
}

fn text_of(count: usize, unit: usize) -> Option<usize> {
    count.checked_mul(unit).filter(|length| (1..=MOST_ELEMENT_BYTES).contains(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_2(spelled: &str, expected: Option<&(Kind, ByteOrder)>) {
        assert_eq!(Kind::of_version_2(spelled, false).ok().as_ref(), expected, "{spelled}");
    }

    #[test]
    fn types_of_version_2() {
        use ByteOrder::{Big, Little};
        check_2("<f4", Some(&(Kind::Number(DataType::Float32), Little)));
        check_2(">i2", Some(&(Kind::Number(DataType::Int16), Big)));
        check_2("|u1", Some(&(Kind::Number(DataType::UInt8), Little)));
        check_2("|b1", Some(&(Kind::Bool, Little)));
        check_2("|S5", Some(&(Kind::FixedBytes { length: 5 }, Little)));
        check_2(">U3", Some(&(Kind::FixedUtf32 { length: 12 }, Big)));
        check_2("<M8[ns]", Some(&(Kind::Time { unit: "nanoseconds" }, Little)));
        check_2("<m8[s]", Some(&(Kind::Span { unit: "seconds" }, Little)));
        for refused in [
            "",
            "<",
            "<f2",
            "<c8",
            "|O",
            "<M8[Y]",
            "<M8[10s]",
            "|V4",
            "<i3",
            "|S0",
            "<U99999999999999999999",
            "é8",
        ] {
            check_2(refused, None);
        }
        assert_eq!(Kind::of_version_2("|O", true).unwrap().0, Kind::Text);
    }

    fn check_3(json: &str, expected: Option<&Kind>) {
        let value: Value = serde_json::from_str(json).unwrap();
        let name = value["name"].as_str().unwrap();
        let none = Members::new();
        let configuration = value["configuration"].as_object().unwrap_or(&none);
        assert_eq!(Kind::of_version_3(name, configuration).ok().as_ref(), expected, "{json}");
    }

    #[test]
    fn types_of_version_3() {
        check_3(r#"{"name":"uint16"}"#, Some(&Kind::Number(DataType::UInt16)));
        check_3(r#"{"name":"float64"}"#, Some(&Kind::Number(DataType::Float64)));
        check_3(r#"{"name":"string"}"#, Some(&Kind::Text));
        let text = r#"{"name":"fixed_length_utf32","configuration":{"length_bytes":20}}"#;
        check_3(text, Some(&Kind::FixedUtf32 { length: 20 }));
        let time = r#"{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}"#;
        check_3(time, Some(&Kind::Time { unit: "seconds" }));
        for refused in [
            r#"{"name":"float16"}"#,
            r#"{"name":"complex64"}"#,
            r#"{"name":"int12"}"#,
            r#"{"name":"r16"}"#,
            r#"{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":10}}"#,
            r#"{"name":"fixed_length_utf32","configuration":{"length_bytes":18446744073709551615}}"#,
        ] {
            check_3(refused, None);
        }
    }
}
