//! What lies along a layer's dimensions that are not horizontal: time, elevation, and others by their names.

use weir_plugin_api::Error;
use weir_rendering::brief;
use weir_selection::{Along, Axes, Bound, Measure, Wanted};

use crate::keys::Keys;
use crate::refusal::{Code, coded, refused};
use crate::times::{self, date};

/// As many values are listed at most.
pub(crate) const MOST_LISTED: usize = 1000;

/// What a dimension is to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Time,
    Elevation,
    Other,
}

/// A dimension of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dimension {
    /// Its place among the variable's dimensions.
    pub axis: usize,
    pub role: Role,
    /// `time`, `elevation`, or what its coordinate is called.
    pub name: String,
    /// `ISO8601`, or the units of its coordinate.
    pub units: String,
}

impl Dimension {
    /// Those of a variable, the first that measures time and the first that measures height or depth being the ones of these names.
    pub(crate) fn all(axes: &Axes<'_>, horizontal: &[usize]) -> Vec<Self> {
        let time = axes.measuring(|measure| matches!(measure, Measure::Time(_)));
        let elevation = axes.measuring(|measure| matches!(measure, Measure::Vertical(_)));
        let along = axes.along().iter().enumerate().filter(|(axis, _)| !horizontal.contains(axis));
        // A dimension of one index without a coordinate says nothing.
        let says = along.filter(|(_, along)| along.length > 1 || along.labels.is_some());
        says.map(|(axis, along)| Self::of(axis, along, (time, elevation))).collect()
    }

    fn of(axis: usize, along: &Along, (time, elevation): (Option<usize>, Option<usize>)) -> Self {
        let units = along.labels.as_ref().and_then(|labels| labels.units.clone()).unwrap_or_default();
        let name = along.called().to_owned();
        if time == Some(axis) {
            Self { axis, role: Role::Time, name: "time".to_owned(), units: "ISO8601".to_owned() }
        } else if elevation == Some(axis) {
            Self { axis, role: Role::Elevation, name: "elevation".to_owned(), units }
        } else if matches!(along.measure(), Measure::Time(_)) {
            Self { axis, role: Role::Other, name, units: "ISO8601".to_owned() }
        } else {
            Self { axis, role: Role::Other, name, units }
        }
    }

    /// The value that keys ask for: of others than time and elevation behind `DIM_` (OGC 06-042, C.3.3).
    pub(crate) fn asked<'k>(&self, keys: &'k Keys) -> Option<&'k str> {
        match self.role {
            Role::Other => keys.get(&format!("dim_{}", self.name)),
            _ => keys.get(&self.name),
        }
    }

    fn along<'x>(&self, axes: &'x Axes<'_>) -> Option<&'x Along> {
        axes.along().get(self.axis)
    }

    /// The index where nobody asks for another: the last along time, else the first.
    pub(crate) fn usual(&self, axes: &Axes<'_>) -> u64 {
        match self.role {
            Role::Time => self.along(axes).map_or(0, |along| along.length.saturating_sub(1)),
            _ => 0,
        }
    }

    /// The index of a value: the nearest, where it does not lie beyond all.
    ///
    /// # Errors
    /// `InvalidDimensionValue`.
    pub(crate) fn index(&self, axes: &Axes<'_>, value: &str) -> Result<u64, Error> {
        let shown: String = value.chars().take(60).collect();
        let named = |words: &str| {
            let name = self.name.to_ascii_uppercase();
            refused(Code::InvalidDimensionValue, format!("{name} is {shown:?}: {words}"))
        };
        if value.eq_ignore_ascii_case("current") || value.eq_ignore_ascii_case("default") {
            return Ok(self.usual(axes));
        }
        if value.contains([',', '/']) {
            return Err(named("one value is drawn, and no list or interval"));
        }
        let is_time = self.along(axes).is_some_and(|along| matches!(along.measure(), Measure::Time(_)));
        let choose = |wanted| axes.choose(self.axis, &wanted);
        let text = || Bound::Text(value.to_owned());
        let has_numbers = is_time || axes.values(self.axis)?.is_some();
        let found = if !has_numbers {
            // Without a coordinate, dimensions are counted.
            let index: i64 = value
                .parse()
                .ok()
                .filter(|index| *index >= 0)
                .ok_or_else(|| named("it has no coordinate, and its values are the numbers from 0 on"))?;
            choose(Wanted::Index(index))
        } else if is_time {
            // A date without a time of day is the first step of that day; where there is none, the nearest.
            choose(Wanted::At(text())).or_else(|_| choose(Wanted::Nearest(text())))
        } else {
            choose(Wanted::Nearest(text()))
        };
        let found = found.map_err(|error| coded(Code::InvalidDimensionValue, error))?;
        let first = found.iter().next();
        first.map(|(index, _)| index).ok_or_else(|| named("nothing lies there"))
    }

    /// The value at an index, as it is written.
    ///
    /// # Errors
    /// Where coordinates cannot be read.
    pub(crate) fn value(&self, axes: &Axes<'_>, index: u64) -> Result<String, Error> {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        if let Some(Measure::Time(units)) = self.along(axes).map(Along::measure) {
            let instant = axes.instants(self.axis)?.get(at).copied().flatten();
            return Ok(instant.and_then(|instant| date(units.calendar(), instant)).unwrap_or_default());
        }
        let value = axes.values(self.axis)?.and_then(|values| values.get(at).copied());
        Ok(value.map_or_else(|| index.to_string(), written))
    }

    /// All values, as capabilities list them: times as intervals where they are even; beyond [`MOST_LISTED`], the first, the last and
    /// no step between.
    ///
    /// # Errors
    /// Where coordinates cannot be read.
    pub(crate) fn values(&self, axes: &Axes<'_>) -> Result<String, Error> {
        let along = self.along(axes);
        if let Some(Measure::Time(units)) = along.map(Along::measure) {
            return Ok(times::listed(units.calendar(), &axes.instants(self.axis)?));
        }
        let length = along.map_or(0, |along| along.length);
        let Some(values) = axes.values(self.axis)? else {
            return Ok(match length {
                0 | 1 => "0".to_owned(),
                length => format!("0/{}/1", length.saturating_sub(1)),
            });
        };
        if values.len() <= MOST_LISTED {
            return Ok(values.iter().copied().map(written).collect::<Vec<_>>().join(","));
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(format!("{}/{}/0", written(least), written(most)))
    }
}

/// A number without digits that only rounding made.
fn written(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whether it was a single")]
    let single = value as f32;
    let text = if f64::from(single) == value { single.to_string() } else { value.to_string() };
    if text.len() > 16 { brief(value) } else { text }
}
