//! A request, as a plugin sees it.

use std::mem::MaybeUninit;

use weir_plugin_abi::{WeirRequest, WeirStr};

/// A request; valid while [`Plugin::handle`](crate::Plugin::handle) runs.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    raw: &'a WeirRequest,
}

/// Borrows text of the other side; text that is not UTF-8 reads as empty.
///
/// # Safety
/// `text` points to `len` readable bytes that live for `'a`, or is empty.
pub(crate) unsafe fn text<'a>(text: WeirStr) -> &'a str {
    if text.len == 0 || text.ptr.is_null() {
        return "";
    }
    // SAFETY: by this function's contract.
    let bytes = unsafe { std::slice::from_raw_parts(text.ptr, text.len) };
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A request of a host of any minor version, whose struct may be smaller than the one that is known here; `room` is where it is
/// put then.
///
/// # Safety
/// `raw` points to a request of this major version that lives as long as `room` is borrowed.
pub(crate) unsafe fn adopt(raw: *const WeirRequest, room: &mut MaybeUninit<WeirRequest>) -> &WeirRequest {
    // SAFETY: by this function's contract; every struct begins with its size.
    let size = unsafe { raw.cast::<usize>().read() };
    if size >= size_of::<WeirRequest>() {
        // SAFETY: all the fields that are known here are there.
        return unsafe { &*raw };
    }
    *room = MaybeUninit::zeroed();
    // SAFETY: `size` bytes are there, and fewer than in `room`. What is not there stays zero, which is the empty text in every
    // field that came after minor version 0; the others are all there.
    unsafe {
        std::ptr::copy_nonoverlapping(raw.cast::<u8>(), room.as_mut_ptr().cast::<u8>(), size);
        room.assume_init_ref()
    }
}

impl<'a> Request<'a> {
    /// Views a request that crossed the boundary.
    ///
    /// # Safety
    /// Everything that `raw` points to is valid for `'a`.
    #[must_use]
    pub unsafe fn from_raw(raw: &'a WeirRequest) -> Self {
        Self { raw }
    }

    pub(crate) fn raw(&self) -> &'a WeirRequest {
        self.raw
    }

    fn text(&self, part: WeirStr) -> &'a str {
        // SAFETY: by the contract of `from_raw`.
        unsafe { text(part) }
    }

    /// `GET`, `HEAD`, ...
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.text(self.raw.method)
    }

    /// Whether only status and headers are wanted: a plugin should then not read data.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method() == "HEAD"
    }

    /// The path, as received.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.text(self.raw.path)
    }

    /// The query, as received, without the question mark.
    #[must_use]
    pub fn query(&self) -> &'a str {
        self.text(self.raw.query)
    }

    /// The first header called `name`, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let headers = if self.raw.n_headers == 0 || self.raw.headers.is_null() {
            &[]
        } else {
            // SAFETY: by the contract of `from_raw`.
            unsafe { std::slice::from_raw_parts(self.raw.headers, self.raw.n_headers) }
        };
        // SAFETY: by the contract of `from_raw`.
        headers.iter().map(|header| unsafe { (text(header.name), text(header.value)) })
    }

    /// Which route matched: its place in [`Plugin::routes`](crate::Plugin::routes).
    #[must_use]
    pub fn route(&self) -> usize {
        self.raw.route as usize
    }

    /// The dataset's id, percent-decoded; empty for a server-wide route.
    #[must_use]
    pub fn dataset_id(&self) -> &'a str {
        self.text(self.raw.dataset)
    }

    /// What `{rest}` of the route stands for, percent-decoded.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        self.text(self.raw.rest)
    }

    /// The body of the plugin's answer to this very request that the host kept back, because it was
    /// [`held`](crate::Response::held); `None` where the plugin is asked for the first time.
    #[must_use]
    pub fn held(&self) -> Option<&'a str> {
        Some(self.text(self.raw.held)).filter(|body| !body.is_empty())
    }

    /// The request's id, for logs and error bodies.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.text(self.raw.id)
    }

    /// The public base URL of the server, without a trailing slash; the only source for absolute URLs.
    #[must_use]
    pub fn base_url(&self) -> &'a str {
        self.text(self.raw.base_url)
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}?{}", self.method(), self.path(), self.query())
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// A host of an older minor version passes a struct that ends before what came later, with other things behind it.
    #[test]
    fn requests_of_older_hosts_were_never_held() {
        let mut bytes = [WeirStr::new("behind the end"); size_of::<WeirRequest>() / size_of::<WeirStr>() + 1];
        let raw = bytes.as_mut_ptr().cast::<WeirRequest>();
        let path = WeirStr::new("/datasets/d/zarr/next-timestep");
        // SAFETY: there is room for a whole request, all of whose fields are written but the last one.
        unsafe {
            std::ptr::write_bytes(raw.cast::<u8>(), 0, offset_of!(WeirRequest, held));
            (&raw mut (*raw).path).write(path);
            (&raw mut (*raw).size).write(offset_of!(WeirRequest, held));
        }
        let mut room = MaybeUninit::uninit();
        // SAFETY: a request of as many bytes as it says is there.
        let old = unsafe { Request::from_raw(adopt(raw, &mut room)) };
        assert_eq!((old.path(), old.held()), ("/datasets/d/zarr/next-timestep", None));
        // SAFETY: as above, with the last field.
        unsafe { (&raw mut (*raw).size).write(size_of::<WeirRequest>()) };
        let mut room = MaybeUninit::uninit();
        // SAFETY: as above.
        let new = unsafe { Request::from_raw(adopt(raw, &mut room)) };
        assert_eq!(new.path(), "/datasets/d/zarr/next-timestep");
    }
}
