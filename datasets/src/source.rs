//! Chunk sources: what a file format has to offer.

use weir_model::{Hyperslab, Schema};

use crate::Error;

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

/// An open file: its schema, and its stored chunks.
///
/// Implementations are read from many threads at once. A variable's [`Storage`](weir_model::Storage) in the schema says how
/// its chunks tile it and which codecs were applied; the `contract` module (feature `testing`) checks that an implementation agrees
/// with itself.
pub trait ChunkSource: Send + Sync {
    /// What the file holds.
    fn schema(&self) -> &Schema;

    /// Text that changes whenever the data may have changed.
    fn generation(&self) -> String;

    /// Checks that nobody wrote to the data since it was opened.
    ///
    /// # Errors
    /// `Unavailable` where somebody did.
    fn check_unchanged(&self) -> Result<(), Error>;

    /// The stored bytes of a chunk, or `None` where it is proven that nothing is stored and the fill value stands.
    ///
    /// # Errors
    /// `NotFound` for a variable or chunk that does not exist; `Corrupt` where the file ends before the chunk does.
    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error>;

    /// Reads `out.len()` bytes of a chunk that is stored without codecs, from `offset` (in bytes, inside the chunk) on.
    /// `Ok(false)`: nothing is stored and the fill value stands; `out` is then untouched.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error>;

    /// Checks, without reading it, that a stored chunk lies inside the file. `Ok(false)`: nothing is stored.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error>;

    /// Reads strings ([`DataType::String`](weir_model::DataType::String)), row-major, as the file spells them.
    ///
    /// # Errors
    /// `NotFound` for a variable that does not exist, `BadRequest` for one that holds no strings.
    fn read_strings(&self, variable: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error>;
}
