//! Windows of values, and the nearest value, along one dimension.

use crate::Indices;

/// The indices of the values from `low` to `high`, ends included, whatever order the values have; NaN lies in no window.
#[must_use]
pub(crate) fn window(values: &[f64], (low, high): (f64, f64)) -> Indices {
    Indices::rising(
        (0_u64..).zip(values).filter(|(_, value)| (low..=high).contains(value)).map(|(index, _)| index),
    )
}

/// The index of the value nearest to `wanted`; of two that are as near, that of the greater, as pandas takes it. `None` where no
/// value is a number.
#[must_use]
pub(crate) fn nearest(values: &[f64], wanted: f64) -> Option<u64> {
    let mut best: Option<(f64, f64, u64)> = None;
    for (index, value) in (0_u64..).zip(values).filter(|(_, value)| value.is_finite()) {
        let distance = (value - wanted).abs();
        let better = best.is_none_or(|(least, at, _)| distance < least || (distance == least && *value > at));
        if better {
            best = Some((distance, *value, index));
        }
    }
    best.map(|(_, _, index)| index)
}

/// By how much a value may lie outside the first and the last of some: as far as the nearest neighbours are apart, where there
/// are two, so that what lies in the outermost cells is inside.
#[must_use]
pub(crate) fn reaches(values: &[f64], wanted: f64) -> bool {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let widest = values.windows(2).filter_map(|pair| match pair {
        [a, b] => Some((b - a).abs()).filter(|width| width.is_finite()),
        _ => None,
    });
    let margin = widest.fold(0.0, f64::max);
    // One value alone says nothing of how far it reaches.
    values.len() < 2 || (low - margin..=high + margin).contains(&wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(indices: &Indices) -> Vec<u64> {
        indices.iter().map(|(index, _)| index).collect()
    }

    #[test]
    fn windows_hold_their_ends_on_rising_and_falling_values() {
        let check = |values: &[f64], low: f64, high: f64, expected: &[u64]| {
            assert_eq!(listed(&window(values, (low, high))), expected, "{values:?} {low} {high}");
        };
        check(&[1.0, 2.0, 3.0, 4.0], 2.0, 3.0, &[1, 2]);
        check(&[4.0, 3.0, 2.0, 1.0], 2.0, 3.0, &[1, 2]);
        check(&[4.0, f64::NAN, 2.0], f64::NEG_INFINITY, f64::INFINITY, &[0, 2]);
        check(&[1.0, 2.0], 5.0, 6.0, &[]);
        check(&[1.0, 9.0, 2.0, 8.0], 0.0, 5.0, &[0, 2]);
    }

    #[test]
    fn of_two_as_near_the_greater_is_taken() {
        assert_eq!(nearest(&[1.0, 2.0, 3.0], 1.5), Some(1));
        assert_eq!(nearest(&[3.0, 2.0, 1.0], 1.5), Some(1));
        assert_eq!(nearest(&[f64::NAN, 7.0], -5.0), Some(1));
        assert_eq!(nearest(&[f64::NAN], 1.0), None);
        assert_eq!(nearest(&[], 1.0), None);
    }

    #[test]
    fn outermost_cells_reach_a_step_farther() {
        assert!(reaches(&[0.0, 10.0, 20.0], 29.0) && !reaches(&[0.0, 10.0, 20.0], 31.0));
        assert!(reaches(&[20.0, 10.0], 1.0) && !reaches(&[20.0, 10.0], -1.0));
        assert!(reaches(&[2.0], 100.0));
    }

    proptest! {
        #[test]
        fn windows_equal_a_filter(mut values in prop::collection::vec(-50_i32..50, 0..30), falling: bool, a in -60_i32..60, b in -60_i32..60) {
            values.sort_unstable();
            values.dedup();
            if falling { values.reverse(); }
            let numbers: Vec<f64> = values.iter().copied().map(f64::from).collect();
            let (low, high) = (a.min(b), a.max(b));
            let got = window(&numbers, (f64::from(low), f64::from(high)));
            let expected: Vec<u64> = (0..values.len()).filter(|&i| values[i] >= low && values[i] <= high).map(|i| i as u64).collect();
            prop_assert_eq!(listed(&got), expected);
            prop_assert!(got.runs().len() <= 1);
            if let Some(found) = nearest(&numbers, f64::from(a)) {
                let least = values.iter().map(|value| (value - a).abs()).min();
                prop_assert_eq!(Some((values[found as usize] - a).abs()), least);
            }
        }
    }
}
