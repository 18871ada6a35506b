//! Constraint expressions (`dap4.ce`): what a client asks for, as it was written.
//!
//! The grammar is libdap's (`d4_ce_parser.yy`), with the lists of indices that the THREDDS server has besides:
//!
//! ```text
//! expression = [dimension "=" index ";"]... [clause [";" clause]...]
//! clause     = name [index]... ["{" clause [";" clause]... "}"] ["|" predicate ["," predicate]...]
//! index      = "[" "]"  |  "[" slice ["," slice]... "]"
//! slice      = i | a ":" b | a ":" s ":" b | a ":" | a ":" s ":"          (b included)
//! predicate  = operand operator operand [operator operand]
//! ```
//!
//! Names are separated by `/` (groups) and `.` (fields); a character with a meaning is escaped by a backslash, or the name
//! stands in double quotes.

mod grammar;
#[cfg(test)]
mod tests;

use weir_model::{Misfit, Stride};

use super::fault::{Fault, Reason};

/// What pydap writes for the last index of an axis that has none, or more.
const PYDAP_END: u64 = (i64::MAX as u64).saturating_sub(1);

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraint {
    /// The part that is wanted of dimensions, for all variables along them.
    pub dimensions: Vec<DimensionSlice>,
    /// The variables, or groups, that are wanted; none stands for the whole dataset.
    pub clauses: Vec<Clause>,
}

/// The part that is wanted of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionSlice {
    /// Which.
    pub name: Name,
    /// The part.
    pub index: Index,
}

/// One variable, field or group that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// Which.
    pub name: Name,
    /// What is wanted along each axis, slowest first; none stands for the whole variable.
    pub indices: Vec<Index>,
    /// Fields of a structure or of rows; none stands for all.
    pub fields: Vec<Clause>,
    /// Which rows of a sequence are wanted.
    pub filter: Vec<Predicate>,
}

/// A name as it was written, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where it begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// As it was written.
    pub text: String,
    /// The groups; the last part is not among them.
    pub groups: Vec<String>,
    /// The last part, cut at its dots.
    pub last: Vec<String>,
    /// The blanks behind it, which belong to no name that is spelled rightly.
    pub blanks: String,
}

/// What is wanted along one axis: slices one after the other; none stands for what its dimension has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The slices.
    pub slices: Vec<Slice>,
}

/// Indices from `start` to `stop`, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The first index.
    pub start: u64,
    /// The distance between two indices.
    pub step: u64,
    /// The last index, included; `None` for the end of the axis.
    pub stop: Option<u64>,
}

/// A condition on the fields of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// Where it begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// The first operand.
    pub first: Operand,
    /// Operators with the operands that follow: one, or two as in `1<x<3`.
    pub rest: Vec<(Operator, Operand)>,
}

/// A field, or a constant: which one, the fields tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// As it was written, without quotes.
    pub text: String,
    /// Whether it stood in quotes, and is a constant then.
    pub quoted: bool,
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`, also `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `~=`: the text on the left matches the regular expression on the right.
    Matches,
}

impl Constraint {
    /// Parses the value of `dap4.ce`, as it came: escapes of any depth up to three are removed first.
    ///
    /// # Errors
    /// [`Fault`] names the byte and the token.
    pub fn parse(value: &str) -> Result<Self, Fault> {
        grammar::parse(&decoded(value)?)
    }

    /// As [`parse`](Self::parse), where characters of `names` that have a meaning are not escaped: pydap does not know how.
    ///
    /// `None` where the constraint names none of them.
    pub(super) fn parse_naming<'n>(
        value: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<Result<Self, Fault>> {
        let text = decoded(value).ok()?;
        let mut odd: Vec<&str> = names.filter(|name| name.contains(SPECIAL) && text.contains(name)).collect();
        // A name may begin as another one is called.
        odd.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let escaped = odd
            .iter()
            .take(MOST_ODD_NAMES)
            .fold(text.clone(), |text, name| text.replace(name, &grammar::escaped(name)));
        (escaped != text).then(|| grammar::parse(&escaped))
    }
}

/// Characters that mean something in a constraint.
const SPECIAL: &[char] = &['[', ']', '{', '}', '|', ';', ',', '=', '<', '>', '!', '~', ':', '"', '\\'];

/// At most so many names are looked for in a constraint.
const MOST_ODD_NAMES: usize = 64;

/// The text of a constraint, without escapes.
fn decoded(value: &str) -> Result<String, Fault> {
    String::from_utf8(crate::dap2::names::decode(value)).map_err(|error| Fault {
        byte: error.utf8_error().valid_up_to(),
        token: String::new(),
        reason: Reason::NotText,
    })
}

impl Slice {
    /// The stride along an axis of `length` indices; `axis` is for the message.
    ///
    /// # Errors
    /// [`Misfit`] where an index lies outside or the step is 0. As in libdap, `stop` must lie inside the axis even where no
    /// step hits it.
    pub fn stride(self, axis: usize, length: u64) -> Result<Stride, Misfit> {
        let is_all = self.stop.is_none() || (length == 0 && self.stop.is_some_and(|stop| stop >= PYDAP_END));
        if self.start == 0 && self.step == 1 && is_all {
            return Ok(Stride::all(length));
        }
        let stop = self.stop.unwrap_or(length.saturating_sub(1));
        let outside = [self.start, stop].into_iter().find(|&index| index >= length);
        if let Some(index) = outside {
            return Err(Misfit::Index { axis, index, length });
        }
        Stride::inclusive(self.start, self.step, stop).ok_or(Misfit::Empty { axis })
    }
}

impl Index {
    /// Whether it stands for what its dimension has.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.slices.is_empty()
    }

    /// The strides along an axis of `length` indices; `axis` is for the message.
    ///
    /// # Errors
    /// As [`Slice::stride`].
    pub fn strides(&self, axis: usize, length: u64) -> Result<Vec<Stride>, Misfit> {
        if self.is_open() {
            return Ok(vec![Stride::all(length)]);
        }
        self.slices.iter().map(|slice| slice.stride(axis, length)).collect()
    }
}
