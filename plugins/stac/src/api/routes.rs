//! Where the API is, and what is told of it in OpenAPI.

use weir_plugin_api::{Parameter, Route};

use super::{GEOJSON, JSON, SCHEMA};

/// How a route is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// With a query.
    Get,
    /// With a body.
    Post,
}

/// The patterns, in the order of the routes.
pub const PATHS: [(Method, &str); 10] = [
    (Method::Get, "/stac"),
    (Method::Get, "/stac/"),
    (Method::Get, "/stac/conformance"),
    (Method::Get, "/stac/queryables"),
    (Method::Get, "/stac/collections"),
    (Method::Get, "/stac/collections/{rest}"),
    (Method::Get, "/stac/search"),
    (Method::Post, "/stac/search"),
    (Method::Get, "/stac/{rest}"),
    (Method::Get, "/stac/export/{rest}"),
];

/// The routes.
pub fn routes() -> Vec<Route> {
    PATHS.iter().map(|(method, pattern)| described(*method, pattern)).collect()
}

fn described(method: Method, pattern: &str) -> Route {
    let route = if method == Method::Post { Route::post(pattern) } else { Route::get(pattern) };
    match pattern {
        "/stac/export/{rest}" => crate::export::described(route),
        "/stac" | "/stac/" => {
            route.summary("the landing page of the STAC API").answers(200, &[JSON], "a STAC catalog")
        }
        "/stac/conformance" => {
            route.summary("what of the STAC API is served").answers(200, &[JSON], "the conformance classes")
        }
        "/stac/queryables" => {
            route.summary("the properties that filters may name").answers(200, &[SCHEMA], "a JSON Schema")
        }
        "/stac/collections" => route
            .summary("the STAC collections")
            .parameter(limit("how many collections at most"))
            .parameter(Parameter::query("token", "where the page begins, as the link to it says"))
            .answers(200, &[JSON], "the collections")
            .answers(400, &[JSON], "the query is not understood"),
        "/stac/collections/{rest}" => searched(route)
            .summary("a STAC collection, its items, one of them, or its queryables")
            .parameter(Parameter::path(
                "rest",
                "{collection}, {collection}/items, {collection}/items/{item} or {collection}/queryables",
            ))
            .answers(200, &[JSON, GEOJSON, SCHEMA], "the document")
            .answers(404, &[JSON], "there is no such collection or item"),
        "/stac/search" if method == Method::Post => route
            .summary("STAC items that a search finds; its parameters are the members of a JSON object")
            .answers(200, &[GEOJSON], "one page of items")
            .answers(400, &[JSON], "the body is not understood"),
        "/stac/search" => searched(route)
            .summary("STAC items that a search finds")
            .parameter(Parameter::query("collections", "ids of collections between commas"))
            .parameter(Parameter::query("ids", "ids of items between commas"))
            .parameter(Parameter::query(
                "intersects",
                "a geometry as GeoJSON that items have a point in common with",
            ))
            .answers(200, &[GEOJSON], "one page of items"),
        _ => route.summary("no part of the STAC API").answers(404, &[JSON], "there is no such page"),
    }
}

fn limit(words: &str) -> Parameter {
    Parameter::query("limit", words).schema(r#"{"type":"integer","minimum":1}"#)
}

fn searched(route: Route) -> Route {
    [
        limit("how many items a page has at most; never more than 1000"),
        Parameter::query("bbox", "west,south,east,north in degrees, with heights or without"),
        Parameter::query(
            "datetime",
            "an instant as RFC 3339 writes it, or two with a slash between, one of which may be ..",
        ),
        Parameter::query("sortby", "properties between commas, with + or - before them"),
        Parameter::query("fields", "members of items between commas, with - before those that are left out"),
        Parameter::query("filter", "a condition in CQL2"),
        Parameter::query("filter-lang", "how the condition is written")
            .schema(r#"{"type":"string","enum":["cql2-text","cql2-json"]}"#),
        Parameter::query("query", "conditions as JSON, as the extension Query has them"),
        Parameter::query("token", "where the page begins, as the link to it says"),
    ]
    .into_iter()
    .fold(route, Route::parameter)
    .answers(400, &[JSON], "the query is not understood")
}
