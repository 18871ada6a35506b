//! Gathering: stored chunks that lie near each other in a file are fetched together.

use std::sync::Arc;

use super::Waiting;
use crate::{DataFile, Error};

/// Chunks with at most this many unneeded bytes between them are fetched together: one request costs more than these bytes.
const NEAR_BYTES: u64 = 16 << 10;

/// The same of remote files, where a request costs a round trip.
const NEAR_BYTES_REMOTE: u64 = 256 << 10;

/// At most this many bytes are fetched together.
pub const TOGETHER_BYTES: u64 = 1 << 20;

/// At most this many bytes of remote files are fetched ahead of decoding.
pub const AHEAD_BYTES: u64 = 16 << 20;

/// Parts whose bytes are fetched together.
pub struct Gathered<'p> {
    /// The file they are in.
    pub file: Arc<DataFile>,
    offset: u64,
    length: u64,
    /// The parts, by where their bytes begin.
    pub waiting: Vec<Waiting<'p>>,
}

impl Gathered<'_> {
    /// Fetches the bytes. A source may have many files, so each is checked.
    ///
    /// # Errors
    /// As [`DataFile::read_at`] and [`DataFile::check_unchanged`].
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        let bytes = self.file.read_at(self.offset, self.length)?;
        self.file.check_unchanged()?;
        Ok(bytes)
    }

    /// The bytes of one part.
    ///
    /// # Errors
    /// None is expected: a group spans its parts.
    pub fn slice<'b>(&self, bytes: &'b [u8], waiting: &Waiting<'_>) -> Result<&'b [u8], Error> {
        let from = waiting.run.offset.checked_sub(self.offset).and_then(|from| usize::try_from(from).ok());
        let end = from.zip(usize::try_from(waiting.run.length).ok()).and_then(|(a, n)| a.checked_add(n));
        let part = from.zip(end).and_then(|(from, end)| bytes.get(from..end));
        part.ok_or_else(|| Error::corrupt("chunks that were fetched together do not hold each other"))
    }
}

/// Groups parts by nearness. Order is by file and place in it.
pub fn near(mut waiting: Vec<Waiting<'_>>) -> Vec<Gathered<'_>> {
    if waiting.len() > 1 {
        waiting.sort_by_key(|waiting| (Arc::as_ptr(&waiting.run.file), waiting.run.offset));
    }
    let mut groups: Vec<Gathered<'_>> = Vec::with_capacity(waiting.len());
    for next in waiting {
        let joined = groups.last().and_then(|group| joined(group, &next));
        match (groups.last_mut(), joined) {
            (Some(group), Some(length)) => {
                group.length = length;
                group.waiting.push(next);
            }
            _ => {
                let (file, offset, length) = (Arc::clone(&next.run.file), next.run.offset, next.run.length);
                groups.push(Gathered { file, offset, length, waiting: vec![next] });
            }
        }
    }
    groups
}

/// The length of a group that `next` has joined, where it may.
fn joined(group: &Gathered<'_>, next: &Waiting<'_>) -> Option<u64> {
    let near = if group.file.is_remote() { NEAR_BYTES_REMOTE } else { NEAR_BYTES };
    let end = group.offset.checked_add(group.length)?;
    let gap = next.run.offset.saturating_sub(end);
    let next_end = next.run.offset.checked_add(next.run.length)?;
    let length = next_end.max(end).checked_sub(group.offset)?;
    (Arc::ptr_eq(&group.file, &next.run.file) && gap <= near && length <= TOGETHER_BYTES).then_some(length)
}

/// Windows of remote groups: while one is decoded, the next is fetched.
#[derive(Clone, Copy)]
pub struct Windows {
    /// How many bytes a window has, unless one group alone has more.
    pub bytes: u64,
    /// At least so many groups are decoded one after the other, by one thread.
    pub in_turn: usize,
}

impl Windows {
    /// Fetches groups window by window, and finishes them on all cores.
    ///
    /// # Errors
    /// The first that `finish`, `check` or fetching meets.
    pub fn ahead(
        self,
        groups: &[Gathered<'_>],
        finish: impl Fn(&Gathered<'_>, Vec<u8>) -> Result<(), Error> + Sync,
        check: impl Fn() -> Result<(), Error>,
    ) -> Result<(), Error> {
        use rayon::prelude::*;
        let decode = |fetched: Vec<(&Gathered<'_>, Vec<u8>)>| {
            let fetched = fetched.into_par_iter().with_min_len(self.in_turn);
            fetched.try_for_each(|(group, bytes)| finish(group, bytes))
        };
        let (mut before, mut rest) = (Vec::new(), groups);
        while !rest.is_empty() || !before.is_empty() {
            check()?;
            let (window, behind) = rest.split_at(self.next(rest));
            rest = behind;
            let mut decoded = Ok(());
            let fetched = rayon::in_place_scope(|scope| {
                let (now, decoded, decode) = (std::mem::take(&mut before), &mut decoded, &decode);
                scope.spawn(move |_| *decoded = decode(now));
                fetch(window)
            });
            decoded?;
            before = fetched?;
        }
        Ok(())
    }

    /// How many groups the next window has: at least one.
    fn next(self, groups: &[Gathered<'_>]) -> usize {
        let mut bytes = 0_u64;
        let fitting = groups.iter().take_while(|group| {
            bytes = bytes.saturating_add(group.length);
            bytes <= self.bytes
        });
        fitting.count().max(1).min(groups.len())
    }
}

/// Fetches the bytes of a window, file by file.
fn fetch<'g, 'p>(window: &'g [Gathered<'p>]) -> Result<Vec<(&'g Gathered<'p>, Vec<u8>)>, Error> {
    let mut fetched = Vec::with_capacity(window.len());
    for groups in window.chunk_by(|a, b| Arc::ptr_eq(&a.file, &b.file)) {
        let ranges: Vec<(u64, u64)> = groups.iter().map(|group| (group.offset, group.length)).collect();
        let Some(first) = groups.first() else { continue };
        fetched.extend(groups.iter().zip(first.file.read_many(&ranges)?));
        first.file.check_unchanged()?;
    }
    Ok(fetched)
}
