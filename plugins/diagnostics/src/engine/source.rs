//! Where values come from: the stored elements of a variable, or what a [`Mapping`] makes of them.

use std::ops::Range;

use rayon::prelude::*;
use weir_cf::packing::{NumberType, Packing};
use weir_model::{ByteOrder, Hyperslab, Stride};
use weir_plugin_api::{Dataset, Error};

use super::axis::{Axis, counted};
use super::item::{Item, Kind, Unpacking};
use super::mapping::{Mapping, Missing, NO_CELL, Origin, Shares, Taking, Wanted, clusters};
use super::{plan, tile};

/// Where values come from.
pub struct Source<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The variable's path.
    pub path: &'a str,
    /// Its lengths.
    pub shape: &'a [u64],
    /// The lengths of its chunks.
    pub chunks: &'a [u64],
    /// How stored elements become numbers.
    pub stored: Unpacking,
    /// What is made of them before the engine sees them.
    pub mapping: Option<&'a Mapping>,
}

impl Source<'_> {
    /// How the elements that the engine sees become numbers.
    #[must_use]
    pub fn unpacking(&self) -> Unpacking {
        match self.mapping {
            Some(mapping) if mapping.makes_reals() => match self.stored.kind() {
                Kind::Single => Unpacking::new(Packing::plain(NumberType::Float32)),
                _ => Unpacking::new(Packing::plain(NumberType::Float64)),
            },
            _ => self.stored.clone(),
        }
    }

    /// Bytes that are read, or made, for each element that the engine sees.
    #[must_use]
    pub fn element_bytes(&self) -> usize {
        let cells = self.mapping.map_or(1, |mapping| mapping.cost);
        self.stored.stored_size().saturating_mul(counted(cells)).max(self.unpacking().stored_size())
    }

    /// Reads the elements at some indices of each axis that the engine sees, row-major.
    ///
    /// # Errors
    /// Whatever keeps them from being read.
    pub fn read(&self, axes: &[Axis], indices: &[Range<usize>], buffer: &mut Vec<u8>) -> Result<(), Error> {
        let size = self.unpacking().stored_size();
        buffer.clear();
        buffer.resize(plan::memory(tile::elements(indices), size)?, 0);
        let strided: Vec<Stride> =
            axes.iter().zip(indices).map(|(axis, range)| axis.strided(range)).collect();
        let Some(mapping) = self.mapping else {
            return self.stored_elements(strided, buffer);
        };
        let block = Mapped { source: self, mapping, indices, strided: &strided };
        match (&mapping.taking, mapping.makes_reals(), self.stored.kind()) {
            (Taking::Each(cells), false, _) => block.taken(
                cells,
                |bytes, target, out| {
                    put(out, target, bytes);
                    Ok(())
                },
                buffer,
            ),
            (Taking::Each(cells), true, Kind::Single) => {
                fill(buffer, &f32::NAN.to_ne_bytes());
                block.taken(
                    cells,
                    |bytes, target, out| self.unpacked(bytes, target, out, |one: f32| one.to_ne_bytes()),
                    buffer,
                )
            }
            (Taking::Each(cells), true, _) => {
                fill(buffer, &f64::NAN.to_ne_bytes());
                block.taken(
                    cells,
                    |bytes, target, out| self.unpacked(bytes, target, out, |one: f64| one.to_ne_bytes()),
                    buffer,
                )
            }
            (Taking::Sums { rows, columns, missing }, ..) => block.summed((rows, columns), *missing, buffer),
        }
    }

    fn stored_elements(&self, strides: Vec<Stride>, out: &mut [u8]) -> Result<(), Error> {
        let slab =
            Hyperslab::within(self.shape, strides).map_err(|misfit| Error::internal(misfit.to_string()))?;
        self.dataset.read(self.path, &slab, ByteOrder::NATIVE, out)
    }

    /// Puts what stored elements mean to the places of their targets.
    fn unpacked<T: Item, const N: usize>(
        &self,
        stored: &[u8],
        targets: &[usize],
        out: &mut [u8],
        bytes: impl Fn(T) -> [u8; N],
    ) -> Result<(), Error> {
        let mut values = Vec::with_capacity(targets.len());
        T::unpack(&self.stored, stored, &mut values)?;
        for (value, target) in values.into_iter().zip(targets) {
            let start = target.saturating_mul(N);
            if let Some(room) = out.get_mut(start..start.saturating_add(N)) {
                room.copy_from_slice(&bytes(value));
            }
        }
        Ok(())
    }
}

fn fill(buffer: &mut [u8], with: &[u8]) {
    buffer.chunks_exact_mut(with.len().max(1)).for_each(|room| room.copy_from_slice(with));
}

/// Puts elements as they are to the places of their targets.
fn put(out: &mut [u8], targets: &[usize], elements: &[u8]) {
    let size = elements.len().checked_div(targets.len()).unwrap_or(0).max(1);
    for (element, target) in elements.chunks_exact(size).zip(targets) {
        let start = target.saturating_mul(size);
        if let Some(room) = out.get_mut(start..start.saturating_add(size)) {
            room.copy_from_slice(element);
        }
    }
}

/// A block of what a mapping makes.
struct Mapped<'a> {
    source: &'a Source<'a>,
    mapping: &'a Mapping,
    indices: &'a [Range<usize>],
    strided: &'a [Stride],
}

/// What is read for a block: cells of some rows and columns, at all kept indices.
struct Slab {
    strides: Vec<Stride>,
    /// How far neighbours along each axis of the variable are apart in it.
    steps: Vec<usize>,
}

impl Mapped<'_> {
    /// The targets of the block along an axis of targets.
    fn targets(&self, number: usize) -> Vec<usize> {
        let place = self.mapping.axes.iter().position(|from| *from == Origin::Target(number));
        let Some(stride) = place.and_then(|place| self.strided.get(place)) else { return vec![0] };
        (0..stride.count).map(|at| counted(stride.at(at))).collect()
    }

    /// How far neighbours along each axis are apart in what is made.
    fn out_steps(&self) -> Vec<usize> {
        steps(self.indices.iter().map(Range::len))
    }

    /// The step in what is made along an axis of targets.
    fn out_step(&self, number: usize) -> usize {
        let place = self.mapping.axes.iter().position(|from| *from == Origin::Target(number));
        place.and_then(|place| self.out_steps().get(place).copied()).unwrap_or(0)
    }

    fn slab(&self, rows: &Range<u64>, columns: &Range<u64>) -> Slab {
        let all = Stride { start: 0, step: 1, count: 1 };
        let mut strides = vec![all; self.source.shape.len()];
        let of = |range: &Range<u64>| Stride {
            start: range.start,
            step: 1,
            count: range.end.saturating_sub(range.start),
        };
        for (axis, range) in self.mapping.cells.iter().zip([rows, columns]) {
            if let Some(stride) = strides.get_mut(*axis) {
                *stride = of(range);
            }
        }
        for (from, own) in self.mapping.axes.iter().zip(self.strided) {
            if let Origin::Kept(axis) = from
                && let Some(stride) = strides.get_mut(*axis)
            {
                *stride = *own;
            }
        }
        let steps = steps(strides.iter().map(|stride| counted(stride.count)));
        Slab { strides, steps }
    }

    fn read(&self, slab: &Slab, scratch: &mut Vec<u8>) -> Result<(), Error> {
        let elements = slab.strides.iter().map(|stride| stride.count).fold(1, u64::saturating_mul);
        scratch.resize(plan::memory(counted(elements), self.source.stored.stored_size())?, 0);
        self.source.stored_elements(slab.strides.clone(), scratch)
    }

    /// Every choice of kept indices: where it begins in a slab, and in what is made.
    fn kept(&self, slab: &Slab) -> Vec<(usize, usize)> {
        let mut places = vec![(0_usize, 0_usize)];
        let axes = self.mapping.axes.iter().zip(self.indices).zip(self.out_steps());
        for ((from, range), out) in axes {
            let Origin::Kept(axis) = from else { continue };
            let step = slab.steps.get(*axis).copied().unwrap_or(0);
            places = places
                .iter()
                .flat_map(|(source, target)| {
                    (0..range.len()).map(move |at| {
                        (
                            source.saturating_add(at.saturating_mul(step)),
                            target.saturating_add(at.saturating_mul(out)),
                        )
                    })
                })
                .collect();
        }
        places
    }

    /// Takes one cell for each target, and hands stored elements on with the places where they go.
    fn taken(
        &self,
        cells: &[u32],
        put: impl Fn(&[u8], &[usize], &mut [u8]) -> Result<(), Error>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (first, second) = (self.targets(0), self.targets(1));
        let wide = self.mapping.targets.get(1).copied().unwrap_or(1);
        let width = self.mapping.width(self.source.shape);
        let (down, across) = (self.out_step(0), self.out_step(1));
        let mut wanted = Vec::new();
        for (at, row) in first.iter().enumerate() {
            for (beside, column) in second.iter().enumerate() {
                let number = row.saturating_mul(wide).saturating_add(*column);
                let place = at.saturating_mul(down).saturating_add(beside.saturating_mul(across));
                if let Some(cell) = cells.get(number).filter(|cell| **cell != NO_CELL) {
                    wanted.push(Wanted::of((place, *cell), width));
                }
            }
        }
        let size = self.source.stored.stored_size();
        let (mut scratch, mut elements, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for cluster in clusters(wanted, self.mapping.chunk(self.source.chunks)) {
            let slab = self.slab(&cluster.rows, &cluster.columns);
            self.read(&slab, &mut scratch)?;
            let step = |place: usize| {
                self.mapping.cells.get(place).and_then(|axis| slab.steps.get(*axis)).copied().unwrap_or(0)
            };
            let inner = |one: &Wanted| {
                let row = counted(one.row.saturating_sub(cluster.rows.start)).saturating_mul(step(0));
                let column =
                    counted(one.column.saturating_sub(cluster.columns.start)).saturating_mul(step(1));
                (row.saturating_add(column), one.target)
            };
            let inner: Vec<(usize, usize)> = cluster.wanted.iter().map(inner).collect();
            for (source, target) in self.kept(&slab) {
                elements.clear();
                places.clear();
                for (cell, place) in &inner {
                    let start = source.saturating_add(*cell).saturating_mul(size);
                    let element = scratch.get(start..start.saturating_add(size));
                    elements.extend_from_slice(
                        element.ok_or_else(|| Error::internal("a cell lies beside what was read"))?,
                    );
                    places.push(target.saturating_add(*place));
                }
                put(&elements, &places, out)?;
            }
        }
        Ok(())
    }

    /// Sums of cells.
    fn summed(
        &self,
        (rows, columns): (&Shares, &Shares),
        missing: Missing,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (first, second) = (self.targets(0), self.targets(1));
        let is_single = self.source.unpacking().stored_size() == 4;
        if is_single {
            fill(out, &f32::NAN.to_ne_bytes());
        } else {
            fill(out, &f64::NAN.to_ne_bytes());
        }
        let (Some(taken_rows), Some(taken_columns)) = (rows.hull(&first), columns.hull(&second)) else {
            return Ok(());
        };
        let slab = self.slab(&taken_rows, &taken_columns);
        let mut scratch = Vec::new();
        self.read(&slab, &mut scratch)?;
        let mut values: Vec<f64> = Vec::new();
        f64::unpack(&self.source.stored, &scratch, &mut values)?;
        drop(scratch);
        let step = |place: usize| {
            self.mapping.cells.get(place).and_then(|axis| slab.steps.get(*axis)).copied().unwrap_or(0)
        };
        let sum = Sum {
            values: &values,
            steps: (step(0), step(1)),
            starts: (taken_rows.start, taken_columns.start),
            missing,
        };
        let (down, across) = (self.out_step(0), self.out_step(1));
        let tasks: Vec<(usize, usize, usize)> = self
            .kept(&slab)
            .into_iter()
            .flat_map(|(source, target)| {
                first
                    .iter()
                    .enumerate()
                    .map(move |(at, row)| (source, target.saturating_add(at.saturating_mul(down)), *row))
            })
            .collect();
        let made: Vec<Vec<f64>> = tasks
            .par_iter()
            .map(|(source, _, row)| {
                second.iter().map(|column| sum.of(*source, rows.at(*row), columns.at(*column))).collect()
            })
            .collect();
        for ((_, target, _), line) in tasks.iter().zip(made) {
            for (beside, value) in line.into_iter().enumerate() {
                let place = target.saturating_add(beside.saturating_mul(across));
                #[expect(clippy::cast_possible_truncation, reason = "the one rounding of sums of singles")]
                if is_single {
                    put(out, &[place], &(value as f32).to_ne_bytes());
                } else {
                    put(out, &[place], &value.to_ne_bytes());
                }
            }
        }
        Ok(())
    }
}

/// How far neighbours along each axis are apart.
fn steps(lengths: impl DoubleEndedIterator<Item = usize>) -> Vec<usize> {
    let mut step = 1_usize;
    let steps = lengths.rev().map(|length| {
        let own = step;
        step = step.saturating_mul(length);
        own
    });
    let mut steps: Vec<usize> = steps.collect();
    steps.reverse();
    steps
}

/// Sums of values that were read.
struct Sum<'a> {
    values: &'a [f64],
    steps: (usize, usize),
    starts: (u64, u64),
    missing: Missing,
}

impl Sum<'_> {
    fn of(&self, source: usize, rows: &[(u32, f64)], columns: &[(u32, f64)]) -> f64 {
        let (mut sum, mut shares) = (0.0, 0.0);
        for (row, of_row) in rows {
            let start = source.saturating_add(
                counted(u64::from(*row).saturating_sub(self.starts.0)).saturating_mul(self.steps.0),
            );
            for (column, of_column) in columns {
                let place = start.saturating_add(
                    counted(u64::from(*column).saturating_sub(self.starts.1)).saturating_mul(self.steps.1),
                );
                let value = self.values.get(place).copied().unwrap_or(f64::NAN);
                if value.is_nan() {
                    match self.missing {
                        Missing::LeftOut => continue,
                        Missing::Spreads => return f64::NAN,
                    }
                }
                let share = of_row * of_column;
                sum += value * share;
                shares += share;
            }
        }
        if shares == 0.0 { f64::NAN } else { sum / shares }
    }
}
