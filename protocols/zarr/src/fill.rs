//! Fill values: from an attribute to one element, and from one element to JSON.
//!
//! Sources: version 2, "Fill value encoding"; version 3, "Fill value"; for what xarray makes of the `_FillValue` attribute of
//! version 3, its `FillValueCoder`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use weir_model::Value;

use crate::{ElementType, attributes};

/// A number without its type.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

/// The number, if the value is exactly one.
fn number(value: &Value) -> Option<Number> {
    fn one<T: Copy>(values: &[T]) -> Option<T> {
        if let [one] = values { Some(*one) } else { None }
    }
    Some(match value {
        Value::Int8(v) => Number::Whole(one(v)?.into()),
        Value::UInt8(v) => Number::Whole(one(v)?.into()),
        Value::Int16(v) => Number::Whole(one(v)?.into()),
        Value::UInt16(v) => Number::Whole(one(v)?.into()),
        Value::Int32(v) => Number::Whole(one(v)?.into()),
        Value::UInt32(v) => Number::Whole(one(v)?.into()),
        Value::Int64(v) => Number::Whole(one(v)?.into()),
        Value::UInt64(v) => Number::Whole(one(v)?.into()),
        Value::Float32(v) => Number::Float(one(v)?.into()),
        Value::Float64(v) => Number::Float(one(v)?),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => return None,
    })
}

/// The attribute's value as one little-endian element, if it is one, exactly.
pub(crate) fn element(element: ElementType, value: &Value) -> Option<Vec<u8>> {
    match element {
        ElementType::Int(size) => whole(number(value)?, size, true),
        ElementType::UInt(size) => whole(number(value)?, size, false),
        ElementType::Float(4) => single(value).map(|x| x.to_le_bytes().to_vec()),
        ElementType::Float(_) => double(number(value)?).map(|x| x.to_le_bytes().to_vec()),
        ElementType::Bytes(length) => {
            let mut bytes = text(value)?.to_vec();
            (bytes.len() <= length).then(|| {
                bytes.resize(length, 0);
                bytes
            })
        }
        ElementType::Text => {
            text(value).filter(|bytes| std::str::from_utf8(bytes).is_ok()).map(<[u8]>::to_vec)
        }
    }
}

fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Char(bytes) => Some(bytes),
        Value::String(texts) => match texts.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

/// An integer of `size` bytes, little-endian.
fn whole(number: Number, size: usize, signed: bool) -> Option<Vec<u8>> {
    let whole = match number {
        Number::Whole(whole) => whole,
        // Beyond 2^64 no integer type reaches, so the cast below is exact.
        Number::Float(x) if x.fract() == 0.0 && x.abs() < 2e19 => x as i128,
        Number::Float(_) => return None,
    };
    let bits = u32::try_from(size.checked_mul(8)?).ok()?;
    let fits = if signed {
        let half = 1_i128.checked_shl(bits.checked_sub(1)?)?;
        (half.checked_neg()?..half).contains(&whole)
    } else {
        (0..1_i128.checked_shl(bits)?).contains(&whole)
    };
    fits.then(|| whole.to_le_bytes().into_iter().take(size).collect())
}

/// A single, with the very bits of the attribute where that is a single, too.
fn single(value: &Value) -> Option<f32> {
    if let Value::Float32(singles) = value {
        return if let [one] = singles.as_slice() { Some(*one) } else { None };
    }
    let x = double(number(value)?)?;
    let single = x as f32;
    (x.is_nan() || f64::from(single) == x).then_some(single)
}

fn double(number: Number) -> Option<f64> {
    match number {
        Number::Float(x) => Some(x),
        Number::Whole(whole) => {
            let x = whole as f64;
            (x as i128 == whole).then_some(x)
        }
    }
}

/// One little-endian element as JSON.
pub(crate) fn json(element: ElementType, bytes: &[u8]) -> Json {
    match element {
        ElementType::Int(_) => Json::from(signed(bytes)),
        ElementType::UInt(_) => Json::from(unsigned(bytes)),
        ElementType::Float(4) => attributes::float(f64::from(f32::from_bits(unsigned(bytes) as u32))),
        ElementType::Float(_) => attributes::float(f64::from_bits(unsigned(bytes))),
        ElementType::Bytes(_) => Json::from(STANDARD.encode(bytes)),
        ElementType::Text => Json::from(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Little-endian bytes as a number; at most 8 are looked at.
fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |n, &byte| (n << 8) | u64::from(byte))
}

/// Little-endian bytes in two's complement.
fn signed(bytes: &[u8]) -> i64 {
    let sign = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let start: i64 = if sign { -1 } else { 0 };
    bytes.iter().take(8).rev().fold(start, |n, &byte| (n << 8) | i64::from(byte))
}

/// Whether a client makes the same bits out of [`json`]: of the many NaNs, only the usual one comes back.
pub(crate) fn survives_json(element: ElementType, bytes: &[u8]) -> bool {
    match element {
        ElementType::Float(4) => {
            let bits = unsigned(bytes) as u32;
            !f32::from_bits(bits).is_nan() || bits == 0x7fc0_0000
        }
        ElementType::Float(_) => {
            let bits = unsigned(bytes);
            !f64::from_bits(bits).is_nan() || bits == 0x7ff8_0000_0000_0000
        }
        _ => true,
    }
}

/// The `_FillValue` attribute in version 3, as xarray reads it: a whole number for integers, base64 of a little-endian
/// double for floats. `None` leaves the attribute out: xarray refuses the whole dataset for any other form, and for any
/// form on text.
pub(crate) fn v3_attribute(element_type: ElementType, value: &Value) -> Option<Json> {
    match element_type {
        ElementType::Int(_) | ElementType::UInt(_) => {
            Some(json(element_type, &element(element_type, value)?))
        }
        ElementType::Float(_) => {
            let x = match number(value)? {
                Number::Float(x) => x,
                whole @ Number::Whole(_) => double(whole)?,
            };
            Some(Json::from(STANDARD.encode(x.to_le_bytes())))
        }
        ElementType::Bytes(_) | ElementType::Text => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(element_type: ElementType, value: &Value, expected: Option<&str>) {
        let got = element(element_type, value).map(|bytes| json(element_type, &bytes).to_string());
        assert_eq!(got.as_deref(), expected, "{value:?}");
    }

    #[test]
    fn an_attribute_becomes_an_element_only_if_it_is_one() {
        check(ElementType::Int(2), &Value::Int16(vec![-32768]), Some("-32768"));
        check(ElementType::Int(2), &Value::Float64(vec![-999.0]), Some("-999"));
        check(ElementType::Int(2), &Value::Float64(vec![-999.5]), None);
        check(ElementType::Int(2), &Value::Float64(vec![f64::NAN]), None);
        check(ElementType::Int(2), &Value::Int32(vec![32768]), None);
        check(ElementType::Int(2), &Value::Int16(vec![1, 2]), None);
        check(ElementType::Int(2), &Value::text("1"), None);
        check(ElementType::UInt(1), &Value::UInt8(vec![255]), Some("255"));
        check(ElementType::UInt(1), &Value::Int8(vec![-1]), None);
        check(ElementType::UInt(8), &Value::UInt64(vec![u64::MAX]), Some("18446744073709551615"));
        check(ElementType::Int(8), &Value::Int64(vec![i64::MIN]), Some("-9223372036854775808"));
        check(ElementType::Float(4), &Value::Float32(vec![9.96921e36]), Some("9.969209968386869e+36"));
        check(ElementType::Float(4), &Value::Float64(vec![-999.9]), None);
        check(ElementType::Float(4), &Value::Int32(vec![16_777_217]), None);
        check(ElementType::Float(4), &Value::Int32(vec![-7]), Some("-7.0"));
        check(ElementType::Float(8), &Value::Float64(vec![f64::NEG_INFINITY]), Some("\"-Infinity\""));
        check(ElementType::Float(8), &Value::Float64(vec![-0.0]), Some("-0.0"));
        check(ElementType::Bytes(3), &Value::text("ab"), Some("\"YWIA\""));
        check(ElementType::Bytes(1), &Value::text("ab"), None);
        check(ElementType::Text, &Value::text("ab"), Some("\"ab\""));
        check(ElementType::Text, &Value::Char(b"\xe9".to_vec()), None);
    }

    #[test]
    fn version_3_spells_floats_as_base64() {
        let v3 = |element, value| v3_attribute(element, &value).map(|json| json.to_string());
        let minus_999 = Some("\"AAAAAAA4j8A=\"".to_owned());
        assert_eq!(v3(ElementType::Float(4), Value::Float32(vec![-999.0])), minus_999);
        assert_eq!(v3(ElementType::Float(8), Value::Int16(vec![-999])), minus_999);
        assert_eq!(v3(ElementType::Int(2), Value::Int16(vec![-999])), Some("-999".to_owned()));
        assert_eq!(v3(ElementType::Int(2), Value::Float32(vec![0.5])), None);
        assert_eq!(v3(ElementType::Bytes(1), Value::text("x")), None);
    }

    proptest! {
        #[test]
        fn integers_of_every_width_come_back(value: i64, width in 0_u32..4) {
            let size = 1_usize << width;
            let fits = whole(Number::Whole(value.into()), size, true);
            prop_assert_eq!(fits.is_some(), i64::from(value as i8) == value || size > 1 && (
                i64::from(value as i16) == value || size > 2 && (i64::from(value as i32) == value || size > 4)));
            if let Some(bytes) = fits {
                prop_assert_eq!(bytes.len(), size);
                prop_assert_eq!(signed(&bytes), value);
            }
        }

        #[test]
        fn doubles_come_back(value: f64) {
            let bytes = element(ElementType::Float(8), &Value::Float64(vec![value])).unwrap();
            let text = json(ElementType::Float(8), &bytes).to_string();
            if value.is_finite() {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
            }
        }
    }
}
