//! Documents: the metadata document that a key names, as text.

use weir_model::Group;

use crate::{Format, Hierarchy, Key, Node, consolidated, v2, v3};

/// The text of the metadata document that `key` names, or `None` where `schema` has no such node, or `key` names a chunk.
///
/// Compact, so that a document and its entry in a consolidated document are the same bytes.
#[must_use]
pub fn document(key: &Key<'_>, hierarchy: &Hierarchy<'_>) -> Option<String> {
    let document = match *key {
        Key::V2Consolidated { group } => consolidated::v2(hierarchy, group, group_at(hierarchy, group)?),
        Key::V2Group { group } => group_at(hierarchy, group).map(|_| v2::group())?,
        Key::V2Attributes { path } => match hierarchy.node(path)? {
            Node::Group(group) => v2::group_attributes(group),
            Node::Array(array) => v2::array_attributes(&array),
        },
        Key::V2Array { path } => match hierarchy.node(path)? {
            Node::Group(_) => return None,
            Node::Array(array) => v2::array(&array),
        },
        Key::V3Metadata { path } => match hierarchy.node(path)? {
            Node::Group(group) => consolidated::v3(hierarchy, path, group),
            Node::Array(array) if !array.is_in(Format::V3) => return None,
            Node::Array(array) => v3::array(&array),
        },
        Key::Chunk { .. } => return None,
    };
    Some(document.to_string())
}

fn group_at<'a>(hierarchy: &Hierarchy<'a>, path: &str) -> Option<&'a Group> {
    match hierarchy.node(path)? {
        Node::Group(group) => Some(group),
        Node::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;

    fn text(key: &str) -> Option<String> {
        let schema = ocean::schema();
        document(&Key::parse(key, &schema)?, &Hierarchy::of_file(&schema))
    }

    /// The text of every single document stands in the consolidated one, byte for byte.
    #[test]
    fn entries_are_the_single_documents_byte_for_byte() {
        let schema = ocean::schema();
        let (all2, all3) = (text(".zmetadata").unwrap(), text("zarr.json").unwrap());
        let entry = |name: &str, key: &str| format!("{name:?}:{}", text(key).unwrap());
        let mut arrays = 0;
        for (path, node) in Hierarchy::of_file(&schema).members("") {
            let key = |name: &str| format!("{path}/{name}");
            assert!(all2.contains(&entry(&key(".zattrs"), &key(".zattrs"))), "{path}");
            let Node::Array(_) = node else {
                assert!(all2.contains(&entry(&key(".zgroup"), &key(".zgroup"))), "{path}");
                continue;
            };
            assert!(all2.contains(&entry(&key(".zarray"), &key(".zarray"))), "{path}");
            assert!(all3.contains(&entry(&path, &key("zarr.json"))), "{path}");
            arrays += 1;
        }
        assert_eq!(arrays, 8);
    }

    #[test]
    fn a_key_of_the_wrong_kind_names_nothing() {
        assert_eq!(text("forecast/.zgroup").as_deref(), Some(r#"{"zarr_format":2}"#));
        for key in
            ["sst/.zgroup", "sst/.zmetadata", "forecast/.zarray", ".zarray", "raw/.zarray", "raw/zarr.json"]
        {
            assert_eq!(text(key), None, "{key}");
        }
        assert_eq!(text("sst/0.0"), None);
    }
}
