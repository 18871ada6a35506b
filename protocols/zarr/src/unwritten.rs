//! Chunks that were never written, in the frames of their codecs.
//!
//! A client puts the fill value of the metadata document where there is no chunk. Where that is not what the file would show, the
//! chunk must be made. Nothing is compressed: every format has a way to say that bytes follow as they are.

use crate::chain::Step;
use crate::{Chain, chunk};

/// Bytes of a stored block of deflate (RFC 1951, section 3.2.4).
const DEFLATE_BLOCK: usize = 65_535;

/// Bytes of a block of Zstandard (RFC 8878, section 3.1.1.2.4).
const ZSTD_BLOCK: usize = 128 << 10;

/// Longer chunks are not made.
const MOST_BYTES: usize = 256 << 20;

impl Chain {
    /// A chunk of `elements` elements, each `fill` as it is stored, as the codecs of this chain could have made it. `None` where
    /// one of them has no way to say it, or the chunk is very long.
    #[must_use]
    pub fn unwritten(&self, fill: &[u8], elements: u64) -> Option<Vec<u8>> {
        let size = usize::try_from(elements).ok().and_then(|elements| elements.checked_mul(fill.len()));
        size.filter(|&size| size <= MOST_BYTES)?;
        let bytes = chunk::filled(fill, elements)?;
        self.steps().iter().try_fold(bytes, |bytes, step| framed(step, &bytes))
    }
}

fn framed(step: &Step, bytes: &[u8]) -> Option<Vec<u8>> {
    match step.name.as_str() {
        "shuffle" => chunk::shuffled(bytes, usize::try_from(step.number("elementsize").unwrap_or(4)).ok()?),
        "zlib" => {
            let sum = adler32(bytes).to_be_bytes();
            Some([&[0x78, 0x01], stored_blocks(bytes).as_slice(), &sum].concat())
        }
        "gzip" => {
            let length = u32::try_from(bytes.len()).ok()?.to_le_bytes();
            let sum = crc(bytes, CRC32).to_le_bytes();
            let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
            Some([&header, stored_blocks(bytes).as_slice(), &sum, &length].concat())
        }
        "zstd" => Some(zstd(bytes)),
        "blosc" => blosc(bytes),
        "lz4" => lz4(bytes),
        "fletcher32" => {
            let sum = fletcher32(bytes).to_le_bytes();
            Some([bytes, &sum].concat())
        }
        "crc32c" if step.text("location").is_none_or(|location| location == "end") => {
            let sum = crc(bytes, CRC32C).to_le_bytes();
            Some([bytes, &sum].concat())
        }
        _ => None,
    }
}

/// Stored blocks of deflate, the last one marked; no bytes are one empty block.
fn stored_blocks(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().saturating_add(64));
    let mut blocks = bytes.chunks(DEFLATE_BLOCK).peekable();
    loop {
        let block = blocks.next().unwrap_or_default();
        let last = blocks.peek().is_none();
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(last));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
        if last {
            return out;
        }
    }
}

/// A frame of raw blocks, which tells its length.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    // Single segment, with a length of 8 bytes and without a checksum.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    out.extend((bytes.len() as u64).to_le_bytes());
    let mut blocks = bytes.chunks(ZSTD_BLOCK).peekable();
    loop {
        let block = blocks.next().unwrap_or_default();
        let last = blocks.peek().is_none();
        // Bit 0: last; bits 1 and 2: raw; the rest: the length, which fits.
        let header = (block.len() as u32) << 3 | u32::from(last);
        out.extend(header.to_le_bytes().iter().take(3));
        out.extend(block);
        if last {
            return out;
        }
    }
}

/// A chunk of Blosc 1 that is marked as copied.
fn blosc(bytes: &[u8]) -> Option<Vec<u8>> {
    const HEADER: u32 = 16;
    const COPIED: u8 = 2;
    let length = u32::try_from(bytes.len()).ok()?;
    let stored = length.checked_add(HEADER)?;
    let block = length.max(1);
    let numbers = [length, block, stored].map(u32::to_le_bytes).concat();
    Some([&[2, 1, COPIED, 1], numbers.as_slice(), bytes].concat())
}

/// One LZ4 sequence of literals, behind the length that numcodecs puts there.
fn lz4(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(bytes.len()).ok()?;
    let mut out = length.to_le_bytes().to_vec();
    match bytes.len().checked_sub(15) {
        None => out.push(u8::try_from(bytes.len()).ok()? << 4),
        Some(rest) => {
            out.push(0xf0);
            out.resize(out.len().saturating_add(rest / 255), 255);
            out.push(u8::try_from(rest % 255).ok()?);
        }
    }
    out.extend(bytes);
    Some(out)
}

/// RFC 1950, section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // So many sums cannot overflow.
    let (low, high) = bytes.chunks(5552).fold((1_u32, 0_u32), |(low, high), bytes| {
        let add = |(low, high): (u32, u32), &byte: &u8| {
            let low = low.wrapping_add(u32::from(byte));
            (low, high.wrapping_add(low))
        };
        let (low, high) = bytes.iter().fold((low, high), add);
        (low % MODULUS, high % MODULUS)
    });
    high << 16 | low
}

/// Sums of 16-bit words modulo 65535, which is never kept as 0 (HDF5, `H5_checksum_fletcher32`).
fn fletcher32(bytes: &[u8]) -> u32 {
    const MODULUS: u64 = 65_535;
    let (mut low, mut high) = (0_u64, 0_u64);
    for word in bytes.chunks(2) {
        let first = word.first().copied().map_or(0, u64::from);
        let second = word.get(1).copied().map_or(0, u64::from);
        low = (low.wrapping_add(first << 8 | second)) % MODULUS;
        high = high.wrapping_add(low) % MODULUS;
    }
    // A sum that is a multiple of the modulus is kept as the modulus, unless it is of nothing but zeros.
    let zeros = bytes.iter().all(|&byte| byte == 0);
    let kept = |sum: u64| if sum == 0 && !zeros { MODULUS } else { sum };
    u32::try_from(kept(high) << 16 | kept(low)).unwrap_or(0)
}

const CRC32: u32 = 0xedb8_8320;
const CRC32C: u32 = 0x82f6_3b78;

/// A reflected CRC of 32 bits.
fn crc(bytes: &[u8], polynomial: u32) -> u32 {
    let step = |value: u32| if value & 1 == 1 { value >> 1 ^ polynomial } else { value >> 1 };
    let table: Vec<u32> = (0..256_u32).map(|n| (0..8).fold(n, |value, _| step(value))).collect();
    let add = |sum: u32, &byte: &u8| {
        let place = usize::from(sum.to_le_bytes().first().copied().unwrap_or(0) ^ byte);
        sum >> 8 ^ table.get(place).copied().unwrap_or(0)
    };
    !bytes.iter().fold(u32::MAX, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_specifications() {
        assert_eq!(crc(b"123456789", CRC32), 0xcbf4_3926);
        assert_eq!(crc(b"123456789", CRC32C), 0xe306_9283);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        // 0x6162 + 0x6364 + 0x6500, and the sums on the way.
        assert_eq!(fletcher32(b"abcde"), 0x4ff0_29c7);
        assert_eq!(fletcher32(&[0; 6]), 0);
        assert_eq!(fletcher32(&[0xff; 2]), 0xffff_ffff);
    }

    #[test]
    fn frames_are_laid_out_as_specified() {
        assert_eq!(stored_blocks(&[7]), [1, 1, 0, 0xfe, 0xff, 7]);
        assert_eq!(stored_blocks(&[]), [1, 0, 0, 0xff, 0xff]);
        let long = stored_blocks(&vec![3; 65_536]);
        assert_eq!((long[0], long.len(), long[5 + 65_535]), (0, 65_536 + 10, 1));
        assert_eq!(zstd(&[9, 8])[5..], [2, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0, 9, 8]);
        assert_eq!(lz4(&[5; 2]).unwrap(), [2, 0, 0, 0, 0x20, 5, 5]);
        assert_eq!(lz4(&[5; 270]).unwrap()[..7], [14, 1, 0, 0, 0xf0, 255, 0]);
        assert_eq!(blosc(&[4]).unwrap(), [2, 1, 2, 1, 1, 0, 0, 0, 1, 0, 0, 0, 17, 0, 0, 0, 4]);
    }
}
