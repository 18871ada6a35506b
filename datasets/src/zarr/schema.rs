//! The schema: from the tree of a store to groups, dimensions and variables, and to the arrays behind them.

use std::collections::{BTreeMap, HashMap, HashSet};

use weir_model::{ByteOrder, Group, Schema, Storage, Variable};

use super::array::StoredArray;
use super::attribute;
use super::chain::{self, Layout};
use super::description::Description;
use super::dimensions::{Dimensions, Wanting};
use super::tree::{Node, Tree};

/// What the variable is called where a store is one array, which has no name of its own.
const ONLY_ARRAY: &str = "data";

/// A schema, and the arrays behind its variables, by path without the leading slash.
pub struct Built {
    /// What the store holds.
    pub schema: Schema,
    /// Where its elements are.
    pub arrays: HashMap<String, StoredArray>,
}

/// The arrays of one group by name, with the path of their objects.
type Arrays = BTreeMap<String, (String, Description)>;

/// Builds the schema of a tree.
pub fn build(tree: Tree) -> Built {
    let mut groups: BTreeMap<String, Group> = BTreeMap::from([(String::new(), Group::default())]);
    let mut arrays: BTreeMap<String, Arrays> = BTreeMap::new();
    for (path, node) in tree {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", &path));
        match node {
            Node::Group(attributes) => {
                let attributes = attribute::of_group(&attributes);
                groups.insert(path.clone(), Group { name: name.to_owned(), attributes, ..Group::default() });
            }
            Node::Array(description) => {
                let name = if path.is_empty() { ONLY_ARRAY } else { name };
                arrays
                    .entry(group.to_owned())
                    .or_default()
                    .insert(name.to_owned(), (path.clone(), *description));
            }
        }
    }
    let paths = groups.keys().cloned().collect::<Vec<_>>();
    let dimensions = Dimensions::with_coordinates(coordinates(&arrays));
    let mut builder = Builder { dimensions, built: HashMap::new() };
    for path in &paths {
        if let Some(group) = groups.get_mut(path) {
            group.variables = builder.variables(path, arrays.remove(path).unwrap_or_default());
            group.dimensions = builder.dimensions.of_group(path);
        }
    }
    Built { schema: Schema { root: nest(groups) }, arrays: builder.built }
}

/// The paths of all arrays that are coordinates.
fn coordinates(arrays: &BTreeMap<String, Arrays>) -> HashSet<String> {
    let all = arrays
        .iter()
        .flat_map(|(group, arrays)| arrays.iter().map(move |(name, array)| (group, name, array)));
    let coordinates = all.filter(|(group, name, (_, array))| wanting(group, name, array).is_coordinate());
    coordinates.map(|(_, _, (path, _))| path.clone()).collect()
}

fn wanting<'a>(group: &'a str, name: &'a str, array: &'a Description) -> Wanting<'a> {
    Wanting { group, name, names: &array.dimensions, shape: array.grid.shape() }
}

/// Puts groups into their parents, deepest first.
fn nest(mut groups: BTreeMap<String, Group>) -> Group {
    let mut paths: Vec<String> = groups.keys().filter(|path| !path.is_empty()).cloned().collect();
    paths.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    for path in paths.iter().rev() {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if let Some(group) = groups.remove(path)
            && let Some(parent) = groups.get_mut(parent)
        {
            parent.groups.insert(0, group);
        }
    }
    groups.remove("").unwrap_or_default()
}

struct Builder {
    dimensions: Dimensions,
    built: HashMap<String, StoredArray>,
}

impl Builder {
    /// The variables of a group, by name.
    fn variables(&mut self, group: &str, arrays: Arrays) -> Vec<Variable> {
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for (name, (path, description)) in arrays {
            let is_coordinate = wanting(group, &name, &description).is_coordinate();
            if is_coordinate { &mut first } else { &mut rest }.push((name, path, description));
        }
        first.append(&mut rest);
        let variables = first
            .into_iter()
            .map(|(name, path, description)| self.variable(group, name, (path, description)));
        let mut variables: Vec<Variable> = variables.collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        variables
    }

    fn variable(
        &mut self,
        group: &str,
        name: String,
        (path, description): (String, Description),
    ) -> Variable {
        let dimensions = self.dimensions.of_array(&wanting(group, &name, &description));
        let key = if group.is_empty() { name.clone() } else { format!("{group}/{name}") };
        let variable = Variable {
            data_type: description.kind.data_type(),
            dimensions,
            shape: description.grid.shape().to_vec(),
            attributes: attribute::of_array(
                &description.attributes,
                &description.kind,
                description.mask.as_deref(),
            ),
            storage: storage(&description),
            name,
        };
        let number = self.built.len();
        self.built.insert(key, StoredArray::new(path, number, description));
        variable
    }
}

fn storage(description: &Description) -> Storage {
    let is_text = description.kind.is_text();
    let (codecs, byte_order) = match &description.chain {
        // Texts are not read as chunks.
        _ if is_text => (Vec::new(), ByteOrder::Little),
        Ok(chain) => match chain.layout {
            Layout::Elements(order) if chain.is_plain() => (chain.codecs(), order),
            _ => (chain.codecs(), ByteOrder::Little),
        },
        Err(_) => (vec![chain::opaque("unsupported")], ByteOrder::Little),
    };
    let fill = if is_text { Vec::new() } else { description.fill.clone() };
    Storage { chunk_shape: description.grid.chunk_shape().to_vec(), codecs, byte_order, fill }
}
