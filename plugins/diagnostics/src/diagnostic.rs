//! A diagnostic: a variable, what is selected of it, what happens along each of its dimensions, and what is made of it.

use weir_cf::packing::Packing;
use weir_cf::{Coordinate, Coordinates};
use weir_model::{Attribute, Hyperslab, Schema, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::Indices;

use crate::action::Action;
use crate::dask::Executor;
use crate::engine::axis::{Axis, Role};
use crate::engine::item::Unpacking;
use crate::engine::values::Values;
use crate::engine::{Reduction, Source};
use crate::groups::Groups;
use crate::labels::{self, Labels};
use crate::result::{self, Outcome, ResultCoordinate};
use crate::rolling::{self, Window};

/// What happens along a dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum Along {
    /// It is one of the result.
    Kept,
    /// It is gone.
    Reduced,
    /// Groups take its place, under this name.
    Grouped(String, Groups),
}

/// A diagnostic, understood and checked.
#[derive(Clone)]
pub struct Diagnostic<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// What it holds.
    pub schema: &'a Schema,
    /// The path of the variable.
    pub path: String,
    /// The variable.
    pub variable: &'a Variable,
    /// What is selected along each of its dimensions.
    pub indices: Vec<Indices>,
    /// What happens along each.
    pub along: Vec<Along>,
    /// What the indices that are selected weigh, along each.
    pub weights: Vec<Option<Vec<f64>>>,
    /// What is made.
    pub action: Action,
    /// Whether the result has one value for each group or for each value.
    pub departure: Departure,
}

/// Which result is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// What is made of each group.
    None,
    /// Each value without what is made of its group.
    FromGroups,
    /// What is made of a window behind each value.
    Rolling(Window),
}

/// The name of a coordinate or dimension without the groups around it.
pub fn last_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

impl<'a> Diagnostic<'a> {
    /// All of a variable, nothing done yet.
    #[must_use]
    pub fn new(
        (dataset, schema): (&'a Dataset, &'a Schema),
        (path, variable): (String, &'a Variable),
        action: Action,
    ) -> Self {
        let indices = variable.shape.iter().map(|length| Indices::all(*length)).collect();
        let (along, weights) = (vec![Along::Kept; variable.shape.len()], vec![None; variable.shape.len()]);
        Self { dataset, schema, path, variable, indices, along, weights, action, departure: Departure::None }
    }

    /// The computation of what is made of each group.
    ///
    /// # Errors
    /// `BadRequest` for variables that hold no numbers.
    pub fn reduction(&self) -> Result<Reduction<'_>, Error> {
        let role = |along: &Along| match along {
            Along::Kept => Role::Kept,
            Along::Reduced => Role::Reduced,
            Along::Grouped(_, groups) => Role::Grouped { of: groups.of.clone(), count: groups.labels.len() },
        };
        let mut reduction = self.all_values()?;
        for ((axis, along), weights) in reduction.axes.iter_mut().zip(&self.along).zip(&self.weights) {
            (axis.role, axis.weights) = (role(along), weights.clone());
        }
        reduction.action = self.action;
        Ok(reduction)
    }

    /// The values that are selected, as they are.
    fn all_values(&self) -> Result<Reduction<'_>, Error> {
        let source = source(self.dataset, &self.path, self.variable)?;
        let chunks = &self.variable.storage.chunk_shape;
        let axes = self.indices.iter().enumerate().map(|(at, indices)| {
            let chunk = chunks.get(at).copied().unwrap_or(1).max(1);
            Axis { indices: indices.clone(), chunk, role: Role::Kept, weights: None }
        });
        Ok(Reduction { source, axes: axes.collect(), action: Action::First })
    }

    /// Bytes that the result takes while it is made.
    ///
    /// # Errors
    /// `TooLarge` where memory has not as many.
    pub fn memory(&self) -> Result<u64, Error> {
        let made = self.reduction()?;
        let made = made.memory(&made.whole())?.saturating_add(self.coordinate_bytes());
        Ok(match self.departure {
            Departure::None => made,
            Departure::FromGroups | Departure::Rolling(_) => {
                let all = self.all_values()?;
                made.saturating_add(all.memory(&all.whole())?)
            }
        })
    }

    /// Bytes that coordinates take at most, as they are read and as they are shown.
    fn coordinate_bytes(&self) -> u64 {
        let found = Coordinates::of(self.schema, &self.path).unwrap_or_default();
        let elements = |coordinate: &Coordinate<'_>| {
            coordinate.variable.shape.iter().fold(1_u64, |all, one| all.saturating_mul(*one))
        };
        found.all().map(elements).fold(0_u64, u64::saturating_add).saturating_mul(24)
    }

    /// The result, computed.
    ///
    /// # Errors
    /// Those of [`Executor::compute`], and of reading coordinates.
    pub fn outcome(&self, executor: &Executor<'_>) -> Result<Outcome, Error> {
        let reduction = self.reduction()?;
        let values = self.values(&reduction, &|reduction| executor.compute(reduction))?;
        let (dimensions, _) = self.dimensions(&reduction);
        let (attributes, coordinates) = (self.described(), self.result_coordinates()?);
        Ok(Outcome { name: self.variable.name.clone(), dimensions, attributes, values, coordinates })
    }

    /// The values of the result, of which `compute` computes what is made of groups.
    ///
    /// # Errors
    /// Those of `compute` and of [`Reduction::compute`].
    pub fn values(
        &self,
        reduction: &Reduction<'_>,
        compute: &dyn Fn(&Reduction<'_>) -> Result<Values, Error>,
    ) -> Result<Values, Error> {
        let made = |reduction: &Reduction<'_>| reduction.compute(&reduction.whole());
        Ok(match self.departure {
            Departure::None => compute(reduction)?.without_empty_groups(self.action, &reduction.axes),
            Departure::FromGroups => made(&self.all_values()?)?.without(&made(reduction)?, &reduction.axes),
            Departure::Rolling(window) => {
                let lengths: Vec<usize> = reduction.axes.iter().map(|axis| axis.all().len()).collect();
                rolling::rolled(&made(&self.all_values()?)?, &lengths, window, self.action)?
            }
        })
    }

    /// Whether a dimension of the variable is one of the result.
    fn is_kept(&self, at: usize) -> bool {
        self.departure != Departure::None || matches!(self.along.get(at), Some(Along::Kept))
    }

    /// Names and lengths of the result's dimensions, and which axes of the variable they are along.
    #[must_use]
    pub fn dimensions(&self, reduction: &Reduction<'_>) -> (Vec<(String, usize)>, Vec<usize>) {
        let dimension = |(at, axis): (usize, &Axis)| match self.along.get(at) {
            _ if self.is_kept(at) => Some(((self.dimension(at).to_owned(), axis.all().len()), at)),
            Some(Along::Grouped(name, _)) => Some(((name.clone(), axis.output()), at)),
            _ => None,
        };
        reduction.axes.iter().enumerate().filter_map(dimension).unzip()
    }

    /// What is said of the result.
    #[must_use]
    pub fn described(&self) -> Vec<Attribute> {
        let touched: Vec<&str> =
            (0..self.along.len()).filter(|at| !self.is_kept(*at)).map(|at| self.dimension(at)).collect();
        let own = &self.variable.attributes;
        match self.departure {
            Departure::None => result::attributes(own, self.action, &touched),
            Departure::FromGroups => result::described(own),
            Departure::Rolling(window) => {
                result::attributes(own, self.action, &[self.dimension(window.axis)])
            }
        }
    }

    /// The name of a dimension.
    #[must_use]
    pub fn dimension(&self, at: usize) -> &str {
        self.variable.dimensions.get(at).map_or("", |path| last_name(path))
    }

    /// Coordinates along dimensions that are kept, and along those whose own coordinate gives each index a group of its own.
    ///
    /// # Errors
    /// Whatever keeps them from being read.
    pub fn result_coordinates(&self) -> Result<Vec<ResultCoordinate>, Error> {
        let kept = |at: usize| self.is_kept(at);
        let found = Coordinates::of(self.schema, &self.path).unwrap_or_default();
        let mut coordinates = Vec::new();
        for coordinate in found.all() {
            let along = coordinate
                .variable
                .dimensions
                .iter()
                .map(|own| self.variable.dimensions.iter().position(|d| d == own));
            let own: Option<Vec<usize>> = along.take(result::rank(coordinate.variable)).collect();
            let Some(own) = own else { continue };
            let wanted = match own[..] {
                [at] if !kept(at) => self.regrouped(at),
                _ => own
                    .iter()
                    .all(|at| kept(*at))
                    .then(|| own.iter().filter_map(|at| self.indices.get(*at).cloned()).collect()),
            };
            let name = &coordinate.variable.name;
            let replaced =
                self.along.iter().enumerate().any(|(at, along)| {
                    !kept(at) && matches!(along, Along::Grouped(group, _) if group == name)
                });
            if let Some(indices) = wanted.filter(|_| !replaced) {
                coordinates.extend(self.part(coordinate, &indices)?);
            }
        }
        for (at, along) in self.along.iter().enumerate() {
            if let Along::Grouped(name, groups) = along
                && !kept(at)
            {
                coordinates.push(group_coordinate(name, groups, &found));
            }
        }
        Ok(coordinates)
    }

    /// The indices of groups of one index each, where the dimension's own coordinate makes them.
    fn regrouped(&self, at: usize) -> Option<Vec<Indices>> {
        let Some(Along::Grouped(name, groups)) = self.along.get(at) else { return None };
        let singles = groups.single_indices().filter(|_| name == self.dimension(at))?;
        let selected: Vec<u64> = self.indices.get(at)?.iter().map(|(index, _)| index).collect();
        let runs = singles.iter().filter_map(|single| Some(Indices::one(*selected.get(*single)?)));
        let runs = runs.flat_map(|one| one.runs().to_vec()).collect();
        Some(vec![Indices::of_runs(runs)])
    }

    /// A part of a coordinate; `None` for one of a type that says nothing here, and for scattered parts of those over several
    /// dimensions.
    fn part(
        &self,
        coordinate: &Coordinate<'_>,
        indices: &[Indices],
    ) -> Result<Option<ResultCoordinate>, Error> {
        use weir_model::DataType::{Char, FixedString, String};
        let Coordinate { path, variable, .. } = coordinate;
        if !variable.data_type.is_numeric()
            && !matches!(variable.data_type, Char | FixedString { .. } | String)
        {
            return Ok(None);
        }
        let own = result::rank(variable);
        let dimensions =
            variable.dimensions.iter().take(own).map(|path| last_name(path).to_owned()).collect();
        let labels = match indices {
            [along] => {
                let places: Vec<usize> =
                    along.iter().map(|(index, _)| usize::try_from(index).unwrap_or(usize::MAX)).collect();
                labels::read(self.dataset, path, variable, &whole(variable)?)?.picked(&places)
            }
            several => {
                let characters = variable.shape.iter().skip(own).map(|length| Indices::all(*length));
                let selection =
                    weir_selection::Selection::of(several.iter().cloned().chain(characters).collect());
                let Some(slab) = selection.hyperslab(variable) else { return Ok(None) };
                labels::read(self.dataset, path, variable, &slab)?
            }
        };
        let attributes = result::described(&variable.attributes);
        Ok(Some(ResultCoordinate {
            name: variable.name.clone(),
            dimensions,
            attributes,
            kind: coordinate.kind,
            labels,
        }))
    }
}

/// All of a variable.
pub fn whole(variable: &Variable) -> Result<Hyperslab, Error> {
    Hyperslab::whole(&variable.shape).map_err(|misfit| Error::internal(misfit.to_string()))
}

fn group_coordinate(name: &str, groups: &Groups, coordinates: &Coordinates<'_>) -> ResultCoordinate {
    // What says of texts what they are does not say it of groups of numbers, and the other way round.
    let own =
        coordinates.all().find(|own| own.variable.name == name && !matches!(groups.labels, Labels::Texts(_)));
    ResultCoordinate {
        name: name.to_owned(),
        dimensions: vec![name.to_owned()],
        attributes: own.map_or_else(Vec::new, |found| result::described(&found.variable.attributes)),
        kind: own.and_then(|found| found.kind),
        labels: groups.labels.clone(),
    }
}

/// Where a variable's values come from.
///
/// # Errors
/// `BadRequest` where it holds no numbers, or times.
fn source<'a>(dataset: &'a Dataset, path: &'a str, variable: &'a Variable) -> Result<Source<'a>, Error> {
    let packing =
        Packing::of(variable).map_err(|error| labels::unsuitable(path, &error))?.without_valid_range();
    if weir_cf::time::TimeUnits::of(variable).is_some() {
        return Err(Error::bad_request(format!(
            "{path} holds times, of which there are no statistics; name a variable of values"
        )));
    }
    if variable.shape.is_empty() {
        return Err(Error::bad_request(format!(
            "{path} is a single value, of which there are no statistics"
        )));
    }
    Ok(Source { dataset, path, shape: &variable.shape, unpacking: Unpacking::new(packing) })
}
