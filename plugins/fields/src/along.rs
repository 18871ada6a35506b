//! What is read along one dimension of a regular grid: a part of it, or two where the window reaches around the end.

use weir_model::Stride;
use weir_selection::{Indices, Run};

/// Blocks of indices that are read, each through the one in its middle. A block is one index unless several share a pixel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Along {
    step: u64,
    /// The first and the last block of each part.
    parts: Vec<(u64, u64)>,
    /// Where in its block the index is that is read.
    offset: u64,
}

impl Along {
    /// The blocks of some indices of a dimension of a length, which so many pixels show; `None` where there is no index.
    pub(crate) fn of(indices: impl Iterator<Item = u32>, (length, pixels): (usize, u32)) -> Option<Self> {
        let mut used = vec![false; length];
        for index in indices {
            if let Some(seen) = usize::try_from(index).ok().and_then(|index| used.get_mut(index)) {
                *seen = true;
            }
        }
        let parts = parts(&used)?;
        let seen: u64 = parts.iter().map(|(first, last)| last.saturating_sub(*first).saturating_add(1)).sum();
        // A power of two, so that neighbouring windows read the same indices.
        let ratio = seen.checked_div(u64::from(pixels.max(1))).unwrap_or(1).max(1);
        let step = 1_u64 << ratio.ilog2();
        let mut blocks: Vec<(u64, u64)> = Vec::new();
        for (first, last) in parts {
            let (first, last) = (first / step, last / step);
            match blocks.last_mut() {
                Some((_, before)) if *before >= first => *before = last,
                _ => blocks.push((first, last)),
            }
        }
        let end = u64::try_from(length).unwrap_or(u64::MAX).saturating_sub(1);
        let is_last = blocks.last().is_some_and(|(_, last)| *last == end / step);
        let offset = if is_last { (step / 2).min(end % step) } else { step / 2 };
        Some(Self { step, parts: blocks, offset })
    }

    /// The indices that are read.
    pub(crate) fn indices(&self) -> Indices {
        let run = |(first, last): &(u64, u64)| Run {
            stride: Stride {
                start: first.saturating_mul(self.step).saturating_add(self.offset),
                step: self.step,
                count: last.saturating_sub(*first).saturating_add(1),
            },
            shift: 0.0,
        };
        Indices::of_runs(self.parts.iter().map(run).collect())
    }

    /// Where among what is read the block of an index is.
    pub(crate) fn place(&self, index: u32) -> Option<u64> {
        let block = u64::from(index) / self.step;
        let mut before = 0_u64;
        for (first, last) in &self.parts {
            if (*first..=*last).contains(&block) {
                return block.checked_sub(*first)?.checked_add(before);
            }
            before = before.checked_add(last.checked_sub(*first)?)?.checked_add(1)?;
        }
        None
    }
}

/// The first and the last index that is used, in two parts where a gap of more than a third lies between.
fn parts(used: &[bool]) -> Option<Vec<(u64, u64)>> {
    let wide = |index: usize| u64::try_from(index).unwrap_or(u64::MAX);
    let (mut first, mut last): (Option<usize>, Option<usize>) = (None, None);
    let mut gap: Option<(usize, usize)> = None;
    for (index, _) in used.iter().enumerate().filter(|(_, used)| **used) {
        if let Some(before) = last
            && gap.is_none_or(|(from, to)| index - before > to - from)
        {
            gap = Some((before, index));
        }
        first = first.or(Some(index));
        last = Some(index);
    }
    let (first, last) = (first?, last?);
    Some(match gap {
        Some((from, to)) if (to - from).saturating_mul(3) > last - first => {
            vec![(wide(first), wide(from)), (wide(to), wide(last))]
        }
        _ => vec![(wide(first), wide(last))],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(indices: &[u32], (length, pixels): (usize, u32), expected: &[u64]) {
        let along = Along::of(indices.iter().copied(), (length, pixels)).unwrap();
        let read: Vec<u64> = along.indices().iter().map(|(index, _)| index).collect();
        assert_eq!(read, expected);
        for index in indices {
            let place = along.place(*index).unwrap();
            assert!(read[place as usize].abs_diff(u64::from(*index)) < along.step, "{index}");
        }
    }

    #[test]
    fn what_is_seen_is_read() {
        check(&[3, 5, 4], (10, 3), &[3, 4, 5]);
        check(&[2, 3, 4, 6, 7, 8, 9], (10, 9), &[2, 3, 4, 5, 6, 7, 8, 9]);
        check(&[3, 6], (10, 9), &[3, 6]);
        check(&[0, 1, 9, 8], (10, 4), &[0, 1, 8, 9]);
        check(&[7], (10, 256), &[7]);
    }

    #[test]
    fn what_is_finer_than_pixels_is_read_in_blocks() {
        check(&(0..16).collect::<Vec<_>>(), (16, 4), &[2, 6, 10, 14]);
        check(&(0..18).collect::<Vec<_>>(), (18, 4), &[1, 5, 9, 13, 17]);
        check(&(5..14).collect::<Vec<_>>(), (100, 4), &[5, 7, 9, 11, 13]);
        check(
            &(0..30).chain(70..100).collect::<Vec<_>>(),
            (100, 15),
            &(0..8).chain(17..25).map(|n| n * 4 + 2).collect::<Vec<_>>(),
        );
    }

    #[test]
    fn nothing_is_seen() {
        assert_eq!(Along::of(std::iter::empty(), (10, 4)), None);
        assert_eq!(Along::of([12].into_iter(), (10, 4)), None);
    }

    proptest::proptest! {
        /// Each index that is seen is read, or one of its block; no more is read than pixels and seams can need.
        #[test]
        fn every_index_has_its_place(
            first in 0_u32..5000,
            steps in proptest::collection::vec(1_u32..9, 1..400),
            seam in proptest::option::of(1000_u32..4000),
            pixels in 1_u32..600,
        ) {
            let mut indices = vec![first];
            for (number, step) in steps.iter().enumerate() {
                let jump = seam.filter(|_| number == steps.len() / 2).unwrap_or_default();
                indices.push(indices[number] + step + jump);
            }
            let length = *indices.last().unwrap() as usize + 7;
            let along = Along::of(indices.iter().copied(), (length, pixels)).unwrap();
            let read: Vec<u64> = along.indices().iter().map(|(index, _)| index).collect();
            proptest::prop_assert!(read.iter().all(|index| *index < length as u64));
            proptest::prop_assert!(read.is_sorted_by(|a, b| a < b));
            for index in indices {
                let place = along.place(index).unwrap();
                proptest::prop_assert!(read[place as usize].abs_diff(u64::from(index)) < along.step);
            }
        }
    }
}
