//! JSON-LD: datasets and catalogs in the words of schema.org, by which search engines find them.
//!
//! Source: <https://schema.org/Dataset> and what search engines ask for
//! (<https://developers.google.com/search/docs/appearance/structured-data/dataset>).

use serde_json::{Map, Value, json};

use crate::listing::{date, name_of};
use crate::{Entry, Site, Summary};

/// Search engines refuse shorter descriptions, and cut longer ones.
const DESCRIPTION: std::ops::RangeInclusive<usize> = 50..=5000;

/// A dataset, for the page about it.
#[must_use]
pub fn dataset(site: &Site<'_>, entry: &Entry<'_>, summary: &Summary) -> Value {
    let words = &summary.words;
    let name = words.title.as_deref().unwrap_or_else(|| name_of(entry.id));
    let url = site.dataset_page(entry.id).unwrap_or_else(|| site.dataset_url(entry.id));
    let mut found = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() && value != json!([]) {
            found.insert(key.to_owned(), value);
        }
    };
    put("@context", json!("https://schema.org/"));
    put("@type", json!("Dataset"));
    put("@id", json!(url));
    put("name", json!(name));
    put("description", json!(description(name, summary)));
    put("url", json!(url));
    put("identifier", json!(words.identifier.as_deref().unwrap_or(entry.id)));
    put("keywords", json!(words.keywords));
    put("license", license(summary));
    put("creator", creator(summary));
    put("publisher", organization(words.publisher.as_deref()));
    put("dateCreated", json!(words.created));
    put("dateModified", json!(entry.modified.and_then(date)));
    put("isAccessibleForFree", json!(true));
    put("temporalCoverage", json!(summary.time.as_ref().map(|time| format!("{}/{}", time.start, time.end))));
    put("spatialCoverage", place(summary));
    put("variableMeasured", variables(summary));
    put("distribution", distributions(site, entry.id));
    let catalog = json!({"@type": "DataCatalog", "name": site.title, "url": format!("{}/", site.base)});
    put("includedInDataCatalog", catalog);
    Value::Object(found)
}

/// The server as a catalog of datasets, for its first page.
#[must_use]
pub fn catalog(site: &Site<'_>, description: &str, entries: &[Entry<'_>]) -> Value {
    let datasets = entries.iter().filter_map(|entry| {
        let url = site.dataset_page(entry.id)?;
        Some(json!({"@type": "Dataset", "@id": url, "name": name_of(entry.id), "url": url}))
    });
    json!({
        "@context": "https://schema.org/",
        "@type": "DataCatalog",
        "name": site.title,
        "description": description,
        "url": format!("{}/", site.base),
        "dataset": datasets.collect::<Vec<_>>(),
    })
}

/// JSON as the text of a `script` element: nothing in it can end the element.
#[must_use]
pub fn for_script(value: &Value) -> String {
    // All of these stand inside of texts only.
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn description(name: &str, summary: &Summary) -> String {
    let mut text = summary.words.description.clone().unwrap_or_else(|| name.to_owned());
    if text.chars().count() < *DESCRIPTION.start() {
        let labels: Vec<_> = summary.data_variables().map(crate::VariableFacts::label).collect();
        text = match labels.is_empty() {
            true => format!("{text}: a dataset of scientific data, served in whole or in parts"),
            false => format!("{text}: a dataset of scientific data with the variables {}", labels.join(", ")),
        };
    }
    text.chars().take(*DESCRIPTION.end()).collect()
}

/// A URL, which search engines want, where the licence is known; else as it is.
fn license(summary: &Summary) -> Value {
    let known = summary.words.spdx().map(|id| format!("https://spdx.org/licenses/{id}.html"));
    json!(known.or_else(|| summary.words.license.clone()))
}

fn organization(name: Option<&str>) -> Value {
    name.map_or(Value::Null, |name| json!({"@type": "Organization", "name": name}))
}

fn creator(summary: &Summary) -> Value {
    let person = summary.words.creator.as_deref().map(|name| json!({"@type": "Person", "name": name}));
    let creators: Vec<Value> =
        [person.unwrap_or_default(), organization(summary.words.institution.as_deref())]
            .into_iter()
            .filter(|one| !one.is_null())
            .collect();
    json!(creators)
}

fn place(summary: &Summary) -> Value {
    let Some(bounds) = &summary.bounds else { return Value::Null };
    // South-west and north-east, latitude first.
    let shape = format!("{} {} {} {}", bounds.south, bounds.west, bounds.north, bounds.east);
    json!({"@type": "Place", "geo": {"@type": "GeoShape", "box": shape}})
}

fn variables(summary: &Summary) -> Value {
    let variable = |variable: &crate::VariableFacts| {
        let mut value =
            json!({"@type": "PropertyValue", "name": variable.key(), "description": variable.label()});
        if let (Some(units), Some(object)) = (&variable.units, value.as_object_mut()) {
            object.insert("unitText".to_owned(), json!(units));
        }
        value
    };
    json!(summary.data_variables().map(variable).collect::<Vec<_>>())
}

fn distributions(site: &Site<'_>, id: &str) -> Value {
    let url = site.dataset_url(id);
    let all = site.offers.accesses().filter(|access| access.name != "stac").map(|access| {
        json!({
            "@type": "DataDownload",
            "name": access.label,
            "encodingFormat": access.media_type,
            "contentUrl": format!("{url}{}", access.suffix),
        })
    });
    json!(all.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Offers, VariableFacts, Words};

    fn offers() -> Offers {
        ["/datasets/{id}/", "/datasets/{id}/zarr/{rest}", "/datasets/{id}/file"].into_iter().collect()
    }

    fn summary() -> Summary {
        let words = Words {
            title: Some("Sea </script><script>alert(1)</script>".to_owned()),
            license: Some("CC BY 4.0".to_owned()),
            keywords: vec!["sea".to_owned()],
            institution: Some("House".to_owned()),
            ..Words::default()
        };
        let bounds = weir_cf::extent::BoundingBox { west: 170.0, south: -5.0, east: -170.0, north: 5.5 };
        let variable = VariableFacts {
            path: "/sst".to_owned(),
            name: "sst".to_owned(),
            dimensions: vec![],
            shape: vec![],
            data_type: "float32".to_owned(),
            role: crate::Role::Data,
            units: Some("K".to_owned()),
            standard_name: None,
            long_name: Some("temperature".to_owned()),
            cell_methods: None,
        };
        Summary { words, bounds: Some(bounds), variables: vec![variable], ..Summary::default() }
    }

    #[test]
    fn datasets_in_the_words_of_schema_org() {
        let offers = offers();
        let site = Site { title: "House", base: "https://h.example/w", offers: &offers };
        let entry = Entry { id: "a b/x.nc", bytes: Some(1), modified: Some(86_400) };
        let got = dataset(&site, &entry, &summary());
        assert_eq!(got["@type"], "Dataset");
        assert_eq!(got["url"], "https://h.example/w/datasets/a%20b/x.nc/");
        assert_eq!(got["license"], "https://spdx.org/licenses/CC-BY-4.0.html");
        assert_eq!(got["dateModified"], "1970-01-02T00:00:00Z");
        assert_eq!(got["spatialCoverage"]["geo"]["box"], "-5 170 5.5 -170");
        assert_eq!(
            got["variableMeasured"][0],
            json!({"@type": "PropertyValue", "name": "sst", "description": "temperature", "unitText": "K"})
        );
        let urls: Vec<_> =
            got["distribution"].as_array().unwrap().iter().map(|one| &one["contentUrl"]).collect();
        assert_eq!(
            urls,
            ["https://h.example/w/datasets/a%20b/x.nc/zarr", "https://h.example/w/datasets/a%20b/x.nc/file"]
        );
        assert!(got["description"].as_str().unwrap().chars().count() >= 50, "{got}");
        assert_eq!(got.get("temporalCoverage"), None);
        let script = for_script(&got);
        assert!(!script.contains(['<', '>', '&']), "{script}");
        assert_eq!(serde_json::from_str::<Value>(&script).unwrap(), got);
    }

    #[test]
    fn a_catalog_names_pages_only() {
        let entries = [Entry { id: "x.nc", bytes: None, modified: None }];
        let of = |offers: &Offers| {
            let site = Site { title: "House", base: "https://h.example", offers };
            catalog(&site, "data", &entries)["dataset"].clone()
        };
        assert_eq!(of(&offers())[0]["url"], "https://h.example/datasets/x.nc/");
        assert_eq!(of(&Offers::default()), json!([]));
    }
}
