//! The item of a dataset.

use serde_json::{Map, Value, json};

use super::assets::{OriginalFile, Protocol, StoredChunks, assets, snippet};
use super::geometry::{geometry, outlined};
use super::properties::properties;
use super::{ITEM_TYPE, VERSION, levels, url};
use crate::listing::folder_of;
use crate::{Summary, VariableFacts};

/// A dataset, as an item tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is.
    pub summary: &'a Summary,
    /// When it was written to last: seconds since 1970.
    pub modified: Option<i64>,
    /// The file that it is, where it is one.
    pub file: Option<OriginalFile<'a>>,
    /// Whether its chunks can be shown as they are stored.
    pub stored: StoredChunks,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The server's public URL, without a trailing slash.
    pub base: &'a str,
    /// The id of the collection that the item belongs to.
    pub collection: &'a str,
    /// In which ways the server shows datasets.
    pub protocols: &'a [Protocol],
    /// The URL of the viewer gridlook.
    pub viewer: Option<&'a str>,
}

/// The extensions that items use, each with the sign of it in the document.
const EXTENSIONS: [(&str, &str); 5] = [
    ("cube:", "https://stac-extensions.github.io/datacube/v2.2.0/schema.json"),
    ("proj:", "https://stac-extensions.github.io/projection/v2.0.0/schema.json"),
    ("xarray:", "https://stac-extensions.github.io/xarray-assets/v1.0.0/schema.json"),
    ("alternate", "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"),
    ("file:", "https://stac-extensions.github.io/file/v2.1.0/schema.json"),
];

/// The item: GeoJSON, and an index of gridlook in the same document.
#[must_use]
pub fn item(of: &Described<'_>, around: &Surroundings<'_>) -> Value {
    let mut properties = properties(of);
    properties.insert("description".to_owned(), json!(description(of, around)));
    let assets = assets(of, around);
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| item.insert(name.to_owned(), value);
    put("type", json!("Feature"));
    put("stac_version", json!(VERSION));
    put("stac_extensions", json!(extensions(&properties, &assets)));
    put("id", json!(of.id));
    match &of.summary.bounds {
        Some(bounds) => {
            put("geometry", of.summary.outline.as_ref().map_or_else(|| geometry(bounds), outlined));
            put("bbox", json!(bounds.bbox()));
        }
        None => {
            put("geometry", Value::Null);
        }
    }
    put("properties", Value::Object(properties));
    put("links", json!(links(of, around)));
    put("assets", Value::Object(assets));
    put("collection", json!(around.collection));
    if around.protocols.contains(&Protocol::Zarr) {
        let store = url(around.base, "/datasets/", of.id, "/zarr");
        item.extend(levels::keys(of, &store).unwrap_or_default());
    }
    Value::Object(item)
}

fn extensions(properties: &Map<String, Value>, assets: &Map<String, Value>) -> Vec<&'static str> {
    let fields = assets.values().filter_map(Value::as_object).flat_map(Map::keys);
    let names: Vec<&String> = properties.keys().chain(fields).collect();
    let used = |sign: &str| names.iter().any(|name| name.starts_with(sign));
    EXTENSIONS.iter().filter(|(sign, _)| used(sign)).map(|(_, url)| *url).collect()
}

/// What the dataset says of itself, else what is in it; and how to open it.
fn description(of: &Described<'_>, around: &Surroundings<'_>) -> String {
    let summary = of.summary;
    let own = summary.words.description.clone().or_else(|| summary.words.title.clone());
    let text = own.unwrap_or_else(|| {
        let labels: Vec<&str> = summary.data_variables().map(VariableFacts::label).take(8).collect();
        match &labels[..] {
            [] => format!("Dataset {}", of.id),
            labels => format!("Dataset {} with {}", of.id, labels.join(", ")),
        }
    });
    match snippet(of, around) {
        Some(snippet) => format!("{text}\n\n{snippet}"),
        None => text,
    }
}

fn links(of: &Described<'_>, around: &Surroundings<'_>) -> Vec<Value> {
    let base = around.base;
    let link =
        |rel: &str, href: String, media_type: &str| json!({"rel": rel, "href": href, "type": media_type});
    let mut links = vec![
        link("self", url(base, "/datasets/", of.id, "/stac"), ITEM_TYPE),
        link("root", format!("{base}/stac"), "application/json"),
        link("parent", url(base, "/stac/catalog/", folder_of(of.id), ""), "application/json"),
        link("collection", url(base, "/stac/collections/", around.collection, ""), "application/json"),
    ];
    if around.protocols.contains(&Protocol::Page) {
        links.push(link("alternate", url(base, "/datasets/", of.id, "/"), "text/html"));
    }
    let words = &of.summary.words;
    for (rel, text) in [("license", &words.license), ("about", &words.references)] {
        if let Some(address) = text.as_deref().and_then(address) {
            links.push(json!({"rel": rel, "href": address}));
        }
    }
    links
}

/// The first web address in a text.
fn address(text: &str) -> Option<&str> {
    let words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | ',' | ';'));
    let mut addresses = words.filter(|word| word.starts_with("https://") || word.starts_with("http://"));
    addresses.next().map(|address| address.trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
