//! Runs: how a variable's elements lie in files, for protocols that pass stored bytes on as they are.
//!
//! The chunks that a schema shows are made for reading: they may be put together of several runs, or be cut at a variable's
//! edge. Here every chunk is whole, and one run of a file.

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Storage, Variable};

use crate::{Error, equal_run_shape};

/// How a variable lies in runs of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The largest chunks that are one run each, and the codecs and byte order of their bytes.
    pub storage: Storage,
    /// What else is a chunk.
    pub chunks: Division,
}

/// Whether smaller chunks are runs, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// Chunks are stored apart from each other, each encoded by itself.
    Fixed,
    /// Elements follow each other without codecs: parts of a chunk that follow each other are runs, too.
    Divisible,
}

impl Runs {
    /// Chunks that are stored as the schema shows them.
    #[must_use]
    pub fn of_chunks(variable: &Variable) -> Self {
        Self { storage: variable.storage.clone(), chunks: Division::Fixed }
    }

    /// Elements without codecs that follow each other in boxes of shape `largest`.
    #[must_use]
    pub fn divisible(variable: &Variable, largest: &[u64]) -> Self {
        let chunk_shape = largest.iter().map(|&length| length.max(1)).collect();
        let storage = Storage { chunk_shape, codecs: vec![], ..variable.storage.clone() };
        Self { storage, chunks: Division::Divisible }
    }

    /// The same with another byte order, and the fill value that goes with it.
    #[must_use]
    pub fn with_order(mut self, byte_order: ByteOrder, fill: Vec<u8>) -> Self {
        (self.storage.byte_order, self.storage.fill) = (byte_order, fill);
        self
    }

    /// The storage with chunks of a size that serves readers well.
    #[must_use]
    pub fn cut(self, element_size: usize) -> Storage {
        match self.chunks {
            Division::Fixed => self.storage,
            Division::Divisible => Storage {
                chunk_shape: equal_run_shape(&self.storage.chunk_shape, element_size),
                ..self.storage
            },
        }
    }
}

/// The variable at a path.
///
/// # Errors
/// `NotFound`, by name.
pub fn variable<'s>(schema: &'s Schema, path: &str) -> Result<&'s Variable, Error> {
    schema.variable(path).ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
}

/// The answer of a source that has no runs.
///
/// # Errors
/// Always: `Unsupported`, or `NotFound` for a variable that does not exist.
pub fn none(schema: &Schema, path: &str) -> Result<Runs, Error> {
    variable(schema, path)?;
    Err(Error::unsupported("its chunks are no ranges of a file"))
}

/// The index of the chunk whose part inside the variable is `extent`, in the grid that the schema shows.
///
/// # Errors
/// `Unsupported` where no chunk has that extent.
pub fn index_of(schema: &Schema, path: &str, extent: &Hyperslab) -> Result<Vec<u64>, Error> {
    let variable = variable(schema, path)?;
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
    let grid = grid.map_err(|e| Error::corrupt(format!("{path}: {e}")))?;
    let axes = extent.strides().iter().zip(grid.chunk_shape());
    let index: Vec<u64> =
        axes.map(|(stride, &length)| stride.start.checked_div(length).unwrap_or(0)).collect();
    match grid.extent(&index) {
        Some(found) if found == *extent => Ok(index),
        _ => {
            let (start, shape) = (starts(extent), extent.shape());
            let message = format!("{path}: no chunk begins at {start:?} and has the shape {shape:?}");
            Err(Error::unsupported(message))
        }
    }
}

/// Checks that the elements of a box follow each other, where those of boxes of shape `largest` do.
///
/// # Errors
/// `Unsupported` where they do not.
pub fn check_consecutive(path: &str, extent: &Hyperslab, largest: &[u64]) -> Result<(), Error> {
    let shape = extent.shape();
    // Behind the first axis with several indices, all must be whole; and no box leads out of the one that it begins in.
    let first = shape.iter().position(|&count| count > 1).unwrap_or(shape.len());
    let whole =
        shape.iter().zip(largest).skip(first.saturating_add(1)).all(|(count, length)| count == length);
    let mut axes = extent.strides().iter().zip(largest);
    let inside = axes.all(|(axis, &length)| {
        let first = axis.start.checked_rem(length.max(1)).unwrap_or(0);
        axis.step == 1 && first.checked_add(axis.count).is_some_and(|end| end <= length.max(1))
    });
    if whole && inside && shape.len() == largest.len() {
        return Ok(());
    }
    let start = starts(extent);
    let message = format!("{path}: the elements of shape {shape:?} at {start:?} are not stored in one run");
    Err(Error::unsupported(message))
}

/// The first index of each axis.
#[must_use]
pub fn starts(extent: &Hyperslab) -> Vec<u64> {
    extent.strides().iter().map(|stride| stride.start).collect()
}

#[cfg(test)]
mod tests {
    use weir_model::{DataType, Group, Stride};

    use super::*;

    fn schema() -> Schema {
        let storage =
            Storage { chunk_shape: vec![2, 3], codecs: vec![], byte_order: ByteOrder::Big, fill: vec![7, 8] };
        let variable = Variable {
            name: "v".into(),
            data_type: DataType::Int16,
            dimensions: vec!["/y".into(), "/x".into()],
            shape: vec![5, 7],
            attributes: vec![],
            storage,
        };
        Schema { root: Group { variables: vec![variable], ..Group::default() } }
    }

    fn check(start: [u64; 2], count: [u64; 2], expected: Option<&[u64]>) {
        let strides = start.iter().zip(count).map(|(&start, count)| Stride { start, step: 1, count });
        let extent = Hyperslab::within(&[5, 7], strides.collect()).unwrap();
        assert_eq!(index_of(&schema(), "/v", &extent).ok().as_deref(), expected, "{start:?} {count:?}");
    }

    #[test]
    fn extents_name_chunks() {
        check([0, 0], [2, 3], Some(&[0, 0]));
        check([2, 3], [2, 3], Some(&[1, 1]));
        check([4, 6], [1, 1], Some(&[2, 2]));
        check([1, 0], [2, 3], None);
        check([0, 0], [2, 2], None);
        check([0, 0], [4, 3], None);
    }

    fn check_run(start: [u64; 3], count: [u64; 3], largest: [u64; 3], expected: bool) {
        let strides = start.iter().zip(count).map(|(&start, count)| Stride { start, step: 1, count });
        let extent = Hyperslab::within(&[8, 6, 4], strides.collect()).unwrap();
        let checked = check_consecutive("/v", &extent, &largest);
        assert_eq!(checked.is_ok(), expected, "{start:?} {count:?} {largest:?}");
    }

    #[test]
    fn what_does_not_follow_each_other_is_refused() {
        check_run([0, 0, 0], [8, 6, 4], [8, 6, 4], true);
        check_run([2, 0, 0], [3, 6, 4], [8, 6, 4], true);
        check_run([2, 3, 0], [1, 2, 4], [8, 6, 4], true);
        check_run([7, 5, 1], [1, 1, 3], [8, 6, 4], true);
        check_run([2, 3, 0], [2, 2, 4], [8, 6, 4], false);
        check_run([2, 3, 0], [1, 2, 3], [8, 6, 4], false);
        check_run([3, 0, 0], [1, 6, 4], [1, 6, 4], true);
        check_run([3, 0, 0], [2, 6, 4], [1, 6, 4], false);
        check_run([1, 0, 0], [2, 6, 4], [2, 6, 4], false);
        check_run([2, 0, 0], [2, 6, 4], [2, 6, 4], true);
    }

    #[test]
    fn divisible_runs_are_cut() {
        let schema = schema();
        let variable = schema.variable("v").unwrap();
        let runs = Runs::divisible(variable, &[4096, 4096]);
        assert_eq!(runs.clone().cut(2).chunk_shape, [128, 4096]);
        assert_eq!(Runs { chunks: Division::Fixed, ..runs }.cut(2).chunk_shape, [4096, 4096]);
        assert_eq!(Runs::of_chunks(variable).cut(2), variable.storage);
    }
}
