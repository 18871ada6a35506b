//! The landing page: a catalog that links to all parts of the API.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_plugin_api::{Error, Request, Response};

use super::links::{collection_url, link};
use super::{Api, GEOJSON, JSON, SCHEMA, conformance, document};

/// The name of the link to queryables.
pub const QUERYABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/queryables";

/// How many collections the page links to, at most: the list of collections has pages.
const MOST_CHILDREN: usize = 1000;

/// What describes the API, where some plugin serves it.
const SERVICES: [(&str, &str, &str); 2] =
    [("service-desc", "/openapi.json", "application/json"), ("service-doc", "/docs", "text/html")];

impl Api {
    /// The landing page.
    pub fn landing(&self, request: &Request<'_>) -> Result<Response, Error> {
        let base = request.base_url();
        let root = format!("{base}/stac");
        let at = |path: &str| format!("{root}{path}");
        let mut links = vec![
            link("self", &root, JSON),
            link("root", &root, JSON),
            link("conformance", &at("/conformance"), JSON),
            link("data", &at("/collections"), JSON),
            searching(&at("/search"), "GET"),
            searching(&at("/search"), "POST"),
            link(QUERYABLES, &at("/queryables"), SCHEMA),
        ];
        let facts = self.host.server()?;
        let served = SERVICES.iter().filter(|(_, path, _)| facts.serves(path));
        links.extend(served.map(|(rel, path, media_type)| link(rel, &format!("{base}{path}"), media_type)));
        // Collections have no links to their items, so this is the way to all of them by links alone ("Browseable").
        links.push(child(&at("/catalog/"), "All datasets, by folder"));
        links.extend(self.children(base)?);
        let mut page = self.catalog_document();
        page["conformsTo"] = json!(conformance::CLASSES);
        page["links"] = Value::from(links);
        Ok(document(JSON, &page))
    }

    /// The catalog of all collections, without links.
    pub fn catalog_document(&self) -> Value {
        json!({
            "type": "Catalog",
            "stac_version": "1.1.0",
            "stac_extensions": [],
            "id": self.site.text("id").unwrap_or("weir"),
            "title": self.site.title(),
            "description": self.site.text("description").unwrap_or("The datasets of this server."),
            "links": [],
        })
    }

    fn children(&self, base: &str) -> Result<Vec<Value>, Error> {
        let extents = self.extents.of(&self.index.view()?);
        let collection = |name: &Arc<str>| child(&collection_url(base, name), name);
        Ok(extents.keys().take(MOST_CHILDREN).map(collection).collect())
    }
}

fn child(href: &str, title: &str) -> Value {
    json!({"rel": "child", "href": href, "type": JSON, "title": title})
}

fn searching(href: &str, method: &str) -> Value {
    json!({"rel": "search", "href": href, "type": GEOJSON, "method": method})
}
