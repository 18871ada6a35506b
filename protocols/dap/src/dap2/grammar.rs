//! The grammar of DDS and DAS as strictly as any client reads it, to check what this crate writes.
//!
//! netCDF-C loses every attribute of a dataset, without a word, over one token that its scanner does not know. So a document
//! is parsed before it is published, by rules that are the intersection of those of netCDF-C, libdap and pydap.

use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1, multispace0};
use nom::combinator::{all_consuming, map, map_opt, map_res, opt, value, verify};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::AtomicType;
use super::names::LONGEST;

/// A DDS that has been parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dds {
    /// The name of the dataset.
    pub name: String,
    /// The variables.
    pub variables: Vec<Declaration>,
}

/// One variable of a [`Dds`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The type of its elements.
    pub data_type: AtomicType,
    /// Its name, as it is spelled.
    pub name: String,
    /// The name, if any, and the length of each axis.
    pub axes: Vec<(Option<String>, u32)>,
}

/// A DAS that has been parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Das {
    /// The containers in order.
    pub containers: Vec<Container>,
}

/// One container of a [`Das`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name: that of a variable, or `NC_GLOBAL` or `DODS_EXTRA`.
    pub name: String,
    /// The attributes in order.
    pub attributes: Vec<Line>,
}

/// One attribute of a [`Container`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The type of its values.
    pub data_type: AtomicType,
    /// Its name, as it is spelled.
    pub name: String,
    /// The values: numbers as they are spelled, texts without quotes and escapes.
    pub values: Vec<Vec<u8>>,
}

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

/// Parses a DDS of plain arrays and scalars.
///
/// # Errors
/// [`Malformed`] says where the text stops being one.
pub fn parse_dds(text: &str) -> Result<Dds, Malformed> {
    let body = delimited((word("Dataset"), mark('{')), many0(declaration), mark('}'));
    let dataset = map((body, terminated(name, mark(';'))), |(variables, name)| Dds { name, variables });
    finish(text, dataset)
}

/// Parses a DAS of one level of containers.
///
/// # Errors
/// [`Malformed`] says where the text stops being one.
pub fn parse_das(text: &str) -> Result<Das, Malformed> {
    let body = delimited((word("Attributes"), mark('{')), many0(container), mark('}'));
    finish(text, map(body, |containers| Das { containers }))
}

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
fn name(input: &str) -> IResult<&str, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.%".contains(c);
    let starts = |name: &&str| name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let escapes = |name: &&str| {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_hexdigit).count() >= 2;
        name.split('%').skip(1).all(digits)
    };
    let fits = |name: &&str| starts(name) && escapes(name) && name.len() <= LONGEST.saturating_add(12);
    map(verify(preceded(multispace0, take_while1(is_name)), fits), str::to_owned).parse(input)
}

fn keyword(input: &str) -> IResult<&str, AtomicType> {
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

fn declaration(input: &str) -> IResult<&str, Declaration> {
    let make = |(data_type, name, axes)| Declaration { data_type, name, axes };
    map(terminated((keyword, name, many0(axis)), mark(';')), make).parse(input)
}

fn axis(input: &str) -> IResult<&str, (Option<String>, u32)> {
    let length =
        map_res(preceded(multispace0, digit1), |digits: &str| digits.parse::<i32>().map(i32::unsigned_abs));
    // pydap knows no `.` in the name of a dimension.
    let dimension = verify(name, |name: &str| !name.contains('.'));
    delimited(mark('['), (opt(terminated(dimension, mark('='))), length), mark(']')).parse(input)
}

fn container(input: &str) -> IResult<&str, Container> {
    let (rest, name) = name(input)?;
    // pydap tells a container from an attribute by the blank before the brace.
    let body = delimited((char(' '), char('{')), many0(line), mark('}'));
    map(body, move |attributes| Container { name: name.clone(), attributes }).parse(rest)
}

fn line(input: &str) -> IResult<&str, Line> {
    let (rest, (data_type, name)) = (keyword, name).parse(input)?;
    let (rest, _) = char(' ')(rest)?;
    let one = |input| if data_type == AtomicType::String { quoted(input) } else { number(data_type, input) };
    let (rest, values) = terminated(separated_list1(mark(','), one), mark(';')).parse(rest)?;
    Ok((rest, Line { data_type, name, values }))
}

fn number(data_type: AtomicType, input: &str) -> IResult<&str, Vec<u8>> {
    let is_number = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let token = preceded(multispace0, take_while1(is_number));
    map(verify(token, |token: &str| fits(data_type, token)), |token: &str| token.as_bytes().to_vec())
        .parse(input)
}

/// Whether `token` is a value of `data_type` that no client wraps, rounds or refuses.
fn fits(data_type: AtomicType, token: &str) -> bool {
    let within = |low: i64, high: i64| token.parse::<i64>().is_ok_and(|value| (low..=high).contains(&value));
    // pydap reads numbers as Python does, and knows these three words besides.
    let float = token.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let word = ["NaN", "inf", "-inf"].contains(&token);
    match data_type {
        AtomicType::Byte => within(i8::MIN.into(), u8::MAX.into()),
        AtomicType::Int16 => within(i16::MIN.into(), i16::MAX.into()),
        AtomicType::UInt16 => within(0, u16::MAX.into()),
        AtomicType::Int32 => within(i32::MIN.into(), i32::MAX.into()),
        AtomicType::UInt32 => within(0, u32::MAX.into()),
        AtomicType::Float32 => word || (float && token.parse::<f32>().is_ok_and(f32::is_finite)),
        AtomicType::Float64 => word || (float && token.parse::<f64>().is_ok_and(f64::is_finite)),
        AtomicType::String => false,
    }
}

/// A quoted text, without its escapes.
fn quoted(input: &str) -> IResult<&str, Vec<u8>> {
    let plain = map(take_while1(|c| c != '"' && c != '\\'), |text: &str| text.as_bytes().to_vec());
    let octal = map_res(verify(nom::bytes::complete::take(3_usize), is_octal), |digits: &str| {
        u8::from_str_radix(digits, 8).map(|byte| vec![byte])
    });
    let same = alt((value(b"\"".to_vec(), char('"')), value(b"\\".to_vec(), char('\\'))));
    let escaped = preceded(char('\\'), alt((octal, same)));
    let text = map(many0(alt((plain, escaped))), |parts| parts.concat());
    let (rest, found) = delimited(mark('"'), text, char('"')).parse(input)?;
    // pydap takes a backslash before the closing quote for an escape of it.
    let consumed = input.len().saturating_sub(rest.len());
    if input.get(..consumed).is_some_and(|text| text.ends_with("\\\\\"")) {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)));
    }
    Ok((rest, found))
}

fn is_octal(digits: &str) -> bool {
    digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_das(body: &str, expected: Result<usize, usize>) {
        let text = format!("Attributes {{\n{body}}}\n");
        let got = parse_das(&text).map(|das| das.containers.iter().map(|c| c.attributes.len()).sum());
        assert_eq!(got.map_err(|error| error.byte), expected, "{body}");
    }

    #[test]
    fn one_bad_token_is_found() {
        check_das("", Ok(0));
        check_das("t {\n}\n", Ok(0));
        check_das("t {\nInt16 a -1, 2;\nString b \"x\", \"y\";\n}\n", Ok(2));
        check_das("t {\nString b \"say \\\"x\\\" \\134\";\n}\n", Ok(1));
        check_das("t {\nFloat32 b 1.0, NaN, -inf, 1e20;\n}\n", Ok(1));
        for line in [
            "Int64 a 1;",
            "Int8 a 1;",
            "Int16 a 40000;",
            "Byte a 256;",
            "Byte a -129;",
            "Int16 a;",
            "Int16 a b 1;",
            "Int16 é 1;",
            "Int16 a@b 1;",
            "Int16 a% 1;",
            "Int16 -a 1;",
            "Float32 a Infinity;",
            "Float32 a 1e39;",
            "String a \"x;",
            "String a \"x\\\\\";",
            "String a \"x\\q\";",
        ] {
            let text = format!("Attributes {{\nt {{\n{line}\n}}\n}}\n");
            assert!(parse_das(&text).is_err(), "{line}");
        }
    }

    #[test]
    fn declarations_are_read() {
        let dds = parse_dds("Dataset {\n    Byte a%20b[n = 3][4];\n    String s;\n} x.nc;\n").unwrap();
        assert_eq!(dds.name, "x.nc");
        assert_eq!(dds.variables[0].axes, [(Some("n".to_owned()), 3), (None, 4)]);
        assert_eq!(dds.variables[1].data_type, AtomicType::String);
        for text in [
            "Dataset {\n Int64 a;\n} x;\n",
            "Dataset {\n Byte a[n = 3000000000];\n} x;\n",
            "Dataset {\n Byte a b;\n} x;\n",
            "Dataset {\n Byte a[n.m = 3];\n} x;\n",
            "Dataset {\n Byte a;\n} x;\nmore",
            "Dataset {\n Byte a;\n}",
        ] {
            assert!(parse_dds(text).is_err(), "{text}");
        }
    }
}
