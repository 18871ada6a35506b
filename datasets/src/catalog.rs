//! Dataset ids and the files behind them.
//!
//! The ids are found once, by a scan. A file is opened when it is first asked for, and kept open; each time, its path is
//! looked at, so that a file that was replaced is opened anew and one that was removed is gone.

mod format;
mod scan;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::{DataFile, Dataset, Error, ErrorKind, Generation};

/// How many files are kept open.
const MOST_OPEN: u64 = 256;

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
    entries: BTreeMap<String, Entry>,
    skipped: Vec<Skipped>,
    open: Cache<String, Open>,
}

/// The file behind an id.
#[derive(Clone, Debug)]
struct Entry {
    /// The file, below the path that was asked for.
    path: PathBuf,
    /// The folder that it must lie in, with all links resolved; `None` for a file that was named itself.
    root: Option<Arc<Path>>,
}

/// A file that is kept open.
#[derive(Clone)]
struct Open {
    generation: Generation,
    dataset: Arc<Dataset>,
}

impl Catalog {
    /// Finds all datasets at and below `paths`.
    ///
    /// A path may be a file, whose id is its name, or a folder, whose files have their path below it as their ids. Data files
    /// are known by how they begin. Hidden files are left out, links that lead out of the folder are not followed, and what
    /// cannot be read is left out and noted in [`skipped`](Self::skipped). `progress` is told now and then how many files
    /// were looked at.
    ///
    /// # Errors
    /// `NotFound` for a path that does not exist, `Unsupported` for a named file that is no data file, `BadRequest` where two
    /// files have the same id. Messages name paths as they were given.
    pub fn scan(paths: &[PathBuf], progress: &mut dyn FnMut(usize)) -> Result<Self, Error> {
        let found = scan::scan(paths, progress)?;
        // The one that was not used for the longest time is closed first.
        let open = Cache::builder().max_capacity(MOST_OPEN).eviction_policy(EvictionPolicy::lru()).build();
        Ok(Self { entries: found.entries, skipped: found.skipped, open })
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
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

    /// Opens a dataset, or hands out the open one if its file is the same as then.
    ///
    /// Many may ask for the same dataset at once; its file is opened once.
    ///
    /// # Errors
    /// `NotFound` for an unknown id and for a file that is gone; otherwise why the file cannot be opened.
    pub fn open(&self, id: &str) -> Result<Arc<Dataset>, Error> {
        let entry = self.entries.get(id);
        let entry = entry.ok_or_else(|| Error::not_found(format!("dataset '{id}' not found")))?;
        let now = entry.look(id).inspect_err(|_| self.open.invalidate(id))?;
        if let Some(open) = self.open.get(id).filter(|open| open.generation == now) {
            return Ok(open.dataset);
        }
        let result = self.open.entry_by_ref(id).and_try_compute_with(|kept| {
            // Another one may have opened it while this one waited for its turn.
            match kept {
                Some(kept) if kept.value().generation == now => Ok(Op::Nop),
                _ => entry.open(id).map(Op::Put),
            }
        })?;
        // Left alone, the cache closes files some time later; files that are open are limited by the system.
        self.open.run_pending_tasks();
        match result {
            CompResult::Inserted(open) | CompResult::ReplacedWith(open) | CompResult::Unchanged(open) => {
                Ok(open.into_value().dataset)
            }
            CompResult::StillNone(_) | CompResult::Removed(_) => {
                Err(Error::unavailable(format!("dataset '{id}' was closed while it was opened; ask again")))
            }
        }
    }
}

impl Entry {
    /// What the file is now.
    fn look(&self, id: &str) -> Result<Generation, Error> {
        let metadata = std::fs::metadata(&self.path).map_err(|e| unreachable_file(id, &e))?;
        if !metadata.is_file() {
            return Err(Error::not_found(format!("dataset '{id}' not found: it is not a file any more")));
        }
        Ok(Generation::of(&metadata))
    }

    fn open(&self, id: &str) -> Result<Open, Error> {
        let path = std::fs::canonicalize(&self.path).map_err(|e| unreachable_file(id, &e))?;
        // A link may lead elsewhere than when it was found.
        if self.root.as_ref().is_some_and(|root| !path.starts_with(root)) {
            return Err(Error::not_found(format!(
                "dataset '{id}' not found: its link leads out of the data folder"
            )));
        }
        let open = || {
            let file = DataFile::open(&path)?;
            let generation = *file.generation();
            let source = format::open(file)?;
            Ok(Open { generation, dataset: Arc::new(Dataset::new(source)) })
        };
        open().map_err(|e: Error| e.within(format!("dataset '{id}'")))
    }
}

fn unreachable_file(id: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Error::not_found(format!("dataset '{id}' not found: its file is gone"))
        }
        _ => Error::new(ErrorKind::Unavailable, format!("dataset '{id}' cannot be reached: {error}")),
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("ids", &self.entries.keys()).field("skipped", &self.skipped).finish()
    }
}
