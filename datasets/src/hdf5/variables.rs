//! Variables: from stored datasets and their dimensions to the schema, and to what fetches their chunks.

use std::collections::HashMap;

use weir_model::{Attribute, Group, Schema, Variable};

use super::array::StoredArray;
use super::attribute::StoredAttribute;
use super::attribute_value;
use super::dataset::StoredDataset;
use super::dimensions::Dimensions;
use super::heap::Heap;
use super::metadata::Metadata;
use super::named_types::NamedTypes;
use super::tree::{FoundGroup, Tree};
use crate::{Error, ErrorKind};

/// netCDF-4 puts this in front of the name of a variable that is called like a dimension, but is not its coordinate.
const NOT_A_COORDINATE: &str = "_nc4_non_coord_";

/// A schema, and the stored arrays behind its variables, by path without the leading slash.
pub struct Built {
    /// What the file holds.
    pub schema: Schema,
    /// Where the elements are.
    pub arrays: HashMap<String, StoredArray>,
}

/// Paths and lengths of the dimensions of one dataset.
type Axes = Vec<(String, u64)>;

struct Builder<'a> {
    dimensions: Dimensions,
    axes: HashMap<(usize, usize), Axes>,
    heap: Heap<'a>,
    types: NamedTypes,
    arrays: HashMap<String, StoredArray>,
}

/// Builds the schema of a walked file.
pub fn build(metadata: &Metadata, mut tree: Tree) -> Result<Built, Error> {
    let dimensions = Dimensions::find(metadata, &tree);
    let types = std::mem::take(&mut tree.types);
    let axes = axes(&tree, &dimensions);
    let heap = Heap::new(metadata);
    let mut builder = Builder { dimensions, axes, heap, types, arrays: HashMap::new() };
    let mut groups: Vec<Option<Group>> = Vec::with_capacity(tree.groups.len());
    let parents: Vec<Option<usize>> = tree.groups.iter().map(|group| group.parent).collect();
    for (place, found) in tree.groups.into_iter().enumerate() {
        groups.push(Some(builder.group(place, found)?));
    }
    let root = nest(groups, &parents);
    Ok(Built { schema: Schema { root }, arrays: builder.arrays })
}

/// The dimensions of every dataset that is a variable.
fn axes(tree: &Tree, dimensions: &Dimensions) -> HashMap<(usize, usize), Axes> {
    let mut axes = HashMap::new();
    for (group, found) in tree.groups.iter().enumerate() {
        for (n, (_, dataset)) in found.datasets.iter().enumerate() {
            if !dimensions.is_hidden((group, n), dataset) {
                axes.insert((group, n), dimensions.of_dataset((group, n), tree));
            }
        }
    }
    axes
}

/// Puts groups into their parents, which come before them.
fn nest(mut groups: Vec<Option<Group>>, parents: &[Option<usize>]) -> Group {
    for place in (1..groups.len()).rev() {
        let group = groups.get_mut(place).and_then(Option::take);
        let parent =
            parents.get(place).copied().flatten().and_then(|parent| groups.get_mut(parent)?.as_mut());
        if let (Some(group), Some(parent)) = (group, parent) {
            parent.groups.insert(0, group);
        }
    }
    groups.first_mut().and_then(Option::take).unwrap_or_default()
}

impl Builder<'_> {
    fn group(&mut self, place: usize, found: FoundGroup) -> Result<Group, Error> {
        let mut group = Group {
            name: found.name,
            dimensions: self.dimensions.of_group(place),
            attributes: self.attributes(found.attributes, &found.path)?,
            ..Group::default()
        };
        for (n, (stored_name, dataset)) in found.datasets.into_iter().enumerate() {
            let Some(axes) = self.axes.remove(&(place, n)) else { continue };
            let name = stored_name.strip_prefix(NOT_A_COORDINATE).filter(|name| !name.is_empty());
            let name = name.unwrap_or(&stored_name).to_owned();
            let path = format!("{}/{name}", found.path);
            let key = path.trim_start_matches('/').to_owned();
            if self.arrays.contains_key(&key) {
                tracing::warn!(variable = path, "a second variable of the same name is left out");
                continue;
            }
            let (variable, array) =
                self.variable(name, dataset, axes, &path).map_err(|error| error.within(path))?;
            let array = StoredArray { path: key.clone(), ..array };
            group.variables.push(variable);
            self.arrays.insert(key, array);
        }
        Ok(group)
    }

    fn attributes(&mut self, stored: Vec<StoredAttribute>, place: &str) -> Result<Vec<Attribute>, Error> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(stored.len());
        for mut found in stored {
            if attribute_value::is_internal(&found.name) {
                continue;
            }
            self.types.name(&mut found.file_type, found.committed);
            match attribute_value::value(&found, &mut self.heap) {
                Ok(value) => attributes.push(Attribute { name: found.name, value }),
                Err(error) if error.kind == ErrorKind::TooLarge => return Err(error),
                Err(error) => {
                    tracing::warn!(object = place, attribute = found.name, %error, "an attribute is left out");
                }
            }
        }
        Ok(attributes)
    }

    fn variable(
        &mut self,
        name: String,
        mut dataset: StoredDataset,
        axes: Axes,
        path: &str,
    ) -> Result<(Variable, StoredArray), Error> {
        let attributes = self.attributes(std::mem::take(&mut dataset.attributes), path)?;
        self.types.name(&mut dataset.file_type, dataset.committed);
        let (dimensions, shape): (Vec<String>, Vec<u64>) = axes.into_iter().unzip();
        let array = StoredArray::of(dataset, &shape)?;
        let (data_type, storage) = (array.data_type.clone(), array.storage());
        Ok((Variable { name, data_type, dimensions, shape, attributes, storage }, array))
    }
}
