//! The grammar of DDS and DAS as strictly as any client reads it, to check what this crate writes.
//!
//! netCDF-C loses every attribute of a dataset, without a word, over one token that its scanner does not know. So a document
//! is parsed before it is published, by rules that are the intersection of those of netCDF-C, libdap and pydap.

mod das;
mod dds;

use std::fmt;

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{all_consuming, map, map_opt, verify};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

pub use das::{Container, Das, Line, parse_das};
pub use dds::{Dds, Declaration, Kind, parse_dds};

use super::AtomicType;
use super::names::LONGEST;

/// A text that is not what its clients can parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes from 0.
    pub byte: usize,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text breaks the grammar of DAP2 at byte {}, at \"{}\"", self.byte, self.found)
    }
}

impl std::error::Error for Malformed {}

type Parsed<'a, T> = IResult<&'a str, T>;

fn finish<'a, T>(
    text: &'a str,
    parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
) -> Result<T, Malformed> {
    match all_consuming(terminated(parser, multispace0)).parse(text) {
        Ok((_, parsed)) => Ok(parsed),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(Malformed {
            byte: text.len().saturating_sub(error.input.len()),
            found: error.input.chars().take(20).collect(),
        }),
        Err(nom::Err::Incomplete(_)) => Err(Malformed { byte: text.len(), found: String::new() }),
    }
}

fn word<'a>(
    keyword: &'static str,
) -> impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>> {
    preceded(multispace0, tag(keyword))
}

fn mark<'a>(c: char) -> impl Parser<&'a str, Output = char, Error = nom::error::Error<&'a str>> {
    preceded(multispace0, char(c))
}

/// A name: letters, digits, `_-.` and complete escapes, beginning with a letter, a digit or `_`.
fn name(input: &str) -> Parsed<'_, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.%".contains(c);
    let starts = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let escapes = |name: &&str| {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_hexdigit).count() >= 2;
        name.split('%').skip(1).all(digits)
    };
    let fits = |name: &&str| starts(name) && escapes(name) && name.len() <= LONGEST.saturating_add(12);
    map(verify(preceded(multispace0, take_while1(is_name)), fits), str::to_owned).parse(input)
}

fn keyword(input: &str) -> Parsed<'_, AtomicType> {
    use AtomicType::{Byte, Float32, Float64, Int16, Int32, String, UInt16, UInt32};
    let known = |word: &str| {
        [Byte, Int16, UInt16, Int32, UInt32, Float32, Float64, String]
            .into_iter()
            .find(|t| t.keyword() == word)
    };
    let letters = take_while1(|c: char| c.is_ascii_alphanumeric());
    // pydap needs a blank behind a type, so the text must have one.
    terminated(preceded(multispace0, map_opt(letters, known)), char(' ')).parse(input)
}
