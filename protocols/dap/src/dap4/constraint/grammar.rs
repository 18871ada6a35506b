//! The grammar of constraint expressions.

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit1, multispace0};
use nom::combinator::{map, opt, value};
use nom::multi::{many0, separated_list0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::super::dmr::DEEPEST;
use super::super::fault::{Fault, Reason};
use super::{Clause, Constraint, DimensionSlice, Index, Name, Operand, Operator, Predicate, Slice};

/// Where a parser stopped, and why.
#[derive(Debug)]
pub(super) struct Stuck<'a> {
    at: &'a str,
    reason: Reason,
}

impl<'a> nom::error::ParseError<&'a str> for Stuck<'a> {
    fn from_error_kind(at: &'a str, _: nom::error::ErrorKind) -> Self {
        Self { at, reason: Reason::Expected("a name, \"[\", \"{\", \"|\", \";\" or the end") }
    }

    fn append(_: &'a str, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Stuck<'a>>;

/// Parses decoded text.
pub(super) fn parse(text: &str) -> Result<Constraint, Fault> {
    let fault = |stuck: Stuck<'_>| Fault {
        byte: text.len().saturating_sub(stuck.at.len()),
        token: stuck.at.chars().take(20).collect(),
        reason: stuck.reason,
    };
    match expression(text.len(), text) {
        Ok(("", constraint)) => Ok(constraint),
        Ok((at, _)) => {
            let reason = Reason::Expected("a name, \"[\", \"{\", \"|\", \";\" or the end");
            Err(fault(Stuck { at, reason }))
        }
        Err(nom::Err::Error(stuck) | nom::Err::Failure(stuck)) => Err(fault(stuck)),
        Err(nom::Err::Incomplete(_)) => Err(fault(Stuck { at: "", reason: Reason::Expected("more") })),
    }
}

/// `name` with a backslash before each character that means something.
pub(super) fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if c != '/' && c != '.' && super::SPECIAL.contains(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Makes an error of `parser` final, and says what it expected.
fn expect<'a, T>(
    what: &'static str,
    mut parser: impl Parser<&'a str, Output = T, Error = Stuck<'a>>,
) -> impl FnMut(&'a str) -> Parsed<'a, T> {
    move |input| {
        parser.parse(input).map_err(|error| match error {
            nom::Err::Error(stuck) => {
                nom::Err::Failure(Stuck { at: stuck.at, reason: Reason::Expected(what) })
            }
            // Something inside knows better what is wrong.
            other => other,
        })
    }
}

/// `parser` with blanks around it.
fn spaced<'a, T>(
    parser: impl Parser<&'a str, Output = T, Error = Stuck<'a>>,
) -> impl Parser<&'a str, Output = T, Error = Stuck<'a>> {
    delimited(multispace0, parser, multispace0)
}

fn expression(total: usize, input: &str) -> Parsed<'_, Constraint> {
    let dimension = |input| dimension(total, input);
    let (rest, dimensions) = many0(terminated(dimension, opt(spaced(char(';'))))).parse(input)?;
    let (rest, _) = multispace0(rest)?;
    let (rest, clauses) = separated_list0(spaced(char(';')), |input| clause(total, 0, input)).parse(rest)?;
    // Some clients end every clause with a semicolon.
    let (rest, _) = opt(spaced(char(';'))).parse(rest)?;
    let (rest, _) = multispace0(rest)?;
    Ok((rest, Constraint { dimensions, clauses }))
}

fn dimension(total: usize, input: &str) -> Parsed<'_, DimensionSlice> {
    let (rest, name) = name(total, input)?;
    let (rest, _) = spaced(char('=')).parse(rest)?;
    let (rest, index) = expect("\"[\"", index).parse(rest)?;
    Ok((rest, DimensionSlice { name, index }))
}

fn clause(total: usize, depth: usize, input: &str) -> Parsed<'_, Clause> {
    let (rest, name) = name(total, input)?;
    let (rest, indices) = many0(preceded(multispace0, index)).parse(rest)?;
    let (rest, fields) = opt(preceded(multispace0, |input| fields(total, depth, input))).parse(rest)?;
    let predicates = separated_list1(spaced(char(',')), |input| predicate(total, input));
    let filter = preceded(spaced(char('|')), predicates);
    let (rest, filter) = opt(filter).parse(rest)?;
    let (fields, filter) = (fields.unwrap_or_default(), filter.unwrap_or_default());
    Ok((rest, Clause { name, indices, fields, filter }))
}

fn fields(total: usize, depth: usize, input: &str) -> Parsed<'_, Vec<Clause>> {
    let (rest, _) = char('{')(input)?;
    if depth >= DEEPEST {
        return Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Deep }));
    }
    let inner = |input| clause(total, depth.saturating_add(1), input);
    let (rest, fields) =
        expect("a field", preceded(multispace0, separated_list1(spaced(alt((char(';'), char(',')))), inner)))
            .parse(rest)?;
    let (rest, _) = expect("\"}\" or \";\"", preceded(multispace0, char('}'))).parse(rest)?;
    Ok((rest, fields))
}

/// `[]`, or slices separated by commas.
fn index(input: &str) -> Parsed<'_, Index> {
    let (rest, _) = char('[')(input)?;
    let (rest, slices) = separated_list0(spaced(char(',')), spaced(slice)).parse(rest)?;
    let (rest, _) =
        expect("an index, \":\", \",\" or \"]\"", preceded(multispace0, char(']'))).parse(rest)?;
    Ok((rest, Index { slices }))
}

fn slice(input: &str) -> Parsed<'_, Slice> {
    let (rest, start) = number(input)?;
    let (rest, colon) = opt(char(':')).parse(rest)?;
    if colon.is_none() {
        return Ok((rest, Slice { start, step: 1, stop: Some(start) }));
    }
    let (rest, second) = opt(number).parse(rest)?;
    let Some(second) = second else { return Ok((rest, Slice { start, step: 1, stop: None })) };
    let (rest, colon) = opt(char(':')).parse(rest)?;
    if colon.is_none() {
        return Ok((rest, Slice { start, step: 1, stop: Some(second) }));
    }
    let (rest, stop) = opt(number).parse(rest)?;
    Ok((rest, Slice { start, step: second, stop }))
}

fn number(input: &str) -> Parsed<'_, u64> {
    let (rest, digits) = digit1(input)?;
    match digits.parse() {
        Ok(number) => Ok((rest, number)),
        // Digits alone can only be too many of them.
        Err(_) => Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Number })),
    }
}

/// A name and where it stands. A slash alone names the root group.
fn name(total: usize, input: &str) -> Parsed<'_, Name> {
    let mut groups = Vec::new();
    let mut last = Vec::new();
    let mut rest = input.strip_prefix('/').unwrap_or(input);
    loop {
        let (behind, part) = word(rest)?;
        if part.is_empty() {
            break;
        }
        last.push(part);
        rest = behind;
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('/') {
            groups.push(last.join("."));
            last.clear();
            rest = behind;
        } else {
            break;
        }
    }
    let written = input.len().saturating_sub(rest.len());
    let written = input.get(..written).unwrap_or_default();
    let text = written.trim_end().to_owned();
    let blanks = written.strip_prefix(text.as_str()).unwrap_or_default().to_owned();
    if text.is_empty() {
        let reason = Reason::Expected("a name");
        return Err(nom::Err::Error(Stuck { at: input, reason }));
    }
    let byte = total.saturating_sub(input.len());
    Ok((rest, Name { byte, text, groups, last, blanks }))
}

/// One part of a name, unescaped; empty where there is none.
fn word(input: &str) -> Parsed<'_, String> {
    if input.starts_with('"') {
        return quoted(input);
    }
    let mut word = String::new();
    let mut characters = input.char_indices();
    let end = loop {
        match characters.next() {
            None => break input.len(),
            Some((_, '\\')) => word.extend(characters.next().map(|(_, c)| c)),
            Some((at, c)) if c.is_control() || "[]{}|;,=<>!~:\"/.".contains(c) => break at,
            Some((_, c)) => word.push(c),
        }
    };
    word.truncate(word.trim_end().len());
    Ok((input.get(end..).unwrap_or_default(), word))
}

/// Text in double quotes, in which a backslash escapes the character behind it.
fn quoted(input: &str) -> Parsed<'_, String> {
    let mut text = String::new();
    let mut characters = input.char_indices().skip(1);
    loop {
        match characters.next() {
            None => return Err(nom::Err::Failure(Stuck { at: "", reason: Reason::Expected("\"\\\"\"") })),
            Some((at, '"')) => return Ok((input.get(at.saturating_add(1)..).unwrap_or_default(), text)),
            Some((_, '\\')) => text.extend(characters.next().map(|(_, c)| c)),
            Some((_, c)) => text.push(c),
        }
    }
}

fn predicate(total: usize, input: &str) -> Parsed<'_, Predicate> {
    let (rest, first) = expect("a field or a value", operand).parse(input)?;
    let (rest, one) = expect("an operator such as \"<\"", comparison).parse(rest)?;
    let (rest, two) = opt(comparison).parse(rest)?;
    let byte = total.saturating_sub(input.len());
    Ok((rest, Predicate { byte, first, rest: std::iter::once(one).chain(two).collect() }))
}

fn comparison(input: &str) -> Parsed<'_, (Operator, Operand)> {
    let (rest, operator) = spaced(operator).parse(input)?;
    let (rest, operand) = expect("a field or a value", operand).parse(rest)?;
    Ok((rest, (operator, operand)))
}

fn operator(input: &str) -> Parsed<'_, Operator> {
    if ["<<", ">>", "@="].iter().any(|unknown| input.starts_with(unknown)) {
        return Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Operator }));
    }
    alt((
        value(Operator::LessOrEqual, tag("<=")),
        value(Operator::GreaterOrEqual, tag(">=")),
        value(Operator::Equal, tag("==")),
        value(Operator::NotEqual, tag("!=")),
        value(Operator::Matches, alt((tag("~="), tag("=~")))),
        value(Operator::Less, tag("<")),
        value(Operator::Greater, tag(">")),
        value(Operator::Equal, tag("=")),
    ))
    .parse(input)
}

fn operand(input: &str) -> Parsed<'_, Operand> {
    if input.starts_with('"') {
        return map(quoted, |text| Operand { text, quoted: true }).parse(input);
    }
    let end = input.find(|c: char| c.is_control() || "[]{}|;,=<>!~\"".contains(c)).unwrap_or(input.len());
    let (text, rest) = input.split_at(end);
    if text.trim().is_empty() {
        return Err(nom::Err::Error(Stuck { at: input, reason: Reason::Expected("a field or a value") }));
    }
    Ok((rest, Operand { text: text.trim().to_owned(), quoted: false }))
}
