//! Serves every dataset as a read-only Zarr hierarchy below `/datasets/{id}/zarr`, version 2 and version 3 on one mount.
//!
//! What it answers comes from `weir-zarr-objects`; the pages for people, and the tree of all datasets, are its own.
#![forbid(unsafe_code)]

#[cfg(test)]
mod recipe_tests;
mod tree;

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};
use weir_zarr::listing;
use weir_zarr_objects::{JSON, Objects, mount, no_key, timestep};

/// Routes of a dataset's mount; the others are of groups of datasets.
const MOUNTS: usize = 2;

/// The plugin.
pub struct ZarrPlugin {
    host: Host,
    objects: Objects,
}

impl Plugin for ZarrPlugin {
    const NAME: &'static str = "zarr";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, objects: Objects::new(host, config)? })
    }

    /// The bare mount is what zarr-python 2 asks to list members. Behind the mount: documents of datasets and folders, then
    /// those of the whole server.
    fn routes(&self) -> Vec<Route> {
        let summary = "a dataset as a Zarr hierarchy: documents, chunks, and pages";
        let mount = mount("/datasets/{id}/zarr", summary, &[]);
        let folders = tree::DOCUMENTS.iter().map(|name| tree::described(&format!("/datasets/{{id}}/{name}")));
        let server = tree::DOCUMENTS.iter().map(|name| tree::described(&format!("/datasets/{name}")));
        mount.into_iter().chain(folders).chain(server).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match request.route().checked_sub(MOUNTS) {
            None => self.dataset(request),
            Some(document) => {
                let document = tree::DOCUMENTS.iter().cycle().nth(document).copied().unwrap_or_default();
                tree::respond(&self.host, &self.objects, request, document)
            }
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, serde_json::json!({"detail": message}).to_string()))
    }

    fn self_test(&self) -> Result<(), Error> {
        self.objects.self_test()
    }
}

impl ZarrPlugin {
    /// Answers a request below the mount of a dataset.
    fn dataset(&self, request: &Request<'_>) -> Result<Response, Error> {
        let shown = self.objects.open(request, request.dataset_id())?;
        if let Some(response) = timestep(&self.host, request, shown.hierarchy().schema) {
            return response;
        }
        let key = self.objects.key(request, &shown);
        if let Some(response) = self.objects.object(request, &shown, key)? {
            return Ok(response);
        }
        listing::html(&shown.hierarchy(), key, request.path())
            .map(|html| Response::full("text/html; charset=utf-8", html).stable())
            .ok_or_else(|| no_key(key))
    }
}

#[cfg(test)]
mod tests;
