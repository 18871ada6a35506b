//! GetFeatureInfo: the value of the cell under a pixel, and where that cell is.

use serde_json::{Map, Value, json};
use weir_fields::packing;
use weir_model::ByteOrder;
use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::{Place, Window};
use weir_selection::{Indices, Selection};

use crate::asking::Asking;
use crate::crs::Crs;
use crate::keys::{Keys, invalid};
use crate::layer::Layer;
use crate::map::layers;
use crate::refusal::{Code, refused};
use crate::version::Version;
use crate::xml::Xml;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Text,
    Xml,
}

/// Media types, the first of each format the one that is answered.
const FORMATS: [(&str, Format); 5] = [
    ("application/json", Format::Json),
    ("text/plain", Format::Text),
    ("text/xml", Format::Xml),
    ("application/geo+json", Format::Json),
    ("application/xml", Format::Xml),
];

/// The media types that capabilities name.
pub(crate) fn media_types() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().take(3).map(|(name, _)| *name)
}

/// The value of a layer at a place.
struct Reading {
    layer: String,
    title: String,
    units: Option<String>,
    /// The middle of the cell; `None` where there is no cell.
    place: Option<Place>,
    /// `None` where it is missing.
    value: Option<f64>,
    /// What lies along the other dimensions.
    dimensions: Vec<(String, String)>,
}

/// Answers GetFeatureInfo.
pub(crate) fn answer(asking: &Asking<'_>, dataset: &Dataset, keys: &Keys) -> Result<Response, Error> {
    let version = Version::of(keys)?;
    let format = match keys.get("info_format") {
        None => Format::Text,
        Some(name) => {
            let found = FORMATS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, format)| *format).ok_or_else(|| {
                let shown: String = name.chars().take(60).collect();
                let names = media_types().collect::<Vec<_>>().join(", ");
                refused(Code::InvalidFormat, format!("{shown:?} is not written; there are {names}"))
            })?
        }
    };
    let layers = layers(dataset, keys, "query_layers")?;
    let window = Crs::asked(keys, version)?;
    let place = pixel(keys, version, &window)?;
    let readings = layers.iter().map(|layer| reading(asking, layer, (place, keys)));
    let readings: Vec<Reading> = readings.collect::<Result<_, Error>>()?;
    let asked = place.map(|place| (place.longitude, place.latitude));
    let (media_type, body) = match format {
        Format::Json => ("application/json", json_of(asked, &readings).to_string().into_bytes()),
        Format::Text => ("text/plain;charset=UTF-8", text_of(asked, &readings).into_bytes()),
        Format::Xml => {
            let xml = xml_of(asked, &readings);
            ("text/xml", xml.map_err(|error| Error::internal(error.to_string()))?)
        }
    };
    Ok(Response::full(media_type, body).stable())
}

/// The place that the pixel shows; `None` beside the Earth.
fn pixel(keys: &Keys, version: Version, window: &Window) -> Result<Option<Place>, Error> {
    let (width, height) = window.size();
    let names = match version {
        Version::V130 => ("i", "j"),
        Version::V111 => ("x", "y"),
    };
    let other = if version == Version::V130 { ("x", "y") } else { ("i", "j") };
    let number = |name: &'static str, other: &str, most: u32| {
        let text = keys.get(name).or_else(|| keys.get(other)).map_or_else(|| keys.required(name), Ok)?;
        let inside = || format!("a column or row of the picture, which has {width} x {height} pixels");
        match text.parse::<u32>() {
            Ok(at) if at < most => Ok(at),
            _ => Err(refused(Code::InvalidPoint, invalid(name, text, &inside()).message)),
        }
    };
    let (column, row) = (number(names.0, other.0, width)?, number(names.1, other.1, height)?);
    Ok(window.place(column, row))
}

fn reading(
    asking: &Asking<'_>,
    layer: &Layer<'_>,
    (place, keys): (Option<Place>, &Keys),
) -> Result<Reading, Error> {
    let mut at = layer.at(keys)?;
    let mut dimensions = Vec::new();
    for dimension in &layer.dimensions {
        let index =
            at.get(dimension.axis).and_then(|indices| indices.iter().next()).map_or(0, |(index, _)| index);
        dimensions.push((dimension.name.clone(), dimension.value(&layer.axes, index)?));
    }
    let admit = |bytes| asking.admit(bytes);
    let cell = match place {
        Some(place) => layer.laid.cell(&layer.axes, (place, &at), &admit)?,
        None => None,
    };
    let mut value = None;
    if let Some(cell) = &cell {
        for (axis, index) in &cell.indices {
            if let Some(room) = at.get_mut(*axis) {
                *room = Indices::one(*index);
            }
        }
        value = single(layer, at)?;
    }
    let signed =
        |place: Place| Place { longitude: (place.longitude + 180.0).rem_euclid(360.0) - 180.0, ..place };
    Ok(Reading {
        layer: layer.name.clone(),
        title: layer.title(),
        units: layer.units(),
        place: cell.map(|cell| signed(cell.place)),
        value,
        dimensions,
    })
}

/// One value, with all its digits.
fn single(layer: &Layer<'_>, at: Vec<Indices>) -> Result<Option<f64>, Error> {
    let variable = layer.variable()?;
    let packing = packing(variable)?;
    let mut bytes = vec![0; packing.stored().size()];
    Selection::of(at).read(
        layer.axes.dataset(),
        (layer.axes.path(), variable),
        ByteOrder::NATIVE,
        &mut bytes,
    )?;
    let mut values = Vec::new();
    packing.unpack(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
    Ok(values.first().copied().filter(|value| value.is_finite()))
}

/// A feature collection: for each layer a point in the middle of its cell.
fn json_of(asked: Option<(f64, f64)>, readings: &[Reading]) -> Value {
    let feature = |reading: &Reading| {
        let mut properties = Map::new();
        properties.insert("layer".to_owned(), json!(reading.layer));
        properties.insert("title".to_owned(), json!(reading.title));
        properties.insert("value".to_owned(), json!(reading.value));
        properties.insert("units".to_owned(), json!(reading.units));
        for (name, value) in &reading.dimensions {
            properties.insert(name.clone(), json!(value));
        }
        let point = reading
            .place
            .map(|place| json!({"type": "Point", "coordinates": [place.longitude, place.latitude]}));
        json!({"type": "Feature", "geometry": point, "properties": properties})
    };
    let asked = asked.map(|(longitude, latitude)| json!([longitude, latitude]));
    json!({"type": "FeatureCollection", "asked": asked, "features": readings.iter().map(feature).collect::<Vec<_>>()})
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn text_of(asked: Option<(f64, f64)>, readings: &[Reading]) -> String {
    let mut lines = Vec::new();
    match asked {
        Some((longitude, latitude)) => {
            lines.push(format!("longitude: {longitude}"));
            lines.push(format!("latitude: {latitude}"));
        }
        None => lines.push("beside the Earth".to_owned()),
    }
    for reading in readings {
        lines.push(String::new());
        lines.push(format!("layer: {}", reading.layer));
        lines.push(format!("title: {}", reading.title));
        lines.push(format!("value: {}", shown(reading.value)));
        lines.extend(reading.units.iter().map(|units| format!("units: {units}")));
        if let Some(place) = reading.place {
            lines.push(format!("cell longitude: {}", place.longitude));
            lines.push(format!("cell latitude: {}", place.latitude));
        }
        lines.extend(reading.dimensions.iter().map(|(name, value)| format!("{name}: {value}")));
    }
    lines.join("\n") + "\n"
}

/// As ncWMS writes it.
fn xml_of(asked: Option<(f64, f64)>, readings: &[Reading]) -> std::io::Result<Vec<u8>> {
    let mut xml = Xml::new();
    xml.open("FeatureInfoResponse", &[])?;
    if let Some((longitude, latitude)) = asked {
        xml.text("longitude", &[], &longitude.to_string())?;
        xml.text("latitude", &[], &latitude.to_string())?;
    }
    for reading in readings {
        xml.open("Feature", &[])?;
        xml.text("layer", &[], &reading.layer)?;
        if let Some(place) = reading.place {
            xml.open("actualLocation", &[])?;
            xml.text("longitude", &[], &place.longitude.to_string())?;
            xml.text("latitude", &[], &place.latitude.to_string())?;
            xml.close("actualLocation")?;
        }
        xml.open("FeatureInfo", &[])?;
        for (name, value) in &reading.dimensions {
            xml.text("dimension", &[("name", name)], value)?;
        }
        let units: Vec<(&str, &str)> = reading.units.iter().map(|units| ("units", units.as_str())).collect();
        xml.text("value", &units, &shown(reading.value))?;
        xml.close("FeatureInfo")?;
        xml.close("Feature")?;
    }
    xml.close("FeatureInfoResponse")?;
    Ok(xml.into_bytes())
}
