//! The STAC API: landing page, conformance, collections, items, search, queryables.
//!
//! Source: STAC API 1.0.0 (core, collections, features, item-search) and its extensions Sort, Fields, Filter and Query.

mod body;
mod collection;
mod conformance;
mod landing;
mod links;
mod queryables;
mod routes;
mod searching;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use weir_plugin_api::{Error, Host, Request, Response};

use crate::index::Index;
use crate::site::Site;

pub use routes::routes;

pub const JSON: &str = "application/json";
pub const GEOJSON: &str = "application/geo+json";
const SCHEMA: &str = "application/schema+json";

/// The API.
pub struct Api {
    host: Host,
    site: Site,
    pub index: Index,
    extents: collection::Kept,
}

impl Api {
    /// The API of a host's datasets.
    pub fn new(host: Host, site: Site) -> Self {
        Self { host, index: Index::new(host, site.clone()), site, extents: collection::Kept::default() }
    }

    /// Answers a request of the route with this number.
    pub fn handle(&self, number: usize, request: &Request<'_>) -> Result<Response, Error> {
        match routes::PATHS.get(number) {
            Some(&(_, "/stac" | "/stac/")) => self.landing(request),
            Some((_, "/stac/conformance")) => {
                Ok(document(JSON, &json!({"conformsTo": conformance::CLASSES})))
            }
            Some((_, "/stac/queryables")) => self.queryables(request, None),
            Some((_, "/stac/collections")) => self.collections(request),
            Some((_, "/stac/collections/{rest}")) => self.below_collections(request),
            Some((routes::Method::Get, "/stac/search")) => self.search_by_query(request),
            Some((routes::Method::Post, "/stac/search")) => self.search_by_body(request),
            Some((_, "/stac/export/{rest}")) => self.export(&self.host, request),
            _ => Err(no_such(request)),
        }
    }

    /// `{collection}`, `{collection}/items`, `{collection}/items/{item}` or `{collection}/queryables`. Ids of items may have slashes in
    /// them, which may be percent-encoded or not; ids of collections have none.
    fn below_collections(&self, request: &Request<'_>) -> Result<Response, Error> {
        let rest = request.rest();
        let (collection, below) = rest.split_once('/').unwrap_or((rest, ""));
        match below.split_once('/').unwrap_or((below, "")) {
            ("", _) if collection.is_empty() => self.collections(request),
            ("", _) => self.collection(request, collection),
            ("items", "") => self.items(request, collection),
            ("items", item) => self.item(request, collection, item),
            ("queryables", "") => self.queryables(request, Some(collection)),
            _ => Err(no_such(request)),
        }
    }

    /// The item, where it belongs to the collection.
    fn item(&self, request: &Request<'_>, collection: &str, id: &str) -> Result<Response, Error> {
        let is_there = {
            let view = self.index.view()?;
            view.records().get(id).is_some_and(|record| *record.collection == *collection)
        };
        if !is_there {
            return Err(Error::not_found(format!(
                "there is no item {id:?} in the collection {collection:?}"
            )));
        }
        Ok(Response::full(GEOJSON, self.index.item(request, id)?))
    }
}

fn no_such(request: &Request<'_>) -> Error {
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    Error::not_found(format!("{path} is no part of the STAC API; /stac links to all of them"))
}

fn document(media_type: &str, value: &Value) -> Response {
    Response::full(media_type, value.to_string())
}
