//! The host's side of the boundary: how a server holds a plugin, linked in or loaded, in safe Rust.

use std::ffi::c_void;
use std::mem::{MaybeUninit, offset_of};
use std::sync::Arc;

use weir_plugin_abi as abi;
use weir_plugin_abi::{
    WeirBytes, WeirHeader, WeirHost, WeirPlugin, WeirRequest, WeirResponse, WeirStr, holds,
};

use crate::error::Message;
use crate::lent::RequestContext;
use crate::request::text;
use crate::{Bytes, Description, Error, Route};

pub use crate::guest_publish::Recipe;

/// A request on its way to a plugin.
#[derive(Clone)]
pub struct Incoming {
    /// `GET`, `HEAD`, ...
    pub method: String,
    /// The path, as received.
    pub path: String,
    /// The query, as received, without the question mark.
    pub query: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The public base URL, without a trailing slash.
    pub base_url: String,
    /// The dataset's id, percent-decoded; empty for a server-wide route.
    pub dataset: String,
    /// What `{rest}` stands for, percent-decoded.
    pub rest: String,
    /// Which of the plugin's routes matched.
    pub route: usize,
    /// What the host knows of the request.
    pub context: Arc<RequestContext>,
    /// The body of the answer to this very request that was kept back; empty where there was none.
    pub held: String,
}

/// A plugin's answer.
#[derive(Debug)]
pub struct Answer {
    /// The status of a success.
    pub status: u16,
    /// Whether the bytes stay the same as long as the dataset's generation does.
    pub stable: bool,
    /// Whether byte ranges may be served.
    pub ranges: bool,
    /// Whether the body is worth compressing, although its media type does not tell so.
    pub compressible: bool,
    /// Whether making it took work.
    pub costly: bool,
    /// Whether it is to be kept back until the dataset may have changed: it says nothing new.
    pub held: bool,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub content: AnswerContent,
}

/// The content of an [`Answer`].
#[derive(Debug)]
pub enum AnswerContent {
    /// All of it.
    Full(Bytes),
    /// To be pulled.
    Stream {
        /// Its exact length, where it is known.
        length: Option<u64>,
        /// The body.
        body: GuestBody,
    },
}

/// The first function that a table must have and has not. A null pointer is no value of a Rust function type, so the
/// places are looked at as numbers.
fn missing_function(table: &WeirPlugin) -> Option<&'static str> {
    let places = [
        ("create", offset_of!(WeirPlugin, create)),
        ("destroy", offset_of!(WeirPlugin, destroy)),
        ("routes", offset_of!(WeirPlugin, routes)),
        ("handle", offset_of!(WeirPlugin, handle)),
        ("body_next", offset_of!(WeirPlugin, body_next)),
        ("body_drop", offset_of!(WeirPlugin, body_drop)),
    ];
    let is_null = |offset: usize| {
        // SAFETY: the offsets are those of pointer-sized fields inside the table.
        unsafe { (&raw const *table).cast::<u8>().add(offset).cast::<usize>().read() == 0 }
    };
    places.into_iter().find(|&(_, offset)| is_null(offset)).map(|(name, _)| name)
}

/// The name in a plugin's table.
///
/// # Errors
/// As [`check_table`].
pub fn name_of(table: &'static WeirPlugin) -> Result<&'static str, String> {
    check_table(table)?;
    // SAFETY: a checked table's text is static.
    Ok(unsafe { text(table.name) })
}

/// A plugin's instance.
#[derive(Debug)]
pub struct Guest {
    pub(crate) table: &'static WeirPlugin,
    pub(crate) instance: *mut c_void,
}

// SAFETY: a plugin's functions may be called from any thread, many at once, by contract.
unsafe impl Send for Guest {}
// SAFETY: as above.
unsafe impl Sync for Guest {}

impl Drop for Guest {
    fn drop(&mut self) {
        // SAFETY: the instance is valid and given up once; its library is never unloaded.
        unsafe { (self.table.destroy)(self.instance) }
    }
}

/// Takes over a plugin's table of any minor version, which may be smaller than the one that is known here.
///
/// # Errors
/// As [`check_table`].
///
/// # Safety
/// `table` points to as many readable bytes as the table of minor version 0 has, and, if they begin as a plugin's table does,
/// to as many as it says; they live for ever.
pub unsafe fn adopt(table: *const WeirPlugin) -> Result<&'static WeirPlugin, String> {
    // SAFETY: by this function's contract; nothing but numbers at the beginning is read.
    let (size, magic) = unsafe { ((&raw const (*table).size).read(), (&raw const (*table).magic).read()) };
    let mut whole = Box::new(MaybeUninit::<WeirPlugin>::zeroed());
    // What is not a table is copied only as far as there is something, to be refused.
    let known =
        if magic == abi::WEIR_MAGIC { size.clamp(LEAST_TABLE, size_of::<WeirPlugin>()) } else { LEAST_TABLE };
    // SAFETY: `known` bytes are there, and no more than in `whole`. What is not there stays zero, which means `None` in every
    // field that came after minor version 0.
    let whole = unsafe {
        std::ptr::copy_nonoverlapping(table.cast::<u8>(), whole.as_mut_ptr().cast::<u8>(), known);
        Box::leak(whole).assume_init_ref()
    };
    check_table(whole).map(|()| whole)
}

/// Bytes of the table of minor version 0.
const LEAST_TABLE: usize = offset_of!(WeirPlugin, self_test) + size_of::<usize>();

/// Checks a plugin's table before any of its code runs.
///
/// # Errors
/// Why this host cannot work with it.
pub fn check_table(table: &WeirPlugin) -> Result<(), String> {
    // Only the first fields are read until the size is known to be right.
    if table.magic != abi::WEIR_MAGIC {
        return Err(
            "its table does not begin as a weir plugin's does; rebuild it against weir_plugin.h".to_owned()
        );
    }
    if table.abi_major != abi::WEIR_ABI_MAJOR {
        return Err(format!(
            "it speaks ABI {}, this server speaks ABI {}",
            table.abi_major,
            abi::WEIR_ABI_MAJOR
        ));
    }
    let least = LEAST_TABLE;
    if !holds(table.size, 0, least) {
        return Err(format!("its table has {} bytes, but {least} are needed", table.size));
    }
    if let Some(name) = missing_function(table) {
        return Err(format!(
            "its table has no function {name}; all but render_error and self_test are needed"
        ));
    }
    if table.min_host_minor > abi::WEIR_ABI_MINOR {
        let (needs, has) = (table.min_host_minor, abi::WEIR_ABI_MINOR);
        return Err(format!("it needs ABI 1.{needs}, this server speaks ABI 1.{has}; upgrade the server"));
    }
    // The hash is of minor version 0, which all others begin with.
    if table.layout_hash != abi::WEIR_LAYOUT_HASH {
        return Err(
            "its tables are laid out differently; rebuild it against the unchanged weir_plugin.h".to_owned()
        );
    }
    Ok(())
}

impl Guest {
    /// Makes an instance and tests it.
    ///
    /// # Errors
    /// What the plugin says of its configuration or of its self-test, or why its table cannot be used.
    pub fn create(table: &'static WeirPlugin, host: &'static WeirHost, config: &str) -> Result<Self, Error> {
        check_table(table).map_err(Error::internal)?;
        let mut instance = std::ptr::null_mut();
        // SAFETY: the table was checked; arguments live through the call, and the host for ever.
        let call = |err| unsafe { (table.create)(host, WeirStr::new(config), &raw mut instance, err) };
        Message::new().call(call)?;
        let guest = Self { table, instance };
        guest.self_test()?;
        Ok(guest)
    }

    fn self_test(&self) -> Result<(), Error> {
        let Some(self_test) = self.table.self_test else { return Ok(()) };
        // SAFETY: the instance is valid.
        Message::new().call(|err| unsafe { self_test(self.instance, err) }).map(drop)
    }

    /// The plugin's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        // SAFETY: a table's text is static.
        unsafe { text(self.table.name) }
    }

    /// The plugin's version.
    #[must_use]
    pub fn version(&self) -> &'static str {
        // SAFETY: a table's text is static.
        unsafe { text(self.table.version) }
    }

    /// The ABI version that it was built against, as `major.minor`.
    #[must_use]
    pub fn abi(&self) -> String {
        format!("{}.{}", self.table.abi_major, self.table.abi_minor)
    }

    /// What it serves.
    ///
    /// # Errors
    /// Where it cannot say, or says what is not a route.
    pub fn routes(&self) -> Result<Vec<Route>, Error> {
        let mut out = WeirBytes::EMPTY;
        // SAFETY: the instance is valid; `out` is room for the result.
        Message::new().call(|err| unsafe { (self.table.routes)(self.instance, &raw mut out, err) })?;
        // SAFETY: the plugin gave this reference to us.
        let lines = unsafe { Bytes::from_raw(out) };
        let lines = String::from_utf8_lossy(&lines);
        let routes = lines.lines().map(|line| Route::parse(line).map_err(|e| Error::internal(e.to_string())));
        let mut routes: Vec<Route> = routes.collect::<Result<_, _>>()?;
        for (route, description) in routes.iter_mut().zip(self.descriptions()?) {
            route.description = description;
        }
        Ok(routes)
    }

    /// What the routes are for, in their order; nothing of plugins that do not say.
    fn descriptions(&self) -> Result<Vec<Description>, Error> {
        let Some(describe) = self.table.describe else { return Ok(vec![]) };
        let mut out = WeirBytes::EMPTY;
        // SAFETY: the instance is valid; `out` is room for the result.
        Message::new().call(|err| unsafe { describe(self.instance, &raw mut out, err) })?;
        // SAFETY: the plugin gave this reference to us.
        let document = unsafe { Bytes::from_raw(out) };
        let described: Vec<serde_json::Value> = serde_json::from_slice(&document)
            .map_err(|e| Error::internal(format!("what it says of its routes is not JSON: {e}")))?;
        Ok(described.iter().map(Description::from_json).collect())
    }

    /// Lets the plugin answer. Blocks.
    ///
    /// # Errors
    /// What the plugin says; a panic is an error of kind `Panic`.
    pub fn handle(self: &Arc<Self>, request: &Incoming) -> Result<Answer, Error> {
        let mut out = empty_response();
        with_raw(request, |raw| {
            // SAFETY: the instance is valid; the request and `out` live through the call.
            Message::new().call(|err| unsafe { (self.table.handle)(self.instance, raw, &raw mut out, err) })
        })?;
        let answer = self.answer(&out);
        if !(200..400).contains(&answer.status) {
            let status = answer.status;
            return Err(Error::internal(format!(
                "{} answered with status {status}, which is no success",
                self.name()
            )));
        }
        Ok(answer)
    }

    /// The protocol's own body for an error status, if the plugin has one.
    #[must_use]
    pub fn render_error(self: &Arc<Self>, request: &Incoming, status: u16, message: &str) -> Option<Answer> {
        let render = self.table.render_error?;
        let mut out = empty_response();
        let (status, message) = (u32::from(status), WeirStr::new(message));
        let rendered = with_raw(request, |raw| {
            // SAFETY: as in `handle`.
            Message::new()
                .call(|err| unsafe { render(self.instance, raw, status, message, &raw mut out, err) })
        });
        rendered.ok().map(|_| self.answer(&out))
    }

    fn answer(self: &Arc<Self>, out: &WeirResponse) -> Answer {
        // SAFETY: the plugin gave these references to us.
        let (headers, bytes) = unsafe { (Bytes::from_raw(out.headers), Bytes::from_raw(out.bytes)) };
        let content = if out.body.is_null() {
            AnswerContent::Full(bytes)
        } else {
            let body = GuestBody { guest: Arc::clone(self), body: out.body, ended: false };
            AnswerContent::Stream { length: u64::try_from(out.length).ok(), body }
        };
        Answer {
            status: u16::try_from(out.status).unwrap_or(500),
            stable: out.flags & abi::WEIR_RESPONSE_STABLE != 0,
            ranges: out.flags & abi::WEIR_RESPONSE_RANGES != 0,
            compressible: out.flags & abi::WEIR_RESPONSE_COMPRESSIBLE != 0,
            costly: out.flags & abi::WEIR_RESPONSE_COSTLY != 0,
            held: out.flags & abi::WEIR_RESPONSE_HELD != 0,
            headers: parse_headers(&headers),
            content,
        }
    }
}

fn empty_response() -> WeirResponse {
    WeirResponse {
        size: size_of::<WeirResponse>(),
        status: 0,
        flags: 0,
        headers: WeirBytes::EMPTY,
        bytes: WeirBytes::EMPTY,
        body: std::ptr::null_mut(),
        length: -1,
    }
}

/// Views a request as C for the length of a call.
fn with_raw<T>(request: &Incoming, call: impl FnOnce(*const WeirRequest) -> T) -> T {
    let view = |(name, value): &(String, String)| WeirHeader {
        name: WeirStr::new(name),
        value: WeirStr::new(value),
    };
    let headers: Vec<WeirHeader> = request.headers.iter().map(view).collect();
    let raw = WeirRequest {
        size: size_of::<WeirRequest>(),
        method: WeirStr::new(&request.method),
        path: WeirStr::new(&request.path),
        query: WeirStr::new(&request.query),
        headers: headers.as_ptr(),
        n_headers: headers.len(),
        id: WeirStr::new(request.context.id()),
        base_url: WeirStr::new(&request.base_url),
        dataset: WeirStr::new(&request.dataset),
        rest: WeirStr::new(&request.rest),
        route: u32::try_from(request.route).unwrap_or(u32::MAX),
        reserved: 0,
        context: Arc::as_ptr(&request.context).cast_mut().cast(),
        held: WeirStr::new(&request.held),
    };
    call(&raw const raw)
}

fn parse_headers(lines: &[u8]) -> Vec<(String, String)> {
    let lines = String::from_utf8_lossy(lines);
    let pairs = lines.split("\r\n").filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// A body that a plugin is asked for piece by piece.
#[derive(Debug)]
pub struct GuestBody {
    guest: Arc<Guest>,
    body: *mut c_void,
    ended: bool,
}

// SAFETY: a body may be pulled from any thread, one at a time, by contract.
unsafe impl Send for GuestBody {}

impl GuestBody {
    /// Whether the plugin may be asked for a part of the body.
    #[must_use]
    pub fn gives_parts(&self) -> bool {
        self.guest.table.body_range.is_some()
    }

    /// Restricts the body to a part of its bytes, before its first piece is pulled.
    ///
    /// # Errors
    /// `Unsupported` where the plugin cannot, and whatever else it says; the body is then as before.
    pub fn restrict(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let restrict = self.guest.table.body_range;
        let restrict = restrict.ok_or_else(|| Error::unsupported("the plugin gives no parts of bodies"))?;
        // SAFETY: the body is valid, and restricted through an exclusive reference.
        Message::new().call(|err| unsafe { restrict(self.body, offset, length, err) })
    }

    /// The next piece, or `None` at the end. Blocks.
    ///
    /// # Errors
    /// What the plugin says; the body is then over.
    pub fn pull(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut out = WeirBytes::EMPTY;
        // SAFETY: the body is valid, and pulled through an exclusive reference; `out` is room for the result.
        let call = |err| unsafe { (self.guest.table.body_next)(self.body, &raw mut out, err) };
        let more = Message::new().pull(call).inspect_err(|_| self.ended = true)?;
        self.ended = !more;
        // SAFETY: the plugin gave this reference to us.
        Ok(more.then(|| unsafe { Bytes::from_raw(out) }))
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        // SAFETY: the body is valid and given up once.
        unsafe { (self.guest.table.body_drop)(self.body) }
    }
}
