//! What is wanted along one dimension, and the indices that this means.

use weir_plugin_api::Error;

use crate::period::{Period, Span};
use crate::{Axes, Indices, Measure, longitudes, named, window};

/// One side of a window, or a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// No end.
    Open,
    /// A number.
    Number(f64),
    /// As it was written: a date along time, else a number.
    Text(String),
}

/// What is wanted along one dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// One index, from the end where it is negative.
    Index(i64),
    /// From a start up to but without a stop, every step-th, as Python slices.
    Slice(Option<i64>, Option<i64>, u64),
    /// Every value from one to the other, ends included, whether the coordinate rises or falls; of longitudes, from west to east.
    Between(Bound, Bound),
    /// The nearest value. Along time, all of what a date without a time of day names, or else the nearest time.
    At(Bound),
    /// The nearest value, whatever is written.
    Nearest(Bound),
}

impl Wanted {
    /// Reads `[3]`, `[-1]`, `[2:10:2]` (by index), `10/20`, `2001-02/2001-05`, `../500` (a window), `2001-02`, `47.5` (a value).
    ///
    /// # Errors
    /// `BadRequest` for an index that is none, or nothing at all.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return Self::by_index(inner);
        }
        if text.is_empty() {
            return Err(Error::bad_request(
                "a selection is empty; write a value, low/high, or [start:stop:step]",
            ));
        }
        Ok(match text.split_once('/') {
            Some((low, high)) => Self::Between(Bound::read(low), Bound::read(high)),
            None => Self::At(Bound::Text(text.to_owned())),
        })
    }

    fn by_index(text: &str) -> Result<Self, Error> {
        let shown: String = text.chars().take(60).collect();
        let refused =
            || Error::bad_request(format!("[{shown}] is no index; write [3], [-1] or [start:stop:step]"));
        let number = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<i64>().ok().map(Some).ok_or_else(refused),
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            [index] => number(index)?.map(Self::Index).ok_or_else(refused),
            [start, stop] => Ok(Self::Slice(number(start)?, number(stop)?, 1)),
            [start, stop, step] => {
                let step = number(step)?.map_or(Some(1), |step| u64::try_from(step).ok());
                Ok(Self::Slice(number(start)?, number(stop)?, step.ok_or_else(refused)?))
            }
            _ => Err(refused()),
        }
    }
}

impl Bound {
    fn read(text: &str) -> Self {
        match text.trim() {
            "" | ".." => Self::Open,
            text => Self::Text(text.to_owned()),
        }
    }

    /// The number; an open side is `open`.
    fn number(&self, called: &str, open: f64) -> Result<f64, Error> {
        match self {
            Self::Open => Ok(open),
            Self::Number(number) if !number.is_nan() => Ok(*number),
            Self::Number(number) => Err(Error::bad_request(format!("{called} cannot be {number}"))),
            Self::Text(text) => {
                text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
                    let shown: String = text.chars().take(40).collect();
                    Error::bad_request(format!("{called} is {shown:?}, but must be a number"))
                })
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Open => "..".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.chars().take(60).collect(),
        }
    }
}

impl Axes<'_> {
    /// The indices of a dimension that are wanted; never none.
    ///
    /// # Errors
    /// `BadRequest` where nothing is found, with the range that there is.
    pub fn choose(&self, axis: usize, wanted: &Wanted) -> Result<Indices, Error> {
        let length = self.axis(axis)?.length;
        let found = match wanted {
            Wanted::Index(index) => return self.within(axis, Indices::index(*index, length)),
            Wanted::Slice(start, stop, step) => {
                return self.within(axis, Indices::slice(*start, *stop, *step, length));
            }
            Wanted::Between(low, high) => self.between(axis, low, high)?,
            Wanted::At(value) | Wanted::Nearest(value) => {
                let whole_dates = matches!(wanted, Wanted::At(_));
                match self.axis(axis)?.measure() {
                    Measure::Time(_) => self.at_time(axis, value, whole_dates)?,
                    _ => self.at(axis, value)?,
                }
            }
        };
        if found.is_empty() {
            let asked = match wanted {
                Wanted::Between(low, high) => format!("from {} to {}", low.text(), high.text()),
                Wanted::At(value) | Wanted::Nearest(value) => format!("at {}", value.text()),
                other => format!("{other:?}"),
            };
            return Err(Error::bad_request(format!("nothing lies {asked} of {}", named::range(self, axis))));
        }
        Ok(found)
    }

    /// Names the dimension in what is wrong with an index.
    fn within(&self, axis: usize, found: Result<Indices, Error>) -> Result<Indices, Error> {
        let called = self.axis(axis)?.called();
        found.map_err(|error| Error::new(error.kind, format!("{called}: {}", error.message)))
    }

    fn between(&self, axis: usize, low: &Bound, high: &Bound) -> Result<Indices, Error> {
        let along = self.axis(axis)?;
        let called = along.called();
        match along.measure() {
            Measure::Time(units) => {
                self.in_span(axis, &Span::between(&low.text(), &high.text(), units.calendar())?)
            }
            Measure::Longitude if *low != Bound::Open && *high != Bound::Open => {
                let window = (low.number(called, 0.0)?, high.number(called, 0.0)?);
                Ok(longitudes::window(&self.numbered(axis)?, window))
            }
            _ => {
                let low = low.number(called, f64::NEG_INFINITY)?;
                let high = high.number(called, f64::INFINITY)?;
                Ok(window::window(&self.numbered(axis)?, (low.min(high), low.max(high))))
            }
        }
    }

    /// The indices of the times in a span; perhaps none.
    ///
    /// # Errors
    /// As [`instants`](Self::instants).
    pub fn in_span(&self, axis: usize, span: &Span) -> Result<Indices, Error> {
        let instants = self.instants(axis)?;
        let inside = (0_u64..).zip(&instants).filter(|(_, instant)| instant.is_some_and(|at| span.holds(at)));
        Ok(Indices::rising(inside.map(|(index, _)| index)))
    }

    fn at(&self, axis: usize, value: &Bound) -> Result<Indices, Error> {
        let along = self.axis(axis)?;
        let wanted = value.number(along.called(), f64::NAN)?;
        let values = self.numbered(axis)?;
        let (wanted, values) = match along.measure() {
            // Longitudes are compared the short way round.
            Measure::Longitude => {
                let moved = |value: &f64| (value - wanted + 180.0).rem_euclid(360.0) - 180.0;
                (0.0, std::sync::Arc::new(values.iter().map(moved).collect()))
            }
            _ => (wanted, values),
        };
        let near = window::nearest(&values, wanted).filter(|_| window::reaches(&values, wanted));
        Ok(near.map(Indices::one).unwrap_or_default())
    }

    fn at_time(&self, axis: usize, value: &Bound, whole_dates: bool) -> Result<Indices, Error> {
        let Measure::Time(units) = self.axis(axis)?.measure() else { return Ok(Indices::default()) };
        let text = value.text();
        let Period { first, last } = Period::parse(&text, units.calendar())?;
        let named = self.in_span(axis, &Span { from: Some(first), until: Some(last) })?;
        let is_moment = Period::is_moment(&text);
        if whole_dates && (!named.is_empty() || !is_moment) {
            return Ok(named);
        }
        let instants = self.instants(axis)?;
        // Of two as near, the later one, as of numbers.
        let near = (0_u64..).zip(&instants).filter_map(|(index, at)| Some((index, (*at)?)));
        let near = near.min_by_key(|(_, at)| (at.abs_diff(first), std::cmp::Reverse(*at)));
        Ok(near
            .filter(|_| reaches_in_time(&instants, first))
            .map(|(index, _)| Indices::one(index))
            .unwrap_or_default())
    }

    fn numbered(&self, axis: usize) -> Result<std::sync::Arc<Vec<f64>>, Error> {
        let called = self.axis(axis)?.called();
        self.values(axis)?.ok_or_else(|| {
            Error::bad_request(format!(
                "{called} has no numbers along it, and is selected by index, as in [0] or [0:10:2]"
            ))
        })
    }
}

/// As [`window::reaches`], of times.
fn reaches_in_time(instants: &[Option<i128>], wanted: i128) -> bool {
    let there = || instants.iter().flatten().copied();
    let (Some(first), Some(last)) = (there().min(), there().max()) else { return false };
    let steps = instants.windows(2).filter_map(|pair| match pair {
        [Some(a), Some(b)] => Some(a.abs_diff(*b)),
        _ => None,
    });
    let margin = steps.max().and_then(|margin| i128::try_from(margin).ok()).unwrap_or(i128::MAX);
    (first.saturating_sub(margin)..=last.saturating_add(margin)).contains(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_read() {
        let text = |text: &str| Bound::Text(text.to_owned());
        let check = |written: &str, expected: Option<Wanted>| {
            assert_eq!(Wanted::parse(written).ok(), expected, "{written}");
        };
        check("[3]", Some(Wanted::Index(3)));
        check("[-1]", Some(Wanted::Index(-1)));
        check("[2:]", Some(Wanted::Slice(Some(2), None, 1)));
        check("[:-2:3]", Some(Wanted::Slice(None, Some(-2), 3)));
        check("10/20", Some(Wanted::Between(text("10"), text("20"))));
        check("../500", Some(Wanted::Between(Bound::Open, text("500"))));
        check("2001-02", Some(Wanted::At(text("2001-02"))));
        for wrong in ["", "[]", "[a]", "[1:2:3:4]", "[::-1]", "[1.5]", "[99999999999999999999]"] {
            check(wrong, None);
        }
    }
}
