//! Searches: by query, by body, and of one collection.

use serde_json::{Map, Value, json};
use weir_plugin_api::{Error, Request, Response};

use super::body;
use super::links::{collection_url, link, query};
use super::{Api, GEOJSON, JSON};
use crate::search::page::{Page, Token, page};
use crate::search::wanted::{Wanted, pairs};

impl Api {
    /// `GET /stac/search`.
    pub fn search_by_query(&self, request: &Request<'_>) -> Result<Response, Error> {
        let wanted = Wanted::from_query(request.query())?;
        let here = format!("{}/stac/search", request.base_url());
        let links = |next: Option<&Token>| links_by_query(request, &here, next);
        self.found(request, &wanted, links)
    }

    /// `POST /stac/search`.
    pub fn search_by_body(&self, request: &Request<'_>) -> Result<Response, Error> {
        let asked = body::object(&self.host, request)?;
        let wanted = Wanted::from_json(&asked)?;
        let here = format!("{}/stac/search", request.base_url());
        self.found(request, &wanted, |next| Ok(links_by_body(&here, &asked, next)))
    }

    /// `GET /stac/collections/{collection}/items`.
    pub fn items(&self, request: &Request<'_>, collection: &str) -> Result<Response, Error> {
        let mut wanted = Wanted::from_query(request.query())?;
        self.check_collection(&self.index.view()?, collection)?;
        wanted.collections = vec![collection.to_owned()];
        let here = format!("{}/items", collection_url(request.base_url(), collection));
        self.found(request, &wanted, |next| {
            let mut links = links_by_query(request, &here, next)?;
            links.push(link("collection", &collection_url(request.base_url(), collection), JSON));
            Ok(links)
        })
    }

    fn found(
        &self,
        request: &Request<'_>,
        wanted: &Wanted,
        links: impl FnOnce(Option<&Token>) -> Result<Vec<Value>, Error>,
    ) -> Result<Response, Error> {
        let (page, is_complete) = {
            let view = self.index.view()?;
            (page(view.records(), wanted), view.is_complete)
        };
        let mut features = Vec::with_capacity(page.ids.len());
        for id in &page.ids {
            if self.host.is_cancelled(request) {
                return Err(Error::new(weir_plugin_api::ErrorKind::Cancelled, "the client is gone"));
            }
            match self.index.item(request, id) {
                Ok(item) => features.push(chosen(item, wanted)?),
                // It went a moment ago, and a page without it is right.
                Err(error) => self.host.log(Some(request), weir_plugin_api::LogLevel::Debug, &error.message),
            }
        }
        let mut links = links(page.next.as_ref())?;
        links.push(link("root", &format!("{}/stac", request.base_url()), JSON));
        Ok(Response::full(GEOJSON, collected(&features, &Value::from(links), is_complete.then_some(&page))))
    }
}

/// A list of items as text. How many there are on all pages is said where it is known: `page` is none as long as some datasets were not looked
/// at.
fn collected(features: &[String], links: &Value, page: Option<&Page>) -> String {
    let returned = features.len();
    let matched = page.map(|page| format!("\"numberMatched\":{},", page.matched)).unwrap_or_default();
    let features = features.join(",");
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{features}],\"links\":{links},{matched}\"numberReturned\":{returned}}}"
    )
}

/// The parts of an item that are asked for.
fn chosen(item: String, wanted: &Wanted) -> Result<String, Error> {
    if wanted.fields.is_all() {
        return Ok(item);
    }
    let item: Value =
        serde_json::from_str(&item).map_err(|e| Error::internal(format!("an item is no JSON: {e}")))?;
    Ok(wanted.fields.apply(&item).to_string())
}

fn links_by_query(request: &Request<'_>, here: &str, next: Option<&Token>) -> Result<Vec<Value>, Error> {
    let mut pairs = pairs(request.query())?;
    let mut links = vec![link("self", &format!("{here}{}", query(&pairs)), GEOJSON)];
    if let Some(next) = next {
        pairs.retain(|(name, _)| name != "token");
        pairs.push(("token".to_owned(), next.text()));
        let mut link = link("next", &format!("{here}{}", query(&pairs)), GEOJSON);
        link["method"] = Value::from("GET");
        links.push(link);
    }
    Ok(links)
}

/// The next page is another search, whose body is in the link: this one's with another token.
fn links_by_body(here: &str, asked: &Map<String, Value>, next: Option<&Token>) -> Vec<Value> {
    let Some(next) = next else { return vec![] };
    let mut body = asked.clone();
    body.insert("token".to_owned(), Value::from(next.text()));
    vec![
        json!({"rel": "next", "href": here, "type": GEOJSON, "method": "POST", "body": body, "merge": false}),
    ]
}
