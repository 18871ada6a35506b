//! Opening: from a place to an open dataset, once for each generation of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::catalog::format;
use crate::index::Index;
use crate::memory_budget::Memory;
use crate::{Access, ChunkSource, DataFile, Dataset, Error, ErrorKind, Generation};

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
}

/// Opens datasets, and keeps those that were used last.
pub struct Opener {
    access: Access,
    memory: Arc<Memory>,
    index: Option<Arc<Index>>,
    open: Cache<Place, Open>,
}

/// A dataset that is kept open.
#[derive(Clone)]
struct Open {
    generation: Generation,
    dataset: Arc<Dataset>,
}

impl Opener {
    /// An opener that reaches what `access` allows, and whose datasets read within `memory`.
    #[must_use]
    pub fn new(access: Access, memory: Arc<Memory>) -> Self {
        // The one that was not used for the longest time is closed first.
        let open = Cache::builder().max_capacity(MOST_OPEN).eviction_policy(EvictionPolicy::lru()).build();
        Self { access, memory, index: None, open }
    }

    /// The same opener, which keeps in `index` what it learns of files.
    #[must_use]
    pub fn with_index(self, index: Arc<Index>) -> Self {
        Self { index: Some(index), ..self }
    }

    /// Where is kept what is learnt of files.
    #[must_use]
    pub fn index(&self) -> Option<&Arc<Index>> {
        self.index.as_ref()
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
        let now = look(place).inspect_err(|_| self.open.invalidate(place))?;
        if let Some(open) = self.open.get(place).filter(|open| open.generation == now) {
            return Ok(open.dataset);
        }
        let result = self.open.entry_by_ref(place).and_try_compute_with(|kept| {
            // Another one may have opened it while this one waited for its turn.
            let before = kept.map(|kept| kept.value().generation);
            if before == Some(now) {
                return Ok(Op::Nop);
            }
            // What is known of a generation that is gone is of no use any more.
            if let Some((index, before)) = self.index.as_ref().zip(before) {
                index.forget(&before.key());
            }
            self.open_anew(place).map(Op::Put)
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
        let (generation, source) = self.source(place)?;
        Ok(Open { generation, dataset: Arc::new(Dataset::within(source, &self.memory)) })
    }

    /// Opens what is stored at a place, and says what it was then. Nothing is kept open.
    pub(crate) fn source(&self, place: &Place) -> Result<(Generation, Box<dyn ChunkSource>), Error> {
        match place {
            Place::File { path, root } => {
                let mut file = DataFile::open(&inside(path, root.as_deref())?)?;
                if let Some(index) = &self.index {
                    file = file.with_index(index);
                }
                Ok((*file.generation(), format::open(file)?))
            }
        }
    }
}

/// What is there now.
pub(crate) fn look(place: &Place) -> Result<Generation, Error> {
    match place {
        Place::File { path, .. } => {
            let metadata = std::fs::metadata(path).map_err(|e| unreachable_file(&e))?;
            if !metadata.is_file() {
                return Err(Error::not_found("it is not a file any more"));
            }
            Ok(Generation::of(&metadata))
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
