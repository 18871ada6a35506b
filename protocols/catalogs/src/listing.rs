//! What lies in a folder of datasets, as every catalog lists it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weir_cf::Calendar;
use weir_cf::time::DateTime;

/// A dataset, and what is known of it without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The id, such as `models/ocean/sst.nc`.
    pub id: &'a str,
    /// The bytes of its file.
    pub bytes: Option<u64>,
    /// When it changed, in seconds since 1970.
    pub modified: Option<i64>,
}

/// What lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child<'a> {
    /// A folder, by its whole path with a slash at its end.
    Folder(&'a str),
    /// A dataset.
    Dataset(Entry<'a>),
}

/// The last part of an id, or of a folder's path.
#[must_use]
pub fn name_of(id: &str) -> &str {
    let id = id.strip_suffix('/').unwrap_or(id);
    id.rsplit_once('/').map_or(id, |(_, name)| name)
}

/// The folder that a dataset or a folder lies in, with a slash at its end; nothing where that is the root.
#[must_use]
pub fn folder_of(id: &str) -> &str {
    let inside = id.strip_suffix('/').unwrap_or(id);
    inside.rfind('/').and_then(|slash| id.get(..=slash)).unwrap_or_default()
}

/// Paths keep their slashes; everything else that is not unreserved (RFC 3986, section 2.3) is encoded.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// An id as a part of a URL's path.
#[must_use]
pub fn encoded_path(id: &str) -> String {
    utf8_percent_encode(id, PATH).to_string()
}

/// Text as a value in a URL's query.
#[must_use]
pub fn encoded_value(text: &str) -> String {
    const VALUE: &AsciiSet = &PATH.add(b'~');
    utf8_percent_encode(text, VALUE).to_string()
}

/// Seconds since 1970 as RFC 3339 writes them; `None` where that has no years of as many digits.
#[must_use]
pub fn date(seconds: i64) -> Option<String> {
    /// The Julian day number of 1970-01-01, from whose beginning calendars of history count.
    const EPOCH: i128 = 2_440_588;
    let instant = (EPOCH * 86_400 + i128::from(seconds)).checked_mul(1_000_000_000)?;
    DateTime::at(Calendar::Standard, instant).ok()?.rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders() {
        let check = |id: &str, expected: (&str, &str)| assert_eq!((folder_of(id), name_of(id)), expected);
        check("x.nc", ("", "x.nc"));
        check("a/b/x.nc", ("a/b/", "x.nc"));
        check("a/b/", ("a/", "b"));
        check("a/", ("", "a"));
        check("", ("", ""));
    }

    #[test]
    fn ids_become_parts_of_urls() {
        assert_eq!(encoded_path("a b/é#1.nc"), "a%20b/%C3%A9%231.nc");
        assert_eq!(encoded_path("x{{y}}?"), "x%7B%7By%7D%7D%3F");
        assert_eq!(encoded_value("a b/~&"), "a%20b/%7E%26");
    }

    #[test]
    fn dates() {
        assert_eq!(date(1_583_020_799).as_deref(), Some("2020-02-29T23:59:59Z"));
        assert_eq!(date(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(date(i64::MAX), None);
    }
}
