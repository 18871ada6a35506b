//! What a server is and what it holds, as plugins are told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Description, Error, Route};

/// A dataset, as far as it is known without opening it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The dataset's id.
    pub id: String,
    /// Bytes of its file, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// When its file was written to last: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Child {
    /// A folder with datasets somewhere below it: its path, with a slash at its end.
    Folder {
        /// The path, such as `a/b/`.
        folder: String,
    },
    /// A dataset.
    Dataset(Entry),
}

impl Child {
    /// What sorts it, and what a list goes on behind: the dataset's id, or the folder's path.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Folder { folder } => folder,
            Self::Dataset(entry) => &entry.id,
        }
    }
}

/// What a server does not serve although it was meant to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Troubles {
    /// Datasets that cannot be opened, by id.
    pub datasets: Vec<Trouble>,
    /// Files that are no datasets, by their path below the folder that is served.
    pub files: Vec<Trouble>,
    /// Plugins that were refused, by the names of their files.
    pub plugins: Vec<Trouble>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What it is called.
    pub name: String,
    /// What is wrong, and what helps.
    pub reason: String,
}

/// A server, and what its plugins serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// The program's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The ABI that it speaks, as `major.minor`.
    pub abi: String,
    /// A folder of the server's own where plugins may keep what they can make again; `None` where nothing is to be kept.
    pub state_folder: Option<PathBuf>,
    /// How many bytes of its memory budget the server leaves to results that a plugin makes, beside what reading takes; `None` where it
    /// does not say.
    pub computing_bytes: Option<u64>,
    /// The plugins, in the server's order, behind one of the name `weir` with the server's own routes.
    pub plugins: Vec<PluginFacts>,
}

/// A plugin that serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginFacts {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from: `linked in`, or a file's name.
    pub origin: String,
    /// The ABI that it was built against.
    pub abi: String,
    /// What it serves.
    pub routes: Vec<Route>,
}

impl ServerFacts {
    /// Whether some plugin serves `pattern`, such as `/datasets/{id}/zarr/{rest}`.
    #[must_use]
    pub fn serves(&self, pattern: &str) -> bool {
        self.plugins.iter().flat_map(|plugin| &plugin.routes).any(|route| route.pattern == pattern)
    }

    /// As a JSON document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let route = |route: &Route| {
            let mut object = route.description.to_json();
            object["methods"] = route.methods.clone().into();
            object["pattern"] = route.pattern.clone().into();
            object
        };
        let plugin = |plugin: &PluginFacts| {
            json!({
                "name": plugin.name,
                "version": plugin.version,
                "origin": plugin.origin,
                "abi": plugin.abi,
                "routes": plugin.routes.iter().map(route).collect::<Vec<_>>(),
            })
        };
        json!({
            "name": self.name,
            "version": self.version,
            "abi": self.abi,
            "state_folder": self.state_folder,
            "computing_bytes": self.computing_bytes,
            "plugins": self.plugins.iter().map(plugin).collect::<Vec<_>>(),
        })
    }

    /// From such a document.
    ///
    /// # Errors
    /// Where it is not JSON.
    pub fn from_json(document: &[u8]) -> Result<Self, Error> {
        let value: Value = serde_json::from_slice(document)
            .map_err(|e| Error::internal(format!("what the host says of itself is not JSON: {e}")))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let route = |value: &Value| Route {
            methods: list(&value["methods"]).iter().map(text).collect(),
            pattern: text(&value["pattern"]),
            description: Description::from_json(value),
        };
        let plugin = |value: &Value| PluginFacts {
            name: text(&value["name"]),
            version: text(&value["version"]),
            origin: text(&value["origin"]),
            abi: text(&value["abi"]),
            routes: list(&value["routes"]).iter().map(route).collect(),
        };
        Ok(Self {
            name: text(&value["name"]),
            version: text(&value["version"]),
            abi: text(&value["abi"]),
            state_folder: value["state_folder"].as_str().map(PathBuf::from),
            computing_bytes: value["computing_bytes"].as_u64(),
            plugins: list(&value["plugins"]).iter().map(plugin).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_cross_as_json() {
        let plugin = PluginFacts {
            name: "a".to_owned(),
            version: "1".to_owned(),
            origin: "linked in".to_owned(),
            abi: "1.3".to_owned(),
            routes: vec![Route::get("/a/{rest}").summary("all of a"), Route::get("/b")],
        };
        let facts = ServerFacts {
            name: "weir".to_owned(),
            version: "2".to_owned(),
            abi: "1.3".to_owned(),
            state_folder: Some(PathBuf::from("state")),
            computing_bytes: Some(1 << 20),
            plugins: vec![plugin],
        };
        let document = facts.to_json().to_string();
        assert_eq!(ServerFacts::from_json(document.as_bytes()), Ok(facts.clone()));
        assert!(facts.serves("/b") && !facts.serves("/c"));
        assert!(ServerFacts::from_json(b"{").is_err());
    }

    #[test]
    fn children_cross_as_json() {
        let children = vec![
            Child::Folder { folder: "a/".to_owned() },
            Child::Dataset(Entry { id: "b".to_owned(), bytes: Some(1), modified: None }),
        ];
        let text = serde_json::to_string(&children).unwrap();
        assert_eq!(text, r#"[{"folder":"a/"},{"id":"b","bytes":1}]"#);
        assert_eq!(serde_json::from_str::<Vec<Child>>(&text).unwrap(), children);
    }
}
