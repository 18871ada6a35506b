//! Filters: conditions on properties of items (CQL2, OGC 21-065r2), as the records of items are asked.
//!
//! Served are "Basic CQL2", "Advanced Comparison Operators" (`like`, `between`, `in`), "Basic Spatial Functions" (`s_intersects` with
//! the item's geometry), temporal functions on the item's time, and `a_contains`, `a_containedBy`, `a_overlaps`, `a_equals`.

mod evaluate;
mod json;
mod query;
mod text;

use serde_json::Value;
use weir_plugin_api::Error;

use super::datetime::{Interval, Millis};
use super::geometry::Shape;
use super::record::Record;

/// Conditions inside others, at most so deep: each level takes stack.
const MOST_DEPTH: usize = 40;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    expression: Expression,
}

impl Filter {
    /// Reads CQL2 text, such as `level > 3 and title like 'sea%'`.
    ///
    /// # Errors
    /// `BadRequest` says what is not understood.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self { expression: text::parse(text)? })
    }

    /// Reads CQL2 JSON.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        Ok(Self { expression: json::expression(value, 0)? })
    }

    /// Reads the older way to say it, `{"level": {"gt": 3}}` (STAC API extension Query).
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_query(value: &Value) -> Result<Self, Error> {
        Ok(Self { expression: query::expression(value)? })
    }

    /// A filter that holds where both do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { expression: Expression::All(vec![self.expression, other.expression]) }
    }

    /// Whether it holds for an item; a comparison with something that the item has not does not hold, nor does its opposite.
    #[must_use]
    pub fn holds(&self, id: &str, record: &Record) -> bool {
        evaluate::holds(&self.expression, id, record) == Some(true)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Constant(bool),
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Compare(Comparison, Operand, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Like(Operand, Pattern),
    IsNull(Operand),
    /// The item's geometry and this one have a point in common.
    Meets(Shape),
    Time(TimeRelation, Operand, Interval),
    Lists(ListRelation, String, Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeRelation {
    Intersects,
    Disjoint,
    After,
    Before,
    During,
    Equals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListRelation {
    Contains,
    ContainedBy,
    Overlaps,
    Equals,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Property(String),
    /// The time that the item covers.
    Times,
    Text(String),
    Number(f64),
    Truth(bool),
    Instant(Millis),
    /// In small letters, for comparisons that do not tell letters apart.
    CaseInsensitive(Box<Operand>),
}

/// A pattern of `like`: `%` stands for any text, `_` for one character, `\` before them makes them plain.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    parts: Vec<Part>,
    folds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Plain(char),
}

impl Pattern {
    fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => characters.next().map_or(Part::Plain('\\'), Part::Plain),
                plain => Part::Plain(plain),
            };
            // Two in a row stand for the same as one, and would only take longer.
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        Self { parts, folds: false }
    }

    /// Whether a text fits, in time that grows as the product of both lengths at most.
    fn fits(&self, text: &str) -> bool {
        let folded = |c: char| if self.folds { c.to_lowercase().next().unwrap_or(c) } else { c };
        let text: Vec<char> = text.chars().map(folded).collect();
        let (mut part, mut at) = (0_usize, 0_usize);
        // Where to go on when a guess for the last `%` proves wrong.
        let mut back: Option<(usize, usize)> = None;
        while at < text.len() {
            match (self.parts.get(part), text.get(at)) {
                (Some(Part::Any), _) => {
                    back = Some((part, at));
                    part = part.saturating_add(1);
                    continue;
                }
                (Some(Part::One), _) => {}
                (Some(Part::Plain(plain)), Some(character)) if folded(*plain) == *character => {}
                _ => {
                    let Some((any, from)) = back else { return false };
                    let from = from.saturating_add(1);
                    back = Some((any, from));
                    (part, at) = (any.saturating_add(1), from);
                    continue;
                }
            }
            (part, at) = (part.saturating_add(1), at.saturating_add(1));
        }
        self.parts.get(part..).unwrap_or_default().iter().all(|part| *part == Part::Any)
    }
}

fn refused(what: &str) -> Error {
    let shown: String = what.chars().take(120).collect();
    Error::bad_request(format!(
        "the filter is not understood at {shown}; /stac/conformance says which parts of CQL2 are served"
    ))
}

#[cfg(test)]
mod tests;
