//! Charts of one dimension: lines along it, profiles, histograms.

use weir_cf::axes::Positive;
use weir_fields::{Laid, bytes_of, packing, values};
use weir_model::Variable;
use weir_plugin_api::{Error, Response};
use weir_rendering::{Axis, Chart, Drawn, Place};
use weir_selection::{Indices, Measure};

use crate::axis_words::{along, ends};
use crate::picked::Picked;
use crate::{Drawing, words};

/// A line has so many points at most, and a histogram so many values: beyond, every so-many-th is taken.
const MOST_POINTS: u64 = 100_000;
const MOST_VALUES: u64 = 4 << 20;

/// Height where nobody tells it.
const USUAL_HEIGHT: u32 = 450;

/// A line along time, or along what `along` names.
pub(crate) fn line(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    let axis = match drawing.options.along.first() {
        Some(name) => picked.axes.find(name)?,
        None => picked.time.or_else(|| longest(picked)).ok_or_else(|| no_dimension(drawing))?,
    };
    let series = Series::read(drawing, picked, axis)?;
    let y = Axis::of(&series.label, padded(ends(&series.values)));
    let points = series.along.numbers.iter().copied().zip(series.values.iter().copied()).collect();
    let chart = Chart { title: &series.title, x: series.along.axis, y, drawn: Drawn::Line(points) };
    drawing.picture(&chart.scene(drawing.options.size(USUAL_HEIGHT)))
}

/// A line along height or depth, which stands upright.
pub(crate) fn profile(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    let axis = match drawing.options.along.first() {
        Some(name) => picked.axes.find(name)?,
        None => vertical(picked).ok_or_else(|| {
            let names: Vec<&str> = picked.axes.along().iter().map(weir_selection::Along::called).collect();
            Error::bad_request(match names[..] {
                [] => format!("{} is a single value, along which no profile goes", drawing.asked.path),
                _ => format!(
                    "{} has no vertical coordinate; name one with along=, of {}",
                    drawing.asked.path,
                    names.join(", ")
                ),
            })
        })?,
    };
    let series = Series::read(drawing, picked, axis)?;
    let x = Axis::of(&series.label, padded(ends(&series.values)));
    let points = series.values.iter().copied().zip(series.along.numbers.iter().copied()).collect();
    let y = upright(picked, axis, series.along.axis);
    let chart = Chart { title: &series.title, x, y, drawn: Drawn::Line(points) };
    drawing.picture(&chart.scene(drawing.options.size(drawing.options.width.unwrap_or(600))))
}

/// How often values are.
pub(crate) fn histogram(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    if picked.has_free_window() {
        return Err(Error::bad_request(
            "on this grid no histogram is made of a part of the earth; leave latitude and longitude out",
        ));
    }
    let mut indices = picked.indices.clone();
    thin(&mut indices, MOST_VALUES)?;
    let label = admitted(drawing, &indices)?;
    let values = values(&picked.axes, &indices)?;
    let finite: Vec<f64> =
        values.iter().map(|value| f64::from(*value)).filter(|value| value.is_finite()).collect();
    let (least, most) = ends(&finite);
    let (least, most) = (drawing.options.least.unwrap_or(least), drawing.options.most.unwrap_or(most));
    if least >= most {
        return Err(Error::bad_request(format!("no value lies from vmin {least} to vmax {most}")));
    }
    let bins = drawing.options.bins.unwrap_or(50);
    let counts = counted(&finite, (least, most), bins);
    let width = (most - least) / f64::from(bins);
    let edges: Vec<f64> = (0..=bins).map(|n| least + width * f64::from(n)).collect();
    let highest = counts.iter().copied().fold(1.0, f64::max);
    let title = drawing.options.title.clone().map_or_else(|| words::title(&picked.axes, &[]), Ok)?;
    let chart = Chart {
        title: &title,
        x: Axis::of(&label, (least, most)),
        y: Axis::of("number of values", (0.0, highest * 1.05)),
        drawn: Drawn::Bars { edges, counts },
    };
    drawing.picture(&chart.scene(drawing.options.size(USUAL_HEIGHT)))
}

/// How many values lie in each of some bins of one width; the end lies in the last.
fn counted(values: &[f64], (least, most): (f64, f64), bins: u32) -> Vec<f64> {
    let mut counts = vec![0.0; usize::try_from(bins).unwrap_or(1)];
    let last = counts.len().saturating_sub(1);
    for value in values.iter().filter(|value| (least..=most).contains(*value)) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the number of bins"
        )]
        let bin = ((value - least) / (most - least) * f64::from(bins)) as usize;
        if let Some(count) = counts.get_mut(bin.min(last)) {
            *count += 1.0;
        }
    }
    counts
}

/// Every so-many-th index of the longest dimensions, until there are no more values than `most`.
pub(crate) fn thin(indices: &mut [Indices], most: u64) -> Result<(), Error> {
    let all = |indices: &[Indices]| indices.iter().map(Indices::count).fold(1_u64, u64::saturating_mul);
    while all(indices) > most {
        let Some(longest) = indices.iter_mut().max_by_key(|indices| indices.count()) else { break };
        *longest = longest.thinned(2)?;
    }
    Ok(())
}

/// Asks for the memory of some values, and says what is written beside them.
pub(crate) fn admitted(drawing: &Drawing<'_>, indices: &[Indices]) -> Result<String, Error> {
    let schema = drawing.dataset.schema()?;
    let none = || Error::internal("the variable is not there any more");
    let variable: &Variable = schema.variable(&drawing.asked.path).ok_or_else(none)?;
    packing(variable)?;
    let elements = indices.iter().map(Indices::count).try_fold(1_u64, u64::checked_mul);
    let elements =
        elements.ok_or_else(|| Error::too_large("more values are selected than 64 bits can count"))?;
    let (width, height) = drawing.options.size(USUAL_HEIGHT);
    let picture = u64::from(width) * u64::from(height) * 16;
    let values = bytes_of(variable, elements)?.saturating_add(elements.saturating_mul(8));
    drawing.admit(values.saturating_add(picture))?;
    Ok(words::label(variable))
}

fn no_dimension(drawing: &Drawing<'_>) -> Error {
    Error::bad_request(format!("{} is a single value, along which no line goes", drawing.asked.path))
}

fn longest(picked: &Picked<'_>) -> Option<usize> {
    (0..picked.indices.len()).max_by_key(|axis| picked.indices.get(*axis).map(Indices::count))
}

pub(crate) fn vertical(picked: &Picked<'_>) -> Option<usize> {
    picked.axes.measuring(|measure| matches!(measure, Measure::Vertical(_)))
}

/// A vertical axis that counts downwards has its least number at the top.
pub(crate) fn upright(picked: &Picked<'_>, axis: usize, mut shown: Axis) -> Axis {
    let measure = picked.axes.along().get(axis).map(weir_selection::Along::measure);
    if measure == Some(Measure::Vertical(Some(Positive::Down))) {
        shown.ends = (shown.ends.1, shown.ends.0);
    }
    shown
}

fn padded((least, most): (f64, f64)) -> (f64, f64) {
    let by = (most - least) * 0.05;
    (least - by, most + by)
}

/// Values along one dimension.
struct Series {
    along: crate::axis_words::Along,
    values: Vec<f64>,
    title: String,
    label: String,
}

impl Series {
    fn read(drawing: &Drawing<'_>, picked: &Picked<'_>, axis: usize) -> Result<Self, Error> {
        let (indices, at) = single(drawing, picked, &[axis])?;
        let count = indices.get(axis).map_or(0, Indices::count);
        if count > MOST_POINTS {
            return Err(Error::too_large(format!(
                "a line of {count} points is asked for; the most is {MOST_POINTS}, so select a part of the coordinate"
            )));
        }
        let label = admitted(drawing, &indices)?;
        let values = values(&picked.axes, &indices)?.into_iter().map(f64::from).collect();
        let title = drawing.options.title.clone().map_or_else(|| words::title(&picked.axes, &at), Ok)?;
        Ok(Self { along: along(picked, axis)?, values, title, label })
    }
}

/// What a chart along some dimensions reads, and at which indices of the others.
type Single = (Vec<Indices>, Vec<(usize, u64)>);

/// Single indices along all dimensions but some: the cell in the middle of what is selected along the horizontal ones, the last step
/// in time, the first of the others.
pub(crate) fn single(drawing: &Drawing<'_>, picked: &Picked<'_>, kept: &[usize]) -> Result<Single, Error> {
    let schema = drawing.dataset.schema()?;
    let laid = Laid::of(&schema, &drawing.asked.path).ok();
    let horizontal = laid.as_ref().map(Laid::dimensions).unwrap_or_default();
    let middle = |indices: &Indices| indices.iter().nth(usize::try_from(indices.count() / 2).unwrap_or(0));
    let is_on_earth = |axis: usize| {
        let measure = picked.axes.along().get(axis).map(weir_selection::Along::measure);
        matches!(measure, Some(Measure::Latitude | Measure::Longitude))
    };
    let mut cell = None;
    if let (Some(laid), true) = (&laid, horizontal.iter().all(|axis| !kept.contains(axis))) {
        cell = cell_in_middle(drawing, picked, (laid, &horizontal))?;
    }
    if picked.has_free_window() && cell.is_none() {
        return Err(Error::bad_request(
            "on this grid latitude and longitude select a cell, both together, for charts along other coordinates",
        ));
    }
    let (mut indices, mut at) = (picked.indices.clone(), Vec::new());
    for (axis, room) in indices.iter_mut().enumerate().filter(|(axis, _)| !kept.contains(axis)) {
        let of_cell =
            cell.as_ref().and_then(|cell| cell.iter().find(|(of, _)| *of == axis)).map(|(_, index)| *index);
        let chosen = match of_cell {
            Some(index) => Some((index, 0.0)),
            None if picked.time == Some(axis) => room.iter().last(),
            None if horizontal.contains(&axis) || is_on_earth(axis) => middle(room),
            None => room.iter().next(),
        };
        let index = chosen.map_or(0, |(index, _)| index);
        *room = Indices::one(index);
        at.push((axis, index));
    }
    Ok((indices, at))
}

/// The cell in the middle of the selected part of the Earth, as indices along the horizontal dimensions; `None` where longitude and
/// latitude are dimensions themselves, or are not both selected.
fn cell_in_middle(
    drawing: &Drawing<'_>,
    picked: &Picked<'_>,
    (laid, horizontal): (&Laid, &[usize]),
) -> Result<Option<Vec<(usize, u64)>>, Error> {
    let (Some((west, east)), Some((south, north))) = (picked.longitudes, picked.latitudes) else {
        return Ok(None);
    };
    let is_along = |wanted| picked.axes.measuring(|measure| measure == wanted).is_some();
    if is_along(Measure::Longitude) && is_along(Measure::Latitude) && horizontal.len() == 2 {
        return Ok(None);
    }
    let lengths: Vec<u64> =
        horizontal.iter().filter_map(|axis| picked.indices.get(*axis)).map(Indices::count).collect();
    let cells = lengths.iter().copied().try_fold(1_u64, u64::checked_mul);
    let cells = cells.ok_or_else(|| Error::too_large("more cells are selected than 64 bits can count"))?;
    drawing.admit(laid.bytes(cells))?;
    let grid = laid.grid(&picked.axes, &picked.indices)?;
    let place = Place { longitude: f64::midpoint(west, east), latitude: f64::midpoint(south, north) };
    let cell = grid.cell(place).ok_or_else(|| {
        Error::bad_request(format!(
            "no cell lies at longitude {}, latitude {}",
            place.longitude, place.latitude
        ))
    })?;
    let mut left = u64::try_from(cell).unwrap_or(u64::MAX);
    let mut found = Vec::new();
    for (axis, length) in horizontal.iter().zip(&lengths).rev() {
        let place = left.checked_rem(*length).unwrap_or(0);
        left = left.checked_div(*length).unwrap_or(0);
        let index = picked.indices.get(*axis).and_then(|indices| indices.part(place, 1).iter().next());
        found.push((*axis, index.map_or(0, |(index, _)| index)));
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted() {
        assert_eq!(counted(&[0.0, 0.1, 0.5, 0.99, 1.0, 1.5, -1.0], (0.0, 1.0), 2), [2.0, 3.0]);
        assert_eq!(counted(&[], (0.0, 1.0), 3), [0.0; 3]);
    }

    #[test]
    fn too_many_values_are_thinned() {
        let mut indices = vec![Indices::all(3), Indices::all(1000)];
        thin(&mut indices, 800).unwrap();
        assert_eq!(indices.iter().map(Indices::count).collect::<Vec<_>>(), [3, 250]);
    }
}
