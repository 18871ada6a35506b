//! The live mode of the viewer gridlook: which step of a growing dataset is the last, and when there is another.
//!
//! `current-timestep` beside the documents answers `{"timestep": n}` at once; `next-timestep` answers the same once the last step
//! is another one than when it was asked. The request holds nothing while it waits: the host keeps an answer back that says
//! nothing new ([`Response::held`]).
//!
//! Source: gridlook, "Live Datasets" (<https://github.com/d70-t/gridlook>).

use serde_json::json;
use weir_cf::steps;
use weir_plugin_api::model::Schema;
use weir_plugin_api::{Error, ErrorKind, Host, Request, Response};

use crate::JSON;

/// What tells the last step.
const CURRENT: &str = "current-timestep";
/// What tells the last step once it is another one.
const NEXT: &str = "next-timestep";

/// The answer to a request below the mount of a dataset that is shown as `schema`; `None` where its key is neither of the two, or is
/// what the dataset calls something of its own.
#[must_use]
pub fn timestep(host: &Host, request: &Request<'_>, schema: &Schema) -> Option<Result<Response, Error>> {
    let key = request.rest();
    let is_own = || schema.root.variable(key).is_some() || schema.root.group(key).is_some();
    match key {
        CURRENT if !is_own() => Some(last(schema).map(answer)),
        NEXT if !is_own() => Some(last(schema).and_then(|text| next(host, request, text))),
        _ => None,
    }
}

fn next(host: &Host, request: &Request<'_>, text: String) -> Result<Response, Error> {
    if !host.keeps_back() {
        return Err(Error::unsupported("waiting needs a host of ABI 1.2 or later; upgrade the server"));
    }
    let is_new = request.held().is_some_and(|held| held != text);
    let answer = answer(text);
    Ok(if is_new { answer } else { answer.held() })
}

/// What nobody may keep: it is another one without notice.
fn answer(text: String) -> Response {
    Response::full(JSON, text).header("cache-control", "no-store")
}

/// The last step, as it is told.
fn last(schema: &Schema) -> Result<String, Error> {
    let steps = steps(schema).ok_or_else(|| {
        Error::not_found(
            "no dimension of this dataset grows: it has no coordinate of time and no unlimited dimension",
        )
    })?;
    let last = steps.count.checked_sub(1).ok_or_else(|| {
        let message = format!("there is no step along {} yet; come again later", steps.dimension);
        Error::new(ErrorKind::Unavailable, message)
    })?;
    Ok(json!({ "timestep": last }).to_string())
}
