//! Serves THREDDS catalogs: one for each folder of datasets, in XML for programs and as pages for people.
//!
//! The data itself is at the addresses that other plugins serve (`/thredds/dodsC/{id}`, `/thredds/fileServer/{id}`); a catalog
//! names those that there are. No dataset is opened for a catalog of a folder.
#![forbid(unsafe_code)]

mod asked;
mod catalogs;
mod format;

use serde::Deserialize;
use weir_plugin_api::{Error, Host, Parameter, Plugin, Request, Response, Route, configuration};
use weir_summaries::{Served, value_of};

use crate::asked::{Asked, What};

/// The plugin.
pub struct ThreddsPlugin {
    host: Host,
    served: Served,
}

/// What a site may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// What the root's catalog is called.
    title: Option<String>,
}

const XML: &str = "application/xml;charset=UTF-8";
const HTML: &str = "text/html;charset=UTF-8";

/// Server-wide routes: what they stand for, and whether they are described.
const ROUTES: [(&str, &str); 6] = [
    ("/thredds/catalog.xml", "catalog.xml"),
    ("/thredds/catalog.html", "catalog.html"),
    ("/thredds/latest.xml", "latest.xml"),
    ("/thredds/catalog/{rest}", ""),
    ("/thredds", ""),
    ("/thredds/", ""),
];

fn described(pattern: &str) -> Route {
    let (route, media_types) = match pattern {
        "/thredds/catalog.xml" => {
            (Route::get(pattern).summary("the THREDDS catalog of all datasets"), &[XML][..])
        }
        "/thredds/catalog.html" => {
            (Route::get(pattern).summary("the THREDDS catalog as a page"), &[HTML][..])
        }
        "/thredds/latest.xml" => {
            let route =
                Route::get(pattern).summary("the last dataset of the root by its name, as a THREDDS catalog");
            return route.answers(200, &[XML], "a catalog with one dataset").answers(
                404,
                &["application/json"],
                "the root has no datasets of its own",
            );
        }
        "/thredds/catalog/{rest}" => {
            let words = "a folder's THREDDS catalog: {folder}/catalog.xml, catalog.html or latest.xml";
            (Route::get(pattern).summary(words), &[XML, HTML][..])
        }
        _ => {
            let route = Route::get(pattern).summary("leads to the THREDDS catalog as a page");
            return route.answers(302, &[], "where the page is");
        }
    };
    route
        .parameter(Parameter::query("dataset", "the ID of a dataset: only that, with what its data tells"))
        .parameter(Parameter::query(
            "after",
            "the child of the folder that a page begins behind; for pages only",
        ))
        .answers(200, media_types, "the catalog")
        .answers(302, &[], "where the page of a folder is")
        .answers(404, &["application/json"], "there is no such folder or dataset")
}

impl Plugin for ThreddsPlugin {
    const NAME: &'static str = "thredds";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Folders, and what the server serves.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let Configuration { title } = configuration(config)?;
        Ok(Self { host, served: Served::new(host, title) })
    }

    fn routes(&self) -> Vec<Route> {
        ROUTES.iter().map(|(pattern, _)| described(pattern)).collect()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let (pattern, file) = ROUTES.get(request.route()).copied().unwrap_or_default();
        let Asked { folder, what } = match pattern.ends_with("{rest}") {
            true => Asked::parse(request.rest())?,
            false => Asked::parse(file)?,
        };
        let site = self.served.site(request)?;
        let dataset =
            value_of(request.query(), "dataset")?.filter(|id| !id.is_empty() && id != folder && id != "/");
        match (what, dataset) {
            (What::Nothing, _) => Ok(catalogs::redirect(&site, folder)),
            (What::Xml, None) => catalogs::xml(self.host, site, folder),
            (What::Page, None) => {
                let after = value_of(request.query(), "after")?.unwrap_or_default();
                catalogs::page(self.host, &site, (folder, &after))
            }
            (What::Latest, _) => catalogs::latest(self.host, &site, folder),
            (what, Some(id)) => catalogs::dataset(self.host, &site, (request, what), (folder, &id)),
        }
    }
}

#[cfg(test)]
mod tests;
