//! Reading a hyperslab: plan, locate, fetch, decode, and put every element where it belongs.
//!
//! Chunks that lie near each other in a file are fetched together; chunks of remote files are fetched ahead of decoding, up to
//! a bound. Decoding runs on all cores. Decoded chunks of which a read needs only a part are kept, within the memory budget,
//! because the next read is likely to need another part.

mod gather;
mod pace;
mod prove;
mod rows;
mod target;
pub mod threads;

use std::sync::Arc;

use rayon::prelude::*;
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Part};

use self::gather::{Gathered, Windows};
pub use self::pace::{Load, Pace, Reach};
use self::rows::{Rows, Window};
pub use self::target::Target;
use crate::codecs::{self, Decoded, Scratch};
use crate::memory_budget::{CachedChunk, Memory, Share};
use crate::proven::Proven;
use crate::{ChunkKey, ChunkSource, Encoded, Error, ErrorKind, Run, Stored, buffers};

/// One reading of a dataset: what all its steps need to know.
pub struct Reading<'a> {
    /// Where chunks come from.
    pub source: &'a dyn ChunkSource,
    /// What is read.
    pub target: Target<'a>,
    /// The variable's number in its dataset.
    pub variable: u32,
    /// The number of this opening of the dataset.
    pub dataset: u64,
    /// Where decoded chunks are kept.
    pub memory: &'a Memory,
    /// How much is done at once.
    pub pace: Pace,
    /// Whether what is read now may be kept for later.
    pub keeps: bool,
    /// Which chunks were decoded before.
    pub proven: &'a Proven,
    /// Whether the one who asked has gone; looked at before each chunk.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

/// Parts that are planned at once; slabs of very many chunks need no list of them all.
const BATCH: usize = 4096;

/// A part of a slab whose bytes must be fetched.
struct Waiting<'p> {
    part: &'p Part,
    /// The stored chunk, or for storage without codecs the part of it that is needed.
    run: Run,
    /// The first byte of the chunk that `run` holds.
    first: usize,
    /// Whether the decoded chunk is kept.
    keep: bool,
}

impl Reading<'_> {
    /// Reads `slab`, row-major, into `out`.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right; `out` then holds nothing of use.
    pub fn read(&self, slab: &Hyperslab, out: &mut [u8]) -> Result<(), Error> {
        let size = self.target.element_size()?;
        let expected = usize::try_from(slab.elements()).ok().and_then(|elements| elements.checked_mul(size));
        if expected != Some(out.len()) {
            let (path, length, elements) = (self.target.path, out.len(), slab.elements());
            let message = format!("{path}: the buffer has {length} bytes for {elements} elements of {size}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        self.target.chunk_bytes()?;
        let window = Window::of(out, slab.shape(), size);
        let keep = self.is_worth_keeping(slab);
        let mut plan = self.target.grid.plan(slab).peekable();
        while plan.peek().is_some() {
            let batch: Vec<Part> = plan.by_ref().take(BATCH).collect();
            self.place(&batch, &window, keep)?;
        }
        Ok(())
    }

    /// Whether the chunks that this read needs parts of can all be kept, without pushing each other out.
    fn is_worth_keeping(&self, slab: &Hyperslab) -> bool {
        let room = self.memory.share(Share::Chunks) >> 1;
        let bytes = self.target.chunk_bytes().unwrap_or(usize::MAX) as u64;
        let keeps = self.keeps && self.target.has_codecs();
        keeps && touched(self.target.grid, slab).saturating_mul(bytes) <= room
    }

    fn place(&self, parts: &[Part], window: &Window, keep: bool) -> Result<(), Error> {
        let waiting = self.started(parts, |part| self.start(part, window, keep))?;
        self.finished(waiting, |group, bytes| self.finish(group, bytes, window))
    }

    /// Starts parts, as many at once as memory allows, and hands back those that wait for their bytes.
    fn started<'p>(
        &self,
        parts: &'p [Part],
        start: impl Fn(&'p Part) -> Result<Option<Waiting<'p>>, Error> + Sync,
    ) -> Result<Vec<Waiting<'p>>, Error> {
        let started = match parts {
            [part] => return Ok(start(part)?.into_iter().collect()),
            parts if self.source.is_far() => {
                let at_once = self.pace.awaited_at_once(self.target.bytes_of_chunk());
                threads::each(parts.iter().collect(), at_once, start)?
            }
            parts => {
                let in_turn = self.in_turn(parts.len()).max(8);
                parts.par_iter().with_min_len(in_turn).map(&start).collect::<Result<Vec<_>, _>>()?
            }
        };
        Ok(started.into_iter().flatten().collect())
    }

    /// Fetches what parts wait for, near ones together, and finishes them.
    fn finished(
        &self,
        waiting: Vec<Waiting<'_>>,
        finish: impl Fn(&Gathered<'_>, Vec<u8>) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let (remote, local): (Vec<_>, Vec<_>) =
            gather::near(waiting).into_iter().partition(|group| group.file.is_remote());
        match local.as_slice() {
            [group] => finish(group, group.read()?)?,
            groups => {
                let groups = groups.par_iter().with_min_len(self.in_turn(groups.len()));
                groups.try_for_each(|group| finish(group, group.read()?))?;
            }
        }
        let windows = Windows { bytes: self.pace.ahead(), in_turn: self.in_turn(remote.len()) };
        windows.ahead(&remote, finish, || self.check_wanted())
    }

    /// How many of `count` chunks a thread decodes one after the other at least, so that no more threads decode than memory is
    /// there for.
    fn in_turn(&self, count: usize) -> usize {
        let at_once = self.pace.decoded_at_once(self.target.bytes_of_chunk());
        if at_once >= rayon::current_num_threads() { 1 } else { count.div_ceil(at_once).max(1) }
    }

    fn locate(&self, key: ChunkKey<'_>) -> Result<Stored, Error> {
        locate(self.source, key, self.target.chunk_bytes()?)
    }

    /// A file of the chunk's own is read and closed at once: thousands of open files are more than a process may have.
    fn is_read_at_once(&self, run: &Run) -> bool {
        !run.file.is_remote() && Arc::strong_count(&run.file) == 1
    }

    fn check_wanted(&self) -> Result<(), Error> {
        if (self.stopped)() {
            return Err(Error::unavailable("the request was cancelled or its time is over"));
        }
        Ok(())
    }

    /// Places a part that needs no reading; hands back what is needed for one that does.
    fn start<'p>(&self, part: &'p Part, window: &Window, keep: bool) -> Result<Option<Waiting<'p>>, Error> {
        let index = part.chunk();
        let key = ChunkKey { variable: self.target.path, index: &index };
        if !self.target.has_codecs() {
            return self.start_plain(key, part, window);
        }
        let keep = keep && self.is_partial(part);
        if keep && let Some(chunk) = self.cached(&index).and_then(|key| self.memory.chunks().get(&key)) {
            Rows::of(part, &self.target, window).copy(&chunk, 0, window)?;
            return Ok(None);
        }
        let encoded = match self.locate(key)? {
            Stored::Run(run) if self.is_read_at_once(&run) => Some(run.read()?),
            Stored::Run(run) => return Ok(Some(Waiting { part, run, first: 0, keep })),
            stored => stored.fetch(|| self.source.fetch(key))?,
        };
        let Some(Encoded { bytes, skipped_codecs }) = encoded else {
            return self.fill_part(part, window).map(|()| None);
        };
        self.place_encoded(part, (&bytes, skipped_codecs), keep, window)?;
        buffers::give(bytes);
        Ok(None)
    }

    /// A part of a chunk without codecs: only the bytes from its first to its last element are read.
    fn start_plain<'p>(
        &self,
        key: ChunkKey<'_>,
        part: &'p Part,
        window: &Window,
    ) -> Result<Option<Waiting<'p>>, Error> {
        let rows = Rows::of(part, &self.target, window);
        let (first, end) = rows.span();
        let length = end.saturating_sub(first);
        let stored = match self.locate(key)? {
            Stored::Run(run) if run.file.is_remote() || rows.single_run().is_none() => {
                return self.plain_run(part, run, first..end).map(Some);
            }
            stored => stored,
        };
        let fetch = |out: &mut [u8]| {
            stored.fetch_part((key, first as u64), out, |out| self.source.fetch_part(key, first as u64, out))
        };
        if let Some((at, length)) = rows.single_run() {
            // SAFETY: the run is this part's alone.
            let out = unsafe { window.bytes(at, length)? };
            match fetch(out)? {
                true => codecs::swap(out, self.unit()),
                false => self.fill_part(part, window)?,
            }
            return Ok(None);
        }
        let mut span = buffers::take(length);
        match fetch(&mut span)? {
            true => self.place_plain(part, span, first, window)?,
            false => self.fill_part(part, window)?,
        }
        Ok(None)
    }

    /// What of a stored run a part needs: `span` of it.
    fn plain_run<'p>(
        &self,
        part: &'p Part,
        run: Run,
        span: std::ops::Range<usize>,
    ) -> Result<Waiting<'p>, Error> {
        let outside =
            || Error::corrupt(format!("{}: a chunk is shorter than its shape says", self.target.path));
        if span.end as u64 > run.length {
            return Err(outside());
        }
        let offset = run.offset.checked_add(span.start as u64).ok_or_else(outside)?;
        let run = Run { offset, length: span.len() as u64, ..run };
        Ok(Waiting { part, run, first: span.start, keep: false })
    }

    /// Decodes and places what a group of waiting parts has read.
    fn finish(&self, group: &Gathered<'_>, bytes: Vec<u8>, window: &Window) -> Result<(), Error> {
        for waiting in &group.waiting {
            self.check_wanted()?;
            let stored = group.slice(&bytes, waiting)?;
            let Waiting { part, run, first, keep } = waiting;
            if self.target.has_codecs() {
                self.place_encoded(part, (stored, run.skipped_codecs), *keep, window)?;
            } else {
                // Copied, because bytes are swapped in place, and references may share them.
                let mut span = buffers::take(stored.len());
                span.copy_from_slice(stored);
                self.place_plain(part, span, *first, window)?;
            }
        }
        buffers::give(bytes);
        Ok(())
    }

    fn place_plain(
        &self,
        part: &Part,
        mut span: Vec<u8>,
        first: usize,
        window: &Window,
    ) -> Result<(), Error> {
        codecs::swap(&mut span, self.unit());
        let copied = Rows::of(part, &self.target, window).copy(&span, first, window);
        buffers::give(span);
        copied
    }

    fn place_encoded(
        &self,
        part: &Part,
        (bytes, skipped): (&[u8], u32),
        keep: bool,
        window: &Window,
    ) -> Result<(), Error> {
        let index = part.chunk();
        let rows = Rows::of(part, &self.target, window);
        let whole = rows.single_run().filter(|&(_, length)| Some(length) == self.target.chunk_bytes().ok());
        Scratch::with(|scratch| {
            if let Some((at, length)) = whole {
                // SAFETY: the run is this part's alone.
                let out = unsafe { window.bytes(at, length)? };
                let decoded = codecs::decode_into(scratch, bytes, skipped, (&self.decoded_to()?, out));
                return self.noted(&index, decoded);
            }
            let chunk = self.decoded(scratch, bytes, skipped, &index)?;
            rows.copy(chunk, 0, window)?;
            if let Some(key) = keep.then(|| self.cached(&index)).flatten() {
                self.memory.keep(key, Arc::from(chunk));
            }
            Ok(())
        })
    }

    fn decoded<'s>(
        &self,
        scratch: &'s mut Scratch,
        bytes: &'s [u8],
        skipped: u32,
        index: &[u64],
    ) -> Result<&'s [u8], Error> {
        self.noted(index, codecs::decode(scratch, bytes, skipped, &self.decoded_to()?))
    }

    /// What a chunk of the target decodes to.
    fn decoded_to(&self) -> Result<Decoded<'_>, Error> {
        let storage = &self.target.variable.storage;
        Ok(Decoded {
            codecs: &storage.codecs,
            length: self.target.chunk_bytes()?,
            data_type: &self.target.variable.data_type,
            stored: storage.byte_order,
            wanted: self.target.order,
        })
    }

    /// Notes that a chunk was decoded, or which one was not.
    fn noted<T>(&self, index: &[u64], decoded: Result<T, Error>) -> Result<T, Error> {
        let decoded = decoded.map_err(|e| e.within(format!("{} chunk {index:?}", self.target.path)))?;
        if let Some(number) = self.target.grid.number(index).filter(|_| self.keeps) {
            self.proven.insert(self.variable, number);
        }
        Ok(decoded)
    }

    /// Bytes of the unit that is reversed from stored to wanted order; 1 where nothing is.
    fn unit(&self) -> usize {
        match self.target.order == self.target.variable.storage.byte_order {
            true => 1,
            false => self.target.variable.data_type.swap_unit(),
        }
    }

    /// Whether a part leaves some of its chunk's elements out.
    fn is_partial(&self, part: &Part) -> bool {
        let lengths = self.target.grid.shape().iter().zip(self.target.grid.chunk_shape());
        part.axes.iter().zip(lengths).any(|(axis, (&length, &chunk))| {
            axis.count < chunk.min(length.saturating_sub(axis.chunk.saturating_mul(chunk)))
        })
    }

    fn cached(&self, index: &[u64]) -> Option<CachedChunk> {
        let (dataset, variable) = (self.dataset, self.variable);
        let number = self.target.grid.number(index)?;
        Some(CachedChunk { dataset, variable, number, big_endian: self.target.order == ByteOrder::Big })
    }

    fn fill_part(&self, part: &Part, window: &Window) -> Result<(), Error> {
        let fill = self.target.fill();
        if fill.len() != window.size() {
            return Err(Error::corrupt(format!("{} has no usable fill value", self.target.path)));
        }
        let rows = Rows::of(part, &self.target, window);
        rows.each(|_, at| {
            // SAFETY: the row is this part's alone.
            let out = unsafe { window.bytes(at, rows.row_out_bytes())? };
            out.chunks_exact_mut(fill.len()).for_each(|element| element.copy_from_slice(&fill));
            Ok(())
        })
    }
}

/// Where a chunk of `whole` bytes is stored. One that claims more bytes than its codecs could have made of it is damaged, and is
/// not read.
///
/// # Errors
/// As [`ChunkSource::locate`]; `Corrupt` for a chunk that claims too much.
pub fn locate(source: &dyn ChunkSource, key: ChunkKey<'_>, whole: usize) -> Result<Stored, Error> {
    let stored = source.locate(key)?;
    if let Stored::Run(run) = &stored {
        check_claim(key, run, Some(whole as u64))?;
    }
    Ok(stored)
}

/// Checks that a chunk of `whole` bytes does not claim more bytes than its codecs could have made of it; a chunk of a length that is
/// not known may have any.
///
/// # Errors
/// `Corrupt` for one that does.
pub fn check_claim(key: ChunkKey<'_>, run: &Run, whole: Option<u64>) -> Result<(), Error> {
    let most = whole.map_or(u64::MAX, |whole| whole.saturating_mul(2).saturating_add(64 << 10));
    if run.length <= most {
        return Ok(());
    }
    let (ChunkKey { variable, index }, has, whole) = (key, run.length, whole.unwrap_or(0));
    Err(Error::corrupt(format!(
        "{variable} chunk {index:?}: its {whole} bytes are stored in {has}; more than {most} cannot be right"
    )))
}

/// How many chunks a slab needs some element of.
#[must_use]
pub fn touched(grid: &ChunkGrid, slab: &Hyperslab) -> u64 {
    let axes = slab.strides().iter().zip(grid.chunk_shape());
    let counts = axes.map(|(stride, &chunk)| {
        let of = |n: u64| stride.at(n).checked_div(chunk).unwrap_or(0);
        let spanned = of(stride.count.saturating_sub(1)).saturating_sub(of(0)).saturating_add(1);
        spanned.min(stride.count)
    });
    counts.fold(1, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_model::Stride;

    use super::*;

    proptest! {
        #[test]
        fn touched_chunks_are_those_of_the_plan(
            axes in prop::collection::vec((1_u64..40, 1_u64..9, 0_u64..40, 1_u64..12, 1_u64..40), 0..4)
        ) {
            let shape: Vec<u64> = axes.iter().map(|axis| axis.0).collect();
            let grid = ChunkGrid::new(shape.clone(), axes.iter().map(|axis| axis.1).collect()).unwrap();
            let strides = axes.iter().map(|&(length, _, start, step, count)| {
                let start = start % length;
                Stride { start, step, count: count.min((length - start).div_ceil(step)) }
            });
            let slab = Hyperslab::within(&shape, strides.collect()).unwrap();
            // Along an axis whose step is neither within a chunk nor beyond one, more may be counted.
            let most = touched(&grid, &slab);
            let planned = grid.plan(&slab).count() as u64;
            prop_assert!(planned <= most);
            if axes.iter().all(|axis| axis.3 <= axis.1 || axis.3 % axis.1 == 0) {
                prop_assert_eq!(planned, most);
            }
        }
    }
}
