//! The part of the Earth that data lies in.

mod healpix;
mod projected;
mod rotated;

use weir_catalogs::GridKind;
use weir_cf::Coordinates;
use weir_cf::extent::{BoundingBox, Latitudes, Longitudes, Outline, Pole, enclosed_pole, to_degrees};
use weir_cf::grid_mapping::Pixels;
use weir_plugin_api::Error;
use weir_plugin_api::model::Variable;

use crate::Asked;
use crate::grids::Found;
use crate::numbers::{MOST, Numbers, Part};
use crate::variables::attribute;

/// Of a dataset with many grids, this many are read.
const MOST_GRIDS: usize = 6;

/// Where the data lies.
#[derive(Default)]
pub(crate) struct Place {
    /// The box around all grids.
    pub bounds: Option<BoundingBox>,
    /// The outline of the only grid, where that is known and no box.
    pub outline: Option<Outline>,
}

/// Where the grids lie.
///
/// # Errors
/// Those that pass.
pub(crate) fn of(asked: &Asked<'_>, grids: &[Found]) -> Result<Place, Error> {
    let mut boxes = Vec::new();
    let (mut halves, mut outline) = (Reach::default(), None);
    for grid in grids.iter().take(MOST_GRIDS) {
        let mut reach = Reach::default();
        reach.add_grid(asked, grid)?;
        match reach.bounds() {
            Some(bounds) => {
                boxes.push(bounds);
                // The rim of a grid around the Earth is where the grid is cut open, and no end of it.
                outline = reach.outline.filter(|_| bounds.east - bounds.west < 360.0);
            }
            // A file of coordinates alone: each of them is a variable without the other.
            None => halves.add_grid(asked, grid)?,
        }
    }
    if boxes.is_empty() {
        boxes.extend(halves.bounds());
    }
    Ok(Place { bounds: around(&boxes), outline: outline.filter(|_| grids.len() == 1) })
}

/// The box around boxes.
fn around(boxes: &[BoundingBox]) -> Option<BoundingBox> {
    let (mut longitudes, mut latitudes) = (Longitudes::default(), Latitudes::default());
    for bounds in boxes {
        latitudes.add(bounds.south);
        latitudes.add(bounds.north);
        let width = if bounds.crosses_antimeridian() { 360.0 } else { 0.0 } + bounds.east - bounds.west;
        if width >= 360.0 {
            longitudes.add_cell([0.0, 360.0]);
        }
        // Cells are taken the short way round, so a wide box is handed over in parts.
        let parts = [0.0, 0.25, 0.5, 0.75].map(|part| bounds.west + width * part);
        parts.into_iter().for_each(|west| longitudes.add_cell([west, west + width / 4.0]));
    }
    match boxes {
        [only] => Some(*only),
        _ => BoundingBox::of(&longitudes, &latitudes),
    }
}

/// How far places reach.
#[derive(Default)]
struct Reach {
    longitudes: Longitudes,
    latitudes: Latitudes,
    pole: Option<Pole>,
    outline: Option<Outline>,
}

impl Reach {
    fn bounds(&self) -> Option<BoundingBox> {
        let bounds = BoundingBox::of(&self.longitudes, &self.latitudes)?;
        // Only what reaches near a pole can go around it; the rim of a global grid that is cut open may seem to.
        let pole = self.pole.and_then(|_| match bounds {
            BoundingBox { north, .. } if north > 85.0 => Some(Pole::North),
            BoundingBox { south, .. } if south < -85.0 => Some(Pole::South),
            _ => None,
        });
        Some(pole.map_or(bounds, |pole| bounds.with_pole(pole)))
    }

    fn add_grid(&mut self, asked: &Asked<'_>, grid: &Found) -> Result<(), Error> {
        let facts = &grid.facts;
        if let (Some(longitude), Some(latitude)) = (&facts.longitude, &facts.latitude) {
            return if facts.kind == GridKind::Rectilinear {
                self.add_edges(asked, grid, longitude, Axis::Longitude)?;
                self.add_edges(asked, grid, latitude, Axis::Latitude)
            } else {
                self.add_places(asked, grid, longitude, latitude)
            };
        }
        match facts.kind {
            GridKind::Healpix { nside, order } => self.add_cells(asked, grid, Pixels { nside, order }),
            GridKind::Unstructured => self.add_corners(asked, grid),
            GridKind::Rotated | GridKind::Projected => rotated::add(self, asked, grid),
            _ => {
                let either = [(&facts.longitude, Axis::Longitude), (&facts.latitude, Axis::Latitude)];
                let mut given = either.into_iter().filter_map(|(path, axis)| Some((path.as_ref()?, axis)));
                given.try_for_each(|(path, axis)| self.add_edges(asked, grid, path, axis))
            }
        }
    }

    /// One coordinate: with the edges of its cells where it has them.
    fn add_edges(&mut self, asked: &Asked<'_>, grid: &Found, path: &str, axis: Axis) -> Result<(), Error> {
        let coordinates = Coordinates::of(&asked.schema, &grid.example);
        let its =
            coordinates.as_ref().and_then(|found| found.all().find(|coordinate| coordinate.path == path));
        let bounds = its.and_then(|coordinate| coordinate.bounds.as_ref());
        let edges = bounds.filter(|bounds| bounds.variable.shape.last() == Some(&2));
        if let Some(edges) = edges
            && let Some(numbers) = read(asked, &edges.path, edges.variable)?
            && numbers.part == Part::Whole
        {
            // Bounds have the units of their coordinate, and need not say so (CF section 7.1).
            let units = its.and_then(|coordinate| attribute(coordinate.variable, "units"));
            let scale = to_degrees(units.as_deref());
            for cell in numbers.values.chunks_exact(2) {
                self.add_cell(axis, cell.iter().map(|edge| edge * scale));
            }
        }
        let Some(variable) = asked.schema.variable(path) else { return Ok(()) };
        if let Some(numbers) = read(asked, path, variable)? {
            let scale = scale(variable);
            match axis {
                // A place beside cells adds nothing, and would count as a cell of no width.
                Axis::Longitude if edges.is_some() && self.longitudes.range().is_some() => {}
                axis => numbers.values.iter().for_each(|value| self.add_cell(axis, [value * scale])),
            }
        }
        Ok(())
    }

    fn add_cell(&mut self, axis: Axis, corners: impl IntoIterator<Item = f64>) {
        match axis {
            Axis::Longitude => self.longitudes.add_cell(corners),
            Axis::Latitude => corners.into_iter().for_each(|corner| self.latitudes.add(corner)),
        }
    }

    /// Longitudes and latitudes of the same places.
    fn add_places(
        &mut self,
        asked: &Asked<'_>,
        grid: &Found,
        longitude: &str,
        latitude: &str,
    ) -> Result<(), Error> {
        if self.add_corners_of_cells(asked, grid)? {
            return Ok(());
        }
        let variables = asked.schema.variable(longitude).zip(asked.schema.variable(latitude));
        let Some((east, north)) = variables else { return Ok(()) };
        let read = read(asked, longitude, east)?.zip(read(asked, latitude, north)?);
        let Some((longitudes, latitudes)) = read else { return Ok(()) };
        let (to_east, to_north) = (scale(east), scale(north));
        if east.dimensions != north.dimensions {
            longitudes.values.iter().for_each(|value| self.longitudes.add(value * to_east));
            latitudes.values.iter().for_each(|value| self.latitudes.add(value * to_north));
            return Ok(());
        }
        let pairs = longitudes.values.iter().zip(&latitudes.values);
        let places: Vec<(f64, f64)> = pairs.map(|(x, y)| (x * to_east, y * to_north)).collect();
        self.add_pairs(&places);
        if east.shape.len() == 2 {
            self.add_rim(&rim(&places, longitudes.row), &places);
            if longitudes.part != Part::Whole || latitudes.part != Part::Whole {
                // Parts of rows have no rim that tells how far the grid reaches.
                self.outline = None;
            }
        }
        Ok(())
    }

    /// The rim of a grid of places: what it goes around.
    fn add_rim(&mut self, rim: &[(f64, f64)], places: &[(f64, f64)]) {
        self.pole = enclosed_pole(rim.iter().copied());
        self.outline = Outline::of(rim, places);
    }

    /// Places; those with only one of their numbers are missing.
    fn add_pairs(&mut self, places: &[(f64, f64)]) {
        for (longitude, latitude) in places {
            if longitude.is_finite() && latitude.is_finite() && latitude.abs() <= 90.001 {
                self.longitudes.add(*longitude);
                self.latitudes.add(*latitude);
            }
        }
    }

    /// The corners of cells, where they are few enough to read; whether they were.
    fn add_corners_of_cells(&mut self, asked: &Asked<'_>, grid: &Found) -> Result<bool, Error> {
        let Some(coordinates) = Coordinates::of(&asked.schema, &grid.example) else { return Ok(false) };
        let corners = |path: &Option<String>| {
            let its = coordinates.all().find(|coordinate| Some(&coordinate.path) == path.as_ref())?;
            let bounds = its.bounds.as_ref().filter(|bounds| bounds.variable.shape.last() >= Some(&3))?;
            let few =
                bounds.variable.shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n))? <= MOST;
            few.then(|| (bounds.path.clone(), bounds.variable, scale(its.variable)))
        };
        let both = corners(&grid.facts.longitude).zip(corners(&grid.facts.latitude));
        let Some(((x_path, x, to_east), (y_path, y, to_north))) = both else { return Ok(false) };
        let Some((east, north)) = read(asked, &x_path, x)?.zip(read(asked, &y_path, y)?) else {
            return Ok(false);
        };
        for cell in east.values.chunks_exact(east.row.max(1)) {
            self.longitudes.add_cell(cell.iter().map(|corner| corner * to_east));
        }
        north.values.iter().for_each(|corner| self.latitudes.add(corner * to_north));
        Ok(self.bounds().is_some())
    }

    /// The corners of a mesh whose cells have no places of their own.
    fn add_corners(&mut self, asked: &Asked<'_>, grid: &Found) -> Result<(), Error> {
        let Some((longitude, latitude)) = &grid.corners else { return Ok(()) };
        for (path, axis) in [(longitude, Axis::Longitude), (latitude, Axis::Latitude)] {
            let Some(variable) = asked.schema.variable(path) else { continue };
            let Some(numbers) = read(asked, path, variable)? else { continue };
            let scale = scale(variable);
            numbers.values.iter().for_each(|value| self.add_cell(axis, [value * scale]));
        }
        Ok(())
    }

    fn add_cells(&mut self, asked: &Asked<'_>, grid: &Found, pixels: Pixels) -> Result<(), Error> {
        let numbers =
            grid.numbers.as_ref().and_then(|path| asked.schema.variable(path).map(|found| (path, found)));
        let length = |found: &Variable| found.shape.iter().product::<u64>();
        let Some((path, variable)) = numbers.filter(|(_, found)| length(found) < pixels.cells()) else {
            self.longitudes.add_cell([0.0, 360.0]);
            [-90.0, 90.0].into_iter().for_each(|pole| self.latitudes.add(pole));
            return Ok(());
        };
        let Some(cells) = read(asked, path, variable)? else { return Ok(()) };
        let places = cells.values.iter().filter_map(|cell| healpix::centre(pixels, *cell));
        self.add_pairs(&places.collect::<Vec<_>>());
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Longitude,
    Latitude,
}

/// The numbers of a coordinate; `None`, and a note, where they cannot be told.
fn read(asked: &Asked<'_>, path: &str, variable: &Variable) -> Result<Option<Numbers>, Error> {
    let numbers = crate::numbers::read(asked, path, variable);
    asked.told(path, numbers)
}

fn scale(variable: &Variable) -> f64 {
    to_degrees(attribute(variable, "units").as_deref())
}

/// The rim of a grid of rows, once around.
fn rim(places: &[(f64, f64)], row: usize) -> Vec<(f64, f64)> {
    let rows: Vec<&[(f64, f64)]> = places.chunks_exact(row.max(1)).collect();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    let right = rows.iter().filter_map(|row| row.last());
    let left = rows.iter().rev().filter_map(|row| row.first());
    let present = |place: &&(f64, f64)| place.1.abs() <= 90.001 && place.0.abs() <= 720.0;
    first.iter().chain(right).chain(last.iter().rev()).chain(left).filter(present).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(boxes: &[[f64; 4]], expected: Option<[f64; 4]>) {
        let boxes: Vec<BoundingBox> = boxes
            .iter()
            .map(|&[west, south, east, north]| BoundingBox { west, south, east, north })
            .collect();
        let got = around(&boxes).map(|bounds| bounds.bbox());
        let close = |(a, b): ([f64; 4], [f64; 4])| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(got.zip(expected).map_or(got.is_none() && expected.is_none(), close), "{got:?}");
    }

    #[test]
    fn boxes_are_joined_around_the_earth() {
        check(&[], None);
        check(&[[170.0, -1.0, -170.0, 1.0]], Some([170.0, -1.0, -170.0, 1.0]));
        check(&[[170.0, -1.0, -170.0, 1.0], [-175.0, 0.0, -160.0, 5.0]], Some([170.0, -1.0, -160.0, 5.0]));
        check(&[[-180.0, -9.0, 180.0, 9.0], [1.0, 2.0, 3.0, 40.0]], Some([-180.0, -9.0, 180.0, 40.0]));
        check(&[[-150.0, 0.0, 150.0, 1.0], [10.0, 0.0, 20.0, 1.0]], Some([-150.0, 0.0, 150.0, 1.0]));
    }

    #[test]
    fn the_rim_goes_once_around() {
        let places: Vec<(f64, f64)> = (0..12).map(|n| (f64::from(n), 0.0)).collect();
        let rim: Vec<f64> = rim(&places, 4).into_iter().map(|place| place.0).collect();
        assert_eq!(rim, [0.0, 1.0, 2.0, 3.0, 3.0, 7.0, 11.0, 11.0, 10.0, 9.0, 8.0, 8.0, 4.0, 0.0]);
    }
}
