//! Queryables: the properties that filters may name, and what values they have (OGC API - Features - Part 3, section 6.2).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_plugin_api::{Error, Request, Response};

use super::links::collection_url;
use super::{Api, SCHEMA, document};
use crate::search::record::Fact;

/// How many items are looked at for what properties there are: others may be named, too.
const MOST_LOOKED_AT: usize = 2000;

impl Api {
    /// The queryables of a collection, or those of all.
    pub fn queryables(&self, request: &Request<'_>, collection: Option<&str>) -> Result<Response, Error> {
        let view = self.index.view()?;
        if let Some(name) = collection {
            self.check_collection(&view, name)?;
        }
        let mut properties = always();
        let records = view
            .records()
            .values()
            .filter(|record| collection.is_none_or(|name| *record.collection == *name));
        for record in records.take(MOST_LOOKED_AT) {
            for (name, fact) in record.facts().filter(|(name, _)| !name.is_empty()) {
                if !properties.contains_key(name) {
                    properties.insert(name.to_owned(), json!({"title": name, "type": kind(fact)}));
                }
            }
        }
        let base = request.base_url();
        let above = collection.map_or_else(|| format!("{base}/stac"), |name| collection_url(base, name));
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2019-09/schema",
            "$id": format!("{above}/queryables"),
            "type": "object",
            "title": "Properties that filters may name",
            "properties": properties,
            "additionalProperties": true,
        });
        Ok(document(SCHEMA, &schema))
    }
}

/// Those that every item has.
fn always() -> BTreeMap<String, Value> {
    let time = |title: &str| json!({"title": title, "type": "string", "format": "date-time"});
    let all = [
        ("id", json!({"title": "the dataset's id", "type": "string"})),
        ("collection", json!({"title": "the collection's id", "type": "string"})),
        ("geometry", json!({"title": "where it is", "$ref": "https://geojson.org/schema/Geometry.json"})),
        ("datetime", time("when it is, or begins")),
        ("start_datetime", time("when it begins")),
        ("end_datetime", time("when it ends")),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::Text(_) => "string",
        Fact::Number(_) => "number",
        Fact::Truth(_) => "boolean",
        Fact::Texts(_) => "array",
    }
}
