//! Object stores, and what references in data may reach.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// An object store, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectStore {
    /// URLs that begin so belong to it: `s3://bucket/`.
    pub url: String,
    /// Where its service is, if that is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// How it is asked.
    pub credentials: Credentials,
    /// Whether the endpoint may be reached without TLS.
    pub allow_http: bool,
    /// Whether the endpoint may have an address of this machine or of a private network.
    pub private: bool,
}

/// Where credentials come from. They never stand in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Credentials {
    /// None are needed.
    Anonymous,
    /// From `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    Environment,
    /// From files, whose blanks at both ends do not count.
    #[serde(untagged)]
    Files(CredentialFiles),
}

/// Files with credentials.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialFiles {
    /// The file with the key.
    pub key_file: PathBuf,
    /// The file with the secret.
    pub secret_file: PathBuf,
    /// The file with the session's token, for keys that are lent for some time.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

/// What references in data (Kerchunk, NcML) may reach beside the folders that are served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Web servers of the public internet: `host`, `host:port`, or either behind `https://`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Web servers that may have an address of this machine or of a private network.
    #[serde(default)]
    pub private_hosts: Vec<String>,
    /// Folders.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
}

/// An object store that may be reached, or a part of one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ObjectStore")]
pub struct Document {
    /// URLs that begin so belong to it: `s3://bucket/`.
    url: String,
    /// Where its service is, if that is not Amazon's.
    endpoint: Option<String>,
    /// Its region.
    region: Option<String>,
    /// How it is asked: `"anonymous"`, `"environment"` (the `AWS_` variables), or files with the key and the secret.
    #[serde(default = "environment")]
    credentials: Credentials,
    /// Whether it may be reached without TLS.
    #[serde(default)]
    allow_http: bool,
    /// Whether it may have an address of this machine or of a private network.
    #[serde(default)]
    private: bool,
}

fn environment() -> Credentials {
    Credentials::Environment
}

impl Document {
    /// The store, if all of it fits together.
    pub fn check(self) -> Result<ObjectStore, String> {
        let Self { url, endpoint, region, credentials, allow_http, private } = self;
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("s3" | "http" | "https")) {
            return Err(format!("url is {url:?}; it must begin with s3://, https:// or http://"));
        }
        let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err("url has a user name or password in it; use credentials".to_owned());
        }
        let plain = endpoint.as_deref().or(Some(url.as_str())).is_some_and(|url| url.starts_with("http://"));
        if plain && !allow_http {
            return Err(
                "it is reached by http:// without TLS; say allow_http = true if that is wanted".to_owned()
            );
        }
        Ok(ObjectStore { url, endpoint, region, credentials, allow_http, private })
    }
}
