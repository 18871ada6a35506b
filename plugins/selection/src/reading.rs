//! Reading what is selected, as if it were one hyperslab.

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Pieces, Stride, Variable};
use weir_plugin_api::{Dataset, Error};

use crate::{Indices, Run};

/// Runs that lie near each other are read together, as long as what is read is at most this many times what is wanted.
const WIDEST: u64 = 4;

/// A part of a variable: indices along each dimension, slowest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    axes: Vec<Indices>,
}

impl Selection {
    /// These indices along each dimension.
    #[must_use]
    pub fn of(axes: Vec<Indices>) -> Self {
        Self { axes }
    }

    /// The indices along each dimension.
    #[must_use]
    pub fn axes(&self) -> &[Indices] {
        &self.axes
    }

    /// Lengths, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(Indices::count).collect()
    }

    /// How many elements there are; 1 of a scalar.
    ///
    /// # Errors
    /// `TooLarge` for more than 64 bits can count.
    pub fn elements(&self) -> Result<u64, Error> {
        if self.axes.iter().any(Indices::is_empty) {
            return Ok(0);
        }
        let product = self.axes.iter().try_fold(1_u64, |product, axis| product.checked_mul(axis.count()));
        product.ok_or_else(|| Error::too_large("more elements are selected than 64 bits can count"))
    }

    /// The hyperslab that this is, unless it consists of pieces.
    #[must_use]
    pub fn hyperslab(&self, variable: &Variable) -> Option<Hyperslab> {
        let single = |axis: &Indices| match axis.runs() {
            [run] => Some(run.stride),
            _ => None,
        };
        let strides: Option<Vec<Stride>> = self.axes.iter().map(single).collect();
        Hyperslab::within(&variable.shape, strides?).ok()
    }

    /// Parts of about `preferred` and at most `most` elements, which follow each other row-major. They end where chunks do,
    /// where the selection is one hyperslab.
    #[must_use]
    pub fn blocks(&self, variable: &Variable, (preferred, most): (u64, u64)) -> Vec<Self> {
        if self.axes.iter().any(Indices::is_empty) {
            return Vec::new();
        }
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        if let (Some(slab), Ok(grid)) = (self.hyperslab(variable), grid) {
            let part =
                |slab: Hyperslab| Self::of(slab.strides().iter().copied().map(Indices::stride).collect());
            let shifted = |mut part: Self| {
                // Pieces of a hyperslab know nothing of shifts.
                for (axis, whole) in part.axes.iter_mut().zip(&self.axes) {
                    let shift = whole.runs().first().map_or(0.0, |run| run.shift);
                    let runs = axis.runs().iter().map(|run| Run { shift, ..*run });
                    *axis = Indices::of_runs(runs.collect());
                }
                part
            };
            return Pieces::new(slab, &grid, preferred, most).map(part).map(shifted).collect();
        }
        let mut parts = Vec::new();
        self.cut_along(0, preferred.max(1), &mut parts);
        parts
    }

    fn cut_along(&self, axis: usize, most: u64, parts: &mut Vec<Self>) {
        let elements = self.elements().unwrap_or(u64::MAX);
        let Some(along) = self.axes.get(axis).filter(|_| elements > most) else {
            return parts.push(self.clone());
        };
        let inner = elements.checked_div(along.count()).unwrap_or(elements);
        let taken = most.checked_div(inner).unwrap_or(1).clamp(1, along.count().max(1));
        let mut from = 0;
        while from < along.count() {
            let mut part = self.clone();
            if let Some(cut) = part.axes.get_mut(axis) {
                *cut = along.part(from, taken);
            }
            part.cut_along(axis.saturating_add(1), most, parts);
            from = from.saturating_add(taken);
        }
    }

    /// Reads the elements, of a fixed size, row-major, into `out`, whose length must be exactly elements times size. What takes
    /// memory beside it is at most four times as large.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being right.
    pub fn read(
        &self,
        dataset: &Dataset,
        (path, variable): (&str, &Variable),
        order: ByteOrder,
        out: &mut [u8],
    ) -> Result<(), Error> {
        if self.axes.iter().any(Indices::is_empty) {
            return Ok(());
        }
        if let Some(slab) = self.hyperslab(variable) {
            return dataset.read(path, &slab, order, out);
        }
        let fetches: Vec<Vec<Fetch>> = self.axes.iter().map(fetches).collect();
        let size = variable.data_type.size().unwrap_or(0);
        let shape = self.shape();
        let mut scratch = Vec::new();
        for chosen in Choices::of(&fetches) {
            let strides = chosen.iter().map(|fetch| fetch.stride).collect();
            let slab = Hyperslab::within(&variable.shape, strides)
                .map_err(|misfit| Error::internal(misfit.to_string()))?;
            let length =
                usize::try_from(slab.elements()).ok().and_then(|elements| elements.checked_mul(size));
            scratch.resize(length.ok_or_else(|| Error::too_large("a part exceeds memory"))?, 0);
            dataset.read(path, &slab, order, &mut scratch)?;
            let whole = slab.shape();
            let to = Scatter { from_shape: &whole, to_shape: &shape, chosen: &chosen, size };
            to.copy(0, (0, 0), (&scratch, out))
                .ok_or_else(|| Error::internal("a part does not fit where it belongs"))?;
        }
        Ok(())
    }
}

/// Indices that are read together, and what of them goes where.
#[derive(Clone, Debug, PartialEq)]
struct Fetch {
    stride: Stride,
    /// Where in what is read, where in what is wanted, and how many.
    copies: Vec<(u64, u64, u64)>,
}

/// Runs as they are read: those near each other together.
fn fetches(indices: &Indices) -> Vec<Fetch> {
    let mut fetches: Vec<Fetch> = Vec::new();
    let (mut place, mut wanted) = (0_u64, 0_u64);
    for run in indices.runs() {
        let Stride { start, step, count } = run.stride;
        let joined = fetches.last_mut().filter(|fetch| {
            let behind = fetch.stride.start.saturating_add(fetch.stride.count);
            let span = start.saturating_add(count).saturating_sub(fetch.stride.start);
            let dense = step == 1 && fetch.stride.step == 1 && start >= behind;
            dense && span <= wanted.saturating_add(count).saturating_mul(WIDEST)
        });
        if let Some(fetch) = joined {
            fetch.copies.push((start.saturating_sub(fetch.stride.start), place, count));
            fetch.stride.count = start.saturating_add(count).saturating_sub(fetch.stride.start);
            wanted = wanted.saturating_add(count);
        } else {
            fetches.push(Fetch { stride: run.stride, copies: vec![(0, place, count)] });
            wanted = count;
        }
        place = place.saturating_add(count);
    }
    fetches
}

/// Every choice of one fetch per dimension.
struct Choices<'a> {
    fetches: &'a [Vec<Fetch>],
    next: Option<Vec<usize>>,
}

impl<'a> Choices<'a> {
    fn of(fetches: &'a [Vec<Fetch>]) -> Self {
        Self { fetches, next: Some(vec![0; fetches.len()]) }
    }
}

impl<'a> Iterator for Choices<'a> {
    type Item = Vec<&'a Fetch>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next.take()?;
        let chosen: Option<Vec<&Fetch>> =
            self.fetches.iter().zip(&at).map(|(axis, at)| axis.get(*at)).collect();
        let mut following = at;
        for (place, axis) in following.iter_mut().zip(self.fetches).rev() {
            *place = place.saturating_add(1);
            if *place < axis.len() {
                self.next = Some(following);
                break;
            }
            *place = 0;
        }
        chosen
    }
}

/// Copies a part that was read to where it belongs.
struct Scatter<'a> {
    from_shape: &'a [u64],
    to_shape: &'a [u64],
    chosen: &'a [&'a Fetch],
    size: usize,
}

impl Scatter<'_> {
    /// Copies what lies along `axis` and those behind it; `at` are the elements before it in what was read, and in what is wanted.
    fn copy(&self, axis: usize, at: (usize, usize), (from, to): (&[u8], &mut [u8])) -> Option<()> {
        let Some(fetch) = self.chosen.get(axis) else {
            return copy_elements((at, 1, self.size), from, to);
        };
        let from_length = usize::try_from(*self.from_shape.get(axis)?).ok()?;
        let to_length = usize::try_from(*self.to_shape.get(axis)?).ok()?;
        let (from_base, to_base) = (at.0.checked_mul(from_length)?, at.1.checked_mul(to_length)?);
        let innermost = axis.checked_add(1)? == self.chosen.len();
        for (source, target, count) in &fetch.copies {
            let count = usize::try_from(*count).ok()?;
            let source = from_base.checked_add(usize::try_from(*source).ok()?)?;
            let target = to_base.checked_add(usize::try_from(*target).ok()?)?;
            if innermost {
                copy_elements(((source, target), count, self.size), from, to)?;
                continue;
            }
            for n in 0..count {
                self.copy(
                    axis.checked_add(1)?,
                    (source.checked_add(n)?, target.checked_add(n)?),
                    (from, to),
                )?;
            }
        }
        Some(())
    }
}

/// Copies elements from one place to another.
fn copy_elements(
    ((source, target), count, size): ((usize, usize), usize, usize),
    from: &[u8],
    to: &mut [u8],
) -> Option<()> {
    let length = count.checked_mul(size)?;
    let (source, target) = (source.checked_mul(size)?, target.checked_mul(size)?);
    let from = from.get(source..source.checked_add(length)?)?;
    to.get_mut(target..target.checked_add(length)?)?.copy_from_slice(from);
    Some(())
}
