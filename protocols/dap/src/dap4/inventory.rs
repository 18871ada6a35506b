//! The inventory: what DAP4 can say of a schema, under which names, and what it must leave out.

use std::collections::HashMap;
use std::fmt;

use weir_model::{DataType, Group, Schema, Variable};

use super::dmr::DEEPEST;
use super::document::Enumeration;
use super::form::{Form, Formless};
use super::names::{self, Distinct};
use super::{AtomicType, maps};

/// The most axes of a variable: HDF5, netCDF-C's DAP4 and numpy before version 2 go no further.
pub const MOST_AXES: usize = 32;

/// A group of the schema.
#[derive(Clone, Debug)]
pub struct GroupEntry<'a> {
    /// Where the schema has it: empty for the root, then `/forecast`, ...
    pub path: String,
    /// Its fully qualified name; empty for the root.
    pub fqn: String,
    /// Its name as DAP4 spells it.
    pub name: String,
    /// The group that it lies in, by its place.
    pub parent: Option<usize>,
    /// What the schema says of it.
    pub group: &'a Group,
}

/// A dimension of the schema.
#[derive(Clone, Debug)]
pub struct DimensionEntry {
    /// Where the schema has it.
    pub path: String,
    /// Its fully qualified name.
    pub fqn: String,
    /// Its name as DAP4 spells it.
    pub name: String,
    /// The group that it lies in, by its place.
    pub group: usize,
    /// How many indices it has.
    pub length: u64,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// A variable that DAP4 can serve.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Where the schema has it, such as `/forecast/t`.
    pub path: String,
    /// Its fully qualified name.
    pub fqn: String,
    /// Its name as DAP4 spells it.
    pub name: String,
    /// The group that it lies in, by its place.
    pub group: usize,
    /// The dimension of each axis, by its place; `None` for an axis of a length of its own.
    pub axes: Vec<Option<usize>>,
    /// How its elements travel.
    pub form: Form,
    /// Variables that give coordinates of it, by their places.
    pub maps: Vec<usize>,
    /// What the schema says of it.
    pub variable: &'a Variable,
}

/// Why a variable cannot be served through DAP4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiddenBecause {
    /// Its elements cannot travel.
    Form {
        /// The type, for people.
        described: String,
        /// What is wrong with it.
        formless: Formless,
    },
    /// netCDF-C refuses names of more than [`names::LONGEST`] bytes.
    LongName,
    /// It lies in too many groups.
    TooDeep,
    /// It has more axes than `MOST_AXES`.
    Axes {
        /// How many.
        axes: usize,
    },
}

impl fmt::Display for HiddenBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { described, formless } => {
                let why = match formless {
                    Formless::TooDeep => "whose parts lie too deep in each other",
                    Formless::TooLong => "which has more elements than memory can hold",
                    Formless::Sizeless => "whose values cannot be counted",
                    Formless::Enumeration => "which does not name integers",
                };
                write!(f, "its type is {described}, {why}")
            }
            Self::LongName => {
                write!(f, "its name has more than {} bytes, which clients refuse", names::LONGEST)
            }
            Self::TooDeep => write!(f, "more than {DEEPEST} groups lie around it"),
            Self::Axes { axes } => write!(f, "it has {axes} axes, and clients read {MOST_AXES} at most"),
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

/// What DAP4 can say of a schema.
#[derive(Clone, Debug, Default)]
pub struct Inventory<'a> {
    groups: Vec<GroupEntry<'a>>,
    dimensions: Vec<DimensionEntry>,
    entries: Vec<Entry<'a>>,
    enumerations: Vec<Enumeration>,
    hidden: Vec<Hidden>,
}

impl<'a> Inventory<'a> {
    /// Takes stock of `schema`. Everything stands in declaration order, parents before their groups.
    #[must_use]
    pub fn of(schema: &'a Schema) -> Self {
        let mut stock = Stock::default();
        let mut groups: HashMap<String, Option<usize>> = HashMap::new();
        for (path, group) in schema.groups() {
            let place = stock.group(&path, group, &groups);
            groups.insert(path, place);
        }
        stock.claim_enumerations();
        for place in 0..stock.inventory.groups.len() {
            stock.variables(place);
        }
        let mut inventory = stock.inventory;
        for (entry, maps) in maps::of(&inventory).into_iter().enumerate() {
            if let Some(entry) = inventory.entries.get_mut(entry) {
                entry.maps = maps;
            }
        }
        inventory
    }

    /// The groups, parents before what lies in them; the root is the first.
    #[must_use]
    pub fn groups(&self) -> &[GroupEntry<'a>] {
        &self.groups
    }

    /// The dimensions.
    #[must_use]
    pub fn dimensions(&self) -> &[DimensionEntry] {
        &self.dimensions
    }

    /// The variables that are served, in the order of the DMR and of the data.
    #[must_use]
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// The enumerations, all declared in the root group.
    #[must_use]
    pub fn enumerations(&self) -> &[Enumeration] {
        &self.enumerations
    }

    /// The variables that are not served, and why.
    #[must_use]
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }
}

/// An inventory in the making.
#[derive(Default)]
struct Stock<'a> {
    inventory: Inventory<'a>,
    /// Places of dimensions by path.
    dimensions: HashMap<String, usize>,
    /// Names in use, group by group.
    taken: Vec<Distinct>,
    /// Fully qualified names of enumerations, by type.
    enumerations: Vec<(&'a DataType, String)>,
}

impl<'a> Stock<'a> {
    /// Adds a group with its dimensions; `None` where it is left out with all that it holds.
    fn group(
        &mut self,
        path: &str,
        group: &'a Group,
        known: &HashMap<String, Option<usize>>,
    ) -> Option<usize> {
        let is_root = path.is_empty();
        let around = path.rsplit_once('/').map(|(around, _)| around);
        let parent = around.and_then(|around| known.get(around).copied().flatten());
        let spelled = names::spell(&group.name);
        let depth = path.matches('/').count();
        if !is_root && (parent.is_none() || spelled.len() > names::LONGEST || depth >= DEEPEST) {
            let because = if depth >= DEEPEST { HiddenBecause::TooDeep } else { HiddenBecause::LongName };
            let hide = |variable: &Variable| Hidden {
                path: format!("{path}/{}", variable.name),
                because: because.clone(),
            };
            self.inventory.hidden.extend(group.variables.iter().map(hide));
            return None;
        }
        let (name, fqn) = match parent
            .and_then(|parent| Some((self.taken.get_mut(parent)?, self.inventory.groups.get(parent)?)))
        {
            Some((taken, around)) => {
                let name = taken.claim(&spelled);
                let fqn = names::qualified(&around.fqn, &name);
                (name, fqn)
            }
            None => (String::new(), String::new()),
        };
        let place = self.inventory.groups.len();
        self.taken.push(Distinct::default());
        let path = path.to_owned();
        self.inventory.groups.push(GroupEntry { path, fqn, name, parent, group });
        self.add_dimensions(place, group);
        Some(place)
    }

    fn add_dimensions(&mut self, place: usize, group: &Group) {
        let Some(of) = self.inventory.groups.get(place) else { return };
        // Dimensions have names of their own: one may be called as a variable is.
        let mut distinct = Distinct::default();
        for dimension in &group.dimensions {
            let spelled = names::spell(&dimension.name);
            if spelled.len() > names::LONGEST {
                continue;
            }
            let name = distinct.claim(&spelled);
            let entry = DimensionEntry {
                path: format!("{}/{}", of.path, dimension.name),
                fqn: names::qualified(&of.fqn, &name),
                name,
                group: place,
                length: dimension.length,
                unlimited: dimension.unlimited,
            };
            self.dimensions.insert(entry.path.clone(), self.inventory.dimensions.len());
            self.inventory.dimensions.push(entry);
        }
    }

    /// Gives every enumeration a name in the root group, where it differs from all variables' and groups'.
    fn claim_enumerations(&mut self) {
        let mut found = Vec::new();
        for group in &self.inventory.groups {
            for variable in &group.group.variables {
                collect_enumerations(&variable.data_type, &mut found, 0);
            }
        }
        let mut distinct = Distinct::default();
        if let Some(root) = self.inventory.groups.first() {
            let variables = root.group.variables.iter().map(|variable| &variable.name);
            let groups = root.group.groups.iter().map(|group| &group.name);
            for name in variables.chain(groups) {
                distinct.claim(&names::spell(name));
            }
        }
        for data_type in found {
            let DataType::Enum { name, base, members } = data_type else { continue };
            let Some(base) = AtomicType::of(base).filter(|atomic| atomic.is_integer()) else { continue };
            let spelled = names::spell(name);
            if members.is_empty() || spelled.len() > names::LONGEST {
                continue;
            }
            let name = distinct.claim(&spelled);
            let constants = names::constants(members);
            self.enumerations.push((data_type, names::qualified("", &name)));
            self.inventory.enumerations.push(Enumeration { name, base, constants });
        }
    }

    fn variables(&mut self, place: usize) {
        let Some(of) = self.inventory.groups.get(place).cloned() else { return };
        for variable in &of.group.variables {
            let path = format!("{}/{}", of.path, variable.name);
            match self.entry(&of, place, variable) {
                Ok(entry) => self.inventory.entries.push(entry),
                Err(because) => self.inventory.hidden.push(Hidden { path, because }),
            }
        }
    }

    fn entry(
        &mut self,
        of: &GroupEntry<'a>,
        place: usize,
        variable: &'a Variable,
    ) -> Result<Entry<'a>, HiddenBecause> {
        let spelled = names::spell(&variable.name);
        if spelled.len() > names::LONGEST {
            return Err(HiddenBecause::LongName);
        }
        if variable.shape.len() > MOST_AXES {
            return Err(HiddenBecause::Axes { axes: variable.shape.len() });
        }
        let enumerations = &self.enumerations;
        let mut enumeration = |wanted: &DataType| {
            enumerations.iter().find(|(known, _)| *known == wanted).map(|(_, fqn)| fqn.clone())
        };
        let form = Form::of(&variable.data_type, &mut enumeration)
            .map_err(|formless| HiddenBecause::Form { described: variable.data_type.describe(), formless })?;
        let axis = |(axis, &length): (usize, &u64)| {
            let dimension = *self.dimensions.get(variable.dimensions.get(axis)?)?;
            // A dimension may be longer than what was written of a variable.
            self.inventory.dimensions.get(dimension).filter(|found| found.length == length)?;
            Some(dimension)
        };
        let axes = variable.shape.iter().enumerate().map(axis).collect();
        let name = match self.taken.get_mut(place) {
            Some(taken) => taken.claim(&spelled),
            None => spelled.into_owned(),
        };
        let (path, fqn) = (format!("{}/{}", of.path, variable.name), names::qualified(&of.fqn, &name));
        Ok(Entry { path, fqn, name, group: place, axes, form, maps: vec![], variable })
    }
}

fn collect_enumerations<'t>(data_type: &'t DataType, found: &mut Vec<&'t DataType>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let deeper = depth.saturating_add(1);
    match data_type {
        DataType::Enum { .. } if !found.contains(&data_type) => found.push(data_type),
        DataType::Vlen { element, .. } => collect_enumerations(element, found, deeper),
        DataType::Compound { fields, .. } => {
            for field in fields {
                collect_enumerations(&field.data_type, found, deeper);
            }
        }
        _ => {}
    }
}
