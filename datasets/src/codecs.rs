//! Codecs: from stored bytes to elements.
//!
//! Every step knows how many bytes it must yield, because a chunk's shape is known: a stream that yields more or fewer is
//! an error, and nothing larger is ever allocated.

mod fletcher32;
mod shuffle;

use std::sync::{Mutex, PoisonError};

use libdeflater::{DecompressionError, Decompressor};
use weir_model::{ByteOrder, Codec, DataType};

use crate::{Error, ErrorKind};

pub use shuffle::{swap, unshuffle};

/// A chunk may decode to at most this many bytes; real ones have about one MiB.
pub const MOST_CHUNK_BYTES: u64 = 1 << 30;

/// Buffers and decoder state that are used again and again.
pub struct Scratch {
    inflate: Decompressor,
    front: Vec<u8>,
    back: Vec<u8>,
}

/// Scratch that nobody uses now. Not one per thread: many threads wait for clients or disks, and few decode.
static IDLE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

/// Idle scratch beyond this is freed.
const MOST_IDLE: usize = 8;

/// Buffers larger than this are freed after use.
const MOST_KEPT_BYTES: usize = 8 << 20;

impl Scratch {
    fn new() -> Self {
        Self { inflate: Decompressor::new(), front: Vec::new(), back: Vec::new() }
    }

    /// Lends scratch for the length of a call.
    pub fn with<T>(f: impl FnOnce(&mut Self) -> T) -> T {
        let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut scratch = taken.unwrap_or_else(Self::new);
        let result = f(&mut scratch);
        for buffer in [&mut scratch.front, &mut scratch.back] {
            if buffer.capacity() > MOST_KEPT_BYTES {
                *buffer = Vec::new();
            }
        }
        let mut idle = idle();
        if idle.len() < MOST_IDLE {
            idle.push(scratch);
        }
        result
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

/// Decodes a stored chunk. The result lives in the scratch, or is the stored bytes themselves where no codec was applied.
///
/// # Errors
/// `Corrupt` where the bytes are not what the codecs say, `Unsupported` for a codec that is not built in.
pub fn decode<'s>(
    scratch: &'s mut Scratch,
    stored: &'s [u8],
    skipped: u32,
    to: &Decoded<'_>,
) -> Result<&'s [u8], Error> {
    let applied = to.codecs.iter().enumerate().filter(|(n, _)| !is_skipped(skipped, *n));
    let mut steps: Vec<&Codec> = applied.map(|(_, codec)| codec).collect();
    let Scratch { inflate, front, back } = scratch;
    // What is decoded so far: the end of `stored` is moved by checksums until a step has written to `front`.
    let (mut from, mut in_front, mut order) = (stored, false, to.stored);
    while let Some(codec) = steps.pop() {
        // Checksums that were applied before this step are part of what it yields.
        let checksums = steps.iter().filter(|codec| **codec == &Codec::Fletcher32).count();
        let length = to.length.saturating_add(checksums.saturating_mul(4));
        let input: &[u8] = if in_front { front } else { from };
        match codec {
            Codec::Fletcher32 if in_front => {
                take_off_checksum(front)?;
                continue;
            }
            Codec::Fletcher32 => {
                from = fletcher32::verified(from)?;
                continue;
            }
            Codec::Deflate { .. } => inflate_into(inflate, input, length, back)?,
            Codec::Shuffle { element_size } => {
                let size = *element_size as usize;
                // Whole elements can be put together in either order, if this is the last step: what steps below it yield
                // (a checksum, a stream) was made of the stored order.
                let whole = size > 1 && size == to.data_type.swap_unit() && steps.is_empty();
                let reverse = whole && order != to.wanted;
                resize(back, input.len());
                unshuffle(input, size, reverse, back);
                order = if reverse { to.wanted } else { order };
            }
            Codec::Other { id, name, .. } => {
                return Err(Error::unsupported(format!("codec {name} (HDF5 filter {id}) is not built in")));
            }
        }
        std::mem::swap(front, back);
        in_front = true;
    }
    let decoded = if in_front { front.len() } else { from.len() };
    if decoded != to.length {
        let expected = to.length;
        return Err(Error::corrupt(format!("it decodes to {decoded} bytes, but {expected} are expected")));
    }
    if order == to.wanted {
        return Ok(if in_front { front } else { from });
    }
    if !in_front {
        front.clear();
        front.extend_from_slice(from);
    }
    swap(front, to.data_type.swap_unit());
    Ok(front)
}

/// A buffer of exactly `length` bytes; what it held before is not cleared, because it is overwritten.
fn resize(buffer: &mut Vec<u8>, length: usize) {
    buffer.truncate(length);
    buffer.resize(length, 0);
}

fn inflate_into(
    decompressor: &mut Decompressor,
    input: &[u8],
    length: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    if length as u64 > MOST_CHUNK_BYTES {
        let message = format!("a chunk decodes to {length} bytes, the limit is {MOST_CHUNK_BYTES}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    // Deflate shrinks by at most 1032 to 1, so a chunk that claims more needs no memory to be refused.
    if length > input.len().saturating_mul(1032).saturating_add(64) {
        let stored = input.len();
        return Err(Error::corrupt(format!(
            "its {stored} stored bytes cannot hold the {length} bytes of the chunk"
        )));
    }
    resize(out, length);
    let inflated = decompressor.zlib_decompress(input, out);
    let n = inflated.map_err(|error| match error {
        DecompressionError::BadData => Error::corrupt("its deflate stream is damaged"),
        DecompressionError::InsufficientSpace => {
            Error::corrupt(format!("its deflate stream holds more than the {length} bytes of the chunk"))
        }
    })?;
    out.truncate(n);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use libdeflater::{CompressionLvl, Compressor};

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
        let n = compressor.zlib_compress(bytes, &mut out).unwrap();
        out.truncate(n);
        out
    }

    fn check(codecs: &[Codec], stored: &[u8], skipped: u32, expected: Result<&[u8], &str>) {
        for (wanted, reversed) in [(ByteOrder::Little, false), (ByteOrder::Big, true)] {
            let to =
                Decoded { codecs, length: 8, data_type: &DataType::Int16, stored: ByteOrder::Little, wanted };
            let got = Scratch::with(|scratch| decode(scratch, stored, skipped, &to).map(<[u8]>::to_vec));
            let expected = expected.map(|bytes| {
                let mut bytes = bytes.to_vec();
                swap(&mut bytes, if reversed { 2 } else { 1 });
                bytes
            });
            assert_eq!(got.map_err(|e| e.message), expected.map_err(str::to_owned), "{codecs:?} {wanted:?}");
        }
    }

    fn shuffle_of_2() -> Codec {
        Codec::Shuffle { element_size: 2 }
    }

    #[test]
    fn codecs_are_undone_in_the_other_order() {
        let plain = [1, 2, 3, 4, 5, 6, 7, 8];
        let shuffled = [1, 3, 5, 7, 2, 4, 6, 8];
        let (shuffle, deflate) = (Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 4 });
        check(&[], &plain, 0, Ok(&plain));
        check(std::slice::from_ref(&shuffle), &shuffled, 0, Ok(&plain));
        check(&[shuffle.clone(), deflate.clone()], &deflated(&shuffled), 0, Ok(&plain));
        check(&[shuffle.clone(), deflate.clone()], &deflated(&plain), 0b01, Ok(&plain));
        check(&[shuffle, deflate.clone()], &plain, 0b11, Ok(&plain));
        // The sums are 0x0102 + 0x0304 + ... and the sum of those sums.
        let sum = [0x14, 0x10, 0x28, 0x1e];
        let checked = [&plain[..], &sum].concat();
        check(&[Codec::Fletcher32], &checked, 0, Ok(&plain));
        check(&[deflate.clone(), Codec::Fletcher32], &deflated(&plain), 0b10, Ok(&plain));
        check(&[Codec::Fletcher32, deflate], &deflated(&checked), 0, Ok(&plain));
        // Steps below a shuffle see its bytes in the order in which they were stored.
        let twice = [1, 5, 2, 6, 3, 7, 4, 8];
        check(&[shuffle_of_2(), shuffle_of_2()], &twice, 0, Ok(&plain));
        let stream = deflated(&plain);
        let planes = [0, 1]
            .map(|n| stream.iter().skip(n).step_by(2).copied().take(stream.len() / 2).collect::<Vec<_>>());
        let tail = &stream[stream.len() / 2 * 2..];
        let shuffled_stream = [&planes[0], &planes[1], tail].concat();
        check(&[Codec::Deflate { level: 4 }, shuffle_of_2()], &shuffled_stream, 0, Ok(&plain));
        // A checksum below the shuffle is shuffled with the data, in the order in which it was computed.
        let shuffled = [1, 3, 5, 7, 0x14, 0x28, 2, 4, 6, 8, 0x10, 0x1e];
        check(&[Codec::Fletcher32, Codec::Shuffle { element_size: 2 }], &shuffled, 0, Ok(&plain));
    }

    #[test]
    fn wrong_lengths_and_unknown_codecs_are_errors() {
        let deflate = [Codec::Deflate { level: 1 }];
        check(&[], &[1, 2], 0, Err("it decodes to 2 bytes, but 8 are expected"));
        check(&deflate, &deflated(&[1; 7]), 0, Err("it decodes to 7 bytes, but 8 are expected"));
        check(
            &deflate,
            &deflated(&[1; 9]),
            0,
            Err("its deflate stream holds more than the 8 bytes of the chunk"),
        );
        let huge = Decoded {
            codecs: &deflate,
            length: 1 << 20,
            data_type: &DataType::Int8,
            stored: ByteOrder::Little,
            wanted: ByteOrder::Little,
        };
        let error =
            Scratch::with(|scratch| decode(scratch, &[1; 100], 0, &huge).map(<[u8]>::len)).unwrap_err();
        assert_eq!(error.message, "its 100 stored bytes cannot hold the 1048576 bytes of the chunk");
        check(&deflate, b"junk", 0, Err("its deflate stream is damaged"));
        let (name, parameters, configuration) = ("secret".into(), vec![], String::new());
        let other = [Codec::Other { id: 65000, name, parameters, configuration }];
        check(&other, &[0; 8], 0, Err("codec secret (HDF5 filter 65000) is not built in"));
    }
}
