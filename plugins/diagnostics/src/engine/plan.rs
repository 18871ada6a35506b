//! The plan of a computation: passes, of which each makes a part of the result that fits memory, and the blocks that each reads.

use std::ops::Range;

use weir_plugin_api::Error;

use super::axis::{Axis, Role, counted};
use super::tile::{Part, cells};

/// What passes may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of one cell of the result in the making.
    pub cell: usize,
    /// Bytes of each value that is kept beside its cell.
    pub value: usize,
    /// Bytes of both that may be in memory at once.
    pub most: usize,
}

/// Bytes of what is read at once, unless one chunk has more.
const BLOCK_BYTES: u64 = 8 << 20;

/// Passes are made so small where that costs nothing, because each then reads chunks of its own.
const FREE_PASS_BYTES: usize = 8 << 20;

/// Larger chunks are read in parts.
const MOST_BLOCK_BYTES: u64 = 64 << 20;

/// How often a chunk may be decoded, on the average.
const MOST_DECODINGS: u64 = 16;

/// More passes are too many.
const MOST_PASSES: usize = 4096;

/// Cuts a part of the result into those that fit memory.
///
/// # Errors
/// `TooLarge` where none do, or where the data would have to be read too often for it.
pub fn passes(axes: &[Axis], part: &Part, sizes: Sizes) -> Result<Vec<Part>, Error> {
    let mut passes = Vec::new();
    let mut left = vec![part.clone()];
    while let Some(part) = left.pop() {
        let has = bytes(axes, &part, sizes);
        let is_many = left.len().saturating_add(passes.len()) >= MOST_PASSES / 2;
        let free = between_chunks(axes, &part).filter(|_| has > FREE_PASS_BYTES.min(sizes.most) && !is_many);
        if has <= sizes.most && free.is_none() {
            passes.push(part);
            continue;
        }
        let halves = free.or_else(|| halves(axes, &part));
        let (early, late) = halves.ok_or_else(|| too_large(axes, &part, sizes))?;
        left.extend([late, early]);
        if left.len().saturating_add(passes.len()) > MOST_PASSES {
            return Err(too_often(MOST_PASSES as u64));
        }
    }
    let work = |part: &Part| {
        axes.iter().zip(part).map(|(axis, range)| axis.chunks(range)).fold(1_u64, u64::saturating_mul)
    };
    let all = passes.iter().map(work).fold(0_u64, u64::saturating_add);
    let times = all.checked_div(work(part)).unwrap_or(0);
    if times > MOST_DECODINGS { Err(too_often(times)) } else { Ok(passes) }
}

const HOW_TO_SPLIT: &str = "ask for one range of a dimension at a time, or for an action that need not hold all values, such as mean";

fn too_large(axes: &[Axis], part: &Part, sizes: Sizes) -> Error {
    let (bytes, most) = (bytes(axes, part, sizes), sizes.most);
    Error::too_large(format!(
        "one group has {bytes} bytes of values that must be in memory at once, and at most {most} are; {HOW_TO_SPLIT}"
    ))
}

fn too_often(times: u64) -> Error {
    Error::too_large(format!(
        "the data would have to be read {times} times, because memory does not hold all groups at once; {HOW_TO_SPLIT}"
    ))
}

/// Bytes that a part takes while it is made.
pub fn bytes(axes: &[Axis], part: &Part, sizes: Sizes) -> usize {
    let sources = axes.iter().zip(part).map(|(axis, range)| axis.sources(range));
    let values = sources.fold(sizes.value, usize::saturating_mul);
    cells(part).unwrap_or(usize::MAX).saturating_mul(sizes.cell).saturating_add(values)
}

/// A part in two, between chunks of a kept axis; `None` where all lie in one.
fn between_chunks(axes: &[Axis], part: &Part) -> Option<(Part, Part)> {
    let kept = axes.iter().zip(part).enumerate().filter(|(_, (axis, _))| axis.role == Role::Kept);
    let (at, (axis, range)) = kept.max_by_key(|(_, (axis, range))| axis.chunks(range))?;
    let pieces = axis.cut(range, axis.chunk);
    let middle = pieces.get(pieces.len() / 2).filter(|_| pieces.len() > 1)?.start;
    Some(cut(part, at, middle))
}

/// A part in two, where no kept axis can be cut between chunks: between groups if possible, else within chunks.
fn halves(axes: &[Axis], part: &Part) -> Option<(Part, Part)> {
    let all = || axes.iter().zip(part).enumerate().filter(|(_, (_, range))| range.len() > 1);
    let grouped = all().filter(|(_, (axis, _))| matches!(axis.role, Role::Grouped { .. }));
    let grouped = grouped.max_by_key(|(_, (axis, range))| axis.chunks(range));
    let kept =
        || all().filter(|(_, (axis, _))| axis.role == Role::Kept).max_by_key(|(_, (_, range))| range.len());
    let (at, (_, range)) = grouped.or_else(kept)?;
    Some(cut(part, at, range.start.saturating_add(range.len() / 2)))
}

fn cut(part: &Part, at: usize, middle: usize) -> (Part, Part) {
    let (mut early, mut late) = (part.clone(), part.clone());
    if let (Some(early), Some(late)) = (early.get_mut(at), late.get_mut(at)) {
        early.end = middle;
        late.start = middle;
    }
    (early, late)
}

/// The blocks to read for a part, in row-major order; each is one range of indices for each axis.
///
/// How they are cut depends on the variable's chunks alone, and not on the machine, because the order of additions does.
pub fn blocks(axes: &[Axis], part: &Part, element: usize) -> Vec<Vec<Range<usize>>> {
    let lengths = lengths(axes, part, element as u64);
    let mut blocks = vec![Vec::new()];
    for ((axis, range), length) in axes.iter().zip(part).zip(lengths) {
        let pieces = axis.cut(&axis.needed(&axis.all(), range), length);
        let needed: Vec<Range<usize>> = pieces
            .iter()
            .map(|piece| axis.needed(piece, range))
            .filter(|needed| !needed.is_empty())
            .collect();
        blocks = blocks
            .iter()
            .flat_map(|block| {
                needed.iter().map(move |piece| [block.as_slice(), std::slice::from_ref(piece)].concat())
            })
            .collect();
    }
    blocks
}

/// Bytes of the largest block that is read for a part.
#[must_use]
pub fn block_bytes(axes: &[Axis], part: &Part, element: usize) -> u64 {
    let lengths = lengths(axes, part, element as u64);
    let count = |(axis, length): (&Axis, &u64)| length.div_ceil(axis.reach().2).min(axis.indices.count());
    axes.iter().zip(&lengths).map(count).fold(element as u64, u64::saturating_mul)
}

/// How many indices of the variable a block has along each axis: whole chunks, several where they are small.
fn lengths(axes: &[Axis], part: &Part, element: u64) -> Vec<u64> {
    let extents: Vec<u64> =
        axes.iter().zip(part).map(|(axis, range)| axis.span(&axis.needed(&axis.all(), range))).collect();
    let mut lengths: Vec<u64> =
        axes.iter().zip(&extents).map(|(axis, extent)| axis.chunk.clamp(1, (*extent).max(1))).collect();
    // Indices between those that take part are not read.
    let bytes = |lengths: &[u64]| {
        let counts = axes.iter().zip(lengths).map(|(axis, length)| length.div_ceil(axis.reach().2));
        counts.fold(element, u64::saturating_mul)
    };
    while bytes(&lengths) > MOST_BLOCK_BYTES {
        let Some(longest) = lengths.iter_mut().max() else { break };
        *longest = longest.div_ceil(2);
    }
    for at in (0..lengths.len()).rev() {
        let most = extents.get(at).copied().unwrap_or(1);
        loop {
            let mut grown = lengths.clone();
            let Some(length) = grown.get_mut(at).filter(|length| **length < most) else { break };
            *length = length.saturating_mul(2);
            if bytes(&grown) > BLOCK_BYTES {
                break;
            }
            lengths = grown;
        }
    }
    lengths
}

/// Bytes of elements, where memory can have as many.
///
/// # Errors
/// `TooLarge`.
pub fn memory(elements: usize, size: usize) -> Result<usize, Error> {
    elements
        .checked_mul(size)
        .ok_or_else(|| Error::too_large(format!("{elements} elements are more than memory has")))
}

/// The whole result.
#[must_use]
pub fn whole(axes: &[Axis]) -> Part {
    axes.iter().map(|axis| 0..counted(axis.output() as u64)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_model::Stride;
    use weir_selection::Indices;

    use super::*;

    fn kept(length: u64, chunk: u64) -> Axis {
        Axis { indices: Indices::all(length), chunk, role: Role::Kept, weights: None }
    }

    fn months(length: u64, chunk: u64) -> Axis {
        let of = (0..length).map(|day| u32::try_from(day / 30 % 12).unwrap()).collect();
        Axis { role: Role::Grouped { of, count: 12 }, ..kept(length, chunk) }
    }

    #[test]
    fn small_results_take_one_pass() {
        let axes = [months(360, 1), kept(50, 50), kept(60, 60)];
        let sizes = Sizes { cell: 16, value: 0, most: 1 << 20 };
        assert_eq!(passes(&axes, &whole(&axes), sizes).unwrap(), [whole(&axes)]);
    }

    #[test]
    fn large_results_are_cut_between_chunks() {
        let axes = [months(360, 360), kept(50, 10), kept(60, 60)];
        let sizes = Sizes { cell: 8, value: 4, most: 360 * 20 * 60 * 4 + 12 * 20 * 60 * 8 };
        let parts = passes(&axes, &whole(&axes), sizes).unwrap();
        let rows: Vec<Range<usize>> = parts.iter().map(|part| part[1].clone()).collect();
        assert_eq!(rows, [0..20, 20..30, 30..50]);
    }

    #[test]
    fn what_would_be_read_too_often_is_refused() {
        let axes = [Axis { role: Role::Reduced, ..kept(10_000, 1) }, kept(500, 500), kept(600, 600)];
        let sizes = Sizes { cell: 8, value: 4, most: 128 << 20 };
        let message = passes(&axes, &whole(&axes), sizes).unwrap_err().message;
        assert!(message.contains("times"), "{message}");
        let axes = [Axis { role: Role::Reduced, ..kept(1 << 30, 1 << 20) }];
        let message = passes(&axes, &whole(&axes), sizes).unwrap_err().message;
        assert!(message.starts_with("one group has 4294967304 bytes"), "{message}");
    }

    #[test]
    fn blocks_hold_several_small_chunks() {
        let axes = [months(1024, 1), kept(512, 512), kept(512, 512)];
        let blocks = blocks(&axes, &whole(&axes), 4);
        assert_eq!(blocks.len(), 128);
        assert_eq!(blocks[1], [8..16, 0..512, 0..512]);
    }

    proptest! {
        /// Every element that goes somewhere is read once in each pass that needs it.
        #[test]
        fn blocks_tile_what_is_needed(length in 1u64..400, chunk in 1u64..50, wide in 1u64..40, start in 0u64..5, step in 1u64..4) {
            let mut axes = [months(length, chunk), kept(wide, 7)];
            axes[1].indices = Indices::stride(Stride { start, step, count: wide });
            let part = vec![2..9, 0..counted(wide)];
            let blocks = blocks(&axes, &part, 1 << 14);
            for day in 0..counted(length) {
                let wanted = axes[0].goes(day).is_some_and(|group| part[0].contains(&group));
                for x in 0..counted(wide) {
                    let read = blocks.iter().filter(|block| block[0].contains(&day) && block[1].contains(&x)).count();
                    prop_assert!(read <= 1 && (!wanted || read == 1), "{day} {x} {read}");
                }
            }
        }
    }
}
