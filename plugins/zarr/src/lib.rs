//! Serves every dataset as a read-only Zarr hierarchy below `/datasets/{id}/zarr`, version 2 and version 3 on one mount.
//!
//! Metadata documents come from `weir-zarr`. Chunks are the file's own bytes wherever Zarr can name the file's codecs; the
//! rest is read and encoded anew. A chunk key answers 404 only where the grid has no such chunk, or where it is proven that
//! nothing is stored and the fill value that the client will put there is the right one: a Zarr client shows the fill value
//! for every 404, without an error.
#![forbid(unsafe_code)]

mod blosc;
mod chunks;
mod compress;
mod listing;
mod making;
mod processing;
mod tree;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};
use weir_zarr::{Arrays, Hierarchy, Key, Product, document};

use processing::Processing;

const JSON: &str = "application/json";

/// Routes of a dataset's mount; the others are of groups of datasets.
const MOUNTS: usize = 2;

/// The plugin.
pub struct ZarrPlugin {
    host: Host,
    processing: Processing,
}

impl Plugin for ZarrPlugin {
    const NAME: &'static str = "zarr";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, processing: Processing::of(config)? })
    }

    /// The bare mount is what zarr-python 2 asks to list members. Behind the mount: documents of datasets and folders, then
    /// those of the whole server.
    fn routes(&self) -> Vec<Route> {
        let mount = [Route::get("/datasets/{id}/zarr"), Route::get("/datasets/{id}/zarr/{rest}")];
        let folders = tree::DOCUMENTS.iter().map(|name| Route::get(&format!("/datasets/{{id}}/{name}")));
        let server = tree::DOCUMENTS.iter().map(|name| Route::get(&format!("/datasets/{name}")));
        mount.into_iter().chain(folders).chain(server).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route().checked_sub(MOUNTS) {
            None => self.dataset(request),
            Some(document) => {
                let document = tree::DOCUMENTS.iter().cycle().nth(document).copied().unwrap_or_default();
                tree::respond(&self.host, &self.processing, request, document)
            }
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, serde_json::json!({"detail": message}).to_string()))
    }

    fn self_test(&self) -> Result<(), Error> {
        chunks::self_test()
    }
}

impl ZarrPlugin {
    /// Answers a request below the mount of a dataset.
    fn dataset(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let schema = dataset.schema()?;
        let product = self.processing.product(&dataset, &schema)?;
        let hierarchy = shown(&schema, product.as_deref());
        let rest = request.rest();
        match Key::parse(rest, hierarchy.schema) {
            Some(Key::Chunk { path, index, format }) => {
                let wanted = chunks::Wanted { path, index: &index, format };
                match &product {
                    Some(product) => chunks::made(&self.host, request, (&dataset, &schema), product, &wanted),
                    None => chunks::respond(&self.host, request, &dataset, &schema, &wanted),
                }
            }
            Some(key) => document(&key, &hierarchy)
                .map(|text| Response::full(JSON, text).stable())
                .ok_or_else(|| no_document(&key, rest, &hierarchy)),
            None => listing::html(&hierarchy, request)
                .map(|html| Response::full("text/html; charset=utf-8", html).stable())
                .ok_or_else(|| no_key(rest)),
        }
    }
}

/// A dataset's schema, or what its recipe makes of it, as Zarr shows it.
fn shown<'a>(schema: &'a Schema, product: Option<&'a Product>) -> Hierarchy<'a> {
    match product {
        Some(product) => Hierarchy { schema: &product.schema, arrays: Arrays::Made(&product.makings) },
        None => Hierarchy::of_file(schema),
    }
}

fn no_key(rest: &str) -> Error {
    Error::not_found(format!("no Zarr key {rest:?} here; .zmetadata and zarr.json list what is"))
}

/// Why there is no document: most often there is no such node, or it is asked for as what it is not.
fn no_document(key: &Key<'_>, rest: &str, hierarchy: &Hierarchy<'_>) -> Error {
    let path = match *key {
        Key::V2Consolidated { group } | Key::V2Group { group } => group,
        Key::V2Attributes { path } | Key::V2Array { path } | Key::V3Metadata { path } => path,
        Key::Chunk { path, .. } => path,
    };
    match hierarchy.schema.variable(path).map(|variable| hierarchy.array(path, variable)) {
        Some(Err(reason)) => Error::not_found(format!("{path:?} is not served as Zarr: {reason}")),
        _ => no_key(rest),
    }
}

#[cfg(test)]
mod tests;
