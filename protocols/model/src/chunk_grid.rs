//! Chunk grids: how equal chunks tile a variable, and which part of which chunk a hyperslab needs.

use std::fmt;

use crate::{Hyperslab, Stride};

/// Chunks of one shape that tile a variable; chunks at the upper edges may stick out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkGrid {
    shape: Vec<u64>,
    chunk_shape: Vec<u64>,
}

/// Why a chunk shape cannot tile a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GridError {
    /// The number of axes differs.
    Rank {
        /// Axes of the chunk.
        chunk: usize,
        /// Axes of the variable.
        variable: usize,
    },
    /// A chunk without extent.
    Zero {
        /// The axis, from 0.
        axis: usize,
    },
    /// One chunk has more elements than 64 bits can count.
    Overflow,
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rank { chunk, variable } => {
                write!(f, "chunks have {chunk} axes, but their variable has {variable}")
            }
            Self::Zero { axis } => {
                write!(f, "chunks have length 0 along axis {axis}; they must have at least 1")
            }
            Self::Overflow => write!(f, "a chunk has more elements than 64 bits can count"),
        }
    }
}

impl std::error::Error for GridError {}

impl ChunkGrid {
    /// A grid of chunks of shape `chunk_shape` over a variable of shape `shape` (lengths, slowest first).
    ///
    /// # Errors
    /// [`GridError`] says which axis is wrong.
    pub fn new(shape: Vec<u64>, chunk_shape: Vec<u64>) -> Result<Self, GridError> {
        if shape.len() != chunk_shape.len() {
            return Err(GridError::Rank { chunk: chunk_shape.len(), variable: shape.len() });
        }
        if let Some(axis) = chunk_shape.iter().position(|&length| length == 0) {
            return Err(GridError::Zero { axis });
        }
        chunk_shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length)).ok_or(GridError::Overflow)?;
        Ok(Self { shape, chunk_shape })
    }

    /// Lengths of the variable, slowest first.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Lengths of a chunk, slowest first.
    #[must_use]
    pub fn chunk_shape(&self) -> &[u64] {
        &self.chunk_shape
    }

    /// Elements of one whole chunk; 1 for a scalar.
    #[must_use]
    pub fn chunk_elements(&self) -> u64 {
        self.chunk_shape.iter().product()
    }

    /// How many chunks lie along each axis, slowest first.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        self.shape.iter().zip(&self.chunk_shape).map(|(&length, &chunk)| length.div_ceil(chunk)).collect()
    }

    /// Whether `index` (one number per axis) names a chunk of this grid.
    #[must_use]
    pub fn contains(&self, index: &[u64]) -> bool {
        index.len() == self.shape.len() && index.iter().zip(self.counts()).all(|(&i, count)| i < count)
    }

    /// The number of the chunk at `index`, counted row-major from 0; `None` where there is no such chunk, or 64 bits cannot
    /// count that far.
    #[must_use]
    pub fn number(&self, index: &[u64]) -> Option<u64> {
        if !self.contains(index) {
            return None;
        }
        let mut axes = index.iter().zip(self.counts());
        axes.try_fold(0_u64, |number, (&i, count)| number.checked_mul(count)?.checked_add(i))
    }

    /// The part of the variable that the chunk at `index` holds, or `None` where there is no such chunk.
    #[must_use]
    pub fn extent(&self, index: &[u64]) -> Option<Hyperslab> {
        if !self.contains(index) {
            return None;
        }
        let axes = index.iter().zip(&self.shape).zip(&self.chunk_shape);
        let strides = axes.map(|((&i, &length), &chunk)| {
            let start = i.saturating_mul(chunk);
            Stride { start, step: 1, count: chunk.min(length.saturating_sub(start)) }
        });
        Hyperslab::within(&self.shape, strides.collect()).ok()
    }

    /// The parts of chunks that together make up `slab`, in row-major order of chunks.
    ///
    /// `slab` must have been checked against this grid's shape; the parts tile it: every element of the slab is in exactly
    /// one part.
    #[must_use]
    pub fn plan<'a>(&'a self, slab: &'a Hyperslab) -> ChunkPlan<'a> {
        let next = (slab.elements() > 0 && slab.strides().len() == self.shape.len()).then(|| {
            let first = |(stride, &chunk): (&Stride, &u64)| axis_part(*stride, chunk, 0);
            slab.strides().iter().zip(&self.chunk_shape).map(first).collect()
        });
        ChunkPlan { grid: self, slab, next }
    }
}

/// One axis of a [`Part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisPart {
    /// The chunk's index along this axis.
    pub chunk: u64,
    /// The first index inside the chunk.
    pub first: u64,
    /// The distance between two indices inside the chunk.
    pub step: u64,
    /// How many indices.
    pub count: u64,
    /// Where the first of them goes in the hyperslab.
    pub out: u64,
}

/// What one chunk contributes to a hyperslab: one [`AxisPart`] per axis, slowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The axes.
    pub axes: Vec<AxisPart>,
}

impl Part {
    /// The chunk's index, one number per axis.
    #[must_use]
    pub fn chunk(&self) -> Vec<u64> {
        self.axes.iter().map(|axis| axis.chunk).collect()
    }

    /// How many elements the chunk contributes.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.axes.iter().map(|axis| axis.count).product()
    }
}

/// The parts of a hyperslab; made by [`ChunkGrid::plan`].
#[derive(Clone, Debug)]
pub struct ChunkPlan<'a> {
    grid: &'a ChunkGrid,
    slab: &'a Hyperslab,
    next: Option<Vec<AxisPart>>,
}

impl Iterator for ChunkPlan<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let axes = self.next.take()?;
        self.next = self.after(&axes);
        Some(Part { axes })
    }
}

impl ChunkPlan<'_> {
    /// The position after `axes`: the last axis moves first, as an odometer does.
    fn after(&self, axes: &[AxisPart]) -> Option<Vec<AxisPart>> {
        let mut axes = axes.to_vec();
        let bounds = self.slab.strides().iter().zip(self.grid.chunk_shape());
        for (axis, (stride, &chunk)) in axes.iter_mut().zip(bounds).rev() {
            let out = axis.out.saturating_add(axis.count);
            if out < stride.count {
                *axis = axis_part(*stride, chunk, out);
                return Some(axes);
            }
            *axis = axis_part(*stride, chunk, 0);
        }
        None
    }
}

/// What the chunk that holds place `out` of `stride` contributes from there on. `chunk` is not 0 and `out < stride.count`.
fn axis_part(stride: Stride, chunk: u64, out: u64) -> AxisPart {
    let position = stride.at(out);
    let first = position.checked_rem(chunk).unwrap_or(0);
    let room = chunk.saturating_sub(first).saturating_sub(1);
    let fitting = room.checked_div(stride.step).unwrap_or(0).saturating_add(1);
    AxisPart {
        chunk: position.checked_div(chunk).unwrap_or(0),
        first,
        step: stride.step,
        count: fitting.min(stride.count.saturating_sub(out)),
        out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(shape: &[u64], chunk: &[u64]) -> ChunkGrid {
        ChunkGrid::new(shape.to_vec(), chunk.to_vec()).unwrap()
    }

    #[test]
    fn a_scalar_is_one_chunk() {
        let grid = grid(&[], &[]);
        let slab = Hyperslab::whole(&[]).unwrap();
        let parts: Vec<Part> = grid.plan(&slab).collect();
        assert_eq!(parts, [Part { axes: vec![] }]);
        assert_eq!(parts[0].elements(), 1);
        assert_eq!(grid.chunk_elements(), 1);
    }

    #[test]
    fn nothing_is_planned_for_an_empty_variable() {
        let grid = grid(&[0, 4], &[2, 2]);
        assert_eq!(grid.plan(&Hyperslab::whole(&[0, 4]).unwrap()).count(), 0);
        assert_eq!(grid.counts(), [0, 2]);
    }

    #[test]
    fn edge_chunks_hold_less() {
        let grid = grid(&[7, 5], &[4, 2]);
        assert_eq!(grid.counts(), [2, 3]);
        assert_eq!(
            (grid.number(&[0, 0]), grid.number(&[1, 2]), grid.number(&[2, 0])),
            (Some(0), Some(5), None)
        );
        assert_eq!(grid.extent(&[1, 2]).unwrap().shape(), [3, 1]);
        assert_eq!(grid.extent(&[2, 0]), None);
        assert_eq!(grid.extent(&[0]), None);
    }

    #[test]
    fn chunks_without_extent_are_refused() {
        let error = ChunkGrid::new(vec![3], vec![0]).unwrap_err();
        assert_eq!(error.to_string(), "chunks have length 0 along axis 0; they must have at least 1");
        assert!(ChunkGrid::new(vec![3], vec![]).is_err());
        assert_eq!(ChunkGrid::new(vec![1, 1], vec![u64::MAX, 2]), Err(GridError::Overflow));
    }

    /// A shape of up to 3 axes, a chunk shape, and a hyperslab inside.
    fn cases() -> impl Strategy<Value = (Vec<u64>, Vec<u64>, Vec<Stride>)> {
        let axis = (1_u64..20, 1_u64..24, any::<u64>(), 1_u64..9, any::<u64>());
        prop::collection::vec(axis, 0..4).prop_map(|axes| {
            let mut case = (vec![], vec![], vec![]);
            for (length, chunk, start, step, count) in axes {
                let start = start % length;
                let most = (length - start - 1) / step + 1;
                case.0.push(length);
                case.1.push(chunk);
                case.2.push(Stride { start, step, count: count % most + 1 });
            }
            case
        })
    }

    /// Row-major place of `index` in `shape`.
    fn place(index: &[u64], shape: &[u64]) -> usize {
        index.iter().zip(shape).fold(0, |place, (&i, &length)| place * length + i) as usize
    }

    /// All indices of a box, row-major.
    fn indices(counts: &[u64]) -> Vec<Vec<u64>> {
        counts.iter().fold(vec![vec![]], |done, &count| {
            done.iter().flat_map(|head| (0..count).map(|i| [head.as_slice(), &[i]].concat())).collect()
        })
    }

    proptest! {
        #[test]
        fn parts_tile_the_slab((shape, chunk, strides) in cases()) {
            let grid = grid(&shape, &chunk);
            let slab = Hyperslab::within(&shape, strides).unwrap();
            let mut hits = vec![0_u32; slab.elements() as usize];
            for part in grid.plan(&slab) {
                let counts: Vec<u64> = part.axes.iter().map(|axis| axis.count).collect();
                prop_assert!(grid.contains(&part.chunk()));
                for index in indices(&counts) {
                    let axes = part.axes.iter().zip(&index);
                    let out: Vec<u64> = axes.clone().map(|(axis, &i)| axis.out + i).collect();
                    let inside: Vec<u64> = axes.map(|(axis, &i)| axis.first + i * axis.step).collect();
                    prop_assert!(inside.iter().zip(&chunk).all(|(&i, &length)| i < length));
                    // The chunk's element and the slab's element are the same element of the variable.
                    for (axis, stride) in slab.strides().iter().enumerate() {
                        let of_chunk = part.axes[axis].chunk * chunk[axis] + inside[axis];
                        prop_assert_eq!(of_chunk, stride.start + out[axis] * stride.step);
                    }
                    hits[place(&out, &slab.shape())] += 1;
                }
            }
            prop_assert!(hits.iter().all(|&hit| hit == 1), "hits {hits:?}");
        }
    }
}
