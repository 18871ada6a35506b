//! What is asked, as indices of the dimensions of a dataset.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_model::Schema;
use weir_plugin_api::{Dataset, Error};
use weir_selection::{Axes, Cut, Indices, Measure};

use crate::asked::{Asked, Where};

/// The variables that are asked for, and what is left of each dimension.
pub(crate) struct Parts {
    pub schema: Arc<Schema>,
    /// The paths of the variables.
    pub variables: Vec<String>,
    /// One, or one for each place.
    pub cuts: Vec<Cut>,
}

impl Parts {
    /// The one part that a netCDF file has room for.
    ///
    /// # Errors
    /// `BadRequest` where there are several.
    pub(crate) fn single(&self) -> Result<&Cut, Error> {
        match &self.cuts[..] {
            [cut] => Ok(cut),
            _ => Err(Error::bad_request(
                "a netCDF file holds one point here; ask for one at a time, or for format csv, json or parquet",
            )),
        }
    }
}

/// The parts of a dataset that are asked for.
///
/// # Errors
/// `NotFound` for unknown variables, `BadRequest` for what does not fit them, each with what there is.
pub(crate) fn parts(dataset: &Dataset, asked: &Asked) -> Result<Parts, Error> {
    let schema = dataset.schema()?;
    if asked.variables.is_empty() {
        let names: Vec<String> = schema
            .variables()
            .iter()
            .map(|(path, _)| path.trim_start_matches('/').to_owned())
            .take(40)
            .collect();
        return Err(Error::bad_request(format!("var names no variable; there are {}", names.join(", "))));
    }
    let axes: Result<Vec<Axes<'_>>, Error> =
        asked.variables.iter().map(|name| Axes::of(dataset, name)).collect();
    let axes = axes?;
    let mut cut = Cut::none();
    for (name, wanted) in &asked.along {
        along(&axes, name, |axes, axis| axes.choose(axis, wanted), &mut cut)?;
    }
    let mut cuts = places(&axes, &asked.place, cut)?;
    for cut in &mut cuts {
        thin(&axes, asked, cut)?;
    }
    let variables = axes.iter().map(|axes| axes.path().to_owned()).collect();
    Ok(Parts { schema, variables, cuts })
}

/// Chooses along every dimension that goes by a name, of whichever variable; one at least must have it.
fn along<'a, 'b>(
    all: &'b [Axes<'a>],
    name: &str,
    choose: impl Fn(&'b Axes<'a>, usize) -> Result<Indices, Error>,
    cut: &mut Cut,
) -> Result<(), Error> {
    let mut refused = None;
    let mut found = false;
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for axes in all {
        match find(axes, name) {
            Ok(axis) => {
                found = true;
                let Some(along) = axes.along().get(axis) else { continue };
                if done.insert(&along.dimension) {
                    cut.set(&along.dimension, choose(axes, axis)?);
                }
            }
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    if found {
        return Ok(());
    }
    // A coordinate without a dimension, as the time of a single field, is in what is asked for, or it is not.
    let mut scalar = all.iter().filter_map(|axes| Some((axes, axes.find_scalar(name)?))).peekable();
    match refused {
        Some(error) if scalar.peek().is_none() => Err(error),
        _ => scalar.try_for_each(|(axes, place)| choose(axes, place).map(drop)),
    }
}
/// As [`Axes::find`]; `x` and `y` also stand for the coordinates of a projection, whatever they are called.
fn find(axes: &Axes<'_>, name: &str) -> Result<usize, Error> {
    axes.find(name).or_else(|error| {
        use weir_cf::axes::{Axis, Kind};
        let wanted = match name {
            "x" => Axis::X,
            "y" => Axis::Y,
            _ => return Err(error),
        };
        let kind = |axis: usize| axes.along().get(axis).and_then(|along| along.labels.as_ref()?.kind);
        (0..axes.along().len()).find(|axis| kind(*axis).and_then(Kind::axis) == Some(wanted)).ok_or(error)
    })
}

fn places(all: &[Axes<'_>], place: &Where, cut: Cut) -> Result<Vec<Cut>, Error> {
    match place {
        Where::Everywhere => Ok(vec![cut]),
        Where::Within(of) => {
            let mut cut = cut;
            on_ground(all, |axes| axes.in_box(of).map(|found| vec![found]), std::slice::from_mut(&mut cut))?;
            Ok(vec![cut])
        }
        Where::At(places) => {
            let mut cuts = vec![cut; places.len()];
            let nearest = |axes: &Axes<'_>| {
                let found = axes.nearest(places)?.into_iter();
                let one = |found: weir_selection::Found| {
                    found.indices.into_iter().map(|(axis, index)| (axis, Indices::one(index)))
                };
                Ok(found.map(|found| one(found).collect()).collect())
            };
            on_ground(all, nearest, &mut cuts)?;
            Ok(cuts)
        }
    }
}

/// The indices along some dimensions, by their places.
type Along = Vec<(usize, Indices)>;

/// Chooses along the horizontal dimensions of every variable that has them; one at least must. The same grid is searched once.
fn on_ground(
    all: &[Axes<'_>],
    choose: impl Fn(&Axes<'_>) -> Result<Vec<Along>, Error>,
    cuts: &mut [Cut],
) -> Result<(), Error> {
    let mut searched: Vec<Vec<&str>> = Vec::new();
    let first = all.first().filter(|_| all.iter().all(|axes| axes.horizontal().is_empty()));
    // Where none is anywhere, the first says so.
    let on_earth = all.iter().filter(|axes| !axes.horizontal().is_empty());
    for axes in on_earth.chain(first) {
        let dimension = |axis: usize| axes.along().get(axis).map(|along| along.dimension.as_str());
        let dimensions: Vec<&str> = axes.horizontal().into_iter().filter_map(dimension).collect();
        if searched.contains(&dimensions) {
            continue;
        }
        for (cut, along) in cuts.iter_mut().zip(choose(axes)?) {
            for (axis, indices) in along {
                if let Some(dimension) = dimension(axis) {
                    cut.set(dimension, indices);
                }
            }
        }
        searched.push(dimensions);
    }
    Ok(())
}

/// Takes every n-th of what is chosen.
fn thin(all: &[Axes<'_>], asked: &Asked, cut: &mut Cut) -> Result<(), Error> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for axes in all {
        let horizontal = axes.horizontal();
        for (axis, along) in axes.along().iter().enumerate() {
            let step = match along.measure() {
                Measure::Time(_) => asked.every.time,
                Measure::Vertical(_) => asked.every.vertical,
                _ if horizontal.contains(&axis) || is_horizontal(along) => asked.every.horizontal,
                _ => 1,
            };
            if step > 1 && done.insert(&along.dimension) {
                let whole = cut.get(&along.dimension).cloned().unwrap_or_else(|| Indices::all(along.length));
                cut.set(&along.dimension, whole.thinned(step)?);
            }
        }
    }
    Ok(())
}

fn is_horizontal(along: &weir_selection::Along) -> bool {
    use weir_cf::axes::{Axis, Kind};
    let kind = along.labels.as_ref().and_then(|labels| labels.kind);
    matches!(kind.and_then(Kind::axis), Some(Axis::X | Axis::Y))
}
