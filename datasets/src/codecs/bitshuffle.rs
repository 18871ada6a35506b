//! Bitshuffle (HDF5 filter 32008): bits of equal significance are stored together, block by block, and then compressed.
//!
//! Client data: version (2 numbers), bytes of an element, elements of a block (0: chosen by the writer's rule), compressor
//! (0: none, 2: LZ4, 3: Zstandard).

use super::lz4::{self, take_block};
use super::{Tools, resize, within};
use crate::Error;

/// Decodes a chunk to at most `limit` bytes.
pub fn decode(
    input: &[u8],
    parameters: &[u32],
    limit: usize,
    (tools, out): (&mut Tools, &mut Vec<u8>),
) -> Result<(), Error> {
    let &[_, _, size, ref rest @ ..] = parameters else {
        return Err(Error::corrupt(format!("bitshuffle needs 3 parameters, it has {}", parameters.len())));
    };
    let (size, compressor) = (size as usize, rest.get(1).copied().unwrap_or(0));
    if size == 0 {
        return Err(Error::corrupt("bitshuffle has no elements of 0 bytes"));
    }
    let asked = rest.first().map_or(0, |&elements| elements as usize);
    let (mut rest, length, block) = match compressor {
        0 => (input, within(input.len() as u64, limit, "bitshuffle")?, usual_block(asked, size)),
        2 | 3 => framed(input, size, limit)?,
        other => {
            let message = format!("bitshuffle with compressor {other} is not built in (HDF5 filter 32008)");
            return Err(Error::unsupported(message));
        }
    };
    let block_bytes = block.checked_mul(size).filter(|&bytes| bytes > 0 && block % 8 == 0);
    let block_bytes = block_bytes.ok_or_else(|| {
        Error::corrupt(format!("bitshuffle has no blocks of {block} elements; they are multiples of 8"))
    })?;
    resize(out, length);
    let eight = size.saturating_mul(8);
    let body = length.checked_div(eight).unwrap_or(0).saturating_mul(eight);
    let (shuffled, tail) = out.split_at_mut(body);
    for target in shuffled.chunks_mut(block_bytes) {
        if compressor == 0 {
            let (plain, behind) = rest.split_at_checked(target.len()).ok_or_else(cut)?;
            unshuffle(plain, size, target);
            rest = behind;
            continue;
        }
        let block = take_block(&mut rest)?;
        let mut planes = std::mem::take(&mut tools.planes);
        resize(&mut planes, target.len());
        let decoded = match compressor {
            2 => lz4::decode_into(block, &mut planes),
            _ => tools.zstd_into(block, &mut planes),
        };
        let decoded = decoded.map(|()| unshuffle(&planes, size, target));
        tools.planes = planes;
        decoded?;
    }
    // Elements behind the last multiple of 8 stand as they are.
    tail.copy_from_slice(rest.get(..tail.len()).filter(|_| rest.len() == tail.len()).ok_or_else(cut)?);
    Ok(())
}

/// The frame of compressed blocks: the length of the data (8 bytes) and of a block (4 bytes), big-endian.
fn framed(input: &[u8], size: usize, limit: usize) -> Result<(&[u8], usize, usize), Error> {
    let (length, rest) = input.split_first_chunk::<8>().ok_or_else(cut)?;
    let (block, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = within(u64::from_be_bytes(*length), limit, "bitshuffle")?;
    let block = u32::from_be_bytes(*block) as usize;
    Ok((rest, length, block.checked_div(size).unwrap_or(0)))
}

/// Elements of a block where the writer chose: as many as 8 KiB hold, a multiple of 8, at least 128.
fn usual_block(asked: usize, size: usize) -> usize {
    let fitting = 8192_usize.checked_div(size).unwrap_or(0);
    if asked > 0 { asked } else { (fitting / 8).saturating_mul(8).max(128) }
}

/// Puts shuffled bits together. Bit `b` of the bytes `B` of all elements stands in row `8 * B + b`, the first element lowest.
///
/// Elements behind the last multiple of 8 are copied as they are. `out` is as long as `shuffled`.
pub fn unshuffle(shuffled: &[u8], size: usize, out: &mut [u8]) {
    let eights = shuffled.len().checked_div(size.saturating_mul(8)).unwrap_or(0);
    let body = eights.saturating_mul(8).saturating_mul(size);
    let ((rows, tail), out) = (shuffled.split_at(body), out.split_at_mut(body.min(out.len())));
    out.1.copy_from_slice(tail);
    if eights == 0 {
        return;
    }
    for (byte, rows) in rows.chunks_exact(eights.saturating_mul(8)).enumerate() {
        for (eight, target) in out.0.chunks_exact_mut(size.saturating_mul(8)).enumerate() {
            let mut column = [0; 8];
            for (bit, row) in column.iter_mut().zip(rows.chunks_exact(eights)) {
                *bit = row.get(eight).copied().unwrap_or(0);
            }
            let column = transpose(u64::from_le_bytes(column)).to_le_bytes();
            for (element, value) in target.chunks_exact_mut(size).zip(column) {
                if let Some(place) = element.get_mut(byte) {
                    *place = value;
                }
            }
        }
    }
}

/// Transposes 8 by 8 bits: bit `c` of byte `r` becomes bit `r` of byte `c`. Halves are exchanged, then quarters, then eighths.
fn transpose(mut bits: u64) -> u64 {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0xf0f0_f0f0)] {
        let changed = (bits ^ (bits >> shift)) & mask;
        bits = bits ^ changed ^ (changed << shift);
    }
    bits
}

fn cut() -> Error {
    Error::corrupt("its bitshuffle stream does not have the bytes of the chunk")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, bit by bit.
    fn shuffle(bytes: &[u8], size: usize) -> Vec<u8> {
        let elements = bytes.len() / size / 8 * 8;
        let mut rows = vec![0; elements * size];
        for element in 0..elements {
            for bit in 0..size * 8 {
                let set = bytes[element * size + bit / 8] >> (bit % 8) & 1;
                rows[bit * (elements / 8) + element / 8] |= set << (element % 8);
            }
        }
        rows.extend_from_slice(&bytes[elements * size..]);
        rows
    }

    proptest! {
        #[test]
        fn unshuffling_undoes_shuffling(
            bytes in prop::collection::vec(any::<u8>(), 0..700),
            size in 1_usize..12,
        ) {
            let mut out = vec![0xa5; bytes.len()];
            unshuffle(&shuffle(&bytes, size), size, &mut out);
            prop_assert_eq!(out, bytes);
        }
    }
}
