//! Lines of equal value over pixels: marching squares.
//!
//! Own code, because values may be missing: a square with a missing corner has no line, while crates draw one around it.

use std::collections::HashMap;

/// A crossing of the line and an edge between two neighbouring values, by the number of the value and the direction.
type Edge = (usize, bool);

/// The lines along which values of a raster equal `level`, as points in pixels: the value of a pixel stands in its middle. Closed lines
/// end where they begin.
#[must_use]
pub fn contour_lines(values: &[f32], (width, height): (u32, u32), level: f64) -> Vec<Vec<(f64, f64)>> {
    let (Ok(width), Ok(height)) = (usize::try_from(width), usize::try_from(height)) else {
        return Vec::new();
    };
    let raster = Raster { values, width, level };
    let mut next: HashMap<Edge, Vec<Edge>> = HashMap::new();
    for row in 0..height.saturating_sub(1) {
        for column in 0..width.saturating_sub(1) {
            for (a, b) in raster.square(row.saturating_mul(width).saturating_add(column)) {
                next.entry(a).or_default().push(b);
                next.entry(b).or_default().push(a);
            }
        }
    }
    let chains = chains(next);
    chains
        .into_iter()
        .map(|chain| chain.into_iter().filter_map(|edge| raster.point(edge)).collect())
        .collect()
}

struct Raster<'a> {
    values: &'a [f32],
    width: usize,
    level: f64,
}

impl Raster<'_> {
    fn at(&self, index: usize) -> f64 {
        self.values.get(index).map_or(f64::NAN, |value| f64::from(*value))
    }

    /// The lines through the square whose upper left value is at `index`.
    fn square(&self, index: usize) -> Vec<(Edge, Edge)> {
        let below = index.saturating_add(self.width);
        let (right, across) = (index.saturating_add(1), below.saturating_add(1));
        let corners = [index, right, across, below].map(|corner| self.at(corner));
        if corners.iter().any(|value| value.is_nan()) {
            return Vec::new();
        }
        let above = corners.map(|value| value >= self.level);
        // Top, right, bottom, left.
        let edges: [Edge; 4] = [(index, true), (right, false), (below, true), (index, false)];
        let [a, b, c, d] = above;
        let crossed = [a != b, b != c, c != d, d != a];
        let mut found = edges.into_iter().zip(crossed).filter(|(_, crossed)| *crossed).map(|(edge, _)| edge);
        match (found.next(), found.next(), found.next(), found.next()) {
            (Some(first), Some(second), None, _) => vec![(first, second)],
            (Some(top), Some(right), Some(bottom), Some(left)) => {
                // A saddle: the mean says which corners belong together.
                let mean = corners.iter().sum::<f64>() / 4.0;
                if (mean >= self.level) == a {
                    vec![(top, right), (bottom, left)]
                } else {
                    vec![(top, left), (right, bottom)]
                }
            }
            _ => Vec::new(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "pixels fit 53 bits")]
    fn point(&self, (index, along): Edge) -> Option<(f64, f64)> {
        let other = if along { index.checked_add(1)? } else { index.checked_add(self.width)? };
        let (from, to) = (self.at(index), self.at(other));
        let part = ((self.level - from) / (to - from)).clamp(0.0, 1.0);
        let part = if part.is_finite() { part } else { 0.5 };
        let (x, y) =
            (index.checked_rem(self.width)? as f64 + 0.5, index.checked_div(self.width)? as f64 + 0.5);
        Some(if along { (x + part, y) } else { (x, y + part) })
    }
}

/// Puts pieces together that share a crossing.
fn chains(mut next: HashMap<Edge, Vec<Edge>>) -> Vec<Vec<Edge>> {
    let mut starts: Vec<Edge> = next.keys().copied().collect();
    // Open lines begin at their ends; a fixed order makes pictures the same each time.
    starts.sort_unstable();
    starts.sort_by_key(|edge| next.get(edge).map_or(0, Vec::len));
    let mut chains = Vec::new();
    for start in starts {
        while next.get(&start).is_some_and(|others| !others.is_empty()) {
            let mut chain = vec![start];
            let mut here = start;
            while let Some(there) = next.get_mut(&here).and_then(Vec::pop) {
                if let Some(back) = next.get_mut(&there)
                    && let Some(place) = back.iter().position(|edge| *edge == here)
                {
                    back.swap_remove(place);
                }
                chain.push(there);
                here = there;
                if here == start {
                    break;
                }
            }
            chains.push(chain);
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_has_a_straight_line() {
        let values: Vec<f32> = (0..20_u8).map(|n| f32::from(n % 5)).collect();
        let lines = contour_lines(&values, (5, 4), 2.25);
        assert_eq!(lines, [vec![(2.75, 0.5), (2.75, 1.5), (2.75, 2.5), (2.75, 3.5)]]);
        assert!(contour_lines(&values, (5, 4), 7.0).is_empty());
    }

    #[test]
    fn a_hill_has_closed_lines_of_its_shape() {
        let size = 41_u32;
        let value = |n: u32| -(f64::from(n % size) - 20.0).hypot(f64::from(n / size) - 20.0);
        #[expect(clippy::cast_possible_truncation, reason = "test")]
        let values: Vec<f32> = (0..size * size).map(|n| value(n) as f32).collect();
        let lines = contour_lines(&values, (size, size), -10.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        for (x, y) in &lines[0] {
            assert!(((x - 20.5).hypot(y - 20.5) - 10.0).abs() < 0.05);
        }
    }

    #[test]
    fn missing_values_have_no_lines_around_them() {
        let mut values: Vec<f32> = (0..25_u8).map(|n| f32::from(n % 5)).collect();
        values[12] = f32::NAN;
        let lines = contour_lines(&values, (5, 5), 1.5);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(contour_lines(&[f32::NAN; 25], (5, 5), 0.0).is_empty());
        assert!(contour_lines(&[1.0], (1, 1), 1.0).is_empty());
        assert!(contour_lines(&[], (3, 3), 1.0).is_empty());
    }

    #[test]
    fn saddles_have_two_lines() {
        assert_eq!(contour_lines(&[1.0, 0.0, 0.0, 1.0], (2, 2), 0.5).len(), 2);
        assert_eq!(contour_lines(&[0.0, 1.0, 1.0, 0.0], (2, 2), 0.4).len(), 2);
    }
}
