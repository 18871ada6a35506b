//! The STAC API: landing page, conformance, collections, items, search.
//!
//! Source: STAC API 1.0.0 (core, collections, features, item-search).

use weir_plugin_api::{Error, Host, Request, Response, Route};

use crate::site::Site;

/// The API.
pub struct Api {
    _host: Host,
    _site: Site,
}

/// Where it is.
pub fn routes() -> Vec<Route> {
    ["/stac", "/stac/{rest}"].map(Route::get).to_vec()
}

impl Api {
    /// The API of a host's datasets.
    pub fn new(host: Host, site: Site) -> Self {
        Self { _host: host, _site: site }
    }

    /// Answers a request of the route with this number.
    pub fn handle(&self, _number: usize, request: &Request<'_>) -> Result<Response, Error> {
        Err(Error::not_found(format!("{} is not served", request.path())))
    }
}
