//! Generators: many references from a few templates and the ranges of their variables.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::Error;
use crate::builder::{Builder, Held};
use crate::limits::{MOST_DIMENSIONS, MOST_GENERATED};
use crate::template::{Scope, Steps, Template, Templates};
use crate::value::Value;

/// An element of `gen`: templates, and the ranges of their variables, of which all combinations are made.
#[derive(Debug, Deserialize)]
pub struct Generator {
    key: String,
    url: String,
    offset: Option<Value>,
    length: Option<Value>,
    dimensions: Dimensions,
}

/// The templates of a generator, parsed.
struct Parsed {
    key: Template,
    url: Template,
    part: Option<(Template, Template)>,
}

impl Generator {
    /// How many references it makes.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit.
    fn count(&self) -> Result<u64, Error> {
        let lengths = self.dimensions.0.iter().map(|(_, dimension)| dimension.len());
        let count = lengths.into_iter().try_fold(1_u64, u64::checked_mul);
        count.filter(|&count| count <= MOST_GENERATED).ok_or_else(too_many)
    }

    /// Adds what it makes; returns how many.
    ///
    /// # Errors
    /// Those of its templates; `Malformed` for an offset or length that is no natural number, `TooLarge` beyond the limits.
    pub fn generate(
        &self,
        templates: &Templates,
        steps: &mut Steps,
        into: &mut Builder,
    ) -> Result<u64, Error> {
        let count = self.count()?;
        if let Some((name, _)) = self.dimensions.0.iter().find(|(name, _)| templates.contains(name)) {
            return Err(Error::malformed(format!("{name:?} is a dimension of a generator and a template")));
        }
        let parsed = self.parse()?;
        for number in 0..count {
            let variables = self.dimensions.combination(number);
            let scope = Scope { variables: &variables, templates: Some(templates) };
            parsed.add(&scope, steps, into)?;
        }
        Ok(count)
    }

    fn parse(&self) -> Result<Parsed, Error> {
        let number = |value: &Value| Template::parse(&value.to_string());
        let part = match (&self.offset, &self.length) {
            (None, None) => None,
            (Some(offset), Some(length)) => Some((number(offset)?, number(length)?)),
            _ => return Err(Error::malformed("a generator has offset or length, but not both")),
        };
        Ok(Parsed { key: Template::parse(&self.key)?, url: Template::parse(&self.url)?, part })
    }
}

impl Parsed {
    fn add(&self, scope: &Scope<'_>, steps: &mut Steps, into: &mut Builder) -> Result<(), Error> {
        let key = self.key.render(scope, steps)?;
        let target = into.target(&self.url.render(scope, steps)?)?;
        let held = match &self.part {
            None => Held::Whole(target),
            Some((offset, length)) => {
                let offset = natural(&offset.render(scope, steps)?).map_err(|e| e.within(&key))?;
                let length = natural(&length.render(scope, steps)?).map_err(|e| e.within(&key))?;
                Held::Part { target, offset, length }
            }
        };
        let key = into.key(&key)?;
        into.add(key, held)
    }
}

fn natural(text: &str) -> Result<u64, Error> {
    let parsed = text.trim().parse();
    parsed.map_err(|e| Error::malformed(format!("{text:?} is no offset or length: {e}")))
}

/// Checks how many references all generators make, before any does.
///
/// # Errors
/// `TooLarge` beyond the limit.
pub fn check_counts(generators: &[Generator]) -> Result<(), Error> {
    let total = generators
        .iter()
        .try_fold(0_u64, |total, generator| Ok::<_, Error>(total.saturating_add(generator.count()?)))?;
    if total > MOST_GENERATED { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Error {
    Error::too_large(format!("its generators make more references than the limit of {MOST_GENERATED}"))
}

/// Ranges of variables, by name.
#[derive(Debug)]
struct Dimensions(Vec<(String, Dimension)>);

impl Dimensions {
    /// The values of combination `number`; the last variable changes fastest.
    fn combination(&self, number: u64) -> Vec<(String, Value)> {
        let mut left = number;
        let fastest_first = self.0.iter().rev().map(|(name, dimension)| {
            let length = dimension.len();
            let at = left.checked_rem(length).unwrap_or(0);
            left = left.checked_div(length).unwrap_or(0);
            (name.clone(), dimension.value(at))
        });
        let mut variables: Vec<_> = fastest_first.collect();
        variables.reverse();
        variables
    }
}

/// The range of a variable.
#[derive(Debug, PartialEq, Eq)]
enum Dimension {
    /// These values.
    Listed(Vec<Value>),
    /// `count` numbers from `start`, `step` apart.
    Range { start: i64, step: i64, count: u64 },
}

impl Dimension {
    fn len(&self) -> u64 {
        match self {
            Self::Listed(values) => values.len() as u64,
            Self::Range { count, .. } => *count,
        }
    }

    fn value(&self, at: u64) -> Value {
        match self {
            Self::Listed(values) => {
                let value = usize::try_from(at).ok().and_then(|at| values.get(at));
                value.cloned().unwrap_or(Value::Int(0))
            }
            Self::Range { start, step, .. } => {
                // All of the range lies before its stop, which fits.
                let value =
                    i128::from(*step).saturating_mul(i128::from(at)).saturating_add(i128::from(*start));
                Value::Int(i64::try_from(value).unwrap_or(*start))
            }
        }
    }

    /// From `start` up to, and without, `stop`.
    fn range(start: i64, stop: i64, step: i64) -> Option<Self> {
        let span = i128::from(stop).checked_sub(i128::from(start))?;
        let (span, width) =
            if step < 0 { (span.checked_neg()?, step.unsigned_abs()) } else { (span, step.unsigned_abs()) };
        let span = u128::try_from(span.max(0)).ok()?;
        let count = (step != 0).then(|| span.div_ceil(u128::from(width)))?;
        Some(Self::Range { start, step, count: u64::try_from(count).ok()? })
    }
}

impl<'de> Deserialize<'de> for Dimensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DimensionsVisitor)
    }
}

struct DimensionsVisitor;

impl<'de> Visitor<'de> for DimensionsVisitor {
    type Value = Dimensions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dimensions by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dimensions, A::Error> {
        let mut dimensions: Vec<(String, Dimension)> = Vec::new();
        while let Some((name, dimension)) = map.next_entry()? {
            let known = dimensions.iter().any(|(other, _)| *other == name);
            if known || dimensions.len() >= MOST_DIMENSIONS {
                let what =
                    format!("dimension {name:?} stands twice or is one of more than {MOST_DIMENSIONS}");
                return Err(serde::de::Error::custom(what));
            }
            dimensions.push((name, dimension));
        }
        Ok(Dimensions(dimensions))
    }
}

impl<'de> Deserialize<'de> for Dimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DimensionVisitor)
    }
}

struct DimensionVisitor;

impl<'de> Visitor<'de> for DimensionVisitor {
    type Value = Dimension;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values, or start, stop and step")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Dimension, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            if values.len() as u64 >= MOST_GENERATED {
                let message = format!("a dimension lists more than {MOST_GENERATED} values");
                return Err(serde::de::Error::custom(message));
            }
            values.push(value);
        }
        Ok(Dimension::Listed(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dimension, A::Error> {
        let (mut start, mut stop, mut step) = (0, None, 1);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "start" => start = map.next_value()?,
                "stop" => stop = Some(map.next_value()?),
                "step" => step = map.next_value()?,
                _ => return Err(serde::de::Error::custom(format!("a dimension has no {name:?}"))),
            }
        }
        let stop = stop.ok_or_else(|| serde::de::Error::custom("a dimension has no stop"))?;
        let range = Dimension::range(start, stop, step);
        range.ok_or_else(|| serde::de::Error::custom(format!("{step} is no step from {start} to {stop}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[i64]>) {
        let dimension = serde_json::from_str::<Dimension>(text).ok();
        let values = dimension.map(|d| (0..d.len().min(10)).map(|at| d.value(at)).collect::<Vec<_>>());
        let expected = expected.map(|values| values.iter().map(|&n| Value::Int(n)).collect());
        assert_eq!(values, expected, "{text}");
    }

    #[test]
    fn ranges_are_those_of_python() {
        check("[3, 1, -2]", Some(&[3, 1, -2]));
        check("[]", Some(&[]));
        check(r#"{"stop": 3}"#, Some(&[0, 1, 2]));
        check(r#"{"start": 5, "stop": 12, "step": 3}"#, Some(&[5, 8, 11]));
        check(r#"{"start": 5, "stop": 11, "step": 3}"#, Some(&[5, 8]));
        check(r#"{"start": 3, "stop": 0, "step": -2}"#, Some(&[3, 1]));
        check(r#"{"start": 3, "stop": 3}"#, Some(&[]));
        check(r#"{"start": 4, "stop": 3}"#, Some(&[]));
        check(r#"{"stop": 3, "step": 0}"#, None);
        check(r#"{"start": 3}"#, None);
        check(r#"{"stop": 3, "stride": 2}"#, None);
        check(r#"{"stop": 1.5}"#, None);
        check(r#""abc""#, None);
        let max = i64::MAX;
        check(
            &format!(r#"{{"start": {max}, "stop": {}, "step": {}}}"#, i64::MIN, i64::MIN),
            Some(&[max, -1]),
        );
    }
}
