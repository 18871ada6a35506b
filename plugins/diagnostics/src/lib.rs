//! Computes statistics of variables where the data lies: `/datasets/{id}/groupby/{variable}/{coord}/{action}`, and
//! `/datasets/{id}/diagnostics?…`.
//!
//! What can be asked is a closed set; nothing that a request says is ever evaluated.
#![forbid(unsafe_code)]

mod action;
mod area;
mod component;
mod dask;
mod departure;
mod derived;
mod diagnostic;
mod engine;
mod grammar;
mod groupby;
mod groups;
mod labels;
mod outputs;
mod periods;
mod proposals;
mod query;
mod result;
mod rolling;
mod routes;
mod virtual_dataset;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use weir_model::Schema;
use weir_plugin_api::{
    Dataset, Error, Host, Plugin, Provider, Request, Response, Route, configuration, form,
};

use crate::dask::{Dask, Executor};
use crate::derived::{Asked, Elsewhere, Groups, Publisher};
use crate::diagnostic::Diagnostic;
use crate::outputs::Chosen;

/// The plugin.
pub struct DiagnosticsPlugin {
    host: Host,
    largest_result: u64,
    /// The cluster that computes what is heavy, where there is one.
    dask: Option<Dask>,
    publisher: Publisher,
}

/// What a site may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// How many bytes a result may have in memory; 256 MiB where it is left out.
    largest_result: Option<u64>,
    /// Who computes; weir itself where it is left out.
    #[serde(default)]
    engine: Engine,
    /// The cluster, for the engine `dask`.
    dask: Option<dask::Configuration>,
    /// For how many seconds a result is a dataset after it was last asked for; an hour where it is left out.
    derived_lifetime: Option<u64>,
    /// Whether every result of `groupby` becomes a dataset; it does where this is left out.
    publish_groupby: Option<bool>,
    /// Datasets that are made of others.
    #[serde(default, rename = "virtual")]
    virtual_datasets: Vec<serde_json::Value>,
}

/// Who computes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    /// weir.
    #[default]
    Embedded,
    /// A Dask cluster what is heavy, weir all else.
    Dask,
}

const LARGEST_RESULT: u64 = 256 << 20;

/// Seconds.
const DERIVED_LIFETIME: u64 = 3600;

impl Plugin for DiagnosticsPlugin {
    const NAME: &'static str = "diagnostics";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let Configuration {
            largest_result,
            engine,
            dask,
            derived_lifetime,
            publish_groupby,
            virtual_datasets,
        } = configuration(config)?;
        let dask = match (engine, dask) {
            (Engine::Embedded, None) => None,
            (Engine::Dask, Some(dask)) => Some(Dask::new(dask)?),
            (Engine::Dask, None) => {
                return Err(Error::bad_request(
                    "engine = \"dask\" needs [plugins.diagnostics.dask] with the scheduler's address",
                ));
            }
            (Engine::Embedded, Some(_)) => {
                return Err(Error::bad_request(
                    "[plugins.diagnostics.dask] is there, but engine is not \"dask\"",
                ));
            }
        };
        let groups = if publish_groupby.unwrap_or(true) { Groups::All } else { Groups::Wanted };
        let publisher = Publisher::new(host, derived_lifetime.unwrap_or(DERIVED_LIFETIME), groups);
        publisher.publish_virtual(virtual_datasets)?;
        Ok(Self { host, largest_result: largest_result.unwrap_or(LARGEST_RESULT), dask, publisher })
    }

    fn provider(&self) -> Option<&dyn Provider> {
        Some(self)
    }

    fn routes(&self) -> Vec<Route> {
        routes::routes()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route() {
            routes::GROUPBY => {
                let part = form::pairs(request.query())
                    .find(|(name, _)| *name == "q")
                    .map(|(_, text)| query::part(text));
                let part = part.transpose()?;
                if let Some(elsewhere) = Elsewhere::of(request) {
                    let asked = Asked::Groups(request.rest(), part);
                    return self.publisher.answer(request, (asked, elsewhere));
                }
                let answer =
                    self.answer(request, |dataset| groupby::diagnostic(dataset, request.rest(), part))?;
                self.publisher.note_groups(request, (request.rest(), part));
                Ok(answer)
            }
            routes::DIAGNOSTICS => match Elsewhere::of(request) {
                Some(elsewhere) => self.publisher.answer(request, (Asked::Query(request.query()), elsewhere)),
                None => self.answer(request, |dataset| query::diagnostic(dataset, request.query())),
            },
            other => Err(Error::internal(format!("there is no route {other}"))),
        }
    }
}

impl DiagnosticsPlugin {
    /// Computes what `read` makes of a request, unless it is too large.
    fn answer(
        &self,
        request: &Request<'_>,
        read: impl for<'a> FnOnce((&'a Dataset, &'a Schema)) -> Result<Diagnostic<'a>, Error>,
    ) -> Result<Response, Error> {
        let chosen = Chosen::of(request)?;
        let dataset = self.host.open(request, request.dataset_id())?;
        let schema = dataset.schema()?;
        let diagnostic = read((&dataset, &schema))?;
        let memory = diagnostic.memory()?;
        if memory > self.largest_result {
            let most = self.largest_result;
            return Err(Error::too_large(format!(
                "the result takes {memory} bytes while it is made, but the limit is {most}; select less of it, or make fewer groups"
            )));
        }
        self.host.admit(request, memory)?;
        let executor = Executor::new(self.dask.as_ref(), &self.host, request);
        let outcome = (!request.is_head()).then(|| diagnostic.outcome(&executor)).transpose()?;
        let chosen = if executor.fell_back() { chosen.not_kept() } else { chosen };
        chosen.answer(request, outcome)
    }
}
