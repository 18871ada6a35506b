//! Variables: what each is, and what it is there for.

use std::collections::HashSet;

use weir_catalogs::{Role, VariableFacts};
use weir_cf::axes::{Kind, kind};
use weir_cf::{Coordinates, find};
use weir_plugin_api::model::{DataType, Schema, Variable};

/// Attributes that name variables which say where or when values lie.
const NAMING_COORDINATES: [&str; 4] =
    ["coordinates", "node_coordinates", "face_coordinates", "edge_coordinates"];

/// Attributes that name variables which say how coordinates are to be read.
const NAMING_DESCRIPTIONS: [&str; 7] = [
    "grid_mapping",
    "mesh",
    "geometry",
    "face_node_connectivity",
    "edge_node_connectivity",
    "face_edge_connectivity",
    "face_face_connectivity",
];

/// Every variable, groups after their parents.
pub(crate) fn facts(schema: &Schema) -> Vec<VariableFacts> {
    let named = Named::of(schema);
    let fact = |(path, variable): (String, &Variable)| {
        let text = |name: &str| attribute(variable, name);
        VariableFacts {
            name: variable.name.clone(),
            dimensions: variable.dimensions.clone(),
            shape: variable.shape.clone(),
            data_type: variable.data_type.describe(),
            role: named.role(&path, variable),
            units: text("units"),
            standard_name: text("standard_name"),
            long_name: text("long_name"),
            cell_methods: text("cell_methods"),
            path,
        }
    };
    schema.variables().into_iter().map(fact).collect()
}

/// The text of an attribute, without blanks around it.
pub(crate) fn attribute(variable: &Variable, name: &str) -> Option<String> {
    let text = variable.attribute(name)?.value.as_text()?;
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The paths of variables that others name.
#[derive(Default)]
struct Named {
    coordinates: HashSet<String>,
    bounds: HashSet<String>,
    descriptions: HashSet<String>,
}

impl Named {
    fn of(schema: &Schema) -> Self {
        let mut named = Self::default();
        for (path, variable) in schema.variables() {
            let group = path.rsplit_once('/').map_or("", |(group, _)| group);
            let paths = |names: &[&str]| {
                let texts = names.iter().filter_map(|name| attribute(variable, name));
                let words: Vec<String> = texts.flat_map(|text| words(&text)).collect();
                words
                    .into_iter()
                    .filter_map(|word| Some(find(schema, group, &word)?.path))
                    .collect::<Vec<_>>()
            };
            named.coordinates.extend(paths(&NAMING_COORDINATES));
            named.bounds.extend(paths(&["bounds", "climatology"]));
            named.descriptions.extend(paths(&NAMING_DESCRIPTIONS));
            // `crs: x y` names coordinates beside the mapping.
            let plain = attribute(variable, "grid_mapping").is_some_and(|text| text.contains(':'));
            if plain {
                let along = Coordinates::of(schema, &path)
                    .map(|found| found.all().map(|c| c.path.clone()).collect::<Vec<_>>());
                named.coordinates.extend(along.unwrap_or_default());
            }
        }
        named
    }

    fn role(&self, path: &str, variable: &Variable) -> Role {
        if self.bounds.contains(path) {
            return Role::Bounds;
        }
        if self.coordinates.contains(path) || is_along(variable) || is_horizontal(variable) {
            return Role::Coordinate;
        }
        let describes =
            ["grid_mapping_name", "crs_wkt", "cf_role"].iter().any(|name| variable.attribute(name).is_some());
        let is_record = matches!(variable.data_type, DataType::Opaque { .. });
        if self.descriptions.contains(path) || describes || is_record {
            return Role::Description;
        }
        Role::Data
    }
}

/// The names in an attribute; keys with a colon are names too, of mappings.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()).collect()
}

/// Whether it is the coordinate variable of its only dimension.
fn is_along(variable: &Variable) -> bool {
    variable.dimension_names().eq([variable.name.as_str()])
}

/// Longitudes and latitudes that nobody named: their attributes say what they are.
fn is_horizontal(variable: &Variable) -> bool {
    let says = variable.attribute("standard_name").is_some() || variable.attribute("units").is_some();
    says && variable.data_type.is_numeric()
        && matches!(kind(variable), Some(Kind::Longitude | Kind::Latitude))
}
