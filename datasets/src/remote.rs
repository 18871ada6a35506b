//! Objects of S3 stores and web servers, read by ranges as files are.
//!
//! An object is looked at once, when it is opened. After that, each request asks for a range of the very state that was
//! seen then (`If-Match` with the entity tag, or `If-Unmodified-Since` where there is none), and what answers it is
//! compared with that state again. So no request is needed to know that nothing changed: bytes of another state never get
//! in, and the first request that meets one marks the object as changed.

pub mod addresses;
mod answer;
mod blocks;
mod connection;
mod environment;
mod network;
mod object;
mod prefix;
pub mod rules;
mod runtime;
mod spans;
pub mod url;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use tokio::task::JoinSet;

pub(crate) use self::blocks::Blocks;
pub use self::network::Network;
pub use self::prefix::Prefix;

use self::blocks::ObjectBlocks;
use self::object::Object;
use crate::{Error, Generation};

/// Reads of at most this many bytes take whole blocks, which are kept: parsers read many small pieces.
const SMALL: usize = 64 << 10;

/// How many requests of one read are under way.
const WINDOW: usize = 16;

/// An object that is read as a file is.
#[derive(Debug)]
pub struct RemoteFile {
    object: Arc<Object>,
    blocks: Option<ObjectBlocks>,
    changed: Arc<AtomicBool>,
}

impl RemoteFile {
    /// An object of which small pieces are read, too.
    fn in_blocks(object: Object, blocks: &Blocks) -> Self {
        let blocks = Some(blocks.of_object(object.len()));
        Self { object: Arc::new(object), blocks, changed: Arc::default() }
    }

    /// An object whose readers know the ranges that they want: each is asked for as it is.
    fn in_ranges(object: Object) -> Self {
        Self { object: Arc::new(object), blocks: None, changed: Arc::default() }
    }

    /// What it was when it was opened.
    pub fn generation(&self) -> Generation {
        self.object.generation()
    }

    /// When it was changed, as its server says.
    pub fn modified(&self) -> Option<SystemTime> {
        self.object.modified()
    }

    /// A flag that is set once a read found the object changed.
    pub fn changed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.changed)
    }

    /// Whether all that was read so far is of one state, which needs no request to be known.
    ///
    /// # Errors
    /// `Unavailable` once a read found the object changed.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        match self.changed.load(Ordering::Relaxed) {
            true => Err(answer::changed()),
            false => Ok(()),
        }
    }

    /// Reads exactly `out.len()` bytes, which are inside.
    ///
    /// # Errors
    /// `Unavailable` where the server does not give them, or the object changed.
    pub fn read_exact_at(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.check_unchanged()?;
        if let Some(blocks) = &self.blocks {
            let done = match out.len() <= SMALL {
                true => blocks.read(offset, out, &|start, end| self.fetch(start, end))?,
                false => blocks.copy_kept(offset, out),
            };
            if done {
                return Ok(());
            }
        }
        let span =
            spans::Span { start: offset, end: offset.saturating_add(out.len() as u64), members: vec![] };
        let parts: Vec<(u64, u64)> = spans::parts(&span).collect();
        self.fetch_parts(&parts, &mut |number, bytes| {
            if let Some(&(start, _)) = parts.get(number) {
                copy_between((start, bytes), (offset, out));
            }
        })
    }

    /// Reads several ranges, which are inside: near ones together, several at once. `out` has a buffer for each, of its
    /// length.
    ///
    /// # Errors
    /// As [`read_exact_at`](Self::read_exact_at).
    pub fn read_many(&self, ranges: &[(u64, u64)], out: &mut [Vec<u8>]) -> Result<(), Error> {
        self.check_unchanged()?;
        let mut left = Vec::with_capacity(ranges.len());
        for (&(offset, length), out) in ranges.iter().zip(out.iter_mut()) {
            let kept = self.blocks.as_ref().is_some_and(|blocks| blocks.copy_kept(offset, out));
            left.push((offset, if kept { 0 } else { length }));
        }
        let spans = spans::cover(&left);
        let of_span = |span| std::iter::repeat(span).zip(spans::parts(span));
        let (owners, parts): (Vec<&spans::Span>, Vec<(u64, u64)>) = spans.iter().flat_map(of_span).unzip();
        self.fetch_parts(&parts, &mut |number, bytes| {
            let (Some(span), Some(&(start, _))) = (owners.get(number), parts.get(number)) else { return };
            for &member in &span.members {
                if let (Some(&(offset, _)), Some(out)) = (left.get(member), out.get_mut(member)) {
                    copy_between((start, bytes), (offset, out));
                }
            }
        })
    }

    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        self.fetch_parts(&[(start, end)], &mut |_, bytes| {
            bytes.iter().for_each(|part| whole.extend_from_slice(part));
        })?;
        Ok(whole.freeze())
    }

    /// Asks for parts, some at once, and hands each to `arrived` with its number, as they come.
    fn fetch_parts(
        &self,
        parts: &[(u64, u64)],
        arrived: &mut dyn FnMut(usize, &[Bytes]),
    ) -> Result<(), Error> {
        let (runtime, (sender, receiver)) = (runtime::handle()?, channel());
        // What is under way is broken off where this returns early.
        let mut tasks = JoinSet::new();
        let mut waiting = parts.iter().enumerate().map(|(number, &(start, end))| {
            let (object, reply) = (Arc::clone(&self.object), Reply::new(number, &sender));
            async move { reply.send(object.part(start..end).await) }
        });
        for work in waiting.by_ref().take(WINDOW) {
            tasks.spawn_on(work, runtime);
        }
        for _ in parts {
            let (number, result) = runtime::next(&receiver)?;
            arrived(number, &result.inspect_err(|error| self.note(error))?);
            while tasks.try_join_next().is_some() {}
            if let Some(work) = waiting.next() {
                tasks.spawn_on(work, runtime);
            }
        }
        Ok(())
    }

    fn note(&self, error: &Error) {
        if *error == answer::changed() {
            self.changed.store(true, Ordering::Relaxed);
        }
    }
}

/// Sends what came of a part, in any case: whoever waits for it would wait forever.
struct Reply {
    number: usize,
    result: Result<Vec<Bytes>, Error>,
    sender: Sender<(usize, Result<Vec<Bytes>, Error>)>,
}

impl Reply {
    fn new(number: usize, sender: &Sender<(usize, Result<Vec<Bytes>, Error>)>) -> Self {
        Self { number, result: Err(runtime::broken_off()), sender: sender.clone() }
    }

    fn send(mut self, result: Result<Vec<Bytes>, Error>) {
        self.result = result;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.result, Ok(Vec::new()));
        // Nobody waits any more where another part failed.
        let _ = self.sender.send((self.number, result));
    }
}

/// Copies what two runs of an object's bytes, given by their first bytes, have in common.
fn copy_between((start, bytes): (u64, &[Bytes]), (offset, out): (u64, &mut [u8])) {
    let mut at = start;
    for part in bytes {
        let from = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
        let to = usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let (Some(part), Some(out)) = (part.get(from..), out.get_mut(to..)) {
            let length = part.len().min(out.len());
            if let (Some(part), Some(out)) = (part.get(..length), out.get_mut(..length)) {
                out.copy_from_slice(part);
            }
        }
        at = at.saturating_add(part.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_have_in_common_is_copied() {
        let bytes = [Bytes::from(vec![10, 11, 12]), Bytes::from(vec![13]), Bytes::from(vec![14, 15])];
        let check = |offset: u64, length: usize, expected: &[u8]| {
            let mut out = vec![0; length];
            copy_between((10, &bytes), (offset, &mut out));
            assert_eq!(out, expected, "{offset}");
        };
        check(10, 6, &[10, 11, 12, 13, 14, 15]);
        check(8, 10, &[0, 0, 10, 11, 12, 13, 14, 15, 0, 0]);
        check(12, 3, &[12, 13, 14]);
        check(14, 5, &[14, 15, 0, 0, 0]);
        check(16, 2, &[0, 0]);
        check(7, 3, &[0, 0, 0]);
    }
}
