//! What of each dimension is wanted.

use weir_cf::Coordinates;
use weir_cf::axes::Kind as Measured;
use weir_plugin_api::{Dataset, Error};
use weir_selection::{Axes, Bound, Indices, Measure, Wanted};

use crate::asked::{Asked, Part};
use crate::kind::Kind;

/// Of steps in time that nobody selects, so many are taken.
const USUAL_STEPS: u64 = 12;

/// What of each dimension is wanted, and which part of the Earth.
pub(crate) struct Picked<'a> {
    pub axes: Axes<'a>,
    /// The indices along each dimension.
    pub indices: Vec<Indices>,
    /// The dimension along which time passes.
    pub time: Option<usize>,
    /// The part of the Earth that is selected, where it is.
    pub longitudes: Option<(f64, f64)>,
    pub latitudes: Option<(f64, f64)>,
}

/// How many of the steps in time are taken that nobody selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unselected {
    All,
    Last,
}

impl<'a> Picked<'a> {
    pub(crate) fn of(dataset: &'a Dataset, asked: &Asked) -> Result<Self, Error> {
        // A series is of use as a whole; a picture and what moves are of the last steps.
        let is_series = matches!(asked.kind(), Kind::Line | Kind::Section);
        Self::with(dataset, asked, if is_series { Unselected::All } else { Unselected::Last })
    }

    /// The same, with all or some of the steps in time that nobody selects.
    pub(crate) fn with(dataset: &'a Dataset, asked: &Asked, unselected: Unselected) -> Result<Self, Error> {
        let axes = Axes::of(dataset, &asked.path)?;
        let time = axes.measuring(|measure| matches!(measure, Measure::Time(_)));
        let indices = axes.along().iter().map(|along| Indices::all(along.length)).collect();
        let mut picked = Self { axes, indices, time, longitudes: None, latitudes: None };
        picked.not_empty()?;
        let schema = dataset.schema()?;
        let coordinates = Coordinates::of(&schema, &asked.path).unwrap_or_default();
        let mut selects_time = false;
        for part in &asked.selection {
            selects_time |= picked.add(part, &coordinates)?;
        }
        if let (false, Unselected::Last, Some(axis)) = (selects_time, unselected, time) {
            picked.last_steps(axis);
        }
        Ok(picked)
    }

    /// Whether a part of the Earth is selected by what is no dimension: then it is no part of the indices.
    pub(crate) fn has_free_window(&self) -> bool {
        let is_free = |window: Option<(f64, f64)>, wanted| {
            window.is_some() && self.axes.measuring(|measure| measure == wanted).is_none()
        };
        is_free(self.latitudes, Measure::Latitude) || is_free(self.longitudes, Measure::Longitude)
    }

    fn not_empty(&self) -> Result<(), Error> {
        match self.axes.along().iter().find(|along| along.length == 0) {
            Some(along) => Err(Error::bad_request(format!(
                "dimension {} has no index yet, so there is nothing to draw",
                along.name
            ))),
            None => Ok(()),
        }
    }

    fn last_steps(&mut self, axis: usize) {
        if let Some(indices) = self.indices.get_mut(axis) {
            let from = indices.count().saturating_sub(USUAL_STEPS);
            *indices = indices.part(from, USUAL_STEPS);
        }
    }

    /// Whether a part selects time.
    fn add(&mut self, part: &Part, coordinates: &Coordinates<'_>) -> Result<bool, Error> {
        let of_kind = |kind| coordinates.of_kind(kind).map(|found| found.variable.name.as_str());
        let name = part.name.as_str();
        let is_latitude = matches!(name, "lat" | "latitude") || of_kind(Measured::Latitude) == Some(name);
        let is_longitude = matches!(name, "lon" | "longitude") || of_kind(Measured::Longitude) == Some(name);
        if is_latitude || is_longitude {
            let measure = if is_latitude { Measure::Latitude } else { Measure::Longitude };
            self.add_window(part, measure)?;
            if let Some(axis) = self.axes.measuring(|found| found == measure) {
                self.narrow(axis, part)?;
            }
            return Ok(false);
        }
        let axis = self.axes.find(name)?;
        if self.time == Some(axis) {
            self.add_steps(axis, part)?;
            return Ok(true);
        }
        if self.axes.values(axis)?.is_none() {
            self.add_steps(axis, part)?;
            return Ok(false);
        }
        self.narrow(axis, part)?;
        Ok(false)
    }

    /// A window on the Earth.
    fn add_window(&mut self, part: &Part, measure: Measure) -> Result<(), Error> {
        let (least, most) = if measure == Measure::Latitude { (-90.0, 90.0) } else { (-180.0, 180.0) };
        let window = (part.low.unwrap_or(least), part.high.unwrap_or(most));
        let name: String = part.name.chars().take(60).collect();
        if window.0 >= window.1 {
            return Err(Error::bad_request(format!(
                "{name} is wanted from {} to {}; the first must be less",
                window.0, window.1
            )));
        }
        if measure == Measure::Latitude {
            if window.0 >= 90.0 || window.1 <= -90.0 {
                return Err(Error::bad_request(format!(
                    "{name} is wanted from {} to {}; valid are -90 to 90",
                    window.0, window.1
                )));
            }
            self.latitudes = Some(window);
        } else {
            self.longitudes = Some((window.0, window.1.min(window.0 + 360.0)));
        }
        Ok(())
    }

    /// Indices whose values lie in a window; the upper end is not in it.
    fn narrow(&mut self, axis: usize, part: &Part) -> Result<(), Error> {
        let bound = |end: Option<f64>| end.map_or(Bound::Open, Bound::Number);
        let found = self.axes.choose(axis, &Wanted::Between(bound(part.low), bound(part.high)))?;
        let found = self.without_end(axis, found, part)?;
        if let Some(room) = self.indices.get_mut(axis) {
            *room = found;
        }
        Ok(())
    }

    /// As a window ends before its upper end, the index of that value is left out, whether it stands first or last.
    fn without_end(&self, axis: usize, found: Indices, part: &Part) -> Result<Indices, Error> {
        let (Some(high), Some(values)) = (part.high, self.axes.values(axis)?) else { return Ok(found) };
        let is_round = self.axes.along().get(axis).is_some_and(|along| along.measure() == Measure::Longitude);
        let is_end = |(index, shift): (u64, f64)| {
            let value =
                usize::try_from(index).ok().and_then(|index| values.get(index)).copied().unwrap_or(f64::NAN);
            let apart = (value + shift - high).abs();
            apart < 1e-9
                || (is_round
                    && part.low.is_none_or(|low| (value + shift - low).abs() > 1e-9)
                    && (apart - 360.0).abs() < 1e-9)
        };
        let count = found.count();
        let kept = if found.iter().last().is_some_and(is_end) {
            found.part(0, count.saturating_sub(1))
        } else if found.iter().next().is_some_and(is_end) {
            found.part(1, count.saturating_sub(1))
        } else {
            found
        };
        if kept.is_empty() {
            return Err(Error::bad_request(format!(
                "no value of {:.60} lies from {} up to, but without, {high}",
                part.name,
                part.low.map_or("its first".to_owned(), |low| low.to_string())
            )));
        }
        Ok(kept)
    }

    /// A range of indices, as Python's: negative ones count from the end, and the upper end is not in it.
    fn add_steps(&mut self, axis: usize, part: &Part) -> Result<(), Error> {
        let count = self.axes.along().get(axis).map_or(0, |along| along.length);
        let found = steps(part, count)?;
        if let Some(room) = self.indices.get_mut(axis) {
            *room = found;
        }
        Ok(())
    }
}

fn steps(part: &Part, count: u64) -> Result<Indices, Error> {
    let refused = |words: &str| {
        let end = |end: Option<f64>| end.map_or(String::new(), |end| end.to_string());
        Error::bad_request(format!(
            "{:.60} is wanted at {}_{}, {words}; it is a range of indices of {count} steps, as 0_{count} or -1_0 for the last",
            part.name,
            end(part.low),
            end(part.high)
        ))
    };
    let whole = |number: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and small")]
        (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
    };
    let number = |end: Option<f64>, other: i64| end.map_or(Some(other), whole);
    let length = i64::try_from(count).unwrap_or(i64::MAX);
    let (low, high) = number(part.low, 0)
        .zip(number(part.high, if part.low.is_some_and(|low| low < 0.0) { 0 } else { length }))
        .ok_or_else(|| refused("and these are no whole numbers"))?;
    if low >= high {
        return Err(refused("which is empty"));
    }
    if low < -length || high > length {
        return Err(refused("which reaches beyond"));
    }
    // What is before 0 counts from the end, and comes first, as in Python.
    let run = |from: i64, to: i64| {
        let start = u64::try_from(from).unwrap_or(0);
        let count = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        weir_selection::Run { stride: weir_model::Stride { start, step: 1, count }, shift: 0.0 }
    };
    let before = (low < 0).then(|| run(low.saturating_add(length), high.min(0).saturating_add(length)));
    let behind = (high > 0).then(|| run(low.max(0), high));
    // Steps that are in both are taken once.
    match (before, behind) {
        (Some(_), Some(_)) if high.saturating_sub(low) > length => Ok(Indices::all(count)),
        (before, behind) => Ok(Indices::of_runs(before.into_iter().chain(behind).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(low: Option<f64>, high: Option<f64>, expected: Result<&[u64], &str>) {
        let part = Part { name: "time".into(), low, high };
        match (steps(&part, 5), expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(found.iter().map(|(index, _)| index).collect::<Vec<_>>(), expected);
            }
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{error}"),
            (found, _) => panic!("{part:?}: {found:?}"),
        }
    }

    #[test]
    fn steps_are_ranges_as_in_python() {
        check(Some(-1.0), Some(0.0), Ok(&[4]));
        check(Some(-3.0), Some(0.0), Ok(&[2, 3, 4]));
        check(Some(-3.0), Some(-1.0), Ok(&[2, 3]));
        check(Some(0.0), Some(2.0), Ok(&[0, 1]));
        check(Some(-2.0), Some(2.0), Ok(&[3, 4, 0, 1]));
        check(None, None, Ok(&[0, 1, 2, 3, 4]));
        check(Some(3.0), None, Ok(&[3, 4]));
        check(Some(-2.0), None, Ok(&[3, 4]));
        check(Some(-6.0), Some(0.0), Err("reaches beyond"));
        check(Some(0.0), Some(6.0), Err("reaches beyond"));
        check(Some(2.0), Some(2.0), Err("empty"));
        check(Some(0.5), Some(2.0), Err("no whole numbers"));
        check(Some(0.0), Some(1e300), Err("no whole numbers"));
    }
}
