//! What a site says of itself and of its datasets, from the plugin's section of the configuration; and the items that come of it.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use weir_plugin_api::{Dataset, Error};

/// The site's words, shared by all parts of the plugin.
#[derive(Clone, Debug)]
pub struct Site {
    words: Arc<Map<String, Value>>,
}

impl Site {
    /// Reads the plugin's section of the configuration, JSON text.
    ///
    /// # Errors
    /// `BadRequest` where it is no object.
    pub fn parse(config: &str) -> Result<Self, Error> {
        let words = match config.trim() {
            "" => Map::new(),
            text => serde_json::from_str(text)
                .map_err(|e| Error::bad_request(format!("the configuration is no JSON object: {e}")))?,
        };
        Ok(Self { words: Arc::new(words) })
    }

    /// A word of the site that is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.words.get(key).and_then(Value::as_str)
    }

    /// The item of a dataset: its id is the dataset's, and `collection` the id of the collection that it belongs to. All links and assets begin
    /// with `base`.
    ///
    /// # Errors
    /// Where the dataset cannot be read.
    pub fn item(&self, base: &str, collection: &str, dataset: &Dataset) -> Result<Value, Error> {
        let id = dataset.id();
        Ok(json!({
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": [],
            "id": id,
            "geometry": null,
            "properties": {"datetime": "1970-01-01T00:00:00Z"},
            "links": [{"rel": "root", "href": format!("{base}/stac"), "type": "application/json"}],
            "assets": {},
            "collection": collection,
        }))
    }
}

/// What searching needs to know of the site.
impl Site {
    /// The id of the collection of datasets that are in no folder.
    #[must_use]
    pub fn root_collection(&self) -> &str {
        self.text("root_collection").unwrap_or(crate::collections::ROOT)
    }

    /// Text that is another one when items may be others although their datasets are the same: it is made of the site's words, this version
    /// of the plugin, and the patterns of all routes of the server, to which assets lead.
    pub fn mark<'r>(&self, patterns: impl Iterator<Item = &'r str>) -> String {
        let mut hasher = std::hash::DefaultHasher::new();
        for (name, value) in self.words.iter() {
            (name, value.to_string()).hash(&mut hasher);
        }
        patterns.for_each(|pattern| pattern.hash(&mut hasher));
        format!("{} {:016x}", env!("CARGO_PKG_VERSION"), hasher.finish())
    }
}
