//! Views: a dataset after projection, which is what a response will contain.

mod fields;
mod find;

use std::collections::HashMap;

use weir_model::{Misfit, Stride};

use super::constraint::{Clause, Constraint, Index};
use super::document::{self, Axis};
use super::fault::{Fault, Reason};
use super::inventory::Entry;
use super::{Form, Inventory, Selection, Size, attributes};
use find::Found;

/// One variable of a view.
#[derive(Clone, Debug)]
pub struct Projected<'i> {
    /// The variable.
    pub entry: &'i Entry<'i>,
    /// How its elements travel, and which fields and rows of them.
    pub form: Form,
    /// Which elements.
    pub selection: Selection,
    /// The axes as the DMR says them.
    pub axes: Vec<Axis>,
}

impl Projected<'_> {
    /// Bytes of all elements on the wire, without the checksum.
    #[must_use]
    pub fn size(&self) -> Size {
        self.form.wire_size().times(self.selection.elements())
    }
}

/// What a response will contain: variables in the order of the DMR, each once.
#[derive(Clone, Debug)]
pub struct View<'i> {
    /// The variables.
    pub variables: Vec<Projected<'i>>,
    inventory: &'i Inventory<'i>,
    /// Dimensions of which a part was asked for, with the lengths of those parts.
    sliced: HashMap<usize, u64>,
    /// Whether the constraint names nothing, so that all groups and dimensions are listed.
    is_whole: bool,
}

/// What is asked of one variable.
#[derive(Clone, Debug, Default)]
struct Asked<'c> {
    /// The last clause with indices, or the first.
    indices: Option<&'c Clause>,
    /// Clauses whose indices do not count, because others came behind them.
    overridden: Vec<&'c Clause>,
    /// Fields by clause; none where a clause asks for all.
    fields: Vec<&'c Clause>,
    /// Fields that were named behind a dot.
    paths: Vec<(&'c Clause, Vec<String>)>,
    all: bool,
    filters: Vec<&'c Clause>,
}

impl<'i> View<'i> {
    /// Finds what the value of `dap4.ce` names, as it came.
    ///
    /// # Errors
    /// As [`Constraint::parse`] and [`resolve`](Self::resolve).
    pub fn of(value: &str, inventory: &'i Inventory<'i>) -> Result<Self, Fault> {
        let found = Constraint::parse(value).and_then(|constraint| Self::resolve(&constraint, inventory));
        found.or_else(|fault| {
            let names = inventory.entries().iter().map(|entry| entry.name.as_str());
            let again = Constraint::parse_naming(value, names).and_then(Result::ok);
            again.and_then(|constraint| Self::resolve(&constraint, inventory).ok()).ok_or(fault)
        })
    }

    /// Finds what `constraint` names.
    ///
    /// A response lists variables in the order of the DMR, whatever the order of the clauses. Of several clauses for one
    /// variable the last one with indices counts, and their fields add up.
    ///
    /// # Errors
    /// [`Fault`] where a name is unknown or hidden, or where indices, fields or conditions do not fit.
    pub fn resolve(constraint: &Constraint, inventory: &'i Inventory<'i>) -> Result<Self, Fault> {
        let slices = find::dimension_slices(constraint, inventory)?;
        let is_whole = constraint.clauses.is_empty();
        let mut asked: HashMap<usize, Asked<'_>> = HashMap::new();
        for clause in &constraint.clauses {
            match find::find(&clause.name, inventory)? {
                Found::Group(group) => {
                    if !(clause.indices.is_empty() && clause.fields.is_empty() && clause.filter.is_empty()) {
                        return Err(fault(clause, Reason::Group));
                    }
                    for place in find::entries_below(group, inventory) {
                        asked.entry(place).or_default().all = true;
                    }
                }
                Found::Variable(place, path) => note(asked.entry(place).or_default(), clause, path),
            }
        }
        let mut variables = Vec::new();
        for (place, entry) in inventory.entries().iter().enumerate() {
            let of_entry = asked.get(&place);
            if is_whole || of_entry.is_some() {
                variables.push(project(entry, of_entry.unwrap_or(&Asked::default()), &slices, inventory)?);
            }
        }
        let length = |strides: &Vec<Stride>| strides.iter().map(|stride| stride.count).sum();
        let sliced = slices.iter().map(|(&dimension, strides)| (dimension, length(strides))).collect();
        Ok(Self { variables, inventory, sliced, is_whole })
    }

    /// What the DMR of this view says, for the dataset called `name`.
    #[must_use]
    pub fn document(&self, name: &str) -> document::Dataset {
        let groups = self.inventory.groups();
        let mut documents: Vec<document::Group> = Vec::with_capacity(groups.len());
        let mut is_used = vec![self.is_whole; groups.len()];
        if let Some(root) = is_used.first_mut() {
            *root = true;
        }
        for group in groups {
            let attributes = attributes::of_group(&group.group.attributes);
            documents.push(document::Group { name: group.name.clone(), attributes, ..Default::default() });
        }
        self.add_dimensions(&mut documents, &mut is_used);
        self.add_enumerations(&mut documents);
        let by_path: HashMap<&str, &Projected<'i>> =
            self.variables.iter().map(|variable| (variable.entry.path.as_str(), variable)).collect();
        for variable in &self.variables {
            if let Some(document) = documents.get_mut(variable.entry.group) {
                document.variables.push(self.describe(variable, &by_path));
            }
            mark(&mut is_used, variable.entry.group);
        }
        // Parents come before their groups, so from the end on every group is complete when it is put into its parent.
        for (place, group) in groups.iter().enumerate().skip(1).rev() {
            if let (Some(parent), Some(mut done)) = (group.parent, documents.pop()) {
                done.groups.reverse();
                if let Some(around) = documents.get_mut(parent).filter(|_| is_used.get(place) == Some(&true))
                {
                    around.groups.push(done);
                    mark(&mut is_used, parent);
                }
            }
        }
        let mut root = documents.pop().unwrap_or_default();
        root.groups.reverse();
        document::Dataset { name: name.to_owned(), root }
    }

    fn add_dimensions(&self, documents: &mut [document::Group], is_used: &mut [bool]) {
        let shared = |variable: &Projected<'i>| {
            let axes = variable.entry.axes.iter().zip(&variable.axes);
            let shared = axes.filter(|(_, axis)| matches!(axis, Axis::Shared(_)));
            shared.filter_map(|(&dimension, _)| dimension).collect::<Vec<_>>()
        };
        let needed: std::collections::HashSet<usize> = self.variables.iter().flat_map(shared).collect();
        for (place, dimension) in self.inventory.dimensions().iter().enumerate() {
            let Some(document) = documents.get_mut(dimension.group) else { continue };
            if !self.is_whole && !needed.contains(&place) {
                continue;
            }
            let sliced = self.sliced.get(&place).copied();
            document.dimensions.push(document::Dimension {
                name: dimension.name.clone(),
                size: sliced.unwrap_or(dimension.length),
                unlimited: dimension.unlimited,
            });
            mark(is_used, dimension.group);
        }
    }

    fn add_enumerations(&self, documents: &mut [document::Group]) {
        let Some(root) = documents.first_mut() else { return };
        let mut used = Vec::new();
        for variable in &self.variables {
            fields::enumerations(&variable.form, &mut used);
        }
        let enumerations = self.inventory.enumerations().iter();
        let needed = enumerations.filter(|one| used.contains(&super::names::qualified("", &one.name)));
        root.enumerations = needed.cloned().collect();
    }

    fn describe(
        &self,
        variable: &Projected<'i>,
        by_path: &HashMap<&str, &Projected<'i>>,
    ) -> document::Variable {
        let entry = variable.entry;
        // A map must lie along the same axes as its variable still does, and be in the response itself.
        let is_sent = |map: &&Entry<'_>| {
            by_path.get(map.path.as_str()).is_some_and(|other| {
                other.axes.iter().all(|axis| matches!(axis, Axis::Shared(_)) && variable.axes.contains(axis))
            })
        };
        let maps = entry.maps.iter().filter_map(|&map| self.inventory.entries().get(map));
        document::Variable {
            name: entry.name.clone(),
            kind: variable.form.kind(&entry.name),
            axes: variable.axes.clone(),
            attributes: attributes::of_variable(&entry.variable.attributes, &entry.variable.data_type),
            maps: maps.filter(is_sent).map(|map| map.fqn.clone()).collect(),
        }
    }
}

fn mark(is_used: &mut [bool], place: usize) {
    if let Some(used) = is_used.get_mut(place) {
        *used = true;
    }
}

fn fault(clause: &Clause, reason: Reason) -> Fault {
    Fault { byte: clause.name.byte, token: clause.name.text.clone(), reason }
}

fn note<'c>(asked: &mut Asked<'c>, clause: &'c Clause, path: Vec<String>) {
    if !path.is_empty() {
        asked.paths.push((clause, path));
        return;
    }
    if asked.indices.is_none() || !clause.indices.is_empty() {
        asked.overridden.extend(asked.indices.replace(clause));
    }
    if !clause.filter.is_empty() {
        asked.filters.push(clause);
    }
    if clause.fields.is_empty() {
        asked.all = true;
    } else {
        asked.fields.push(clause);
    }
}

fn project<'i>(
    entry: &'i Entry<'i>,
    asked: &Asked<'_>,
    slices: &HashMap<usize, Vec<Stride>>,
    inventory: &Inventory<'_>,
) -> Result<Projected<'i>, Fault> {
    // What does not count must fit, too.
    for clause in &asked.overridden {
        cut(entry, Some(clause), slices, inventory)?;
    }
    let (selection, axes) = cut(entry, asked.indices, slices, inventory)?;
    let form = chosen(entry, asked)?;
    Ok(Projected { entry, form, selection, axes })
}

/// The part of `entry` that the indices of a clause name, and its axes.
fn cut(
    entry: &Entry<'_>,
    of: Option<&Clause>,
    slices: &HashMap<usize, Vec<Stride>>,
    inventory: &Inventory<'_>,
) -> Result<(Selection, Vec<Axis>), Fault> {
    let misfit = |misfit: Misfit| Fault {
        byte: of.map_or(0, |clause| clause.name.byte),
        token: of.map_or_else(|| entry.fqn.clone(), |clause| clause.name.text.clone()),
        reason: Reason::Misfit(misfit),
    };
    let shape = &entry.variable.shape;
    let indices: Vec<Index> = match of.filter(|clause| !clause.indices.is_empty()) {
        Some(clause) => clause.indices.clone(),
        None => vec![Index::default(); shape.len()],
    };
    if indices.len() != shape.len() {
        return Err(misfit(Misfit::Rank { given: indices.len(), expected: shape.len() }));
    }
    let mut strides = Vec::with_capacity(shape.len());
    let mut axes = Vec::with_capacity(shape.len());
    for (number, (index, &length)) in indices.iter().zip(shape).enumerate() {
        let dimension = entry.axes.get(number).copied().flatten().filter(|_| index.is_open());
        let sliced = dimension.and_then(|dimension| slices.get(&dimension)).cloned();
        let of_axis = sliced.map_or_else(|| index.strides(number, length), Ok).map_err(misfit)?;
        let shared = dimension.and_then(|dimension| inventory.dimensions().get(dimension));
        let count = of_axis.iter().try_fold(0_u64, |sum, stride| sum.checked_add(stride.count));
        axes.push(match shared {
            Some(dimension) => Axis::Shared(dimension.fqn.clone()),
            None => Axis::Anonymous(count.ok_or_else(|| misfit(Misfit::Overflow))?),
        });
        strides.push(of_axis);
    }
    Ok((Selection::within(shape, strides).map_err(misfit)?, axes))
}

/// How the elements of `entry` travel, with the fields and rows that are asked for.
fn chosen(entry: &Entry<'_>, asked: &Asked<'_>) -> Result<Form, Fault> {
    let mut form = entry.form.clone();
    let names_fields = !asked.fields.is_empty() || !asked.paths.is_empty();
    if names_fields {
        fields::choose(&mut form, asked)?;
        if asked.all {
            form = entry.form.clone();
        }
    }
    for clause in &asked.filters {
        fields::filter(&mut form, clause, &entry.name)?;
    }
    Ok(form)
}

#[cfg(test)]
mod tests;
