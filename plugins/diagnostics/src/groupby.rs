//! `/datasets/{id}/groupby/{variable}/{coord}/{action}`: one variable, grouped along one dimension.

use weir_cf::packing::Packing;
use weir_cf::{Coordinate, Coordinates, find};
use weir_model::{Hyperslab, Schema, Stride, Variable};
use weir_plugin_api::{Dataset, Error};

use crate::action::Action;
use crate::component::Component;
use crate::engine::axis::{Axis, Role};
use crate::engine::item::Unpacking;
use crate::engine::{Reduction, Source};
use crate::groups::{self, Groups};
use crate::labels::{self, Labels};
use crate::result::{self, Outcome, ResultCoordinate};

/// A request that was understood, with what the dataset says to it.
pub struct GroupBy<'a> {
    dataset: &'a Dataset,
    schema: &'a Schema,
    path: String,
    variable: &'a Variable,
    axis: usize,
    name: String,
    groups: Groups,
    action: Action,
}

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
fn numeric(schema: &Schema) -> Vec<String> {
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

/// The name of a coordinate or dimension without the groups around it.
pub fn last_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

impl<'a> GroupBy<'a> {
    /// What a request for `variable/coordinate/action` means.
    ///
    /// # Errors
    /// `NotFound` for an unknown variable; `BadRequest`, listing what is valid, for all else.
    pub fn new(
        dataset: &'a Dataset,
        schema: &'a Schema,
        asked: &str,
        part: Option<f64>,
    ) -> Result<Self, Error> {
        let mut words = asked.rsplitn(3, '/');
        let (Some(action), Some(coordinate), Some(name)) = (words.next(), words.next(), words.next()) else {
            return Err(Error::bad_request(format!(
                "{asked:?} is not VARIABLE/COORDINATE/ACTION; an example is tas/time.month/mean"
            )));
        };
        let (path, variable) = variable(schema, name)?;
        let parsed = Action::parse(action, part);
        let action = parsed.ok_or_else(|| unknown_action(action, part))?;
        let coordinates = Coordinates::of(schema, &path).unwrap_or_default();
        let (axis, groups) = grouped(dataset, variable, &coordinates, coordinate)?;
        let name = coordinate_name(variable, &coordinates, coordinate);
        Ok(Self { dataset, schema, path, variable, axis, name, groups, action })
    }

    /// The computation.
    ///
    /// # Errors
    /// `BadRequest` for variables that hold no numbers.
    pub fn reduction(&self) -> Result<Reduction<'_>, Error> {
        let source = source(self.dataset, &self.path, self.variable)?;
        let chunks = &self.variable.storage.chunk_shape;
        let axes = self.variable.shape.iter().enumerate().map(|(at, &length)| {
            let chunk = chunks.get(at).copied().unwrap_or(1).max(1);
            let role = if at == self.axis {
                Role::Grouped { of: self.groups.of.clone(), count: self.groups.labels.len() }
            } else {
                Role::Kept
            };
            Axis { stride: Stride::all(length), chunk, role, weights: None }
        });
        Ok(Reduction { source, axes: axes.collect(), action: self.action })
    }

    /// The result, computed.
    ///
    /// # Errors
    /// Those of [`Reduction::compute`], and of reading coordinates.
    pub fn outcome(&self, reduction: &Reduction<'_>) -> Result<Outcome, Error> {
        let along = |at: usize| self.variable.dimensions.get(at).map_or("", |path| last_name(path));
        let names = reduction.axes.iter().enumerate().map(|(at, axis)| {
            let name = if at == self.axis { self.name.clone() } else { along(at).to_owned() };
            (name, axis.output())
        });
        let dimensions: Vec<(String, usize)> = names.collect();
        let mut coordinates = self.kept_coordinates()?;
        coordinates.retain(|coordinate| coordinate.name != self.name);
        coordinates.push(self.group_coordinate());
        let attributes = result::attributes(&self.variable.attributes, self.action, &[along(self.axis)]);
        let values = reduction.compute(&reduction.whole())?;
        Ok(Outcome { name: self.variable.name.clone(), dimensions, attributes, values, coordinates })
    }

    fn group_coordinate(&self) -> ResultCoordinate {
        let of =
            find(self.schema, "", &self.name).filter(|_| !matches!(self.groups.labels, Labels::Texts(_)));
        let own = of.filter(|found| found.variable.dimensions.len() == 1);
        ResultCoordinate {
            name: self.name.clone(),
            dimensions: vec![self.name.clone()],
            attributes: own.map_or_else(Vec::new, |found| result::described(&found.variable.attributes)),
            labels: self.groups.labels.clone(),
        }
    }

    /// Coordinates that have nothing to do with the dimension that is grouped; those along it, too, where its own coordinate
    /// gives each index a group of its own.
    fn kept_coordinates(&self) -> Result<Vec<ResultCoordinate>, Error> {
        let coordinates = Coordinates::of(self.schema, &self.path).unwrap_or_default();
        let grouped = self.variable.dimensions.get(self.axis);
        let own = grouped.filter(|path| last_name(path) == self.name);
        let indices = own.and_then(|_| self.groups.single_indices());
        let in_order = indices.as_ref().is_some_and(|indices| indices.is_sorted());
        let mut kept = Vec::new();
        for coordinate in coordinates.all() {
            let along = coordinate.variable.dimensions.iter().any(|own| Some(own) == grouped);
            let is_simple = coordinate.variable.dimensions.len() == 1;
            if along && !in_order && !(is_simple && indices.is_some()) {
                continue;
            }
            let Some(mut found) = whole(self.dataset, coordinate)? else { continue };
            if let Some(indices) = indices.as_ref().filter(|_| along && !in_order) {
                found.labels = found.labels.picked(indices);
            }
            kept.push(found);
        }
        Ok(kept)
    }
}

/// A whole coordinate; `None` for one of a type that says nothing here.
fn whole(dataset: &Dataset, coordinate: &Coordinate<'_>) -> Result<Option<ResultCoordinate>, Error> {
    use weir_model::DataType::{Char, FixedString, String};
    let Coordinate { path, variable, .. } = coordinate;
    if !variable.data_type.is_numeric() && !matches!(variable.data_type, Char | FixedString { .. } | String) {
        return Ok(None);
    }
    let slab = Hyperslab::whole(&variable.shape).map_err(|misfit| Error::internal(misfit.to_string()))?;
    let characters = usize::from(variable.data_type == Char);
    let own = variable.dimensions.len().saturating_sub(characters);
    Ok(Some(ResultCoordinate {
        name: variable.name.clone(),
        dimensions: variable.dimensions.iter().take(own).map(|path| last_name(path).to_owned()).collect(),
        attributes: result::described(&variable.attributes),
        labels: labels::read(dataset, path, variable, &slab)?,
    }))
}

/// Where a variable's values come from.
///
/// # Errors
/// `BadRequest` where it holds no numbers, or times.
pub fn source<'a>(dataset: &'a Dataset, path: &'a str, variable: &'a Variable) -> Result<Source<'a>, Error> {
    let packing =
        Packing::of(variable).map_err(|error| labels::unsuitable(path, &error))?.without_valid_range();
    if weir_cf::time::TimeUnits::of(variable).is_some() {
        return Err(Error::bad_request(format!(
            "{path} holds times, of which there are no statistics; name a variable of values"
        )));
    }
    Ok(Source { dataset, path, shape: &variable.shape, unpacking: Unpacking::new(packing) })
}

fn unknown_action(name: &str, part: Option<f64>) -> Error {
    let names = Action::names().collect::<Vec<_>>().join(", ");
    let shown: String = name.chars().take(80).collect();
    match (name, part) {
        ("quantile", None) => Error::bad_request("quantile takes q, from 0 to 1, as in ?q=0.9"),
        ("quantile", Some(part)) => Error::bad_request(format!("q is {part}, but must be from 0 to 1")),
        _ => Error::bad_request(format!("{shown:?} is no action; there are {names}")),
    }
}

/// The name of the result's dimension: that of the part of dates, or of the coordinate.
fn coordinate_name(variable: &Variable, coordinates: &Coordinates<'_>, asked: &str) -> String {
    match dotted(variable, coordinates, asked) {
        Some((_, component)) => component.to_owned(),
        None => asked.to_owned(),
    }
}

/// `time` and `month` of `time.month`, unless something has the whole name.
fn dotted<'n>(
    variable: &Variable,
    coordinates: &Coordinates<'_>,
    asked: &'n str,
) -> Option<(&'n str, &'n str)> {
    let known = coordinates.all().any(|coordinate| coordinate.variable.name == asked)
        || variable.dimensions.iter().any(|path| last_name(path) == asked);
    asked.rsplit_once('.').filter(|_| !known)
}

/// The axis that a request groups along, and the groups.
fn grouped(
    dataset: &Dataset,
    variable: &Variable,
    coordinates: &Coordinates<'_>,
    asked: &str,
) -> Result<(usize, Groups), Error> {
    let (name, component) = match dotted(variable, coordinates, asked) {
        None => (asked, None),
        Some((name, component)) => {
            let parsed = Component::parse(component)
                .filter(|_| coordinates.all().any(|own| own.variable.name == name));
            (name, Some(parsed.ok_or_else(|| unknown_coordinate(variable, coordinates, asked))?))
        }
    };
    let unknown = || unknown_coordinate(variable, coordinates, asked);
    let found = coordinates.all().find(|coordinate| coordinate.variable.name == name);
    let Some(found) = found else {
        // A dimension without a coordinate variable: each index is a group of its own.
        let axis = variable.dimensions.iter().position(|path| last_name(path) == name).ok_or_else(unknown)?;
        let length = variable.shape.get(axis).copied().unwrap_or(0);
        return Ok((axis, indices(length)?));
    };
    let characters = usize::from(found.variable.data_type == weir_model::DataType::Char);
    let own = found.variable.dimensions.len().saturating_sub(characters);
    let axis = variable.dimensions.iter().position(|path| Some(path) == found.variable.dimensions.first());
    let Some(axis) = axis.filter(|_| own == 1) else {
        return Err(Error::bad_request(format!(
            "coordinate {name} has {own} dimensions, but groups are made along one; there are {}",
            listed(&valid(variable, coordinates))
        )));
    };
    let slab =
        Hyperslab::whole(&found.variable.shape).map_err(|misfit| Error::internal(misfit.to_string()))?;
    let labels = labels::read(dataset, &found.path, found.variable, &slab)?;
    let groups = match component {
        None if variable.dimensions.get(axis).is_some_and(|path| last_name(path) == name) => {
            groups::by_label(&labels)?.falling_as_they_are()
        }
        None => groups::by_label(&labels)?,
        Some(_) if !matches!(labels, Labels::Times(..)) => {
            return Err(Error::bad_request(format!("{asked}: coordinate {name} holds no times")));
        }
        Some(component) => groups::by_component(&labels, component)?,
    };
    Ok((axis, groups))
}

fn indices(length: u64) -> Result<Groups, Error> {
    let most = u32::try_from(length)
        .map_err(|_| Error::too_large(format!("{length} groups are more than 32 bits count")))?;
    let labels = (0..i64::from(most)).collect();
    let labels =
        Labels::Numbers(crate::engine::values::Values::Signed(weir_cf::packing::NumberType::Int64, labels));
    Ok(Groups { of: (0..most).collect(), labels })
}

fn unknown_coordinate(variable: &Variable, coordinates: &Coordinates<'_>, asked: &str) -> Error {
    let shown: String = asked.chars().take(80).collect();
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
