//! Which key a request means whose client left percent signs as they are.

use percent_encoding::percent_decode_str;
use weir_model::Schema;

use crate::Key;

/// The key that a request means: `key`, or what `path`, as it was received, ends with.
///
/// Most clients of Zarr put keys into URLs without escaping `%` (fsspec, aiohttp, zarrita): of a variable called `percent%20` they
/// ask for `percent `, and take 404 for fill values. So where the decoded key names nothing and the same text before decoding does,
/// that is what they mean. `names` says whether a key names something.
pub fn meant<'a>(key: &'a str, path: &'a str, names: impl Fn(&str) -> bool) -> &'a str {
    if !path.contains('%') || names(key) {
        return key;
    }
    let decodes_to_key = |end: &&str| percent_decode_str(end).decode_utf8().is_ok_and(|text| text == key);
    let mut ends = path.match_indices('/').filter_map(|(slash, _)| path.get(slash.checked_add(1)?..));
    ends.find(decodes_to_key).filter(|end| names(end)).unwrap_or(key)
}

/// Whether a key names a group or variable of the schema, or a chunk of one. A variable without a form in Zarr counts, too.
#[must_use]
pub fn names_member(key: &str, schema: &Schema) -> bool {
    let (is_group, is_variable) =
        (|path: &str| schema.group(path).is_some(), |path: &str| schema.variable(path).is_some());
    match Key::parse(key, schema) {
        None => is_group(key),
        Some(Key::V2Consolidated { group } | Key::V2Group { group }) => is_group(group),
        Some(Key::V2Attributes { path } | Key::V3Metadata { path }) => is_group(path) || is_variable(path),
        Some(Key::V2Array { path } | Key::Chunk { path, .. }) => is_variable(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;

    /// What is meant where the names of `known` are names.
    fn check(key: &str, path: &str, known: &[&str], expected: &str) {
        assert_eq!(meant(key, path, |key| known.contains(&key)), expected, "{path}");
    }

    #[test]
    fn keys_that_are_not_escaped() {
        check("percent /0", "/d/zarr/percent%20/0", &["percent%20/0"], "percent%20/0");
        check("percent%20/0", "/d/zarr/percent%2520/0", &["percent%20/0"], "percent%20/0");
        // What the request says is what it means, as long as there is such a thing.
        check("percent /0", "/d/zarr/percent%20/0", &["percent%20/0", "percent /0"], "percent /0");
        check("none /0", "/d/zarr/none%20/0", &["percent%20/0"], "none /0");
        check("a/b/0", "/d/zarr/a%2Fb/0", &["a%2Fb/0"], "a%2Fb/0");
        check("x/0", "/d%20e/zarr/x/0", &["y"], "x/0");
        check("", "/d%20e/zarr/", &["y"], "");
        check("\u{fffd}", "/d/%ff", &["%ff"], "\u{fffd}");
    }

    #[test]
    fn members() {
        let schema = ocean::schema();
        for (key, expected) in [
            (".zmetadata", true),
            ("forecast/.zgroup", true),
            ("forecast/", true),
            ("sst/.zarray", true),
            ("sst/c/0/1", true),
            ("sst/.zattrs", true),
            ("sst/zarr.json", true),
            ("forecast/zarr.json", true),
            ("none/zarr.json", false),
            ("none/.zarray", false),
            ("forecast/.zarray", false),
            ("none/0.0", false),
            ("none", false),
        ] {
            assert_eq!(names_member(key, &schema), expected, "{key}");
        }
    }
}
