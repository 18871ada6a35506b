//! Constraint expressions: what a client asks for, as it was written.
//!
//! The grammar is libdap's (`ce_expr.yy`) without what needs sequences, structures or server functions: projections
//! separated by commas, each a name and any number of `[i]`, `[a:b]`, `[a:s:b]`, where `b` is included and may be `*` for
//! the end; `[]` and `[*]` take a whole axis.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, opt, peek, value};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};
use weir_model::{Misfit, Stride};

use super::names;
use super::{Fault, Reason};

/// What a client asks for: the part of a query that names variables and hyperslabs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraint {
    /// The projections in the order in which they were written; none stands for the whole dataset.
    pub projections: Vec<Projection>,
}

/// One variable that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The name, decoded.
    pub name: String,
    /// Where the name begins in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// What is asked for along each axis, slowest first; none stands for the whole variable.
    pub indices: Vec<Index>,
}

/// What is asked for along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// The first index.
    pub start: u64,
    /// The distance between two indices.
    pub step: u64,
    /// The last index, included; `None` for the end of the axis.
    pub stop: Option<u64>,
}

impl Index {
    /// The stride along an axis of `length` indices; `axis` is for the message.
    ///
    /// # Errors
    /// [`Misfit`] where an index lies outside or the step is 0. As in libdap, `stop` must lie inside the axis even where
    /// no step hits it.
    pub fn stride(self, axis: usize, length: u64) -> Result<Stride, Misfit> {
        if self.start == 0 && self.step == 1 && self.stop.is_none() {
            return Ok(Stride::all(length));
        }
        let stop = self.stop.unwrap_or(length.saturating_sub(1));
        let outside = [self.start, stop].into_iter().find(|&index| index >= length);
        if let Some(index) = outside {
            return Err(Misfit::Index { axis, index, length });
        }
        Stride::inclusive(self.start, self.step, stop).ok_or(Misfit::Empty { axis })
    }
}

impl Constraint {
    /// Parses the query of a URL, as it came: escapes of any depth up to three are removed first.
    ///
    /// # Errors
    /// [`Fault`] names the byte and the token. Selections and functions are refused as such.
    pub fn parse(query: &str) -> Result<Self, Fault> {
        let text = String::from_utf8(names::decode(query)).map_err(|error| Fault {
            byte: error.utf8_error().valid_up_to(),
            token: String::new(),
            reason: Reason::NotText,
        })?;
        // pydap ends every constraint with the `&` that would begin selections.
        let expression = text.trim_end_matches('&');
        if expression.is_empty() {
            return Ok(Self::default());
        }
        let fault = |fault: Stuck<'_>| Fault {
            byte: expression.len().saturating_sub(fault.at.len()),
            token: fault.at.chars().take(20).collect(),
            reason: fault.reason,
        };
        match separated_list1(char(','), |input| projection(expression.len(), input)).parse(expression) {
            Ok(("", projections)) => Ok(Self { projections }),
            Ok((at, _)) => Err(fault(Stuck { at, reason: unexpected(at) })),
            Err(nom::Err::Error(stuck) | nom::Err::Failure(stuck)) => Err(fault(stuck)),
            Err(nom::Err::Incomplete(_)) => Err(fault(Stuck { at: "", reason: Reason::Expected("more") })),
        }
    }
}

/// Where a parser stopped, and why.
#[derive(Debug)]
struct Stuck<'a> {
    at: &'a str,
    reason: Reason,
}

impl<'a> nom::error::ParseError<&'a str> for Stuck<'a> {
    fn from_error_kind(at: &'a str, _: nom::error::ErrorKind) -> Self {
        Self { at, reason: unexpected(at) }
    }

    fn append(_: &'a str, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Stuck<'a>>;

/// What is wrong with a text that is neither a projection nor the comma behind one.
fn unexpected(at: &str) -> Reason {
    match at.chars().next() {
        Some('&' | '<' | '>' | '=' | '!' | '~') => Reason::Selection,
        Some('(') => Reason::Function,
        _ => Reason::Expected("a variable name, \"[\", \",\" or the end"),
    }
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

fn projection(total: usize, input: &str) -> Parsed<'_, Projection> {
    let is_name = |c: char| !c.is_control() && !"[],&()<>=!~:;{}?\"'".contains(c);
    let (rest, name) = take_while1(is_name)(input)?;
    let (rest, indices) = many0(index).parse(rest)?;
    let byte = total.saturating_sub(input.len());
    Ok((rest, Projection { name: name.to_owned(), byte, indices }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(query: &str, expected: &str) {
        let written = |index: &Index| match index.stop {
            Some(stop) => format!("[{}:{}:{stop}]", index.start, index.step),
            None => format!("[{}:{}:*]", index.start, index.step),
        };
        let got = match Constraint::parse(query) {
            Ok(constraint) => {
                let parts = constraint.projections.iter().map(|projection| {
                    let indices: String = projection.indices.iter().map(written).collect();
                    format!("{}@{}{indices}", projection.name, projection.byte)
                });
                parts.collect::<Vec<_>>().join(" ")
            }
            Err(fault) => fault.to_string(),
        };
        assert_eq!(got, expected, "{query}");
    }

    #[test]
    fn projections() {
        check("", "");
        check("&", "");
        check("t", "t@0");
        check("t,lat,lon&", "t@0 lat@2 lon@6");
        check("t[3]", "t@0[3:1:3]");
        check("t[0:2:9][1:2]", "t@0[0:2:9][1:1:2]");
        check("lat[1:2],lon[0:0]", "lat@0[1:1:2] lon@9[0:1:0]");
        check("t[][*][2:*][1:3:*]", "t@0[0:1:*][0:1:*][2:1:*][1:3:*]");
        check("a.b[1]", "a.b@0[1:1:1]");
    }

    #[test]
    fn escapes_of_every_depth() {
        check("t%5b0%5d", "t@0[0:1:0]");
        check("t%5B0%3a2%3A9%5D%2Clat", "t@0[0:2:9] lat@9");
        check("a%2520b%255b1%255d", "a b@0[1:1:1]");
        check("t%25255b1%25255d", "t@0[1:1:1]");
    }

    #[test]
    fn faults_name_byte_and_token() {
        check("t[x]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"x]\"");
        check("t[0:1", "expected \"]\" or \":\" at byte 5 of the constraint, found the end");
        check("t[1:]", "expected an index or \"*\" at byte 4 of the constraint, found \"]\"");
        check("t[1:*:2]", "expected a step at byte 4 of the constraint, found \"*:2]\"");
        check("t[-1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"-1]\"");
        check("t[+1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"+1]\"");
        check(
            "t,",
            "expected a variable name, \"[\", \",\" or the end at byte 1 of the constraint, found \",\"",
        );
        check(
            "t]",
            "expected a variable name, \"[\", \",\" or the end at byte 1 of the constraint, found \"]\"",
        );
        check(
            ",t",
            "expected a variable name, \"[\", \",\" or the end at byte 0 of the constraint, found \",t\"",
        );
        check(
            "t[99999999999999999999]",
            "the number \"99999999999999999999\" at byte 2 of the constraint exceeds 64 bits",
        );
        check("%ff", "byte 0 of the decoded constraint is not utf-8");
    }

    #[test]
    fn selections_and_functions_are_refused_as_such() {
        let selection = "selections apply to sequences, and this dataset has none: found";
        check("t&lat>10", &format!("{selection} \"&lat>10\" at byte 1 of the constraint"));
        check("c%3e3", &format!("{selection} \">3\" at byte 1 of the constraint"));
        check("&c!=3", &format!("{selection} \"&c!=3\" at byte 0 of the constraint"));
        check("f(t)", "server functions are not available: found \"(t)\" at byte 1 of the constraint");
    }

    #[test]
    fn indices_are_checked_against_the_axis() {
        let check = |start, step, stop, length, expected: &str| {
            let got = match (Index { start, step, stop }).stride(1, length) {
                Ok(stride) => format!("{} {} {}", stride.start, stride.step, stride.count),
                Err(misfit) => misfit.to_string(),
            };
            assert_eq!(got, expected);
        };
        check(0, 2, Some(9), 10, "0 2 5");
        check(10, 3, Some(21), 180, "10 3 4");
        check(2, 3, None, 10, "2 3 3");
        check(0, 1, None, 0, "0 1 0");
        check(0, 2, Some(10), 10, "axis 1 is asked for index 10, but its length is 10");
        check(3, 1, None, 3, "axis 1 is asked for index 3, but its length is 3");
        check(2, 1, None, 0, "axis 1 is asked for index 2, but its length is 0");
        check(5, 1, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
        check(0, 0, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
    }

    proptest! {
        #[test]
        fn nothing_makes_the_parser_panic(query in "\\PC{0,60}") {
            let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
        }

        #[test]
        fn brackets_of_any_kind_neither(query in "[t,0-9:*&%\\[\\]25bBdD]{0,40}") {
            let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
        }

        #[test]
        fn what_is_written_is_what_is_parsed(
            parts in prop::collection::vec(("[a-z_.]{1,8}", prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..4)), 1..5),
            depth in 0_u32..4,
        ) {
            let one = |(name, indices): &(String, Vec<(u64, u64, u64)>)| {
                let indices: String = indices.iter().map(|(a, s, b)| format!("[{a}:{s}:{b}]")).collect();
                format!("{name}{indices}")
            };
            let mut query = parts.iter().map(one).collect::<Vec<_>>().join(",");
            for layer in 0..depth {
                query = if layer == 0 { query.replace('[', "%5b").replace(':', "%3A") } else { query.replace('%', "%25") };
            }
            let constraint = Constraint::parse(&query).unwrap();
            prop_assert_eq!(constraint.projections.len(), parts.len());
            for (projection, (name, indices)) in constraint.projections.iter().zip(&parts) {
                prop_assert_eq!(&projection.name, name);
                let got: Vec<_> = projection.indices.iter().map(|i| (i.start, i.step, i.stop.unwrap())).collect();
                prop_assert_eq!(&got, indices);
            }
        }
    }
}
