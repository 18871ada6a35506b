//! The cell at a place.

use weir_cf::horizontal::Horizontal;
use weir_plugin_api::Error;
use weir_rendering::{Grid, Place};
use weir_selection::{Axes, Indices};

use crate::Laid;
use crate::patch::Admit;

/// A cell of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its index along each horizontal dimension: the place of the dimension, and the index.
    pub indices: Vec<(usize, u64)>,
    /// Where its middle is.
    pub place: Place,
}

impl Laid {
    /// The cell that a place lies in; `None` where none is there. `at` has indices along each dimension, of which those along the
    /// horizontal ones say nothing. All memory that it takes is asked for.
    ///
    /// # Errors
    /// As [`Laid::grid`], and those of `admit`.
    pub fn cell(
        &self,
        axes: &Axes<'_>,
        (place, at): (Place, &[Indices]),
        admit: Admit<'_>,
    ) -> Result<Option<Cell>, Error> {
        if let Horizontal::Healpix { pixels, dimension, numbers: None } = self.horizontal() {
            let number = pixels.cell((place.longitude + 180.0).rem_euclid(360.0) - 180.0, place.latitude);
            let found = number.and_then(|number| Some((number, pixels.centre(number)?)));
            return Ok(found.map(|(number, (longitude, latitude))| Cell {
                indices: vec![(*dimension, number)],
                place: Place { longitude, latitude },
            }));
        }
        let mut laid = self.clone();
        let mut indices = laid.whole(axes, at);
        let all = laid.cells(&indices)?;
        laid.thin(&mut indices, (u32::MAX, u32::MAX))?;
        let left = laid.cells(&indices)?;
        admit(laid.bytes(left))?;
        match laid.grid(axes, &indices)? {
            Grid::Rectilinear(grid) => {
                let Horizontal::Rectilinear { y, x, .. } = self.horizontal() else { return Ok(None) };
                let found = grid.indices(place).and_then(|(column, row)| {
                    let (wide_column, wide_row) = (u64::try_from(column).ok()?, u64::try_from(row).ok()?);
                    let indices = vec![(*y, wide_row), (*x, wide_column)];
                    Some(Cell { indices, place: grid.place(column, row)? })
                });
                Ok(found)
            }
            grid if left == all => {
                let found = grid.cell(place).and_then(|cell| {
                    let (middle, _) = grid.places().find(|(_, at)| *at == cell)?;
                    Some(Cell { indices: self.unravelled(cell, &indices)?, place: middle })
                });
                Ok(found)
            }
            // Of what was thinned, only whether something is here is known.
            grid if grid.cell(place).is_none() => Ok(None),
            _ => nearest(axes, place),
        }
    }

    /// The index along each horizontal dimension of the cell at a place of row-major data.
    fn unravelled(&self, cell: usize, indices: &[Indices]) -> Option<Vec<(usize, u64)>> {
        let mut left = u64::try_from(cell).ok()?;
        let mut found = Vec::new();
        for axis in self.dimensions().into_iter().rev() {
            let along = indices.get(axis)?;
            let place = left.checked_rem(along.count())?;
            left = left.checked_div(along.count())?;
            found.push((axis, along.part(place, 1).iter().next()?.0));
        }
        found.reverse();
        Some(found)
    }
}

fn nearest(axes: &Axes<'_>, place: Place) -> Result<Option<Cell>, Error> {
    let wanted = weir_selection::Place::new(place.longitude, place.latitude)?;
    let found = axes.nearest(&[wanted])?.into_iter().next();
    Ok(found.map(|found| Cell {
        indices: found.indices,
        place: Place { longitude: found.at.longitude, latitude: found.at.latitude },
    }))
}
