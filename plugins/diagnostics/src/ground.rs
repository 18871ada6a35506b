//! What is made of the horizontal dimensions of a variable before anything else: points, the inside of a polygon, a regular grid, or
//! one list of all cells.

pub mod grid;
pub mod points;
pub mod polygon;
pub mod regrid;
pub mod shares;
pub mod stack;

use weir_selection::Indices;

use crate::diagnostic::Diagnostic;
use crate::engine::mapping::{Mapping, Origin, Taking};
use crate::result::ResultCoordinate;

/// More targets are not made of one variable.
pub const MOST_TARGETS: usize = 1 << 24;

/// Asks for memory before it is taken; it is given back when the answer is made.
pub type Ask<'a> = &'a dyn Fn(u64) -> Result<(), weir_plugin_api::Error>;

/// What is made of the horizontal dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Which cells are taken.
    pub mapping: Mapping,
    /// What each axis of targets is.
    pub targets: Vec<Target>,
    /// Coordinates along them.
    pub coordinates: Vec<ResultCoordinate>,
    /// Of one axis of targets, the row and column of the cell that each takes: so coordinates over cells become theirs.
    pub places: Option<Vec<(u64, u64)>>,
}

/// An axis of targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The name of the dimension.
    pub name: String,
    /// How many there are.
    pub length: usize,
    /// How many of them lie in one chunk, about.
    pub chunk: u64,
    /// The dimension of the variable of which they are indices, where they are.
    pub source: Option<(usize, Indices)>,
    /// What they weigh by area, where that is not said by the dimension that they are of.
    pub areas: Option<Vec<f64>>,
}

impl Ground {
    /// Targets for the cells along some axes of a variable.
    #[must_use]
    pub fn new(diagnostic: &Diagnostic<'_>, cells: Vec<usize>, targets: Vec<Target>, taking: Taking) -> Self {
        let rank = diagnostic.variable.shape.len();
        let axes = layout(rank, &cells, targets.len());
        let lengths = targets.iter().map(|target| target.length).collect();
        let mapping = Mapping { cells, axes, targets: lengths, taking, cost: 1 };
        let variable = diagnostic.variable;
        let mapping = mapping.costed(&variable.shape, &variable.storage.chunk_shape);
        Self { mapping, targets, coordinates: Vec::new(), places: None }
    }

    /// Bytes that it takes in memory, and while blocks are made of it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let places = self.places.as_ref().map_or(0, Vec::len).saturating_mul(size_of::<(u64, u64)>()) as u64;
        self.mapping.bytes().saturating_mul(8).saturating_add(places)
    }

    /// The target that an axis is.
    #[must_use]
    pub fn target(&self, axis: usize) -> Option<&Target> {
        match self.mapping.axes.get(axis)? {
            Origin::Target(number) => self.targets.get(*number),
            Origin::Kept(_) => None,
        }
    }
}

/// Where the axes of what is made come from: two targets take the places of two axes of cells, all else stands where the first of
/// these is.
fn layout(rank: usize, cells: &[usize], targets: usize) -> Vec<Origin> {
    let first = cells.iter().min().copied();
    let mut axes = Vec::new();
    for axis in 0..rank {
        match cells.iter().position(|cell| *cell == axis) {
            None => axes.push(Origin::Kept(axis)),
            Some(number) if targets == cells.len() => axes.push(Origin::Target(number)),
            Some(_) if Some(axis) == first => axes.extend((0..targets).map(Origin::Target)),
            Some(_) => {}
        }
    }
    axes
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod layouts {
    use super::*;

    #[test]
    fn targets_stand_where_cells_stood() {
        use Origin::{Kept, Target};
        let check = |rank, cells: &[usize], targets, expected: &[Origin]| {
            assert_eq!(layout(rank, cells, targets), expected, "{cells:?} {targets}");
        };
        check(3, &[2, 0], 2, &[Target(1), Kept(1), Target(0)]);
        check(3, &[1, 2], 1, &[Kept(0), Target(0)]);
        check(3, &[2, 0], 1, &[Target(0), Kept(1)]);
        check(2, &[1], 2, &[Kept(0), Target(0), Target(1)]);
        check(2, &[0], 1, &[Target(0), Kept(1)]);
    }
}
