//! Transfers: the body of a response that is larger than what is read at once.

use std::collections::VecDeque;

use weir_dap::dap4::response_chunk::{self, HEADER, Role};
use weir_dap::dap4::{Checksum, Checksums, error};
use weir_plugin_api::model::Hyperslab;
use weir_plugin_api::{Body, Bytes, Dataset, Error, ErrorKind, Host, LogLevel, blocks};

use super::section::Section;

/// Data is sent in chunks of at least this many bytes, all but the last.
const LEAST: usize = 64 << 10;
/// What was read is cut into chunks of at most this many bytes.
const MOST: usize = 8 << 20;

/// A section whose size is known.
pub struct Prepared {
    /// The section.
    pub section: Section,
    /// Its bytes.
    pub size: u64,
    /// Its bytes themselves, where they had to be read to know the size and were few enough to keep.
    pub encoded: Option<Vec<u8>>,
}

/// A section that is being sent.
struct Current {
    section: Section,
    pieces: Box<dyn Iterator<Item = Hyperslab> + Send>,
    checksum: Checksum,
}

/// Sends chunk by chunk, and ends with an error document where something cannot be read.
pub struct Transfer {
    host: Host,
    request: String,
    dataset: Dataset,
    checksums: Checksums,
    waiting: VecDeque<Prepared>,
    current: Option<Current>,
    /// The chunk of the DMR, until it is sent.
    first: Option<Vec<u8>>,
    /// Chunks that are ready to be sent.
    ready: VecDeque<Vec<u8>>,
    /// Data that waits for its chunk, behind room for the header.
    buffer: Vec<u8>,
    ended: bool,
}

impl Transfer {
    /// A transfer of the chunk `first` and of `sections`, for the request called `request`.
    pub fn new(
        host: Host,
        request: &str,
        dataset: Dataset,
        first: Vec<u8>,
        sections: Vec<Prepared>,
        checksums: Checksums,
    ) -> Self {
        Self {
            host,
            request: request.to_owned(),
            dataset,
            checksums,
            waiting: sections.into(),
            current: None,
            first: Some(first),
            ready: VecDeque::new(),
            buffer: vec![0; HEADER],
            ended: false,
        }
    }

    /// Reads on, until there is a chunk to send or nothing more.
    fn fill(&mut self) -> Result<(), Error> {
        while self.ready.is_empty() && !self.ended {
            if !self.step()? {
                self.ended = true;
                self.flush(Role::Last)?;
            } else if self.buffer.len() >= LEAST {
                self.flush(Role::Data)?;
            }
        }
        Ok(())
    }

    /// Goes one step on; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let Some(current) = &mut self.current else { return Ok(self.begin()) };
        match current.pieces.next() {
            Some(piece) => self.read(&piece)?,
            None => {
                let checksum = std::mem::take(&mut current.checksum);
                self.current = None;
                self.finish_variable(checksum);
            }
        }
        Ok(true)
    }

    /// Begins with the next section; `false` where there is none.
    fn begin(&mut self) -> bool {
        let Some(Prepared { section, encoded, .. }) = self.waiting.pop_front() else { return false };
        let mut checksum = Checksum::default();
        if let Some(encoded) = encoded {
            checksum.update(&encoded);
            self.buffer.extend_from_slice(&encoded);
            self.finish_variable(checksum);
        } else {
            let pieces = Box::new(section.pieces());
            self.current = Some(Current { section, pieces, checksum });
        }
        true
    }

    /// Reads a piece of the current section.
    fn read(&mut self, piece: &Hyperslab) -> Result<(), Error> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let large = current.section.verbatim(piece).filter(|&bytes| bytes >= LEAST);
        if large.is_some() && self.buffer.len() > HEADER {
            // A large piece is read to where it is sent from, so what is small goes before it.
            let small = std::mem::replace(&mut self.buffer, vec![0; HEADER]);
            cut(small, Role::Data, &mut self.ready)?;
        }
        let begin = self.buffer.len();
        match large {
            Some(bytes) => {
                let length =
                    bytes.checked_add(HEADER).ok_or_else(|| Error::too_large("a piece is too long"))?;
                self.buffer = blocks::take(length);
                let room = self.buffer.get_mut(HEADER..).unwrap_or_default();
                current.section.read(&self.dataset, piece, room)?;
            }
            None => current.section.append(&self.dataset, piece, &mut self.buffer)?,
        }
        current.checksum.update(self.buffer.get(begin..).unwrap_or_default());
        Ok(())
    }

    fn finish_variable(&mut self, checksum: Checksum) {
        if self.checksums == Checksums::Sent {
            self.buffer.extend_from_slice(&checksum.finish());
        }
    }

    /// Makes chunks of what waits.
    fn flush(&mut self, role: Role) -> Result<(), Error> {
        let data = std::mem::replace(&mut self.buffer, vec![0; HEADER]);
        cut(data, role, &mut self.ready)
    }

    /// The last chunk of a response that cannot go on.
    fn broken(&mut self, failure: &Error) -> Result<Vec<u8>, Error> {
        self.ended = true;
        self.ready.clear();
        self.waiting.clear();
        self.current = None;
        let id = &self.request;
        let message = match failure.kind {
            // What went wrong inside is for the log alone.
            ErrorKind::Internal | ErrorKind::Panic => {
                format!("the server failed; tell the site request id {id}")
            }
            _ => failure.message.clone(),
        };
        self.host.log(None, LogLevel::Error, &format!("request {id} ends with an error chunk: {failure}"));
        self.host.metric_add("error_chunks", 1.0);
        let document = error::document(500, &message).into_bytes();
        let mut chunk = vec![0; HEADER];
        chunk.extend_from_slice(&document);
        framed(chunk, Role::Error)
    }
}

/// Writes the header into the room that `chunk` has for it.
fn framed(mut chunk: Vec<u8>, role: Role) -> Result<Vec<u8>, Error> {
    let header = response_chunk::header(role, chunk.len().saturating_sub(HEADER));
    let room = chunk.first_chunk_mut::<HEADER>();
    let (Some(header), Some(room)) = (header, room) else {
        return Err(Error::internal("a chunk is longer than its header can say"));
    };
    *room = header;
    Ok(chunk)
}

/// One chunk of data with room for the header; several where it is too long.
fn cut(data: Vec<u8>, role: Role, ready: &mut VecDeque<Vec<u8>>) -> Result<(), Error> {
    if data.len() <= MOST {
        ready.push_back(framed(data, role)?);
        return Ok(());
    }
    let mut parts = data.get(HEADER..).unwrap_or_default().chunks(MOST).peekable();
    while let Some(part) = parts.next() {
        let role = if parts.peek().is_some() { Role::Data } else { role };
        let mut chunk = vec![0; HEADER];
        chunk.extend_from_slice(part);
        ready.push_back(framed(chunk, role)?);
    }
    drop(blocks::send(data));
    Ok(())
}

impl Body for Transfer {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.fill() {
            Ok(()) => {}
            // Nothing was sent yet, so it can still become a status; or nobody listens any more.
            Err(failure) if self.first.is_some() || failure.kind == ErrorKind::Cancelled => {
                return Err(failure);
            }
            Err(failure) => return self.broken(&failure).map(|chunk| Some(Bytes::from(chunk))),
        }
        if let Some(first) = self.first.take() {
            return Ok(Some(Bytes::from(first)));
        }
        Ok(self.ready.pop_front().map(blocks::send))
    }
}
