//! What the first bytes of a connection, or those behind a request, are: a request that is so plain that nothing of it is left to
//! interpretation, another one without a body, or anything else.
//!
//! Only what two readers cannot understand differently is read here (RFC 9112, section 11.2); all else is hyper's.

use hyper::http::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, Request, Uri};

use crate::request_line;

/// Longer heads are hyper's.
pub const MOST_HEAD: usize = 8 << 10;

/// Heads with more lines are hyper's.
const MOST_HEADERS: usize = 32;

/// What there is to be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// The beginning of a head.
    Partial,
    /// A request for a whole response, without conditions.
    Plain(Plain),
    /// A request without a body, over HTTP/1.1, on a connection that stays, whose head has this length.
    Ordinary(usize),
    /// Anything else.
    Foreign,
}

/// A plain request.
#[derive(Debug, PartialEq, Eq)]
pub struct Plain {
    /// The length of its head.
    pub length: usize,
    /// Which codings the client accepts, a line break, and the target: all that the bytes of the response depend on.
    pub key: String,
}

impl Plain {
    fn of(target: &str, accepted: &str, length: usize) -> Self {
        Self { length, key: [accepted, "\n", target].concat() }
    }

    /// The request's target.
    pub fn target(&self) -> &str {
        self.key.split_once('\n').map_or("", |(_, target)| target)
    }

    /// The request as hyper would read it, with the headers that decide on the response.
    pub fn parts(&self) -> Option<Parts> {
        let (accepted, target) = self.key.split_once('\n')?;
        let mut request = Request::new(());
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        if !accepted.is_empty() {
            let accepted = HeaderValue::from_str(accepted).ok()?;
            request.headers_mut().insert(hyper::header::ACCEPT_ENCODING, accepted);
        }
        Some(request.into_parts().0)
    }
}

/// Looks at bytes with which a request begins.
pub fn look(bytes: &[u8]) -> Look {
    const METHODS: [&[u8]; 3] = [b"GET ", b"HEAD ", b"OPTIONS "];
    if !METHODS.iter().any(|method| bytes.starts_with(method) || method.starts_with(bytes)) {
        return Look::Foreign;
    }
    let window = bytes.get(..MOST_HEAD).unwrap_or(bytes);
    let Some(length) = head_length(window) else {
        let is_partial = bytes.len() < MOST_HEAD && lines_end_alike(bytes);
        return if is_partial { Look::Partial } else { Look::Foreign };
    };
    window.get(..length).map_or(Look::Foreign, whole)
}

/// The length of a head, its empty line included.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    at.checked_add(4)
}

/// Whether each line ends with both characters, and none stands alone: some readers take one for a line's end, and others do not.
/// The last byte may have another half that did not come yet.
fn lines_end_alike(bytes: &[u8]) -> bool {
    let pairs = bytes.windows(2).all(|two| (two.first() == Some(&b'\r')) == (two.last() == Some(&b'\n')));
    pairs && bytes.first() != Some(&b'\n')
}

fn whole(head: &[u8]) -> Look {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let is_whole = request.parse(head).is_ok_and(|read| read == httparse::Status::Complete(head.len()));
    let (Some(method), Some(target), Some(1)) = (request.method, request.path, request.version) else {
        return Look::Foreign;
    };
    let is_path =
        target.starts_with('/') && target.is_ascii() && !target.bytes().any(request_line::is_mended);
    if !is_whole || !is_path || !lines_end_alike(head) {
        return Look::Foreign;
    }
    let mut kinds = Kinds::default();
    for header in request.headers.iter() {
        if !kinds.count(header) {
            return Look::Foreign;
        }
    }
    let is_plain = method == Method::GET.as_str() && kinds.is_plain() && !target.contains('#');
    match kinds.accepted.filter(|_| is_plain) {
        Some(accepted) => Look::Plain(Plain::of(target, accepted, head.len())),
        None => Look::Ordinary(head.len()),
    }
}

/// Which headers there are.
struct Kinds<'h> {
    hosts: usize,
    codings: usize,
    /// What `Accept-Encoding` says, if that is text.
    accepted: Option<&'h str>,
    others: usize,
}

impl Default for Kinds<'_> {
    fn default() -> Self {
        Self { hosts: 0, codings: 0, accepted: Some(""), others: 0 }
    }
}

/// Headers of which no response depends that is kept, and which say nothing of the connection or of a body. Those by which a
/// proxy says how it was asked are none of them: links begin with that.
const WITHOUT_MEANING: &[&str] = &[
    "accept",
    "accept-language",
    "dnt",
    "origin",
    "priority",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "sec-gpc",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-real-ip",
];

/// Headers that say something of the connection, or of a body.
const OF_CONNECTION: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl<'h> Kinds<'h> {
    /// Counts a header; whether it leaves the request one without a body, on a connection that stays.
    fn count(&mut self, header: &httparse::Header<'h>) -> bool {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let has_any = |names: &[&str]| names.iter().any(|name| is(name));
        if has_any(OF_CONNECTION) {
            return is("connection") && header.value.eq_ignore_ascii_case(b"keep-alive");
        }
        if is("host") {
            self.hosts = self.hosts.saturating_add(1);
        } else if is("accept-encoding") {
            self.codings = self.codings.saturating_add(1);
            self.accepted = text(header.value);
        } else if !has_any(WITHOUT_MEANING) {
            self.others = self.others.saturating_add(1);
        }
        true
    }

    fn is_plain(&self) -> bool {
        self.hosts == 1 && self.codings <= 1 && self.others == 0
    }
}

/// A header's value, where all of it is visible text.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| (b' '..=b'~').contains(byte));
    std::str::from_utf8(value).ok().filter(|_| is_text)
}
