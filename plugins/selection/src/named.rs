//! What there is, for those who asked for something else.

use weir_cf::time::DateTime;
use weir_model::Schema;
use weir_plugin_api::Error;

use crate::{Along, Axes, Measure};

/// Of many names, so many are told.
const MOST_NAMES: usize = 40;

/// There is no such variable, but these.
pub(crate) fn no_variable(schema: &Schema, path: &str) -> Error {
    let shown: String = path.trim_start_matches('/').chars().take(80).collect();
    let variables = schema.variables();
    let names = variables.iter().map(|(path, _)| path.trim_start_matches('/')).take(MOST_NAMES);
    let more = if variables.len() > MOST_NAMES { ", and more" } else { "" };
    let names = names.collect::<Vec<_>>().join(", ");
    Error::not_found(format!("variable {shown:?} not found; there are {names}{more}"))
}

/// The coordinates that a variable has, with their ranges.
pub(crate) fn coordinates(axes: &Axes<'_>) -> String {
    let all: Vec<String> = (0..axes.along().len()).map(|axis| range(axes, axis)).collect();
    if all.is_empty() { "it has none".to_owned() } else { format!("it has {}", all.join(", ")) }
}

/// A coordinate with the range of its values: `lat (-90 to 90 degrees_north, 73 values)`.
pub(crate) fn range(axes: &Axes<'_>, axis: usize) -> String {
    let Ok(along) = axes.axis(axis) else { return String::new() };
    let (name, length) = (along.called(), along.length);
    // What cannot be read is told when it is asked for; here it is only not told how far it reaches.
    match ends(axes, axis, along) {
        Some((low, high)) => format!("{name} ({low} to {high}, {length} values)"),
        None => format!("{name} (indices 0 to {})", length.saturating_sub(1)),
    }
}

fn ends(axes: &Axes<'_>, axis: usize, along: &Along) -> Option<(String, String)> {
    if let Measure::Time(units) = along.measure() {
        let instants = axes.instants(axis).ok()?;
        let (first, last) = (instants.iter().flatten().min()?, instants.iter().flatten().max()?);
        let shown =
            |instant: &i128| DateTime::at(units.calendar(), *instant).ok().map(|date| date.to_string());
        return Some((
            shown(first)?,
            format!("{} in the {} calendar", shown(last)?, units.calendar().name()),
        ));
    }
    let values = axes.values(axis).ok()??;
    let range = weir_cf::extent::Range::of(values.iter().copied())?;
    let units = match (along.measure(), along.labels.as_ref().and_then(|labels| labels.units.clone())) {
        (Measure::Latitude, _) => " degrees north".to_owned(),
        (Measure::Longitude, _) => " degrees east".to_owned(),
        (_, Some(units)) => format!(" {units}"),
        (_, None) => String::new(),
    };
    Some((range.least.to_string(), format!("{}{units}", range.greatest)))
}
