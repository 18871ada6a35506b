//! Serves Intake catalogs: one of all datasets, where there are not too many, or one for each folder, and one for each dataset.
//!
//! No dataset is opened for a catalog of many.
#![forbid(unsafe_code)]

use serde::Deserialize;
use weir_catalogs::intake;
use weir_plugin_api::{Child, Error, Host, Parameter, Plugin, Request, Response, Route, configuration};
use weir_summaries::{OwnedSite, Served, child, entry, entry_of, page_of, value_of};

/// The plugin.
pub struct IntakePlugin {
    host: Host,
    configuration: Configuration,
    served: Served,
}

/// What a site may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Configuration {
    /// What the catalog is called.
    title: Option<String>,
    /// What it is about.
    description: String,
    /// How many datasets one catalog may have; more are in one catalog for each folder.
    most: usize,
}

/// Intake reads a catalog of so many sources in less than a second.
const MOST: usize = 1000;

impl Default for Configuration {
    fn default() -> Self {
        let description = "datasets of a server; a source's parameter says how its data comes";
        Self { title: None, description: description.to_owned(), most: MOST }
    }
}

impl Configuration {
    fn parse(config: &str) -> Result<Self, Error> {
        let parsed: Self = configuration(config)?;
        match parsed.most {
            1..=100_000 => Ok(parsed),
            most => Err(Error::bad_request(format!("most is {most}, but must be from 1 to 100000"))),
        }
    }
}

/// What clients of other servers are told that this is.
const YAML: &str = "text/yaml; charset=utf-8";

const ALL: usize = 0;
const FOLDER: usize = 1;

impl Plugin for IntakePlugin {
    const NAME: &'static str = "intake";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Folders, and what the server serves.
    const MIN_HOST_MINOR: u32 = 3;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let configuration = Configuration::parse(config)?;
        let served = Served::new(host, configuration.title.clone());
        Ok(Self { host, configuration, served })
    }

    fn routes(&self) -> Vec<Route> {
        let json = ["application/json"].as_slice();
        vec![
            Route::get("/intake.yaml")
                .summary("the Intake catalog of all datasets, or of the root's folders where there are many")
                .answers(200, &[YAML], "the catalog"),
            Route::get("/intake/{rest}")
                .summary("a folder's Intake catalog: {folder}/catalog.yaml")
                .parameter(Parameter::query(
                    "after",
                    "the child of the folder that the catalog begins behind",
                ))
                .answers(200, &[YAML], "the catalog")
                .answers(404, json, "there is no such folder"),
            Route::get("/datasets/{id}/catalog.yaml")
                .summary("an Intake catalog with a source for each way to the dataset")
                .answers(200, &[YAML], "the catalog")
                .answers(404, json, "there is no such dataset"),
        ]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let site = self.served.site(request)?;
        let text = match request.route() {
            ALL => self.all(&site)?,
            FOLDER => {
                let after = value_of(request.query(), "after")?.unwrap_or_default();
                self.folder(&site, (folder_of(request.rest())?, &after))?
            }
            _ => self.dataset(&site, request)?,
        };
        Ok(Response::full(YAML, text.into_bytes()))
    }
}

/// The folder whose catalog is asked for.
fn folder_of(rest: &str) -> Result<&str, Error> {
    let folder =
        rest.strip_suffix("catalog.yaml").filter(|folder| folder.is_empty() || folder.ends_with('/'));
    folder.ok_or_else(|| {
        Error::not_found(format!("there is no catalog {rest:?}; a folder's is its path with catalog.yaml"))
    })
}

impl IntakePlugin {
    /// Ids are looked at first: they say whether one catalog has room for all.
    fn all(&self, site: &OwnedSite) -> Result<String, Error> {
        let most = self.configuration.most;
        let one_more = u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX);
        if self.host.list("", "", one_more)?.len() > most {
            return self.folder(site, ("", ""));
        }
        let site = site.site();
        let entries = self.host.entries("", "", u32::try_from(most).unwrap_or(u32::MAX))?;
        let sources: String =
            entries.iter().filter_map(|found| intake::source(&site, &entry(found))).collect();
        let begin =
            intake::begin(&site, &self.configuration.description, &format!("{}/intake.yaml", site.base));
        Ok(begin + non_empty(&sources))
    }

    fn folder(&self, site: &OwnedSite, (folder, after): (&str, &str)) -> Result<String, Error> {
        let (children, more) = page_of(&self.host, (folder, after), self.configuration.most)?;
        let site = site.site();
        let source = |one: &Child| match child(one) {
            weir_catalogs::Child::Folder(path) => Some(intake::nested(
                path,
                &format!("the datasets in {path}"),
                &intake::folder_url(&site, path),
            )),
            weir_catalogs::Child::Dataset(entry) => intake::source(&site, &entry),
        };
        let mut sources: String = children.iter().filter_map(source).collect();
        if let Some(last) = children.last().filter(|_| more) {
            sources.push_str(&intake::rest(&site, folder, last.name()));
        }
        let url = intake::folder_url(&site, folder);
        Ok(intake::begin(&site, &self.configuration.description, &url) + non_empty(&sources))
    }

    fn dataset(&self, site: &OwnedSite, request: &Request<'_>) -> Result<String, Error> {
        let id = request.dataset_id();
        entry_of(&self.host, id)?;
        let dataset = self.host.open(request, id)?;
        let schema = dataset.schema()?;
        let text = |name: &str| {
            let found = schema.root.attributes.iter().find(|attribute| attribute.name == name)?;
            found.value.as_text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let description = text("summary").or_else(|| text("title")).unwrap_or_else(|| id.to_owned());
        Ok(intake::dataset_catalog(&site.site(), id, &description))
    }
}

fn non_empty(sources: &str) -> &str {
    if sources.is_empty() { intake::NO_SOURCES } else { sources }
}

#[cfg(test)]
mod tests;
