//! Chunks: stored bytes as they are, or values encoded anew.

use libdeflater::Decompressor;
use weir_plugin_api::model::{Hyperslab, Schema};
use weir_plugin_api::{Bytes, Dataset, Error, ErrorKind, Host, Request, Response, StoredChunk};
use weir_zarr::{Array, Compressor, ElementType, Encoding, Format, Product, Source, chunk, text};

use crate::compress::{Frame, compress, deflated};
use crate::making::Maker;

/// Least bytes of an encoded string: its length. What strings hold is not known before they are read.
const STRING_BYTES: u64 = 4;

/// A chunk that a key names.
pub(crate) struct Wanted<'a> {
    /// Path of the variable, without a leading slash.
    pub path: &'a str,
    /// The numbers of the key.
    pub index: &'a [u64],
    /// The version whose key it is.
    pub format: Format,
}

impl Wanted<'_> {
    /// The variable's path as the host writes it.
    pub fn variable(&self) -> String {
        format!("/{}", self.path)
    }

    pub fn no_such_chunk(&self, why: &str) -> Error {
        Error::not_found(format!("{} has no chunk {:?}: {why}", self.path, self.index))
    }
}

/// The chunk that a key names.
///
/// `HEAD` is answered by the same path: stored bytes are not decoded, and the length of a chunk that is encoded anew is known
/// only when it is.
pub(crate) fn respond(
    host: &Host,
    request: &Request<'_>,
    dataset: &Dataset,
    schema: &Schema,
    wanted: &Wanted<'_>,
) -> Result<Response, Error> {
    let variable =
        schema.variable(wanted.path).ok_or_else(|| wanted.no_such_chunk("there is no such variable"))?;
    let array = Array::of(variable)
        .map_err(|reason| wanted.no_such_chunk(&format!("it is not served as Zarr, {reason}")))?;
    let index = array.chunk_index(wanted.index, wanted.format).ok_or_else(|| {
        wanted.no_such_chunk(&format!("its grid of chunks has the shape {:?}", array.grid().counts()))
    })?;
    host.admit(request, whole_bytes(&array)?)?;
    let bytes = Chunk { dataset, array: &array, wanted, index: &index }.bytes()?;
    Ok(Response::full("application/octet-stream", bytes).stable().ranges())
}

/// The chunk or shard of a product that a key names.
pub(crate) fn made(
    host: &Host,
    request: &Request<'_>,
    (dataset, schema): (&Dataset, &Schema),
    product: &Product,
    wanted: &Wanted<'_>,
) -> Result<Response, Error> {
    let path = wanted.variable();
    let nothing = || wanted.no_such_chunk("there is no such variable");
    let shown = product.schema.variable(&path).ok_or_else(nothing)?;
    let (stored, making) = schema.variable(&path).zip(product.makings.get(&path)).ok_or_else(nothing)?;
    let array = Array::made(shown, making)
        .map_err(|reason| wanted.no_such_chunk(&format!("it is not served as Zarr, {reason}")))?;
    let index = array.chunk_index(wanted.index, wanted.format).ok_or_else(|| {
        let counts = array.objects(wanted.format).counts();
        wanted.no_such_chunk(&format!("its grid has the shape {counts:?}"))
    })?;
    let objects = array.objects(wanted.format);
    let size = array.element().size().map_or(STRING_BYTES, |size| size as u64);
    let bytes = objects.chunk_elements().checked_mul(size);
    host.admit(
        request,
        bytes.ok_or_else(|| Error::too_large("one chunk has more bytes than 64 bits can count"))?,
    )?;
    host.metric_add("chunks_made", 1.0);
    let maker = Maker { dataset, stored, array: &array, making, path: &path };
    let bytes = match array.shards().filter(|_| wanted.format == Format::V3) {
        Some(shards) => maker
            .shard(&index, shards.chunk_shape())?
            .ok_or_else(|| wanted.no_such_chunk("the array ends before it"))?,
        None => maker.chunk(&index)?,
    };
    Ok(Response::full("application/octet-stream", bytes).stable().ranges().costly())
}

/// Bytes of the whole chunk before it is encoded; of strings, the least.
fn whole_bytes(array: &Array<'_>) -> Result<u64, Error> {
    let bytes = array.chunk_bytes().or_else(|| array.grid().chunk_elements().checked_mul(STRING_BYTES));
    bytes.ok_or_else(|| Error::too_large("one chunk has more bytes than 64 bits can count"))
}

struct Chunk<'a> {
    dataset: &'a Dataset,
    array: &'a Array<'a>,
    wanted: &'a Wanted<'a>,
    index: &'a [u64],
}

impl Chunk<'_> {
    fn bytes(&self) -> Result<Bytes, Error> {
        match (self.array.element(), self.array.encoding().source) {
            (ElementType::Text, _) => self.texts().map(Bytes::from),
            (_, Source::Stored) => self.stored(),
            (_, Source::Values) => self.values().map(Bytes::from),
        }
    }

    /// The file's own bytes, if all its codecs were applied to this chunk.
    fn stored(&self) -> Result<Bytes, Error> {
        match self.dataset.chunk(&self.wanted.variable(), self.index)? {
            StoredChunk::Stored { bytes, skipped_codecs: 0 } => self.checked(bytes),
            StoredChunk::Stored { .. } => self.values().map(Bytes::from),
            StoredChunk::Missing if self.array.absent_chunks_may_be_missing(self.wanted.format) => {
                Err(self.wanted.no_such_chunk("nothing was written there, all of it is the fill value"))
            }
            StoredChunk::Missing => {
                let whole = chunk::filled(&self.array.fill(), self.array.grid().chunk_elements());
                encoded(whole.ok_or_else(misfit)?, self.array.encoding()).map(Bytes::from)
            }
        }
    }

    /// Bytes that no codec protects must at least be as many as the client will expect.
    fn checked(&self, bytes: Bytes) -> Result<Bytes, Error> {
        let expected = self.array.chunk_bytes();
        let plain = self.array.encoding().compressor == Compressor::None {};
        if plain && u64::try_from(bytes.len()).ok() != expected {
            let (path, index, got) = (self.wanted.path, self.index, bytes.len());
            let whole = expected.unwrap_or(0);
            let message = format!("chunk {index:?} of {path} has {got} bytes, a whole one has {whole}");
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        Ok(bytes)
    }

    /// The part of the variable that the chunk holds.
    fn extent(&self) -> Result<Hyperslab, Error> {
        self.array
            .grid()
            .extent(self.index)
            .ok_or_else(|| self.wanted.no_such_chunk("the grid ends before it"))
    }

    /// Elements, padded to a whole chunk and encoded as the metadata document says.
    fn values(&self) -> Result<Vec<u8>, Error> {
        let (extent, fill, encoding) = (self.extent()?, self.array.fill(), self.array.encoding());
        let elements = usize::try_from(extent.elements()).ok();
        let size = elements.and_then(|elements| elements.checked_mul(fill.len())).ok_or_else(misfit)?;
        let mut values = vec![0; size];
        self.dataset.read(&self.wanted.variable(), &extent, encoding.byte_order, &mut values)?;
        let whole = chunk::padded(values, &extent.shape(), self.array.grid().chunk_shape(), &fill);
        encoded(whole.ok_or_else(misfit)?, encoding)
    }

    /// Strings, counted and deflated.
    fn texts(&self) -> Result<Vec<u8>, Error> {
        let extent = self.extent()?;
        let texts = self.dataset.read_strings(&self.wanted.variable(), &extent)?;
        let whole = text::encode(&texts, &extent.shape(), self.array.grid().chunk_shape());
        let whole = whole.map_err(|error| {
            let (path, index) = (self.wanted.path, self.index);
            Error::unsupported(format!("chunk {index:?} of {path} cannot be encoded: {error}"))
        })?;
        encoded(whole, self.array.encoding())
    }
}

fn misfit() -> Error {
    Error::internal("the part that was read does not fit its chunk")
}

/// Shuffled and compressed.
fn encoded(whole: Vec<u8>, encoding: &Encoding) -> Result<Vec<u8>, Error> {
    let shuffled = match encoding.shuffle {
        Some(size) => chunk::shuffled(&whole, size).ok_or_else(misfit)?,
        None => whole,
    };
    compress(shuffled, &encoding.compressor, encoding.shuffle.unwrap_or(1))
}

/// Whether what is deflated can be inflated again.
pub(crate) fn self_test() -> Result<(), Error> {
    let bytes: Vec<u8> = (1..=255).cycle().take(1000).collect();
    for level in 0..=9 {
        let mut back = vec![0; bytes.len()];
        let inflated = Decompressor::new().zlib_decompress(&deflated(&bytes, level, Frame::Zlib)?, &mut back);
        if inflated != Ok(bytes.len()) || back != bytes {
            return Err(Error::internal(format!("zlib level {level} does not come back")));
        }
    }
    Ok(())
}
