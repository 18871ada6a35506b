//! What the server itself answers: its health, and what it serves.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use weir_plugin_api::lent::Services;
use weir_plugin_api::{Route, Trouble};

use crate::plugins::Plugins;
use crate::services::SiteServices;

/// The paths that the server keeps for itself. It answers at `/`, too, as long as no plugin does.
pub const ROUTES: &[&str] = &["/health"];

/// The same, as routes that say what they are for.
pub fn routes() -> Vec<Route> {
    let words = "how it is, what is refused or left out and why, and what plugins counted";
    let health = |pattern: &&str| {
        Route::get(pattern).summary("whether the server is well").answers(200, &["application/json"], words)
    };
    ROUTES.iter().map(health).collect()
}

/// A page of the server's own: media type and body.
pub struct Page {
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// The page at `path`, if it is one of the server's own; `waiting` is how many requests wait for datasets to change.
pub fn page(path: &str, (services, plugins): (&SiteServices, &Plugins), waiting: usize) -> Option<Page> {
    let value = match path {
        "/" if !has_front(plugins) => {
            return Some(Page { media_type: "text/plain; charset=utf-8", body: front(plugins).into() });
        }
        "/health" => health(services, plugins, waiting),
        _ => return None,
    };
    Some(Page { media_type: "application/json", body: value.to_string().into() })
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

fn health(services: &SiteServices, plugins: &Plugins, waiting: usize) -> Value {
    let broken_off = services.counters().get("weir.bodies_broken_off").copied().unwrap_or_default();
    let troubles = services.troubles();
    let named = |all: &[Trouble], name: &str| -> Vec<Value> {
        all.iter().map(|trouble| json!({ name: trouble.name, "reason": trouble.reason })).collect()
    };
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "datasets": services.catalog().len(),
        "plugins": plugins.serving.len(),
        "bodies_broken_off": broken_off,
        "waiting": waiting,
        "refused_plugins": named(&troubles.plugins, "plugin"),
        "failing_datasets": named(&troubles.datasets, "id"),
        "left_out": named(&troubles.files, "path"),
        "counters": counters(services, plugins),
    })
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
