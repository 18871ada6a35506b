//! The engine: values of a variable, put into groups along its axes, and what is made of each group.
//!
//! [`Reduction::compute`] makes any part of a result. It reads the variable block by block, each of whole chunks, and hands each
//! block to all cores, of which each has tiles of the result of its own. So each cell sees its values in one order, which the
//! variable's chunks decide, and the result does not depend on the number of threads.

pub mod axis;
pub mod cell;
pub mod item;
pub mod mapping;
pub mod plan;
pub mod sink;
pub mod source;
pub mod tile;
pub mod values;

use rayon::prelude::*;
use weir_cf::packing::NumberType;
use weir_plugin_api::Error;

use self::axis::Axis;
use self::cell::{
    AnyTrue, Cell, Count, First, Greatest, Last, Least, Moments, Sum, WeightedSum, WrappingSum,
};
use self::item::{Item, Kind, Unpacking};
use self::plan::Sizes;
use self::sink::{Cells, Gathered, Sink};
use self::source::Source;
use self::tile::{Block, Part, Tile};
use self::values::Values;
use crate::action::Action;
use crate::watch::Watch;

/// What is made of which values.
pub struct Reduction<'a> {
    /// Where they come from.
    pub source: Source<'a>,
    /// What happens along each axis of the variable.
    pub axes: Vec<Axis>,
    /// What is made of each group.
    pub action: Action,
    /// Whether it is wanted, how far it is, and how much memory it may take.
    pub watch: Watch<'a>,
}

/// Into how many pieces a block is cut where no axis is kept. A constant, because the order of additions depends on it.
const PIECES: usize = 16;

impl Reduction<'_> {
    /// The whole result: one range of output indices for each axis of the variable.
    #[must_use]
    pub fn whole(&self) -> Part {
        plan::whole(&self.axes)
    }

    /// Whether values weigh differently.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.axes.iter().any(|axis| axis.weights.is_some())
    }

    /// Bytes of the variable that take part.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        let counts = self.axes.iter().map(|axis| axis.indices.count());
        counts.fold(self.source.stored.stored_size() as u64, u64::saturating_mul)
    }

    /// What a part of the result takes while it is made, in bytes: its cells, the block that is read, and the result.
    ///
    /// # Errors
    /// `TooLarge` where memory has not as many.
    pub fn memory(&self, part: &Part) -> Result<u64, Error> {
        let cells =
            tile::cells(part).ok_or_else(|| Error::too_large("the result has more elements than memory"))?;
        let value = if self.action.takes_all_values() { 8 } else { 0 };
        let made = plan::bytes(&self.axes, part, Sizes { cell: 32, value, most: 0 });
        let made = made.min(self.watch.cell_bytes).saturating_add(plan::memory(cells, 8)?);
        let block = plan::block_bytes(&self.axes, part, self.source.element_bytes());
        Ok((made as u64).saturating_add(block))
    }

    /// A part of the result, row-major.
    ///
    /// # Errors
    /// Whatever keeps the values from being read; `TooLarge` where a group's values do not fit memory, or would have to be read
    /// too often; `Cancelled`.
    pub fn compute(&self, part: &Part) -> Result<Values, Error> {
        let is_sum = self.action == Action::Sum && !self.is_weighted();
        let unpacking = self.source.unpacking();
        let kind = unpacking.number_type();
        let values = match unpacking.kind() {
            Kind::Single if is_sum => {
                self.cells(part, |cell: &Sum<f32>| f32::of(cell.sum)).map(Values::Float32)
            }
            Kind::Double if is_sum => self.cells(part, |cell: &Sum<f64>| cell.sum).map(Values::Float64),
            Kind::Signed if is_sum => {
                let sums = self.cells(part, |cell: &WrappingSum<i64>| cell.sum);
                sums.map(|sums| Values::Signed(NumberType::Int64, sums))
            }
            Kind::Unsigned if is_sum => {
                self.cells(part, |cell: &WrappingSum<u64>| cell.sum).map(Values::Unsigned)
            }
            Kind::Single => self.others::<f32>(part, Values::Float32),
            Kind::Double => self.others::<f64>(part, Values::Float64),
            Kind::Signed => self.others::<i64>(part, |kept| Values::Signed(kind, kept)),
            Kind::Unsigned => self.others::<u64>(part, Values::Unsigned),
        };
        values.map(|values| self.in_its_type(values))
    }

    /// Sums of small integers without a sign are such integers.
    fn in_its_type(&self, values: Values) -> Values {
        use NumberType::{UInt8, UInt16, UInt32};
        match (values, self.source.unpacking().number_type(), self.action) {
            (Values::Signed(_, sums), UInt8 | UInt16 | UInt32, Action::Sum) => {
                Values::Unsigned(sums.into_iter().map(i64::cast_unsigned).collect())
            }
            (values, _, _) => values,
        }
    }

    /// All but plain sums; `kept` makes the result of actions that give one of the values.
    fn others<T: Item + Number>(
        &self,
        part: &Part,
        kept: impl Fn(Vec<T>) -> Values,
    ) -> Result<Values, Error> {
        let there = |value: T, is_there: bool| if is_there { value } else { T::missing() };
        let kept_ones = match self.action {
            Action::Min => self.cells(part, |cell: &Least<T>| there(cell.value, cell.is_there))?,
            Action::Max => self.cells(part, |cell: &Greatest<T>| there(cell.value, cell.is_there))?,
            Action::First => self.cells(part, |cell: &First<T>| there(cell.value, cell.is_there))?,
            Action::Last => self.cells(part, |cell: &Last<T>| there(cell.value, cell.is_there))?,
            _ => return self.statistics::<T>(part),
        };
        Ok(kept(kept_ones))
    }

    fn statistics<T: Item + Number>(&self, part: &Part) -> Result<Values, Error> {
        let is_weighted = self.is_weighted();
        let reals = match self.action {
            Action::Count => {
                let counts =
                    self.cells(part, |cell: &Count<T>| i64::try_from(cell.count).unwrap_or(i64::MAX))?;
                return Ok(Values::Signed(NumberType::Int64, counts));
            }
            Action::Any => return self.cells(part, |cell: &AnyTrue<T>| cell.any).map(Values::Truth),
            Action::Quantile(at) => return self.quantiles::<T>(part, at).map(Values::Float64),
            Action::Median => self.quantiles::<T>(part, 0.5)?,
            Action::Var => self.cells(part, |cell: &Moments<T>| cell.variance())?,
            Action::Std => self.cells(part, |cell: &Moments<T>| cell.variance().sqrt())?,
            Action::Sum => self.cells(part, |cell: &WeightedSum<T>| cell.sum)?,
            Action::Mean if is_weighted => self.cells(part, |cell: &WeightedSum<T>| cell.mean())?,
            Action::Mean => self.cells(part, |cell: &Sum<T>| cell.mean())?,
            Action::Min | Action::Max | Action::First | Action::Last => {
                return Err(Error::internal("these keep one of the values"));
            }
        };
        Ok(if is_weighted { Values::Float64(reals) } else { T::rounded(reals) })
    }

    fn cells<C: Cell, O: Copy + Default + Send + Sync>(
        &self,
        part: &Part,
        finish: impl Fn(&C) -> O + Sync,
    ) -> Result<Vec<O>, Error> {
        self.run(part, |sink: &mut Cells<C>| sink.0.iter().map(&finish).collect())
    }

    fn quantiles<T: Item>(&self, part: &Part, at: f64) -> Result<Vec<f64>, Error> {
        self.run(part, |sink: &mut Gathered<T>| sink.quantiles(at))
    }

    fn run<S: Sink, O: Copy + Default + Send>(
        &self,
        part: &Part,
        finish: impl Fn(&mut S) -> Vec<O> + Sync,
    ) -> Result<Vec<O>, Error> {
        let cells =
            tile::cells(part).ok_or_else(|| Error::too_large("the result has more elements than memory"))?;
        let sizes = Sizes { cell: S::CELL_BYTES, value: S::VALUE_BYTES, most: self.watch.cell_bytes };
        let passes = plan::passes(&self.axes, part, sizes)?;
        let size = self.source.element_bytes();
        passes
            .iter()
            .for_each(|pass| self.watch.progress.plan(plan::blocks(&self.axes, pass, size).len() as u64));
        let mut out = vec![O::default(); cells];
        let mut buffer = Vec::new();
        for pass in &passes {
            let parts = tile::split(&self.axes, pass);
            let mut tiles: Vec<Tile<S>> = parts.into_iter().map(|part| Tile::new(&self.axes, part)).collect();
            for indices in plan::blocks(&self.axes, pass, size) {
                self.source.read(&self.axes, &indices, &mut buffer)?;
                self.take(&mut tiles, &Block { indices, bytes: &buffer })?;
                self.watch.progress.step();
                self.watch.check()?;
            }
            let made: Vec<(Part, Vec<O>)> =
                tiles.into_par_iter().map(|mut tile| (tile.part, finish(&mut tile.sink))).collect();
            made.iter().for_each(|(of, made)| tile::place(made, of, &mut out, part));
        }
        Ok(out)
    }

    /// Hands a block to all tiles, on all cores.
    fn take<S: Sink>(&self, tiles: &mut [Tile<S>], block: &Block<'_>) -> Result<(), Error> {
        let (axes, unpacking) = (&self.axes, &self.source.unpacking());
        match tiles {
            [one] if S::VALUE_BYTES == 0 => pieces(axes, one, block, unpacking),
            _ => tiles.par_iter_mut().try_for_each(|tile| tile.take(axes, block, unpacking)),
        }
    }
}

/// One tile has all cells: pieces of the block are worked on beside each other, and merged in their order.
fn pieces<S: Sink>(
    axes: &[Axis],
    tile: &mut Tile<S>,
    block: &Block<'_>,
    unpacking: &Unpacking,
) -> Result<(), Error> {
    let cells = tile::cells(&tile.part).unwrap_or(usize::MAX);
    let elements = tile::elements(&block.indices);
    let Some((first, rest)) = block.indices.split_first() else { return Ok(()) };
    let step = first.len().div_ceil(PIECES).max(1);
    if cells.saturating_mul(PIECES).saturating_mul(4) > elements || step == first.len() {
        return tile.take(axes, block, unpacking);
    }
    let row = block.bytes.len().checked_div(first.len()).unwrap_or(0);
    let bytes = block.bytes.chunks(row.saturating_mul(step).max(1));
    let starts: Vec<usize> = first.clone().step_by(step).collect();
    let made: Result<Vec<Tile<S>>, Error> = starts
        .into_par_iter()
        .zip(bytes.collect::<Vec<_>>())
        .map(|(start, bytes)| {
            let along = start..start.saturating_add(step).min(first.end);
            let indices = [std::slice::from_ref(&along), rest].concat();
            let mut piece = Tile::new(axes, tile.part.clone());
            piece.take(axes, &Block { indices, bytes }, unpacking).map(|()| piece)
        })
        .collect();
    made?.iter().for_each(|piece| tile.sink.merge(&piece.sink));
    Ok(())
}

/// What results of numbers are.
trait Number: Sized {
    /// What stands where there was no value; integers are never missing, and groups without any are made missing later.
    fn missing() -> Self;
    /// Doubles in the type that a mean of such numbers has.
    fn rounded(reals: Vec<f64>) -> Values {
        Values::Float64(reals)
    }
}

impl Number for f32 {
    fn missing() -> Self {
        Self::NAN
    }

    fn rounded(reals: Vec<f64>) -> Values {
        Values::Float32(reals.into_iter().map(Rounded::of).collect())
    }
}

/// Singles of doubles.
trait Rounded {
    fn of(value: f64) -> Self;
}

impl Rounded for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding, at the end")]
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    fn missing() -> Self {
        Self::NAN
    }
}

impl Number for i64 {
    fn missing() -> Self {
        0
    }
}

impl Number for u64 {
    fn missing() -> Self {
        0
    }
}
