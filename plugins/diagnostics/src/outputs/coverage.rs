//! Results as CSV and as CoverageJSON.

use std::sync::Arc;

use weir_cf::axes::{Axis, Kind};
use weir_coverage::covjson::{Coverage, END, END_OF_RANGE, Ground, Role, Vertical};
use weir_coverage::csv::{self, Heads};
use weir_coverage::{Column, Coordinate, Frame, Labels as Shown, Numeric};
use weir_plugin_api::{Body, Bytes, Error};

use super::doubles;
use crate::engine::values::Values;
use crate::labels::Labels;
use crate::result::{Outcome, ResultCoordinate, text};

/// Elements of one piece of a body.
const PIECE: usize = 1 << 14;

/// A result as lines.
pub struct CsvBody {
    frame: Frame,
    values: Arc<Values>,
    head: Option<String>,
    next: usize,
}

impl CsvBody {
    /// All lines of a result.
    ///
    /// # Errors
    /// `Unsupported` for times that cannot be decoded, and for integers that no double is.
    pub fn new(outcome: &Outcome) -> Result<Self, Error> {
        let frame = frame(outcome, Keep::All)?;
        check(&outcome.values)?;
        let head = Some(csv::head(&frame, Heads::Names));
        Ok(Self { frame, values: Arc::clone(&outcome.values), head, next: 0 })
    }
}

impl Body for CsvBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(head) = self.head.take() {
            return Ok(Some(Bytes::from(head.into_bytes())));
        }
        let values = doubles(&self.values, self.next, PIECE)?;
        if values.is_empty() {
            return Ok(None);
        }
        let text = csv::rows(&self.frame, Heads::Names, self.next as u64, &[&values]);
        self.next = self.next.saturating_add(values.len());
        Ok(Some(Bytes::from(text.into_bytes())))
    }
}

/// A result as a coverage.
pub struct CoverageBody {
    coverage: Coverage,
    values: Arc<Values>,
    head: Option<String>,
    next: usize,
    is_done: bool,
}

impl CoverageBody {
    /// All of a result.
    ///
    /// # Errors
    /// As [`CsvBody::new`].
    pub fn new(outcome: &Outcome) -> Result<Self, Error> {
        let frame = frame(outcome, Keep::OnePerDimension)?;
        check(&outcome.values)?;
        let role = |coordinate: &Coordinate| {
            let found = outcome.coordinates.iter().find(|own| own.name == coordinate.name);
            found.map_or(Role::Other, role)
        };
        let roles = frame.coordinates.iter().map(role).collect();
        let coverage = Coverage { frame, roles, ground: Ground::Geographic, title: None };
        let refused = |name: String| {
            Error::unsupported(format!("CoverageJSON has no place for {name}; ask for JSON or netCDF"))
        };
        let head = coverage.begin().map_err(refused)? + &coverage.begin_range(0).map_err(refused)?;
        Ok(Self { coverage, values: Arc::clone(&outcome.values), head: Some(head), next: 0, is_done: false })
    }
}

impl Body for CoverageBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(head) = self.head.take() {
            return Ok(Some(Bytes::from(head.into_bytes())));
        }
        let values = doubles(&self.values, self.next, PIECE)?;
        if values.is_empty() {
            let is_done = std::mem::replace(&mut self.is_done, true);
            return Ok((!is_done).then(|| Bytes::from(format!("{END_OF_RANGE}{END}").into_bytes())));
        }
        let text = self.coverage.values(0, self.next as u64, &values);
        self.next = self.next.saturating_add(values.len());
        Ok(Some(Bytes::from(text.into_bytes())))
    }
}

/// Looks at every value before the first is sent.
fn check(values: &Values) -> Result<(), Error> {
    match values {
        Values::Signed(..) | Values::Unsigned(_) => doubles(values, 0, values.len()).map(|_| ()),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    /// What a domain of CoverageJSON takes: one for each dimension, and those of a single place.
    OnePerDimension,
}

fn frame(outcome: &Outcome, keep: Keep) -> Result<Frame, Error> {
    let mut coordinates = Vec::new();
    for coordinate in &outcome.coordinates {
        let own = coordinate.dimensions == [coordinate.name.clone()];
        if keep == Keep::All || own || coordinate.dimensions.is_empty() {
            coordinates.push(shown(coordinate, outcome)?);
        }
    }
    for (at, (name, length)) in outcome.dimensions.iter().enumerate() {
        if coordinates.iter().any(|coordinate| coordinate.along == [at]) {
            continue;
        }
        // A dimension without a coordinate counts its indices.
        let numbers = (0..*length).map(|index| u32::try_from(index).map_or(f64::NAN, f64::from)).collect();
        let labels = Shown::Numbers(numbers, Numeric::Integer);
        coordinates.push(Coordinate { name: name.clone(), units: None, along: vec![at], labels });
    }
    coordinates.sort_by_key(|coordinate| coordinate.along.first().copied().unwrap_or(usize::MAX));
    let said = |name: &str| text(&outcome.attributes, name);
    let column = Column {
        name: outcome.name.clone(),
        units: said("units"),
        standard_name: said("standard_name"),
        long_name: said("long_name"),
        numeric: numeric(&outcome.values),
    };
    let shape = outcome.dimensions.iter().map(|(_, length)| *length as u64).collect();
    Ok(Frame { shape, coordinates, columns: vec![column] })
}

fn numeric(values: &Values) -> Numeric {
    match values {
        Values::Float32(_) => Numeric::Single,
        Values::Float64(_) => Numeric::Double,
        _ => Numeric::Integer,
    }
}

fn shown(coordinate: &ResultCoordinate, outcome: &Outcome) -> Result<Coordinate, Error> {
    let place = |name: &String| outcome.dimensions.iter().position(|(known, _)| known == name);
    let along = coordinate.dimensions.iter().filter_map(place).collect();
    let units = text(&coordinate.attributes, "units");
    let (labels, units) = match &coordinate.labels {
        Labels::Numbers(values) => {
            (Shown::Numbers(doubles(values, 0, values.len())?, numeric(values)), units)
        }
        Labels::Texts(texts) => (Shown::Texts(texts.clone()), units),
        Labels::Times(_, values) => {
            let dates: Result<Vec<_>, Error> =
                (0..values.len()).map(|place| coordinate.labels.date(place)).collect();
            let dates: Option<Vec<_>> = dates?.into_iter().collect();
            let dates = dates
                .ok_or_else(|| Error::unsupported(format!("a time of {} is missing", coordinate.name)))?;
            (Shown::Texts(weir_coverage::time_labels(&dates)), None)
        }
    };
    Ok(Coordinate { name: coordinate.name.clone(), units, along, labels })
}

fn role(coordinate: &ResultCoordinate) -> Role {
    if let Labels::Times(units, _) = &coordinate.labels {
        return Role::T(units.calendar());
    }
    match coordinate.kind.map(|kind| (kind, kind.axis())) {
        Some((Kind::Longitude, _) | (_, Some(Axis::X))) => Role::X,
        Some((Kind::Latitude, _) | (_, Some(Axis::Y))) => Role::Y,
        Some((_, Some(Axis::Z))) => {
            Role::Z(Vertical { down: None, units: text(&coordinate.attributes, "units") })
        }
        _ => Role::Other,
    }
}
