//! Words of a site about its datasets, laid over what the datasets say themselves: those of the site first, then those of each
//! pattern that a dataset's id fits.
//!
//! Texts replace texts; keywords, providers and links are added to; `properties` and `assets` are merged as RFC 7396 (JSON Merge
//! Patch) wants it, so that `null` takes away.

use globset::{Glob, GlobMatcher};
use serde_json::{Map, Value, json};
use weir_catalogs::listing::encoded_path;
use weir_plugin_api::Error;

/// What may be said of datasets.
const KEYS: [&str; 8] =
    ["title", "description", "license", "keywords", "providers", "links", "properties", "assets"];

/// What may be said of all datasets of the site beside its own title and description.
const SITE_KEYS: [&str; 4] = ["license", "keywords", "providers", "links"];

/// The words, in the order in which they are laid over items.
#[derive(Clone, Debug, Default)]
pub struct Words {
    of_all: Map<String, Value>,
    of_some: Vec<(GlobMatcher, Map<String, Value>)>,
}

impl Words {
    /// Reads the plugin's section of the configuration: `license`, `keywords`, `providers`, `links`, and `datasets`, a list of
    /// patterns with words.
    ///
    /// # Errors
    /// `BadRequest` says which word cannot be used.
    pub fn parse(section: &Map<String, Value>) -> Result<Self, Error> {
        let of_all = section.iter().filter(|(name, _)| SITE_KEYS.contains(&name.as_str()));
        let of_all: Map<String, Value> = of_all.map(|(name, value)| (name.clone(), value.clone())).collect();
        check(&of_all)?;
        let of_some = match section.get("datasets") {
            None => vec![],
            Some(Value::Array(list)) => list.iter().map(some).collect::<Result<_, _>>()?,
            Some(_) => {
                return Err(Error::bad_request("datasets is no list; write [[plugins.stac.datasets]]"));
            }
        };
        Ok(Self { of_all, of_some })
    }

    /// Lays the words over the item of the dataset called `id`.
    pub fn lay_over(&self, id: &str, item: &mut Value) {
        lay(&self.of_all, id, item);
        for (_, words) in self.of_some.iter().filter(|(pattern, _)| pattern.is_match(id)) {
            lay(words, id, item);
        }
    }

    /// The words of the site that a collection has, too.
    #[must_use]
    pub fn of_site(&self) -> &Map<String, Value> {
        &self.of_all
    }
}

fn some(entry: &Value) -> Result<(GlobMatcher, Map<String, Value>), Error> {
    let mut words = entry.as_object().cloned().unwrap_or_default();
    let pattern = words.remove("pattern").and_then(|pattern| pattern.as_str().map(str::to_owned));
    let pattern = pattern
        .ok_or_else(|| Error::bad_request("an entry of datasets has no pattern, such as \"ocean/*\""))?;
    // A star matches slashes, too, as in the recipes of Zarr.
    let built = Glob::new(&pattern);
    let glob =
        built.map_err(|error| Error::bad_request(format!("pattern {pattern:?} of datasets: {error}")))?;
    if let Some(unknown) = words.keys().find(|name| !KEYS.contains(&name.as_str())) {
        let known = KEYS.join(", ");
        return Err(Error::bad_request(format!(
            "{unknown:?} is nothing that can be said of the datasets {pattern:?}; {known} are"
        )));
    }
    check(&words)?;
    Ok((glob.compile_matcher(), words))
}

/// Whether every word is what STAC wants there.
fn check(words: &Map<String, Value>) -> Result<(), Error> {
    let has_texts = |object: &Value, names: &[&str]| names.iter().all(|name| object[*name].is_string());
    for (name, value) in words {
        let mut list = value.as_array().into_iter().flatten();
        let (fits, takes) = match name.as_str() {
            "title" | "description" | "license" => (value.is_string(), "a text"),
            "keywords" => (value.is_array() && list.all(Value::is_string), "a list of texts"),
            "providers" => (
                value.is_array() && list.all(|one| has_texts(one, &["name"])),
                "a list of tables with a name each",
            ),
            "links" => (
                value.is_array() && list.all(|one| has_texts(one, &["rel", "href"])),
                "a list of tables with rel and href each",
            ),
            _ => (value.is_object(), "a table"),
        };
        if !fits {
            return Err(Error::bad_request(format!("{name} is not {takes}")));
        }
    }
    Ok(())
}

fn lay(words: &Map<String, Value>, id: &str, item: &mut Value) {
    for (name, value) in words {
        match name.as_str() {
            "title" | "description" | "license" => item["properties"][name] = value.clone(),
            "keywords" => add(&mut item["properties"][name], value, Clone::clone),
            "providers" => add(&mut item["properties"][name], value, |provider| provider["name"].clone()),
            "links" => {
                let links =
                    value.as_array().into_iter().flatten().map(|link| for_dataset(link, id)).collect();
                add(&mut item["links"], &Value::Array(links), |link| json!([link["rel"], link["href"]]));
            }
            _ => merge(&mut item[name], value),
        }
    }
    let empty = |value: &Value| value.as_object().is_some_and(|assets| assets.values().all(Value::is_object));
    // An asset that is no object would make no item.
    if !empty(&item["assets"])
        && let Some(assets) = item["assets"].as_object_mut()
    {
        assets.retain(|_, asset| asset.is_object());
    }
}

/// A link with the dataset's id in its address, where that has a place for it.
fn for_dataset(link: &Value, id: &str) -> Value {
    let mut link = link.clone();
    if let Some(href) = link["href"].as_str().filter(|href| href.contains("{id}")) {
        link["href"] = json!(href.replace("{id}", &encoded_path(id)));
    }
    link
}

/// Adds what is not there by its key; what is there is replaced.
fn add(to: &mut Value, more: &Value, key: impl Fn(&Value) -> Value) {
    let mut list = to.as_array().cloned().unwrap_or_default();
    for one in more.as_array().into_iter().flatten() {
        match list.iter_mut().find(|known| key(known) == key(one)) {
            Some(known) => known.clone_from(one),
            None => list.push(one.clone()),
        }
    }
    *to = Value::Array(list);
}

/// RFC 7396.
fn merge(to: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        to.clone_from(patch);
        return;
    };
    if !to.is_object() {
        *to = json!({});
    }
    let Some(object) = to.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(section: &Value, id: &str) -> Value {
        let mut item = json!({
            "properties": {"title": "own", "keywords": ["a"], "providers": [{"name": "p", "roles": ["producer"]}], "x": 1},
            "links": [{"rel": "self", "href": "https://h/self"}],
            "assets": {"zarr": {"href": "z", "title": "Zarr"}, "file": {"href": "f"}},
        });
        Words::parse(section.as_object().unwrap()).unwrap().lay_over(id, &mut item);
        item
    }

    #[test]
    fn words_of_patterns_come_last() {
        let section = json!({
            "title": "the site's own title",
            "license": "CC0-1.0",
            "keywords": ["b"],
            "providers": [{"name": "p", "roles": ["host"]}, {"name": "q"}],
            "links": [{"rel": "about", "href": "https://h/{id}.html"}],
            "datasets": [
                {"pattern": "ocean/*", "license": "CC-BY-4.0", "keywords": ["c", "a"]},
                {"pattern": "ocean/*.nc", "title": "deep", "properties": {"x": null, "y": {"z": 2}}, "assets": {"file": null, "zarr": {"title": "Z"}}},
                {"pattern": "land/*", "title": "never"},
            ],
        });
        let item = laid(&section, "ocean/a b.nc");
        let expected = json!({
            "title": "deep", "keywords": ["a", "b", "c"], "providers": [{"name": "p", "roles": ["host"]}, {"name": "q"}],
            "license": "CC-BY-4.0", "y": {"z": 2},
        });
        assert_eq!(item["properties"], expected);
        assert_eq!(item["links"][1]["href"], "https://h/ocean/a%20b.nc.html");
        assert_eq!(item["assets"], json!({"zarr": {"href": "z", "title": "Z"}}));
    }

    #[test]
    fn nothing_said_changes_nothing() {
        let item = laid(&json!({"id": "weir", "title": "the site's own title"}), "a");
        assert_eq!(item["properties"]["title"], "own");
        assert_eq!(item["links"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn words_that_cannot_be_used_are_refused() {
        let refused = |section: &Value| Words::parse(section.as_object().unwrap()).unwrap_err().message;
        assert_eq!(refused(&json!({"license": 3})), "license is not a text");
        assert_eq!(refused(&json!({"keywords": "a"})), "keywords is not a list of texts");
        assert_eq!(
            refused(&json!({"providers": [{"url": "u"}]})),
            "providers is not a list of tables with a name each"
        );
        assert_eq!(
            refused(&json!({"links": [{"href": "u"}]})),
            "links is not a list of tables with rel and href each"
        );
        assert!(refused(&json!({"datasets": {}})).starts_with("datasets is no list"));
        assert!(
            refused(&json!({"datasets": [{"title": "t"}]}))
                .starts_with("an entry of datasets has no pattern")
        );
        assert!(
            refused(&json!({"datasets": [{"pattern": "a", "tilte": "t"}]}))
                .starts_with("\"tilte\" is nothing")
        );
        assert!(
            refused(&json!({"datasets": [{"pattern": "a[", "title": "t"}]})).starts_with("pattern \"a[\"")
        );
    }
}
