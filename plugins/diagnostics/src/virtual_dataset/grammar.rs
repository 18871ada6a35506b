//! The grammar of expressions. It is all that there is: nothing else is ever evaluated.
//!
//! ```text
//! expression = sum [ ( "<" / "<=" / ">" / ">=" / "==" / "!=" ) sum ]
//! sum        = product *( ( "+" / "-" ) product )
//! product    = sign *( ( "*" / "/" ) sign )
//! sign       = "-" sign / power
//! power      = atom [ "**" sign ]
//! atom       = number / function "(" expression *( "," expression ) ")" / variable / "(" expression ")"
//! variable   = [ name ":" ] name
//! name       = letter *( letter / digit / "_" ) / "'" 1*any "'"
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, multispace0, satisfy};
use nom::combinator::{all_consuming, map, not, opt, peek, recognize, value};
use nom::multi::{many0, separated_list1};
use nom::number::complete::recognize_float;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use weir_plugin_api::Error;

use super::expression::{Comparison, Expression, Function, Name, Operation};
use crate::proposals::proposal;

/// An expression has at most this many bytes ...
const MOST_BYTES: usize = 2048;

/// ... and is in at most so many brackets at once.
const DEEPEST: usize = 32;

/// Reads an expression.
///
/// # Errors
/// `BadRequest` with where it cannot be understood.
pub fn expression(text: &str) -> Result<Expression, Error> {
    check(text)?;
    let parsed = all_consuming(delimited(multispace0, comparison, multispace0)).parse(text);
    match parsed {
        Ok((_, read)) => read.check_functions().map(|()| read),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => {
            let at: String = error.input.chars().take(30).collect();
            let place = if at.is_empty() { "at its end".to_owned() } else { format!("at {at:?}") };
            Err(Error::bad_request(format!(
                "expression {text:?} is not understood {place}; it has numbers, names of variables, + - * / **, comparisons, and {}",
                Function::names().collect::<Vec<_>>().join(", ")
            )))
        }
        Err(nom::Err::Incomplete(_)) => {
            Err(Error::bad_request(format!("expression {text:?} ends too early")))
        }
    }
}

/// Brackets and signs are followed one into the other, so there may be only so many.
fn check(text: &str) -> Result<(), Error> {
    let nested = text.chars().try_fold((0_usize, 0_usize), |(open, most), c| {
        let open = match c {
            '(' => open.checked_add(1)?,
            ')' => open.saturating_sub(1),
            _ => open,
        };
        Some((open, most.max(open)))
    });
    let deep = nested.is_none_or(|(_, most)| most > DEEPEST);
    let signs =
        text.split(|c: char| c != '-' && !c.is_whitespace()).map(|run| run.matches('-').count()).max();
    if text.len() > MOST_BYTES || deep || signs.unwrap_or(0) > DEEPEST || text.matches("**").count() > DEEPEST
    {
        return Err(Error::bad_request(format!(
            "an expression has at most {MOST_BYTES} bytes, {DEEPEST} brackets in one another and as many powers"
        )));
    }
    Ok(())
}

/// With blanks behind.
fn word<'a, O>(
    inner: impl Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>>,
) -> impl Parser<&'a str, Output = O, Error = nom::error::Error<&'a str>> {
    terminated(inner, multispace0)
}

fn comparison(text: &str) -> IResult<&str, Expression> {
    let sign = alt((
        value(Comparison::AtMost, tag("<=")),
        value(Comparison::AtLeast, tag(">=")),
        value(Comparison::Equal, tag("==")),
        value(Comparison::Other, tag("!=")),
        value(Comparison::Less, tag("<")),
        value(Comparison::Greater, tag(">")),
    ));
    map((sum, opt((word(sign), sum))), |(left, more)| match more {
        None => left,
        Some((sign, right)) => Expression::Compared(sign, Box::new((left, right))),
    })
    .parse(text)
}

fn folded((first, rest): (Expression, Vec<(Operation, Expression)>)) -> Expression {
    rest.into_iter()
        .fold(first, |left, (operation, right)| Expression::Joined(operation, Box::new((left, right))))
}

fn sum(text: &str) -> IResult<&str, Expression> {
    let sign = alt((value(Operation::Add, char('+')), value(Operation::Subtract, char('-'))));
    map((product, many0((word(sign), product))), folded).parse(text)
}

fn product(text: &str) -> IResult<&str, Expression> {
    let times = terminated(char('*'), peek(not(char('*'))));
    let sign = alt((value(Operation::Multiply, times), value(Operation::Divide, char('/'))));
    map((signed, many0((word(sign), signed))), folded).parse(text)
}

fn signed(text: &str) -> IResult<&str, Expression> {
    let negative = map(preceded(word(char('-')), signed), |of| Expression::Negative(Box::new(of)));
    alt((negative, power)).parse(text)
}

fn power(text: &str) -> IResult<&str, Expression> {
    map((atom, opt(preceded(word(tag("**")), signed))), |(base, exponent)| match exponent {
        None => base,
        Some(exponent) => Expression::Joined(Operation::Power, Box::new((base, exponent))),
    })
    .parse(text)
}

fn atom(text: &str) -> IResult<&str, Expression> {
    let inside = delimited(word(char('(')), comparison, word(char(')')));
    alt((number, call, variable, inside)).parse(text)
}

fn number(text: &str) -> IResult<&str, Expression> {
    // A sign is an operation, and letters are names.
    let (_, _) = peek(satisfy(|c| c.is_ascii_digit() || c == '.')).parse(text)?;
    let (rest, digits) = word(recognize_float).parse(text)?;
    match digits.parse() {
        Ok(number) => Ok((rest, Expression::Number(number))),
        Err(_) => Err(nom::Err::Error(nom::error::Error::new(text, nom::error::ErrorKind::Float))),
    }
}

fn plain_name(text: &str) -> IResult<&str, &str> {
    let first = satisfy(|c| c.is_alphabetic() || c == '_');
    recognize((first, take_while(|c: char| c.is_alphanumeric() || c == '_'))).parse(text)
}

fn name(text: &str) -> IResult<&str, &str> {
    let quoted = delimited(char('\''), take_while1(|c: char| c != '\'' && !c.is_control()), char('\''));
    alt((plain_name, quoted)).parse(text)
}

fn call(text: &str) -> IResult<&str, Expression> {
    let open = preceded(multispace0, char('('));
    let (rest, called) = terminated(plain_name, open).parse(text)?;
    let arguments = separated_list1(word(char(',')), comparison);
    let (rest, arguments) = delimited(multispace0, arguments, word(char(')'))).parse(rest)?;
    let function = Function::named(called).map_or_else(|| Err(called.to_owned()), Ok);
    Ok((rest, Expression::Called(function, arguments)))
}

fn variable(text: &str) -> IResult<&str, Expression> {
    let of = (opt(terminated(name, char(':'))), name);
    map(word(of), |(source, name): (Option<&str>, &str)| {
        Expression::Variable(Name { source: source.map(str::to_owned), name: name.to_owned() })
    })
    .parse(text)
}

impl Expression {
    /// Checks that functions are those that there are, with as many arguments as they take.
    fn check_functions(&self) -> Result<(), Error> {
        match self {
            Self::Number(_) | Self::Variable(_) => Ok(()),
            Self::Negative(of) => of.check_functions(),
            Self::Joined(_, both) | Self::Compared(_, both) => {
                both.0.check_functions().and_then(|()| both.1.check_functions())
            }
            Self::Called(Err(unknown), _) => {
                let names: Vec<&str> = Function::names().collect();
                Err(Error::bad_request(format!(
                    "{unknown:?} is no function; there are {}{}",
                    names.join(", "),
                    proposal(unknown, &names)
                )))
            }
            Self::Called(Ok(function), arguments) if arguments.len() != function.arguments() => {
                Err(Error::bad_request(format!(
                    "{} takes {} arguments, and not {}",
                    function.name(),
                    function.arguments(),
                    arguments.len()
                )))
            }
            Self::Called(Ok(_), arguments) => arguments.iter().try_for_each(Self::check_functions),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        let read = expression(text).map_or_else(|error| error.message, |read| read.to_string());
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn expressions_are_read() {
        check("a", "a");
        check(" 1.5e-3 * ( a + b ) ", "(0.0015 * (a + b))");
        check("a - b - c", "((a - b) - c)");
        check("-a**2", "-(a ** 2)");
        check("2**-b**c", "(2 ** -(b ** c))");
        check("a*b/c*d", "(((a * b) / c) * d)");
        check("sqrt(u*u + v**2)", "sqrt(((u * u) + (v ** 2)))");
        check("where(t > 273.15, t - 273.15, 0)", "where((t > 273.15), (t - 273.15), 0)");
        check("old:tas - tas", "(old:tas - tas)");
        check("'2m temp' + other:'a-b/c'", "('2m temp' + other:'a-b/c')");
        check("max(a,b) <= min( a , 1 )", "(max(a, b) <= min(a, 1))");
    }

    #[test]
    fn what_is_no_expression_is_told() {
        let check = |text: &str, words: &str| {
            let error = expression(text).unwrap_err();
            assert!(error.message.contains(words), "{text}: {}", error.message);
        };
        check("", "at its end");
        check("a +", "at \"+\"");
        check("a b", "at \"b\"");
        check("__import__('os').system('id')", "is not understood");
        check("sqr(a)", "did you mean sqrt?");
        check("exec(a)", "is no function; there are abs");
        check("sqrt(a, b)", "sqrt takes 1 arguments, and not 2");
        check("a < b < c", "at \"< c\"");
        check("a ; b", "at \"; b\"");
        check(&"(".repeat(100), "brackets");
        check(&"-".repeat(1000), "powers");
        check(&"a+".repeat(1500), "2048 bytes");
    }

    proptest! {
        #[test]
        fn any_text_is_an_expression_or_an_error(text in "[-a-c0-9.+*/()<>=!,: ']{0,60}") {
            if let Ok(read) = expression(&text) {
                // What is shown means the same.
                prop_assert_eq!(expression(&read.to_string()).unwrap().to_string(), read.to_string());
            }
        }
    }
}
