//! What plugins get from the server: datasets, limits, logs, counters.

mod lent;
mod original;
mod published;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use weir_datasets::memory_budget::{Memory, Share};
use weir_datasets::provided::{Caller, Provided};
use weir_datasets::{Catalog, Dataset, ErrorKind as Kind, catalog};
use weir_plugin_api::guest::Guest;
use weir_plugin_api::lent::{LentDataset, RequestContext, Services};
use weir_plugin_api::{
    Bytes, Child, Entry, Error, ErrorKind, LogLevel, Publication, ServerFacts, Trouble, Troubles,
    schema_to_document,
};

use self::lent::Lent;
pub use self::original::LentRun;
use self::published::Published;
use crate::failing::Failing;

/// The server's services.
pub struct SiteServices {
    catalog: RwLock<Arc<Catalog>>,
    version: AtomicU64,
    published: Published,
    memory: Arc<Memory>,
    facts: OnceLock<ServerFacts>,
    refused: OnceLock<Vec<Trouble>>,
    failing: Failing,
    max_response: u64,
    patience: Duration,
    counters: Mutex<BTreeMap<String, f64>>,
    documents: moka::sync::Cache<String, Bytes>,
}

impl SiteServices {
    /// Services over a catalog; responses of more than `max_response` bytes are refused, plugins publish at most `most_published`
    /// datasets at a time, and a request waits for memory for at most `patience`.
    pub fn new(catalog: Catalog, (max_response, most_published): (u64, usize), patience: Duration) -> Self {
        let weight = |key: &String, document: &Bytes| {
            u32::try_from(key.len().saturating_add(document.len()).saturating_add(256)).unwrap_or(u32::MAX)
        };
        let share = catalog.memory().share(Share::Documents);
        let documents = moka::sync::Cache::builder().weigher(weight).max_capacity(share).build();
        Self {
            memory: Arc::clone(catalog.memory()),
            catalog: RwLock::new(Arc::new(catalog)),
            version: AtomicU64::new(1),
            published: Published::new(most_published),
            facts: OnceLock::new(),
            refused: OnceLock::new(),
            failing: Failing::default(),
            max_response,
            patience,
            counters: Mutex::default(),
            documents,
        }
    }

    /// The datasets, as they are now.
    pub fn catalog(&self) -> Arc<Catalog> {
        if self.published.expire() {
            self.show_published();
        }
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with other datasets, and those that are published.
    pub fn replace(&self, catalog: &Catalog) {
        self.change(|_, provided| catalog.with_provided(provided));
    }

    /// Goes on with the same datasets, and those that are published now.
    fn show_published(&self) {
        self.change(Catalog::with_provided);
    }

    /// Goes on with another catalog, which is made of the one before and of what is published.
    fn change(&self, make: impl FnOnce(&Catalog, Vec<(String, Provided)>) -> Catalog) {
        self.published.with_all(|provided| {
            let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
            *catalog = Arc::new(make(&catalog, provided));
        });
        self.version.fetch_add(1, Ordering::Release);
        let catalog = self.catalog();
        self.failing.keep(|id| catalog.contains(id));
    }

    /// From now on these plugins answer for the datasets that they published; says which of those there are.
    pub fn bind(&self, guests: impl IntoIterator<Item = Arc<Guest>>) -> Vec<String> {
        self.published.bind(guests);
        self.show_published();
        let mut ids = vec![];
        self.published.with_all(|all| ids.extend(all.into_iter().map(|(id, _)| id)));
        ids
    }

    /// The datasets that cannot be opened, as far as that is known.
    pub fn failing(&self) -> &Failing {
        &self.failing
    }

    /// The memory that serving takes.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Tells plugins what the server is, once they all are there, and which were refused.
    pub fn tell(&self, facts: ServerFacts, refused: Vec<Trouble>) {
        let _told_before = (self.facts.set(facts), self.refused.set(refused));
    }

    /// Opens a dataset, as the server itself does.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise why it cannot be opened.
    pub fn dataset(&self, id: &str) -> Result<Arc<Dataset>, Error> {
        self.published.note_used(id);
        self.dataset_for(None, id)
    }

    /// As [`dataset`](Self::dataset), for a request.
    fn dataset_for(&self, request: Option<&Arc<RequestContext>>, id: &str) -> Result<Arc<Dataset>, Error> {
        let caller: Option<Caller> = request.map(|request| Arc::clone(request) as Caller);
        let opened = self.catalog().open_for(id, caller.as_ref());
        match &opened {
            Ok(_) => self.failing.note(id, None),
            // Being busy or gone says nothing of the data.
            Err(e) if matches!(e.kind, Kind::Corrupt | Kind::Unsupported | Kind::Unavailable) => {
                self.failing.note(id, Some(&e.message));
            }
            Err(_) => {}
        }
        opened.map_err(translate)
    }

    /// A dataset that is open, where having it takes no time worth speaking of.
    pub fn at_hand(&self, id: &str) -> Option<Arc<Dataset>> {
        self.catalog().at_hand(id)
    }

    /// The counters, by name.
    pub fn counters(&self) -> BTreeMap<String, f64> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds to a counter.
    pub fn count(&self, name: String, value: f64) {
        /// Names beyond this are dropped: a plugin must not fill memory with counters.
        const MOST: usize = 1000;
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() < MOST || counters.contains_key(&name) {
            *counters.entry(name).or_default() += value;
        }
    }
}

fn entry(found: catalog::Entry) -> Entry {
    let catalog::Entry { id, bytes, modified } = found;
    Entry { id, bytes, modified }
}

/// The same meaning in the words of the plugin boundary.
pub fn translate(error: weir_datasets::Error) -> Error {
    let kind = match error.kind {
        Kind::BadRequest => ErrorKind::BadRequest,
        Kind::Busy => ErrorKind::Unavailable,
        Kind::Corrupt => ErrorKind::Corrupt,
        Kind::NotFound => ErrorKind::NotFound,
        Kind::TooLarge => ErrorKind::TooLarge,
        Kind::Unavailable => ErrorKind::Unavailable,
        Kind::Unsupported => ErrorKind::Unsupported,
    };
    Error::new(kind, error.message)
}

impl Services for SiteServices {
    fn log(
        &self,
        plugin: &str,
        request: Option<&RequestContext>,
        level: LogLevel,
        target: &str,
        message: &str,
    ) {
        let request = request.map_or("-", RequestContext::id);
        match level {
            LogLevel::Error => {
                tracing::error!(target: "plugin", plugin, request, part = target, said = message);
            }
            LogLevel::Warn => {
                tracing::warn!(target: "plugin", plugin, request, part = target, said = message);
            }
            LogLevel::Info => {
                tracing::info!(target: "plugin", plugin, request, part = target, said = message);
            }
            LogLevel::Debug => {
                tracing::debug!(target: "plugin", plugin, request, part = target, said = message);
            }
        }
    }

    fn metric_add(&self, plugin: &str, name: &str, value: f64) {
        self.count(format!("{plugin}.{name}"), value);
    }

    fn admit(&self, _: &RequestContext, bytes: u64) -> Result<(), Error> {
        if bytes <= self.max_response {
            return Ok(());
        }
        let limit = self.max_response;
        Err(Error::too_large(format!(
            "the response would have {bytes} bytes, but the limit of this server is {limit} bytes; ask for a smaller part"
        )))
    }

    fn open(&self, request: &Arc<RequestContext>, id: &str) -> Result<Box<dyn LentDataset>, Error> {
        if !request.is_background() {
            self.published.note_used(id);
        }
        let dataset = self.dataset_for(Some(request), id)?;
        let key = format!("{id}\0{}", dataset.generation());
        let document = match self.documents.get(&key) {
            Some(document) => document,
            None => {
                let document = schema_to_document(dataset.schema())?;
                self.documents.insert(key, document.clone());
                // What has to leave for it leaves at once.
                self.documents.run_pending_tasks();
                document
            }
        };
        let (catalog, memory) = (self.catalog(), Arc::clone(&self.memory));
        let (request, patience, id) = (Arc::clone(request), self.patience, id.to_owned());
        let file = OnceLock::new();
        Ok(Box::new(Lent { id, catalog, dataset, document, file, request, memory, patience }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        self.catalog().list(prefix, after, limit)
    }

    fn catalog_version(&self) -> u64 {
        if self.published.expire() {
            self.show_published();
        }
        self.version.load(Ordering::Acquire)
    }

    fn entries(&self, prefix: &str, after: &str, limit: usize) -> Vec<Entry> {
        self.catalog().entries(prefix, after, limit).into_iter().map(entry).collect()
    }

    fn children(&self, folder: &str, after: &str, limit: usize) -> Vec<Child> {
        let child = |child| match child {
            catalog::Child::Folder(folder) => Child::Folder { folder },
            catalog::Child::Dataset(found) => Child::Dataset(entry(found)),
        };
        self.catalog().children(folder, after, limit).into_iter().map(child).collect()
    }

    fn facts(&self) -> Result<ServerFacts, Error> {
        let untold = || Error::new(ErrorKind::Unavailable, "the server is still starting its plugins");
        self.facts.get().cloned().ok_or_else(untold)
    }

    fn troubles(&self) -> Troubles {
        /// How many files that are no datasets are named.
        const MOST_FILES: usize = 1000;
        let catalog = self.catalog();
        let skipped = catalog.skipped().iter().take(MOST_FILES);
        let trouble =
            |file: &catalog::Skipped| Trouble { name: file.path.clone(), reason: file.reason.clone() };
        Troubles {
            datasets: self.failing.list(),
            files: skipped.map(trouble).collect(),
            plugins: self.refused.get().cloned().unwrap_or_default(),
        }
    }

    fn publish(&self, plugin: &str, publication: Publication<'_>) -> Result<(), Error> {
        let catalog = self.catalog();
        if self.published.publish(plugin, publication, |id| catalog.has_found(id))? {
            self.show_published();
        }
        Ok(())
    }

    fn withdraw(&self, plugin: &str, id: &str) -> Result<(), Error> {
        self.published.withdraw(plugin, id)?;
        self.show_published();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use weir_datasets::memory_budget::Memory;
    use weir_datasets::{Access, Opener};

    use super::*;

    #[test]
    fn documents_share_a_part_of_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../datasets/tests/fixtures")
            .join("cdf1_kinds.nc");
        for number in 0..600 {
            std::fs::copy(&file, folder.path().join(format!("{number:03}.nc"))).unwrap();
        }
        let opener = Arc::new(Opener::new(Access::default(), Memory::new(64 << 20)));
        let catalog = Catalog::scan(&[folder.path().to_owned()], opener, &mut |_| {}).unwrap();
        let services = SiteServices::new(catalog, (u64::MAX, 10), Duration::ZERO);
        let request = Arc::new(RequestContext::new("1".to_owned(), None));
        let mut all = 0;
        for number in 0..600 {
            let dataset = services.open(&request, &format!("{number:03}.nc")).unwrap();
            all += dataset.schema_document().len() as u64;
        }
        let share = services.catalog().memory().share(Share::Documents);
        let kept = services.documents.weighted_size();
        assert!(all > share, "{all} bytes of documents do not fill {share}");
        assert!(kept <= share && kept > share / 2, "{kept} of {share}");
    }
}
