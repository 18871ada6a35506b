//! Blosc 1 chunks.
//!
//! Source: "Blosc chunk format" (README_CHUNK_FORMAT.rst of c-blosc). Blocks are not split into streams, which every reader since
//! c-blosc 1.15 understands.

use weir_zarr::chunk::shuffle_into;
use weir_zarr::{BloscName, BloscShuffle};

/// Bytes of a block, about: what fits the caches of a reader.
const BLOCK: usize = 256 << 10;
/// Bytes of the header.
const HEADER: usize = 16;

const SHUFFLED: u8 = 0x01;
const COPIED: u8 = 0x02;
const NOT_SPLIT: u8 = 0x10;

/// How a chunk is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blosc {
    /// What compresses the blocks.
    pub name: BloscName,
    /// What is done before.
    pub shuffle: BloscShuffle,
    /// Bytes of an element.
    pub size: usize,
}

impl Blosc {
    /// The chunk of `bytes`, to which `compress` appends blocks that it has compressed. `None` where they are more than a chunk can
    /// count.
    pub fn encode(
        self,
        bytes: &[u8],
        mut compress: impl FnMut(&[u8], &mut Vec<u8>) -> Option<()>,
    ) -> Option<Vec<u8>> {
        // One byte tells the size of elements; larger ones are not shuffled, as in c-blosc.
        let size = u8::try_from(self.size).unwrap_or(1).max(1);
        let block = usize::from(size).checked_mul(BLOCK.checked_div(usize::from(size))?)?.min(bytes.len());
        let shuffle = self.shuffle == BloscShuffle::Shuffle && size > 1;
        let format = match self.name {
            BloscName::Lz4 => 1_u8,
            BloscName::Zlib => 3,
            BloscName::Zstd => 4,
        };
        let flags = format << 5 | NOT_SPLIT | if shuffle { SHUFFLED } else { 0 };
        let blocks = bytes.chunks(block.max(1));
        let head = HEADER.checked_add(blocks.len().checked_mul(4)?)?;
        let mut out = Vec::with_capacity(head.checked_add(bytes.len())?);
        out.resize(head, 0);
        let mut put_together = Vec::new();
        for (number, block) in blocks.enumerate() {
            let at = HEADER.checked_add(number.checked_mul(4)?)?;
            put_number(&mut out, at)?;
            let made = match shuffle {
                true => {
                    block_shuffled(block, usize::from(size), &mut put_together)?;
                    put_together.as_slice()
                }
                false => block,
            };
            append(&mut out, made, &mut compress)?;
        }
        if out.len() >= bytes.len().checked_add(HEADER)? {
            out.truncate(HEADER);
            out.extend_from_slice(bytes);
            return header(out, (flags & !NOT_SPLIT | COPIED, size), (bytes.len(), block));
        }
        header(out, (flags, size), (bytes.len(), block))
    }
}

fn header(mut out: Vec<u8>, (flags, size): (u8, u8), (bytes, block): (usize, usize)) -> Option<Vec<u8>> {
    let mut head = vec![2, 1, flags, size];
    for number in [bytes, block, out.len()] {
        // c-blosc counts with signed numbers.
        head.extend(i32::try_from(number).ok()?.to_le_bytes());
    }
    out.get_mut(..HEADER)?.copy_from_slice(&head);
    Some(out)
}

/// Writes down, at `at`, how many bytes there are.
fn put_number(out: &mut [u8], at: usize) -> Option<()> {
    let number = u32::try_from(out.len()).ok()?.to_le_bytes();
    out.get_mut(at..at.checked_add(4)?)?.copy_from_slice(&number);
    Some(())
}

/// Appends a block and its length before it: compressed, if that makes it shorter.
fn append(
    out: &mut Vec<u8>,
    block: &[u8],
    compress: &mut impl FnMut(&[u8], &mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    let at = out.len();
    out.extend([0; 4]);
    let begin = out.len();
    compress(block, out)?;
    if out.len().checked_sub(begin)? >= block.len() {
        out.truncate(begin);
        out.extend_from_slice(block);
    }
    let length = u32::try_from(out.len().checked_sub(begin)?).ok()?.to_le_bytes();
    out.get_mut(at..begin)?.copy_from_slice(&length);
    Some(())
}

/// Whole elements are shuffled; what is left of the last block stays.
fn block_shuffled(block: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    let whole = block.len().checked_sub(block.len().checked_rem(size)?)?;
    let (elements, rest) = block.split_at_checked(whole)?;
    out.resize(whole, 0);
    shuffle_into(elements, size, out)?;
    out.extend_from_slice(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    /// "Compresses" to the first half.
    #[expect(clippy::unnecessary_wraps, reason = "as what really compresses")]
    fn half(block: &[u8], out: &mut Vec<u8>) -> Option<()> {
        out.extend_from_slice(&block[..block.len() / 2]);
        Some(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as what really compresses")]
    fn all(block: &[u8], out: &mut Vec<u8>) -> Option<()> {
        out.extend_from_slice(block);
        Some(())
    }

    fn check(bytes: &[u8], size: usize, blocks: usize) {
        let blosc = Blosc { name: BloscName::Zstd, shuffle: BloscShuffle::Shuffle, size };
        let chunk = blosc.encode(bytes, half).unwrap();
        assert_eq!(chunk[..4], [2, 1, 0x91, size as u8]);
        assert_eq!((number(&chunk, 4), number(&chunk, 12)), (bytes.len(), chunk.len()));
        let block = number(&chunk, 8);
        let mut ends = HEADER + 4 * blocks;
        for (at, stored) in bytes.chunks(block).enumerate() {
            assert_eq!(number(&chunk, HEADER + 4 * at), ends);
            assert_eq!(number(&chunk, ends), stored.len() / 2);
            ends += 4 + stored.len() / 2;
        }
        assert_eq!(ends, chunk.len());
    }

    #[test]
    fn blocks_follow_each_other() {
        let bytes: Vec<u8> = (0..600_000_u32).map(|i| (i % 251) as u8 + 1).collect();
        check(&bytes, 4, 3);
        check(&bytes[..1000], 8, 1);
    }

    #[test]
    fn what_does_not_shrink_is_copied() {
        let blosc = Blosc { name: BloscName::Lz4, shuffle: BloscShuffle::NoShuffle, size: 1 };
        let chunk = blosc.encode(&[1, 2, 3], all).unwrap();
        assert_eq!(chunk[..4], [2, 1, 0x22, 1]);
        assert_eq!((number(&chunk, 4), number(&chunk, 12), &chunk[16..]), (3, 19, &[1, 2, 3][..]));
        assert_eq!(blosc.encode(&[], |_, _| None).unwrap().len(), 16);
    }
}
