//! The coordinate of a new dimension: what members are told apart by.

use weir_model::{Attribute, DataType, Value, Variable};

use super::date_mark;
use super::held::Held;
use super::hold::{Learnt, Told};

/// The coordinate variable of a new dimension, and its values.
///
/// Values that were written as numbers are doubles, dates of file names are seconds since 1970-01-01 (doubles, too), and
/// other values, or names of members where nobody gave values, are strings, as netCDF-Java has it.
#[must_use]
pub fn new_coordinate(dimension: &str, members: &[Learnt]) -> (Variable, Held) {
    let numbers: Option<Vec<f64>> =
        members.iter().map(|member| number(member.coordinate.as_ref()?)).collect();
    let from_names = members.iter().any(|member| matches!(member.coordinate, Some(Told::Seconds(_))));
    let text = |name: &str, value: &str| Attribute { name: name.to_owned(), value: Value::text(value) };
    let (data_type, held, attributes) = match numbers {
        Some(numbers) => {
            let attributes = match from_names {
                true => vec![
                    text("units", date_mark::UNITS),
                    text("calendar", "standard"),
                    text("standard_name", "time"),
                    text("axis", "T"),
                ],
                false => vec![],
            };
            let bytes = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
            (DataType::Float64, Held::Elements(bytes), attributes)
        }
        None => {
            let text = |member: &Learnt| match &member.coordinate {
                Some(Told::Text(text)) => text.clone().into_bytes(),
                Some(Told::Seconds(seconds)) => seconds.to_string().into_bytes(),
                None => member.member.name.clone().into_bytes(),
            };
            (DataType::String, Held::Strings(members.iter().map(text).collect()), vec![])
        }
    };
    let shape = vec![members.len() as u64];
    let variable = Variable {
        name: dimension.to_owned(),
        storage: Held::storage(&shape, data_type.size()),
        data_type,
        dimensions: vec![format!("/{dimension}")],
        shape,
        attributes,
    };
    (variable, held)
}

/// A value that was told, if it is a number.
#[must_use]
pub fn number(told: &Told) -> Option<f64> {
    match told {
        Told::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        // Seconds of the years that names tell are far below 2^53.
        Told::Seconds(seconds) => Some(*seconds as f64),
    }
}
