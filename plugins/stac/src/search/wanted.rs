//! A search as a client words it: `GET` with a query, or `POST` with JSON (STAC API - Item Search, section "Query Parameters and
//! Fields").

use std::str::Utf8Error;

use serde_json::{Map, Value};
use weir_plugin_api::{Error, form};

use super::bbox::Bbox;
use super::datetime::Interval;
use super::fields::Fields;
use super::filter::Filter;
use super::geometry::Shape;
use super::page::Token;
use super::sort::{self, Key};

/// Items on a page where the client names no number, and at most.
pub const USUAL_LIMIT: usize = 10;
/// A greater number is not refused: a client learns from the link to the next page that there are more.
pub const MOST_LIMIT: usize = 1000;

/// Ids and collections in one search, at most.
const MOST_NAMES: usize = 10_000;

/// What is searched for. Everything that is not `None` or empty must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// In one of these collections.
    pub collections: Vec<String>,
    /// With one of these ids.
    pub ids: Vec<String>,
    /// Has a point in common with this box.
    pub bbox: Option<Bbox>,
    /// Has a point in common with this geometry.
    pub intersects: Option<Shape>,
    /// Covers a part of this time.
    pub interval: Option<Interval>,
    /// Is as this says.
    pub filter: Option<Filter>,
    /// In this order; then by id.
    pub sort: Vec<Key>,
    /// So much of each.
    pub fields: Fields,
    /// So many; `None`: the usual number.
    pub limit: Option<usize>,
    /// Behind this one.
    pub token: Option<Token>,
}

/// The names and values of a query as forms write it (URL Standard, `application/x-www-form-urlencoded`).
///
/// # Errors
/// `BadRequest` where a value is not UTF-8.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    let decoded = |(name, value)| Ok((form::decoded(name)?, form::decoded(value)?));
    let pairs: Result<_, Utf8Error> = form::pairs(query).map(decoded).collect();
    pairs.map_err(|e| Error::bad_request(format!("the query has text that is not UTF-8: {e}")))
}

impl Wanted {
    /// Reads a query.
    ///
    /// # Errors
    /// `BadRequest` for what is not understood; parameters that are not known say nothing.
    pub fn from_query(query: &str) -> Result<Self, Error> {
        let mut members = Map::new();
        for (name, value) in pairs(query)? {
            let value = match name.as_str() {
                "intersects" | "query" => json(&name, &value)?,
                // A number that cannot be read is refused as any other value that is none.
                "limit" => value.parse::<u64>().map_or(Value::from(value), Value::from),
                _ => Value::from(value),
            };
            members.insert(name, value);
        }
        if members.get("filter-lang").and_then(Value::as_str) == Some("cql2-json")
            && let Some(filter) = members.get_mut("filter")
        {
            *filter = json("filter", filter.as_str().unwrap_or_default())?;
        }
        Self::read(&members, Written::InQuery)
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// As [`from_query`](Self::from_query).
    pub fn from_json(members: &Map<String, Value>) -> Result<Self, Error> {
        Self::read(members, Written::InBody)
    }

    fn read(members: &Map<String, Value>, written: Written) -> Result<Self, Error> {
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        let wanted = Self {
            collections: given("collections")
                .map(|value| names("collections", value))
                .transpose()?
                .unwrap_or_default(),
            ids: given("ids").map(|value| names("ids", value)).transpose()?.unwrap_or_default(),
            bbox: given("bbox").map(|value| written.read(value, Bbox::parse, Bbox::from_json)).transpose()?,
            intersects: given("intersects").map(Shape::from_json).transpose()?,
            interval: given("datetime").map(interval).transpose()?,
            filter: filter(given("filter"), given("filter-lang"), given("filter-crs"), given("query"))?,
            sort: given("sortby")
                .map(|value| written.read(value, sort::parse, sort::from_json))
                .transpose()?
                .unwrap_or_default(),
            // Here `null` says something.
            fields: members
                .get("fields")
                .map(|value| written.read(value, Fields::parse, Fields::from_json))
                .transpose()?
                .unwrap_or_default(),
            limit: given("limit").map(limit).transpose()?,
            token: given("token")
                .map(|value| Token::parse(value.as_str().unwrap_or_default()))
                .transpose()?,
        };
        wanted.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if self.bbox.is_some() && self.intersects.is_some() {
            return Err(Error::bad_request("bbox and intersects exclude each other; leave one of them out"));
        }
        if self.token.as_ref().is_some_and(|token| !token.fits(&self.sort)) {
            return Err(Error::bad_request(
                "the token belongs to a search in another order; begin at the first page",
            ));
        }
        Ok(self)
    }
}

/// Where a search is written: in a query all is text, in a body lists are lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    InQuery,
    InBody,
}

impl Written {
    fn read<T>(
        self,
        value: &Value,
        from_text: fn(&str) -> Result<T, Error>,
        from_json: fn(&Value) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match (self, value.as_str()) {
            (Self::InQuery, Some(text)) => from_text(text),
            _ => from_json(value),
        }
    }
}

fn json(name: &str, text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|e| Error::bad_request(format!("{name} is no JSON: {e}")))
}

fn names(what: &str, value: &Value) -> Result<Vec<String>, Error> {
    let refused = || Error::bad_request(format!("{what} must be a list of texts"));
    let names: Vec<String> = match value {
        // Clients write one name as a text in bodies, too.
        Value::String(text) => text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        Value::Array(list) => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(refused)?,
        _ => return Err(refused()),
    };
    match names.len() <= MOST_NAMES {
        true => Ok(names),
        false => Err(Error::bad_request(format!(
            "{what} has {} names, but at most {MOST_NAMES} are served",
            names.len()
        ))),
    }
}

fn interval(value: &Value) -> Result<Interval, Error> {
    let text = value.as_str().ok_or_else(|| Error::bad_request("datetime must be a text"))?;
    Interval::parse(text)
}

fn limit(value: &Value) -> Result<usize, Error> {
    // A number of this size, too, asks for as many as there are.
    let limit =
        value.as_u64().filter(|limit| *limit > 0).map(|limit| usize::try_from(limit).unwrap_or(MOST_LIMIT));
    limit.map(|limit| limit.min(MOST_LIMIT)).ok_or_else(|| {
        let shown: String = value.to_string().chars().take(40).collect();
        Error::bad_request(format!("limit is {shown}, but must be a number from 1 on"))
    })
}

/// The URI of longitude and latitude, the only reference system that geometries in filters have.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

fn filter(
    filter: Option<&Value>,
    language: Option<&Value>,
    crs: Option<&Value>,
    query: Option<&Value>,
) -> Result<Option<Filter>, Error> {
    if let Some(crs) = crs.filter(|crs| crs.as_str() != Some(CRS84)) {
        return Err(Error::bad_request(format!("filter-crs is {crs}, but only {CRS84} is served")));
    }
    if let Some(language) = language.filter(|l| !matches!(l.as_str(), Some("cql2-text" | "cql2-json"))) {
        return Err(Error::bad_request(format!(
            "filter-lang is {language}, but must be cql2-text or cql2-json"
        )));
    }
    let either = |value: &Value| value.as_str().map_or_else(|| Filter::from_json(value), Filter::parse);
    let filter = filter.map(either).transpose()?;
    let query = query.map(Filter::from_query).transpose()?;
    Ok(match (filter, query) {
        (Some(filter), Some(query)) => Some(filter.and(query)),
        (filter, query) => filter.or(query),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(query: &str, expected: Result<&Wanted, &str>) {
        match (Wanted::from_query(query), expected) {
            (Ok(got), Ok(expected)) => assert_eq!(&got, expected, "{query}"),
            (Err(error), Err(expected)) => assert!(error.message.contains(expected), "{query}: {error}"),
            (got, _) => panic!("{query}: {got:?}"),
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            collections: vec!["a b".to_owned(), "c".to_owned()],
            bbox: Bbox::parse("1,2,3,4").ok(),
            interval: Interval::parse("2001-01-01T00:00:00Z/..").ok(),
            sort: sort::parse("-datetime").unwrap(),
            limit: Some(7),
            ..Wanted::default()
        }
    }

    #[test]
    fn queries_are_searches() {
        check("", Ok(&Wanted::default()));
        check("unknown=1&&", Ok(&Wanted::default()));
        let query =
            "collections=a+b,c&bbox=1,2,3,4&datetime=2001-01-01T00%3A00:00Z/..&sortby=-datetime&limit=7";
        check(query, Ok(&wanted()));
        check("limit=5000", Ok(&Wanted { limit: Some(1000), ..Wanted::default() }));
        let filter = Some(Filter::parse("level > 3").unwrap());
        check(
            "filter=level%20%3E%203&filter-lang=cql2-text",
            Ok(&Wanted { filter: filter.clone(), ..Wanted::default() }),
        );
        let cql2 = r#"filter={"op":">","args":[{"property":"level"},3]}&filter-lang=cql2-json"#;
        check(cql2, Ok(&Wanted { filter, ..Wanted::default() }));
        for (query, reason) in [
            ("limit=0", "limit is 0"),
            ("limit=x", "limit is \"x\""),
            ("limit=-1", "limit is"),
            ("bbox=1,2", "bbox is"),
            ("datetime=2001", "datetime is"),
            ("intersects=x", "intersects is no JSON"),
            ("bbox=1,2,3,4&intersects={\"type\":\"Point\",\"coordinates\":[1,2]}", "exclude each other"),
            ("filter-lang=sql&filter=a", "filter-lang"),
            ("filter-crs=EPSG:4326", "filter-crs"),
            ("filter=(", "filter"),
            ("ids=%ff", "not UTF-8"),
            ("token=x", "token"),
        ] {
            check(query, Err(reason));
        }
    }

    #[test]
    fn bodies_are_searches() {
        let body = serde_json::json!({
            "collections": ["a b", "c"], "bbox": [1, 2, 3, 4], "datetime": "2001-01-01T00:00:00Z/..", "limit": 7,
            "sortby": [{"field": "datetime", "direction": "desc"}], "ids": null
        });
        assert_eq!(Wanted::from_json(body.as_object().unwrap()).unwrap(), wanted());
        for body in [
            r#"{"limit":"7"}"#,
            r#"{"collections":[1]}"#,
            r#"{"ids":{}}"#,
            r#"{"datetime":1}"#,
            r#"{"limit":-1}"#,
            r#"{"fields":1}"#,
        ] {
            assert!(Wanted::from_json(&serde_json::from_str(body).unwrap()).is_err(), "{body}");
        }
    }

    /// JSON as bodies have it, and some that they have not.
    fn bodies() -> impl Strategy<Value = Value> {
        let words = [
            "bbox",
            "ids",
            "collections",
            "limit",
            "datetime",
            "sortby",
            "field",
            "direction",
            "desc",
            "fields",
            "include",
            "exclude",
            "filter",
            "filter-lang",
            "cql2-json",
            "query",
            "token",
            "intersects",
            "type",
            "Point",
            "Polygon",
            "GeometryCollection",
            "coordinates",
            "geometries",
            "op",
            "args",
            "and",
            "not",
            "=",
            "<",
            "like",
            "between",
            "in",
            "isNull",
            "casei",
            "s_intersects",
            "t_after",
            "a_contains",
            "property",
            "geometry",
            "level",
            "timestamp",
            "interval",
            "2001-01-01T00:00:00Z",
            "..",
            "eq",
            "gt",
        ];
        let word = prop::sample::select(words.to_vec());
        let leaf = prop_oneof![
            word.clone().prop_map(Value::from),
            (-400.0..400.0_f64).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(6, 64, 5, move |inner| {
            let members = proptest::collection::vec((word.clone(), inner.clone()), 0..5);
            prop_oneof![
                proptest::collection::vec(inner, 0..5).prop_map(Value::from),
                members.prop_map(|members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(members in proptest::collection::vec((0_usize..11, bodies()), 0..4)) {
            let names =
                ["bbox", "ids", "collections", "limit", "datetime", "sortby", "fields", "filter", "query", "token", "intersects"];
            let members: Map<String, Value> =
                members.into_iter().map(|(name, value)| (names[name].to_owned(), value)).collect();
            if let Ok(wanted) = Wanted::from_json(&members) {
                prop_assert!(wanted.limit.is_none_or(|limit| (1..=MOST_LIMIT).contains(&limit)));
                let item = serde_json::json!({"id": "d1", "bbox": [1, 2, 3, 4], "properties": {"level": 5}});
                let record = crate::search::record::Record::of(&item, &mut Default::default());
                let _found = crate::search::page::page(&[("d1".into(), record)].into_iter().collect(), &wanted);
            }
        }

        #[test]
        fn any_query_is_read_or_refused(query in "(bbox|ids|limit|datetime|sortby|fields|filter|query|token|intersects|=|&|[%a-z0-9,{}:\"\\[\\]]){0,30}") {
            let _read_or_refused = Wanted::from_query(&query);
        }
    }
}
