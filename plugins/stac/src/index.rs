//! The index: what is searched of every dataset's item, kept up to date in the background as datasets come and go, and the items
//! themselves in a file.
//!
//! It starts with the first request. Until it knows all datasets, it answers with those that it knows, and says so.

mod indexer;
mod store;

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use serde_json::Value;
use weir_plugin_api::{Dataset, Error, Host, LogLevel, Request};

use crate::collections;
use crate::search::record::Records;
use crate::site::Site;
use store::Store;

/// Stands for the server's public URL in items that are kept: that is known with each request only. Nobody can have this name
/// (RFC 2606).
const BASE: &str = "https://base.weir.invalid";

/// How long requests wait for an index that has just been started, and for one that falls behind: so that a site of a few
/// datasets is whole with the first answer, and a dataset is found as soon as it is there.
const FIRST_PATIENCE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_millis(250);

/// The index of a server's datasets.
pub struct Index {
    shared: Arc<Shared>,
}

/// What requests and the thread that indexes have in common.
struct Shared {
    host: Host,
    site: Site,
    records: RwLock<Known>,
    store: OnceLock<Store>,
    progress: Mutex<Progress>,
    /// Something is to be done.
    wanted: Condvar,
    /// Something was done.
    done: Condvar,
}

#[derive(Default)]
struct Progress {
    started: Option<Instant>,
    /// The version of the catalog that was looked through to its end.
    complete: Option<u64>,
    is_over: bool,
}

/// The records, and how often they changed.
#[derive(Default)]
struct Known {
    records: Records,
    changes: u64,
}

/// Records, and whether all datasets have theirs.
pub struct View<'i> {
    known: RwLockReadGuard<'i, Known>,
    /// Whether none is missing.
    pub is_complete: bool,
}

impl View<'_> {
    /// The records.
    pub fn records(&self) -> &Records {
        &self.known.records
    }

    /// A number that is another one when the records are.
    pub fn changes(&self) -> u64 {
        self.known.changes
    }
}

impl Index {
    /// An index that knows nothing yet.
    pub fn new(host: Host, site: Site) -> Self {
        let shared = Shared {
            host,
            site,
            records: RwLock::default(),
            store: OnceLock::new(),
            progress: Mutex::default(),
            wanted: Condvar::new(),
            done: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The records as they are now, or in a moment, where that brings them up to date.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn view(&self) -> Result<View<'_>, Error> {
        let is_complete = self.shared.catch_up()?;
        let known = self.shared.records.read().unwrap_or_else(PoisonError::into_inner);
        Ok(View { known, is_complete })
    }

    /// The items, with `base` before all their URLs.
    pub fn items(&self, base: &str) -> Items {
        Items { shared: Arc::clone(&self.shared), base: escaped(base) }
    }

    /// The item of a dataset as JSON text, with `base` before all its URLs.
    ///
    /// # Errors
    /// Where it is not kept, and the dataset cannot be read either.
    pub fn item(&self, request: &Request<'_>, id: &str) -> Result<String, Error> {
        let kept = self.shared.store.get().and_then(|store| store.item(id));
        let kept = match kept {
            Some(text) => text,
            None => self.shared.made(&self.shared.host.open(request, id)?)?.to_string(),
        };
        Ok(kept.replace(BASE, &escaped(request.base_url())))
    }
}

/// The items with one URL before all addresses, for bodies that outlive their request.
pub struct Items {
    shared: Arc<Shared>,
    base: String,
}

impl Items {
    /// As [`Index::item`].
    ///
    /// # Errors
    /// As there.
    pub fn item(&self, id: &str) -> Result<String, Error> {
        let kept = self.shared.store.get().and_then(|store| store.item(id));
        let kept = match kept {
            Some(text) => text,
            None => self.shared.made(&self.shared.host.open_in_background(id)?)?.to_string(),
        };
        Ok(kept.replace(BASE, &self.base))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.progress().is_over = true;
        self.shared.wanted.notify_all();
    }
}

impl Shared {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits a little for the records to be those of the catalog as it is now; says whether they are.
    fn catch_up(self: &Arc<Self>) -> Result<bool, Error> {
        let version = self.host.catalog_version()?;
        let mut progress = self.progress();
        if progress.complete == Some(version) {
            return Ok(true);
        }
        let started = match progress.started {
            Some(started) => started,
            None => {
                indexer::start(Arc::clone(self))?;
                *progress.started.insert(Instant::now())
            }
        };
        self.wanted.notify_all();
        let patience = match progress.complete {
            None => FIRST_PATIENCE.saturating_sub(started.elapsed()),
            Some(_) => PATIENCE,
        };
        let waited =
            self.done.wait_timeout_while(progress, patience, |progress| progress.complete != Some(version));
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Ok(progress.complete == Some(version))
    }

    /// Makes the item of a dataset, with [`BASE`] for the server's URL.
    fn made(&self, dataset: &Dataset) -> Result<Value, Error> {
        let collection = collections::of(dataset.id(), self.site.root_collection());
        self.site.item(BASE, collection, dataset)
    }

    fn log(&self, message: &str) {
        self.host.log(None, LogLevel::Warn, message);
    }
}

/// Text as it stands inside of JSON text.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.trim_matches('"').to_owned()
}
