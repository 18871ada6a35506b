//! The thread that keeps the index: it looks through the catalog whenever that changed, and now and then, because files may be
//! written to without coming or going.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use weir_plugin_api::{Entry, Error};

use super::Shared;
use super::store::{Kept, Store};
use crate::search::record::{Record, Words};

/// How often somebody who was not asked looks whether the catalog changed.
const GLANCE: Duration = Duration::from_secs(2);

/// How often the whole catalog is looked through although it did not change; and at most one part of the time in so many.
const ROUND: Duration = Duration::from_secs(60);
const REST: u32 = 50;

/// How many datasets are looked at before what was learnt is told.
const AT_ONCE: u32 = 100;

/// How often a dataset of which the file system says nothing is opened to see whether it changed.
const UNTOLD: Duration = Duration::from_secs(600);

/// Starts the thread.
///
/// # Errors
/// Where there is none to be had.
pub fn start(shared: Arc<Shared>) -> Result<(), Error> {
    let thread = std::thread::Builder::new().name("weir-stac-index".to_owned());
    let indexer = Indexer { shared, seen: BTreeMap::new(), failed: HashMap::new(), words: Words::default() };
    let started = thread.spawn(move || indexer.run());
    started.map(drop).map_err(|e| Error::internal(format!("there is no thread for the index: {e}")))
}

/// A dataset's state when its item was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the file system said.
    pub bytes: Option<u64>,
    /// What the file system said.
    pub modified: Option<i64>,
    /// Its generation.
    pub generation: String,
}

struct Indexer {
    shared: Arc<Shared>,
    seen: BTreeMap<Arc<str>, (Seen, Instant)>,
    /// Datasets that could not be opened, and when; with what the file system said of them.
    failed: HashMap<String, (Option<u64>, Option<i64>, Instant)>,
    words: Words,
}

/// What was learnt of a few datasets.
#[derive(Default)]
struct Learnt {
    kept: Vec<Kept>,
    gone: Vec<Arc<str>>,
}

impl Indexer {
    fn run(mut self) {
        self.load();
        let mut rest = Duration::ZERO;
        let mut last: Option<Instant> = None;
        loop {
            let Ok(version) = self.shared.host.catalog_version() else { return };
            let is_due = last.is_none_or(|last| last.elapsed() >= rest);
            if is_due || self.shared.progress().complete != Some(version) {
                let began = Instant::now();
                match self.sweep() {
                    Ok(true) => self.shared.progress().complete = Some(version),
                    Ok(false) => return,
                    Err(error) => self.shared.log(&format!("the catalog cannot be looked through: {error}")),
                }
                rest = ROUND.max(began.elapsed().saturating_mul(REST));
                last = Some(Instant::now());
                self.shared.done.notify_all();
            }
            let progress = self.shared.progress();
            let complete = progress.complete;
            let is_idle = |progress: &mut super::Progress| {
                !progress.is_over && self.shared.host.catalog_version().ok() == complete
            };
            let waited = self.shared.wanted.wait_timeout_while(progress, GLANCE, is_idle);
            if waited.unwrap_or_else(PoisonError::into_inner).0.is_over {
                return;
            }
        }
    }

    /// Takes over what an earlier process learnt.
    fn load(&mut self) {
        let Ok(facts) = self.shared.host.server() else { return };
        let Some(folder) = &facts.state_folder else { return };
        let patterns =
            facts.plugins.iter().flat_map(|plugin| &plugin.routes).map(|route| route.pattern.as_str());
        let opened = Store::open(folder, &self.shared.site.mark(patterns));
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                return self.shared.log(&format!("what is learnt for searches is not kept: {error}"));
            }
        };
        let now = Instant::now();
        let mut records = crate::search::record::Records::new();
        store.each(|id, seen, record| {
            let Some(record) = Record::from_json(record, &mut self.words) else { return };
            let id: Arc<str> = id.into();
            self.seen.insert(Arc::clone(&id), (seen, now));
            records.insert(id, record);
        });
        let mut known = self.shared.records.write().unwrap_or_else(PoisonError::into_inner);
        (known.records, known.changes) = (records, known.changes.wrapping_add(1));
        drop(known);
        drop(self.shared.store.set(store));
    }

    /// Looks through the catalog once; `Ok(false)` where that was broken off because the server stops.
    fn sweep(&mut self) -> Result<bool, Error> {
        let mut after = String::new();
        loop {
            let entries = self.shared.host.entries("", &after, AT_ONCE)?;
            let mut learnt = Learnt::default();
            let last = entries.last().map(|entry| entry.id.clone());
            learnt.gone = self.gone(&after, last.as_deref(), &entries);
            for entry in &entries {
                if self.shared.progress().is_over {
                    return Ok(false);
                }
                learnt.kept.extend(self.look(entry));
            }
            self.tell(learnt);
            match last {
                Some(last) => after = last,
                None => return Ok(true),
            }
        }
    }

    /// The datasets between two ids that were there and are not among the entries between them.
    fn gone(&self, after: &str, last: Option<&str>, entries: &[Entry]) -> Vec<Arc<str>> {
        let end = last.map_or(Bound::Unbounded, Bound::Included);
        let known = self.seen.range::<str, _>((Bound::Excluded(after), end)).map(|(id, _)| id);
        let is_there = |id: &str| entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).is_ok();
        known.filter(|id| !is_there(id)).cloned().collect()
    }

    /// What is new of a dataset.
    fn look(&mut self, entry: &Entry) -> Option<Kept> {
        let (bytes, modified) = (entry.bytes, entry.modified);
        let is_told = modified.is_some();
        if let Some((seen, when)) = self.seen.get(entry.id.as_str())
            && (seen.bytes, seen.modified) == (bytes, modified)
            && (is_told || when.elapsed() < UNTOLD)
        {
            return None;
        }
        if let Some((of_bytes, of_modified, when)) = self.failed.get(&entry.id)
            && (*of_bytes, *of_modified) == (bytes, modified)
            && when.elapsed() < UNTOLD
        {
            return None;
        }
        match self.learn(entry) {
            Ok(kept) => {
                self.failed.remove(&entry.id);
                kept
            }
            Err(error) => {
                let before = self.failed.insert(entry.id.clone(), (bytes, modified, Instant::now()));
                if before.is_none_or(|before| (before.0, before.1) != (bytes, modified)) {
                    self.shared.log(&format!("{} is left out of searches: {error}", entry.id));
                }
                // What was known of it is of another state of it.
                self.seen.contains_key(entry.id.as_str()).then(|| Kept::gone(&entry.id))
            }
        }
    }

    /// Opens a dataset; `None` where it is what it was.
    fn learn(&mut self, entry: &Entry) -> Result<Option<Kept>, Error> {
        let dataset = self.shared.host.open_in_background(&entry.id)?;
        let generation = dataset.generation()?;
        let seen = Seen { bytes: entry.bytes, modified: entry.modified, generation };
        if let Some((known, when)) = self.seen.get_mut(entry.id.as_str())
            && known.generation == seen.generation
        {
            (*known, *when) = (seen, Instant::now());
            return Ok(None);
        }
        let item = self.shared.made(&dataset)?;
        let record = Record::of(&item, &mut self.words);
        Ok(Some(Kept { id: entry.id.as_str().into(), made: Some((seen, record, item.to_string())) }))
    }

    /// Makes known what was learnt.
    fn tell(&mut self, mut learnt: Learnt) {
        learnt.kept.extend(learnt.gone.iter().map(|id| Kept::gone(id)));
        if learnt.kept.is_empty() {
            return;
        }
        if let Some(store) = self.shared.store.get()
            && let Err(error) = store.keep(&learnt.kept)
        {
            self.shared.log(&format!("what is learnt for searches is kept no longer: {error}"));
        }
        let now = Instant::now();
        let mut known = self.shared.records.write().unwrap_or_else(PoisonError::into_inner);
        known.changes = known.changes.wrapping_add(1);
        let records = &mut known.records;
        for Kept { id, made } in learnt.kept {
            match made {
                Some((seen, record, _)) => {
                    self.seen.insert(Arc::clone(&id), (seen, now));
                    records.insert(id, record);
                }
                None => {
                    self.seen.remove(&id);
                    records.remove(&id);
                }
            }
        }
    }
}
