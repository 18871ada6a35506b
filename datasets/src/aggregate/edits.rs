//! Edits of a schema: removals, renames, attributes, and values that are added.

use std::collections::HashMap;

use weir_model::{Attribute, Dimension, Schema, Variable};

use super::definition::{AttributeEdit, DimensionEdit, Edits, Removal, VariableEdit};
use super::held::Held;
use super::literal;
use crate::{Error, ErrorKind};

/// Where the elements of a variable of an edited dataset are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the dataset that was edited, under this path.
    Inside(String),
    /// In memory.
    Held(Held),
}

/// An edited schema, and where its variables come from.
#[derive(Clone, Debug, PartialEq)]
pub struct EditedSchema {
    /// The schema.
    pub schema: Schema,
    /// The origin of each variable, by path.
    pub origins: HashMap<String, Origin>,
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::BadRequest, message)
}

/// Edits a schema. What is to be taken away or renamed but is not there is added to `problems`.
///
/// # Errors
/// `BadRequest` says which edit does not fit the schema, and why.
pub fn apply(schema: &Schema, edits: &Edits, problems: &mut Vec<String>) -> Result<EditedSchema, Error> {
    let paths = schema.variables().into_iter().map(|(path, _)| path);
    let origins = paths.map(|path| (path.clone(), Origin::Inside(path))).collect();
    let mut editing = Editing { edited: EditedSchema { schema: schema.clone(), origins }, problems };
    for removal in &edits.removals {
        editing.remove(removal)?;
    }
    for edit in &edits.dimensions {
        editing.dimension(edit)?;
    }
    for edit in &edits.attributes {
        let attributes = &mut editing.edited.schema.root.attributes;
        change(attributes, edit, editing.problems).map_err(|e| e.within("global attribute"))?;
    }
    for edit in &edits.variables {
        editing.variable(edit).map_err(|e| e.within(format!("variable {}", edit.name)))?;
    }
    Ok(editing.edited)
}

/// A schema while it is edited.
struct Editing<'a> {
    edited: EditedSchema,
    problems: &'a mut Vec<String>,
}

impl Editing<'_> {
    fn remove(&mut self, removal: &Removal) -> Result<(), Error> {
        let root = &mut self.edited.schema.root;
        let (removed, what) = match removal {
            Removal::Attribute(name) => (take(&mut root.attributes, |a| a.name == *name), name),
            Removal::Variable(name) => {
                self.edited.origins.remove(&format!("/{name}"));
                (take(&mut root.variables, |v| v.name == *name), name)
            }
            Removal::Dimension(name) => {
                let path = format!("/{name}");
                let variables = self.edited.schema.variables();
                if let Some((user, _)) = variables.iter().find(|(_, v)| v.dimensions.contains(&path)) {
                    return Err(refuse(format!(
                        "dimension {name} cannot be removed: variable {user} has it"
                    )));
                }
                (take(&mut self.edited.schema.root.dimensions, |d| d.name == *name), name)
            }
        };
        if !removed {
            self.problems.push(format!("{what} is to be removed, but is not there"));
        }
        Ok(())
    }

    fn dimension(&mut self, edit: &DimensionEdit) -> Result<(), Error> {
        let name = &edit.name;
        let root = &mut self.edited.schema.root;
        let original = edit.original.as_ref().filter(|original| *original != name);
        if let Some(original) = original {
            if root.dimensions.iter().any(|dimension| dimension.name == *name) {
                return Err(refuse(format!(
                    "dimension {original} cannot be renamed: there is a dimension {name}"
                )));
            }
            match root.dimensions.iter_mut().find(|dimension| dimension.name == *original) {
                Some(dimension) => dimension.name.clone_from(name),
                None => {
                    self.problems.push(format!("dimension {original} is to be renamed, but is not there"));
                }
            }
            rename_dimension(root, (&format!("/{original}"), &format!("/{name}")));
            return Ok(());
        }
        let found = root.dimensions.iter().find(|dimension| dimension.name == *name);
        match (found, edit.length) {
            (Some(dimension), Some(length)) if dimension.length != length => {
                let has = dimension.length;
                self.problems.push(format!("dimension {name} has length {has}; {length} is ignored"));
            }
            (Some(_), _) => {}
            (None, Some(length)) => {
                root.dimensions.push(Dimension { name: name.clone(), length, unlimited: false });
            }
            (None, None) => {
                return Err(refuse(format!("dimension {name} is to be added, but has no length")));
            }
        }
        Ok(())
    }

    fn variable(&mut self, edit: &VariableEdit) -> Result<(), Error> {
        let sought = edit.original.as_ref().unwrap_or(&edit.name);
        let position = self.edited.schema.root.variables.iter().position(|v| v.name == *sought);
        let Some(position) = position else {
            return match &edit.original {
                Some(original) => Err(refuse(format!("there is no variable {original} to be renamed"))),
                None => self.add(edit),
            };
        };
        if edit.name != *sought {
            self.rename(sought, &edit.name)?;
        }
        let path = format!("/{}", edit.name);
        let schema = &mut self.edited.schema;
        let dimensions = schema.root.dimensions.clone();
        let variable =
            schema.root.variables.get_mut(position).ok_or_else(|| refuse("it is gone".to_owned()))?;
        variable.name.clone_from(&edit.name);
        for removed in &edit.removals {
            if !take(&mut variable.attributes, |attribute| attribute.name == *removed) {
                self.problems.push(format!("attribute {path}:{removed} is to be removed, but is not there"));
            }
        }
        for attribute in &edit.attributes {
            change(&mut variable.attributes, attribute, self.problems)?;
        }
        match &edit.values {
            None => check_same(variable, edit),
            Some(values) => {
                if let Some(data_type) = &edit.data_type {
                    variable.data_type = literal::data_type(data_type)?;
                }
                if let Some(shape) = &edit.shape {
                    (variable.dimensions, variable.shape) = lengths(shape, &dimensions)?;
                }
                let count = variable.shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length));
                let count = count.ok_or_else(|| refuse("it is too large".to_owned()))?;
                let held = literal::elements(values, &variable.data_type, count)?;
                variable.storage = Held::storage(&variable.shape, variable.data_type.size());
                self.edited.origins.insert(path, Origin::Held(held));
                Ok(())
            }
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Error> {
        if self.edited.schema.root.variable(to).is_some() {
            return Err(refuse(format!("{from} cannot be renamed: there is a variable {to}")));
        }
        if let Some(origin) = self.edited.origins.remove(&format!("/{from}")) {
            self.edited.origins.insert(format!("/{to}"), origin);
        }
        Ok(())
    }

    /// A variable that was not there.
    fn add(&mut self, edit: &VariableEdit) -> Result<(), Error> {
        let data_type = edit.data_type.as_deref();
        let data_type =
            data_type.ok_or_else(|| refuse("it is not there; to add it, say its type".to_owned()))?;
        let data_type = literal::data_type(data_type)?;
        let root = &mut self.edited.schema.root;
        let (dimensions, shape) = lengths(edit.shape.as_deref().unwrap_or_default(), &root.dimensions)?;
        let count = shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length));
        let count = count.ok_or_else(|| refuse("it is too large".to_owned()))?;
        let held = match &edit.values {
            Some(values) => literal::elements(values, &data_type, count)?,
            // A variable that only carries attributes, as a grid mapping does.
            None if shape.is_empty() => match data_type.size() {
                Some(size) => Held::Elements(vec![0; size]),
                None => Held::Strings(vec![vec![]]),
            },
            None => return Err(refuse("it is added without values".to_owned())),
        };
        let mut attributes = Vec::new();
        for attribute in &edit.attributes {
            change(&mut attributes, attribute, self.problems)?;
        }
        let storage = Held::storage(&shape, data_type.size());
        let name = edit.name.clone();
        self.edited.origins.insert(format!("/{name}"), Origin::Held(held));
        root.variables.push(Variable { name, data_type, dimensions, shape, attributes, storage });
        Ok(())
    }
}

/// Takes the first that fits; says whether there was one.
fn take<T>(list: &mut Vec<T>, fits: impl Fn(&T) -> bool) -> bool {
    let position = list.iter().position(fits);
    position.map(|position| list.remove(position)).is_some()
}

fn rename_dimension(root: &mut weir_model::Group, (from, to): (&str, &str)) {
    let mut groups = vec![root];
    while let Some(group) = groups.pop() {
        let paths = group.variables.iter_mut().flat_map(|variable| &mut variable.dimensions);
        paths.filter(|path| *path == from).for_each(|path| to.clone_into(path));
        groups.extend(&mut group.groups);
    }
}

/// The paths and lengths of dimensions of the root group.
fn lengths(names: &[String], dimensions: &[Dimension]) -> Result<(Vec<String>, Vec<u64>), Error> {
    let mut found = (Vec::new(), Vec::new());
    for name in names {
        let dimension = dimensions.iter().find(|dimension| dimension.name == *name);
        let dimension = dimension.ok_or_else(|| refuse(format!("there is no dimension {name}")))?;
        found.0.push(format!("/{name}"));
        found.1.push(dimension.length);
    }
    Ok(found)
}

/// A variable that keeps its values keeps its type and its dimensions.
fn check_same(variable: &Variable, edit: &VariableEdit) -> Result<(), Error> {
    if let Some(name) = &edit.data_type {
        let wanted = literal::data_type(name)?;
        let text = matches!(name.as_str(), "" | "String" | "string")
            && matches!(variable.data_type.stored(), weir_model::DataType::FixedString { .. });
        if wanted != *variable.data_type.stored() && !text {
            let has = variable.data_type.describe();
            return Err(refuse(format!("it has type {has}, and values are not converted to {name}")));
        }
    }
    let names: Vec<&str> = variable.dimension_names().collect();
    match &edit.shape {
        Some(shape) if *shape != names => {
            let (has, wanted) = (names.join(" "), shape.join(" "));
            Err(refuse(format!("it has dimensions ({has}), which cannot become ({wanted})")))
        }
        _ => Ok(()),
    }
}

/// Renames, changes or adds an attribute.
fn change(
    attributes: &mut Vec<Attribute>,
    edit: &AttributeEdit,
    problems: &mut Vec<String>,
) -> Result<(), Error> {
    let value = edit.value.as_ref().map(literal::attribute).transpose();
    let value = value.map_err(|e| e.within(format!("attribute {}", edit.name)))?;
    let sought = edit.original.as_ref().unwrap_or(&edit.name);
    let position = attributes.iter().position(|attribute| attribute.name == *sought);
    match (position.and_then(|position| attributes.get_mut(position)), value) {
        (Some(attribute), value) => {
            attribute.name.clone_from(&edit.name);
            if let Some(value) = value {
                attribute.value = value;
            }
        }
        (None, Some(value)) => attributes.push(Attribute { name: edit.name.clone(), value }),
        (None, None) => problems.push(format!("attribute {sought} is to be changed, but is not there")),
    }
    // A renamed attribute replaces one that had its new name.
    let kept = attributes.iter().position(|attribute| attribute.name == edit.name);
    let mut number = 0_usize..;
    attributes.retain(|attribute| number.next() == kept || attribute.name != edit.name);
    Ok(())
}
