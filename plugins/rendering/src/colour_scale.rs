//! Colour scales: from values to colours.

use crate::{Colour, ColourMap};

/// How values are spread over the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Spread {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithms; values that have none are missing.
    Logarithmic,
}

/// From values to colours.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourScale {
    map: ColourMap,
    least: f64,
    most: f64,
    spread: Spread,
    /// Edges of bands of one colour; empty where colours change without steps.
    bands: Vec<f64>,
    /// Values that mean something, with their names; empty where values are numbers.
    named: Vec<(f64, String)>,
}

impl ColourScale {
    /// A scale from `least` to `most`; values beyond have the colours of the ends. Where `most` is not greater, it is made so.
    #[must_use]
    pub fn new(map: ColourMap, (least, most): (f64, f64), spread: Spread) -> Self {
        let wide = most - least > f64::max(least.abs(), most.abs()) * 1e-12;
        let (least, most) = match spread {
            Spread::Linear if wide => (least, most),
            Spread::Linear => widened(least),
            Spread::Logarithmic => {
                let least = if least > 0.0 { least } else { most.abs().max(f64::MIN_POSITIVE) * 1e-6 };
                (least, if most > least { most } else { least * 10.0 })
            }
        };
        Self { map, least, most, spread, bands: Vec::new(), named: Vec::new() }
    }

    /// The same with bands of one colour between edges, which ascend; there are 256 at most.
    #[must_use]
    pub fn banded(self, edges: Vec<f64>) -> Self {
        Self { bands: edges, ..self }
    }

    /// A scale of values that each mean something: one colour for each, by their order, and none for others.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of names are small")]
    pub fn of_names(map: ColourMap, mut named: Vec<(f64, String)>) -> Self {
        named.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let edges = (0..=named.len()).map(|n| n as f64).collect();
        let scale = Self::new(map, (0.0, named.len().max(1) as f64), Spread::Linear).banded(edges);
        Self { named, ..scale }
    }

    /// The names of values, in the order of their bands.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(_, name)| name.as_str())
    }

    /// The scale of the values that are there, with ends that are given instead where they are; from 0 to 1 where nothing is there.
    #[must_use]
    pub fn of(
        map: ColourMap,
        values: impl IntoIterator<Item = f32>,
        (least, most): (Option<f64>, Option<f64>),
        spread: Spread,
    ) -> Self {
        if let (Some(least), Some(most)) = (least, most) {
            return Self::new(map, (least, most), spread);
        }
        let fits = |value: &f32| value.is_finite() && (spread == Spread::Linear || *value > 0.0);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for value in values.into_iter().filter(fits) {
            (low, high) = (low.min(value), high.max(value));
        }
        let (low, high) = if low <= high { (f64::from(low), f64::from(high)) } else { (0.0, 1.0) };
        Self::new(map, (least.unwrap_or(low), most.unwrap_or(high)), spread)
    }

    /// Both ends.
    #[must_use]
    pub fn ends(&self) -> (f64, f64) {
        (self.least, self.most)
    }

    /// The edges of bands.
    #[must_use]
    pub fn bands(&self) -> &[f64] {
        &self.bands
    }

    /// How values are spread.
    #[must_use]
    pub fn spread(&self) -> Spread {
        self.spread
    }

    /// Where a value lies between the ends, as 0 to 1.
    #[must_use]
    pub fn part(&self, value: f64) -> f64 {
        let part = match self.spread {
            Spread::Linear => (value - self.least) / (self.most - self.least),
            Spread::Logarithmic => (value / self.least).ln() / (self.most / self.least).ln(),
        };
        part.clamp(0.0, 1.0)
    }

    /// The value at a part of the way.
    #[must_use]
    pub fn value(&self, part: f64) -> f64 {
        match self.spread {
            Spread::Linear => self.least + (self.most - self.least) * part,
            Spread::Logarithmic => self.least * (self.most / self.least).powf(part),
        }
    }

    /// The colour of a value; `None` where it is missing.
    #[must_use]
    pub fn colour(&self, value: f64) -> Option<Colour> {
        self.number(value).map(|number| self.numbered(number))
    }

    /// The number of the colour of a value among the colours of the scale; `None` where it is missing.
    #[must_use]
    pub(crate) fn number(&self, value: f64) -> Option<u8> {
        if value.is_nan() || (self.spread == Spread::Logarithmic && value <= 0.0) {
            return None;
        }
        if !self.named.is_empty() {
            let band = self.named.binary_search_by(|(known, _)| known.total_cmp(&value)).ok()?;
            return Some(narrow(band));
        }
        if self.bands.len() < 2 {
            return Some(self.map.bin(self.part(value)));
        }
        let last = self.bands.len().saturating_sub(2);
        Some(narrow(self.bands.partition_point(|edge| *edge <= value).saturating_sub(1).min(last)))
    }

    /// The colour of a number.
    pub(crate) fn numbered(&self, number: u8) -> Colour {
        if self.bands.len() < 2 { self.map.of_bin(number) } else { self.of_band(usize::from(number)) }
    }

    /// The colour of a band, counted from the least.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of bands are small")]
    pub fn of_band(&self, band: usize) -> Colour {
        let last = self.bands.len().saturating_sub(2).max(1);
        self.map.at(band as f64 / last as f64)
    }
}

/// Bands beyond the 256th share its number.
fn narrow(band: usize) -> u8 {
    u8::try_from(band).unwrap_or(u8::MAX)
}

fn widened(value: f64) -> (f64, f64) {
    let by = if value == 0.0 { 0.5 } else { value.abs() * 0.05 };
    (value - by, value + by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ColourMap {
        ColourMap::named("Greys_r").unwrap()
    }

    #[test]
    fn values_have_colours_between_the_ends() {
        let scale = ColourScale::new(map(), (10.0, 20.0), Spread::Linear);
        assert_eq!(scale.colour(5.0), Some([0, 0, 0]));
        assert_eq!(scale.colour(10.0), scale.colour(-1e300));
        assert_eq!(scale.colour(20.0), scale.colour(f64::INFINITY));
        assert_eq!(scale.colour(f64::NAN), None);
        assert!((scale.part(12.5) - 0.25).abs() < 1e-12 && (scale.value(0.25) - 12.5).abs() < 1e-12);
    }

    #[test]
    fn logarithms_spread_what_is_positive() {
        let scale = ColourScale::of(map(), [-1.0, 0.0, 0.01, 100.0], (None, None), Spread::Logarithmic);
        assert!((scale.part(1.0) - 0.5).abs() < 1e-6);
        assert_eq!((scale.colour(0.0), scale.colour(-3.0)), (None, None));
    }

    #[test]
    fn ends_are_those_of_the_values_unless_given() {
        let ends = |values: &[f32], given| {
            ColourScale::of(map(), values.iter().copied(), given, Spread::Linear).ends()
        };
        assert_eq!(ends(&[3.0, f32::NAN, 7.0], (None, None)), (3.0, 7.0));
        assert_eq!(ends(&[3.0, 7.0], (Some(0.0), None)), (0.0, 7.0));
        assert_eq!(ends(&[f32::NAN], (None, None)), (0.0, 1.0));
        assert_eq!(ends(&[2.0, 2.0], (None, None)), (1.9, 2.1));
    }

    #[test]
    fn values_that_mean_something_have_a_colour_each() {
        let named =
            [(3.0, "ice"), (-1.0, "land"), (0.0, "sea")].map(|(value, name)| (value, name.to_owned()));
        let scale = ColourScale::of_names(map(), named.to_vec());
        assert_eq!(scale.names().collect::<Vec<_>>(), ["land", "sea", "ice"]);
        assert_eq!(scale.colour(-1.0), Some([0, 0, 0]));
        assert_eq!(scale.colour(3.0), Some([255, 255, 255]));
        assert_ne!(scale.colour(0.0), scale.colour(3.0));
        assert_eq!((scale.colour(1.0), scale.colour(f64::NAN)), (None, None));
    }

    #[test]
    fn bands_have_one_colour_each() {
        let scale = ColourScale::new(map(), (0.0, 4.0), Spread::Linear).banded(vec![0.0, 1.0, 2.0, 4.0]);
        assert_eq!(scale.colour(2.1), scale.colour(3.9));
        assert_ne!(scale.colour(0.9), scale.colour(1.0));
        assert_eq!(scale.colour(-5.0), scale.colour(0.5));
        assert_eq!(scale.colour(9.0), scale.colour(3.0));
    }
}
