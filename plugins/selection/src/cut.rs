//! What is chosen along each dimension of a dataset.

use std::collections::BTreeMap;

use weir_model::Variable;

use crate::{Indices, Selection};

/// Indices by dimension, for all variables of a dataset: coordinates, bounds and data that share a dimension are cut alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cut {
    along: BTreeMap<String, Indices>,
}

impl Cut {
    /// Nothing is left out.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes these indices of the dimension with this full path.
    pub fn set(&mut self, dimension: &str, indices: Indices) {
        self.along.insert(dimension.to_owned(), indices);
    }

    /// What is taken of a dimension, by its full path; `None` where that is all of it.
    #[must_use]
    pub fn get(&self, dimension: &str) -> Option<&Indices> {
        self.along.get(dimension)
    }

    /// The part of a variable that this leaves.
    #[must_use]
    pub fn of(&self, variable: &Variable) -> Selection {
        let dimensions = variable.dimensions.iter().zip(&variable.shape);
        let axes = dimensions.map(|(dimension, length)| {
            self.along.get(dimension).cloned().unwrap_or_else(|| Indices::all(*length))
        });
        Selection::of(axes.collect())
    }
}
