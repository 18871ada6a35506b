//! What a classic file holds.

use std::collections::HashSet;

use weir_model::Attribute;

use crate::{External, NetcdfError, Plan};

/// A named axis of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The name.
    pub name: String,
    /// The length; of a dimension that can grow, how many records there are.
    pub length: u64,
    /// Whether it can grow: one of a file at most.
    pub unlimited: bool,
}

/// A named array of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The type of its elements.
    pub external: External,
    /// Places in [`Classic::dimensions`], slowest first; only the first may be one that can grow.
    pub dimensions: Vec<usize>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

/// What a file holds: names, types and attributes, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classic {
    /// The dimensions.
    pub dimensions: Vec<Dimension>,
    /// The attributes of the file.
    pub attributes: Vec<Attribute>,
    /// The variables.
    pub variables: Vec<Variable>,
}

impl Classic {
    /// Where everything lies, in the oldest format that holds it.
    ///
    /// # Errors
    /// [`NetcdfError`] names the first thing that no file can have.
    pub fn plan(&self) -> Result<Plan, NetcdfError> {
        self.check()?;
        Plan::of(self)
    }

    /// The dimension that can grow.
    pub(crate) fn record_dimension(&self) -> Option<usize> {
        self.dimensions.iter().position(|dimension| dimension.unlimited)
    }

    fn check(&self) -> Result<(), NetcdfError> {
        if self.dimensions.iter().filter(|dimension| dimension.unlimited).count() > 1 {
            return Err(NetcdfError::Records);
        }
        distinct(self.dimensions.iter().map(|dimension| dimension.name.as_str()))?;
        distinct(self.attributes.iter().map(|attribute| attribute.name.as_str()))?;
        distinct(self.variables.iter().map(|variable| variable.name.as_str()))?;
        let record = self.record_dimension();
        for variable in &self.variables {
            distinct(variable.attributes.iter().map(|attribute| attribute.name.as_str()))?;
            let wrong = |reason| NetcdfError::Dimension { variable: variable.name.clone(), reason };
            if variable.dimensions.iter().any(|place| *place >= self.dimensions.len()) {
                return Err(wrong("names a dimension that the file has not"));
            }
            if variable.dimensions.iter().skip(1).any(|place| Some(*place) == record) {
                return Err(wrong("can grow along another dimension than its first"));
            }
        }
        Ok(())
    }
}

/// Names that a file can have, each once.
pub(crate) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), NetcdfError> {
    let mut known = HashSet::new();
    for name in names {
        let begins =
            name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
        let fault = match name {
            "" => Some("it is empty"),
            name if name.contains('/') => Some("it has a slash"),
            name if name.chars().any(char::is_control) => Some("it has a control character"),
            name if name.ends_with(' ') => Some("it ends with a blank"),
            _ if !begins => Some("it begins with neither a letter, a digit nor an underscore"),
            name if !known.insert(name) => Some("it is there already"),
            _ => None,
        };
        if let Some(reason) = fault {
            return Err(NetcdfError::name(name, reason));
        }
    }
    Ok(())
}
