//! `linear_scale()`: numbers unpacked, as 64-bit floats.

use weir_model::{DataType, Value as Attribute};

use super::super::{AtomicType, Entry, Scale, Shown, Values};
use super::{Looked, Refusal, Value};

pub fn answer<'i>(values: &[Value<'i>], _: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
    let Some((Value::Variable(shown), values)) = values.split_first() else {
        return Err("its first argument must be an array".to_owned());
    };
    let mut shown = shown.clone();
    let array = match &mut shown {
        Shown::Array(array) => Some(array),
        Shown::Grid(grid) => grid.array.as_mut(),
        _ => None,
    };
    let array = array.filter(|array| array.data_type() != AtomicType::String);
    let array = array.ok_or("its first argument must be an array of numbers")?;
    if array.values != Values::Stored {
        return Err(format!("{} was changed before", array.entry.name));
    }
    let numbers = values.iter().filter_map(|value| match value {
        Value::Number(number) => Some(*number),
        _ => None,
    });
    let numbers: Vec<f64> = numbers.collect();
    array.values = Values::Scaled(match numbers.as_slice() {
        [factor, offset, missing @ ..] => {
            Scale { factor: *factor, offset: *offset, missing: missing.to_vec() }
        }
        _ => by_attributes(array.entry)?,
    });
    Ok(shown)
}

/// The scale that the attributes name. What stands for missing values stays, so that clients can still tell.
fn by_attributes(entry: &Entry<'_>) -> Result<Scale, Refusal> {
    let number = |name: &str| entry.variable.attribute(name).and_then(|attribute| first(&attribute.value));
    let factor = number("scale_factor").ok_or_else(|| {
        format!("{} has no attribute scale_factor; give a factor and an offset", entry.name)
    })?;
    let offset = number("add_offset").or_else(|| number("add_off")).unwrap_or(0.0);
    let missing = ["missing_value", "_FillValue"].into_iter().filter_map(number);
    let missing = missing.map(|value| as_element(value, &entry.value_type())).collect();
    Ok(Scale { factor, offset, missing })
}

/// A number of an attribute as the elements have it: attributes of unsigned elements may be signed.
fn as_element(value: f64, data_type: &DataType) -> f64 {
    let turn = match data_type {
        DataType::UInt8 => 256.0,
        DataType::UInt16 => 65_536.0,
        DataType::UInt32 => 4_294_967_296.0,
        _ => 0.0,
    };
    if value < 0.0 { value + turn } else { value }
}

/// The first number of an attribute; also one that is spelled.
fn first(value: &Attribute) -> Option<f64> {
    match value {
        Attribute::Int8(v) => v.first().copied().map(f64::from),
        Attribute::UInt8(v) => v.first().copied().map(f64::from),
        Attribute::Int16(v) => v.first().copied().map(f64::from),
        Attribute::UInt16(v) => v.first().copied().map(f64::from),
        Attribute::Int32(v) => v.first().copied().map(f64::from),
        Attribute::UInt32(v) => v.first().copied().map(f64::from),
        Attribute::Float32(v) => v.first().copied().map(f64::from),
        Attribute::Float64(v) => v.first().copied(),
        Attribute::Int64(v) => v.first().map(|&value| value as f64),
        Attribute::UInt64(v) => v.first().map(|&value| value as f64),
        Attribute::Char(_) | Attribute::String(_) => value.as_text()?.trim().parse().ok(),
        Attribute::Other { .. } => None,
    }
}
