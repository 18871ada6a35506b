//! Chunk sources: what a file format has to offer.

use std::sync::Arc;

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Variable};

use crate::index::Records;
use crate::read::{Load, Pace, Reach};
use crate::runs::{self, RunRequest, Runs};
use crate::{DataFile, Error, ErrorKind, StringRoom, buffers};

/// What a generation ends with that does not change with every byte of the data, as that of a Zarr store whose chunks are
/// files of their own. Nothing that was read of such data may be kept for later requests.
pub const UNPINNED: char = '~';

/// Names one chunk of one variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkKey<'a> {
    /// The variable's path, such as `/sst`.
    pub variable: &'a str,
    /// The chunk's index, one number per axis.
    pub index: &'a [u64],
}

/// A chunk as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The stored bytes. For storage without codecs, elements in row-major order: of the whole chunk, or, where the file
    /// does not pad, of the chunk's part inside the variable.
    pub bytes: Vec<u8>,
    /// Bit n is set where the variable's n-th codec was not applied to this chunk.
    pub skipped_codecs: u32,
}

/// Consecutive bytes of a file that are a stored chunk.
#[derive(Clone, Debug)]
pub struct Run {
    /// The file.
    pub file: Arc<DataFile>,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// Bit n is set where the variable's n-th codec was not applied to this chunk.
    pub skipped_codecs: u32,
}

impl Run {
    /// Reads the chunk, if its bytes are in memory and nobody wrote to the file: that waits for nothing.
    #[must_use]
    pub fn read_at_once(&self) -> Option<Vec<u8>> {
        let mut bytes = buffers::take(usize::try_from(self.length).ok()?);
        let read = self.file.read_at_once(self.offset, &mut bytes) && self.file.check_unchanged().is_ok();
        if !read {
            buffers::give(std::mem::take(&mut bytes));
        }
        read.then_some(bytes)
    }

    /// Reads the chunk, of a file that nobody wrote to meanwhile.
    ///
    /// # Errors
    /// As [`DataFile::read_at`] and [`DataFile::check_unchanged`].
    pub fn read(&self) -> Result<Encoded, Error> {
        let bytes = self.file.read_at(self.offset, self.length)?;
        self.file.check_unchanged()?;
        Ok(Encoded { bytes, skipped_codecs: self.skipped_codecs })
    }
}

/// What is stored for a chunk.
#[derive(Clone, Debug)]
pub enum Stored {
    /// Nothing, and that is proven; the fill value stands.
    Nothing,
    /// Bytes at hand: they were part of the metadata, or the source had to put them together.
    Here(Encoded),
    /// One run of a file.
    Run(Run),
    /// Several runs; the source's own [`fetch`](ChunkSource::fetch) puts them together.
    Scattered,
}

/// A hyperslab that is to be read or verified.
#[derive(Clone, Copy)]
pub struct SlabRequest<'a> {
    /// The variable's path.
    pub variable: &'a str,
    /// The hyperslab; it lies inside the variable.
    pub slab: &'a Hyperslab,
    /// The byte order in which elements are wanted.
    pub order: ByteOrder,
    /// Whether the one who asked has gone; looked at before each chunk.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Stored {
    /// The stored bytes, or `None` where nothing is stored; `gather` puts several runs together.
    ///
    /// # Errors
    /// As [`Run::read`], and those of `gather`.
    pub fn fetch(
        self,
        gather: impl FnOnce() -> Result<Option<Encoded>, Error>,
    ) -> Result<Option<Encoded>, Error> {
        match self {
            Self::Nothing => Ok(None),
            Self::Here(encoded) => Ok(Some(encoded)),
            Self::Run(run) => run.read().map(Some),
            Self::Scattered => gather(),
        }
    }

    /// Where its bytes are, if they are one behind the other.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Run(run) => Some(run),
            _ => None,
        }
    }

    /// Reads `out.len()` bytes of a chunk without codecs, from byte `offset` on; `Ok(false)` where nothing is stored. `gather`
    /// reads them of several runs.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch); `BadRequest` where the chunk has no such bytes.
    pub fn fetch_part(
        self,
        (chunk, offset): (ChunkKey<'_>, u64),
        out: &mut [u8],
        gather: impl FnOnce(&mut [u8]) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let end = offset.checked_add(out.len() as u64);
        match self {
            Self::Nothing => return Ok(false),
            Self::Here(encoded) => {
                let range = usize::try_from(offset).ok().zip(end.and_then(|end| usize::try_from(end).ok()));
                let part = range.and_then(|(start, end)| encoded.bytes.get(start..end));
                out.copy_from_slice(part.ok_or_else(|| outside(chunk, offset, out.len()))?);
            }
            Self::Run(run) => {
                let at = run.offset.checked_add(offset).filter(|_| end.is_some_and(|end| end <= run.length));
                run.file.read_exact_at(at.ok_or_else(|| outside(chunk, offset, out.len()))?, out)?;
                run.file.check_unchanged()?;
            }
            Self::Scattered => return gather(out),
        }
        Ok(true)
    }
}

/// An open file: its schema, and its stored chunks.
///
/// Implementations are read from many threads at once. A variable's [`Storage`](weir_model::Storage) in the schema says how
/// its chunks tile it and which codecs were applied; the `contract` module (feature `testing`) checks that an implementation agrees
/// with itself.
///
/// A source whose chunks are encoded in a way that no [`Codec`](weir_model::Codec) describes names that way as a codec, decodes
/// in [`locate`](Self::locate), and marks the codec as skipped for every chunk that it hands out.
pub trait ChunkSource: Send + Sync {
    /// What the file holds.
    fn schema(&self) -> &Schema;

    /// Text that changes whenever the data may have changed.
    fn generation(&self) -> String;

    /// Whether finding a chunk may mean waiting for another machine or process, so that many are looked for at once.
    fn is_far(&self) -> bool {
        false
    }

    /// Where the bytes of chunks come from.
    fn reach(&self) -> Reach {
        if self.is_far() { Reach::Far } else { Reach::Near }
    }

    /// Bytes of memory that it takes as long as it is open, beside its schema; more once its chunks were looked for.
    fn resident_bytes(&self) -> u64 {
        0
    }

    /// Bytes of memory that reading a hyperslab takes at most at this pace, beside the output and beside strings.
    ///
    /// # Errors
    /// `NotFound` for a variable that does not exist; `Corrupt` for one whose chunks do not tile it.
    fn scratch_bytes(&self, variable: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        let found = find(self.schema(), variable)?;
        Ok(pace.scratch(&Load::of(found, &grid(variable, found)?, slab, self.reach())))
    }

    /// Checks that nobody wrote to the data since it was opened.
    ///
    /// # Errors
    /// `Unavailable` where somebody did.
    fn check_unchanged(&self) -> Result<(), Error>;

    /// Why the elements of a variable cannot be read, where that is known without reading them.
    fn refusal(&self, variable: &str) -> Option<Error> {
        let _all_can_be_read = variable;
        None
    }

    /// Where a chunk is stored.
    ///
    /// # Errors
    /// `NotFound` for a variable or chunk that does not exist.
    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error>;

    /// The stored bytes of a chunk, or `None` where it is proven that nothing is stored and the fill value stands.
    ///
    /// # Errors
    /// As [`locate`](Self::locate); `Corrupt` where the file ends before the chunk does.
    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        self.locate(chunk)?.fetch(|| Err(scattered(chunk)))
    }

    /// Reads `out.len()` bytes of a chunk that is stored without codecs, from `offset` (in bytes, inside the chunk) on.
    /// `Ok(false)`: nothing is stored and the fill value stands; `out` is then untouched.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        self.locate(chunk)?.fetch_part((chunk, offset), out, |_| Err(scattered(chunk)))
    }

    /// Checks, without reading it, that a stored chunk lies inside the file. `Ok(false)`: nothing is stored.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        match self.locate(chunk)? {
            Stored::Nothing => Ok(false),
            Stored::Here(_) => Ok(true),
            Stored::Run(run) => run.file.check_range(run.offset, run.length).map(|()| true),
            Stored::Scattered => Err(scattered(chunk)),
        }
    }

    /// How a variable lies in runs of files, for those who pass stored bytes on as they are.
    ///
    /// # Errors
    /// `Unsupported` where its stored bytes cannot be passed on, with the reason; `NotFound` for a variable that does not
    /// exist.
    fn runs(&self, variable: &str) -> Result<Runs, Error> {
        runs::none(self.schema(), variable)
    }

    /// Where the elements of a chunk, or of a part of one that [`runs`](Self::runs) calls divisible, are stored.
    ///
    /// # Errors
    /// As [`locate`](Self::locate); `Unsupported` where they are not stored in one run.
    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let index = runs::index_of(self.schema(), request.variable, request.extent)?;
        self.locate(ChunkKey { variable: request.variable, index: &index })
    }

    /// The file that the data is, if it is one file.
    fn file(&self) -> Option<Arc<DataFile>> {
        None
    }

    /// Reads elements of a fixed size into `out`, as a source does that is made of other datasets; `Ok(false)` where chunks
    /// are to be fetched and decoded instead.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right; `out` then holds nothing of use.
    fn read_slab(&self, _request: &SlabRequest<'_>, _out: &mut [u8]) -> Result<bool, Error> {
        Ok(false)
    }

    /// Proves that every chunk of a hyperslab can be decoded, as a source does that is made of other datasets; `Ok(false)`
    /// where chunks are to be fetched and decoded instead.
    ///
    /// # Errors
    /// What the first damaged chunk suffers from.
    fn verify_slab(&self, _request: &SlabRequest<'_>) -> Result<bool, Error> {
        Ok(false)
    }

    /// Reads elements of varying size ([`DataType::is_varying`](weir_model::DataType::is_varying)), row-major: strings as the
    /// file spells them, others in their packed form ([`Packed`](weir_model::Packed)). Takes of `room` what it packs before it
    /// holds it.
    ///
    /// # Errors
    /// `NotFound` for a variable that does not exist, `BadRequest` for one whose elements have one size, `TooLarge` where the
    /// room does not do.
    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error>;

    /// How many bytes [`read_strings`](Self::read_strings) will give, roughly, if that costs much less than reading them.
    ///
    /// # Errors
    /// As [`read_strings`](Self::read_strings).
    fn varying_bytes(&self, _variable: &str, _slab: &Hyperslab) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// What the index keeps of this generation; `None` where nothing may be kept of it.
    fn records(&self) -> Option<&Records> {
        None
    }

    /// Learns where the chunks of a variable are stored, and says how many are; a source that need not learn it counts all.
    ///
    /// # Errors
    /// `NotFound` for a variable that does not exist; otherwise why its chunks cannot be found.
    fn count_chunks(&self, variable: &str) -> Result<u64, Error> {
        let grid = grid(variable, find(self.schema(), variable)?)?;
        Ok(grid.counts().into_iter().fold(1, u64::saturating_mul))
    }
}

/// The variable at a path.
///
/// # Errors
/// `NotFound` where there is none.
pub fn find<'s>(schema: &'s Schema, path: &str) -> Result<&'s Variable, Error> {
    schema.variable(path).ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
}

/// How chunks tile a variable.
///
/// # Errors
/// `Corrupt` where they do not.
pub fn grid(path: &str, variable: &Variable) -> Result<ChunkGrid, Error> {
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
    grid.map_err(|e| Error::corrupt(format!("{path}: {e}")))
}

fn outside(chunk: ChunkKey<'_>, offset: u64, asked: usize) -> Error {
    let ChunkKey { variable, index } = chunk;
    let message = format!("{variable} chunk {index:?} has no {asked} bytes at byte {offset}");
    Error::new(ErrorKind::BadRequest, message)
}

fn scattered(chunk: ChunkKey<'_>) -> Error {
    let ChunkKey { variable, index } = chunk;
    Error::unsupported(format!("{variable} chunk {index:?} is scattered, and its source cannot gather it"))
}
