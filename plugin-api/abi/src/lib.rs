//! What crosses the boundary between weir and a plugin: plain C, major 1.
//!
//! Every table begins with its own size in bytes. Within a major version fields are only ever appended to the end of a table:
//! never moved, retyped or given another meaning. A reader tests [`holds`] before it uses a field that came with a later
//! minor version, so a plugin and a host of different minors work together in both directions. The major version is part of
//! the entry symbol's name ([`ENTRY_SYMBOL`]).
//!
//! Rules of the boundary:
//! - Arguments are borrowed for the call. Only [`WeirBytes`] crosses as owned memory, with its owner's retain and release
//!   functions, which may be called from any thread at any time: plugins are never unloaded.
//! - Nothing unwinds across: both sides catch.
//! - Functions that can fail return one of the codes below and write a message into the caller's [`WeirErr`]. With any code
//!   but [`WEIR_OK`] the caller ignores, and does not release, what was written to `out`.
//! - A plugin's functions are called on blocking threads, many at once; no async runtime may be assumed.
//!
//! This file is the source of `include/weir_plugin.h`. It must not contain `cfg`: the layout is the same for everybody.
#![no_std]
#![allow(unsafe_code)]

use core::ffi::c_void;

/// Major version: part of the entry symbol's name.
pub const WEIR_ABI_MAJOR: u32 = 1;
/// Minor version: how many times fields were appended.
pub const WEIR_ABI_MINOR: u32 = 5;
/// Marks a table as ours: "WEIRPLG1", least significant byte first.
pub const WEIR_MAGIC: u64 = 0x3147_4c50_5249_4557;
/// The data symbol that a plugin exports: a [`WeirPlugin`].
pub const ENTRY_SYMBOL: &str = "weir_plugin_v1";
/// The ELF section with the manifest note.
pub const NOTE_SECTION: &str = ".note.weir.plugin";
/// The owner name of the manifest note.
pub const NOTE_OWNER: &str = "WEIR";

/// Done.
pub const WEIR_OK: i32 = 0;
/// A body has ended.
pub const WEIR_END: i32 = 1;
/// The client is gone or the deadline has passed; stop working.
pub const WEIR_CANCELLED: i32 = 2;
/// A fault of the called side (HTTP 500).
pub const WEIR_E_INTERNAL: i32 = -1;
/// The called side panicked (HTTP 500).
pub const WEIR_E_PANIC: i32 = -2;
/// What was asked for does not exist (HTTP 404).
pub const WEIR_E_NOT_FOUND: i32 = -3;
/// The request cannot be understood or does not fit the dataset (HTTP 400).
pub const WEIR_E_BAD_REQUEST: i32 = -4;
/// A feature or codec that is not built in (HTTP 501).
pub const WEIR_E_UNSUPPORTED: i32 = -5;
/// More than the configured limit (HTTP 413).
pub const WEIR_E_TOO_LARGE: i32 = -6;
/// A backend does not answer now, or changed while it was read (HTTP 503).
pub const WEIR_E_UNAVAILABLE: i32 = -7;
/// Stored data is damaged (HTTP 500).
pub const WEIR_E_CORRUPT: i32 = -8;
/// Not allowed (HTTP 403).
pub const WEIR_E_FORBIDDEN: i32 = -9;
/// Too slow (HTTP 504).
pub const WEIR_E_TIMEOUT: i32 = -10;

/// Response flag: the bytes stay the same as long as the dataset's generation does. The host adds a strong `ETag`, answers
/// conditional requests, and may keep small bodies.
pub const WEIR_RESPONSE_STABLE: u32 = 1;
/// Response flag: the host may serve byte ranges of this body.
pub const WEIR_RESPONSE_RANGES: u32 = 2;
/// Response flag: this body is worth compressing, although its media type does not tell so. The host compresses responses for
/// clients that ask for it: texts, JSON, XML, and bodies with this flag; never those with [`WEIR_RESPONSE_RANGES`], nor those
/// with a header `content-encoding`. The value `identity` of that header means "leave it alone", and is not sent.
pub const WEIR_RESPONSE_COMPRESSIBLE: u32 = 4;
/// Response flag, with [`WEIR_RESPONSE_STABLE`]: making the body took work, so the host may keep it where it is larger than what
/// it keeps else.
pub const WEIR_RESPONSE_COSTLY: u32 = 8;
/// Response flag, since minor version 2: the answer says nothing new, and the client wants to wait until there is something. The
/// host keeps it back without holding a thread, and calls `handle` again, with the body as the request's `held`, once the
/// dataset may have changed. It sends the answer where the time that it lets requests wait is over. Only for whole bodies of
/// UTF-8 text, in answers to requests for a dataset; a host of an older minor version sends them at once.
pub const WEIR_RESPONSE_HELD: u32 = 16;

/// Flag of `catalog_entries`: what lies in a folder of the one that is asked for is one entry, the folder.
pub const WEIR_ENTRIES_FOLDED: u32 = 1;

/// State of a chunk's place: it was proven that nothing is stored, so every element is the fill value.
pub const WEIR_PLACE_MISSING: u32 = 0;
/// State of a chunk's place: a range of a file.
pub const WEIR_PLACE_RANGE: u32 = 1;
/// State of a chunk's place: no range of any file; the bytes stand in metadata, or were decoded or put together.
pub const WEIR_PLACE_ELSEWHERE: u32 = 2;

/// Source of a place: the file that the dataset is.
pub const WEIR_SOURCE_OWN: u32 = 0;
/// Source of a place: the file of the dataset whose id is the source's name.
pub const WEIR_SOURCE_DATASET: u32 = 1;
/// Source of a place: the URL that is the source's name, which anybody can read.
pub const WEIR_SOURCE_URL: u32 = 2;
/// Source of a place: a file that has no name for clients.
pub const WEIR_SOURCE_UNNAMED: u32 = 3;

/// Flag of `dataset_chunk_place`: the stored bytes are wanted, too.
pub const WEIR_PLACE_WITH_BYTES: u32 = 1;

/// Byte order: least significant byte first.
pub const WEIR_ORDER_LITTLE: u32 = 0;
/// Byte order: most significant byte first.
pub const WEIR_ORDER_BIG: u32 = 1;

/// Log level: error.
pub const WEIR_LOG_ERROR: u32 = 1;
/// Log level: warning.
pub const WEIR_LOG_WARN: u32 = 2;
/// Log level: information.
pub const WEIR_LOG_INFO: u32 = 3;
/// Log level: debugging.
pub const WEIR_LOG_DEBUG: u32 = 4;

/// UTF-8 text, borrowed for the call; not ended by NUL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirStr {
    /// The first byte; may be null where `len` is 0.
    pub ptr: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// One HTTP header.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirHeader {
    /// The name, as received.
    pub name: WeirStr,
    /// The value, as received.
    pub value: WeirStr,
}

/// How the owner of a [`WeirBytes`] counts references; callable from any thread.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirBytesTable {
    /// Size of this table.
    pub size: usize,
    /// One more reference.
    pub retain: unsafe extern "C" fn(owner: *mut c_void),
    /// One reference less; the last one frees.
    pub release: unsafe extern "C" fn(owner: *mut c_void),
}

/// Bytes with a reference count.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirBytes {
    /// The first byte; may be null where `len` is 0.
    pub ptr: *const u8,
    /// Number of bytes.
    pub len: usize,
    /// Given back to the table's functions.
    pub owner: *mut c_void,
    /// How references are counted; null for bytes that live as long as the process.
    pub table: *const WeirBytesTable,
}

/// Where the called side writes what went wrong.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirErr {
    /// Size of this struct.
    pub size: usize,
    /// Room for the message.
    pub ptr: *mut u8,
    /// Bytes of room.
    pub capacity: usize,
    /// Bytes written: UTF-8, cut at `capacity`.
    pub len: usize,
}

/// A request, valid for the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirRequest {
    /// Size of this struct.
    pub size: usize,
    /// `GET`, `HEAD`, ...
    pub method: WeirStr,
    /// The path, as received.
    pub path: WeirStr,
    /// The query, as received, without the question mark.
    pub query: WeirStr,
    /// The headers.
    pub headers: *const WeirHeader,
    /// Number of headers.
    pub n_headers: usize,
    /// The request's id, for logs and error bodies.
    pub id: WeirStr,
    /// The public base URL of the server, without a trailing slash.
    pub base_url: WeirStr,
    /// The dataset's id, percent-decoded; empty for a server-wide route.
    pub dataset: WeirStr,
    /// What `{rest}` of the route stands for, percent-decoded; empty without one.
    pub rest: WeirStr,
    /// Which of the plugin's routes matched: its place in the list that `routes` returned.
    pub route: u32,
    /// Zero.
    pub reserved: u32,
    /// The host's handle of this request, for its services.
    pub context: *mut c_void,
    /// Since minor version 2. The body of the plugin's answer to this very request that the host kept back
    /// ([`WEIR_RESPONSE_HELD`]); empty where it kept none.
    pub held: WeirStr,
}

/// A hyperslab of a variable: three numbers per axis, slowest axis first.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirSlab {
    /// Size of this struct.
    pub size: usize,
    /// The variable's path.
    pub variable: WeirStr,
    /// First index of each axis.
    pub start: *const u64,
    /// Number of indices of each axis.
    pub count: *const u64,
    /// Distance between indices of each axis; at least 1.
    pub step: *const u64,
    /// Number of axes.
    pub rank: u32,
    /// [`WEIR_ORDER_LITTLE`] or [`WEIR_ORDER_BIG`]: the order in which elements are wanted.
    pub order: u32,
}

/// A published dataset, of which the host wants something. Since minor version 5. Valid for the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirPublished {
    /// Size of this struct.
    pub size: usize,
    /// The id under which it is published.
    pub id: WeirStr,
    /// What it was published with: the first byte; may be null where `recipe_length` is 0.
    pub recipe: *const u8,
    /// Number of bytes.
    pub recipe_length: usize,
    /// The generation that is wanted; for `published_describe`, the one that the host knows, or empty.
    pub generation: WeirStr,
    /// The host's handle of the request, for its services. Datasets that are opened with it count as parts of this one: what
    /// is made of itself is refused, and so is what is made of too many one behind the other.
    pub context: *mut c_void,
}

/// A chunk as it is stored. Arrays of it cross the boundary, so it never grows.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirChunk {
    /// Size of this struct.
    pub size: usize,
    /// 1: `bytes` is the stored chunk. 0: it was proven that nothing is stored, so every element is the fill value.
    pub present: u32,
    /// Bit n is set where the variable's n-th codec was not applied to this chunk (HDF5 filter mask).
    pub skipped_codecs: u32,
    /// The stored bytes; a trailing checksum was checked and taken off.
    pub bytes: WeirBytes,
}

/// Where a chunk is stored. Since minor version 1. The plugin fills `size`, and zeros the rest, before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirChunkPlace {
    /// Size of this struct, as the plugin knows it.
    pub size: usize,
    /// `WEIR_PLACE_*`.
    pub state: u32,
    /// Bit n is set where the layout's n-th codec was not applied to this chunk. Where it is not 0, the bytes are not what the
    /// layout says.
    pub skipped_codecs: u32,
    /// `WEIR_SOURCE_*`, of a range.
    pub source_kind: u32,
    /// Zero.
    pub reserved: u32,
    /// The first byte of a range.
    pub offset: u64,
    /// How many bytes are stored.
    pub length: u64,
    /// The source's name, UTF-8, where its kind has one.
    pub source: WeirBytes,
    /// The bytes exactly as they are stored, checksums and all; empty unless they were wanted.
    pub bytes: WeirBytes,
}

/// The original file of a dataset. Since minor version 1. The plugin fills `size`, and zeros the rest, before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirFile {
    /// Size of this struct, as the plugin knows it.
    pub size: usize,
    /// How many bytes it has.
    pub length: u64,
    /// When it was last written, in seconds since 1970; the least number where that is not known.
    pub modified: i64,
    /// 1 where its bytes stay the same as long as the dataset's generation does.
    pub stable: u32,
    /// Zero.
    pub reserved: u32,
    /// Its name without its folder, UTF-8; empty where it has none.
    pub name: WeirBytes,
    /// The URL under which anybody can read it elsewhere, UTF-8; empty where there is none.
    pub url: WeirBytes,
}

/// What a plugin answers. The host fills `size`, and zeros the rest, before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirResponse {
    /// Size of this struct, as the host knows it.
    pub size: usize,
    /// The HTTP status of a success (200 to 399). Failures are returned as codes: the host chooses their status.
    pub status: u32,
    /// `WEIR_RESPONSE_*`.
    pub flags: u32,
    /// Headers, as `name: value\r\n` lines.
    pub headers: WeirBytes,
    /// The whole body, if `body` is null.
    pub bytes: WeirBytes,
    /// A body to be pulled with `body_next`, or null.
    pub body: *mut c_void,
    /// The length of a pulled body, or -1.
    pub length: i64,
}

/// The host's services. Handles are the host's own pointers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirHost {
    /// Size of this table.
    pub size: usize,
    /// The host's major version.
    pub abi_major: u32,
    /// The host's minor version.
    pub abi_minor: u32,
    /// Given back to the services below.
    pub context: *mut c_void,
    /// Writes a log line; `request` may be null.
    pub log: unsafe extern "C" fn(
        context: *mut c_void,
        request: *mut c_void,
        level: u32,
        target: WeirStr,
        message: WeirStr,
    ),
    /// Adds to one of the plugin's counters.
    pub metric_add: unsafe extern "C" fn(context: *mut c_void, name: WeirStr, value: f64),
    /// 1 where the work for `request` is not wanted any more.
    pub cancelled: unsafe extern "C" fn(request: *mut c_void) -> u32,
    /// Milliseconds until the request's deadline; the largest number where there is none.
    pub deadline_ms: unsafe extern "C" fn(request: *mut c_void) -> u64,
    /// The next piece of the request's body, or [`WEIR_END`].
    pub request_body_next:
        unsafe extern "C" fn(request: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32,
    /// Refuses a response of `bytes` bytes where that is more than the site allows. Ask before reading.
    pub admit: unsafe extern "C" fn(
        context: *mut c_void,
        request: *mut c_void,
        bytes: u64,
        err: *mut WeirErr,
    ) -> i32,
    /// Lends the dataset called `id`; give it back with `dataset_close`. Since minor version 3 `request` may be null: the dataset is
    /// then lent to work that nobody waits for.
    pub dataset_open: unsafe extern "C" fn(
        context: *mut c_void,
        request: *mut c_void,
        id: WeirStr,
        out: *mut *mut c_void,
        err: *mut WeirErr,
    ) -> i32,
    /// Gives a dataset back.
    pub dataset_close: unsafe extern "C" fn(dataset: *mut c_void),
    /// The ids that begin with `prefix` and sort behind `after`: at most `limit`, as a JSON array of strings.
    pub dataset_list: unsafe extern "C" fn(
        context: *mut c_void,
        prefix: WeirStr,
        after: WeirStr,
        limit: u32,
        out: *mut WeirBytes,
        err: *mut WeirErr,
    ) -> i32,
    /// The schema as a JSON document (see the plugin guide).
    pub dataset_schema:
        unsafe extern "C" fn(dataset: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32,
    /// The generation: text that changes whenever the data may have changed.
    pub dataset_generation:
        unsafe extern "C" fn(dataset: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32,
    /// Reads elements of a fixed size into `buffer`, whose length must be exactly elements times size.
    pub dataset_read: unsafe extern "C" fn(
        dataset: *mut c_void,
        slab: *const WeirSlab,
        buffer: *mut u8,
        length: usize,
        err: *mut WeirErr,
    ) -> i32,
    /// Reads elements of varying size, such as strings: for each, the length of its packed form as 8 bytes, least significant
    /// first, then its packed form. That of a string is its bytes; of a sequence, its elements one after the other; of a
    /// compound with such a field, its fields without padding. Inside of something else, a string or sequence has a count (8
    /// bytes, least significant first) before it: of its bytes, or of its elements. Numbers are least significant byte first.
    pub dataset_read_strings: unsafe extern "C" fn(
        dataset: *mut c_void,
        slab: *const WeirSlab,
        out: *mut WeirBytes,
        err: *mut WeirErr,
    ) -> i32,
    /// Proves that every chunk of the slab can be decoded; afterwards a read of it fails only if the disk does.
    pub dataset_verify:
        unsafe extern "C" fn(dataset: *mut c_void, slab: *const WeirSlab, err: *mut WeirErr) -> i32,
    /// One chunk as it is stored; `index` has `rank` numbers.
    pub dataset_chunk: unsafe extern "C" fn(
        dataset: *mut c_void,
        variable: WeirStr,
        index: *const u64,
        rank: u32,
        out: *mut WeirChunk,
        err: *mut WeirErr,
    ) -> i32,
    /// `count` chunks of one variable, fetched at the same time: `indexes` holds `count` times `rank` numbers, `out` has room
    /// for `count` chunks. Where one fails, none is given.
    pub dataset_chunks: unsafe extern "C" fn(
        dataset: *mut c_void,
        variable: WeirStr,
        indexes: *const u64,
        rank: u32,
        count: usize,
        out: *mut WeirChunk,
        err: *mut WeirErr,
    ) -> i32,
    /// Memory of the host's, for a body: returns where to write, or null. `out` owns it.
    pub bytes_alloc:
        unsafe extern "C" fn(context: *mut c_void, length: usize, out: *mut WeirBytes) -> *mut u8,
    /// Since minor version 1. How a variable's stored bytes are laid out, for those who pass them on as they are: a JSON object
    /// with the members `chunk_shape`, `codecs`, `big_endian` and `fill` of a variable in the schema document. Its chunks may
    /// be others than the schema's; each is whole, and one range of a file. `WEIR_E_UNSUPPORTED` says why there is none. A host of
    /// minor version 0 has a smaller table, which ends before this field.
    pub dataset_layout: Option<
        unsafe extern "C" fn(
            dataset: *mut c_void,
            variable: WeirStr,
            out: *mut WeirBytes,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 1. Where a chunk of the layout is stored; `index` has `rank` numbers, `flags` are
    /// `WEIR_PLACE_WITH_*`. Without flags nothing of the data is read.
    pub dataset_chunk_place: Option<
        unsafe extern "C" fn(
            dataset: *mut c_void,
            variable: WeirStr,
            index: *const u64,
            rank: u32,
            flags: u32,
            out: *mut WeirChunkPlace,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 1. The original file of a dataset; `WEIR_E_NOT_FOUND` where it is not one file.
    pub dataset_file:
        Option<unsafe extern "C" fn(dataset: *mut c_void, out: *mut WeirFile, err: *mut WeirErr) -> i32>,
    /// Since minor version 1. Reads exactly `length` bytes of the original file from `offset` on, all of one state of it.
    pub dataset_file_read: Option<
        unsafe extern "C" fn(
            dataset: *mut c_void,
            offset: u64,
            buffer: *mut u8,
            length: usize,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 3. A number that is another one whenever datasets came or went.
    pub catalog_version: Option<unsafe extern "C" fn(context: *mut c_void) -> u64>,
    /// Since minor version 3. As `dataset_list`, with what is known without opening a dataset: a JSON array of objects with the
    /// members `id`, `bytes` and `modified` (seconds since 1970; both absent where they are not known). With
    /// `WEIR_ENTRIES_FOLDED`, `prefix` is a folder (empty, or ending with a slash), and each folder in it is one object with
    /// the member `folder`, its path with a slash at its end.
    pub catalog_entries: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            prefix: WeirStr,
            after: WeirStr,
            limit: u32,
            flags: u32,
            out: *mut WeirBytes,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 3. What the server is, and what its plugins serve, as a JSON document (see the plugin guide); not
    /// before all plugins were created.
    pub server_facts:
        Option<unsafe extern "C" fn(context: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32>,
    /// Since minor version 4. What is not served although it was meant to be, as a JSON object with the members `datasets`
    /// (that cannot be opened), `files` (that are no datasets) and `plugins` (that were refused): arrays of objects with the
    /// members `name` and `reason`.
    pub server_troubles:
        Option<unsafe extern "C" fn(context: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32>,
    /// Since minor version 5. Makes known a dataset that this plugin answers for, by the functions `published_*` of its table, from
    /// `length` bytes at `recipe`, which mean what the plugin wants. It lives until nobody has asked for it for `seconds`, or
    /// without an end where that is the largest number. To publish it again with the same recipe renews it; with another one,
    /// it is another dataset from then on. `WEIR_E_BAD_REQUEST` for an id that something else has, or that is none;
    /// `WEIR_E_TOO_LARGE` for a recipe that is too long; `WEIR_E_UNAVAILABLE` where there are as many as may be.
    pub dataset_publish: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            id: WeirStr,
            recipe: *const u8,
            length: usize,
            seconds: u64,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 5. Ends a dataset that this plugin published; what was opened of it may be used on.
    /// `WEIR_E_NOT_FOUND` where there is none.
    pub dataset_withdraw:
        Option<unsafe extern "C" fn(context: *mut c_void, id: WeirStr, err: *mut WeirErr) -> i32>,
}

/// A plugin. Exported as a data symbol, so reading it runs no code.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WeirPlugin {
    /// Size of this table.
    pub size: usize,
    /// [`WEIR_ABI_MAJOR`] that it was built against.
    pub abi_major: u32,
    /// [`WEIR_ABI_MINOR`] that it was built against.
    pub abi_minor: u32,
    /// The least minor version of a host that it can live with.
    pub min_host_minor: u32,
    /// Zero.
    pub flags: u32,
    /// [`WEIR_MAGIC`].
    pub magic: u64,
    /// [`WEIR_LAYOUT_HASH`] that it was built against: tells an edited header or another target.
    pub layout_hash: u64,
    /// The name: lower case, unique in a server; configuration and metrics use it.
    pub name: WeirStr,
    /// The version, for people.
    pub version: WeirStr,
    /// Makes an instance from JSON configuration text. `host` stays valid for ever.
    pub create: unsafe extern "C" fn(
        host: *const WeirHost,
        config: WeirStr,
        out: *mut *mut c_void,
        err: *mut WeirErr,
    ) -> i32,
    /// Ends an instance; bodies and bytes it handed out may outlive it.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// The routes: one `METHOD[,METHOD] pattern` a line. A pattern is a path in which `{id}`, the id of a dataset, may stand once
    /// at the beginning of a segment (`/datasets/{id}/name`, `/name/{id}.suffix`, `/name/{id}`), and `{rest}`, everything
    /// below, as the last segment. `HEAD` comes with `GET`.
    pub routes: unsafe extern "C" fn(instance: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32,
    /// Answers a request.
    pub handle: unsafe extern "C" fn(
        instance: *mut c_void,
        request: *const WeirRequest,
        out: *mut WeirResponse,
        err: *mut WeirErr,
    ) -> i32,
    /// Optional: the protocol's own error body for a status that the host has chosen.
    pub render_error: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            request: *const WeirRequest,
            status: u32,
            message: WeirStr,
            out: *mut WeirResponse,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// The next piece of a body, or [`WEIR_END`].
    pub body_next: unsafe extern "C" fn(body: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32,
    /// Ends a body.
    pub body_drop: unsafe extern "C" fn(body: *mut c_void),
    /// Optional: run once after `create`.
    pub self_test: Option<unsafe extern "C" fn(instance: *mut c_void, err: *mut WeirErr) -> i32>,
    /// Since minor version 1. Optional: restricts a body of a known length, of a response with `WEIR_RESPONSE_RANGES`, to
    /// `length` bytes from `offset` on, before its first piece is pulled. Where it fails the body is as before.
    pub body_range:
        Option<unsafe extern "C" fn(body: *mut c_void, offset: u64, length: u64, err: *mut WeirErr) -> i32>,
    /// Since minor version 3. Optional: what the routes are for, as a JSON array with one object for each route, in their order. Its
    /// members, which may be left out: `summary` (text), `parameters` (objects of OpenAPI 3.1) and `responses` (an object
    /// of OpenAPI 3.1).
    pub describe:
        Option<unsafe extern "C" fn(instance: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32>,
    /// Since minor version 5. Optional, and needed of those that publish datasets: what a published dataset holds now, as a schema
    /// document (see the plugin guide), and its generation, text that changes with whatever it is made of. The schema is left
    /// empty where the generation is the one that the host knows. Variables have no codecs; their chunks are those in which
    /// they are best asked for. It is called often, and should take little time.
    pub published_describe: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            published: *const WeirPublished,
            generation: *mut WeirBytes,
            schema: *mut WeirBytes,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 5. Optional, as above: elements of a fixed size, row-major, into `buffer`, all `length` bytes of it, of the
    /// generation that is wanted; `WEIR_E_UNAVAILABLE` where there is another by now.
    pub published_read: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            published: *const WeirPublished,
            slab: *const WeirSlab,
            buffer: *mut u8,
            length: usize,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 5. Optional: elements of varying size, as `dataset_read_strings` gives them.
    pub published_read_strings: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            published: *const WeirPublished,
            slab: *const WeirSlab,
            out: *mut WeirBytes,
            err: *mut WeirErr,
        ) -> i32,
    >,
    /// Since minor version 5. Optional: how many bytes of memory `published_read` takes for a hyperslab, beside the buffer, and beside
    /// what the host takes to read of other datasets for it. Without it, none.
    pub published_memory: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            published: *const WeirPublished,
            slab: *const WeirSlab,
            out: *mut u64,
            err: *mut WeirErr,
        ) -> i32,
    >,
}

// SAFETY: a plugin's table is immutable after linking; its function pointers may be called from any thread by contract.
unsafe impl Sync for WeirPlugin {}
// SAFETY: as above; the text it points to is static.
unsafe impl Send for WeirPlugin {}
// SAFETY: the host's services may be called from any thread by contract, and the table never changes.
unsafe impl Sync for WeirHost {}
// SAFETY: as above.
unsafe impl Send for WeirHost {}
// SAFETY: retain and release may be called from any thread by contract; the bytes themselves never change.
unsafe impl Send for WeirBytes {}
// SAFETY: as above.
unsafe impl Sync for WeirBytes {}
// SAFETY: static text and functions that are callable from any thread.
unsafe impl Sync for WeirBytesTable {}

impl WeirStr {
    /// Borrows text. The result must not outlive it.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }
}

impl WeirBytes {
    /// No bytes, no owner.
    pub const EMPTY: Self =
        Self { ptr: core::ptr::null(), len: 0, owner: core::ptr::null_mut(), table: core::ptr::null() };
}

/// Whether a table of `size` bytes holds a field of `width` bytes at `offset`.
#[must_use]
pub const fn holds(size: usize, offset: usize, width: usize) -> bool {
    match offset.checked_add(width) {
        Some(end) => size >= end,
        None => false,
    }
}

/// A number that changes with any size or offset of minor version 0's tables.
pub const WEIR_LAYOUT_HASH: u64 = layout_hash();

const fn layout_hash() -> u64 {
    use core::mem::{offset_of, size_of};
    let facts = [
        size_of::<usize>(),
        size_of::<WeirStr>(),
        size_of::<WeirHeader>(),
        size_of::<WeirBytesTable>(),
        size_of::<WeirBytes>(),
        size_of::<WeirErr>(),
        // As it was in minor version 0, which ended there.
        offset_of!(WeirRequest, held),
        offset_of!(WeirRequest, route),
        offset_of!(WeirRequest, context),
        size_of::<WeirSlab>(),
        offset_of!(WeirSlab, rank),
        size_of::<WeirChunk>(),
        offset_of!(WeirChunk, bytes),
        size_of::<WeirResponse>(),
        offset_of!(WeirResponse, bytes),
        offset_of!(WeirResponse, length),
        offset_of!(WeirHost, context),
        offset_of!(WeirHost, dataset_open),
        offset_of!(WeirHost, dataset_chunks),
        offset_of!(WeirHost, bytes_alloc),
        offset_of!(WeirPlugin, magic),
        offset_of!(WeirPlugin, name),
        offset_of!(WeirPlugin, create),
        offset_of!(WeirPlugin, self_test),
    ];
    // FNV-1a over the facts: small, and a const fn.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < facts.len() {
        hash = (hash ^ facts[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}
