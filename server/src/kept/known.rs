//! Responses that were sent before, as they are sent over HTTP/1.1: head and all, so that they cost no more than that again.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use hyper::header::HeaderName;
use hyper::http::response::Parts;
use weir_datasets::mapped::MappedRun;

use super::{Kept, KeptResponses, KeptRun};
use crate::metrics::Tally;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A response that was sent, as long as its body is kept.
pub struct Known {
    /// The head.
    pub head: Head,
    /// The version of the catalog by which its target was read: of another one the target may mean another dataset.
    pub catalog: u64,
    /// The dataset that it is of.
    pub dataset: String,
    /// The generation that it is of.
    pub generation: String,
    /// The place of the plugin that made it.
    pub plugin: usize,
    /// Where it is counted.
    pub tally: Tally,
    /// Where its body is.
    pub stored: Stored,
}

/// Where a body is; what is no longer kept under its tag, or anew, is another one.
#[derive(Debug)]
pub enum Stored {
    /// In memory.
    Made(String, Weak<Kept>),
    /// In a file.
    Placed(String, Weak<KeptRun>),
}

/// A body on its way.
#[derive(Debug)]
pub enum Whole {
    /// In memory.
    Made(Bytes),
    /// In a file.
    Mapped(MappedRun),
}

impl Stored {
    /// In memory, under a tag.
    pub fn made(tag: String, kept: &Arc<Kept>) -> Self {
        Self::Made(tag, Arc::downgrade(kept))
    }

    /// In a file.
    pub fn placed(tag: &str, run: &Arc<KeptRun>) -> Self {
        Self::Placed(tag.to_owned(), Arc::downgrade(run))
    }

    /// The body, if it is kept still and can be sent without waiting.
    pub fn whole(&self, kept: &KeptResponses) -> Option<Whole> {
        match self {
            Self::Made(tag, made) => {
                let now = kept.get(tag).filter(|now| std::ptr::eq(Arc::as_ptr(now), made.as_ptr()))?;
                Some(Whole::Made(now.body.clone()))
            }
            Self::Placed(tag, placed) => {
                let now = kept.run(tag).filter(|now| std::ptr::eq(Arc::as_ptr(now), placed.as_ptr()))?;
                now.map().map(Whole::Mapped)
            }
        }
    }

    /// How many bytes the tag takes.
    fn weigh(&self) -> usize {
        let (Self::Made(tag, _) | Self::Placed(tag, _)) = self;
        tag.len()
    }
}

impl Known {
    /// How many bytes it takes, nearly.
    pub fn weigh(&self) -> usize {
        let texts = [self.dataset.len(), self.generation.len(), self.stored.weigh(), self.head.weigh()];
        texts.into_iter().fold(256, usize::saturating_add)
    }
}

/// The head of a response, but for the request's id and the date.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl Head {
    /// The head of a response as hyper writes it; `None` where it names no request.
    pub fn of(response: &Parts) -> Option<Self> {
        let reason = response.status.canonical_reason().unwrap_or_default();
        let mut before = format!("HTTP/1.1 {} {reason}\r\n", response.status.as_str()).into_bytes();
        let mut behind = None;
        for (name, value) in &response.headers {
            let part = behind.as_mut().unwrap_or(&mut before);
            part.extend(name.as_str().as_bytes());
            part.extend(b": ");
            if name == REQUEST_ID {
                behind = Some(vec![]);
            } else {
                part.extend(value.as_bytes());
            }
            behind.as_mut().unwrap_or(&mut before).extend(b"\r\n");
        }
        Some(Self { before, behind: behind? })
    }

    /// Writes the head of the response to the request with this id.
    pub fn write(&self, id: &str, date: &str, out: &mut Vec<u8>) {
        for part in [&self.before, id.as_bytes(), &self.behind, b"date: ", date.as_bytes(), b"\r\n\r\n"] {
            out.extend_from_slice(part);
        }
    }

    fn weigh(&self) -> usize {
        self.before.len().saturating_add(self.behind.len())
    }
}

#[cfg(test)]
mod tests {
    use hyper::Response;

    use super::*;

    #[test]
    fn heads_have_a_place_for_the_id_and_the_date() {
        let response = Response::builder().header("a", "1").header("X-Request-Id", "old").header("b", "2");
        let (parts, ()) = response.body(()).unwrap().into_parts();
        let mut out = vec![];
        Head::of(&parts).unwrap().write("new", "today", &mut out);
        let expected = "HTTP/1.1 200 OK\r\na: 1\r\nx-request-id: new\r\nb: 2\r\ndate: today\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(Head::of(&Response::new(()).into_parts().0), None);
    }
}
