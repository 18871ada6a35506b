//! `/datasets/{id}/groupby/{variable}/{coord}/{action}`: one variable, grouped along one dimension.

use weir_cf::{Coordinate, Coordinates, find};
use weir_model::{Schema, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::Indices;

use crate::action::Action;
use crate::component::Component;
use crate::diagnostic::{self, Along, Diagnostic, last_name};
use crate::engine::mapping::Origin;
use crate::grammar::By;
use crate::ground::stack;
use crate::groups::{self, Groups};
use crate::labels::{self, Labels};
use crate::{periods, result};

/// The variable that a request names.
///
/// # Errors
/// `NotFound` with the names of all variables; `BadRequest` for what no name looks like.
pub fn variable<'a>(schema: &'a Schema, name: &str) -> Result<(String, &'a Variable), Error> {
    if let Some(found) = find(schema, "", name) {
        return Ok((found.path, found.variable));
    }
    let names = listed(&numeric(schema));
    let shown: String = name.chars().take(80).collect();
    if name.starts_with("__")
        || name.contains(['\'', '"', '(', ')', '[', ']', '{', '}', ';', '`', '$', '<', '>', '\\'])
    {
        return Err(Error::bad_request(format!("{shown:?} is no name of a variable; there are {names}")));
    }
    Err(Error::not_found(format!("variable {shown:?} not found; there are {names}")))
}

/// The paths of variables of numbers with a dimension, without the slash at their beginning.
pub fn numeric(schema: &Schema) -> Vec<String> {
    let groups = schema.groups();
    let all =
        groups.iter().flat_map(|(path, group)| group.variables.iter().map(move |variable| (path, variable)));
    let fits = all.filter(|(_, variable)| variable.data_type.is_numeric() && !variable.shape.is_empty());
    fits.map(|(path, variable)| format!("{path}/{}", variable.name).trim_start_matches('/').to_owned())
        .collect()
}

/// Names for a message, of which a message takes only so many.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(20).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if shown.is_empty() { "none".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

/// What a request for `variable/coordinate/action` means.
///
/// # Errors
/// `NotFound` for an unknown variable; `BadRequest`, listing what is valid, for all else.
pub fn diagnostic<'a>(
    (dataset, schema): (&'a Dataset, &'a Schema),
    asked: &str,
    part: Option<f64>,
) -> Result<Diagnostic<'a>, Error> {
    let mut words = asked.rsplitn(3, '/');
    let (Some(action), Some(coordinate), Some(name)) = (words.next(), words.next(), words.next()) else {
        return Err(Error::bad_request(format!(
            "{asked:?} is not VARIABLE/COORDINATE/ACTION; an example is tas/time.month/mean"
        )));
    };
    let found = variable(schema, name)?;
    let action = Action::parse(action, part).ok_or_else(|| unknown_action(action, part))?;
    let mut diagnostic = Diagnostic::new((dataset, schema), found, action);
    let by = match coordinate.rsplit_once('.').map(|(name, part)| (name, Component::parse(part))) {
        Some((name, Some(component))) => By::Component(name.to_owned(), component),
        _ => By::Label(coordinate.to_owned()),
    };
    group(&mut diagnostic, &by)?;
    Ok(diagnostic)
}

/// The error of a name that no action has.
pub fn unknown_action(name: &str, part: Option<f64>) -> Error {
    let names = Action::names().collect::<Vec<_>>().join(", ");
    let shown: String = name.chars().take(80).collect();
    match (name, part) {
        ("quantile", None) => Error::bad_request("quantile takes q, from 0 to 1, as in ?q=0.9"),
        ("quantile", Some(part)) => Error::bad_request(format!("q is {part}, but must be from 0 to 1")),
        _ => Error::bad_request(format!("{shown:?} is no action; there are {names}")),
    }
}

/// Groups the values of a diagnostic along one dimension.
///
/// # Errors
/// `BadRequest`, listing what is valid, for what is no coordinate along one dimension.
pub fn group(diagnostic: &mut Diagnostic<'_>, by: &By) -> Result<(), Error> {
    let variable = diagnostic.variable;
    let coordinates = Coordinates::of(diagnostic.schema, &diagnostic.path).unwrap_or_default();
    let has = |name: &str| coordinates.all().any(|own| own.variable.name == name);
    // A coordinate may be called `a.month`.
    let by = match by {
        By::Component(name, component) if has(&format!("{name}.{}", component.name())) => {
            By::Label(format!("{name}.{}", component.name()))
        }
        by => by.clone(),
    };
    let name = match &by {
        By::Label(name) | By::Component(name, _) | By::Periods(name, _) => name.as_str(),
    };
    let unknown = || unknown_coordinate(variable, &coordinates, &by);
    let is_dimension = |at: usize| diagnostic.dimension(at) == name;
    let Some(found) = coordinates.all().find(|coordinate| coordinate.variable.name == name) else {
        // A dimension without a coordinate variable: each index is a group of its own.
        let axis = (0..diagnostic.along.len()).find(|at| is_dimension(*at) && matches!(by, By::Label(_)));
        let axis = axis.ok_or_else(unknown)?;
        let selected = diagnostic.indices.get(axis).map_or(0, Indices::count);
        return set(diagnostic, axis, name.to_owned(), indices(selected)?);
    };
    let own = result::rank(found.variable);
    let axis = variable.dimensions.iter().position(|path| Some(path) == found.variable.dimensions.first());
    if own == 2 && diagnostic.ground.is_none() {
        return over_cells(diagnostic, found, &by);
    }
    let axis = axis.filter(|_| own == 1).and_then(|axis| diagnostic.axis_of(axis));
    let Some(axis) = axis else {
        return Err(Error::bad_request(format!(
            "coordinate {name} has {own} dimensions, of which one is not there any more, or there are too many; there are {}",
            listed(&valid(variable, &coordinates))
        )));
    };
    let all =
        labels::read(diagnostic.dataset, &found.path, found.variable, &diagnostic::whole(found.variable)?)?;
    let selected = diagnostic.indices.get(axis).map(places).unwrap_or_default();
    let labels = all.picked(&selected);
    if !matches!((&by, &labels), (By::Label(_), _) | (_, Labels::Times(..))) {
        return Err(Error::bad_request(format!(
            "coordinate {name} holds no times, which have parts and periods"
        )));
    }
    let (name, groups) = match by {
        By::Label(ref name) if is_dimension(axis) => {
            (name.clone(), groups::by_label(&labels)?.falling_as_they_are())
        }
        By::Label(name) => (name, groups::by_label(&labels)?),
        By::Component(_, component) => {
            (component.name().to_owned(), groups::by_component(&labels, component)?)
        }
        By::Periods(name, frequency) => (name, periods::by_periods(&labels, frequency)?),
    };
    set(diagnostic, axis, name, groups)
}

/// Groups the cells over two dimensions by a coordinate over both.
fn over_cells(diagnostic: &mut Diagnostic<'_>, found: &Coordinate<'_>, by: &By) -> Result<(), Error> {
    let By::Label(name) = by else {
        return Err(Error::bad_request("parts and periods of times are of coordinates along one dimension"));
    };
    let place = |path: &String| diagnostic.variable.dimensions.iter().position(|own| own == path);
    let axes: Option<Vec<usize>> = found.variable.dimensions.iter().take(2).map(place).collect();
    let Some([y, x]) = axes.as_deref() else {
        return Err(Error::bad_request(format!(
            "coordinate {name} does not lie along the dimensions of the variable"
        )));
    };
    if diagnostic.along.iter().any(|along| *along != Along::Kept) {
        return Err(Error::bad_request(format!("{name} lies over two dimensions; write it first in by")));
    }
    let ground = stack::ground(diagnostic, (*y, *x))?;
    let whole = diagnostic::whole(found.variable)?;
    let labels = labels::read(diagnostic.dataset, &found.path, found.variable, &whole)?;
    let axis = ground.mapping.axes.iter().position(|from| matches!(from, Origin::Target(_))).unwrap_or(0);
    *diagnostic = diagnostic.clone().on(ground)?;
    set(diagnostic, axis, name.clone(), groups::by_label(&labels)?)
}

/// Indices as places in memory.
fn places(indices: &Indices) -> Vec<usize> {
    indices.iter().map(|(index, _)| usize::try_from(index).unwrap_or(usize::MAX)).collect()
}

fn set(diagnostic: &mut Diagnostic<'_>, axis: usize, name: String, groups: Groups) -> Result<(), Error> {
    if let Some(taken) =
        (0..diagnostic.along.len()).find(|at| *at != axis && diagnostic.dimension(*at) == name)
    {
        let taken = diagnostic.dimension(taken);
        return Err(Error::bad_request(format!(
            "the groups would be called {name}, as dimension {taken} is already"
        )));
    }
    if diagnostic.along.get(axis) != Some(&Along::Kept) {
        return Err(Error::bad_request(format!(
            "dimension {} is grouped already",
            diagnostic.dimension(axis)
        )));
    }
    if let Some(along) = diagnostic.along.get_mut(axis) {
        *along = Along::Grouped(name, groups);
    }
    Ok(())
}

fn indices(length: u64) -> Result<Groups, Error> {
    let most = u32::try_from(length)
        .map_err(|_refused| Error::too_large(format!("{length} groups are more than 32 bits count")))?;
    let labels = (0..i64::from(most)).collect();
    let labels =
        Labels::Numbers(crate::engine::values::Values::Signed(weir_cf::packing::NumberType::Int64, labels));
    Ok(Groups { of: (0..most).collect(), labels })
}

fn unknown_coordinate(variable: &Variable, coordinates: &Coordinates<'_>, by: &By) -> Error {
    let shown: String = match by {
        By::Label(name) | By::Component(name, _) | By::Periods(name, _) => name.chars().take(80).collect(),
    };
    let valid = valid(variable, coordinates);
    let components = Component::names().collect::<Vec<_>>().join(", ");
    Error::bad_request(format!(
        "{shown:?} is no coordinate of {}; there are {}, and of times their {components}, as in time.month",
        variable.name,
        listed(&valid)
    ))
}

/// What a variable can be grouped by.
fn valid(variable: &Variable, coordinates: &Coordinates<'_>) -> Vec<String> {
    let dimensions = variable.dimensions.iter().map(|path| last_name(path).to_owned());
    let beside = coordinates.auxiliary.iter().filter(|coordinate| coordinate.variable.dimensions.len() == 1);
    dimensions.chain(beside.map(|coordinate| coordinate.variable.name.clone())).collect()
}
