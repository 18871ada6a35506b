//! Patterns of ids, such as `cmip6/{source_id}/{variable_id}_{table_id}_{period}.nc`: what stands in place of a name becomes the
//! value of the column of that name.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// Bytes that a compiled pattern takes at most.
const MOST_BYTES: usize = 1 << 20;

/// A pattern of ids.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern {
    text: String,
    expression: Regex,
    names: Vec<String>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    /// Names stand in braces, of letters, digits and underscores; each takes as few characters as it can, none of them a slash.
    fn try_from(text: String) -> Result<Self, String> {
        let mut expression = String::from("^");
        let (mut names, mut rest) = (Vec::<String>::new(), text.as_str());
        while let Some((before, behind)) = rest.split_once('{') {
            let wrong = |what: &str| format!("the pattern {text:?} is no pattern: {what}");
            let (name, after) = behind.split_once('}').ok_or_else(|| wrong("a brace is not closed"))?;
            let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(sound) {
                return Err(wrong(&format!("{name:?} is no name of letters, digits and underscores")));
            }
            if names.iter().any(|known| known == name) {
                return Err(wrong(&format!("{name} stands twice")));
            }
            expression += &regex::escape(before);
            expression += "([^/]+?)";
            names.push(name.to_owned());
            rest = after;
        }
        expression += &regex::escape(rest);
        expression.push('$');
        let expression = RegexBuilder::new(&expression).size_limit(MOST_BYTES).build();
        let expression = expression.map_err(|error| format!("the pattern {text:?} is too long: {error}"))?;
        Ok(Self { text, expression, names })
    }
}

impl Pattern {
    /// The names, in their order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The value of each name in an id that fits.
    pub(crate) fn values<'i>(&self, id: &'i str) -> Option<Vec<(&str, &'i str)>> {
        let captures = self.expression.captures(id)?;
        let values = captures.iter().skip(1).flatten().map(|found| found.as_str());
        Some(self.names.iter().map(String::as_str).zip(values).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, id: &str, expected: &str) {
        let pattern = Pattern::try_from(pattern.to_owned());
        let found = pattern.map_or_else(
            |error| error,
            |pattern| match pattern.values(id) {
                Some(values) => values.iter().map(|(name, value)| format!("{name}={value} ")).collect(),
                None => "no".to_owned(),
            },
        );
        assert_eq!(found, expected, "{id}");
    }

    #[test]
    fn names_take_what_stands_there() {
        check("{a}/{b}_{c}.nc", "x/tas_day_1.nc", "a=x b=tas c=day_1 ");
        check("{a}/{b}_{c}.nc", "x/y/tas_day.nc", "no");
        check("{a}/{b}_{c}.nc", "x/tas.nc", "no");
        check("v.{n}+", "v.7+", "n=7 ");
        check("v.{n}+", "vv7+", "no");
        check("all.nc", "all.nc", "");
        check("{a", "x", "the pattern \"{a\" is no pattern: a brace is not closed");
        check(
            "{a b}",
            "x",
            "the pattern \"{a b}\" is no pattern: \"a b\" is no name of letters, digits and underscores",
        );
        check("{a}{a}", "xx", "the pattern \"{a}{a}\" is no pattern: a stands twice");
    }
}
