//! Fill values: from JSON to the bytes of one element.
//!
//! Sources: Zarr v2 specification, "Fill value encoding"; Zarr v3 core specification, "Fill value" of each data type; xarray's
//! "Zarr encoding specification" for the attribute `_FillValue`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use weir_model::DataType;

use super::element::Kind;
use super::json;
use crate::Error;

/// The bytes of an element that stands where nothing is stored: little-endian for numbers, text for strings.
///
/// # Errors
/// `Corrupt` where the value is none of the type.
pub fn bytes(value: &Value, kind: &Kind) -> Result<Vec<u8>, Error> {
    let refused = || Error::corrupt(format!("its fill value {} is not of its type", json::spelled(value)));
    if value.is_null() {
        return Ok(kind.data_type().size().map_or_else(Vec::new, |size| vec![0; size]));
    }
    match kind {
        Kind::Number(data_type) => number(value, data_type).ok_or_else(refused),
        Kind::Bool => match value {
            Value::Bool(truth) => Ok(vec![u8::from(*truth)]),
            _ => number(value, &DataType::Int8)
                .filter(|byte| matches!(byte.as_slice(), [0 | 1]))
                .ok_or_else(refused),
        },
        Kind::Time { .. } | Kind::Span { .. } => match value.as_str() {
            Some("NaT") => Ok(i64::MIN.to_le_bytes().to_vec()),
            _ => number(value, &DataType::Int64).ok_or_else(refused),
        },
        Kind::FixedBytes { length } => {
            let text = fixed_bytes(value).ok_or_else(refused)?;
            let used = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
            text.get(..used).filter(|used| used.len() <= *length).map(<[u8]>::to_vec).ok_or_else(refused)
        }
        Kind::FixedUtf32 { .. } | Kind::Text => match value {
            // zarr-python 2 writes 0 for the empty text.
            Value::Number(zero) if zero.as_u64() == Some(0) => Ok(Vec::new()),
            _ => {
                value.as_str().map(|text| text.trim_end_matches('\0').as_bytes().to_vec()).ok_or_else(refused)
            }
        },
    }
}

/// Version 2 and zarr-python's version 3 spell fixed bytes in base64; some writers leave the number 0 there.
fn fixed_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => STANDARD.decode(text).ok(),
        Value::Number(zero) if zero.as_u64() == Some(0) => Some(Vec::new()),
        _ => None,
    }
}

/// The little-endian bytes of a number that JSON spells, if it is one of the type.
pub fn number(value: &Value, data_type: &DataType) -> Option<Vec<u8>> {
    match data_type {
        DataType::Float32 => float(value, 4).map(|number| match number {
            Float::Value(number) => as_single(number).to_le_bytes().to_vec(),
            Float::Bits(bits) => bits.to_le_bytes().into_iter().take(4).collect(),
        }),
        DataType::Float64 => float(value, 8).map(|number| match number {
            Float::Value(number) => number.to_le_bytes().to_vec(),
            Float::Bits(bits) => bits.to_le_bytes().to_vec(),
        }),
        _ => integer(value, data_type),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a fill value of a single is rounded to one, as numpy does"
)]
fn as_single(number: f64) -> f32 {
    number as f32
}

enum Float {
    Value(f64),
    /// Version 3 spells a particular NaN by its bits.
    Bits(u64),
}

fn float(value: &Value, size: usize) -> Option<Float> {
    if let Some(number) = json::number(value) {
        return Some(Float::Value(number));
    }
    let text = value.as_str()?;
    Some(Float::Value(match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => {
            let digits = text.strip_prefix("0x").filter(|digits| digits.len() == size.saturating_mul(2))?;
            return u64::from_str_radix(digits, 16).ok().map(Float::Bits);
        }
    }))
}

fn integer(value: &Value, data_type: &DataType) -> Option<Vec<u8>> {
    let wide = match (value.as_i64(), value.as_u64(), value.as_f64()) {
        (Some(number), _, _) => i128::from(number),
        (None, Some(number), _) => i128::from(number),
        // `-9999.0` for an integer array: numbers up to 2^53 are exact.
        (None, None, Some(number)) if number.fract() == 0. && number.abs() < 9.0e15 => exact(number),
        _ => return None,
    };
    integer_bytes(wide, data_type)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the caller has checked that it is a whole number in range"
)]
fn exact(number: f64) -> i128 {
    number as i128
}

/// The little-endian bytes of a whole number, if the integer type has it.
pub fn integer_bytes(number: i128, data_type: &DataType) -> Option<Vec<u8>> {
    Some(match data_type {
        DataType::Int8 => i8::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::UInt8 => u8::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::Int16 => i16::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::UInt16 => u16::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::Int32 => i32::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::UInt32 => u32::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::Int64 => i64::try_from(number).ok()?.to_le_bytes().to_vec(),
        DataType::UInt64 => u64::try_from(number).ok()?.to_le_bytes().to_vec(),
        _ => return None,
    })
}

/// The value of an attribute `_FillValue`, as numbers of JSON or as xarray spells it in version 3 stores: floats in base64
/// of a little-endian double.
pub fn attribute_number(value: &Value, data_type: &DataType) -> Option<Vec<u8>> {
    let plain = number(value, data_type);
    if plain.is_some() || !matches!(data_type, DataType::Float32 | DataType::Float64) {
        return plain;
    }
    let bits = <[u8; 8]>::try_from(STANDARD.decode(value.as_str()?).ok()?).ok()?;
    let number = f64::from_le_bytes(bits);
    Some(match data_type {
        DataType::Float32 => as_single(number).to_le_bytes().to_vec(),
        _ => number.to_le_bytes().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, kind: &Kind, expected: Option<&[u8]>) {
        let value = json::parse(json.as_bytes()).unwrap();
        assert_eq!(bytes(&value, kind).ok().as_deref(), expected, "{json} {kind:?}");
    }

    #[test]
    fn all_spellings() {
        let single = Kind::Number(DataType::Float32);
        check("1.5", &single, Some(&1.5_f32.to_le_bytes()));
        check("NaN", &single, Some(&f32::NAN.to_le_bytes()));
        check("\"NaN\"", &single, Some(&f32::NAN.to_le_bytes()));
        check("\"-Infinity\"", &single, Some(&f32::NEG_INFINITY.to_le_bytes()));
        check("\"0x7fc00001\"", &single, Some(&0x7fc0_0001_u32.to_le_bytes()));
        check("\"0x7fc0\"", &single, None);
        check("null", &single, Some(&[0; 4]));
        let short = Kind::Number(DataType::Int16);
        check("-2", &short, Some(&(-2_i16).to_le_bytes()));
        check("-9999.0", &short, Some(&(-9999_i16).to_le_bytes()));
        for wrong in ["70000", "1.5", "\"1\"", "[]", "NaN", "1e300"] {
            check(wrong, &short, None);
        }
        check("18446744073709551615", &Kind::Number(DataType::UInt64), Some(&[255; 8]));
        check("true", &Kind::Bool, Some(&[1]));
        check("2", &Kind::Bool, None);
        check("\"NaT\"", &Kind::Time { unit: "days" }, Some(&i64::MIN.to_le_bytes()));
        check("\"YWIAAA==\"", &Kind::FixedBytes { length: 4 }, Some(b"ab"));
        check("\"YWIAAA==\"", &Kind::FixedBytes { length: 1 }, None);
        check("\"\\u00fc\"", &Kind::Text, Some("ü".as_bytes()));
        check("0", &Kind::FixedUtf32 { length: 8 }, Some(b""));
    }

    #[test]
    fn attributes_are_numbers_or_base64_of_doubles() {
        let check = |json: &str, data_type, expected: Option<&[u8]>| {
            let value = json::parse(json.as_bytes()).unwrap();
            assert_eq!(attribute_number(&value, &data_type).as_deref(), expected, "{json}");
        };
        check("\"AAAAAAAA+H8=\"", DataType::Float64, Some(&f64::NAN.to_le_bytes()));
        check("\"AAAAAAAA+H8=\"", DataType::Float32, Some(&f32::NAN.to_le_bytes()));
        check("-1", DataType::Int32, Some(&(-1_i32).to_le_bytes()));
        check("\"AAAAAAAA+H8=\"", DataType::Int32, None);
        check("\"missing\"", DataType::Float64, None);
    }
}
