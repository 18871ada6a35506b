//! What lies along the dimensions of a variable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use weir_cf::axes::{Kind, Positive, positive};
use weir_cf::extent::to_degrees;
use weir_cf::time::TimeUnits;
use weir_cf::{Coordinate, Coordinates};
use weir_model::{Schema, Variable};
use weir_plugin_api::{Dataset, Error};

use crate::{named, numbers};

/// What the coordinate of a dimension measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// Time, counted in these units, which know their calendar.
    Time(TimeUnits),
    /// Height, depth, pressure or a number of a level, and which way it counts, where that is said.
    Vertical(Option<Positive>),
    /// Latitude. Values are degrees, whatever the file counts in.
    Latitude,
    /// Longitude. Values are degrees, whatever the file counts in.
    Longitude,
    /// Something else: the coordinate of a projection or of a rotated grid, a number of a member, a frequency.
    Other,
}

/// A coordinate along one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The path of the variable.
    pub path: String,
    /// Its name, without its group.
    pub name: String,
    /// What it measures.
    pub measure: Measure,
    /// Its kind, as CF has it.
    pub kind: Option<Kind>,
    /// Its units, as the file has them.
    pub units: Option<String>,
    /// The path of the edges of its cells.
    pub bounds: Option<String>,
}

/// One dimension of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    /// The full path of the dimension.
    pub dimension: String,
    /// Its name, without its group.
    pub name: String,
    /// Its length.
    pub length: u64,
    /// Its coordinate: the variable of its name, or else the first that `coordinates` names and that lies along it alone.
    pub labels: Option<Labels>,
}

impl Along {
    /// What people call it: its coordinate, or the dimension where it has none.
    #[must_use]
    pub fn called(&self) -> &str {
        self.labels.as_ref().map_or(&self.name, |labels| &labels.name)
    }

    /// What it measures; [`Measure::Other`] where it has no coordinate.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.labels.as_ref().map_or(Measure::Other, |labels| labels.measure)
    }
}

/// Numbers that were read, by the path of their variable.
type Kept = Mutex<BTreeMap<String, Arc<Vec<f64>>>>;

/// The dimensions of a variable with their coordinates, whose values are read when they are asked for, once.
pub struct Axes<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) schema: Arc<Schema>,
    pub(crate) path: String,
    along: Vec<Along>,
    /// Coordinates without a dimension, as if each had one of length 1.
    scalar: Vec<Along>,
    kept: Kept,
}

impl<'a> Axes<'a> {
    /// The axes of the variable at `path`.
    ///
    /// # Errors
    /// `NotFound` where there is none, with the names of those that there are; where a time coordinate counts in no known way,
    /// it is taken as a number.
    pub fn of(dataset: &'a Dataset, path: &str) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let variable = schema.variable(&path).ok_or_else(|| named::no_variable(&schema, &path))?;
        let coordinates = Coordinates::of(&schema, &path).unwrap_or_default();
        let along = (0..variable.dimensions.len()).filter_map(|axis| along(variable, &coordinates, axis));
        let (along, scalar) = (along.collect(), coordinates.scalar.iter().map(alone).collect());
        Ok(Self { dataset, schema, path, along, scalar, kept: Mutex::default() })
    }

    /// The variable's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The dataset that it belongs to.
    #[must_use]
    pub fn dataset(&self) -> &'a Dataset {
        self.dataset
    }

    /// What the dataset holds.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Its dimensions, slowest first.
    #[must_use]
    pub fn along(&self) -> &[Along] {
        &self.along
    }

    /// The first dimension that measures what `is` looks for.
    #[must_use]
    pub fn measuring(&self, is: impl Fn(Measure) -> bool) -> Option<usize> {
        self.along.iter().position(|along| is(along.measure()))
    }

    /// The place of a dimension, by its name, that of its coordinate, or by what it measures: `time`, `vertical`, `latitude` or
    /// `lat`, `longitude` or `lon`.
    ///
    /// # Errors
    /// `BadRequest`, with the names that there are.
    pub fn find(&self, name: &str) -> Result<usize, Error> {
        let found = place_of(&self.along, name);
        found.ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            Error::bad_request(format!(
                "{shown:?} is no coordinate of {}; {}",
                self.path,
                named::coordinates(self)
            ))
        })
    }

    /// The place of a coordinate that the variable has without a dimension, found as [`find`](Self::find) finds others. Of what is
    /// [chosen](Self::choose) there, only whether it is refused is of use: it has one value.
    #[must_use]
    pub fn find_scalar(&self, name: &str) -> Option<usize> {
        self.along.len().checked_add(place_of(&self.scalar, name)?)
    }

    pub(crate) fn axis(&self, axis: usize) -> Result<&Along, Error> {
        let has = self.along.len();
        let scalar = || self.scalar.get(axis.checked_sub(has)?);
        let found = self.along.get(axis).or_else(scalar);
        found.ok_or_else(|| Error::internal(format!("axis {axis} of {has} is asked for")))
    }

    /// The coordinate values along a dimension, in degrees where they are longitudes or latitudes; `None` where it has no
    /// coordinate, or one of texts.
    ///
    /// # Errors
    /// Where they cannot be read, or are too many to be searched.
    pub fn values(&self, axis: usize) -> Result<Option<Arc<Vec<f64>>>, Error> {
        let Some(labels) = &self.axis(axis)?.labels else { return Ok(None) };
        let variable = self.variable(&labels.path)?;
        if !variable.data_type.is_numeric() {
            return Ok(None);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(values) = kept.get(&labels.path) {
            return Ok(Some(Arc::clone(values)));
        }
        let mut values = numbers::numbers(self.dataset, &labels.path, variable)?;
        if matches!(labels.measure, Measure::Latitude | Measure::Longitude) {
            let factor = to_degrees(labels.units.as_deref());
            if factor != 1.0 {
                values.iter_mut().for_each(|value| *value *= factor);
            }
        }
        let values = Arc::new(values);
        kept.insert(labels.path.clone(), Arc::clone(&values));
        Ok(Some(values))
    }

    /// The times along a dimension, as [`DateTime::instant`](weir_cf::time::DateTime::instant) counts them; `None` where one is
    /// missing.
    ///
    /// # Errors
    /// Where they cannot be read or are outside the years that are counted; `BadRequest` for what measures no time.
    pub fn instants(&self, axis: usize) -> Result<Vec<Option<i128>>, Error> {
        let along = self.axis(axis)?;
        let (Measure::Time(units), Some(labels)) = (along.measure(), &along.labels) else {
            return Err(Error::bad_request(format!("{} measures no time", along.called())));
        };
        let told = |error: weir_cf::time::TimeError| Error::unsupported(format!("{}: {error}", labels.path));
        let read = numbers::times(self.dataset, &labels.path, self.variable(&labels.path)?)?;
        let instant = |number| units.decode(number).and_then(|date| date.instant()).map_err(told);
        read.into_iter().map(|number| number.map(instant).transpose()).collect()
    }

    pub(crate) fn variable(&self, path: &str) -> Result<&Variable, Error> {
        self.schema
            .variable(path)
            .ok_or_else(|| Error::internal(format!("variable {path} is not there any more")))
    }
}

/// The place of what goes by a name: its own, that of its coordinate, or what it measures.
fn place_of(all: &[Along], name: &str) -> Option<usize> {
    let by_name = |along: &Along| {
        let labels = along.labels.as_ref();
        along.name == name || labels.is_some_and(|labels| labels.name == name || labels.path == name)
    };
    let measures = |measure: Measure| match name.to_ascii_lowercase().as_str() {
        "time" => matches!(measure, Measure::Time(_)),
        "vertical" => matches!(measure, Measure::Vertical(_)),
        "latitude" | "lat" => measure == Measure::Latitude,
        "longitude" | "lon" => measure == Measure::Longitude,
        _ => false,
    };
    all.iter().position(by_name).or_else(|| all.iter().position(|along| measures(along.measure())))
}

/// A coordinate without a dimension.
fn alone(coordinate: &Coordinate<'_>) -> Along {
    let name = coordinate.variable.name.clone();
    Along { dimension: String::new(), name, length: 1, labels: Some(labels(coordinate)) }
}

fn along(variable: &Variable, coordinates: &Coordinates<'_>, axis: usize) -> Option<Along> {
    let dimension = variable.dimensions.get(axis)?;
    let own = coordinates.along.get(axis)?.as_ref();
    let named = || {
        let beside = coordinates.auxiliary.iter();
        // Longitudes and latitudes of a list of places belong to the grid, not to its dimension.
        let only = |found: &&Coordinate<'_>| {
            matches!(&found.variable.dimensions[..], [only] if only == dimension)
                && !matches!(found.kind, Some(Kind::Longitude | Kind::Latitude))
        };
        beside.into_iter().find(only)
    };
    let labels = own.or_else(named).map(labels);
    Some(Along {
        dimension: dimension.clone(),
        name: dimension.rsplit('/').next().unwrap_or(dimension).to_owned(),
        length: *variable.shape.get(axis)?,
        labels,
    })
}

fn labels(coordinate: &Coordinate<'_>) -> Labels {
    let variable = coordinate.variable;
    let units =
        variable.attribute("units").and_then(|units| units.value.as_text().map(std::borrow::Cow::into_owned));
    let measure = match (coordinate.kind, TimeUnits::of(variable)) {
        (Some(Kind::Latitude), _) => Measure::Latitude,
        (Some(Kind::Longitude), _) => Measure::Longitude,
        (Some(Kind::Vertical), _) => Measure::Vertical(positive(variable)),
        (_, Some(Ok(units))) => Measure::Time(units),
        _ => Measure::Other,
    };
    Labels {
        path: coordinate.path.clone(),
        name: variable.name.clone(),
        measure,
        kind: coordinate.kind,
        units,
        bounds: coordinate.bounds.as_ref().map(|bounds| bounds.path.clone()),
    }
}
