//! Which parts of items are sent (STAC API extension Fields 1.0.0).

use serde_json::{Map, Value};
use weir_plugin_api::Error;

/// At most so many names.
const MOST_NAMES: usize = 100;

/// Parts of every item that are sent unless they are excluded by name: without them it is no item.
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

/// Paths of members, such as `properties.title`, that are included and excluded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Fields {
    /// Reads `a,+b,-c`.
    ///
    /// # Errors
    /// `BadRequest` where a name is empty, or there are too many.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut fields = Self::default();
        for name in text.split(',').filter(|_| !text.is_empty()) {
            let name = name.trim_start_matches(' ');
            match name.strip_prefix('-') {
                Some(name) => fields.exclude.push(named(name)?),
                None => fields.include.push(named(name.strip_prefix('+').unwrap_or(name))?),
            }
        }
        fields.checked()
    }

    /// Reads `{"include": ["a"], "exclude": ["b"]}`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where it is something else.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let members = value.as_object().ok_or_else(|| refused(&value.to_string()))?;
        let names = |key: &str| {
            let list = match members.get(key) {
                None | Some(Value::Null) => return Ok(Vec::new()),
                Some(value) => value.as_array().ok_or_else(|| refused(&value.to_string()))?,
            };
            let name = |name: &Value| named(name.as_str().ok_or_else(|| refused(&name.to_string()))?);
            list.iter().map(name).collect::<Result<Vec<_>, _>>()
        };
        Self { include: names("include")?, exclude: names("exclude")? }.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        let count = self.include.len().saturating_add(self.exclude.len());
        match count <= MOST_NAMES {
            true => Ok(self),
            false => Err(Error::bad_request(format!(
                "fields has {count} names, but at most {MOST_NAMES} are served"
            ))),
        }
    }

    /// Whether items are sent as they are.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Writes them as [`parse`](Self::parse) reads them.
    #[cfg(test)]
    fn text(&self) -> String {
        let included = self.include.iter().cloned();
        included.chain(self.exclude.iter().map(|name| format!("-{name}"))).collect::<Vec<_>>().join(",")
    }

    /// The parts of an item that are asked for.
    #[must_use]
    pub fn apply(&self, item: Value) -> Value {
        let mut kept = match self.include.is_empty() {
            true => item,
            false => {
                let mut kept = Value::Object(Map::new());
                for path in USUAL.into_iter().chain(self.include.iter().map(String::as_str)) {
                    if let Some(value) = found(&item, path) {
                        put(&mut kept, path, value.clone());
                    }
                }
                kept
            }
        };
        for path in self.exclude.iter().filter(|path| !self.include.contains(path)) {
            take(&mut kept, path);
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

fn put(into: &mut Value, path: &str, value: Value) {
    let mut at = into;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(members) = at.as_object_mut() else { return };
        at = members.entry(step).or_insert(Value::Null);
    }
    *at = value;
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

    fn check(fields: &str, expected: Option<&Value>) {
        let item = json!({
            "type": "Feature", "stac_version": "1.1.0", "id": "d1", "geometry": null, "properties": {"datetime": "t2", "title": "t3"},
            "links": [4], "assets": {"a5": {"href": "h6", "title": "t7"}}, "collection": "c8", "extra": 9
        });
        let read = if fields.starts_with('{') {
            Fields::from_json(&serde_json::from_str(fields).unwrap())
        } else {
            Fields::parse(fields)
        };
        assert_eq!(read.ok().map(|fields| fields.apply(item)).as_ref(), expected, "{fields}");
    }

    #[test]
    fn fields_choose_parts_of_items() {
        let usual = json!({
            "type": "Feature", "stac_version": "1.1.0", "id": "d1", "geometry": null, "properties": {"datetime": "t2"},
            "links": [4], "assets": {"a5": {"href": "h6", "title": "t7"}}, "collection": "c8"
        });
        let mut titled = usual.clone();
        titled["properties"]["title"] = json!("t3");
        check("properties.title", Some(&titled));
        check("+properties.title,id", Some(&titled));
        check("id", Some(&usual));
        check(r#"{"include":["id"],"exclude":[]}"#, Some(&usual));
        let mut less = usual.clone();
        less.as_object_mut().unwrap().shift_remove("links");
        less["assets"]["a5"].as_object_mut().unwrap().shift_remove("title");
        check("id,-links,-assets.a5.title", Some(&less));
        check("none.of.these,-nor.this", Some(&usual));
        check("a,,b", None);
        check("--a", None);
        check(r#"{"include":[1]}"#, None);
        check(r#"{"include":"id"}"#, None);
    }

    #[test]
    fn without_included_fields_all_are_sent_but_the_excluded() {
        let fields = Fields::parse("-extra").unwrap();
        assert_eq!(fields.apply(json!({"id": "d1", "extra": 2, "more": 3})), json!({"id": "d1", "more": 3}));
        assert!(Fields::parse("").unwrap().is_all());
    }

    proptest! {
        #[test]
        fn written_fields_are_read_as_the_same(input in "[-+a-z:.,]{0,30}") {
            if let Ok(fields) = Fields::parse(&input) {
                prop_assert_eq!(Fields::parse(&fields.text()).unwrap(), fields);
            }
        }

        #[test]
        fn any_path_may_be_put_and_taken(path in "[ab.]{1,6}") {
            let fields = Fields { include: vec![path.clone()], exclude: vec![path] };
            let _kept = fields.apply(json!({"a": {"b": {"a": 1}}, "b": [2]}));
        }
    }
}
