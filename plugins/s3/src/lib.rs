//! A bucket called `s3`, read-only and open to everybody, in which every dataset is a Zarr hierarchy: `s3://s3/{id}`.
//!
//! For clients that read Zarr from object stores only: s3fs, obstore, and netCDF-C (`http://host/s3/{id}#mode=zarr,s3`). What they
//! need is served: objects (GET, HEAD, ranges), ListObjectsV2 and its predecessor, and the bucket's location. Addresses have the
//! bucket in their path; signatures are not looked at.
//!
//! Source: "Amazon Simple Storage Service API Reference".
#![forbid(unsafe_code)]

mod bucket;
mod document;
mod query;
mod routes;
#[cfg(test)]
mod tests;

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};
use weir_zarr_objects::Objects;

use query::Query;

/// The name of the only bucket, and the first segment of its address.
const BUCKET: &str = "s3";

/// The plugin.
pub struct S3Plugin {
    host: Host,
    objects: Objects,
}

impl Plugin for S3Plugin {
    const NAME: &'static str = "s3";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        Ok(Self { host, objects: Objects::new(host, config)? })
    }

    /// Objects of datasets, then the bucket, then what is no object of any dataset.
    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        match (request.route(), request.rest()) {
            (0, _) => self.object(request),
            (_, "") => self.bucket(request),
            (_, key) => Err(no_object(key)),
        }
    }

    fn render_error(&self, request: &Request<'_>, status: u16, message: &str) -> Option<Response> {
        let code = match status {
            404 => "NoSuchKey",
            400 => "InvalidArgument",
            403 => "AccessDenied",
            413 => "EntityTooLarge",
            501 => "NotImplemented",
            503 => "SlowDown",
            _ => "InternalError",
        };
        Some(Response::full(document::XML, document::error(code, message, request.path(), request.id())))
    }

    fn self_test(&self) -> Result<(), Error> {
        self.objects.self_test()
    }
}

impl S3Plugin {
    fn object(&self, request: &Request<'_>) -> Result<Response, Error> {
        let shown = self.objects.open(request, request.dataset_id())?;
        let key = self.objects.key(request, &shown);
        self.objects.object(request, &shown, key)?.ok_or_else(|| no_object(key))
    }

    fn bucket(&self, request: &Request<'_>) -> Result<Response, Error> {
        let query = Query::parse(request.query())?;
        if query.location {
            return Ok(Response::full(document::XML, document::location()));
        }
        let page = bucket::page(&self.host, &self.objects, request, &query)?;
        let text = document::listing(BUCKET, &query, &page);
        Ok(Response::full(document::XML, text).header("x-amz-bucket-region", document::REGION))
    }
}

fn no_object(key: &str) -> Error {
    Error::not_found(format!(
        "there is no object {key:?}; /datasets lists the datasets, each is a Zarr hierarchy here"
    ))
}
