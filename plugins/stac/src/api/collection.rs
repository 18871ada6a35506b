//! Collections: what their items have in common.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use weir_plugin_api::{Error, Request, Response};

use super::landing::QUERYABLES;
use super::links::{collection_url, link, query};
use super::{Api, GEOJSON, JSON, SCHEMA, document};
use crate::index::View;
use crate::search::bbox::Bbox;
use crate::search::datetime::{self, Interval};
use crate::search::record::{Record, Records};
use crate::search::wanted::pairs;

/// Collections on a page where the client names no number, and at most.
const USUAL_LIMIT: usize = 100;
const MOST_LIMIT: usize = 1000;

/// What the items of a collection cover together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extent {
    items: usize,
    bbox: Option<Bbox>,
    interval: Option<Interval>,
}

impl Extent {
    fn add(&mut self, record: &Record) {
        *self = std::mem::take(self).with(&Self { items: 1, bbox: record.bbox, interval: record.interval });
    }

    /// Both together.
    fn with(self, other: &Self) -> Self {
        let bbox = match (self.bbox, other.bbox) {
            (Some(a), Some(b)) => Some(hull(&a, &b)),
            (a, b) => a.or(b),
        };
        let interval = match (self.interval, other.interval) {
            (Some(a), Some(b)) => Some(a.hull(&b)),
            (a, b) => a.or(b),
        };
        Self { items: self.items.saturating_add(other.items), bbox, interval }
    }

    /// As STAC has it. Where no item says where it is, the whole Earth is meant; where none says when, any time.
    fn to_json(&self) -> Value {
        let bbox = self.bbox.map_or([-180.0, -90.0, 180.0, 90.0], |b| [b.west, b.south, b.east, b.north]);
        let interval = self.interval.unwrap_or_default();
        let time = |at: Option<i64>| at.and_then(datetime::text);
        json!({
            "spatial": {"bbox": [bbox]},
            "temporal": {"interval": [[time(interval.start), time(interval.end)]]},
        })
    }
}

/// The least box around two; one that crosses the antimeridian only where both do.
fn hull(a: &Bbox, b: &Bbox) -> Bbox {
    let (south, north) = (a.south.min(b.south), a.north.max(b.north));
    let (west, east) = match (a.west <= a.east, b.west <= b.east) {
        (true, true) | (false, false) => (a.west.min(b.west), a.east.max(b.east)),
        _ => (-180.0, 180.0),
    };
    // Two that cross it may reach round the whole Earth together.
    let is_round = a.west > a.east && b.west > b.east && west <= east;
    let (west, east) = if is_round { (-180.0, 180.0) } else { (west, east) };
    Bbox { west, south, east, north }
}

/// All collections, by id.
pub type Extents = BTreeMap<Arc<str>, Extent>;

/// The collections of the records as they were last, with the number of their changes.
#[derive(Default)]
pub struct Kept(Mutex<Option<(u64, Arc<Extents>)>>);

impl Kept {
    /// The collections of the records as they are.
    pub fn of(&self, view: &View<'_>) -> Arc<Extents> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((changes, extents)) = &*kept
            && *changes == view.changes()
        {
            return Arc::clone(extents);
        }
        let extents = Arc::new(extents(view.records()));
        *kept = Some((view.changes(), Arc::clone(&extents)));
        extents
    }
}

fn extents(records: &Records) -> Extents {
    let mut extents = Extents::new();
    for record in records.values() {
        // Records share the texts, so that nothing is copied where the collection is known.
        match extents.get_mut(&record.collection) {
            Some(extent) => extent.add(record),
            None => extents.entry(Arc::clone(&record.collection)).or_default().add(record),
        }
    }
    extents
}

impl Api {
    /// One page of all collections.
    pub fn collections(&self, request: &Request<'_>) -> Result<Response, Error> {
        let mut pairs = pairs(request.query())?;
        let value =
            |name: &str| pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let limit = value("limit").map_or(Ok(USUAL_LIMIT), limit)?;
        let after = value("token").unwrap_or_default().to_owned();
        let base = request.base_url();
        let view = self.index.view()?;
        let extents = self.extents.of(&view);
        let mut page =
            extents.range::<str, _>((std::ops::Bound::Excluded(after.as_str()), std::ops::Bound::Unbounded));
        let mut collections = Vec::new();
        let mut last = "";
        for (name, extent) in page.by_ref().take(limit) {
            collections.push(self.collection_document(base, name, extent));
            last = name;
        }
        let here = format!("{base}/stac/collections");
        let mut links =
            vec![link("root", &format!("{base}/stac"), JSON), link("parent", &format!("{base}/stac"), JSON)];
        links.push(link("self", &format!("{here}{}", query(&pairs)), JSON));
        if page.next().is_some() {
            pairs.retain(|(name, _)| name != "token");
            pairs.push(("token".to_owned(), last.to_owned()));
            links.push(link("next", &format!("{here}{}", query(&pairs)), JSON));
        }
        let mut document_ =
            json!({"collections": collections, "links": links, "numberReturned": collections.len()});
        if view.is_complete {
            document_["numberMatched"] = Value::from(extents.len());
        }
        Ok(document(JSON, &document_))
    }

    /// One collection.
    pub fn collection(&self, request: &Request<'_>, name: &str) -> Result<Response, Error> {
        let document_ = self.collection_of(&self.index.view()?, request.base_url(), name)?;
        Ok(document(JSON, &document_))
    }

    /// All collections.
    pub fn collections_of(&self, view: &View<'_>) -> Arc<Extents> {
        self.extents.of(view)
    }

    /// One collection as a document.
    ///
    /// # Errors
    /// `NotFound` where there is none of this name.
    pub fn collection_of(&self, view: &View<'_>, base: &str, name: &str) -> Result<Value, Error> {
        let extents = self.extents.of(view);
        let extent = extents.get(name).ok_or_else(|| no_collection(name))?;
        Ok(self.collection_document(base, name, extent))
    }

    /// What all items cover together.
    pub fn whole_extent(&self) -> Result<weir_catalogs::stac::Extents, Error> {
        let of_each = self.extents.of(&self.index.view()?);
        let whole = of_each.values().fold(Extent::default(), Extent::with);
        let interval = whole.interval.unwrap_or_default();
        Ok(weir_catalogs::stac::Extents {
            bbox: whole.bbox.map(|b| [b.west, b.south, b.east, b.north]),
            interval: [interval.start, interval.end].map(|at| at.and_then(datetime::text)),
        })
    }

    /// # Errors
    /// `NotFound` where the collection has no items: then there is no collection.
    pub fn check_collection(&self, view: &View<'_>, name: &str) -> Result<(), Error> {
        if self.extents.of(view).contains_key(name) { Ok(()) } else { Err(no_collection(name)) }
    }

    fn collection_document(&self, base: &str, name: &str, extent: &Extent) -> Value {
        let here = collection_url(base, name);
        let root = format!("{base}/stac");
        let what = if name == self.site.root_collection() {
            "in no folder".to_owned()
        } else {
            format!("in the folder {name}")
        };
        let document = json!({
            "type": "Collection",
            "stac_version": "1.1.0",
            "stac_extensions": [],
            "id": name,
            "title": name,
            "description": format!("The {} datasets {what}.", extent.items),
            "license": "other",
            "extent": extent.to_json(),
            "links": [
                link("self", &here, JSON),
                link("root", &root, JSON),
                link("parent", &root, JSON),
                link("items", &format!("{here}/items"), GEOJSON),
                link(QUERYABLES, &format!("{here}/queryables"), SCHEMA),
            ],
        });
        self.site.collection(document)
    }
}

fn no_collection(name: &str) -> Error {
    Error::not_found(format!("there is no collection {name:?}; /stac/collections lists them"))
}

fn limit(text: &str) -> Result<usize, Error> {
    let limit = text.parse::<usize>().ok().filter(|limit| *limit > 0);
    limit.map(|limit| limit.min(MOST_LIMIT)).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::bad_request(format!("limit is {shown:?}, but must be a number from 1 on"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_cover_all_items() {
        let check = |a: &str, b: &str, expected: &str| {
            let [a, b, expected] = [a, b, expected].map(|text| Bbox::parse(text).unwrap());
            assert_eq!((hull(&a, &b), hull(&b, &a)), (expected, expected));
        };
        check("1,2,3,4", "5,-6,7,8", "1,-6,7,8");
        check("170,2,-170,4", "160,2,-175,5", "160,2,-170,5");
        check("170,2,-170,4", "1,2,3,4", "-180,2,180,4");
        check("10,2,-170,4", "170,2,20,4", "-180,2,180,4");
    }
}
