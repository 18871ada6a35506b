//! Compressing chunks: the same bytes come out whenever the same bytes go in.

use libdeflater::{CompressionLvl, Compressor as Deflater};
use weir_plugin_api::Error;
use weir_zarr::{BloscName, Compressor};

use crate::blosc::Blosc;

/// Compresses a chunk of elements of `size` bytes.
pub(crate) fn compress(bytes: Vec<u8>, compressor: &Compressor, size: usize) -> Result<Vec<u8>, Error> {
    match compressor {
        Compressor::None {} => Ok(bytes),
        Compressor::Zlib { level } => deflated(&bytes, *level, Frame::Zlib),
        Compressor::Gzip { level } => deflated(&bytes, *level, Frame::Gzip),
        Compressor::Zstd { level } => zstandard(&bytes, *level),
        Compressor::Blosc { cname, level, shuffle } => {
            let blosc = Blosc { name: *cname, shuffle: *shuffle, size };
            let block = |block: &[u8], out: &mut Vec<u8>| {
                match cname {
                    BloscName::Lz4 => return lz4(block, out),
                    BloscName::Zstd => out.extend(zstandard(block, *level).ok()?),
                    BloscName::Zlib => out.extend(deflated(block, *level, Frame::Zlib).ok()?),
                }
                Some(())
            };
            let encoded = blosc.encode(&bytes, block);
            let mut encoded =
                encoded.ok_or_else(|| Error::too_large("a chunk has more bytes than Blosc can count"))?;
            encoded.shrink_to_fit();
            Ok(encoded)
        }
    }
}

/// What is around deflated bytes.
#[derive(Clone, Copy)]
pub(crate) enum Frame {
    /// RFC 1950.
    Zlib,
    /// RFC 1952.
    Gzip,
}

/// A stream of deflated bytes (RFC 1951).
pub(crate) fn deflated(bytes: &[u8], level: u32, frame: Frame) -> Result<Vec<u8>, Error> {
    let level = i32::try_from(level).ok().and_then(|level| CompressionLvl::new(level).ok());
    let level = level.ok_or_else(|| Error::internal("there is no such compression level"))?;
    let mut deflater = Deflater::new(level);
    let bound = match frame {
        Frame::Zlib => deflater.zlib_compress_bound(bytes.len()),
        Frame::Gzip => deflater.gzip_compress_bound(bytes.len()),
    };
    let mut out = vec![0; bound];
    let length = match frame {
        Frame::Zlib => deflater.zlib_compress(bytes, &mut out),
        Frame::Gzip => deflater.gzip_compress(bytes, &mut out),
    };
    out.truncate(length.map_err(|error| Error::internal(format!("a chunk cannot be compressed: {error}")))?);
    // What is kept of it should not hold the room that compressing might have needed.
    out.shrink_to_fit();
    Ok(out)
}

/// Appends an LZ4 block, without a copy of its own.
fn lz4(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let begin = out.len();
    out.resize(begin.checked_add(lz4_flex::block::get_maximum_output_size(bytes.len()))?, 0);
    let length = lz4_flex::block::compress_into(bytes, out.get_mut(begin..)?).ok()?;
    out.truncate(begin.checked_add(length)?);
    Some(())
}

fn zstandard(bytes: &[u8], level: u32) -> Result<Vec<u8>, Error> {
    let level = i32::try_from(level).unwrap_or(0);
    zstd::bulk::compress(bytes, level)
        .map_err(|error| Error::internal(format!("a chunk cannot be compressed: {error}")))
}
