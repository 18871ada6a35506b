//! Dataset ids and the files behind them.
//!
//! The ids are found by a scan, and stay as they were then; another scan makes another catalog. A file is opened when it is first asked for, and kept open; each time, its path is
//! looked at, so that a file that was replaced is opened anew and one that was removed is gone.

pub mod format;
mod listing;
mod looked_at;
mod scan;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use self::listing::Places;
pub use self::listing::{Child, Entry};
use crate::memory_budget::Memory;
use crate::provided::{Caller, Provided};
use crate::{DataFile, Dataset, Error, ErrorKind, Location, ObjectUrl, Opener, Place};

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
    entries: Arc<BTreeMap<String, Place>>,
    /// Datasets that somebody makes when they are asked for; none has the id of one that was found.
    provided: BTreeMap<String, Place>,
    skipped: Arc<Vec<Skipped>>,
    folders: Arc<Vec<PathBuf>>,
    opener: Arc<Opener>,
    /// Made when it is first asked for, which few sites do.
    by_location: Arc<OnceLock<HashMap<Key, String>>>,
}

/// A location as it is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A path with all links resolved.
    Path(PathBuf),
    /// A URL.
    Object(ObjectUrl),
}

/// The ids of files; of several ids of one file, the first.
fn by_location(entries: &BTreeMap<String, Place>) -> HashMap<Key, String> {
    let mut ids = HashMap::new();
    for (id, place) in entries {
        let key = match place {
            Place::File { path, .. } => std::fs::canonicalize(path).ok().map(Key::Path),
            Place::Object { url } => Some(Key::Object(url.clone())),
            Place::Folder { .. }
            | Place::Made(_)
            | Place::NcMl { .. }
            | Place::Prefix { .. }
            | Place::Provided(_) => None,
        };
        if let Some(key) = key {
            ids.entry(key).or_insert_with(|| id.clone());
        }
    }
    ids
}

impl Catalog {
    /// Finds all datasets at and below `paths`.
    ///
    /// A path may be a file or a Zarr store, or the URL of one, whose id is its name, or a folder, whose files have their path
    /// below it as their ids. Data files are known by how they begin. Hidden files are left out, links that lead out of the
    /// folder are not followed, and what cannot be read is left out and noted in [`skipped`](Self::skipped). Files that the
    /// opener's index knows are not opened. `progress` is told now and then how many files were looked at.
    ///
    /// # Errors
    /// `NotFound` for a path that does not exist, `Unsupported` for a named file that is no data file, `BadRequest` where two
    /// files have the same id. Messages name paths as they were given.
    pub fn scan(
        paths: &[PathBuf],
        opener: Arc<Opener>,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, Error> {
        let found = scan::scan(paths, &opener, progress)?;
        let (entries, skipped, folders) =
            (Arc::new(found.entries), Arc::new(found.skipped), Arc::new(found.folders));
        let (provided, by_location) = (BTreeMap::new(), Arc::default());
        Ok(Self { entries, provided, skipped, folders, opener, by_location })
    }

    /// The datasets that were found, and those that are provided, instead of the ones that were. What was found keeps its id.
    #[must_use]
    pub fn with_provided(&self, provided: impl IntoIterator<Item = (String, Provided)>) -> Self {
        let provided = provided.into_iter().filter(|(id, _)| !self.entries.contains_key(id));
        Self {
            entries: Arc::clone(&self.entries),
            provided: provided.map(|(id, provided)| (id, Place::Provided(provided))).collect(),
            skipped: Arc::clone(&self.skipped),
            folders: Arc::clone(&self.folders),
            opener: Arc::clone(&self.opener),
            by_location: Arc::clone(&self.by_location),
        }
    }

    /// Whether there is a dataset with this id that was found, and is not provided.
    #[must_use]
    pub fn has_found(&self, id: &str) -> bool {
        self.entries.contains_key(id)
    }

    /// The ids of datasets that were found, sorted.
    pub fn found_ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    fn place(&self, id: &str) -> Option<&Place> {
        self.entries.get(id).or_else(|| self.provided.get(id))
    }

    fn all(&self) -> Places<'_> {
        Places { found: &self.entries, provided: &self.provided }
    }

    /// Adds a dataset under an id of its own.
    ///
    /// # Errors
    /// `BadRequest` for an id that is taken.
    pub fn add(&mut self, id: &str, place: Place) -> Result<(), Error> {
        if let Some(taken) = self.place(id) {
            let message = format!("{taken} and {place} would both be dataset '{id}'; give one another id");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        Arc::make_mut(&mut self.entries).insert(id.to_owned(), place);
        self.by_location = Arc::default();
        Ok(())
    }

    /// Adds the dataset at a path under an id of its own.
    ///
    /// # Errors
    /// As [`scan`](Self::scan), `Unsupported` for a folder that is no dataset itself, and `BadRequest` for an id that is taken.
    pub fn add_path(&mut self, id: &str, path: &Path) -> Result<(), Error> {
        if path.is_dir() && !crate::zarr::is_store(path) {
            return Err(Error::unsupported(format!("{} is a folder, and no dataset itself", path.display())));
        }
        let mut progress = |_| {};
        let found = scan::scan(&[path.to_owned()], &self.opener, &mut progress)?;
        let place = found.entries.into_values().next();
        let place = place.ok_or_else(|| Error::unsupported(format!("{} is no dataset", path.display())))?;
        self.add(id, place)
    }

    /// Takes over the datasets of the catalog `before` whose files are still there, although nobody would know them as data now:
    /// a file that is written anew in place is empty for a moment, and not gone.
    pub fn keep_present(&mut self, before: &Self) {
        let gone = before.entries.iter().filter(|(id, _)| !self.entries.contains_key(*id));
        let present = gone.filter(|(_, place)| place.is_present_file());
        let kept: Vec<(String, Place)> = present.map(|(id, place)| (id.clone(), place.clone())).collect();
        Arc::make_mut(&mut self.entries).extend(kept);
        self.by_location = Arc::default();
    }

    /// What is not as it should be with a made dataset, but does not keep it from being served.
    #[must_use]
    pub fn problems(&self, id: &str) -> Vec<String> {
        self.place(id).map(|place| self.opener.problems(place)).unwrap_or_default()
    }

    /// The original file of a dataset that was opened under `id`: its data file, or the document that defines it.
    ///
    /// # Errors
    /// `NotFound` for a dataset that is not one file, with the reason, and for one that is gone.
    pub fn file(&self, id: &str, dataset: &Dataset) -> Result<Arc<DataFile>, Error> {
        if let Some(file) = dataset.file() {
            return Ok(file);
        }
        let place = self.place(id);
        let place = place.ok_or_else(|| Error::not_found(format!("dataset '{id}' not found")))?;
        self.opener.document(place).map(Arc::new).map_err(|e| e.within(format!("dataset '{id}'")))
    }

    /// The id under which the file at a location is served; `None` where it is not served as a whole.
    #[must_use]
    pub fn id_of(&self, location: &Location) -> Option<&str> {
        let ids = self.by_location.get_or_init(|| by_location(&self.entries));
        let key = match location {
            Location::Path(path) => Key::Path(path.clone()),
            Location::Object { url, .. } => Key::Object(url.clone()),
        };
        ids.get(&key).map(String::as_str)
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.places().map(|(id, _)| id)
    }

    /// All ids, sorted, and where their datasets lie.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Place)> {
        let all = listing::merged(self.entries.iter(), self.provided.iter());
        all.map(|(id, place)| (id.as_str(), place))
    }

    /// What opens the datasets.
    #[must_use]
    pub fn opener(&self) -> &Arc<Opener> {
        &self.opener
    }

    /// How many datasets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_add(self.provided.len())
    }

    /// Whether there is no dataset.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a dataset with this id.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.place(id).is_some()
    }

    /// The ids that begin with `prefix` and sort behind `after`: at most `limit`, sorted.
    #[must_use]
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        listing::behind(self.all(), prefix, after).take(limit).map(|(id, _)| id.clone()).collect()
    }

    /// As [`list`](Self::list), with what the file system says of each.
    #[must_use]
    pub fn entries(&self, prefix: &str, after: &str, limit: usize) -> Vec<Entry> {
        listing::entries(self.all(), (prefix, after), limit)
    }

    /// What lies in `folder` (empty, or ending with a slash) and sorts behind `after`, a child's name: at most `limit`, sorted.
    #[must_use]
    pub fn children(&self, folder: &str, after: &str, limit: usize) -> Vec<Child> {
        listing::children(self.all(), (folder, after), limit)
    }

    /// Whether the same ids stand for the same places as in another catalog, as far as they were found.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        self.entries == other.entries
    }

    /// The memory that all datasets share.
    #[must_use]
    pub fn memory(&self) -> &Arc<Memory> {
        self.opener.memory()
    }

    /// The files that were found, but cannot be datasets.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The folders that the scan looked into: what comes there or goes makes another catalog.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// A dataset that is open, as [`open`](Self::open) hands it out, where it takes no time worth speaking of.
    #[must_use]
    pub fn at_hand(&self, id: &str) -> Option<Arc<Dataset>> {
        self.opener.at_hand(self.place(id)?)
    }

    /// Opens a dataset, or hands out the open one if its data is the same as then.
    ///
    /// # Errors
    /// `NotFound` for an unknown id and for a file that is gone; otherwise why it cannot be opened.
    pub fn open(&self, id: &str) -> Result<Arc<Dataset>, Error> {
        self.open_for(id, None)
    }

    /// As [`open`](Self::open); who makes the dataset is told who asks.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for(&self, id: &str, caller: Option<&Caller>) -> Result<Arc<Dataset>, Error> {
        let place = self.place(id);
        let place = place.ok_or_else(|| Error::not_found(format!("dataset '{id}' not found")))?;
        self.opener.open_for(place, caller).map_err(|e| match e.kind {
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
