//! Parts of datasets as tables and coverages: what is known before the first value is read.

use std::collections::VecDeque;

use weir_cf::axes::{Kind, Positive};
use weir_cf::packing::Packing;
use weir_cf::time::{DateTime, Number, TimeUnits};
use weir_cf::{Calendar, Coordinates};
use weir_coverage::covjson::{Coverage, Ground, Role, Vertical};
use weir_coverage::{Column, Coordinate, Frame, Labels, Numeric, time_labels};
use weir_model::{ByteOrder, Schema, Variable};
use weir_plugin_api::{Dataset, Error, Host, Request, Response};
use weir_selection::{Axes, Cut, MOST_NUMBERS, Measure, Selection};

use crate::asked::Asked;
use crate::chosen::Parts;
use crate::format::Format;
use crate::table_body::{Part, Read, TableBody};

/// What a field of a table takes, roughly.
const FIELD_BYTES: u64 = 12;

/// The table that is asked for.
///
/// # Errors
/// `BadRequest` for variables that make no table together, and `TooLarge`.
pub(crate) fn answer(
    (host, request): (Host, &Request<'_>),
    dataset: Dataset,
    (asked, parts): (&Asked, Parts),
) -> Result<Response, Error> {
    let variables = columns(&parts)?;
    let first = parts.variables.first().ok_or_else(|| Error::internal("no variable is asked for"))?;
    let single = matches!(asked.format, Format::Columns | Format::Covjson);
    if single && parts.cuts.len() > 1 {
        return Err(Error::bad_request(
            "this format holds one point; ask for one at a time, or for format csv, json with layout records, or parquet",
        ));
    }
    let variable = parts.schema.variable(first).ok_or_else(|| Error::internal("a variable is gone"))?;
    // Rows are counted before coordinates are read: what is refused costs nothing.
    let mut rows = 0_u64;
    for cut in &parts.cuts {
        rows = rows.saturating_add(cut.of(variable).elements()?);
    }
    let fields =
        u64::try_from(parts.variables.len().saturating_add(variable.shape.len())).unwrap_or(u64::MAX);
    host.admit(request, rows.saturating_mul(fields).saturating_mul(FIELD_BYTES))?;
    let axes = Axes::of(&dataset, first)?;
    let mut made = Vec::new();
    let mut coverage = None;
    for cut in &parts.cuts {
        let described = Described::of(&axes, (&parts.schema, variable), (cut, asked.format))?;
        let frame = described.frame(cut.of(variable).shape(), &variables);
        if asked.format == Format::Covjson {
            coverage = Some(described.coverage(&parts.schema, first, frame.clone())?);
        }
        made.push(Part { frame, selection: cut.of(variable) });
    }
    drop(axes);
    let media_type = asked.format.media_type();
    if request.is_head() {
        // How long it will be is not known before it is made.
        return Ok(Response::stream(media_type, None, Box::new(Nothing)));
    }
    let read = variables
        .into_iter()
        .zip(&parts.variables)
        .map(|((_, packing), path)| Read { path: path.clone(), packing });
    let body = TableBody::new((dataset, read.collect()), (made, parts.schema), (asked.format, coverage))?;
    Ok(Response::stream(media_type, None, Box::new(body)))
}

struct Nothing;

impl weir_plugin_api::Body for Nothing {
    fn next(&mut self) -> Result<Option<weir_plugin_api::Bytes>, Error> {
        Ok(None)
    }
}

/// The variables as columns, with what unpacks them; all lie over the same dimensions.
fn columns(parts: &Parts) -> Result<Vec<(Column, Packing)>, Error> {
    let mut columns = Vec::new();
    let mut dimensions: Option<&[String]> = None;
    for path in &parts.variables {
        let variable = parts.schema.variable(path).ok_or_else(|| Error::internal("a variable is gone"))?;
        if dimensions.is_some_and(|known| known != variable.dimensions) {
            return Err(Error::bad_request(format!(
                "{path} lies over ({}), and {} over ({}): variables of one table lie over the same dimensions; ask for them one at a time, or for format netcdf3",
                variable.dimension_names().collect::<Vec<_>>().join(", "),
                parts.variables.first().map_or("", String::as_str),
                dimensions.unwrap_or_default().join(", ").replace('/', ""),
            )));
        }
        dimensions = Some(&variable.dimensions);
        let packing = Packing::of(variable)
            .map_err(|error| Error::bad_request(format!("{path}: {error}; ask for format netcdf3")))?;
        // As xarray does: a valid range is told, and values outside of it are values.
        let packing = packing.without_valid_range();
        columns.push((column(variable, Numeric::of(packing.unpacked())), packing));
    }
    Ok(columns)
}

fn text(variable: &Variable, name: &str) -> Option<String> {
    let text = variable.attribute(name)?.value.as_text()?.trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}

fn column(variable: &Variable, numeric: Numeric) -> Column {
    Column {
        name: variable.name.clone(),
        units: text(variable, "units"),
        standard_name: text(variable, "standard_name"),
        long_name: text(variable, "long_name"),
        numeric,
    }
}

/// The coordinates of a part, and what they mean.
struct Described {
    coordinates: VecDeque<(Coordinate, Role)>,
}

impl Described {
    fn of(
        axes: &Axes<'_>,
        (schema, variable): (&Schema, &Variable),
        (cut, format): (&Cut, Format),
    ) -> Result<Self, Error> {
        let ncss = matches!(format, Format::NcssCsv | Format::NcssXml);
        let selection = cut.of(variable);
        let mut coordinates = VecDeque::new();
        for axis in 0..axes.along().len() {
            coordinates.push_back(along(axes, axis, (&selection, ncss))?);
        }
        let beside = Coordinates::of(schema, axes.path()).unwrap_or_default();
        for found in beside.auxiliary.iter().chain(&beside.scalar) {
            let known = axes
                .along()
                .iter()
                .any(|along| along.labels.as_ref().is_some_and(|labels| labels.path == found.path));
            if known || !found.variable.data_type.is_numeric() {
                continue;
            }
            coordinates.extend(aside(axes, found, (variable, cut, ncss))?);
        }
        Ok(Self { coordinates })
    }

    fn frame(&self, shape: Vec<u64>, columns: &[(Column, Packing)]) -> Frame {
        let coordinates = self.coordinates.iter().map(|(coordinate, _)| coordinate.clone()).collect();
        Frame { shape, coordinates, columns: columns.iter().map(|(column, _)| column.clone()).collect() }
    }

    /// A domain has one coordinate for each dimension; those that lie over several are left out of it, unless the grid is
    /// known by nothing else.
    fn coverage(&self, schema: &Schema, path: &str, mut frame: Frame) -> Result<Coverage, Error> {
        let over_several = |coordinate: &Coordinate| coordinate.along.len() > 1;
        let mut roles: Vec<Role> = self.coordinates.iter().map(|(_, role)| role.clone()).collect();
        let has = |role: &Role| roles.contains(role);
        if frame.coordinates.iter().any(over_several) && !(has(&Role::X) && has(&Role::Y)) {
            return Err(Error::bad_request(
                "CoverageJSON has no curvilinear grids; ask for format netcdf3, csv, json or parquet",
            ));
        }
        let kept: Vec<bool> = frame.coordinates.iter().map(|coordinate| !over_several(coordinate)).collect();
        let mut keep = kept.iter();
        frame.coordinates.retain(|_| keep.next().copied().unwrap_or(false));
        let mut keep = kept.iter();
        roles.retain(|_| keep.next().copied().unwrap_or(false));
        let ground = ground(schema, path);
        let title = schema.root.attributes.iter().find(|attribute| attribute.name == "title");
        let title = title.and_then(|title| title.value.as_text()).map(std::borrow::Cow::into_owned);
        let coverage = Coverage { frame, roles, ground, title };
        coverage.begin().map_err(|error| {
            Error::bad_request(format!("this is no coverage: {error}; ask for another format"))
        })?;
        Ok(coverage)
    }
}

/// A projection, by its well-known text or its name.
fn ground(schema: &Schema, path: &str) -> Ground {
    let mapping =
        weir_cf::grid_mapping::grid_mappings(schema, path).ok().and_then(|found| found.into_iter().next());
    let Some(mapping) = mapping else { return Ground::Geographic };
    let name = schema.variable(&mapping.path).and_then(|variable| text(variable, "grid_mapping_name"));
    match name.as_deref() {
        None | Some("latitude_longitude") => Ground::Geographic,
        Some(name) => Ground::Projected(mapping.well_known_text.unwrap_or_else(|| name.to_owned())),
    }
}

/// The coordinate along a dimension; its indices where it has none.
fn along(
    axes: &Axes<'_>,
    axis: usize,
    (selection, ncss): (&Selection, bool),
) -> Result<(Coordinate, Role), Error> {
    let (Some(along), Some(indices)) = (axes.along().get(axis), selection.axes().get(axis)) else {
        return Err(Error::internal("a dimension is gone"));
    };
    let places: Vec<(usize, f64)> =
        indices.iter().map(|(index, shift)| (usize::try_from(index).unwrap_or(usize::MAX), shift)).collect();
    let kind = along.labels.as_ref().and_then(|labels| labels.kind);
    let role = role(kind, along);
    let numeric = numeric(axes, along);
    let labels = match (along.measure(), axes.values(axis)?) {
        (Measure::Time(units), _) => {
            let instants = axes.instants(axis)?;
            let chosen: Option<Vec<DateTime>> = places
                .iter()
                .map(|(place, _)| {
                    DateTime::at(units.calendar(), instants.get(*place).copied().flatten()?).ok()
                })
                .collect();
            let missing = || {
                Error::bad_request(format!("a time of {} is missing; ask for format netcdf3", along.called()))
            };
            Labels::Texts(time_labels(&chosen.ok_or_else(missing)?))
        }
        (_, Some(values)) => {
            let value =
                |(place, shift): &(usize, f64)| values.get(*place).copied().unwrap_or(f64::NAN) + shift;
            Labels::Numbers(places.iter().map(value).collect(), numeric)
        }
        #[expect(clippy::cast_precision_loss, reason = "an index of a dimension that was read")]
        (_, None) => {
            Labels::Numbers(places.iter().map(|(place, _)| *place as f64).collect(), Numeric::Integer)
        }
    };
    let units = units(along.measure(), along.labels.as_ref().and_then(|labels| labels.units.clone()));
    let name = named(along.called(), along.measure(), ncss);
    Ok((Coordinate { name, units, along: vec![axis], labels }, role))
}

/// How THREDDS calls it, or its own name.
fn named(name: &str, measure: Measure, ncss: bool) -> String {
    let known = match measure {
        _ if !ncss => name,
        Measure::Time(_) => "date",
        Measure::Vertical(_) => "vertCoord",
        Measure::Latitude => "latitude",
        Measure::Longitude => "longitude",
        Measure::Other => name,
    };
    known.to_owned()
}

/// The units in which values are told: times are dates, and longitudes and latitudes are degrees.
fn units(measure: Measure, own: Option<String>) -> Option<String> {
    match measure {
        Measure::Time(_) => None,
        Measure::Latitude => Some("degrees_north".to_owned()),
        Measure::Longitude => Some("degrees_east".to_owned()),
        Measure::Vertical(_) | Measure::Other => own,
    }
}

fn numeric(axes: &Axes<'_>, along: &weir_selection::Along) -> Numeric {
    let Some(labels) = &along.labels else { return Numeric::Integer };
    let is_radian = labels.units.as_deref().is_some_and(|units| units.trim_start().starts_with("rad"));
    let variable = axes.schema().variable(&labels.path);
    let packing = variable.and_then(|variable| Packing::of(variable).ok());
    match packing {
        Some(packing) if !is_radian => Numeric::of(packing.without_valid_range().unpacked()),
        _ => Numeric::Double,
    }
}

fn role(kind: Option<Kind>, along: &weir_selection::Along) -> Role {
    match (along.measure(), kind) {
        (Measure::Time(units), _) => Role::T(units.calendar()),
        (Measure::Vertical(positive), _) => Role::Z(Vertical {
            down: positive.map(|positive| positive == Positive::Down),
            units: along.labels.as_ref().and_then(|labels| labels.units.clone()),
        }),
        (Measure::Longitude, _) | (_, Some(Kind::ProjectionX | Kind::GridLongitude)) => Role::X,
        (Measure::Latitude, _) | (_, Some(Kind::ProjectionY | Kind::GridLatitude)) => Role::Y,
        _ => Role::Other,
    }
}

/// A coordinate beside the dimensions: over several of them, another one over one, or of a single place.
fn aside(
    axes: &Axes<'_>,
    found: &weir_cf::Coordinate<'_>,
    (variable, cut, ncss): (&Variable, &Cut, bool),
) -> Result<Option<(Coordinate, Role)>, Error> {
    let place = |dimension: &String| variable.dimensions.iter().position(|known| known == dimension);
    let Some(along) = found.variable.dimensions.iter().map(place).collect::<Option<Vec<usize>>>() else {
        return Ok(None);
    };
    let selection = cut.of(found.variable);
    let elements = selection.elements()?;
    if elements > MOST_NUMBERS {
        return Err(Error::too_large(format!(
            "coordinate {} has {elements} elements here, and at most {MOST_NUMBERS} are told",
            found.path
        )));
    }
    let packing = Packing::of(found.variable)
        .map_err(|error| Error::unsupported(format!("{}: {error}", found.path)))?;
    let packing = packing.without_valid_range();
    let length = usize::try_from(elements)
        .ok()
        .and_then(|elements| elements.checked_mul(found.variable.data_type.size()?));
    let mut bytes = vec![0; length.ok_or_else(|| Error::too_large("a coordinate exceeds memory"))?];
    selection.read(axes.dataset(), (&found.path, found.variable), ByteOrder::NATIVE, &mut bytes)?;
    let mut values = Vec::new();
    packing.unpack(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
    let own = text(found.variable, "units");
    let measure = match found.kind {
        Some(Kind::Latitude) => Measure::Latitude,
        Some(Kind::Longitude) => Measure::Longitude,
        Some(Kind::Vertical) => Measure::Vertical(None),
        _ => Measure::Other,
    };
    if let Some((labels, calendar)) = dates(found, &values) {
        let role =
            if along.is_empty() && found.kind == Some(Kind::Time) { Role::T(calendar) } else { Role::Other };
        let name = found.variable.name.clone();
        return Ok(Some((Coordinate { name, units: None, along, labels }, role)));
    }
    let mut numeric = Numeric::of(packing.unpacked());
    if matches!(measure, Measure::Latitude | Measure::Longitude) {
        let degrees = weir_cf::extent::to_degrees(own.as_deref());
        if degrees != 1.0 {
            values.iter_mut().for_each(|value| *value *= degrees);
            numeric = Numeric::Double;
        }
    }
    let role = match measure {
        Measure::Latitude if along.is_empty() => Role::Y,
        Measure::Longitude if along.is_empty() => Role::X,
        Measure::Vertical(_) if along.is_empty() => Role::Z(Vertical { down: None, units: own.clone() }),
        _ => Role::Other,
    };
    let name = if along.is_empty() || measure != Measure::Vertical(None) {
        named(&found.variable.name, measure, ncss)
    } else {
        found.variable.name.clone()
    };
    Ok(Some((
        Coordinate { name, units: units(measure, own), along, labels: Labels::Numbers(values, numeric) },
        role,
    )))
}

/// The dates that the numbers of a coordinate mean; `None` where it counts no time, or one of them is missing.
fn dates(found: &weir_cf::Coordinate<'_>, values: &[f64]) -> Option<(Labels, Calendar)> {
    let units = TimeUnits::of(found.variable)?.ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and held by a double")]
    let number = |value: &f64| match value.fract() {
        0.0 if value.abs() < 9e15 => Number::Integer(*value as i64),
        _ => Number::Real(*value),
    };
    let dates: Option<Vec<DateTime>> = values.iter().map(|value| units.decode(number(value)).ok()).collect();
    Some((Labels::Texts(time_labels(&dates?)), units.calendar()))
}
