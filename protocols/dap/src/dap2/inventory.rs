//! The inventory: what DAP2 can say of a schema, under which names, and what it must leave out.

mod entry;
mod member;

use std::collections::{HashMap, HashSet};

use weir_model::{DataType, Schema, Variable};

use super::names::{self, Distinct, Role};

pub use entry::{Axis, Entry, Hidden, HiddenBecause, Kind};
pub use member::{Member, MemberKind};

/// The longest dimension that clients take: netCDF-C reads lengths as signed 32-bit numbers.
const LONGEST_DIMENSION: u64 = i32::MAX as u64;

/// The most axes of a variable: HDF5 and numpy before version 2 go no further.
pub const MOST_AXES: usize = 32;

/// How arrays with coordinates along all their axes are presented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrays {
    /// As arrays; clients find the coordinates by the names of dimensions.
    #[default]
    Plain,
    /// As Grids, which carry their coordinates with them. Coordinates stay variables of the dataset, too.
    Grids,
}

/// What DAP2 can say of a schema.
#[derive(Clone, Debug)]
pub struct Inventory<'a> {
    schema: &'a Schema,
    entries: Vec<Entry<'a>>,
    hidden: Vec<Hidden>,
    dimensions: HashMap<String, String>,
}

impl<'a> Inventory<'a> {
    /// Takes stock of `schema`.
    ///
    /// Entries stand in declaration order, but those without an element come last: netCDF-C fails on variables that
    /// stand behind one.
    #[must_use]
    pub fn of(schema: &'a Schema) -> Self {
        Self::with(schema, Arrays::Plain)
    }

    /// Takes stock of `schema`, and presents arrays as `arrays` says.
    #[must_use]
    pub fn with(schema: &'a Schema, arrays: Arrays) -> Self {
        let dimensions = dimension_names(schema);
        let mut inventory = Self { schema, entries: vec![], hidden: vec![], dimensions };
        let mut distinct = Distinct::default();
        for (path, variable) in schema.variables() {
            match inventory.entry_for(&path, variable, &mut distinct) {
                Ok(entry) => inventory.entries.push(entry),
                Err(because) => inventory.hidden.push(Hidden { path, because }),
            }
        }
        inventory.tell_members_apart(&mut distinct);
        inventory.put_empty_last();
        if arrays == Arrays::Grids {
            inventory.make_grids();
        }
        inventory
    }

    /// The coordinates along the axes of an array, one per axis, as places in [`entries`](Self::entries).
    ///
    /// `None` unless each axis has a variable of numbers that is called as its dimension and has no other, no axis has the
    /// same dimension as another one, and the array is not a coordinate itself.
    #[must_use]
    pub fn maps_of(&self, entry: &Entry<'_>) -> Option<Vec<usize>> {
        self.maps_among(entry, &self.coordinates())
    }

    /// Coordinate variables by the dimension that they belong to.
    fn coordinates(&self) -> HashMap<&str, usize> {
        let is_coordinate = |entry: &Entry<'_>| {
            let own = entry.variable.dimensions.as_slice() == [entry.path.as_str()];
            let named = entry.axes.first().and_then(|axis| axis.name.as_ref()) == Some(&entry.name);
            own && named && entry.is_numeric()
        };
        let entries = self.entries.iter().enumerate().filter(|(_, entry)| is_coordinate(entry));
        entries.map(|(place, entry)| (entry.path.as_str(), place)).collect()
    }

    fn maps_among(&self, entry: &Entry<'_>, coordinates: &HashMap<&str, usize>) -> Option<Vec<usize>> {
        let dimensions = &entry.variable.dimensions;
        let distinct: HashSet<&String> = dimensions.iter().collect();
        let usable = entry.is_numeric() && !dimensions.is_empty() && distinct.len() == dimensions.len();
        if !usable || coordinates.contains_key(entry.path.as_str()) {
            return None;
        }
        dimensions.iter().map(|path| coordinates.get(path.as_str()).copied()).collect()
    }

    fn make_grids(&mut self) {
        let coordinates = self.coordinates();
        let dotted = self.dotted_names();
        let maps = |entry: &Entry<'_>| {
            if begins_one(&entry.name, &dotted) { None } else { self.maps_among(entry, &coordinates) }
        };
        let maps: Vec<_> = self.entries.iter().map(maps).collect();
        for (entry, maps) in self.entries.iter_mut().zip(maps) {
            entry.maps = maps.unwrap_or_default();
        }
    }

    /// Gives another name to compound variables whose member would be called as another variable is: `a.b` is the member
    /// `b` of `a`, and may be a variable.
    fn tell_members_apart(&mut self, distinct: &mut Distinct) {
        let dotted = self.dotted_names();
        for entry in self.entries.iter_mut().filter(|entry| !entry.members().is_empty()) {
            while begins_one(&entry.name, &dotted) {
                entry.name = distinct.claim(entry.name.clone());
            }
        }
    }

    fn dotted_names(&self) -> Vec<String> {
        let names = self.entries.iter().map(|entry| &entry.name);
        names.filter(|name| name.contains('.')).cloned().collect()
    }

    /// The variables that are served, in the order of the DDS.
    #[must_use]
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// The variables that are not served, and why.
    #[must_use]
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// The unlimited dimension that the DAS may name, as DAP2 spells it.
    ///
    /// There is at most one, and only where every variable has it as its first axis and no dimension has length 0: netCDF-C
    /// takes the dimension for that of a netCDF-3 file, and opens nothing where that file could not exist. It stops the
    /// whole program where there is a Sequence, too.
    #[must_use]
    pub fn unlimited(&self) -> Option<&str> {
        let unfit = |entry: &Entry<'_>| entry.is_empty() || matches!(entry.kind, Kind::Sequence(_));
        if self.entries.iter().any(unfit) {
            return None;
        }
        let first_axes = self.entries.iter().filter_map(|entry| entry.variable.dimensions.first());
        let candidates = first_axes.filter(|path| self.schema.dimension(path).is_some_and(|d| d.unlimited));
        let behind = self.entries.iter().flat_map(|entry| entry.variable.dimensions.iter().skip(1));
        let behind: HashSet<&String> = behind.collect();
        let mut usable = candidates.filter(|path| !behind.contains(path));
        usable.find_map(|path| self.dimensions.get(path)).map(String::as_str)
    }

    fn entry_for(
        &mut self,
        path: &str,
        variable: &'a Variable,
        distinct: &mut Distinct,
    ) -> Result<Entry<'a>, HiddenBecause> {
        let mut kind = self.kind_of(path, variable)?;
        if variable.shape.len() > MOST_AXES {
            return Err(HiddenBecause::Axes { axes: variable.shape.len() });
        }
        let too_long = variable.shape.iter().enumerate().find(|&(_, &length)| length > LONGEST_DIMENSION);
        if let Some((axis, &length)) = too_long {
            return Err(HiddenBecause::TooLong { axis, length });
        }
        // A coordinate variable is known by having its dimension's name, so it takes the very same spelling.
        let spelled = self.dimensions.get(path).cloned();
        let name = spelled.unwrap_or_else(|| names::spell_path(path, Role::Variable));
        if name.len() > names::LONGEST {
            return Err(HiddenBecause::LongName);
        }
        let mut axes: Vec<Axis> = self.axes(variable);
        if let Kind::Structure(members) = &mut kind
            && self.has_rows(variable, members)
        {
            members.iter_mut().for_each(Member::make_column);
            kind = Kind::Sequence(std::mem::take(members));
            axes.clear();
        }
        let text = if variable.data_type == DataType::Char { axes.pop() } else { None };
        let width = match &variable.data_type {
            DataType::Char => Some(text.as_ref().map_or(1, |axis| axis.length)),
            DataType::FixedString { length } => u64::try_from(*length).ok(),
            _ => None,
        };
        if let Some(length) = width.filter(|&length| length > LONGEST_DIMENSION) {
            return Err(HiddenBecause::TooLong { axis: axes.len(), length });
        }
        let name = distinct.claim(name);
        let text_dimension = text.and_then(|axis| axis.name);
        let (path, maps) = (path.to_owned(), vec![]);
        Ok(Entry { path, name, kind, axes, maps, width, text_dimension, variable })
    }

    fn kind_of(&mut self, path: &str, variable: &'a Variable) -> Result<Kind, HiddenBecause> {
        if let DataType::Compound { fields, .. } = &variable.data_type {
            return member::members(path, fields, &mut self.hidden).map(Kind::Structure);
        }
        let described = || variable.data_type.describe();
        let data_type = entry::carrier(variable);
        data_type.map(Kind::Atomic).ok_or_else(|| HiddenBecause::Type { described: described() })
    }

    /// Whether a compound variable is a table that grows: then it is a Sequence.
    fn has_rows(&self, variable: &Variable, members: &[Member]) -> bool {
        let [path] = variable.dimensions.as_slice() else { return false };
        self.schema.dimension(path).is_some_and(|dimension| dimension.unlimited)
            && members.iter().all(Member::is_column)
    }

    fn axes(&self, variable: &Variable) -> Vec<Axis> {
        let named = |(axis, &length): (usize, &u64)| {
            let path = variable.dimensions.get(axis);
            Axis { name: path.and_then(|path| self.dimensions.get(path)).cloned(), length }
        };
        variable.shape.iter().enumerate().map(named).collect()
    }

    fn put_empty_last(&mut self) {
        let (mut full, empty): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| !entry.is_empty());
        let axes = empty.iter().flat_map(|entry: &Entry<'_>| &entry.axes);
        // An axis without a name is a dimension of its own: netCDF-C invents a name for each.
        let without_index: Vec<_> = axes.filter(|axis| axis.length == 0).collect();
        let names: HashSet<_> = without_index.iter().map(|axis| &axis.name).collect();
        let unnamed = without_index.iter().filter(|axis| axis.name.is_none()).count();
        if names.len() > 1 || unnamed > 1 {
            let hide = |entry: Entry<'_>| Hidden { path: entry.path, because: HiddenBecause::Empty };
            self.hidden.extend(empty.into_iter().map(hide));
        } else {
            full.extend(empty);
        }
        self.entries = full;
    }
}

/// Whether one of `dotted` is `name`, a dot and more.
fn begins_one(name: &str, dotted: &[String]) -> bool {
    dotted.iter().any(|other| other.strip_prefix(name).is_some_and(|behind| behind.starts_with('.')))
}

/// The spelling of every dimension, by path; a dimension whose name would be too long has none.
fn dimension_names(schema: &Schema) -> HashMap<String, String> {
    let mut distinct = Distinct::default();
    let mut spelled = HashMap::new();
    for (group, content) in schema.groups() {
        for dimension in &content.dimensions {
            let path = format!("{group}/{}", dimension.name);
            let name = names::spell_path(&path, Role::Dimension);
            if name.len() <= names::LONGEST {
                spelled.insert(path, distinct.claim(name));
            }
        }
    }
    spelled
}

#[cfg(test)]
mod tests;
