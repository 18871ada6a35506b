//! What is searched of an item: little enough that those of 100,000 items stay in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bbox::Bbox;
use super::datetime::{Interval, Millis};
use super::geometry::Shape;

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

/// A geometry, and the text of it.
#[derive(Debug, PartialEq)]
struct Footprint {
    text: Box<str>,
    shape: Shape,
}

/// What is searched of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The collection that it belongs to.
    pub collection: Arc<str>,
    /// The box around it.
    pub bbox: Option<Bbox>,
    /// Where in the box it is, where that is not all of it.
    footprint: Option<Arc<Footprint>>,
    /// When it is.
    pub interval: Option<Interval>,
    facts: Box<[(Arc<str>, Fact)]>,
}

/// Records by the ids of their items.
pub type Records = BTreeMap<Arc<str>, Record>;

/// Texts and footprints that many records have in common, each of them once in memory: files of one model are on one grid.
#[derive(Debug, Default)]
pub struct Words {
    words: HashSet<Arc<str>>,
    footprints: HashMap<Box<str>, Arc<Footprint>>,
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

    /// Where in a box a geometry of GeoJSON is; `None` where that is all of it, or it cannot be told.
    fn footprint(&mut self, geometry: &Value, bbox: &Bbox) -> Option<Arc<Footprint>> {
        let text = geometry.to_string();
        if let Some(known) = self.footprints.get(text.as_str()) {
            return Some(Arc::clone(known));
        }
        let shape = Shape::from_json(geometry).ok().filter(|shape| shape.is_less_than(bbox))?;
        if self.footprints.len() >= self.most {
            self.footprints.retain(|_, known| Arc::strong_count(known) > 1);
            self.most = self.most.max(self.footprints.len().saturating_mul(2)).max(1024);
        }
        let footprint = Arc::new(Footprint { text: text.as_str().into(), shape });
        self.footprints.insert(text.into(), Arc::clone(&footprint));
        Some(footprint)
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
        let facts = facts.take(MOST_FACTS).collect();
        let bbox = item.get("bbox").and_then(|bbox| Bbox::from_json(bbox).ok());
        let geometry = item.get("geometry").filter(|geometry| !geometry.is_null());
        Self {
            facts,
            collection: words.share(collection),
            bbox,
            footprint: geometry.zip(bbox).and_then(|(geometry, bbox)| words.footprint(geometry, &bbox)),
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
        let footprint =
            self.footprint.as_ref().and_then(|known| serde_json::from_str::<Value>(&known.text).ok());
        json!([&*self.collection, bbox, footprint, interval, facts])
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` where it is something else.
    #[must_use]
    pub fn from_json(value: &Value, words: &mut Words) -> Option<Self> {
        let [collection, bbox, footprint, interval, facts] = value.as_array()?.as_slice() else {
            return None;
        };
        let interval = match interval.as_array().map(Vec::as_slice) {
            Some([start, end]) => Some(Interval { start: start.as_i64(), end: end.as_i64() }),
            _ => None,
        };
        let facts = facts.as_object()?.iter();
        let bbox = Some(bbox).filter(|bbox| !bbox.is_null()).map(Bbox::from_json).transpose().ok()?;
        let footprint = Some(footprint).filter(|footprint| !footprint.is_null()).zip(bbox);
        Some(Self {
            collection: words.share(collection.as_str()?),
            bbox,
            footprint: footprint.and_then(|(footprint, bbox)| words.footprint(footprint, &bbox)),
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

    /// Whether the item has a point in common with a box; `None` where it is nowhere.
    #[must_use]
    pub fn meets_box(&self, wanted: &Bbox) -> Option<bool> {
        let near = self.bbox?.intersects(wanted);
        Some(near && self.footprint.as_ref().is_none_or(|footprint| footprint.shape.meets(wanted)))
    }

    /// Whether the item has a point in common with a geometry; `None` where it is nowhere.
    #[must_use]
    pub fn meets(&self, wanted: &Shape) -> Option<bool> {
        let near = wanted.meets(&self.bbox?);
        Some(near && self.footprint.as_ref().is_none_or(|footprint| wanted.meets_shape(&footprint.shape)))
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

    fn triangle() -> Value {
        let ring = json!([[0, 0], [10, 0], [0, 10], [0, 0]]);
        json!({"collection": "c", "bbox": [0, 0, 10, 10], "geometry": {"type": "Polygon", "coordinates": [ring]}})
    }

    #[test]
    fn places_are_compared_with_geometries_not_with_boxes_alone() {
        let mut words = Words::default();
        let record = Record::of(&triangle(), &mut words);
        let check = |bbox: &str, expected: bool| {
            let bbox = Bbox::parse(bbox).unwrap();
            assert_eq!(record.meets_box(&bbox), Some(expected), "{bbox:?}");
            assert_eq!(record.meets(&Shape::of_box(&bbox)), Some(expected), "{bbox:?}");
        };
        check("1,1,2,2", true);
        check("8,8,9,9", false);
        check("8,8,8,8", false);
        check("11,1,12,2", false);
        check("5,5,20,20", true);
        // One geometry of many records is in memory once.
        let other = Record::of(&triangle(), &mut words);
        assert!(Arc::ptr_eq(record.footprint.as_ref().unwrap(), other.footprint.as_ref().unwrap()));
        let nowhere = Record::of(&json!({"collection": "c"}), &mut words);
        assert_eq!(nowhere.meets_box(&Bbox::parse("-180,-90,180,90").unwrap()), None);
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
            triangle(),
            json!({}),
        ] {
            let record = Record::of(&item, &mut words);
            assert_eq!(Record::from_json(&record.to_json(), &mut words), Some(record));
        }
        for other in [
            json!(null),
            json!([]),
            json!([1, null, null, null, {}]),
            json!(["c", "b", null, null, {}]),
            json!(["c", null, null, null, 1]),
            json!(["c", null, null, {}]),
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
