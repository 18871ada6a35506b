//! Server functions: a table of what they are called, what they take, what they give, and how they answer.
//!
//! A function is pure: it says which coordinates it looks at, is given their values, and answers with the part of the dataset
//! that is to be sent, or with how values are to be made of it. Nothing large is read for an answer.
//! Names of functions and of what they answer with are Hyrax's. To add one: a file, and an entry of [`TABLE`].

mod expression;
mod geogrid;
mod grid;
mod linear_scale;
mod longitude;
mod tabular;
#[cfg(test)]
mod tests;
mod version;

use super::constraint::Call;
use super::{Coordinates, Fault, Inventory, Reason, Shown};

/// What a function takes in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A variable, a part of one, or the result of another function.
    Variable,
    /// A number.
    Number,
    /// A text in quotes.
    Text,
}

/// What a function answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A text.
    Text,
    /// An array, or a Grid where it was given one.
    Array,
    /// A Grid.
    Grid,
    /// A Sequence.
    Sequence,
}

/// What a function is given.
#[derive(Clone, Debug)]
pub enum Value<'i> {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A variable, a part of one, or the result of another function.
    Variable(Shown<'i>),
}

/// What a function sees besides its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'v, 'i> {
    /// The dataset.
    pub inventory: &'i Inventory<'i>,
    /// The coordinates that it asked for.
    pub coordinates: &'v Coordinates,
}

impl Looked<'_, '_> {
    /// The values of the coordinate at `place`.
    fn values(&self, place: usize) -> Result<&[f64], String> {
        let values = self.coordinates.get(&place).map(Vec::as_slice);
        values.ok_or_else(|| "the coordinates of a result are not known; give it a variable".to_owned())
    }
}

/// Why a function cannot answer, for people.
type Refusal = String;

/// A server function; one of several of the same name, if that takes different arguments.
pub struct Function {
    /// What it is called.
    pub name: &'static str,
    /// The version of its definition.
    pub version: &'static str,
    /// How it is called, for people.
    pub usage: &'static str,
    /// What it does, for people.
    pub about: &'static str,
    /// What it takes.
    pub takes: &'static [Takes],
    /// What it takes any number of besides.
    pub more: Option<Takes>,
    /// What it answers with.
    pub gives: Gives,
    /// The coordinates that it looks at, as places in the inventory.
    coordinates: fn(&[Value<'_>], &Inventory<'_>) -> Result<Vec<usize>, Refusal>,
    answer: for<'v, 'i> fn(&[Value<'i>], &Looked<'v, 'i>) -> Result<Shown<'i>, Refusal>,
}

impl Function {
    fn fits(&self, values: &[Value<'_>]) -> bool {
        let kinds = self.takes.iter().copied().chain(self.more.into_iter().cycle());
        let enough = values.len() >= self.takes.len();
        let room = self.more.is_some() || values.len() == self.takes.len();
        enough && room && values.iter().zip(kinds).all(|(value, takes)| kind(value) == takes)
    }
}

fn kind(value: &Value<'_>) -> Takes {
    match value {
        Value::Number(_) => Takes::Number,
        Value::Text(_) => Takes::Text,
        Value::Variable(_) => Takes::Variable,
    }
}

/// For functions that look at no coordinates.
fn none(_: &[Value<'_>], _: &Inventory<'_>) -> Result<Vec<usize>, Refusal> {
    Ok(vec![])
}

use Takes::{Number, Text, Variable};

/// The functions.
pub static TABLE: &[Function] = &[
    Function {
        name: "version",
        version: "1.0",
        usage: "version()",
        about: "the functions that there are",
        takes: &[],
        more: None,
        gives: Gives::Text,
        coordinates: none,
        answer: version::answer,
    },
    Function {
        name: "grid",
        version: "1.0",
        usage: "grid(array, \"10<lat<20\", ...)",
        about: "the part of an array whose coordinates fulfil the expressions",
        takes: &[Variable],
        more: Some(Text),
        gives: Gives::Grid,
        coordinates: grid::coordinates,
        answer: grid::answer,
    },
    Function {
        name: "geogrid",
        version: "1.2",
        usage: "geogrid(array, top, left, bottom, right, \"time<10\", ...)",
        about: "the part of an array inside a box of latitudes and longitudes",
        takes: &[Variable, Number, Number, Number, Number],
        more: Some(Text),
        gives: Gives::Grid,
        coordinates: geogrid::coordinates,
        answer: geogrid::answer,
    },
    Function {
        name: "geogrid",
        version: "1.2",
        usage: "geogrid(array, latitude, longitude, top, left, bottom, right, \"time<10\", ...)",
        about: "as before, with the coordinates named",
        takes: &[Variable, Variable, Variable, Number, Number, Number, Number],
        more: Some(Text),
        gives: Gives::Grid,
        coordinates: geogrid::coordinates,
        answer: geogrid::answer,
    },
    Function {
        name: "linear_scale",
        version: "1.0b1",
        usage: "linear_scale(array)",
        about: "values unpacked by the attributes scale_factor and add_offset",
        takes: &[Variable],
        more: None,
        gives: Gives::Array,
        coordinates: none,
        answer: linear_scale::answer,
    },
    Function {
        name: "linear_scale",
        version: "1.0b1",
        usage: "linear_scale(array, factor, offset)",
        about: "values times factor plus offset",
        takes: &[Variable, Number, Number],
        more: None,
        gives: Gives::Array,
        coordinates: none,
        answer: linear_scale::answer,
    },
    Function {
        name: "linear_scale",
        version: "1.0b1",
        usage: "linear_scale(array, factor, offset, missing)",
        about: "as before; missing values stay as they are",
        takes: &[Variable, Number, Number, Number],
        more: None,
        gives: Gives::Array,
        coordinates: none,
        answer: linear_scale::answer,
    },
    Function {
        name: "tabular",
        version: "1.0",
        usage: "tabular(array, ...)",
        about: "arrays of one shape as a Sequence called table, whose rows can be selected",
        takes: &[Variable],
        more: Some(Variable),
        gives: Gives::Sequence,
        coordinates: none,
        answer: tabular::answer,
    },
];

/// The function that `call` names, for what it is given; `None` where it is given nothing although it takes something.
fn find(call: &Call, values: &[Value<'_>]) -> Result<Option<&'static Function>, Fault> {
    let named: Vec<_> = TABLE.iter().filter(|function| function.name == call.name).collect();
    if named.is_empty() {
        let mut known: Vec<String> = TABLE.iter().map(|function| format!("{}()", function.name)).collect();
        known.dedup();
        return Err(Fault {
            byte: call.byte,
            token: call.name.clone(),
            reason: Reason::NoFunction { known },
        });
    }
    match named.iter().find(|function| function.fits(values)) {
        Some(function) => Ok(Some(function)),
        None if values.is_empty() => Ok(None),
        None => {
            let usages: Vec<_> = named.iter().map(|function| function.usage).collect();
            Err(refused(call, format!("it takes other arguments: {}", usages.join(" or "))))
        }
    }
}

fn refused(call: &Call, why: Refusal) -> Fault {
    Fault { byte: call.byte, token: call.name.clone(), reason: Reason::Arguments { why } }
}

/// The coordinates that `call` looks at when it is given `values`.
///
/// # Errors
/// [`Fault`] where there is no such function, or where it cannot work on these.
pub(super) fn coordinates(
    call: &Call,
    values: &[Value<'_>],
    inventory: &Inventory<'_>,
) -> Result<Vec<usize>, Fault> {
    let Some(function) = find(call, values)? else { return Ok(vec![]) };
    (function.coordinates)(values, inventory).map_err(|why| refused(call, why))
}

/// What `call` answers with when it is given `values`.
///
/// # Errors
/// As [`coordinates`].
pub(super) fn answer<'i>(
    call: &Call,
    values: &[Value<'i>],
    looked: &Looked<'_, 'i>,
) -> Result<Shown<'i>, Fault> {
    let Some(function) = find(call, values)? else {
        // As in Hyrax, a function that is given nothing tells about itself.
        return Ok(Shown::Text { name: "info".to_owned(), text: version::describe(&call.name) });
    };
    (function.answer)(values, looked).map_err(|why| refused(call, why))
}
