//! The host's side of the boundary: what a server lends to plugins.
//!
//! A server implements [`Services`] and [`LentDataset`]; [`host_table`] turns them into the C table that plugins call.

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use weir_model::{ByteOrder, Hyperslab, Schema, Storage};

use crate::{
    Bytes, Child, ChunkPlace, Entry, Error, FileInfo, LogLevel, PlaceBytes, Publication, ServerFacts,
    Troubles,
};

pub use crate::lent_table::host_table;

/// So many datasets may be made of one another, one behind the other.
pub const DEEPEST: usize = 4;

/// A source of the pieces of a request's body.
pub trait RequestBody: Send {
    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// Where the client broke off or sent too much.
    fn next(&mut self) -> Result<Option<Bytes>, Error>;
}

/// What the host knows of one request while plugins work for it.
pub struct RequestContext {
    id: String,
    cancelled: AtomicBool,
    deadline: Option<Instant>,
    body: Mutex<Option<Box<dyn RequestBody>>>,
    held: Mutex<Option<Box<dyn Any + Send>>>,
    noted: Mutex<Option<Box<dyn Any + Send>>>,
    /// What it is a part of, where a plugin makes a dataset of others.
    whole: Option<Whole>,
    needed: AtomicU64,
    is_background: bool,
}

/// What a context is a part of.
struct Whole {
    /// The context of the one who asked for the dataset that is made.
    asked: Arc<RequestContext>,
    /// The id of that dataset.
    id: String,
}

impl RequestContext {
    /// A context without a body.
    #[must_use]
    pub fn new(id: String, deadline: Option<Instant>) -> Self {
        let (body, held, noted) = (Mutex::new(None), Mutex::new(None), Mutex::new(None));
        let (cancelled, needed) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { id, cancelled, deadline, body, held, noted, whole: None, needed, is_background: false }
    }

    /// The context in which a plugin makes the published dataset `id` for whoever asks for it: it is cancelled when that one is,
    /// and has the same memory. `None` where that dataset is being made already, or [`DEEPEST`] are one for the other.
    #[must_use]
    pub fn making(asked: &Arc<Self>, id: &str) -> Option<Self> {
        let made = std::iter::successors(asked.whole.as_ref(), |whole| whole.asked.whole.as_ref());
        let (mut depth, mut is_part_of_itself) = (0_usize, false);
        made.for_each(|whole| {
            depth = depth.saturating_add(1);
            is_part_of_itself |= whole.id == id;
        });
        if is_part_of_itself || depth >= DEEPEST {
            return None;
        }
        let part = Self::new(asked.id.clone(), asked.deadline);
        Some(Self { whole: Some(Whole { asked: Arc::clone(asked), id: id.to_owned() }), ..part })
    }

    /// Notes how much memory the reading that it does next needs, what it is a part of included.
    pub fn note_needed(&self, bytes: u64) {
        self.needed.store(bytes, Ordering::Relaxed);
    }

    /// How much memory the readings need that this one is a part of.
    #[must_use]
    pub fn needed_around(&self) -> u64 {
        self.whole.as_ref().map_or(0, |whole| whole.asked.needed.load(Ordering::Relaxed))
    }

    /// The context of work that no request waits for.
    #[must_use]
    pub fn background() -> Self {
        Self { is_background: true, ..Self::new("background".to_owned(), None) }
    }

    /// Whether no request waits for it.
    #[must_use]
    pub fn is_background(&self) -> bool {
        self.is_background || self.whole.as_ref().is_some_and(|whole| whole.asked.is_background())
    }

    /// Gives the request a body for plugins to pull.
    pub fn set_body(&self, body: Box<dyn RequestBody>) {
        *self.body.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(body);
    }

    /// Keeps something of the host's as long as the request lives, such as the memory that was reserved for it; hands back
    /// what was kept before.
    pub fn hold(&self, held: Option<Box<dyn Any + Send>>) -> Option<Box<dyn Any + Send>> {
        if let Some(whole) = &self.whole {
            return whole.asked.hold(held);
        }
        std::mem::replace(&mut self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner), held)
    }

    /// Notes something of the host's for whoever sends the answer, such as where the bytes come from that were lent last; hands
    /// back what was noted before.
    pub fn note(&self, noted: Option<Box<dyn Any + Send>>) -> Option<Box<dyn Any + Send>> {
        std::mem::replace(&mut self.noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner), noted)
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tells everyone who works for this request to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work is still wanted: nobody cancelled, and the deadline lies ahead.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
            || self.time_left() == Some(Duration::ZERO)
            || self.whole.as_ref().is_some_and(|whole| whole.asked.is_cancelled())
    }

    /// Time until the deadline.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn body_next(&self) -> Result<Option<Bytes>, Error> {
        let mut body = self.body.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        body.as_mut().map_or(Ok(None), |body| body.next())
    }
}

/// A chunk as it is stored.
#[derive(Clone, Debug)]
pub enum StoredChunk {
    /// It was proven that nothing is stored: every element is the fill value.
    Missing,
    /// Stored bytes of the whole chunk.
    Stored {
        /// The bytes; a trailing checksum was checked and taken off.
        bytes: Bytes,
        /// Bit n is set where the variable's n-th codec was not applied to this chunk.
        skipped_codecs: u32,
    },
}

/// A dataset that is lent to a plugin for one request.
pub trait LentDataset: Send + Sync {
    /// What it holds.
    fn schema(&self) -> &Schema;

    /// [`schema`](Self::schema) as a document; made once per generation.
    fn schema_document(&self) -> Bytes;

    /// Text that changes whenever the data may have changed.
    fn generation(&self) -> &str;

    /// Reads elements of a fixed size into `out`, whose length is exactly elements times size.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right.
    fn read(&self, variable: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error>;

    /// Reads elements of varying size, row-major: strings as their bytes, others in their packed form
    /// ([`Packed`](weir_model::Packed)).
    ///
    /// # Errors
    /// Whatever keeps them from being right.
    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error>;

    /// Proves that every chunk of the slab can be decoded.
    ///
    /// # Errors
    /// What the first damaged chunk suffers from.
    fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error>;

    /// One chunk as it is stored.
    ///
    /// # Errors
    /// `NotFound` where the grid has no such chunk; otherwise whatever keeps absence or presence from being proven.
    fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error>;

    /// Chunks as they are stored, in the order of `indexes`; a host may fetch them at the same time.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), for the first one that fails.
    fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        indexes.iter().map(|index| self.chunk(variable, index)).collect()
    }

    /// How a variable's stored bytes are laid out, for those who pass them on as they are. Its chunks may be others than the
    /// schema's; each is whole, and one range of a file.
    ///
    /// # Errors
    /// `Unsupported` where stored bytes cannot be passed on, with the reason; `NotFound` for an unknown variable.
    fn layout(&self, variable: &str) -> Result<Storage, Error>;

    /// Where a chunk of the layout is stored. Nothing of the data is read unless its bytes are wanted.
    ///
    /// # Errors
    /// `NotFound` where the layout has no such chunk; otherwise whatever keeps absence or presence from being proven.
    fn place(&self, variable: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error>;

    /// The original file.
    ///
    /// # Errors
    /// `NotFound` where the dataset is not one file, with the reason.
    fn file(&self) -> Result<FileInfo, Error>;

    /// Reads exactly `out.len()` bytes of the original file from `offset` on, all of one state of it.
    ///
    /// # Errors
    /// As [`file`](Self::file); `BadRequest` for bytes that it has not, `Unavailable` where it was written to since it was opened.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> Result<(), Error>;
}

/// The services of a host. `plugin` is the name of the plugin that calls.
pub trait Services: Send + Sync + 'static {
    /// Writes a log line.
    fn log(
        &self,
        plugin: &str,
        request: Option<&RequestContext>,
        level: LogLevel,
        target: &str,
        message: &str,
    );

    /// Adds to one of the plugin's counters.
    fn metric_add(&self, plugin: &str, name: &str, value: f64);

    /// Refuses a response of `bytes` bytes where that is more than the site allows.
    ///
    /// # Errors
    /// `TooLarge`, naming size and limit.
    fn admit(&self, request: &RequestContext, bytes: u64) -> Result<(), Error>;

    /// Lends a dataset.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise why it cannot be opened.
    fn open(&self, request: &Arc<RequestContext>, id: &str) -> Result<Box<dyn LentDataset>, Error>;

    /// The ids that begin with `prefix` and sort behind `after`: at most `limit`.
    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String>;

    /// A number that is another one whenever datasets came or went.
    fn catalog_version(&self) -> u64;

    /// As [`list`](Self::list), with what is known without opening a dataset.
    fn entries(&self, prefix: &str, after: &str, limit: usize) -> Vec<Entry>;

    /// What lies in `folder` (empty, or ending with a slash) and sorts behind `after`: at most `limit`.
    fn children(&self, folder: &str, after: &str, limit: usize) -> Vec<Child>;

    /// What the server is, and what its plugins serve.
    ///
    /// # Errors
    /// `Unavailable` as long as not all plugins were created.
    fn facts(&self) -> Result<ServerFacts, Error>;

    /// What is not served although it was meant to be.
    fn troubles(&self) -> Troubles;

    /// Makes known, or renews, a dataset that `plugin` answers for.
    ///
    /// # Errors
    /// `BadRequest` for an id that something else has, or that is none; `TooLarge` for a recipe that is too long; `Unavailable`
    /// where there are as many as may be.
    fn publish(&self, plugin: &str, publication: Publication<'_>) -> Result<(), Error>;

    /// Ends a dataset that `plugin` published.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    fn withdraw(&self, plugin: &str, id: &str) -> Result<(), Error>;
}
