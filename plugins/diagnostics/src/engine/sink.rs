//! Where values of a tile go: into the cells of their groups, or, for actions that need all of them, beside each other.

use super::cell::Cell;
use super::item::Item;

/// Where values go, by the number of their cell.
pub trait Sink: Send + Sized {
    /// The values.
    type Item: Item;
    /// Bytes of one cell.
    const CELL_BYTES: usize;
    /// Bytes that each value takes beside its cell.
    const VALUE_BYTES: usize;

    /// For cells into which at most so many values go.
    fn with(capacities: Vec<usize>) -> Self;
    /// One value.
    fn one(&mut self, cell: usize, item: Self::Item, weight: f64);
    /// Values of neighbouring cells, `weights` of which one may be for all.
    fn along(&mut self, cell: usize, items: &[Self::Item], weights: Weights<'_>);
    /// Values of one cell.
    fn all_to_one(&mut self, cell: usize, items: &[Self::Item], weights: Weights<'_>);
    /// Takes in what went into another one of the same cells, later.
    fn merge(&mut self, later: &Self);
}

/// What values weigh.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// One number for all.
    pub all: f64,
    /// One more for each.
    pub each: Option<&'a [f64]>,
}

impl Weights<'_> {
    fn at(&self, place: usize) -> f64 {
        self.each.and_then(|each| each.get(place)).map_or(self.all, |weight| weight * self.all)
    }
}

/// Cells that each value is taken into.
pub struct Cells<C>(pub Vec<C>);

impl<C: Cell> Sink for Cells<C> {
    type Item = C::Item;
    const CELL_BYTES: usize = size_of::<C>();
    const VALUE_BYTES: usize = 0;

    fn with(capacities: Vec<usize>) -> Self {
        Self(vec![C::default(); capacities.len()])
    }

    fn one(&mut self, cell: usize, item: C::Item, weight: f64) {
        if let Some(cell) = self.0.get_mut(cell) {
            cell.add(item, weight);
        }
    }

    fn along(&mut self, cell: usize, items: &[C::Item], weights: Weights<'_>) {
        let cells = self.0.get_mut(cell..).unwrap_or_default().iter_mut().zip(items);
        match weights.each {
            None => cells.for_each(|(cell, item)| cell.add(*item, weights.all)),
            Some(_) => cells.enumerate().for_each(|(at, (cell, item))| cell.add(*item, weights.at(at))),
        }
    }

    fn all_to_one(&mut self, cell: usize, items: &[C::Item], weights: Weights<'_>) {
        // A sum of sums of rows loses fewer digits than one sum of all.
        let mut row = C::default();
        match weights.each {
            None => items.iter().for_each(|item| row.add(*item, weights.all)),
            Some(_) => items.iter().enumerate().for_each(|(at, item)| row.add(*item, weights.at(at))),
        }
        if let Some(cell) = self.0.get_mut(cell) {
            cell.merge(&row);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.0.iter_mut().zip(&later.0).for_each(|(cell, later)| cell.merge(later));
    }
}

/// All values that are there, those of each cell beside each other.
pub struct Gathered<T> {
    values: Vec<T>,
    /// Where the values of each cell begin, and how many there are.
    places: Vec<(usize, usize)>,
}

impl<T: Item> Sink for Gathered<T> {
    type Item = T;
    const CELL_BYTES: usize = size_of::<(usize, usize)>();
    const VALUE_BYTES: usize = size_of::<T>();

    fn with(capacities: Vec<usize>) -> Self {
        let mut end = 0_usize;
        let begins = capacities.into_iter().map(|capacity| {
            let begin = end;
            end = end.saturating_add(capacity);
            (begin, 0)
        });
        let places = begins.collect();
        Self { values: vec![T::default(); end], places }
    }

    fn one(&mut self, cell: usize, item: T, _: f64) {
        if item.is_missing() {
            return;
        }
        let Some((begin, count)) = self.places.get_mut(cell) else { return };
        if let Some(value) = self.values.get_mut(begin.saturating_add(*count)) {
            *value = item;
            *count = count.saturating_add(1);
        }
    }

    fn along(&mut self, cell: usize, items: &[T], _: Weights<'_>) {
        items.iter().enumerate().for_each(|(at, item)| self.one(cell.saturating_add(at), *item, 1.0));
    }

    fn all_to_one(&mut self, cell: usize, items: &[T], _: Weights<'_>) {
        items.iter().for_each(|item| self.one(cell, *item, 1.0));
    }

    fn merge(&mut self, later: &Self) {
        for (cell, (begin, count)) in later.places.iter().enumerate() {
            let values = later.values.get(*begin..begin.saturating_add(*count)).unwrap_or_default();
            values.iter().for_each(|value| self.one(cell, *value, 1.0));
        }
    }
}

impl<T: Item> Gathered<T> {
    /// The value below which a part of each cell's values lies, interpolated linearly as NumPy's `quantile` does; NaN where
    /// there are no values.
    pub fn quantiles(&mut self, part: f64) -> Vec<f64> {
        let mut rest = self.values.as_mut_slice();
        let mut end = 0_usize;
        let mut quantiles = Vec::with_capacity(self.places.len());
        for (begin, count) in &self.places {
            let behind = std::mem::take(&mut rest).get_mut(begin.saturating_sub(end)..).unwrap_or_default();
            let (values, behind) = behind.split_at_mut_checked(*count).unwrap_or_default();
            quantiles.push(quantile(values, part));
            rest = behind;
            end = begin.saturating_add(*count);
        }
        quantiles
    }
}

/// The quantile of values, none of which is missing.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among values in memory, from 0 on"
)]
fn quantile<T: Item>(values: &mut [T], part: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let at = part * last as f64;
    let below = (at.floor() as usize).min(last);
    let order = |a: &T, b: &T| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
    let (_, low, above) = values.select_nth_unstable_by(below, order);
    let low = low.double();
    let weight = at - below as f64;
    // Where the place is a value's, the next one does not count, not even where it is infinite.
    if weight == 0.0 {
        return low;
    }
    let Some(high) = above.iter().copied().min_by(order) else { return low };
    between(low, high.double(), weight)
}

/// As NumPy interpolates: from the nearer end.
fn between(low: f64, high: f64, weight: f64) -> f64 {
    if weight >= 0.5 { high - (high - low) * (1.0 - weight) } else { low + (high - low) * weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], part: f64, expected: f64) {
        let mut gathered = Gathered::with(vec![values.len(), 2]);
        gathered.all_to_one(0, values, Weights { all: 1.0, each: None });
        let got = gathered.quantiles(part);
        assert!(got[0] == expected || (got[0].is_nan() && expected.is_nan()), "{got:?} {expected}");
        assert!(got[1].is_nan());
    }

    #[test]
    fn quantiles_are_interpolated() {
        check(&[3.0, 1.0, 2.0], 0.5, 2.0);
        check(&[4.0, 1.0, f64::NAN, 2.0, 3.0], 0.5, 2.5);
        check(&[4.0, 1.0, 2.0, 3.0], 0.9, 3.7);
        check(&[4.0, 1.0, 2.0, 3.0], 0.0, 1.0);
        check(&[4.0, 1.0, 2.0, 3.0], 1.0, 4.0);
        check(&[f64::NAN], 0.5, f64::NAN);
        check(&[f64::INFINITY, 1.0, 2.0], 0.5, 2.0);
    }

    #[test]
    fn weights_multiply() {
        let mut cells = Cells::<crate::engine::cell::WeightedSum<f64>>::with(vec![1; 2]);
        cells.along(0, &[2.0, 3.0], Weights { all: 0.5, each: Some(&[1.0, 4.0]) });
        assert_eq!((cells.0[0].sum, cells.0[1].sum, cells.0[1].weights), (1.0, 6.0, 2.0));
        assert_eq!(cells.0[1].mean(), 3.0);
    }
}
