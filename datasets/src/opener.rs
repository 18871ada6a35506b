//! Opening: from a place to an open dataset, once for each generation of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::aggregate::definition::Base;
use crate::aggregate::{Definition, Keeper, Kept};
use crate::catalog::format;
use crate::memory_budget::Memory;
use crate::store::Store;
use crate::{Access, DataFile, Dataset, Error, ErrorKind, Generation, zarr};

/// How many datasets are kept open.
const MOST_OPEN: u64 = 256;

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
    /// A dataset that a definition makes.
    Made(Arc<Definition>),
    /// An NcML file of this machine: the definition of a dataset.
    NcMl {
        /// Its path, as it was given or found.
        path: PathBuf,
        /// The folder that it must lie in, with all links resolved; `None` for a file that was named itself.
        root: Option<Arc<Path>>,
    },
    /// A folder of this machine that is a Zarr store.
    Folder {
        /// Its path, as it was given or found.
        path: PathBuf,
        /// The folder that it must lie in, with all links resolved; `None` for one that was named itself.
        root: Option<Arc<Path>>,
    },
}

impl Place {
    /// The path, as it was given or found; for a definition, words that say so.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Folder { path, .. } | Self::NcMl { path, .. } => path,
            Self::Made(_) => Path::new("a dataset of the configuration"),
        }
    }
}

/// Opens datasets, and keeps those that were used last. Clones share them.
#[derive(Clone)]
pub struct Opener {
    access: Access,
    made: Arc<Keeper>,
    kept: Option<Arc<Kept>>,
    memory: Arc<Memory>,
    open: Cache<Place, Open>,
}

/// A dataset that is kept open.
#[derive(Clone)]
struct Open {
    seen: Seen,
    dataset: Arc<Dataset>,
}

/// What was there when a dataset was opened.
#[derive(Clone)]
enum Seen {
    File(Generation),
    /// The documents of a store; whether they are the same, they know themselves.
    Store(PathBuf, Arc<zarr::Documents>),
}

impl Seen {
    /// Whether what is there now is what was seen.
    fn is(&self, place: &Place) -> Result<bool, Error> {
        match self {
            Self::File(generation) => Ok(*generation == look(place)?),
            Self::Store(path, documents) => {
                look_at_folder(place.path())?;
                // A link may lead to another store now.
                Ok(inside(place.path(), None)? == *path && documents.is_current()?)
            }
        }
    }
}

impl Opener {
    /// An opener that reaches what `access` allows, and whose datasets read within `memory`.
    #[must_use]
    pub fn new(access: Access, memory: Arc<Memory>) -> Self {
        // The one that was not used for the longest time is closed first.
        let open = Cache::builder().max_capacity(MOST_OPEN).eviction_policy(EvictionPolicy::lru()).build();
        Self { access, made: Arc::default(), kept: None, memory, open }
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

    /// The same opener, which keeps in `kept` what it learns of aggregations' members.
    #[must_use]
    pub fn with_kept(self, kept: Kept) -> Self {
        Self { kept: Some(Arc::new(kept)), ..self }
    }

    /// Where is kept what is learnt of aggregations' members.
    pub(crate) fn kept(&self) -> Option<&Kept> {
        self.kept.as_deref()
    }

    /// An opener for the members of a made dataset: it shares all files, but keeps made datasets of its own, so that none of
    /// them keeps itself alive.
    pub(crate) fn for_members(&self) -> Self {
        Self { made: Arc::default(), ..self.clone() }
    }

    /// What is not as it should be with a made dataset, but does not keep it from being served: members that appeared and
    /// cannot be joined, links that lead elsewhere.
    #[must_use]
    pub fn problems(&self, place: &Place) -> Vec<String> {
        self.made.problems(place)
    }

    /// Text that changes whenever what stands at a place changes; nothing is read of a file.
    pub(crate) fn stamp(&self, place: &Place) -> Result<String, Error> {
        match place {
            Place::Made(definition) => match &definition.base {
                Base::File(location) => self.stamp(&crate::aggregate::file(location, &self.access)?),
                _ => Ok(self.open(place)?.generation().to_owned()),
            },
            Place::Folder { .. } => Ok(self.open(place)?.generation().to_owned()),
            place => look(place).map(|generation| generation.to_string()),
        }
    }

    /// Opens a file and says which folder it is in, all links resolved.
    pub(crate) fn open_file(&self, path: &Path, root: Option<&Path>) -> Result<(DataFile, PathBuf), Error> {
        let path = inside(path, root)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok((DataFile::open(&path)?, folder))
    }

    /// Opens a dataset, or hands out the open one if its data is the same as then.
    ///
    /// Many may ask for the same dataset at once; it is opened once.
    ///
    /// # Errors
    /// `NotFound` where it is gone; otherwise why it cannot be opened. Messages do not name the place.
    pub fn open(&self, place: &Place) -> Result<Arc<Dataset>, Error> {
        if matches!(place, Place::Made(_) | Place::NcMl { .. }) {
            return self.made.open(place, self);
        }
        if let Some(open) = self.open.get(place)
            && open.seen.is(place).inspect_err(|_| self.open.invalidate(place))?
        {
            return Ok(open.dataset);
        }
        let result = self.open.entry_by_ref(place).and_try_compute_with(|kept| {
            // Another one may have opened it while this one waited for its turn.
            match kept {
                Some(kept) if kept.value().seen.is(place)? => Ok(Op::Nop),
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
                look(place)?;
                let file = DataFile::open(&inside(path, root.as_deref())?)?;
                let seen = Seen::File(*file.generation());
                let source = format::open(file)?;
                Ok(Open { seen, dataset: Arc::new(Dataset::within(source, &self.memory)) })
            }
            Place::Folder { path, root } => {
                look_at_folder(path)?;
                let path = inside(path, root.as_deref())?;
                let (source, documents) = zarr::open_with_documents(Store::folder(&path)?)?;
                let dataset = Arc::new(Dataset::within(source, &self.memory));
                Ok(Open { seen: Seen::Store(path, documents), dataset })
            }
            Place::Made(_) | Place::NcMl { .. } => Err(Error::unsupported("it is made of other datasets")),
        }
    }
}

/// What is there now.
fn look(place: &Place) -> Result<Generation, Error> {
    look_at_file(place.path())
}

/// What stands at a path now.
pub(crate) fn look_at_file(path: &Path) -> Result<Generation, Error> {
    let metadata = std::fs::metadata(path).map_err(|e| unreachable_file(&e))?;
    if !metadata.is_file() {
        return Err(Error::not_found("it is not a file any more"));
    }
    Ok(Generation::of(&metadata))
}

/// Whether a folder is still there, and still a store.
fn look_at_folder(path: &Path) -> Result<(), Error> {
    if zarr::is_store(path) {
        return Ok(());
    }
    std::fs::metadata(path).map_err(|e| unreachable_file(&e))?;
    Err(Error::not_found("it is no Zarr store any more"))
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
