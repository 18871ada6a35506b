//! Live datasets: made datasets that follow what they are made of.
//!
//! A made dataset is put together when it is first opened. From then on its listing is repeated after some time, and at once
//! when a touched member was found changed; only members that are new or changed are looked at again. What cannot be put
//! together anew, because a member is half-written, leaves the dataset as it was, and the reason is kept.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::assemble::{self, Assembled, Known};
use super::definition::Definition;
use crate::memory_budget::{Memory, Share};
use crate::{Dataset, Error, Generation, Opener, Place};

/// How many made datasets are kept put together.
const MOST_KEPT: u64 = 16_384;

/// After a failure, what has changed is looked at again only after this time.
const PATIENCE: Duration = Duration::from_secs(1);

/// The made datasets of one opener.
pub struct Keeper {
    live: Cache<Place, Arc<Live>>,
}

/// The made datasets among the members of one: what is known of them is counted, but only their number is limited.
impl Default for Keeper {
    fn default() -> Self {
        Self { live: Cache::new(MOST_KEPT) }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("live", &self.live.entry_count()).finish()
    }
}

impl Keeper {
    /// Made datasets that have a share of the memory. They count what they take themselves, also while they are not kept any more
    /// but still used.
    #[must_use]
    pub fn within(memory: &Memory) -> Self {
        let share = memory.share(Share::Aggregations);
        let least = share.checked_div(MOST_KEPT).unwrap_or(0);
        // One that is larger than all that may be kept is kept alone.
        let weigh = move |_: &Place, live: &Arc<Live>| {
            let bytes = live.bytes.load(Ordering::Relaxed).max(least).min(share);
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let live = Cache::builder().max_capacity(share).weigher(weigh);
        Self { live: live.eviction_policy(EvictionPolicy::lru()).build() }
    }

    /// Opens a made dataset, or hands out the one that is there if it is not to be looked at again yet.
    ///
    /// # Errors
    /// Why it cannot be put together.
    pub fn open(&self, place: &Place, opener: &Opener) -> Result<Arc<Dataset>, Error> {
        let live = self.live.get_with_by_ref(place, || Arc::new(Live::new(opener)));
        let dataset = live.open(place);
        if live.grown.swap(false, Ordering::Relaxed) {
            self.live.insert(place.clone(), live);
            self.live.run_pending_tasks();
        }
        dataset
    }

    /// What is not as it should be with a made dataset, but does not keep it from being served.
    #[must_use]
    pub fn problems(&self, place: &Place) -> Vec<String> {
        self.live.get(place).map(|live| lock(&live.problems).clone()).unwrap_or_default()
    }
}

/// One made dataset.
struct Live {
    /// Opens members; the made ones among them are kept with this dataset, not with those of the catalog.
    opener: Opener,
    current: Mutex<Option<Current>>,
    /// What was learnt so far; held by the one that puts the dataset together.
    known: Mutex<Known>,
    problems: Mutex<Vec<String>>,
    /// The bytes of memory that it counts as: what is known, and the dataset.
    bytes: AtomicU64,
    /// Of those, what is known.
    known_bytes: AtomicU64,
    /// Whether it takes another number of bytes than when it was kept.
    grown: AtomicBool,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.opener.memory().count_dataset(*self.known_bytes.get_mut(), 0);
    }
}

/// What is served now.
#[derive(Clone)]
struct Current {
    assembled: Assembled,
    /// The generation of the file that defines it.
    defined: Option<Generation>,
    checked: Instant,
    failed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    fn new(opener: &Opener) -> Self {
        Self {
            opener: opener.for_members(),
            current: Mutex::default(),
            known: Mutex::default(),
            problems: Mutex::default(),
            bytes: AtomicU64::new(0),
            known_bytes: AtomicU64::new(0),
            grown: AtomicBool::new(false),
        }
    }

    fn open(&self, place: &Place) -> Result<Arc<Dataset>, Error> {
        let defined = match place {
            Place::NcMl { path, .. } => Some(crate::opener::look(path)?),
            _ => None,
        };
        if let Some(dataset) = self.fresh(defined) {
            return Ok(dataset);
        }
        let current = lock(&self.current).clone();
        let mut known = match current {
            None => lock(&self.known),
            // Somebody else looks already; until then, what is there is served. Its members are checked when they are read.
            Some(current) => match self.known.try_lock() {
                Ok(known) => known,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return Ok(current.assembled.dataset),
            },
        };
        // Another one may have looked while this one waited for its turn.
        match self.fresh(defined) {
            Some(dataset) => Ok(dataset),
            None => self.look(place, defined, &mut known),
        }
    }

    /// What is there, if it is not to be looked at again yet.
    fn fresh(&self, defined: Option<Generation>) -> Option<Arc<Dataset>> {
        let current = lock(&self.current);
        let current = current.as_ref().filter(|current| current.defined == defined)?;
        let age = current.checked.elapsed();
        let changed = current.assembled.changed.any() && (!current.failed || age >= PATIENCE);
        (!changed && age < current.assembled.recheck_every).then(|| Arc::clone(&current.assembled.dataset))
    }

    fn look(
        &self,
        place: &Place,
        defined: Option<Generation>,
        known: &mut Known,
    ) -> Result<Arc<Dataset>, Error> {
        let mut problems = Vec::new();
        let before = lock(&self.current).clone();
        let assembled = self.definition(place, &mut problems).and_then(|definition| {
            let before = before.as_ref().map(|current| &current.assembled);
            assemble::assemble(&definition, &self.opener, known, (before, &mut problems))
        });
        self.weigh(known, assembled.as_ref().ok());
        let current = match (assembled, before) {
            (Ok(assembled), _) => Current { assembled, defined, checked: Instant::now(), failed: false },
            (Err(error), None) => {
                self.note(vec![error.message.clone()]);
                return Err(error);
            }
            (Err(error), Some(before)) => {
                problems.push(format!("it is served as it was before: {}", error.message));
                Current { defined, checked: Instant::now(), failed: true, ..before }
            }
        };
        self.note(problems);
        let dataset = Arc::clone(&current.assembled.dataset);
        *lock(&self.current) = Some(current);
        Ok(dataset)
    }

    /// Counts what is known, and the dataset, which counts itself among the open ones.
    fn weigh(&self, known: &Known, assembled: Option<&Assembled>) {
        let now = known.bytes();
        let before = self.known_bytes.swap(now, Ordering::Relaxed);
        self.opener.memory().count_dataset(before, now);
        let dataset = assembled.map_or(0, |assembled| assembled.dataset.weigh());
        let bytes = now.saturating_add(dataset);
        if self.bytes.swap(bytes, Ordering::Relaxed) != bytes {
            self.grown.store(true, Ordering::Relaxed);
        }
    }

    fn definition(&self, place: &Place, problems: &mut Vec<String>) -> Result<Arc<Definition>, Error> {
        match place {
            Place::Made(definition) => Ok(Arc::clone(definition)),
            Place::NcMl { path, root } => {
                let (file, folder) = self.opener.open_file(path, root.as_deref())?;
                crate::ncml::read(&file, &folder, problems).map(Arc::new)
            }
            _ => Err(Error::unsupported("it is no made dataset")),
        }
    }

    /// Keeps problems, and logs those that are new.
    fn note(&self, problems: Vec<String>) {
        let mut kept = lock(&self.problems);
        for problem in problems.iter().filter(|problem| !kept.contains(problem)) {
            tracing::warn!(problem, "a made dataset");
        }
        *kept = problems;
    }
}
