//! Shares along one axis: which values of a coordinate a target takes, and how much of each.

use crate::engine::mapping::Shares;

/// Whether a coordinate goes around the Earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// It does: 0 and 360 are one.
    Turns,
    /// It does not.
    Ends,
}

/// Values in their order around the Earth or from the least to the greatest, with their places.
struct Ordered {
    values: Vec<(f64, u32)>,
    around: Around,
    /// The greatest distance of neighbours, which one at the ends may have to what lies outside.
    step: f64,
}

impl Ordered {
    fn of(values: &[f64], around: Around) -> Self {
        let inside = |value: f64| if around == Around::Turns { value.rem_euclid(360.0) } else { value };
        let numbered = values.iter().zip(0_u32..).filter(|(value, _)| value.is_finite());
        let mut ordered: Vec<(f64, u32)> = numbered.map(|(value, place)| (inside(*value), place)).collect();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let steps = values.windows(2).filter_map(|pair| match pair {
            [a, b] => {
                let apart = (b - a).abs();
                Some(if around == Around::Turns { apart.min((360.0 - apart).abs()) } else { apart })
            }
            _ => None,
        });
        let step = steps.filter(|step| step.is_finite()).fold(0.0, f64::max);
        Self { values: ordered, around, step }
    }

    /// The neighbours of a value, each with how far it is; none where the value lies outside.
    fn neighbours(&self, wanted: f64) -> [Option<(f64, u32)>; 2] {
        let wanted = if self.around == Around::Turns { wanted.rem_euclid(360.0) } else { wanted };
        let behind = self.values.partition_point(|(value, _)| *value <= wanted);
        let apart = |found: Option<&(f64, u32)>, turn: f64| {
            found.map(|(value, place)| ((value + turn - wanted).abs(), *place))
        };
        let before = behind.checked_sub(1);
        let low = before.map(|place| apart(self.values.get(place), 0.0));
        let high = apart(self.values.get(behind), 0.0);
        match self.around {
            Around::Ends => [low.flatten(), high],
            Around::Turns => [
                low.unwrap_or_else(|| apart(self.values.last(), -360.0)),
                high.or_else(|| apart(self.values.first(), 360.0)),
            ],
        }
    }
}

/// How much more than neighbours are apart may lie between the last value and the first of a whole turn.
const SLACK: f64 = 1.0 + 1e-6;

/// The nearest value of each target; none where it lies outside by more than half of what neighbours are apart.
#[must_use]
pub fn nearest(values: &[f64], around: Around, targets: &[f64]) -> Vec<Option<u32>> {
    let ordered = Ordered::of(values, around);
    let reach = if ordered.values.len() < 2 { f64::INFINITY } else { ordered.step / 2.0 * SLACK };
    let near = |wanted: &f64| {
        let [low, high] = ordered.neighbours(*wanted);
        // Of two that are as near, the greater one, as pandas takes it.
        let found = match (low, high) {
            (Some(low), Some(high)) if low.0 < high.0 => Some(low),
            (low, high) => high.or(low),
        };
        found.filter(|(apart, _)| *apart <= reach).map(|(_, place)| place)
    };
    targets.iter().map(near).collect()
}

/// Between the two neighbours of each target, linearly; nothing where it lies outside.
#[must_use]
pub fn linear(values: &[f64], around: Around, targets: &[f64]) -> Shares {
    let ordered = Ordered::of(values, around);
    Shares::of(targets.iter().map(|wanted| match ordered.neighbours(*wanted) {
        [Some((0.0, place)), _] => vec![(place, 1.0)],
        [Some((before, low)), Some((behind, high))]
            if low != high && before + behind <= ordered.step * SLACK =>
        {
            let apart = before + behind;
            vec![(low, behind / apart), (high, before / apart)]
        }
        _ => Vec::new(),
    }))
}

/// The parts of cells that lie between the edges of each target, by `size`: how large what lies between two edges is.
#[must_use]
pub fn overlapping(
    cells: &[[f64; 2]],
    around: Around,
    targets: &[[f64; 2]],
    size: impl Fn(f64, f64) -> f64,
) -> Shares {
    let sides = |[a, b]: [f64; 2]| (a.min(b), a.max(b));
    let turns: &[f64] = match around {
        Around::Ends => &[0.0],
        Around::Turns => &[-1080.0, -720.0, -360.0, 0.0, 360.0, 720.0, 1080.0],
    };
    Shares::of(targets.iter().map(|target| {
        let (low, high) = sides(*target);
        let part = |cell: &[f64; 2]| {
            let (from, to) = sides(*cell);
            let between = |turn: &f64| {
                let (from, to) = ((from + turn).max(low), (to + turn).min(high));
                if from < to { size(from, to) } else { 0.0 }
            };
            turns.iter().map(between).sum::<f64>()
        };
        cells
            .iter()
            .zip(0_u32..)
            .map(|(cell, place)| (place, part(cell)))
            .filter(|(_, part)| *part > 0.0)
            .collect()
    }))
}

/// The edges of cells around values that have none: the middles between neighbours, and as far beyond the first and the last.
#[must_use]
pub fn edges(values: &[f64], around: Around) -> Vec<[f64; 2]> {
    let at = |place: Option<usize>| place.and_then(|place| values.get(place)).copied();
    let whole = if around == Around::Turns { 180.0 } else { 90.0 };
    let apart = |a: f64, b: f64| match around {
        // The short way round.
        Around::Turns => (b - a + 180.0).rem_euclid(360.0) - 180.0,
        Around::Ends => b - a,
    };
    let edge = |(place, value): (usize, &f64)| {
        let (before, behind) = (at(place.checked_sub(1)), at(place.checked_add(1)));
        let back = before.map(|other| apart(*value, other) / 2.0);
        let on = behind.map(|other| apart(*value, other) / 2.0);
        let (back, on) = (back.or(on.map(|on| -on)), on.or(back.map(|back| -back)));
        [value + back.unwrap_or(-whole), value + on.unwrap_or(whole)]
    };
    values.iter().enumerate().map(edge).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_nearest_value_is_taken() {
        let check = |values: &[f64], around, wanted: f64, expected: Option<u32>| {
            assert_eq!(nearest(values, around, &[wanted]), [expected], "{wanted}");
        };
        let globe = [0.0, 90.0, 180.0, 270.0];
        check(&globe, Around::Turns, 350.0, Some(0));
        check(&globe, Around::Turns, -100.0, Some(3));
        check(&globe, Around::Turns, 46.0, Some(1));
        check(&[10.0, 20.0, 30.0], Around::Turns, 36.0, None);
        check(&[30.0, 20.0, 10.0], Around::Ends, 6.0, Some(2));
        check(&[30.0, 20.0, 10.0], Around::Ends, 15.0, Some(1));
        check(&[30.0, 20.0, 10.0], Around::Ends, 4.0, None);
        check(&[7.0], Around::Ends, 40.0, Some(0));
        check(&[], Around::Ends, 40.0, None);
    }

    #[test]
    fn neighbours_have_shares() {
        let check = |values: &[f64], around, wanted: f64, expected: &[(u32, f64)]| {
            assert_eq!(linear(values, around, &[wanted]).at(0), expected, "{wanted}");
        };
        let globe = [0.0, 90.0, 180.0, 270.0];
        check(&globe, Around::Turns, 45.0, &[(0, 0.5), (1, 0.5)]);
        check(&globe, Around::Turns, -45.0, &[(3, 0.5), (0, 0.5)]);
        check(&globe, Around::Turns, 180.0, &[(2, 1.0)]);
        check(&[10.0, 20.0], Around::Turns, 25.0, &[]);
        check(&[20.0, 10.0], Around::Ends, 12.5, &[(1, 0.75), (0, 0.25)]);
        check(&[20.0, 10.0], Around::Ends, 9.0, &[]);
        check(&[20.0], Around::Ends, 21.0, &[]);
    }

    #[test]
    fn cells_without_edges_reach_to_the_middle() {
        assert_eq!(edges(&[10.0, 20.0, 40.0], Around::Ends), [[5.0, 15.0], [15.0, 30.0], [30.0, 50.0]]);
        assert_eq!(edges(&[350.0, 0.0, 10.0], Around::Turns), [[345.0, 355.0], [-5.0, 5.0], [5.0, 15.0]]);
        assert_eq!(edges(&[0.0], Around::Turns), [[-180.0, 180.0]]);
        assert_eq!(edges(&[5.0], Around::Ends), [[-85.0, 95.0]]);
    }

    proptest! {
        /// What targets that cover the Earth take of each cell is the cell.
        #[test]
        fn nothing_is_lost(cells in 1_usize..40, targets in 1_usize..40, turned in -180.0..180.0_f64, other in -180.0..180.0_f64) {
            let cut = |count: usize, from: f64| -> Vec<[f64; 2]> {
                let edge = |n: usize| from + 360.0 * n as f64 / count as f64;
                (0..count).map(|n| [edge(n), edge(n + 1)]).collect()
            };
            let (cells, targets) = (cut(cells, turned), cut(targets, other));
            let shares = overlapping(&cells, Around::Turns, &targets, |a, b| b - a);
            let mut taken = vec![0.0; cells.len()];
            for (target, edges) in targets.iter().enumerate() {
                shares.at(target).iter().for_each(|(place, part)| taken[*place as usize] += part);
                let whole: f64 = shares.at(target).iter().map(|(_, part)| part).sum();
                prop_assert!((whole - (edges[1] - edges[0])).abs() < 1e-9);
            }
            for (taken, cell) in taken.iter().zip(&cells) {
                prop_assert!((taken - (cell[1] - cell[0])).abs() < 1e-9);
            }
        }
    }
}
