//! Catalogs that mirror folders, and collections.

use serde_json::{Map, Value, json};

use super::{ITEM_TYPE, VERSION, url};
use crate::listing::name_of;

/// What lies in a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// A folder, by its path with a slash at its end.
    Folder(&'a str),
    /// A dataset, by its id.
    Dataset(&'a str),
    /// What lies behind a child of this name: the rest of a long list, as a catalog of its own.
    Behind(&'a str),
}

/// What a catalog or a collection is called, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct CatalogWords<'a> {
    /// The server's public URL, without a trailing slash.
    pub base: &'a str,
    /// Its id.
    pub id: &'a str,
    /// What people read.
    pub title: &'a str,
    /// What is in it.
    pub description: &'a str,
    /// The URL of the document itself.
    pub own: &'a str,
    /// The URL of what is above it, where something is.
    pub parent: Option<&'a str>,
}

/// The place and the time that a collection covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extents {
    /// West, south, east, north; the whole Earth where nothing is known.
    pub bbox: Option<[f64; 4]>,
    /// The first and the last time; open where nothing is known.
    pub interval: [Option<String>; 2],
}

/// A catalog of a folder: what lies in it, as links.
#[must_use]
pub fn catalog(words: &CatalogWords<'_>, children: &[Listed<'_>]) -> Value {
    let mut object = head("Catalog", words);
    object.insert("links".to_owned(), json!(links(words, children, "/stac/catalog/")));
    Value::Object(object)
}

/// A collection with its datasets as items.
#[must_use]
pub fn collection(words: &CatalogWords<'_>, extents: &Extents, children: &[Listed<'_>]) -> Value {
    let mut object = head("Collection", words);
    object.insert("license".to_owned(), json!("other"));
    let bbox = extents.bbox.unwrap_or([-180.0, -90.0, 180.0, 90.0]);
    let extent = json!({"spatial": {"bbox": [bbox]}, "temporal": {"interval": [extents.interval]}});
    object.insert("extent".to_owned(), extent);
    object.insert("links".to_owned(), json!(links(words, children, "")));
    Value::Object(object)
}

fn head(kind: &str, words: &CatalogWords<'_>) -> Map<String, Value> {
    let members = [
        ("type", json!(kind)),
        ("stac_version", json!(VERSION)),
        ("stac_extensions", json!([])),
        ("id", json!(words.id)),
        ("title", json!(words.title)),
        ("description", json!(words.description)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn links(words: &CatalogWords<'_>, children: &[Listed<'_>], folders: &str) -> Vec<Value> {
    let base = words.base;
    let json_link = |rel: &str, href: String| json!({"rel": rel, "href": href, "type": "application/json"});
    let mut links = vec![json_link("self", words.own.to_owned()), json_link("root", format!("{base}/stac"))];
    links.extend(words.parent.map(|parent| json_link("parent", parent.to_owned())));
    let page = words.own.split_once('?').map_or(words.own, |(page, _)| page);
    for child in children {
        links.push(match child {
            Listed::Folder(folder) => {
                json!({"rel": "child", "href": url(base, folders, folder, ""), "type": "application/json", "title": name_of(folder)})
            }
            Listed::Dataset(id) => {
                json!({"rel": "item", "href": url(base, "/datasets/", id, "/stac"), "type": ITEM_TYPE, "title": name_of(id)})
            }
            Listed::Behind(name) => {
                let href = format!("{page}?after={}", crate::listing::encoded_value(name));
                json!({"rel": "child", "href": href, "type": "application/json", "title": format!("behind {}", name_of(name))})
            }
        });
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'a>(own: &'a str, parent: Option<&'a str>) -> CatalogWords<'a> {
        CatalogWords { base: "https://h", id: "a/", title: "a", description: "what lies in a", own, parent }
    }

    fn hrefs(document: &Value) -> Vec<String> {
        let links = document["links"].as_array().unwrap().iter();
        links
            .map(|link| format!("{} {}", link["rel"].as_str().unwrap(), link["href"].as_str().unwrap()))
            .collect()
    }

    #[test]
    fn folders_are_catalogs() {
        let children = [Listed::Folder("a/b c/"), Listed::Dataset("a/x.nc"), Listed::Behind("a/x.nc")];
        let made =
            catalog(&words("https://h/stac/catalog/a/?after=a", Some("https://h/stac/catalog/")), &children);
        assert_eq!(made["type"], "Catalog");
        assert_eq!(
            hrefs(&made),
            [
                "self https://h/stac/catalog/a/?after=a",
                "root https://h/stac",
                "parent https://h/stac/catalog/",
                "child https://h/stac/catalog/a/b%20c/",
                "item https://h/datasets/a/x.nc/stac",
                "child https://h/stac/catalog/a/?after=a/x.nc",
            ]
        );
    }

    #[test]
    fn collections_have_extents() {
        let own = "https://h/stac-collection-all.json";
        let extents = Extents {
            bbox: Some([1.0, 2.0, 3.0, 4.0]),
            interval: [Some("2001-01-01T00:00:00Z".into()), None],
        };
        let made = collection(&words(own, None), &extents, &[Listed::Dataset("x.nc")]);
        assert_eq!(made["extent"]["spatial"]["bbox"], json!([[1.0, 2.0, 3.0, 4.0]]));
        assert_eq!(made["extent"]["temporal"]["interval"], json!([["2001-01-01T00:00:00Z", null]]));
        assert_eq!(made["license"], "other");
        let made = collection(&words(own, None), &Extents::default(), &[]);
        assert_eq!(made["extent"]["spatial"]["bbox"], json!([[-180.0, -90.0, 180.0, 90.0]]));
        assert_eq!(made["extent"]["temporal"]["interval"], json!([[null, null]]));
    }
}
