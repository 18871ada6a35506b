//! The JSON files of an exported catalog.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use weir_plugin_api::{Error, Request, Response};

use super::{CATALOG, PARQUET, TABLE, item_path};
use crate::api::{Api, GEOJSON, JSON};
use crate::index::View;

/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Links that a file says anew, because they lead to other files.
const OWN: [&str; 7] = [
    "self",
    "root",
    "parent",
    "collection",
    "items",
    "child",
    "http://www.opengis.net/def/rel/ogc/1.0/queryables",
];

fn link(rel: &str, path: &str, media_type: &str) -> Value {
    json!({"rel": rel, "href": utf8_percent_encode(path, PATH).to_string(), "type": media_type})
}

/// Puts links before those of a document that lead out of the catalog.
fn relink(mut document: Value, links: Vec<Value>) -> Value {
    let known = document.get_mut("links").map(Value::take).unwrap_or_default();
    let known = known.as_array().cloned().unwrap_or_default().into_iter();
    let others =
        known.filter(|link| !OWN.iter().any(|own| link.get("rel").and_then(Value::as_str) == Some(own)));
    document["links"] = links.into_iter().chain(others).collect();
    document
}

impl Api {
    /// `catalog.json`.
    pub(super) fn exported_catalog(&self, view: &View<'_>) -> Response {
        let mut links =
            vec![link("root", &format!("./{CATALOG}"), JSON), link("items", &format!("./{TABLE}"), PARQUET)];
        let collections = self.collections_of(view);
        links
            .extend(collections.keys().map(|name| link("child", &format!("./{name}/collection.json"), JSON)));
        let catalog = relink(self.catalog_document(), links);
        Response::full(JSON, catalog.to_string())
    }

    /// `{collection}/collection.json`.
    pub(super) fn exported_collection(&self, view: &View<'_>, name: &str) -> Result<Response, Error> {
        let up = format!("../{CATALOG}");
        let mut links = vec![link("root", &up, JSON), link("parent", &up, JSON)];
        let items = view.records().iter().filter(|(_, record)| *record.collection == *name);
        links.extend(items.map(|(id, _)| link("item", &format!("../{}", item_path(name, id)), GEOJSON)));
        let document = self.collection_of(view, "", name)?;
        Ok(Response::full(JSON, relink(document, links).to_string()))
    }

    /// `{collection}/items/{end of the id}.json`.
    pub(super) fn exported_item(
        &self,
        request: &Request<'_>,
        collection: &str,
        id: &str,
    ) -> Result<Response, Error> {
        let item = self.index.item(request, id)?;
        let item =
            serde_json::from_str(&item).map_err(|e| Error::internal(format!("an item is no JSON: {e}")))?;
        let path = item_path(collection, id);
        let up = "../".repeat(path.matches('/').count());
        let above = format!("{up}{collection}/collection.json");
        let links = vec![
            link("root", &format!("{up}{CATALOG}"), JSON),
            link("parent", &above, JSON),
            link("collection", &above, JSON),
        ];
        Ok(Response::full(GEOJSON, relink(item, links).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_server_become_links_between_files() {
        let item = json!({"links": [
            {"rel": "self", "href": "http://h/s"}, {"rel": "parent", "href": "http://h/p"}, {"rel": "license", "href": "http://l"}]});
        let linked = relink(item, vec![link("parent", "../a b/é.json", JSON)]);
        let expected = json!([
            {"rel": "parent", "href": "../a%20b/%C3%A9.json", "type": "application/json"}, {"rel": "license", "href": "http://l"}]);
        assert_eq!(linked["links"], expected);
    }
}
