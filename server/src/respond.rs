//! From an answer or an error to an HTTP response. The only place that chooses a status for an error.

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use weir_plugin_api::{Error, ErrorKind};

use crate::kept::REQUEST_ID;
use crate::ranges::{self, Asked};
use crate::stream::{Account, Body};

/// The status that an error means.
pub fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::BadRequest => StatusCode::BAD_REQUEST,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Unavailable | ErrorKind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Corrupt | ErrorKind::Internal | ErrorKind::Panic => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What the client is told: a fault of the program is named by the request's id, its cause stays in the log.
pub fn message_of(error: &Error, id: &str) -> String {
    match error.kind {
        ErrorKind::Panic => format!("the plugin that serves this failed; tell the site request id {id}"),
        ErrorKind::Internal => format!("the server failed; tell the site request id {id}"),
        _ => error.message.clone(),
    }
}

/// When a client that was told to come again should do so, in seconds.
pub fn retry_after(status: StatusCode) -> Option<(String, String)> {
    (status == StatusCode::SERVICE_UNAVAILABLE).then(|| ("retry-after".to_owned(), "1".to_owned()))
}

/// The body of an error for which no protocol has a form of its own.
pub fn json_error(message: &str, id: &str) -> (Vec<(String, String)>, Bytes) {
    let body = serde_json::json!({ "detail": message, "request_id": id }).to_string();
    (vec![("content-type".to_owned(), "application/json".to_owned())], Bytes::from(body))
}

/// A whole body, and what the request wants of it.
pub struct Whole {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The `Range` header, where byte ranges may be served.
    pub range: Option<Option<String>>,
}

/// A response with a whole body, or the asked part of it. For `HEAD` the headers say what `GET` would send.
pub fn whole(whole: Whole, head: bool, mut account: Account) -> Response<Body> {
    let Whole { mut status, headers, mut body, range } = whole;
    let mut map = header_map(&headers);
    if let Some(range) = range {
        map.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let length = body.len();
        match ranges::parse(range.as_deref(), length) {
            Asked::All => {}
            Asked::Part(part) => {
                status = StatusCode::PARTIAL_CONTENT;
                let last = part.end.saturating_sub(1);
                insert(&mut map, header::CONTENT_RANGE, &format!("bytes {}-{last}/{length}", part.start));
                body = body.slice(part);
            }
            Asked::Outside => {
                status = StatusCode::RANGE_NOT_SATISFIABLE;
                insert(&mut map, header::CONTENT_RANGE, &format!("bytes */{length}"));
                body = Bytes::new();
            }
        }
    }
    map.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    account.status = status.as_u16();
    let body = if head { Bytes::new() } else { body };
    finish(status, map, Body::full(body, account))
}

/// A response with the given headers and body.
pub fn with_body(
    status: u16,
    headers: &[(String, String)],
    length: Option<u64>,
    body: Body,
) -> Response<Body> {
    let mut map = header_map(headers);
    if let Some(length) = length {
        map.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    finish(status, map, body)
}

/// A path that is served, but not with this method.
pub fn method_not_allowed(methods: &[String], head: bool, account: Account) -> Response<Body> {
    let allowed = methods.join(", ");
    let (mut headers, body) = json_error(&format!("only {allowed} are served here"), account.context.id());
    headers.push(("allow".to_owned(), allowed));
    whole(Whole { status: StatusCode::METHOD_NOT_ALLOWED, headers, body, range: None }, head, account)
}

/// What caches may do with a response that has an entity tag: keep it, and ask each time whether it still holds.
pub const CACHE_CONTROL: &str = "public, no-cache";

/// What the bytes of a response that may be compressed depend on, beside the target.
pub const VARY: &str = "accept-encoding";

/// "Not modified": the client has it, and caches may keep it as `cache_control` says, if that is known.
pub fn not_modified(tag: &str, cache_control: Option<&str>, mut account: Account) -> Response<Body> {
    account.status = 304;
    let mut map = HeaderMap::new();
    insert(&mut map, header::ETAG, tag);
    insert(&mut map, header::CACHE_CONTROL, cache_control.unwrap_or(CACHE_CONTROL));
    map.insert(header::VARY, HeaderValue::from_static(VARY));
    finish(StatusCode::NOT_MODIFIED, map, Body::full(Bytes::new(), account))
}

fn finish(status: StatusCode, mut map: HeaderMap, body: Body) -> Response<Body> {
    insert(&mut map, REQUEST_ID, body.request_id());
    map.insert(header::SERVER, HeaderValue::from_static(concat!("weir/", env!("CARGO_PKG_VERSION"))));
    map.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    allow_origins(&mut map);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = map;
    response
}

/// Lets pages of any origin read: the data is public, and browsers ask (Fetch Standard, "CORS protocol").
fn allow_origins(map: &mut HeaderMap) {
    const EXPOSED: &str = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag, Link, \
                           X-Request-Id, XDAP, XDODS-Server";
    map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    map.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// The answer to `OPTIONS`: what other origins may send.
pub fn preflight(methods: &str, mut account: Account) -> Response<Body> {
    account.status = 204;
    let mut map = HeaderMap::new();
    insert(&mut map, header::ALLOW, methods);
    insert(&mut map, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    const HEADERS: &str = "Accept, Authorization, Cache-Control, Content-Type, If-Modified-Since, \
                           If-None-Match, If-Range, Pragma, Range";
    map.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    map.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    finish(StatusCode::NO_CONTENT, map, Body::full(Bytes::new(), account))
}

/// What only the server may say of a connection and of a body's length: a wrong word here would cut a body without a sign.
const CONNECTION_HEADERS: &[&str] =
    &["connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(headers.len().saturating_add(8));
    for (name, value) in headers {
        if CONNECTION_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => insert(&mut map, name, value),
            Err(error) => tracing::warn!(name, %error, "a plugin's header is left out"),
        }
    }
    map
}

/// Sets a header; a value that HTTP cannot carry is left out, with a line in the log.
fn insert(map: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_bytes(value.as_bytes()) {
        Ok(value) => drop(map.insert(name, value)),
        Err(error) => tracing::warn!(%name, %error, "a header is left out"),
    }
}
