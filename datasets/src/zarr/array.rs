//! Stored arrays: from a chunk's index to its bytes.

use weir_model::{ByteOrder, DataType};

use super::chain::{Chain, Layout};
use super::description::Description;
use super::filter::{self, Shape};
use super::shards::Shards;
use crate::codecs::{self, Decoded, MOST_CHUNK_BYTES, Scratch};
use crate::source::Run;
use crate::store::{Object, Store};
use crate::{Encoded, Error, ErrorKind, Stored};

/// An array of a store.
#[derive(Clone, Debug)]
pub struct StoredArray {
    /// The path of its objects; empty for the root of the store.
    path: String,
    /// Which array of its store it is.
    number: usize,
    /// What its metadata says.
    pub description: Description,
}

/// The places where an array's objects are looked for.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The store.
    pub store: &'a Store,
    /// The shards that are open.
    pub shards: &'a Shards,
}

impl StoredArray {
    /// An array at a path; `number` is one of its own in the store.
    pub fn new(path: String, number: usize, mut description: Description) -> Self {
        description.attributes = super::json::Members::new();
        Self { path, number, description }
    }

    /// How its chunks are encoded.
    ///
    /// # Errors
    /// `Unsupported` where they cannot be read, `Corrupt` where that is not known.
    pub fn chain(&self) -> Result<&Chain, Error> {
        self.description.chain.as_ref().map_err(Clone::clone)
    }

    /// Where the stored bytes of a chunk are; `None` where the store proves that there are none.
    ///
    /// # Errors
    /// `NotFound` for a chunk that the grid does not have; those of the store, and of the shard that it lies in.
    pub fn find(&self, places: Places<'_>, index: &[u64]) -> Result<Option<Object>, Error> {
        let Description { grid, keys, sharding, .. } = &self.description;
        if !grid.contains(index) {
            let counts = grid.counts();
            return Err(Error::not_found(format!("it has no chunk {index:?}; it has {counts:?} chunks")));
        }
        let Some(sharding) = sharding else {
            return places.store.locate(&keys.key(&self.path, index));
        };
        let (shard, place) = sharding.place(index);
        let key = keys.key(&self.path, &shard);
        let Some(shard) = places.shards.shard(places.store, &(self.number, key), sharding)? else {
            return Ok(None);
        };
        let range = shard.index.range(place, shard.object.len())?;
        range.map(|(offset, length)| shard.object.part(offset, length)).transpose()
    }

    /// What is stored for a chunk.
    ///
    /// # Errors
    /// As [`find`](Self::find); `Unsupported` where its codecs are not built in.
    pub fn locate(&self, places: Places<'_>, index: &[u64]) -> Result<Stored, Error> {
        let object = self.find(places, index)?;
        let chain = self.chain()?;
        let Some(object) = object else { return Ok(Stored::Nothing) };
        if !chain.is_plain() {
            let bytes = self.decoded(chain, object)?;
            return Ok(Stored::Here(Encoded { bytes, skipped_codecs: u32::MAX }));
        }
        if chain.codecs.is_empty() {
            let (has, expected) = (object.len(), self.shape().bytes()?);
            if has != expected {
                return Err(Error::corrupt(format!(
                    "chunk {index:?} has {has} bytes, but {expected} are expected"
                )));
            }
        }
        Ok(match object {
            Object::Run { file, offset, length } => {
                Stored::Run(Run { file, offset, length, skipped_codecs: 0 })
            }
            Object::Here(bytes) => Stored::Here(Encoded { bytes, skipped_codecs: 0 }),
        })
    }

    /// The shape of a chunk of elements of a fixed size.
    fn shape(&self) -> Shape<'_> {
        let Description { grid, kind, .. } = &self.description;
        Shape { lengths: grid.chunk_shape(), element_size: kind.stored_size().unwrap_or(1) }
    }

    /// Decodes a chunk of elements of a fixed size, to little-endian elements.
    ///
    /// # Errors
    /// `Corrupt` where its bytes are not what its codecs make.
    pub fn decoded(&self, chain: &Chain, object: Object) -> Result<Vec<u8>, Error> {
        let shape = self.shape();
        let length = filter::stored_bytes(&chain.filters, &shape)?;
        let bytes = decoded_bytes(chain, &stored_bytes(object)?, length)?;
        let order = match chain.layout {
            Layout::Elements(order) => order,
            Layout::Texts => return Err(Error::corrupt("its elements have no fixed size")),
        };
        filter::decode(&chain.filters, bytes, &shape, order, chain.stored_unit(&self.description.kind))
    }
}

/// Reads the stored bytes of a chunk, of a file that nobody wrote to meanwhile.
///
/// # Errors
/// Those of the file; `TooLarge` for more than a chunk may have.
pub fn stored_bytes(object: Object) -> Result<Vec<u8>, Error> {
    // Some bytes more than decoded: what cannot be compressed grows a little.
    let length = object.len();
    if length > MOST_CHUNK_BYTES.saturating_mul(2) {
        let message = format!("a stored chunk has {length} bytes, which is too large");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    object.read()
}

/// Undoes the codecs of bytes, to exactly `length` bytes.
///
/// # Errors
/// `Corrupt` where they make another number of bytes.
pub fn decoded_bytes(chain: &Chain, stored: &[u8], length: u64) -> Result<Vec<u8>, Error> {
    let length = usize::try_from(length).map_err(|e| Error::new(ErrorKind::TooLarge, e.to_string()))?;
    let (stored_order, wanted) = (ByteOrder::Little, ByteOrder::Little);
    let to =
        Decoded { codecs: &chain.codecs, length, data_type: &DataType::UInt8, stored: stored_order, wanted };
    Scratch::with(|scratch| codecs::decode(scratch, stored, 0, &to).map(<[u8]>::to_vec))
}
