//! Constraint expressions: what a client asks for, as it was written.
//!
//! The grammar is libdap's (`ce_expr.yy`): what is asked for, separated by commas, then selections, each behind an `&`.
//! Asked for are variables, members of them and calls of server functions. Along an axis stand `[i]`, `[a:b]` or `[a:s:b]`,
//! where `b` is included and may be `*` for the end; `[]` and `[*]` take a whole axis. A selection compares columns of a
//! Sequence with each other or with constants, `{a,b}` meaning any of these.
//!
//! netCDF-C (4.9.0 and 4.10.1 do so) leaves out the `&` in front of the first selection: it asks for `a>3` where it means
//! `&a>3`, and for `s.bs.a>3` where it means `s.b&s.a>3`. Only the names of a dataset tell where one ends there.

mod parser;
#[cfg(test)]
mod tests;

use weir_model::{Misfit, Stride};

use super::names;
use super::{Fault, Reason};

/// No axis that clients count along is longer.
const END: u64 = i32::MAX as u64 - 1;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraint {
    /// What is asked for, in the order in which it was written; none stands for the whole dataset.
    pub items: Vec<Item>,
    /// The selections; a row must pass all of them.
    pub clauses: Vec<Clause>,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A variable or a part of one.
    Projection(Projection),
    /// The result of a server function.
    Call(Call),
}

/// A variable that is asked for, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The way to it: names that may have dots in them, and indices behind some.
    pub steps: Vec<Step>,
    /// Where it begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
}

/// One step of the way to what is asked for: `s[0:2]` and `f[1]` in `s[0:2].f[1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name, decoded. `a.b` may be one name, or two: only the dataset tells.
    pub name: String,
    /// What is asked for along each axis, slowest first; none stands for all.
    pub indices: Vec<Index>,
}

impl Projection {
    /// The names without indices, as in `s.f`.
    #[must_use]
    pub fn name(&self) -> String {
        self.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The fault of this projection.
    #[must_use]
    pub fn fault(&self, reason: Reason) -> Fault {
        Fault { byte: self.byte, token: self.name(), reason }
    }
}

/// A call of a server function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name.
    pub name: String,
    /// Where it begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// What it is given.
    pub arguments: Vec<Operand>,
}

/// What a function is given, or what a selection compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// A text in quotes.
    Text(String),
    /// A variable or a part of one.
    Projection(Projection),
    /// The result of another function.
    Call(Call),
}

/// A selection: `left operator right`, for any of the operands on the right.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// Where it begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// What stands in front of it.
    pub before: Before,
    /// What is compared.
    pub left: Operand,
    /// How.
    pub operator: Operator,
    /// With what; at least one.
    pub right: Vec<Operand>,
}

/// What stands in front of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// An `&`.
    Mark,
    /// Nothing, so that the name of what is asked for may run into the name of what is compared.
    Nothing,
}

/// How a selection compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `~=`: the regular expression on the right is found in the text on the left.
    Matches,
}

/// What is asked for along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// The first index.
    pub start: u64,
    /// The distance between two indices.
    pub step: u64,
    /// The last index, included; `None` for the end of the axis.
    pub stop: Option<u64>,
}

impl Index {
    /// The stride along an axis of `length` indices; `axis` is for the message.
    ///
    /// # Errors
    /// [`Misfit`] where an index lies outside or the step is 0. As in libdap, `stop` must lie inside the axis even where
    /// no step hits it.
    pub fn stride(self, axis: usize, length: u64) -> Result<Stride, Misfit> {
        if self.start == 0 && self.step == 1 && self.stop.is_none() {
            return Ok(Stride::all(length));
        }
        // Of an axis that has no index, pydap asks for all up to the largest number that it knows, less one.
        if length == 0 && self.start == 0 && self.stop.is_some_and(|stop| stop >= END) {
            return Ok(Stride::all(0));
        }
        let stop = self.stop.unwrap_or(length.saturating_sub(1));
        let outside = [self.start, stop].into_iter().find(|&index| index >= length);
        if let Some(index) = outside {
            return Err(Misfit::Index { axis, index, length });
        }
        Stride::inclusive(self.start, self.step, stop).ok_or(Misfit::Empty { axis })
    }
}

impl Constraint {
    /// Parses the query of a URL, as it came: escapes of any depth up to three are removed first.
    ///
    /// # Errors
    /// [`Fault`] names the byte and the token.
    pub fn parse(query: &str) -> Result<Self, Fault> {
        let text = String::from_utf8(names::decode(query)).map_err(|error| Fault {
            byte: error.utf8_error().valid_up_to(),
            token: String::new(),
            reason: Reason::NotText,
        })?;
        parser::parse(&text)
    }
}
