//! What plugins get from the server: datasets, limits, logs, counters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use weir_datasets::buffers::Reused;
use weir_datasets::memory_budget::{Memory, Reservation, Share};
use weir_datasets::{Catalog, Dataset, PROVEN_STRING_BYTES, PROVEN_STRINGS, RawChunk, StringRoom};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema};
use weir_plugin_api::lent::{LentDataset, RequestContext, Services, StoredChunk};
use weir_plugin_api::{Bytes, Error, ErrorKind, LogLevel, schema_to_document};

/// The server's services.
pub struct SiteServices {
    catalog: Catalog,
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
                // What has to leave for it leaves at once.
                self.documents.run_pending_tasks();
                document
            }
        };
        let memory = Arc::clone(self.catalog.memory());
        let (request, patience) = (Arc::clone(request), self.patience);
        Ok(Box::new(Lent { dataset, document, request, memory, patience }))
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

/// Strings are taken to have this many bytes until it turns out that they have more: most are names and times.
const STRING_BYTES: u64 = 64;

/// What a string takes in memory beside its bytes, twice: where it is read, and where the plugin has it.
const STRING_OVERHEAD: u64 = 96;

/// How often the bytes of strings are in memory at once: as they are read or packed for the plugin, as the plugin has them, and
/// as blocks of which one is pulled ahead and one is being sent.
const STRING_COPIES: u64 = 4;

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

    /// Reserves what stored chunks of a variable take, and what it takes to make one of them where it is not stored as it is asked
    /// for.
    fn reserve_chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<(), Error> {
        let Some(found) = self.dataset.schema().variable(variable) else { return Ok(()) };
        let size = found.data_type.size().unwrap_or(0) as u64;
        let grid = ChunkGrid::new(found.shape.clone(), found.storage.chunk_shape.clone()).ok();
        let extents = grid.iter().flat_map(|grid| indexes.iter().filter_map(|index| grid.extent(index)));
        let mut scratch = extents.map(|extent| self.dataset.scratch_bytes(variable, &extent).map_err(translate));
        let scratch = scratch.try_fold(0, |most: u64, scratch| scratch.map(|scratch| most.max(scratch)))?;
        let chunk = grid.map_or(0, |grid| grid.chunk_elements()).saturating_mul(size);
        self.reserve(chunk.saturating_mul(indexes.len() as u64).saturating_add(scratch))
    }

    /// How many bytes of strings may be read where `fixed` bytes are needed beside them: four times as many as before, unless
    /// that is more than there can be; `None` where there is no more.
    fn more_room(&self, before: u64, fixed: u64) -> Option<u64> {
        let most = self.memory.limit().saturating_sub(fixed).checked_div(STRING_COPIES).unwrap_or(0);
        Some(before.saturating_mul(4).min(most)).filter(|room| *room > before)
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
        let scratch = dataset.scratch_bytes(variable, slab).map_err(translate)?;
        let fixed = slab.elements().saturating_mul(STRING_OVERHEAD).saturating_add(scratch);
        let mut bytes = slab.elements().saturating_mul(STRING_BYTES);
        loop {
            self.reserve(bytes.saturating_mul(STRING_COPIES).saturating_add(fixed))?;
            let mut room = StringRoom::of(bytes);
            let read = dataset.read_strings_within(variable, slab, &mut room);
            match self.more_room(bytes, fixed).filter(|_| read.is_err() && room.is_exceeded()) {
                Some(more) => bytes = more,
                None => return self.done(read),
            }
        }
    }

    fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error> {
        let dataset = self.wanted()?;
        // What is proven is sent next, in pieces.
        let found = self.dataset.schema().variable(variable);
        let size = found.and_then(|found| found.data_type.size()).unwrap_or(1) as u64;
        let piece = slab.elements().saturating_mul(size).min(PIECE);
        // Strings are proven piece by piece.
        let strings = match found.map(|found| found.data_type.size()) {
            Some(None) => PROVEN_STRING_BYTES.saturating_add(PROVEN_STRINGS.saturating_mul(STRING_OVERHEAD)),
            _ => 0,
        };
        self.reserve_for(variable, slab, piece.max(strings))?;
        self.done(dataset.verify_unless(&|| self.request.is_cancelled(), variable, slab))
    }

    fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, &[index])?;
        self.done(dataset.raw_chunk(variable, index)).map(stored)
    }

    fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, indexes)?;
        let chunks = self.done(dataset.raw_chunks(variable, indexes))?;
        Ok(chunks.into_iter().map(stored).collect())
    }
}

fn stored(chunk: Option<RawChunk>) -> StoredChunk {
    chunk.map_or(StoredChunk::Missing, |chunk| StoredChunk::Stored {
        bytes: Bytes::from_owner(Reused::new(chunk.bytes)),
        skipped_codecs: chunk.skipped_codecs,
    })
}
