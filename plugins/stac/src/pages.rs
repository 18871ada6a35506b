//! STAC documents that are read as files are: one collection of all datasets, one item for each, and catalogs that mirror folders.

use weir_plugin_api::{Error, Host, Request, Response, Route};

use crate::site::Site;

/// The documents.
pub struct Pages {
    _host: Host,
    _site: Site,
}

/// Where they are.
pub fn routes() -> Vec<Route> {
    vec![]
}

impl Pages {
    /// The documents of a host's datasets.
    pub fn new(host: Host, site: Site) -> Self {
        Self { _host: host, _site: site }
    }

    /// Answers a request of the route with this number.
    pub fn handle(&self, _number: usize, request: &Request<'_>) -> Result<Response, Error> {
        Err(Error::not_found(format!("{} is not served", request.path())))
    }
}
