//! The catalog of the viewer gridlook: a list of Zarr hierarchies.
//!
//! Source: the type `gridlook_catalog` of <https://github.com/d70-t/gridlook>.

use serde_json::{Value, json};

use crate::Site;
use crate::listing::{Entry, folder_of, name_of};

/// What stands before the datasets.
#[must_use]
pub fn begin(site: &Site<'_>) -> String {
    format!("{{\"type\":\"gridlook_catalog\",\"title\":{},\"datasets\":[", Value::from(site.title))
}

/// A dataset: its chunks as every browser reads them, or else as they are stored. `None` where the server has no Zarr.
#[must_use]
pub fn dataset(site: &Site<'_>, entry: &Entry<'_>) -> Option<Value> {
    let access = ["zarr", "kerchunk"].into_iter().find_map(|name| site.offers.access(name))?;
    let url = site.dataset_url(entry.id) + access.suffix;
    let mut value = json!({"url": url, "title": name_of(entry.id)});
    let folder = folder_of(entry.id).trim_end_matches('/');
    if let Some(object) = value.as_object_mut().filter(|_| !folder.is_empty()) {
        object.insert("tag".to_owned(), json!(folder));
    }
    Some(value)
}

/// What stands behind the datasets.
pub const END: &str = "]}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offers;

    #[test]
    fn datasets_are_zarr_hierarchies() {
        let of = |pattern: &str, id| {
            let offers: Offers = [pattern].into_iter().collect();
            let site = Site { title: "a \"b\"", base: "https://h.example", offers: &offers };
            let one = dataset(&site, &Entry { id, bytes: None, modified: None })?;
            let whole = format!("{}{one}{END}", begin(&site));
            assert_eq!(serde_json::from_str::<Value>(&whole).unwrap()["title"], "a \"b\"");
            Some(one)
        };
        let expected =
            json!({"url": "https://h.example/datasets/a/b/x%20y.nc/zarr", "title": "x y.nc", "tag": "a/b"});
        assert_eq!(of("/datasets/{id}/zarr/{rest}", "a/b/x y.nc"), Some(expected));
        let expected = json!({"url": "https://h.example/datasets/x.nc/kerchunk", "title": "x.nc"});
        assert_eq!(of("/datasets/{id}/kerchunk/{rest}", "x.nc"), Some(expected));
        assert_eq!(of("/datasets/{id}/file", "x.nc"), None);
    }
}
