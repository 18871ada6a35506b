//! The inventory: what DAP2 can say of a schema, under which names, and what it must leave out.

use std::collections::{HashMap, HashSet};
use std::fmt;

use weir_model::{DataType, Schema, Variable};

use super::AtomicType;
use super::names::{self, Distinct, Role};

/// The longest dimension that clients take: netCDF-C reads lengths as signed 32-bit numbers.
const LONGEST_DIMENSION: u64 = i32::MAX as u64;

/// One axis of an [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The dimension's name as DAP2 spells it; `None` for an axis without a declared dimension.
    pub name: Option<String>,
    /// Its length.
    pub length: u64,
}

/// A variable that DAP2 can serve.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Where the schema has it, such as `/forecast/t`.
    pub path: String,
    /// Its name as DAP2 spells it, such as `forecast_t`.
    pub name: String,
    /// The type of its elements on the wire.
    pub data_type: AtomicType,
    /// The axes that clients see, slowest first. A [`DataType::Char`] variable has one more in the file: the text itself.
    pub axes: Vec<Axis>,
    /// Bytes of one text where the type fixes it: the last dimension of characters, the length of fixed strings.
    pub width: Option<u64>,
    /// The name of the dimension that holds the characters of a text, as DAP2 spells it.
    pub text_dimension: Option<String>,
    /// What the schema says of it.
    pub variable: &'a Variable,
}

impl Entry<'_> {
    /// The lengths of the axes that clients see, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(|axis| axis.length).collect()
    }

    /// Whether an axis has no index, so that there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.length == 0)
    }
}

/// Why a variable cannot be served through DAP2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiddenBecause {
    /// DAP2 has no such element type.
    Type {
        /// The type, for people.
        described: String,
    },
    /// Clients cannot count so far.
    TooLong {
        /// The axis, from 0.
        axis: usize,
        /// Its length.
        length: u64,
    },
    /// Several dimensions of length 0: netCDF-C takes each for the one unlimited dimension and fails to open.
    Empty,
    /// netCDF-C refuses names of more than [`names::LONGEST`] bytes.
    LongName,
}

impl fmt::Display for HiddenBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { described } => write!(f, "its type is {described}, which DAP2 does not have"),
            Self::TooLong { axis, length } => {
                write!(f, "axis {axis} has length {length}, but DAP2 clients count to {LONGEST_DIMENSION}")
            }
            Self::Empty => {
                write!(
                    f,
                    "it has no element, and DAP2 clients fail on several dimensions of length 0 in one dataset"
                )
            }
            Self::LongName => {
                write!(f, "its name has more than {} bytes, which DAP2 clients refuse", names::LONGEST)
            }
        }
    }
}

/// A variable that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Where the schema has it.
    pub path: String,
    /// Why.
    pub because: HiddenBecause,
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
        let dimensions = dimension_names(schema);
        let mut inventory = Self { schema, entries: vec![], hidden: vec![], dimensions };
        let mut distinct = Distinct::default();
        for (path, variable) in schema.variables() {
            match inventory.entry_for(&path, variable, &mut distinct) {
                Ok(entry) => inventory.entries.push(entry),
                Err(because) => inventory.hidden.push(Hidden { path, because }),
            }
        }
        inventory.put_empty_last();
        inventory
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
    /// takes the dimension for that of a netCDF-3 file, and opens nothing where that file could not exist.
    #[must_use]
    pub fn unlimited(&self) -> Option<&str> {
        if self.entries.iter().any(Entry::is_empty) {
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
        &self,
        path: &str,
        variable: &'a Variable,
        distinct: &mut Distinct,
    ) -> Result<Entry<'a>, HiddenBecause> {
        let described = || variable.data_type.describe();
        let data_type = AtomicType::of(&variable.data_type)
            .ok_or_else(|| HiddenBecause::Type { described: described() })?;
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
        Ok(Entry { path: path.to_owned(), name, data_type, axes, width, text_dimension, variable })
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
