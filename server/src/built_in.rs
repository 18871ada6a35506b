//! What the server itself answers: its health, and what it serves.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use weir_plugin_api::lent::Services;
use weir_plugin_api::{Route, Trouble};

use crate::metrics::{self, Metrics, Moment};
use crate::plugins::Plugins;
use crate::services::SiteServices;

/// The paths that the server keeps for itself. It answers at `/`, too, as long as no plugin does.
pub const ROUTES: &[&str] = &["/health", "/metrics", READY];

/// Where it says whether new requests are welcome.
pub const READY: &str = "/ready";

/// The same, as routes that say what they are for.
pub fn routes() -> Vec<Route> {
    let json = &["application/json"];
    let words = "how it is, what is refused or left out and why, and what plugins counted";
    let health = Route::get("/health").summary("whether the server is well").answers(200, json, words);
    let metrics = Route::get("/metrics").summary("what the server counted, for Prometheus");
    let ready = Route::get(READY).summary("whether new requests are welcome");
    vec![
        health,
        metrics.answers(
            200,
            &[metrics::MEDIA_TYPE],
            "responses by route, requests by dataset, memory, connections",
        ),
        ready.answers(200, json, "they are").answers(
            503,
            json,
            "the server stops, or cannot reach what it serves",
        ),
    ]
}

/// A page of the server's own: media type and body.
pub struct Page {
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// What the server knows of itself.
pub struct Own<'a> {
    /// What plugins get from it.
    pub services: &'a SiteServices,
    /// The plugins.
    pub plugins: &'a Plugins,
    /// What it counts.
    pub metrics: &'a Metrics,
    /// How many requests wait for datasets to change.
    pub waiting: usize,
}

/// The page of a server that welcomes requests.
pub fn ready() -> Page {
    Page { media_type: "application/json", body: Bytes::from_static(br#"{"status":"ready"}"#) }
}

impl Own<'_> {
    /// The page at `path`, if it is one of the server's own.
    pub fn page(&self, path: &str) -> Option<Page> {
        let (media_type, body) = match path {
            "/" if !has_front(self.plugins) => ("text/plain; charset=utf-8", front(self.plugins)),
            "/health" => ("application/json", self.health().to_string()),
            "/metrics" => (metrics::MEDIA_TYPE, self.metrics.text(self.moment())),
            _ => return None,
        };
        Some(Page { media_type, body: body.into() })
    }

    fn moment(&self) -> Moment {
        let memory = self.services.memory();
        let of_plugin = |(key, value): (String, f64)| {
            let (plugin, name) = key.split_once('.')?;
            Some((plugin.to_owned(), name.to_owned(), value))
        };
        Moment {
            datasets: self.services.catalog().len(),
            failing: self.services.failing().ids().len(),
            waiting: self.waiting,
            memory: (memory.accounted(), memory.limit(), memory.peak()),
            counted: self.services.counters().into_iter().filter_map(of_plugin).collect(),
        }
    }

    fn health(&self) -> Value {
        let Self { services, plugins, metrics, waiting } = self;
        let troubles = services.troubles();
        let named = |all: &[Trouble], name: &str| -> Vec<Value> {
            all.iter().map(|trouble| json!({ name: trouble.name, "reason": trouble.reason })).collect()
        };
        json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "datasets": services.catalog().len(),
            "plugins": plugins.serving.len(),
            "bodies_broken_off": metrics.broken_off.get(),
            "waiting": waiting,
            "refused_plugins": named(&troubles.plugins, "plugin"),
            "failing_datasets": named(&troubles.datasets, "id"),
            "left_out": named(&troubles.files, "path"),
            "counters": counters(services, plugins),
        })
    }
}

/// Whether a plugin has a first page.
fn has_front(plugins: &Plugins) -> bool {
    plugins.serving.iter().flat_map(|plugin| &plugin.routes).any(|route| route.pattern == "/")
}

fn front(plugins: &Plugins) -> String {
    let mut text = String::from("weir serves scientific data\n\n/health\n");
    let routes = plugins.serving.iter().flat_map(|plugin| &plugin.routes);
    routes.for_each(|route| text.extend([route.pattern.as_str(), "\n"]));
    text
}

/// What each plugin counted.
fn counters(services: &SiteServices, plugins: &Plugins) -> Map<String, Value> {
    let all = services.counters();
    let of_plugin = |plugin: &crate::plugins::Serving| {
        let name = plugin.guest.name();
        let prefix = format!("{name}.");
        let own =
            all.iter().filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), json!(value))));
        (name.to_owned(), Value::Object(own.collect()))
    };
    plugins.serving.iter().map(of_plugin).collect()
}
