//! What plugins get from the server: datasets, limits, logs, counters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use weir_datasets::buffers::Reused;
use weir_datasets::memory_budget::{Memory, Reservation};
use weir_datasets::{Catalog, DataFile, Dataset, Location, RawChunk, Stored};
use weir_model::{ByteOrder, Hyperslab, Schema, Storage};
use weir_plugin_api::lent::{LentDataset, RequestContext, Services, StoredChunk};
use weir_plugin_api::{
    Bytes, ChunkPlace, Error, ErrorKind, FileInfo, LogLevel, Place, PlaceBytes, Source, StoredPlace,
    schema_to_document,
};

/// The server's services.
pub struct SiteServices {
    catalog: Arc<Catalog>,
    max_response: u64,
    patience: Duration,
    counters: Mutex<BTreeMap<String, f64>>,
    documents: moka::sync::Cache<String, Bytes>,
}

/// Schema documents of this many datasets are kept.
const DOCUMENTS_KEPT: u64 = 256;

impl SiteServices {
    /// Services over a catalog; responses of more than `max_response` bytes are refused, and a request waits for memory for
    /// at most `patience`.
    pub fn new(catalog: Catalog, max_response: u64, patience: Duration) -> Self {
        let documents = moka::sync::Cache::new(DOCUMENTS_KEPT);
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
        let memory = Arc::clone(self.catalog.memory());
        let (request, patience, id) = (Arc::clone(request), self.patience, id.to_owned());
        let (catalog, file) = (Arc::clone(&self.catalog), OnceLock::new());
        Ok(Box::new(Lent { id, catalog, dataset, document, file, request, memory, patience }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        self.catalog.list(prefix, after, limit)
    }
}

/// A dataset on loan for one request.
struct Lent {
    id: String,
    catalog: Arc<Catalog>,
    dataset: Arc<Dataset>,
    document: Bytes,
    /// The original file, once it was asked for: all reads are of one opening.
    file: OnceLock<Arc<DataFile>>,
    request: Arc<RequestContext>,
    memory: Arc<Memory>,
    patience: Duration,
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

/// Blocks that a response holds at once: one is read, one is pulled ahead, one is being sent.
const BLOCKS: u64 = 3;

/// Pieces of large responses mostly have at most this many bytes.
const PIECE: u64 = 8 << 20;

impl Lent {
    /// Reserves memory for the request, unless it has as much. Whoever needs more gives back first what it has, so nobody
    /// who has memory waits for more.
    fn reserve(&self, bytes: u64) -> Result<(), Error> {
        let held = self.request.hold(None).and_then(|held| held.downcast::<Reservation>().ok());
        // The first bytes of a request that has reserved before may be sent: it must not fail for lack of memory any more.
        let patience = if held.is_some() { Duration::MAX } else { self.patience };
        let reserved = match held.filter(|held| held.bytes() >= bytes) {
            Some(held) => held,
            None => {
                let stopped = || self.request.is_cancelled();
                Box::new(self.done(self.memory.reserve_unless(&stopped, bytes, patience))?)
            }
        };
        self.request.hold(Some(reserved));
        Ok(())
    }

    /// Reserves what reading a slab takes, and the blocks of `output` bytes that its response holds.
    fn reserve_for(&self, variable: &str, slab: &Hyperslab, output: u64) -> Result<(), Error> {
        let scratch = self.dataset.scratch_bytes(variable, slab).map_err(translate)?;
        self.reserve(output.saturating_mul(BLOCKS).saturating_add(scratch))
    }

    /// Reserves what `count` stored chunks of a variable take.
    fn reserve_chunks(&self, variable: &str, count: usize) -> Result<(), Error> {
        let found = self.dataset.schema().variable(variable);
        let lengths = found.map(|found| found.storage.chunk_shape.iter().copied());
        let elements = lengths.map_or(0, |lengths| lengths.fold(1, u64::saturating_mul));
        let size = found.and_then(|found| found.data_type.size()).unwrap_or(0) as u64;
        self.reserve(elements.saturating_mul(size).saturating_mul(count as u64))
    }

    /// The error of a reading that was stopped is that of the request.
    fn done<T>(&self, result: Result<T, weir_datasets::Error>) -> Result<T, Error> {
        result.map_err(|error| self.wanted().map_or_else(|gone| gone, |_| translate(error)))
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
        let dataset = self.wanted()?;
        self.reserve_for(variable, slab, out.len() as u64)?;
        let stopped = || self.request.is_cancelled();
        self.done(dataset.read_unless(&stopped, variable, (slab, order), out))
    }

    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        let dataset = self.wanted()?;
        self.reserve(self.done(dataset.varying_bytes_hint(variable, slab))?)?;
        self.done(dataset.read_strings(variable, slab))
    }

    fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error> {
        let dataset = self.wanted()?;
        // What is proven is sent next, in pieces.
        let found = self.dataset.schema().variable(variable);
        let size = found.and_then(|found| found.data_type.size()).unwrap_or(1) as u64;
        self.reserve_for(variable, slab, slab.elements().saturating_mul(size).min(PIECE))?;
        self.done(dataset.verify_unless(&|| self.request.is_cancelled(), variable, slab))
    }

    fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, 1)?;
        self.done(dataset.raw_chunk(variable, index)).map(stored)
    }

    fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, indexes.len())?;
        let chunks = self.done(dataset.raw_chunks(variable, indexes))?;
        Ok(chunks.into_iter().map(stored).collect())
    }

    fn layout(&self, variable: &str) -> Result<Storage, Error> {
        let dataset = self.wanted()?;
        self.done(dataset.layout(variable)).map(|layout| Storage::clone(&layout))
    }

    fn place(&self, variable: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error> {
        let dataset = self.wanted()?;
        let stored = self.done(dataset.place(variable, index))?;
        let (at, length, skipped_codecs) = match &stored {
            Stored::Nothing => return Ok(ChunkPlace::Missing),
            Stored::Here(encoded) => (Place::Elsewhere, encoded.bytes.len() as u64, encoded.skipped_codecs),
            Stored::Run(run) => {
                let (source, offset) = (self.source(&run.file), run.offset);
                (Place::Range { source, offset }, run.length, run.skipped_codecs)
            }
            Stored::Scattered => return Err(Error::unsupported("the chunk is stored in several parts")),
        };
        let bytes = match bytes {
            PlaceBytes::Wanted => Some(self.stored_bytes(stored, length)?),
            PlaceBytes::Unwanted => None,
        };
        Ok(ChunkPlace::Stored(StoredPlace { at, length, skipped_codecs, bytes }))
    }

    fn file(&self) -> Result<FileInfo, Error> {
        Ok(told(self.original()?, &self.dataset))
    }

    fn read_file(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let file = self.original()?;
        let asked = out.len() as u64;
        if offset.checked_add(asked).is_none_or(|end| end > file.len()) {
            let has = file.len();
            let message = format!("the file has {has} bytes, and not {asked} at byte {offset}");
            return Err(Error::bad_request(message));
        }
        let read = file.read_exact_at(offset, out).and_then(|()| file.check_unchanged());
        self.done(read)
    }
}

impl Lent {
    /// The file behind a place, as clients may be told of it.
    fn source(&self, file: &DataFile) -> Source {
        if self.dataset.file().is_some_and(|own| own.location() == file.location()) {
            return Source::Own;
        }
        match (file.location(), self.catalog.id_of(file.location())) {
            (Location::Object { public: Some(url), .. }, _) => Source::Url(url.clone()),
            (_, Some(id)) => Source::Dataset(id.to_owned()),
            (_, None) => Source::Unnamed,
        }
    }

    /// The bytes of a stored chunk, of files that nobody wrote to meanwhile.
    fn stored_bytes(&self, stored: Stored, length: u64) -> Result<Bytes, Error> {
        self.reserve(length)?;
        let encoded = self.done(self.dataset.read_place(stored))?;
        Ok(Bytes::from_owner(Reused::new(encoded)))
    }

    fn original(&self) -> Result<&Arc<DataFile>, Error> {
        self.wanted()?;
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let opened = self.catalog.file(&self.id, &self.dataset).map_err(translate)?;
        Ok(self.file.get_or_init(|| opened))
    }
}

/// What is told of an original file. A document that defines a dataset may change without the dataset.
fn told(file: &DataFile, dataset: &Dataset) -> FileInfo {
    FileInfo {
        length: file.len(),
        modified: file.times().map(|times| times.modified),
        stable: dataset.file().is_some() && dataset.is_pinned(),
        name: file.location().name().unwrap_or_default(),
        url: match file.location() {
            Location::Object { public, .. } => public.clone(),
            Location::Path(_) => None,
        },
    }
}

fn stored(chunk: Option<RawChunk>) -> StoredChunk {
    chunk.map_or(StoredChunk::Missing, |chunk| StoredChunk::Stored {
        bytes: Bytes::from_owner(Reused::new(chunk.bytes)),
        skipped_codecs: chunk.skipped_codecs,
    })
}
