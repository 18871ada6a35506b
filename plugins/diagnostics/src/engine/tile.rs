//! Tiles: parts of a result, each worked on by one thread at a time.

use std::ops::Range;

use weir_plugin_api::Error;

use super::axis::{Axis, Role, counted};
use super::item::{Item, Unpacking};
use super::sink::{Sink, Weights};

/// A part of the result: one range of output indices for each axis of the source.
pub type Part = Vec<Range<usize>>;

/// How many cells a part has.
#[must_use]
pub fn cells(part: &[Range<usize>]) -> Option<usize> {
    part.iter().try_fold(1_usize, |cells, range| cells.checked_mul(range.len()))
}

/// A part of the result in the making.
pub struct Tile<S: Sink> {
    /// Which part.
    pub part: Part,
    /// What is made.
    pub sink: S,
    scratch: Vec<S::Item>,
}

/// Elements that were read, row-major, and which they are.
pub struct Block<'a> {
    /// Indices of the source, one range for each axis.
    pub indices: Vec<Range<usize>>,
    /// Stored elements.
    pub bytes: &'a [u8],
}

/// Where the indices of a block go along one axis.
struct Way<'a> {
    /// How far each moves the cell; `None` where it goes elsewhere.
    steps: Vec<Option<usize>>,
    /// The first index that goes into the tile, and the one behind the last.
    taken: Range<usize>,
    /// What each weighs.
    weights: Option<&'a [f64]>,
    /// Whether neighbours go to neighbouring cells.
    is_kept: bool,
    /// Whether all that are taken go to one cell.
    is_one: bool,
}

impl<S: Sink> Tile<S> {
    /// A tile that nothing went into.
    pub fn new(axes: &[Axis], part: Part) -> Self {
        Self { sink: S::with(capacities(axes, &part)), part, scratch: Vec::new() }
    }

    /// Takes in what goes into this tile of a block.
    ///
    /// # Errors
    /// Where the block's bytes are not what its indices say.
    pub fn take(&mut self, axes: &[Axis], block: &Block<'_>, unpacking: &Unpacking) -> Result<(), Error> {
        let ways = self.ways(axes, block);
        if ways.iter().any(|way| way.taken.is_empty()) {
            return Ok(());
        }
        let mut walk =
            Walk { sink: &mut self.sink, scratch: &mut self.scratch, ways: &ways, block, unpacking };
        walk.along(0, 0, 0, 1.0)
    }

    fn ways<'a>(&self, axes: &'a [Axis], block: &Block<'_>) -> Vec<Way<'a>> {
        let mut step = 1_usize;
        let axes = axes.iter().zip(&self.part).zip(&block.indices).rev();
        let ways = axes.map(|((axis, part), indices)| {
            let way = way(axis, part, indices, step);
            step = step.saturating_mul(part.len());
            way
        });
        let mut ways: Vec<Way<'a>> = ways.collect();
        ways.reverse();
        ways
    }
}

fn way<'a>(axis: &'a Axis, part: &Range<usize>, indices: &Range<usize>, step: usize) -> Way<'a> {
    let goes = |index: usize| {
        let place = axis.goes(index).filter(|place| part.contains(place))?;
        Some(place.saturating_sub(part.start).saturating_mul(step))
    };
    let steps: Vec<Option<usize>> = indices.clone().map(goes).collect();
    let first = steps.iter().position(Option::is_some).unwrap_or(0);
    let behind = steps.iter().rposition(Option::is_some).map_or(0, |last| last.saturating_add(1));
    let taken = steps.get(first..behind).unwrap_or_default();
    let is_one = taken.iter().all(|step| step.is_some() && Some(step) == taken.first());
    let weights = axis.weights.as_deref().and_then(|weights| weights.get(indices.clone()));
    Way { is_kept: axis.role == Role::Kept, is_one, taken: first..behind.max(first), weights, steps }
}

/// How many values may go into each cell.
fn capacities(axes: &[Axis], part: &Part) -> Vec<usize> {
    let mut capacities = vec![1_usize];
    for (axis, range) in axes.iter().zip(part) {
        let along: Vec<usize> = match axis.role {
            Role::Kept => vec![1; range.len()],
            Role::Reduced => vec![counted(axis.indices.count())],
            Role::Grouped { .. } => {
                range.clone().map(|group| axis.sources(&(group..group.saturating_add(1)))).collect()
            }
        };
        capacities = capacities
            .iter()
            .flat_map(|outer| along.iter().map(move |inner| outer.saturating_mul(*inner)))
            .collect();
    }
    capacities
}

/// A way through a block, row by row.
struct Walk<'a, S: Sink> {
    sink: &'a mut S,
    scratch: &'a mut Vec<S::Item>,
    ways: &'a [Way<'a>],
    block: &'a Block<'a>,
    unpacking: &'a Unpacking,
}

impl<S: Sink> Walk<'_, S> {
    /// Goes along an axis, from a cell and an element on; rows are along the last one.
    fn along(&mut self, axis: usize, cell: usize, element: usize, weight: f64) -> Result<(), Error> {
        let Some(way) = self.ways.get(axis) else {
            // Not reached: variables without dimensions are refused.
            return Err(Error::internal("a block without axes"));
        };
        let element = element.saturating_mul(way.steps.len());
        let inner = axis.saturating_add(1);
        if inner == self.ways.len() {
            return self.row(way, cell, element, weight);
        }
        for index in way.taken.clone() {
            let Some(step) = way.steps.get(index).copied().flatten() else { continue };
            let own = way.weights.and_then(|weights| weights.get(index)).map_or(weight, |own| own * weight);
            self.along(inner, cell.saturating_add(step), element.saturating_add(index), own)?;
        }
        Ok(())
    }

    fn row(&mut self, way: &Way<'_>, cell: usize, element: usize, weight: f64) -> Result<(), Error> {
        let size = self.unpacking.stored_size();
        let place = |index: usize| element.saturating_add(index).saturating_mul(size);
        let bytes = self.block.bytes.get(place(way.taken.start)..place(way.taken.end));
        let bytes = bytes.ok_or_else(|| Error::internal("a block is shorter than its indices say"))?;
        self.scratch.clear();
        S::Item::unpack(self.unpacking, bytes, self.scratch)?;
        let steps = way.steps.get(way.taken.clone()).unwrap_or_default();
        let weights = Weights { all: weight, each: way.weights.and_then(|each| each.get(way.taken.clone())) };
        let first = cell.saturating_add(steps.first().copied().flatten().unwrap_or(0));
        if way.is_one {
            self.sink.all_to_one(first, self.scratch, weights);
        } else if way.is_kept {
            self.sink.along(first, self.scratch, weights);
        } else {
            for (at, (item, step)) in self.scratch.iter().zip(steps).enumerate() {
                let Some(step) = step else { continue };
                let own = weights.each.and_then(|each| each.get(at)).map_or(weight, |own| own * weight);
                self.sink.one(cell.saturating_add(*step), *item, own);
            }
        }
        Ok(())
    }
}

/// Parts of a part along its longest kept axis, small enough for a processor's cache; one where no axis is kept.
#[must_use]
pub fn split(axes: &[Axis], part: &Part) -> Vec<Part> {
    let kept = |at: &usize| axes.get(*at).is_some_and(|axis| axis.role == Role::Kept);
    let length = |at: &usize| part.get(*at).map_or(0, Range::len);
    let mut candidates = (0..part.len()).filter(kept);
    let long = candidates.clone().find(|at| length(at) >= FEW_TILES);
    let Some(at) = long.or_else(|| candidates.by_ref().max_by_key(length)) else { return vec![part.clone()] };
    let kept_cells = cells_of_group(axes, part);
    let tiles = kept_cells.div_ceil(TILE_CELLS).clamp(1, MOST_TILES);
    let step = length(&at).div_ceil(tiles).max(1);
    let range = part.get(at).cloned().unwrap_or_default();
    let starts = range.clone().step_by(step);
    starts
        .map(|start| {
            let mut tile = part.clone();
            if let Some(along) = tile.get_mut(at) {
                *along = start..start.saturating_add(step).min(range.end);
            }
            tile
        })
        .collect()
}

/// Cells of one group.
fn cells_of_group(axes: &[Axis], part: &Part) -> usize {
    let kept = axes.iter().zip(part).filter(|(axis, _)| axis.role == Role::Kept);
    kept.map(|(_, range)| range.len()).fold(1, usize::saturating_mul)
}

const FEW_TILES: usize = 16;
const TILE_CELLS: usize = 4096;
const MOST_TILES: usize = 64;

/// Copies what was made of a tile to its place in a larger part.
pub fn place<O: Copy>(made: &[O], of: &Part, out: &mut [O], whole: &Part) {
    let (Some(run), Some(rows)) = (of.last().map(Range::len), of.len().checked_sub(1)) else { return };
    let mut at: Vec<usize> = of.iter().map(|range| range.start).collect();
    for row in made.chunks(run.max(1)) {
        let offset = at.iter().zip(whole).fold(0_usize, |offset, (at, range)| {
            offset.saturating_mul(range.len()).saturating_add(at.saturating_sub(range.start))
        });
        if let Some(room) = out.get_mut(offset..offset.saturating_add(row.len())) {
            room.copy_from_slice(row);
        }
        for (at, range) in at.iter_mut().zip(of).take(rows).rev() {
            *at = at.saturating_add(1);
            if *at < range.end {
                break;
            }
            *at = range.start;
        }
    }
}

/// Elements of a block.
#[must_use]
pub fn elements(indices: &[Range<usize>]) -> usize {
    let counts = indices.iter().map(|range| range.len() as u64);
    counted(counts.fold(1_u64, u64::saturating_mul))
}

#[cfg(test)]
mod tests {
    use weir_selection::Indices;

    use super::*;

    #[test]
    fn parts_go_to_their_places() {
        let mut out = vec![0; 12];
        place(&[1, 2, 3, 4], &vec![1..3, 2..4], &mut out, &vec![0..3, 0..4]);
        assert_eq!(out, [0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4]);
    }

    #[test]
    fn tiles_cover_a_part_once() {
        let kept = |length| Axis { indices: Indices::all(length), chunk: 3, role: Role::Kept, weights: None };
        let axes = [Axis { role: Role::Reduced, ..kept(4) }, kept(100), kept(1000)];
        let part = vec![0..1, 10..100, 0..1000];
        let tiles = split(&axes, &part);
        assert!(tiles.len() > 5);
        let mut out = vec![0; 90_000];
        for tile in &tiles {
            let made = vec![1; cells(tile).unwrap()];
            let mut own = vec![0; 90_000];
            place(&made, tile, &mut own, &part);
            out.iter_mut().zip(own).for_each(|(sum, one)| *sum += one);
        }
        assert!(out.iter().all(|count| *count == 1));
        assert_eq!(split(&axes[..1], &part[..1].to_vec()).len(), 1);
    }
}
