//! Lookup: variables and parts of them by every name that a client may use.

use std::collections::HashMap;

use super::super::constraint::{Index, Projection};
use super::super::names::{self, Role};
use super::super::{Fault, Hidden, Inventory, Member, Reason};

/// For fewer projections than this, names are looked for one by one.
const MANY: usize = 16;

/// At most so many names are listed for a client that asked for another.
const MOST_NAMES: usize = 12;

/// Where something is: the place of an entry, and the way to a part of it.
///
/// A member is reached by its place among the members that are served; the array of a Grid is part 0, its coordinates
/// follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The place among [`Inventory::entries`].
    pub entry: usize,
    /// The way to a part; nothing for the whole.
    pub way: Vec<usize>,
}

/// Names of an inventory.
pub struct Lookup<'i> {
    inventory: &'i Inventory<'i>,
    few: bool,
    by_name: Option<HashMap<Vec<u8>, Target>>,
}

impl<'i> Lookup<'i> {
    /// Names of `inventory`, for so many projections.
    pub fn new(inventory: &'i Inventory<'i>, projections: usize) -> Self {
        Self { inventory, few: projections < MANY, by_name: None }
    }

    /// The inventory.
    pub fn inventory(&self) -> &'i Inventory<'i> {
        self.inventory
    }

    /// What `name` stands for, in any spelling.
    pub fn find(&mut self, name: &str) -> Option<Target> {
        // A name as it is spelled in the DDS is the rule; a table of all spellings is for the rest.
        if self.few {
            let place = self.inventory.entries().iter().position(|entry| entry.name == name);
            if let Some(entry) = place {
                return Some(Target { entry, way: vec![] });
            }
        }
        let inventory = self.inventory;
        let table = self.by_name.get_or_insert_with(|| table(inventory));
        table.get(name.as_bytes()).cloned()
    }

    /// What each step of `projection` stands for, with the indices that it has; the last one is what is asked for.
    pub fn steps<'c>(&mut self, projection: &'c Projection) -> Result<Vec<(Target, &'c [Index])>, Fault> {
        let mut name = String::new();
        let mut found = Vec::with_capacity(projection.steps.len());
        for step in &projection.steps {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&step.name);
            let target =
                self.find(&name).ok_or_else(|| projection.fault(self.unknown(&projection.name())))?;
            found.push((target, step.indices.as_slice()));
        }
        Ok(found)
    }

    /// Why there is nothing called `name`.
    pub fn unknown(&self, name: &str) -> Reason {
        let path = name.trim_start_matches('/');
        let is_it = |hidden: &&Hidden| {
            let spelled = names::spell_path(&hidden.path, Role::Variable);
            hidden.path.trim_start_matches('/') == path || names::decode(&spelled) == name.as_bytes()
        };
        match self.inventory.hidden().iter().find(is_it) {
            Some(hidden) => Reason::Hidden(hidden.because.clone()),
            None => Reason::Unknown { known: self.known() },
        }
    }

    fn known(&self) -> Vec<String> {
        let entries = self.inventory.entries();
        if entries.len() > MOST_NAMES {
            return vec![];
        }
        entries.iter().map(|entry| entry.name.clone()).collect()
    }
}

/// Everything by every name. What DAP2 calls so comes first, then parts, then what the file calls so.
fn table(inventory: &Inventory<'_>) -> HashMap<Vec<u8>, Target> {
    let entries = inventory.entries();
    let mut by_name = HashMap::with_capacity(entries.len());
    for (entry, found) in entries.iter().enumerate() {
        by_name.insert(names::decode(&found.name), Target { entry, way: vec![] });
    }
    for (entry, found) in entries.iter().enumerate() {
        add_members(&found.name, found.members(), &Target { entry, way: vec![] }, &mut by_name);
        let maps = found.maps.iter().filter_map(|&map| entries.get(map));
        let parts = std::iter::once(found).filter(|entry| entry.is_grid()).chain(maps);
        for (part, of_part) in parts.enumerate() {
            let name = names::decode(&format!("{}.{}", found.name, of_part.name));
            by_name.entry(name).or_insert(Target { entry, way: vec![part] });
        }
    }
    for (entry, found) in entries.iter().enumerate() {
        for path in [found.path.as_str(), found.path.trim_start_matches('/')] {
            by_name.entry(path.as_bytes().to_vec()).or_insert(Target { entry, way: vec![] });
        }
    }
    by_name
}

fn add_members(name: &str, members: &[Member], target: &Target, by_name: &mut HashMap<Vec<u8>, Target>) {
    for (place, member) in members.iter().enumerate() {
        let name = format!("{name}.{}", member.name);
        let mut inner = target.clone();
        inner.way.push(place);
        add_members(&name, member.members(), &inner, by_name);
        by_name.entry(names::decode(&name)).or_insert(inner);
    }
}
