//! How many bytes a chunk has, without making it: from where it is stored, or from its shape.

use weir_plugin_api::model::{Codec, Schema};
use weir_plugin_api::{ChunkPlace, Dataset, Error, ErrorKind, Place, PlaceBytes};
use weir_zarr::{Array, Compressor, ElementType, Product, Source};

use crate::chunks::Wanted;

/// Bytes of the checksum that is taken off stored chunks.
const CHECKSUM_BYTES: u64 = 4;

/// How many bytes a chunk has; `None` where only making it tells.
///
/// # Errors
/// `NotFound` where the array is not there, or where it is proven that nothing is stored and the client's fill value is right;
/// whatever keeps that from being proven.
pub(crate) fn of_chunk(
    dataset: &Dataset,
    schema: &Schema,
    wanted: &Wanted<'_>,
) -> Result<Option<u64>, Error> {
    let Some(variable) = schema.variable(wanted.path) else { return Ok(None) };
    let Ok(array) = Array::of(variable) else { return Ok(None) };
    let Some(index) = array.chunk_index(wanted.index, wanted.format) else { return Ok(None) };
    if array.encoding().source == Source::Values || array.element() == ElementType::Text {
        return Ok(plain_bytes(&array));
    }
    let path = wanted.variable();
    let storage = &variable.storage;
    match dataset.layout(&path) {
        // A place is that of a chunk of the layout, which may have others.
        Ok(layout) if (&layout.chunk_shape, &layout.codecs) == (&storage.chunk_shape, &storage.codecs) => {}
        Err(error) if error.kind != ErrorKind::Unsupported => return Err(error),
        _ => return Ok(None),
    }
    let place = match dataset.place(&path, &index, PlaceBytes::Unwanted) {
        // It may be stored in several parts.
        Err(error) if error.kind == ErrorKind::Unsupported => return Ok(None),
        place => place?,
    };
    match place {
        ChunkPlace::Missing if array.absent_chunks_may_be_missing(wanted.format) => {
            Err(wanted.no_such_chunk("nothing was written there, all of it is the fill value"))
        }
        ChunkPlace::Stored(stored) if stored.skipped_codecs == 0 && stored.at != Place::Elsewhere => {
            let checksum = if storage.codecs.last() == Some(&Codec::Fletcher32) { CHECKSUM_BYTES } else { 0 };
            // Bytes without codecs are padded to a whole chunk.
            Ok(plain_bytes(&array).or_else(|| stored.length.checked_sub(checksum)))
        }
        // Filled chunks are made of the fill value alone.
        ChunkPlace::Missing => Ok(plain_bytes(&array)),
        ChunkPlace::Stored(_) => Ok(None),
    }
}

/// How many bytes a chunk or shard of a product has; `None` where only making it tells.
pub(crate) fn of_made(product: &Product, wanted: &Wanted<'_>) -> Option<u64> {
    let path = wanted.variable();
    let (shown, making) = product.schema.variable(&path).zip(product.makings.get(&path))?;
    let array = Array::made(shown, making).ok()?;
    array.chunk_index(wanted.index, wanted.format)?;
    if array.shards().is_some() {
        return None;
    }
    plain_bytes(&array)
}

/// Bytes of a chunk that is neither compressed nor of varying size.
fn plain_bytes(array: &Array<'_>) -> Option<u64> {
    let plain = array.encoding().compressor == Compressor::None {};
    array.chunk_bytes().filter(|_| plain && array.element() != ElementType::Text)
}
