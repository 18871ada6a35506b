//! Results as JSON: what xarray's `DataArray.to_dict` gives and `DataArray.from_dict` takes, with `null` for missing values.

use std::fmt::Write;

use serde_json::{Map, Value as Json, json};
use weir_model::{Attribute, Value};
use weir_plugin_api::{Body, Bytes, Error};

use crate::engine::values::One;
use crate::labels::Labels;
use crate::result::{Outcome, ResultCoordinate};

/// Elements of one piece of a body.
const PIECE: usize = 1 << 16;

/// A result as it is sent, piece by piece.
pub struct JsonBody {
    outcome: Outcome,
    next: usize,
    stage: Stage,
}

enum Stage {
    Head,
    Elements,
    Done,
}

impl JsonBody {
    /// All of a result.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, next: 0, stage: Stage::Head }
    }

    fn head(&self) -> Result<String, Error> {
        let Outcome { name, dimensions, attributes, values, coordinates } = &self.outcome;
        let mut coords = Map::new();
        for coordinate in coordinates {
            coords.insert(coordinate.name.clone(), described(coordinate, dimensions)?);
        }
        let head = json!({
            "name": name,
            "dims": dimensions.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "shape": dimensions.iter().map(|(_, length)| length).collect::<Vec<_>>(),
            "dtype": values.type_name(),
            "attrs": attributes_json(attributes),
            "coords": coords,
        });
        let text = head.to_string();
        let open = text.strip_suffix('}').unwrap_or(&text);
        Ok(format!("{open},\"data\":{}", if values.is_empty() { "[]}\n" } else { "" }))
    }

    /// The next elements, with the brackets between them.
    fn elements(&mut self) -> String {
        let lengths: Vec<usize> = self.outcome.dimensions.iter().map(|(_, length)| *length).collect();
        let end = self.next.saturating_add(PIECE).min(self.outcome.values.len());
        let mut text = String::new();
        for place in self.next..end {
            let Some(one) = self.outcome.values.at(place) else { break };
            let opened = begun(place, &lengths);
            if place > 0 {
                text.push(',');
            }
            (0..opened).for_each(|_| text.push('['));
            number(one, &mut text);
            (0..begun(place.saturating_add(1), &lengths)).for_each(|_| text.push(']'));
        }
        self.next = end;
        text
    }
}

/// How many brackets open before the element at a place, which are as many as close behind the one before it.
fn begun(place: usize, lengths: &[usize]) -> usize {
    let mut row = 1_usize;
    let begins = |length: &&usize| {
        row = row.saturating_mul(**length);
        place.is_multiple_of(row)
    };
    lengths.iter().rev().take_while(begins).count()
}

impl Body for JsonBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let text = match self.stage {
            Stage::Head => {
                self.stage = if self.outcome.values.is_empty() { Stage::Done } else { Stage::Elements };
                self.head()?
            }
            Stage::Elements => {
                let mut text = self.elements();
                if self.next >= self.outcome.values.len() {
                    self.stage = Stage::Done;
                    text.push_str("}\n");
                }
                text
            }
            Stage::Done => return Ok(None),
        };
        Ok(Some(Bytes::from(text.into_bytes())))
    }
}

/// A number as JSON has it: what is not finite is `null`.
fn number(one: One, text: &mut String) {
    // Writing to a text does not fail.
    let _ = match one {
        One::Float32(value) if value.is_finite() => write!(text, "{value:?}"),
        One::Float64(value) if value.is_finite() => write!(text, "{value:?}"),
        One::Float32(_) | One::Float64(_) => write!(text, "null"),
        One::Signed(value) => write!(text, "{value}"),
        One::Unsigned(value) => write!(text, "{value}"),
        One::Truth(value) => write!(text, "{value}"),
    };
}

fn described(coordinate: &ResultCoordinate, dimensions: &[(String, usize)]) -> Result<Json, Error> {
    let ResultCoordinate { dimensions: own, attributes, labels, .. } = coordinate;
    let length =
        |name: &String| dimensions.iter().find(|(known, _)| known == name).map_or(1, |(_, length)| *length);
    let lengths: Vec<usize> = own.iter().map(length).collect();
    let mut elements = elements(labels)?.into_iter();
    let is_time = matches!(labels, Labels::Times(..));
    Ok(json!({
        "dims": own,
        "dtype": if is_time { "time" } else { labels.type_name() },
        "attrs": attributes_json(attributes),
        "data": nested(&mut elements, &lengths),
    }))
}

/// Labels one by one; times as ISO 8601 writes them.
fn elements(labels: &Labels) -> Result<Vec<Json>, Error> {
    match labels {
        Labels::Texts(texts) => Ok(texts.iter().map(|text| json!(text)).collect()),
        Labels::Numbers(values) => {
            Ok((0..values.len()).filter_map(|place| values.at(place)).map(one_json).collect())
        }
        Labels::Times(_, values) => (0..values.len())
            .map(|place| Ok(labels.date(place)?.map_or(Json::Null, |date| json!(date.to_string()))))
            .collect(),
    }
}

fn one_json(one: One) -> Json {
    let mut text = String::new();
    number(one, &mut text);
    serde_json::from_str(&text).unwrap_or(Json::Null)
}

fn nested(elements: &mut impl Iterator<Item = Json>, lengths: &[usize]) -> Json {
    match lengths.split_first() {
        None => elements.next().unwrap_or(Json::Null),
        Some((length, [])) => elements.take(*length).collect(),
        Some((length, inner)) => (0..*length).map(|_| nested(elements, inner)).collect(),
    }
}

/// Attributes as JSON: one number or text as itself, several as a list.
#[must_use]
pub fn attributes_json(attributes: &[Attribute]) -> Json {
    let object: Map<String, Json> =
        attributes.iter().map(|attribute| (attribute.name.clone(), value_json(&attribute.value))).collect();
    Json::Object(object)
}

fn value_json(value: &Value) -> Json {
    fn list<T: Copy>(values: &[T], one: impl Fn(T) -> Json) -> Json {
        match values {
            [single] => one(*single),
            several => several.iter().map(|value| one(*value)).collect(),
        }
    }
    match value {
        Value::Int8(v) => list(v, |x| json!(x)),
        Value::UInt8(v) => list(v, |x| json!(x)),
        Value::Int16(v) => list(v, |x| json!(x)),
        Value::UInt16(v) => list(v, |x| json!(x)),
        Value::Int32(v) => list(v, |x| json!(x)),
        Value::UInt32(v) => list(v, |x| json!(x)),
        Value::Int64(v) => list(v, |x| json!(x)),
        Value::UInt64(v) => list(v, |x| json!(x)),
        Value::Float32(v) => list(v, |x| one_json(One::Float32(x))),
        Value::Float64(v) => list(v, |x| one_json(One::Float64(x))),
        Value::Char(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::String(texts) => match texts.as_slice() {
            [one] => json!(String::from_utf8_lossy(one)),
            several => several.iter().map(|text| json!(String::from_utf8_lossy(text))).collect(),
        },
        Value::Other { description } => json!(description),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::values::Values;

    fn check(values: Values, lengths: &[usize], expected: &str) {
        let dimensions = lengths.iter().enumerate().map(|(at, length)| (format!("d{at}"), *length)).collect();
        let outcome = Outcome {
            name: "v".into(),
            dimensions,
            attributes: vec![],
            values: values.into(),
            coordinates: vec![],
        };
        let mut body = JsonBody::new(outcome);
        let mut text = String::new();
        while let Some(piece) = body.next().unwrap() {
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let value: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(value["data"].to_string(), expected);
    }

    #[test]
    fn elements_are_nested() {
        let counted = |length: i16| Values::Float32((1..=length).map(f32::from).collect());
        check(counted(6), &[2, 3], "[[1.0,2.0,3.0],[4.0,5.0,6.0]]");
        check(counted(4), &[2, 1, 2], "[[[1.0,2.0]],[[3.0,4.0]]]");
        check(counted(1), &[], "1.0");
        check(counted(0), &[0], "[]");
        check(Values::Float64(vec![f64::NAN, 0.1, f64::INFINITY]), &[3], "[null,0.1,null]");
        check(Values::Truth(vec![true, false]), &[2], "[true,false]");
        check(Values::Unsigned(vec![u64::MAX]), &[1], "[18446744073709551615]");
    }
}
