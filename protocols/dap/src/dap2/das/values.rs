//! Values as the DAS spells them: each in a type that clients read back as the same number.

use weir_model::{DataType, Value};

use super::super::{AtomicType, Entry};
use super::text::quote;
use crate::real;

/// Attributes whose values are to be compared with the elements of their variable, so that they must have its type and its
/// representation (CF conventions, section 2.5).
const LIKE_ELEMENTS: [&str; 4] = ["missing_value", "valid_min", "valid_max", "valid_range"];

/// Integers up to here are exact in a `Float64`.
const EXACT_IN_FLOAT64: i128 = 1 << 53;

/// A value with its type, token by token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    /// The type.
    pub data_type: AtomicType,
    /// The values; at least one.
    pub tokens: Vec<String>,
}

impl Spelled {
    pub fn text(text: &str) -> Self {
        Self { data_type: AtomicType::String, tokens: vec![quote(text.as_bytes())] }
    }

    pub fn number(data_type: AtomicType, number: i32) -> Self {
        Self { data_type, tokens: vec![number.to_string()] }
    }

    fn of(data_type: AtomicType, tokens: impl Iterator<Item = String>) -> Option<Self> {
        let tokens: Vec<String> = tokens.collect();
        (!tokens.is_empty()).then_some(Self { data_type, tokens })
    }
}

/// A number of any type.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Integer(i128),
    Float32(f32),
    Float64(f64),
}

/// The value of an attribute that stands for itself; `None` where it has no element or no type that DAP2 could carry.
///
/// netCDF-C reads unsigned types as signed ones of the same size, so unsigned values that would change their sign take a
/// wider type. 64-bit integers take the narrowest of `Int32`, `Float64` (where exact) and text.
pub(super) fn general(value: &Value) -> Option<Spelled> {
    match value {
        Value::Char(text) => Some(Spelled { data_type: AtomicType::String, tokens: vec![quote(text)] }),
        Value::String(texts) => Spelled::of(AtomicType::String, texts.iter().map(|text| quote(text))),
        Value::Other { .. } => None,
        Value::Float32(values) => Spelled::of(AtomicType::Float32, values.iter().map(|&v| real::spelled(v))),
        Value::Float64(values) => Spelled::of(AtomicType::Float64, values.iter().map(|&v| real::spelled(v))),
        Value::Int8(_) => integers(value, &[AtomicType::Byte, AtomicType::Int16]),
        Value::UInt8(_) => integers(value, &[AtomicType::Byte, AtomicType::Int16]),
        Value::Int16(_) => integers(value, &[AtomicType::Int16]),
        Value::UInt16(_) => integers(value, &[AtomicType::UInt16, AtomicType::Int32]),
        Value::Int32(_) => integers(value, &[AtomicType::Int32]),
        Value::UInt32(_) => integers(value, &[AtomicType::UInt32, AtomicType::Float64]),
        Value::Int64(_) | Value::UInt64(_) => {
            integers(value, &[AtomicType::Int32, AtomicType::Float64, AtomicType::String])
        }
    }
}

/// The value of an attribute of a variable; `None` also where a fill value is not one of the variable's type.
pub(super) fn of_variable(name: &str, value: &Value, entry: &Entry<'_>) -> Option<Spelled> {
    if name == "_FillValue" {
        return fill_value(value, entry);
    }
    let same_type = data_type(value).is_some_and(|of_value| of_value == *entry.variable.data_type.stored());
    if LIKE_ELEMENTS.contains(&name) && same_type {
        let elements = numbers(value)?.into_iter().map(|number| as_element(number, entry));
        return Spelled::of(entry.atomic()?, elements.collect::<Option<Vec<_>>>()?.into_iter());
    }
    general(value)
}

/// A fill value must have its variable's type: some clients refuse the whole dataset otherwise, others read nonsense.
fn fill_value(value: &Value, entry: &Entry<'_>) -> Option<Spelled> {
    let data_type = entry.atomic()?;
    if data_type == AtomicType::String {
        // netCDF-C makes characters of texts, so their fill value is one character.
        let text = value.as_text().filter(|text| text.len() == 1 && !text.contains(char::is_control))?;
        return Some(Spelled::text(&text));
    }
    let numbers = numbers(value)?;
    let [one] = numbers.as_slice() else { return None };
    Some(Spelled { data_type, tokens: vec![as_element(*one, entry)?] })
}

/// `number` as an element of the variable is spelled; `None` where it cannot be one.
fn as_element(number: Number, entry: &Entry<'_>) -> Option<String> {
    match entry.variable.data_type.stored() {
        DataType::Float32 => Some(real::spelled(as_f32(number)?)),
        DataType::Float64 => Some(real::spelled(as_f64(number)?)),
        DataType::Int8 => {
            let value = i8::try_from(as_integer(number)?).ok()?;
            // netCDF-3 has no unsigned byte: files say so by this attribute, and mean the same bits.
            let unsigned = entry.variable.attribute("_Unsigned").and_then(|a| a.value.as_text());
            let unsigned = unsigned.is_some_and(|text| text.eq_ignore_ascii_case("true"));
            Some(if unsigned { value.cast_unsigned().to_string() } else { value.to_string() })
        }
        DataType::UInt8 => Some(u8::try_from(as_integer(number)?).ok()?.to_string()),
        DataType::Int16 => Some(i16::try_from(as_integer(number)?).ok()?.to_string()),
        DataType::UInt16 => Some(u16::try_from(as_integer(number)?).ok()?.to_string()),
        DataType::Int32 => Some(i32::try_from(as_integer(number)?).ok()?.to_string()),
        DataType::UInt32 => Some(u32::try_from(as_integer(number)?).ok()?.to_string()),
        _ => None,
    }
}

/// All of `value` in the first of `types` that holds every element as netCDF-C will read it.
fn integers(value: &Value, types: &[AtomicType]) -> Option<Spelled> {
    let values: Vec<i128> = numbers(value)?.into_iter().map(as_integer).collect::<Option<_>>()?;
    let fitting = types.iter().find(|data_type| values.iter().all(|&v| read_back(**data_type, v)))?;
    let spell = |v: i128| match fitting {
        AtomicType::String => format!("\"{v}\""),
        AtomicType::Float64 => format!("{v}.0"),
        _ => v.to_string(),
    };
    Spelled::of(*fitting, values.into_iter().map(spell))
}

/// Whether every client reads `value` back from this type: netCDF-C takes unsigned types for signed ones, and others take them for
/// what they are.
fn read_back(data_type: AtomicType, value: i128) -> bool {
    match data_type {
        AtomicType::Byte => (0..=i128::from(i8::MAX)).contains(&value),
        AtomicType::Int16 | AtomicType::UInt16 => i16::try_from(value).is_ok(),
        AtomicType::Int32 | AtomicType::UInt32 => i32::try_from(value).is_ok(),
        AtomicType::Float64 => value.abs() <= EXACT_IN_FLOAT64,
        AtomicType::Float32 => false,
        AtomicType::String => true,
    }
}

fn as_integer(number: Number) -> Option<i128> {
    let float = match number {
        Number::Integer(value) => return Some(value),
        Number::Float32(value) => f64::from(value),
        Number::Float64(value) => value,
    };
    // Within these bounds the conversion is exact; NaN and infinities are outside.
    let whole = float.fract() == 0.0 && float.abs() <= EXACT_IN_FLOAT64 as f64;
    whole.then_some(float as i128)
}

fn as_f64(number: Number) -> Option<f64> {
    match number {
        Number::Integer(value) => (value.abs() <= EXACT_IN_FLOAT64).then_some(value as f64),
        Number::Float32(value) => Some(value.into()),
        Number::Float64(value) => Some(value),
    }
}

/// A fill value written as a double stands for the nearest element that a variable of singles can hold.
fn as_f32(number: Number) -> Option<f32> {
    if let Number::Float32(value) = number {
        return Some(value);
    }
    let wide = as_f64(number)?;
    let narrow = wide as f32;
    (narrow.is_finite() == wide.is_finite()).then_some(narrow)
}

/// The elements of a numeric value; `None` for text and for types that are not known.
fn numbers(value: &Value) -> Option<Vec<Number>> {
    fn all<T: Copy + Into<i128>>(values: &[T]) -> Vec<Number> {
        values.iter().map(|&value| Number::Integer(value.into())).collect()
    }
    Some(match value {
        Value::Int8(v) => all(v),
        Value::UInt8(v) => all(v),
        Value::Int16(v) => all(v),
        Value::UInt16(v) => all(v),
        Value::Int32(v) => all(v),
        Value::UInt32(v) => all(v),
        Value::Int64(v) => all(v),
        Value::UInt64(v) => all(v),
        Value::Float32(v) => v.iter().map(|&value| Number::Float32(value)).collect(),
        Value::Float64(v) => v.iter().map(|&value| Number::Float64(value)).collect(),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => return None,
    })
}

/// The type of the elements of a numeric value.
fn data_type(value: &Value) -> Option<DataType> {
    match value {
        Value::Int8(_) => Some(DataType::Int8),
        Value::UInt8(_) => Some(DataType::UInt8),
        Value::Int16(_) => Some(DataType::Int16),
        Value::UInt16(_) => Some(DataType::UInt16),
        Value::Int32(_) => Some(DataType::Int32),
        Value::UInt32(_) => Some(DataType::UInt32),
        Value::Int64(_) => Some(DataType::Int64),
        Value::UInt64(_) => Some(DataType::UInt64),
        Value::Float32(_) => Some(DataType::Float32),
        Value::Float64(_) => Some(DataType::Float64),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => None,
    }
}
