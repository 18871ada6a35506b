//! Pieces: a large hyperslab cut into smaller ones that follow each other in row-major order.

use crate::{ChunkGrid, Hyperslab};

/// Consecutive hyperslabs whose elements, one after the other, are the elements of the whole in row-major order.
///
/// Cuts lie on chunk borders of the axis that is cut, so that a chunk is decoded once: a piece may exceed `preferred`
/// elements to reach the next border, but never `most`. Where one row of chunks alone exceeds `most`, chunks are decoded for
/// several pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// Hyperslabs still to be cut, the next one last.
    rest: Vec<(Hyperslab, usize)>,
    chunk_shape: Vec<u64>,
    preferred: u64,
    most: u64,
}

impl Pieces {
    /// Cuts `slab`, a part of the variable that `grid` tiles, into pieces of about `preferred` and at most `most` elements.
    #[must_use]
    pub fn new(slab: Hyperslab, grid: &ChunkGrid, preferred: u64, most: u64) -> Self {
        let preferred = preferred.max(1);
        let rest = if slab.elements() == 0 { vec![] } else { vec![(slab, 0)] };
        Self { rest, chunk_shape: grid.chunk_shape().to_vec(), preferred, most: most.max(preferred) }
    }

    /// How many indices of `axis` the next piece takes.
    fn reach(&self, slab: &Hyperslab, axis: usize, inner: u64) -> u64 {
        let (Some(stride), Some(&chunk)) = (slab.strides().get(axis), self.chunk_shape.get(axis)) else {
            return 1;
        };
        let fitting = |elements: u64| elements.checked_div(inner).unwrap_or(0).max(1).min(stride.count);
        let (wanted, limit) = (fitting(self.preferred), fitting(self.most));
        // Indices up to and including the last one inside the chunk that holds the `n`-th.
        let border = |n: u64| {
            let last = stride.at(n.saturating_sub(1));
            let end = last.checked_div(chunk).unwrap_or(0).saturating_add(1).saturating_mul(chunk);
            let indices = end.saturating_sub(stride.start).saturating_sub(1).checked_div(stride.step);
            indices.unwrap_or(0).saturating_add(1).min(stride.count)
        };
        // Up to the border behind the wanted size, if that fits; else the last border before it; else the size itself.
        if border(wanted) <= limit {
            return border(wanted);
        }
        let before =
            stride.at(wanted.saturating_sub(1)).checked_div(chunk).unwrap_or(0).saturating_mul(chunk);
        let indices = before.saturating_sub(stride.start).div_ceil(stride.step.max(1));
        if indices > 0 { indices } else { wanted }
    }
}

impl Iterator for Pieces {
    type Item = Hyperslab;

    fn next(&mut self) -> Option<Hyperslab> {
        loop {
            let (slab, axis) = self.rest.pop()?;
            if slab.elements() <= self.preferred || axis >= slab.strides().len() {
                return Some(slab);
            }
            let inner: u64 = slab.strides().iter().skip(axis.saturating_add(1)).map(|s| s.count).product();
            let count = slab.strides().get(axis)?.count;
            let taken = self.reach(&slab, axis, inner);
            if let Some(behind) = count.checked_sub(taken).filter(|&left| left > 0) {
                self.rest.push((slab.narrowed(axis, taken, behind)?, axis));
            }
            let head = slab.narrowed(axis, 0, taken)?;
            if head.elements() <= self.most || taken > 1 {
                return Some(head);
            }
            // One index alone is too much: cut along the next axis.
            self.rest.push((head, axis.saturating_add(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stride;
    use proptest::prelude::*;

    fn check(shape: &[u64], chunk: &[u64], sizes: (u64, u64), expected: &[&[u64]]) {
        let grid = ChunkGrid::new(shape.to_vec(), chunk.to_vec()).unwrap();
        let slab = Hyperslab::whole(shape).unwrap();
        let got: Vec<Vec<u64>> =
            Pieces::new(slab, &grid, sizes.0, sizes.1).map(|piece| piece.shape()).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn cuts_lie_on_chunk_borders() {
        check(&[], &[], (4, 4), &[&[]]);
        check(&[0], &[1], (4, 4), &[]);
        check(&[10], &[4], (4, 4), &[&[4], &[4], &[2]]);
        check(&[10], &[4], (5, 8), &[&[8], &[2]]);
        check(&[10], &[4], (5, 7), &[&[4], &[6]]);
        check(&[4, 10], &[2, 4], (10, 20), &[&[2, 10], &[2, 10]]);
        // A row of chunks (20 elements) is too much: one index at a time.
        check(&[2, 10], &[2, 4], (4, 8), &[&[1, 4], &[1, 4], &[1, 2], &[1, 4], &[1, 4], &[1, 2]]);
    }

    /// All places of a hyperslab in its variable, row-major.
    fn places(slab: &Hyperslab, shape: &[u64]) -> Vec<u64> {
        slab.strides().iter().zip(shape).fold(vec![0], |done, (stride, &length)| {
            done.iter()
                .flat_map(|&head| (0..stride.count).map(move |i| head * length + stride.at(i)))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn pieces_follow_each_other(
            axes in prop::collection::vec((1_u64..12, 1_u64..6, 1_u64..4), 1..4),
            preferred in 1_u64..60,
            more in 0_u64..60,
        ) {
            let shape: Vec<u64> = axes.iter().map(|a| a.0).collect();
            let grid = ChunkGrid::new(shape.clone(), axes.iter().map(|a| a.1).collect()).unwrap();
            let strides = axes.iter().map(|a| Stride { start: 0, step: a.2, count: (a.0 - 1) / a.2 + 1 }).collect();
            let slab = Hyperslab::within(&shape, strides).unwrap();
            let whole = places(&slab, &shape);
            let pieces: Vec<Hyperslab> = Pieces::new(slab, &grid, preferred, preferred + more).collect();
            for piece in &pieces {
                prop_assert!(piece.elements() <= preferred + more);
            }
            let joined: Vec<u64> = pieces.iter().flat_map(|piece| places(piece, &shape)).collect();
            prop_assert_eq!(joined, whole);
        }
    }
}
