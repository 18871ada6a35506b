//! From names to what they name.
//!
//! A name is understood as the DMR spells it, escaped or not, and as the file does; a dot that is not escaped may belong to a name
//! or stand before a field.

use std::collections::HashMap;

use weir_model::Stride;

use super::super::Inventory;
use super::super::constraint::{Constraint, Name};
use super::super::fault::{Fault, Reason};
use crate::dap2::names::decode;

/// At most so many names are listed for a client that asked for another.
const MOST_NAMES: usize = 12;

/// What a name names.
pub enum Found {
    /// A group, by its place.
    Group(usize),
    /// A variable, by its place, and the path to one of its fields.
    Variable(usize, Vec<String>),
}

/// Finds what `name` names.
pub fn find(name: &Name, inventory: &Inventory<'_>) -> Result<Found, Fault> {
    let around = group(&name.groups, inventory);
    if let Some(around) = around {
        for end in (1..=name.last.len()).rev() {
            let (own, fields) = name.last.split_at(end);
            let own = own.join(".");
            let mut here = inventory.entries().iter().enumerate().filter(|(_, entry)| entry.group == around);
            let spelled = here.clone().find(|(_, entry)| entry.name == own);
            let in_file = || here.clone().find(|(_, entry)| entry.variable.name == own);
            let blanks = if fields.is_empty() { name.blanks.as_str() } else { "" };
            let unescaped = || {
                let asked = format!("{own}{blanks}");
                only(here.clone().filter(|(_, entry)| is_unescaped(&asked, &entry.name)))
            };
            let found = spelled.or_else(in_file).or_else(unescaped);
            let found = found.or_else(|| here.find(|(_, entry)| is_ravaged(&own, &entry.name)));
            if let Some((place, _)) = found {
                return Ok(Found::Variable(place, fields.to_vec()));
            }
        }
    }
    let mut path = name.groups.clone();
    path.extend((!name.last.is_empty()).then(|| name.last.join(".")));
    if let Some(group) = group(&path, inventory) {
        return Ok(Found::Group(group));
    }
    let file_path = format!("/{}", path.join("/"));
    let hidden = inventory.hidden().iter().find(|hidden| hidden.path == file_path);
    let reason = match hidden {
        Some(hidden) => Reason::Hidden(hidden.because.to_string()),
        None => Reason::Unknown { what: "variable", known: known(inventory) },
    };
    Err(Fault { byte: name.byte, token: name.text.clone(), reason })
}

/// The one that there is; `None` where there are several.
fn only<T>(mut candidates: impl Iterator<Item = T>) -> Option<T> {
    let first = candidates.next();
    if candidates.next().is_none() { first } else { None }
}

/// Whether `asked` is what a server understands where a client, as netCDF-C 4.10 and pydap, does not escape the `%` of `name`.
fn is_unescaped(asked: &str, name: &str) -> bool {
    name.contains('%') && decode(name) == asked.as_bytes()
}

/// Whether `asked` is what netCDF-C 4.10 makes of `name`: in place of each character that it means to escape, `\`.
fn is_ravaged(asked: &str, name: &str) -> bool {
    asked.contains('\\')
        && asked.chars().count() == name.chars().count()
        && asked.chars().zip(name.chars()).all(|(a, n)| a == n || (a == '\\' && matches!(n, '.' | '@')))
}

/// The group at `path`, from the root on.
fn group(path: &[String], inventory: &Inventory<'_>) -> Option<usize> {
    let groups = inventory.groups();
    path.iter().try_fold(0, |around, name| {
        groups.iter().position(|group| {
            group.parent == Some(around) && (group.name == *name || group.group.name == *name)
        })
    })
}

fn known(inventory: &Inventory<'_>) -> Vec<String> {
    let entries = inventory.entries();
    if entries.len() > MOST_NAMES { vec![] } else { entries.iter().map(|entry| entry.fqn.clone()).collect() }
}

/// The places of all variables in a group and in the groups inside it.
pub fn entries_below(group: usize, inventory: &Inventory<'_>) -> Vec<usize> {
    let groups = inventory.groups();
    let mut is_below = vec![false; groups.len()];
    for (place, entry) in groups.iter().enumerate() {
        let inside = entry.parent.is_some_and(|parent| is_below.get(parent) == Some(&true));
        if let Some(below) = is_below.get_mut(place) {
            *below = place == group || inside;
        }
    }
    let entries = inventory.entries().iter().enumerate();
    let below = entries.filter(|(_, entry)| is_below.get(entry.group) == Some(&true));
    below.map(|(place, _)| place).collect()
}

/// The parts that are wanted of dimensions, by their places.
pub fn dimension_slices(
    constraint: &Constraint,
    inventory: &Inventory<'_>,
) -> Result<HashMap<usize, Vec<Stride>>, Fault> {
    let mut slices = HashMap::new();
    for slice in &constraint.dimensions {
        let fault = |reason| Fault { byte: slice.name.byte, token: slice.name.text.clone(), reason };
        let own = slice.name.last.join(".");
        let around = group(&slice.name.groups, inventory);
        let dimensions = inventory.dimensions().iter().enumerate();
        let mut found = dimensions.filter(|(_, dimension)| {
            let as_in_file = dimension.path.rsplit('/').next() == Some(own.as_str());
            Some(dimension.group) == around && (dimension.name == own || as_in_file)
        });
        let Some((place, dimension)) = found.next() else {
            let names: Vec<_> =
                inventory.dimensions().iter().map(|dimension| dimension.fqn.clone()).collect();
            let known = if names.len() > MOST_NAMES { vec![] } else { names };
            return Err(fault(Reason::Unknown { what: "dimension", known }));
        };
        let strides = slice.index.strides(0, dimension.length);
        slices.insert(place, strides.map_err(|misfit| fault(Reason::Misfit(misfit)))?);
    }
    Ok(slices)
}
