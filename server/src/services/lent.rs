//! A dataset on loan: what a request reads through it is reserved first.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use weir_datasets::memory_budget::{Memory, Reservation};
use weir_datasets::{Catalog, DataFile, Dataset, PROVEN_STRING_BYTES, PROVEN_STRINGS, RawChunk, StringRoom};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Storage};
use weir_plugin_api::lent::{LentDataset, RequestContext, StoredChunk};
use weir_plugin_api::{Bytes, ChunkPlace, Error, ErrorKind, FileInfo, PlaceBytes};

use super::original::told;
use super::translate;

/// A dataset on loan for one request.
pub struct Lent {
    /// Its id.
    pub id: String,
    /// Where it was found.
    pub catalog: Arc<Catalog>,
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// Its schema, as plugins read it.
    pub document: Bytes,
    /// The original file, once it was asked for: all reads are of one opening.
    pub file: OnceLock<Arc<DataFile>>,
    /// The request that it is lent to.
    pub request: Arc<RequestContext>,
    /// Where the request's memory is reserved.
    pub memory: Arc<Memory>,
    /// How long the request waits for it.
    pub patience: Duration,
}

impl Lent {
    /// Work for a client that has gone is not started.
    pub(super) fn wanted(&self) -> Result<&Dataset, Error> {
        if self.request.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the request was cancelled or its time is over"));
        }
        Ok(&self.dataset)
    }
}

/// Blocks that a response holds at once: one is read, one is pulled ahead, one is being sent.
const BLOCKS: u64 = 3;

/// Pieces of large responses mostly have at most this many bytes.
const PIECE: u64 = 8 << 20;

/// What a string takes in memory beside its bytes, twice: where it is read, and where the plugin has it.
const STRING_OVERHEAD: u64 = 96;

/// How often the bytes of strings are in memory at once: as they are read or packed for the plugin, as the plugin has them, and
/// as blocks of which one is pulled ahead and one is being sent.
const STRING_COPIES: u64 = 4;

impl Lent {
    /// Reserves memory for the request, unless it has as much. Whoever needs more gives back first what it has, so nobody
    /// who has memory waits for more.
    pub(super) fn reserve(&self, bytes: u64) -> Result<(), Error> {
        // What a plugin makes of this dataset needs memory beside it.
        let bytes = bytes.saturating_add(self.request.needed_around());
        self.request.note_needed(bytes);
        let held = self.request.hold(None).and_then(|held| held.downcast::<Reservation>().ok());
        // The first bytes of a request that has reserved before may be sent: it must not fail for lack of memory any more.
        let patience = if held.is_some() { Duration::MAX } else { self.patience };
        let reserved = match held.filter(|held| held.bytes() >= bytes) {
            Some(held) => held,
            None => {
                let stopped = || self.request.is_cancelled();
                Box::new(self.done(self.memory.reserve_unless(&stopped, bytes, patience))?)
            }
        };
        self.request.hold(Some(reserved));
        Ok(())
    }

    /// Reserves what reading a slab takes, and the blocks of `output` bytes that its response holds.
    fn reserve_for(&self, variable: &str, slab: &Hyperslab, output: u64) -> Result<(), Error> {
        let scratch = self.dataset.scratch_bytes(variable, slab).map_err(translate)?;
        self.reserve(output.saturating_mul(BLOCKS).saturating_add(scratch))
    }

    /// Reserves what stored chunks of a variable take, and what it takes to make one of them where it is not stored as it is asked
    /// for.
    fn reserve_chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<(), Error> {
        let Some(found) = self.dataset.schema().variable(variable) else { return Ok(()) };
        let size = found.data_type.size().unwrap_or(0) as u64;
        let grid = ChunkGrid::new(found.shape.clone(), found.storage.chunk_shape.clone()).ok();
        let extents = grid.iter().flat_map(|grid| indexes.iter().filter_map(|index| grid.extent(index)));
        let mut scratch =
            extents.map(|extent| self.dataset.scratch_bytes(variable, &extent).map_err(translate));
        let scratch = scratch.try_fold(0, |most: u64, scratch| scratch.map(|scratch| most.max(scratch)))?;
        let chunk = grid.map_or(0, |grid| grid.chunk_elements()).saturating_mul(size);
        self.reserve(chunk.saturating_mul(indexes.len() as u64).saturating_add(scratch))
    }

    /// How many bytes of strings there can be where `fixed` bytes are needed beside them.
    fn most_room(&self, fixed: u64) -> u64 {
        self.memory.limit().saturating_sub(fixed).checked_div(STRING_COPIES).unwrap_or(0)
    }

    /// How many bytes of strings may be read where `fixed` bytes are needed beside them: four times as many as before, unless
    /// that is more than there can be; `None` where there is no more.
    fn more_room(&self, before: u64, fixed: u64) -> Option<u64> {
        Some(before.saturating_mul(4).min(self.most_room(fixed))).filter(|room| *room > before)
    }

    /// A chunk on loan.
    fn stored(&self, chunk: Option<RawChunk>) -> StoredChunk {
        chunk.map_or(StoredChunk::Missing, |RawChunk { bytes, skipped_codecs, run }| StoredChunk::Stored {
            bytes: self.lent_run(bytes, run),
            skipped_codecs,
        })
    }

    /// The error of a reading that was stopped is that of the request.
    pub(super) fn done<T>(&self, result: Result<T, weir_datasets::Error>) -> Result<T, Error> {
        result.map_err(|error| self.wanted().map_or_else(|gone| gone, |_| translate(error)))
    }
}

impl LentDataset for Lent {
    fn schema(&self) -> &Schema {
        self.dataset.schema()
    }

    fn schema_document(&self) -> Bytes {
        self.document.clone()
    }

    fn generation(&self) -> &str {
        self.dataset.generation()
    }

    fn read(&self, variable: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error> {
        let dataset = self.wanted()?;
        self.reserve_for(variable, slab, out.len() as u64)?;
        let stopped = || self.request.is_cancelled();
        self.done(dataset.read_unless(&stopped, variable, (slab, order), out))
    }

    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        let dataset = self.wanted()?;
        let scratch = dataset.scratch_bytes(variable, slab).map_err(translate)?;
        let fixed = slab.elements().saturating_mul(STRING_OVERHEAD).saturating_add(scratch);
        // What the file says of them, or what most have, may be too little.
        let hint = self.done(dataset.varying_bytes_hint(variable, slab))?;
        let mut bytes = hint.min(self.most_room(fixed));
        loop {
            self.reserve(bytes.saturating_mul(STRING_COPIES).saturating_add(fixed))?;
            let mut room = StringRoom::of(bytes);
            let read = dataset.read_strings_within(variable, slab, &mut room);
            match self.more_room(bytes, fixed).filter(|_| read.is_err() && room.is_exceeded()) {
                Some(more) => bytes = more,
                None => return self.done(read),
            }
        }
    }

    fn verify(&self, variable: &str, slab: &Hyperslab) -> Result<(), Error> {
        let dataset = self.wanted()?;
        // What is proven is sent next, in pieces.
        let found = self.dataset.schema().variable(variable);
        let size = found.and_then(|found| found.data_type.size()).unwrap_or(1) as u64;
        let piece = slab.elements().saturating_mul(size).min(PIECE);
        // Strings are proven piece by piece.
        let strings = match found.map(|found| found.data_type.size()) {
            Some(None) => PROVEN_STRING_BYTES.saturating_add(PROVEN_STRINGS.saturating_mul(STRING_OVERHEAD)),
            _ => 0,
        };
        self.reserve_for(variable, slab, piece.max(strings))?;
        self.done(dataset.verify_unless(&|| self.request.is_cancelled(), variable, slab))
    }

    fn chunk(&self, variable: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, &[index])?;
        let chunk = self.done(dataset.raw_chunk(variable, index))?;
        Ok(self.stored(chunk))
    }

    fn chunks(&self, variable: &str, indexes: &[&[u64]]) -> Result<Vec<StoredChunk>, Error> {
        let dataset = self.wanted()?;
        self.reserve_chunks(variable, indexes)?;
        let chunks = self.done(dataset.raw_chunks(variable, indexes))?;
        Ok(chunks.into_iter().map(|chunk| self.stored(chunk)).collect())
    }

    fn layout(&self, variable: &str) -> Result<Storage, Error> {
        let dataset = self.wanted()?;
        self.done(dataset.layout(variable)).map(|layout| Storage::clone(&layout))
    }

    fn place(&self, variable: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error> {
        self.chunk_place(variable, index, bytes)
    }

    fn file(&self) -> Result<FileInfo, Error> {
        Ok(told(self.original()?, &self.dataset))
    }

    fn read_file(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.read_original(offset, out)
    }
}

#[cfg(test)]
mod tests {
    use weir_datasets::memory::MemorySource;
    use weir_datasets::{Access, Opener};
    use weir_model::{DataType, Dimension, Group, Storage, Variable};

    use super::*;

    const MIB: usize = 1 << 20;
    const COUNT: u64 = 90;

    /// The text at a place; what the first ones need says nothing of the others.
    fn text(place: u64) -> Vec<u8> {
        let mut text = format!("{place} ").into_bytes();
        text.resize(if place < 40 { 9 } else { MIB }, b'a');
        text
    }

    fn dataset(memory: &Arc<Memory>) -> Dataset {
        let storage =
            Storage { chunk_shape: vec![1], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![] };
        let variable = Variable {
            name: "texts".into(),
            data_type: DataType::String,
            dimensions: vec!["/n".into()],
            shape: vec![COUNT],
            attributes: vec![],
            storage,
        };
        let dimension = Dimension { name: "n".into(), length: COUNT, unlimited: false };
        let root = Group { dimensions: vec![dimension], variables: vec![variable], ..Group::default() };
        let source = MemorySource::new(Schema { root });
        let source = source.with_strings("texts", (0..COUNT).map(text).collect()).unwrap();
        Dataset::within(Box::new(source), memory)
    }

    #[test]
    fn strings_take_what_they_need() {
        // What is in memory anyway must not take it from requests.
        let (memory, elsewhere) = (Memory::new(64 << 20), Memory::new(1 << 30));
        let request = Arc::new(RequestContext::new("1".to_owned(), None));
        let opener = Arc::new(Opener::new(Access::default(), Arc::clone(&elsewhere)));
        let lent = Lent {
            id: "texts".to_owned(),
            catalog: Arc::new(Catalog::scan(&[], opener, &mut |_| {}).unwrap()),
            file: OnceLock::new(),
            dataset: Arc::new(dataset(&elsewhere)),
            document: Bytes::from_owner(Vec::new()),
            request: Arc::clone(&request),
            memory: Arc::clone(&memory),
            patience: Duration::ZERO,
        };
        let all = Hyperslab::whole(&[COUNT]).unwrap();
        let check = |from: u64, count: u64, least: usize| {
            let slab = all.narrowed(0, from, count).unwrap();
            let read = lent.read_strings("texts", &slab).unwrap();
            assert!(read.into_iter().eq((from..from + count).map(text)), "{slab:?}");
            assert!(memory.reserved() >= least as u64, "{} reserved for {slab:?}", memory.reserved());
        };
        check(0, 40, 40 * 9);
        check(38, 8, 6 * MIB);
        check(60, 9, 9 * MIB);
        let refused = lent.read_strings("texts", &all).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::TooLarge);
        assert!(refused.message.contains("ask for fewer"), "{}", refused.message);
        lent.verify("texts", &all).unwrap();
        assert!(memory.peak() <= 64 << 20, "{} bytes were accounted for", memory.peak());
        drop((lent, request));
        assert_eq!(memory.reserved(), 0);
    }
}
