//! Windows of longitudes: they wrap, so a window may consist of two pieces of a dimension, which are joined from west to east.

use crate::{Indices, Run};

/// How many times 360 is added to a longitude to bring it into a window; `None` where it is outside.
///
/// A longitude that is inside as it stands is compared as it stands, so that nothing is lost by rounding; what was moved may lie
/// outside by as little as rounding does.
#[must_use]
pub(crate) fn turns_into((west, east): (f64, f64), longitude: f64) -> Option<f64> {
    if (west..=east).contains(&longitude) {
        return Some(0.0);
    }
    let turns = ((west - longitude - 1e-9) / 360.0).ceil();
    let moved = longitude + 360.0 * turns;
    (turns != 0.0 && (west - 1e-9..=east + 1e-9).contains(&moved)).then_some(turns)
}

/// A window from west to east whose east is the greater: `170` to `-170` becomes `170` to `190`. A window of a whole turn or more
/// is everything: `None`.
#[must_use]
pub(crate) fn unrolled(west: f64, east: f64) -> Option<(f64, f64)> {
    let east = if east < west { east + 360.0 * ((west - east) / 360.0).ceil() } else { east };
    (east - west < 360.0).then_some((west, east))
}

/// The indices of the longitudes in a window. Where the window crosses the seam of the dimension there are two pieces; they come
/// in the order in which the longitudes go on, and each is shifted by full turns so that they do so in numbers too.
#[must_use]
pub(crate) fn window(longitudes: &[f64], (west, east): (f64, f64)) -> Indices {
    let Some(inside) = unrolled(west, east) else {
        return Indices::all(u64::try_from(longitudes.len()).unwrap_or(u64::MAX));
    };
    let turned =
        |index: u64| -> Option<f64> { turns_into(inside, *longitudes.get(usize::try_from(index).ok()?)?) };
    let found =
        Indices::rising((0_u64..).zip(longitudes).filter_map(|(index, _)| turned(index).map(|_| index)));
    let mut pieces = split_where_turned(&found, turned);
    if pieces.len() < 2 {
        // One piece keeps the numbers of its dimension.
        pieces.iter_mut().for_each(|run| run.shift = 0.0);
        return Indices::of_runs(pieces);
    }
    let length = u64::try_from(longitudes.len()).unwrap_or(u64::MAX);
    let starts = pieces.first().is_some_and(|run| run.stride.start == 0);
    let ends = pieces.last().is_some_and(|run| run.stride.at(run.stride.count) == length);
    if pieces.len() == 2 && starts && ends && goes_on(longitudes, &pieces) {
        pieces.rotate_left(1);
    }
    Indices::of_runs(pieces)
}

/// Runs cut where the number of turns changes, each with its shift.
fn split_where_turned(found: &Indices, turned: impl Fn(u64) -> Option<f64>) -> Vec<Run> {
    let mut pieces: Vec<Run> = Vec::new();
    for run in found.runs() {
        let mut first = true;
        for place in 0..run.stride.count {
            let index = run.stride.at(place);
            let shift = turned(index).unwrap_or(0.0) * 360.0;
            match pieces.last_mut() {
                Some(piece) if !first && piece.shift == shift => {
                    piece.stride.count = piece.stride.count.saturating_add(1);
                }
                _ => {
                    let stride = weir_model::Stride { start: index, step: 1, count: 1 };
                    pieces.push(Run { stride, shift });
                }
            }
            first = false;
        }
    }
    pieces
}

/// Whether the longitudes go on, rising or falling as they do inside the dimension, from the last piece to the first.
fn goes_on(longitudes: &[f64], pieces: &[Run]) -> bool {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    let at = |index: usize| longitudes.get(index).copied().unwrap_or(f64::NAN);
    let rises = at(1) > at(0);
    let end = at(longitudes.len().saturating_sub(1)) + last.shift;
    let begin = at(0) + first.shift;
    if rises { end <= begin } else { end >= begin }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(longitudes: &[f64], (west, east): (f64, f64), expected: &[(u64, f64)]) {
        let got: Vec<(u64, f64)> = window(longitudes, (west, east)).iter().collect();
        assert_eq!(got, expected, "{west} to {east}");
    }

    #[test]
    fn windows_across_the_seam_are_joined() {
        let quarters = [0.0, 90.0, 180.0, 270.0];
        check(&quarters, (80.0, 190.0), &[(1, 0.0), (2, 0.0)]);
        check(&quarters, (-100.0, 10.0), &[(3, -360.0), (0, 0.0)]);
        check(&quarters, (260.0, 370.0), &[(3, 0.0), (0, 360.0)]);
        check(&quarters, (-100.0, -80.0), &[(3, 0.0)]);
        check(&quarters, (170.0, -170.0), &[(2, 0.0)]);
        check(&quarters, (-180.0, 180.0), &[(0, 0.0), (1, 0.0), (2, 0.0), (3, 0.0)]);
        let falling = [270.0, 180.0, 90.0, 0.0];
        check(&falling, (-100.0, 10.0), &[(3, 0.0), (0, -360.0)]);
        let signed = [-180.0, -90.0, 0.0, 90.0];
        check(&signed, (80.0, -170.0), &[(3, 0.0), (0, 360.0)]);
        check(&signed, (80.0, 200.0), &[(3, 0.0), (0, 360.0)]);
        check(&[10.0, 20.0], (30.0, 40.0), &[]);
    }

    #[test]
    fn ends_are_inside_as_they_stand() {
        check(&[10.1, 10.3], (10.1, 10.3), &[(0, 0.0), (1, 0.0)]);
        let single = f64::from(10.3_f32);
        check(&[10.1, single], (10.1, 10.3), &[(0, 0.0)]);
        check(&[350.1], (-9.9, -9.9), &[(0, 0.0)]);
    }

    proptest! {
        #[test]
        fn a_window_holds_what_lies_in_it_and_goes_on(
            count in 1_usize..40, start in -40_i32..40, west in -40_i32..80, width in 0_i32..36, falling: bool,
        ) {
            // A grid around the Earth or less, of tens of degrees, so that nothing is rounded.
            let count = count.min(36);
            let mut values: Vec<i32> = (0..count as i32).map(|n| (start + n) * 10).collect();
            if falling { values.reverse(); }
            let numbers: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
            let (west, width) = (west * 10, width * 10);
            let got: Vec<(u64, f64)> = window(&numbers, (f64::from(west), f64::from(west + width))).iter().collect();
            let mut indices: Vec<u64> = got.iter().map(|(index, _)| *index).collect();
            indices.sort_unstable();
            let expected: Vec<u64> = (0..count).filter(|&i| (values[i] - west).rem_euclid(360) <= width).map(|i| i as u64).collect();
            prop_assert_eq!(indices, expected);
            let moved: Vec<f64> = got.iter().map(|(index, shift)| numbers[*index as usize] + shift).collect();
            let sorted = moved.windows(2).all(|pair| if falling { pair[0] > pair[1] } else { pair[0] < pair[1] });
            prop_assert!(sorted, "{moved:?}");
        }
    }
}
