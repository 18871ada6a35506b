//! Dataset ids and the files behind them.
//!
//! The ids are found once, by a scan. A file is opened when it is first asked for, and kept open; each time, its path is
//! looked at, so that a file that was replaced is opened anew and one that was removed is gone.

pub mod format;
mod looked_at;
mod scan;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Dataset, Error, ErrorKind, Opener, Place};

/// A file that was found, but cannot be a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file, as a path below what was asked for.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Dataset ids, and the files behind them.
pub struct Catalog {
    entries: BTreeMap<String, Place>,
    skipped: Vec<Skipped>,
    opener: Arc<Opener>,
}

impl Catalog {
    /// Finds all datasets at and below `paths`.
    ///
    /// A path may be a file, whose id is its name, or a folder, whose files have their path below it as their ids. Data files
    /// are known by how they begin. Hidden files are left out, links that lead out of the folder are not followed, and what
    /// cannot be read is left out and noted in [`skipped`](Self::skipped). Files that the opener's index knows are not opened.
    /// `progress` is told now and then how many files were looked at.
    ///
    /// # Errors
    /// `NotFound` for a path that does not exist, `Unsupported` for a named file that is no data file, `BadRequest` where two
    /// files have the same id. Messages name paths as they were given.
    pub fn scan(
        paths: &[PathBuf],
        opener: Arc<Opener>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, Error> {
        let found = scan::scan(paths, opener.index(), progress)?;
        Ok(Self { entries: found.entries, skipped: found.skipped, opener })
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All ids, sorted, and where their datasets lie.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.entries.iter().map(|(id, place)| (id.as_str(), place))
    }

    /// What opens the datasets.
    #[must_use]
    pub fn opener(&self) -> &Arc<Opener> {
        &self.opener
    }

    /// How many datasets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no dataset.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is a dataset with this id.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.entries.contains_key(id)
    }

    /// The ids that begin with `prefix` and sort behind `after`: at most `limit`, sorted.
    #[must_use]
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        let start = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let behind = self.entries.range::<str, _>((start, Bound::Unbounded)).map(|(id, _)| id);
        behind.take_while(|id| id.starts_with(prefix)).take(limit).cloned().collect()
    }

    /// The files that were found, but cannot be datasets.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Opens a dataset, or hands out the open one if its data is the same as then.
    ///
    /// # Errors
    /// `NotFound` for an unknown id and for a file that is gone; otherwise why it cannot be opened.
    pub fn open(&self, id: &str) -> Result<Arc<Dataset>, Error> {
        let place = self.entries.get(id);
        let place = place.ok_or_else(|| Error::not_found(format!("dataset '{id}' not found")))?;
        self.opener.open(place).map_err(|e| match e.kind {
            ErrorKind::NotFound => Error::not_found(format!("dataset '{id}' not found: {}", e.message)),
            _ => e.within(format!("dataset '{id}'")),
        })
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("ids", &self.entries.keys()).field("skipped", &self.skipped).finish()
    }
}
