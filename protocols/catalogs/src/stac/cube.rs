//! Dimensions and variables as the data cube extension writes them (<https://github.com/stac-extensions/datacube>, 2.2.0).

use serde_json::{Map, Value, json};
use weir_cf::axes::{Axis, Kind};

use crate::{DimensionFacts, Extent, GridKind, Role, Step, Summary, Values};

/// `cube:dimensions`, by the paths of dimensions without their leading slash.
pub(super) fn dimensions(summary: &Summary) -> Map<String, Value> {
    summary.dimensions.iter().map(|facts| (key(&facts.path), dimension(summary, facts))).collect()
}

fn key(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

fn dimension(summary: &Summary, facts: &DimensionFacts) -> Value {
    let mut object = Map::new();
    let is_time = matches!(facts.extent, Some(Extent::Times(_)));
    let axis = facts.measured.and_then(Kind::axis).filter(|_| facts.extent.is_some());
    match axis {
        _ if is_time => {
            object.insert("type".into(), json!("temporal"));
        }
        Some(axis @ (Axis::X | Axis::Y)) => {
            object.insert("type".into(), json!("spatial"));
            object.insert("axis".into(), json!(if axis == Axis::X { "x" } else { "y" }));
            if let Some(system) = reference_system(summary) {
                object.insert("reference_system".into(), system);
            }
        }
        Some(Axis::Z) => {
            object.insert("type".into(), json!("spatial"));
            object.insert("axis".into(), json!("z"));
        }
        _ => {
            object.insert("type".into(), json!("other"));
        }
    }
    let description = facts.description.clone();
    if let Some(description) = description {
        object.insert("description".into(), json!(description));
    }
    object.insert("extent".into(), extent(facts));
    add_values(&mut object, facts);
    match &facts.step {
        Some(Step::Number(step)) => object.insert("step".into(), json!(step)),
        Some(Step::Duration(step)) => object.insert("step".into(), json!(step)),
        None => None,
    };
    if let Some(units) = facts.units.as_ref().filter(|_| !is_time) {
        object.insert("unit".into(), json!(units));
    }
    Value::Object(object)
}

fn extent(facts: &DimensionFacts) -> Value {
    match &facts.extent {
        Some(Extent::Numbers(range)) => json!([range.least, range.greatest]),
        Some(Extent::Times(span)) => json!([span.start, span.end]),
        // A dimension without a coordinate is counted.
        None => json!([0, facts.length.saturating_sub(1)]),
    }
}

fn add_values(object: &mut Map<String, Value>, facts: &DimensionFacts) {
    let values = match &facts.values {
        Values::Numbers(numbers) if !numbers.is_empty() => json!(numbers),
        Values::Texts(texts) if !texts.is_empty() => {
            // Texts have no extent.
            object.remove("extent");
            json!(texts)
        }
        _ => return,
    };
    object.insert("values".into(), values);
}

/// What coordinates of a projection are counted in; `None` for degrees, which is what is assumed.
fn reference_system(summary: &Summary) -> Option<Value> {
    let grid = summary.grid.as_ref()?;
    if !matches!(grid.kind, GridKind::Projected | GridKind::Rotated) {
        return None;
    }
    let projection = summary.projection.as_ref()?;
    let code = projection.code.as_deref().and_then(|code| code.strip_prefix("EPSG:")?.parse::<u32>().ok());
    code.map(Value::from)
        .or_else(|| projection.well_known_text.clone().map(Value::from))
        .or_else(|| projection.mapping.clone().map(Value::from))
}

/// `cube:variables`: data and coordinates, by their paths without the leading slash.
pub(super) fn variables(summary: &Summary) -> Map<String, Value> {
    let shown = summary.variables.iter().filter(|facts| facts.role != Role::Description);
    let variable = |facts: &crate::VariableFacts| {
        let mut object = Map::new();
        let dimensions: Vec<String> = facts.dimensions.iter().map(|path| key(path)).collect();
        let kind = if facts.role == Role::Data { "data" } else { "auxiliary" };
        object.insert("dimensions".into(), json!(dimensions));
        object.insert("type".into(), json!(kind));
        let described = facts.long_name.as_ref().or(facts.standard_name.as_ref());
        let texts = [
            ("description", described),
            ("unit", facts.units.as_ref()),
            ("standard_name", facts.standard_name.as_ref()),
            ("cell_methods", facts.cell_methods.as_ref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                object.insert(name.into(), json!(text));
            }
        }
        object.insert("shape".into(), json!(facts.shape));
        object.insert("data_type".into(), json!(facts.data_type));
        (key(&facts.path), Value::Object(object))
    };
    shown.map(variable).collect()
}
