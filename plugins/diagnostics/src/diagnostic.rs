//! A diagnostic: a variable, what is selected of it, what happens along each of its dimensions, and what is made of it.

use weir_cf::packing::Packing;
use weir_cf::{Coordinate, Coordinates};
use weir_model::{Attribute, Hyperslab, Schema, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::{Axes, Indices};

use crate::action::Action;
use crate::dask::Executor;
use crate::engine::Reduction;
use crate::engine::axis::{Axis, Role};
use crate::engine::item::Unpacking;
use crate::engine::mapping::Origin;
use crate::engine::source::Source;
use crate::engine::values::Values;
use crate::ground::{Ground, Target};
use crate::groups::Groups;
use crate::labels::{self, Labels};
use crate::result::{self, Outcome, ResultCoordinate};
use crate::rolling::{self, Window};
use crate::watch::Watch;

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
    /// What is made of its horizontal dimensions before anything else; its axes take the places of the variable's then.
    pub ground: Option<Ground>,
    /// What is selected along each axis.
    pub indices: Vec<Indices>,
    /// What happens along each.
    pub along: Vec<Along>,
    /// What the indices that are selected weigh, along each.
    pub weights: Vec<Option<Vec<f64>>>,
    /// What is made.
    pub action: Action,
    /// Whether the result has one value for each group or for each value.
    pub departure: Departure,
    /// Whether it is still wanted, and how far it is.
    pub watch: Watch<'a>,
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
        Self {
            dataset,
            schema,
            path,
            variable,
            ground: None,
            indices,
            along,
            weights,
            action,
            departure: Departure::None,
            watch: Watch::nobody(),
        }
    }

    /// The same of what is made of the horizontal dimensions, where nothing was done yet but selecting along others.
    ///
    /// # Errors
    /// `BadRequest` where something is selected along these dimensions, or two dimensions would have one name.
    pub fn on(mut self, ground: Ground) -> Result<Self, Error> {
        let selects = |axis: &usize| {
            self.indices
                .get(*axis)
                .zip(self.variable.shape.get(*axis))
                .is_some_and(|(indices, length)| *indices != Indices::all(*length))
        };
        if let Some(axis) = ground.mapping.cells.iter().find(|axis| selects(axis)) {
            let name = self.source_dimension(*axis);
            return Err(Error::bad_request(format!(
                "{name} is selected by where, and taken by points, a polygon, a grid or groups over two dimensions; leave one of them out"
            )));
        }
        let indices = |(at, from): (usize, &Origin)| match from {
            Origin::Kept(axis) => self.indices.get(*axis).cloned().unwrap_or_default(),
            Origin::Target(_) => match ground.target(at) {
                Some(Target { source: Some((_, indices)), .. }) => indices.clone(),
                Some(target) => Indices::all(target.length as u64),
                None => Indices::default(),
            },
        };
        self.indices = ground.mapping.axes.iter().enumerate().map(indices).collect();
        self.along = vec![Along::Kept; self.indices.len()];
        self.weights = vec![None; self.indices.len()];
        self.ground = Some(ground);
        let names: Vec<&str> = (0..self.indices.len()).map(|at| self.dimension(at)).collect();
        if let Some(twice) =
            names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name))
        {
            return Err(Error::bad_request(format!(
                "two dimensions of the result would be called {}",
                twice.1
            )));
        }
        Ok(self)
    }

    /// The axis that a dimension of the variable is, if it still is one.
    #[must_use]
    pub fn axis_of(&self, dimension: usize) -> Option<usize> {
        let Some(ground) = &self.ground else { return Some(dimension) };
        (0..self.indices.len()).find(|at| match ground.mapping.axes.get(*at) {
            Some(Origin::Kept(axis)) => *axis == dimension,
            Some(Origin::Target(_)) => ground
                .target(*at)
                .and_then(|target| target.source.as_ref())
                .is_some_and(|(axis, _)| *axis == dimension),
            None => false,
        })
    }

    /// The axis of a name: of what is made of horizontal dimensions, or of the variable.
    ///
    /// # Errors
    /// `BadRequest`, with the names that there are.
    pub fn find(&self, axes: &Axes<'_>, name: &str) -> Result<usize, Error> {
        if let Some(at) = (0..self.indices.len()).find(|at| self.dimension(*at) == name) {
            return Ok(at);
        }
        let names =
            || (0..self.indices.len()).map(|at| self.dimension(at).to_owned()).collect::<Vec<_>>().join(", ");
        let found = axes.find(name)?;
        self.axis_of(found).ok_or_else(|| {
            Error::bad_request(format!("{name} is no dimension any more; there are {}", names()))
        })
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
        let source = self.source()?;
        let chunks = &self.variable.storage.chunk_shape;
        let stored = |axis: usize| chunks.get(axis).copied().unwrap_or(1).max(1);
        let axes = self.indices.iter().enumerate().map(|(at, indices)| {
            let kept = |chunk| Axis { indices: indices.clone(), chunk, role: Role::Kept, weights: None };
            match self.ground.as_ref().and_then(|ground| ground.mapping.axes.get(at).zip(Some(ground))) {
                None => kept(stored(at)),
                Some((Origin::Kept(axis), _)) => kept(stored(*axis)),
                Some((Origin::Target(_), ground)) => {
                    let (length, chunk) =
                        ground.target(at).map_or((0, 1), |target| (target.length, target.chunk));
                    Axis { indices: Indices::all(length as u64), ..kept(chunk.max(1)) }
                }
            }
        });
        Ok(Reduction { source, axes: axes.collect(), action: Action::First, watch: self.watch })
    }

    /// Bytes that the result takes while it is made.
    ///
    /// # Errors
    /// `TooLarge` where memory has not as many.
    pub fn memory(&self) -> Result<u64, Error> {
        let made = self.reduction()?;
        let made = made.memory(&made.whole())?.saturating_add(self.coordinate_bytes());
        let made = made.saturating_add(self.ground.as_ref().map_or(0, Ground::bytes));
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

    /// The same, watched.
    #[must_use]
    pub fn watched(self, watch: Watch<'a>) -> Self {
        Self { watch, ..self }
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
        Ok(Outcome {
            name: self.variable.name.clone(),
            dimensions,
            attributes,
            values: values.into(),
            coordinates,
        })
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
                rolling::rolled(&made(&self.all_values()?)?, &lengths, (window, self.action), &self.watch)?
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

    /// The name of a dimension of the variable.
    #[must_use]
    pub fn source_dimension(&self, axis: usize) -> &str {
        self.variable.dimensions.get(axis).map_or("", |path| last_name(path))
    }

    /// The name of an axis.
    #[must_use]
    pub fn dimension(&self, at: usize) -> &str {
        match self.ground.as_ref().and_then(|ground| ground.mapping.axes.get(at).zip(Some(ground))) {
            None => self.source_dimension(at),
            Some((Origin::Kept(axis), _)) => self.source_dimension(*axis),
            Some((Origin::Target(_), ground)) => ground.target(at).map_or("", |target| &target.name),
        }
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
            let along = coordinate.variable.dimensions.iter().map(|own| {
                self.variable.dimensions.iter().position(|d| d == own).and_then(|axis| self.axis_of(axis))
            });
            let own: Option<Vec<usize>> = along.take(result::rank(coordinate.variable)).collect();
            let Some(own) = own else {
                coordinates.extend(self.at_places(coordinate, &kept)?);
                continue;
            };
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
        for made in self.ground.iter().flat_map(|ground| &ground.coordinates) {
            let is_kept =
                |name: &String| (0..self.along.len()).any(|at| kept(at) && self.dimension(at) == name);
            if made.dimensions.iter().all(is_kept) {
                coordinates.retain(|other| other.name != made.name);
                coordinates.push(made.clone());
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

    /// What a coordinate over cells says of the places that cells were taken for.
    fn at_places(
        &self,
        coordinate: &Coordinate<'_>,
        kept: &impl Fn(usize) -> bool,
    ) -> Result<Option<ResultCoordinate>, Error> {
        let Some((ground, places)) =
            self.ground.as_ref().and_then(|ground| ground.places.as_ref().map(|places| (ground, places)))
        else {
            return Ok(None);
        };
        let variable = coordinate.variable;
        let target = ground.mapping.axes.iter().position(|from| matches!(from, Origin::Target(_)));
        let Some(target) = target.filter(|target| kept(*target)) else { return Ok(None) };
        let of = |own: &String| {
            let axis = self.variable.dimensions.iter().position(|dimension| dimension == own)?;
            ground.mapping.cells.iter().position(|cell| *cell == axis)
        };
        let own: Option<Vec<usize>> =
            variable.dimensions.iter().take(result::rank(variable)).map(of).collect();
        let Some(own) = own.filter(|own| !own.is_empty()) else { return Ok(None) };
        let number = |place: &(u64, u64)| {
            let along = own
                .iter()
                .zip(&variable.shape)
                .map(|(cell, length)| (if *cell == 0 { place.0 } else { place.1 }, length));
            let number = along
                .fold(0_u64, |number, (index, length)| number.saturating_mul(*length).saturating_add(index));
            usize::try_from(number).unwrap_or(usize::MAX)
        };
        let numbers: Vec<usize> = places.iter().map(number).collect();
        if !is_told(variable) {
            return Ok(None);
        }
        let labels =
            labels::read(self.dataset, &coordinate.path, variable, &whole(variable)?)?.picked(&numbers);
        Ok(Some(ResultCoordinate {
            name: variable.name.clone(),
            dimensions: vec![self.dimension(target).to_owned()],
            attributes: result::described(&variable.attributes),
            kind: coordinate.kind,
            labels,
        }))
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
        let Coordinate { path, variable, .. } = coordinate;
        if !is_told(variable) {
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

/// Whether a coordinate is of a type that says something.
fn is_told(variable: &Variable) -> bool {
    use weir_model::DataType::{Char, FixedString, String};
    variable.data_type.is_numeric() || matches!(variable.data_type, Char | FixedString { .. } | String)
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

impl Diagnostic<'_> {
    /// Where its values come from.
    ///
    /// # Errors
    /// `BadRequest` where the variable holds no numbers, or times.
    fn source(&self) -> Result<Source<'_>, Error> {
        let (path, variable) = (self.path.as_str(), self.variable);
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
        Ok(Source {
            dataset: self.dataset,
            path,
            shape: &variable.shape,
            chunks: &variable.storage.chunk_shape,
            stored: Unpacking::new(packing),
            mapping: self.ground.as_ref().map(|ground| &ground.mapping),
        })
    }
}
