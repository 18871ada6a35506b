//! What the server itself answers: its datasets, its health, its plugins.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::plugins::Plugins;
use crate::services::SiteServices;

/// The paths that the server keeps for itself.
pub const ROUTES: &[&str] = &["/", "/datasets", "/health", "/plugins"];

/// A page of the server's own: media type and body.
pub struct Page {
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// The page at `path`, if it is one of the server's own.
pub fn page(path: &str, services: &SiteServices, plugins: &Plugins) -> Option<Page> {
    let value = match path {
        "/" => return Some(Page { media_type: "text/plain; charset=utf-8", body: front(plugins).into() }),
        "/datasets" | "/datasets/" => Value::from(services.catalog().list("", "", usize::MAX)),
        "/health" => health(services, plugins),
        "/plugins" => plugin_list(services, plugins),
        _ => return None,
    };
    Some(Page { media_type: "application/json", body: value.to_string().into() })
}

fn front(plugins: &Plugins) -> String {
    let mut text = String::from("weir serves scientific data\n\n/datasets\n/health\n/plugins\n");
    let routes = plugins.serving.iter().flat_map(|plugin| &plugin.routes);
    routes.for_each(|route| text.extend([route.pattern.as_str(), "\n"]));
    text
}

fn health(services: &SiteServices, plugins: &Plugins) -> Value {
    let broken_off = services.counters().get("weir.bodies_broken_off").copied().unwrap_or_default();
    let refused =
        plugins.refused.iter().map(|plugin| json!({ "plugin": plugin.origin, "reason": plugin.reason }));
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "datasets": services.catalog().len(),
        "plugins": plugins.serving.len(),
        "bodies_broken_off": broken_off,
        "refused_plugins": refused.collect::<Vec<_>>(),
    })
}

fn plugin_list(services: &SiteServices, plugins: &Plugins) -> Value {
    let counters = services.counters();
    let describe = |plugin: &crate::plugins::Serving| {
        let name = plugin.guest.name();
        let prefix = format!("{name}.");
        let own = counters
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), json!(value))));
        let routes: Vec<String> = plugin.routes.iter().map(ToString::to_string).collect();
        let value = json!({
            "path": plugin.origin,
            "version": plugin.guest.version(),
            "abi": plugin.guest.abi(),
            "routes": routes,
            "counters": own.collect::<Map<_, _>>(),
        });
        (name.to_owned(), value)
    };
    Value::Object(plugins.serving.iter().map(describe).collect())
}
