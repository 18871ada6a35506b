//! Answers: a line of JSON, then bytes.

use std::io::Write;

use serde::Serialize;

use crate::schema::Description;

/// What an error means; the server has the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The request does not fit the file.
    BadRequest,
    /// The file is damaged.
    Corrupt,
    /// There is no such variable or file.
    NotFound,
    /// More than can be handled.
    TooLarge,
    /// It cannot be read now.
    Unavailable,
    /// netCDF-C cannot read it, either.
    Unsupported,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What it means.
    pub kind: Kind,
    /// What happened, for people; names no path.
    pub message: String,
}

impl Failure {
    /// An error of any kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Elements, little-endian, row-major.
    Elements(Vec<u8>),
    /// Strings, row-major.
    Strings(Vec<Vec<u8>>),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Description(&'a Description),
    Error(&'a Failure),
    #[serde(untagged)]
    Bytes {
        bytes: usize,
        /// For strings: how many of the bytes each one has.
        #[serde(skip_serializing_if = "Option::is_none")]
        strings: Option<Vec<usize>>,
    },
}

/// Writes what the file holds.
///
/// # Errors
/// Where nobody listens any more.
pub fn write_description(out: &mut impl Write, description: &Description) -> std::io::Result<()> {
    write_line(out, &Line::Description(description))?;
    out.flush()
}

/// Writes an answer, or why there is none.
///
/// # Errors
/// Where nobody listens any more.
pub fn write(out: &mut impl Write, answer: &Result<Answer, Failure>) -> std::io::Result<()> {
    match answer {
        Ok(Answer::Elements(bytes)) => {
            write_line(out, &Line::Bytes { bytes: bytes.len(), strings: None })?;
            out.write_all(bytes)?;
        }
        Ok(Answer::Strings(strings)) => {
            let lengths: Vec<usize> = strings.iter().map(Vec::len).collect();
            write_line(out, &Line::Bytes { bytes: lengths.iter().sum(), strings: Some(lengths) })?;
            strings.iter().try_for_each(|text| out.write_all(text))?;
        }
        Err(failure) => write_line(out, &Line::Error(failure))?,
    }
    out.flush()
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::*;

    fn check(answer: &Result<Answer, Failure>, expected: &str) {
        let mut out = Vec::new();
        write(&mut out, answer).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn answers_are_a_line_and_bytes() {
        check(&Ok(Answer::Elements(b"abc".to_vec())), "{\"bytes\":3}\nabc");
        let strings = Answer::Strings(vec![b"ab".to_vec(), vec![], b"c".to_vec()]);
        check(&Ok(strings), "{\"bytes\":3,\"strings\":[2,0,1]}\nabc");
        let failure = Failure::new(Kind::TooLarge, "too much");
        check(&Err(failure), "{\"error\":{\"kind\":\"too_large\",\"message\":\"too much\"}}\n");
    }
}
