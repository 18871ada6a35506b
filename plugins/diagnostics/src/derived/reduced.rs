//! The result of a diagnostic as a dataset: any part of it is made alone.

use std::collections::BTreeMap;

use weir_model::{ChunkGrid, DataType, Hyperslab, Pieces, Schema, Stride};
use weir_plugin_api::{Error, Wanted};
use weir_selection::Indices;

use super::contents::{self, Computed};
use super::{Derived, held};
use crate::action::Action;
use crate::diagnostic::{Along, Departure, Diagnostic};
use crate::engine::Reduction;
use crate::engine::axis::{Axis, NO_GROUP, Role, counted};
use crate::engine::tile::Part;
use crate::engine::values::Values;
use crate::ground::Ground;

/// Lengths of chunks by the names of dimensions, where a site says them.
pub type Chunks = BTreeMap<String, u64>;

/// So many elements of a result are made at once, at most.
const MOST_ELEMENTS: u64 = 1 << 19;

/// Chunks of results have at least about so many bytes, where the result has them.
const CHUNK_BYTES: u64 = 1 << 20;

/// The result of a diagnostic.
pub struct Reduced<'a> {
    diagnostic: Diagnostic<'a>,
    /// The axis of the variable that each dimension of the result is along.
    axes: Vec<usize>,
    computed: Computed,
}

impl<'a> Reduced<'a> {
    /// The result of a diagnostic, in chunks of which some lengths may be given.
    ///
    /// # Errors
    /// `BadRequest` for a variable without numbers, or chunks of what is no dimension.
    pub fn new(diagnostic: Diagnostic<'a>, chunks: &Chunks) -> Result<Self, Error> {
        let (dimensions, attributes, axes, data_type, shape) = {
            let reduction = diagnostic.reduction()?;
            let (dimensions, axes) = diagnostic.dimensions(&reduction);
            let dimensions: Vec<(String, u64)> =
                dimensions.into_iter().map(|(name, length)| (name, length as u64)).collect();
            let data_type = data_type(&diagnostic, &reduction)?;
            let own = own_chunks(&diagnostic, (&reduction, &axes), data_type.size().unwrap_or(8) as u64);
            (dimensions, diagnostic.described(), axes, data_type, own)
        };
        contents::check_chunks(chunks, &dimensions)?;
        let lengths = dimensions.iter().zip(shape);
        let chunks = lengths
            .map(|((name, length), own)| chunks.get(name).copied().unwrap_or(own).clamp(1, (*length).max(1)));
        let (name, chunks) = (diagnostic.variable.name.clone(), chunks.collect());
        let computed = Computed { name, dimensions, data_type, attributes, chunks };
        Ok(Self { diagnostic, axes, computed })
    }

    /// How many dimensions the result has.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.axes.len()
    }

    fn is_computed(&self, path: &str) -> bool {
        path.trim_start_matches('/') == self.computed.name
    }

    fn shape(&self) -> Vec<u64> {
        self.computed.dimensions.iter().map(|(_, length)| *length).collect()
    }

    /// Parts of a hyperslab that are made one after the other, and follow each other in it.
    fn pieces(&self, slab: &Hyperslab) -> Result<Pieces, Error> {
        let grid = ChunkGrid::new(self.shape(), self.computed.chunks.clone());
        let grid = grid.map_err(|e| Error::internal(e.to_string()))?;
        Ok(Pieces::new(slab.clone(), &grid, MOST_ELEMENTS, MOST_ELEMENTS))
    }

    /// The values of a part of the result.
    fn values(&self, slab: &Hyperslab) -> Result<Values, Error> {
        let (values, made) = match self.diagnostic.departure {
            Departure::None => {
                let Restricted { reduction, part, made } = self.restricted(slab)?;
                let values = reduction.compute(&part)?;
                let mut axes = reduction.axes;
                for (axis, part) in axes.iter_mut().zip(&part).filter(|(axis, _)| axis.role == Role::Kept) {
                    axis.indices = Indices::all(part.len() as u64);
                }
                (values.without_empty_groups(self.diagnostic.action, &axes), made)
            }
            _ => {
                let (narrowed, made) = self.narrowed(slab)?;
                let reduction = narrowed.reduction()?;
                (narrowed.values(&reduction, &|whole| whole.compute(&whole.whole()))?, made)
            }
        };
        Ok(contents::in_type(made.pick(values)?, &self.computed.data_type))
    }

    /// The computation of a part of the result, and of little else.
    fn restricted(&self, slab: &Hyperslab) -> Result<Restricted<'_>, Error> {
        let mut reduction = self.diagnostic.reduction()?;
        let mut made = MadePart::default();
        let mut ranges = Vec::new();
        for (at, stride) in self.axes.iter().zip(slab.strides()) {
            let Some(axis) = reduction.axes.get_mut(*at) else { continue };
            match &mut axis.role {
                // What takes the place of stored cells is asked for by a range.
                Role::Kept if is_made(&self.diagnostic, *at) => {
                    let end = stride.last().map_or(stride.start, |last| last.saturating_add(1));
                    ranges.push((*at, counted(stride.start)..counted(end)));
                    made.axis(end.saturating_sub(stride.start), Stride { start: 0, ..*stride });
                }
                Role::Kept => {
                    axis.indices = contents::strided(&axis.indices, *stride)?;
                    made.axis(stride.count, Stride::all(stride.count));
                }
                Role::Grouped { of, count } => {
                    of.iter_mut().for_each(|group| *group = place(*group, *stride));
                    *count = counted(stride.count);
                    made.axis(stride.count, Stride::all(stride.count));
                }
                Role::Reduced => {}
            }
        }
        let mut part = reduction.whole();
        for (at, range) in ranges {
            part.iter_mut().skip(at).take(1).for_each(|part| *part = range.clone());
        }
        Ok(Restricted { reduction, part, made })
    }

    /// The diagnostic of a part of the result, where values differ from those of their groups or windows: all that these need, and what
    /// is wanted of it.
    fn narrowed(&self, slab: &Hyperslab) -> Result<(Diagnostic<'_>, MadePart), Error> {
        let mut narrowed = self.diagnostic.clone();
        let mut made = MadePart::default();
        let lengths = self.computed.dimensions.iter().map(|(_, length)| *length);
        for (((at, indices), stride), length) in
            narrowed.indices.iter_mut().enumerate().zip(slab.strides()).zip(lengths)
        {
            if is_whole(&self.diagnostic, at) || is_made(&self.diagnostic, at) {
                made.axis(length, *stride);
            } else {
                *indices = contents::strided(indices, *stride)?;
                made.axis(stride.count, Stride::all(stride.count));
            }
        }
        Ok((narrowed, made))
    }
}

/// A computation of a part of the result.
struct Restricted<'a> {
    reduction: Reduction<'a>,
    part: Part,
    made: MadePart,
}

/// What is made where a part is wanted, and what of it is.
#[derive(Default)]
struct MadePart {
    shape: Vec<u64>,
    wanted: Vec<Stride>,
}

impl MadePart {
    fn axis(&mut self, length: u64, wanted: Stride) {
        self.shape.push(length);
        self.wanted.push(wanted);
    }

    /// What is wanted of what was made.
    fn pick(&self, values: Values) -> Result<Values, Error> {
        if self.shape.iter().zip(&self.wanted).all(|(length, wanted)| *wanted == Stride::all(*length)) {
            return Ok(values);
        }
        let slab = Hyperslab::within(&self.shape, self.wanted.clone());
        let slab = slab.map_err(|misfit| Error::internal(misfit.to_string()))?;
        Ok(values.picked(&contents::places(&slab, &self.shape)?))
    }
}

/// Whether an axis takes the place of others of the variable: of its points, say, or of the cells of a grid.
fn is_made(diagnostic: &Diagnostic<'_>, at: usize) -> bool {
    diagnostic.ground.as_ref().is_some_and(|ground| ground.target(at).is_some())
}

impl Derived for Reduced<'_> {
    fn schema(&self) -> Result<Schema, Error> {
        let coordinates = self.diagnostic.result_coordinates()?;
        let title = format!("{} of {}", self.diagnostic.action, self.diagnostic.dataset.id());
        contents::schema(std::slice::from_ref(&self.computed), &coordinates, &title)
    }

    fn read(&self, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error> {
        if !self.is_computed(wanted.variable) {
            let coordinates = self.diagnostic.result_coordinates()?;
            return held::read(&coordinates, &self.computed.dimensions, wanted, out);
        }
        let pieces = self.pieces(wanted.slab)?;
        contents::fill((&self.computed, wanted.order), pieces, out, |piece| self.values(piece))
    }

    fn read_strings(&self, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, Error> {
        held::texts(&self.diagnostic.result_coordinates()?, &self.computed.dimensions, wanted)
    }

    fn memory(&self, wanted: Wanted<'_>) -> Result<u64, Error> {
        if !self.is_computed(wanted.variable) {
            return Ok(held::memory(wanted));
        }
        let Some(piece) = self.pieces(wanted.slab)?.next() else { return Ok(0) };
        let made = match self.diagnostic.departure {
            Departure::None => {
                let Restricted { reduction, part, .. } = self.restricted(&piece)?;
                reduction.memory(&part)?
            }
            _ => self.narrowed(&piece)?.0.memory()?,
        };
        Ok(made.saturating_add(self.diagnostic.ground.as_ref().map_or(0, Ground::bytes)))
    }
}

/// Whether an axis is read as a whole wherever a part of the result is made: groups and windows need it.
fn is_whole(diagnostic: &Diagnostic<'_>, at: usize) -> bool {
    let window = match diagnostic.departure {
        Departure::Rolling(window) => Some(window.axis),
        _ => None,
    };
    window == Some(at) || diagnostic.along.get(at) != Some(&Along::Kept)
}

/// The place of a group among those that are wanted.
fn place(group: u32, stride: Stride) -> u32 {
    let behind = u64::from(group).checked_sub(stride.start).filter(|_| group != NO_GROUP);
    let place = behind.filter(|behind| behind.checked_rem(stride.step) == Some(0));
    let place =
        place.and_then(|behind| behind.checked_div(stride.step)).filter(|place| *place < stride.count);
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(NO_GROUP)
}

/// The type of a result, which is that of no value.
fn data_type(diagnostic: &Diagnostic<'_>, reduction: &Reduction<'_>) -> Result<DataType, Error> {
    let mut nothing = diagnostic.reduction()?;
    for axis in &mut nothing.axes {
        (axis.indices, axis.role) = (Indices::of_runs(vec![]), Role::Kept);
        axis.weights = axis.weights.is_some().then(Vec::new);
    }
    let made = contents::data_type(&nothing.compute(&nothing.whole())?);
    if diagnostic.departure != Departure::None {
        nothing.action = Action::First;
        let all = contents::data_type(&nothing.compute(&nothing.whole())?);
        let is_single = all == DataType::Float32
            && (made == DataType::Float32 || matches!(diagnostic.departure, Departure::Rolling(_)));
        return Ok(if is_single { DataType::Float32 } else { DataType::Float64 });
    }
    // Clients of every protocol know integers of 32 bits, and no count is larger.
    let selected = diagnostic.indices.iter().map(Indices::count).fold(1_u64, u64::saturating_mul);
    if diagnostic.action == Action::Count && i32::try_from(selected).is_ok() {
        return Ok(DataType::Int32);
    }
    let is_missing_somewhere = reduction.axes.iter().any(|axis| has_empty_groups(diagnostic.action, axis));
    Ok(if is_missing_somewhere && made != DataType::Float32 { DataType::Float64 } else { made })
}

/// Whether a group along an axis has no index, so that integers cannot say that it is missing.
fn has_empty_groups(action: Action, axis: &Axis) -> bool {
    let Role::Grouped { count, .. } = axis.role else { return false };
    let zeros = Values::Unsigned(vec![0; count]);
    matches!(zeros.without_empty_groups(action, std::slice::from_ref(axis)), Values::Float64(_))
}

/// The chunks in which a result is best made: those of the source, and all groups together where they share its chunks.
fn own_chunks(
    diagnostic: &Diagnostic<'_>,
    (reduction, axes): (&Reduction<'_>, &[usize]),
    size: u64,
) -> Vec<u64> {
    let is_departure = diagnostic.departure != Departure::None;
    let along = |at: &usize| -> (u64, u64) {
        let Some(axis) = reduction.axes.get(*at) else { return (1, 1) };
        let all = axis.indices.count();
        match &axis.role {
            _ if is_departure && is_whole(diagnostic, *at) => (all, all),
            Role::Grouped { count, .. } if !is_departure => (group_chunk(axis, *count), *count as u64),
            _ => (contents::chosen_chunk(axis.chunk, &axis.indices), all),
        }
    };
    let mut chunks: Vec<(u64, u64)> = axes.iter().map(along).collect();
    let bytes = |chunks: &[(u64, u64)]| {
        chunks.iter().map(|(chunk, all)| (*chunk).min(*all)).fold(size, u64::saturating_mul)
    };
    for at in (0..chunks.len()).rev() {
        while bytes(&chunks) < CHUNK_BYTES {
            match chunks.get_mut(at) {
                Some((chunk, all)) if *chunk < *all => *chunk = chunk.saturating_mul(2),
                _ => break,
            }
        }
    }
    contents::bounded(chunks, size)
}

/// How many groups are made together: one, where each has chunks of its own, else all.
fn group_chunk(axis: &Axis, count: usize) -> u64 {
    let one_by_one: u64 = (0..count).map(|group| axis.chunks(&(group..group.saturating_add(1)))).sum();
    let together = axis.chunks(&(0..count));
    // A quarter more is read at most.
    if one_by_one.saturating_mul(4) <= together.saturating_mul(5) { 1 } else { count as u64 }
}
