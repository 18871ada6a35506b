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
use crate::engine::values::Values;

/// Lengths of chunks by the names of dimensions, where a site says them.
pub type Chunks = BTreeMap<String, u64>;

/// So many elements of a result are made at once, at most.
const MOST_ELEMENTS: u64 = 1 << 21;

/// Bytes of a block that is read, beside what is counted for a result.
const BLOCK_BYTES: u64 = 64 << 20;

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
    /// `BadRequest` for a variable without numbers, chunks of what is no dimension, or values that differ by from those of groups or
    /// windows of points, polygons or grids, of which no part is made alone.
    pub fn new(diagnostic: Diagnostic<'a>, chunks: &Chunks) -> Result<Self, Error> {
        if diagnostic.ground.is_some() && diagnostic.departure != Departure::None {
            return Err(Error::bad_request(
                "anomalies and windows of points, polygons and grids are no datasets; ask for them in another format",
            ));
        }
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
        let values = match self.diagnostic.departure {
            Departure::None => {
                let part = self.restricted(slab)?;
                part.compute(&part.whole())?.without_empty_groups(self.diagnostic.action, &part.axes)
            }
            _ => {
                let (narrowed, left) = self.narrowed(slab);
                let values = narrowed.values(&narrowed.reduction()?, &|made| made.compute(&made.whole()))?;
                let shape: Vec<u64> = narrowed.indices.iter().map(Indices::count).collect();
                let left = Hyperslab::within(&shape, left).map_err(|e| Error::internal(e.to_string()))?;
                values.picked(&contents::places(&left, &shape)?)
            }
        };
        Ok(contents::in_type(values, &self.computed.data_type))
    }

    /// The computation of a part of the result, and of nothing else.
    fn restricted(&self, slab: &Hyperslab) -> Result<Reduction<'_>, Error> {
        let mut reduction = self.diagnostic.reduction()?;
        for (at, stride) in self.axes.iter().zip(slab.strides()) {
            let Some(axis) = reduction.axes.get_mut(*at) else { continue };
            match &mut axis.role {
                Role::Kept => axis.indices = contents::strided(&axis.indices, *stride)?,
                Role::Grouped { of, count } => {
                    of.iter_mut().for_each(|group| *group = place(*group, *stride));
                    *count = counted(stride.count);
                }
                Role::Reduced => {}
            }
        }
        Ok(reduction)
    }

    /// The diagnostic of a part of the result, where values differ from those of their groups or windows: all that these need, and what
    /// is wanted of it.
    fn narrowed(&self, slab: &Hyperslab) -> (Diagnostic<'_>, Vec<Stride>) {
        let mut narrowed = self.diagnostic.clone();
        let mut left = slab.strides().to_vec();
        for ((at, indices), left) in narrowed.indices.iter_mut().enumerate().zip(&mut left) {
            if !is_whole(&self.diagnostic, at)
                && let Ok(part) = contents::strided(indices, *left)
            {
                *indices = part;
                *left = Stride::all(left.count);
            }
        }
        (narrowed, left)
    }
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
                let part = self.restricted(&piece)?;
                part.memory(&part.whole())?
            }
            _ => self.narrowed(&piece).0.memory()?,
        };
        let ground = self.diagnostic.ground.as_ref().map_or(0, crate::ground::Ground::bytes);
        Ok(made.saturating_add(self.block_bytes()).saturating_add(ground))
    }
}

impl Reduced<'_> {
    /// Bytes of the source that are read at once, at most.
    fn block_bytes(&self) -> u64 {
        let size = self.diagnostic.variable.data_type.size().unwrap_or(8) as u64;
        let chosen = self.diagnostic.indices.iter().map(Indices::count);
        chosen.fold(size, u64::saturating_mul).min(BLOCK_BYTES)
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
