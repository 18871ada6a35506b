//! Opening: from a place to an open dataset, once for each generation of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::catalog::format;
use crate::memory_budget::Memory;
use crate::remote::url::ObjectUrl;
use crate::{Access, DataFile, Dataset, Error, ErrorKind, Generation};

/// How many datasets are kept open.
const MOST_OPEN: u64 = 256;

/// Of how many objects of other machines it is remembered what they were.
const MOST_LOOKED: u64 = 4096;

/// Where a dataset lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A file of this machine.
    File {
        /// Its path, as it was given or found.
        path: PathBuf,
        /// The folder that it must lie in, with all links resolved; `None` for a file that was named itself.
        root: Option<Arc<Path>>,
    },
    /// An object of another machine.
    Object {
        /// Where.
        url: ObjectUrl,
    },
}

/// As it was given, without what may be secret in a URL.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => path.display().fmt(f),
            Self::Object { url } => url.fmt(f),
        }
    }
}

/// Opens datasets, and keeps those that were used last.
pub struct Opener {
    access: Access,
    memory: Arc<Memory>,
    open: Cache<Place, Open>,
    /// What objects of other machines were when they were last looked at, for as long as that is believed.
    looked: Cache<ObjectUrl, Generation>,
}

/// A dataset that is kept open.
#[derive(Clone)]
struct Open {
    generation: Generation,
    dataset: Arc<Dataset>,
    /// Set once a read found that the data is another.
    changed: Option<Arc<AtomicBool>>,
}

impl Opener {
    /// An opener that reaches what `access` allows, and whose datasets read within `memory`.
    #[must_use]
    pub fn new(access: Access, memory: Arc<Memory>) -> Self {
        // The one that was not used for the longest time is closed first.
        let open = Cache::builder().max_capacity(MOST_OPEN).eviction_policy(EvictionPolicy::lru()).build();
        let looked =
            Cache::builder().max_capacity(MOST_LOOKED).time_to_live(access.patience().revalidate).build();
        Self { access, memory, open, looked }
    }

    /// What may be reached.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The memory that all datasets share.
    #[must_use]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Opens a dataset, or hands out the open one if its data is the same as then.
    ///
    /// Many may ask for the same dataset at once; it is opened once.
    ///
    /// # Errors
    /// `NotFound` where it is gone; otherwise why it cannot be opened. Messages do not name the place.
    pub fn open(&self, place: &Place) -> Result<Arc<Dataset>, Error> {
        let now = self.look(place).inspect_err(|error| self.forget(place, error))?;
        if let Some(open) = self.open.get(place).filter(|open| open.generation == now) {
            return Ok(open.dataset);
        }
        let result = self.open.entry_by_ref(place).and_try_compute_with(|kept| {
            // Another one may have opened it while this one waited for its turn.
            match kept {
                Some(kept) if kept.value().generation == now => Ok(Op::Nop),
                _ => self.open_anew(place).map(Op::Put),
            }
        })?;
        // Left alone, the cache closes files some time later; files that are open are limited by the system.
        self.open.run_pending_tasks();
        match result {
            CompResult::Inserted(open) | CompResult::ReplacedWith(open) | CompResult::Unchanged(open) => {
                Ok(open.into_value().dataset)
            }
            CompResult::StillNone(_) | CompResult::Removed(_) => {
                Err(Error::unavailable("it was closed while it was opened; ask again"))
            }
        }
    }

    fn open_anew(&self, place: &Place) -> Result<Open, Error> {
        match place {
            Place::File { path, root } => {
                let file = DataFile::open(&inside(path, root.as_deref())?)?;
                let generation = *file.generation();
                let source = format::open(file)?;
                Ok(Open {
                    generation,
                    dataset: Arc::new(Dataset::within(source, &self.memory)),
                    changed: None,
                })
            }
            Place::Object { url } => {
                let file = self.access.object(url)?;
                let (generation, changed) = (*file.generation(), file.changed());
                let source = format::open(file)?;
                self.looked.insert(url.clone(), generation);
                Ok(Open { generation, dataset: Arc::new(Dataset::within(source, &self.memory)), changed })
            }
        }
    }

    /// What is there now.
    fn look(&self, place: &Place) -> Result<Generation, Error> {
        match place {
            Place::File { path, .. } => {
                let metadata = std::fs::metadata(path).map_err(|e| unreachable_file(&e))?;
                if !metadata.is_file() {
                    return Err(Error::not_found("it is not a file any more"));
                }
                Ok(Generation::of(&metadata))
            }
            Place::Object { url } => self.look_at_object(place, url),
        }
    }

    /// Asks the server now and then only, and whenever a read found that the object is another.
    fn look_at_object(&self, place: &Place, url: &ObjectUrl) -> Result<Generation, Error> {
        let open = self.open.get(place);
        if open.and_then(|open| open.changed).is_some_and(|changed| changed.load(Ordering::Relaxed)) {
            self.looked.invalidate(url);
            self.open.invalidate(place);
        }
        let looked = self.looked.try_get_with_by_ref(url, || self.access.look(url));
        looked.map_err(|error: Arc<Error>| error.as_ref().clone())
    }

    /// Closes what cannot be looked at any more. A server that does not answer for a while takes nothing away.
    fn forget(&self, place: &Place, error: &Error) {
        if matches!(place, Place::File { .. }) || error.kind == ErrorKind::NotFound {
            self.open.invalidate(place);
        }
    }
}

/// The path with all links resolved: a link may lead elsewhere than when it was found.
fn inside(path: &Path, root: Option<&Path>) -> Result<PathBuf, Error> {
    let path = std::fs::canonicalize(path).map_err(|e| unreachable_file(&e))?;
    match root {
        Some(root) if !path.starts_with(root) => {
            Err(Error::not_found("its link leads out of the data folder"))
        }
        _ => Ok(path),
    }
}

fn unreachable_file(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Error::not_found("its file is gone")
        }
        _ => Error::new(ErrorKind::Unavailable, format!("it cannot be reached: {error}")),
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("access", &self.access).finish_non_exhaustive()
    }
}
