//! Errors of a configuration: where it is wrong, and how.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// What is wrong with a configuration. Shown as `{}` it is one line; as `{:#}` it also has the line of the file, and points at the
/// place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file, as it was named.
    pub file: String,
    /// Where in it, if that is known.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    text: String,
    /// Which of its bytes are meant.
    meant: Range<usize>,
}

impl Error {
    pub(crate) fn of_file(file: &Path, message: String) -> Self {
        Self { file: file.display().to_string(), place: None, message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.place else { return write!(f, "{}: {}", self.file, self.message) };
        write!(f, "{}:{}:{}: {}", self.file, place.line, place.column, self.message)?;
        if f.alternate() { write!(f, "\n{}", place.pointed_at()) } else { Ok(()) }
    }
}

impl Place {
    /// The line, and below it what points at the place.
    fn pointed_at(&self) -> String {
        let meant = AnnotationKind::Primary.span(self.meant.clone());
        let snippet = Snippet::source(&self.text).line_start(self.line).annotation(meant);
        Renderer::plain().render(&[Group::with_level(Level::ERROR).element(snippet)])
    }
}

impl std::error::Error for Error {}

/// Places in a file.
pub struct Places<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
}

impl Places<'_> {
    /// An error at a span of bytes.
    pub fn at(&self, span: Range<usize>, message: String) -> Error {
        let (before, after) = self.text.split_at_checked(span.start).unwrap_or((self.text, ""));
        let indent = before.rsplit('\n').next().unwrap_or_default();
        let rest = after.split('\n').next().unwrap_or_default().trim_end();
        let meant = rest.get(..span.len()).unwrap_or(rest).len();
        let place = Place {
            line: before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1),
            column: indent.chars().count().saturating_add(1),
            text: format!("{indent}{rest}"),
            meant: indent.len()..indent.len().saturating_add(meant),
        };
        Error { place: Some(place), ..Error::of_file(self.file, message) }
    }

    /// What the parser says, with a proposal where a field's name is nearly right.
    pub fn toml(&self, error: &toml::de::Error) -> Error {
        let message = error.message().trim_end().to_owned();
        let message = match proposal(&message) {
            Some(name) => format!("{message}; did you mean `{name}`?"),
            None => message,
        };
        match error.span() {
            Some(span) => self.at(span, message),
            None => Error::of_file(self.file, message),
        }
    }
}

/// The name that an unknown field was meant to be: the nearest of those that are expected, if it is near.
fn proposal(message: &str) -> Option<&str> {
    let (_, rest) =
        message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next()?;
    nearest(unknown, names)
}

/// The name that an unknown one was meant to be, if one is near.
pub fn nearest<'n>(unknown: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|name| (distance(unknown, name), name)).min()?;
    (near.0 > 0 && near.0 <= unknown.len().div_ceil(3)).then_some(near.1)
}

/// How many letters must be added, removed or changed to make one word of another (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (number, letter) in a.chars().enumerate() {
        let mut above = number;
        let mut left = number.saturating_add(1);
        for (place, other) in row.iter_mut().skip(1).zip(&b) {
            let changed = above.saturating_add(usize::from(letter != *other));
            above = *place;
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            *place = left;
        }
        if let Some(first) = row.first_mut() {
            *first = number.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_proposed() {
        let check = |a, b, expected| assert_eq!(distance(a, b), expected, "{a} {b}");
        check("", "abc", 3);
        check("abc", "", 3);
        check("kitten", "sitting", 3);
        check("same", "same", 0);
        let message = "unknown field `dimenson`, expected one of `type`, `dimension`, `files`";
        assert_eq!(proposal(message), Some("dimension"));
        assert_eq!(proposal("unknown field `zzz`, expected `path`"), None);
        assert_eq!(proposal("missing field `path`"), None);
    }
}
