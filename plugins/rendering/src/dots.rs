//! Dots: each value at its place.

use crate::{Grid, Window};

/// How far a dot reaches from its middle, in pixels.
const RADIUS: i64 = 2;

/// The values of the pixels of a window where each place of a grid is a dot; where dots lie over each other, that of the later value is
/// seen. NaN where there is none.
#[must_use]
pub fn scattered(grid: &Grid, window: &Window, values: &[f32]) -> Vec<f32> {
    let (width, height) = window.size();
    let count = usize::try_from(u64::from(width) * u64::from(height)).unwrap_or_default();
    let mut pixels = vec![f32::NAN; count];
    let mut places: Vec<_> = grid.places().collect();
    // A tree has an order of its own.
    places.sort_by_key(|(_, index)| *index);
    for (place, index) in places {
        let value = values.get(index).copied().filter(|value| !value.is_nan());
        if let (Some(value), Some(point)) = (value, window.point(place)) {
            dot(&mut pixels, (width, height), (point, value));
        }
    }
    pixels
}

#[expect(clippy::cast_possible_truncation, reason = "what is far outside stays there")]
fn dot(pixels: &mut [f32], (width, height): (u32, u32), ((x, y), value): ((f64, f64), f32)) {
    let (column, row) = (x.floor() as i64, y.floor() as i64);
    for down in -RADIUS..=RADIUS {
        for right in -RADIUS..=RADIUS {
            let (column, row) = (column.saturating_add(right), row.saturating_add(down));
            let inside = (0..i64::from(width)).contains(&column) && (0..i64::from(height)).contains(&row);
            if inside && right * right + down * down <= RADIUS * RADIUS + 1 {
                let place = row.saturating_mul(i64::from(width)).saturating_add(column);
                if let Some(pixel) = usize::try_from(place).ok().and_then(|place| pixels.get_mut(place)) {
                    *pixel = value;
                }
            }
        }
    }
}
