//! Serves the addresses of xpublish: lists, descriptions and views of datasets.
#![forbid(unsafe_code)]

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

/// The plugin.
pub struct XpublishPlugin {
    _host: Host,
}

impl Plugin for XpublishPlugin {
    const NAME: &'static str = "xpublish";
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
