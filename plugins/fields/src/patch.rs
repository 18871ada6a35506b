//! The part of a field that the pixels of a window show: only the cells that some pixel lies in are read.

use weir_cf::grid_mapping::{Order, Pixels};
use weir_cf::horizontal::Horizontal;
use weir_model::Stride;
use weir_plugin_api::Error;
use weir_rendering::{Bounds, Grid, Place, Rectilinear, Resampling, Sampling, Window};
use weir_selection::{Axes, Indices, Run};

use crate::along::Along;
use crate::{Laid, bytes_of, values};

/// What of a variable the pixels of a window show, and where each pixel has its value.
///
/// Of regular grids and whole spheres of HEALPix, these are the cells that pixels lie in, thinned where several share a pixel; of other
/// grids, all cells, thinned as [`Laid::thin`] does it.
pub struct Patch {
    /// Along each dimension; nothing is selected where no cell is seen.
    indices: Option<Vec<Indices>>,
    cells: Resampling,
}

/// Asks whether so many bytes may be taken.
pub type Admit<'a> = &'a dyn Fn(u64) -> Result<(), Error>;

impl Patch {
    /// The part that a window shows at single indices along the dimensions that are not horizontal: `at` has indices along each
    /// dimension, of which those along the horizontal ones say nothing. All memory that it takes is asked for.
    ///
    /// # Errors
    /// As [`Laid::grid`], and those of `admit`.
    pub fn of(
        laid: &Laid,
        axes: &Axes<'_>,
        (window, at): (&Window, &[Indices]),
        admit: Admit<'_>,
    ) -> Result<Self, Error> {
        let (width, height) = window.size();
        let pixels = u64::from(width).saturating_mul(u64::from(height));
        // A column and a row for each pixel, its cell, its value.
        admit(pixels.saturating_mul(32))?;
        let patch = match laid.horizontal() {
            Horizontal::Rectilinear { y, x, .. } => {
                let whole = laid.whole(axes, at);
                match laid.grid(axes, &whole)? {
                    Grid::Rectilinear(grid) => regular(&grid, (*x, *y), (window, at)),
                    _ => Err(Error::internal("a rectilinear grid is none")),
                }
            }
            Horizontal::Healpix { pixels, dimension, numbers: None } => {
                healpix((*pixels, *dimension), (window, at))
            }
            _ => thinned(laid.clone(), axes, (window, at), admit),
        }?;
        if let Some(indices) = &patch.indices {
            let elements = indices.iter().map(Indices::count).try_fold(1_u64, u64::checked_mul);
            let elements =
                elements.ok_or_else(|| Error::too_large("more cells are seen than 64 bits can count"))?;
            if let Some(variable) = axes.schema().variable(axes.path()) {
                admit(bytes_of(variable, elements)?)?;
            }
        }
        Ok(patch)
    }

    /// Reads the values of the pixels, from the upper left, row by row; NaN where there is none.
    ///
    /// # Errors
    /// As [`values`].
    pub fn values(&self, axes: &Axes<'_>) -> Result<Vec<f32>, Error> {
        let read = self.indices.as_ref().map_or(Ok(Vec::new()), |indices| values(axes, indices))?;
        Ok(self.cells.of(&read))
    }

    /// What is read along each dimension; `None` where no pixel shows a cell.
    #[must_use]
    pub fn indices(&self) -> Option<&[Indices]> {
        self.indices.as_deref()
    }
}

/// Cells of a grid of columns and rows.
fn regular(
    grid: &Rectilinear,
    (x, y): (usize, usize),
    (window, at): (&Window, &[Indices]),
) -> Result<Patch, Error> {
    let narrow = |(column, row): (usize, usize)| u32::try_from(column).ok().zip(u32::try_from(row).ok());
    let seen: Vec<Option<(u32, u32)>> = window.each(None, |place| grid.indices(place).and_then(narrow));
    let (width, height) = window.size();
    let lengths = (grid.axes().0.len(), grid.axes().1.len());
    let columns = Along::of(seen.iter().flatten().map(|(column, _)| *column), (lengths.0, width));
    let rows = Along::of(seen.iter().flatten().map(|(_, row)| *row), (lengths.1, height));
    let (Some(columns), Some(rows)) = (columns, rows) else {
        return Ok(Patch {
            indices: None,
            cells: Resampling::of_cells(seen.iter().map(|_| None), window.size()),
        });
    };
    let (columns_read, rows_read) = (columns.indices(), rows.indices());
    let (wide, high) = (columns_read.count(), rows_read.count());
    let cell = |(column, row): (u32, u32)| {
        let (column, row) = (columns.place(column)?, rows.place(row)?);
        let flat = if y < x {
            row.checked_mul(wide)?.checked_add(column)?
        } else {
            column.checked_mul(high)?.checked_add(row)?
        };
        u32::try_from(flat).ok()
    };
    let cells = Resampling::of_cells(seen.iter().map(|seen| seen.and_then(cell)), window.size());
    let mut indices = at.to_vec();
    for (axis, read) in [(x, columns_read), (y, rows_read)] {
        *indices
            .get_mut(axis)
            .ok_or_else(|| Error::internal("a grid has more dimensions than its variable"))? = read;
    }
    Ok(Patch { indices: Some(indices), cells })
}

/// Cells of a whole sphere, whose number is their index.
fn healpix(
    (pixels, dimension): (Pixels, usize),
    (window, at): (&Window, &[Indices]),
) -> Result<Patch, Error> {
    let coarse = coarse(pixels, pixel_degrees(window));
    let step = pixels.cells().checked_div(coarse.cells()).unwrap_or(1).max(1);
    let signed =
        |place: Place| coarse.cell((place.longitude + 180.0).rem_euclid(360.0) - 180.0, place.latitude);
    let seen: Vec<Option<u64>> = window.each(None, signed);
    let mut numbers: Vec<u64> = seen.iter().flatten().copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let runs = joined(&numbers);
    let starts: Vec<u64> = runs
        .iter()
        .scan(0_u64, |before, (_, count)| {
            let start = *before;
            *before = before.saturating_add(*count);
            Some(start)
        })
        .collect();
    let cell = |number: u64| {
        let run = runs.partition_point(|(start, _)| *start <= number).checked_sub(1)?;
        let place = number.checked_sub(runs.get(run)?.0)?.checked_add(*starts.get(run)?)?;
        u32::try_from(place).ok()
    };
    let cells = Resampling::of_cells(seen.iter().map(|seen| seen.and_then(cell)), window.size());
    let strides = runs.iter().map(|(start, count)| Run {
        stride: Stride { start: start.saturating_mul(step), step, count: *count },
        shift: 0.0,
    });
    let mut indices = at.to_vec();
    if let Some(room) = indices.get_mut(dimension) {
        *room = Indices::of_runs(strides.collect());
    }
    let nothing = numbers.is_empty();
    Ok(Patch { indices: (!nothing).then_some(indices), cells })
}

/// Cells that are hardly finer than pixels: of nested ones, the first of each four (sixteen, ...) stands for the cell around them.
fn coarse(pixels: Pixels, degrees: f64) -> Pixels {
    let mut coarse = pixels;
    if pixels.order == Order::Nested {
        while coarse.nside > 1 && 58.6 / (coarse.nside as f64 / 2.0) <= degrees {
            coarse.nside /= 2;
        }
    }
    coarse
}

/// How many degrees of the Earth a pixel in the middle shows, about.
fn pixel_degrees(window: &Window) -> f64 {
    let (width, height) = window.size();
    let (column, row) = (width / 2, height / 2);
    let here = window.place(column, row);
    let near = |column: u32, row: u32| {
        let (here, there) = (here?, window.place(column, row)?);
        let east = ((there.longitude - here.longitude + 180.0).rem_euclid(360.0) - 180.0)
            * here.latitude.to_radians().cos();
        Some(east.hypot(there.latitude - here.latitude)).filter(|degrees| *degrees > 0.0)
    };
    let beside = [near(column.saturating_add(1), row), near(column, row.saturating_add(1))];
    // Where the middle shows no place, nothing is thinned.
    beside.into_iter().flatten().reduce(f64::min).unwrap_or_default()
}

/// Of rising numbers, runs (start and count); those near each other become one until there are not many.
fn joined(numbers: &[u64]) -> Vec<(u64, u64)> {
    const MOST_RUNS: usize = 512;
    let mut gap = 0_u64;
    loop {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((start, count)) if number.saturating_sub(start.saturating_add(*count)) <= gap => {
                    *count = number.saturating_sub(*start).saturating_add(1);
                }
                _ => runs.push((*number, 1)),
            }
        }
        if runs.len() <= MOST_RUNS || gap > 1 << 12 {
            return runs;
        }
        gap = gap.saturating_mul(2).max(4);
    }
}

/// All cells, thinned.
fn thinned(
    mut laid: Laid,
    axes: &Axes<'_>,
    (window, at): (&Window, &[Indices]),
    admit: Admit<'_>,
) -> Result<Patch, Error> {
    let mut indices = laid.whole(axes, at);
    // The data may cover more than is seen: as many cells are left of it as if all pixels of the world were of this size.
    laid.thin(&mut indices, world_in_pixels(window))?;
    admit(laid.bytes(laid.cells(&indices)?))?;
    let grid = laid.grid(axes, &indices)?;
    Ok(Patch { cells: Resampling::new(&grid, window, Sampling::Nearest), indices: Some(indices) })
}

/// Columns and rows of a picture of the whole Earth in pixels of a window.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within limits")]
fn world_in_pixels(window: &Window) -> (u32, u32) {
    let (width, height) = window.size();
    let degrees = pixel_degrees(window);
    let Bounds { west, east, south, north } = Bounds::WORLD;
    let pixels = |degrees_in_all: f64, least: u32| {
        let pixels = if degrees > 0.0 { degrees_in_all / degrees } else { f64::INFINITY };
        (pixels.clamp(1.0, 65_536.0) as u32).max(least)
    };
    (pixels(east - west, width), pixels(north - south, height))
}
