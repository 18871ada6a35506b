//! Weights by the area of cells, where latitudes and longitudes lie along dimensions of their own: from the edges of cells where
//! the dataset has them, else the cosine of the latitude.

use weir_model::Hyperslab;
use weir_plugin_api::Error;
use weir_selection::{Axes, Measure};

use crate::action::Action;
use crate::diagnostic::{Along, Diagnostic};
use crate::engine::values::One;
use crate::labels::{self, Labels};

/// Weighs the values of a diagnostic along the horizontal dimensions that it reduces.
///
/// # Errors
/// `BadRequest` where there are none, or for an action that knows no weights.
pub fn weigh(diagnostic: &mut Diagnostic<'_>, axes: &Axes<'_>) -> Result<(), Error> {
    if !matches!(diagnostic.action, Action::Mean | Action::Sum | Action::Std | Action::Var) {
        let action = diagnostic.action;
        return Err(Error::bad_request(format!("{action} knows no weights; mean, sum, std and var do")));
    }
    let mut found = false;
    for at in 0..diagnostic.along.len() {
        let is_reduced = diagnostic.along.get(at) != Some(&Along::Kept);
        let target = diagnostic.ground.as_ref().and_then(|ground| ground.target(at));
        if let Some(own) = target.and_then(|target| target.areas.clone()).filter(|_| is_reduced) {
            found = true;
            if let Some(weights) = diagnostic.weights.get_mut(at) {
                *weights = Some(own);
            }
        }
    }
    for (axis, along) in axes.along().iter().enumerate() {
        let Some(at) = diagnostic.axis_of(axis) else { continue };
        let measure = along.measure();
        let is_reduced = diagnostic.along.get(at) != Some(&Along::Kept);
        if !is_reduced || !matches!(measure, Measure::Latitude | Measure::Longitude) {
            continue;
        }
        found = true;
        let all = of_dimension(diagnostic, axes, axis)?;
        let picked = |indices: &weir_selection::Indices| {
            indices.iter().filter_map(|(index, _)| all.get(usize::try_from(index).ok()?).copied()).collect()
        };
        let own = diagnostic.indices.get(at).map(picked);
        if let Some(weights) = diagnostic.weights.get_mut(at) {
            *weights = own;
        }
    }
    if found {
        return Ok(());
    }
    Err(Error::bad_request(
        "weights by area need a dimension of latitudes or longitudes that is reduced, as in over=lat,lon; \
         grids whose coordinates lie over two dimensions have none",
    ))
}

/// What each index of a horizontal dimension weighs.
fn of_dimension(diagnostic: &Diagnostic<'_>, axes: &Axes<'_>, at: usize) -> Result<Vec<f64>, Error> {
    let labels = axes.along().get(at).and_then(|along| along.labels.as_ref());
    let is_latitude = labels.is_some_and(|labels| labels.measure == Measure::Latitude);
    if let Some(edges) = edges_along(diagnostic, axes, at)? {
        let size = |pair: &[f64; 2]| {
            let [a, b] = pair.map(f64::to_radians);
            if is_latitude { (b.sin() - a.sin()).abs() } else { (b - a).abs() }
        };
        return checked(edges.iter().map(size).collect(), is_latitude);
    }
    let values = axes.values(at)?.unwrap_or_default();
    let size = |value: &f64| if is_latitude { value.to_radians().cos() } else { 1.0 };
    checked(values.iter().map(size).collect(), is_latitude)
}

/// The edges of the cells along a dimension of the variable, in degrees, where the dataset has them.
///
/// # Errors
/// Whatever keeps them from being read.
pub fn edges_along(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    axis: usize,
) -> Result<Option<Vec<[f64; 2]>>, Error> {
    let labels = axes.along().get(axis).and_then(|along| along.labels.as_ref());
    let radians =
        labels.and_then(|labels| labels.units.as_deref()).is_some_and(|units| units.starts_with("rad"));
    let bounds = labels.and_then(|labels| labels.bounds.as_deref());
    let edges = bounds.map(|path| edges(diagnostic, path)).transpose()?.flatten();
    let degrees = |pair: [f64; 2]| if radians { pair.map(f64::to_degrees) } else { pair };
    Ok(edges.map(|edges| edges.into_iter().map(degrees).collect()))
}

fn checked(weights: Vec<f64>, is_latitude: bool) -> Result<Vec<f64>, Error> {
    let what = if is_latitude { "latitude" } else { "longitude" };
    // The cosine of a pole is a little less than nothing where the pole is a little beyond 90 degrees.
    let wrong = weights.iter().find(|weight| weight.is_nan() || **weight < -1e-6);
    match wrong {
        Some(_) => Err(Error::bad_request(format!(
            "a {what} is missing or beyond a pole, so that its cells have no area"
        ))),
        None => Ok(weights.into_iter().map(|weight| weight.max(0.0)).collect()),
    }
}

/// The edges of the cells along a dimension; `None` where they are no pairs.
fn edges(diagnostic: &Diagnostic<'_>, path: &str) -> Result<Option<Vec<[f64; 2]>>, Error> {
    let Some(variable) = diagnostic.schema.variable(path).filter(|edges| edges.shape.get(1..) == Some(&[2]))
    else {
        return Ok(None);
    };
    let slab = Hyperslab::whole(&variable.shape).map_err(|misfit| Error::internal(misfit.to_string()))?;
    let Labels::Numbers(values) = labels::read(diagnostic.dataset, path, variable, &slab)? else {
        return Ok(None);
    };
    let doubles: Vec<f64> = (0..values.len()).filter_map(|place| values.at(place)).map(One::double).collect();
    Ok(Some(doubles.as_chunks::<2>().0.to_vec()))
}
