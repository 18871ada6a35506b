//! The grammar of the DDS: declarations of arrays, Structures, Sequences and Grids, to any reasonable depth.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit1, multispace0};
use nom::combinator::{map, map_res, opt, verify};
use nom::error::{Error, ErrorKind};
use nom::multi::{many0, many1};
use nom::sequence::{delimited, preceded, terminated};

use super::super::AtomicType;
use super::{Malformed, Parsed, finish, keyword, mark, name, word};

/// Structures and Sequences may lie so deep in each other; more would only use up the stack of whoever reads them.
pub(super) const DEEPEST: usize = 32;

/// A DDS that has been parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dds {
    /// The name of the dataset.
    pub name: String,
    /// The variables.
    pub variables: Vec<Declaration>,
}

/// One declaration of a [`Dds`]: a variable, or a member of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What it is.
    pub kind: Kind,
    /// Its name, as it is spelled.
    pub name: String,
    /// The name, if any, and the length of each axis; none for a scalar, a Sequence or a Grid.
    pub axes: Vec<(Option<String>, u32)>,
}

/// What is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers or texts.
    Atomic(AtomicType),
    /// Members that belong together; an array of them where the declaration has axes.
    Structure(Vec<Declaration>),
    /// Rows of members, as many as the data says.
    Sequence(Vec<Declaration>),
    /// An array and the coordinates along its axes.
    Grid {
        /// The array; always atomic.
        array: Box<Declaration>,
        /// One coordinate variable per axis of the array; each atomic and with one axis.
        maps: Vec<Declaration>,
    },
}

impl Declaration {
    /// The element type, where it is atomic.
    #[must_use]
    pub fn atomic(&self) -> Option<AtomicType> {
        match self.kind {
            Kind::Atomic(data_type) => Some(data_type),
            _ => None,
        }
    }

    /// The declarations directly inside this one, in the order in which their data travels.
    #[must_use]
    pub fn members(&self) -> Vec<&Declaration> {
        match &self.kind {
            Kind::Atomic(_) => vec![],
            Kind::Structure(members) | Kind::Sequence(members) => members.iter().collect(),
            Kind::Grid { array, maps } => std::iter::once(&**array).chain(maps).collect(),
        }
    }
}

/// Parses a DDS.
///
/// # Errors
/// [`Malformed`] says where the text stops being one.
pub fn parse_dds(text: &str) -> Result<Dds, Malformed> {
    let body = delimited((word("Dataset"), mark('{')), declarations(DEEPEST), mark('}'));
    let dataset = map((body, terminated(name, mark(';'))), |(variables, name)| Dds { name, variables });
    finish(text, dataset)
}

fn declarations<'a>(depth: usize) -> impl Parser<&'a str, Output = Vec<Declaration>, Error = Error<&'a str>> {
    many0(move |input| declaration(input, depth))
}

fn declaration(input: &str, depth: usize) -> Parsed<'_, Declaration> {
    let Some(inner) = depth.checked_sub(1) else {
        return Err(nom::Err::Failure(Error::new(input, ErrorKind::TooLarge)));
    };
    alt((plain, |input| structure(input, inner), |input| sequence(input, inner), grid)).parse(input)
}

fn plain(input: &str) -> Parsed<'_, Declaration> {
    let make = |(data_type, name, axes)| Declaration { kind: Kind::Atomic(data_type), name, axes };
    map(terminated((keyword, name, many0(axis)), mark(';')), make).parse(input)
}

/// A keyword and the brace behind it; all clients take one blank between them.
fn open<'a>(keyword: &'static str) -> impl Parser<&'a str, Output = char, Error = Error<&'a str>> {
    preceded((multispace0, tag(keyword), char(' ')), char('{'))
}

/// The declarations between braces; at least one, as clients have no use for a constructor without members.
fn members(input: &str, depth: usize) -> Parsed<'_, Vec<Declaration>> {
    terminated(many1(|input| declaration(input, depth)), mark('}')).parse(input)
}

fn structure(input: &str, depth: usize) -> Parsed<'_, Declaration> {
    let (input, _) = open("Structure").parse(input)?;
    let (input, members) = members(input, depth)?;
    let (rest, (name, axes)) = terminated((name, many0(axis)), mark(';')).parse(input)?;
    Ok((rest, Declaration { kind: Kind::Structure(members), name, axes }))
}

fn sequence(input: &str, depth: usize) -> Parsed<'_, Declaration> {
    let (input, _) = open("Sequence").parse(input)?;
    let (input, members) = members(input, depth)?;
    let (rest, name) = terminated(name, mark(';')).parse(input)?;
    Ok((rest, Declaration { kind: Kind::Sequence(members), name, axes: vec![] }))
}

fn grid(input: &str) -> Parsed<'_, Declaration> {
    let array = preceded((open("Grid"), word("Array:")), plain);
    let maps = preceded(word("Maps:"), terminated(many1(plain), mark('}')));
    let fits = |(array, maps, _): &(Declaration, Vec<Declaration>, String)| {
        let along = |map: &Declaration, (_, length): &(_, u32)| matches!(map.axes.as_slice(), [(_, own)] if own == length);
        maps.len() == array.axes.len() && maps.iter().zip(&array.axes).all(|(map, axis)| along(map, axis))
    };
    let whole = verify((array, maps, terminated(name, mark(';'))), fits);
    let make = |(array, maps, name)| Declaration {
        kind: Kind::Grid { array: Box::new(array), maps },
        name,
        axes: vec![],
    };
    map(whole, make).parse(input)
}

fn axis(input: &str) -> Parsed<'_, (Option<String>, u32)> {
    let length =
        map_res(preceded(multispace0, digit1), |digits: &str| digits.parse::<i32>().map(i32::unsigned_abs));
    // pydap knows no `.` in the name of a dimension.
    let dimension = verify(name, |name: &str| !name.contains('.'));
    delimited(mark('['), (opt(terminated(dimension, mark('='))), length), mark(']')).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A declaration on one line: `Structure{Int16 a[x=2]}s[n=3]`.
    fn shown(declaration: &Declaration) -> String {
        let all = |members: &[Declaration]| members.iter().map(shown).collect::<Vec<_>>().join(";");
        let kind = match &declaration.kind {
            Kind::Atomic(data_type) => data_type.keyword().to_owned() + " ",
            Kind::Structure(members) => format!("Structure{{{}}}", all(members)),
            Kind::Sequence(members) => format!("Sequence{{{}}}", all(members)),
            Kind::Grid { array, maps } => format!("Grid{{{}|{}}}", shown(array), all(maps)),
        };
        let axis = |(name, length): &(Option<String>, u32)| match name {
            Some(name) => format!("[{name}={length}]"),
            None => format!("[{length}]"),
        };
        let axes: String = declaration.axes.iter().map(axis).collect();
        format!("{kind}{}{axes}", declaration.name)
    }

    fn check(body: &str, expected: Result<&str, usize>) {
        let text = format!("Dataset {{\n{body}}} x.nc;\n");
        let got = parse_dds(&text).map_err(|malformed| malformed.byte.saturating_sub(10));
        let got = got.map(|dds| dds.variables.iter().map(shown).collect::<Vec<_>>().join("\n"));
        assert_eq!(got, expected.map(str::to_owned), "{body}");
    }

    #[test]
    fn declarations_are_read() {
        check("", Ok(""));
        check("    Byte a%20b[n = 3][4];\n    String s;\n", Ok("Byte a%20b[n=3][4]\nString s"));
        check(
            "    Structure {\n        Int16 a[x = 2];\n        Structure {\n            String t;\n        } in;\n    } s[n = 3];\n",
            Ok("Structure{Int16 a[x=2];Structure{String t}in}s[n=3]"),
        );
        check("    Sequence {\n        Float64 v;\n    } rows;\n", Ok("Sequence{Float64 v}rows"));
        check(
            "    Grid {\n     Array:\n        Int16 g[y = 2][x = 3];\n     Maps:\n        Float32 y[y = 2];\n        Float32 x[x = 3];\n    } g;\n",
            Ok("Grid{Int16 g[y=2][x=3]|Float32 y[y=2];Float32 x[x=3]}g"),
        );
    }

    #[test]
    fn what_a_client_cannot_read_is_malformed() {
        for body in [
            "Int64 a;",
            "Byte a[n = 3000000000];",
            "Byte a b;",
            "Byte a[n.m = 3];",
            "Byte a;\n} more {",
            "Structure {\n} s;",
            "Structure{ Byte a;\n} s;",
            "Sequence {\nByte a;\n} s[n = 3];",
            "Grid {\nArray:\nByte g[x = 3];\nMaps:\nByte x[x = 4];\n} g;",
            "Grid {\nArray:\nByte g[x = 3];\nMaps:\n} g;",
        ] {
            let text = format!("Dataset {{\n{body}\n}} x;\n");
            assert!(parse_dds(&text).is_err(), "{text}");
        }
        for text in ["Dataset {\n Byte a;\n} x;\nmore", "Dataset {\n Byte a;\n}", ""] {
            assert!(parse_dds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| {
            format!("Dataset {{ {}Byte a;{} }} x;", "Structure { ".repeat(depth), " } s;".repeat(depth))
        };
        assert!(parse_dds(&nested(DEEPEST - 1)).is_ok());
        assert!(parse_dds(&nested(DEEPEST)).is_err());
        assert!(parse_dds(&nested(100_000)).is_err());
    }
}
