//! The span of many times.

use super::{DateTime, Number, TimeError, TimeUnits};

/// The first and the last of many times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// The earliest.
    pub start: DateTime,
    /// The latest; the same as the earliest where there is one time only.
    pub end: DateTime,
}

impl Coverage {
    /// The span of numbers (and, where a variable has them, of its bounds) counted in `units`, in whatever order they come.
    ///
    /// What is not a number is passed over: a time that is missing covers nothing. `None` where every one is.
    ///
    /// # Errors
    /// Those of [`TimeUnits::decode`] for the first or the last.
    pub fn of(
        units: &TimeUnits,
        numbers: impl IntoIterator<Item = Number>,
    ) -> Result<Option<Self>, TimeError> {
        let present = numbers.into_iter().filter(|number| !number.as_f64().is_nan());
        let span = present.fold(None, |span: Option<(Number, Number)>, number| {
            let (first, last) = span.unwrap_or((number, number));
            Some((
                if less(number, first) { number } else { first },
                if less(last, number) { number } else { last },
            ))
        });
        let Some((first, last)) = span else { return Ok(None) };
        Ok(Some(Self { start: units.decode(first)?, end: units.decode(last)? }))
    }

    /// Whether a time of another span lies in this one, its ends included; `false` for another calendar.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The span as ISO 8601 writes an interval, `start/end`.
    #[must_use]
    pub fn interval(&self) -> String {
        format!("{}/{}", self.start, self.end)
    }
}

/// Integers are compared as such: doubles cannot tell large ones apart.
fn less(a: Number, b: Number) -> bool {
    match (a, b) {
        (Number::Integer(a), Number::Integer(b)) => a < b,
        _ => a.as_f64() < b.as_f64(),
    }
}
