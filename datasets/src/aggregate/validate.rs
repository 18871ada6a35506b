//! Validation: whether members can be joined, and why not.

use std::collections::HashSet;
use std::sync::Arc;

use super::definition::{Kind, Rules};
use super::facts::{Facts, Layout, VariableLayout, path_of};
use super::times::Counted;
use crate::{Error, ErrorKind};

/// A member by its name, with what was learnt of it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The name, for messages.
    pub name: &'a str,
    /// What was learnt.
    pub facts: &'a Facts,
}

/// What a join needs to know of a variable: whether it is joined, and along which axis.
#[must_use]
pub fn joined_axis(rules: &Rules, layout: &Layout, variable: &VariableLayout) -> Option<usize> {
    match rules.kind {
        Kind::JoinExisting => variable.axis(&path_of(&rules.dimension)),
        Kind::JoinNew => is_promoted(rules, layout, variable).then_some(0),
        Kind::Union => None,
    }
}

/// Whether a variable gets the new dimension.
fn is_promoted(rules: &Rules, layout: &Layout, variable: &VariableLayout) -> bool {
    if variable.path == path_of(&rules.dimension) {
        return variable.dimensions.is_empty();
    }
    if !rules.variables.is_empty() {
        return rules.variables.iter().any(|name| path_of(name) == variable.path);
    }
    let coordinate = variable.dimensions.first() == Some(&variable.path);
    let bounds = layout.variables.iter().any(|other| {
        other.dimensions.first() == Some(&other.path)
            && other.bounds.as_deref() == variable.path.rsplit('/').next()
    });
    !coordinate && !bounds
}

/// Checks all members against the first; problems that harm no value are added to `problems`.
///
/// # Errors
/// `BadRequest` names the member, the variable, the dimension, and what differs.
pub fn check(rules: &Rules, members: &[Named<'_>], problems: &mut Vec<String>) -> Result<(), Error> {
    let Some((first, others)) = members.split_first() else { return Ok(()) };
    check_named_variables(rules, &first.facts.layout)?;
    // Members that were made in one way are laid out alike: each layout is compared once.
    let mut seen: HashSet<&Arc<Layout>> = HashSet::from([&first.facts.layout]);
    for other in others {
        if seen.insert(&other.facts.layout) {
            let pair = Pair { first: *first, other: *other };
            pair.check(rules, problems).map_err(|e| e.within(other.name))?;
        }
        check_fixed(first, other)?;
    }
    Ok(())
}

fn check_named_variables(rules: &Rules, layout: &Layout) -> Result<(), Error> {
    let missing = rules.variables.iter().find(|name| layout.variable(&path_of(name)).is_none());
    match missing.filter(|_| rules.kind == Kind::JoinNew) {
        Some(name) => {
            let message = format!("variable {name} is to be joined, but the first member does not have it");
            Err(Error::new(ErrorKind::BadRequest, message))
        }
        None => Ok(()),
    }
}

fn check_fixed(first: &Named<'_>, other: &Named<'_>) -> Result<(), Error> {
    for (path, digest) in &first.facts.fixed {
        let found = other.facts.fixed.iter().find(|(other, _)| other == path);
        if found.is_some_and(|(_, found)| found != digest) {
            let (other, first) = (other.name, first.name);
            let message = format!("{other}: the values of coordinate {path} are not those of {first}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
    }
    Ok(())
}

/// The first member, and one that is compared with it.
struct Pair<'a> {
    first: Named<'a>,
    other: Named<'a>,
}

impl Pair<'_> {
    fn check(&self, rules: &Rules, problems: &mut Vec<String>) -> Result<(), Error> {
        let (layout, other) = (&self.first.facts.layout, &self.other.facts.layout);
        for variable in &layout.variables {
            if joined_axis(rules, layout, variable).is_none() {
                continue;
            }
            let found = other.variable(&variable.path);
            let found = found.ok_or_else(|| {
                self.refuse(format!("it has no variable {}, which {} has", variable.path, self.first.name))
            })?;
            self.check_variable((layout, variable), (other, found), &path_of(&rules.dimension))?;
        }
        for variable in &other.variables {
            let joined = joined_axis(rules, other, variable).is_some();
            if joined && layout.variable(&variable.path).is_none() {
                let (name, path, first) = (self.other.name, &variable.path, self.first.name);
                problems
                    .push(format!("{name}: variable {path} is left out, because {first} does not have it"));
            }
        }
        Ok(())
    }

    fn check_variable(
        &self,
        (layout, variable): (&Layout, &VariableLayout),
        (other, found): (&Layout, &VariableLayout),
        join: &str,
    ) -> Result<(), Error> {
        let (path, first) = (&variable.path, self.first.name);
        if found.data_type != variable.data_type {
            let (own, others) = (&found.type_name, &variable.type_name);
            return Err(self.refuse(format!("variable {path} has type {own}, but {others} in {first}")));
        }
        if found.dimensions != variable.dimensions {
            let (own, others) = (found.dimensions.join(" "), variable.dimensions.join(" "));
            return Err(
                self.refuse(format!("variable {path} has dimensions ({own}), but ({others}) in {first}"))
            );
        }
        let lengths = found.shape.iter().zip(&variable.shape).zip(&variable.dimensions);
        for ((own, others), dimension) in lengths {
            if own != others {
                return Err(self.refuse(format!(
                    "variable {path} has {own} indices along {dimension}, but {others} in {first}"
                )));
            }
        }
        self.check_meaning((layout, variable), (other, found), join)
    }

    /// Stored values must mean the same: silently wrong data are worse than none.
    fn check_meaning(
        &self,
        (layout, variable): (&Layout, &VariableLayout),
        (other, found): (&Layout, &VariableLayout),
        join: &str,
    ) -> Result<(), Error> {
        let (path, first) = (&variable.path, self.first.name);
        if found.packing != variable.packing {
            let (own, others) = (listed(&found.packing), listed(&variable.packing));
            return Err(self.refuse(format!("variable {path} has {own}, but {others} in {first}")));
        }
        let (own, others) =
            (Counted::of(found, other.variable(join)), Counted::of(variable, layout.variable(join)));
        match (own, others) {
            (Some(own), Some(others)) => {
                own.to(&others).map(drop).map_err(|e| e.within(format!("variable {path}")))
            }
            _ if found.units != variable.units => {
                let text = |units: &Option<String>| {
                    units.as_ref().map_or("no units".to_owned(), |units| format!("units {units:?}"))
                };
                let (own, others) = (text(&found.units), text(&variable.units));
                Err(self.refuse(format!("variable {path} has {own}, but {others} in {first}")))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, what: String) -> Error {
        Error::new(ErrorKind::BadRequest, what)
    }
}

fn listed(packing: &[(String, String)]) -> String {
    match packing {
        [] => "none of scale_factor, add_offset, _FillValue, missing_value".to_owned(),
        packing => {
            packing.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        }
    }
}
