//! Expressions of `grid()`: `lat>10`, `10<=lat` or `10<lat<20`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::space0;
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::sequence::delimited;
use nom::{IResult, Parser};

/// What the values of one coordinate must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The name of the coordinate.
    pub name: String,
    /// The comparisons with it on their left; all must hold.
    pub comparisons: Vec<(Comparison, f64)>,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The same comparison with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// Says, for people, that it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        match all_consuming(alt((number_first, name_first))).parse(text) {
            Ok((_, expression)) => Ok(expression),
            Err(_) => {
                Err(format!("\"{text}\" is no expression; expressions look like \"lat>10\" or \"10<lat<20\""))
            }
        }
    }

    /// Whether a value fulfils it.
    pub fn holds(&self, value: f64) -> bool {
        self.comparisons.iter().all(|&(comparison, limit)| comparison.holds(value, limit))
    }
}

fn number_first(input: &str) -> IResult<&str, Expression> {
    let (rest, (number, comparison, name)) = (number, comparison, name).parse(input)?;
    let (rest, behind) = opt((self::comparison, self::number)).parse(rest)?;
    let comparisons = std::iter::once((comparison.turned(), number)).chain(behind).collect();
    Ok((rest, Expression { name, comparisons }))
}

fn name_first(input: &str) -> IResult<&str, Expression> {
    let (rest, (name, comparison, number)) = (name, comparison, number).parse(input)?;
    Ok((rest, Expression { name, comparisons: vec![(comparison, number)] }))
}

fn word(input: &str) -> IResult<&str, &str> {
    delimited(space0, take_while1(|c: char| !c.is_control() && !"<>=!\"".contains(c)), space0).parse(input)
}

fn number(input: &str) -> IResult<&str, f64> {
    let finite = |word: &str| word.trim_end().parse::<f64>().ok().filter(|number| number.is_finite());
    map_opt(word, finite).parse(input)
}

fn name(input: &str) -> IResult<&str, String> {
    let (rest, word) = word(input)?;
    Ok((rest, word.trim_end().to_owned()))
}

fn comparison(input: &str) -> IResult<&str, Comparison> {
    alt((
        value(Comparison::NotEqual, tag("!=")),
        value(Comparison::LessOrEqual, tag("<=")),
        value(Comparison::GreaterOrEqual, tag(">=")),
        value(Comparison::Equal, tag("=")),
        value(Comparison::Less, tag("<")),
        value(Comparison::Greater, tag(">")),
    ))
    .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, inside: &[f64], outside: &[f64]) {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.name, "lat", "{text}");
        assert!(inside.iter().all(|&value| expression.holds(value)), "{text}");
        assert!(!outside.iter().any(|&value| expression.holds(value)), "{text}");
    }

    #[test]
    fn values_are_compared() {
        check("lat>10", &[10.5], &[10.0, 9.0, f64::NAN]);
        check(" lat >= -1e1 ", &[-10.0], &[-10.5]);
        check("10<lat", &[10.5], &[10.0]);
        check("10<=lat<20", &[10.0, 19.5], &[20.0, 9.5]);
        check("20>lat>10", &[15.0], &[10.0, 20.0]);
        check("lat=3", &[3.0], &[4.0]);
        check("lat!=3", &[4.0], &[3.0]);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "lat", "lat>", ">3", "lat>x", "1<lat<", "1<lat<2<3", "lat>inf", "lat<1<2"] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
