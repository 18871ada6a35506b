//! In which order items come (STAC API extension Sort 1.0.0).

use serde_json::Value;
use weir_plugin_api::Error;

/// At most so many keys.
const MOST_KEYS: usize = 8;

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The property, without `properties.` before it.
    pub field: String,
    /// Up or down.
    pub direction: Direction,
}

/// Reads `+a,-b,c`.
///
/// # Errors
/// `BadRequest` where a key has no name, or there are too many.
pub fn parse(text: &str) -> Result<Vec<Key>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let keys = text.split(',').map(|key| {
        // A plus that was not percent-encoded comes as a blank.
        let key = key.trim_start_matches(' ');
        match key.strip_prefix('-') {
            Some(field) => named(field, Direction::Descending),
            None => named(key.strip_prefix('+').unwrap_or(key), Direction::Ascending),
        }
    });
    few(keys.collect::<Result<_, _>>()?)
}

/// Reads `[{"field": "a", "direction": "asc"}]`.
///
/// # Errors
/// As [`parse`], and where it is something else.
pub fn from_json(value: &Value) -> Result<Vec<Key>, Error> {
    let list = value.as_array().ok_or_else(|| refused(&value.to_string()))?;
    let keys = list.iter().map(|key| {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let field = text("field").ok_or_else(|| refused(&key.to_string()))?;
        match text("direction").unwrap_or("asc") {
            "asc" => named(field, Direction::Ascending),
            "desc" => named(field, Direction::Descending),
            _ => Err(refused(&key.to_string())),
        }
    });
    few(keys.collect::<Result<_, _>>()?)
}

/// Writes keys as [`parse`] reads them.
#[cfg(test)]
fn text(keys: &[Key]) -> String {
    let key = |key: &Key| match key.direction {
        Direction::Ascending => format!("+{}", key.field),
        Direction::Descending => format!("-{}", key.field),
    };
    keys.iter().map(key).collect::<Vec<_>>().join(",")
}

fn named(field: &str, direction: Direction) -> Result<Key, Error> {
    let field = field.strip_prefix("properties.").unwrap_or(field);
    match field.is_empty() || field.contains(',') {
        true => Err(refused(field)),
        false => Ok(Key { field: field.to_owned(), direction }),
    }
}

fn few(keys: Vec<Key>) -> Result<Vec<Key>, Error> {
    match keys.len() <= MOST_KEYS {
        true => Ok(keys),
        false => Err(Error::bad_request(format!(
            "sortby has {} keys, but at most {MOST_KEYS} are served",
            keys.len()
        ))),
    }
}

fn refused(text: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::bad_request(format!(
        "sortby has {shown:?}, but a key is a property with + or - before it, in JSON {{\"field\": ..., \"direction\": \"asc\" or \
         \"desc\"}}"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        let read = if input.starts_with('[') {
            from_json(&serde_json::from_str(input).unwrap())
        } else {
            parse(input)
        };
        assert_eq!(read.ok().map(|keys| text(&keys)).as_deref(), expected, "{input}");
    }

    #[test]
    fn orders_are_signed_names() {
        check("datetime", Some("+datetime"));
        check("-properties.datetime,+id", Some("-datetime,+id"));
        check(" id,-title", Some("+id,-title"));
        check("", Some(""));
        check("a,,b", None);
        check("-", None);
        check("a,b,c,d,e,f,g,h,i", None);
        check(
            r#"[{"field":"properties.datetime","direction":"desc"},{"field":"id"}]"#,
            Some("-datetime,+id"),
        );
        check(r#"[{"field":"id","direction":"up"}]"#, None);
        check(r#"["id"]"#, None);
        check("[]", Some(""));
    }

    proptest! {
        #[test]
        fn written_orders_are_read_as_the_same(input in "[-+a-z:.,]{0,30}") {
            if let Ok(keys) = parse(&input) {
                prop_assert_eq!(parse(&text(&keys)).unwrap(), keys);
            }
        }
    }
}
