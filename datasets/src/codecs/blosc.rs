//! Blosc chunks (HDF5 filter 32001, Zarr `blosc`; also what Blosc2 frames are made of).
//!
//! A header of 16 bytes (version, version of the compressor, flags, bytes of an element, then as little-endian numbers of 4
//! bytes the length of the data, of a block, and of the chunk), where each block begins, and the blocks. A block is one stream,
//! or one for each byte of an element, each behind its length. The header of Blosc2 has 16 bytes more: six filters with a
//! parameter each, and flags.

use super::{Tools, bitshuffle, blosclz, filled, lz4, resize, unshuffle, within};
use crate::Error;

/// The latest version of the format that is known: Blosc2's.
const LATEST: u8 = 5;

/// The version of Blosc 1.
const FIRST: u8 = 2;

const SHUFFLE: u8 = 0x01;
const STORED: u8 = 0x02;
const BITSHUFFLE: u8 = 0x04;
const UNSPLIT: u8 = 0x10;

/// Both shuffles at once mean that the header is longer.
const EXTENDED: u8 = SHUFFLE | BITSHUFFLE;

/// Flags of Blosc2's longer header.
const DICTIONARY: u8 = 0x01;
const LAZY: u8 = 0x08;

/// A step that was applied to each block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Shuffle(usize),
    Bitshuffle(usize),
}

/// What a header says.
struct Chunk<'a> {
    /// The whole chunk with its header.
    bytes: &'a [u8],
    version: u8,
    flags: u8,
    type_size: usize,
    length: usize,
    block: usize,
    /// What lies behind the first 16 bytes of the header in Blosc2's.
    extension: Option<&'a [u8; 16]>,
}

/// Decodes a chunk to at most `limit` bytes.
pub fn decode(input: &[u8], limit: usize, tools: &mut Tools, out: &mut Vec<u8>) -> Result<(), Error> {
    let chunk = Chunk::parse(input, limit)?;
    if let Some(extension) = chunk.extension {
        let flags = extension[15];
        if flags & LAZY != 0 {
            return Err(Error::corrupt("its blosc2 chunk has its data elsewhere"));
        }
        if flags & DICTIONARY != 0 || extension[14] != 0 {
            return Err(Error::unsupported("blosc2 with a dictionary is not built in"));
        }
        if flags >> 4 & 7 != 0 {
            return chunk.repeat(flags >> 4 & 7, out);
        }
    }
    resize(out, chunk.length);
    if chunk.flags & STORED != 0 {
        let data = chunk.bytes.get(chunk.header()..).and_then(|data| data.get(..chunk.length));
        out.copy_from_slice(data.ok_or_else(cut)?);
        return Ok(());
    }
    let filters = chunk.filters()?;
    for (n, target) in out.chunks_mut(chunk.block).enumerate() {
        chunk.read_block(n, &filters, tools, target)?;
    }
    Ok(())
}

impl<'a> Chunk<'a> {
    fn parse(input: &'a [u8], limit: usize) -> Result<Self, Error> {
        let (header, rest) = input.split_first_chunk::<16>().ok_or_else(cut)?;
        let &[version, _, flags, type_size, ..] = header;
        let word = |at: usize| header.get(at..).and_then(|word| word.first_chunk::<4>());
        let number = |at: usize| word(at).map_or(0, |word| u32::from_le_bytes(*word));
        if !(1..=LATEST).contains(&version) {
            return Err(Error::unsupported(format!("blosc chunks of version {version} are not built in")));
        }
        let length = within(number(4).into(), limit, "blosc")?;
        let (block, stored) = (number(8) as usize, number(12) as usize);
        let bytes = input.get(..stored).filter(|bytes| bytes.len() >= 16).ok_or_else(cut)?;
        let extension = match flags & EXTENDED == EXTENDED {
            true => Some(rest.first_chunk::<16>().filter(|_| stored >= 32).ok_or_else(cut)?),
            false => None,
        };
        if block == 0 && length > 0 || type_size == 0 {
            return Err(Error::corrupt(format!(
                "blosc has no blocks of {block} bytes, elements of {type_size}"
            )));
        }
        // A block is never larger than the data, whatever the header says.
        let (type_size, block) = (usize::from(type_size), block.min(length).max(1));
        Ok(Self { bytes, version, flags, type_size, length, block, extension })
    }

    fn header(&self) -> usize {
        if self.extension.is_some() { 32 } else { 16 }
    }

    /// The filters, in the order in which they are undone.
    fn filters(&self) -> Result<Vec<Filter>, Error> {
        let Some(extension) = self.extension else {
            return Ok(match self.flags & EXTENDED {
                SHUFFLE if self.type_size > 1 => vec![Filter::Shuffle(self.type_size)],
                BITSHUFFLE => vec![Filter::Bitshuffle(self.type_size)],
                _ => vec![],
            });
        };
        let mut filters = Vec::new();
        for (&code, &size) in extension.iter().take(6).zip(extension.iter().skip(8)).rev() {
            let size = if size == 0 { self.type_size } else { usize::from(size) };
            match code {
                0 => {}
                1 if size > 1 => filters.push(Filter::Shuffle(size)),
                1 => {}
                2 => filters.push(Filter::Bitshuffle(self.type_size)),
                // Precision was taken off for good.
                4 => {}
                3 => return Err(Error::unsupported("blosc2 with the delta filter is not built in")),
                code => return Err(Error::unsupported(format!("blosc2 with filter {code} is not built in"))),
            }
        }
        Ok(filters)
    }

    /// A chunk of one value only.
    fn repeat(&self, kind: u8, out: &mut Vec<u8>) -> Result<(), Error> {
        let value: &[u8] = match (kind, self.type_size) {
            (1, _) => &[0],
            (2, 4) => &f32::NAN.to_le_bytes(),
            (2, 8) => &f64::NAN.to_le_bytes(),
            (3, size) => self.bytes.get(32..).and_then(|value| value.get(..size)).ok_or_else(cut)?,
            (4, _) => return Err(Error::corrupt("its blosc2 chunk was never written")),
            _ => return Err(Error::corrupt(format!("blosc2 has no special value {kind}"))),
        };
        if self.length.checked_rem(value.len()) != Some(0) {
            return Err(Error::corrupt("its blosc2 chunk is no multiple of its value"));
        }
        out.clear();
        out.extend(value.iter().copied().cycle().take(self.length));
        Ok(())
    }

    /// Decodes block `n` into `out`, which has its length.
    fn read_block(
        &self,
        n: usize,
        filters: &[Filter],
        tools: &mut Tools,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let place = n.checked_mul(4).and_then(|at| at.checked_add(self.header()));
        let start = place.and_then(|at| self.bytes.get(at..)).and_then(|place| place.first_chunk::<4>());
        let start = u32::from_le_bytes(*start.ok_or_else(cut)?) as usize;
        let input = self.bytes.get(start..).ok_or_else(cut)?;
        let Some((last, others)) = filters.split_last() else {
            return self.read_streams(input, tools, out);
        };
        let (mut from, mut to) = (std::mem::take(&mut tools.planes), std::mem::take(&mut tools.spare));
        resize(&mut from, out.len());
        let read = self.read_streams(input, tools, &mut from).map(|()| {
            for filter in others {
                resize(&mut to, from.len());
                self.undo(*filter, &from, &mut to);
                std::mem::swap(&mut from, &mut to);
            }
            self.undo(*last, &from, out);
        });
        (tools.planes, tools.spare) = (from, to);
        read
    }

    /// Undoes a filter.
    fn undo(&self, filter: Filter, from: &[u8], to: &mut [u8]) {
        match filter {
            Filter::Shuffle(size) => unshuffle(from, size, false, to),
            // Blosc 1 leaves blocks as they are whose elements are no multiple of 8.
            Filter::Bitshuffle(size)
                if self.version <= FIRST && from.len().checked_div(size).unwrap_or(0) % 8 != 0 =>
            {
                to.copy_from_slice(from);
            }
            Filter::Bitshuffle(size) => bitshuffle::unshuffle(from, size, to),
        }
    }

    /// How many streams a block of `length` bytes consists of.
    fn streams(&self, length: usize) -> usize {
        let elements = self.block.checked_div(self.type_size).unwrap_or(0);
        // The earliest versions have no flag for this, and always split unless elements are long or few.
        let short = self.extension.is_none() && (self.type_size > 16 || elements < 128);
        if self.flags & UNSPLIT != 0 || length < self.block || short { 1 } else { self.type_size }
    }

    fn read_streams(&self, mut input: &[u8], tools: &mut Tools, out: &mut [u8]) -> Result<(), Error> {
        let length = out.len();
        let streams = self.streams(length);
        if length.checked_rem(streams) != Some(0) {
            return Err(Error::corrupt(format!(
                "{streams} blosc streams cannot hold a block of {length} bytes"
            )));
        }
        for target in out.chunks_exact_mut((length / streams).max(1)) {
            let (stored, rest) = input.split_first_chunk::<4>().ok_or_else(cut)?;
            let stored = i32::from_le_bytes(*stored);
            input = match usize::try_from(stored) {
                Ok(0) if self.extension.is_some() => {
                    target.fill(0);
                    rest
                }
                Ok(stored) => {
                    let (stream, rest) = rest.split_at_checked(stored).ok_or_else(cut)?;
                    self.read_stream(stream, tools, target)?;
                    rest
                }
                Err(_) => self.read_run(stored, rest, target)?,
            };
        }
        Ok(())
    }

    /// A stream of one byte again and again; what follows it.
    fn read_run<'b>(&self, stored: i32, rest: &'b [u8], out: &mut [u8]) -> Result<&'b [u8], Error> {
        let (&token, rest) = rest.split_first().ok_or_else(cut)?;
        let value = u8::try_from(stored.wrapping_neg()).ok();
        match value.filter(|_| token & 1 == 1 && self.extension.is_some()) {
            Some(value) => out.fill(value),
            None => return Err(Error::corrupt(format!("a blosc stream cannot have {stored} bytes"))),
        }
        Ok(rest)
    }

    fn read_stream(&self, stream: &[u8], tools: &mut Tools, out: &mut [u8]) -> Result<(), Error> {
        // What could not be compressed stands as it is.
        if stream.len() == out.len() {
            out.copy_from_slice(stream);
            return Ok(());
        }
        match self.flags >> 5 {
            0 => filled(blosclz::decode_into(stream, out)?, out.len(), "blosclz"),
            1 => lz4::decode_into(stream, out),
            2 => {
                let decoded = snap::raw::Decoder::new().decompress(stream, out);
                let decoded =
                    decoded.map_err(|e| Error::corrupt(format!("its snappy stream is damaged: {e}")));
                filled(decoded?, out.len(), "snappy")
            }
            3 => tools.zlib_into(stream, out),
            4 => tools.zstd_into(stream, out),
            code => Err(Error::unsupported(format!("blosc with compressor {code} is not built in"))),
        }
    }
}

fn cut() -> Error {
    Error::corrupt("its blosc chunk is cut off")
}
