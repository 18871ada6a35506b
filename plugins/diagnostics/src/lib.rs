//! Computes statistics of variables where the data lies: `/datasets/{id}/groupby/{variable}/{coord}/{action}`.
//!
//! What can be asked is a closed set; nothing that a request says is ever evaluated.
#![forbid(unsafe_code)]

mod action;
mod component;
mod engine;
mod groupby;
mod groups;
mod json;
mod labels;
mod result;
mod routes;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use weir_plugin_api::{Body, Bytes, Error, Host, Plugin, Request, Response, Route, configuration, form};

use crate::groupby::GroupBy;
use crate::json::JsonBody;

/// The plugin.
pub struct DiagnosticsPlugin {
    host: Host,
    largest_result: u64,
}

/// What a site may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// How many bytes a result may have in memory; 256 MiB where it is left out.
    largest_result: Option<u64>,
}

const LARGEST_RESULT: u64 = 256 << 20;

impl Plugin for DiagnosticsPlugin {
    const NAME: &'static str = "diagnostics";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let Configuration { largest_result } = configuration(config)?;
        Ok(Self { host, largest_result: largest_result.unwrap_or(LARGEST_RESULT) })
    }

    fn routes(&self) -> Vec<Route> {
        routes::routes()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route() {
            routes::GROUPBY => self.groupby(request),
            other => Err(Error::internal(format!("there is no route {other}"))),
        }
    }
}

impl DiagnosticsPlugin {
    fn groupby(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let schema = dataset.schema()?;
        let part = quantile(request.query())?;
        let asked = GroupBy::new(&dataset, &schema, request.rest(), part)?;
        let reduction = asked.reduction()?;
        let memory = reduction.memory(&reduction.whole())?;
        if memory > self.largest_result {
            let most = self.largest_result;
            return Err(Error::too_large(format!(
                "the result takes {memory} bytes while it is made, but the limit is {most}; group by what makes fewer groups"
            )));
        }
        self.host.admit(request, memory)?;
        let body: Box<dyn Body> = if request.is_head() {
            Box::new(Nothing)
        } else {
            Box::new(JsonBody::new(asked.outcome(&reduction)?))
        };
        Ok(Response::stream("application/json", None, body).stable().costly())
    }
}

/// The body of an answer to `HEAD`.
struct Nothing;

impl Body for Nothing {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}

/// The part of values that `q` says.
fn quantile(query: &str) -> Result<Option<f64>, Error> {
    let Some((_, text)) = form::pairs(query).find(|(name, _)| *name == "q") else { return Ok(None) };
    let number = form::decoded(text).ok().and_then(|text| text.parse::<f64>().ok());
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    number.map(Some).ok_or_else(|| Error::bad_request("q is no number from 0 to 1"))
}
