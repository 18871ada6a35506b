//! Attributes: values as the DMR spells them, in types that clients read.

use weir_model::{DataType, EnumMember, Value};

use super::AtomicType;
use super::document::Attribute;
use super::names::{self, Distinct};
use crate::real;

/// The fill value of a variable.
const FILL_VALUE: &str = "_FillValue";
/// What netCDF called it before; clients take elements for missing that are one or the other.
const MISSING_VALUE: &str = "missing_value";

/// The attributes of a group.
#[must_use]
pub fn of_group(attributes: &[weir_model::Attribute]) -> Vec<Attribute> {
    spelled(attributes, |attribute| general(&attribute.value))
}

/// The attributes of a variable whose elements are of `data_type`.
#[must_use]
pub fn of_variable(attributes: &[weir_model::Attribute], data_type: &DataType) -> Vec<Attribute> {
    let mut found = spelled(attributes, |attribute| match attribute.name.as_str() {
        FILL_VALUE => fill_value(&attribute.value, data_type),
        _ => general(&attribute.value),
    });
    let told = found.iter().any(|attribute| attribute.name == MISSING_VALUE);
    if let Some(missing) = found.iter().find_map(missing_value).filter(|_| !told) {
        found.push(missing);
    }
    found
}

/// The fill value of singles once more, where netCDF-C would misread it (as [`general`] tells): under the other name that clients know
/// for it, and as a double. NaN survives there.
fn missing_value(fill: &Attribute) -> Option<Attribute> {
    let (FILL_VALUE, Some(AtomicType::Float32), [one]) =
        (fill.name.as_str(), fill.number, fill.values.as_slice())
    else {
        return None;
    };
    let value: f32 = one.parse().ok().filter(|value: &f32| !value.is_nan())?;
    let values = vec![real::spelled(f64::from(value))];
    Some(Attribute { name: MISSING_VALUE.to_owned(), number: Some(AtomicType::Float64), values })
}

type Spelled = (Option<AtomicType>, Vec<String>);

fn spelled(
    attributes: &[weir_model::Attribute],
    spell: impl Fn(&weir_model::Attribute) -> Option<Spelled>,
) -> Vec<Attribute> {
    let mut distinct = Distinct::default();
    let mut found = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        let name = names::spell(&attribute.name);
        if name.len() > names::LONGEST {
            continue;
        }
        if let Some((number, values)) = spell(attribute) {
            found.push(Attribute { name: distinct.claim(&name), number, values });
        }
    }
    found
}

/// A value as it is; `None` where no type of DAP4 is its own.
///
/// Characters travel as a string: pydap fails on attributes of characters. Singles travel as doubles, which have every one of them:
/// of singles, netCDF-C (4.9.0 and 4.10.1) puts other bits where the last three were, and makes NaN of infinities. It converts a
/// double to a single where it lies, and then takes both together for a double once more (`compileAttrValues` in `d4meta.c`).
fn general(value: &Value) -> Option<Spelled> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(match value {
        Value::Int8(values) => (Some(AtomicType::Int8), numbers(values)),
        Value::UInt8(values) => (Some(AtomicType::UInt8), numbers(values)),
        Value::Int16(values) => (Some(AtomicType::Int16), numbers(values)),
        Value::UInt16(values) => (Some(AtomicType::UInt16), numbers(values)),
        Value::Int32(values) => (Some(AtomicType::Int32), numbers(values)),
        Value::UInt32(values) => (Some(AtomicType::UInt32), numbers(values)),
        Value::Int64(values) => (Some(AtomicType::Int64), numbers(values)),
        Value::UInt64(values) => (Some(AtomicType::UInt64), numbers(values)),
        // The shortest text that reads back as the same number.
        Value::Float32(values) => {
            (Some(AtomicType::Float64), values.iter().map(|&v| real::spelled(f64::from(v))).collect())
        }
        Value::Float64(values) => {
            (Some(AtomicType::Float64), values.iter().map(|&v| real::spelled(v)).collect())
        }
        Value::Char(bytes) => (None, vec![text(bytes)]),
        Value::String(texts) => (None, texts.iter().map(|bytes| text(bytes)).collect()),
        Value::Other { .. } => return None,
    })
}

fn numbers<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// A fill value must have its variable's type: netCDF-C may refuse the whole dataset otherwise. One that cannot be said in
/// that type is left out.
fn fill_value(value: &Value, data_type: &DataType) -> Option<Spelled> {
    let stored = data_type.stored();
    match data_type {
        DataType::Enum { members, .. } => {
            let (_, values) = fill_value(value, stored)?;
            let [number] = values.as_slice() else { return None };
            Some((None, vec![constant(number, members)?]))
        }
        DataType::String | DataType::FixedString { .. } => {
            let text = value.as_text()?;
            Some((None, vec![text.into_owned()]))
        }
        DataType::Char => {
            let text = value.as_text().filter(|text| text.len() == 1)?;
            let is_written = !text.contains(char::is_control) || text == "\n" || text == "\t";
            is_written.then(|| (None, vec![text.into_owned()]))
        }
        _ => {
            let wanted = AtomicType::of(stored)?;
            let (of_value, values) = general(value)?;
            let (of_value, [one]) = (of_value?, values.as_slice()) else { return None };
            Some((Some(wanted), vec![converted(one, of_value, wanted)?]))
        }
    }
}

/// What an enumeration calls a number. As the fill value of an enumeration, netCDF-C takes such a name alone: it overlooks a number, and
/// refuses the whole dataset for one that has no name.
fn constant(number: &str, members: &[EnumMember]) -> Option<String> {
    let number: i128 = number.parse().ok()?;
    names::constants(members).into_iter().find(|(_, value)| *value == number).map(|(name, _)| name)
}

/// The same number in another type; `None` where that type does not have it.
fn converted(number: &str, from: AtomicType, to: AtomicType) -> Option<String> {
    if from == to {
        return Some(number.to_owned());
    }
    let value: f64 = number.parse().ok()?;
    match to {
        AtomicType::Float64 => Some(real::spelled(value)),
        AtomicType::Float32 => {
            let narrow = value as f32;
            (f64::from(narrow) == value || value.is_nan()).then(|| real::spelled(narrow))
        }
        _ => {
            let integer: i128 = match number.parse() {
                Ok(integer) => integer,
                // A float that is a whole number.
                Err(_) if value.fract() == 0.0 && value.abs() < 1e18 => value as i128,
                Err(_) => return None,
            };
            fits(integer, to).then(|| integer.to_string())
        }
    }
}

fn fits(integer: i128, atomic: AtomicType) -> bool {
    match atomic {
        AtomicType::Int8 => i8::try_from(integer).is_ok(),
        AtomicType::UInt8 => u8::try_from(integer).is_ok(),
        AtomicType::Int16 => i16::try_from(integer).is_ok(),
        AtomicType::UInt16 => u16::try_from(integer).is_ok(),
        AtomicType::Int32 => i32::try_from(integer).is_ok(),
        AtomicType::UInt32 => u32::try_from(integer).is_ok(),
        AtomicType::Int64 => i64::try_from(integer).is_ok(),
        AtomicType::UInt64 => u64::try_from(integer).is_ok(),
        AtomicType::Float32 | AtomicType::Float64 | AtomicType::Char => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: Value, data_type: &DataType, expected: &str) {
        let attributes = [weir_model::Attribute { name: name.into(), value }];
        let shown = |attribute: &Attribute| {
            let number = attribute.number.map_or("String", AtomicType::name);
            format!("{} {number} {}", attribute.name, attribute.values.join("|"))
        };
        let got: Vec<_> = of_variable(&attributes, data_type).iter().map(shown).collect();
        assert_eq!(got.join("\n"), expected);
    }

    #[test]
    fn values_keep_their_types() {
        let any = DataType::Float32;
        check("a", Value::Int64(vec![i64::MIN, 7]), &any, "a Int64 -9223372036854775808|7");
        check(
            "a",
            Value::Float32(vec![0.1, f32::NAN, f32::INFINITY]),
            &any,
            "a Float64 0.10000000149011612|NaN|1e999",
        );
        check("a", Value::Float64(vec![1e300, f64::NEG_INFINITY]), &any, "a Float64 1e300|-1e999");
        check("a", Value::Char(b"x\xe9".to_vec()), &any, "a String x\u{fffd}");
        check("a", Value::String(vec![b"x".to_vec(), vec![]]), &any, "a String x|");
        check("a b", Value::Other { description: "a list".into() }, &any, "");
        check("a/b ", Value::UInt8(vec![]), &any, "a_b_ UInt8 ");
    }

    #[test]
    fn fill_values_have_the_type_of_their_variable() {
        let check =
            |value, data_type: &DataType, expected: &str| check("_FillValue", value, data_type, expected);
        check(Value::Int16(vec![-5]), &DataType::Int16, "_FillValue Int16 -5");
        check(Value::Int32(vec![-5]), &DataType::Int16, "_FillValue Int16 -5");
        check(Value::Int32(vec![-70000]), &DataType::Int16, "");
        check(Value::Float64(vec![9.0]), &DataType::UInt8, "_FillValue UInt8 9");
        check(Value::Float64(vec![9.5]), &DataType::UInt8, "");
        check(
            Value::Float64(vec![0.5]),
            &DataType::Float32,
            "_FillValue Float32 0.5\nmissing_value Float64 0.5",
        );
        check(Value::Float64(vec![0.1]), &DataType::Float32, "");
        check(Value::UInt64(vec![u64::MAX]), &DataType::UInt64, "_FillValue UInt64 18446744073709551615");
        check(Value::Int16(vec![1, 2]), &DataType::Int16, "");
        check(Value::text("x"), &DataType::Char, "_FillValue String x");
        check(Value::text("\0"), &DataType::Char, "");
        check(Value::text("none"), &DataType::String, "_FillValue String none");
        check(Value::text("none"), &DataType::Float32, "");
        check(Value::Float32(vec![0.1]), &DataType::Float64, "_FillValue Float64 0.10000000149011612");
    }

    #[test]
    fn fill_values_of_singles_are_told_twice() {
        let check = |value, expected: &str| check("_FillValue", value, &DataType::Float32, expected);
        check(Value::Float32(vec![0.1]), "_FillValue Float32 0.1\nmissing_value Float64 0.10000000149011612");
        check(Value::Float32(vec![f32::INFINITY]), "_FillValue Float32 1e999\nmissing_value Float64 1e999");
        check(Value::Float32(vec![f32::NAN]), "_FillValue Float32 NaN");
        let named =
            |name: &str| weir_model::Attribute { name: name.into(), value: Value::Float32(vec![-9.5]) };
        let both = of_variable(&[named("_FillValue"), named("missing_value")], &DataType::Float32);
        assert_eq!(both.len(), 2);
        assert_eq!(
            (both[1].number, both[1].values.as_slice()),
            (Some(AtomicType::Float64), &["-9.5".to_owned()][..])
        );
    }

    #[test]
    fn fill_values_of_enumerations_are_names() {
        let member = |name: &str, value| EnumMember { name: name.into(), value };
        let members = vec![member("clear & <sky>", 1), member("a/b", -7), member("a/b", 2)];
        let cloud = DataType::Enum { name: "cloud".into(), base: Box::new(DataType::Int8), members };
        let check = |value, expected: &str| check("_FillValue", value, &cloud, expected);
        check(Value::Int8(vec![1]), "_FillValue String clear & <sky>");
        // As the DMR declares them.
        check(Value::Int8(vec![-7]), "_FillValue String a_b");
        check(Value::UInt8(vec![2]), "_FillValue String a_b_2");
        check(Value::Int8(vec![3]), "");
        check(Value::Int8(vec![1, 2]), "");
        check(Value::text("a_b"), "");
    }
}
