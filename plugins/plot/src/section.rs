//! Sections: fields over any two dimensions.

use weir_fields::values;
use weir_plugin_api::{Error, Response};
use weir_rendering::{AxisCells, Chart, ColourScale, Drawn, Mesh};
use weir_selection::{Along, Measure};

use crate::axis_words::along;
use crate::charts::{admitted, single, upright, vertical};
use crate::picked::Picked;
use crate::{Drawing, words};

/// A section has so many indices along each dimension at most: beyond, every so-many-th is taken.
const MOST_ALONG: u64 = 2048;

/// Answers with a section.
pub(crate) fn respond(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<Response, Error> {
    let (x, y) = axes(drawing, picked)?;
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
    let values = values(&thinned.axes, &indices)?;
    let (along_x, along_y) = (along(&thinned, x)?, along(&thinned, y)?);
    let values = if y < x { values } else { turned(&values, along_x.numbers.len(), along_y.numbers.len()) };
    let options = drawing.options;
    let ends = (options.least, options.most);
    let scale = ColourScale::of(drawing.asked.map, values.iter().copied(), ends, options.spread);
    let cells = |axis: usize, numbers: &[f64]| {
        let name = picked.axes.along().get(axis).map_or("", |found| found.called());
        AxisCells::around(numbers, None)
            .map_err(|error| Error::unsupported(format!("{name} makes no cells: {error}")))
    };
    let cells = (cells(x, &along_x.numbers)?, cells(y, &along_y.numbers)?);
    let (mut shown_x, mut shown_y) = (along_x.axis, along_y.axis);
    (shown_x.ends, shown_y.ends) = (cells.0.reach(), cells.1.reach());
    let shown_y = upright(picked, y, shown_y);
    let title = options.title.clone().map_or_else(|| words::title(&picked.axes, &at), Ok)?;
    let mesh = Mesh { values: &values, cells, scale: &scale, label: &label };
    let chart = Chart { title: &title, x: shown_x, y: shown_y, drawn: Drawn::Mesh(mesh) };
    drawing.picture(&chart.scene(options.size(450)))
}

/// The dimensions along x and y: those that are named, else latitude (or longitude, or time) and height, else time and latitude.
fn axes(drawing: &Drawing<'_>, picked: &Picked<'_>) -> Result<(usize, usize), Error> {
    let refused = || {
        let names: Vec<&str> = picked.axes.along().iter().map(Along::called).collect();
        Error::bad_request(format!(
            "a section needs two dimensions; name them as along=x,y, of {}",
            names.join(", ")
        ))
    };
    let found = match &drawing.options.along[..] {
        [x, y] => (picked.axes.find(x)?, picked.axes.find(y)?),
        [] => {
            let measuring = |wanted| picked.axes.measuring(|measure| measure == wanted);
            let (latitude, longitude) = (measuring(Measure::Latitude), measuring(Measure::Longitude));
            let height = vertical(picked)
                .filter(|axis| picked.indices.get(*axis).is_some_and(|found| found.count() > 1));
            let last = || {
                let rank = picked.indices.len();
                rank.checked_sub(1).zip(rank.checked_sub(2))
            };
            let over_time = picked.time.zip(latitude.or(longitude));
            let x = latitude.or(longitude).or(picked.time);
            x.zip(height).or(over_time).or_else(last).ok_or_else(refused)?
        }
        _ => return Err(refused()),
    };
    if found.0 == found.1 { Err(refused()) } else { Ok(found) }
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
