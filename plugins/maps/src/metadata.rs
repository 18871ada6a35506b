//! GetMetadata, as ncWMS' own clients ask for it: layers, their details, times of a day, and the range of what is seen.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_cf::time::DateTime;
use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::ColourMap;
use weir_selection::{Along, Measure, Span};

use crate::asking::Asking;
use crate::crs::Crs;
use crate::dimension::{Dimension, MOST_LISTED, Role};
use crate::keys::{Keys, invalid};
use crate::layer::{Layer, names};
use crate::map::values;
use crate::ranges::ends;
use crate::refusal::{Code, coded, refused};
use crate::version::Version;

/// Answers GetMetadata.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    let item = keys.required("item")?;
    let document = match item.to_ascii_lowercase().as_str() {
        "menu" => menu(dataset),
        "layerdetails" => details(asking, &layer(dataset, keys)?),
        "minmax" => seen(asking, &layer(dataset, keys)?, keys),
        "timesteps" => steps(&layer(dataset, keys)?, keys),
        _ => Err(invalid("item", item, "menu, layerDetails, minmax or timesteps")),
    }?;
    Ok(Response::full("application/json", document.to_string()).stable().costly())
}

fn layer<'d>(dataset: &'d Dataset, keys: &Keys) -> Result<Layer<'d>, Error> {
    let name = keys.get("layername").or_else(|| keys.get("layers")).or_else(|| keys.get("layer"));
    Layer::open(dataset, name.map_or_else(|| keys.required("layername"), Ok)?)
}

fn menu(dataset: &Dataset) -> Result<Value, Error> {
    let schema = dataset.schema()?;
    let layers = names(&schema).into_iter().filter_map(|name| Layer::open(dataset, &name).ok());
    let child = |layer: Layer<'_>| json!({"plottable": true, "id": layer.name, "label": layer.title()});
    Ok(json!({"label": dataset.id(), "children": layers.map(child).collect::<Vec<_>>()}))
}

fn details(asking: &Asking<'_>, layer: &Layer<'_>) -> Result<Value, Error> {
    let bounds = layer.laid.bounds(&layer.axes, &|bytes| asking.admit(bytes))?;
    let (least, most) = asking.ranges.of(asking, layer)?;
    let mut details = Map::new();
    let mut set = |key: &str, value: Value| details.insert(key.to_owned(), value);
    set("layerName", json!(layer.name));
    set("title", json!(layer.title()));
    set("units", json!(layer.units().unwrap_or_default()));
    set("bbox", json!(bounds.map(|b| [b.west, b.south, b.east, b.north])));
    set("scaleRange", json!([least, most]));
    set("numColorBands", json!(256));
    set("supportedStyles", json!(["default-scalar"]));
    set("palettes", json!(ColourMap::names()));
    set("defaultPalette", json!("viridis"));
    set("logScaling", json!(false));
    for dimension in &layer.dimensions {
        match dimension.role {
            Role::Time => {
                set("datesWithData", days(layer, dimension)?);
                let usual = dimension.value(&layer.axes, dimension.usual(&layer.axes))?;
                set("nearestTimeIso", json!(usual));
            }
            Role::Elevation => {
                let numbers = layer.axes.values(dimension.axis)?.unwrap_or_default();
                let listed: Vec<f64> = numbers.iter().copied().take(MOST_LISTED).collect();
                set("zaxis", json!({"units": dimension.units, "values": listed}));
            }
            Role::Other => {}
        }
    }
    Ok(Value::Object(details))
}

/// The days with a time, below their month (counted from 0) and their year.
fn days(layer: &Layer<'_>, dimension: &Dimension) -> Result<Value, Error> {
    let mut years: BTreeMap<i32, BTreeMap<u8, Vec<u8>>> = BTreeMap::new();
    for date in dates(layer, dimension)? {
        let date = date.date();
        let month = years.entry(date.year).or_default().entry(date.month.saturating_sub(1)).or_default();
        if month.last() != Some(&date.day) {
            month.push(date.day);
        }
    }
    Ok(json!(years))
}

fn dates(layer: &Layer<'_>, dimension: &Dimension) -> Result<Vec<DateTime>, Error> {
    let Some(Measure::Time(units)) = layer.axes.along().get(dimension.axis).map(Along::measure) else {
        return Ok(Vec::new());
    };
    let instants = layer.axes.instants(dimension.axis)?;
    Ok(instants.into_iter().flatten().filter_map(|at| DateTime::at(units.calendar(), at).ok()).collect())
}

/// The least and the greatest of what a window shows.
fn seen(asking: &Asking<'_>, layer: &Layer<'_>, keys: &Keys) -> Result<Value, Error> {
    let window = Crs::asked(keys, Version::of(keys)?)?;
    let (min, max) = ends(&values(asking, layer, (&window, keys))?);
    Ok(json!({"min": min, "max": max}))
}

/// The times of a day.
fn steps(layer: &Layer<'_>, keys: &Keys) -> Result<Value, Error> {
    let day = keys.required("day")?;
    let no_time = || refused(Code::InvalidDimensionValue, format!("{} has no time", layer.name));
    let time = layer.dimensions.iter().find(|dimension| dimension.role == Role::Time).ok_or_else(no_time)?;
    let Some(Measure::Time(units)) = layer.axes.along().get(time.axis).map(Along::measure) else {
        return Err(no_time());
    };
    // A day may be written with the time of one of its steps.
    let plain = day.split(['T', ' ']).next().unwrap_or(day);
    let wrong = |error| coded(Code::InvalidDimensionValue, error);
    let span = Span::parse(plain, units.calendar()).map_err(wrong)?;
    let inside = dates(layer, time)?.into_iter().filter(|date| date.instant().is_ok_and(|at| span.holds(at)));
    let clocks: Vec<String> = inside.map(|date| format!("{}Z", date.clock())).collect();
    Ok(json!({"timesteps": clocks}))
}
