//! Serves datasets through OPeNDAP (DAP2): `opendap.dds`, `.das`, `.dods`, `.ver`, and a page at `opendap` itself.
//!
//! DAP2 clients read a broken body as zeros and report success. So a data response is known to be good before its first
//! byte is sent.
#![forbid(unsafe_code)]

mod data;
mod metadata;
mod section;
#[cfg(test)]
mod tests;
mod transfer;

use weir_dap::dap2::{self, Fault, Reason};
use weir_plugin_api::model::Misfit;
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

/// Text, in the only encoding that its clients can be told of.
const TEXT: &str = "text/plain; charset=utf-8";

/// The resources of a dataset, in the order of [`Plugin::routes`].
const PATTERNS: [&str; 5] = [
    "/datasets/{id}/opendap",
    "/datasets/{id}/opendap.dds",
    "/datasets/{id}/opendap.das",
    "/datasets/{id}/opendap.dods",
    "/datasets/{id}/opendap.ver",
];

/// The plugin.
pub struct DapPlugin {
    host: Host,
}

impl Plugin for DapPlugin {
    const NAME: &'static str = "dap";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { host })
    }

    fn routes(&self) -> Vec<Route> {
        PATTERNS.iter().map(|pattern| Route::get(pattern)).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        match request.route() {
            0 => metadata::page(&dataset),
            1 => metadata::dds(request, &dataset),
            2 => metadata::das(self.host, request, &dataset),
            3 => data::dods(self.host, request, dataset),
            _ => Ok(metadata::version(Self::VERSION)),
        }
    }

    fn render_error(&self, _: &Request<'_>, status: u16, message: &str) -> Option<Response> {
        let body = dap2::error::body(status, message);
        Some(described(Response::full(TEXT, body), "dods-error"))
    }
}

/// Adds what tells clients that this is DAP; netCDF-Java takes nothing without it.
fn described(response: Response, description: &str) -> Response {
    let response = response.header("XDODS-Server", "dods/3.2").header("XDAP", "2.0");
    response.header("Content-Description", description)
}

/// The name that a DDS ends with: the last part of the dataset's id.
fn dataset_name<'r>(request: &Request<'r>) -> &'r str {
    let id = request.dataset_id();
    id.rsplit('/').next().unwrap_or(id)
}

/// A constraint that cannot be answered is the client's mistake, or asks for more than can be.
fn refused(fault: &Fault) -> Error {
    match fault.reason {
        Reason::TooMany { .. } | Reason::Misfit(Misfit::Overflow) => Error::too_large(fault.to_string()),
        _ => Error::bad_request(fault.to_string()),
    }
}
