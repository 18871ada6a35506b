//! `dataset.xml`: what may be asked of a dataset, as clients of THREDDS' NetCDF Subset Service read it before they ask.
//!
//! Source: "NetCDF Subset Service Reference", "Dataset Description"; elements are those that siphon and netCDF-Java read.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape;
use weir_cf::Coordinates;
use weir_cf::axes::{Axis, Kind};
use weir_model::{Attribute, DataType, Schema, Value, Variable};
use weir_plugin_api::{Error, Host, Request, Response};
use weir_summaries::{Summary, summarize};

/// The description of the dataset that a request names.
///
/// # Errors
/// Where the dataset cannot be opened, or says nothing now.
pub(crate) fn answer(host: Host, request: &Request<'_>) -> Result<Response, Error> {
    let dataset = host.open(request, request.dataset_id())?;
    let schema = dataset.schema()?;
    let summary = summarize(&dataset)?;
    let text = document(request.dataset_id(), &schema, &summary);
    Ok(Response::full("application/xml", text.into_bytes()).stable())
}

/// Grids that share their dimensions, with their paths.
type Grids<'a> = BTreeMap<Vec<String>, Vec<(String, &'a Variable)>>;

fn document(id: &str, schema: &Schema, summary: &Summary) -> String {
    let mut grids: Grids<'_> = BTreeMap::new();
    for facts in summary.data_variables() {
        if let Some(variable) = schema.variable(&facts.path) {
            grids.entry(variable.dimensions.clone()).or_default().push((facts.path.clone(), variable));
        }
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    line(&mut out, 0, &format!("<gridDataset location=\"/thredds/ncss/grid/{0}\" path=\"{0}\">", escape(id)));
    axes(&mut out, schema, &grids);
    for (dimensions, members) in &grids {
        grid_set(&mut out, schema, (dimensions, members));
    }
    if let Some(bounds) = &summary.bounds {
        let [west, south, east, north] = bounds.bbox();
        let text = format!(
            "<LatLonBox><west>{west}</west><east>{east}</east><south>{south}</south><north>{north}</north></LatLonBox>"
        );
        line(&mut out, 1, &text);
    }
    if let Some(time) = &summary.time {
        line(
            &mut out,
            1,
            &format!(
                "<TimeSpan><begin>{}</begin><end>{}</end></TimeSpan>",
                escape(&time.start),
                escape(&time.end)
            ),
        );
    }
    let accept = |name: &str| format!("<accept displayName=\"{name}\">{name}</accept>");
    let point: String = ["netcdf", "netcdf4", "csv", "xml"].map(accept).concat();
    line(
        &mut out,
        1,
        &format!("<AcceptList><GridAsPoint>{point}</GridAsPoint><Grid>{point}</Grid></AcceptList>"),
    );
    line(&mut out, 0, "</gridDataset>");
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string does not fail.
    let _written = writeln!(out, "{:indent$}{text}", "", indent = depth.saturating_mul(2));
}

/// The name by which a variable is asked for: its path, without the slash before it.
fn asked_name(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn axes(out: &mut String, schema: &Schema, grids: &Grids<'_>) {
    let mut known: Vec<String> = Vec::new();
    for (path, _) in grids.values().flatten() {
        let coordinates = Coordinates::of(schema, path).unwrap_or_default();
        for coordinate in coordinates.all() {
            if known.contains(&coordinate.path) {
                continue;
            }
            known.push(coordinate.path.clone());
            let variable = coordinate.variable;
            let axis_type = coordinate.kind.map(axis_type).unwrap_or_default();
            let head = format!(
                "<axis name=\"{}\" shape=\"{}\" type=\"{}\" axisType=\"{axis_type}\">",
                escape(asked_name(&coordinate.path)),
                variable.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                type_name(&variable.data_type)
            );
            line(out, 1, &head);
            attributes(out, 2, variable);
            line(out, 1, "</axis>");
        }
    }
}

fn axis_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Longitude => "Lon",
        Kind::Latitude => "Lat",
        Kind::GridLongitude | Kind::ProjectionX | Kind::Other(Axis::X) => "GeoX",
        Kind::GridLatitude | Kind::ProjectionY | Kind::Other(Axis::Y) => "GeoY",
        Kind::Vertical | Kind::Other(Axis::Z) => "GeoZ",
        Kind::Time | Kind::Other(Axis::T) => "Time",
        Kind::ReferenceTime => "RunTime",
    }
}

fn grid_set(out: &mut String, schema: &Schema, (dimensions, members): (&[String], &[(String, &Variable)])) {
    let shape =
        dimensions.iter().map(|path| path.rsplit('/').next().unwrap_or(path)).collect::<Vec<_>>().join(" ");
    line(out, 1, &format!("<gridSet name=\"{}\">", escape(&shape)));
    let first = members.first().and_then(|(path, _)| Coordinates::of(schema, path)).unwrap_or_default();
    for coordinate in first.all() {
        line(out, 2, &format!("<axisRef name=\"{}\"/>", escape(asked_name(&coordinate.path))));
    }
    for (path, variable) in members {
        let described =
            ["long_name", "standard_name"].iter().find_map(|name| variable.attribute(name)?.value.as_text());
        let head = format!(
            "<grid name=\"{}\" desc=\"{}\" shape=\"{}\" type=\"{}\">",
            escape(asked_name(path)),
            escape(described.as_deref().unwrap_or(&variable.name)),
            escape(&shape),
            type_name(&variable.data_type)
        );
        line(out, 2, &head);
        attributes(out, 3, variable);
        line(out, 2, "</grid>");
    }
    line(out, 1, "</gridSet>");
}

fn attributes(out: &mut String, depth: usize, variable: &Variable) {
    for Attribute { name, value } in &variable.attributes {
        let name = escape(name);
        if let Some(text) = value.as_text() {
            line(out, depth, &format!("<attribute name=\"{name}\" value=\"{}\"/>", escape(text)));
        } else if let Some((kind, text)) = numbers(value) {
            line(out, depth, &format!("<attribute name=\"{name}\" type=\"{kind}\" value=\"{text}\"/>"));
        }
    }
}

/// Numbers behind blanks, with the name of their type; `None` for what holds none.
fn numbers(value: &Value) -> Option<(&'static str, String)> {
    fn joined<T: ToString>(values: &[T]) -> Option<String> {
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        Some(texts.join(" ")).filter(|text| !text.is_empty())
    }
    Some(match value {
        Value::Int8(v) => ("byte", joined(v)?),
        Value::UInt8(v) => ("short", joined(v)?),
        Value::Int16(v) => ("short", joined(v)?),
        Value::UInt16(v) => ("int", joined(v)?),
        Value::Int32(v) => ("int", joined(v)?),
        Value::UInt32(v) => ("long", joined(v)?),
        Value::Int64(v) => ("long", joined(v)?),
        Value::UInt64(v) => ("long", joined(v)?),
        Value::Float32(v) => ("float", joined(v)?),
        Value::Float64(v) => ("double", joined(v)?),
        Value::Char(_) | Value::String(_) | Value::Other { .. } => return None,
    })
}

/// The name of a type in netCDF-Java.
fn type_name(data_type: &DataType) -> &'static str {
    match data_type.stored() {
        DataType::Int8 | DataType::UInt8 => "byte",
        DataType::Int16 | DataType::UInt16 => "short",
        DataType::Int32 | DataType::UInt32 => "int",
        DataType::Int64 | DataType::UInt64 => "long",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Char => "char",
        _ => "String",
    }
}
