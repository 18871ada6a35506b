//! Grids with coordinates along two dimensions.

use crate::grid::{Shares, around};
use crate::{AxisCells, Bounds, Frame, Place};

/// Which dimension of the values varies fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A row of values has one y.
    XFastest,
    /// A row of values has one x.
    YFastest,
}

/// A grid with coordinates along two dimensions: longitude and latitude, those of a rotated grid, or of a projection.
pub struct Rectilinear {
    frame: Frame,
    x: AxisCells,
    y: AxisCells,
    order: Order,
}

impl Rectilinear {
    /// Cells along x and along y; of longitudes and latitudes, those at the poles end there.
    #[must_use]
    pub fn new(frame: Frame, (x, y): (AxisCells, AxisCells), order: Order) -> Self {
        let y = if frame.period().is_some() { y.within(-90.0, 90.0) } else { y };
        Self { frame, x, y, order }
    }

    /// Cells along x and y.
    #[must_use]
    pub fn axes(&self) -> (&AxisCells, &AxisCells) {
        (&self.x, &self.y)
    }

    /// Whether the coordinates are longitude and latitude.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        matches!(self.frame, Frame::Geographic)
    }

    /// Where the value of a column and a row is.
    pub(crate) fn at(&self, column: usize, row: usize) -> Option<usize> {
        match self.order {
            Order::XFastest => row.checked_mul(self.x.len())?.checked_add(column),
            Order::YFastest => column.checked_mul(self.y.len())?.checked_add(row),
        }
    }

    /// Where the value for a place is.
    #[must_use]
    pub fn cell(&self, place: Place) -> Option<usize> {
        let (column, row) = self.indices(place)?;
        self.at(column, row)
    }

    /// The column and the row that a place lies in.
    #[must_use]
    pub fn indices(&self, place: Place) -> Option<(usize, usize)> {
        let (x, y) = self.frame.coordinates(place)?;
        Some((self.x.index(x)?, self.y.index(y)?))
    }

    /// The middle of the cell of a column and a row.
    #[must_use]
    pub fn place(&self, column: usize, row: usize) -> Option<Place> {
        self.frame.place((self.x.centre(column)?, self.y.centre(row)?))
    }

    pub(crate) fn shares(&self, place: Place) -> Shares {
        let mut shares = Shares::default();
        let Some((x, y)) = self.frame.coordinates(place) else { return shares };
        let (Some((west, east, to_east)), Some((south, north, to_north))) =
            (self.x.neighbours(x), self.y.neighbours(y))
        else {
            return shares;
        };
        for (column, row, part) in [
            (west, south, (1.0 - to_east) * (1.0 - to_north)),
            (east, south, to_east * (1.0 - to_north)),
            (west, north, (1.0 - to_east) * to_north),
            (east, north, to_east * to_north),
        ] {
            if let Some(cell) = self.at(column, row).filter(|_| part > 0.0) {
                shares.add(cell, part);
            }
        }
        shares
    }

    /// The middle of each cell, with where its value is.
    pub fn places(&self) -> impl Iterator<Item = (Place, usize)> {
        let cells = (0..self.y.len()).flat_map(|row| (0..self.x.len()).map(move |column| (column, row)));
        cells.filter_map(|(column, row)| Some((self.place(column, row)?, self.at(column, row)?)))
    }

    /// The part of the Earth that the cells cover.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let ((west, east), (south, north)) = (self.x.reach(), self.y.reach());
        if self.is_geographic() {
            return Some(Bounds { west, east, south, north });
        }
        let along = |from: f64, to: f64, step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
        let grid = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| (i, j)));
        let places =
            grid.filter_map(|(i, j)| self.frame.place((along(west, east, i), along(south, north, j))));
        let mut bounds = around(places, 0.0)?;
        // Places are spread over the grid, but may miss a pole inside.
        for (pole, latitude) in [(&mut bounds.north, 90.0), (&mut bounds.south, -90.0)] {
            let inside = self.cell(Place { longitude: 0.0, latitude }).is_some();
            if inside {
                *pole = latitude;
                (bounds.west, bounds.east) = (-180.0, 180.0);
            }
        }
        Some(bounds)
    }
}

/// Into this many parts the sides of a grid are cut where its bounds are looked for.
const STEPS: u32 = 90;

#[cfg(test)]
mod tests {
    use weir_cf::grid_mapping::RotatedPole;

    use super::*;

    fn cells(from: f64, step: f64, count: u32, period: Option<f64>) -> AxisCells {
        let centres: Vec<f64> = (0..count).map(|n| from + step * f64::from(n)).collect();
        AxisCells::around(&centres, period).unwrap()
    }

    #[test]
    fn places_have_cells_in_both_orders() {
        let axes = || (cells(0.0, 10.0, 36, Some(360.0)), cells(90.0, -10.0, 19, None));
        let rows = Rectilinear::new(Frame::Geographic, axes(), Order::XFastest);
        let hamburg = Place { longitude: 10.0, latitude: 53.5 };
        assert_eq!(rows.cell(hamburg), Some(4 * 36 + 1));
        assert_eq!(rows.cell(Place { longitude: -10.0, latitude: 90.0 }), Some(35));
        let columns = Rectilinear::new(Frame::Geographic, axes(), Order::YFastest);
        assert_eq!(columns.cell(hamburg), Some(19 + 4));
        assert_eq!(rows.bounds(), Some(Bounds { west: -5.0, east: 355.0, south: -90.0, north: 90.0 }));
    }

    #[test]
    fn rotated_grids_cover_their_part_of_the_earth() {
        let pole = RotatedPole { latitude: 39.25, longitude: -162.0, grid_longitude: 0.0 };
        let axes = (cells(-28.0, 0.5, 100, Some(360.0)), cells(-23.0, 0.5, 90, None));
        let grid = Rectilinear::new(Frame::Rotated(pole), axes, Order::XFastest);
        // 33.57° east, 49.70° north is (10, 0) there.
        assert_eq!(grid.cell(Place { longitude: 33.572, latitude: 49.696 }), Some(46 * 100 + 76));
        assert_eq!(grid.cell(Place { longitude: -100.0, latitude: 40.0 }), None);
        let bounds = grid.bounds().unwrap();
        assert!(
            bounds.west < -10.0 && bounds.east > 55.0 && bounds.south < 25.0 && bounds.north > 70.0,
            "{bounds:?}"
        );
    }

    #[test]
    fn grids_around_a_pole_cover_it() {
        let pole = RotatedPole { latitude: 0.0, longitude: 0.0, grid_longitude: 0.0 };
        let axes = (cells(-20.0, 1.0, 41, Some(360.0)), cells(-20.0, 1.0, 41, None));
        let grid = Rectilinear::new(Frame::Rotated(pole), axes, Order::XFastest);
        let bounds = grid.bounds().unwrap();
        assert!(bounds.north == 90.0 || bounds.south == -90.0, "{bounds:?}");
    }
}
