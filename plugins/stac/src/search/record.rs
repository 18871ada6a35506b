//! What is searched of an item: little enough that those of 100,000 items stay in memory.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bbox::Bbox;
use super::datetime::{Interval, Millis};

/// At most so many properties of an item are searched; at most so long texts, and so many texts in a list.
const MOST_FACTS: usize = 48;
const MOST_TEXT: usize = 200;
const MOST_TEXTS: usize = 64;

/// A property's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A text.
    Text(Arc<str>),
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// Texts.
    Texts(Box<[Arc<str>]>),
}

/// A property of a record as it is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'r> {
    /// True or false.
    Truth(bool),
    /// A number.
    Number(f64),
    /// An instant.
    Instant(Millis),
    /// A text.
    Text(&'r str),
    /// Texts.
    Texts(&'r [Arc<str>]),
}

/// What is searched of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The collection that it belongs to.
    pub collection: Arc<str>,
    /// Where it is.
    pub bbox: Option<Bbox>,
    /// When it is.
    pub interval: Option<Interval>,
    facts: Box<[(Arc<str>, Fact)]>,
}

/// Records by the ids of their items.
pub type Records = BTreeMap<Arc<str>, Record>;

/// Texts that many records have in common, each of them once in memory.
#[derive(Debug, Default)]
pub struct Words {
    words: HashSet<Arc<str>>,
    /// How many there may be before those that nobody has any more are forgotten.
    most: usize,
}

impl Words {
    /// The text as all records share it.
    pub fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        if self.words.len() >= self.most {
            self.words.retain(|word| Arc::strong_count(word) > 1);
            self.most = self.words.len().saturating_mul(2).max(1024);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }

    fn fact(&mut self, value: &Value) -> Option<Fact> {
        let short = |text: &&str| text.len() <= MOST_TEXT;
        match value {
            Value::Bool(truth) => Some(Fact::Truth(*truth)),
            Value::Number(number) => number.as_f64().map(Fact::Number),
            Value::String(text) => Some(text.as_str()).filter(short).map(|text| Fact::Text(self.share(text))),
            Value::Array(list) => {
                let texts = list.iter().map(|text| text.as_str().filter(short).map(|text| self.share(text)));
                let texts = texts.take(MOST_TEXTS).collect::<Option<Box<[_]>>>()?;
                (!texts.is_empty()).then_some(Fact::Texts(texts))
            }
            Value::Null | Value::Object(_) => None,
        }
    }
}

/// Properties that are kept elsewhere in a record.
const TIMES: [&str; 3] = ["datetime", "start_datetime", "end_datetime"];

impl Record {
    /// What is searched of an item, a STAC document.
    #[must_use]
    pub fn of(item: &Value, words: &mut Words) -> Self {
        let none = Value::Null;
        let properties = item.get("properties").unwrap_or(&none);
        let collection = item.get("collection").and_then(Value::as_str).unwrap_or_default();
        let members = properties.as_object().into_iter().flatten();
        let facts = members.filter(|(name, _)| !TIMES.contains(&name.as_str()) && name.len() <= MOST_TEXT);
        let facts = facts.filter_map(|(name, value)| Some((words.share(name), words.fact(value)?)));
        Self {
            facts: facts.take(MOST_FACTS).collect(),
            collection: words.share(collection),
            bbox: item.get("bbox").and_then(|bbox| Bbox::from_json(bbox).ok()),
            interval: Interval::of_item(properties),
        }
    }

    /// The record as [`from_json`](Self::from_json) reads it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let fact = |fact: &Fact| match fact {
            Fact::Text(text) => json!(&**text),
            Fact::Number(number) => json!(number),
            Fact::Truth(truth) => json!(truth),
            Fact::Texts(texts) => texts.iter().map(|text| Value::from(&**text)).collect(),
        };
        let facts: Map<_, _> =
            self.facts.iter().map(|(name, value)| (name.to_string(), fact(value))).collect();
        let bbox = self.bbox.map(|b| [b.west, b.south, b.east, b.north]);
        let interval = self.interval.map(|interval| [interval.start, interval.end]);
        json!([&*self.collection, bbox, interval, facts])
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` where it is something else.
    #[must_use]
    pub fn from_json(value: &Value, words: &mut Words) -> Option<Self> {
        let [collection, bbox, interval, facts] = value.as_array()?.as_slice() else { return None };
        let interval = match interval.as_array().map(Vec::as_slice) {
            Some([start, end]) => Some(Interval { start: start.as_i64(), end: end.as_i64() }),
            _ => None,
        };
        let facts = facts.as_object()?.iter();
        Some(Self {
            collection: words.share(collection.as_str()?),
            bbox: Some(bbox).filter(|bbox| !bbox.is_null()).map(Bbox::from_json).transpose().ok()?,
            interval,
            facts: facts.filter_map(|(name, value)| Some((words.share(name), words.fact(value)?))).collect(),
        })
    }

    /// A property of the item with this id, as it is compared. An item that covers a time has the start of it as its
    /// `datetime`, so that such items can be sorted, too.
    #[must_use]
    pub fn value<'r>(&'r self, id: &'r str, name: &str) -> Option<Found<'r>> {
        let time =
            |pick: fn(&Interval) -> Option<Millis>| self.interval.as_ref().and_then(pick).map(Found::Instant);
        match name {
            "id" => Some(Found::Text(id)),
            "collection" => Some(Found::Text(&self.collection)),
            "datetime" => time(|interval| interval.start.or(interval.end)),
            "start_datetime" => time(|interval| interval.start),
            "end_datetime" => time(|interval| interval.end),
            _ => self.facts.iter().find(|(known, _)| &**known == name).map(|(_, fact)| match fact {
                Fact::Text(text) => Found::Text(text),
                Fact::Number(number) => Found::Number(*number),
                Fact::Truth(truth) => Found::Truth(*truth),
                Fact::Texts(texts) => Found::Texts(texts),
            }),
        }
    }

    /// The properties that are searched, with their values.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.facts.iter().map(|(name, fact)| (&**name, fact))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Value {
        json!({
            "id": "d1", "collection": "c2", "bbox": [1.5, 2.5, -10, 3.5, 4.5, 20],
            "properties": {
                "datetime": null, "start_datetime": "2001-01-01T00:00:00Z", "end_datetime": "2002-01-01T00:00:00Z",
                "title": "t3", "level": 4, "good": true, "variables": ["v5", "v6"], "cube:variables": {"v5": {}},
                "long": "x".repeat(300), "mixed": ["a", 1], "nothing": null
            }
        })
    }

    #[test]
    fn records_are_what_items_say() {
        let record = Record::of(&item(), &mut Words::default());
        assert_eq!(record.bbox, Bbox::parse("1.5,2.5,3.5,4.5").ok());
        assert_eq!(record.value("d1", "title"), Some(Found::Text("t3")));
        assert_eq!(record.value("d1", "level"), Some(Found::Number(4.0)));
        assert_eq!(record.value("d1", "good"), Some(Found::Truth(true)));
        assert_eq!(record.value("d1", "variables"), Some(Found::Texts(&["v5".into(), "v6".into()])));
        assert_eq!(record.value("d1", "id"), Some(Found::Text("d1")));
        assert_eq!(record.value("d1", "collection"), Some(Found::Text("c2")));
        assert_eq!(record.value("d1", "datetime"), record.value("d1", "start_datetime"));
        for none in ["cube:variables", "long", "mixed", "nothing", "none"] {
            assert_eq!(record.value("d1", none), None, "{none}");
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let mut words = Words::default();
        for item in [
            item(),
            json!({"collection": "c", "properties": {"datetime": "2001-01-01T00:00:00Z"}}),
            json!({}),
        ] {
            let record = Record::of(&item, &mut words);
            assert_eq!(Record::from_json(&record.to_json(), &mut words), Some(record));
        }
        for other in [
            json!(null),
            json!([]),
            json!([1, null, null, {}]),
            json!(["c", "b", null, {}]),
            json!(["c", null, null, 1]),
        ] {
            assert_eq!(Record::from_json(&other, &mut words), None, "{other}");
        }
    }

    #[test]
    fn texts_are_in_memory_once_and_forgotten_when_nobody_has_them() {
        let mut words = Words::default();
        let kept = words.share("kept");
        assert!(Arc::ptr_eq(&kept, &words.share("kept")));
        for number in 0..100_000 {
            words.share(&number.to_string());
        }
        assert!(words.words.len() <= 2048 && words.words.contains("kept"));
    }
}
