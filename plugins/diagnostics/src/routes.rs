//! The routes of the plugin, and what is said of them.

use weir_plugin_api::{Parameter, Route};

use crate::derived::addresses;
use crate::outputs::FORMATS;

/// `/datasets/{id}/groupby/{variable}/{coord}/{action}`.
pub const GROUPBY: usize = 0;

/// `/datasets/{id}/diagnostics?…`.
pub const DIAGNOSTICS: usize = 1;

/// `/datasets/{id}/diagnostics/progress?…`.
pub const PROGRESS: usize = 2;

/// All routes, in the order of their numbers.
pub fn routes() -> Vec<Route> {
    let groupby = Route::get("/datasets/{id}/groupby/{rest}")
        .summary("statistics of one variable for each group along one of its dimensions, equal to xarray's groupby")
        .parameter(Parameter::path(
            "rest",
            "VARIABLE/COORDINATE/ACTION, as in tas/time.month/mean: a coordinate, or year, month, day, hour, season, dayofyear and \
             others of times; mean, min, max, count, first, last, sum, std, var, median, any or quantile",
        ))
        .parameter(part());
    let diagnostics = asked(Route::get("/datasets/{id}/diagnostics"))
        .summary("statistics of one variable, over any of its dimensions and in groups, weighted, or what values differ by from them");
    let progress =
        PARAMETERS.iter().fold(Route::get("/datasets/{id}/diagnostics/progress"), |route, (name, words)| {
            route.parameter(Parameter::query(name, words))
        });
    let progress = progress
        .summary("how far the computation is that the same query asks for")
        .parameter(
            Parameter::query("format", "json or html").schema(r#"{"type":"string","enum":["json","html"]}"#),
        )
        .answers(
            200,
            &["application/json", "text/html"],
            "idle, or how many blocks are done of how many; a page that a browser asks for again",
        )
        .answers(400, &["application/json"], "something that is no text")
        .answers(404, &["application/json"], "no such dataset")
        .answers(501, &["application/json"], "the dataset has what this server cannot read")
        .answers(503, &["application/json"], "the data cannot be had now; come again later");
    vec![described(groupby), described(diagnostics), progress]
}

/// What a query may say.
const PARAMETERS: [(&str, &str); 12] = [
    ("variable", "the variable"),
    (
        "action",
        "mean, min, max, count, first, last, sum, std, var, median, any, quantile, or anomaly: values without the mean of their group",
    ),
    ("where", "what is selected, as in lat:-30/30;time:2001-02/2001-05;lev:[0]"),
    (
        "points",
        "places of which each takes the nearest cell, as in 9.99,53.55;-70.2,43.6: longitude and latitude in degrees",
    ),
    ("polygon", "an area whose cells are taken: POLYGON or MULTIPOLYGON as Well-Known Text, or as GeoJSON"),
    ("regrid", "how values come onto the grid: nearest, bilinear or conservative"),
    (
        "grid",
        "a regular grid: outer edges and size of cells of longitudes and latitudes, as in -180:180:1,-90:90:1",
    ),
    (
        "by",
        "groups: a coordinate, a part of its dates as in time.month, or periods as in time@1M; several with commas between",
    ),
    ("over", "the dimensions that are reduced, as in lat,lon; * is all that are not grouped"),
    ("weights", "area: cells weigh as much as they are large"),
    ("rolling", "windows along a dimension, each of an index and those before it, as in time:5"),
    ("q", "the part of values below a quantile, 0 to 1; needed for quantile alone"),
];

/// What a query must say, and of what kind that is.
fn asked(route: Route) -> Route {
    PARAMETERS.iter().fold(route, |route, (name, words)| {
        let parameter = Parameter::query(name, words);
        route.parameter(match *name {
            "variable" | "action" => parameter.required(),
            "weights" => parameter.schema(r#"{"type":"string","enum":["area","none"]}"#),
            "regrid" => parameter.schema(r#"{"type":"string","enum":["nearest","bilinear","conservative"]}"#),
            "q" => parameter.schema(r#"{"type":"number","minimum":0,"maximum":1}"#),
            _ => parameter,
        })
    })
}

/// The part of values that a quantile takes.
fn part() -> Parameter {
    let words = "the part of values below a quantile, 0 to 1; needed for quantile alone";
    Parameter::query("q", words).schema(r#"{"type":"number","minimum":0,"maximum":1}"#)
}

/// What all routes have in common.
fn described(route: Route) -> Route {
    let json = ["application/json"].as_slice();
    let names =
        FORMATS.iter().map(|(_, name, _)| *name).chain(addresses::FORMATS.iter().map(|(name, _)| *name));
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    let media_types = FORMATS.map(|(_, _, media_type)| media_type);
    let schema = format!(r#"{{"type":"string","enum":[{}]}}"#, names.join(","));
    route
        .parameter(
            Parameter::query("format", "how the result is sent; else as Accept says, else JSON")
                .schema(&schema),
        )
        .answers(200, &media_types, "the result; as JSON, what DataArray.from_dict of xarray takes")
        .answers(
            303,
            json,
            "as Zarr or as a picture: where the result is, which is a dataset of its own from now on",
        )
        .answers(400, json, "something that is not valid, with what is")
        .answers(404, json, "no such dataset or variable")
        .answers(413, json, "more than this server computes at once, and how to ask for less")
        .answers(501, json, "the dataset has what this server cannot read, or the format cannot say")
        .answers(503, json, "the data cannot be had now; come again later")
}
