//! Codecs: from stored bytes to elements.
//!
//! Every step knows how many bytes it must yield, because a chunk's shape is known: a stream that yields more or fewer is
//! an error, and nothing larger is ever allocated.

mod fletcher32;
mod shuffle;

use std::cell::RefCell;

use libdeflater::Decompressor;
use weir_model::{ByteOrder, Codec, DataType};

use crate::{Error, ErrorKind};

pub use shuffle::{swap, unshuffle};

/// A chunk may decode to at most this many bytes; real ones have about one MiB.
pub const MOST_CHUNK_BYTES: u64 = 1 << 30;

/// Buffers and decoder state that a thread uses again and again.
pub struct Scratch {
    inflate: Decompressor,
    front: Vec<u8>,
    back: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// Scratch buffers larger than this are given back after use.
const KEPT_BYTES: usize = 8 << 20;

impl Scratch {
    fn new() -> Self {
        Self { inflate: Decompressor::new(), front: Vec::new(), back: Vec::new() }
    }

    /// Lends this thread's scratch; a new one where it is lent already, as it is to a reader whose source must decode a chunk
    /// itself.
    pub fn with<T>(f: impl FnOnce(&mut Self) -> T) -> T {
        SCRATCH.with(|scratch| {
            let Ok(mut scratch) = scratch.try_borrow_mut() else { return f(&mut Self::new()) };
            let result = f(&mut scratch);
            let Self { front, back, .. } = &mut *scratch;
            for buffer in [front, back] {
                if buffer.capacity() > KEPT_BYTES {
                    *buffer = Vec::new();
                }
            }
            result
        })
    }
}

/// What a chunk must decode to.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// The codecs that were applied, in writing order.
    pub codecs: &'a [Codec],
    /// Bytes of the decoded chunk.
    pub length: usize,
    /// The type of an element.
    pub data_type: &'a DataType,
    /// The order of stored elements.
    pub stored: ByteOrder,
    /// The order in which they are wanted.
    pub wanted: ByteOrder,
}

/// Whether codec number `n` was skipped for a chunk with this mask.
#[must_use]
pub fn is_skipped(mask: u32, n: usize) -> bool {
    u32::try_from(n).ok().and_then(|n| mask.checked_shr(n)).is_some_and(|bits| bits & 1 == 1)
}

/// Verifies a trailing Fletcher checksum and takes it off.
///
/// # Errors
/// `Corrupt` where it does not match.
pub fn take_off_checksum(bytes: &mut Vec<u8>) -> Result<(), Error> {
    let data = fletcher32::verified(bytes)?.len();
    bytes.truncate(data);
    Ok(())
}

/// Decodes a stored chunk. The result lives in the scratch.
///
/// # Errors
/// `Corrupt` where the bytes are not what the codecs say, `Unsupported` for a codec that is not built in.
pub fn decode<'s>(
    scratch: &'s mut Scratch,
    stored: &[u8],
    skipped: u32,
    to: &Decoded<'_>,
) -> Result<&'s [u8], Error> {
    let mut steps: Vec<&Codec> = Vec::with_capacity(to.codecs.len());
    let applied = to.codecs.iter().enumerate().filter(|(n, _)| !is_skipped(skipped, *n));
    steps.extend(applied.map(|(_, codec)| codec));
    scratch.front.clear();
    scratch.front.extend_from_slice(stored);
    let mut order = to.stored;
    while let Some(codec) = steps.pop() {
        // Checksums that were applied before this step are part of what it yields.
        let checksums = steps.iter().filter(|codec| **codec == &Codec::Fletcher32).count();
        let length = to.length.saturating_add(checksums.saturating_mul(4));
        match codec {
            Codec::Fletcher32 => take_off_checksum(&mut scratch.front)?,
            Codec::Deflate { .. } => inflate(scratch, length)?,
            Codec::Shuffle { element_size } => {
                // A checksum that was taken before shuffling is over bytes in stored order: they are swapped behind it.
                let wanted = if checksums == 0 { to.wanted } else { order };
                order = unshuffle_step(scratch, *element_size, order, &Decoded { wanted, ..*to })?;
            }
            Codec::Other { id, name } => {
                return Err(Error::unsupported(format!("codec {name} (HDF5 filter {id}) is not built in")));
            }
        }
    }
    if scratch.front.len() != to.length {
        let (got, expected) = (scratch.front.len(), to.length);
        return Err(Error::corrupt(format!("it decodes to {got} bytes, but {expected} are expected")));
    }
    if order != to.wanted {
        swap(&mut scratch.front, to.data_type.swap_unit());
    }
    Ok(&scratch.front)
}

fn inflate(scratch: &mut Scratch, length: usize) -> Result<(), Error> {
    if length as u64 > MOST_CHUNK_BYTES {
        let message = format!("a chunk decodes to {length} bytes, the limit is {MOST_CHUNK_BYTES}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    scratch.back.resize(length, 0);
    let inflated = scratch.inflate.zlib_decompress(&scratch.front, &mut scratch.back);
    let n = inflated.map_err(|e| Error::corrupt(format!("its deflate stream cannot be decoded: {e}")))?;
    scratch.back.truncate(n);
    std::mem::swap(&mut scratch.front, &mut scratch.back);
    Ok(())
}

/// Unshuffles, straight into the wanted byte order where shuffled units are whole elements. Returns the order.
fn unshuffle_step(
    scratch: &mut Scratch,
    element_size: u32,
    order: ByteOrder,
    to: &Decoded<'_>,
) -> Result<ByteOrder, Error> {
    let size = element_size as usize;
    let whole_elements = size == to.data_type.swap_unit() && size > 1;
    let reverse = whole_elements && order != to.wanted;
    scratch.back.resize(scratch.front.len(), 0);
    unshuffle(&scratch.front, size, reverse, &mut scratch.back);
    std::mem::swap(&mut scratch.front, &mut scratch.back);
    Ok(if reverse { to.wanted } else { order })
}
