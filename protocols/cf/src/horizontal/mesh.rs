//! Meshes that say by which rules they were written.

use weir_model::Variable;

use crate::axes::{Kind, kind, text};
use crate::scope::{Located, find as find_variable, group_of};
use crate::tokens::names;

use super::{Asked, Convention, Location, Mesh};

pub(super) fn find(asked: &Asked<'_>) -> Option<Mesh> {
    ugrid(asked).or_else(|| icon(asked)).or_else(|| by_dimensions(asked))
}

/// UGRID (<https://ugrid-conventions.github.io/ugrid-conventions/>): the variable names its mesh and its place on it. Where it
/// does not, as in files of data beside a file of the grid, a mesh of the same dataset that has one of its dimensions is
/// taken.
fn ugrid(asked: &Asked<'_>) -> Option<Mesh> {
    if let Some(name) = text(asked.variable, "mesh") {
        let location = match text(asked.variable, "location")?.as_str() {
            "node" => Location::Node,
            "edge" => Location::Edge,
            _ => Location::Face,
        };
        return match find_variable(asked.schema, group_of(asked.path), &name) {
            Some(mesh) => Topology { asked, mesh }.place(location),
            // The mesh lies in another file. Its dimension has no coordinate here, and meshes come last.
            None => mesh(asked, Convention::Ugrid, location, asked.variable.dimensions.len().checked_sub(1)?),
        };
    }
    let is_mesh = |variable: &Variable| text(variable, "cf_role").as_deref() == Some("mesh_topology");
    let meshes = asked.schema.variables().into_iter().filter(|(_, variable)| is_mesh(variable));
    let mut meshes = meshes.map(|(path, variable)| Topology { asked, mesh: Located { path, variable } });
    let locations = [Location::Face, Location::Node, Location::Edge];
    meshes.find_map(|mesh| locations.into_iter().find_map(|location| mesh.place(location)))
}

/// A mesh without anything known but its place.
fn mesh(asked: &Asked<'_>, convention: Convention, location: Location, dimension: usize) -> Option<Mesh> {
    (dimension < asked.variable.dimensions.len()).then_some(Mesh {
        convention,
        location,
        dimension,
        longitude: None,
        latitude: None,
        corners: None,
        connectivity: None,
    })
}

/// A variable with `cf_role = mesh_topology`.
struct Topology<'a> {
    asked: &'a Asked<'a>,
    mesh: Located<'a>,
}

impl<'a> Topology<'a> {
    fn place(&self, location: Location) -> Option<Mesh> {
        let nodes = self.coordinates("node_coordinates");
        let faces = self.named("face_node_connectivity");
        let dimension = match location {
            Location::Node => {
                self.dimension("node_dimension", nodes.as_ref().map(|(longitude, _)| longitude))
            }
            Location::Face => self.dimension("face_dimension", faces.as_ref()),
            Location::Edge => self.dimension("edge_dimension", self.named("edge_node_connectivity").as_ref()),
        };
        let mesh = mesh(self.asked, Convention::Ugrid, location, self.asked.position(&dimension?)?)?;
        let here = match location {
            Location::Node => nodes.clone(),
            Location::Face => self.coordinates("face_coordinates"),
            Location::Edge => self.coordinates("edge_coordinates"),
        };
        let here = here.map(|(longitude, latitude)| (longitude.path, latitude.path)).unzip();
        Some(Mesh {
            longitude: here.0,
            latitude: here.1,
            corners: nodes.map(|(longitude, latitude)| (longitude.path, latitude.path)),
            connectivity: faces.map(|faces| faces.path),
            ..mesh
        })
    }

    fn find(&self, name: &str) -> Option<Located<'a>> {
        find_variable(self.asked.schema, group_of(&self.mesh.path), name)
    }

    fn named(&self, attribute: &str) -> Option<Located<'a>> {
        self.find(&text(self.mesh.variable, attribute)?)
    }

    /// The path of the dimension that an attribute names, else the first of a variable over it.
    fn dimension(&self, attribute: &str, over: Option<&Located<'_>>) -> Option<String> {
        let dimensions = &over?.variable.dimensions;
        let named = text(self.mesh.variable, attribute);
        let is_named = |path: &&String| path.rsplit('/').next() == named.as_deref();
        dimensions.iter().find(is_named).or(dimensions.first()).cloned()
    }

    /// Longitude and latitude, in whatever order an attribute names them; by their order where they do not say which is which.
    fn coordinates(&self, attribute: &str) -> Option<(Located<'a>, Located<'a>)> {
        let named = text(self.mesh.variable, attribute)?;
        let found: Vec<Located<'a>> = names(&named).filter_map(|name| self.find(name)).collect();
        let of = |wanted| found.iter().find(|found| kind(found.variable) == Some(wanted)).cloned();
        match (of(Kind::Longitude), of(Kind::Latitude), &found[..]) {
            (Some(longitude), Some(latitude), _) => Some((longitude, latitude)),
            (_, _, [x, y, ..]) => Some((x.clone(), y.clone())),
            _ => None,
        }
    }
}

/// ICON: `vertex_of_cell(nv, cell)` lists corners, `clon`, `clat` and their `_vertices` lie beside it; or the data alone, which
/// CDI marks with `CDI_grid_type = unstructured`.
fn icon(asked: &Asked<'_>) -> Option<Mesh> {
    let find = |name: &str| find_variable(asked.schema, group_of(asked.path), name);
    let marked = text(asked.variable, "CDI_grid_type").as_deref() == Some("unstructured");
    let connectivity = find("vertex_of_cell");
    let longitude = asked.coordinates.of_kind(Kind::Longitude);
    let of_longitude = || match &longitude?.variable.dimensions[..] {
        [only] => asked.position(only),
        _ => None,
    };
    let of_cells = || asked.position(connectivity.as_ref()?.variable.dimensions.last()?);
    let dimension = if marked {
        of_longitude().or_else(of_cells).or_else(|| asked.named("ncells")).or_else(|| asked.named("cell"))
    } else {
        of_cells()
    };
    let location = match longitude.map(|longitude| longitude.variable.name.as_str()) {
        Some("vlon") => Location::Node,
        Some("elon") => Location::Edge,
        _ => Location::Face,
    };
    let found = mesh(asked, Convention::Icon, location, dimension?)?;
    // Only in cells: the corners of ICON's grids have cells of their own, in variables of other names.
    let over = |name: &str| find(name).filter(|_| location == Location::Face).map(|found| found.path);
    let path =
        |kind, name| asked.coordinates.of_kind(kind).map(|found| found.path.clone()).or_else(|| over(name));
    Some(Mesh {
        longitude: path(Kind::Longitude, "clon"),
        latitude: path(Kind::Latitude, "clat"),
        corners: over("clon_vertices").zip(over("clat_vertices")),
        connectivity: connectivity.map(|found| found.path),
        ..found
    })
}

/// Rules that give names to dimensions and variables: dimension, place, longitude, latitude, corners, connectivity.
type Names = (&'static str, Convention, Location, [&'static str; 5]);

const NAMES: [Names; 6] = [
    (
        "nCells",
        Convention::Mpas,
        Location::Face,
        ["lonCell", "latCell", "lonVertex", "latVertex", "verticesOnCell"],
    ),
    (
        "nVertices",
        Convention::Mpas,
        Location::Node,
        ["lonVertex", "latVertex", "lonVertex", "latVertex", "verticesOnCell"],
    ),
    (
        "nEdges",
        Convention::Mpas,
        Location::Edge,
        ["lonEdge", "latEdge", "lonVertex", "latVertex", "verticesOnCell"],
    ),
    (
        "grid_size",
        Convention::Scrip,
        Location::Face,
        ["grid_center_lon", "grid_center_lat", "grid_corner_lon", "grid_corner_lat", ""],
    ),
    ("elementCount", Convention::Esmf, Location::Face, ["", "", "", "", "elementConn"]),
    ("nodeCount", Convention::Esmf, Location::Node, ["", "", "", "", "elementConn"]),
];

fn by_dimensions(asked: &Asked<'_>) -> Option<Mesh> {
    NAMES.iter().find_map(|(dimension, convention, location, names)| {
        let found = mesh(asked, *convention, *location, asked.named(dimension)?)?;
        let path = |name: &str| {
            let found = (!name.is_empty()).then(|| find_variable(asked.schema, group_of(asked.path), name));
            found.flatten().map(|found| found.path)
        };
        let [longitude, latitude, corner_longitude, corner_latitude, connectivity] = names.map(path);
        let corners = corner_longitude.zip(corner_latitude);
        Some(Mesh { longitude, latitude, corners, connectivity, ..found })
    })
}
