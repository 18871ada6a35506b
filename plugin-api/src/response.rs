//! What a plugin answers: a whole body, or one that the host pulls.

use weir_plugin_abi::{
    WEIR_RESPONSE_COMPRESSIBLE, WEIR_RESPONSE_COSTLY, WEIR_RESPONSE_HELD, WEIR_RESPONSE_RANGES,
    WEIR_RESPONSE_STABLE,
};

use crate::{Bytes, Error};

/// A body that the host pulls piece by piece, so that a slow client slows the disk and not memory.
pub trait Body: Send {
    /// The next piece, or `None` at the end.
    ///
    /// # Errors
    /// The host then breaks the connection off: a body never ends well after an error.
    fn next(&mut self) -> Result<Option<Bytes>, Error>;

    /// Restricts the body to `length` bytes from `offset` on, which lie inside it. Called at most once, before the first piece
    /// is pulled, for a body of a known length of a response with [`ranges`](Response::ranges).
    ///
    /// # Errors
    /// The host then sends the whole body.
    fn restrict(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let _not_restricted = (offset, length);
        Err(Error::unsupported("parts of this body are not given"))
    }
}

/// The content of a response.
pub enum Content {
    /// All of it.
    Full(Bytes),
    /// To be pulled.
    Stream {
        /// Its exact length, where it is known.
        length: Option<u64>,
        /// The body.
        body: Box<dyn Body>,
    },
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Self::Stream { length, .. } => write!(f, "Stream({length:?})"),
        }
    }
}

/// A successful response.
#[derive(Debug)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) flags: u32,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

impl Response {
    /// A response with a whole body.
    #[must_use]
    pub fn full(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        Self::of(media_type, Content::Full(bytes.into()))
    }

    /// A response with a body to be pulled; `length` is exact where it is given.
    #[must_use]
    pub fn stream(media_type: &str, length: Option<u64>, body: Box<dyn Body>) -> Self {
        Self::of(media_type, Content::Stream { length, body })
    }

    /// A response to `HEAD`: the headers of a body of `length` bytes, without the body.
    #[must_use]
    pub fn head(media_type: &str, length: u64) -> Self {
        Self::stream(media_type, Some(length), Box::new(NoBody))
    }

    fn of(media_type: &str, content: Content) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { status: 200, flags: 0, headers, content }
    }

    /// Adds a header. Line breaks, which could forge another header, become blanks.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().replace(['\r', '\n'], " ");
        self.headers.push((name.to_owned(), value));
        self
    }

    /// Bytes of the body, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Full(bytes) => u64::try_from(bytes.len()).ok(),
            Content::Stream { length, .. } => *length,
        }
    }

    /// Another success status (200 to 399).
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The bytes stay the same as long as the dataset's generation does: the host adds a strong `ETag`, answers conditional
    /// requests, and may keep small bodies.
    #[must_use]
    pub fn stable(mut self) -> Self {
        self.flags |= WEIR_RESPONSE_STABLE;
        self
    }

    /// Making the body took work, so the host may keep it where it is larger than what it keeps else. Only what is
    /// [`stable`](Self::stable) is kept.
    #[must_use]
    pub fn costly(mut self) -> Self {
        self.flags |= WEIR_RESPONSE_COSTLY;
        self
    }

    /// The answer says nothing new, and the client wants to wait until there is something: the host keeps it back without
    /// holding a thread, and asks again once the dataset may have changed. Then [`Request::held`](crate::Request::held) is this
    /// body, by which the plugin tells what is new. Where nothing changes for as long as the host lets requests wait, this
    /// answer is sent. For whole bodies of UTF-8 text that are not empty; see
    /// [`Host::keeps_back`](crate::Host::keeps_back).
    #[must_use]
    pub fn held(mut self) -> Self {
        self.flags |= WEIR_RESPONSE_HELD;
        self
    }

    /// The host may serve byte ranges of this body.
    #[must_use]
    pub fn ranges(mut self) -> Self {
        self.flags |= WEIR_RESPONSE_RANGES;
        self
    }

    /// This body is worth compressing, although its media type does not tell so, as numbers in `application/octet-stream` are.
    ///
    /// The host compresses texts, JSON, XML and bodies that say this, for clients that ask for it. It leaves alone those with
    /// [`ranges`](Self::ranges), and those with a header `Content-Encoding`: `identity` as its value means that, and is not
    /// sent.
    #[must_use]
    pub fn compressible(mut self) -> Self {
        self.flags |= WEIR_RESPONSE_COMPRESSIBLE;
        self
    }
}

struct NoBody;

impl Body for NoBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}
