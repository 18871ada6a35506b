//! Computes statistics of variables where the data lies: `/datasets/{id}/groupby/{variable}/{coord}/{action}`, and
//! `/datasets/{id}/diagnostics?…`.
//!
//! What can be asked is a closed set; nothing that a request says is ever evaluated.
#![forbid(unsafe_code)]

mod action;
mod area;
mod component;
mod computations;
mod dask;
mod departure;
mod derived;
mod diagnostic;
mod engine;
mod grammar;
mod ground;
mod groupby;
mod groups;
mod labels;
mod outputs;
mod periods;
mod progress;
mod proposals;
mod query;
mod result;
mod rolling;
mod room;
mod routes;
mod virtual_dataset;
mod watch;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use weir_model::Schema;
use weir_plugin_api::{
    Dataset, Error, Host, Plugin, Provider, Request, Response, Route, configuration, form,
};

use crate::computations::{Computations, Made, Repeats};
use crate::dask::{Dask, Executor};
use crate::derived::{Asked, Elsewhere, Groups, Publisher};
use crate::diagnostic::Diagnostic;
use crate::ground::{Ask, Ground};
use crate::outputs::Chosen;
use crate::room::{Held, Room};
use crate::watch::{CELL_BYTES, Progress, Watch};

/// The plugin.
pub struct DiagnosticsPlugin {
    host: Host,
    configuration: Configuration,
    computations: Computations,
    room: OnceLock<Arc<Room>>,
    /// One place for who holds memory and waits for more.
    builders: Arc<Room>,
    /// The cluster that computes what is heavy, where there is one.
    dask: Option<Dask>,
    publisher: Publisher,
}

/// What a site may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// How many bytes a result may take in memory while it is made; 256 MiB where it is left out.
    largest_result: Option<u64>,
    /// How many bytes all results together may take; where it is left out, what the server has for that.
    memory: Option<u64>,
    /// For how many seconds a request waits for that memory; 60 where it is left out.
    wait: Option<u64>,
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

impl Configuration {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.wait.unwrap_or(WAIT))
    }
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

/// Where neither the site nor the server says how much memory there is.
const MEMORY: u64 = 64 << 20;

/// Seconds.
const WAIT: u64 = 60;

/// Seconds.
const DERIVED_LIFETIME: u64 = 3600;

impl Plugin for DiagnosticsPlugin {
    const NAME: &'static str = "diagnostics";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let mut configuration: Configuration = configuration(config)?;
        let dask = match (&configuration.engine, configuration.dask.take()) {
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
        let groups = if configuration.publish_groupby.unwrap_or(true) { Groups::All } else { Groups::Wanted };
        let lifetime = configuration.derived_lifetime.unwrap_or(DERIVED_LIFETIME);
        let publisher = Publisher::new(host, lifetime, groups);
        publisher.publish_virtual(std::mem::take(&mut configuration.virtual_datasets))?;
        let builders = Room::new(1, configuration.patience());
        Ok(Self {
            host,
            configuration,
            computations: Computations::default(),
            room: OnceLock::new(),
            builders,
            dask,
            publisher,
        })
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
                let said = form::pairs(request.query()).find(|(name, _)| *name == "q").map(|(_, text)| text);
                let part = said.map(query::part).transpose()?;
                if let Some(elsewhere) = Elsewhere::of(request) {
                    let asked = Asked::Groups(request.rest(), part);
                    return self.publisher.answer(request, (asked, elsewhere));
                }
                let pairs = progress::groupby_pairs(request.rest(), said);
                let answer = self.answer(request, &pairs, &|dataset, _| {
                    groupby::diagnostic(dataset, request.rest(), part)
                })?;
                self.publisher.note_groups(request, (request.rest(), part));
                Ok(answer)
            }
            routes::PROGRESS => {
                let dataset = self.host.open(request, request.dataset_id())?;
                let key =
                    progress::key(dataset.id(), &dataset.generation()?, &progress::pairs(request.query())?);
                progress::answer(request, &self.computations, key.as_deref())
            }
            routes::DIAGNOSTICS => match Elsewhere::of(request) {
                Some(elsewhere) => self.publisher.answer(request, (Asked::Query(request.query()), elsewhere)),
                None => {
                    let pairs = progress::pairs(request.query())?;
                    self.answer(request, &pairs, &|dataset, ask| {
                        query::diagnostic(dataset, request.query(), ask)
                    })
                }
            },
            other => Err(Error::internal(format!("there is no route {other}"))),
        }
    }
}

/// Makes of a dataset what a request means; it asks for memory before it takes any.
type Read<'r> = dyn for<'a> Fn((&'a Dataset, &'a Schema), Ask<'_>) -> Result<Diagnostic<'a>, Error> + 'r;

impl DiagnosticsPlugin {
    /// Computes what `read` makes of a request, unless it is too large, or somebody computes it already.
    fn answer(
        &self,
        request: &Request<'_>,
        pairs: &[(String, String)],
        read: &Read<'_>,
    ) -> Result<Response, Error> {
        let chosen = Chosen::of(request)?;
        let dataset = self.host.open(request, request.dataset_id())?;
        let is_stopped = || self.host.is_cancelled(request);
        if request.is_head() {
            let schema = dataset.schema()?;
            self.prepared(
                request,
                (&dataset, &schema),
                read,
                &Watch { is_stopped: &is_stopped, ..Watch::nobody() },
            )?;
        }
        let compute = |progress: &Progress| {
            self.computed(
                request,
                &dataset,
                read,
                &Watch { is_stopped: &is_stopped, progress, ..Watch::nobody() },
            )
        };
        let key = progress::key(dataset.id(), &dataset.generation()?, pairs);
        chosen.answer(request, || match key {
            Some(key) => self.computations.made(&key, &is_stopped, &compute),
            None => compute(&Progress::new()).map(Arc::new),
        })
    }

    /// Computes what `read` makes of a request.
    fn computed(
        &self,
        request: &Request<'_>,
        dataset: &Dataset,
        read: &Read<'_>,
        watch: &Watch<'_>,
    ) -> Result<Made, Error> {
        let schema = dataset.schema()?;
        let (diagnostic, mut held) = self.prepared(request, (dataset, &schema), read, watch)?;
        self.host.metric_add("computations", 1.0);
        let executor = Executor::new(self.dask.as_ref(), &self.host, request);
        let outcome = diagnostic.outcome(&executor)?;
        drop(diagnostic);
        held.shrink(outcome.bytes());
        let repeats = if executor.fell_back() { Repeats::Nearly } else { Repeats::Exactly };
        Ok(Made::new((outcome, repeats), held))
    }

    /// What `read` makes of a request, and the memory that it takes to compute it, reserved.
    ///
    /// What must be in memory before it is known how much that will be is reserved first. Of those who hold that and wait for more
    /// there is one at a time, and all others hold nothing that does not come free by itself: so nobody waits for ever.
    fn prepared<'a>(
        &self,
        request: &Request<'_>,
        dataset: (&'a Dataset, &'a Schema),
        read: &Read<'_>,
        watch: &Watch<'a>,
    ) -> Result<(Diagnostic<'a>, Held), Error> {
        let room = self.room();
        let (permit, early) = (Cell::new(None), Cell::new(Vec::new()));
        let ask = |bytes: u64| {
            let mut held = early.take();
            if held.is_empty() {
                permit.set(Some(self.builders.reserve(1, watch)?));
            }
            held.push(room.reserve(bytes, watch)?);
            early.set(held);
            Ok(())
        };
        let diagnostic = read(dataset, &ask)?;
        let half = usize::try_from(room.most() / 2).unwrap_or(usize::MAX);
        let diagnostic = diagnostic.watched(Watch { cell_bytes: half.min(CELL_BYTES), ..*watch });
        let memory = diagnostic.memory()?;
        let most = self.configuration.largest_result.unwrap_or(LARGEST_RESULT).min(room.most());
        if memory > most {
            return Err(Error::too_large(format!(
                "the result takes {memory} bytes while it is made, but the limit is {most}; select less of it, or make fewer groups"
            )));
        }
        self.host.admit(request, memory)?;
        // What was reserved early is part of that; only what the ground still takes is held on to.
        let mut early = early.take();
        early.truncate(1);
        let ground = diagnostic.ground.as_ref().map_or(0, Ground::bytes);
        early.iter_mut().for_each(|held| held.shrink(ground));
        let has = early.iter().map(Held::bytes).fold(0, u64::saturating_add);
        let mut held = room.reserve(memory.saturating_sub(has), watch)?;
        early.into_iter().for_each(|early| held.join(early));
        Ok((diagnostic, held))
    }

    /// The memory for results; how much that is the server says once it has started.
    fn room(&self) -> &Arc<Room> {
        if let Some(room) = self.room.get() {
            return room;
        }
        let told = || self.host.server().ok()?.computing_bytes;
        let most = self.configuration.memory.or_else(told).unwrap_or(MEMORY);
        self.room.get_or_init(|| Room::new(most, self.configuration.patience()))
    }
}
