//! Words in pictures: names, units, dates.

use weir_cf::packing::attribute_numbers;
use weir_cf::time::DateTime;
use weir_model::Variable;
use weir_plugin_api::Error;
use weir_rendering::{brief, latitude, longitude};
use weir_selection::{Axes, Measure};

/// The text of an attribute.
fn text(variable: &Variable, name: &str) -> Option<String> {
    let text = variable.attribute(name)?.value.as_text()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// `long_name [units]`, or the name.
pub(crate) fn label(variable: &Variable) -> String {
    let name = text(variable, "long_name").or_else(|| text(variable, "standard_name"));
    let name = name.unwrap_or_else(|| variable.name.clone());
    match text(variable, "units") {
        Some(units) if units != "1" => format!("{name} [{units}]"),
        _ => name,
    }
}

/// A date, without a time of day where it begins a day.
pub(crate) fn date(instant: i128, axes: &Axes<'_>, axis: usize) -> Option<String> {
    let Measure::Time(units) = axes.along().get(axis)?.measure() else { return None };
    let text = DateTime::at(units.calendar(), instant).ok()?.to_string();
    let (day, clock) = text.split_once('T')?;
    Some(match clock {
        "00:00:00" => day.to_owned(),
        clock => format!("{day} {}", clock.strip_suffix(":00").unwrap_or(clock)),
    })
}

/// Where one index of a dimension lies: `lev = 500 hPa`, `2001-02-03`, or its number.
pub(crate) fn place(axes: &Axes<'_>, axis: usize, index: u64) -> Result<String, Error> {
    let Some(along) = axes.along().get(axis) else { return Ok(String::new()) };
    let at = usize::try_from(index).unwrap_or(usize::MAX);
    if let Measure::Time(_) = along.measure() {
        let instant = axes.instants(axis)?.get(at).copied().flatten();
        if let Some(date) = instant.and_then(|instant| date(instant, axes, axis)) {
            return Ok(date);
        }
    }
    let name = along.called();
    let value = axes.values(axis)?.and_then(|values| values.get(at).copied());
    let units = along.labels.as_ref().and_then(|labels| labels.units.clone()).filter(|units| units != "1");
    Ok(match value {
        Some(value) if along.measure() == Measure::Latitude => latitude(value),
        Some(value) if along.measure() == Measure::Longitude => longitude(value),
        Some(value) => {
            format!("{name} = {} {}", brief(value), units.unwrap_or_default()).trim_end().to_owned()
        }
        None => format!("{name}[{index}]"),
    })
}

/// The title of a picture of a variable at single indices.
pub(crate) fn title(axes: &Axes<'_>, at: &[(usize, u64)]) -> Result<String, Error> {
    let mut parts = vec![axes.path().trim_start_matches('/').to_owned()];
    for (axis, index) in at {
        if axes.along().get(*axis).is_some_and(|along| along.length > 1 || along.labels.is_some()) {
            parts.push(place(axes, *axis, *index)?);
        }
    }
    Ok(parts.join(" · "))
}

/// The values of a variable that mean something, with what they mean (`flag_values`, `flag_meanings`); `None` where they are not told, or too
/// many to be told apart by colours.
pub(crate) fn meanings(variable: &Variable) -> Option<Vec<(f64, String)>> {
    const MOST: usize = 24;
    let values = attribute_numbers(variable, "flag_values")?;
    let meanings = text(variable, "flag_meanings")?;
    let names: Vec<String> = meanings.split_whitespace().map(|name| name.replace('_', " ")).collect();
    let fits = values.len() == names.len() && (1..=MOST).contains(&names.len());
    let mut named: Vec<(f64, String)> = values.into_iter().zip(names).collect();
    named.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    (fits && named.is_sorted_by(|(a, _), (b, _)| a < b)).then_some(named)
}
