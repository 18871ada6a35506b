//! The corners of the cells of a mesh: where a dataset tells them, and how they are read.

use weir_cf::find;
use weir_cf::horizontal::{Convention, Horizontal, Location, Mesh};
use weir_cf::packing::attribute_numbers;
use weir_model::{Schema, Variable};
use weir_plugin_api::Error;
use weir_rendering::Polygons;
use weir_selection::Cut;

use crate::grids::Reading;

/// Corners of cells that are drawn are so many at most, and so are the corners that cells share: beyond, cells are drawn by their middles.
const MOST_CORNERS: u64 = 1 << 22;

/// How the corners of the cells of a mesh are told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Corners {
    longitude: String,
    latitude: String,
    /// The dimension of the cells, by its path.
    cells: String,
    /// How many corners a cell has at most.
    each: u64,
    listed: Option<Listed>,
}

/// Where cells list which corners are theirs.
#[derive(Clone, Debug, PartialEq)]
struct Listed {
    path: String,
    /// The number of the first corner.
    first: f64,
    /// The path of the variable that says how many of the list are meant.
    counts: Option<String>,
    /// How many corners there are.
    corners: u64,
}

impl Corners {
    /// How the corners of the cells that the variable at `path` lies in are told; `None` where they are not, or are too many.
    pub(crate) fn of(schema: &Schema, path: &str, grid: &Horizontal) -> Option<Self> {
        let Horizontal::Unstructured(mesh) = grid else { return None };
        if mesh.location != Location::Face {
            return None;
        }
        let cells = schema.variable(path)?.dimensions.get(mesh.dimension)?.clone();
        let (longitude, latitude) = mesh.corners.clone()?;
        let (of_longitude, of_latitude) = (schema.variable(&longitude)?, schema.variable(&latitude)?);
        if of_longitude.dimensions != of_latitude.dimensions {
            return None;
        }
        if let Some(each) = each_of(of_longitude, &cells) {
            return Some(Self { longitude, latitude, cells, each, listed: None });
        }
        let list = schema.variable(mesh.connectivity.as_ref()?)?;
        let [corners] = of_longitude.shape[..] else { return None };
        let each = each_of(list, &cells)?;
        let listed = Listed {
            path: mesh.connectivity.clone()?,
            first: first_of(mesh, list),
            counts: counts_of(schema, mesh, &cells),
            corners,
        };
        (corners <= MOST_CORNERS).then_some(Self { longitude, latitude, cells, each, listed: Some(listed) })
    }

    /// Whether the corners of so many cells are not too many.
    pub(crate) fn fits(&self, cells: u64) -> bool {
        cells.checked_mul(self.each).is_some_and(|corners| corners <= MOST_CORNERS)
    }

    /// Bytes that the corners of so many cells take while they are read, and their polygons afterwards.
    pub(crate) fn bytes(&self, cells: u64) -> u64 {
        // Stored and unpacked numbers of two coordinates, or of the list; and pairs of them.
        const EACH: u64 = 48;
        let shared = self.listed.as_ref().map_or(0, |listed| listed.corners.saturating_mul(EACH));
        let (of_cell, of_corner) = Polygons::BYTES_EACH;
        let each = self.each.saturating_mul(of_corner.saturating_add(EACH)).saturating_add(of_cell);
        cells.saturating_mul(each).saturating_add(shared)
    }

    /// Reads the corners of the cells at the indices of `reading`. `None` where they make no cells.
    pub(crate) fn read(&self, reading: &Reading<'_>, mesh: &Mesh) -> Result<Option<Polygons>, Error> {
        let whole = Cut::none();
        let cut = if self.listed.is_some() { &whole } else { &reading.cut() };
        let degrees = |path: &str, middle: &Option<String>| {
            let default = (mesh.convention == Convention::Mpas).then_some("radians");
            reading.degrees_of(path, cut, (middle.as_deref(), default))
        };
        let longitudes = degrees(&self.longitude, &mesh.longitude)?;
        let latitudes = degrees(&self.latitude, &mesh.latitude)?;
        let corner = |at: Option<usize>| {
            let at = at?;
            Some((*longitudes.get(at)?, *latitudes.get(at)?))
        };
        let places = self.places(reading)?;
        let count = places.cells();
        let Some(listed) = &self.listed else {
            let cell = |cell| places.of(cell).map(|at| corner(at).unwrap_or((f64::NAN, f64::NAN))).collect();
            return Ok(Polygons::of((0..count).map(cell)));
        };
        let list = reading.numbers_of(&listed.path, &reading.cut())?;
        let counts =
            listed.counts.as_ref().map(|path| reading.numbers_of(path, &reading.cut())).transpose()?;
        let cell = |cell: usize| -> Vec<(f64, f64)> {
            let most = counts.as_ref().and_then(|counts| counts.get(cell)).copied();
            let most = most.map_or(usize::MAX, |most| index(most).unwrap_or(0));
            let numbers = places.of(cell).take(most).filter_map(|at| list.get(at?).copied());
            // What is no number of a corner fills the list up; what is beyond the corners is damaged, and makes no cell.
            let meant = numbers.map(|number| number - listed.first).filter(|number| *number >= 0.0);
            meant.map(|number| corner(index(number))).collect::<Option<_>>().unwrap_or_default()
        };
        Ok(Polygons::of((0..count).map(cell)))
    }

    /// Where the corners of each cell stand in the variable that has them for each cell.
    fn places(&self, reading: &Reading<'_>) -> Result<Places, Error> {
        let path = self.listed.as_ref().map_or(&self.longitude, |listed| &listed.path);
        let variable = reading.variable_at(path)?;
        let cells = reading.count(&self.cells);
        let each = usize::try_from(self.each).unwrap_or(usize::MAX);
        Ok(Places { cells, each, cells_last: variable.dimensions.last() == Some(&self.cells) })
    }
}

/// Where the corners of each cell stand in an array over cells and corners.
struct Places {
    cells: usize,
    each: usize,
    cells_last: bool,
}

impl Places {
    fn cells(&self) -> usize {
        self.cells
    }

    fn of(&self, cell: usize) -> impl Iterator<Item = Option<usize>> + '_ {
        (0..self.each).map(move |corner| {
            if self.cells_last {
                corner.checked_mul(self.cells)?.checked_add(cell)
            } else {
                cell.checked_mul(self.each)?.checked_add(corner)
            }
        })
    }
}

/// How many corners a variable over cells and corners has for each cell.
fn each_of(variable: &Variable, cells: &str) -> Option<u64> {
    let each = match (&variable.dimensions[..], &variable.shape[..]) {
        ([first, _], [_, each]) if first == cells => *each,
        ([_, last], [each, _]) if last == cells => *each,
        _ => return None,
    };
    (3..=1000).contains(&each).then_some(each)
}

/// The number of the first corner: `start_index`, else 0 for UGRID and 1 for models that count as Fortran does.
fn first_of(mesh: &Mesh, list: &Variable) -> f64 {
    let told = attribute_numbers(list, "start_index").and_then(|numbers| numbers.first().copied());
    told.unwrap_or(match mesh.convention {
        Convention::Icon | Convention::Mpas | Convention::Esmf => 1.0,
        Convention::Ugrid | Convention::Scrip | Convention::Cf => 0.0,
    })
}

/// Where the number of corners of each cell is told.
fn counts_of(schema: &Schema, mesh: &Mesh, cells: &str) -> Option<String> {
    let name = match mesh.convention {
        Convention::Mpas => "nEdgesOnCell",
        Convention::Esmf => "numElementConn",
        _ => return None,
    };
    let group = mesh.connectivity.as_ref()?.rsplit_once('/').map_or("", |(group, _)| group);
    let found = find(schema, group, name)?;
    (found.variable.dimensions == [cells]).then_some(found.path)
}

fn index(number: f64) -> Option<usize> {
    let fits = number.fract() == 0.0 && (0.0..9e15).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
    fits.then_some(number as usize)
}
