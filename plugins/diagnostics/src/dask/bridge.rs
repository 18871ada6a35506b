//! The conversation with `weir-dask`: one connection is one computation, and closing it is what cancels that.
//!
//! weir sends a job as a line of JSON. Lines of JSON come back at least once a second, the last of which is followed by the result.

use std::io::{ErrorKind as Io, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use weir_plugin_api::{Error, ErrorKind};

use super::reply::{self, Type};
use crate::engine::values::Values;

/// Where a `weir-dask` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host and a port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Reads `host:port` or `unix:PATH`.
    ///
    /// # Errors
    /// `BadRequest` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Self::Unix(path.into()));
        }
        let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
        match port.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port > 0) {
            Some(_) => Ok(Self::Tcp(text.to_owned())),
            None => Err(super::refused("bridge must be host:port, or unix: and the whole path of a socket")),
        }
    }

    fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path)?)),
            Self::Tcp(address) => {
                let mut failed = std::io::Error::from(Io::AddrNotAvailable);
                for address in address.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, CONNECT) {
                        Ok(stream) => return Ok(Box::new(stream)),
                        Err(error) => failed = error,
                    }
                }
                Err(failed)
            }
        }
    }
}

/// How far a computation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tasks that are done.
    pub done: u64,
    /// Tasks that there are.
    pub of: u64,
}

/// A line that comes back.
#[derive(Debug, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
enum Line {
    Running { done: u64, of: u64 },
    Done { dtype: String, bytes: u64 },
    Failed { kind: String, message: String },
}

/// Hears of progress, and `None` now and then; its error ends the computation.
pub type Watcher<'a> = dyn FnMut(Option<Progress>) -> Result<(), Error> + 'a;

const CONNECT: Duration = Duration::from_secs(5);

/// So often a request that nobody waits for any more is noticed.
const LOOK: Duration = Duration::from_millis(250);

/// A `weir-dask` that says nothing for so long is taken for dead; one that reaches its scheduler says something every second.
const PATIENCE: Duration = Duration::from_secs(120);

const LONGEST_LINE: usize = 64 << 10;
const PIECE: usize = 1 << 20;

trait Stream: Read + Write {
    fn set_waits(&self) -> std::io::Result<()>;
}

impl Stream for TcpStream {
    fn set_waits(&self) -> std::io::Result<()> {
        self.set_read_timeout(Some(LOOK))?;
        self.set_write_timeout(Some(LOOK))
    }
}

impl Stream for UnixStream {
    fn set_waits(&self) -> std::io::Result<()> {
        self.set_read_timeout(Some(LOOK))?;
        self.set_write_timeout(Some(LOOK))
    }
}

fn unavailable(words: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, words)
}

fn broken() -> Error {
    unavailable("weir-dask broke off; its log may say why, and the computation can be asked for again")
}

fn wrong(words: &str) -> Error {
    unavailable(format!("weir-dask answered {words}; install the one of this release of weir"))
}

/// Has a job computed: a result of elements of one type, as many as are wanted.
///
/// # Errors
/// `Unavailable` where `weir-dask` or its cluster is not there or fails; what it says of the job; those of `watch`.
pub fn exchange(
    address: &Address,
    job: &[u8],
    (of, elements): (Type, usize),
    watch: &mut Watcher<'_>,
) -> Result<Values, Error> {
    watch(None)?;
    let stream = address.connect().and_then(|stream| stream.set_waits().map(|()| stream));
    let stream = stream.map_err(|error| {
        unavailable(format!(
            "weir-dask cannot be reached ({}); it must run, and the site's configuration say where",
            error.kind()
        ))
    })?;
    let mut talk = Talk { stream, heard: Instant::now(), buffer: Vec::new(), watch };
    talk.send(job)?;
    loop {
        match talk.line()? {
            Line::Running { done, of } => (talk.watch)(Some(Progress { done, of }))?,
            Line::Failed { kind, message } => return Err(said(&kind, &message)),
            Line::Done { dtype, bytes } => {
                let wanted = elements.checked_mul(of.size()).map(|bytes| bytes as u64);
                if dtype != of.name() || Some(bytes) != wanted {
                    return Err(wrong(&format!(
                        "with {bytes} bytes of {dtype:.20} where {elements} elements of {} were asked for",
                        of.name()
                    )));
                }
                return talk.values(of, elements);
            }
        }
    }
}

/// What is said of a failure, for clients.
fn said(kind: &str, message: &str) -> Error {
    let kind = match kind {
        "bad_request" => ErrorKind::BadRequest,
        "too_large" => ErrorKind::TooLarge,
        "unsupported" => ErrorKind::Unsupported,
        "corrupt" => ErrorKind::Corrupt,
        // What a cluster does not manage is no fault of this server, whose own engine may.
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, message.chars().filter(|c| !c.is_control()).take(500).collect::<String>())
}

/// One conversation.
struct Talk<'a, 'b> {
    stream: Box<dyn Stream>,
    heard: Instant,
    /// What came and was not looked at.
    buffer: Vec<u8>,
    watch: &'a mut Watcher<'b>,
}

impl Talk<'_, '_> {
    /// What to do where a read or write ended with an error: nothing where it only took long.
    fn wait(&mut self, error: &std::io::Error) -> Result<(), Error> {
        if !matches!(error.kind(), Io::WouldBlock | Io::TimedOut | Io::Interrupted) {
            return Err(broken());
        }
        if self.heard.elapsed() > PATIENCE {
            return Err(unavailable(format!("weir-dask said nothing for {} s", PATIENCE.as_secs())));
        }
        (self.watch)(None)
    }

    fn send(&mut self, mut job: &[u8]) -> Result<(), Error> {
        while !job.is_empty() {
            match self.stream.write(job) {
                Ok(0) => return Err(broken()),
                Ok(written) => {
                    self.heard = Instant::now();
                    job = job.get(written..).unwrap_or_default();
                }
                Err(error) => self.wait(&error)?,
            }
        }
        Ok(())
    }

    /// Reads more, at most so many bytes; 0 at the end.
    fn more(&mut self, most: usize) -> Result<usize, Error> {
        let had = self.buffer.len();
        self.buffer.resize(had.saturating_add(most), 0);
        let read = loop {
            match self.stream.read(self.buffer.get_mut(had..).unwrap_or_default()) {
                Ok(read) => break read,
                Err(error) => self.wait(&error)?,
            }
        };
        self.heard = Instant::now();
        self.buffer.truncate(had.saturating_add(read));
        Ok(read)
    }

    fn line(&mut self) -> Result<Line, Error> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return serde_json::from_slice(&line)
                    .map_err(|_not_understood| wrong("with a line that is not understood"));
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(wrong("with a line that does not end"));
            }
            if self.more(4096)? == 0 {
                return Err(broken());
            }
        }
    }

    /// So many elements, and nothing behind them.
    fn values(&mut self, of: Type, elements: usize) -> Result<Values, Error> {
        let mut values = of.room(elements);
        let mut left = elements.saturating_mul(of.size());
        loop {
            let whole = self.buffer.len().min(left);
            let whole = whole.saturating_sub(whole.checked_rem(of.size()).unwrap_or(0));
            reply::append(&mut values, self.buffer.get(..whole).unwrap_or_default());
            self.buffer.drain(..whole);
            left = left.saturating_sub(whole);
            if left == 0 && !self.buffer.is_empty() {
                return Err(wrong("with more bytes than it said"));
            }
            match (self.more(PIECE)?, left) {
                (0, 0) => return Ok(values),
                (0, _) => return Err(broken()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
