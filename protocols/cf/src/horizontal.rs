//! What kind of horizontal grid a variable lies on, by names and attributes alone; no coordinate is read.
//!
//! HEALPix comes first, then the meshes that say what they are (UGRID, ICON, MPAS, SCRIP, ESMF), then what the coordinates say:
//! longitudes and latitudes over several dimensions make a curvilinear grid, over one dimension together they are cells (with
//! corners) or points (without), and over a dimension each a rectilinear grid.

mod healpix;
mod mesh;

use weir_model::{Schema, Variable};

use crate::axes::{Axis, Kind, text};
use crate::coordinates::{Coordinate, Coordinates};
use crate::grid_mapping::{MappingError, Pixels};

/// The horizontal grid of a variable. A dimension is given by its position among those of the variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Horizontal {
    /// One coordinate along each of two dimensions.
    Rectilinear {
        /// The dimension from south to north, or along the second coordinate of a projection.
        y: usize,
        /// The dimension from west to east, or along the first.
        x: usize,
        /// What the x coordinate measures: longitude, longitude of a rotated grid, a projection's coordinate, or unknown.
        measured: Kind,
    },
    /// Longitude and latitude of each place of a grid of two or more dimensions (more on the faces of a cubed sphere).
    Curvilinear {
        /// The dimensions, in the order of the variable.
        dimensions: Vec<usize>,
        /// The path of the longitudes.
        longitude: String,
        /// The path of the latitudes.
        latitude: String,
    },
    /// Cells of HEALPix.
    Healpix {
        /// The resolution and the order.
        pixels: Pixels,
        /// The dimension along which cells lie.
        dimension: usize,
        /// The path of the variable with the numbers of the cells; `None` where the index is the number.
        numbers: Option<String>,
    },
    /// Cells, corners or edges of a mesh.
    Unstructured(Mesh),
    /// Places along one dimension.
    Points {
        /// The dimension.
        dimension: usize,
        /// The path of the longitudes.
        longitude: String,
        /// The path of the latitudes.
        latitude: String,
    },
}

/// A mesh of cells of any shape, as far as the dataset says what it is: it may lie in another file.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// The rules by which it was recognised.
    pub convention: Convention,
    /// Where on the mesh the values lie.
    pub location: Location,
    /// The dimension along which they lie.
    pub dimension: usize,
    /// The path of the longitudes there.
    pub longitude: Option<String>,
    /// The path of the latitudes there.
    pub latitude: Option<String>,
    /// The paths of the longitudes and latitudes of the corners: of each cell, or of all corners where there is a
    /// `connectivity`.
    pub corners: Option<(String, String)>,
    /// The path of the variable that lists the corners of each cell (`face_node_connectivity`, `vertex_of_cell`,
    /// `verticesOnCell`).
    pub connectivity: Option<String>,
}

/// Rules for writing meshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// UGRID: a variable with `cf_role = mesh_topology`.
    Ugrid,
    /// ICON: `vertex_of_cell`, or `CDI_grid_type = unstructured`.
    Icon,
    /// MPAS: dimensions `nCells`, `nVertices`, `nEdges`.
    Mpas,
    /// SCRIP: dimension `grid_size`.
    Scrip,
    /// ESMF: dimensions `elementCount`, `nodeCount`.
    Esmf,
    /// CF: coordinates over one dimension, with bounds of three corners or more.
    Cf,
}

/// Where on a mesh values lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In cells.
    Face,
    /// At corners.
    Node,
    /// On edges.
    Edge,
}

/// The horizontal grid of the variable at `path`; `None` where nothing says what it is.
///
/// # Errors
/// [`MappingError`] where a grid mapping says that it is HEALPix and not how many cells there are.
pub fn horizontal(schema: &Schema, path: &str) -> Result<Option<Horizontal>, MappingError> {
    let (Some(variable), Some(coordinates)) = (schema.variable(path), Coordinates::of(schema, path)) else {
        return Ok(None);
    };
    let asked = Asked { schema, path, variable, coordinates };
    if let Some(found) = healpix::find(&asked)? {
        return Ok(Some(found));
    }
    let mesh = mesh::find(&asked).map(Horizontal::Unstructured);
    Ok(mesh.or_else(|| beside(&asked)).or_else(|| along(&asked)))
}

/// The variable that is asked about, and what surrounds it.
struct Asked<'a> {
    schema: &'a Schema,
    path: &'a str,
    variable: &'a Variable,
    coordinates: Coordinates<'a>,
}

impl Asked<'_> {
    /// The position of a dimension, by its path.
    fn position(&self, dimension: &str) -> Option<usize> {
        self.variable.dimensions.iter().position(|path| path == dimension)
    }

    /// The position of a dimension, by its name.
    fn named(&self, name: &str) -> Option<usize> {
        self.variable.dimension_names().position(|dimension| dimension == name)
    }
}

/// Longitudes and latitudes that share their dimensions.
fn beside(asked: &Asked<'_>) -> Option<Horizontal> {
    let of_kind = |kind| asked.coordinates.auxiliary.iter().find(|found| found.kind == Some(kind));
    // A coordinate along a dimension may be shared too: longitude(station) beside latitude(station), or time(time) over an
    // orbit; it is only asked for where there is no other.
    let (longitude, latitude) = (of_kind(Kind::Longitude)?, of_kind(Kind::Latitude)?);
    if longitude.variable.dimensions != latitude.variable.dimensions {
        return None;
    }
    let dimensions: Option<Vec<usize>> =
        longitude.variable.dimensions.iter().map(|dimension| asked.position(dimension)).collect();
    let mut dimensions = dimensions?;
    let (longitude_path, latitude_path) = (longitude.path.clone(), latitude.path.clone());
    if let [dimension] = dimensions[..] {
        let corners = corners(longitude, latitude);
        let unstructured = text(asked.variable, "CDI_grid_type").as_deref() == Some("unstructured");
        if corners.is_none() && !unstructured {
            return Some(Horizontal::Points {
                dimension,
                longitude: longitude_path,
                latitude: latitude_path,
            });
        }
        return Some(Horizontal::Unstructured(Mesh {
            convention: Convention::Cf,
            location: Location::Face,
            dimension,
            longitude: Some(longitude_path),
            latitude: Some(latitude_path),
            corners,
            connectivity: None,
        }));
    }
    // A rotated or projected grid says more by its own coordinates than by those.
    if along(asked).is_some_and(|grid| is_projected(&grid)) {
        return None;
    }
    dimensions.sort_unstable();
    Some(Horizontal::Curvilinear { dimensions, longitude: longitude_path, latitude: latitude_path })
}

fn is_projected(grid: &Horizontal) -> bool {
    matches!(grid, Horizontal::Rectilinear { measured: Kind::GridLongitude | Kind::ProjectionX, .. })
}

/// Bounds with three corners or more.
fn corners(longitude: &Coordinate<'_>, latitude: &Coordinate<'_>) -> Option<(String, String)> {
    let path = |coordinate: &Coordinate<'_>| {
        let bounds = coordinate.bounds.as_ref()?;
        (*bounds.variable.shape.last()? >= 3).then(|| bounds.path.clone())
    };
    Some((path(longitude)?, path(latitude)?))
}

/// A coordinate along each of two dimensions.
fn along(asked: &Asked<'_>) -> Option<Horizontal> {
    let y = asked.coordinates.dimension(asked.variable, Axis::Y)?;
    let x = asked.coordinates.dimension(asked.variable, Axis::X).filter(|x| *x != y)?;
    let coordinate = asked.coordinates.along.get(x)?.as_ref();
    let measured = coordinate.and_then(|coordinate| coordinate.kind).unwrap_or(Kind::Other(Axis::X));
    Some(Horizontal::Rectilinear { y, x, measured })
}

#[cfg(test)]
mod tests;
