//! Chunk indices: where each chunk of a dataset is stored, read once and kept as a sorted list.

mod kept;

use hdf5_reader::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5_reader::chunk_index::{ChunkEntry, collect_v2_chunk_entries_storage};
use hdf5_reader::error::{Error as ParseError, Result as ParseResult};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::messages::layout::ChunkIndexing;

use super::dataset::Chunked;
use super::dataspace::Axis;
use super::metadata::{Metadata, guarded};
use crate::Error;

/// A stored chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Its number in row-major order.
    number: u64,
    /// Where it is.
    pub address: u64,
    /// How many bytes it has there.
    pub bytes: u64,
    /// Bit n is set where codec n was not applied.
    pub skipped_codecs: u32,
}

/// Where the chunks of one dataset are stored.
#[derive(Debug, PartialEq, Eq)]
pub struct ChunkIndex {
    /// How many chunks lie along each axis.
    counts: Vec<u64>,
    places: Places,
}

#[derive(Debug, PartialEq, Eq)]
enum Places {
    /// Sorted by number; what is not listed is not stored.
    Listed(Vec<StoredChunk>),
    /// One after the other in the order of the largest possible grid.
    Implicit { address: u64, bytes: u64, counts: Vec<u64> },
}

/// What a chunk index belongs to.
pub struct Indexed<'a> {
    /// The layout.
    pub chunked: &'a Chunked,
    /// The dataset's own extent.
    pub axes: &'a [Axis],
    /// Bytes of a chunk before any codec.
    pub chunk_bytes: u64,
    /// Whether there are codecs.
    pub encoded: bool,
}

impl ChunkIndex {
    /// Reads an index.
    pub fn read(metadata: &Metadata, of: &Indexed<'_>) -> Result<Self, Error> {
        let lengths = &of.chunked.lengths;
        if lengths.len() != of.axes.len() || lengths.contains(&0) {
            return Err(Error::corrupt(format!("chunks of lengths {lengths:?} cannot tile it")));
        }
        let count = |length: u64, chunk: &u32| length.div_ceil(u64::from(*chunk).max(1));
        let counts = of.axes.iter().zip(lengths).map(|(axis, chunk)| count(axis.length, chunk)).collect();
        let most: Vec<u64> = of
            .axes
            .iter()
            .zip(lengths)
            .map(|(axis, chunk)| count(axis.most.unwrap_or(axis.length), chunk))
            .collect();
        let Some(address) = of.chunked.index else {
            return Ok(Self { counts, places: Places::Listed(Vec::new()) });
        };
        if of.chunked.indexing == Some(ChunkIndexing::Implicit) {
            let places = Places::Implicit { address, bytes: of.chunk_bytes, counts: most };
            return Ok(Self { counts, places });
        }
        let entries = guarded("chunk index", || entries(metadata, of, address))?;
        let mut index = Self { counts, places: Places::Listed(Vec::new()) };
        index.places = Places::Listed(index.sorted(metadata, of, entries)?);
        Ok(index)
    }

    /// How many chunks are stored.
    pub fn stored(&self) -> u64 {
        match &self.places {
            Places::Listed(chunks) => chunks.len() as u64,
            Places::Implicit { .. } => self.counts.iter().copied().fold(1, u64::saturating_mul),
        }
    }

    /// How many bytes of memory it takes.
    pub fn bytes(&self) -> u64 {
        match &self.places {
            Places::Listed(chunks) => chunks.capacity().saturating_mul(size_of::<StoredChunk>()) as u64,
            Places::Implicit { .. } => 0,
        }
    }

    /// Where the chunk at `index` is; `None` where nothing is stored.
    pub fn find(&self, index: &[u64]) -> Option<StoredChunk> {
        if index.len() != self.counts.len() || index.iter().zip(&self.counts).any(|(i, count)| i >= count) {
            return None;
        }
        match &self.places {
            Places::Listed(chunks) => {
                let number = number(index, &self.counts)?;
                let place = chunks.binary_search_by_key(&number, |chunk| chunk.number).ok()?;
                chunks.get(place).copied()
            }
            Places::Implicit { address, bytes, counts } => {
                let number = number(index, counts)?;
                let address = address.checked_add(number.checked_mul(*bytes)?)?;
                Some(StoredChunk { number, address, bytes: *bytes, skipped_codecs: 0 })
            }
        }
    }

    fn sorted(
        &self,
        metadata: &Metadata,
        of: &Indexed<'_>,
        entries: Vec<ChunkEntry>,
    ) -> Result<Vec<StoredChunk>, Error> {
        let mut chunks = Vec::with_capacity(entries.len());
        for entry in entries {
            // Chunks that were left behind when the dataset shrank are no longer part of it.
            let inside = entry.offsets.iter().zip(of.axes).all(|(&offset, axis)| offset < axis.length);
            if inside && metadata.defined(entry.address).is_some() {
                chunks.push(self.chunk(of, &entry)?);
            }
        }
        chunks.sort_unstable_by_key(|chunk: &StoredChunk| chunk.number);
        match chunks.windows(2).any(|pair| matches!(pair, [a, b] if a.number == b.number)) {
            true => Err(Error::corrupt("the chunk index lists a chunk twice")),
            false => Ok(chunks),
        }
    }

    fn chunk(&self, of: &Indexed<'_>, entry: &ChunkEntry) -> Result<StoredChunk, Error> {
        let offsets = entry.offsets.iter().zip(&of.chunked.lengths);
        let aligned = offsets.clone().all(|(offset, &chunk)| offset.is_multiple_of(u64::from(chunk)));
        let index: Vec<u64> =
            offsets.filter_map(|(offset, &chunk)| offset.checked_div(u64::from(chunk))).collect();
        let number = number(&index, &self.counts).filter(|_| aligned && index.len() == self.counts.len());
        let number =
            number.ok_or_else(|| Error::corrupt(format!("no chunk begins at {:?}", entry.offsets)))?;
        // Indices of chunks without codecs may leave the size out.
        let bytes = if !of.encoded && entry.size == 0 { of.chunk_bytes } else { entry.size };
        if !of.encoded && bytes != of.chunk_bytes {
            let expected = of.chunk_bytes;
            return Err(Error::corrupt(format!("a chunk of {expected} bytes is stored in {bytes}")));
        }
        Ok(StoredChunk { number, address: entry.address, bytes, skipped_codecs: entry.filter_mask })
    }
}

/// The row-major number of an index.
fn number(index: &[u64], counts: &[u64]) -> Option<u64> {
    index.iter().zip(counts).try_fold(0_u64, |number, (&i, &count)| number.checked_mul(count)?.checked_add(i))
}

/// Everything that an index lists, in whatever order.
fn entries(metadata: &Metadata, of: &Indexed<'_>, address: u64) -> ParseResult<Vec<ChunkEntry>> {
    let Metadata { offset_size, length_size, .. } = *metadata;
    let (storage, lengths) = (metadata.storage(), of.chunked.lengths.as_slice());
    let rank = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
    match &of.chunked.indexing {
        None => {
            let (root, rank) = (address, Some(rank));
            let leaves = collect_btree_v1_leaves_storage(
                storage,
                root,
                offset_size,
                length_size,
                rank,
                lengths,
                None,
            )?;
            leaves.into_iter().map(|(key, address)| of_leaf(key, address, lengths.len())).collect()
        }
        Some(ChunkIndexing::SingleChunk { filtered_size: size, filters }) => {
            let (size, filter_mask, offsets) = (*size, *filters, vec![0; lengths.len()]);
            Ok(vec![ChunkEntry { address, size, filter_mask, offsets }])
        }
        Some(ChunkIndexing::BTreeV2) => {
            collect_v2_chunk_entries_storage(storage, address, offset_size, length_size, rank, lengths, None)
        }
        Some(ChunkIndexing::FixedArray { .. }) => {
            // Its elements are numbered over the grid of the largest possible extent.
            let most: Vec<u64> = of.axes.iter().map(|axis| axis.most.unwrap_or(axis.length)).collect();
            collect_fixed_array_chunk_entries_storage(
                storage,
                address,
                offset_size,
                length_size,
                &most,
                lengths,
                None,
            )
        }
        Some(ChunkIndexing::ExtensibleArray { .. }) => {
            let extent: Vec<u64> = of.axes.iter().map(|axis| axis.length).collect();
            let most: Vec<u64> = of.axes.iter().map(|axis| axis.most.unwrap_or(u64::MAX)).collect();
            let most = Some(most.as_slice());
            collect_extensible_array_chunk_entries_storage(
                storage,
                address,
                offset_size,
                length_size,
                &extent,
                most,
                lengths,
                None,
            )
        }
        Some(ChunkIndexing::Implicit) => Ok(Vec::new()),
    }
}

fn of_leaf(key: BTreeV1Key, address: u64, rank: usize) -> ParseResult<ChunkEntry> {
    match key {
        BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } => {
            // The last offset is that inside an element: always 0.
            offsets.truncate(rank);
            Ok(ChunkEntry { address, size: u64::from(chunk_size), filter_mask, offsets })
        }
        BTreeV1Key::Group { .. } => Err(ParseError::InvalidData("it is the index of a group".into())),
    }
}
