//! Times of members: numbers that count from different dates become numbers that count from one.

use weir_cf::Calendar;
use weir_cf::time::{Conversion, Number, TimeUnits};
use weir_model::{DataType, Value};

use super::facts::VariableLayout;
use super::held::Held;
use crate::{Error, ErrorKind};

/// What numbers of a variable count: its units, and its calendar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    units: String,
    calendar: Option<String>,
}

impl Counted {
    /// What a variable counts; `None` where it has no units that name a date. Bounds count as their coordinate does where
    /// they say nothing themselves (CF section 7.1).
    #[must_use]
    pub fn of(variable: &VariableLayout, coordinate: Option<&VariableLayout>) -> Option<Self> {
        let bounded = coordinate.filter(|coordinate| {
            let name = variable.path.rsplit('/').next();
            variable.units.is_none() && coordinate.bounds.as_deref() == name
        });
        let units = variable.units.as_ref().or(bounded.and_then(|c| c.units.as_ref()))?;
        let calendar = variable.calendar.as_ref().or(bounded.and_then(|c| c.calendar.as_ref()));
        weir_cf::time::is_time(units).then(|| Self { units: units.clone(), calendar: calendar.cloned() })
    }

    fn parse(&self) -> Result<TimeUnits, Error> {
        let calendar = self.calendar.as_deref().map_or(Ok(Calendar::Standard), Calendar::parse);
        let calendar = calendar.map_err(|e| Error::unsupported(e.to_string()))?;
        let units = TimeUnits::parse(&self.units, calendar);
        units.map_err(|e| Error::unsupported(format!("units {:?}: {e}", self.units)))
    }

    /// How these numbers become numbers of `other`; `None` where they are the same.
    ///
    /// # Errors
    /// `BadRequest` where the calendars differ, `Unsupported` where units or a calendar cannot be read.
    pub fn to(&self, other: &Self) -> Result<Option<Conversion>, Error> {
        if self == other {
            return Ok(None);
        }
        let (from, to) = (self.parse()?, other.parse()?);
        if from.calendar() != to.calendar() {
            let (own, others) = (from.calendar().name(), to.calendar().name());
            let message = format!("its calendar is {own}, but that of the others is {others}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let conversion = Conversion::between(from, to).map_err(|e| Error::unsupported(e.to_string()))?;
        Ok((!conversion.is_identity()).then_some(conversion))
    }
}

/// Converts values of `data_type`; those that are one of `fills` (little-endian) stay as they are.
///
/// # Errors
/// `BadRequest` where a value cannot be told exactly in the type, as half a day in whole days.
pub fn convert(
    conversion: &Conversion,
    (data_type, fills): (&DataType, &[Vec<u8>]),
    values: &mut [u8],
) -> Result<(), Error> {
    let size = data_type.size().unwrap_or(1).max(1);
    for element in values.chunks_exact_mut(size) {
        if fills.iter().any(|fill| fill == element) {
            continue;
        }
        let number = number(data_type, element).ok_or_else(|| {
            Error::unsupported(format!("times of type {} cannot be converted", data_type.describe()))
        })?;
        if matches!(number, Number::Real(value) if !value.is_finite()) {
            continue;
        }
        let converted =
            conversion.number(number).map_err(|e| Error::new(ErrorKind::BadRequest, e.to_string()))?;
        put(data_type, converted, element).ok_or_else(|| {
            let (from, to) = (number.as_f64(), converted.as_f64());
            let what = data_type.describe();
            let message = format!("{from} becomes {to} in the units of the first member, which is no {what}");
            Error::new(ErrorKind::BadRequest, message)
        })?;
    }
    Ok(())
}

/// A little-endian element as a number; `None` for types that are none, and for integers beyond 64 bits with a sign.
fn number(data_type: &DataType, element: &[u8]) -> Option<Number> {
    Some(match data_type {
        DataType::Int8 => Number::Integer(i8::from_le_bytes(element.try_into().ok()?).into()),
        DataType::UInt8 => Number::Integer(u8::from_le_bytes(element.try_into().ok()?).into()),
        DataType::Int16 => Number::Integer(i16::from_le_bytes(element.try_into().ok()?).into()),
        DataType::UInt16 => Number::Integer(u16::from_le_bytes(element.try_into().ok()?).into()),
        DataType::Int32 => Number::Integer(i32::from_le_bytes(element.try_into().ok()?).into()),
        DataType::UInt32 => Number::Integer(u32::from_le_bytes(element.try_into().ok()?).into()),
        DataType::Int64 => Number::Integer(i64::from_le_bytes(element.try_into().ok()?)),
        DataType::UInt64 => {
            Number::Integer(i64::try_from(u64::from_le_bytes(element.try_into().ok()?)).ok()?)
        }
        DataType::Float32 => Number::Real(f32::from_le_bytes(element.try_into().ok()?).into()),
        DataType::Float64 => Number::Real(f64::from_le_bytes(element.try_into().ok()?)),
        _ => return None,
    })
}

/// Puts a number into a little-endian element; `None` where the type cannot hold it.
fn put(data_type: &DataType, number: Number, element: &mut [u8]) -> Option<()> {
    let bytes: Vec<u8> = match (data_type, number) {
        (DataType::Float64, number) => number.as_f64().to_le_bytes().to_vec(),
        #[allow(clippy::cast_possible_truncation, reason = "rounding to the type that the file chose")]
        (DataType::Float32, number) => (number.as_f64() as f32).to_le_bytes().to_vec(),
        (_, Number::Real(_)) => return None,
        (DataType::Int8, Number::Integer(n)) => i8::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::UInt8, Number::Integer(n)) => u8::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::Int16, Number::Integer(n)) => i16::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::UInt16, Number::Integer(n)) => u16::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::Int32, Number::Integer(n)) => i32::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::UInt32, Number::Integer(n)) => u32::try_from(n).ok()?.to_le_bytes().to_vec(),
        (DataType::Int64, Number::Integer(n)) => n.to_le_bytes().to_vec(),
        (DataType::UInt64, Number::Integer(n)) => u64::try_from(n).ok()?.to_le_bytes().to_vec(),
        _ => return None,
    };
    element.copy_from_slice(bytes.get(..element.len())?);
    Some(())
}

/// The numbers of an attribute as little-endian elements of a variable's type; without those that the type cannot hold, which
/// no element is.
#[must_use]
pub fn elements(value: &Value, data_type: &DataType) -> Vec<Vec<u8>> {
    fn whole<T: Copy + Into<i128>>(numbers: &[T], data_type: &DataType) -> Vec<Vec<u8>> {
        numbers.iter().filter_map(|&number| whole_element(number.into(), data_type)).collect()
    }
    fn real(numbers: impl Iterator<Item = f64>, data_type: &DataType) -> Vec<Vec<u8>> {
        numbers.filter_map(|number| real_element(number, data_type)).collect()
    }
    match value {
        Value::Int8(numbers) => whole(numbers, data_type),
        Value::UInt8(numbers) => whole(numbers, data_type),
        Value::Int16(numbers) => whole(numbers, data_type),
        Value::UInt16(numbers) => whole(numbers, data_type),
        Value::Int32(numbers) => whole(numbers, data_type),
        Value::UInt32(numbers) => whole(numbers, data_type),
        Value::Int64(numbers) => whole(numbers, data_type),
        Value::UInt64(numbers) => whole(numbers, data_type),
        Value::Float32(numbers) => real(numbers.iter().map(|&number| number.into()), data_type),
        Value::Float64(numbers) => real(numbers.iter().copied(), data_type),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => Vec::new(),
    }
}

#[allow(clippy::cast_precision_loss, reason = "rounded as writers round a number that they write as a float")]
fn whole_element(number: i128, data_type: &DataType) -> Option<Vec<u8>> {
    Some(match data_type {
        DataType::Float32 | DataType::Float64 => return real_element(number as f64, data_type),
        DataType::UInt64 => u64::try_from(number).ok()?.to_le_bytes().to_vec(),
        _ => {
            let mut element = vec![0; data_type.size()?];
            put(data_type, Number::Integer(i64::try_from(number).ok()?), &mut element)?;
            element
        }
    })
}

#[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^63, which an i128 holds")]
fn real_element(number: f64, data_type: &DataType) -> Option<Vec<u8>> {
    if !matches!(data_type, DataType::Float32 | DataType::Float64) {
        let is_whole = number.fract() == 0.0 && number.abs() < 9.2e18;
        return is_whole.then(|| whole_element(number as i128, data_type)).flatten();
    }
    let mut element = vec![0; data_type.size()?];
    put(data_type, Number::Real(number), &mut element)?;
    Some(element)
}

/// The first and the last of some values, as doubles that can be compared; `None` where there is none or they are no
/// numbers.
#[must_use]
pub fn ends(held: &Held, data_type: &DataType) -> Option<(f64, f64)> {
    let Held::Elements(bytes) = held else { return None };
    let size = data_type.size()?.max(1);
    let mut elements = bytes.chunks_exact(size);
    let first = elements.next()?;
    let last = elements.next_back().unwrap_or(first);
    let value = |element| number(data_type.stored(), element).map(Number::as_f64);
    Some((value(first)?, value(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(units: &str, calendar: Option<&str>) -> Counted {
        Counted { units: units.to_owned(), calendar: calendar.map(str::to_owned) }
    }

    fn check(from: (&str, Option<&str>), to: (&str, Option<&str>), value: i32, expected: Result<i32, &str>) {
        let conversion = counted(from.0, from.1).to(&counted(to.0, to.1));
        let found = conversion.and_then(|conversion| {
            let mut bytes = [value.to_le_bytes(), (-1_i32).to_le_bytes()].concat();
            if let Some(conversion) = conversion {
                convert(&conversion, (&DataType::Int32, &[(-1_i32).to_le_bytes().to_vec()]), &mut bytes)?;
            }
            assert_eq!(bytes[4..], (-1_i32).to_le_bytes(), "a fill value is no time");
            Ok(i32::from_le_bytes(bytes[..4].try_into().unwrap()))
        });
        match expected {
            Ok(value) => assert_eq!(found, Ok(value), "{from:?} {to:?}"),
            Err(words) => assert!(found.clone().unwrap_err().message.contains(words), "{found:?}"),
        }
    }

    #[test]
    fn integers_stay_exact() {
        let days = ("days since 2000-01-01", None);
        check(("days since 2001-01-01", None), days, 5, Ok(371));
        check(("days since 2000-1-1 00:00", None), days, 5, Ok(5));
        check(("hours since 2000-01-02", None), days, 48, Ok(3));
        check(("hours since 2000-01-02", None), days, 47, Err("which is no int32"));
        check(
            ("days since 2001-01-01", Some("360_day")),
            ("days since 2000-01-01", Some("360_day")),
            5,
            Ok(365),
        );
        check(("days since 2001-01-01", Some("noleap")), days, 5, Err("its calendar is noleap"));
        check(("days since 2001-01-01", Some("mayan")), days, 5, Err("mayan"));
        check(
            ("days since 9001-01-01", None),
            ("seconds since 2000-01-01", None),
            5,
            Err("which is no int32"),
        );
    }

    #[test]
    fn attributes_become_elements() {
        let check = |value: Value, data_type: DataType, expected: &[&[u8]]| {
            assert_eq!(elements(&value, &data_type), expected, "{value:?} as {data_type:?}");
        };
        check(Value::Int16(vec![-1, 258]), DataType::Int16, &[&[255, 255], &[2, 1]]);
        check(Value::Int64(vec![-1, 1 << 40]), DataType::Int32, &[&[255; 4]]);
        check(Value::Float64(vec![258.0, 1.5, f64::NAN, 1e30]), DataType::Int16, &[&[2, 1]]);
        check(Value::UInt64(vec![u64::MAX]), DataType::UInt64, &[&[255; 8]]);
        check(Value::Int32(vec![-9999]), DataType::Float64, &[&(-9999_f64).to_le_bytes()]);
        check(Value::Float64(vec![1e20]), DataType::Float32, &[&1e20_f32.to_le_bytes()]);
        check(Value::text("none"), DataType::Int8, &[]);
    }
}
