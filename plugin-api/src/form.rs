//! Queries as forms write them (URL Standard, `application/x-www-form-urlencoded`).

use std::str::Utf8Error;

use percent_encoding::percent_decode_str;

/// The names and values of a query, as they stand there.
pub fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// What a name or a value says: `+` is a blank there.
///
/// # Errors
/// Where it is no UTF-8.
pub fn decoded(text: &str) -> Result<String, Utf8Error> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_pairs() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            assert_eq!(pairs(query).collect::<Vec<_>>(), expected, "{query}");
        };
        check("", &[]);
        check("a=1&b&&c=2=3&=4", &[("a", "1"), ("b", ""), ("c", "2=3"), ("", "4")]);
    }

    #[test]
    fn blanks_are_plus_signs() {
        let check = |text: &str, expected: &str| assert_eq!(decoded(text).as_deref(), Ok(expected));
        check("a%2Fb+c%2B%C3%A9", "a/b c+é");
        check("%", "%");
        assert!(decoded("%ff").is_err());
    }
}
