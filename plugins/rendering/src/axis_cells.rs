//! The cells along one dimension, from the coordinates of their centres.

use std::fmt;

/// Cells along one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisCells {
    /// Centres, ascending; with a period, each within one of the first.
    centres: Vec<f64>,
    /// Edges between them, and at both ends: one more than centres.
    edges: Vec<f64>,
    /// Whether the coordinates descend.
    descending: bool,
    period: Option<f64>,
    /// Cells per unit, where all are of one width.
    per_unit: Option<f64>,
}

/// Why coordinates do not make cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisError {
    /// There are none.
    Empty,
    /// One is missing or infinite.
    NotFinite,
    /// They neither ascend nor descend.
    NotMonotonic,
}

impl fmt::Display for AxisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there are no coordinates",
            Self::NotFinite => "a coordinate is missing or infinite",
            Self::NotMonotonic => "the coordinates neither ascend nor descend",
        })
    }
}

impl std::error::Error for AxisError {}

impl AxisCells {
    /// Cells around centres; edges lie half way between them, and the outer cells are as wide as their inner halves say. A centre that
    /// stands alone has a cell one unit wide.
    ///
    /// With a `period` (360 for longitudes), coordinates may jump once by it, and cells that reach around are closed.
    ///
    /// # Errors
    /// [`AxisError`].
    pub fn around(centres: &[f64], period: Option<f64>) -> Result<Self, AxisError> {
        if centres.is_empty() {
            return Err(AxisError::Empty);
        }
        if !centres.iter().all(|centre| centre.is_finite()) {
            return Err(AxisError::NotFinite);
        }
        let mut centres = centres.to_vec();
        if let Some(period) = period {
            unwrap(&mut centres, period);
        }
        let descending = centres.len() > 1 && centres.first() > centres.last();
        if descending {
            centres.reverse();
        }
        if !centres.is_sorted_by(|a, b| a < b) {
            return Err(AxisError::NotMonotonic);
        }
        let edges = edges(&centres, period);
        let per_unit = per_unit(&edges);
        Ok(Self { centres, edges, descending, period, per_unit })
    }

    /// Cells between edges, which ascend.
    ///
    /// # Errors
    /// [`AxisError`].
    pub fn between(edges: &[f64]) -> Result<Self, AxisError> {
        let centres = edges.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(f64::midpoint(*a, *b)),
            _ => None,
        });
        let centres: Vec<f64> = centres.collect();
        if centres.is_empty() {
            return Err(AxisError::Empty);
        }
        if !edges.iter().all(|edge| edge.is_finite()) {
            return Err(AxisError::NotFinite);
        }
        if !edges.is_sorted_by(|a, b| a < b) {
            return Err(AxisError::NotMonotonic);
        }
        let edges = edges.to_vec();
        let per_unit = per_unit(&edges);
        Ok(Self { centres, edges, descending: false, period: None, per_unit })
    }

    /// Brings the outer edges within limits, as those of latitudes within the poles.
    #[must_use]
    pub fn within(mut self, least: f64, most: f64) -> Self {
        self.edges.iter_mut().for_each(|edge| *edge = edge.clamp(least, most));
        self.per_unit = per_unit(&self.edges);
        self
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there are none, which is never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The outer edges.
    #[must_use]
    pub fn reach(&self) -> (f64, f64) {
        let first = self.edges.first().copied().unwrap_or_default();
        (first, self.edges.last().copied().unwrap_or(first))
    }

    /// The coordinate of a cell, in the order of the data.
    #[must_use]
    pub fn centre(&self, index: usize) -> Option<f64> {
        self.centres.get(self.turned(index)?).copied()
    }

    fn turned(&self, index: usize) -> Option<usize> {
        let last = self.centres.len().checked_sub(1)?;
        if self.descending { last.checked_sub(index) } else { Some(index) }
    }

    /// The cell that a coordinate lies in, in the order of the data.
    #[must_use]
    pub fn index(&self, coordinate: f64) -> Option<usize> {
        let coordinate = self.brought(coordinate);
        self.turned(self.ascending(coordinate)?)
    }

    /// The two cells between whose centres a coordinate lies, in the order of the data, and the part of the way from the first to the
    /// second. Both are the same beyond the outer centres.
    #[must_use]
    pub fn neighbours(&self, coordinate: f64) -> Option<(usize, usize, f64)> {
        let coordinate = self.brought(coordinate);
        let cell = self.ascending(coordinate)?;
        let centre = self.centres.get(cell).copied()?;
        let last = self.centres.len().saturating_sub(1);
        let is_round = self.is_round();
        let (low, high) = match (coordinate < centre, cell) {
            (true, 0) if is_round => (last, 0),
            (true, 0) => (0, 0),
            (true, cell) => (cell.saturating_sub(1), cell),
            (false, cell) if cell == last => (last, if is_round { 0 } else { last }),
            (false, cell) => (cell, cell.saturating_add(1)),
        };
        let mut from = self.centres.get(low).copied()?;
        let mut to = self.centres.get(high).copied()?;
        if low > high {
            let period = self.period.unwrap_or_default();
            if coordinate < centre { from -= period } else { to += period }
        }
        let part = if low == high || to <= from { 0.0 } else { (coordinate - from) / (to - from) };
        let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
        Some((self.turned(low)?, self.turned(high)?, part))
    }

    /// Whether the last cell touches the first.
    fn is_round(&self) -> bool {
        let (first, last) = self.reach();
        self.centres.len() > 1 && self.period.is_some_and(|period| last - first >= period * (1.0 - 1e-9))
    }

    fn brought(&self, coordinate: f64) -> f64 {
        match (self.period, self.edges.first()) {
            (Some(period), Some(first)) => first + (coordinate - first).rem_euclid(period),
            _ => coordinate,
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a place")]
    fn ascending(&self, coordinate: f64) -> Option<usize> {
        let (first, last) = self.reach();
        if !(first..=last).contains(&coordinate) {
            return None;
        }
        let most = self.centres.len().checked_sub(1)?;
        if let Some(per_unit) = self.per_unit {
            return Some((((coordinate - first) * per_unit) as usize).min(most));
        }
        let behind = self.edges.partition_point(|edge| *edge <= coordinate);
        Some(behind.saturating_sub(1).min(most))
    }
}

/// Takes a single jump by the period out of numbers.
fn unwrap(numbers: &mut [f64], period: f64) {
    let ascends = numbers.windows(2).filter(|pair| matches!(pair, [a, b] if a < b)).count();
    let up = ascends.saturating_mul(2) >= numbers.len().saturating_sub(1);
    let mut shift = 0.0;
    let mut last = f64::NAN;
    for number in numbers {
        let shifted = *number + shift;
        if up && shifted < last {
            shift += period;
        } else if !up && shifted > last {
            shift -= period;
        }
        *number += shift;
        last = *number;
    }
}

fn edges(centres: &[f64], period: Option<f64>) -> Vec<f64> {
    let between = centres.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(f64::midpoint(*a, *b)),
        _ => None,
    });
    let between: Vec<f64> = between.collect();
    let (Some(first), Some(last)) = (centres.first(), centres.last()) else { return Vec::new() };
    let (mut low, mut high) = match (between.first(), between.last()) {
        (Some(a), Some(b)) => (2.0 * first - a, 2.0 * last - b),
        _ => (first - 0.5, last + 0.5),
    };
    if let Some(period) = period {
        let excess = high - low - period;
        let narrowest = (low - first).abs().min((high - last).abs());
        // Rounded coordinates leave a slit where the circle closes; duplicated ones overlap.
        if excess > 0.0 || excess.abs() < narrowest {
            (low, high) = (low + excess / 2.0, low + excess / 2.0 + period);
        }
    }
    std::iter::once(low).chain(between).chain([high]).collect()
}

/// Cells per unit, where every edge lies where cells of one width put it, to a thousandth of a cell.
#[expect(clippy::cast_precision_loss, reason = "numbers of cells fit 53 bits")]
fn per_unit(edges: &[f64]) -> Option<f64> {
    let (first, last) = (edges.first()?, edges.last()?);
    let cells = edges.len().checked_sub(1)? as f64;
    let width = (last - first) / cells;
    let mut places = edges.iter().zip(0_u32..);
    let even =
        width > 0.0 && places.all(|(edge, n)| (edge - first - f64::from(n) * width).abs() < width * 1e-3);
    even.then(|| 1.0 / width)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(centres: &[f64], period: Option<f64>, found: &[(f64, Option<usize>)]) {
        let cells = AxisCells::around(centres, period).unwrap();
        for (coordinate, expected) in found {
            assert_eq!(cells.index(*coordinate), *expected, "{centres:?} {coordinate}");
        }
    }

    #[test]
    fn coordinates_lie_in_cells() {
        check(
            &[10.0, 20.0, 30.0],
            None,
            &[(5.0, Some(0)), (14.9, Some(0)), (15.1, Some(1)), (35.0, Some(2)), (35.1, None), (4.9, None)],
        );
        check(&[30.0, 20.0, 10.0], None, &[(5.0, Some(2)), (15.1, Some(1)), (34.0, Some(0))]);
        check(
            &[1.0, 2.0, 4.0, 8.0],
            None,
            &[(1.4, Some(0)), (2.9, Some(1)), (3.1, Some(2)), (6.1, Some(3)), (9.9, Some(3))],
        );
        check(&[7.0], None, &[(7.4, Some(0)), (7.6, None)]);
        check(&[7.0], None, &[(f64::NAN, None)]);
    }

    #[test]
    fn longitudes_go_around() {
        check(
            &[0.0, 90.0, 180.0, 270.0],
            Some(360.0),
            &[
                (-10.0, Some(0)),
                (350.0, Some(0)),
                (-100.0, Some(3)),
                (720.0 + 91.0, Some(1)),
                (-46.0, Some(3)),
                (-44.0, Some(0)),
            ],
        );
        check(
            &[-135.0, -45.0, 45.0, 135.0],
            Some(360.0),
            &[(225.0, Some(0)), (181.0, Some(0)), (179.0, Some(3))],
        );
        // Across the antimeridian, with a jump.
        check(
            &[170.0, 180.0, -170.0],
            Some(360.0),
            &[(-175.1, Some(1)), (-174.9, Some(2)), (185.1, Some(2)), (0.0, None)],
        );
        // In single precision the circle does not quite close.
        let centres: Vec<f64> = (0..7).map(|n| f64::from(n) * 51.428_571).collect();
        check(&centres, Some(360.0), &[(-25.7, Some(0)), (334.2, Some(6)), (334.3, Some(0))]);
    }

    #[test]
    fn between_two_centres_counts_the_way() {
        let cells = AxisCells::around(&[10.0, 20.0, 30.0], None).unwrap();
        assert_eq!(cells.neighbours(12.5), Some((0, 1, 0.25)));
        assert_eq!(cells.neighbours(6.0), Some((0, 0, 0.0)));
        assert_eq!(cells.neighbours(34.0), Some((2, 2, 0.0)));
        let round = AxisCells::around(&[0.0, 90.0, 180.0, 270.0], Some(360.0)).unwrap();
        assert_eq!(round.neighbours(-22.5), Some((3, 0, 0.75)));
        assert_eq!(round.neighbours(292.5), Some((3, 0, 0.25)));
        let down = AxisCells::around(&[30.0, 20.0, 10.0], None).unwrap();
        assert_eq!(down.neighbours(12.5), Some((2, 1, 0.25)));
    }

    #[test]
    fn what_makes_no_cells_is_refused() {
        assert_eq!(AxisCells::around(&[], None), Err(AxisError::Empty));
        assert_eq!(AxisCells::around(&[1.0, f64::NAN], None), Err(AxisError::NotFinite));
        assert_eq!(AxisCells::around(&[1.0, 3.0, 2.0], None), Err(AxisError::NotMonotonic));
        assert_eq!(AxisCells::around(&[1.0, 1.0], None), Err(AxisError::NotMonotonic));
    }

    proptest! {
        /// A coordinate lies nearer to the centre of its cell than to any other.
        #[test]
        fn the_cell_of_a_coordinate_has_the_nearest_centre(
            start in -400.0..400.0_f64,
            steps in proptest::collection::vec(0.01..30.0_f64, 1..40),
            down in any::<bool>(),
            coordinate in -500.0..1500.0_f64,
        ) {
            let mut centres: Vec<f64> = steps.iter().scan(start, |at, step| { *at += step; Some(*at) }).collect();
            if down {
                centres.reverse();
            }
            let cells = AxisCells::around(&centres, None).unwrap();
            let (first, last) = cells.reach();
            let found = cells.index(coordinate);
            prop_assert_eq!(found.is_some(), (first..=last).contains(&coordinate));
            if let Some(found) = found {
                let apart = |centre: &f64| (centre - coordinate).abs();
                let nearest = centres.iter().map(apart).fold(f64::INFINITY, f64::min);
                // Beyond the outer centres a cell ends where it ends; between them rounding decides ties.
                prop_assert!(apart(&centres[found]) <= nearest + 1e-3 * 30.0);
            }
        }

        /// No coordinates and no period lead to a panic, and every cell that is found is there.
        #[test]
        fn any_coordinates_make_cells_or_an_error(
            centres in proptest::collection::vec(prop_oneof![any::<f64>(), -400.0..400.0_f64], 0..8),
            coordinate in any::<f64>(),
            around in any::<bool>(),
        ) {
            if let Ok(cells) = AxisCells::around(&centres, around.then_some(360.0)) {
                prop_assert!(cells.index(coordinate).is_none_or(|index| index < centres.len()));
                let neighbours = cells.neighbours(coordinate);
                prop_assert!(neighbours.is_none_or(|(a, b, part)| a.max(b) < centres.len() && (0.0..=1.0).contains(&part)));
            }
        }
    }
}
