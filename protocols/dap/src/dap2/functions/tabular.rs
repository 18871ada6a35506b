//! `tabular()`: arrays of one shape as rows, which selections can choose from.

use super::super::selection::Filter;
use super::super::{RowSource, Rows, Shown, Values};
use super::{Looked, Refusal, Value};

/// What the Sequence is called.
const NAME: &str = "table";

pub fn answer<'i>(values: &[Value<'i>], _: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
    let mut columns = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Variable(Shown::Array(array)) if array.values == Values::Stored => {
                columns.push(array.clone());
            }
            Value::Variable(other) => {
                return Err(format!("{} is not an array as it is stored", other.name()));
            }
            Value::Number(_) | Value::Text(_) => return Err("it takes arrays".to_owned()),
        }
    }
    let Some(first) = columns.first() else { return Err("it takes at least one array".to_owned()) };
    for (place, column) in columns.iter().enumerate() {
        let name = &column.entry.name;
        if column.entry.shape() != first.entry.shape() || column.slab != first.slab {
            return Err(format!("{name} and {} differ in their shape or their indices", first.entry.name));
        }
        if columns.iter().take(place).any(|earlier| earlier.entry.name == *name) {
            return Err(format!("{name} is given twice"));
        }
    }
    let source = RowSource::Columns(columns);
    Ok(Shown::Sequence(Rows { name: NAME.to_owned(), source, filter: Filter::default(), range: None }))
}
