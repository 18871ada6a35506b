//! A window: the part of a projected map that pixels show.

use rayon::prelude::*;

use crate::grid::Bounds;
use crate::{MapProjection, Place, View};

/// A part of a projected map, cut into pixels.
pub struct Window {
    view: View,
    /// West and east edge, in units of the projection.
    x: (f64, f64),
    /// South and north edge.
    y: (f64, f64),
    width: u32,
    height: u32,
}

impl Window {
    /// The window between edges that are given in units of the projection: `x` west and east, `y` south and north. None of width and
    /// height is less than 1.
    #[must_use]
    pub fn new(view: View, (x, y): ((f64, f64), (f64, f64)), (width, height): (u32, u32)) -> Self {
        Self { view, x, y, width: width.max(1), height: height.max(1) }
    }

    /// The window of a projection that shows everything within bounds: as large as it can be within `width` and `height`.
    #[must_use]
    pub fn around(projection: MapProjection, bounds: &Bounds, (width, height): (u32, u32)) -> Self {
        let bounds = &bounds.normalised();
        let view = View::new(projection, if projection.is_polar() { 0.0 } else { bounds.middle() });
        let (x, y) = edges((&view, projection), bounds);
        let (wide, high) = (x.1 - x.0, y.1 - y.0);
        let (w, h) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let scale = (w / wide).min(h / high);
        let size = (rounded(wide * scale).min(width), rounded(high * scale).min(height));
        Self::new(view, (x, y), size)
    }

    /// How the map is projected.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Width and height, in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// How many units of the projection a pixel is wide.
    #[must_use]
    pub fn unit(&self) -> f64 {
        (self.x.1 - self.x.0) / f64::from(self.width)
    }

    /// The place in the middle of a pixel, counted from the upper left; `None` beside the Earth.
    #[must_use]
    pub fn place(&self, column: u32, row: u32) -> Option<Place> {
        self.view.inverse((self.x_of(column), self.y_of(row)))
    }

    /// Something for each pixel, from the upper left, row by row: `none` where it shows no place.
    #[must_use]
    pub fn each<T: Copy + Send + Sync>(&self, none: T, of: impl Fn(Place) -> T + Sync) -> Vec<T> {
        let row = |row: u32| {
            let of = &of;
            (0..self.width).map(move |column| self.place(column, row).map_or(none, of)).collect::<Vec<T>>()
        };
        (0..self.height).into_par_iter().flat_map_iter(row).collect()
    }

    fn x_of(&self, column: u32) -> f64 {
        self.x.0 + (self.x.1 - self.x.0) * (f64::from(column) + 0.5) / f64::from(self.width)
    }

    fn y_of(&self, row: u32) -> f64 {
        self.y.1 - (self.y.1 - self.y.0) * (f64::from(row) + 0.5) / f64::from(self.height)
    }

    /// Where a place lies, in pixels from the upper left corner (the middle of the first pixel is at 0.5); it may lie outside. `None`
    /// where the projection does not show it.
    #[must_use]
    pub fn point(&self, place: Place) -> Option<(f64, f64)> {
        let (mut x, y) = self.view.forward(place)?;
        if self.view.is_straight() {
            // Maps may be wider than the Earth, or be cut elsewhere than half way round.
            let turns = ((x - self.x.0) / 360.0).floor();
            if x - turns * 360.0 <= self.x.1 {
                x -= turns * 360.0;
            }
        }
        Some(self.pixel_of((x, y)))
    }

    pub(crate) fn pixel_of(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let column = (x - self.x.0) / (self.x.1 - self.x.0) * f64::from(self.width);
        (column, (self.y.1 - y) / (self.y.1 - self.y.0) * f64::from(self.height))
    }

    /// Longitudes of columns and latitudes of rows, where each column is a meridian and each row a parallel.
    pub(crate) fn straight(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        if !self.view.is_straight() {
            return None;
        }
        let of = |point| self.view.inverse(point);
        let (middle_x, middle_y) = (f64::midpoint(self.x.0, self.x.1), f64::midpoint(self.y.0, self.y.1));
        let missing = f64::NAN;
        let longitudes = (0..self.width)
            .map(|column| of((self.x_of(column), middle_y)).map_or(missing, |place| place.longitude))
            .collect();
        let latitudes = (0..self.height)
            .map(|row| of((middle_x, self.y_of(row))).map_or(missing, |place| place.latitude))
            .collect();
        Some((longitudes, latitudes))
    }

    /// Longitudes and latitudes at the edges of a map whose columns are meridians: west, east, south, north.
    pub(crate) fn straight_edges(&self) -> Option<[f64; 4]> {
        if !self.view.is_straight() {
            return None;
        }
        let (south, north) = (self.view.inverse((0.0, self.y.0))?, self.view.inverse((0.0, self.y.1))?);
        let central = self.view.central();
        Some([central + self.x.0, central + self.x.1, south.latitude, north.latitude])
    }

    /// The same in units of the projection, for scale and for tests.
    #[must_use]
    pub fn edges(&self) -> ((f64, f64), (f64, f64)) {
        (self.x, self.y)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to what 32 bits hold")]
fn rounded(pixels: f64) -> u32 {
    pixels.round().clamp(1.0, f64::from(u32::MAX)) as u32
}

/// The edges of the projected bounds.
fn edges((view, projection): (&View, MapProjection), bounds: &Bounds) -> ((f64, f64), (f64, f64)) {
    const STEPS: u32 = 60;
    let (least, most) = projection.latitudes();
    let (mut south, mut north) = (bounds.south.clamp(least, most), bounds.north.clamp(least, most));
    let (mut west, mut east) = (bounds.west - view.central(), bounds.east - view.central());
    if projection.is_polar() {
        // All around the pole, from the pole to where the data ends.
        (west, east) = (-180.0, 180.0);
        match projection {
            MapProjection::NorthPolar => (south, north) = (south.clamp(0.0, 89.0), 90.0),
            _ => (south, north) = (-90.0, north.clamp(-89.0, 0.0)),
        }
    }
    let along = |from: f64, to: f64, step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
    let (mut x, mut y) = (EMPTY, EMPTY);
    for i in 0..=STEPS {
        for j in 0..=STEPS {
            let Some(point) = view.forward_from((along(west, east, i), along(south, north, j))) else {
                continue;
            };
            x = (x.0.min(point.0), x.1.max(point.0));
            y = (y.0.min(point.1), y.1.max(point.1));
        }
    }
    (widened(x), widened(y))
}

const EMPTY: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

/// At least a thousandth of a degree wide, so that no scale is infinite.
fn widened((from, to): (f64, f64)) -> (f64, f64) {
    match to - from {
        width if width >= 1e-3 => (from, to),
        width if width >= 0.0 => (from - 5e-4, to + 5e-4),
        _ => (-1.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: Bounds = Bounds { west: -180.0, east: 180.0, south: -90.0, north: 90.0 };

    #[test]
    fn windows_keep_the_shape_of_what_they_show() {
        let check = |projection, bounds: &Bounds, expected| {
            assert_eq!(Window::around(projection, bounds, (400, 400)).size(), expected, "{projection:?}");
        };
        check(MapProjection::PlateCarree, &WORLD, (400, 200));
        check(MapProjection::Mercator, &WORLD, (400, 400));
        check(MapProjection::NorthPolar, &WORLD, (400, 400));
        check(MapProjection::Robinson, &WORLD, (400, 203));
        check(
            MapProjection::PlateCarree,
            &Bounds { west: 350.0, east: 370.0, south: 0.0, north: 40.0 },
            (200, 400),
        );
        check(
            MapProjection::PlateCarree,
            &Bounds { west: 5.0, east: 5.0, south: 7.0, north: 7.0 },
            (400, 400),
        );
    }

    #[test]
    fn points_and_places_are_each_others_way_back() {
        let bounds = Bounds { west: 350.0, east: 380.0, south: 10.0, north: 60.0 };
        for projection in [
            MapProjection::PlateCarree,
            MapProjection::Mercator,
            MapProjection::NorthPolar,
            MapProjection::Robinson,
        ] {
            let window = Window::around(projection, &bounds, (300, 200));
            let (width, height) = window.size();
            for (column, row) in
                [(width / 2, height / 2), (3 * width / 4, height / 4), (width / 3, 2 * height / 3)]
            {
                let place = window.place(column, row).unwrap();
                let (x, y) = window.point(place).unwrap();
                assert!((x - f64::from(column) - 0.5).abs() < 1e-2, "{projection:?} {x} {column}");
                assert!((y - f64::from(row) - 0.5).abs() < 1e-2, "{projection:?} {y} {row}");
            }
        }
    }

    #[test]
    fn straight_maps_have_meridians_for_columns() {
        let window = Window::around(MapProjection::Mercator, &WORLD, (36, 36));
        let (longitudes, latitudes) = window.straight().unwrap();
        let place = window.place(7, 9).unwrap();
        assert!(
            (longitudes[7] - place.longitude).abs() < 1e-9 && (latitudes[9] - place.latitude).abs() < 1e-9
        );
        assert!(Window::around(MapProjection::Robinson, &WORLD, (36, 36)).straight().is_none());
    }
}
