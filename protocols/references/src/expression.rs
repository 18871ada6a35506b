//! Expressions of templates: whole numbers, strings, names, calls, `+ - * // %`, `~`, and `'%03d' % i`.
//!
//! The precedence is Jinja's: `+` and `-` bind loosest, then `~`, then `*`, `//` and `%`, then a leading `-`.

use crate::Error;
use crate::limits::MOST_DEPTH;
use crate::tokens::Token;

/// A parsed expression. Chains of operators are flat, so that a long one is not a deep one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A whole number.
    Int(i64),
    /// A string.
    Text(String),
    /// A variable, or a template without expressions.
    Name(String),
    /// A template with expressions, and its variables.
    Call {
        /// The template.
        name: String,
        /// Its variables, by name.
        arguments: Vec<(String, Expression)>,
    },
    /// Several values for a format.
    Tuple(Vec<Expression>),
    /// The opposite number.
    Negative(Box<Expression>),
    /// Operators of one precedence, from left to right.
    Chain {
        /// The first operand.
        first: Box<Expression>,
        /// What follows.
        rest: Vec<(Operator, Expression)>,
    },
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Sum of numbers, or joined text.
    Add,
    /// Difference.
    Subtract,
    /// Joins what both sides look like.
    Join,
    /// Product.
    Multiply,
    /// Quotient, rounded down.
    Divide,
    /// What [`Divide`](Self::Divide) leaves; or a format and its values.
    Remainder,
}

/// Levels of precedence, loosest first.
const LEVELS: [&[(&str, Operator)]; 3] = [
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("~", Operator::Join)],
    &[("*", Operator::Multiply), ("//", Operator::Divide), ("%", Operator::Remainder)],
];

impl Expression {
    /// Parses the tokens of one expression.
    ///
    /// # Errors
    /// `Malformed` where they are none, `Unsupported` for what the language has and this parser has not.
    pub fn parse(tokens: &[Token]) -> Result<Self, Error> {
        let mut parser = Parser { tokens, depth: 0 };
        let expression = parser.level(&LEVELS)?;
        match parser.tokens.first() {
            None => Ok(expression),
            Some(token) => Err(unexpected(token)),
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn level(&mut self, levels: &[&[(&str, Operator)]]) -> Result<Expression, Error> {
        let Some((operators, tighter)) = levels.split_first() else { return self.nested(Self::unary) };
        let first = self.level(tighter)?;
        let mut rest = Vec::new();
        while let Some(Token::Sign(sign)) = self.tokens.first() {
            let Some((_, operator)) = operators.iter().find(|(text, _)| text == sign) else { break };
            self.skip();
            rest.push((*operator, self.level(tighter)?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Chain { first: Box::new(first), rest } })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Expression, Error>) -> Result<Expression, Error> {
        if self.depth >= MOST_DEPTH {
            let message = format!("an expression of a template nests deeper than the limit of {MOST_DEPTH}");
            return Err(Error::too_large(message));
        }
        self.depth = self.depth.saturating_add(1);
        let parsed = parse(self);
        self.depth = self.depth.saturating_sub(1);
        parsed
    }

    fn unary(&mut self) -> Result<Expression, Error> {
        if self.take("-") {
            return Ok(Expression::Negative(Box::new(self.nested(Self::unary)?)));
        }
        let (token, rest) = self.tokens.split_first().ok_or_else(ended)?;
        self.tokens = rest;
        match token {
            Token::Int(n) => Ok(Expression::Int(*n)),
            Token::Text(text) => Ok(Expression::Text(text.clone())),
            Token::Name(name) if self.take("(") => {
                Ok(Expression::Call { name: name.clone(), arguments: self.arguments()? })
            }
            Token::Name(name) => Ok(Expression::Name(name.clone())),
            Token::Sign("(") => self.group(),
            sign @ Token::Sign(_) => Err(unexpected(sign)),
        }
    }

    /// What is behind `(`: one expression, or a tuple.
    fn group(&mut self) -> Result<Expression, Error> {
        let mut members = Vec::new();
        loop {
            if !members.is_empty() && self.take(")") {
                return Ok(Expression::Tuple(members));
            }
            let member = self.level(&LEVELS)?;
            if members.is_empty() && self.take(")") {
                return Ok(member);
            }
            members.push(member);
            if !self.take(",") {
                self.require(")")?;
                return Ok(Expression::Tuple(members));
            }
        }
    }

    /// What is behind the `(` of a call: `name=expression`, with commas between.
    fn arguments(&mut self) -> Result<Vec<(String, Expression)>, Error> {
        let mut arguments: Vec<(String, Expression)> = Vec::new();
        while !self.take(")") {
            let [Token::Name(name), Token::Sign("="), rest @ ..] = self.tokens else {
                return Err(Error::unsupported("a template is called with variables by name: f(c='text')"));
            };
            if arguments.iter().any(|(other, _)| other == name) {
                return Err(Error::malformed(format!("a template is called with {name} twice")));
            }
            self.tokens = rest;
            arguments.push((name.clone(), self.level(&LEVELS)?));
            if !self.take(",") {
                self.require(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn take(&mut self, sign: &str) -> bool {
        let taken = matches!(self.tokens.first(), Some(Token::Sign(next)) if *next == sign);
        if taken {
            self.skip();
        }
        taken
    }

    fn require(&mut self, sign: &str) -> Result<(), Error> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.tokens.first().map_or_else(ended, unexpected)),
        }
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }
}

fn ended() -> Error {
    Error::malformed("an expression of a template ends too early")
}

fn unexpected(token: &Token) -> Error {
    match token {
        Token::Sign(sign @ ("/" | "**")) => {
            Error::unsupported(format!("{sign} in an expression of a template; numbers there are whole"))
        }
        Token::Sign(sign) => Error::malformed(format!("{sign:?} is not expected in an expression")),
        Token::Int(n) => Error::malformed(format!("{n} is not expected in an expression")),
        Token::Text(_) => Error::malformed("a string is not expected in an expression"),
        Token::Name(name) => Error::unsupported(format!("{name:?} is not expected in an expression")),
    }
}
