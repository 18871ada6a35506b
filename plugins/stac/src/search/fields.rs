//! Which parts of items are sent (STAC API extension Fields 1.0.0, section "Include/Exclude Semantics").

use serde_json::{Map, Value};
use weir_plugin_api::Error;

/// At most so many names.
const MOST_NAMES: usize = 100;

/// What is sent where fields are named at all, but none is included: without these it is no item.
const USUAL: [&str; 9] = [
    "type",
    "stac_version",
    "id",
    "geometry",
    "bbox",
    "properties.datetime",
    "links",
    "assets",
    "collection",
];

/// The times of an item without a `datetime`.
const TIMES: [&str; 2] = ["properties.start_datetime", "properties.end_datetime"];

/// What is sent with whatever is included, unless it is excluded: short texts that say what it is and which.
const LEAST: [&str; 4] = ["type", "stac_version", "id", "collection"];

/// What is sent before paths are put in and taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Base {
    #[default]
    All,
    Usual,
    Least,
}

/// Whether a path is put in or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Excluded,
    Included,
}

/// Paths of members, such as `properties.title`, that are included and excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    base: Base,
    /// The shorter paths first, and each included one behind the same one excluded: the later ones prevail.
    paths: Vec<(Sign, String)>,
}

impl Fields {
    /// Reads `a,+b,-c`. In a query, nothing included is the same as an empty list of what is.
    ///
    /// # Errors
    /// `BadRequest` where a name is empty, or there are too many.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (mut include, mut exclude) = (Vec::new(), Vec::new());
        for name in text.split(',').filter(|_| !text.is_empty()) {
            // A plus that was not percent-encoded comes as a blank.
            let name = name.trim_start_matches(' ');
            match name.strip_prefix('-') {
                Some(name) => exclude.push(named(name)?),
                None => include.push(named(name.strip_prefix('+').unwrap_or(name))?),
            }
        }
        Self::of(Some(include), exclude)
    }

    /// Reads `{"include": ["a"], "exclude": ["b"]}`, or `null`, which names nothing.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where it is something else.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let none = Map::new();
        let members = match value {
            Value::Null => &none,
            other => other.as_object().ok_or_else(|| refused(&value.to_string()))?,
        };
        let names = |key: &str| {
            let list = match members.get(key) {
                None => return Ok(None),
                Some(Value::Null) => return Ok(Some(Vec::new())),
                Some(value) => value.as_array().ok_or_else(|| refused(&value.to_string()))?,
            };
            let name = |name: &Value| named(name.as_str().ok_or_else(|| refused(&name.to_string()))?);
            list.iter().map(name).collect::<Result<Vec<_>, _>>().map(Some)
        };
        Self::of(names("include")?, names("exclude")?.unwrap_or_default())
    }

    /// `None` is included where nothing is said of that, which is not the same as an empty list.
    fn of(include: Option<Vec<String>>, exclude: Vec<String>) -> Result<Self, Error> {
        let base = match &include {
            Some(names) if !names.is_empty() => Base::Least,
            None if !exclude.is_empty() => Base::All,
            _ => Base::Usual,
        };
        let included = include.into_iter().flatten().map(|path| (Sign::Included, path));
        let mut paths: Vec<_> =
            exclude.into_iter().map(|path| (Sign::Excluded, path)).chain(included).collect();
        if paths.len() > MOST_NAMES {
            return Err(Error::bad_request(format!(
                "fields has {} names, but at most {MOST_NAMES} are served",
                paths.len()
            )));
        }
        paths.sort_by_key(|(sign, path)| (path.split('.').count(), *sign));
        Ok(Self { base, paths })
    }

    /// Whether items are sent as they are.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The parts of an item that are asked for.
    #[must_use]
    pub fn apply(&self, item: &Value) -> Value {
        let mut kept = self.base.of(item);
        for (sign, path) in &self.paths {
            match sign {
                Sign::Included => copy(item, path, &mut kept),
                Sign::Excluded => take(&mut kept, path),
            }
        }
        kept
    }
}

impl Base {
    fn of(self, item: &Value) -> Value {
        let mut kept = Value::Object(Map::new());
        let mut copy_all = |paths: &[&str]| paths.iter().for_each(|path| copy(item, path, &mut kept));
        match self {
            Self::All => return item.clone(),
            Self::Least => copy_all(&LEAST),
            Self::Usual => {
                copy_all(&USUAL);
                if found(item, "properties.datetime").is_none_or(Value::is_null) {
                    copy_all(&TIMES);
                }
            }
        }
        kept
    }
}

fn named(name: &str) -> Result<String, Error> {
    match name.is_empty() || name.contains([',', ' ']) || name.starts_with(['-', '+']) {
        true => Err(refused(name)),
        false => Ok(name.to_owned()),
    }
}

fn refused(text: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::bad_request(format!(
        "fields has {shown:?}, but a field is a name such as properties.title, with - before it where it is left out"
    ))
}

/// Names of extensions contain no dot, so a dot always leads a step down.
fn found<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, step| value.get(step))
}

/// Puts what an item has at a path to the same place; nothing where it has nothing there.
fn copy(item: &Value, path: &str, into: &mut Value) {
    let Some(value) = found(item, path) else { return };
    let mut at = into;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(members) = at.as_object_mut() else { return };
        at = members.entry(step).or_insert(Value::Null);
    }
    at.clone_from(value);
}

fn take(from: &mut Value, path: &str) {
    let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut steps = above.split('.').filter(|step| !step.is_empty());
    let above = steps.try_fold(from, |value, step| value.get_mut(step));
    if let Some(members) = above.and_then(Value::as_object_mut) {
        members.shift_remove(last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn item() -> Value {
        json!({
            "type": "Feature", "stac_version": "1.1.0", "id": "d1", "geometry": {"type": "Point"},
            "properties": {"datetime": "t2", "title": "t3", "deep": {"a": 4, "b": 5}},
            "links": [4], "assets": {"a5": {"href": "h6", "title": "t7"}}, "collection": "c8", "extra": 9
        })
    }

    fn read(fields: &str) -> Result<Fields, Error> {
        match serde_json::from_str(fields) {
            Ok(json) => Fields::from_json(&json),
            Err(_) => Fields::parse(fields),
        }
    }

    /// The paths of all members that are sent, without those of every selection.
    fn check(fields: &str, expected: &[&str]) {
        let kept = read(fields).unwrap().apply(&item());
        let mut paths = Vec::new();
        for (name, value) in kept.as_object().unwrap() {
            match value.as_object().filter(|_| name == "properties") {
                Some(inner) => paths.extend(inner.keys().map(|inner| format!("{name}.{inner}"))),
                None => paths.push(name.clone()),
            }
        }
        paths.retain(|path| !LEAST.contains(&path.as_str()));
        assert_eq!(paths, expected, "{fields}");
        let has_least = LEAST.iter().all(|path| kept[path] == item()[path]);
        assert!(has_least, "{fields}");
    }

    #[test]
    fn the_table_of_the_extension_holds() {
        let usual = ["geometry", "properties.datetime", "links", "assets"];
        for nothing in
            ["", "{}", "null", r#"{"include":null,"exclude":null}"#, r#"{"include":[],"exclude":[]}"#]
        {
            check(nothing, &usual);
        }
        check(r#"{"include":["extra","links"]}"#, &["extra", "links"]);
        check("extra,+links", &["extra", "links"]);
        check("links, extra", &["links", "extra"]);
        let all_but =
            ["properties.datetime", "properties.title", "properties.deep", "links", "assets", "extra"];
        check(r#"{"exclude":["geometry"]}"#, &all_but);
        let usual_but = ["properties.datetime", "links", "assets"];
        check(r#"{"exclude":["geometry"],"include":null}"#, &usual_but);
        check(r#"{"exclude":["geometry"],"include":[]}"#, &usual_but);
        check("-geometry", &usual_but);
        check("extra,links,-extra", &["extra", "links"]);
        check("extra,-extra,-links", &["extra"]);
        check("-properties,+properties.title", &["properties.title"]);
        check("properties,-properties.title", &["properties.datetime", "properties.deep"]);
        check(r#"{"exclude":["properties"],"include":["properties.title"]}"#, &["properties.title"]);
        check("none.of.these,-nor.this", &[]);
    }

    #[test]
    fn the_longest_path_prevails() {
        let kept = read("properties,-properties.deep,properties.deep.b").unwrap().apply(&item());
        assert_eq!(kept["properties"], json!({"datetime": "t2", "title": "t3", "deep": {"b": 5}}));
        let kept = read(r#"{"exclude":["id","assets.a5.title"]}"#).unwrap().apply(&item());
        assert_eq!((kept.get("id"), &kept["assets"]), (None, &json!({"a5": {"href": "h6"}})));
    }

    #[test]
    fn items_without_a_datetime_have_both_others() {
        let times = json!({"datetime": null, "start_datetime": "t1", "end_datetime": "t2"});
        let mut properties = times.clone();
        properties["title"] = json!("t3");
        assert_eq!(read("").unwrap().apply(&json!({"properties": properties}))["properties"], times);
    }

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        for other in ["a,,b", "--a", r#"{"include":[1]}"#, r#"{"include":"id"}"#, "[]", "1", "true"] {
            assert!(read(other).is_err(), "{other}");
        }
        assert!(read(&"a,".repeat(MOST_NAMES)).is_err());
        assert!(Fields::default().is_all() && !read("").unwrap().is_all());
    }

    proptest! {
        #[test]
        fn any_paths_may_be_put_and_taken(input in "[-+]?[ab.]{1,4}(,[-+]?[ab.]{1,4}){0,6}") {
            let item = json!({"a": {"b": {"a": 1}}, "b": [2]});
            if let Ok(fields) = Fields::parse(&input) {
                let kept = fields.apply(&item);
                // Nothing is made up: what is kept is at the same place in the item, or has a part of what is there.
                for (name, value) in kept.as_object().unwrap() {
                    prop_assert!(value.is_object() || item[name] == *value, "{} {}", input, kept);
                }
            }
        }

        #[test]
        fn included_paths_are_there_and_excluded_are_not(
            include in proptest::collection::vec("[ab](\\.[ab]){0,2}", 1..4), exclude in proptest::collection::vec("[ab](\\.[ab]){0,2}", 0..4),
        ) {
            let deep = json!({"a": 1, "b": 2});
            let item = json!({"a": {"a": deep, "b": deep}, "b": {"a": deep, "b": deep}});
            let names = include.iter().cloned().chain(exclude.iter().map(|path| format!("-{path}")));
            let kept = Fields::parse(&names.collect::<Vec<_>>().join(",")).unwrap().apply(&item);
            for leaf in ["a.a.a", "a.a.b", "a.b.a", "a.b.b", "b.a.a", "b.a.b", "b.b.a", "b.b.b"] {
                let longest = |paths: &[String]| {
                    let above = paths.iter().filter(|path| leaf == path.as_str() || leaf.starts_with(&format!("{path}.")));
                    above.map(String::len).max()
                };
                let expected = longest(&include).is_some_and(|put| longest(&exclude).is_none_or(|taken| taken <= put));
                prop_assert_eq!(found(&kept, leaf).is_some(), expected, "{} of {:?} {:?}", leaf, include, exclude);
            }
        }
    }
}
