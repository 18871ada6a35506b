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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(target: &str, accepted: &str, length: usize) -> Look {
        Look::Plain(Plain::of(target, accepted, length))
    }

    /// What a request with these header lines is; `None` stands for an ordinary one of its length.
    fn check(line: &str, headers: &[&str], expected: Option<Look>) {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("{line}\r\n{headers}\r\n");
        let expected = expected.unwrap_or(Look::Ordinary(head.len()));
        let expected = match expected {
            Look::Plain(plain) => Look::Plain(Plain { length: head.len(), ..plain }),
            other => other,
        };
        assert_eq!(look(head.as_bytes()), expected, "{head:?}");
        for end in 0..head.len() {
            let part = head.as_bytes().get(..end).unwrap();
            assert!(matches!(look(part), Look::Partial | Look::Foreign), "{:?}", part.escape_ascii());
        }
    }

    #[test]
    fn only_what_is_plain_is_plain() {
        let get = "GET /a/b?c[0:1] HTTP/1.1";
        let yes = |accepted| Some(plain("/a/b?c[0:1]", accepted, 0));
        let host = "Host: a";
        check(get, &[host], yes(""));
        check(get, &["hOST:a", "User-Agent: x", "accept: */*", "Connection: Keep-Alive"], yes(""));
        check(get, &[host, "Accept-Encoding: gzip;q=0.5, *"], yes("gzip;q=0.5, *"));
        check(get, &[], None);
        check(get, &[host, host], None);
        check(get, &[host, "Accept-Encoding: gzip", "Accept-Encoding: zstd"], None);
        check(get, &[host, "Accept-Encoding: gz\u{e9}p"], None);
        for line in [
            "Range: bytes=0-1",
            "If-None-Match: x",
            "If-Modified-Since: x",
            "Cookie: x",
            "X-Forwarded-Host: x",
        ] {
            check(get, &[host, line], None);
        }
        check("HEAD /a HTTP/1.1", &[host], None);
        check("OPTIONS /a HTTP/1.1", &[host], None);
        check("GET /a#b HTTP/1.1", &[host], None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_hyper_s() {
        let foreign = || Some(Look::Foreign);
        let (get, host) = ("GET /a HTTP/1.1", "Host: a");
        for line in [
            "Content-Length: 0",
            "transfer-encoding: chunked",
            "Connection: close",
            "Connection: keep-alive, x",
            "Upgrade: x",
            "Expect: 100-continue",
            "TE: x",
            "X : a",
            "X",
            ": a",
            "X: a\r\n b",
            "X: a\nY: b",
            "X: a\rb",
            "X: a\0",
        ] {
            check(get, &[host, line], foreign());
        }
        for line in [
            "GET /a HTTP/1.0",
            "GET /a HTTP/2.0",
            "GET a HTTP/1.1",
            "GET http://a/b HTTP/1.1",
            "GET /a  HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET /<a> HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /\t HTTP/1.1",
            "GET /a",
            "get /a HTTP/1.1",
            "POST /a HTTP/1.1",
            "PRI * HTTP/2.0",
            "\u{16}\u{3}\u{1}",
            "GET * HTTP/1.1",
        ] {
            check(line, &[host], foreign());
        }
        check(get, &[host; MOST_HEADERS + 1], foreign());
        check(get, &[&format!("Accept: {}", "x".repeat(MOST_HEAD))], foreign());
        assert_eq!(look(b"GET /a HTTP/1.1\nHost: a\n\n"), Look::Foreign);
        assert_eq!(look(b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"), Look::Foreign);
        assert_eq!(look(b""), Look::Partial);
    }

    /// Pieces of which requests are made, and what does not belong there.
    fn piece() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "GET ",
            "HEAD ",
            "POST ",
            "/",
            "/a.nc/view/.list",
            "?x=1",
            " ",
            " HTTP/1.1",
            " HTTP/1.0",
            "\r\n",
            "\r\n\r\n",
            "\n",
            "\r",
            "Host: a\r\n",
            "Accept-Encoding: gzip\r\n",
            "Accept: */*\r\n",
            "Range: bytes=0-1\r\n",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n",
            "Connection: keep-alive\r\n",
            ": ",
            "X-Y: z\r\n",
            "\t",
            "\0",
        ]);
        prop_oneof![8 => known.prop_map(str::to_owned), 1 => "[ -~]{0,4}", 1 => any::<char>().prop_map(String::from)]
    }

    /// A head that is taken for a plain one, read without any parser of HTTP.
    fn is_surely_plain(head: &str, found: &Plain) -> bool {
        let Some(lines) = head.strip_suffix("\r\n\r\n") else { return false };
        let mut lines = lines.split("\r\n");
        let line_is_right = lines.next() == Some(format!("GET {} HTTP/1.1", found.target()).as_str());
        let names = ["host", "accept", "accept-encoding", "connection"];
        let mut hosts = 0;
        let headers_are_right = lines.all(|line| {
            let Some((name, value)) = line.split_once(':') else { return false };
            let name = name.to_ascii_lowercase();
            hosts += usize::from(name == "host");
            let is_known = names.contains(&name.as_str()) || WITHOUT_MEANING.contains(&name.as_str());
            let stays = name != "connection" || value.trim().eq_ignore_ascii_case("keep-alive");
            is_known && stays && !value.contains(['\r', '\n', '\0'])
        });
        line_is_right && headers_are_right && hosts == 1
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn nothing_else_is_taken_for_a_plain_request(
            begin in prop::sample::select(vec!["", "GET /a HTTP/1.1\r\nHost: a\r\n", "GET /a"]),
            pieces in prop::collection::vec(piece(), 0..8),
            end in prop::sample::select(vec!["", "\r\n", "\r\n\r\n"]),
        ) {
            let sent = format!("{begin}{}{end}", pieces.concat());
            let found = look(sent.as_bytes());
            match &found {
                Look::Plain(plain) => {
                    let head = sent.get(..plain.length).unwrap();
                    prop_assert!(is_surely_plain(head, plain), "{head:?}");
                    if let Some(parts) = plain.parts() {
                        prop_assert_eq!(parts.uri.path_and_query().unwrap().as_str(), plain.target());
                    }
                }
                Look::Ordinary(length) => {
                    let head = sent.get(..*length).unwrap().to_ascii_lowercase();
                    prop_assert!(head.ends_with("\r\n\r\n"));
                    let of_bodies = ["\ncontent-length", "\ntransfer-encoding", "\nupgrade", "\nexpect"];
                    prop_assert!(!of_bodies.iter().any(|name| head.contains(name)), "{head:?}");
                }
                Look::Partial | Look::Foreign => {}
            }
            // What comes behind a head changes nothing of it.
            if let Look::Plain(_) | Look::Ordinary(_) = &found {
                prop_assert_eq!(look(format!("{sent}GET \n\r\n\r\n").as_bytes()), found);
            }
        }
    }
}
