//! Asking a record whether a condition holds, with the three values of SQL: yes, no, and unknown.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Comparison, Expression, ListRelation, Operand, TimeRelation};
use crate::search::datetime::{Interval, instant};
use crate::search::record::{Found, Record};

/// `None` where something is compared that the item has not.
pub fn holds(expression: &Expression, id: &str, record: &Record) -> Option<bool> {
    match expression {
        Expression::Constant(truth) => Some(*truth),
        Expression::All(parts) => all(parts.iter().map(|part| holds(part, id, record))),
        Expression::Any(parts) => {
            all(parts.iter().map(|part| holds(part, id, record).map(|truth| !truth))).map(|none| !none)
        }
        Expression::Not(inner) => holds(inner, id, record).map(|truth| !truth),
        Expression::Compare(comparison, left, right) => {
            let (left, right) = (Compared::of(left, id, record)?, Compared::of(right, id, record)?);
            left.compare(&right, *comparison)
        }
        Expression::Between(value, low, high) => {
            let [value, low, high] = [value, low, high].map(|operand| Compared::of(operand, id, record));
            let value = value?;
            let above = value.compare(&low?, Comparison::GreaterOrEqual)?;
            Some(above && value.compare(&high?, Comparison::LessOrEqual)?)
        }
        Expression::In(value, list) => {
            let value = Compared::of(value, id, record)?;
            let mut known = list.iter().filter_map(|one| Compared::of(one, id, record));
            Some(known.any(|one| value.compare(&one, Comparison::Equal) == Some(true)))
        }
        Expression::Like(value, pattern) => match Compared::of(value, id, record)? {
            Compared::Found(Found::Text(text)) => Some(pattern.fits(text)),
            Compared::Folded(text) => Some(pattern.fits(&text)),
            _ => None,
        },
        Expression::IsNull(value) => Some(Compared::of(value, id, record).is_none()),
        Expression::Meets(shape) => record.meets(shape),
        Expression::Time(relation, operand, wanted) => {
            let time = match operand {
                Operand::Times => record.interval?,
                other => {
                    let at = Compared::of(other, id, record)?.as_instant()?;
                    Interval { start: Some(at), end: Some(at) }
                }
            };
            related(*relation, &time, wanted)
        }
        Expression::Lists(relation, name, wanted) => match record.value(id, name)? {
            Found::Texts(texts) => Some(listed(*relation, texts, wanted)),
            _ => None,
        },
    }
}

/// Whether all hold: one "no" decides, and without it one "unknown" does.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

/// A value that is compared.
enum Compared<'a> {
    Found(Found<'a>),
    /// A text in small letters.
    Folded(String),
}

impl<'a> Compared<'a> {
    fn of(operand: &'a Operand, id: &'a str, record: &'a Record) -> Option<Self> {
        Some(Self::Found(match operand {
            Operand::Property(name) => record.value(id, name)?,
            Operand::Times => record.value(id, "datetime")?,
            Operand::Text(text) => Found::Text(text),
            Operand::Number(number) => Found::Number(*number),
            Operand::Truth(truth) => Found::Truth(*truth),
            Operand::Instant(at) => Found::Instant(*at),
            Operand::CaseInsensitive(inner) => match Self::of(inner, id, record)? {
                Self::Found(Found::Text(text)) => return Some(Self::Folded(text.to_lowercase())),
                _ => return None,
            },
        }))
    }

    fn as_instant(&self) -> Option<i64> {
        match self {
            Self::Found(Found::Instant(at)) => Some(*at),
            Self::Found(Found::Text(text)) => instant(text).ok(),
            _ => None,
        }
    }

    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Found(Found::Text(text)) => Some(text),
            Self::Folded(text) => Some(text),
            Self::Found(_) => None,
        }
    }

    /// Values of different kinds cannot be compared; but a text that is an instant can be with an instant.
    fn compare(&self, other: &Self, comparison: Comparison) -> Option<bool> {
        let order = match (self, other) {
            (Self::Found(Found::Number(a)), Self::Found(Found::Number(b))) => a.partial_cmp(b)?,
            (Self::Found(Found::Truth(a)), Self::Found(Found::Truth(b))) => a.cmp(b),
            (Self::Found(Found::Instant(_)), _) | (_, Self::Found(Found::Instant(_))) => {
                self.as_instant()?.cmp(&other.as_instant()?)
            }
            _ => self.as_text()?.cmp(other.as_text()?),
        };
        Some(match comparison {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::NotEqual => order != Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::GreaterOrEqual => order != Ordering::Less,
        })
    }
}

fn related(relation: TimeRelation, time: &Interval, wanted: &Interval) -> Option<bool> {
    Some(match relation {
        TimeRelation::Intersects => time.intersects(wanted),
        TimeRelation::Disjoint => !time.intersects(wanted),
        TimeRelation::After => matches!((time.start, wanted.end), (Some(start), Some(end)) if start > end),
        TimeRelation::Before => matches!((time.end, wanted.start), (Some(end), Some(start)) if end < start),
        TimeRelation::During => {
            let starts = wanted.start.is_none_or(|first| time.start.is_some_and(|start| start > first));
            starts && wanted.end.is_none_or(|last| time.end.is_some_and(|end| end < last))
        }
        TimeRelation::Equals => time == wanted,
    })
}

fn listed(relation: ListRelation, texts: &[Arc<str>], wanted: &[String]) -> bool {
    let has = |text: &String| texts.iter().any(|known| **known == **text);
    let is_wanted = |text: &Arc<str>| wanted.iter().any(|one| **one == **text);
    match relation {
        ListRelation::Contains => wanted.iter().all(has),
        ListRelation::ContainedBy => texts.iter().all(is_wanted),
        ListRelation::Overlaps => wanted.iter().any(has),
        ListRelation::Equals => wanted.iter().all(has) && texts.iter().all(is_wanted),
    }
}
