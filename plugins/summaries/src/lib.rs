//! What catalogs say of a dataset: where and when its data lies, and what its variables are.
//!
//! [`summarize`] reads a [`Summary`] off a dataset: names from global attributes, the place from the coordinates of its data
//! variables, whatever grid they lie on, the time in whatever calendar. Only coordinates are read, and of long ones only parts,
//! so that a summary of a dataset of any size costs little. What is wrong with one coordinate does not spoil the rest: it is
//! told in [`Summary::notes`].
#![forbid(unsafe_code)]

mod dimensions;
mod grids;
mod numbers;
mod places;
mod projection;
mod query;
mod served;
mod times;
mod variables;
mod vertical;
mod words;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind};

pub use weir_catalogs::Summary;

pub use self::query::value_of;
pub use self::served::{Document, Listed, OwnedSite, Parts, Served, child, entry, entry_of, page_of};

/// What a dataset is, and where and when its data lies.
///
/// # Errors
/// Where the dataset says nothing at all, or not now (`Cancelled`, `Unavailable`, `Timeout`): what is lasting and concerns one
/// coordinate is no error, but a note in the summary.
pub fn summarize(dataset: &Dataset) -> Result<Summary, Error> {
    let asked = Asked {
        dataset,
        schema: dataset.schema()?,
        notes: RefCell::default(),
        left: Cell::new(numbers::MOST_OF_ALL),
    };
    let variables = variables::facts(&asked.schema);
    let steps = weir_cf::steps(&asked.schema);
    let grids = grids::of(&asked, &variables);
    let place = places::of(&asked, &grids)?;
    let mut summary = Summary {
        words: words::of(&asked.schema.root.attributes),
        attributes: asked.schema.root.attributes.clone(),
        bounds: place.bounds,
        outline: place.outline,
        projection: projection::of(&asked, &grids)?,
        time: times::span(&asked, &variables)?,
        vertical: vertical::of(&asked, &variables)?,
        dimensions: dimensions::facts(&asked)?,
        grid: grids.into_iter().next().map(|grid| grid.facts),
        steps,
        variables,
        notes: vec![],
    };
    words::stand_in(&mut summary);
    summary.notes = asked.notes.take();
    Ok(summary)
}

/// A dataset that is asked, and what was found wrong with it so far.
pub(crate) struct Asked<'a> {
    dataset: &'a Dataset,
    schema: Arc<Schema>,
    notes: RefCell<Vec<String>>,
    /// How many elements may still be read.
    left: Cell<u64>,
}

impl Asked<'_> {
    /// Says what could not be told.
    fn note(&self, text: impl Into<String>) {
        let text = text.into();
        let mut notes = self.notes.borrow_mut();
        // A dataset of thousands of broken variables needs no thousands of notes.
        if notes.len() < 20 && !notes.contains(&text) {
            notes.push(text);
        }
    }

    /// What was told of one coordinate; a lasting fault of it becomes a note.
    fn told<T>(&self, path: &str, told: Result<T, Error>) -> Result<Option<T>, Error> {
        match told {
            Ok(told) => Ok(Some(told)),
            Err(error) if is_passing(error.kind) => Err(error),
            Err(error) => {
                self.note(format!("{path}: {}", error.message));
                Ok(None)
            }
        }
    }
}

/// Whether asking again may help.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Cancelled | ErrorKind::Unavailable | ErrorKind::Timeout)
}
