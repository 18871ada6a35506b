//! Attributes that are lists of names: `coordinates`, `ancillary_variables`, and the `key: value` lists of `formula_terms`,
//! `cell_measures` and the extended `grid_mapping`.

use std::fmt;

/// Why an attribute cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The attribute's text, cut to a length that fits a message.
    pub text: String,
    /// What is wrong.
    pub reason: &'static str,
}

impl SyntaxError {
    pub(crate) fn new(text: &str, reason: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), reason }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot be read: {}", self.text, self.reason)
    }
}

impl std::error::Error for SyntaxError {}

/// The names in a blank-separated list (`coordinates`, `ancillary_variables`).
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// A key and the words behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// What stands before the colon.
    pub key: String,
    /// What stands behind it, up to the next key.
    pub names: Vec<String>,
}

/// Reads `key: name name ... key: name ...`; a blank may be missing behind a colon (`area:cell_area`), as it often is.
///
/// # Errors
/// [`SyntaxError`] where the first word is no key, or a key is empty.
pub fn keyed_lists(text: &str) -> Result<Vec<Keyed>, SyntaxError> {
    let mut lists: Vec<Keyed> = Vec::new();
    for word in text.split_whitespace() {
        let (key, name) = word.split_once(':').map_or((None, word), |(key, name)| (Some(key), name));
        if let Some(key) = key {
            if key.is_empty() {
                return Err(SyntaxError::new(text, "a colon has no key before it"));
            }
            lists.push(Keyed { key: key.to_owned(), names: Vec::new() });
        }
        let Some(list) = lists.last_mut() else {
            return Err(SyntaxError::new(text, "it does not begin with a key and a colon"));
        };
        if !name.is_empty() {
            list.names.push(name.to_owned());
        }
    }
    Ok(lists)
}

/// Reads `key: name key: name` (`formula_terms`, CF section 4.3.3; `cell_measures`, section 7.2).
///
/// # Errors
/// [`SyntaxError`] where a key has no name or more than one.
pub fn pairs(text: &str) -> Result<Vec<(String, String)>, SyntaxError> {
    let pair = |list: Keyed| match <[String; 1]>::try_from(list.names) {
        Ok([name]) => Ok((list.key, name)),
        Err(_names) => Err(SyntaxError::new(text, "a key is not followed by one name")),
    };
    keyed_lists(text)?.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected
            .map(|pairs| pairs.iter().map(|(key, name)| ((*key).to_owned(), (*name).to_owned())).collect());
        assert_eq!(pairs(text).ok(), expected, "{text}");
    }

    #[test]
    fn pairs_are_read() {
        check("a: ap b: b ps: ps", Some(&[("a", "ap"), ("b", "b"), ("ps", "ps")]));
        check(" area:cell_area\n", Some(&[("area", "cell_area")]));
        check("", Some(&[]));
        check("a: b c", None);
        check("a:", None);
        check("a b: c", None);
        check(": c", None);
    }

    #[test]
    fn lists_are_read() {
        let lists = keyed_lists("crs: x y wgs84: lat lon").unwrap();
        assert_eq!(
            lists[1],
            Keyed { key: "wgs84".to_owned(), names: vec!["lat".to_owned(), "lon".to_owned()] }
        );
        assert_eq!(names(" a\tb ").collect::<Vec<_>>(), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "\\PC{0,60}") {
            let _ = pairs(&text);
            let _ = keyed_lists(&text);
        }
    }
}
