//! The contract that every chunk source keeps, as one check for the tests of its implementers.
//!
//! A source is checked against values that are known from elsewhere, and against itself: what it says in its schema, gives as
//! chunks, and gives as parts of chunks must be the same data.

mod elements;
mod refusals;
mod runs;
mod strings;

use std::thread;

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Stride, Variable};

use crate::{ChunkKey, ChunkSource, Dataset};

/// What a variable must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Elements of a fixed size: all of them, little-endian, row-major.
    Elements(Vec<u8>),
    /// Elements of varying size: all of them, row-major; strings, or others in their packed form.
    Strings(Vec<Vec<u8>>),
}

/// How many hyperslabs of each variable are compared.
const SLABS: usize = 200;

/// How many threads read at once.
const THREADS: usize = 8;

/// Checks a source. `open` opens it anew; `expected` gives the values of the variable at a path, or `None` where they are
/// not known, which leaves only the checks of the source against itself.
///
/// # Errors
/// Text that says which rule was broken, by which variable.
pub fn check_source(
    open: impl Fn() -> Box<dyn ChunkSource>,
    expected: &dyn Fn(&str) -> Option<Expected>,
) -> Result<(), String> {
    let (source, dataset) = (open(), Dataset::new(open()));
    check_generations(source.as_ref(), &dataset)?;
    refusals::check_unknown_variable(source.as_ref(), &dataset)?;
    let variables = source.schema().variables();
    for (path, variable) in &variables {
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        let grid = grid.map_err(|e| format!("{path}: its chunk shape does not fit: {e}"))?;
        let subject = Subject { source: source.as_ref(), dataset: &dataset, path, variable, grid };
        subject.check(expected(path)).map_err(|broken| format!("{path}: {broken}"))?;
    }
    check_generations(source.as_ref(), &dataset)
}

/// Two openings of the same data, one read and one not, name the same generation.
fn check_generations(source: &dyn ChunkSource, dataset: &Dataset) -> Result<(), String> {
    source.check_unchanged().map_err(|e| format!("unchanged data are said to have changed: {e}"))?;
    let (one, other) = (source.generation(), dataset.generation());
    rule(one == other, || format!("the generation is not stable: {one}, then {other}"))
}

/// One variable under check.
struct Subject<'a> {
    source: &'a dyn ChunkSource,
    dataset: &'a Dataset,
    path: &'a str,
    variable: &'a Variable,
    grid: ChunkGrid,
}

impl Subject<'_> {
    fn check(&self, expected: Option<Expected>) -> Result<(), String> {
        self.check_description()?;
        match (expected, self.variable.data_type.size()) {
            (Some(Expected::Strings(strings)), None) => strings::check(self, &strings)?,
            (None, None) => {}
            (Some(Expected::Elements(elements)), Some(size)) => self.check_elements(&elements, size)?,
            (None, Some(size)) => {
                let itself = elements::read(self, &self.whole()?, ByteOrder::Little)?;
                self.check_elements(&itself, size)?;
            }
            _ => {
                return Err(format!(
                    "the values that are expected are not {}",
                    self.variable.data_type.describe()
                ));
            }
        }
        let verified = self.dataset.verify(self.path, &self.whole()?);
        verified.map_err(|e| format!("all chunks were read, but are not proven: {e}"))
    }

    fn check_elements(&self, whole: &[u8], size: usize) -> Result<(), String> {
        rule(size > 0, || "its elements have no bytes".to_owned())?;
        elements::check_reads(self, whole)?;
        elements::check_chunks(self, whole)?;
        runs::check(self, whole)?;
        refusals::check_chunks(self)?;
        self.check_threads(whole)
    }

    /// The schema agrees with itself.
    fn check_description(&self) -> Result<(), String> {
        let Variable { dimensions, shape, data_type, storage, .. } = self.variable;
        let (axes, names) = (shape.len(), dimensions.len());
        rule(axes == names, || format!("it has {axes} axes and {names} dimensions"))?;
        for (path, &length) in dimensions.iter().zip(shape) {
            let dimension = self.source.schema().dimension(path).map(|dimension| dimension.length);
            rule(dimension == Some(length), || {
                format!("its axis has length {length}, but {path} has {dimension:?}")
            })?;
        }
        let fill = storage.fill.len();
        let fits = data_type.size().is_none_or(|size| size == fill);
        rule(fits, || format!("its fill value has {fill} bytes, which is no {}", data_type.describe()))
    }

    fn whole(&self) -> Result<Hyperslab, String> {
        Hyperslab::whole(&self.variable.shape).map_err(|e| e.to_string())
    }

    /// Many threads that read at once get what one alone gets.
    fn check_threads(&self, whole: &[u8]) -> Result<(), String> {
        thread::scope(|scope| {
            let read = |seed: usize| move || elements::check_slabs(self, whole, (seed, 10));
            let threads: Vec<_> = (1..=THREADS).map(|seed| scope.spawn(read(seed))).collect();
            let mut results = threads.into_iter().map(thread::ScopedJoinHandle::join);
            results.try_for_each(|result| match result {
                Ok(result) => result.map_err(|broken| format!("with {THREADS} threads: {broken}")),
                Err(_) => Err("a thread that reads has panicked".to_owned()),
            })
        })
    }

    fn key<'k>(&'k self, index: &'k [u64]) -> ChunkKey<'k> {
        ChunkKey { variable: self.path, index }
    }
}

fn rule(kept: bool, broken: impl FnOnce() -> String) -> Result<(), String> {
    if kept { Ok(()) } else { Err(broken()) }
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn new(seed: usize) -> Self {
        Self(seed as u64)
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (n ^ (n >> 31)).checked_rem(bound).unwrap_or(0)
    }

    /// A hyperslab somewhere in a variable of this shape; some axes are taken whole, as clients like to.
    fn slab(&mut self, shape: &[u64]) -> Result<Hyperslab, String> {
        let strides = shape.iter().map(|&length| {
            if length == 0 || self.below(4) == 0 {
                return Stride::all(length);
            }
            let start = self.below(length);
            let step = self.below(length.min(7)).saturating_add(1);
            let most = length.saturating_sub(start).div_ceil(step).max(1);
            Stride { start, step, count: self.below(most).saturating_add(1) }
        });
        let strides = strides.collect();
        Hyperslab::within(shape, strides).map_err(|e| e.to_string())
    }
}

/// The row-major places of a hyperslab's elements in an array of `shape`, one by one: slow, and by other means than what is
/// checked.
fn places(shape: &[u64], slab: &Hyperslab) -> Vec<usize> {
    let mut places = vec![0_u64];
    for (stride, &length) in slab.strides().iter().zip(shape) {
        let next = places.iter().flat_map(|&before| {
            let row = before.saturating_mul(length).saturating_add(stride.start);
            (0..stride.count).map(move |n| row.saturating_add(n.saturating_mul(stride.step)))
        });
        places = next.collect();
    }
    // A place beyond `usize` is none of any array in memory, and is missed there.
    places.into_iter().map(|place| usize::try_from(place).unwrap_or(usize::MAX)).collect()
}
