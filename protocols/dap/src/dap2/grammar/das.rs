//! The grammar of the DAS: containers of attributes, and containers in those for members of a variable.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char, multispace0};
use nom::combinator::{map, map_res, value, verify};
use nom::error::{Error, ErrorKind};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};

use super::super::AtomicType;
use super::{Malformed, Parsed, finish, keyword, mark, name, word};

/// Containers may lie so deep in each other, as [members](super::dds::DEEPEST) may.
const DEEPEST: usize = super::dds::DEEPEST;

/// A DAS that has been parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Das {
    /// The containers in order.
    pub containers: Vec<Container>,
}

/// One container of a [`Das`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name: that of a variable or of a member of one, or `NC_GLOBAL` or `DODS_EXTRA`.
    pub name: String,
    /// The attributes in order.
    pub attributes: Vec<Line>,
    /// The containers of members, in order.
    pub containers: Vec<Container>,
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

/// Parses a DAS.
///
/// # Errors
/// [`Malformed`] says where the text stops being one.
pub fn parse_das(text: &str) -> Result<Das, Malformed> {
    let containers = many0(|input| container(input, DEEPEST));
    let body = delimited((word("Attributes"), mark('{')), containers, mark('}'));
    finish(text, map(body, |containers| Das { containers }))
}

/// What a container holds.
enum Content {
    Attribute(Line),
    Member(Container),
}

fn container(input: &str, depth: usize) -> Parsed<'_, Container> {
    let (rest, name) = name(input)?;
    let Some(inner) = depth.checked_sub(1) else {
        return Err(nom::Err::Failure(Error::new(input, ErrorKind::TooLarge)));
    };
    let content = alt((map(line, Content::Attribute), map(|i| container(i, inner), Content::Member)));
    // pydap tells a container from an attribute by the blank before the brace.
    let (rest, content) = delimited((char(' '), char('{')), many0(content), mark('}')).parse(rest)?;
    let mut container = Container { name, attributes: vec![], containers: vec![] };
    for part in content {
        match part {
            Content::Attribute(line) => container.attributes.push(line),
            Content::Member(member) => container.containers.push(member),
        }
    }
    Ok((rest, container))
}

fn line(input: &str) -> Parsed<'_, Line> {
    let (rest, (data_type, name)) = (keyword, name).parse(input)?;
    let (rest, _) = char(' ')(rest)?;
    let one = |input| if data_type == AtomicType::String { quoted(input) } else { number(data_type, input) };
    let (rest, values) = terminated(separated_list1(mark(','), one), mark(';')).parse(rest)?;
    Ok((rest, Line { data_type, name, values }))
}

fn number(data_type: AtomicType, input: &str) -> Parsed<'_, Vec<u8>> {
    let is_number = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let token = preceded(multispace0, take_while1(is_number));
    map(verify(token, |token: &str| fits(data_type, token)), |token: &str| token.as_bytes().to_vec())
        .parse(input)
}

/// Whether `token` is a value of `data_type` that no client wraps, rounds or refuses.
fn fits(data_type: AtomicType, token: &str) -> bool {
    let within = |low: i64, high: i64| token.parse::<i64>().is_ok_and(|value| (low..=high).contains(&value));
    // pydap reads numbers as Python does, and knows the first of these words besides; the others are infinity for every client.
    let float = token.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let word = ["NaN", "1e999", "-1e999"].contains(&token);
    match data_type {
        AtomicType::Byte => within(0, u8::MAX.into()),
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
fn quoted(input: &str) -> Parsed<'_, Vec<u8>> {
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
        return Err(nom::Err::Error(Error::new(input, ErrorKind::Verify)));
    }
    Ok((rest, found))
}

fn is_octal(digits: &str) -> bool {
    digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<usize, usize>) {
        let text = format!("Attributes {{\n{body}}}\n");
        let got = parse_das(&text).map(|das| das.containers.iter().map(|c| c.attributes.len()).sum());
        assert_eq!(got.map_err(|error| error.byte), expected, "{body}");
    }

    #[test]
    fn one_bad_token_is_found() {
        check("", Ok(0));
        check("t {\n}\n", Ok(0));
        check("t {\nInt16 a -1, 2;\nString b \"x\", \"y\";\n}\n", Ok(2));
        check("t {\nString b \"say \\\"x\\\" \\134\";\n}\n", Ok(1));
        check("t {\nFloat32 b 1.0, NaN, -1e999, 1e20;\n}\n", Ok(1));
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
            "Float32 a inf;",
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
    fn members_have_containers_of_their_own() {
        let text = "Attributes {\n  s {\n  Byte a 1;\n  f {\n  Byte b 2;\n  }\n  Byte c 3;\n  }\n}\n";
        let das = parse_das(text).unwrap();
        let [s] = das.containers.as_slice() else { panic!("{das:?}") };
        assert_eq!((s.attributes.len(), s.containers.len()), (2, 1));
        assert_eq!(s.containers[0].attributes[0].name, "b");
        let deep = |depth: usize| format!("Attributes {{ {}{} }}", "a {".repeat(depth), "}".repeat(depth));
        assert!(parse_das(&deep(DEEPEST)).is_ok());
        assert!(parse_das(&deep(100_000)).is_err());
    }
}
