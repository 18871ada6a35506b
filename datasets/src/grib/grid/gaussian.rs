//! Gaussian grids: rows at the roots of a Legendre polynomial.

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::axis::spaced;
use super::{Coordinates, Corners};

/// More parallels are not computed: the finest model has some thousands.
pub const MOST_PARALLELS: u32 = 16_000;

/// How far (in degrees) a corner may be from the latitude that it is: writers round, some to tenths.
const TOLERANCE: f64 = 0.1;

/// How many lists of latitudes are kept.
const MOST_KEPT: usize = 8;

/// The lists that were used last: those of the finest grids take a second to compute.
static KEPT: Mutex<Vec<(u32, Arc<[f64]>)>> = Mutex::new(Vec::new());

/// The latitudes of a whole Gaussian grid from north to south.
pub fn latitudes(parallels: u32) -> Arc<[f64]> {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, latitudes)) = kept().iter().find(|(number, _)| *number == parallels) {
        return Arc::clone(latitudes);
    }
    let computed: Arc<[f64]> = compute(parallels).into();
    let mut kept = kept();
    kept.truncate(MOST_KEPT.saturating_sub(1));
    kept.insert(0, (parallels, Arc::clone(&computed)));
    computed
}

/// The arc sines of the roots of the Legendre polynomial of degree `2 * parallels`, found by Newton's method.
fn compute(parallels: u32) -> Vec<f64> {
    let degree = f64::from(parallels) * 2.0;
    let mut north: Vec<f64> = (1..=parallels).map(|row| root(row, degree).asin().to_degrees()).collect();
    let south: Vec<f64> = north.iter().rev().map(|latitude| -latitude).collect();
    north.extend(south);
    north
}

/// The n-th root from the north of a Legendre polynomial.
fn root(n: u32, degree: f64) -> f64 {
    let mut x = (PI * (f64::from(n) - 0.25) / (degree + 0.5)).cos();
    for _ in 0..10 {
        let (value, slope) = legendre(degree, x);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    x
}

/// A Legendre polynomial and its derivative at x, by Bonnet's recursion.
fn legendre(degree: f64, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    let mut n = 1.0;
    while n < degree {
        (before, value) = (value, ((2.0 * n + 1.0) * x * value - n * before) / (n + 1.0));
        n += 1.0;
    }
    (value, degree * (x * value - before) / (x * x - 1.0))
}

/// The latitudes of `count` rows between two corners.
pub fn latitudes_between(parallels: u32, corners: &Corners, count: usize) -> Vec<f64> {
    let (first, last) = (corners.first.latitude, corners.last.latitude);
    part(parallels, (first, last), count).unwrap_or_else(|| spaced(first, last, count))
}

/// `count` consecutive latitudes that begin and end where the corners say; `None` where no part of the grid does.
fn part(parallels: u32, (first, last): (f64, f64), count: usize) -> Option<Vec<f64>> {
    let whole = usize::try_from(parallels).ok()?.checked_mul(2)?;
    if parallels > MOST_PARALLELS || count > whole || count == 0 {
        return None;
    }
    let mut all = latitudes(parallels).to_vec();
    if first < last {
        all.reverse();
    }
    let start =
        all.iter().position(|latitude| (latitude - first).abs() <= TOLERANCE.min(45.0 / whole as f64))?;
    let rows = all.get(start..start.checked_add(count)?)?;
    let ends = rows.last().is_some_and(|latitude| (latitude - last).abs() <= TOLERANCE);
    ends.then(|| rows.to_vec())
}

/// First longitude, distance and number of the points of each row; `None` where they are not `points` in all.
///
/// A row of a grid around the Earth has all its points. A part of one has those of the whole row that lie between the
/// corners.
pub fn row_longitudes(
    parallels: u32,
    rows: &[u32],
    corners: &Corners,
    points: u64,
) -> Option<Vec<(f64, f64, usize)>> {
    if parallels > MOST_PARALLELS || rows.len() > usize::try_from(parallels).ok()?.checked_mul(2)? {
        return None;
    }
    let count = |rows: &[(f64, f64, usize)]| rows.iter().map(|row| row.2 as u64).sum::<u64>();
    let whole = rows.iter().map(|&count| (0.0, 360.0 / f64::from(count.max(1)), count as usize));
    let whole: Vec<_> = whole.collect();
    let (first, last) = (corners.first.longitude, corners.last.longitude);
    let around =
        rows.iter().max().is_some_and(|&most| last - first >= 360.0 - 360.0 / f64::from(most.max(1)) - 0.1);
    if count(&whole) == points && around && first.abs() <= corners.unit {
        return Some(whole);
    }
    let last = if last < first { last + 360.0 } else { last };
    let inside = |(_, step, _): &(f64, f64, usize)| {
        // Corners are rounded: a point within half a unit of one is on it.
        let slack = corners.unit;
        let start = ((first - slack) / step).ceil();
        let end = ((last + slack) / step).floor();
        (start * step, *step, (end - start + 1.0).clamp(0.0, 1e9) as usize)
    };
    let part: Vec<_> = whole.iter().map(inside).collect();
    (count(&part) == points).then_some(part)
}

/// Latitude and longitude of some consecutive points of a reduced grid, which is stored row by row.
pub fn reduced(
    (parallels, rows): (u32, &[u32]),
    corners: &Corners,
    points: u64,
    range: Range<usize>,
) -> Option<Coordinates> {
    let longitudes = row_longitudes(parallels, rows, corners, points)?;
    let latitudes = part(parallels, (corners.first.latitude, corners.last.latitude), rows.len())?;
    let mut all = Coordinates::default();
    let mut begin = 0_usize;
    for (latitude, (first, step, count)) in latitudes.into_iter().zip(longitudes) {
        let end = begin.saturating_add(count);
        for point in begin.max(range.start)..end.min(range.end) {
            let longitude = first + step * point.saturating_sub(begin) as f64;
            all.y.push(latitude);
            all.x.push(longitude.rem_euclid(360.0));
        }
        begin = end;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    #[test]
    fn latitudes_are_those_of_the_literature() {
        let near = |parallels: u32, expected: &[f64]| {
            let all = latitudes(parallels);
            for (got, want) in all.iter().zip(expected) {
                assert!((got - want).abs() < 1e-9, "N{parallels}: {got} is not {want}");
            }
            assert_eq!(all.len(), parallels as usize * 2);
            assert!(all.iter().zip(all.iter().rev()).all(|(north, south)| north == &-south));
        };
        // Abramowitz and Stegun, table 25.4: roots for n = 2, and ECMWF's N32 and N48.
        near(1, &[35.264_389_682_754_654]);
        near(32, &[87.863_798_839_232_63, 85.096_526_988_317_83, 82.312_912_947_886_26]);
        near(48, &[88.572_168_514_007_27]);
    }

    #[test]
    fn rows_between_corners() {
        let corners = |north: f64, south: f64| {
            let place = |latitude| Place { latitude, longitude: 0.0 };
            Corners { first: place(north), last: place(south), unit: 0.001 }
        };
        let rows = latitudes_between(32, &corners(85.097, 82.313), 2);
        assert!((rows[0] - 85.096_526_988).abs() < 1e-6 && (rows[1] - 82.312_912_947).abs() < 1e-6);
        let upward = latitudes_between(32, &corners(-87.864, 87.864), 64);
        assert!(upward[0] < upward[63]);
        // What is no part of the grid is spaced evenly.
        assert_eq!(latitudes_between(32, &corners(80.0, 70.0), 3), [80.0, 75.0, 70.0]);
        assert_eq!(latitudes_between(u32::MAX, &corners(80.0, 70.0), 3), [80.0, 75.0, 70.0]);
    }
}
