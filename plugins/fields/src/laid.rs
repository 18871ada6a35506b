//! How a variable lies on the Earth.

use weir_cf::grid_mapping::Pixels;
use weir_cf::horizontal::Horizontal;
use weir_model::Schema;
use weir_plugin_api::Error;
use weir_rendering::{Bounds, Grid};
use weir_selection::{Axes, Indices};

use crate::corners::Corners;
use crate::patch::Admit;
use crate::{grids, overview};

/// How a variable lies on the Earth: its kind of grid, by names and attributes alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Laid {
    horizontal: Horizontal,
    /// The HEALPix cells that are left, where they were thinned.
    coarse: Option<Pixels>,
    /// How the corners of cells are told, where they are, and no cell between them is left out.
    corners: Option<Corners>,
}

impl Laid {
    /// The horizontal grid of the variable at `path`.
    ///
    /// # Errors
    /// `Unsupported` where nothing says where its values lie.
    pub fn of(schema: &Schema, path: &str) -> Result<Self, Error> {
        let horizontal = grids::found(schema, path)?;
        Ok(Self { corners: Corners::of(schema, path, &horizontal), horizontal, coarse: None })
    }

    /// The kind of grid.
    #[must_use]
    pub fn horizontal(&self) -> &Horizontal {
        &self.horizontal
    }

    /// The horizontal dimensions, in the order of the variable.
    #[must_use]
    pub fn dimensions(&self) -> Vec<usize> {
        overview::dimensions(&self.horizontal)
    }

    /// Thins indices so that there are hardly more cells than so many columns and rows of pixels can show; where pixels are the finer
    /// ones, all are left.
    ///
    /// # Errors
    /// Where indices cannot be thinned.
    pub fn thin(&mut self, indices: &mut [Indices], size: (u32, u32)) -> Result<(), Error> {
        let counted = |indices: &[Indices]| -> Vec<u64> { indices.iter().map(Indices::count).collect() };
        let before = counted(indices);
        self.coarse = overview::thin(&self.horizontal, indices, size)?;
        if counted(indices) != before {
            self.corners = None;
        }
        Ok(())
    }

    /// Bytes that the grid of so many cells takes, while it is read and afterwards.
    #[must_use]
    pub fn bytes(&self, cells: u64) -> u64 {
        let corners = self.shaped(cells).map_or(0, |corners| corners.bytes(cells));
        grids::bytes_of(&self.horizontal, cells).saturating_add(corners)
    }

    /// Reads the coordinates of the cells at `indices` (one set for each dimension of the variable). The values at these indices, with
    /// one index along each dimension that is not horizontal, are in the order of the grid's cells.
    ///
    /// # Errors
    /// `Unsupported` where coordinates are not there, or are none; whatever keeps them from being read.
    pub fn grid(&self, axes: &Axes<'_>, indices: &[Indices]) -> Result<Grid, Error> {
        let cells = self.dimensions().into_iter().filter_map(|axis| indices.get(axis)).map(Indices::count);
        let corners = self.shaped(cells.fold(1, u64::saturating_mul));
        grids::read(axes, indices, (&self.horizontal, self.coarse, corners))
    }

    fn shaped(&self, cells: u64) -> Option<&Corners> {
        self.corners.as_ref().filter(|corners| corners.fits(cells))
    }

    /// Whether the coordinates that say where it lies are there, by names and attributes alone.
    ///
    /// # Errors
    /// As [`grid`](Self::grid).
    pub fn told(&self, schema: &Schema, path: &str) -> Result<(), Error> {
        grids::told(schema, path, &self.horizontal)
    }

    /// All indices along the horizontal dimensions, and those of `at` along the others.
    #[must_use]
    pub fn whole(&self, axes: &Axes<'_>, at: &[Indices]) -> Vec<Indices> {
        let horizontal = self.dimensions();
        let along = axes.along().iter().enumerate();
        along
            .map(|(axis, along)| match at.get(axis) {
                Some(chosen) if !horizontal.contains(&axis) => chosen.clone(),
                _ => Indices::all(along.length),
            })
            .collect()
    }

    /// How many cells are at indices along each dimension.
    ///
    /// # Errors
    /// `TooLarge` for more than 64 bits can count.
    pub fn cells(&self, indices: &[Indices]) -> Result<u64, Error> {
        let along = self.dimensions();
        let counts = along.iter().filter_map(|axis| indices.get(*axis)).map(Indices::count);
        counts
            .into_iter()
            .try_fold(1_u64, u64::checked_mul)
            .ok_or_else(|| Error::too_large("more cells are selected than 64 bits can count"))
    }

    /// The part of the Earth that the variable covers; `None` where no cell lies anywhere. Of many places without order, some are
    /// looked at. All memory that it takes is asked for.
    ///
    /// # Errors
    /// As [`grid`](Self::grid), and those of `admit`.
    pub fn bounds(&self, axes: &Axes<'_>, admit: Admit<'_>) -> Result<Option<Bounds>, Error> {
        let mut laid = self.clone();
        let mut indices = laid.whole(axes, &[]);
        for (axis, indices) in indices.iter_mut().enumerate() {
            if !laid.dimensions().contains(&axis) {
                *indices = Indices::one(0);
            }
        }
        if !matches!(laid.horizontal, Horizontal::Rectilinear { .. }) {
            laid.thin(&mut indices, (256, 128))?;
        }
        admit(laid.bytes(laid.cells(&indices)?))?;
        Ok(laid.grid(axes, &indices)?.bounds())
    }
}
