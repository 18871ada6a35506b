//! Documents of xpublish: what a group of a dataset holds, in the words of xarray.
//!
//! Variables are shown as they are stored, as `xarray.open_dataset` shows them without scaling, without dates and without joined
//! characters: what is written here is then what every protocol of the server delivers.
//!
//! Source: xpublish 0.5 (<https://xpublish.readthedocs.io>), plugin `dataset_info`; xarray's `Dataset.to_dict` and `DataTree`.

pub(crate) mod dtype;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use weir_model::{Attribute, Group, Schema, Variable};

use crate::attributes;

/// The attribute in which CF names coordinates (CF 1.11, section 5); xarray takes it out of what it shows.
const COORDINATES: &str = "coordinates";

/// A group of a dataset, with what it inherits from the groups around it.
#[derive(Debug)]
pub struct Node<'s> {
    group: &'s Group,
    path: String,
    variables: Vec<&'s Variable>,
}

impl<'s> Node<'s> {
    /// The group at `path`; `""` and `/` name the root. `None` where there is no such group.
    #[must_use]
    pub fn find(schema: &'s Schema, path: &str) -> Option<Self> {
        let mut group = &schema.root;
        let (mut at, mut inherited) = (String::new(), Vec::new());
        for name in path.split('/').filter(|name| !name.is_empty()) {
            inherited.extend(group.variables.iter().filter(|variable| is_index(variable)));
            group = group.group(name)?;
            at = at + "/" + name;
        }
        Some(Self::of(group, at, &inherited))
    }

    /// A group with the indexed coordinates of those around it, of which a nearer one hides a farther one: what a `DataTree`
    /// inherits.
    pub(crate) fn of(group: &'s Group, path: String, inherited: &[&'s Variable]) -> Self {
        let mut variables: Vec<&Variable> = group.variables.iter().collect();
        for variable in inherited.iter().rev() {
            if variables.iter().all(|known| known.name != variable.name) {
                variables.push(variable);
            }
        }
        Self { group, path, variables }
    }

    /// The path; empty for the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The group itself.
    #[must_use]
    pub fn group(&self) -> &'s Group {
        self.group
    }

    /// Its variables, and those that it inherits.
    pub(crate) fn variables(&self) -> &[&'s Variable] {
        &self.variables
    }

    /// The names of all variables.
    #[must_use]
    pub fn keys(&self) -> Json {
        self.variables.iter().map(|variable| variable.name.as_str()).collect()
    }

    /// Lengths of the dimensions that variables have, by name.
    pub(crate) fn dimensions(&self) -> Map<String, Json> {
        let mut lengths = Map::new();
        for variable in &self.variables {
            for (name, length) in variable.dimension_names().zip(&variable.shape) {
                lengths.entry(name).or_insert(Json::from(*length));
            }
        }
        lengths
    }

    /// The names of the variables that are coordinates: those of dimensions, and those that an attribute names as such.
    pub(crate) fn coordinates(&self) -> BTreeSet<&str> {
        let own = self.variables.iter().flat_map(|variable| &variable.attributes);
        let named: Vec<String> = own.chain(&self.group.attributes).filter_map(named_coordinates).collect();
        let named: BTreeSet<&str> = named.iter().flat_map(|names| names.split_whitespace()).collect();
        let is_coordinate =
            |variable: &&&Variable| is_dimension(variable) || named.contains(variable.name.as_str());
        self.variables.iter().filter(is_coordinate).map(|variable| variable.name.as_str()).collect()
    }

    /// What xarray's `Dataset.to_dict(data=False)` has: `coords`, `attrs`, `dims` and `data_vars`.
    #[must_use]
    pub fn dict(&self) -> Json {
        let coordinates = self.coordinates();
        let (mut coords, mut data) = (Map::new(), Map::new());
        for variable in &self.variables {
            let into = if coordinates.contains(variable.name.as_str()) { &mut coords } else { &mut data };
            let described = json!({
                "dims": variable.dimension_names().collect::<Vec<_>>(),
                "attrs": shown(&variable.attributes),
                "dtype": dtype::text(&variable.data_type),
                "shape": variable.shape,
            });
            into.insert(variable.name.clone(), described);
        }
        let attrs = shown(&self.group.attributes);
        json!({ "coords": coords, "attrs": attrs, "dims": self.dimensions(), "data_vars": data })
    }

    /// A description near to NCO's JSON: `dimensions`, `variables` with `type`, `dimensions` and `attributes`, and
    /// `global_attributes`.
    #[must_use]
    pub fn info(&self) -> Json {
        let describe = |variable: &&Variable| {
            let described = json!({
                "type": dtype::name(&variable.data_type),
                "dimensions": variable.dimension_names().collect::<Vec<_>>(),
                "attributes": attributes::object(&variable.attributes),
            });
            (variable.name.clone(), described)
        };
        let variables: Map<String, Json> = self.variables.iter().map(describe).collect();
        let own = attributes::object(&self.group.attributes);
        json!({ "dimensions": self.dimensions(), "variables": variables, "global_attributes": own })
    }
}

/// The paths of all groups, the root's `/` first, level by level as `DataTree.groups` has them.
#[must_use]
pub fn groups(schema: &Schema) -> Json {
    let mut levels: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (path, _) in schema.groups() {
        let shown = if path.is_empty() { "/".to_owned() } else { path.clone() };
        levels.entry(path.matches('/').count()).or_default().push(shown);
    }
    levels.into_values().flatten().collect::<Vec<_>>().into()
}

/// Whether a variable is the coordinate of a dimension of its own name.
fn is_dimension(variable: &Variable) -> bool {
    variable.dimension_names().any(|name| name == variable.name)
}

/// Whether xarray makes an index of a variable: of the one-dimensional coordinates of dimensions.
pub(crate) fn is_index(variable: &Variable) -> bool {
    variable.shape.len() == 1 && is_dimension(variable)
}

fn named_coordinates(attribute: &Attribute) -> Option<String> {
    let names = (attribute.name == COORDINATES).then(|| attribute.value.as_text())?;
    names.map(std::borrow::Cow::into_owned)
}

/// Attributes as xarray has them once it has taken out those that name coordinates.
fn shown(all: &[Attribute]) -> Map<String, Json> {
    attributes::object(all.iter().filter(|attribute| named_coordinates(attribute).is_none()))
}

#[cfg(test)]
mod tests;
