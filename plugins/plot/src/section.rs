//! Sections: fields over any two dimensions.

use weir_fields::values;
use weir_plugin_api::{Error, Response};
use weir_rendering::{AxisCells, Chart, Drawn, Mesh};
use weir_selection::{Along, Measure};

use crate::axis_words::{Along as AlongAxis, along, counted};
use crate::charts::{admitted, single, upright, vertical};
use crate::picked::Picked;
use crate::{Drawing, words};

/// A section has so many indices along each dimension at most: beyond, every so-many-th is taken.
const MOST_ALONG: u64 = 2048;

/// Answers with a section.
pub(crate) fn respond(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    over(drawing, picked, axes(drawing, picked)?)
}

/// Answers with the field over two dimensions, the first along x.
pub(crate) fn over(
    drawing: &Drawing<'_>,
    picked: &Picked<'_>,
    (x, y): (usize, usize),
) -> Result<Response, Error> {
    let mut thinned = Picked {
        axes: weir_selection::Axes::of(drawing.dataset, &drawing.asked.path)?,
        indices: picked.indices.clone(),
        ..*picked
    };
    for axis in [x, y] {
        if let Some(indices) = thinned.indices.get_mut(axis) {
            let step = indices.count().checked_div(MOST_ALONG).unwrap_or(1).max(1);
            *indices = indices.thinned(step)?;
        }
    }
    let (indices, at) = single(drawing, &thinned, &[x, y])?;
    let label = admitted(drawing, &indices)?;
    let values = values(&picked.axes, &indices)?;
    let ((along_x, cells_x), (along_y, cells_y)) = (cells(&thinned, x)?, cells(&thinned, y)?);
    let values = if y < x { values } else { turned(&values, cells_x.len(), cells_y.len()) };
    let options = drawing.options;
    let scale = drawing.scale(values.iter().copied())?;
    let (mut shown_x, mut shown_y) = (along_x.axis, along_y.axis);
    (shown_x.ends, shown_y.ends) = (cells_x.reach(), cells_y.reach());
    let shown_y = upright(picked, y, shown_y);
    let title = options.title.clone().map_or_else(|| words::title(&picked.axes, &at), Ok)?;
    let mesh = Mesh { values: &values, cells: (cells_x, cells_y), scale: &scale, label: &label };
    let chart = Chart { title: &title, x: shown_x, y: shown_y, drawn: Drawn::Mesh(mesh) };
    drawing.picture(&chart.scene(options.size(450)))
}

/// What stands along a dimension, and its cells: around its coordinates, or around its indices where these make none.
fn cells(picked: &Picked<'_>, axis: usize) -> Result<(AlongAxis, AxisCells), Error> {
    let told = along(picked, axis)?;
    if let Ok(cells) = AxisCells::around(&told.numbers, None) {
        return Ok((told, cells));
    }
    let counted = counted(picked, axis)?;
    let name = picked.axes.along().get(axis).map_or("", |found| found.called());
    let cells = AxisCells::around(&counted.numbers, None)
        .map_err(|error| Error::unsupported(format!("{name} makes no cells: {error}")))?;
    Ok((counted, cells))
}

fn refused(picked: &Picked<'_>) -> Error {
    let names: Vec<&str> = picked.axes.along().iter().map(Along::called).collect();
    Error::bad_request(match names[..] {
        [] => "a section needs two dimensions, and a single value has none".to_owned(),
        [only] => format!("a section needs two dimensions, and there is only {only}"),
        _ => format!("a section needs two dimensions; name them as along=x,y, of {}", names.join(", ")),
    })
}

/// The dimensions along x and y that are named, if any are.
pub(crate) fn named(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Option<(usize, usize)>, Error> {
    match &drawing.options.along[..] {
        [] => Ok(None),
        [x, y] => {
            let found = (picked.axes.find(x)?, picked.axes.find(y)?);
            if found.0 == found.1 { Err(refused(picked)) } else { Ok(Some(found)) }
        }
        _ => Err(refused(picked)),
    }
}

/// The dimensions along x and y: those that are named, else latitude (or longitude, or time) and height, else time and latitude.
fn axes(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<(usize, usize), Error> {
    if let Some(named) = named(drawing, picked)? {
        return Ok(named);
    }
    let measuring = |wanted| picked.axes.measuring(|measure| measure == wanted);
    let (latitude, longitude) = (measuring(Measure::Latitude), measuring(Measure::Longitude));
    let height =
        vertical(picked).filter(|axis| picked.indices.get(*axis).is_some_and(|found| found.count() > 1));
    let last = || {
        let rank = picked.indices.len();
        rank.checked_sub(1).zip(rank.checked_sub(2))
    };
    let over_time = picked.time.zip(latitude.or(longitude));
    let x = latitude.or(longitude).or(picked.time);
    x.zip(height).or(over_time).or_else(last).filter(|(x, y)| x != y).ok_or_else(|| refused(picked))
}

/// Values whose rows have one x each, as such whose rows have one y each.
fn turned(values: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    let at = |row: usize, column: usize| column.checked_mul(rows)?.checked_add(row);
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    cells
        .map(|(row, column)| at(row, column).and_then(|at| values.get(at)).copied().unwrap_or(f32::NAN))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_turned() {
        assert_eq!(turned(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
