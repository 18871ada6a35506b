//! What plugins get from the server: datasets, limits, logs, counters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use weir_datasets::buffers::Reused;
use weir_datasets::{Catalog, Dataset, RawChunk};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Pieces, Schema};
use weir_plugin_api::lent::{LentDataset, RequestContext, Services, StoredChunk};
use weir_plugin_api::{Bytes, Error, ErrorKind, LogLevel, schema_to_document};

/// The server's services.
pub struct SiteServices {
    catalog: Catalog,
    max_response: u64,
    counters: Mutex<BTreeMap<String, f64>>,
    documents: moka::sync::Cache<String, Bytes>,
}

/// Schema documents of this many datasets are kept.
const DOCUMENTS_KEPT: u64 = 256;

impl SiteServices {
    /// Services over a catalog; responses of more than `max_response` bytes are refused.
    pub fn new(catalog: Catalog, max_response: u64) -> Self {
        let documents = moka::sync::Cache::new(DOCUMENTS_KEPT);
        Self { catalog, max_response, counters: Mutex::default(), documents }
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
                document
            }
        };
        Ok(Box::new(Lent { dataset, document, request: Arc::clone(request) }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        self.catalog.list(prefix, after, limit)
    }
}

/// A dataset on loan for one request.
struct Lent {
    dataset: Arc<Dataset>,
    document: Bytes,
    request: Arc<RequestContext>,
}

impl Lent {
    /// Work for a client that has gone is not started.
    fn wanted(&self) -> Result<&Dataset, Error> {
        if self.request.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the request was cancelled or its time is over"));
        }
        Ok(&self.dataset)
    }
}

impl LentDataset for Lent {
    fn schema(&self) -> &Schema {
        self.dataset.schema()
    }

    fn schema_document(&self) -> Bytes {
        self.document.clone()
    }

    fn generation(&self) -> &str {
        self.dataset.generation()
    }

    fn read(&self, variable: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error> {
        self.wanted()?.read(variable, slab, order, out).map_err(translate)
    }

    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        self.wanted()?.read_strings(variable, slab).map_err(translate)
    }

    fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error> {
        /// Elements after which is asked again whether the work is wanted.
        const STEP: u64 = 1 << 24;
        let found = self.dataset.schema().variable(variable);
        let found =
            found.ok_or_else(|| Error::not_found(format!("the dataset has no variable {variable}")))?;
        let grid = ChunkGrid::new(found.shape.clone(), found.storage.chunk_shape.clone());
        let grid = grid.map_err(|e| Error::new(ErrorKind::Corrupt, format!("{variable}: {e}")))?;
        for piece in Pieces::new(slab.clone(), &grid, STEP, STEP) {
            self.wanted()?.verify(variable, &piece).map_err(translate)?;
        }
        Ok(())
    }

    fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        self.wanted()?.raw_chunk(variable, index).map(stored).map_err(translate)
    }

    fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        let chunks = self.wanted()?.raw_chunks(variable, indexes).map_err(translate)?;
        Ok(chunks.into_iter().map(stored).collect())
    }
}

fn stored(chunk: Option<RawChunk>) -> StoredChunk {
    chunk.map_or(StoredChunk::Missing, |chunk| StoredChunk::Stored {
        bytes: Bytes::from_owner(Reused::new(chunk.bytes)),
        skipped_codecs: chunk.skipped_codecs,
    })
}
