//! An OpenAPI document as a page: no script, nothing from elsewhere.

use serde_json::{Map, Value as Json};

use super::text;
use crate::html::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:1.5rem auto;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}summary{cursor:pointer}code{overflow-wrap:anywhere}\
details{border:1px solid #8886;border-radius:.3rem;margin:.3rem 0;padding:.2rem .6rem}\
table{border-collapse:collapse;width:100%;margin:.4rem 0}th,td{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}\
.method{font-weight:600;display:inline-block;min-width:3.5rem}nav a{margin-right:1rem}";

/// The page of a document, one section for each plugin.
#[must_use]
pub fn page(document: &Json) -> String {
    let info = &document["info"];
    let title = escaped(text(&info["title"]));
    let tags: Vec<&str> =
        document["tags"].as_array().into_iter().flatten().map(|tag| text(&tag["name"])).collect();
    let links: String =
        tags.iter().map(|tag| escaped(tag)).map(|tag| format!("<a href=\"#{tag}\">{tag}</a>\n")).collect();
    let sections: String = tags.iter().map(|tag| section(document, tag)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}: all addresses</title>\n<style>{STYLE}</style></head>\n\
         <body><h1>{title} {version}: all addresses</h1>\n<p>{about}</p>\n\
         <p>For programs: <a href=\"openapi.json\">openapi.json</a></p>\n<nav>{links}</nav>\n{sections}</body></html>\n",
        version = escaped(text(&info["version"])),
        about = escaped(&text(&info["description"]).replace('`', "")),
    )
}

fn section(document: &Json, tag: &str) -> String {
    let paths = document["paths"].as_object().into_iter().flatten();
    let of_tag = paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        let own = operations.filter(|(_, operation)| operation["tags"][0] == tag);
        own.map(move |(method, operation)| shown(path, method, operation))
    });
    let name = escaped(tag);
    format!("<h2 id=\"{name}\">{name}</h2>\n{}", of_tag.collect::<String>())
}

fn shown(path: &str, method: &str, operation: &Json) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters: String = parameters.map(parameter).collect();
    let responses = operation["responses"].as_object().into_iter().flatten();
    let responses: String = responses.map(|(status, response)| answer(status, response)).collect();
    format!(
        "<details><summary><span class=\"method\">{}</span> <code>{}</code> {}</summary>\n\
         <table>{parameters}</table>\n<table>{responses}</table></details>\n",
        escaped(&method.to_ascii_uppercase()),
        escaped(path),
        escaped(text(&operation["summary"])),
    )
}

fn parameter(parameter: &Json) -> String {
    let schema = parameter["schema"].as_object().map(kind).unwrap_or_default();
    let must = if parameter["required"] == true { ", required" } else { "" };
    format!(
        "<tr><th><code>{}</code></th><td>{}{must}</td><td>{}</td><td>{}</td></tr>\n",
        escaped(text(&parameter["name"])),
        escaped(text(&parameter["in"])),
        escaped(&schema),
        escaped(text(&parameter["description"])),
    )
}

/// A schema in a few words: `integer, minimum 1`.
fn kind(schema: &Map<String, Json>) -> String {
    let part = |(name, value): (&String, &Json)| match name.as_str() {
        "type" => text(value).to_owned(),
        _ => format!("{name} {value}"),
    };
    schema.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn answer(status: &str, response: &Json) -> String {
    let media_types = response["content"].as_object().into_iter().flatten();
    let media_types: Vec<String> = media_types.map(|(name, _)| escaped(name)).collect();
    format!(
        "<tr><th>{}</th><td>{}</td><td>{}</td></tr>\n",
        escaped(status),
        media_types.join("<br>"),
        escaped(text(&response["description"])),
    )
}
