//! What a site says of itself and of its datasets, from the plugin's section of the configuration; and the items that come of it.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::{Map, Value};
use weir_plugin_api::{Dataset, Error, Host};

use crate::item::Items;
use crate::words::Words;

/// The site's words, shared by all parts of the plugin.
#[derive(Clone)]
pub struct Site {
    words: Arc<Map<String, Value>>,
    items: Arc<Items>,
}

impl Site {
    /// Reads the plugin's section of the configuration, JSON text, for a host's datasets.
    ///
    /// # Errors
    /// `BadRequest` where it is no object, or says something of datasets that cannot be said.
    pub fn new(host: Host, config: &str) -> Result<Self, Error> {
        let words: Map<String, Value> = match config.trim() {
            "" => Map::new(),
            text => serde_json::from_str(text)
                .map_err(|e| Error::bad_request(format!("the configuration is no JSON object: {e}")))?,
        };
        let viewer = words.get("gridlook").and_then(Value::as_str);
        let items = Items::new(host, Words::parse(&words)?, viewer);
        Ok(Self { items: Arc::new(items), words: Arc::new(words) })
    }

    /// A word of the site that is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.words.get(key).and_then(Value::as_str)
    }

    /// What the site is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.text("title").unwrap_or("Datasets")
    }

    /// The item of a dataset: its id is the dataset's, and `collection` the id of the collection that it belongs to. All links and assets begin
    /// with `base`.
    ///
    /// # Errors
    /// Where the dataset cannot be read.
    pub fn item(&self, base: &str, collection: &str, dataset: &Dataset) -> Result<Value, Error> {
        self.items.of(base, collection, dataset)
    }

    /// The same as JSON text; those asked for last are kept.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn item_text(&self, base: &str, collection: &str, dataset: &Dataset) -> Result<Arc<str>, Error> {
        self.items.text(base, collection, dataset)
    }

    /// The item of a dataset that is there, and cannot be opened for this reason.
    #[must_use]
    pub fn item_of_unreadable(&self, base: &str, collection: &str, dataset: (&str, &Error)) -> Value {
        self.items.of_unreadable(base, collection, dataset)
    }

    /// A collection with what the site says of all its datasets: licence, keywords, providers, links.
    #[must_use]
    pub fn collection(&self, mut collection: Value) -> Value {
        for (name, value) in self.items.words().of_site() {
            match (&mut collection[name], value) {
                (Value::Array(known), Value::Array(more)) => known.extend(more.iter().cloned()),
                (place, value) => place.clone_from(value),
            }
        }
        collection
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
