//! The parser of constraint expressions.

use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, digit1, space0};
use nom::combinator::{map, opt, peek, value};
use nom::multi::{many0, many1, separated_list0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::{Before, Call, Clause, Constraint, Index, Item, Operand, Operator, Projection, Step};
use crate::dap2::{Fault, Reason};

/// Calls may lie so deep in each other.
const DEEPEST: usize = 8;

/// Parses a decoded constraint.
pub(super) fn parse(text: &str) -> Result<Constraint, Fault> {
    // pydap ends every constraint with the `&` that would begin selections.
    let expression = text.trim_end_matches('&');
    let fault = |fault: Stuck<'_>| Fault {
        byte: expression.len().saturating_sub(fault.at.len()),
        token: fault.at.chars().take(20).collect(),
        reason: fault.reason,
    };
    let source = Source { total: expression.len() };
    match source.constraint(expression) {
        Ok(("", constraint)) => Ok(constraint),
        Ok((at, _)) => Err(fault(Stuck { at, reason: Reason::Expected(BEHIND) })),
        Err(nom::Err::Error(stuck) | nom::Err::Failure(stuck)) => Err(fault(stuck)),
        Err(nom::Err::Incomplete(_)) => Err(fault(Stuck { at: "", reason: Reason::Expected("more") })),
    }
}

/// What may stand behind a name.
const BEHIND: &str = "a variable name, \"[\", \",\", \"&\" or the end";

/// Where a parser stopped, and why.
#[derive(Debug)]
struct Stuck<'a> {
    at: &'a str,
    reason: Reason,
}

impl<'a> nom::error::ParseError<&'a str> for Stuck<'a> {
    fn from_error_kind(at: &'a str, _: nom::error::ErrorKind) -> Self {
        Self { at, reason: Reason::Expected(BEHIND) }
    }

    fn append(_: &'a str, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Stuck<'a>>;

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

/// The whole of the expression, to tell where a part of it begins.
#[derive(Clone, Copy)]
struct Source {
    total: usize,
}

impl Source {
    fn byte(self, input: &str) -> usize {
        self.total.saturating_sub(input.len())
    }

    fn constraint(self, input: &str) -> Parsed<'_, Constraint> {
        let mut constraint = Constraint::default();
        let (rest, first) = opt(|input| self.clause(input, Before::Nothing)).parse(input)?;
        constraint.clauses.extend(first);
        let rest = match constraint.clauses.is_empty() && !rest.is_empty() && !rest.starts_with('&') {
            true => self.items(rest, &mut constraint)?,
            false => rest,
        };
        let clause = |input| self.clause(input, Before::Mark);
        let clause = expect("a selection such as \"name>1\"", clause);
        let (rest, clauses) = many0(preceded(many1(char('&')), clause)).parse(rest)?;
        constraint.clauses.extend(clauses);
        Ok((rest, constraint))
    }

    /// What is asked for, and a selection that follows without a mark.
    fn items<'a>(self, input: &'a str, constraint: &mut Constraint) -> Result<&'a str, nom::Err<Stuck<'a>>> {
        let (mut rest, first) = self.item(input)?;
        constraint.items.push(first);
        while let (behind, Some(_)) = opt(char(',')).parse(rest)? {
            let ran_into = |input| self.clause(input, Before::Nothing);
            if let (behind, Some(clause)) = opt(ran_into).parse(behind)? {
                constraint.clauses.push(clause);
                return Ok(behind);
            }
            let (behind, item) = match self.item(behind) {
                // Where nothing follows a comma, it is the comma that should not be there.
                Err(nom::Err::Error(_)) => return Ok(rest),
                other => other?,
            };
            constraint.items.push(item);
            rest = behind;
        }
        if rest.is_empty() || rest.starts_with('&') {
            return Ok(rest);
        }
        let (rest, clause) = opt(|input| self.clause(input, Before::Nothing)).parse(rest)?;
        constraint.clauses.extend(clause);
        Ok(rest)
    }

    fn item(self, input: &str) -> Parsed<'_, Item> {
        alt((
            map(|input| self.call(input, DEEPEST), Item::Call),
            map(|input| self.projection(input), Item::Projection),
        ))
        .parse(input)
    }

    fn projection(self, input: &str) -> Parsed<'_, Projection> {
        let (input, _) = space0(input)?;
        let (mut rest, first) = step(input)?;
        let mut steps = vec![first];
        // A dot behind a name is part of the name; one behind indices leads to a member.
        while let (behind, Some(_)) = opt(char('.')).parse(rest)? {
            let (behind, next) = expect("the name of a member", step).parse(behind)?;
            steps.push(next);
            rest = behind;
        }
        Ok((rest, Projection { steps, byte: self.byte(input) }))
    }

    fn call(self, input: &str, depth: usize) -> Parsed<'_, Call> {
        let (input, _) = space0(input)?;
        let (rest, name) = terminated(name, char('(')).parse(input)?;
        let Some(inner) = depth.checked_sub(1) else {
            return Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Deep }));
        };
        let argument = delimited(space0, |input| self.operand(input, inner), space0);
        let close = expect("an argument, \",\" or \")\"", char(')'));
        let (rest, arguments) = terminated(separated_list0(char(','), argument), close).parse(rest)?;
        Ok((rest, Call { name: name.to_owned(), byte: self.byte(input), arguments }))
    }

    fn operand(self, input: &str, depth: usize) -> Parsed<'_, Operand> {
        alt((
            map(text, Operand::Text),
            map(constant, Operand::Number),
            map(|input| self.call(input, depth), Operand::Call),
            map(|input| self.projection(input), Operand::Projection),
        ))
        .parse(input)
    }

    fn clause(self, input: &str, before: Before) -> Parsed<'_, Clause> {
        let one = |input| delimited(space0, |input| self.operand(input, DEEPEST), space0).parse(input);
        let (rest, left) = one(input)?;
        // A call alone cannot select: no function here answers yes or no.
        if let (Operand::Call(call), "" | "&") = (&left, rest.get(..1).unwrap_or(""))
            && before == Before::Mark
        {
            let reason = Reason::NotSelecting { function: call.name.clone() };
            return Err(nom::Err::Failure(Stuck { at: input, reason }));
        }
        let (rest, operator) = operator(rest)?;
        let close = expect("a constant, \",\" or \"}\"", char('}'));
        let list = delimited((space0, char('{')), separated_list1(char(','), one), (close, space0));
        let right = alt((list, map(one, |operand| vec![operand])));
        let (rest, right) = expect("a name, a number or a text in quotes", right).parse(rest)?;
        Ok((rest, Clause { byte: self.byte(input), before, left, operator, right }))
    }
}

fn operator(input: &str) -> Parsed<'_, Operator> {
    alt((
        value(Operator::Matches, tag("~=")),
        value(Operator::NotEqual, tag("!=")),
        value(Operator::LessOrEqual, tag("<=")),
        value(Operator::GreaterOrEqual, tag(">=")),
        value(Operator::Equal, tag("=")),
        value(Operator::Less, tag("<")),
        value(Operator::Greater, tag(">")),
    ))
    .parse(input)
}

/// A name, up to what has a meaning of its own.
fn name(input: &str) -> Parsed<'_, &str> {
    let ends = |(at, c): (usize, char)| {
        let operator = c == '~' && input.get(at..).is_some_and(|rest| rest.starts_with("~="));
        (operator || c.is_control() || "[],&()<>=!:;{}?\"'".contains(c)).then_some(at)
    };
    let end = input.char_indices().find_map(ends).unwrap_or(input.len());
    let (name, rest) = input.split_at_checked(end).unwrap_or((input, ""));
    let name = name.trim_end();
    if name.is_empty() {
        return Err(nom::Err::Error(Stuck { at: input, reason: Reason::Expected(BEHIND) }));
    }
    Ok((rest, name))
}

fn step(input: &str) -> Parsed<'_, Step> {
    let (rest, name) = name(input)?;
    let (rest, indices) = many0(index).parse(rest)?;
    Ok((rest, Step { name: name.to_owned(), indices }))
}

/// A number that stands for itself: everything up to the next mark must belong to it.
fn constant(input: &str) -> Parsed<'_, f64> {
    let (rest, word) = name(input)?;
    let starts = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number = word.parse::<f64>().ok().filter(|number| starts && number.is_finite());
    match number {
        Some(number) if !rest.starts_with(['[', '(']) => Ok((rest, number)),
        _ => Err(nom::Err::Error(Stuck { at: input, reason: Reason::Expected("a number") })),
    }
}

/// A text in quotes; a backslash takes the next character as it is.
fn text(input: &str) -> Parsed<'_, String> {
    let (inside, _) = char('"')(input)?;
    let mut text = String::new();
    let mut characters = inside.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let rest = inside.get(at.saturating_add(1)..).unwrap_or("");
                return Ok((rest, text));
            }
            // In a regular expression a backslash has a meaning of its own.
            '\\' => match characters.next() {
                Some((_, next @ ('"' | '\\'))) => text.push(next),
                Some((_, next)) => text.extend(['\\', next]),
                None => break,
            },
            c => text.push(c),
        }
    }
    Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Expected("a text that ends with a quote") }))
}

fn index(input: &str) -> Parsed<'_, Index> {
    let whole = || map(alt((value((), char('*')), value((), peek(char(']'))))), |()| (0, 1, None));
    let inside = alt((map(numbers, |(start, step, stop)| (start, step, stop)), whole()));
    let close = expect("\"]\" or \":\"", char(']'));
    let body = expect("an index, \"*\" or \"]\"", inside);
    map(delimited(tag("["), body, close), |(start, step, stop)| Index { start, step, stop }).parse(input)
}

/// `a`, `a:b` or `a:s:b` as start, step and stop.
fn numbers(input: &str) -> Parsed<'_, (u64, u64, Option<u64>)> {
    let (rest, start) = number(input)?;
    let (rest, second) = opt(preceded(char(':'), expect("an index or \"*\"", end))).parse(rest)?;
    let Some(second) = second else { return Ok((rest, (start, 1, Some(start)))) };
    let (rest, third) = opt(preceded(char(':'), expect("an index or \"*\"", end))).parse(rest)?;
    match (second, third) {
        (stop, None) => Ok((rest, (start, 1, stop))),
        (Some(step), Some(stop)) => Ok((rest, (start, step, stop))),
        (None, Some(_)) => {
            let behind = input.find('*').and_then(|star| input.get(star..)).unwrap_or(input);
            Err(nom::Err::Failure(Stuck { at: behind, reason: Reason::Expected("a step") }))
        }
    }
}

/// An index, or `*` for the last one.
fn end(input: &str) -> Parsed<'_, Option<u64>> {
    alt((map(number, Some), value(None, char('*')))).parse(input)
}

fn number(input: &str) -> Parsed<'_, u64> {
    let (rest, digits) = digit1(input)?;
    match digits.parse() {
        Ok(number) => Ok((rest, number)),
        // Digits alone can only be too many of them.
        Err(_) => Err(nom::Err::Failure(Stuck { at: input, reason: Reason::Number })),
    }
}
