//! What plugins get from the server: datasets, limits, logs, counters.

mod lent;
mod original;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use weir_datasets::memory_budget::Share;
use weir_datasets::{Catalog, Dataset};
use weir_plugin_api::lent::{LentDataset, RequestContext, Services};
use weir_plugin_api::{Bytes, Error, ErrorKind, LogLevel, schema_to_document};

use self::lent::Lent;
pub use self::original::LentRun;

/// The server's services.
pub struct SiteServices {
    catalog: Arc<Catalog>,
    max_response: u64,
    patience: Duration,
    counters: Mutex<BTreeMap<String, f64>>,
    documents: moka::sync::Cache<String, Bytes>,
}

impl SiteServices {
    /// Services over a catalog; responses of more than `max_response` bytes are refused, and a request waits for memory for
    /// at most `patience`.
    pub fn new(catalog: Catalog, max_response: u64, patience: Duration) -> Self {
        let weight = |key: &String, document: &Bytes| {
            u32::try_from(key.len().saturating_add(document.len()).saturating_add(256)).unwrap_or(u32::MAX)
        };
        let share = catalog.memory().share(Share::Documents);
        let documents = moka::sync::Cache::builder().weigher(weight).max_capacity(share).build();
        let catalog = Arc::new(catalog);
        Self { catalog, max_response, patience, counters: Mutex::default(), documents }
    }

    /// The datasets.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Opens a dataset, as the server itself does.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise why it cannot be opened.
    pub fn dataset(&self, id: &str) -> Result<Arc<Dataset>, Error> {
        self.catalog.open(id).map_err(translate)
    }

    /// A dataset that is open, where having it takes no time worth speaking of.
    pub fn at_hand(&self, id: &str) -> Option<Arc<Dataset>> {
        self.catalog.at_hand(id)
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

/// The same meaning in the words of the plugin boundary.
fn translate(error: weir_datasets::Error) -> Error {
    let kind = match error.kind {
        weir_datasets::ErrorKind::BadRequest => ErrorKind::BadRequest,
        weir_datasets::ErrorKind::Busy => ErrorKind::Unavailable,
        weir_datasets::ErrorKind::Corrupt => ErrorKind::Corrupt,
        weir_datasets::ErrorKind::NotFound => ErrorKind::NotFound,
        weir_datasets::ErrorKind::TooLarge => ErrorKind::TooLarge,
        weir_datasets::ErrorKind::Unavailable => ErrorKind::Unavailable,
        weir_datasets::ErrorKind::Unsupported => ErrorKind::Unsupported,
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
        let dataset = self.dataset(id)?;
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
        let memory = Arc::clone(self.catalog.memory());
        let (request, patience, id) = (Arc::clone(request), self.patience, id.to_owned());
        let (catalog, file) = (Arc::clone(&self.catalog), OnceLock::new());
        Ok(Box::new(Lent { id, catalog, dataset, document, file, request, memory, patience }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        self.catalog.list(prefix, after, limit)
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
        let services = SiteServices::new(catalog, u64::MAX, Duration::ZERO);
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
