//! CQL2 JSON.

use serde_json::Value;
use weir_plugin_api::Error;

use super::{Comparison, Expression, ListRelation, MOST_DEPTH, Operand, Pattern, TimeRelation, refused};
use crate::search::bbox::Bbox;
use crate::search::datetime::{Interval, instant};
use crate::search::geometry::Shape;

/// Reads a condition.
pub fn expression(value: &Value, depth: usize) -> Result<Expression, Error> {
    if depth > MOST_DEPTH {
        return Err(Error::bad_request(format!(
            "the filter is deeper than {MOST_DEPTH} conditions in one another"
        )));
    }
    if let Value::Bool(truth) = value {
        return Ok(Expression::Constant(*truth));
    }
    let no = || refused(&value.to_string());
    let op = value.get("op").and_then(Value::as_str).ok_or_else(no)?;
    let args = value.get("args").and_then(Value::as_array).ok_or_else(no)?;
    let deeper = depth.saturating_add(1);
    let inner = || args.iter().map(|arg| expression(arg, deeper)).collect::<Result<Vec<_>, _>>();
    let op = op.to_ascii_lowercase();
    match (op.as_str(), args.as_slice()) {
        ("and", [_, ..]) => Ok(Expression::All(inner()?)),
        ("or", [_, ..]) => Ok(Expression::Any(inner()?)),
        ("not", [one]) => Ok(Expression::Not(Box::new(expression(one, deeper)?))),
        ("isnull", [one]) => Ok(Expression::IsNull(operand(one)?)),
        ("between", [one, low, high]) => {
            Ok(Expression::Between(operand(one)?, operand(low)?, operand(high)?))
        }
        // Drafts of CQL2 had both bounds in a list of their own.
        ("between", [one, Value::Array(bounds)]) => match bounds.as_slice() {
            [low, high] => Ok(Expression::Between(operand(one)?, operand(low)?, operand(high)?)),
            _ => Err(no()),
        },
        ("in", [one, Value::Array(list)]) => {
            Ok(Expression::In(operand(one)?, list.iter().map(operand).collect::<Result<_, _>>()?))
        }
        ("like", [one, pattern]) => like(operand(one)?, operand(pattern)?).ok_or_else(no),
        ("s_intersects", [one, other]) => spatial(one, other).ok_or_else(no)?,
        (function, [one, other]) => {
            match (comparison(function), list_relation(function), time_relation(function)) {
                (Some(comparison), ..) => Ok(Expression::Compare(comparison, operand(one)?, operand(other)?)),
                (_, Some(relation), _) => lists(relation, one, other).ok_or_else(no),
                (.., Some(relation)) => times(relation, one, other)?.ok_or_else(no),
                _ => Err(no()),
            }
        }
        _ => Err(no()),
    }
}

/// A comparison by its sign.
pub fn comparison(sign: &str) -> Option<Comparison> {
    Some(match sign {
        "=" => Comparison::Equal,
        "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn list_relation(name: &str) -> Option<ListRelation> {
    Some(match name {
        "a_contains" => ListRelation::Contains,
        "a_containedby" => ListRelation::ContainedBy,
        "a_overlaps" => ListRelation::Overlaps,
        "a_equals" => ListRelation::Equals,
        _ => return None,
    })
}

fn time_relation(name: &str) -> Option<TimeRelation> {
    Some(match name {
        "t_intersects" | "anyinteracts" => TimeRelation::Intersects,
        "t_disjoint" => TimeRelation::Disjoint,
        "t_after" => TimeRelation::After,
        "t_before" => TimeRelation::Before,
        "t_during" => TimeRelation::During,
        "t_equals" => TimeRelation::Equals,
        _ => return None,
    })
}

/// The name of a property, without `properties.` before it.
pub fn property(name: &str) -> String {
    name.strip_prefix("properties.").unwrap_or(name).to_owned()
}

/// Reads something that is compared.
fn operand(value: &Value) -> Result<Operand, Error> {
    let no = || refused(&value.to_string());
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match value {
        Value::String(text) => Ok(Operand::Text(text.clone())),
        Value::Bool(truth) => Ok(Operand::Truth(*truth)),
        Value::Number(number) => number.as_f64().map(Operand::Number).ok_or_else(no),
        Value::Object(_) => {
            if let Some(name) = text("property") {
                return Ok(Operand::Property(property(name)));
            }
            if let Some(at) = text("timestamp") {
                return instant(at).map(Operand::Instant);
            }
            if let Some(day) = text("date") {
                return instant(&format!("{day}T00:00:00Z")).map(Operand::Instant);
            }
            let arg = value.get("args").and_then(Value::as_array).map(Vec::as_slice);
            match (text("op"), arg) {
                (Some("casei"), Some([inner @ (Value::String(_) | Value::Object(_))]))
                    if inner.get("op").is_none() =>
                {
                    Ok(Operand::CaseInsensitive(Box::new(operand(inner)?)))
                }
                _ => Err(no()),
            }
        }
        Value::Null | Value::Array(_) => Err(no()),
    }
}

/// `like`, whose pattern is a text, in small letters where both sides are.
pub fn like(value: Operand, pattern: Operand) -> Option<Expression> {
    let (text, folds) = match pattern {
        Operand::Text(text) => (text, false),
        Operand::CaseInsensitive(inner) => match *inner {
            Operand::Text(text) => (text, true),
            _ => return None,
        },
        _ => return None,
    };
    Some(Expression::Like(value, Pattern { folds, ..Pattern::new(&text) }))
}

/// Whether the item's geometry meets a literal one, which may stand on either side.
fn spatial(one: &Value, other: &Value) -> Option<Result<Expression, Error>> {
    let is_geometry = |value: &Value| value.get("property").and_then(Value::as_str) == Some("geometry");
    let literal = match (is_geometry(one), is_geometry(other)) {
        (true, false) => other,
        (false, true) => one,
        _ => return None,
    };
    let shape = match literal.get("bbox") {
        Some(bbox) => Bbox::from_json(bbox).map(|bbox| Shape::of_box(&bbox)),
        None => Shape::from_json(literal),
    };
    Some(shape.map(Expression::Meets))
}

fn lists(relation: ListRelation, one: &Value, other: &Value) -> Option<Expression> {
    let name = one.get("property")?.as_str()?;
    let wanted = other.as_array()?.iter().map(|text| text.as_str().map(str::to_owned));
    Some(Expression::Lists(relation, property(name), wanted.collect::<Option<_>>()?))
}

/// A time of the item against a literal one.
fn times(relation: TimeRelation, one: &Value, other: &Value) -> Result<Option<Expression>, Error> {
    let Some(left) = left_time(one)? else { return Ok(None) };
    let right = match other.get("interval").and_then(Value::as_array).map(Vec::as_slice) {
        Some([start, end]) => {
            let bound = |value: &Value| {
                let text = value.as_str().or_else(|| value.get("timestamp")?.as_str());
                let text = text.or_else(|| value.get("date")?.as_str()).unwrap_or_default();
                // A day may stand for its first moment.
                if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() }
            };
            Interval::parse(&format!("{}/{}", bound(start), bound(end)))?
        }
        Some(_) => return Ok(None),
        None => match operand(other)? {
            Operand::Instant(at) => Interval { start: Some(at), end: Some(at) },
            Operand::Text(text) => Interval::parse(&text)?,
            _ => return Ok(None),
        },
    };
    Ok(Some(Expression::Time(relation, left, right)))
}

/// The item's time: `datetime`, another property, or the interval of `start_datetime` and `end_datetime`.
fn left_time(value: &Value) -> Result<Option<Operand>, Error> {
    if let Some([start, end]) = value.get("interval").and_then(Value::as_array).map(Vec::as_slice) {
        let is = |value: &Value, name| {
            value.get("property").and_then(Value::as_str).map(property).as_deref() == Some(name)
        };
        return Ok((is(start, "start_datetime") && is(end, "end_datetime")).then_some(Operand::Times));
    }
    Ok(match operand(value)? {
        Operand::Property(name) if name == "datetime" => Some(Operand::Times),
        Operand::Property(name) => Some(Operand::Property(name)),
        _ => None,
    })
}
