//! The properties of an item: words, times, reference system, dimensions and variables, and what else the dataset says of itself.

use serde_json::{Map, Value, json};
use weir_model::Attribute;
use weir_model::Value as Held;

use super::cube;
use super::item::Described;
use crate::listing::name_of;
use crate::{GridKind, Summary, VariableFacts};

/// Where nothing says when data is valid or when its file was written, an item must have some time all the same.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Names that mean something else in STAC than in a file, or are told in another way.
const RESERVED: [&str; 36] = [
    "title",
    "summary",
    "description",
    "comment",
    "datetime",
    "start_datetime",
    "end_datetime",
    "created",
    "updated",
    "license",
    "licence",
    "providers",
    "keywords",
    "platform",
    "instruments",
    "constellation",
    "mission",
    "gsd",
    "bands",
    "variables",
    "units",
    "unit",
    "roles",
    "expires",
    "published",
    "deprecated",
    "version",
    "statistics",
    "nodata",
    "data_type",
    "zoom",
    "history",
    "id",
    "collection",
    "geometry",
    "bbox",
];

/// Longer texts are left to those who open the dataset.
const LONGEST_TEXT: usize = 1000;

/// The properties.
pub(super) fn properties(of: &Described<'_>) -> Map<String, Value> {
    let mut properties = Map::new();
    let summary = of.summary;
    let words = &summary.words;
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    put("title", json!(words.title.clone().unwrap_or_else(|| name_of(of.id).to_owned())));
    times(of, &mut put);
    if let Some(license) = &words.license {
        put("license", json!(words.spdx().unwrap_or("other")));
        put("license_text", json!(license));
    }
    if !words.keywords.is_empty() {
        put("keywords", json!(words.keywords));
    }
    let providers = providers(summary);
    if !providers.is_empty() {
        put("providers", json!(providers));
    }
    let names: Vec<&str> = summary.data_variables().map(VariableFacts::key).collect();
    let mut units: Vec<&str> =
        summary.data_variables().filter_map(|variable| variable.units.as_deref()).collect();
    units.sort_unstable();
    units.dedup();
    put("variables", json!(names));
    put("units", json!(units));
    put("cube:dimensions", Value::Object(cube::dimensions(summary)));
    put("cube:variables", Value::Object(cube::variables(summary)));
    grid(summary, &mut put);
    for attribute in &summary.attributes {
        if let Some(value) = attribute_value(attribute) {
            properties.entry(attribute.name.clone()).or_insert(value);
        }
    }
    properties
}

fn times(of: &Described<'_>, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    let updated = of.modified.and_then(crate::listing::date);
    match &of.summary.time {
        Some(span) => {
            // Clients sort by it, and stumble over an item without one.
            put("datetime", json!(span.start));
            put("start_datetime", json!(span.start));
            put("end_datetime", json!(span.end));
        }
        None => {
            put("datetime", json!(updated.as_deref().unwrap_or(NO_TIME)));
        }
    }
    if let Some(created) = &of.summary.words.created {
        put("created", json!(created));
    }
    if let Some(updated) = updated {
        put("updated", json!(updated));
    }
}

fn providers(summary: &Summary) -> Vec<Value> {
    let words = &summary.words;
    let named = [(&words.institution, "producer"), (&words.publisher, "host")];
    let providers = named.into_iter().filter_map(|(name, role)| Some((name.as_ref()?, role)));
    providers.map(|(name, role)| json!({"name": name, "roles": [role]})).collect()
}

/// What kind of grid it is, and the projection extension (<https://github.com/stac-extensions/projection>, 2.0.0).
fn grid(summary: &Summary, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    if let Some(grid) = &summary.grid {
        put("grid", json!(grid.kind.name()));
        if let Some(level) = grid.kind.healpix_level() {
            put("zoom", json!(level));
        }
        if grid.kind == GridKind::Rectilinear {
            put("proj:code", json!("EPSG:4326"));
            if let Some(shape) = shape(summary) {
                put("proj:shape", json!(shape));
            }
            return;
        }
    }
    let Some(projection) = &summary.projection else { return };
    put("proj:code", json!(projection.code));
    if let Some(text) = projection.well_known_text.as_ref().filter(|text| is_wkt2(text)) {
        put("proj:wkt2", json!(text));
    }
    if let Some((x, y)) = projection.x.zip(projection.y) {
        put("proj:bbox", json!([x.least, y.least, x.greatest, y.greatest]));
    }
    if let Some(shape) = projection.shape {
        put("proj:shape", json!(shape));
    }
}

/// The lengths along y and x.
fn shape(summary: &Summary) -> Option<[u64; 2]> {
    match &summary.grid.as_ref()?.dimensions[..] {
        [y, x] => Some([summary.dimension(y)?.length, summary.dimension(x)?.length]),
        _ => None,
    }
}

/// Whether a reference system is written as the second version of well-known text wants it (ISO 19162).
fn is_wkt2(text: &str) -> bool {
    let kinds = [
        "PROJCRS",
        "GEOGCRS",
        "GEODCRS",
        "BOUNDCRS",
        "COMPOUNDCRS",
        "DERIVEDPROJCRS",
        "PROJECTEDCRS",
        "GEOGRAPHICCRS",
    ];
    kinds.iter().any(|kind| text.trim_start().to_ascii_uppercase().starts_with(kind))
}

/// A global attribute as a property of its own: what catalogs are searched by (`experiment_id`, `source_id`).
fn attribute_value(attribute: &Attribute) -> Option<Value> {
    let name = attribute.name.as_str();
    let plain = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let reserved = RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name));
    let internal = name.starts_with('_');
    if !plain || reserved || internal {
        return None;
    }
    match &attribute.value {
        Held::Char(_) | Held::String(_) => text_value(&attribute.value),
        Held::Int8(numbers) => several(numbers),
        Held::UInt8(numbers) => several(numbers),
        Held::Int16(numbers) => several(numbers),
        Held::UInt16(numbers) => several(numbers),
        Held::Int32(numbers) => several(numbers),
        Held::UInt32(numbers) => several(numbers),
        Held::Int64(numbers) => several(numbers),
        Held::UInt64(numbers) => several(numbers),
        Held::Float32(numbers) => {
            several(&numbers.iter().map(|number| f64::from(*number)).collect::<Vec<_>>())
        }
        Held::Float64(numbers) => several(numbers),
        Held::Other { .. } => None,
    }
}

fn text_value(value: &Held) -> Option<Value> {
    if let Held::String(texts) = value
        && texts.len() > 1
    {
        let texts: Vec<String> =
            texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        return (texts.iter().map(String::len).sum::<usize>() <= LONGEST_TEXT).then(|| json!(texts));
    }
    let text = value.as_text()?;
    let text = text.trim();
    (!text.is_empty() && text.len() <= LONGEST_TEXT).then(|| json!(text))
}

/// One number as such, a few as a list. JSON has no number that is none, so such are left out.
fn several<T: Copy + Into<Value>>(numbers: &[T]) -> Option<Value> {
    let values: Vec<Value> = numbers.iter().map(|number| (*number).into()).collect();
    match &values[..] {
        _ if values.iter().any(Value::is_null) => None,
        [only] => Some(only.clone()),
        [] => None,
        _ => (values.len() <= 100).then(|| Value::Array(values)),
    }
}
