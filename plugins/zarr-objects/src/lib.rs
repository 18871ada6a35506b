//! The objects of Zarr hierarchies over lent datasets: metadata documents, and chunks.
//!
//! Documents come from `weir-zarr`. Chunks are the file's own bytes wherever Zarr can name the file's codecs; the rest is read and
//! encoded anew, and so is everything of a dataset that the site has a recipe for. A chunk is said to be absent only where the
//! grid has no such chunk, or where it is proven that nothing is stored and the fill value that the client will put there is
//! the right one: a Zarr client shows the fill value for every 404, without an error.
#![forbid(unsafe_code)]

mod blosc;
mod chunks;
mod compress;
mod making;
mod processing;
mod routes;
mod sizes;
mod timestep;

use std::sync::Arc;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind, Host, Request, Response};
use weir_zarr::{Arrays, Hierarchy, Key, Product, document, meant, names_member};

pub use making::unravelled;
use processing::Processing;
pub use routes::mount;
pub use timestep::timestep;

/// The media type of documents.
pub const JSON: &str = "application/json";

/// The hierarchies of a site's datasets.
pub struct Objects {
    host: Host,
    processing: Processing,
}

/// A dataset that is lent, as Zarr shows it.
pub struct Shown {
    dataset: Dataset,
    schema: Arc<Schema>,
    product: Option<Arc<Product>>,
}

impl Shown {
    /// The hierarchy: the dataset's own, or what its recipe makes of it.
    #[must_use]
    pub fn hierarchy(&self) -> Hierarchy<'_> {
        match &self.product {
            Some(product) => Hierarchy { schema: &product.schema, arrays: Arrays::Made(&product.makings) },
            None => Hierarchy::of_file(&self.schema),
        }
    }
}

impl Shown {
    /// Text that changes whenever the data may have changed.
    ///
    /// # Errors
    /// `Cancelled` where the request is over.
    pub fn generation(&self) -> Result<String, Error> {
        self.dataset.generation()
    }
}

impl Objects {
    /// The hierarchies of a host's datasets, processed as the plugin's section of the configuration says.
    ///
    /// # Errors
    /// `BadRequest` for a configuration that says nothing that can be done.
    pub fn new(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, processing: Processing::of(config)? })
    }

    /// Borrows the dataset called `id`.
    ///
    /// # Errors
    /// As [`Host::open`]; `Internal` where its recipe cannot be followed.
    pub fn open(&self, request: &Request<'_>, id: &str) -> Result<Shown, Error> {
        let dataset = self.host.open(request, id)?;
        let schema = dataset.schema()?;
        let product = self.processing.product(&dataset, &schema)?;
        Ok(Shown { dataset, schema, product })
    }

    /// The key of a request for an object, as its client means it.
    #[must_use]
    pub fn key<'a>(&self, request: &Request<'a>, shown: &Shown) -> &'a str {
        let hierarchy = shown.hierarchy();
        meant(request.rest(), request.path(), |key| names_member(key, hierarchy.schema))
    }

    /// The object that `key` names: a document or a chunk. `None` where a key like this names nothing.
    ///
    /// # Errors
    /// `NotFound` for a key that could name something, but does not; otherwise whatever keeps the bytes from being right.
    pub fn object(&self, request: &Request<'_>, shown: &Shown, key: &str) -> Result<Option<Response>, Error> {
        let hierarchy = shown.hierarchy();
        let Some(parsed) = Key::parse(key, hierarchy.schema) else { return Ok(None) };
        let Key::Chunk { path, ref index, format } = parsed else {
            let text = document(&parsed, &hierarchy).ok_or_else(|| no_document(&parsed, key, &hierarchy))?;
            return Ok(Some(Response::full(JSON, text).stable()));
        };
        let wanted = chunks::Wanted { path, index, format };
        let (dataset, schema) = (&shown.dataset, &*shown.schema);
        match &shown.product {
            Some(product) => chunks::made(&self.host, request, (dataset, schema), product, &wanted),
            None => chunks::respond(&self.host, request, dataset, schema, &wanted),
        }
        .map(Some)
    }

    /// Bytes of the object that `key` names; `None` where there is none. A chunk is made only where nothing else tells how many it
    /// has: those that are compressed anew.
    ///
    /// # Errors
    /// Whatever keeps it from being told.
    pub fn size(&self, request: &Request<'_>, shown: &Shown, key: &str) -> Result<Option<u64>, Error> {
        let found = match self.known_size(shown, key) {
            Ok(None) => self.object(request, shown, key).map(|made| made.and_then(|made| made.length())),
            known => known,
        };
        match found {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            found => found,
        }
    }

    fn known_size(&self, shown: &Shown, key: &str) -> Result<Option<u64>, Error> {
        let hierarchy = shown.hierarchy();
        let Some(Key::Chunk { path, ref index, format }) = Key::parse(key, hierarchy.schema) else {
            return Ok(None);
        };
        let wanted = chunks::Wanted { path, index, format };
        match &shown.product {
            Some(product) => Ok(sizes::of_made(product, &wanted)),
            None => sizes::of_chunk(&shown.dataset, &shown.schema, &wanted),
        }
    }

    /// Whether what is compressed comes back.
    ///
    /// # Errors
    /// What does not.
    pub fn self_test(&self) -> Result<(), Error> {
        chunks::self_test()
    }
}

/// That a key names nothing.
#[must_use]
pub fn no_key(key: &str) -> Error {
    Error::not_found(format!("no Zarr key {key:?} here; .zmetadata and zarr.json list what is"))
}

/// Why there is no document: most often there is no such node, or it is asked for as what it is not.
fn no_document(key: &Key<'_>, key_text: &str, hierarchy: &Hierarchy<'_>) -> Error {
    let path = match *key {
        Key::V2Consolidated { group } | Key::V2Group { group } => group,
        Key::V2Attributes { path } | Key::V2Array { path } | Key::V3Metadata { path } => path,
        Key::Chunk { path, .. } => path,
    };
    match hierarchy.schema.variable(path).map(|variable| hierarchy.array(path, variable)) {
        Some(Err(reason)) => Error::not_found(format!("{path:?} is not served as Zarr: {reason}")),
        _ => no_key(key_text),
    }
}
