//! Serves a catalog for the viewer gridlook.
#![forbid(unsafe_code)]

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

/// The plugin.
pub struct GridlookPlugin {
    _host: Host,
}

impl Plugin for GridlookPlugin {
    const NAME: &'static str = "gridlook";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { _host: host })
    }

    fn routes(&self) -> Vec<Route> {
        vec![]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        Err(Error::not_found(format!("{} is not served", request.path())))
    }
}
