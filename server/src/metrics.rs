//! What the server counts, and tells Prometheus of (OpenMetrics 1.0, the text format).

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::plugins::Plugins;

/// The media type of what [`Metrics::text`] gives.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends of what durations are sorted into, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0];

/// Of so many datasets it is told by name how often they were asked for.
const MOST_DATASETS: usize = 1000;

/// What all other datasets are called.
const OTHERS: &str = "(others)";

/// Classes of statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRoute {
    plugin: String,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfStatus {
    plugin: String,
    route: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfDataset {
    dataset: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCounter {
    plugin: String,
    name: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    connections: Gauge,
    /// Bodies that broke off after their status was sent.
    pub broken_off: Counter,
    in_flight: Gauge,
    datasets: Datasets,
    /// What the server knows when it is asked.
    state: State,
    /// By plugin and route, in the server's order.
    routes: Vec<Vec<Arc<OfOneRoute>>>,
    /// The server's own pages, and paths that nobody serves.
    own: Arc<OfOneRoute>,
}

/// Requests for datasets.
#[derive(Default)]
struct Datasets {
    requests: Family<OfDataset, Counter>,
    bytes: Family<OfDataset, Counter>,
    named: Mutex<HashSet<String>>,
}

/// What the server is like when it is asked.
#[derive(Default)]
struct State {
    datasets: Gauge,
    failing: Gauge,
    waiting: Gauge,
    memory_used: Gauge,
    memory_limit: Gauge,
    memory_peak: Gauge,
    resident: Gauge,
    files: Gauge,
    plugins: Family<OfCounter, Gauge<f64, AtomicU64>>,
}

/// What is known of a server at a moment.
pub struct Moment {
    /// How many datasets there are.
    pub datasets: usize,
    /// How many of them could not be opened.
    pub failing: usize,
    /// Requests that wait for datasets to change.
    pub waiting: usize,
    /// Bytes that requests and caches use of the memory budget, may use at most, and used at most so far.
    pub memory: (u64, u64, u64),
    /// What plugins counted: plugin, name, value.
    pub counted: Vec<(String, String, f64)>,
}

/// What is counted of one route.
struct OfOneRoute {
    of: OfRoute,
    families: Arc<Families>,
    /// The members of families that there are: routes that nobody asks for have none.
    classes: [OnceLock<Counter>; CLASSES.len()],
    bytes: OnceLock<Counter>,
    seconds: OnceLock<Histogram>,
}

/// What is counted of all routes.
struct Families {
    requests: Family<OfStatus, Counter>,
    bytes: Family<OfRoute, Counter>,
    seconds: Family<OfRoute, Histogram, fn() -> Histogram>,
}

/// Where a response is counted.
#[derive(Clone)]
pub struct Tally {
    route: Arc<OfOneRoute>,
    /// Requests and bytes.
    dataset: Option<(Counter, Counter)>,
}

impl Tally {
    /// Counts a response that is over.
    pub fn count(&self, status: u16, bytes: u64, took: Duration) {
        let OfOneRoute { of, families, .. } = self.route.as_ref();
        self.route.class(status).inc();
        self.route.bytes.get_or_init(|| families.bytes.get_or_create(of).clone()).inc_by(bytes);
        let seconds = self.route.seconds.get_or_init(|| families.seconds.get_or_create(of).clone());
        seconds.observe(took.as_secs_f64());
        if let Some((requests, sent)) = &self.dataset {
            requests.inc();
            sent.inc_by(bytes);
        }
    }
}

impl OfOneRoute {
    /// Responses with a status like this one.
    fn class(&self, status: u16) -> &Counter {
        let class = usize::from(status / 100).saturating_sub(1).min(CLASSES.len().saturating_sub(1));
        let [first, ..] = &self.classes;
        self.classes.get(class).unwrap_or(first).get_or_init(|| {
            let OfRoute { plugin, route } = self.of.clone();
            let status = CLASSES.get(class).copied().unwrap_or_default();
            self.families.requests.get_or_create(&OfStatus { plugin, route, status }).clone()
        })
    }
}

impl Datasets {
    /// Where requests for a dataset are counted.
    fn tally(&self, id: &str) -> (Counter, Counter) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let is_named = named.contains(id) || (named.len() < MOST_DATASETS && named.insert(id.to_owned()));
        drop(named);
        let of = OfDataset { dataset: if is_named { id } else { OTHERS }.to_owned() };
        (self.requests.get_or_create(&of).clone(), self.bytes.get_or_create(&of).clone())
    }
}

impl Metrics {
    /// Nothing counted yet, of these plugins.
    #[must_use]
    pub fn new(plugins: &Plugins) -> Self {
        let mut registry = Registry::with_prefix("weir");
        let families = Arc::new(Families {
            requests: Family::default(),
            bytes: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
        });
        let Families { requests, bytes, seconds } = families.as_ref();
        registry.register("responses", "Responses by plugin, route and class of status", requests.clone());
        registry.register_with_unit("response", "What was sent of bodies", Unit::Bytes, bytes.clone());
        let help = "Time from a request to the end of its response";
        registry.register_with_unit("response_duration", help, Unit::Seconds, seconds.clone());
        let tally = |plugin: &str, route: &str| {
            let of = OfRoute { plugin: plugin.to_owned(), route: route.to_owned() };
            let families = Arc::clone(&families);
            Arc::new(OfOneRoute {
                of,
                families,
                classes: Default::default(),
                bytes: OnceLock::new(),
                seconds: OnceLock::new(),
            })
        };
        let of_plugin = |plugin: &crate::plugins::Serving| {
            plugin.routes.iter().map(|route| tally(plugin.guest.name(), &route.pattern)).collect()
        };
        let routes = plugins.serving.iter().map(of_plugin).collect();
        let own = tally("weir", "");
        let metrics = Self {
            connections: Gauge::default(),
            broken_off: Counter::default(),
            in_flight: Gauge::default(),
            datasets: Datasets::default(),
            state: State::default(),
            registry,
            routes,
            own,
        };
        metrics.registered()
    }

    /// With everything but the routes registered.
    fn registered(mut self) -> Self {
        let Self { registry, datasets, state, connections, broken_off, in_flight, .. } = &mut self;
        let bytes = || Unit::Bytes;
        registry.register("dataset_requests", "Requests by dataset", datasets.requests.clone());
        registry.register_with_unit(
            "dataset_sent",
            "Bytes of bodies by dataset",
            bytes(),
            datasets.bytes.clone(),
        );
        registry.register("datasets", "Datasets that are served", state.datasets.clone());
        registry.register("datasets_failing", "Datasets that could not be opened", state.failing.clone());
        registry.register(
            "requests_waiting",
            "Requests that wait for a dataset to change",
            state.waiting.clone(),
        );
        let of_budget = "of the memory budget";
        registry.register_with_unit(
            "memory_used",
            format!("What is in use {of_budget}"),
            bytes(),
            state.memory_used.clone(),
        );
        registry.register_with_unit(
            "memory_limit",
            "What requests may reserve together",
            bytes(),
            state.memory_limit.clone(),
        );
        registry.register_with_unit(
            "memory_peak",
            format!("The most that was in use {of_budget}"),
            bytes(),
            state.memory_peak.clone(),
        );
        registry.register_with_unit(
            "resident_memory",
            "Memory of the process",
            bytes(),
            state.resident.clone(),
        );
        registry.register("open_files", "File descriptors of the process", state.files.clone());
        registry.register("plugin", "What plugins count", state.plugins.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        registry.register(
            "bodies_broken_off",
            "Bodies that broke off after their status was sent",
            broken_off.clone(),
        );
        registry.register("requests_in_flight", "Requests whose responses are not over", in_flight.clone());
        self
    }

    /// Counts a request that came, for now as one of the server's own.
    pub fn begun(&self) -> Box<Counted> {
        let tally = Tally { route: Arc::clone(&self.own), dataset: None };
        Box::new(Counted {
            tally,
            broken_off: self.broken_off.clone(),
            _present: Present::of(&self.in_flight),
        })
    }

    /// Counts a connection for as long as there is what is returned.
    pub fn connected(&self) -> Present {
        Present::of(&self.connections)
    }

    /// Where a route's responses are counted; `dataset` is empty for none, and names one that there is.
    pub fn of(&self, (plugin, route): (usize, usize), dataset: Option<&str>) -> Tally {
        let found = self.routes.get(plugin).and_then(|routes| routes.get(route)).unwrap_or(&self.own);
        Tally { route: Arc::clone(found), dataset: dataset.map(|id| self.datasets.tally(id)) }
    }

    /// Everything, as text.
    pub fn text(&self, now: Moment) -> String {
        let gauge = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let state = &self.state;
        gauge(&state.datasets, now.datasets as u64);
        gauge(&state.failing, now.failing as u64);
        gauge(&state.waiting, now.waiting as u64);
        gauge(&state.memory_used, now.memory.0);
        gauge(&state.memory_limit, now.memory.1);
        gauge(&state.memory_peak, now.memory.2);
        gauge(&state.resident, resident_bytes().unwrap_or_default());
        gauge(&state.files, open_files().unwrap_or_default());
        for (plugin, name, value) in now.counted {
            state.plugins.get_or_create(&OfCounter { plugin, name }).set(value);
        }
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            // A text takes everything that is written to it.
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// A request, and how it is counted; it is under way as long as there is this.
pub struct Counted {
    /// Where its response is counted.
    pub tally: Tally,
    /// Bodies that broke off after their status was sent.
    pub broken_off: Counter,
    _present: Present,
}

/// Something that is counted as long as it is there.
pub struct Present(Gauge);

impl Present {
    fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Memory of the process, as the kernel tells it (proc(5), `VmRSS` in kB).
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn open_files() -> Option<u64> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count() as u64)
}
