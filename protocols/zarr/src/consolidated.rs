//! Consolidated metadata: the documents of everything below a group in one, so that a client opens it with one request.
//!
//! Version 2: `.zmetadata`, as zarr-python defined it. Version 3: `consolidated_metadata` inside the group's `zarr.json`, as
//! zarr-python writes it. Both are built from the very values that make up the single documents.

use serde_json::{Map, Value as Json, json};
use weir_model::Group;

use crate::{Format, Hierarchy, Node, v2, v3};

/// The `.zmetadata` of a group; paths are relative to it.
#[must_use]
pub fn v2(hierarchy: &Hierarchy<'_>, path: &str, group: &Group) -> Json {
    let mut all = Map::new();
    all.insert(".zgroup".to_owned(), v2::group());
    all.insert(".zattrs".to_owned(), v2::group_attributes(group));
    for (path, node) in hierarchy.members(path) {
        match node {
            Node::Group(group) => {
                all.insert(format!("{path}/.zgroup"), v2::group());
                all.insert(format!("{path}/.zattrs"), v2::group_attributes(group));
            }
            Node::Array(array) => {
                all.insert(format!("{path}/.zarray"), v2::array(&array));
                all.insert(format!("{path}/.zattrs"), v2::array_attributes(&array));
            }
        }
    }
    json!({"zarr_consolidated_format": 1, "metadata": all})
}

/// The `zarr.json` of a group, with everything below it; paths are relative to it.
///
/// Groups inside are listed without their own consolidated metadata: all their members are listed here.
#[must_use]
pub fn v3(hierarchy: &Hierarchy<'_>, path: &str, group: &Group) -> Json {
    let mut all = Map::new();
    for (path, node) in hierarchy.members(path) {
        let document = match node {
            Node::Group(group) => Json::Object(v3::group(group)),
            Node::Array(array) if !array.is_in(Format::V3) => continue,
            Node::Array(array) => v3::array(&array),
        };
        all.insert(path, document);
    }
    let mut document = v3::group(group);
    let consolidated = json!({"kind": "inline", "must_understand": false, "metadata": all});
    document.insert("consolidated_metadata".to_owned(), consolidated);
    Json::Object(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;

    #[test]
    fn a_group_lists_what_is_below_it() {
        let schema = ocean::schema();
        let (hierarchy, path) = (Hierarchy::of_file(&schema), "forecast");
        let group = schema.group(path).unwrap();
        let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        let expected =
            ".zgroup .zattrs sst/.zarray sst/.zattrs deep/.zgroup deep/.zattrs deep/c/.zarray deep/c/.zattrs";
        assert_eq!(keys(&v2(&hierarchy, path, group)["metadata"]), expected);
        assert_eq!(
            keys(&v3(&hierarchy, path, group)["consolidated_metadata"]["metadata"]),
            "sst deep deep/c"
        );
        assert_eq!(v3(&hierarchy, path, group)["attributes"], json!({"model": "deep \"C\""}));
    }
}
