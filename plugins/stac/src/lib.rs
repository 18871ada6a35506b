//! Serves STAC: a catalog of collections and items, and an API that searches them.
//!
//! Two parts share the addresses: documents that are read as files are (`pages`), and the STAC API (`api`).
#![forbid(unsafe_code)]

mod api;
mod collections;
mod export;
mod index;
mod item;
mod pages;
mod search;
mod site;
mod words;

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

use api::Api;
use pages::Pages;
use site::Site;

/// The plugin.
pub struct StacPlugin {
    pages: Pages,
    api: Api,
}

impl Plugin for StacPlugin {
    const NAME: &'static str = "stac";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let site = Site::new(host, config)?;
        Ok(Self { pages: Pages::new(host, site.clone()), api: Api::new(host, site) })
    }

    /// Those of the documents, then those of the API.
    fn routes(&self) -> Vec<Route> {
        let mut routes = pages::routes();
        routes.extend(api::routes());
        routes
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route().checked_sub(pages::routes().len()) {
            None => self.pages.handle(request, &self.api),
            Some(number) => self.api.handle(number, request),
        }
    }

    /// An error as STAC API clients know it (OGC API - Common, exceptions).
    fn render_error(&self, _: &Request<'_>, status: u16, message: &str) -> Option<Response> {
        let code = match status {
            400 => "BadRequest",
            404 => "NotFound",
            413 => "TooLarge",
            503 => "Unavailable",
            _ => "ServerError",
        };
        let body = serde_json::json!({"code": code, "description": message});
        Some(Response::full("application/json", body.to_string()))
    }
}
