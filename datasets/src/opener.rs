//! Opening: from a place to an open dataset, once for each generation of it.
//!
//! Open datasets share a part of the memory budget: each counts as what it takes, which grows once its chunks were looked for.
//! Those that were not used for the longest time are closed first.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::aggregate::definition::Base;
use crate::aggregate::{Definition, Keeper, Kept};
use crate::catalog::format::{self, Format};
use crate::index::Index;
use crate::memory_budget::{Memory, Share};
use crate::provided::{Caller, Provided};
use crate::reference::{self, References};
use crate::remote::url::ObjectUrl;
use crate::store::Store;
use crate::{
    Access, ChunkSource, DataFile, Dataset, Error, ErrorKind, Generation, OtherFiles, Times, file_system,
    zarr,
};

/// So many datasets are kept open at most, because a process may have only so many open files.
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
    /// An object of another machine.
    Object {
        /// Where.
        url: ObjectUrl,
    },
    /// Objects of another machine that are a Zarr store.
    Prefix {
        /// What their names begin with.
        url: ObjectUrl,
    },
    /// Nowhere: somebody makes it when it is asked for.
    Provided(Provided),
}

impl Place {
    /// Whether it is a file of this machine, and there.
    #[must_use]
    pub fn is_present_file(&self) -> bool {
        match self {
            Self::File { path, .. } | Self::NcMl { path, .. } => path.is_file(),
            Self::Made(_)
            | Self::Folder { .. }
            | Self::Object { .. }
            | Self::Prefix { .. }
            | Self::Provided(_) => false,
        }
    }
}

/// As it was given, without what may be secret in a URL; for a definition, words that say so.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } | Self::Folder { path, .. } | Self::NcMl { path, .. } => {
                path.display().fmt(f)
            }
            Self::Object { url } | Self::Prefix { url } => url.fmt(f),
            Self::Made(_) => f.write_str("a dataset of the configuration"),
            Self::Provided(_) => f.write_str("a dataset that a plugin makes"),
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
    index: Option<Arc<Index>>,
    open: Cache<Place, Open>,
    /// What objects of other machines were when they were last looked at, for as long as that is believed.
    looked: Cache<ObjectUrl, Generation>,
}

/// A dataset that is kept open.
#[derive(Clone)]
struct Open {
    seen: Seen,
    dataset: Arc<Dataset>,
    /// The bytes of memory that it counts as.
    weight: u64,
    /// Whether looking whether it is current waits for no other machine.
    at_once: bool,
}

/// What was there when a dataset was opened.
#[derive(Clone)]
enum Seen {
    /// What a file was, and the other ones that its elements are in.
    File(Generation, OtherFiles),
    /// The path of a store, and its documents; whether they are the same, they know themselves.
    Folder(PathBuf, Arc<zarr::Documents>),
    /// What an object was, and whether a read found that it is another.
    Object(Generation, Arc<AtomicBool>),
    /// The documents of a store of another machine.
    Prefix(Arc<zarr::Documents>),
    /// What a reference set was, and whether the files that it led to are the same.
    References(Generation, Arc<zarr::Documents>),
}

impl Opener {
    /// An opener that reaches what `access` allows, and whose datasets read within `memory`.
    #[must_use]
    pub fn new(access: Access, memory: Arc<Memory>) -> Self {
        let access = access.within(&memory);
        // Open datasets count what they take themselves, also when they are not kept any more but still used.
        let open = Cache::builder()
            .max_capacity(memory.share(Share::Datasets))
            .weigher(|_: &Place, open: &Open| u32::try_from(open.weight).unwrap_or(u32::MAX))
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let looked =
            Cache::builder().max_capacity(MOST_LOOKED).time_to_live(access.patience().revalidate).build();
        let made = Arc::new(Keeper::within(&memory));
        Self { access, made, kept: None, memory, index: None, open, looked }
    }

    /// The same opener, which keeps in `index` what it learns of files, and of aggregations' members.
    #[must_use]
    pub fn with_index(self, index: Arc<Index>) -> Self {
        const KIND: &str = "aggregation";
        let (from, into) = (Arc::clone(&index), Arc::clone(&index));
        let get = move |key: &str| from.get(KIND, key.as_bytes());
        let put = move |key: &str, record: &[u8]| into.put(KIND, key.as_bytes(), record);
        let kept = Kept { get: Box::new(get), put: Box::new(put) };
        Self { index: Some(index), ..self.with_kept(kept) }
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
            Place::File { path, .. } | Place::NcMl { path, .. } => {
                look(path).map(|generation| generation.to_string())
            }
            Place::Object { url } => {
                let looked = self.looked.try_get_with_by_ref(url, || self.access.look(url));
                looked.map(|generation| generation.to_string()).map_err(|e: Arc<Error>| e.as_ref().clone())
            }
            Place::Folder { .. } | Place::Prefix { .. } | Place::Provided(_) => {
                Ok(self.open(place)?.generation().to_owned())
            }
        }
    }

    /// Opens a file and says which folder it is in, all links resolved.
    pub(crate) fn open_file(&self, path: &Path, root: Option<&Path>) -> Result<(DataFile, PathBuf), Error> {
        let path = inside(path, root)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok((DataFile::open(&path)?, folder))
    }

    /// Opens the document that defines a dataset.
    ///
    /// # Errors
    /// `NotFound` where no one file does, with the reason, or where it is gone.
    pub(crate) fn document(&self, place: &Place) -> Result<DataFile, Error> {
        match place {
            Place::File { path, root } | Place::NcMl { path, root } => {
                Ok(self.open_file(path, root.as_deref())?.0)
            }
            Place::Object { url } => self.access.object(url),
            Place::Folder { .. } | Place::Prefix { .. } => {
                Err(Error::not_found("it is a store of many objects, not one file"))
            }
            Place::Made(_) => Err(Error::not_found("it is made of other datasets, not one file")),
            Place::Provided(_) => Err(Error::not_found("it is made when it is asked for, and no file")),
        }
    }

    /// Opens a dataset, or hands out the open one if its data is the same as then.
    ///
    /// Many may ask for the same dataset at once; it is opened once.
    ///
    /// # Errors
    /// `NotFound` where it is gone; otherwise why it cannot be opened. Messages do not name the place.
    pub fn open(&self, place: &Place) -> Result<Arc<Dataset>, Error> {
        self.open_for(place, None)
    }

    /// As [`open`](Self::open); who makes the dataset is told who asks.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for(&self, place: &Place, caller: Option<&Caller>) -> Result<Arc<Dataset>, Error> {
        if let Place::Provided(provided) = place {
            return provided.open(caller, &self.memory).map(Arc::new);
        }
        if matches!(place, Place::Made(_) | Place::NcMl { .. }) {
            return self.made.open(place, self);
        }
        self.access.caches().sweep();
        if self.memory.has_growth() {
            self.weigh_again();
        }
        if let Some(open) = self.open.get(place)
            && self.is_current(place, &open.seen).inspect_err(|error| self.forget(place, error))?
        {
            return Ok(open.dataset);
        }
        let result = self.open.entry_by_ref(place).and_try_compute_with(|kept| {
            // Another one may have opened it while this one waited for its turn.
            let before = kept.map(|kept| kept.into_value().seen);
            if let Some(seen) = &before
                && self.is_current(place, seen)?
            {
                return Ok(Op::Nop);
            }
            // What is known of a generation that is gone is of no use any more.
            if let (Some(index), Some(Seen::File(before, _))) = (&self.index, &before) {
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

    /// The open dataset of a place, if it is current, and if that can be told without waiting for a disk, for another machine or
    /// for anybody who opens it.
    #[must_use]
    pub fn at_hand(&self, place: &Place) -> Option<Arc<Dataset>> {
        let open = self.open.get(place).filter(|open| open.at_once)?;
        self.is_current(place, &open.seen).is_ok_and(|current| current).then_some(open.dataset)
    }

    /// A dataset that was just opened, as it is kept; with the times of the one file that all of it is read from, if it is one.
    ///
    /// # Errors
    /// `TooLarge` for one that leaves requests too little memory.
    fn opened(&self, seen: Seen, source: Box<dyn ChunkSource>, times: Option<Times>) -> Result<Open, Error> {
        let dataset = Arc::new(Dataset::within(source, &self.memory).with_times(times));
        let weight = self.weight(&dataset);
        let (share, bytes) = (self.memory.share(Share::Datasets), dataset.weigh());
        let most = share.saturating_add(self.memory.limit() >> 1);
        if bytes > most {
            let message = format!(
                "to have it open takes {bytes} bytes of memory, of which this server has {most} for that; let it have a larger memory_budget"
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(Open { seen, dataset, weight, at_once: false })
    }

    /// What a dataset counts as among those that are kept open; one that is larger than all that may be kept is kept alone.
    fn weight(&self, dataset: &Dataset) -> u64 {
        let share = self.memory.share(Share::Datasets);
        let least = share.checked_div(MOST_OPEN).unwrap_or(0);
        dataset.weigh().max(least).min(share)
    }

    /// Weighs the datasets again that take more than they did, and closes what does not fit any more.
    fn weigh_again(&self) {
        for (place, open) in self.open.iter().filter(|(_, open)| open.dataset.has_grown()) {
            let weight = self.weight(&open.dataset);
            // Another generation may stand there in the meantime, and then this one does: it is looked at when it is used.
            if weight != open.weight {
                self.open.insert(Place::clone(&place), Open { weight, ..open });
            }
        }
        self.open.run_pending_tasks();
    }

    /// The file, with what the index knows of it.
    fn indexed(&self, file: DataFile) -> DataFile {
        match &self.index {
            Some(index) => file.with_index(index),
            None => file,
        }
    }

    fn open_anew(&self, place: &Place) -> Result<Open, Error> {
        match place {
            Place::File { path, root } => {
                look(path)?;
                let resolved = inside(path, root.as_deref())?;
                let file = self.indexed(DataFile::open(&resolved)?);
                let generation = *file.generation();
                if format::of(&file)? == Some(Format::References) {
                    let folder = path.parent().unwrap_or(path);
                    let set = References::document(file, folder, &self.access)?;
                    return self.open_references(set);
                }
                let (times, at_once) = (file.times(), file.answers_at_once() && folder_answers_at_once(path));
                let (source, other) = format::open_local(file, &resolved, &self.access)?;
                let alone = other == OtherFiles::default();
                let opened = self.opened(Seen::File(generation, other), source, times.filter(|_| alone))?;
                Ok(Open { at_once: at_once && alone, ..opened })
            }
            Place::Folder { path, root } => {
                look_at_folder(path)?;
                let path = inside(path, root.as_deref())?;
                if reference::is_partitioned(&path) {
                    return self.open_references(References::partitions(&path, &self.access)?);
                }
                let store = Store::folder(&path)?;
                let (source, documents) = zarr::open_with_documents(store, self.access.caches())?;
                self.opened(Seen::Folder(path, documents), source, None)
            }
            Place::Object { url } => {
                let file = self.indexed(self.access.object(url)?);
                let generation = *file.generation();
                let (times, changed) = (file.times(), file.changed().unwrap_or_default());
                let source = format::open(file)?;
                self.looked.insert(url.clone(), generation);
                self.opened(Seen::Object(generation, changed), source, times)
            }
            Place::Prefix { url } => {
                let store = self.access.store(url)?;
                let (source, documents) = zarr::open_with_documents(store, self.access.caches())?;
                self.opened(Seen::Prefix(documents), source, None)
            }
            Place::Made(_) | Place::NcMl { .. } | Place::Provided(_) => {
                Err(Error::unsupported("it is made of other datasets"))
            }
        }
    }

    /// Whether what is there now is what was seen.
    fn is_current(&self, place: &Place, seen: &Seen) -> Result<bool, Error> {
        match (place, seen) {
            (Place::File { path, .. }, Seen::File(generation, other)) => {
                Ok(*generation == look(path)? && other.are_unchanged())
            }
            (Place::Folder { path, .. }, Seen::Folder(seen, documents)) => {
                look_at_folder(path)?;
                // A link may lead to another store now.
                Ok(inside(path, None)? == *seen && documents.is_current()?)
            }
            (Place::Object { url }, Seen::Object(generation, changed)) => {
                // The server is asked now and then only, and whenever a read found that the object is another.
                if changed.load(Ordering::Relaxed) {
                    return Ok(false);
                }
                let looked = self.looked.try_get_with_by_ref(url, || self.access.look(url));
                Ok(looked.map_err(|error: Arc<Error>| error.as_ref().clone())? == *generation)
            }
            (Place::Prefix { .. }, Seen::Prefix(documents)) => documents.is_current(),
            (Place::File { path, .. }, Seen::References(generation, documents)) => {
                Ok(*generation == look(path)? && documents.is_current()?)
            }
            (Place::Folder { path, .. }, Seen::References(generation, documents)) => {
                look_at_folder(path)?;
                Ok(*generation == look(&path.join(reference::METADATA))? && documents.is_current()?)
            }
            _ => Ok(false),
        }
    }

    /// Closes what cannot be looked at any more. A server that does not answer for a while takes nothing away.
    fn forget(&self, place: &Place, error: &Error) {
        if matches!(place, Place::File { .. } | Place::Folder { .. }) || error.kind == ErrorKind::NotFound {
            self.open.invalidate(place);
        }
    }

    fn open_references(&self, set: References) -> Result<Open, Error> {
        let generation = set.own_generation();
        let store = Store::references(set);
        let (source, documents) = zarr::open_with_documents(store, self.access.caches())?;
        self.opened(Seen::References(generation, documents), source, None)
    }
}

/// Whether finding a file, which may be a link, waits for no other machine.
fn folder_answers_at_once(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| std::fs::File::open(folder).ok());
    folder.is_some_and(file_system::answers_at_once)
}

/// What is there now.
pub(crate) fn look(path: &Path) -> Result<Generation, Error> {
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
