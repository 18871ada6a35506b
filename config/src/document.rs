//! The files of a configuration, as they are written.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Access, Seconds, Size, dataset, store};

/// A configuration of weir: what a site serves, and how. Paths in it are relative to its folder.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Configuration")]
pub struct Document {
    /// How the server runs.
    #[serde(default)]
    pub server: Server,
    /// Files and folders that are served as they are found.
    #[serde(default)]
    pub data: Vec<Data>,
    /// Datasets that are named one by one.
    #[serde(default)]
    #[schemars(with = "Vec<dataset::Document>")]
    pub dataset: Vec<toml::Spanned<dataset::Document>>,
    /// Object stores that may be reached.
    #[serde(default)]
    #[schemars(with = "Vec<store::Document>")]
    pub object_store: Vec<toml::Spanned<store::Document>>,
    /// What references in data may reach.
    #[serde(default)]
    pub access: Access,
    /// What plugins are given, by their names.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Map<String, serde_json::Value>>")]
    pub plugins: BTreeMap<String, toml::Spanned<toml::Table>>,
}

/// A file below `datasets.d`: more datasets, as if they stood in the configuration itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    #[serde(default)]
    pub data: Vec<Data>,
    #[serde(default)]
    pub dataset: Vec<toml::Spanned<dataset::Document>>,
}

/// Files that are served as they are found.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// A file, or a folder that is searched for files and Zarr stores.
    pub path: PathBuf,
}

/// How the server runs; what is not said is as on the command line, whose words count more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on: `"127.0.0.1:8080"`.
    pub listen: Option<SocketAddr>,
    /// The URL under which clients reach the server, where that is not the address it listens on: what every link in a response begins
    /// with.
    pub public_url: Option<String>,
    /// Addresses and networks (`"10.0.0.0/8"`) of proxies that are believed when they say that URL in `X-Forwarded-Host`,
    /// `X-Forwarded-Proto` and `X-Forwarded-Prefix`, where `public_url` is not given; of several values the last counts.
    /// The header `Host` counts for nothing.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// The largest response that is served (500MiB).
    pub max_response: Option<Size>,
    /// How many datasets plugins may publish at a time (1000).
    pub published_datasets: Option<usize>,
    /// Memory for serving, of which requests have half, and caches the rest (1GiB, at least 64MiB).
    pub memory_budget: Option<Size>,
    /// How long a request waits for memory before it is told to come again (20s).
    pub memory_wait: Option<Seconds>,
    /// How long a request may wait for a dataset to change (50s, at most a day): less than proxies in front of the server wait for an
    /// answer.
    pub longest_wait: Option<Seconds>,
    /// How long it takes at most until new and removed files are noticed where the file system tells nothing of them, as those of
    /// networks do (10min; `"0s"`: for ever).
    pub rescan: Option<Seconds>,
    /// The file of the index (weir/index.redb in the user's cache directory).
    pub index: Option<PathBuf>,
    /// Whether responses are compressed for clients that ask for it (`"fast"`).
    pub compression: Option<Compression>,
    /// For how long a server that was told to stop goes on, while `/ready` says that it is not (0s): as long as load balancers take to
    /// notice.
    pub stop_delay: Option<Seconds>,
    /// How long responses under way may take after that, before they are broken off (30s).
    pub drain: Option<Seconds>,
}

/// Whether responses are compressed for clients that ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// They are, at the levels that cost least.
    #[default]
    Fast,
    /// They never are.
    Off,
}

impl Server {
    /// What this says, and where it says nothing, what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let trusted_proxies =
            if self.trusted_proxies.is_empty() { other.trusted_proxies } else { self.trusted_proxies };
        Self {
            listen: self.listen.or(other.listen),
            public_url: self.public_url.or(other.public_url),
            trusted_proxies,
            max_response: self.max_response.or(other.max_response),
            published_datasets: self.published_datasets.or(other.published_datasets),
            memory_budget: self.memory_budget.or(other.memory_budget),
            memory_wait: self.memory_wait.or(other.memory_wait),
            longest_wait: self.longest_wait.or(other.longest_wait),
            rescan: self.rescan.or(other.rescan),
            index: self.index.or(other.index),
            compression: self.compression.or(other.compression),
            stop_delay: self.stop_delay.or(other.stop_delay),
            drain: self.drain.or(other.drain),
        }
    }
}
