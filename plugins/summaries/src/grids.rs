//! The horizontal grids on which data variables lie.

use std::collections::BTreeMap;

use weir_catalogs::{Grid, GridKind, Role, VariableFacts};
use weir_cf::axes::{Axis, Kind, kind};
use weir_cf::horizontal::{Horizontal, horizontal};
use weir_cf::{Coordinate, Coordinates};
use weir_plugin_api::model::{Schema, Variable};

use crate::Asked;
use crate::variables::attribute;

/// A grid, and how to get at its coordinates.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What catalogs say of it.
    pub facts: Grid,
    /// The path of a data variable on it.
    pub example: String,
    /// The paths of the coordinates along x and y, where the grid has them.
    pub along: Option<(String, String)>,
    /// The paths of the longitudes and latitudes of its cells' corners.
    pub corners: Option<(String, String)>,
    /// The path of the numbers of HEALPix cells.
    pub numbers: Option<String>,
}

/// Data variables that stand for all that have the same coordinates, with how many those are; all variables where none is data.
pub(crate) fn representatives(schema: &Schema, variables: &[VariableFacts]) -> Vec<(String, usize)> {
    let data = || variables.iter().filter(|variable| variable.role == Role::Data);
    let any = data().next().is_some();
    let mut found: Vec<(Vec<String>, String, usize)> = Vec::new();
    let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for facts in variables.iter().filter(|variable| !any || variable.role == Role::Data) {
        let Some(variable) = schema.variable(&facts.path) else { continue };
        let key = key(&facts.path, variable);
        match places.get(&key).and_then(|place| found.get_mut(*place)) {
            Some((_, _, count)) => *count = count.saturating_add(1),
            None => {
                places.insert(key.clone(), found.len());
                found.push((key, facts.path.clone(), 1));
            }
        }
    }
    found.into_iter().map(|(_, path, count)| (path, count)).collect()
}

/// What decides which coordinates a variable has.
fn key(path: &str, variable: &Variable) -> Vec<String> {
    let group = path.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
    let names = ["coordinates", "grid_mapping", "mesh", "location", "CDI_grid_type"];
    let attributes = names.iter().map(|name| attribute(variable, name).unwrap_or_default());
    std::iter::once(group).chain(attributes).chain(variable.dimensions.iter().cloned()).collect()
}

/// The grids of all data variables, those with the most variables first.
pub(crate) fn of(asked: &Asked<'_>, variables: &[VariableFacts]) -> Vec<Found> {
    let mut grids: Vec<Found> = Vec::new();
    for (path, count) in representatives(&asked.schema, variables) {
        let Some(grid) = grid(asked, &path) else { continue };
        let same = |known: &&mut Found| {
            let (a, b) = (&known.facts, &grid.facts);
            (a.kind, &a.dimensions, &a.longitude, &a.latitude)
                == (b.kind, &b.dimensions, &b.longitude, &b.latitude)
        };
        match grids.iter_mut().find(same) {
            Some(known) => known.facts.variables = known.facts.variables.saturating_add(count),
            None => grids.push(Found { facts: Grid { variables: count, ..grid.facts }, ..grid }),
        }
    }
    // Of equal ones the first stays first.
    grids.sort_by_key(|grid| std::cmp::Reverse(grid.facts.variables));
    grids
}

fn grid(asked: &Asked<'_>, path: &str) -> Option<Found> {
    let variable = asked.schema.variable(path)?;
    let coordinates = Coordinates::of(&asked.schema, path)?;
    let on = On { path, variable, coordinates };
    match horizontal(&asked.schema, path) {
        Ok(Some(found)) => Some(on.found(found)),
        Ok(None) => on.anywhere(),
        Err(error) => {
            asked.note(format!("{path}: {error}"));
            on.anywhere()
        }
    }
}

/// A variable on a grid.
struct On<'a> {
    path: &'a str,
    variable: &'a Variable,
    coordinates: Coordinates<'a>,
}

impl On<'_> {
    fn path_of(&self, kind: Kind) -> Option<String> {
        self.coordinates.of_kind(kind).map(|coordinate| coordinate.path.clone())
    }

    fn dimensions(&self, places: &[usize]) -> Vec<String> {
        places.iter().filter_map(|place| self.variable.dimensions.get(*place).cloned()).collect()
    }

    fn bare(&self, kind: GridKind, places: &[usize]) -> Found {
        let (longitude, latitude) = (self.path_of(Kind::Longitude), self.path_of(Kind::Latitude));
        let dimensions = self.dimensions(places);
        let facts = Grid { kind, dimensions, longitude, latitude, variables: 1 };
        Found { facts, example: self.path.to_owned(), along: None, corners: None, numbers: None }
    }

    fn found(&self, horizontal: Horizontal) -> Found {
        match horizontal {
            Horizontal::Rectilinear { y, x, measured } => self.along(y, x, measured),
            Horizontal::Curvilinear { dimensions, longitude, latitude } => {
                self.beside(GridKind::Curvilinear, &dimensions, longitude, latitude)
            }
            Horizontal::Points { dimension, longitude, latitude } => {
                self.beside(GridKind::Points, &[dimension], longitude, latitude)
            }
            Horizontal::Healpix { pixels, dimension, numbers } => {
                let kind = GridKind::Healpix { nside: pixels.nside, order: pixels.order };
                Found { numbers, ..self.bare(kind, &[dimension]) }
            }
            Horizontal::Unstructured(mesh) => {
                let bare = self.bare(GridKind::Unstructured, &[mesh.dimension]);
                let facts = Grid { longitude: mesh.longitude, latitude: mesh.latitude, ..bare.facts };
                Found { facts, corners: mesh.corners, ..bare }
            }
        }
    }

    fn beside(&self, kind: GridKind, places: &[usize], longitude: String, latitude: String) -> Found {
        let bare = self.bare(kind, places);
        let facts = Grid { longitude: Some(longitude), latitude: Some(latitude), ..bare.facts };
        Found { facts, ..bare }
    }

    fn along(&self, y: usize, x: usize, measured: Kind) -> Found {
        let coordinate = |place: usize, axis: Axis| self.over(place, axis);
        let (first, second) = (coordinate(x, Axis::X), coordinate(y, Axis::Y));
        let is_latitude = second.is_some_and(|second| second.kind == Some(Kind::Latitude));
        let mapped = attribute(self.variable, "grid_mapping").is_some();
        let kind = match measured {
            Kind::Longitude if is_latitude => GridKind::Rectilinear,
            Kind::GridLongitude => GridKind::Rotated,
            Kind::ProjectionX => GridKind::Projected,
            _ if mapped && !is_latitude => GridKind::Projected,
            _ => GridKind::Unknown,
        };
        let along = first.zip(second).map(|(x, y)| (x.path.clone(), y.path.clone()));
        let bare = self.bare(kind, &[y, x]);
        let facts = match (&along, kind) {
            (Some((x, y)), GridKind::Rectilinear) => {
                Grid { longitude: Some(x.clone()), latitude: Some(y.clone()), ..bare.facts }
            }
            _ => bare.facts,
        };
        Found { facts, along, ..bare }
    }

    /// The coordinate over a dimension alone.
    fn over(&self, place: usize, axis: Axis) -> Option<&Coordinate<'_>> {
        let along = self.coordinates.along.get(place)?.as_ref();
        let dimension = self.variable.dimensions.get(place)?;
        let fits = |coordinate: &&Coordinate<'_>| {
            matches!(&coordinate.variable.dimensions[..], [only] if only == dimension)
                && coordinate.kind.and_then(Kind::axis) == Some(axis)
        };
        along.filter(fits).or_else(|| self.coordinates.auxiliary.iter().find(fits)).or(along)
    }

    /// No grid, but a place all the same: a series at one station, a profile, a file of coordinates alone.
    fn anywhere(&self) -> Option<Found> {
        let places: Vec<usize> = (0..self.variable.dimensions.len()).collect();
        let bare = self.bare(GridKind::Points, &[]);
        if bare.facts.longitude.is_some() && bare.facts.latitude.is_some() {
            return Some(bare);
        }
        let itself = Some(self.path.to_owned());
        let bare = self.bare(GridKind::Unknown, &places);
        let own = match kind(self.variable).filter(|_| attribute(self.variable, "units").is_some())? {
            Kind::Longitude => Grid { longitude: itself, ..bare.facts },
            Kind::Latitude => Grid { latitude: itself, ..bare.facts },
            _ => return None,
        };
        Some(Found { facts: own, ..bare })
    }
}
