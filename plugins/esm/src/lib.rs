//! Serves ESM datastores: tables of datasets, for intake-esm, for DuckDB, and for pages that search them.
//!
//! | Address | Answer |
//! |---|---|
//! | `/esm` | the datastores |
//! | `/esm/metacatalog.parquet` | the same as a table |
//! | `/esm/source/{name}.json` | a datastore's specification, which intake-esm opens |
//! | `/esm/source/{name}.parquet` | its table: a row for each dataset |
//! | `/esm/source/{name}_uniqs.parquet`, `_metadata.json` | the values of its columns; how many rows it has |
//! | `/esm/table/esm-datastore/{name}` | its rows in pages, filtered and sorted |
//! | `/esm/table/datastore-content/{name}`, `datastore-project/{name}` | its first 100 rows; what it belongs to |
#![forbid(unsafe_code)]

mod made;
mod pattern;
mod routes;
mod row;
mod settings;
mod stores;

use std::str::Utf8Error;

use serde_json::{Value as Json, json};
use weir_catalogs::Offers;
use weir_catalogs::esm::{Datastore, MetaRow, Query, metacatalog_file, metadata, specification};
use weir_catalogs::listing::encoded_path;
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route, form};
use weir_summaries::Served;

use crate::made::{File, Made};
use crate::routes::{JSON, PARQUET, What, of_source};
use crate::settings::{Chosen, Settings};
use crate::stores::{Patience, Stores};

/// What rows lead to: a route by which a server is known to have it, what stands behind the address of a dataset, and the format by
/// the name that intake-esm has for it. The first that is served counts.
const FORMATS: [(&str, &str, &str); 3] = [
    ("/datasets/{id}/zarr/{rest}", "/zarr", "zarr"),
    ("/datasets/{id}/kerchunk/{rest}", "/kerchunk", "zarr"),
    ("/datasets/{id}/opendap.dds", "/opendap", "opendap"),
];

/// The plugin.
pub struct EsmPlugin {
    served: Served,
    stores: Stores,
}

impl Plugin for EsmPlugin {
    const NAME: &'static str = "esm";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Facts about the server and its datasets.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let settings = Settings::parse(config)?;
        Ok(Self { served: Served::new(host, None), stores: Stores::new(host, settings) })
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let asked =
            Asked { plugin: self, request, patience: Patience::new(request), base: request.base_url() };
        let (what, name) = match routes::what(request.route()) {
            Some(What::Source) => of_source(request.rest())?,
            Some(what) => (what, request.rest()),
            None => return Err(Error::internal("the host asked for a route that there is not")),
        };
        match what {
            What::Index => asked.index(),
            What::Metacatalog => asked.metacatalog(),
            what => asked.of_store(what, name),
        }
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        Some(Response::full(JSON, json!({ "detail": message }).to_string()))
    }
}

/// A request, and who asks by which address.
struct Asked<'a> {
    plugin: &'a EsmPlugin,
    request: &'a Request<'a>,
    patience: Patience<'a>,
    base: &'a str,
}

impl Asked<'_> {
    fn index(&self) -> Result<Response, Error> {
        let stores = self.plugin.stores.all()?;
        let store = |store: &Chosen| {
            json!({
                "name": store.name, "title": title(store), "description": store.description, "url": self.url(&store.name, ".json"),
            })
        };
        let stores: Vec<Json> = stores.iter().map(store).collect();
        let metacatalog = format!("{}/esm/metacatalog.parquet", self.base);
        Ok(of_json(&json!({ "datastores": stores, "metacatalog": metacatalog })))
    }

    fn metacatalog(&self) -> Result<Response, Error> {
        let mut rows = Vec::new();
        for store in self.plugin.stores.all()? {
            let (datastore, made) = self.made(&store)?;
            rows.push(MetaRow::of(&datastore, &made.table, self.url(&store.name, ".json")));
        }
        Ok(of_file(File::of(metacatalog_file(&rows))?))
    }

    fn of_store(&self, what: What, name: &str) -> Result<Response, Error> {
        let store = self.plugin.stores.named(name)?;
        if matches!(what, What::Project) {
            return Ok(of_json(&json!({ "project": project(&store) })));
        }
        let (datastore, made) = self.made(&store)?;
        Ok(match what {
            What::Table => of_file(made.file(self.base)?),
            What::Unique => of_file(made.unique()?),
            What::Metadata => of_json(&metadata(project(&store), &made.table)),
            What::Rows => of_json(&self.rows(&made)?),
            What::Content => {
                let first = Query::parse([]).and_then(|query| query.answer(&made.table, self.base));
                let mut first = first.map_err(|error| Error::internal(error.to_string()))?;
                of_json(&first["records"].take())
            }
            _ => of_json(&specification(&datastore, &made.table, &self.url(name, ".parquet"))),
        })
    }

    fn rows(&self, made: &Made) -> Result<Json, Error> {
        let decoded = |(name, value)| Ok((form::decoded(name)?, form::decoded(value)?));
        let pairs: Result<Vec<(String, String)>, Utf8Error> =
            form::pairs(self.request.query()).map(decoded).collect();
        let pairs = pairs.map_err(|error| Error::bad_request(format!("the query is not UTF-8: {error}")))?;
        let query = Query::parse(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let answer = query.and_then(|query| query.answer(&made.table, self.base));
        answer.map_err(|error| Error::bad_request(error.to_string()))
    }

    /// The table of a datastore, and what is said of it.
    fn made(&self, store: &Chosen) -> Result<(Datastore, std::sync::Arc<Made>), Error> {
        let site = self.plugin.served.site(self.request)?;
        let (suffix, format) = format(site.site().offers)?;
        let made = self.plugin.stores.made(&self.patience, store, (suffix, format))?;
        let datastore = Datastore {
            name: store.name.clone(),
            title: title(store).to_owned(),
            description: store.description.clone(),
            format: format.to_owned(),
            groupby: store.groupby(),
            aggregations: store.aggregations.clone(),
        };
        Ok((datastore, made))
    }

    fn url(&self, name: &str, suffix: &str) -> String {
        format!("{}/esm/source/{}{suffix}", self.base, encoded_path(name))
    }
}

/// What rows lead to on a server with these routes.
fn format(offers: &Offers) -> Result<(&'static str, &'static str), Error> {
    let found = FORMATS.iter().find(|(pattern, _, _)| offers.has(pattern));
    found.map(|&(_, suffix, format)| (suffix, format)).ok_or_else(|| {
        Error::not_found("no plugin of this server serves data that rows could lead to; load the plugin zarr, kerchunk or dap")
    })
}

fn title(store: &Chosen) -> &str {
    store.title.as_deref().unwrap_or(&store.name)
}

fn project(store: &Chosen) -> &str {
    store.project.as_deref().unwrap_or(&store.name)
}

fn of_json(document: &Json) -> Response {
    Response::full(JSON, document.to_string())
}

/// A file that is read part by part: readers see by its tag whether it is still the one of which they have other parts.
fn of_file(file: File) -> Response {
    Response::full(PARQUET, file.bytes).header("etag", file.tag).ranges()
}

#[cfg(test)]
mod tests;
