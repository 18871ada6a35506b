//! The plugin's side of the boundary: shims that catch every panic, and the macro that exports them.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirErr, WeirHost, WeirPlugin, WeirRequest, WeirResponse, WeirStr};

use crate::error::report;
use crate::export_publish::{published_describe, published_memory, published_read, published_read_strings};
use crate::request::{adopt, text};
use crate::{Body, Bytes, Content, Error, ErrorKind, Host, Plugin, Request, Response};

/// The C table of a plugin type: what a `.so` exports, and what a server links in.
#[must_use]
pub const fn table<P: Plugin>() -> WeirPlugin {
    WeirPlugin {
        size: size_of::<WeirPlugin>(),
        abi_major: abi::WEIR_ABI_MAJOR,
        abi_minor: abi::WEIR_ABI_MINOR,
        min_host_minor: P::MIN_HOST_MINOR,
        flags: 0,
        magic: abi::WEIR_MAGIC,
        layout_hash: abi::WEIR_LAYOUT_HASH,
        name: WeirStr::new(P::NAME),
        version: WeirStr::new(P::VERSION),
        create: create::<P>,
        destroy: destroy::<P>,
        routes: routes::<P>,
        handle: handle::<P>,
        render_error: Some(render_error::<P>),
        body_next,
        body_drop,
        self_test: Some(self_test::<P>),
        body_range: Some(body_range),
        describe: Some(describe::<P>),
        published_describe: Some(published_describe::<P>),
        published_read: Some(published_read::<P>),
        published_read_strings: Some(published_read_strings::<P>),
        published_memory: Some(published_memory::<P>),
    }
}

/// Exports a plugin from a crate of type `cdylib`: the entry symbol, and the manifest as an ELF note.
///
/// Use it in a crate of its own, two lines long, so that the plugin itself can also be linked into a server.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        #[cfg(panic = "abort")]
        compile_error!("a plugin must be built with panic = \"unwind\", or one panic ends the whole server");

        /// The entry symbol.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static weir_plugin_v1: $crate::abi::WeirPlugin = $crate::export::table::<$plugin>();

        const _: () = {
            const PARTS: &[&str] = &[
                "{\"abi\":\"1.3\",\"name\":\"",
                <$plugin as $crate::Plugin>::NAME,
                "\",\"version\":\"",
                <$plugin as $crate::Plugin>::VERSION,
                "\",\"panic\":\"unwind\"}",
            ];
            const N: usize = $crate::manifest::joined_length(PARTS);
            #[used]
            #[unsafe(link_section = ".note.weir.plugin")]
            static NOTE: $crate::manifest::Note<N> =
                $crate::manifest::Note::new($crate::manifest::join::<N>(PARTS));
        };
    };
}

/// Runs plugin code: nothing unwinds into the host.
pub(crate) fn guard(err: *mut WeirErr, f: impl FnOnce() -> Result<i32, Error>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let message = panic_message(payload.as_ref());
        // A payload's own drop may panic too; then it is leaked.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        Err(Error::new(ErrorKind::Panic, message))
    });
    match result {
        Ok(code) => code,
        // SAFETY: the host passes null or a valid error struct.
        Err(error) => unsafe { report(&error, err) },
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked".to_owned())
}

/// # Safety
/// `instance` came from [`create`] of the same plugin type.
pub(crate) unsafe fn plugin<'a, P: Plugin>(instance: *mut c_void) -> &'a P {
    // SAFETY: by this function's contract.
    unsafe { &*instance.cast::<P>() }
}

unsafe extern "C" fn create<P: Plugin>(
    host: *const WeirHost,
    config: WeirStr,
    out: *mut *mut c_void,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: the host passes its table, which lives for ever, and text that lives through the call.
        let (host, config) = unsafe { (Host::adopt(host)?, text(config)) };
        let instance = Box::into_raw(Box::new(P::create(host, config)?));
        // SAFETY: the host passes room for the instance.
        unsafe { out.write(instance.cast()) };
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn destroy<P: Plugin>(instance: *mut c_void) {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the host gives the instance up.
        drop(unsafe { Box::from_raw(instance.cast::<P>()) });
        Ok(abi::WEIR_OK)
    });
}

unsafe extern "C" fn routes<P: Plugin>(instance: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32 {
    guard(err, || {
        // SAFETY: the host passes an instance of ours.
        let routes = unsafe { plugin::<P>(instance) }.routes();
        let lines: String = routes.iter().map(|route| format!("{route}\n")).collect();
        // SAFETY: the host passes room for the result.
        unsafe { out.write(Bytes::from(lines).into_raw()) };
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn describe<P: Plugin>(
    instance: *mut c_void,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: the host passes an instance of ours.
        let routes = unsafe { plugin::<P>(instance) }.routes();
        let described: serde_json::Value = routes.iter().map(|route| route.description.to_json()).collect();
        // SAFETY: the host passes room for the result.
        unsafe { out.write(Bytes::from(described.to_string()).into_raw()) };
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn handle<P: Plugin>(
    instance: *mut c_void,
    request: *const WeirRequest,
    out: *mut WeirResponse,
    err: *mut WeirErr,
) -> i32 {
    let mut room = MaybeUninit::uninit();
    guard(err, || {
        // SAFETY: the host passes an instance of ours, and a request and room that live through the call.
        let (plugin, request, out) = unsafe { (plugin::<P>(instance), adopt(request, &mut room), &mut *out) };
        // SAFETY: as above.
        let response = plugin.handle(&unsafe { Request::from_raw(request) })?;
        hand_over(response, out);
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn render_error<P: Plugin>(
    instance: *mut c_void,
    request: *const WeirRequest,
    status: u32,
    message: WeirStr,
    out: *mut WeirResponse,
    err: *mut WeirErr,
) -> i32 {
    let mut room = MaybeUninit::uninit();
    guard(err, || {
        // SAFETY: as in `handle`.
        let (plugin, request, out, message) =
            unsafe { (plugin::<P>(instance), adopt(request, &mut room), &mut *out, text(message)) };
        // SAFETY: as above.
        let request = unsafe { Request::from_raw(request) };
        let status = u16::try_from(status).unwrap_or(500);
        let response = plugin.render_error(&request, status, message);
        hand_over(response.ok_or_else(|| Error::unsupported("no error body of its own"))?, out);
        Ok(abi::WEIR_OK)
    })
}

fn hand_over(response: Response, out: &mut WeirResponse) {
    let lines = response.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    out.headers = Bytes::from(lines.collect::<String>()).into_raw();
    out.status = u32::from(response.status);
    out.flags = response.flags;
    match response.content {
        Content::Full(bytes) => out.bytes = bytes.into_raw(),
        Content::Stream { length, body } => {
            out.body = Box::into_raw(Box::new(body)).cast();
            out.length = length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1);
        }
    }
}

unsafe extern "C" fn body_next(body: *mut c_void, out: *mut WeirBytes, err: *mut WeirErr) -> i32 {
    guard(err, || {
        // SAFETY: the host passes a body of ours, and pulls it from one thread at a time.
        let body = unsafe { &mut *body.cast::<Box<dyn Body>>() };
        let Some(piece) = body.next()? else { return Ok(abi::WEIR_END) };
        // SAFETY: the host passes room for the result.
        unsafe { out.write(piece.into_raw()) };
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn body_range(body: *mut c_void, offset: u64, length: u64, err: *mut WeirErr) -> i32 {
    guard(err, || {
        // SAFETY: the host passes a body of ours that nobody pulls meanwhile.
        let body = unsafe { &mut *body.cast::<Box<dyn Body>>() };
        body.restrict(offset, length)?;
        Ok(abi::WEIR_OK)
    })
}

unsafe extern "C" fn body_drop(body: *mut c_void) {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the host gives the body up.
        drop(unsafe { Box::from_raw(body.cast::<Box<dyn Body>>()) });
        Ok(abi::WEIR_OK)
    });
}

unsafe extern "C" fn self_test<P: Plugin>(instance: *mut c_void, err: *mut WeirErr) -> i32 {
    guard(err, || {
        // SAFETY: the host passes an instance of ours.
        unsafe { plugin::<P>(instance) }.self_test()?;
        Ok(abi::WEIR_OK)
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{MockHost, check_contract, counting, dataset_of};
    use crate::{Body, Bytes, Error, ErrorKind, Host, Plugin, Request, Response, Route};
    use weir_model::{ByteOrder, DataType, Hyperslab};

    /// Says everything that can go across.
    struct Echo(Host);

    struct Countdown(u8);

    impl Body for Countdown {
        fn next(&mut self) -> Result<Option<Bytes>, Error> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| Error::internal("pulled too often"))?;
            if self.0 == 9 {
                panic!("in the middle of a body");
            }
            Ok((self.0 > 0).then(|| vec![self.0].into()))
        }
    }

    impl Plugin for Echo {
        const NAME: &'static str = "echo";
        const VERSION: &'static str = "1.2.3";

        fn create(host: Host, _: &str) -> Result<Self, Error> {
            Ok(Self(host))
        }

        fn routes(&self) -> Vec<Route> {
            let patterns = [
                "/datasets/{id}/sum",
                "/panic",
                "/count/{rest}",
                "/datasets/{id}/schema",
                "/datasets/{id}/chunks",
            ];
            patterns.iter().map(|pattern| Route::get(pattern)).collect()
        }

        fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
            match request.route() {
                0 => self.sum(request),
                1 => panic!("on request {}", request.id()),
                2 => {
                    let from = request.rest().parse().map_err(|e| Error::bad_request(format!("{e}")))?;
                    Ok(Response::stream("application/octet-stream", None, Box::new(Countdown(from))))
                }
                4 => {
                    let dataset = self.0.open(request, request.dataset_id())?;
                    let text = format!(
                        "{:?} {:?}",
                        dataset.chunks("/v", &[&[0], &[0]])?,
                        dataset.chunks("/v", &[])?
                    );
                    Ok(Response::full("text/plain", text))
                }
                _ => {
                    let dataset = self.0.open(request, request.dataset_id())?;
                    let text = format!("{:?}", dataset.schema()?);
                    Ok(Response::full("text/plain", text).stable().header("x-forged", "a\r\nb: c"))
                }
            }
        }
    }

    impl Echo {
        fn sum(&self, request: &Request<'_>) -> Result<Response, Error> {
            let dataset = self.0.open(request, request.dataset_id())?;
            let slab = Hyperslab::whole(&[6]).map_err(|e| Error::bad_request(e.to_string()))?;
            self.0.admit(request, 12)?;
            let mut out = [0; 12];
            dataset.read("/v", &slab, ByteOrder::Big, &mut out)?;
            let sum: u16 = out.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two)).sum();
            Ok(Response::full("text/plain", sum.to_string()))
        }
    }

    fn host() -> MockHost {
        MockHost::new().dataset("d", dataset_of(vec![counting("v", DataType::Int16, &[("x", 6)])]))
    }

    #[test]
    fn echo_keeps_the_contract() {
        check_contract::<Echo>(host(), "d", &["/datasets/d/sum", "/count/4", "/datasets/d/schema"]);
    }

    #[test]
    fn values_cross_in_the_wanted_order() {
        let running = host().start::<Echo>();
        assert_eq!(running.get("/datasets/d/sum").unwrap().text(), "21");
        let small = host().limit(11).start::<Echo>();
        let error = small.get("/datasets/d/sum").unwrap_err();
        assert_eq!(error, Error::too_large("the response has 12 bytes, the limit is 11"));
    }

    #[test]
    fn panics_become_errors() {
        let running = host().start::<Echo>();
        let error = running.get("/panic").unwrap_err();
        assert_eq!(error, Error::new(ErrorKind::Panic, "on request test"));
        let error = running.get("/count/12").unwrap_err();
        assert_eq!(error, Error::new(ErrorKind::Panic, "in the middle of a body"));
        assert_eq!(running.get("/count/5").unwrap().bytes, [4, 3, 2, 1]);
    }

    #[test]
    fn several_chunks_cross_at_once() {
        let answer = host().start::<Echo>().get("/datasets/d/chunks").unwrap().text();
        let one = "Stored { bytes: Bytes(12 bytes), skipped_codecs: 0 }";
        assert_eq!(answer, format!("[{one}, {one}] []"));
    }

    #[test]
    fn headers_cannot_be_forged() {
        let answer = host().start::<Echo>().get("/datasets/d/schema").unwrap();
        assert_eq!(answer.header("b"), None);
        assert!(answer.stable);
    }
}
