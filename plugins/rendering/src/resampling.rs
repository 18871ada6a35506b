//! From a field on a grid to the pixels of a window.

use crate::grid::Shares;
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
            Kind::Cells(cells) => cells.iter().map(|cell| value(*cell)).collect(),
            Kind::Shares(shares) => shares.iter().map(|shares| shares.mean(values)).collect(),
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
    let rows = latitudes.iter().map(|latitude| y.index(*latitude));
    let cell =
        |column: Option<usize>, row: Option<usize>| number(column.zip(row).and_then(|(c, r)| grid.at(c, r)));
    Some(rows.flat_map(|row| columns.iter().map(move |column| cell(*column, row))).collect())
}
