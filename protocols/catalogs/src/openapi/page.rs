//! An OpenAPI document as a page: no script, nothing from elsewhere.

use maud::{Markup, html};
use serde_json::{Map, Value as Json};

use super::text;

/// The page of a document, one section for each plugin.
#[must_use]
pub fn page(document: &Json) -> String {
    let info = &document["info"];
    let tags: Vec<&str> =
        document["tags"].as_array().into_iter().flatten().map(|tag| text(&tag["name"])).collect();
    let body = html! {
        p { (text(&info["description"]).replace('`', "")) }
        p { "For programs: " a href="openapi.json" { "openapi.json" } }
        nav aria-label="plugins" { ul.row { @for tag in &tags { li { a href={ "#" (tag) } { (tag) } } } } }
        @for tag in &tags { (section(document, tag)) }
    };
    crate::pages::page(
        &format!("{} {}: all addresses", text(&info["title"]), text(&info["version"])),
        None,
        &body,
    )
}

fn section(document: &Json, tag: &str) -> Markup {
    let paths = document["paths"].as_object().into_iter().flatten();
    let of_tag = paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        let own = operations.filter(|(_, operation)| operation["tags"][0] == tag);
        own.map(move |(method, operation)| (path, method, operation))
    });
    html! {
        h2 id=(tag) { (tag) }
        @for (path, method, operation) in of_tag { (shown(path, method, operation)) }
    }
}

fn shown(path: &str, method: &str, operation: &Json) -> Markup {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let responses = operation["responses"].as_object().into_iter().flatten();
    html! {
        details {
            summary { b { (method.to_ascii_uppercase()) } " " code { (path) } " " (text(&operation["summary"])) }
            table { tbody { @for one in parameters { (parameter(one)) } } }
            table { tbody { @for (status, response) in responses { (answer(status, response)) } } }
        }
    }
}

fn parameter(parameter: &Json) -> Markup {
    let schema = parameter["schema"].as_object().map(kind).unwrap_or_default();
    let must = if parameter["required"] == true { ", required" } else { "" };
    html! {
        tr {
            th scope="row" { code { (text(&parameter["name"])) } }
            td { (text(&parameter["in"])) (must) }
            td { (schema) }
            td { (text(&parameter["description"])) }
        }
    }
}

/// A schema in a few words: `integer, minimum 1`.
fn kind(schema: &Map<String, Json>) -> String {
    let part = |(name, value): (&String, &Json)| match name.as_str() {
        "type" => text(value).to_owned(),
        _ => format!("{name} {value}"),
    };
    schema.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn answer(status: &str, response: &Json) -> Markup {
    let media_types = response["content"].as_object().into_iter().flatten();
    html! {
        tr {
            th scope="row" { (status) }
            td { @for (at, (name, _)) in media_types.enumerate() { @if at > 0 { br; } (name) } }
            td { (text(&response["description"])) }
        }
    }
}
