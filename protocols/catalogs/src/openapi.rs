//! The OpenAPI document of a server, put together from what its plugins say of their routes, and a page that shows it.
//!
//! Source: OpenAPI Specification 3.1.1 (<https://spec.openapis.org/oas/v3.1.1.html>).

mod page;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

pub use page::page;

/// What the server is, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The URL below which all paths are.
    pub url: String,
}

/// A route of a plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// The plugin's name.
    pub plugin: String,
    /// The methods, upper case.
    pub methods: Vec<String>,
    /// The pattern, in which `{id}` and `{rest}` may stand.
    pub pattern: String,
    /// The members `summary`, `parameters` and `responses` of an Operation Object.
    pub description: Json,
}

/// What stands in a document for all routes.
const ABOUT: &str = "HEAD is answered wherever GET is, with the same status and headers. `{id}` and `{rest}` may contain slashes, \
plain or percent-encoded. Whatever is answered with an `ETag` is not sent again (304) to those who have it (`If-None-Match`); whatever is \
answered with `Accept-Ranges` is sent in part (206, 416) to those who ask for a part (`Range`). A server under load asks to come again \
(503 with `Retry-After`).";

/// The document. Routes that no plugin has any more are not in it, because it is made from those that are there.
#[must_use]
pub fn document(server: &Server, operations: &[Operation]) -> Json {
    let mut paths: Map<String, Json> = Map::new();
    let (mut tags, mut ids): (Vec<&str>, BTreeSet<String>) = Default::default();
    let mut sorted: Vec<&Operation> = operations.iter().collect();
    sorted.sort_by(|a, b| a.pattern.cmp(&b.pattern));
    for operation in sorted {
        let item = paths.entry(&operation.pattern).or_insert_with(|| json!({}));
        for method in operation.methods.iter().filter(|method| is_listed(method, &operation.methods)) {
            let mut id = operation_id(operation, method);
            while !ids.insert(id.clone()) {
                id.push('_');
            }
            item[method.to_ascii_lowercase()] = described(operation, method, &id);
        }
        tags.push(&operation.plugin);
    }
    tags.sort_unstable();
    tags.dedup();
    json!({
        "openapi": "3.1.1",
        "info": { "title": server.title, "version": server.version, "description": ABOUT },
        "servers": [{ "url": server.url }],
        "tags": tags.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": { "schemas": { "Error": error_schema() } },
    })
}

/// `HEAD` that comes with `GET` is said once for all.
fn is_listed(method: &str, methods: &[String]) -> bool {
    method != "HEAD" || !methods.iter().any(|other| other == "GET")
}

/// Errors of this server, and those of OGC's APIs and STAC's (OGC API - Features, "Exceptions").
fn error_schema() -> Json {
    let text = |words: &str| json!({ "type": "string", "description": words });
    let own = json!({
        "type": "object",
        "properties": {
            "detail": text("what was wrong, and what to do"),
            "request_id": text("by which the site finds the request in its log"),
        },
        "required": ["detail"],
    });
    let of_ogc = json!({
        "type": "object",
        "properties": { "code": text("what kind of error it is"), "description": text("what was wrong, and what to do") },
        "required": ["code"],
    });
    json!({ "anyOf": [own, of_ogc] })
}

/// One operation.
fn described(operation: &Operation, method: &str, id: &str) -> Json {
    let member = |name: &str| operation.description.get(name).cloned();
    let mut object = json!({
        "operationId": id,
        "tags": [operation.plugin],
        "summary": member("summary").unwrap_or_default(),
        "parameters": parameters(operation),
        "responses": responses(member("responses")),
    });
    if method == "POST" || method == "PUT" || method == "PATCH" {
        object["requestBody"] = json!({ "content": { "application/json": {} } });
    }
    object
}

/// A name for programs: method, plugin and pattern, in letters, digits and underscores.
fn operation_id(operation: &Operation, method: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let path: String = operation.pattern.trim_start_matches('/').chars().map(word).collect();
    format!("{}_{}_{path}", method.to_ascii_lowercase(), operation.plugin)
}

/// The parameters that a plugin names, and those of the pattern that it does not.
fn parameters(operation: &Operation) -> Json {
    let named = operation.description.get("parameters").and_then(Json::as_array).cloned();
    let mut all = named.unwrap_or_default();
    for (name, words) in
        [("id", "a dataset's id, as /datasets lists them"), ("rest", "what is below; it may be empty")]
    {
        let in_pattern = operation.pattern.contains(&format!("{{{name}}}"));
        let is_named = all.iter().any(|one| one["name"] == name && one["in"] == "path");
        if in_pattern && !is_named {
            all.push(json!({
                "name": name, "in": "path", "required": true, "description": words, "schema": { "type": "string" },
            }));
        }
    }
    // Of names that the pattern has not, nobody could give a value.
    all.retain(|one| {
        one["in"] != "path" || operation.pattern.contains(&format!("{{{}}}", text(&one["name"])))
    });
    Json::from(all)
}

/// The responses that a plugin names; errors in JSON have one form.
fn responses(named: Option<Json>) -> Json {
    let mut all = match named {
        Some(Json::Object(all)) if !all.is_empty() => all,
        _ => Map::from_iter([("default".to_owned(), json!({ "description": "not described" }))]),
    };
    for (status, response) in &mut all {
        let is_error = status.starts_with(['4', '5']);
        if let Some(content) = response.pointer_mut("/content/application~1json").filter(|_| is_error)
            && content.as_object().is_some_and(Map::is_empty)
        {
            *content = json!({ "schema": { "$ref": "#/components/schemas/Error" } });
        }
    }
    all.sort_keys();
    Json::Object(all)
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
