//! Compressed streams that other crates decode: zlib, gzip, Zstandard, bzip2.

use std::io::Read;

use libdeflater::{DecompressionError, Decompressor};

use super::{MOST_CHUNK_BYTES, Room, filled, resize};
use crate::{Error, ErrorKind};

/// Decoders and buffers that are used again and again.
pub struct Tools {
    inflate: Decompressor,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    /// A block whose filters are still to be undone.
    pub planes: Vec<u8>,
    /// The same, where several filters take turns.
    pub spare: Vec<u8>,
    /// Blocks that are still to be put in their places.
    pub blocks: Vec<u8>,
}

impl Tools {
    /// New ones.
    pub fn new() -> Self {
        let (planes, spare, blocks) = (Vec::new(), Vec::new(), Vec::new());
        Self { inflate: Decompressor::new(), zstd: None, planes, spare, blocks }
    }

    /// Decodes a zlib stream (RFC 1950).
    pub fn zlib(&mut self, input: &[u8], room: Room, out: &mut Vec<u8>) -> Result<(), Error> {
        resize(out, deflate_room(input, room)?);
        let n = self.inflate.zlib_decompress(input, out).map_err(|e| deflate_error(&e, room.limit))?;
        out.truncate(n);
        Ok(())
    }

    /// Decodes a zlib stream to exactly the bytes of `out`.
    pub fn zlib_into(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let n = self.inflate.zlib_decompress(input, out).map_err(|e| deflate_error(&e, out.len()))?;
        filled(n, out.len(), "deflate")
    }

    /// Decodes gzip (RFC 1952), all members of it.
    pub fn gzip(&mut self, input: &[u8], room: Room, out: &mut Vec<u8>) -> Result<(), Error> {
        resize(out, deflate_room(input, room)?);
        let n = self.inflate.gzip_decompress(input, out).map_err(|e| deflate_error(&e, room.limit))?;
        out.truncate(n);
        // This decoder ends with the first member; where that is not all, another one that does not is asked.
        match n == room.limit {
            true => Ok(()),
            false => read_all(flate2::read::MultiGzDecoder::new(input), room.limit, ("gzip", out)),
        }
    }

    /// Decodes Zstandard frames (RFC 8878).
    pub fn zstd(&mut self, input: &[u8], room: Room, out: &mut Vec<u8>) -> Result<(), Error> {
        check_limit(room.limit)?;
        resize(out, room.limit);
        let n = self.zstd_frames(input, out)?;
        out.truncate(n);
        Ok(())
    }

    /// Decodes Zstandard frames to exactly the bytes of `out`.
    pub fn zstd_into(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let n = self.zstd_frames(input, out)?;
        filled(n, out.len(), "zstd")
    }

    fn zstd_frames(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let decoder = match &mut self.zstd {
            Some(decoder) => decoder,
            none => {
                let decoder = zstd::bulk::Decompressor::new();
                let decoder = decoder.map_err(|e| Error::unavailable(format!("no zstd decoder: {e}")))?;
                none.insert(decoder)
            }
        };
        let limit = out.len();
        decoder.decompress_to_buffer(input, out).map_err(|e| {
            Error::corrupt(format!("its zstd stream is damaged, or holds more than {limit} bytes: {e}"))
        })
    }
}

/// Decodes bzip2 streams.
pub fn bzip2(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    read_all(bzip2::read::MultiBzDecoder::new(input), limit, ("bzip2", out))
}

/// Reads all that a decoder gives; the buffer grows with what is there.
fn read_all(reader: impl Read, limit: usize, (what, out): (&str, &mut Vec<u8>)) -> Result<(), Error> {
    check_limit(limit)?;
    out.clear();
    let read = reader.take((limit as u64).saturating_add(1)).read_to_end(out);
    read.map_err(|e| Error::corrupt(format!("its {what} stream is damaged: {e}")))?;
    match out.len() > limit {
        true => {
            Err(Error::corrupt(format!("its {what} stream holds more than the {limit} bytes of the chunk")))
        }
        false => Ok(()),
    }
}

fn check_limit(limit: usize) -> Result<(), Error> {
    if limit as u64 > MOST_CHUNK_BYTES {
        let message = format!("a chunk decodes to {limit} bytes, the limit is {MOST_CHUNK_BYTES}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

/// How many bytes a deflate stream may need. Deflate shrinks by at most 1032 to 1, so a chunk that claims more needs no memory
/// to be refused.
fn deflate_room(input: &[u8], room: Room) -> Result<usize, Error> {
    check_limit(room.limit)?;
    let most = input.len().saturating_mul(1032).saturating_add(64);
    if room.exact && room.limit > most {
        let (stored, length) = (input.len(), room.limit);
        return Err(Error::corrupt(format!(
            "its {stored} stored bytes cannot hold the {length} bytes of the chunk"
        )));
    }
    Ok(room.limit.min(most))
}

fn deflate_error(error: &DecompressionError, limit: usize) -> Error {
    match error {
        DecompressionError::BadData => Error::corrupt("its deflate stream is damaged"),
        DecompressionError::InsufficientSpace => {
            Error::corrupt(format!("its deflate stream holds more than the {limit} bytes of the chunk"))
        }
    }
}
