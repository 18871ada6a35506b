//! Serves the stored chunks of every dataset as they are, below `/datasets/{id}/kerchunk`: as a Zarr hierarchy of version 2 and 3
//! on one mount, and as a reference set.
//!
//! Nothing is decoded: the body of a chunk is the range of the file in which it is stored, and the metadata documents name the
//! file's own codecs, which the client undoes. A chunk key answers 404 only where the layout has no such chunk, or where it is
//! proven that nothing is stored and the fill value that the client will put there is the right one: a Zarr client shows the
//! fill value for every 404, without an error. Whatever else goes wrong is another status.
#![forbid(unsafe_code)]

mod chunks;
mod layouts;
mod reference_document;
mod reference_partitions;
mod references;
mod settings;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Plugin, Request, Response, Route};
use weir_zarr::{Hierarchy, Key, document, listing, meant, names_member};
use weir_zarr_objects::{JSON, mount, no_key, timestep};

use crate::references::Referred;
use crate::settings::Settings;

/// The plugin.
pub struct KerchunkPlugin {
    host: Host,
    settings: Settings,
}

impl Plugin for KerchunkPlugin {
    const NAME: &'static str = "kerchunk";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Where chunks lie.
    const MIN_HOST_MINOR: u32 = 1;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, settings: Settings::parse(config)? })
    }

    /// The bare mount is what zarr-python 2 asks to list members.
    fn routes(&self) -> Vec<Route> {
        let summary = "a dataset's chunks as they are stored, as a Zarr hierarchy and as a reference set";
        mount("/datasets/{id}/kerchunk", summary, &["application/vnd.apache.parquet"]).to_vec()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id());
        let dataset = dataset.map_err(|error| self.gone(request, error))?;
        if request.rest() == reference_document::NAME {
            let referred = Referred::new(request, dataset)?;
            return reference_document::respond(referred, self.settings.most_references);
        }
        let schema = dataset.schema()?;
        let key = meant(request.rest(), request.path(), |key| {
            names_member(key, &schema) || reference_partitions::is_key(key, &schema)
        });
        if let Some(key) = key.strip_prefix(reference_partitions::FOLDER) {
            return reference_partitions::respond(&Referred::new(request, dataset)?, key);
        }
        if let Some(response) = timestep(&self.host, request, &schema) {
            return response;
        }
        match Key::parse(key, &schema) {
            Some(Key::Chunk { path, index, format }) => {
                let wanted = chunks::Wanted { path, index: &index, format };
                chunks::respond(self, request, &dataset, (&schema, &wanted))
            }
            Some(key) => metadata(&dataset, &schema, (&key, request)),
            None => {
                let layouts = layouts::of_all(&dataset, &schema)?;
                let hierarchy = Hierarchy::stored(&schema, &layouts);
                let page = listing::html(&hierarchy, key, request.path());
                page.map(|html| Response::full("text/html; charset=utf-8", html).stable())
                    .ok_or_else(|| no_key(key))
            }
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, serde_json::json!({"detail": message}).to_string()))
    }
}

impl KerchunkPlugin {
    /// That the file of a served dataset is gone must not look like absent chunks, which would mean fill values.
    fn gone(&self, request: &Request<'_>, error: Error) -> Error {
        let (id, name) = (request.dataset_id(), request.rest().rsplit('/').next().unwrap_or_default());
        let is_metadata = name.starts_with(".z") || name == "zarr.json";
        if error.kind != ErrorKind::NotFound || is_metadata {
            return error;
        }
        let listed = self.host.list(id, "", 1).unwrap_or_default();
        match listed.first().is_some_and(|first| first == id) {
            true => Error::new(ErrorKind::Unavailable, error.message),
            false => error,
        }
    }
}

/// A metadata document; only what it tells of is looked at.
fn metadata(
    dataset: &Dataset,
    schema: &Schema,
    (key, request): (&Key<'_>, &Request<'_>),
) -> Result<Response, Error> {
    let path = match *key {
        Key::V2Attributes { path } | Key::V2Array { path } | Key::V3Metadata { path } => path,
        Key::V2Consolidated { group } | Key::V2Group { group } => group,
        Key::Chunk { path, .. } => path,
    };
    let layouts = match schema.variable(path) {
        Some(_) if !path.is_empty() => layouts::of_one(dataset, path)?,
        _ => layouts::of_all(dataset, schema)?,
    };
    let text = document(key, &Hierarchy::stored(schema, &layouts));
    match (text, schema.variable(path)) {
        (Some(text), _) => Ok(Response::full(JSON, text).stable()),
        (None, Some(variable)) => match Hierarchy::stored(schema, &layouts).array(path, variable) {
            Ok(_) => Err(no_key(request.rest())),
            Err(reason) => Err(not_raw(request.dataset_id(), path, &reason)),
        },
        (None, None) => Err(no_key(request.rest())),
    }
}

/// Why a variable is not here, and where else it is.
fn not_raw(id: &str, path: &str, reason: &str) -> Error {
    Error::not_found(format!(
        "{path} is not served as it is stored: {reason}; /datasets/{id}/zarr serves it decoded and encoded anew"
    ))
}

#[cfg(test)]
mod tests;
