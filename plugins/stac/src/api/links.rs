//! Addresses of the API, and links to them.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What stands in a segment of a path as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a collection; what is no plain letter of its id is encoded.
pub fn collection_url(base: &str, id: &str) -> String {
    format!("{base}/stac/collections/{}", utf8_percent_encode(id, SEGMENT))
}

/// A link.
pub fn link(rel: &str, href: &str, media_type: &str) -> Value {
    json!({"rel": rel, "href": href, "type": media_type})
}

/// A query of these names and values, with a question mark before it; nothing where there are none.
pub fn query(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        let sign = if text.is_empty() { '?' } else { '&' };
        let encoded = |text| utf8_percent_encode(text, SEGMENT);
        // Writing into a string does not fail.
        let _written = write!(text, "{sign}{}={}", encoded(name), encoded(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_ids_as_one_segment() {
        assert_eq!(collection_url("http://h/b", "a b/é"), "http://h/b/stac/collections/a%20b%2F%C3%A9");
        let pairs = [("bbox", "1,2,3,4"), ("token", "a&b")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(query(&pairs), "?bbox=1%2C2%2C3%2C4&token=a%26b");
        assert_eq!(query(&[]), "");
    }
}
