//! The routes of the plugin, and what is said of them.

use weir_plugin_api::{Parameter, Route};

/// `/datasets/{id}/groupby/{variable}/{coord}/{action}`.
pub const GROUPBY: usize = 0;

/// All routes, in the order of their numbers.
pub fn routes() -> Vec<Route> {
    let json = ["application/json"].as_slice();
    let groupby = Route::get("/datasets/{id}/groupby/{rest}")
        .summary("statistics of one variable for each group along one of its dimensions, equal to xarray's groupby")
        .parameter(Parameter::path(
            "rest",
            "VARIABLE/COORDINATE/ACTION, as in tas/time.month/mean: a coordinate, or year, month, day, hour, season, dayofyear and \
             others of times; mean, min, max, count, first, last, sum, std, var, median, any or quantile",
        ))
        .parameter(
            Parameter::query("q", "the part of values below a quantile, 0 to 1")
                .schema(r#"{"type":"number","minimum":0,"maximum":1}"#),
        )
        .answers(200, json, "the result, as DataArray.from_dict of xarray takes it");
    vec![refusals(groupby)]
}

fn refusals(route: Route) -> Route {
    let json = ["application/json"].as_slice();
    route
        .answers(400, json, "something that is not valid, with what is")
        .answers(404, json, "no such dataset or variable")
        .answers(413, json, "more than this server computes at once, and how to ask for less")
}
