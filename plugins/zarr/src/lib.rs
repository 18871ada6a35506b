//! Serves every dataset as a read-only Zarr hierarchy below `/datasets/{id}/zarr`, version 2 and version 3 on one mount.
//!
//! Metadata documents come from `weir-zarr`. Chunks are the file's own bytes wherever Zarr can name the file's codecs; the
//! rest is read and encoded anew. A chunk key answers 404 only where the grid has no such chunk, or where it is proven that
//! nothing is stored and the fill value that the client will put there is the right one: a Zarr client shows the fill value
//! for every 404, without an error.
#![forbid(unsafe_code)]

mod chunks;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};
use weir_zarr::{Array, Hierarchy, Key, document, listing};

const JSON: &str = "application/json";

/// The plugin.
pub struct ZarrPlugin {
    host: Host,
}

impl Plugin for ZarrPlugin {
    const NAME: &'static str = "zarr";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { host })
    }

    /// The bare mount is what zarr-python 2 asks to list members.
    fn routes(&self) -> Vec<Route> {
        vec![Route::get("/datasets/{id}/zarr"), Route::get("/datasets/{id}/zarr/{rest}")]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let schema = dataset.schema()?;
        let rest = request.rest();
        match Key::parse(rest, &schema) {
            Some(Key::Chunk { path, index, format }) => {
                let wanted = chunks::Wanted { path, index: &index, format };
                chunks::respond(&self.host, request, &dataset, &schema, &wanted)
            }
            Some(key) => document(&key, &Hierarchy::processed(&schema))
                .map(|text| Response::full(JSON, text).stable())
                .ok_or_else(|| no_document(&key, rest, &schema)),
            None => listing::html(&Hierarchy::processed(&schema), rest, request.path())
                .map(|html| Response::full("text/html; charset=utf-8", html).stable())
                .ok_or_else(|| no_key(rest)),
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, serde_json::json!({"detail": message}).to_string()))
    }

    fn self_test(&self) -> Result<(), Error> {
        chunks::self_test()
    }
}

fn no_key(rest: &str) -> Error {
    Error::not_found(format!("no Zarr key {rest:?} here; .zmetadata and zarr.json list what is"))
}

/// Why there is no document: most often there is no such node, or it is asked for as what it is not.
fn no_document(key: &Key<'_>, rest: &str, schema: &Schema) -> Error {
    let path = match *key {
        Key::V2Consolidated { group } | Key::V2Group { group } => group,
        Key::V2Attributes { path } | Key::V2Array { path } | Key::V3Metadata { path } => path,
        Key::Chunk { path, .. } => path,
    };
    match schema.variable(path).map(Array::of) {
        Some(Err(reason)) => Error::not_found(format!("{path:?} is not served as Zarr: {reason}")),
        _ => no_key(rest),
    }
}

#[cfg(test)]
mod tests;
