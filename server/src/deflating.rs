//! Deflate for bodies under way (RFC 1951), as gzip (RFC 1952) or zlib (RFC 1950).
//!
//! Deflate is slow on numbers that are mostly noise, and makes next to nothing of them. So each block of numbers is tried on a
//! few of its bytes first, and stored as it is where that does not pay. Blocks know nothing of each other.

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::{Adler32, Crc};
use weir_plugin_api::Error;

use crate::encoder::{BLOCK, Effort};

/// What stands around the deflated bytes.
#[derive(Clone, Copy, Debug)]
pub enum Wrapping {
    /// RFC 1952: a header, and CRC-32 and length behind.
    Gzip,
    /// RFC 1950: a header, and Adler-32 behind.
    Zlib,
}

/// A deflated stream in the making.
pub struct Deflating {
    effort: Effort,
    compress: Compress,
    sum: Sum,
    has_begun: bool,
}

/// What is said of the bytes behind them.
enum Sum {
    Gzip { crc: Crc, length: u32 },
    Zlib(Adler32),
}

/// Levels: what is quick, and what is usual for texts.
const QUICK: u32 = 1;
const USUAL: u32 = 6;

/// Of how many bytes at three places a block is tried.
const SAMPLE: usize = 4 << 10;

impl Deflating {
    /// A stream without bytes.
    pub fn new(wrapping: Wrapping, effort: Effort) -> Self {
        let level = if effort == Effort::Usual { USUAL } else { QUICK };
        let sum = match wrapping {
            Wrapping::Gzip => Sum::Gzip { crc: Crc::new(), length: 0 },
            Wrapping::Zlib => Sum::Zlib(Adler32::new()),
        };
        Self { effort, compress: Compress::new(Compression::new(level), false), sum, has_begun: false }
    }

    /// Takes bytes, and gives what they become.
    ///
    /// # Errors
    /// Where the compressor fails.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = self.header();
        for block in bytes.chunks(BLOCK) {
            match &mut self.sum {
                Sum::Gzip { crc, length } => {
                    crc.update(block);
                    // By definition modulo 2^32.
                    *length = length.wrapping_add(block.len() as u32);
                }
                Sum::Zlib(adler) => {
                    adler.update(block);
                }
            }
            if self.effort == Effort::Tried && !self.shrinks(block)? {
                store(block, &mut out);
            } else {
                self.deflate(block, &mut out)?;
            }
        }
        Ok(out)
    }

    /// Ends the stream, and gives its last bytes.
    pub fn finish(mut self) -> Vec<u8> {
        let mut out = self.header();
        // The last block: it is marked so, has fixed codes, and is empty.
        out.extend([3, 0]);
        match self.sum {
            Sum::Gzip { crc, length } => {
                out.extend(crc.sum().to_le_bytes());
                out.extend(length.to_le_bytes());
            }
            Sum::Zlib(adler) => out.extend(adler.sum().to_be_bytes()),
        }
        out
    }

    /// What stands before the first byte: no name, no time, an unknown system; or a window of 32 KiB, compressed fast.
    fn header(&mut self) -> Vec<u8> {
        match (std::mem::replace(&mut self.has_begun, true), &self.sum) {
            (true, _) => vec![],
            (false, Sum::Gzip { .. }) => vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255],
            (false, Sum::Zlib(_)) => vec![0x78, 0x01],
        }
    }

    /// Deflates a block up to a byte's border.
    fn deflate(&mut self, block: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        /// Room that is made at least, so that each call of the compressor gets on.
        const ROOM: usize = 8 << 10;
        self.compress.reset();
        let mut left = block;
        loop {
            out.reserve(left.len().saturating_div(2).max(ROOM));
            let read = self.compress.total_in();
            self.compress
                .compress_vec(left, out, FlushCompress::Sync)
                .map_err(|error| Error::internal(format!("compressing failed: {error}")))?;
            let read = self.compress.total_in().saturating_sub(read);
            left = left.get(usize::try_from(read).unwrap_or(left.len())..).unwrap_or_default();
            // Where room is left all has come out.
            if left.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }

    /// Whether less than four fifths of some bytes of a block are left.
    fn shrinks(&mut self, block: &[u8]) -> Result<bool, Error> {
        let at = |start: usize| {
            let rest = block.get(start..).unwrap_or_default();
            rest.get(..SAMPLE).unwrap_or(rest)
        };
        let sample =
            [at(0), at(block.len().saturating_div(2)), at(block.len().saturating_sub(SAMPLE))].concat();
        let mut out = Vec::new();
        self.deflate(&sample, &mut out)?;
        Ok(out.len().saturating_mul(5) < sample.len().saturating_mul(4))
    }
}

/// Stores a block as it is (RFC 1951, section 3.2.4).
fn store(block: &[u8], out: &mut Vec<u8>) {
    out.reserve(block.len().saturating_add(block.len().div_ceil(STORED).saturating_mul(5)));
    for part in block.chunks(STORED) {
        // At most `STORED`, which is what 16 bits can say.
        let length = part.len() as u16;
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(part);
    }
}

/// Bytes that are stored together at most.
const STORED: usize = 0xffff;
