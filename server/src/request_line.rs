//! Request lines as clients write them, and as HTTP wants them.
//!
//! Clients of scientific protocols, and people at a command line, send `>`, `<` and `"` as they are, which hyper answers with
//! an empty 400. Here they are percent-encoded before hyper sees them. A blank or a control character in a target is not
//! mended (RFC 9112, section 3: who does may be led past a filter that read the line differently): such a request is marked,
//! and answered with a reason.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use weir_plugin_api::Error;

/// The header that marks a request whose target has a blank or a control character in it.
pub const MARK: &str = "weir-refused-target";

/// Why a marked request is refused.
pub fn refusal() -> Error {
    Error::bad_request(
        "the request's target has a blank or a control character in it; write %20 for a blank, %09 for a tab, %0A for a \
         line break",
    )
}

/// A longer line is left to hyper, which refuses it.
const LONGEST: usize = 64 << 10;

/// What is read of a connection at once.
const READ: usize = 8 << 10;

/// Whether a byte of a target is one that hyper refuses.
pub fn is_mended(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'"' | b'`' | 0..=b' ' | 0x7f)
}

/// A request line, without its line break, as HTTP wants it; `None` where it is so, or is no request line at all.
fn mended(line: &[u8]) -> Option<Vec<u8>> {
    let (method, rest) = line.split_at_checked(line.iter().position(|byte| *byte == b' ')?)?;
    let (target, version) = rest.split_at_checked(rest.iter().rposition(|byte| *byte == b' ')?)?;
    let target = target.strip_prefix(b" ")?;
    if !version.starts_with(b" HTTP/1.") {
        return None;
    }
    // What is no UTF-8 is encoded byte by byte: whoever takes the target apart says what is wrong with it.
    let foreign = std::str::from_utf8(target).is_err();
    let is_wrong = |byte: &u8| is_mended(*byte) || (foreign && !byte.is_ascii());
    if !target.iter().any(is_wrong) {
        return None;
    }
    let mut out = [method, b" "].concat();
    for byte in target {
        match is_wrong(byte) {
            true => out.extend(format!("%{byte:02X}").bytes()),
            false => out.push(*byte),
        }
    }
    out.extend(version);
    if target.iter().any(|byte| matches!(byte, 0..=b' ' | 0x7f)) {
        out.extend(b"\r\n");
        out.extend(MARK.bytes());
        out.extend(b": 1");
    }
    Some(out)
}

/// Where in the requests of a connection its bytes are.
#[derive(Debug)]
enum Place {
    /// In a request line, of which these bytes were kept back.
    Line(Vec<u8>),
    /// In headers; the first bytes of the present line.
    Headers(Vec<u8>),
    /// Behind the headers of a request with a body, or in another protocol: no line is looked for any more.
    Beyond,
}

/// Names of headers behind which bytes follow that are no request.
const BODIES: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"upgrade"];

impl Place {
    /// Passes bytes on to `out`, lines mended.
    fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut left = bytes;
        while !left.is_empty() {
            let line_end = left.iter().position(|byte| *byte == b'\n').map(|at| at.saturating_add(1));
            let (part, rest) = left.split_at_checked(line_end.unwrap_or(left.len())).unwrap_or((left, &[]));
            left = rest;
            match self {
                Self::Beyond => out.extend(part),
                Self::Line(line) => {
                    line.extend(part);
                    if line_end.is_some() || line.len() > LONGEST {
                        let whole = std::mem::take(line);
                        *self = Self::behind_line(&whole, out);
                    }
                }
                Self::Headers(line) => {
                    out.extend(part);
                    // Enough to know the longest of the names.
                    line.extend(part.iter().take(24_usize.saturating_sub(line.len())));
                    if line_end.is_some() {
                        let whole = std::mem::take(line);
                        *self = Self::behind_header(&whole);
                    }
                }
            }
        }
    }

    fn behind_line(whole: &[u8], out: &mut Vec<u8>) -> Self {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match mended(line).filter(|_| whole.len() <= LONGEST) {
            Some(mended) => out.extend([&mended, whole.get(line.len()..).unwrap_or_default()].concat()),
            None => out.extend(whole),
        }
        match line {
            // Empty lines before a request are allowed (RFC 9112, section 2.2).
            [] => Self::Line(vec![]),
            _ if whole.len() > LONGEST || line == b"PRI * HTTP/2.0" => Self::Beyond,
            _ => Self::Headers(vec![]),
        }
    }

    fn behind_header(line: &[u8]) -> Self {
        let begins = |name: &&[u8]| line.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name));
        match line {
            b"\r\n" | b"\n" => Self::Line(vec![]),
            _ if BODIES.iter().any(begins) => Self::Beyond,
            _ => Self::Headers(vec![]),
        }
    }
}

/// A connection whose request lines are mended.
#[derive(Debug)]
pub struct Mending<S> {
    connection: S,
    place: Place,
    /// Bytes that were not taken yet, and how many of them were.
    ready: (Vec<u8>, usize),
}

impl<S> Mending<S> {
    /// A connection of which these bytes were read already, where a request begins.
    pub fn behind(read: &[u8], connection: S) -> Self {
        let (mut place, mut out) = (Place::Line(vec![]), vec![]);
        place.pass(read, &mut out);
        Self { connection, place, ready: (out, 0) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Mending<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { connection, place, ready: (bytes, taken) } = &mut *self;
        loop {
            let waiting = bytes.get(*taken..).unwrap_or_default();
            if !waiting.is_empty() {
                let fitting = waiting.get(..out.remaining()).unwrap_or(waiting);
                out.put_slice(fitting);
                *taken = taken.saturating_add(fitting.len());
                return Poll::Ready(Ok(()));
            }
            if matches!(place, Place::Beyond) || out.remaining() == 0 {
                return Pin::new(connection).poll_read(context, out);
            }
            let mut room = [const { MaybeUninit::uninit() }; READ];
            let mut read = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut *connection).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            bytes.clear();
            *taken = 0;
            place.pass(read.filled(), bytes);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Mending<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same bytes come out however they are cut into reads.
    fn check(sent: &str, expected: &str) {
        for size in [1, 2, 3, 7, sent.len()] {
            let (mut place, mut out) = (Place::Line(vec![]), vec![]);
            sent.as_bytes().chunks(size).for_each(|part| place.pass(part, &mut out));
            assert_eq!(String::from_utf8_lossy(&out), expected, "{sent:?} in reads of {size}");
        }
    }

    fn unchanged(sent: &str) {
        check(sent, sent);
    }

    #[test]
    fn targets_are_mended() {
        let sent = "GET /x?s&a>=1&b<\"c`d\" HTTP/1.1\r\nHost: <\"x\">\r\n\r\nHEAD /y? HTTP/1.0\n\nGET /<> HTTP/1.1\n";
        let expected = "GET /x?s&a%3E=1&b%3C%22c%60d%22 HTTP/1.1\r\nHost: <\"x\">\r\n\r\nHEAD /y? HTTP/1.0\n\nGET /%3C%3E HTTP/1.1\n";
        check(sent, expected);
        unchanged("GET /x?v[0:1]{}|^\\~'é HTTP/1.1\r\n\r\n");
        unchanged("\r\n\nGET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn blanks_and_control_characters_are_marked() {
        check("GET /a b HTTP/1.1\r\n\r\n", "GET /a%20b HTTP/1.1\r\nweir-refused-target: 1\r\n\r\n");
        check("GET /a\t\u{7f} HTTP/1.1\n\n", "GET /a%09%7F HTTP/1.1\r\nweir-refused-target: 1\n\n");
        check("GET  / HTTP/1.1\r\n\r\n", "GET %20/ HTTP/1.1\r\nweir-refused-target: 1\r\n\r\n");
    }

    #[test]
    fn what_is_no_request_line_is_left_alone() {
        unchanged("GET /<\r\n\r\n");
        unchanged("\u{16}\u{3}\u{1} \"<>\n\" HTTP/3\n");
        unchanged("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /<> HTTP/1.1\r\n");
        unchanged(&format!("GET /{}>> HTTP/1.1\r\n\r\n", "<".repeat(LONGEST)));
        for header in ["content-length: 20", "Content-Length:0", "TRANSFER-ENCODING: chunked", "Upgrade: x"] {
            unchanged(&format!("POST / HTTP/1.1\r\n{header}\r\n\r\nGET /<> HTTP/1.1\r\n"));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_encoded() {
        assert_eq!(mended(b"GET /\xc3\xa9\xe9 HTTP/1.1"), Some(b"GET /%C3%A9%E9 HTTP/1.1".to_vec()));
        assert_eq!(mended("GET /é HTTP/1.1".as_bytes()), None);
    }
}
