//! Axes of charts: what stands along them.

use weir_plugin_api::Error;
use weir_rendering::{Axis, Tick};
use weir_selection::{Indices, Measure};

use crate::picked::Picked;
use crate::words;

/// Along one dimension: a number for each index, and the axis with its words.
pub(crate) struct Along {
    pub numbers: Vec<f64>,
    pub axis: Axis,
}

/// Nanoseconds of an hour: times are drawn in hours since the first.
const HOUR: f64 = 3.6e12;

/// Numbers and words for the indices of a dimension: dates along time, else values of the coordinate, else indices.
pub(crate) fn along(picked: &Picked<'_>, axis: usize) -> Result<Along, Error> {
    let none = || Error::internal(format!("there is no dimension {axis}"));
    let found = picked.axes.along().get(axis).ok_or_else(none)?;
    let indices = picked.indices.get(axis).ok_or_else(none)?;
    if let Measure::Time(_) = found.measure() {
        return times(picked, axis, indices);
    }
    let Some(values) = picked.axes.values(axis)? else { return counted(picked, axis) };
    let value = |(index, shift): (u64, f64)| {
        usize::try_from(index)
            .ok()
            .and_then(|index| values.get(index))
            .map_or(f64::NAN, |value| value + shift)
    };
    let mut numbers: Vec<f64> = indices.iter().map(value).collect();
    if found.measure() == Measure::Longitude {
        onward(&mut numbers);
    }
    let units =
        found.labels.as_ref().and_then(|labels| labels.units.as_deref()).filter(|units| *units != "1");
    let label = match (found.measure(), units) {
        (Measure::Latitude, _) => "latitude [°N]".to_owned(),
        (Measure::Longitude, _) => "longitude [°E]".to_owned(),
        (_, Some(units)) => format!("{} [{units}]", found.called()),
        (_, None) => found.called().to_owned(),
    };
    Ok(Along { axis: Axis::of(&label, ends(&numbers)), numbers })
}

/// The indices of a dimension themselves.
pub(crate) fn counted(picked: &Picked<'_>, axis: usize) -> Result<Along, Error> {
    let none = || Error::internal(format!("there is no dimension {axis}"));
    let found = picked.axes.along().get(axis).ok_or_else(none)?;
    let indices = picked.indices.get(axis).ok_or_else(none)?;
    #[expect(clippy::cast_precision_loss, reason = "indices that are drawn")]
    let numbers: Vec<f64> = indices.iter().map(|(index, _)| index as f64).collect();
    let label = if found.labels.is_some() { format!("index of {}", found.name) } else { found.name.clone() };
    Ok(Along { axis: Axis::counting(&label, ends(&numbers)), numbers })
}

/// Longitudes that go on where they cross the edge of what they are counted in.
fn onward(longitudes: &mut [f64]) {
    let mut last = f64::NAN;
    for longitude in longitudes {
        if (*longitude - last).abs() > 180.0 {
            *longitude -= ((*longitude - last) / 360.0).round() * 360.0;
        }
        last = if longitude.is_finite() { *longitude } else { last };
    }
}

/// The least and the greatest; never equal.
pub(crate) fn ends(numbers: &[f64]) -> (f64, f64) {
    let finite = numbers.iter().copied().filter(|number| number.is_finite());
    let (least, most) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), n| (a.min(n), b.max(n)));
    match most - least {
        width if width > 0.0 => (least, most),
        0.0 => (least - 0.5, most + 0.5),
        _ => (0.0, 1.0),
    }
}

fn times(picked: &Picked<'_>, axis: usize, indices: &Indices) -> Result<Along, Error> {
    let all = picked.axes.instants(axis)?;
    let at = |index: u64| usize::try_from(index).ok().and_then(|index| all.get(index)).copied().flatten();
    let instants: Vec<Option<i128>> = indices.iter().map(|(index, _)| at(index)).collect();
    let first = instants.iter().flatten().copied().next().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "hours that are drawn")]
    let hours = |instant: i128| instant.saturating_sub(first) as f64 / HOUR;
    let numbers: Vec<f64> = instants.iter().map(|instant| instant.map_or(f64::NAN, hours)).collect();
    let every = instants.len().div_ceil(6).max(1);
    let tick =
        |instant: i128| Some(Tick { at: hours(instant), text: words::date(instant, &picked.axes, axis)? });
    let ticks = instants.iter().step_by(every).flatten().filter_map(|instant| tick(*instant)).collect();
    let label = picked.axes.along().get(axis).map_or_else(String::new, |along| along.called().to_owned());
    Ok(Along { axis: Axis { label, ends: ends(&numbers), ticks }, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longitudes_go_on_over_edges() {
        let check = |mut longitudes: Vec<f64>, expected: &[f64]| {
            onward(&mut longitudes);
            assert_eq!(longitudes, expected);
        };
        check(vec![170.0, 175.0, -180.0, -175.0], &[170.0, 175.0, 180.0, 185.0]);
        check(vec![10.0, 5.0, 0.0, 355.0], &[10.0, 5.0, 0.0, -5.0]);
        check(vec![0.0, 90.0, 180.0, 270.0], &[0.0, 90.0, 180.0, 270.0]);
        check(vec![0.0, 540.0], &[0.0, -180.0]);
    }
}
