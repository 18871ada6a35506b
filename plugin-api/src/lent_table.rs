//! The host's C table over [`Services`]: the functions that plugins call.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use weir_model::{ByteOrder, Hyperslab, Stride};
use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirChunk, WeirErr, WeirHost, WeirSlab, WeirStr};

use crate::error::report;
use crate::lent::{LentDataset, RequestContext, Services, StoredChunk};
use crate::lent_catalog::{catalog_entries, catalog_version, server_facts, server_troubles};
use crate::lent_place::{dataset_chunk_place, dataset_file, dataset_file_read, dataset_layout};
use crate::lent_publish::{dataset_publish, dataset_withdraw};
use crate::request::text;
use crate::{Bytes, Error, ErrorKind, LogLevel};

/// Behind [`WeirHost::context`].
pub(crate) struct Context {
    pub(crate) services: Arc<dyn Services>,
    pub(crate) plugin: String,
}

/// Behind a dataset handle.
pub(crate) struct Lent {
    pub(crate) dataset: Box<dyn LentDataset>,
    request: Arc<RequestContext>,
}

/// The table for one plugin. It lives for ever, as plugins do.
#[must_use]
pub fn host_table(services: Arc<dyn Services>, plugin: &str) -> &'static WeirHost {
    let context = Box::leak(Box::new(Context { services, plugin: plugin.to_owned() }));
    Box::leak(Box::new(WeirHost {
        size: size_of::<WeirHost>(),
        abi_major: abi::WEIR_ABI_MAJOR,
        abi_minor: abi::WEIR_ABI_MINOR,
        context: (&raw mut *context).cast(),
        log,
        metric_add,
        cancelled,
        deadline_ms,
        request_body_next,
        admit,
        dataset_open,
        dataset_close,
        dataset_list,
        dataset_schema,
        dataset_generation,
        dataset_read,
        dataset_read_strings,
        dataset_verify,
        dataset_chunk,
        dataset_chunks,
        bytes_alloc,
        dataset_layout: Some(dataset_layout),
        dataset_chunk_place: Some(dataset_chunk_place),
        dataset_file: Some(dataset_file),
        dataset_file_read: Some(dataset_file_read),
        catalog_version: Some(catalog_version),
        catalog_entries: Some(catalog_entries),
        server_facts: Some(server_facts),
        server_troubles: Some(server_troubles),
        dataset_publish: Some(dataset_publish),
        dataset_withdraw: Some(dataset_withdraw),
    }))
}

/// Runs a service: nothing unwinds into the plugin, errors become a code and a message.
pub(crate) fn service(err: *mut WeirErr, f: impl FnOnce() -> Result<i32, Error>) -> i32 {
    let panicked = |_| Err(Error::new(ErrorKind::Panic, "the host panicked; its log says where"));
    match catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(panicked) {
        Ok(code) => code,
        // SAFETY: a plugin passes null or a valid error struct.
        Err(error) => unsafe { report(&error, err) },
    }
}

/// # Safety
/// `context` is the context of a table made by [`host_table`].
pub(crate) unsafe fn context<'a>(context: *mut c_void) -> &'a Context {
    // SAFETY: by this function's contract; contexts are never freed.
    unsafe { &*context.cast::<Context>() }
}

/// # Safety
/// `request` is null, or the context of a request that is being handled.
unsafe fn request<'a>(request: *mut c_void) -> Option<&'a RequestContext> {
    // SAFETY: by this function's contract.
    unsafe { request.cast::<RequestContext>().as_ref() }
}

/// # Safety
/// `dataset` came from `dataset_open` and was not closed.
pub(crate) unsafe fn lent<'a>(dataset: *mut c_void) -> Result<&'a Lent, Error> {
    // SAFETY: by this function's contract.
    let lent = unsafe { dataset.cast::<Lent>().as_ref() };
    let lent = lent.ok_or_else(|| Error::internal("a plugin passed no dataset to a dataset service"))?;
    if lent.request.is_cancelled() {
        return Err(Error::new(ErrorKind::Cancelled, "the request was cancelled or its time is over"));
    }
    Ok(lent)
}

/// Hands bytes to the plugin.
///
/// # Safety
/// `out` points to room for a [`WeirBytes`].
pub(crate) unsafe fn give(bytes: impl Into<Bytes>, out: *mut WeirBytes) -> Result<i32, Error> {
    if out.is_null() {
        return Err(Error::internal("a plugin passed no room for a result"));
    }
    // SAFETY: by this function's contract.
    unsafe { out.write(bytes.into().into_raw()) };
    Ok(abi::WEIR_OK)
}

unsafe extern "C" fn log(host: *mut c_void, of: *mut c_void, level: u32, target: WeirStr, message: WeirStr) {
    service(std::ptr::null_mut(), || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, request, target, message) =
            unsafe { (context(host), request(of), text(target), text(message)) };
        let level = LogLevel::from_code(level);
        context.services.log(&context.plugin, request, level, target, message);
        Ok(abi::WEIR_OK)
    });
}

unsafe extern "C" fn metric_add(host: *mut c_void, name: WeirStr, value: f64) {
    service(std::ptr::null_mut(), || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, name) = unsafe { (context(host), text(name)) };
        context.services.metric_add(&context.plugin, name, value);
        Ok(abi::WEIR_OK)
    });
}

unsafe extern "C" fn cancelled(of: *mut c_void) -> u32 {
    // SAFETY: the arguments follow the rules of the boundary.
    u32::from(unsafe { request(of) }.is_some_and(RequestContext::is_cancelled))
}

unsafe extern "C" fn deadline_ms(of: *mut c_void) -> u64 {
    // SAFETY: the arguments follow the rules of the boundary.
    let left = unsafe { request(of) }.and_then(RequestContext::time_left);
    left.map_or(u64::MAX, |left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
}

unsafe extern "C" fn request_body_next(of: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        match unsafe { request(of) }.map_or(Ok(None), RequestContext::body_next)? {
            // SAFETY: as above.
            Some(piece) => unsafe { give(piece, out) },
            None => Ok(abi::WEIR_END),
        }
    })
}

unsafe extern "C" fn admit(host: *mut c_void, of: *mut c_void, bytes: u64, err: *mut WeirErr) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, request) = unsafe { (context(host), request(of)) };
        let request =
            request.ok_or_else(|| Error::internal("a plugin asked for admission without a request"))?;
        context.services.admit(request, bytes)?;
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn dataset_open(
    host: *mut c_void,
    of: *mut c_void,
    id: WeirStr,
    out: *mut *mut c_void,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        if out.is_null() {
            return Err(Error::internal("a plugin opened a dataset without room for it"));
        }
        let request = match of.is_null() {
            true => Arc::new(RequestContext::background()),
            // SAFETY: a request's context is the inside of an `Arc` that the host holds while the request is handled.
            false => unsafe {
                Arc::increment_strong_count(of.cast::<RequestContext>().cast_const());
                Arc::from_raw(of.cast::<RequestContext>().cast_const())
            },
        };
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, id) = unsafe { (context(host), text(id)) };
        let dataset = context.services.open(&request, id)?;
        let lent = Box::into_raw(Box::new(Lent { dataset, request }));
        // SAFETY: `out` is not null, and follows the rules of the boundary.
        unsafe { out.write(lent.cast()) };
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn dataset_close(dataset: *mut c_void) {
    service(std::ptr::null_mut(), || {
        if !dataset.is_null() {
            // SAFETY: the handle came from `dataset_open`, and is given up here.
            drop(unsafe { Box::from_raw(dataset.cast::<Lent>()) });
        }
        Ok(abi::WEIR_OK)
    });
}

unsafe extern "C" fn dataset_list(
    host: *mut c_void,
    prefix: WeirStr,
    after: WeirStr,
    limit: u32,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, prefix, after) = unsafe { (context(host), text(prefix), text(after)) };
        let ids = context.services.list(prefix, after, limit as usize);
        // SAFETY: as above.
        unsafe { give(serde_json::Value::from(ids).to_string(), out) }
    })
}

unsafe extern "C" fn dataset_schema(dataset: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32 {
    // SAFETY: the arguments follow the rules of the boundary.
    service(err, || unsafe { give(lent(dataset)?.dataset.schema_document(), out) })
}

unsafe extern "C" fn dataset_generation(dataset: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32 {
    // SAFETY: the arguments follow the rules of the boundary.
    service(err, || unsafe { give(lent(dataset)?.dataset.generation(), out) })
}

/// A hyperslab that crossed the boundary, checked against the variable of a lent dataset; with the variable's path, the bytes of one element
/// (`None` where they vary) and the wanted order.
struct Asked<'a> {
    dataset: &'a dyn LentDataset,
    variable: &'a str,
    slab: Hyperslab,
    element_size: Option<usize>,
    order: ByteOrder,
}

/// # Safety
/// `dataset` came from `dataset_open` and was not closed; `slab` is null or follows the rules of the boundary.
unsafe fn asked<'a>(dataset: *mut c_void, slab: *const WeirSlab) -> Result<Asked<'a>, Error> {
    // SAFETY: by this function's contract.
    let (lent, slab) = unsafe { (lent(dataset)?, slab.as_ref()) };
    let slab = slab.ok_or_else(|| Error::internal("a plugin passed no hyperslab to a read"))?;
    // SAFETY: as above; arrays hold `rank` numbers each.
    let (path, start, count, step) = unsafe {
        (
            text(slab.variable),
            numbers(slab.start, slab.rank),
            numbers(slab.count, slab.rank),
            numbers(slab.step, slab.rank),
        )
    };
    let variable = lent.dataset.schema().variable(path);
    let variable = variable.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))?;
    let axes = start.iter().zip(count).zip(step);
    let strides = axes.map(|((&start, &count), &step)| Stride { start, step, count }).collect();
    let checked = Hyperslab::within(&variable.shape, strides);
    let slab_of = checked.map_err(|misfit| Error::bad_request(format!("{path}: {misfit}")))?;
    let order = if slab.order == abi::WEIR_ORDER_BIG { ByteOrder::Big } else { ByteOrder::Little };
    Ok(Asked {
        dataset: lent.dataset.as_ref(),
        variable: path,
        slab: slab_of,
        element_size: variable.data_type.size(),
        order,
    })
}

/// # Safety
/// `ptr` is null or points to `n` readable numbers.
pub(crate) unsafe fn numbers<'a>(ptr: *const u64, n: u32) -> &'a [u64] {
    if n == 0 || ptr.is_null() {
        return &[];
    }
    // SAFETY: by this function's contract.
    unsafe { std::slice::from_raw_parts(ptr, n as usize) }
}

unsafe extern "C" fn dataset_read(
    dataset: *mut c_void,
    slab: *const WeirSlab,
    buffer: *mut u8,
    length: usize,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let asked = unsafe { asked(dataset, slab)? };
        let expected = exact_length(&asked)?;
        if length != expected || (buffer.is_null() && length > 0) {
            let message =
                format!("{}: the buffer has {length} bytes, but {expected} are needed", asked.variable);
            return Err(Error::internal(message));
        }
        let out = match length {
            0 => &mut [],
            // SAFETY: the plugin lends `length` writable bytes for this call.
            _ => unsafe { std::slice::from_raw_parts_mut(buffer, length) },
        };
        asked.dataset.read(asked.variable, &asked.slab, asked.order, out)?;
        Ok(abi::WEIR_OK)
    })
}

fn exact_length(asked: &Asked<'_>) -> Result<usize, Error> {
    let size = asked.element_size.ok_or_else(|| {
        Error::bad_request(format!("{} has elements of varying size; read it as strings", asked.variable))
    })?;
    let elements = usize::try_from(asked.slab.elements()).ok();
    elements.and_then(|n| n.checked_mul(size)).ok_or_else(|| {
        Error::too_large(format!("{}: the hyperslab does not fit into memory", asked.variable))
    })
}

unsafe extern "C" fn dataset_read_strings(
    dataset: *mut c_void,
    slab: *const WeirSlab,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let asked = unsafe { asked(dataset, slab)? };
        let mut packed = Vec::new();
        for string in asked.dataset.read_strings(asked.variable, &asked.slab)? {
            packed.extend_from_slice(&(string.len() as u64).to_le_bytes());
            packed.extend_from_slice(&string);
        }
        // SAFETY: as above.
        unsafe { give(packed, out) }
    })
}

unsafe extern "C" fn dataset_verify(dataset: *mut c_void, slab: *const WeirSlab, err: *mut WeirErr) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let asked = unsafe { asked(dataset, slab)? };
        asked.dataset.verify(asked.variable, &asked.slab)?;
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn dataset_chunk(
    dataset: *mut c_void,
    variable: WeirStr,
    index: *const u64,
    rank: u32,
    out: *mut WeirChunk,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (lent, variable, index, out) =
            unsafe { (lent(dataset)?, text(variable), numbers(index, rank), out.as_mut()) };
        let out = out.ok_or_else(|| Error::internal("a plugin passed no room for a chunk"))?;
        hand_out(lent.dataset.chunk(variable, index)?, out);
        Ok(abi::WEIR_OK)
    })
}

fn hand_out(chunk: StoredChunk, out: &mut WeirChunk) {
    match chunk {
        StoredChunk::Missing => (out.present, out.skipped_codecs, out.bytes) = (0, 0, WeirBytes::EMPTY),
        StoredChunk::Stored { bytes, skipped_codecs } => {
            (out.present, out.skipped_codecs, out.bytes) = (1, skipped_codecs, bytes.into_raw());
        }
    }
}

unsafe extern "C" fn dataset_chunks(
    dataset: *mut c_void,
    variable: WeirStr,
    indexes: *const u64,
    rank: u32,
    count: usize,
    out: *mut WeirChunk,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        let numbers_in_all = (rank as usize).checked_mul(count).and_then(|n| u32::try_from(n).ok());
        let n = numbers_in_all
            .ok_or_else(|| Error::bad_request("more chunks are asked for than one call can give"))?;
        if count == 0 {
            return Ok(abi::WEIR_OK);
        }
        if out.is_null() {
            return Err(Error::internal("a plugin passed no room for chunks"));
        }
        // SAFETY: the arguments follow the rules of the boundary; `out` is not null and has room for `count` chunks.
        let (lent, variable, numbers, out) = unsafe {
            (lent(dataset)?, text(variable), numbers(indexes, n), std::slice::from_raw_parts_mut(out, count))
        };
        let indexes: Vec<&[u64]> = match rank {
            0 => vec![&[]; count],
            rank => numbers.chunks_exact(rank as usize).collect(),
        };
        let chunks = lent.dataset.chunks(variable, &indexes)?;
        if chunks.len() != count {
            return Err(Error::internal("the host found another number of chunks than was asked for"));
        }
        chunks.into_iter().zip(out).for_each(|(chunk, out)| hand_out(chunk, out));
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn bytes_alloc(_host: *mut c_void, length: usize, out: *mut WeirBytes) -> *mut u8 {
    let mut room = Vec::new();
    if out.is_null() || room.try_reserve_exact(length).is_err() {
        return std::ptr::null_mut();
    }
    room.resize(length, 0);
    let raw = Bytes::from(room).into_raw();
    // SAFETY: `out` is not null, and follows the rules of the boundary.
    unsafe { out.write(raw) };
    raw.ptr.cast_mut()
}
