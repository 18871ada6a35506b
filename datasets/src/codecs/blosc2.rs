//! Blosc2 frames (HDF5 filter 32026): one Blosc chunk in a frame, whose elements may be stored in blocks of several axes.
//!
//! The frame is written in MessagePack: a header with sizes at fixed places, and named "metalayers" behind them; the chunk; and
//! an index, itself a chunk, that says where the chunk begins. The metalayer `b2nd` has the lengths of the array, of its chunks
//! and of its blocks.

use std::ops::Range;

use super::{MOST_CHUNK_BYTES, Tools, blosc, resize, within};
use crate::Error;

/// Arrays of more axes are written in another form, and no writer makes them.
const MOST_AXES: usize = 15;

/// Where the frame's header has the number of metalayers.
const METALAYERS: usize = 0x5b;

/// Blocks that stick out of the chunk are padded; more than this many times the chunk is no honest padding.
const MOST_PADDING: usize = 8;

/// Decodes a chunk to at most `limit` bytes.
pub fn decode(input: &[u8], limit: usize, tools: &mut Tools, out: &mut Vec<u8>) -> Result<(), Error> {
    let frame = Frame::parse(input)?;
    let Some(tiling) = Tiling::find(&frame)? else {
        return frame.decode(limit, tools, out);
    };
    let element = tiling.element_of(frame.length)?;
    let length = tiling.elements().and_then(|elements| elements.checked_mul(element));
    let length = within(length.map_or(u64::MAX, |length| length as u64), limit, "blosc2")?;
    let padded = limit.saturating_mul(MOST_PADDING).min(usize::try_from(MOST_CHUNK_BYTES).unwrap_or(limit));
    let mut blocks = std::mem::take(&mut tools.blocks);
    let decoded = frame.decode(padded, tools, &mut blocks).and_then(|()| {
        resize(out, length);
        // The last axis as bytes, so that rows are runs of bytes.
        tiling.with_last_axis_times(element).put_together(&blocks, out)
    });
    tools.blocks = blocks;
    decoded
}

/// What the header of a frame says.
struct Frame<'a> {
    bytes: &'a [u8],
    /// Bytes of the header, behind which the chunk begins.
    header: usize,
    /// Bytes of the decoded chunk.
    length: usize,
    /// Bytes of the stored chunk, behind which the index begins.
    stored: usize,
    /// Bytes of an element.
    type_size: usize,
}

impl<'a> Frame<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.get(2..10) != Some(b"b2frame\0") {
            return Err(Error::corrupt("its blosc2 chunk is not in a frame"));
        }
        let size = |at, marker| {
            let mut reader = Reader { rest: bytes.get(at..).unwrap_or_default() };
            usize::try_from(reader.integer(marker)?).ok().ok_or_else(cut)
        };
        Ok(Self {
            bytes,
            header: size(0x0a, 0xd2)?,
            length: size(0x1d, 0xd3)?,
            stored: size(0x26, 0xd3)?,
            type_size: size(0x2f, 0xd2)?,
        })
    }

    /// Decodes the one chunk to at most `limit` bytes.
    fn decode(&self, limit: usize, tools: &mut Tools, out: &mut Vec<u8>) -> Result<(), Error> {
        let index =
            self.header.checked_add(self.stored).and_then(|at| self.bytes.get(at..)).ok_or_else(cut)?;
        blosc::decode(index, 8, tools, out).map_err(|e| e.within("its index of one chunk"))?;
        let place = u64::from_le_bytes(*out.first_chunk::<8>().ok_or_else(cut)?);
        let length = within(self.length as u64, limit, "blosc2")?;
        match place >> 56 {
            // Chunks of one value only are not stored.
            0x81 => {
                out.clear();
                out.resize(length, 0);
            }
            0x82 if matches!(self.type_size, 4 | 8) => {
                let nan = [&f32::NAN.to_le_bytes()[..], &f64::NAN.to_le_bytes()];
                let nan = if self.type_size == 4 { nan[0] } else { nan[1] };
                out.clear();
                out.extend(nan.iter().copied().cycle().take(length));
            }
            0x00..=0x7f => {
                let start = usize::try_from(place).ok().and_then(|place| place.checked_add(self.header));
                let chunk = start.and_then(|start| self.bytes.get(start..)).ok_or_else(cut)?;
                blosc::decode(chunk, length, tools, out)?;
            }
            kind => return Err(Error::corrupt(format!("its blosc2 frame has a chunk of kind {kind:#x}"))),
        }
        super::filled(out.len(), length, "blosc2")
    }
}

/// Lengths of a chunk and of its blocks.
struct Tiling {
    chunk: Vec<usize>,
    block: Vec<usize>,
}

impl Tiling {
    /// What the metalayer `b2nd` says, if the frame has it.
    fn find(frame: &Frame<'_>) -> Result<Option<Self>, Error> {
        let header = frame.bytes.get(..frame.header).ok_or_else(cut)?;
        let mut names = Reader { rest: header.get(METALAYERS..).unwrap_or_default() };
        for _ in 0..names.integer(0xde)? {
            let name = names.text()?;
            let place = usize::try_from(names.integer(0xd2)?).ok().ok_or_else(cut)?;
            if name == b"b2nd" {
                let mut content = Reader { rest: header.get(place..).unwrap_or_default() };
                content.integer(0xc6)?;
                return Self::parse(&mut content).map(Some);
            }
        }
        Ok(None)
    }

    fn parse(content: &mut Reader<'_>) -> Result<Self, Error> {
        let [_, _, axes] = *content.bytes::<3>()?;
        let axes = usize::from(axes);
        if !(1..=MOST_AXES).contains(&axes) {
            return Err(Error::corrupt(format!(
                "its blosc2 array has {axes} axes, the limit is {MOST_AXES}"
            )));
        }
        let shape = content.lengths(axes, 0xd3)?;
        let (chunk, block) = (content.lengths(axes, 0xd2)?, content.lengths(axes, 0xd2)?);
        if shape != chunk {
            let message = format!("its blosc2 array of {shape:?} has chunks of {chunk:?}, one was expected");
            return Err(Error::corrupt(message));
        }
        Ok(Self { chunk, block })
    }

    /// Elements of the chunk without its padding.
    fn elements(&self) -> Option<usize> {
        self.chunk.iter().try_fold(1_usize, |product, &length| product.checked_mul(length))
    }

    /// Bytes of an element, if all blocks together have `length` bytes.
    fn element_of(&self, length: usize) -> Result<usize, Error> {
        let padded = self.chunk.iter().zip(&self.block).try_fold(1_usize, |product, (&chunk, &block)| {
            product.checked_mul(chunk.checked_next_multiple_of(block)?)
        });
        let element = padded.filter(|&padded| padded > 0 && length.is_multiple_of(padded));
        let element = element.and_then(|padded| length.checked_div(padded)).filter(|&size| size > 0);
        element.ok_or_else(|| Error::corrupt(format!("its {length} blosc2 bytes are no whole blocks")))
    }

    fn with_last_axis_times(mut self, size: usize) -> Self {
        for lengths in [&mut self.chunk, &mut self.block] {
            if let Some(last) = lengths.last_mut() {
                *last = last.saturating_mul(size);
            }
        }
        self
    }

    /// From blocks one after the other to rows: every byte of `out`, the chunk, is written.
    fn put_together(&self, blocks: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let width = self.block.last().copied().unwrap_or(1);
        for (n, stored) in blocks.chunks_exact(width.max(1)).enumerate() {
            let Some(run) = self.run(n) else { continue };
            let stored = stored.get(..run.len()).ok_or_else(cut)?;
            out.get_mut(run).ok_or_else(cut)?.copy_from_slice(stored);
        }
        Ok(())
    }

    /// Where the `n`-th row of all blocks is in the chunk, as far as it is inside.
    fn run(&self, n: usize) -> Option<Range<usize>> {
        let (&row, outer) = self.chunk.split_last()?;
        let (&width, heights) = self.block.split_last()?;
        let rows_of_block = heights.iter().try_fold(1_usize, |rows, &height| rows.checked_mul(height))?;
        let (mut block, mut inner) = (n.checked_div(rows_of_block)?, n.checked_rem(rows_of_block)?);
        let columns = row.div_ceil(width.max(1));
        let first = block.checked_rem(columns)?.checked_mul(width)?;
        block = block.checked_div(columns)?;
        // From the last axis to the first: the block's place on it, and the row's place in the block.
        let (mut place, mut stride) = (0_usize, 1_usize);
        for (&length, &height) in outer.iter().zip(heights).rev() {
            let count = length.div_ceil(height.max(1));
            let start = block.checked_rem(count)?.checked_mul(height)?;
            let at = start.checked_add(inner.checked_rem(height)?).filter(|&at| at < length)?;
            place = place.checked_add(at.checked_mul(stride)?)?;
            (block, inner) = (block.checked_div(count)?, inner.checked_div(height)?);
            stride = stride.checked_mul(length)?;
        }
        let start = place.checked_mul(row)?.checked_add(first)?;
        let count = width.min(row.saturating_sub(first));
        Some(start..start.checked_add(count)?)
    }
}

/// The few things of MessagePack that frames are written in.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or_else(cut)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// An unsigned number, or length, behind the marker of its type.
    fn integer(&mut self, marker: u8) -> Result<u64, Error> {
        let [got] = *self.bytes::<1>()?;
        if got != marker {
            return Err(Error::corrupt(format!("its blosc2 frame has {got:#x} in place of {marker:#x}")));
        }
        Ok(match marker {
            0xde => u16::from_be_bytes(*self.bytes()?).into(),
            0xc6 | 0xd2 => u32::from_be_bytes(*self.bytes()?).into(),
            _ => u64::from_be_bytes(*self.bytes()?),
        })
    }

    /// A short text.
    fn text(&mut self) -> Result<&'a [u8], Error> {
        let [marker] = *self.bytes::<1>()?;
        let (text, rest) = self.rest.split_at_checked(usize::from(marker & 0x1f)).ok_or_else(cut)?;
        self.rest = rest;
        Ok(text)
    }

    /// An array of lengths, none of them 0.
    fn lengths(&mut self, axes: usize, marker: u8) -> Result<Vec<usize>, Error> {
        let [head] = *self.bytes::<1>()?;
        let short = 0x90_usize.checked_add(axes).filter(|_| axes <= MOST_AXES);
        if short != Some(usize::from(head)) {
            return Err(Error::corrupt(format!("its blosc2 array does not have {axes} axes everywhere")));
        }
        let length = |reader: &mut Self| {
            let length = usize::try_from(reader.integer(marker)?).ok().filter(|&length| length > 0);
            length.ok_or_else(|| Error::corrupt("its blosc2 array has an axis of length 0"))
        };
        (0..axes).map(|_| length(self)).collect()
    }
}

fn cut() -> Error {
    Error::corrupt("its blosc2 frame is cut off")
}
