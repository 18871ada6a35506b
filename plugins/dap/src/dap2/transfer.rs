//! Transfers: the body of a response that is larger than what is read at once.

use std::collections::VecDeque;

use weir_plugin_api::{Body, Bytes, Dataset, Error, blocks};

use super::section::{Reader, Section};

/// Pieces smaller than this are sent together.
const SMALL: usize = 64 << 10;

/// A section whose size is known.
pub struct Prepared {
    /// The section.
    pub section: Section,
    /// Its bytes, with counts and padding.
    pub size: u64,
    /// What is known of its elements.
    pub state: State,
}

/// What is known of the elements of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing: the size was known without them.
    Unread,
    /// All of them were read to know the size, and are read again to be sent.
    Counted,
    /// They had to be read to know the size, and were few enough to keep.
    Kept(Vec<u8>),
}

/// Sends what was proven to be readable, piece by piece, and exactly as many bytes as were announced.
pub struct Transfer {
    dataset: Dataset,
    waiting: VecDeque<Prepared>,
    current: Option<(Section, Reader)>,
    /// Small bytes that lie before everything else.
    small: Vec<u8>,
    /// A large piece that lies behind the small bytes.
    large: Option<Vec<u8>>,
    left: u64,
}

impl Transfer {
    /// A transfer of `total` bytes: `head`, then `sections`.
    pub fn new(dataset: Dataset, head: Vec<u8>, sections: Vec<Prepared>, total: u64) -> Self {
        let waiting = sections.into();
        Self { dataset, waiting, current: None, small: head, large: None, left: total }
    }

    /// Bytes of the current section, or of the next one; `None` at the end.
    fn step(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if let Some((section, reader)) = &mut self.current {
            return match section.next(reader, &self.dataset)? {
                Some(bytes) => Ok(Some(bytes)),
                None => {
                    let zeros = section.zeros();
                    self.current = None;
                    Ok(Some(zeros))
                }
            };
        }
        let Some(Prepared { section, state, .. }) = self.waiting.pop_front() else { return Ok(None) };
        let mut bytes = section.counts.clone();
        match state {
            State::Kept(encoded) => bytes.extend(encoded),
            State::Unread | State::Counted => {
                let reader = section.reader();
                self.current = Some((section, reader));
            }
        }
        Ok(Some(bytes))
    }

    /// The next bytes to send, small ones together; empty at the end.
    fn gather(&mut self) -> Result<Vec<u8>, Error> {
        while self.large.is_none() && self.small.len() < SMALL {
            match self.step()? {
                Some(bytes) if bytes.len() < SMALL => self.small.extend(bytes),
                Some(bytes) => self.large = Some(bytes),
                None => break,
            }
        }
        if self.small.is_empty() {
            return Ok(self.large.take().unwrap_or_default());
        }
        Ok(std::mem::take(&mut self.small))
    }
}

impl Body for Transfer {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let bytes = self.gather()?;
        let length = u64::try_from(bytes.len()).map_err(|error| Error::internal(error.to_string()))?;
        let announced = || Error::internal("the response does not have the size that was announced");
        self.left = self.left.checked_sub(length).ok_or_else(announced)?;
        match (bytes.is_empty(), self.left) {
            (true, 0) => Ok(None),
            (true, _) => Err(announced()),
            _ => Ok(Some(blocks::send(bytes))),
        }
    }
}
