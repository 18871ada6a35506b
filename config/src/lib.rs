//! The configuration file: TOML that says what a site serves, and how.
//!
//! ```toml
//! [server]
//! listen = "0.0.0.0:8080"
//! memory_budget = "4GiB"
//!
//! [[data]]
//! path = "/archive"
//!
//! [[dataset]]
//! id = "sst"
//! attributes = { title = "Sea surface temperature, all years" }
//! aggregation = { type = "joinExisting", dimension = "time", files = ["sst/*.nc"] }
//!
//! [plugins.hello]
//! greeting = "what stands here is for the plugin hello alone"
//! ```
//!
//! A [`Config`] is plain data: this crate opens nothing but the file itself. Relative paths are kept as they are; they start
//! from the folder of the file. Secrets never stand in it: credentials come from the environment or from files that it names.
//!
//! Every error says the file, the line and column, and the field.
#![forbid(unsafe_code)]

mod dataset;
mod error;
mod plugin;
mod quantity;
mod store;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use dataset::{
    Aggregation, AttributeScalar, AttributeValue, Dataset, Order, Overlap, Source, Type, VariableEdits,
};
pub use error::Error;
pub use plugin::PluginSection;
pub use quantity::{Seconds, Size};
pub use store::{Access, CredentialFiles, Credentials, ObjectStore};

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// How the server runs.
    pub server: Server,
    /// Files and folders that are served as they are found.
    pub data: Vec<PathBuf>,
    /// Datasets that are named one by one.
    pub datasets: Vec<Dataset>,
    /// Object stores that may be reached, and with which credentials.
    pub object_stores: Vec<ObjectStore>,
    /// What references in data may reach.
    pub access: Access,
    /// What plugins are given, in the order of their names.
    pub plugins: Vec<PluginSection>,
}

/// How the server runs; what is not said is as on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// The URL under which clients reach the server.
    pub public_url: Option<String>,
    /// Addresses and networks of proxies that are believed when they say under which URL clients reach the server.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// The largest response that is served.
    pub max_response: Option<Size>,
    /// How many datasets plugins may publish at a time.
    pub published_datasets: Option<usize>,
    /// Memory for serving, of which requests have half, and caches the rest.
    pub memory_budget: Option<Size>,
    /// How long a request waits for memory.
    pub memory_wait: Option<Seconds>,
    /// How long a request may wait for a dataset to change.
    pub longest_wait: Option<Seconds>,
    /// How long it takes at most until new and removed files are noticed where the file system tells nothing of them.
    pub rescan: Option<Seconds>,
    /// The file of the index.
    pub index: Option<PathBuf>,
    /// Whether responses are compressed for clients that ask for it.
    pub compression: Option<Compression>,
}

/// Whether responses are compressed for clients that ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// They are, at the levels that cost least.
    #[default]
    Fast,
    /// They never are.
    Off,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    server: Server,
    #[serde(default)]
    data: Vec<Data>,
    #[serde(default)]
    dataset: Vec<toml::Spanned<dataset::Document>>,
    #[serde(default)]
    object_store: Vec<toml::Spanned<store::Document>>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    plugins: BTreeMap<String, toml::Spanned<toml::Table>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    path: PathBuf,
}

/// A configuration has at most this many bytes.
const MOST_BYTES: u64 = 16 << 20;

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Why it cannot be read or understood, with the line and the field.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let unreadable = |e: std::io::Error| Error::of_file(file, format!("cannot be read: {e}"));
        let length = std::fs::metadata(file).map_err(unreadable)?.len();
        if length > MOST_BYTES {
            return Err(Error::of_file(file, format!("has {length} bytes, the limit is {MOST_BYTES}")));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(&text, file)
    }

    /// Reads a configuration from a text; `file` names it in errors and is where relative paths start from.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let at = error::Places { file, text };
        let document: Document = toml::from_str(text).map_err(|e| at.toml(&e))?;
        let mut config = Self {
            file: file.to_owned(),
            server: document.server,
            data: document.data.into_iter().map(|data| data.path).collect(),
            access: document.access,
            ..Self::default()
        };
        for entry in document.dataset {
            let span = entry.span();
            let dataset = entry.into_inner().check().map_err(|message| at.at(span.clone(), message))?;
            if config.datasets.iter().any(|other| other.id == dataset.id) {
                return Err(at.at(span, format!("there are two datasets with the id {:?}", dataset.id)));
            }
            config.datasets.push(dataset);
        }
        for entry in document.object_store {
            let span = entry.span();
            config.object_stores.push(entry.into_inner().check().map_err(|message| at.at(span, message))?);
        }
        for (name, table) in document.plugins {
            let place = at.at(table.span(), String::new());
            let mut section = PluginSection { name, json: String::new(), place };
            section.json = plugin::json(table.into_inner()).map_err(|message| section.error(&message))?;
            config.plugins.push(section);
        }
        Ok(config)
    }

    /// What a plugin is given.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&PluginSection> {
        self.plugins.iter().find(|section| section.name == name)
    }

    /// Checks that each section of a plugin is of one of those that there are.
    ///
    /// # Errors
    /// The first section that is not, with the names that could have been meant.
    pub fn check_plugins(&self, known: &[&str]) -> Result<(), Error> {
        let Some(section) = self.plugins.iter().find(|section| !known.contains(&section.name.as_str()))
        else {
            return Ok(());
        };
        let mut message = match known {
            [] => "there is no such plugin, and no other one".to_owned(),
            _ => format!("there is no such plugin; there are {}", known.join(", ")),
        };
        if let Some(name) = error::nearest(&section.name, known.iter().copied()) {
            message.push_str(&format!("; did you mean [plugins.{name}]?"));
        }
        Err(section.error(&message))
    }

    /// The folder that relative paths start from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

#[cfg(test)]
mod tests;
