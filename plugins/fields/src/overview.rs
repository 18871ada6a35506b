//! Overviews: of what is finer than pixels, every so-many-th cell is read.

use weir_cf::grid_mapping::{Order, Pixels};
use weir_cf::horizontal::Horizontal;
use weir_model::Stride;
use weir_plugin_api::Error;
use weir_selection::{Indices, Run};

/// Of places without order, so many are drawn at most.
const MOST_PLACES: u64 = 1 << 19;

/// The horizontal dimensions of a grid, in the order of the variable.
pub(crate) fn dimensions(grid: &Horizontal) -> Vec<usize> {
    let mut dimensions = match grid {
        Horizontal::Rectilinear { y, x, .. } => vec![*y, *x],
        Horizontal::Curvilinear { dimensions, .. } => dimensions.clone(),
        Horizontal::Healpix { dimension, .. } | Horizontal::Points { dimension, .. } => vec![*dimension],
        Horizontal::Unstructured(mesh) => vec![mesh.dimension],
    };
    dimensions.sort_unstable();
    dimensions
}

/// Thins indices so that there are hardly more cells than `pixels` can show: at least one for each pixel is left. Returns the HEALPix
/// cells that are left, where the grid has such.
pub(crate) fn thin(
    grid: &Horizontal,
    indices: &mut [Indices],
    (width, height): (u32, u32),
) -> Result<Option<Pixels>, Error> {
    match grid {
        Horizontal::Rectilinear { y, x, .. } => {
            thin_axis(indices, *x, u64::from(width))?;
            thin_axis(indices, *y, u64::from(height))?;
        }
        Horizontal::Curvilinear { dimensions, .. } => {
            let cells = |axis: &usize| indices.get(*axis).map_or(1, Indices::count);
            let all = dimensions.iter().map(cells).fold(1_u64, u64::saturating_mul);
            // Curved, so that some places are nearer to each other than others: four cells for a pixel.
            let most = u64::from(width).saturating_mul(u64::from(height)).saturating_mul(4).min(MOST_PLACES);
            let step = all.checked_div(most).unwrap_or(1).isqrt().max(1);
            for axis in dimensions {
                step_axis(indices, *axis, step)?;
            }
        }
        Horizontal::Points { dimension, .. } => thin_axis(indices, *dimension, MOST_PLACES)?,
        Horizontal::Unstructured(mesh) => thin_axis(indices, mesh.dimension, MOST_PLACES)?,
        Horizontal::Healpix { pixels, dimension, .. } => {
            return thin_healpix((*pixels, *dimension), indices, u64::from(width) * u64::from(height));
        }
    }
    Ok(None)
}

fn thin_axis(indices: &mut [Indices], axis: usize, most: u64) -> Result<(), Error> {
    let count = indices.get(axis).map_or(1, Indices::count);
    step_axis(indices, axis, count.checked_div(most.max(1)).unwrap_or(1).max(1))
}

fn step_axis(indices: &mut [Indices], axis: usize, step: u64) -> Result<(), Error> {
    if let Some(room) = indices.get_mut(axis) {
        *room = room.thinned(step)?;
    }
    Ok(())
}

/// Of a whole sphere of nested cells, the first of each four (sixteen, ...) stands for the cell around them; of one in rings, one of each
/// two (four, ...) in each second (fourth, ...) ring, near the middle of the cell around it.
fn thin_healpix(
    (pixels, dimension): (Pixels, usize),
    indices: &mut [Indices],
    shown: u64,
) -> Result<Option<Pixels>, Error> {
    let count = indices.get(dimension).map_or(0, Indices::count);
    let mut coarse = pixels;
    if count == pixels.cells() {
        // A map of the world shows about two thirds of the pixels of its picture; a region has fewer cells in it.
        while coarse.nside > 1
            && coarse.nside.is_multiple_of(2)
            && coarse.cells() / 4 >= shown.saturating_mul(4)
        {
            coarse.nside /= 2;
        }
    }
    if let (true, Some(room)) = (coarse != pixels, indices.get_mut(dimension)) {
        *room = match pixels.order {
            Order::Nested => {
                let step = pixels.cells() / coarse.cells();
                Indices::stride(Stride { start: 0, step, count: coarse.cells() })
            }
            Order::Ring => Indices::of_runs(rings(pixels.nside, coarse.nside)),
        };
    }
    Ok(Some(coarse))
}

/// For each ring of a coarse sphere, the cells of a fine one that stand for its cells. The fine ring of the same latitude is the one whose
/// number is that of the coarse one times the quotient of both resolutions; its cells lie half a cell beside the coarse middles.
fn rings(fine: u64, coarse: u64) -> Vec<Run> {
    let step = fine.checked_div(coarse).unwrap_or(1).max(1);
    let ring = |ring: u64| {
        let in_belt = (coarse..=3 * coarse).contains(&ring);
        let count = 4 * if in_belt { coarse } else { ring.min(4 * coarse - ring) };
        // Every second ring of the belt begins at the meridian of Greenwich.
        let at_zero = in_belt && !(ring - coarse).is_multiple_of(2);
        let start = before(fine, ring * step) + if at_zero { 0 } else { step / 2 };
        Run { stride: Stride { start, step, count }, shift: 0.0 }
    };
    (1..4 * coarse).map(ring).collect()
}

/// How many cells lie north of a ring, which counts from 1 to four times `nside` without one.
fn before(nside: u64, ring: u64) -> u64 {
    let cap = |rings: u64| 2 * rings * (rings + 1);
    if ring <= nside {
        cap(ring - 1)
    } else if ring <= 3 * nside {
        cap(nside - 1) + (ring - nside) * 4 * nside
    } else {
        12 * nside * nside - cap(4 * nside - ring)
    }
}

#[cfg(test)]
mod tests {
    use weir_cf::axes::Kind;

    use super::*;

    fn check(grid: &Horizontal, lengths: &[u64], expected: &[u64]) {
        let mut indices: Vec<Indices> = lengths.iter().map(|length| Indices::all(*length)).collect();
        thin(grid, &mut indices, (800, 400)).unwrap();
        assert_eq!(indices.iter().map(Indices::count).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_finer_than_pixels_is_thinned() {
        let rectilinear = Horizontal::Rectilinear { y: 1, x: 2, measured: Kind::Longitude };
        check(&rectilinear, &[12, 180, 360], &[12, 180, 360]);
        check(&rectilinear, &[12, 18_000, 36_000], &[12, 400, 800]);
        check(&rectilinear, &[12, 799, 1601], &[12, 799, 801]);
        let curvilinear = Horizontal::Curvilinear {
            dimensions: vec![0, 1],
            longitude: String::new(),
            latitude: String::new(),
        };
        check(&curvilinear, &[1000, 1000], &[1000, 1000]);
        check(&curvilinear, &[10_000, 10_000], &[770, 770]);
        let points = Horizontal::Points { dimension: 0, longitude: String::new(), latitude: String::new() };
        check(&points, &[20_971_520], &[524_288]);
        let healpix = |order| Horizontal::Healpix {
            pixels: Pixels { nside: 4096, order },
            dimension: 0,
            numbers: None,
        };
        check(&healpix(Order::Nested), &[12 * 4096 * 4096], &[12 * 512 * 512]);
        check(&healpix(Order::Ring), &[12 * 4096 * 4096], &[12 * 512 * 512]);
        check(&healpix(Order::Ring), &[7 * 4096 * 4096], &[7 * 4096 * 4096]);
    }

    /// What stands for a cell of a coarse sphere lies beside its middle.
    #[test]
    fn rings_are_thinned_in_place() {
        for (fine, coarse) in [(2, 1), (8, 4), (64, 8), (6, 3)] {
            let pixels = |nside| Pixels { nside, order: Order::Ring };
            let chosen: Vec<u64> =
                Indices::of_runs(rings(fine, coarse)).iter().map(|(index, _)| index).collect();
            assert_eq!(chosen.len() as u64, pixels(coarse).cells());
            assert!(chosen.is_sorted_by(|a, b| a < b));
            for (cell, index) in chosen.iter().enumerate() {
                let (wanted, found) = (pixels(coarse).centre(cell as u64), pixels(fine).centre(*index));
                let ((a, b), (x, y)) = (wanted.unwrap(), found.unwrap());
                let east = ((a - x + 180.0).rem_euclid(360.0) - 180.0) * b.to_radians().cos();
                assert!(
                    (b - y).abs() < 1e-9 && east.abs() < 60.0 / fine as f64,
                    "{fine} {cell}: {a} {b}, {x} {y}"
                );
            }
        }
    }
}
