//! LZ4 in the framings of HDF5 (filter 32004) and of numcodecs.

use super::{filled, resize, within};
use crate::Error;

/// Decodes blocks as HDF5's filter frames them: the length of all data (8 bytes), the length of a block (4 bytes), then each
/// block behind its stored length (4 bytes), all big-endian. A block that LZ4 could not shrink is stored as it is.
pub fn decode_blocks(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let (length, rest) = input.split_first_chunk::<8>().ok_or_else(cut)?;
    let (block, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = within(u64::from_be_bytes(*length), limit, "lz4")?;
    let block = u32::from_be_bytes(*block) as usize;
    if block == 0 && length > 0 {
        return Err(Error::corrupt("its lz4 blocks have no bytes"));
    }
    resize(out, length);
    for target in out.chunks_mut(block.max(1)) {
        let stored = take_block(&mut rest)?;
        match stored.len() == target.len() {
            true => target.copy_from_slice(stored),
            false => decode_into(stored, target)?,
        }
    }
    Ok(())
}

/// Bytes behind their number (4 bytes, big-endian).
pub fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let (stored, behind) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let stored = u32::from_be_bytes(*stored) as usize;
    let (block, behind) = behind.split_at_checked(stored).ok_or_else(cut)?;
    *rest = behind;
    Ok(block)
}

/// Decodes what numcodecs writes: the length of the data (4 bytes, little-endian) and one block.
pub fn decode_sized(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let (length, block) = input.split_first_chunk::<4>().ok_or_else(cut)?;
    resize(out, within(u32::from_le_bytes(*length).into(), limit, "lz4")?);
    decode_into(block, out)
}

/// Decodes one block to exactly the bytes of `out`.
pub fn decode_into(block: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let decoded = lz4_flex::block::decompress_into(block, out);
    filled(decoded.map_err(|e| Error::corrupt(format!("its lz4 block is damaged: {e}")))?, out.len(), "lz4")
}

fn cut() -> Error {
    Error::corrupt("its lz4 stream is cut off")
}
