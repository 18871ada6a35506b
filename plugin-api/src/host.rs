//! The host, as a plugin sees it, and the datasets that it lends.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::mem::{MaybeUninit, offset_of};
use std::sync::{Arc, Mutex, PoisonError};

use weir_model::{ByteOrder, Hyperslab, Schema, Storage};
use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirChunk, WeirHost, WeirSlab, WeirStr};

use crate::error::Message;
use crate::place::{NO_FILE, NO_PLACE};
use crate::schema_document::layout_from_document;
use crate::{
    Bytes, Child, ChunkPlace, Entry, Error, FileInfo, PlaceBytes, Publication, Published, Request,
    ServerFacts, StoredChunk, Troubles, schema_from_document,
};

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Something happened.
    Info,
    /// For developers.
    Debug,
}

impl LogLevel {
    pub(crate) fn code(self) -> u32 {
        match self {
            Self::Error => abi::WEIR_LOG_ERROR,
            Self::Warn => abi::WEIR_LOG_WARN,
            Self::Info => abi::WEIR_LOG_INFO,
            Self::Debug => abi::WEIR_LOG_DEBUG,
        }
    }

    pub(crate) fn from_code(code: u32) -> Self {
        match code {
            abi::WEIR_LOG_ERROR => Self::Error,
            abi::WEIR_LOG_WARN => Self::Warn,
            abi::WEIR_LOG_INFO => Self::Info,
            _ => Self::Debug,
        }
    }
}

/// The host's services; cheap to copy, valid for ever.
#[derive(Clone, Copy)]
pub struct Host {
    table: &'static WeirHost,
}

impl Host {
    /// Wraps the table that `create` was given.
    #[must_use]
    pub fn from_table(table: &'static WeirHost) -> Self {
        Self { table }
    }

    /// Wraps the table of a host of any minor version, which may be smaller than the one that is known here.
    ///
    /// # Errors
    /// Where it is no table of this major version.
    ///
    /// # Safety
    /// `table` is null, or points to a host's table that lives for ever.
    pub(crate) unsafe fn adopt(table: *const WeirHost) -> Result<Self, Error> {
        let least = offset_of!(WeirHost, dataset_layout);
        // SAFETY: by this function's contract; every table begins with its size.
        let size = unsafe { table.cast::<usize>().as_ref() }.copied().unwrap_or(0);
        if !table.is_aligned() || !abi::holds(size, 0, least) {
            return Err(Error::internal("the host passed no services"));
        }
        if size >= size_of::<WeirHost>() {
            // SAFETY: the table has all the fields that are known here.
            return Ok(Self { table: unsafe { &*table } });
        }
        let mut whole = Box::new(MaybeUninit::<WeirHost>::zeroed());
        // SAFETY: `size` bytes are there, and fewer than in `whole`. What is not there stays zero, which means `None` in every
        // field that came after minor version 0; the others are all there.
        unsafe {
            std::ptr::copy_nonoverlapping(table.cast::<u8>(), whole.as_mut_ptr().cast::<u8>(), size);
            Ok(Self { table: Box::leak(whole).assume_init_ref() })
        }
    }

    /// Writes a log line under the plugin's name.
    pub fn log(&self, request: Option<&Request<'_>>, level: LogLevel, message: &str) {
        let of = request.map_or(std::ptr::null_mut(), |request| request.raw().context);
        let (target, message) = (WeirStr::new(""), WeirStr::new(message));
        // SAFETY: the host's table and context are valid for ever; text lives through the call.
        unsafe { (self.table.log)(self.table.context, of, level.code(), target, message) }
    }

    /// Adds to one of this plugin's counters.
    pub fn metric_add(&self, name: &str, value: f64) {
        // SAFETY: as in `log`.
        unsafe { (self.table.metric_add)(self.table.context, WeirStr::new(name), value) }
    }

    /// Whether the host keeps back what is [`held`](crate::Response::held); one of ABI 1.1 or before sends it at once.
    #[must_use]
    pub fn keeps_back(&self) -> bool {
        self.table.abi_minor >= 2
    }

    /// Whether the work for a request is not wanted any more.
    #[must_use]
    pub fn is_cancelled(&self, request: &Request<'_>) -> bool {
        // SAFETY: a request's context is valid while the request is.
        unsafe { (self.table.cancelled)(request.raw().context) != 0 }
    }

    /// The next piece of the request's body, or `None` at the end.
    ///
    /// # Errors
    /// Where the client broke off or sent too much.
    pub fn body_next(&self, request: &Request<'_>) -> Result<Option<Bytes>, Error> {
        let mut out = WeirBytes::EMPTY;
        let call = |err| {
            // SAFETY: a request's context is valid while the request is; `out` is room for the result.
            unsafe { (self.table.request_body_next)(request.raw().context, &raw mut out, err) }
        };
        let more = Message::new().pull(call)?;
        // SAFETY: the host gave this reference to us.
        Ok(more.then(|| unsafe { Bytes::from_raw(out) }))
    }

    /// Asks whether a response of `bytes` bytes is allowed. Ask before reading.
    ///
    /// # Errors
    /// `TooLarge`, naming size and limit.
    pub fn admit(&self, request: &Request<'_>, bytes: u64) -> Result<(), Error> {
        // SAFETY: as in `is_cancelled`.
        let call = |err| unsafe { (self.table.admit)(self.table.context, request.raw().context, bytes, err) };
        Message::new().call(call)
    }

    /// Borrows a dataset for the work on `request`.
    ///
    /// # Errors
    /// `NotFound` for an unknown id; otherwise why it cannot be opened.
    pub fn open(&self, request: &Request<'_>, id: &str) -> Result<Dataset, Error> {
        self.lend(request.raw().context, id)
    }

    /// Borrows a dataset for work that no request waits for, on a thread of the plugin's own.
    ///
    /// # Errors
    /// As [`open`](Self::open); `Unsupported` on a host of ABI 1.2 or before.
    pub fn open_in_background(&self, id: &str) -> Result<Dataset, Error> {
        service(self.table.catalog_version, 3)?;
        self.lend(std::ptr::null_mut(), id)
    }

    fn lend(&self, of: *mut c_void, id: &str) -> Result<Dataset, Error> {
        let mut raw = std::ptr::null_mut();
        let host = self.table.context;
        // SAFETY: as in `is_cancelled`; `raw` is room for the handle.
        let call = |err| unsafe { (self.table.dataset_open)(host, of, WeirStr::new(id), &raw mut raw, err) };
        Message::new().call(call)?;
        Ok(Dataset { raw, table: self.table, id: id.to_owned() })
    }

    /// The dataset ids that begin with `prefix` and sort behind `after`: at most `limit`.
    ///
    /// # Errors
    /// Where the host cannot list.
    pub fn list(&self, prefix: &str, after: &str, limit: u32) -> Result<Vec<String>, Error> {
        let (prefix, after) = (WeirStr::new(prefix), WeirStr::new(after));
        let list = self.table.dataset_list;
        // SAFETY: as in `log`; `out` is room for the result.
        list_from(&taken_from(|out, err| unsafe {
            list(self.table.context, prefix, after, limit, out, err)
        })?)
    }

    /// A number that is another one whenever datasets came or went.
    ///
    /// # Errors
    /// `Unsupported` on a host of ABI 1.2 or before, here and in what follows.
    pub fn catalog_version(&self) -> Result<u64, Error> {
        let version = service(self.table.catalog_version, 3)?;
        // SAFETY: the host's context is valid for ever.
        Ok(unsafe { version(self.table.context) })
    }

    /// As [`list`](Self::list), with what is known without opening a dataset.
    ///
    /// # Errors
    /// Where the host cannot list.
    pub fn entries(&self, prefix: &str, after: &str, limit: u32) -> Result<Vec<Entry>, Error> {
        self.listed((prefix, after, limit), 0)
    }

    /// What lies in `folder` (empty, or ending with a slash) and sorts behind `after`, a child's [`name`](Child::name): at most
    /// `limit`.
    ///
    /// # Errors
    /// Where the host cannot list.
    pub fn children(&self, folder: &str, after: &str, limit: u32) -> Result<Vec<Child>, Error> {
        self.listed((folder, after, limit), abi::WEIR_ENTRIES_FOLDED)
    }

    fn listed<T: serde::de::DeserializeOwned>(
        &self,
        (prefix, after, limit): (&str, &str, u32),
        flags: u32,
    ) -> Result<Vec<T>, Error> {
        let list = service(self.table.catalog_entries, 3)?;
        let (prefix, after) = (WeirStr::new(prefix), WeirStr::new(after));
        // SAFETY: as in `log`; `out` is room for the result.
        let call = |out, err| unsafe { list(self.table.context, prefix, after, limit, flags, out, err) };
        list_from(&taken_from(call)?)
    }

    /// What the server is, and what its plugins serve. Not known while plugins are created.
    ///
    /// # Errors
    /// `Unavailable` as long as not all plugins were created.
    pub fn server(&self) -> Result<ServerFacts, Error> {
        let facts = service(self.table.server_facts, 3)?;
        // SAFETY: as in `log`; `out` is room for the result.
        let document = taken_from(|out, err| unsafe { facts(self.table.context, out, err) })?;
        ServerFacts::from_json(&document)
    }

    /// Makes known a dataset that this plugin's [`Provider`](crate::Provider) answers for, or renews it.
    ///
    /// # Errors
    /// `BadRequest` for an id that something else has, or that is none; `TooLarge` for a recipe that is too long; `Unavailable`
    /// where there are as many as may be; `Unsupported` on a host of an ABI below 1.5, here and in what follows.
    pub fn publish(&self, publication: Publication<'_>) -> Result<(), Error> {
        let publish = service(self.table.dataset_publish, 5)?;
        let (id, recipe) = (WeirStr::new(publication.id), publication.recipe);
        let seconds = publication.seconds();
        // SAFETY: as in `log`; the recipe lives through the call.
        Message::new().call(|err| unsafe {
            publish(self.table.context, id, recipe.as_ptr(), recipe.len(), seconds, err)
        })
    }

    /// Ends a dataset that this plugin published; what was opened of it may be used on.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub fn withdraw(&self, id: &str) -> Result<(), Error> {
        let withdraw = service(self.table.dataset_withdraw, 5)?;
        // SAFETY: as in `log`.
        Message::new().call(|err| unsafe { withdraw(self.table.context, WeirStr::new(id), err) })
    }

    pub(crate) fn open_part(&self, of: &Published<'_>, id: &str) -> Result<Dataset, Error> {
        self.lend(of.raw().context, id)
    }

    pub(crate) fn is_part_cancelled(&self, of: &Published<'_>) -> bool {
        // SAFETY: the context is valid while the dataset is asked for.
        unsafe { (self.table.cancelled)(of.raw().context) != 0 }
    }

    /// What is not served although it was meant to be.
    ///
    /// # Errors
    /// `Unsupported` on a host of an ABI below 1.4.
    pub fn troubles(&self) -> Result<Troubles, Error> {
        let troubles = service(self.table.server_troubles, 4)?;
        // SAFETY: as in `log`; `out` is room for the result.
        let document = taken_from(|out, err| unsafe { troubles(self.table.context, out, err) })?;
        serde_json::from_slice(&document)
            .map_err(|e| Error::internal(format!("the host's troubles are not JSON: {e}")))
    }
}

fn list_from<T: serde::de::DeserializeOwned>(document: &[u8]) -> Result<Vec<T>, Error> {
    serde_json::from_slice(document).map_err(|e| Error::internal(format!("the host's list is not JSON: {e}")))
}

/// What a service of the host writes.
fn taken_from(call: impl FnOnce(*mut WeirBytes, *mut abi::WeirErr) -> i32) -> Result<Bytes, Error> {
    let mut out = WeirBytes::EMPTY;
    Message::new().call(|err| call(&raw mut out, err))?;
    // SAFETY: the host gave this reference to us.
    Ok(unsafe { Bytes::from_raw(out) })
}

/// A dataset that the host lends; given back when dropped. It may outlive the call to `handle`, in a body.
pub struct Dataset {
    raw: *mut c_void,
    table: &'static WeirHost,
    id: String,
}

// SAFETY: the host's dataset handles may be used from any thread by contract.
unsafe impl Send for Dataset {}
// SAFETY: as above; the services take no exclusive access.
unsafe impl Sync for Dataset {}

impl Drop for Dataset {
    fn drop(&mut self) {
        // SAFETY: the handle is valid and given up once.
        unsafe { (self.table.dataset_close)(self.raw) }
    }
}

/// Schemas of the generations used last, so that a document is parsed once and not per request.
static SCHEMAS: Mutex<VecDeque<(String, Arc<Schema>)>> = Mutex::new(VecDeque::new());
const SCHEMAS_KEPT: usize = 64;

impl Dataset {
    /// The id that it was opened with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Text that changes whenever the data may have changed.
    ///
    /// # Errors
    /// `Cancelled` where the request is over.
    pub fn generation(&self) -> Result<String, Error> {
        let bytes = self.document(self.table.dataset_generation)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the dataset holds.
    ///
    /// # Errors
    /// `Cancelled` where the request is over.
    pub fn schema(&self) -> Result<Arc<Schema>, Error> {
        let key = format!("{}\0{}", self.id, self.generation()?);
        let mut kept = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, schema)) = kept.iter().find(|(of, _)| *of == key) {
            return Ok(Arc::clone(schema));
        }
        drop(kept);
        let schema = Arc::new(schema_from_document(&self.document(self.table.dataset_schema)?)?);
        kept = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((key, Arc::clone(&schema)));
        kept.truncate(SCHEMAS_KEPT);
        Ok(schema)
    }

    fn document(
        &self,
        service: unsafe extern "C" fn(*mut c_void, *mut WeirBytes, *mut abi::WeirErr) -> i32,
    ) -> Result<Bytes, Error> {
        // SAFETY: the handle is valid; `out` is room for the result.
        taken_from(|out, err| unsafe { service(self.raw, out, err) })
    }

    /// Reads elements of a fixed size, row-major, into `out`, whose length must be exactly elements times size.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right; `out` then holds nothing of use.
    pub fn read(
        &self,
        variable: &str,
        slab: &Hyperslab,
        order: ByteOrder,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let axes = Axes::of(slab);
        let raw = axes.raw(variable, order);
        // SAFETY: the handle is valid; `raw` and `out` live through the call.
        let call = |err| unsafe {
            (self.table.dataset_read)(self.raw, &raw const raw, out.as_mut_ptr(), out.len(), err)
        };
        Message::new().call(call)
    }

    /// Reads elements of varying size, row-major: strings as their bytes, others (sequences, compounds with such fields) in
    /// their packed form, which [`Packed`](weir_model::Packed) takes apart.
    ///
    /// # Errors
    /// Whatever keeps them from being right.
    pub fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        let axes = Axes::of(slab);
        let raw = axes.raw(variable, ByteOrder::NATIVE);
        let read = self.table.dataset_read_strings;
        // SAFETY: the handle is valid; `raw` and `out` live through the call.
        unpack_strings(&taken_from(|out, err| unsafe { read(self.raw, &raw const raw, out, err) })?)
    }

    /// Proves that every chunk of the slab can be decoded; afterwards a read of it fails only if the disk does.
    ///
    /// # Errors
    /// What the first damaged chunk suffers from.
    pub fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error> {
        let axes = Axes::of(slab);
        let raw = axes.raw(variable, ByteOrder::NATIVE);
        // SAFETY: the handle is valid; `raw` lives through the call.
        let call = |err| unsafe { (self.table.dataset_verify)(self.raw, &raw const raw, err) };
        Message::new().call(call)
    }

    /// One chunk as it is stored; `index` has one number per axis.
    ///
    /// # Errors
    /// `NotFound` where the grid has no such chunk; otherwise whatever keeps absence or presence from being proven.
    pub fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let mut out = NO_CHUNK;
        let (name, rank) = (WeirStr::new(variable), u32::try_from(index.len()).unwrap_or(u32::MAX));
        // SAFETY: the handle is valid; `index` and `out` live through the call.
        let call = |err| unsafe {
            (self.table.dataset_chunk)(self.raw, name, index.as_ptr(), rank, &raw mut out, err)
        };
        Message::new().call(call)?;
        Ok(taken(&out))
    }

    /// Chunks of one variable as they are stored, in the order of `indexes`; the host fetches them at the same time.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), for the first one that fails; `BadRequest` where indexes differ in their number of axes.
    pub fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        let rank = indexes.first().map_or(0, |index| index.len());
        if indexes.iter().any(|index| index.len() != rank) {
            return Err(Error::bad_request(format!(
                "{variable}: chunk indexes differ in their number of axes"
            )));
        }
        let numbers = indexes.concat();
        let mut out = vec![NO_CHUNK; indexes.len()];
        let (name, rank) = (WeirStr::new(variable), u32::try_from(rank).unwrap_or(u32::MAX));
        // SAFETY: the handle is valid; `numbers` and `out` live through the call and have the announced lengths.
        let call = |err| unsafe {
            let service = self.table.dataset_chunks;
            service(self.raw, name, numbers.as_ptr(), rank, out.len(), out.as_mut_ptr(), err)
        };
        Message::new().call(call)?;
        Ok(out.iter().map(taken).collect())
    }
}

/// A service that the host has, unless it is older than `minor`.
fn service<T>(service: Option<T>, minor: u32) -> Result<T, Error> {
    service.ok_or_else(|| {
        Error::unsupported(format!("this needs a host of ABI 1.{minor} or later; upgrade the server"))
    })
}

impl Dataset {
    /// How a variable's stored bytes are laid out, for those who pass them on as they are. Its chunks, which are those of
    /// [`place`](Self::place), may be others than the schema's; each is whole, and one range of a file.
    ///
    /// # Errors
    /// `Unsupported` where stored bytes cannot be passed on, with the reason, and on a host of ABI 1.0; `NotFound` for an unknown
    /// variable.
    pub fn layout(&self, variable: &str) -> Result<Storage, Error> {
        let layout = service(self.table.dataset_layout, 1)?;
        // SAFETY: the handle is valid; `variable` and `out` live through the call.
        let document = taken_from(|out, err| unsafe { layout(self.raw, WeirStr::new(variable), out, err) })?;
        layout_from_document(&document)
    }

    /// Where a chunk of the layout is stored; `index` has one number per axis. Nothing of the data is read unless its bytes are
    /// wanted.
    ///
    /// # Errors
    /// `NotFound` where the layout has no such chunk, `Unsupported` on a host of ABI 1.0, otherwise whatever keeps absence or
    /// presence from being proven.
    pub fn place(&self, variable: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error> {
        let place = service(self.table.dataset_chunk_place, 1)?;
        let mut out = NO_PLACE;
        let (name, rank) = (WeirStr::new(variable), u32::try_from(index.len()).unwrap_or(u32::MAX));
        // SAFETY: the handle is valid; `index` and `out` live through the call.
        Message::new().call(|err| unsafe {
            place(self.raw, name, index.as_ptr(), rank, bytes.flags(), &raw mut out, err)
        })?;
        // SAFETY: the host gave these references to us.
        unsafe { ChunkPlace::read(&out, bytes) }
    }

    /// The original file.
    ///
    /// # Errors
    /// `NotFound` where the dataset is not one file, with the reason; `Unsupported` on a host of ABI 1.0.
    pub fn file(&self) -> Result<FileInfo, Error> {
        let file = service(self.table.dataset_file, 1)?;
        let mut out = NO_FILE;
        // SAFETY: the handle is valid; `out` lives through the call.
        Message::new().call(|err| unsafe { file(self.raw, &raw mut out, err) })?;
        // SAFETY: the host gave these references to us.
        Ok(unsafe { FileInfo::read(&out) })
    }

    /// Reads exactly `out.len()` bytes of the original file from `offset` on, all of one state of it.
    ///
    /// # Errors
    /// As [`file`](Self::file); `BadRequest` for bytes that it has not, `Unavailable` where it was written to since it was opened.
    pub fn read_file(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let read = service(self.table.dataset_file_read, 1)?;
        // SAFETY: the handle is valid; `out` lives through the call.
        Message::new().call(|err| unsafe { read(self.raw, offset, out.as_mut_ptr(), out.len(), err) })
    }
}

const NO_CHUNK: WeirChunk =
    WeirChunk { size: size_of::<WeirChunk>(), present: 0, skipped_codecs: 0, bytes: WeirBytes::EMPTY };

/// Takes over a chunk that the host wrote.
fn taken(chunk: &WeirChunk) -> StoredChunk {
    // SAFETY: the host gave this reference to us, and each chunk is taken once.
    let bytes = unsafe { Bytes::from_raw(chunk.bytes) };
    match chunk.present {
        0 => StoredChunk::Missing,
        _ => StoredChunk::Stored { bytes, skipped_codecs: chunk.skipped_codecs },
    }
}

/// The three arrays of a hyperslab that cross the boundary.
pub(crate) struct Axes {
    start: Vec<u64>,
    count: Vec<u64>,
    step: Vec<u64>,
}

impl Axes {
    pub(crate) fn of(slab: &Hyperslab) -> Self {
        let strides = slab.strides();
        Self {
            start: strides.iter().map(|stride| stride.start).collect(),
            count: strides.iter().map(|stride| stride.count).collect(),
            step: strides.iter().map(|stride| stride.step).collect(),
        }
    }

    pub(crate) fn raw(&self, variable: &str, order: ByteOrder) -> WeirSlab {
        WeirSlab {
            size: size_of::<WeirSlab>(),
            variable: WeirStr::new(variable),
            start: self.start.as_ptr(),
            count: self.count.as_ptr(),
            step: self.step.as_ptr(),
            rank: u32::try_from(self.start.len()).unwrap_or(u32::MAX),
            order: if order == ByteOrder::Big { abi::WEIR_ORDER_BIG } else { abi::WEIR_ORDER_LITTLE },
        }
    }
}

pub(crate) fn unpack_strings(mut packed: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut strings = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let parts = length.and_then(|length| rest.split_at_checked(length));
        let (string, behind) = parts.ok_or_else(|| Error::internal("the host's strings are cut off"))?;
        strings.push(string.to_vec());
        packed = behind;
    }
    if packed.is_empty() { Ok(strings) } else { Err(Error::internal("the host's strings are cut off")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_strings_are_taken_apart() {
        let packed = [&3_u64.to_le_bytes()[..], b"abc", &0_u64.to_le_bytes()[..]].concat();
        assert_eq!(unpack_strings(&packed).unwrap(), [b"abc".to_vec(), vec![]]);
        assert!(unpack_strings(&packed[..10]).is_err());
        assert!(unpack_strings(&u64::MAX.to_le_bytes()).is_err());
    }
}
