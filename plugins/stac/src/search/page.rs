//! One page of a search: which records it has, how many there are in all, and where the next page begins.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use weir_plugin_api::Error;

use super::record::{Found, Record, Records};
use super::sort::{Direction, Key};
use super::wanted::{USUAL_LIMIT, Wanted};

/// Where a page ends: what the last item is sorted by, and its id. A page that begins behind it is the next one, whatever came or
/// went meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    values: Vec<Sorted>,
    id: String,
}

/// A value that items are sorted by, in the order of kinds: items without the property come last in either direction.
#[derive(Clone, Debug, PartialEq)]
enum Sorted {
    Truth(bool),
    Number(f64),
    Instant(i64),
    Text(String),
    Missing,
}

impl Sorted {
    fn of(found: Option<Found<'_>>) -> Self {
        match found {
            Some(Found::Truth(truth)) => Self::Truth(truth),
            Some(Found::Number(number)) => Self::Number(number),
            Some(Found::Instant(at)) => Self::Instant(at),
            Some(Found::Text(text)) => Self::Text(text.to_owned()),
            // Lists have no order.
            Some(Found::Texts(_)) | None => Self::Missing,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Truth(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }

    fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        let order = match (self, other) {
            (Self::Missing, _) | (_, Self::Missing) => return self.kind().cmp(&other.kind()),
            (Self::Truth(a), Self::Truth(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.kind().cmp(&other.kind()),
        };
        if direction == Direction::Descending { order.reverse() } else { order }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Truth(truth) => json!(truth),
            Self::Number(number) => json!(number),
            Self::Instant(at) => json!([at]),
            Self::Text(text) => json!(text),
            Self::Missing => Value::Null,
        }
    }

    fn from_json(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(truth) => Self::Truth(*truth),
            Value::Number(number) => Self::Number(number.as_f64()?),
            Value::String(text) => Self::Text(text.clone()),
            Value::Null => Self::Missing,
            Value::Array(list) => match list.as_slice() {
                [at] => Self::Instant(at.as_i64()?),
                _ => return None,
            },
            Value::Object(_) => return None,
        })
    }
}

impl Token {
    /// Reads what [`text`](Self::text) wrote.
    ///
    /// # Errors
    /// `BadRequest` where it is something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Error::bad_request(format!(
                "token is {shown:?}, which no page of this server has; begin at the first page"
            ))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (id, values) = document.as_array()?.split_first()?;
        let values = values.iter().map(Sorted::from_json).collect::<Option<_>>()?;
        Some(Self { id: id.as_str()?.to_owned(), values })
    }

    /// The token as it stands in URLs.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts = vec![Value::from(self.id.as_str())];
        parts.extend(self.values.iter().map(Sorted::to_json));
        URL_SAFE_NO_PAD.encode(Value::from(parts).to_string())
    }

    /// Whether it belongs to a search in this order.
    #[must_use]
    pub fn fits(&self, keys: &[Key]) -> bool {
        self.values.len() == keys.len()
    }
}

/// The items of one page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Their ids, in order.
    pub ids: Vec<String>,
    /// How many items fit the search, on all pages.
    pub matched: usize,
    /// Where the next page begins, if there is one.
    pub next: Option<Token>,
}

/// Finds the items of a page.
#[must_use]
pub fn page(records: &Records, wanted: &Wanted) -> Page {
    let limit = wanted.limit.unwrap_or(USUAL_LIMIT);
    let fitting = records.iter().filter(|(id, record)| fits(wanted, id, record));
    if !wanted.sort.is_empty() {
        return sorted_page(fitting, wanted, limit);
    }
    let after = wanted.token.as_ref().map(|token| token.id.as_str());
    let (mut matched, mut ids, mut is_more) = (0_usize, Vec::new(), false);
    for (id, _) in fitting {
        matched = matched.saturating_add(1);
        if after.is_none_or(|after| &**id > after) {
            if ids.len() < limit {
                ids.push(id.to_string());
            } else {
                is_more = true;
            }
        }
    }
    let last = ids.last().filter(|_| is_more);
    let next = last.map(|id| Token { values: Vec::new(), id: id.clone() });
    Page { ids, matched, next }
}

fn sorted_page<'r>(
    fitting: impl Iterator<Item = (&'r std::sync::Arc<str>, &'r Record)>,
    wanted: &Wanted,
    limit: usize,
) -> Page {
    let mut matched = 0_usize;
    let of = |id: &str, record: &Record| {
        let values = wanted.sort.iter().map(|key| Sorted::of(record.value(id, &key.field)));
        Token { values: values.collect(), id: id.to_owned() }
    };
    let mut found: Vec<Token> = Vec::new();
    for (id, record) in fitting {
        matched = matched.saturating_add(1);
        let place = of(id, record);
        if wanted.token.as_ref().is_none_or(|after| in_order(&wanted.sort, after, &place) == Ordering::Less) {
            found.push(place);
        }
    }
    let is_more = found.len() > limit;
    if is_more {
        found.select_nth_unstable_by(limit, |a, b| in_order(&wanted.sort, a, b));
        found.truncate(limit);
    }
    found.sort_unstable_by(|a, b| in_order(&wanted.sort, a, b));
    let next = found.last().filter(|_| is_more).cloned();
    Page { ids: found.into_iter().map(|place| place.id).collect(), matched, next }
}

fn in_order(keys: &[Key], a: &Token, b: &Token) -> Ordering {
    let values = keys.iter().zip(&a.values).zip(&b.values);
    let order = values.map(|((key, a), b)| a.compare(b, key.direction)).find(|order| order.is_ne());
    order.unwrap_or_else(|| a.id.cmp(&b.id))
}

fn fits(wanted: &Wanted, id: &str, record: &Record) -> bool {
    (wanted.collections.is_empty() || wanted.collections.iter().any(|name| **name == *record.collection))
        && (wanted.ids.is_empty() || wanted.ids.iter().any(|name| name == id))
        && wanted
            .interval
            .is_none_or(|wanted| record.interval.is_some_and(|interval| interval.intersects(&wanted)))
        && wanted.bbox.is_none_or(|wanted| record.meets_box(&wanted) == Some(true))
        && wanted.filter.as_ref().is_none_or(|filter| filter.holds(id, record))
        && wanted.intersects.as_ref().is_none_or(|shape| record.meets(shape) == Some(true))
}

#[cfg(test)]
mod tests;
