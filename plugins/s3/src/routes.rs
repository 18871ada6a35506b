//! The routes, and what is said of each.

use weir_plugin_api::{Parameter, Route};

use crate::document::XML;

const OBJECTS: [&str; 2] = ["application/json", "application/octet-stream"];

/// Objects of datasets, then the bucket, then what is no object of any dataset.
pub(crate) fn all() -> Vec<Route> {
    let object = Route::get("/s3/{id}/{rest}")
        .summary("an object: a document or a chunk of a dataset as a Zarr hierarchy")
        .parameter(Parameter::header("Range", "which bytes are wanted"))
        .answers(200, &OBJECTS, "the object")
        .answers(206, &OBJECTS, "the part that was asked for")
        .answers(416, &OBJECTS, "the object has no such bytes");
    let other = Route::get("/s3/{rest}").summary("the bucket, or what is no object in it");
    vec![with_errors(object), listing(Route::get("/s3").summary("the bucket")), listing(other)]
}

/// What a listing may be asked for (Amazon S3 API, ListObjectsV2).
fn listing(route: Route) -> Route {
    let number = r#"{"type":"integer","minimum":0,"maximum":1000}"#;
    let route = route
        .parameter(Parameter::query("list-type", "2, or nothing for the listing before it"))
        .parameter(Parameter::query("prefix", "what keys begin with"))
        .parameter(Parameter::query("delimiter", "keys with it behind the prefix are put together"))
        .parameter(Parameter::query("max-keys", "how many keys at most").schema(number))
        .parameter(Parameter::query("continuation-token", "where the page before ended"))
        .parameter(Parameter::query("start-after", "the key behind which the listing begins"))
        .parameter(Parameter::query("marker", "the same, of the listing before version 2"))
        .parameter(Parameter::query("encoding-type", "url, for keys that are percent-encoded"))
        .parameter(Parameter::query("location", "there, where the region is wanted"))
        .answers(200, &[XML], "the listing");
    with_errors(route).answers(400, &[XML], "a parameter cannot be understood")
}

fn with_errors(route: Route) -> Route {
    route
        .answers(404, &[XML], "there is no such object")
        .answers(413, &[XML], "the object is larger than this server sends at once")
        .answers(501, &[XML], "the data is of a kind that this server cannot read")
        .answers(503, &[XML], "the data cannot be had now; come again later")
}
