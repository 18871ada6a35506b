//! Serves an OpenAPI document of all routes that the server has, `/openapi.json`, and a page that shows it, `/docs`.
//!
//! Both are made from what the plugins of this very server say of their routes, so what is not there is not in it. The page needs no
//! script and nothing from elsewhere.
#![forbid(unsafe_code)]

use serde_json::{Value as Json, json};
use weir_catalogs::openapi::{self, Operation, Server};
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route, ServerFacts};

/// The media types of the document and of the page.
const JSON: &str = "application/json";
const PAGE: &str = "text/html; charset=utf-8";

/// The plugin.
pub struct OpenApiPlugin {
    host: Host,
}

impl Plugin for OpenApiPlugin {
    const NAME: &'static str = "openapi";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Facts about the server.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        match config.trim() {
            "" | "{}" => Ok(Self { host }),
            _ => Err(Error::bad_request("nothing can be configured")),
        }
    }

    fn routes(&self) -> Vec<Route> {
        let document = Route::get("/openapi.json").summary("what the server serves, for programs");
        let page = Route::get("/docs").summary("what the server serves, for people");
        vec![
            document.answers(200, &[JSON], "an OpenAPI document of version 3.1"),
            page.answers(200, &[PAGE], "a page without scripts"),
        ]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let document = document(&self.host.server()?, request.base_url());
        Ok(match request.route() {
            0 => Response::full(JSON, document.to_string()),
            _ => {
                let policy = weir_catalogs::pages::POLICY;
                let page = openapi::page(&document);
                Response::full(PAGE, page).header("content-security-policy", policy)
            }
        })
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, json!({ "detail": message }).to_string()))
    }
}

/// The document of a server that is reached at `url`.
fn document(facts: &ServerFacts, url: &str) -> Json {
    let server = Server { title: facts.name.clone(), version: facts.version.clone(), url: url.to_owned() };
    let operations: Vec<Operation> = facts
        .plugins
        .iter()
        .flat_map(|plugin| plugin.routes.iter().map(|route| operation(&plugin.name, route)))
        .collect();
    openapi::document(&server, &operations)
}

fn operation(plugin: &str, route: &Route) -> Operation {
    Operation {
        plugin: plugin.to_owned(),
        methods: route.methods.clone(),
        pattern: route.pattern.clone(),
        description: route.description.to_json(),
    }
}

#[cfg(test)]
mod tests;
