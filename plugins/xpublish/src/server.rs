//! What serves: the plugins of the server, and versions.

use serde_json::{Map, Value as Json, json};
use weir_plugin_api::{Error, Host, PluginFacts, Response, ServerFacts};

use crate::JSON;

/// The plugins by name. What the server itself serves is no plugin.
pub(crate) fn plugins(host: &Host) -> Result<Response, Error> {
    let facts = host.server()?;
    let described = |plugin: &PluginFacts| {
        let routes: Vec<String> = plugin.routes.iter().map(ToString::to_string).collect();
        let value = json!({
            "path": plugin.origin, "version": plugin.version, "abi": plugin.abi, "routes": routes,
        });
        (plugin.name.clone(), value)
    };
    let all: Map<String, Json> = of(&facts).map(described).collect();
    Ok(Response::full(JSON, Json::Object(all).to_string()))
}

/// Versions by name.
pub(crate) fn versions(host: &Host) -> Result<Response, Error> {
    let facts = host.server()?;
    let mut all = Map::new();
    all.insert(facts.name.clone(), Json::from(facts.version.as_str()));
    all.insert("abi".to_owned(), Json::from(facts.abi.as_str()));
    for plugin in of(&facts) {
        all.insert(format!("weir-plugin-{}", plugin.name), Json::from(plugin.version.as_str()));
    }
    Ok(Response::full(JSON, Json::Object(all).to_string()))
}

fn of(facts: &ServerFacts) -> impl Iterator<Item = &PluginFacts> {
    facts.plugins.iter().filter(|plugin| plugin.name != facts.name)
}
