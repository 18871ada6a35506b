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
//! ```
//!
//! A [`Config`] is plain data: this crate opens nothing but the file itself. Relative paths are kept as they are; they start
//! from the folder of the file. Secrets never stand in it: credentials come from the environment or from files that it names.
//!
//! Every error says the file, the line and column, and the field.
#![forbid(unsafe_code)]

mod dataset;
mod error;
mod quantity;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use dataset::{
    Aggregation, AttributeScalar, AttributeValue, Dataset, Order, Overlap, Source, Type, VariableEdits,
};
pub use error::Error;
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
}

/// How the server runs; what is not said is as on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// The URL under which clients reach the server.
    pub public_url: Option<String>,
    /// The largest response that is served.
    pub max_response: Option<Size>,
    /// Memory for serving, of which requests have half, and caches the rest.
    pub memory_budget: Option<Size>,
    /// How long a request waits for memory.
    pub memory_wait: Option<Seconds>,
    /// The file of the index.
    pub index: Option<PathBuf>,
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
        Ok(config)
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
