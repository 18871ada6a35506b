//! The stored elements of one variable: which bytes of the file a chunk is.

use std::sync::{Mutex, OnceLock, PoisonError};

use weir_model::{ByteOrder, ChunkGrid, Codec, DataType, Hyperslab, Variable};

use super::chunk_index::{ChunkIndex, Indexed, StoredChunk};
use super::dataset::{Chunked, Layout};
use super::dataspace::Axis;
use super::form::Form;
use super::metadata::Metadata;
use crate::codecs::{self, Decoded, MOST_CHUNK_BYTES, Scratch};
use crate::index::{pack, unpack};
use crate::runs::{self, Runs};
use crate::source::{Run, Stored};
use crate::{Encoded, Error, ErrorKind};

/// Where a variable's elements are, and how to make whole chunks of them.
pub struct StoredArray {
    /// The path of the variable, without the leading slash.
    pub path: String,
    /// How chunks tile the variable as netCDF shows it.
    pub grid: ChunkGrid,
    /// The dataset's own extent: shorter than the variable where another variable made a shared dimension longer.
    pub axes: Vec<Axis>,
    /// Bytes of one stored element.
    pub element_size: usize,
    /// The type of an element.
    pub data_type: DataType,
    /// How elements are stored.
    pub form: Form,
    /// Where the elements are.
    pub layout: Layout,
    /// The codecs of chunks.
    pub codecs: Vec<Codec>,
    /// One element, in stored order, that stands where nothing is stored, and where the dataset ends before the variable.
    pub fill: Vec<u8>,
    /// One that stands in unwritten chunks of the dataset itself, where that is not `fill`.
    pub unwritten: Option<Vec<u8>>,
    /// Why its elements cannot be read.
    pub unreadable: Option<Error>,
    /// The chunk index, read when it is first needed.
    pub index: OnceLock<Result<ChunkIndex, Error>>,
    /// Held by the one that reads the index.
    pub reading: Mutex<()>,
}

/// Where the bytes of a chunk come from.
enum Origin<'a> {
    /// Nowhere; the fill value stands.
    Nothing,
    /// Bytes that are in memory.
    Here(&'a [u8]),
    /// Consecutive bytes of the file, without codecs.
    Run { address: u64, bytes: u64 },
    /// A chunk.
    Chunk(StoredChunk),
    /// A chunk that must be put together: parts of it, or all, are filled here.
    Filled(Option<StoredChunk>),
}

impl StoredArray {
    /// Where a chunk is, as the schema shows chunks.
    pub fn locate(&self, metadata: &Metadata, index: &[u64]) -> Result<Stored, Error> {
        if self.form.order().is_some() {
            return self.locate_stored(metadata, index);
        }
        // No byte order of all elements and no codec that others know makes them the model's.
        let Some(mut bytes) = self.decoded(metadata, index)? else { return Ok(Stored::Nothing) };
        let whole = usize::try_from(self.chunk_bytes()?).unwrap_or(usize::MAX);
        let missing = whole.saturating_sub(bytes.len());
        bytes.extend(self.fill.iter().copied().cycle().take(missing));
        self.form.normalise_all(&mut bytes);
        Ok(Stored::Here(Encoded { bytes, skipped_codecs: self.all_shown_skipped() }))
    }

    /// How the elements lie in runs.
    ///
    /// # Errors
    /// Why they cannot be found in the file, or why their bytes are not those of the schema's type.
    pub fn runs(&self, variable: &Variable) -> Result<Runs, Error> {
        if let Some(error) = &self.unreadable {
            return Err(error.clone());
        }
        if self.form.order().is_none() {
            let what = self.data_type.describe();
            return Err(Error::unsupported(format!(
                "its elements, {what}, are stored in a form of their own"
            )));
        }
        match &self.layout {
            Layout::Unsupported(error) => Err(error.clone()),
            Layout::Chunked(_) => Ok(Runs::of_chunks(variable)),
            Layout::Contiguous { .. } | Layout::Compact(_) => {
                Ok(Runs::divisible(variable, self.grid.shape()))
            }
        }
    }

    /// Where a chunk, or elements that follow each other, are stored.
    pub fn locate_run(&self, metadata: &Metadata, extent: &Hyperslab) -> Result<Stored, Error> {
        if let Layout::Contiguous { .. } | Layout::Compact(_) = &self.layout {
            runs::check_consecutive(&self.path, extent, self.grid.shape())?;
            return self.locate_extent(metadata, &[], extent);
        }
        let axes = extent.strides().iter().zip(self.grid.chunk_shape());
        let index: Vec<u64> =
            axes.map(|(stride, &length)| stride.start.checked_div(length).unwrap_or(0)).collect();
        match self.grid.extent(&index) {
            Some(found) if found == *extent => self.locate_extent(metadata, &index, extent),
            _ => Err(Error::unsupported(format!("no chunk begins at {:?}", runs::starts(extent)))),
        }
    }

    /// Where a chunk is stored.
    fn locate_stored(&self, metadata: &Metadata, index: &[u64]) -> Result<Stored, Error> {
        let extent = self.grid.extent(index).ok_or_else(|| {
            let counts = self.grid.counts();
            Error::not_found(format!("there is no chunk {index:?}; there are {counts:?} chunks"))
        })?;
        self.locate_extent(metadata, index, &extent)
    }

    fn locate_extent(&self, metadata: &Metadata, index: &[u64], extent: &Hyperslab) -> Result<Stored, Error> {
        let run = |address, length, skipped_codecs| {
            let (file, offset) = (metadata.shared_file(), metadata.position(address)?);
            Ok(Stored::Run(Run { file, offset, length, skipped_codecs }))
        };
        match self.origin(metadata, index, extent)? {
            Origin::Nothing => Ok(Stored::Nothing),
            Origin::Here(bytes) => Ok(Stored::Here(Encoded { bytes: bytes.to_vec(), skipped_codecs: 0 })),
            Origin::Run { address, bytes } => run(address, bytes, 0),
            Origin::Chunk(chunk) => run(chunk.address, chunk.bytes, chunk.skipped_codecs),
            Origin::Filled(chunk) => {
                let bytes = self.filled(metadata, index, chunk)?;
                Ok(Stored::Here(Encoded { bytes, skipped_codecs: self.all_skipped() }))
            }
        }
    }

    /// Why its elements cannot be read, where that is known without reading them.
    pub fn refusal(&self) -> Option<Error> {
        let of_layout = match &self.layout {
            Layout::Unsupported(error) => Some(error),
            _ => self.unreadable.as_ref(),
        };
        of_layout
            .cloned()
            .or_else(|| self.codecs.iter().find_map(|codec| codecs::check_built_in(codec).err()))
    }

    /// A chunk's elements, decoded but in stored order; `None` where nothing is stored.
    pub fn decoded(&self, metadata: &Metadata, index: &[u64]) -> Result<Option<Vec<u8>>, Error> {
        let Some(encoded) = self.locate_stored(metadata, index)?.fetch(|| Ok(None))? else { return Ok(None) };
        if self.codecs.is_empty() {
            return Ok(Some(encoded.bytes));
        }
        self.decode(&encoded.bytes, encoded.skipped_codecs).map(Some)
    }

    /// Where a chunk comes from, or, where elements follow each other, what `extent` covers.
    fn origin(&self, metadata: &Metadata, index: &[u64], extent: &Hyperslab) -> Result<Origin<'_>, Error> {
        if let Some(error) = &self.unreadable {
            return Err(error.clone());
        }
        match &self.layout {
            Layout::Unsupported(error) => Err(error.clone()),
            Layout::Contiguous { address: None, .. } => Ok(Origin::Nothing),
            Layout::Contiguous { address: Some(address), .. } => {
                let (start, bytes) = self.run(extent)?;
                let address = address.checked_add(start);
                let address = address.ok_or_else(|| Error::corrupt("it lies behind the end of any file"))?;
                Ok(Origin::Run { address, bytes })
            }
            Layout::Compact(data) => {
                let (start, bytes) = self.run(extent)?;
                let end = start.saturating_add(bytes);
                let range =
                    usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
                let run = data.get(range);
                run.map(Origin::Here).ok_or_else(|| Error::corrupt("its header holds too few elements"))
            }
            Layout::Chunked(chunked) => self.locate_chunk(metadata, chunked, index),
        }
    }

    /// First byte and length of the run that an unchunked variable's chunk is.
    fn run(&self, extent: &Hyperslab) -> Result<(u64, u64), Error> {
        let mut axes = extent.strides().iter().zip(self.grid.shape());
        let first =
            axes.try_fold(0_u64, |at, (stride, &length)| at.checked_mul(length)?.checked_add(stride.start));
        let size = self.element_size as u64;
        let run =
            first.and_then(|first| Some((first.checked_mul(size)?, extent.elements().checked_mul(size)?)));
        run.ok_or_else(|| Error::corrupt("it has more bytes than 64 bits can count"))
    }

    fn locate_chunk(
        &self,
        metadata: &Metadata,
        chunked: &Chunked,
        index: &[u64],
    ) -> Result<Origin<'_>, Error> {
        let chunk_bytes = self.chunk_bytes()?;
        if self.is_beyond(index) {
            return Ok(Origin::Nothing);
        }
        let Some(mut chunk) = self.index(metadata, chunked)?.find(index) else {
            return Ok(if self.unwritten.is_some() { Origin::Filled(None) } else { Origin::Nothing });
        };
        if chunk.bytes > MOST_CHUNK_BYTES.saturating_mul(2) {
            let bytes = chunk.bytes;
            return Err(Error::corrupt(format!(
                "chunk {index:?} is stored in {bytes} bytes, too many for it"
            )));
        }
        if chunked.plain_edges && self.sticks_out(index) {
            chunk.skipped_codecs = self.all_skipped();
            chunk.bytes = chunk_bytes;
        }
        Ok(if self.has_gap(index) { Origin::Filled(Some(chunk)) } else { Origin::Chunk(chunk) })
    }

    /// Along each axis: where the chunk begins, where it ends, where the dataset ends, and where the variable ends.
    fn edges(&self, index: &[u64]) -> impl Iterator<Item = (u64, u64, u64, u64)> {
        let axes = self.axes.iter().zip(self.grid.shape()).zip(self.grid.chunk_shape());
        axes.zip(index).map(|(((axis, &shown), &chunk), &i)| {
            let start = i.saturating_mul(chunk);
            (start, start.saturating_add(chunk), axis.length, shown)
        })
    }

    /// Whether a chunk lies where the dataset has no elements any more.
    fn is_beyond(&self, index: &[u64]) -> bool {
        self.edges(index).any(|(start, _, own, _)| start >= own)
    }

    /// Whether a chunk holds more than the dataset's elements.
    fn sticks_out(&self, index: &[u64]) -> bool {
        self.edges(index).any(|(_, end, own, _)| end > own)
    }

    /// Whether a chunk holds places that the variable has and the dataset has not.
    fn has_gap(&self, index: &[u64]) -> bool {
        self.edges(index).any(|(_, end, own, shown)| end > own && shown > own)
    }

    /// The mask of a chunk to which no codec was applied.
    fn all_skipped(&self) -> u32 {
        (0..self.codecs.len()).fold(0, |mask, _| mask << 1 | 1)
    }

    fn chunk_bytes(&self) -> Result<u64, Error> {
        let bytes = self.grid.chunk_elements().checked_mul(self.element_size as u64);
        bytes.filter(|&bytes| bytes <= MOST_CHUNK_BYTES).ok_or_else(|| {
            let message = format!("its chunks are larger than the limit of {MOST_CHUNK_BYTES} bytes");
            Error::new(ErrorKind::TooLarge, message)
        })
    }

    fn index(&self, metadata: &Metadata, chunked: &Chunked) -> Result<&ChunkIndex, Error> {
        if let Some(index) = self.index.get() {
            return index.as_ref().map_err(Clone::clone);
        }
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = self.index.get() {
            return index.as_ref().map_err(Clone::clone);
        }
        let read = self.read_index(metadata, chunked);
        // A disk that failed once may not fail again; what is wrong with the file stays wrong.
        match read {
            Err(error) if error.kind == ErrorKind::Unavailable => Err(error),
            read => self.index.get_or_init(|| read).as_ref().map_err(Clone::clone),
        }
    }

    /// The chunk index, as it was kept, or else as the file has it.
    fn read_index(&self, metadata: &Metadata, chunked: &Chunked) -> Result<ChunkIndex, Error> {
        let (file, name) = (metadata.file(), self.path.as_bytes());
        if let Some(known) = file.recall(ChunkIndex::RECORD, name, unpack) {
            return Ok(known);
        }
        let (chunk_bytes, encoded) = (self.chunk_bytes()?, !self.codecs.is_empty());
        let index = ChunkIndex::read(metadata, &Indexed { chunked, axes: &self.axes, chunk_bytes, encoded })?;
        file.remember(ChunkIndex::RECORD, name, || pack(&index));
        Ok(index)
    }

    /// The bytes of memory that it takes beside what the schema says: above all, where its chunks are, once that is known.
    pub fn resident_bytes(&self) -> u64 {
        let data = match &self.layout {
            Layout::Compact(data) => data.len() as u64,
            _ => 0,
        };
        let index = self.index.get().and_then(|index| index.as_ref().ok());
        data.saturating_add(index.map_or(0, ChunkIndex::bytes))
    }

    /// Learns where the chunks are, and says how many are stored.
    pub fn count_chunks(&self, metadata: &Metadata) -> Result<u64, Error> {
        match &self.layout {
            Layout::Unsupported(error) => Err(error.clone()),
            Layout::Chunked(chunked) => Ok(self.index(metadata, chunked)?.stored()),
            Layout::Contiguous { .. } | Layout::Compact(_) => {
                Ok(self.grid.counts().into_iter().fold(1, u64::saturating_mul))
            }
        }
    }

    fn decode(&self, bytes: &[u8], skipped_codecs: u32) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(self.chunk_bytes()?).unwrap_or(usize::MAX);
        let (codecs, data_type, stored) = (self.codecs.as_slice(), &self.data_type, ByteOrder::NATIVE);
        // In stored order, whichever that is.
        let to = Decoded { codecs, length, data_type, stored, wanted: stored };
        Scratch::with(|scratch| codecs::decode(scratch, bytes, skipped_codecs, &to).map(<[u8]>::to_vec))
    }

    /// A whole chunk without codecs, with the fill value wherever the dataset has no element.
    fn filled(
        &self,
        metadata: &Metadata,
        index: &[u64],
        chunk: Option<StoredChunk>,
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = match chunk {
            Some(chunk) => {
                let stored = metadata.read_data(chunk.address, chunk.bytes)?;
                self.decode(&stored, chunk.skipped_codecs)?
            }
            None => {
                let length = usize::try_from(self.chunk_bytes()?).unwrap_or(usize::MAX);
                let unwritten = self.unwritten.as_deref().unwrap_or(&[0]);
                unwritten.iter().copied().cycle().take(length).collect()
            }
        };
        self.fill_gaps(index, &mut bytes);
        Ok(bytes)
    }

    /// Writes the fill value to the places of a chunk where the dataset has no element.
    fn fill_gaps(&self, index: &[u64], bytes: &mut [u8]) {
        let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let edges: Vec<_> = self.edges(index).collect();
        let mut inner = self.element_size.max(1);
        for (start, end, own, _) in edges.into_iter().rev() {
            let row = narrow(end.saturating_sub(start)).saturating_mul(inner);
            let first = narrow(own.saturating_sub(start)).saturating_mul(inner);
            for row in bytes.chunks_exact_mut(row.max(1)) {
                let gap = row.get_mut(first..).unwrap_or_default();
                let places = gap.chunks_exact_mut(self.fill.len().max(1));
                places.for_each(|place| place.copy_from_slice(&self.fill));
            }
            inner = row;
        }
    }
}

/// The run-shaped or stored chunk shape of a variable.
pub fn chunk_shape(layout: &Layout, shape: &[u64], element_size: usize) -> Vec<u64> {
    match layout {
        Layout::Chunked(chunked) => chunked.lengths.iter().map(|&length| u64::from(length)).collect(),
        _ => crate::run_chunk_shape(shape, element_size),
    }
}
