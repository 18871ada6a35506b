//! What a listing is asked for.

use weir_plugin_api::{Error, form};

/// A page has at most so many keys and common prefixes, as in S3.
const MOST_KEYS: usize = 1000;

/// A place in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind all objects of a dataset, and of those in front of it.
    Id(String),
    /// Behind an object.
    Key(String),
}

impl Default for Place {
    fn default() -> Self {
        Self::Id(String::new())
    }
}

impl Place {
    /// The place as a token. Ids may be beginnings of other datasets' keys, so it says which it is.
    pub fn token(&self) -> String {
        match self {
            Self::Id(id) => format!("i:{id}"),
            Self::Key(key) => format!("k:{key}"),
        }
    }

    /// The place that a token says, or any text that a client made up: that is a key.
    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("i", id)) => Self::Id(id.to_owned()),
            Some(("k", key)) => Self::Key(key.to_owned()),
            _ if text.is_empty() => Self::default(),
            _ => Self::Key(text.to_owned()),
        }
    }
}

/// The parameters of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have it behind the prefix are put together.
    pub delimiter: String,
    /// Only what stands behind it: where the page before ended, or what the client wants to skip.
    pub after: Place,
    /// What the client said of it.
    pub said: String,
    /// At most so many entries.
    pub most: usize,
    /// Whether keys are wanted percent-encoded.
    pub encoded: bool,
    /// Whether it is asked for as ListObjects, without the 2.
    pub first_version: bool,
    /// Whether the bucket's region is wanted, no listing.
    pub location: bool,
}

impl Query {
    /// Reads the query of a request for the bucket.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut query = Self { most: MOST_KEYS, first_version: true, ..Self::default() };
        let (mut token, mut start) = (None, None);
        for (name, value) in form::pairs(text) {
            let value = decoded(value)?;
            match decoded(name)?.as_str() {
                "list-type" if value == "2" => query.first_version = false,
                "prefix" => query.prefix = value,
                "delimiter" => query.delimiter = value,
                "continuation-token" => token = Some(decoded(&value)?),
                "start-after" | "marker" => start = Some(value),
                "max-keys" => query.most = most(&value)?,
                "encoding-type" if value == "url" => query.encoded = true,
                "location" => query.location = true,
                "list-type" | "encoding-type" => {
                    return Err(Error::bad_request(format!(
                        "{name} is {value:?}; it must be 2 or url, or be left out"
                    )));
                }
                "acl" | "policy" | "versioning" | "versions" | "uploads" | "lifecycle" | "cors"
                | "tagging" => {
                    return Err(Error::unsupported(format!(
                        "{name} of a bucket is not served: it can only be read"
                    )));
                }
                // Clients send others of their own (`x-id`, `fetch-owner`).
                _ => {}
            }
        }
        query.said = token.or(start).unwrap_or_default();
        query.after = Place::parse(&query.said);
        Ok(query)
    }
}

fn most(value: &str) -> Result<usize, Error> {
    let number: usize =
        value.parse().map_err(|error| Error::bad_request(format!("max-keys is {value:?}: {error}")))?;
    Ok(number.min(MOST_KEYS))
}

/// Text of a query: `+` is a blank there.
fn decoded(text: &str) -> Result<String, Error> {
    form::decoded(text).map_err(|error| {
        Error::bad_request(format!("the query is not UTF-8 after percent decoding: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = Query::parse(text).map(|q| {
            format!(
                "{:?} {:?} {:?} {} {} {}",
                q.prefix,
                q.delimiter,
                q.after.token(),
                q.most,
                q.encoded,
                q.first_version
            )
        });
        match expected {
            Ok(expected) => assert_eq!(got.unwrap(), expected, "{text}"),
            Err(words) => assert!(got.as_ref().is_err_and(|error| error.message.contains(words)), "{got:?}"),
        }
    }

    #[test]
    fn queries() {
        check("", Ok(r#""" "" "i:" 1000 false true"#));
        check("list-type=2&prefix=a%2Fb+c&delimiter=%2F&max-keys=5", Ok(r#""a/b c" "/" "i:" 5 false false"#));
        check(
            "list-type=2&encoding-type=url&start-after=x&continuation-token=k:y",
            Ok(r#""" "" "k:y" 1000 true false"#),
        );
        check("marker=m&max-keys=100000&x-id=ListObjects", Ok(r#""" "" "k:m" 1000 false true"#));
        check("list-type=3", Err("list-type is \"3\""));
        check("max-keys=-1", Err("max-keys is \"-1\""));
        check("versioning", Err("can only be read"));
        check("prefix=%ff", Err("not UTF-8"));
    }
}
