//! From a field on a grid to the pixels of a window.

use rayon::prelude::*;

use crate::grid::Shares;
use crate::pixels::PIECE;
use crate::{Grid, Rectilinear, Window};

/// How a pixel gets its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sampling {
    /// That of the cell that its middle lies in: what is seen are the cells.
    #[default]
    Nearest,
    /// From the cells around: for lines of equal value.
    Smooth,
}

/// Where each pixel of a window gets its value from. It is made once, and serves every field on the grid.
pub struct Resampling {
    of: Kind,
    size: (u32, u32),
}

enum Kind {
    Cells(Vec<u32>),
    Shares(Vec<Shares>),
}

/// No cell.
const NONE: u32 = u32::MAX;

impl Resampling {
    /// Bytes that each pixel takes, for those who ask before they make one.
    #[must_use]
    pub fn bytes_each(sampling: Sampling) -> u64 {
        match sampling {
            Sampling::Nearest => 4,
            Sampling::Smooth => 36,
        }
    }

    /// Looks for the cells of each pixel.
    #[must_use]
    pub fn new(grid: &Grid, window: &Window, sampling: Sampling) -> Self {
        let of = match (sampling, grid) {
            (Sampling::Smooth, _) => Kind::Shares(window.each(Shares::default(), |place| grid.shares(place))),
            (Sampling::Nearest, Grid::Rectilinear(found)) if found.is_geographic() => {
                Kind::Cells(straight(found, window).unwrap_or_else(|| cells(grid, window)))
            }
            (Sampling::Nearest, _) => Kind::Cells(cells(grid, window)),
        };
        Self { of, size: window.size() }
    }

    /// Where each pixel has its value, from the upper left, row by row, for those who have looked for the cells themselves.
    #[must_use]
    pub fn of_cells(cells: impl IntoIterator<Item = Option<u32>>, size: (u32, u32)) -> Self {
        Self { of: Kind::Cells(cells.into_iter().map(|cell| cell.unwrap_or(NONE)).collect()), size }
    }

    /// Width and height, in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The values of the pixels, from the upper left, row by row; NaN where there is none.
    #[must_use]
    pub fn of(&self, values: &[f32]) -> Vec<f32> {
        let value = |cell: u32| {
            usize::try_from(cell).ok().and_then(|cell| values.get(cell)).copied().unwrap_or(f32::NAN)
        };
        match &self.of {
            Kind::Cells(cells) => cells.par_iter().with_min_len(PIECE).map(|cell| value(*cell)).collect(),
            Kind::Shares(shares) => {
                shares.par_iter().with_min_len(PIECE).map(|shares| shares.mean(values)).collect()
            }
        }
    }
}

fn cells(grid: &Grid, window: &Window) -> Vec<u32> {
    window.each(NONE, |place| number(grid.cell(place)))
}

fn number(cell: Option<usize>) -> u32 {
    cell.and_then(|cell| u32::try_from(cell).ok()).unwrap_or(NONE)
}

/// Where columns are meridians on both sides, each column and each row is looked for once.
fn straight(grid: &Rectilinear, window: &Window) -> Option<Vec<u32>> {
    let (longitudes, latitudes) = window.straight()?;
    let (x, y) = grid.axes();
    let columns: Vec<Option<usize>> = longitudes.iter().map(|longitude| x.index(*longitude)).collect();
    let width = columns.len();
    let mut cells = vec![NONE; width.checked_mul(latitudes.len())?];
    let row = |(cells, latitude): (&mut [u32], &f64)| {
        let Some(row) = y.index(*latitude) else { return };
        for (cell, column) in cells.iter_mut().zip(&columns) {
            *cell = column.and_then(|column| grid.at(column, row)).map_or(NONE, |at| number(Some(at)));
        }
    };
    cells.par_chunks_mut(width.max(1)).zip(&latitudes).for_each(row);
    Some(cells)
}
