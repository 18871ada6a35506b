//! Virtual datasets: a site says in its configuration what they are made of, and nothing of them is stored.

mod array;
mod expression;
mod formulas;
mod grammar;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_plugin_api::Error;

pub use self::formulas::Formulas;

/// A virtual dataset, as it is configured: the answer to a query, or variables that expressions make.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its id.
    pub id: String,
    /// The id of the dataset that it is made of.
    pub source: String,
    /// Further datasets, by the names that stand before their variables in expressions: `other:tas`.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// What is made of the dataset, as in an address: `variable=tas&action=mean&by=time.month`.
    pub query: Option<String>,
    /// What is selected, as in an address: `lat:-30/30;time:2001`.
    #[serde(rename = "where")]
    pub selection: Option<String>,
    /// The variables that it has, by their names.
    #[serde(default)]
    pub variables: BTreeMap<String, Formula>,
    /// Lengths of chunks by dimension; those of the source where they are left out.
    #[serde(default)]
    pub chunks: BTreeMap<String, u64>,
}

/// A variable that an expression makes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// What its values are.
    pub expression: String,
    /// In which units they are.
    pub units: Option<String>,
    /// What else is said of it: texts and numbers.
    #[serde(default)]
    pub attributes: BTreeMap<String, Said>,
}

/// The value of an attribute.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Said {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Definition {
    /// The ids of the datasets that it is made of, the first one that whose variables have no name before them.
    pub fn sources(&self) -> Vec<&str> {
        std::iter::once(&self.source).chain(self.sources.values()).map(String::as_str).collect()
    }

    /// Checks that it says one thing.
    ///
    /// # Errors
    /// `BadRequest` with what is missing, or too much.
    pub fn check(&self) -> Result<(), Error> {
        let refused = |why: &str| Err(Error::bad_request(why));
        match (&self.query, self.variables.is_empty()) {
            (None, true) => refused("it says nothing; give it a query, or variables with expressions"),
            (Some(_), false) => {
                refused("it has a query and variables; make two datasets of it, one of the other")
            }
            (Some(_), true) if self.selection.is_some() || !self.sources.is_empty() => refused(
                "beside a query, there is neither where, which the query may have itself, nor sources",
            ),
            _ => Ok(()),
        }
    }
}
