//! Literals: values that a definition spells, as attributes and as elements.

use weir_model::{DataType, Value};

use super::definition::{Literal, Values};
use super::held::{self, Held};
use crate::{Error, ErrorKind};

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::BadRequest, message)
}

/// The type that NcML calls `name`.
///
/// # Errors
/// `Unsupported` for `Structure`, `Sequence`, enumerations, and what is no type.
pub fn data_type(name: &str) -> Result<DataType, Error> {
    Ok(match name {
        "byte" => DataType::Int8,
        "ubyte" => DataType::UInt8,
        "short" => DataType::Int16,
        "ushort" => DataType::UInt16,
        "int" | "integer" => DataType::Int32,
        "uint" => DataType::UInt32,
        "long" => DataType::Int64,
        "ulong" => DataType::UInt64,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "char" => DataType::Char,
        "" | "String" | "string" => DataType::String,
        other => return Err(Error::unsupported(format!("type {other:?} is not supported"))),
    })
}

fn parsed<T: std::str::FromStr>(parts: &[String], what: &str) -> Result<Vec<T>, Error> {
    let parse =
        |text: &String| text.trim().parse().map_err(|_unshown| refuse(format!("{text:?} is no {what}")));
    parts.iter().map(parse).collect()
}

/// The value of an attribute.
///
/// # Errors
/// `BadRequest` where the text is no value of the type.
pub fn attribute(literal: &Literal) -> Result<Value, Error> {
    let parts = &literal.parts;
    Ok(match data_type(&literal.data_type)? {
        DataType::Int8 => Value::Int8(parsed(parts, "byte")?),
        DataType::UInt8 => Value::UInt8(parsed(parts, "ubyte")?),
        DataType::Int16 => Value::Int16(parsed(parts, "short")?),
        DataType::UInt16 => Value::UInt16(parsed(parts, "ushort")?),
        DataType::Int32 => Value::Int32(parsed(parts, "int")?),
        DataType::UInt32 => Value::UInt32(parsed(parts, "uint")?),
        DataType::Int64 => Value::Int64(parsed(parts, "long")?),
        DataType::UInt64 => Value::UInt64(parsed(parts, "ulong")?),
        DataType::Float32 => Value::Float32(parsed(parts, "float")?),
        DataType::Float64 => Value::Float64(parsed(parts, "double")?),
        _ => match parts.as_slice() {
            [] => Value::text(""),
            [text] => Value::text(text),
            texts => Value::String(texts.iter().map(|text| text.clone().into_bytes()).collect()),
        },
    })
}

/// The elements of a variable of `count` elements.
///
/// # Errors
/// `BadRequest` where there are more or fewer values than elements, or one is no value of the type; `TooLarge` for more than
/// may be held in memory.
pub fn elements(values: &Values, data_type: &DataType, count: u64) -> Result<Held, Error> {
    let size = data_type.size().unwrap_or(1) as u64;
    let count = usize::try_from(count)
        .ok()
        .filter(|_| count.checked_mul(size).is_some_and(|bytes| bytes <= held::MOST_BYTES));
    let count = count.ok_or_else(|| {
        Error::new(ErrorKind::TooLarge, format!("values of more than {} bytes", held::MOST_BYTES))
    })?;
    if let Values::Regular { count: Some(given), .. } = values {
        check_count(usize::try_from(*given).unwrap_or(usize::MAX), count)?;
    }
    match (values, data_type) {
        (Values::List(parts), DataType::String) => {
            check_count(parts.len(), count)?;
            Ok(Held::Strings(parts.iter().map(|text| text.clone().into_bytes()).collect()))
        }
        (Values::List(parts), DataType::Char) => {
            let mut bytes = parts.join(" ").into_bytes();
            if bytes.len() > count {
                check_count(bytes.len(), count)?;
            }
            bytes.resize(count, 0);
            Ok(Held::Elements(bytes))
        }
        (Values::List(parts), _) => {
            check_count(parts.len(), count)?;
            numbers(parts, data_type)
        }
        (Values::Regular { start, increment, .. }, DataType::Float32 | DataType::Float64) => {
            let pair: Vec<f64> = parsed(&[start.clone(), increment.clone()], "number")?;
            let [start, increment] = pair.as_slice() else { return Err(refuse("no start".to_owned())) };
            // Not a sum, so that errors of rounding do not add up.
            let value = |n: usize| start + increment * n as f64;
            let bytes: Vec<u8> = match data_type {
                #[allow(clippy::cast_possible_truncation, reason = "rounding to the type that was asked for")]
                DataType::Float32 => (0..count).flat_map(|n| (value(n) as f32).to_le_bytes()).collect(),
                _ => (0..count).flat_map(|n| value(n).to_le_bytes()).collect(),
            };
            Ok(Held::Elements(bytes))
        }
        (Values::Regular { start, increment, .. }, _) => {
            let pair: Vec<i64> = parsed(&[start.clone(), increment.clone()], "whole number")?;
            let [start, increment] = pair.as_slice() else { return Err(refuse("no start".to_owned())) };
            let value = |n: usize| i64::try_from(n).ok()?.checked_mul(*increment)?.checked_add(*start);
            let parts: Option<Vec<String>> = (0..count).map(|n| Some(value(n)?.to_string())).collect();
            numbers(&parts.ok_or_else(|| refuse("a value exceeds 64 bits".to_owned()))?, data_type)
        }
    }
}

fn check_count(given: usize, count: usize) -> Result<(), Error> {
    match given == count {
        true => Ok(()),
        false => Err(refuse(format!("{given} values are given for {count} elements"))),
    }
}

fn numbers(parts: &[String], data_type: &DataType) -> Result<Held, Error> {
    macro_rules! bytes {
        ($type:ty, $what:expr) => {
            parsed::<$type>(parts, $what)?.into_iter().flat_map(<$type>::to_le_bytes).collect()
        };
    }
    let bytes: Vec<u8> = match data_type {
        DataType::Int8 => bytes!(i8, "byte"),
        DataType::UInt8 => bytes!(u8, "ubyte"),
        DataType::Int16 => bytes!(i16, "short"),
        DataType::UInt16 => bytes!(u16, "ushort"),
        DataType::Int32 => bytes!(i32, "int"),
        DataType::UInt32 => bytes!(u32, "uint"),
        DataType::Int64 => bytes!(i64, "long"),
        DataType::UInt64 => bytes!(u64, "ulong"),
        DataType::Float32 => bytes!(f32, "float"),
        DataType::Float64 => bytes!(f64, "double"),
        other => return Err(Error::unsupported(format!("values of type {}", other.describe()))),
    };
    Ok(Held::Elements(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn attributes_have_their_types() {
        let check = |name: &str, parts: &[&str], expected: Option<Value>| {
            let found = attribute(&Literal { data_type: name.to_owned(), parts: list(parts) });
            assert_eq!(found.ok(), expected, "{name} {parts:?}");
        };
        check("", &["a text"], Some(Value::text("a text")));
        check("String", &["a", "b"], Some(Value::String(vec![b"a".to_vec(), b"b".to_vec()])));
        check("int", &["1", "-2"], Some(Value::Int32(vec![1, -2])));
        check("float", &["0.1"], Some(Value::Float32(vec![0.1])));
        check("ubyte", &["256"], None);
        check("Structure", &["1"], None);
    }

    #[test]
    fn elements_are_counted() {
        let check = |values: Values, data_type: DataType, count: u64, expected: Result<Held, &str>| {
            let found = elements(&values, &data_type, count).map_err(|e| e.message);
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(*found, expected),
                (Err(found), Err(words)) => assert!(found.contains(words), "{found}"),
                (found, expected) => panic!("{found:?}, not {expected:?}"),
            }
        };
        let regular = |start: &str, increment: &str| Values::Regular {
            start: start.to_owned(),
            increment: increment.to_owned(),
            count: None,
        };
        let shorts = |values: &[i16]| Held::Elements(values.iter().flat_map(|n| n.to_le_bytes()).collect());
        check(regular("5", "-2"), DataType::Int16, 3, Ok(shorts(&[5, 3, 1])));
        check(regular("32767", "1"), DataType::Int16, 2, Err("is no short"));
        check(regular("0.5", "1"), DataType::Int16, 2, Err("is no whole number"));
        let doubles = [0.5_f64, 0.75].into_iter().flat_map(f64::to_le_bytes).collect();
        check(regular("0.5", ".25"), DataType::Float64, 2, Ok(Held::Elements(doubles)));
        check(Values::List(list(&["1", "2"])), DataType::Int16, 2, Ok(shorts(&[1, 2])));
        check(Values::List(list(&["1"])), DataType::Int16, 2, Err("1 values are given for 2 elements"));
        check(Values::List(list(&["ab"])), DataType::Char, 4, Ok(Held::Elements(b"ab\0\0".to_vec())));
        check(Values::List(list(&["ab"])), DataType::String, 1, Ok(Held::Strings(vec![b"ab".to_vec()])));
        check(regular("1", "1"), DataType::Float64, u64::MAX, Err("values of more than"));
    }
}
