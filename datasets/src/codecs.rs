//! Codecs: from stored bytes to elements.
//!
//! Every step knows how many bytes it must yield, because a chunk's shape is known: a stream that yields more or fewer is
//! an error, and nothing larger is ever allocated. Steps that come before another compressor may yield a few times the chunk.

pub(crate) mod aec;
mod bits;
mod bitshuffle;
mod blosc;
mod blosc2;
mod blosclz;
mod checksum;
mod fletcher32;
mod lz4;
mod lzf;
mod method;
mod nbit;
mod scaleoffset;
mod shuffle;
mod stream;
mod szip;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_model::{ByteOrder, Codec, DataType};

use self::checksum::{Checksum, Side, Sum};
use self::method::Method;
use self::stream::Tools;
use crate::Error;

pub use method::{hdf5_name, is_bytes_to_bytes};
pub use shuffle::{swap, unshuffle};

/// A chunk may decode to at most this many bytes; real ones have about one MiB.
pub const MOST_CHUNK_BYTES: u64 = 1 << 30;

/// Buffers and decoder state that are used again and again.
pub struct Scratch {
    tools: Tools,
    front: Vec<u8>,
    back: Vec<u8>,
}

/// Scratch that nobody uses now. Not one per thread: many threads wait for clients or disks, and few decode.
static IDLE: Mutex<Vec<Scratch>> = Mutex::new(Vec::new());

/// Idle scratch beyond this many bytes is freed.
static MOST_IDLE_BYTES: AtomicUsize = AtomicUsize::new(8 << 20);

/// Says how many bytes scratch may have that nobody uses.
pub fn keep_idle(bytes: usize) {
    MOST_IDLE_BYTES.store(bytes, Ordering::Relaxed);
}

impl Scratch {
    fn new() -> Self {
        Self { tools: Tools::new(), front: Vec::new(), back: Vec::new() }
    }

    /// Lends scratch for the length of a call.
    pub fn with<T>(f: impl FnOnce(&mut Self) -> T) -> T {
        let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut scratch = taken.unwrap_or_else(Self::new);
        let result = f(&mut scratch);
        let mut idle = idle();
        let kept = idle.iter().map(Self::bytes).fold(0, usize::saturating_add);
        let room = MOST_IDLE_BYTES.load(Ordering::Relaxed).saturating_sub(kept);
        if scratch.bytes() > room {
            scratch.free_buffers();
        }
        if scratch.bytes() <= room {
            idle.push(scratch);
        }
        result
    }

    fn free_buffers(&mut self) {
        let Self { tools: Tools { planes, spare, blocks, .. }, front, back } = self;
        [front, back, planes, spare, blocks].into_iter().for_each(|buffer| *buffer = Vec::new());
    }

    /// How many bytes it has.
    fn bytes(&self) -> usize {
        /// What tools have beside buffers.
        const TOOLS: usize = 64 << 10;
        let Self { tools: Tools { planes, spare, blocks, .. }, front, back } = self;
        let buffers = [front, back, planes, spare, blocks].map(Vec::capacity);
        buffers.into_iter().fold(TOOLS, usize::saturating_add)
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

/// How many bytes a step may yield.
#[derive(Clone, Copy, Debug)]
struct Room {
    limit: usize,
    /// Whether fewer bytes are wrong, too.
    exact: bool,
}

impl Room {
    /// The room of a step that is undone before `steps` are, which come to `length` bytes in the end.
    fn before(steps: &[Method<'_>], length: usize) -> Self {
        let overhead = steps.iter().map(|step| step.overhead());
        match overhead.sum::<Option<usize>>().and_then(|overhead| length.checked_add(overhead)) {
            Some(limit) => Self { limit, exact: true },
            // What a compressor made of the chunk is seldom longer than the chunk; nothing says how long it is.
            None => Self { limit: length.saturating_mul(2).saturating_add(1 << 16), exact: false },
        }
    }
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
    let data = Checksum { sum: Sum::Fletcher32, side: Side::Behind }.verified(bytes)?;
    bytes.truncate(data.end);
    Ok(())
}

/// Checks that a codec can be undone here.
///
/// # Errors
/// `Unsupported` for one that is not built in, by name.
pub fn check_built_in(codec: &Codec) -> Result<(), Error> {
    Method::of(codec).map(drop)
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
    let mut steps: Vec<Method<'_>> = applied.map(|(_, codec)| Method::of(codec)).collect::<Result<_, _>>()?;
    let Scratch { tools, front, back } = scratch;
    // What is decoded so far: the ends of `stored` are moved by checksums until a step has written to `front`.
    let (mut from, mut in_front, mut order) = (stored, false, to.stored);
    while let Some(step) = steps.pop() {
        let input: &[u8] = if in_front { front } else { from };
        match step {
            Method::Checksum(checksum) => {
                let data = checksum.verified(input)?;
                if in_front {
                    front.truncate(data.end);
                    front.drain(..data.start);
                } else {
                    from = from.get(data).unwrap_or_default();
                }
                continue;
            }
            Method::Packing(packing) => {
                packing.unpack(input, Room::before(&steps, to.length), (tools, back))?;
            }
            Method::Shuffle(size) => {
                // Whole elements can be put together in either order, if this is the last step: what steps below it yield
                // (a checksum, a stream) was made of the stored order.
                let whole = size > 1 && size == to.data_type.swap_unit() && steps.is_empty();
                let reverse = whole && order != to.wanted;
                resize(back, input.len());
                unshuffle(input, size, reverse, back);
                order = if reverse { to.wanted } else { order };
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

/// Decodes a stored chunk straight to where its elements are wanted; `out` has the bytes of a whole chunk.
///
/// # Errors
/// As [`decode`].
pub fn decode_into(
    scratch: &mut Scratch,
    stored: &[u8],
    skipped: u32,
    (to, out): (&Decoded<'_>, &mut [u8]),
) -> Result<(), Error> {
    let (codecs, unit) = (to.codecs, to.data_type.swap_unit());
    if let [first @ Codec::Shuffle { element_size }, behind @ ..] = codecs
        && !is_skipped(skipped, 0)
        && matches!(Method::of(first)?, Method::Shuffle(_))
        && out.len() == to.length
    {
        // What comes before the last step is bytes, whose order means nothing.
        let bytes = Decoded { codecs: behind, data_type: &DataType::Int8, ..*to };
        let shuffled = decode(scratch, stored, skipped >> 1, &bytes)?;
        let size = *element_size as usize;
        let reverse = size > 1 && size == unit && to.stored != to.wanted;
        unshuffle(shuffled, size, reverse, out);
        if to.stored != to.wanted && !reverse {
            swap(out, unit);
        }
        return Ok(());
    }
    let decoded = decode(scratch, stored, skipped, to)?;
    if decoded.len() != out.len() {
        let (got, expected) = (decoded.len(), out.len());
        return Err(Error::corrupt(format!("it decodes to {got} bytes, but {expected} are expected")));
    }
    out.copy_from_slice(decoded);
    Ok(())
}

/// A buffer of exactly `length` bytes; what it held before is not cleared, because it is overwritten.
fn resize(buffer: &mut Vec<u8>, length: usize) {
    buffer.truncate(length);
    buffer.resize(length, 0);
}

/// A length that a stream says of itself, if it is not beyond `limit`.
fn within(length: u64, limit: usize, codec: &str) -> Result<usize, Error> {
    let length = usize::try_from(length).ok().filter(|&fits| fits <= limit && length <= MOST_CHUNK_BYTES);
    length.ok_or_else(|| {
        Error::corrupt(format!("its {codec} stream holds more than the {limit} bytes of the chunk"))
    })
}

/// Checks that a decoder has written all of a buffer.
fn filled(written: usize, expected: usize, codec: &str) -> Result<(), Error> {
    match written == expected {
        true => Ok(()),
        false => Err(Error::corrupt(format!("its {codec} block holds {written} bytes, not {expected}"))),
    }
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
            let expected = expected.map_err(str::to_owned);
            assert_eq!(got.map_err(|e| e.message), expected, "{codecs:?} {wanted:?}");
            let mut out = vec![0xee; 8];
            let into =
                Scratch::with(|scratch| decode_into(scratch, stored, skipped, (&to, out.as_mut_slice())));
            assert_eq!(into.map(|()| out).map_err(|e| e.message), expected, "{codecs:?} {wanted:?} straight");
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
        let message =
            format!("codec secret (HDF5 filter 65000) is not built in{}", crate::error::NETCDF_C_HINT);
        check(&other, &[0; 8], 0, Err(&message));
    }
}
