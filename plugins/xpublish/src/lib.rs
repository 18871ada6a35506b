//! Serves the addresses of xpublish: the list of datasets, and what each of them holds, as JSON and as pages for people.
//!
//! | Address | Answer |
//! |---|---|
//! | `/datasets` | ids |
//! | `/datasets/{id}/keys`, `dict`, `info` | names of variables; xarray's `to_dict`; a schema near to NCO's JSON |
//! | `/datasets/{id}/groups`, `tree` | paths of all groups; a page of all groups |
//! | `/plugins`, `/versions` | what serves, and of which version |
//! | `/datasets/{id}/groups/{group}`, with `/keys`, `/dict`, `/info` behind it | the same of one group |
#![forbid(unsafe_code)]

mod dataset;
mod form;
mod listing;
mod routes;
mod server;

use serde_json::{Value as Json, json};
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};
use weir_summaries::Served;

use crate::listing::Part;
use crate::routes::{ROUTES, What};

/// The media type of all documents that are no pages.
const JSON: &str = "application/json";

/// The plugin.
pub struct XpublishPlugin {
    host: Host,
    served: Served,
}

impl Plugin for XpublishPlugin {
    const NAME: &'static str = "xpublish";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Facts about the server.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        match config.trim() {
            "" | "{}" => Ok(Self { host, served: Served::new(host, None) }),
            _ => Err(Error::bad_request("nothing can be configured")),
        }
    }

    fn routes(&self) -> Vec<Route> {
        ROUTES.iter().map(routes::described).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let route = ROUTES.get(request.route()).map(|(_, what)| *what);
        match route.ok_or_else(|| Error::internal("the host asked for a route that there is not"))? {
            What::Datasets => self.datasets(request),
            What::Plugins => server::plugins(&self.host),
            What::Versions => server::versions(&self.host),
            What::Of(subject) => dataset::respond((&self.host, &self.served), request, (subject, "")),
            What::Group => {
                let (group, subject) = dataset::of_group(request.rest());
                dataset::respond((&self.host, &self.served), request, (subject, group))
            }
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, json!({ "detail": message }).to_string()))
    }
}

impl XpublishPlugin {
    fn datasets(&self, request: &Request<'_>) -> Result<Response, Error> {
        let (ids, next) = Part::parse(request.query())?.of(&self.host)?;
        let response = Response::full(JSON, Json::from(ids).to_string());
        Ok(match next {
            Some(link) => response.header("link", link),
            None => response,
        })
    }
}

#[cfg(test)]
mod tests;
