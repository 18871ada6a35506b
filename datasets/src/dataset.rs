//! An open dataset: a chunk source, and what was proven of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_model::{ByteOrder, ChunkGrid, Codec, Hyperslab, Schema, Storage, Variable};

use crate::codecs;
use crate::memory_budget::{DEFAULT_BUDGET, Memory};
use crate::proven::Proven;
use crate::read::{self, Pace, Reading};
use crate::runs::{Purpose, RunRequest};
use crate::source::{self, UNPINNED};
use crate::{
    ChunkKey, ChunkSource, DataFile, Error, ErrorKind, Run, SlabRequest, Stored, StringRoom, Times, resident,
    runs,
};

/// A chunk for a protocol that passes stored bytes on.
#[derive(Clone, Debug)]
pub struct RawChunk {
    /// The stored bytes of a whole chunk, without a trailing checksum.
    pub bytes: Vec<u8>,
    /// Bit n is set where the variable's n-th codec was not applied to this chunk.
    pub skipped_codecs: u32,
    /// Where exactly these bytes are stored, if they are there one behind the other.
    pub run: Option<Run>,
}

/// One generation of an open dataset.
pub struct Dataset {
    source: Box<dyn ChunkSource>,
    generation: String,
    times: Option<Times>,
    proven: Proven,
    memory: Arc<Memory>,
    /// Which opening this is: chunks of others are not its own.
    number: u64,
    /// The variables' numbers, by path.
    variables: HashMap<String, u32>,
    /// Layouts that were asked for, by path without the leading slash: at most one for each variable.
    layouts: Mutex<HashMap<String, Arc<Storage>>>,
    /// Which variables were read: the first reading of one may make the source know more.
    touched: Box<[AtomicBool]>,
    /// Whether it took more memory since its keeper last asked.
    grown: AtomicBool,
    /// The bytes of memory that its schema takes.
    schema_bytes: u64,
    /// The bytes of memory that were counted for it.
    counted: AtomicU64,
}

/// What a text has, roughly: most are names and times.
const TEXT_BYTES: u64 = 40;

/// Counts openings.
static OPENED: AtomicU64 = AtomicU64::new(0);

impl Dataset {
    /// Wraps an open file that has memory of its own.
    #[must_use]
    pub fn new(source: Box<dyn ChunkSource>) -> Self {
        Self::within(source, &Memory::new(DEFAULT_BUDGET))
    }

    /// Wraps an open file that shares memory with others.
    #[must_use]
    pub fn within(source: Box<dyn ChunkSource>, memory: &Arc<Memory>) -> Self {
        let found = source.schema().variables();
        let chunks = |variable: &Variable| {
            let counts = source::grid("", variable).map(|grid| grid.counts()).unwrap_or_default();
            counts.into_iter().try_fold(1_u64, u64::checked_mul).unwrap_or(u64::MAX)
        };
        let proven = Proven::of(found.iter().map(|(_, variable)| chunks(variable)));
        let paths = found.into_iter().map(|(path, _)| path.trim_start_matches('/').to_owned());
        let variables: HashMap<String, u32> = paths.zip(0..).collect();
        let dataset = Self {
            generation: source.generation(),
            times: None,
            schema_bytes: resident::of_schema(source.schema()),
            source,
            proven,
            memory: Arc::clone(memory),
            number: OPENED.fetch_add(1, Ordering::Relaxed),
            touched: variables.iter().map(|_| AtomicBool::new(false)).collect(),
            variables,
            layouts: Mutex::default(),
            grown: AtomicBool::new(false),
            counted: AtomicU64::new(0),
        };
        dataset.weigh();
        dataset
    }

    /// Counts what it takes of memory as long as it is open, in bytes.
    pub(crate) fn weigh(&self) -> u64 {
        let own = self.schema_bytes.saturating_add(self.proven.bytes());
        let now = own.saturating_add(self.source.resident_bytes());
        let before = self.counted.swap(now, Ordering::Relaxed);
        self.memory.count_dataset(before, now);
        now
    }

    /// Whether it took more memory since this was last asked.
    pub(crate) fn has_grown(&self) -> bool {
        self.grown.swap(false, Ordering::Relaxed)
    }

    /// Notes that a variable was read: the first time, the source has learnt where its chunks are.
    fn note_touched(&self, path: &str) {
        let number = self.variables.get(path.trim_start_matches('/'));
        let touched = number.and_then(|&number| self.touched.get(usize::try_from(number).ok()?));
        if touched.is_some_and(|touched| !touched.swap(true, Ordering::Relaxed)) {
            self.weigh();
            self.grown.store(true, Ordering::Relaxed);
            self.memory.note_growth();
        }
    }

    /// What it holds.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.source.schema()
    }

    /// Where its chunks come from, for datasets that are made of this one.
    pub(crate) fn source(&self) -> &dyn ChunkSource {
        self.source.as_ref()
    }

    /// Text that changes whenever the data may have changed.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// The same, with the times of the one file that all of it is read from.
    #[must_use]
    pub fn with_times(mut self, times: Option<Times>) -> Self {
        self.times = times;
        self
    }

    /// When its data was changed, where that is known.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        self.times
    }

    fn variable(&self, path: &str) -> Result<(&Variable, ChunkGrid), Error> {
        let variable = source::find(self.schema(), path)?;
        Ok((variable, source::grid(path, variable)?))
    }

    /// Whether the generation changes with every byte of the data; where it does not, nothing that was read may be kept.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        !self.generation.ends_with(UNPINNED)
    }

    /// Bytes of memory that reading a slab takes at most, beside the output.
    ///
    /// # Errors
    /// As [`read`](Self::read), of what can be known without reading.
    pub fn scratch_bytes(&self, path: &str, slab: &Hyperslab) -> Result<u64, Error> {
        self.source.scratch_bytes(path, slab, self.pace())
    }

    fn pace(&self) -> Pace {
        Pace::within(self.memory.limit())
    }

    fn reading<'a>(
        &'a self,
        target: read::Target<'a>,
        stopped: &'a (dyn Fn() -> bool + Sync),
    ) -> Reading<'a> {
        let path = target.path.trim_start_matches('/');
        Reading {
            source: self.source.as_ref(),
            variable: self.variables.get(path).copied().unwrap_or(u32::MAX),
            // A variable that is asked for by another spelling of its path is read without keeping anything.
            keeps: self.is_pinned() && self.variables.contains_key(path),
            target,
            dataset: self.number,
            memory: &self.memory,
            pace: self.pace(),
            proven: &self.proven,
            stopped,
        }
    }

    /// Reads elements of a fixed size, row-major, into `out`, whose length must be elements times size.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right; `out` then holds nothing of use.
    pub fn read(&self, path: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error> {
        self.read_unless(&|| false, path, (slab, order), out)
    }

    /// As [`read`](Self::read), but ends at the next chunk once `stopped` says so.
    ///
    /// # Errors
    /// As [`read`](Self::read), and `Unavailable` where it was stopped.
    pub fn read_unless(
        &self,
        stopped: &(dyn Fn() -> bool + Sync),
        path: &str,
        (slab, order): (&Hyperslab, ByteOrder),
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (variable, grid) = self.variable(path)?;
        check_slab(path, variable, slab)?;
        self.source.check_unchanged()?;
        if !self.source.read_slab(&SlabRequest { variable: path, slab, order, stopped }, out)? {
            let read =
                self.reading(read::Target { path, variable, grid: &grid, order }, stopped).read(slab, out);
            self.note_touched(path);
            read?;
        }
        self.source.check_unchanged()
    }

    /// Reads elements of varying size, row-major: strings as their bytes, others in their packed form
    /// ([`Packed`](weir_model::Packed)).
    ///
    /// # Errors
    /// As [`read`](Self::read); `TooLarge` where they are more than any answer has.
    pub fn read_strings(&self, path: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        self.read_strings_within(path, slab, &mut StringRoom::default())
    }

    /// As [`read_strings`](Self::read_strings), but ends where the room does not do.
    ///
    /// # Errors
    /// As [`read`](Self::read); `TooLarge` where the room does not do.
    pub fn read_strings_within(
        &self,
        path: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        self.source.check_unchanged()?;
        let strings = self.source.read_strings(path, slab, room);
        self.note_touched(path);
        let strings = strings?;
        self.source.check_unchanged()?;
        Ok(strings)
    }

    /// Bytes of memory that [`read_strings`](Self::read_strings) will take, roughly: what the file says of the elements, where
    /// that is learnt much faster than they are read, else what most texts take. The first room for
    /// [`read_strings_within`](Self::read_strings_within), which says whether it did.
    ///
    /// # Errors
    /// As [`read_strings`](Self::read_strings).
    pub fn varying_bytes_hint(&self, path: &str, slab: &Hyperslab) -> Result<u64, Error> {
        self.source.check_unchanged()?;
        let elements = slab.elements();
        let said = self.source.varying_bytes(path, slab)?;
        let bytes = said.unwrap_or_else(|| elements.saturating_mul(TEXT_BYTES));
        Ok(bytes.saturating_add(elements.saturating_mul(size_of::<Vec<u8>>() as u64)))
    }

    /// Proves that every chunk of the slab can be decoded: chunks with codecs are decoded once per generation, chunks
    /// without are checked to lie inside the file.
    ///
    /// # Errors
    /// What the first damaged chunk suffers from.
    pub fn verify(&self, path: &str, slab: &Hyperslab) -> Result<(), Error> {
        self.verify_unless(&|| false, path, slab)
    }

    /// As [`verify`](Self::verify), but ends at the next chunk once `stopped` says so.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and `Unavailable` where it was stopped.
    pub fn verify_unless(
        &self,
        stopped: &(dyn Fn() -> bool + Sync),
        path: &str,
        slab: &Hyperslab,
    ) -> Result<(), Error> {
        let (variable, grid) = self.variable(path)?;
        check_slab(path, variable, slab)?;
        if variable.data_type.size().is_none() {
            return self.verify_strings(stopped, path, slab);
        }
        self.source.check_unchanged()?;
        let order = variable.storage.byte_order;
        if self.source.verify_slab(&SlabRequest { variable: path, slab, order, stopped })? {
            return self.source.check_unchanged();
        }
        let reading = self.reading(read::Target { path, variable, grid: &grid, order }, stopped);
        let before = self.recall_proven(path, reading.variable);
        let proven = reading.prove_all(slab);
        self.note_touched(path);
        proven?;
        self.source.check_unchanged()?;
        self.keep_proven(path, reading.variable, &before);
        Ok(())
    }

    /// Reads strings in pieces, and forgets them. A piece of which the strings are too many is halved.
    fn verify_strings(
        &self,
        stopped: &(dyn Fn() -> bool + Sync),
        path: &str,
        slab: &Hyperslab,
    ) -> Result<(), Error> {
        let mut pieces = vec![slab.clone()];
        while let Some(piece) = pieces.pop() {
            if stopped() {
                return Err(Error::unavailable("the request was cancelled or its time is over"));
            }
            let halves = halves(&piece);
            if let Some(halves) = halves.as_ref().filter(|_| piece.elements() > PROVEN_STRINGS) {
                pieces.extend(halves.iter().cloned());
                continue;
            }
            // One string alone may be as long as one that can be sent.
            let longest = (self.memory.limit() >> 2).max(PROVEN_STRING_BYTES);
            let mut room = StringRoom::of(if halves.is_some() { PROVEN_STRING_BYTES } else { longest });
            match (self.read_strings_within(path, &piece, &mut room), halves) {
                (Err(_), Some(halves)) if room.is_exceeded() => pieces.extend(halves),
                (read, _) => read.map(drop)?,
            }
        }
        Ok(())
    }

    /// Recalls which chunks of a variable were proven before this dataset was opened, and says which are proven now.
    fn recall_proven(&self, path: &str, number: u32) -> Vec<u8> {
        self.proven.recall(number, || self.source.records()?.proven(path));
        self.proven.bits_of(number)
    }

    /// Keeps which chunks of a variable are proven, if that is news.
    fn keep_proven(&self, path: &str, number: u32, before: &[u8]) {
        let bits = self.proven.bits_of(number);
        if let Some(records) = self.source.records().filter(|_| bits != before) {
            records.keep_proven(path, &bits);
        }
    }

    /// Chunks as they are stored, in the order of `indexes`. One after the other: opening the members of an aggregation may wait
    /// for the threads that decode, so those must not be the ones that wait.
    ///
    /// # Errors
    /// As [`raw_chunk`](Self::raw_chunk), for one that fails.
    pub fn raw_chunks(&self, path: &str, indexes: &[&[u64]]) -> Result<Vec<Option<RawChunk>>, Error> {
        indexes.iter().map(|index| self.raw_chunk(path, index)).collect()
    }

    /// How a variable's stored bytes are laid out, for those who pass them on as they are: its chunks are those of
    /// [`place`](Self::place), which may be others than the schema's.
    ///
    /// # Errors
    /// `Unsupported` where stored bytes cannot be passed on, with the reason; `NotFound` for an unknown variable.
    pub fn layout(&self, path: &str) -> Result<Arc<Storage>, Error> {
        let path = path.trim_start_matches('/');
        let kept = || self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = kept().get(path) {
            return Ok(Arc::clone(layout));
        }
        let size = runs::variable(self.schema(), path)?.data_type.size();
        let layout = Arc::new(self.source.runs(path)?.cut(size.unwrap_or(1)));
        kept().insert(path.to_owned(), Arc::clone(&layout));
        Ok(layout)
    }

    /// Where a chunk of [`layout`](Self::layout) is stored: the very bytes that a writer of the file stored, checksums and all.
    /// Nothing of them is read to find it. Bytes without codecs are those of a whole chunk.
    ///
    /// # Errors
    /// `NotFound` where the layout has no such chunk, `Unsupported` where the chunk is not stored in one run, `Corrupt` where
    /// it does not lie inside its file, and whatever else keeps absence or presence from being proven.
    pub fn place(&self, path: &str, index: &[u64], purpose: Purpose) -> Result<Stored, Error> {
        let variable = runs::variable(self.schema(), path)?;
        let layout = self.layout(path)?;
        let grid = ChunkGrid::new(variable.shape.clone(), layout.chunk_shape.clone());
        let grid = grid.map_err(|e| Error::corrupt(format!("{path}: {e}")))?;
        let extent = grid.extent(index).ok_or_else(|| {
            let counts = grid.counts();
            Error::not_found(format!("{path} has no chunk {index:?}; it has {counts:?} chunks"))
        })?;
        self.source.check_unchanged()?;
        let stored = self.source.locate_run(RunRequest { variable: path, extent: &extent, purpose });
        self.note_touched(path);
        let mut stored = stored?;
        // Absence, too, is proven only of a file that nobody wrote to meanwhile.
        self.source.check_unchanged()?;
        let size = variable.data_type.size();
        let whole = size.and_then(|size| grid.chunk_elements().checked_mul(size as u64));
        match &mut stored {
            Stored::Nothing => {}
            Stored::Here(encoded) if layout.codecs.is_empty() && size.is_some() => {
                encoded.bytes = pad(std::mem::take(&mut encoded.bytes), variable, &grid)?;
            }
            Stored::Here(_) => {}
            Stored::Run(run) => {
                run.file.check_range(run.offset, run.length)?;
                check_whole((path, index), run.length, whole.filter(|_| layout.codecs.is_empty()))?;
                read::check_claim(ChunkKey { variable: path, index }, run, whole)?;
            }
            Stored::Scattered => {
                return Err(Error::unsupported(format!("{path} chunk {index:?} is stored in several parts")));
            }
        }
        Ok(stored)
    }

    /// The bytes at a place that [`place`](Self::place) found, of files that nobody wrote to meanwhile.
    ///
    /// # Errors
    /// `Unavailable` where they cannot be read, or somebody did.
    pub fn read_place(&self, stored: Stored) -> Result<Vec<u8>, Error> {
        let encoded = stored.fetch(|| Err(Error::unsupported("the chunk is stored in several parts")))?;
        self.source.check_unchanged()?;
        encoded.map(|encoded| encoded.bytes).ok_or_else(|| Error::not_found("nothing is stored there"))
    }

    /// The file that the data is, if it is one file.
    #[must_use]
    pub fn file(&self) -> Option<Arc<DataFile>> {
        self.source.file()
    }

    /// One chunk as it is stored, or `None` where it is proven that nothing is stored.
    ///
    /// A trailing Fletcher checksum is verified and taken off. Storage without codecs is padded with the fill value to a
    /// whole chunk.
    ///
    /// # Errors
    /// `NotFound` where the grid has no such chunk, and whatever else keeps absence or presence from being proven.
    pub fn raw_chunk(&self, path: &str, index: &[u64]) -> Result<Option<RawChunk>, Error> {
        let (variable, grid) = self.variable(path)?;
        if !grid.contains(index) {
            let counts = grid.counts();
            return Err(Error::not_found(format!("{path} has no chunk {index:?}; it has {counts:?} chunks")));
        }
        self.source.check_unchanged()?;
        let size = variable.data_type.size().unwrap_or(1) as u64;
        let whole = grid.chunk_elements().checked_mul(size).and_then(|whole| usize::try_from(whole).ok());
        let key = ChunkKey { variable: path, index };
        let stored = read::locate(self.source.as_ref(), key, whole.unwrap_or(usize::MAX))?;
        let run = stored.run().cloned();
        let fetched = stored.fetch(|| self.source.fetch(key))?;
        self.note_touched(path);
        // Absence, too, is proven only of a file that nobody wrote to meanwhile.
        self.source.check_unchanged()?;
        let Some(mut encoded) = fetched else { return Ok(None) };
        let codecs = &variable.storage.codecs;
        if codecs.is_empty() {
            encoded.bytes = pad(encoded.bytes, variable, &grid)?;
        }
        let last = codecs.len().saturating_sub(1);
        if codecs.last() == Some(&Codec::Fletcher32) && !codecs::is_skipped(encoded.skipped_codecs, last) {
            codecs::take_off_checksum(&mut encoded.bytes)
                .map_err(|e| e.within(format!("{path} chunk {index:?}")))?;
        }
        let run = run.filter(|run| run.length == encoded.bytes.len() as u64);
        Ok(Some(RawChunk { bytes: encoded.bytes, skipped_codecs: encoded.skipped_codecs, run }))
    }
}

/// Strings are proven so many at a time ...
pub const PROVEN_STRINGS: u64 = 1 << 14;

/// ... and so many bytes.
pub const PROVEN_STRING_BYTES: u64 = 4 << 20;

/// The two halves of a hyperslab, cut along its first axis of several elements, the second one first; `None` for a single element.
fn halves(slab: &Hyperslab) -> Option<[Hyperslab; 2]> {
    let axis = slab.strides().iter().position(|stride| stride.count > 1)?;
    let count = slab.strides().get(axis)?.count;
    let half = count >> 1;
    Some([slab.narrowed(axis, half, count.checked_sub(half)?)?, slab.narrowed(axis, 0, half)?])
}

impl Drop for Dataset {
    fn drop(&mut self) {
        self.memory.count_dataset(*self.counted.get_mut(), 0);
    }
}

/// Bytes that no codec protects must be as many as a reader expects.
fn check_whole((path, index): (&str, &[u64]), has: u64, whole: Option<u64>) -> Result<(), Error> {
    match whole {
        Some(whole) if whole != has => {
            let message =
                format!("{path} chunk {index:?} is stored in {has} bytes, and a whole one has {whole}");
            Err(Error::unsupported(message))
        }
        _ => Ok(()),
    }
}

/// A hyperslab proves that it lies inside some shape; this says that it is this variable's.
fn check_slab(path: &str, variable: &Variable, slab: &Hyperslab) -> Result<(), Error> {
    let checked = Hyperslab::within(&variable.shape, slab.strides().to_vec());
    checked.map(drop).map_err(|misfit| Error::new(ErrorKind::BadRequest, format!("{path}: {misfit}")))
}

/// Fills a chunk that the file cuts at the variable's edge up to a whole one; only trailing elements can be missing.
fn pad(mut bytes: Vec<u8>, variable: &Variable, grid: &ChunkGrid) -> Result<Vec<u8>, Error> {
    let size = variable.data_type.size().unwrap_or(1);
    let whole = usize::try_from(grid.chunk_elements()).ok().and_then(|elements| elements.checked_mul(size));
    let whole = whole.ok_or_else(|| Error::new(ErrorKind::TooLarge, "a chunk does not fit into memory"))?;
    let mut fill = variable.storage.fill.clone();
    if variable.storage.byte_order == ByteOrder::Big {
        codecs::swap(&mut fill, variable.data_type.swap_unit());
    }
    let missing = whole.saturating_sub(bytes.len());
    bytes.extend(fill.iter().copied().cycle().take(missing));
    Ok(bytes)
}
