//! Serves the first page of a server, and what search engines look for.
#![forbid(unsafe_code)]

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

/// The plugin.
pub struct LandingPlugin {
    _host: Host,
}

impl Plugin for LandingPlugin {
    const NAME: &'static str = "landing";
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
