//! The grid of a variable, as pictures need it: from its coordinates.

use weir_cf::axes::Kind as Measured;
use weir_cf::extent::to_degrees;
use weir_cf::grid_mapping::{Pixels, grid_mappings};
use weir_cf::horizontal::{Convention, Horizontal, Mesh};
use weir_cf::packing::Packing;
use weir_cf::{Coordinates, horizontal::horizontal};
use weir_model::{ByteOrder, Schema, Variable};
use weir_plugin_api::{Error, ErrorKind};
use weir_rendering::{AxisCells, AxisError, Frame, Grid, HealpixCells, Order, Points, Rectilinear};
use weir_selection::{Axes, Cut, Indices};

use crate::corners::Corners;

/// The horizontal grid of the variable.
///
/// # Errors
/// `Unsupported` where nothing says where its values lie.
pub(crate) fn found(schema: &Schema, path: &str) -> Result<Horizontal, Error> {
    let grid = horizontal(schema, path).map_err(|error| Error::unsupported(format!("{path}: {error}")))?;
    let grid = grid.ok_or_else(|| not_told(path, "it has no longitudes and latitudes"))?;
    // A rotated or projected grid whose mapping is not told may have them beside it.
    let told = match &grid {
        Horizontal::Rectilinear { measured, .. } => frame(schema, path, *measured).is_some(),
        _ => true,
    };
    Ok(if told { grid } else { beside(schema, path).unwrap_or(grid) })
}

/// Whether what says where a variable lies is there.
///
/// # Errors
/// `Unsupported` where it is not.
pub(crate) fn told(schema: &Schema, path: &str, grid: &Horizontal) -> Result<(), Error> {
    match grid {
        Horizontal::Rectilinear { measured, .. } if frame(schema, path, *measured).is_none() => {
            Err(not_told(path, UNKNOWN_MAPPING))
        }
        Horizontal::Unstructured(Mesh { longitude: None, .. } | Mesh { latitude: None, .. })
            if Corners::of(schema, path, grid).is_none() =>
        {
            Err(not_told(path, NO_COORDINATES))
        }
        _ => Ok(()),
    }
}

const UNKNOWN_MAPPING: &str = "its grid mapping is absent, or is not known here";
const NO_COORDINATES: &str = "the coordinates of its mesh are not in this dataset";

fn not_told(path: &str, why: &str) -> Error {
    Error::unsupported(format!("where {path} lies on the Earth is not told: {why}"))
}

/// Longitudes and latitudes over the same two dimensions.
fn beside(schema: &Schema, path: &str) -> Option<Horizontal> {
    let (variable, coordinates) = (schema.variable(path)?, Coordinates::of(schema, path)?);
    let (longitude, latitude) =
        (coordinates.of_kind(Measured::Longitude)?, coordinates.of_kind(Measured::Latitude)?);
    let place = |dimension: &String| variable.dimensions.iter().position(|known| known == dimension);
    let dimensions: Option<Vec<usize>> = longitude.variable.dimensions.iter().map(place).collect();
    let same = longitude.variable.dimensions == latitude.variable.dimensions
        && longitude.variable.dimensions.len() == 2;
    let (longitude, latitude) = (longitude.path.clone(), latitude.path.clone());
    same.then_some(Horizontal::Curvilinear { dimensions: dimensions?, longitude, latitude })
}

/// What the coordinates along x and y measure.
fn frame(schema: &Schema, path: &str, measured: Measured) -> Option<Frame> {
    if measured == Measured::Longitude {
        return Some(Frame::Geographic);
    }
    let coordinates = Coordinates::of(schema, path)?;
    let along_x = coordinates.all().find(|found| found.kind == Some(measured));
    let units =
        along_x.and_then(|found| found.variable.attribute("units")).and_then(|units| units.value.as_text());
    let mappings = grid_mappings(schema, path).ok()?;
    mappings.iter().find_map(|mapping| Frame::of(&mapping.projection, &mapping.figure, units.as_deref()))
}

/// Bytes that the grid takes for some cells.
pub(crate) fn bytes_of(grid: &Horizontal, cells: u64) -> u64 {
    match grid {
        Horizontal::Rectilinear { .. } | Horizontal::Healpix { numbers: None, .. } => 0,
        Horizontal::Healpix { .. } => cells.saturating_mul(40),
        _ => cells.saturating_mul(Points::BYTES_EACH + 32),
    }
}

/// Reads the coordinates of the cells at `indices`.
///
/// # Errors
/// Where they are not there, are no coordinates, or cannot be read.
pub(crate) fn read(
    axes: &Axes<'_>,
    indices: &[Indices],
    (grid, thinned, corners): (&Horizontal, Option<Pixels>, Option<&Corners>),
) -> Result<Grid, Error> {
    let (schema, path) = (axes.schema(), axes.path());
    let variable =
        schema.variable(path).ok_or_else(|| Error::internal("the variable is not there any more"))?;
    let reading = Reading { axes, variable, indices };
    match grid {
        Horizontal::Rectilinear { y, x, measured } => {
            let frame = frame(schema, path, *measured).ok_or_else(|| not_told(path, UNKNOWN_MAPPING))?;
            let cells = |axis: usize, period| cells(axes, axis, (indices, period));
            let cells = (cells(*x, frame.period())?, cells(*y, None)?);
            let order = if y < x { Order::XFastest } else { Order::YFastest };
            Ok(Grid::Rectilinear(Box::new(Rectilinear::new(frame, cells, order))))
        }
        Horizontal::Curvilinear { dimensions, longitude, latitude } => {
            let (longitudes, latitudes) = (reading.degrees(longitude)?, reading.degrees(latitude)?);
            let row = dimensions.last().and_then(|axis| indices.get(*axis)).map_or(1, Indices::count);
            let row = usize::try_from(row).unwrap_or(usize::MAX);
            let points = match dimensions.len() {
                2 => Points::curvilinear(&longitudes, &latitudes, row),
                _ => Points::scattered(&longitudes, &latitudes),
            };
            Ok(Grid::Points(Box::new(points)))
        }
        Horizontal::Points { longitude, latitude, .. } => reading.scattered(longitude, latitude),
        Horizontal::Unstructured(mesh) => reading.mesh(mesh, corners),
        Horizontal::Healpix { pixels, dimension, numbers } => {
            let pixels = thinned.unwrap_or(*pixels);
            let taken = indices.get(*dimension).map_or(0, Indices::count);
            let chosen =
                || indices.get(*dimension).into_iter().flat_map(Indices::iter).map(|(index, _)| index);
            match numbers {
                Some(numbers) if pixels_of(grid) != Some(pixels) => {
                    // Cells stand for those around them by their numbers.
                    if !reading.whole(numbers)?.into_iter().eq(chosen()) {
                        return Err(Error::too_large(
                            "the cells are too many to be drawn, and not in their order, so that they cannot be thinned",
                        ));
                    }
                    Ok(Grid::Healpix(HealpixCells::all(pixels)))
                }
                Some(numbers) => Ok(Grid::Healpix(HealpixCells::numbered(pixels, reading.whole(numbers)?))),
                None if taken == pixels.cells() => Ok(Grid::Healpix(HealpixCells::all(pixels))),
                None => Ok(Grid::Healpix(HealpixCells::numbered(pixels, chosen()))),
            }
        }
    }
}

fn pixels_of(grid: &Horizontal) -> Option<Pixels> {
    match grid {
        Horizontal::Healpix { pixels, .. } => Some(*pixels),
        _ => None,
    }
}

/// The cells along a dimension.
fn cells(
    axes: &Axes<'_>,
    axis: usize,
    (indices, period): (&[Indices], Option<f64>),
) -> Result<AxisCells, Error> {
    let named = || axes.along().get(axis).map_or_else(String::new, |along| along.called().to_owned());
    let values = axes.values(axis)?;
    let values = values.ok_or_else(|| Error::unsupported(format!("{} has no coordinates", named())))?;
    let chosen = indices.get(axis).into_iter().flat_map(Indices::iter);
    let value = |(index, shift): (u64, f64)| {
        Some(usize::try_from(index).ok().and_then(|index| values.get(index))? + shift)
    };
    let centres: Vec<f64> = chosen.filter_map(value).collect();
    // One row of many is as wide as the way to its neighbour, which is not read: the whole dimension says how wide.
    if centres.len() == 1
        && let Ok(whole) = AxisCells::around(&values, None)
        && whole.len() > 1
        && let Some(centre) = centres.first()
    {
        let (first, last) = whole.reach();
        let half = (last - first) / f64::from(u32::try_from(whole.len()).unwrap_or(u32::MAX)) / 2.0;
        return AxisCells::between(&[centre - half, centre + half]).map_err(|error| wrong(&named(), error));
    }
    AxisCells::around(&centres, period).map_err(|error| wrong(&named(), error))
}

fn wrong(name: &str, error: AxisError) -> Error {
    Error::unsupported(format!("{name} makes no cells: {error}"))
}

/// Coordinates of the cells that are drawn.
pub(crate) struct Reading<'a> {
    axes: &'a Axes<'a>,
    variable: &'a Variable,
    indices: &'a [Indices],
}

impl Reading<'_> {
    fn scattered(&self, longitude: &str, latitude: &str) -> Result<Grid, Error> {
        let (longitudes, latitudes) = (self.degrees(longitude)?, self.degrees(latitude)?);
        Ok(Grid::Points(Box::new(Points::scattered(&longitudes, &latitudes))))
    }

    /// The cells of a mesh: by their corners where these are told, else by their middles.
    fn mesh(&self, mesh: &Mesh, corners: Option<&Corners>) -> Result<Grid, Error> {
        let shapes = match corners.map(|corners| corners.read(self, mesh)).transpose() {
            Ok(shapes) => shapes.flatten(),
            // Corners that are no numbers are none; the middles say enough.
            Err(error) if error.kind == ErrorKind::Unsupported => None,
            Err(error) => return Err(error),
        };
        let middles = match (&mesh.longitude, &mesh.latitude, &shapes) {
            (Some(longitude), Some(latitude), _) => {
                // MPAS has radians, and does not say so.
                let default = (mesh.convention == Convention::Mpas).then_some("radians");
                let degrees = |path: &str| self.degrees_of(path, &self.cut_for(path)?, (None, default));
                (degrees(longitude)?, degrees(latitude)?)
            }
            (_, _, Some(shapes)) => {
                let mut middles = (vec![f64::NAN; shapes.len()], vec![f64::NAN; shapes.len()]);
                for (place, cell) in shapes.middles() {
                    if let (Some(longitude), Some(latitude)) =
                        (middles.0.get_mut(cell), middles.1.get_mut(cell))
                    {
                        (*longitude, *latitude) = (place.longitude, place.latitude);
                    }
                }
                middles
            }
            _ => {
                return Err(not_told(
                    self.axes.path(),
                    "the coordinates of its mesh are not in this dataset",
                ));
            }
        };
        let points = Points::scattered(&middles.0, &middles.1);
        Ok(Grid::Points(Box::new(match shapes {
            Some(shapes) => points.shaped(shapes),
            None => points,
        })))
    }

    fn degrees(&self, path: &str) -> Result<Vec<f64>, Error> {
        self.degrees_of(path, &self.cut_for(path)?, (None, None))
    }

    /// Degrees; where a coordinate has no units, those of `other` are taken, else the `default`.
    pub(crate) fn degrees_of(
        &self,
        path: &str,
        cut: &Cut,
        (other, default): (Option<&str>, Option<&str>),
    ) -> Result<Vec<f64>, Error> {
        let told = |path: &str| {
            let units = self.axes.schema().variable(path)?.attribute("units")?.value.as_text()?;
            Some(units.into_owned())
        };
        let units = told(path).or_else(|| told(other?)).or_else(|| default.map(str::to_owned));
        let mut values = self.numbers_of(path, cut)?;
        let factor = to_degrees(units.as_deref());
        values.iter_mut().for_each(|value| *value *= factor);
        Ok(values)
    }

    /// Numbers of HEALPix cells.
    fn whole(&self, path: &str) -> Result<Vec<u64>, Error> {
        let values = self.numbers_of(path, &self.cut_for(path)?)?;
        let fits = |value: &f64| value.fract() == 0.0 && (0.0..9e15).contains(value);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
        // A missing number is that of no cell, but keeps its place.
        let number = |value: f64| if fits(&value) { value as u64 } else { u64::MAX };
        Ok(values.into_iter().map(number).collect())
    }

    pub(crate) fn variable_at(&self, path: &str) -> Result<&Variable, Error> {
        let none = || Error::internal(format!("coordinate {path} is not there any more"));
        self.axes.schema().variable(path).ok_or_else(none)
    }

    /// How many indices are drawn along a dimension.
    pub(crate) fn count(&self, dimension: &str) -> usize {
        let mut along = self.variable.dimensions.iter().zip(self.indices);
        let count = along.find(|(name, _)| *name == dimension).map_or(0, |(_, indices)| indices.count());
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// What is drawn along each dimension.
    pub(crate) fn cut(&self) -> Cut {
        let mut cut = Cut::none();
        for (dimension, indices) in self.variable.dimensions.iter().zip(self.indices) {
            cut.set(dimension, indices.clone());
        }
        cut
    }

    /// The same, for a coordinate whose numbers are in the order of the cells.
    fn cut_for(&self, path: &str) -> Result<Cut, Error> {
        let coordinate = self.variable_at(path)?;
        let shared = self.variable.dimensions.iter().filter(|name| coordinate.dimensions.contains(name));
        if shared.eq(&coordinate.dimensions) {
            return Ok(self.cut());
        }
        Err(Error::unsupported(format!("{path} has its dimensions in another order than the variable")))
    }

    pub(crate) fn numbers_of(&self, path: &str, cut: &Cut) -> Result<Vec<f64>, Error> {
        let coordinate = self.variable_at(path)?;
        let told = |error: weir_cf::packing::PackingError| Error::unsupported(format!("{path}: {error}"));
        let packing = Packing::of(coordinate).map_err(told)?.without_valid_range();
        let selection = cut.of(coordinate);
        let length =
            usize::try_from(selection.elements()?).ok().and_then(|n| n.checked_mul(packing.stored().size()));
        let mut bytes = vec![0; length.ok_or_else(|| Error::too_large("a coordinate exceeds memory"))?];
        selection.read(self.axes.dataset(), (path, coordinate), ByteOrder::NATIVE, &mut bytes)?;
        let mut values = Vec::new();
        packing.unpack(&bytes, &mut values).map_err(told)?;
        Ok(values)
    }
}
