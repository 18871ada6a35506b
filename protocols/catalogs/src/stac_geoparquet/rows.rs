//! Values of rows in columns: what is there, and at which level it is not (Parquet, "Nested Encoding").

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use serde_json::Value;
use weir_cf::Calendar;
use weir_cf::time::DateTime;

use super::shape::{EDGES, Shape};
use super::{TableError, wkb};

/// The values of one column without parts, with the levels of all its places.
pub struct Leaf {
    values: Values,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// Values.
pub enum Values {
    /// Bytes, and texts.
    Bytes(Vec<ByteArray>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// True or false.
    Truths(Vec<bool>),
    /// Microseconds since 1970.
    Instants(Vec<i64>),
}

/// How deep a place is: how many parts around it are there, which list goes on there, and how many lists are around it.
#[derive(Clone, Copy)]
struct Depth {
    definition: i16,
    repetition: i16,
    lists: i16,
}

impl Depth {
    fn defined(self, more: i16) -> Self {
        Self { definition: self.definition.saturating_add(more), ..self }
    }
}

impl Leaf {
    /// A column without rows.
    pub fn new(values: Values) -> Self {
        Self { values, definitions: vec![], repetitions: vec![] }
    }

    /// Writes all of it.
    pub fn write(&self, column: &mut ColumnWriter<'_>) -> Result<(), TableError> {
        let levels = (Some(self.definitions.as_slice()), Some(self.repetitions.as_slice()));
        match (column, &self.values) {
            (ColumnWriter::ByteArrayColumnWriter(to), Values::Bytes(values)) => {
                to.write_batch(values, levels.0, levels.1)?
            }
            (ColumnWriter::DoubleColumnWriter(to), Values::Numbers(values)) => {
                to.write_batch(values, levels.0, levels.1)?
            }
            (ColumnWriter::BoolColumnWriter(to), Values::Truths(values)) => {
                to.write_batch(values, levels.0, levels.1)?
            }
            (ColumnWriter::Int64ColumnWriter(to), Values::Instants(values)) => {
                to.write_batch(values, levels.0, levels.1)?
            }
            _ => return Err(TableError("a column has another type than its values".to_owned())),
        };
        Ok(())
    }

    fn place(&mut self, value: Option<&Value>, shape: &Shape, depth: Depth) -> Result<(), TableError> {
        if let Some(value) = value {
            self.values.push(value, shape)?;
        }
        self.definitions.push(depth.defined(i16::from(value.is_some())).definition);
        self.repetitions.push(depth.repetition);
        Ok(())
    }
}

impl Values {
    fn push(&mut self, value: &Value, shape: &Shape) -> Result<(), TableError> {
        let none = || TableError(format!("the item changed meanwhile: {value} fits its column no more"));
        match (self, shape) {
            (Self::Bytes(to), Shape::Text) => to.push(value.as_str().ok_or_else(none)?.into()),
            (Self::Bytes(to), Shape::Geometry) => to.push(wkb::geometry(value).ok_or_else(none)?.into()),
            (Self::Bytes(to), _) => to.push(value.to_string().into_bytes().into()),
            (Self::Numbers(to), _) => to.push(value.as_f64().ok_or_else(none)?),
            (Self::Truths(to), _) => to.push(value.as_bool().ok_or_else(none)?),
            (Self::Instants(to), _) => to.push(value.as_str().and_then(micros).ok_or_else(none)?),
        }
        Ok(())
    }
}

/// Microseconds since 1970.
fn micros(text: &str) -> Option<i64> {
    let at = |text| DateTime::parse(text, Calendar::ProlepticGregorian).ok()?.instant().ok();
    let since = at(text)?.checked_sub(at("1970-01-01T00:00:00Z")?)?;
    i64::try_from(since.div_euclid(1000)).ok()
}

/// Adds a row's cell to the columns that a column is made of.
pub fn cell(shape: &Shape, value: Option<&Value>, leaves: &mut [Leaf]) -> Result<(), TableError> {
    put(shape, value, leaves, Depth { definition: 0, repetition: 0, lists: 0 })
}

fn put(shape: &Shape, value: Option<&Value>, leaves: &mut [Leaf], depth: Depth) -> Result<(), TableError> {
    let value = value.filter(|value| !value.is_null());
    match shape {
        Shape::List(inner) => put_list(inner, value, leaves, depth),
        Shape::Struct(members) => {
            let object = value.map(|value| value.as_object().ok_or_else(|| changed(value))).transpose()?;
            let inside = depth.defined(i16::from(object.is_some()));
            let mut rest = leaves;
            for (name, member) in members {
                let own = member.leaves().len();
                let (now, later) = rest.split_at_mut_checked(own).ok_or_else(too_few)?;
                put(member, object.and_then(|object| object.get(name)), now, inside)?;
                rest = later;
            }
            Ok(())
        }
        Shape::Box => {
            let edges = value.map(|value| edges(value).ok_or_else(|| changed(value))).transpose()?;
            let inside = depth.defined(i16::from(edges.is_some()));
            for (number, (leaf, _)) in leaves.iter_mut().zip(EDGES).enumerate() {
                let edge = edges.and_then(|edges| edges.get(number).map(|edge| Value::from(*edge)));
                leaf.place(edge.as_ref(), &Shape::Number, inside)?;
            }
            Ok(())
        }
        plain => leaves.first_mut().ok_or_else(too_few)?.place(value, plain, depth),
    }
}

fn put_list(
    inner: &Shape,
    value: Option<&Value>,
    leaves: &mut [Leaf],
    depth: Depth,
) -> Result<(), TableError> {
    let Some(value) = value else { return put(inner, None, leaves, depth) };
    let list = value.as_array().ok_or_else(|| changed(value))?;
    if list.is_empty() {
        return put(inner, None, leaves, depth.defined(1));
    }
    let lists = depth.lists.saturating_add(1);
    for (number, element) in list.iter().enumerate() {
        let repetition = if number == 0 { depth.repetition } else { lists };
        put(inner, Some(element), leaves, Depth { repetition, lists, ..depth.defined(2) })?;
    }
    Ok(())
}

/// West, south, east, north of a box with heights or without.
fn edges(value: &Value) -> Option<[f64; 4]> {
    let numbers = value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?;
    match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([west, south, east, north]),
        _ => None,
    }
}

fn changed(value: &Value) -> TableError {
    TableError(format!("the item changed meanwhile: {value} fits its column no more"))
}

fn too_few() -> TableError {
    TableError("it has too few columns".to_owned())
}
