//! What is asked for of one variable by all projections together.

use std::collections::BTreeMap;

use weir_model::{DataType, Hyperslab, Misfit, Stride};

use super::super::constraint::{Index, Projection};
use super::super::record::Asked;
use super::super::selection::Filter;
use super::super::{Entry, Fault, Inventory, Kind, Member, Reason};
use super::{Grid, GridForm, Projected, Range, Record, RowSource, Rows, Shown, Values};

/// What is asked for of a variable, or of a part of one.
///
/// As in libdap, of several indices of the same thing the last ones count; those before must fit, too.
#[derive(Debug, Default)]
pub struct Wanted<'c> {
    /// Whether all of it is asked for, and not some parts only.
    whole: bool,
    indices: Vec<(&'c Projection, &'c [Index])>,
    parts: BTreeMap<usize, Wanted<'c>>,
}

/// A thing without indices, of which nothing is said.
static NOTHING: Wanted<'static> = Wanted { whole: true, indices: Vec::new(), parts: BTreeMap::new() };

impl<'c> Wanted<'c> {
    /// Adds indices of the part that `way` leads to.
    pub fn index(&mut self, way: &[usize], projection: &'c Projection, indices: &'c [Index]) {
        if !indices.is_empty() {
            self.part(way).indices.push((projection, indices));
        }
    }

    /// Adds the part that `way` leads to.
    pub fn ask(&mut self, way: &[usize]) {
        self.part(way).whole = true;
    }

    fn part(&mut self, way: &[usize]) -> &mut Self {
        way.iter().fold(self, |wanted, &part| wanted.parts.entry(part).or_default())
    }

    /// What is said of a part: `None` where it is not asked for.
    fn of(&self, part: usize) -> Option<&Self> {
        match self.parts.get(&part) {
            Some(wanted) if self.whole || wanted.is_asked() => Some(wanted),
            Some(_) => None,
            None if self.whole => Some(&NOTHING),
            None => None,
        }
    }

    fn is_asked(&self) -> bool {
        self.whole || self.parts.values().any(Self::is_asked)
    }

    fn fault(&self, name: &str, misfit: Misfit) -> Fault {
        match self.indices.last() {
            Some((projection, _)) => projection.fault(Reason::Misfit(misfit)),
            None => Fault { byte: 0, token: name.to_owned(), reason: Reason::Misfit(misfit) },
        }
    }

    fn strides(&self, shape: &[u64]) -> Result<Vec<Stride>, Fault> {
        let mut last = None;
        for (projection, indices) in &self.indices {
            let strides = strides(indices, shape);
            last = Some(strides.map_err(|misfit| projection.fault(Reason::Misfit(misfit)))?);
        }
        Ok(last.unwrap_or_else(|| shape.iter().map(|&length| Stride::all(length)).collect()))
    }
}

/// The strides that `indices` name along axes of these lengths.
fn strides(indices: &[Index], shape: &[u64]) -> Result<Vec<Stride>, Misfit> {
    if indices.len() != shape.len() {
        return Err(Misfit::Rank { given: indices.len(), expected: shape.len() });
    }
    let axes = indices.iter().zip(shape).enumerate();
    axes.map(|(axis, (index, &length))| index.stride(axis, length)).collect()
}

/// The part of `entry` that is `wanted`.
///
/// # Errors
/// [`Fault`] where indices do not fit.
pub fn shown<'i>(
    place: usize,
    wanted: &Wanted<'_>,
    inventory: &'i Inventory<'i>,
) -> Result<Option<Shown<'i>>, Fault> {
    let Some(entry) = inventory.entries().get(place) else { return Ok(None) };
    Ok(Some(match &entry.kind {
        Kind::Atomic(_) if entry.is_grid() => Shown::Grid(grid(entry, wanted, inventory)?),
        Kind::Atomic(_) => Shown::Array(array(entry, wanted)?),
        Kind::Structure(members) => Shown::Structure(Record {
            entry,
            slab: slab(wanted, &entry.name, &entry.shape())?,
            members: asked(members, wanted)?,
        }),
        Kind::Sequence(members) => Shown::Sequence(rows(entry, members, wanted)?),
    }))
}

fn slab(wanted: &Wanted<'_>, name: &str, shape: &[u64]) -> Result<Hyperslab, Fault> {
    let strides = wanted.strides(shape)?;
    Hyperslab::within(shape, strides).map_err(|misfit| wanted.fault(name, misfit))
}

fn array<'i>(entry: &'i Entry<'i>, wanted: &Wanted<'_>) -> Result<Projected<'i>, Fault> {
    let strides = wanted.strides(&entry.shape())?;
    projected(entry, strides).map_err(|misfit| wanted.fault(&entry.name, misfit))
}

/// The part of `entry` that has these strides along the axes that clients see.
///
/// # Errors
/// [`Misfit`] where they do not lie inside.
pub fn projected<'i>(entry: &'i Entry<'i>, strides: Vec<Stride>) -> Result<Projected<'i>, Misfit> {
    let mut stored = strides.clone();
    if entry.variable.data_type == DataType::Char {
        stored.extend(entry.variable.shape.last().map(|&length| Stride::all(length)));
    }
    let slab = Hyperslab::within(&entry.shape(), strides)?;
    let stored = Hyperslab::within(&entry.variable.shape, stored)?;
    Ok(Projected { entry, slab, stored, behind: None, values: Values::Stored })
}

/// What is `wanted` of these members, in declaration order.
fn asked(members: &[Member], wanted: &Wanted<'_>) -> Result<Vec<Asked>, Fault> {
    let mut found = Vec::new();
    for (part, member) in members.iter().enumerate() {
        let Some(wanted) = wanted.of(part) else { continue };
        let slab = slab(wanted, &member.name, &member.shape)?;
        found.push(Asked::new(member.clone(), slab, asked(member.members(), wanted)?));
    }
    Ok(found)
}

fn rows<'i>(entry: &'i Entry<'i>, members: &[Member], wanted: &Wanted<'_>) -> Result<Rows<'i>, Fault> {
    let columns = members.iter().enumerate().filter(|&(part, _)| wanted.of(part).is_some());
    let whole = |member: &Member| {
        let slab = Hyperslab::whole(&[]).map_err(|misfit| wanted.fault(&member.name, misfit))?;
        Ok(Asked::new(member.clone(), slab, vec![]))
    };
    let members = columns.map(|(_, member)| whole(member)).collect::<Result<_, _>>()?;
    let slab = Hyperslab::whole(&entry.variable.shape);
    let slab = slab.map_err(|misfit| wanted.fault(&entry.name, misfit))?;
    let range = range(wanted, &entry.name, slab.elements())?;
    let source = RowSource::Records(Record { entry, slab, members });
    Ok(Rows { name: entry.name.clone(), source, filter: Filter::default(), range })
}

/// The rows that are asked for. pydap writes them behind the last column instead of behind the Sequence.
///
/// As clients do not know how many rows pass a selection, a range may reach beyond the last row.
fn range(wanted: &Wanted<'_>, name: &str, length: u64) -> Result<Option<Range>, Fault> {
    let of_sequence_and_columns = || std::iter::once(wanted).chain(wanted.parts.values());
    let range = |(projection, indices): &(&Projection, &[Index])| {
        let (byte, token) = (projection.byte, name.to_owned());
        let fault = |misfit| Fault { byte, token, reason: Reason::Misfit(misfit) };
        let [Index { start, step, stop }] = **indices else {
            return Err(fault(Misfit::Rank { given: indices.len(), expected: 1 }));
        };
        let stop = stop.unwrap_or_else(|| length.saturating_sub(1).max(start));
        match step == 0 || stop < start {
            true => Err(fault(Misfit::Empty { axis: 0 })),
            false => Ok(Range { start, step, stop }),
        }
    };
    for indices in of_sequence_and_columns().flat_map(|wanted| &wanted.indices) {
        range(indices)?;
    }
    let mut last = of_sequence_and_columns().filter_map(|wanted| wanted.indices.last());
    let Some(first) = last.next() else { return Ok(None) };
    if last.any(|(_, other)| *other != first.1) {
        return Err(first.0.fault(Reason::SeveralRanges));
    }
    range(first).map(Some)
}

/// A Grid: its indices also cut its coordinates. Parts that are asked for by themselves may have other indices.
fn grid<'i>(
    entry: &'i Entry<'i>,
    wanted: &Wanted<'_>,
    inventory: &'i Inventory<'i>,
) -> Result<Grid<'i>, Fault> {
    let shape = entry.shape();
    let common = wanted.strides(&shape)?;
    let fault = |misfit| wanted.fault(&entry.name, misfit);
    let own = |part: usize, shape: &[u64], common: &[Stride]| match wanted.of(part) {
        Some(part) if !part.indices.is_empty() => part.strides(shape).map(Some),
        Some(_) => Ok(Some(common.to_vec())),
        None => Ok(None),
    };
    let array = own(0, &shape, &common)?;
    let array = array.map(|strides| projected(entry, strides)).transpose().map_err(fault)?;
    let mut maps = Vec::with_capacity(entry.maps.len());
    for ((axis, &map), stride) in entry.maps.iter().enumerate().zip(&common) {
        let Some(map) = inventory.entries().get(map) else { continue };
        let strides = own(axis.saturating_add(1), &map.shape(), std::slice::from_ref(stride))?;
        maps.extend(strides.map(|strides| projected(map, strides)).transpose().map_err(fault)?);
    }
    let along = |array: &Projected<'_>| {
        let cut = maps.iter().filter_map(|map| map.slab.strides().first());
        maps.len() == shape.len() && array.slab.strides().iter().eq(cut)
    };
    let fits = array.as_ref().is_some_and(along);
    let form = if fits { GridForm::Grid } else { GridForm::Structure };
    Ok(Grid { name: &entry.name, array, maps, form })
}
