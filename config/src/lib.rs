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
mod document;
mod environment;
mod error;
mod plugin;
mod quantity;
mod schema;
mod store;

use std::path::{Path, PathBuf};

use document::{Document, Part};

pub use dataset::{
    Aggregation, AttributeScalar, AttributeValue, Dataset, Order, Overlap, Source, Type, VariableEdits, is_id,
};
pub use document::{Compression, Server};
pub use error::{Error, Place};
pub use plugin::PluginSection;
pub use quantity::{Seconds, Size};
pub use schema::{json_schema, reference};
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

/// A configuration has at most this many bytes.
const MOST_BYTES: u64 = 16 << 20;

/// The folder beside a configuration file whose files are more datasets.
const PARTS: &str = "datasets.d";

impl Config {
    /// Reads a configuration file, and the files `*.toml` in the folder `datasets.d` beside it.
    ///
    /// # Errors
    /// Why one of them cannot be read or understood, with the line and the field.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let mut config = Self::parse(&text_of(file)?, file)?;
        for part in parts(&config.folder().join(PARTS))? {
            config.parse_part(&text_of(&part)?, &part)?;
        }
        Ok(config)
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
            access: document.access,
            ..Self::default()
        };
        config.add((document.data, document.dataset), &at)?;
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

    /// Adds what stands in a file of `datasets.d`, as if it stood in the configuration itself.
    fn parse_part(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let at = error::Places { file, text };
        let part: Part = toml::from_str(text).map_err(|e| at.toml(&e))?;
        self.add((part.data, part.dataset), &at)
    }

    fn add(
        &mut self,
        (data, datasets): (Vec<document::Data>, Vec<toml::Spanned<dataset::Document>>),
        at: &error::Places<'_>,
    ) -> Result<(), Error> {
        self.data.extend(data.into_iter().map(|data| data.path));
        for entry in datasets {
            let place = at.at(entry.span(), String::new());
            let wrong = |message: String| Error { message, ..place.clone() };
            let dataset = entry.into_inner().check(place.clone()).map_err(wrong)?;
            if self.datasets.iter().any(|other| other.id == dataset.id) {
                return Err(wrong(format!("there are two datasets with the id {:?}", dataset.id)));
            }
            self.datasets.push(dataset);
        }
        Ok(())
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

/// What stands in a file.
fn text_of(file: &Path) -> Result<String, Error> {
    let unreadable = |e: std::io::Error| Error::of_file(file, format!("cannot be read: {e}"));
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MOST_BYTES {
        return Err(Error::of_file(file, format!("has {length} bytes, the limit is {MOST_BYTES}")));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

/// The files `*.toml` in a folder, by name, without hidden ones; none where there is no such folder.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |e: std::io::Error| Error::of_file(folder, format!("cannot be read: {e}"));
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries.map_err(unreadable)?,
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let is_hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml") && !is_hidden(path));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
