//! Templates: text with expressions between `{{` and `}}`, the part of Jinja that reference sets use.

use std::collections::HashMap;
use std::fmt::Write;

use crate::Error;
use crate::expression::{Expression, Operator};
use crate::limits::{MOST_STEPS, MOST_TEMPLATES, MOST_TEXT_BYTES, MOST_WIDTH};
use crate::tokens::tokens;
use crate::value::Value;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// `Malformed`, or `Unsupported` for statements and whatever else Jinja has beyond expressions; `TooLarge` beyond the
    /// limits.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_length(text.len())?;
        if text.contains("{%") || text.contains("{#") {
            return Err(Error::unsupported("statements and comments of templates are not built in"));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, expression)) = rest.split_once("{{") {
            if expression.starts_with(['-', '+']) {
                return Err(Error::unsupported("{{- and {{+ of templates are not built in"));
            }
            let (tokens, behind) = tokens(expression)?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Expression(Expression::parse(&tokens)?));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces })
    }

    /// The text that it makes.
    ///
    /// # Errors
    /// `Malformed` for a name that nothing stands for and for values that do not fit their operator, `TooLarge` beyond the
    /// limits.
    pub fn render(&self, scope: &Scope<'_>, steps: &mut Steps) -> Result<String, Error> {
        let mut out = String::new();
        for piece in &self.pieces {
            let before = out.len();
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Expression(expression) => match scope.value(expression, steps)? {
                    Value::Text(text) => out.push_str(&text),
                    // Writing to a string does not fail.
                    Value::Int(n) => write!(out, "{n}").unwrap_or_default(),
                },
            }
            check_length(out.len())?;
            steps.take(out.len().saturating_sub(before))?;
        }
        Ok(out)
    }
}

/// Steps that are left to all templates of a document.
#[derive(Debug)]
pub struct Steps(u64);

impl Default for Steps {
    fn default() -> Self {
        Self(MOST_STEPS)
    }
}

impl Steps {
    fn take(&mut self, steps: usize) -> Result<(), Error> {
        let left = self.0.checked_sub((steps as u64).saturating_add(1));
        self.0 = left.ok_or_else(|| {
            Error::too_large(format!("its templates take more than the limit of {MOST_STEPS} steps"))
        })?;
        Ok(())
    }
}

/// The templates of a document, by name.
#[derive(Debug, Default)]
pub struct Templates(HashMap<String, Definition>);

#[derive(Debug)]
enum Definition {
    /// Text without expressions: a name stands for it.
    Plain(String),
    /// Text with expressions: it is called with their variables.
    Callable(Template),
}

impl Templates {
    /// Parses the templates of a document.
    ///
    /// # Errors
    /// Those of [`Template::parse`], with the name; `TooLarge` where there are too many.
    pub fn parse(texts: Vec<(String, String)>) -> Result<Self, Error> {
        if texts.len() > MOST_TEMPLATES {
            let message = format!("it has {} templates, the limit is {MOST_TEMPLATES}", texts.len());
            return Err(Error::too_large(message));
        }
        let parse = |(name, text): (String, String)| {
            let definition = match text.contains("{{") {
                true => Template::parse(&text).map(Definition::Callable),
                false => check_length(text.len()).map(|()| Definition::Plain(text)),
            };
            definition
                .map_err(|e| e.within(format!("template {name:?}")))
                .map(|definition| (name, definition))
        };
        Ok(Self(texts.into_iter().map(parse).collect::<Result<_, Error>>()?))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// What names stand for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Values, by name.
    pub variables: &'a [(String, Value)],
    /// Templates; inside a template there are none, so none can call itself.
    pub templates: Option<&'a Templates>,
}

impl Scope<'_> {
    fn value(&self, expression: &Expression, steps: &mut Steps) -> Result<Value, Error> {
        steps.take(1)?;
        match expression {
            Expression::Int(n) => Ok(Value::Int(*n)),
            Expression::Text(text) => {
                steps.take(text.len())?;
                Ok(Value::Text(text.clone()))
            }
            Expression::Name(name) => self.named(name, steps),
            Expression::Call { name, arguments } => self.called(name, arguments, steps),
            Expression::Tuple(_) => Err(Error::malformed("several values stand where one is needed")),
            Expression::Negative(operand) => match self.value(operand, steps)? {
                Value::Int(n) => n.checked_neg().map(Value::Int).ok_or_else(overflow),
                Value::Text(_) => Err(Error::malformed("- stands before text")),
            },
            Expression::Chain { first, rest } => {
                let mut left = self.value(first, steps)?;
                for (operator, operand) in rest {
                    left = match (&left, operator) {
                        (Value::Text(format), Operator::Remainder) => {
                            Value::Text(formatted(format, self.values(operand, steps)?)?)
                        }
                        _ => combined(left, *operator, self.value(operand, steps)?)?,
                    };
                    if let Value::Text(text) = &left {
                        check_length(text.len())?;
                        steps.take(text.len())?;
                    }
                }
                Ok(left)
            }
        }
    }

    /// The values of a tuple, or the one value.
    fn values(&self, expression: &Expression, steps: &mut Steps) -> Result<Vec<Value>, Error> {
        match expression {
            Expression::Tuple(members) => members.iter().map(|member| self.value(member, steps)).collect(),
            one => self.value(one, steps).map(|value| vec![value]),
        }
    }

    fn named(&self, name: &str, steps: &mut Steps) -> Result<Value, Error> {
        if let Some((_, value)) = self.variables.iter().find(|(variable, _)| variable == name) {
            if let Value::Text(text) = value {
                steps.take(text.len())?;
            }
            return Ok(value.clone());
        }
        match self.templates.and_then(|templates| templates.0.get(name)) {
            Some(Definition::Plain(text)) => {
                steps.take(text.len())?;
                Ok(Value::Text(text.clone()))
            }
            Some(Definition::Callable(_)) => {
                Err(Error::malformed(format!("template {name:?} must be called with its variables")))
            }
            None => Err(Error::malformed(format!("nothing is called {name:?}"))),
        }
    }

    fn called(
        &self,
        name: &str,
        arguments: &[(String, Expression)],
        steps: &mut Steps,
    ) -> Result<Value, Error> {
        let template = match self.templates.and_then(|templates| templates.0.get(name)) {
            Some(Definition::Callable(template)) => template,
            Some(Definition::Plain(_)) => {
                return Err(Error::malformed(format!(
                    "template {name:?} has no variables to be called with"
                )));
            }
            None => return Err(Error::malformed(format!("no template is called {name:?}"))),
        };
        let value = |(name, expression): &(String, Expression)| {
            self.value(expression, steps).map(|value| (name.clone(), value))
        };
        let variables = arguments.iter().map(value).collect::<Result<Vec<_>, Error>>()?;
        let inner = Scope { variables: &variables, templates: None };
        let rendered = template.render(&inner, steps).map_err(|e| e.within(format!("template {name:?}")));
        rendered.map(Value::Text)
    }
}

fn combined(left: Value, operator: Operator, right: Value) -> Result<Value, Error> {
    if operator == Operator::Join {
        return Ok(Value::Text(format!("{left}{right}")));
    }
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => arithmetic(a, operator, b).map(Value::Int),
        (Value::Text(a), Value::Text(b)) if operator == Operator::Add => Ok(Value::Text(a + &b)),
        (left, right) => {
            let (left, right) = (left.describe(), right.describe());
            Err(Error::malformed(format!("an operator stands between {left} and {right}")))
        }
    }
}

/// Division rounds down and the remainder has the divisor's sign, as in the language that templates come from.
fn arithmetic(a: i64, operator: Operator, b: i64) -> Result<i64, Error> {
    if b == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Err(Error::malformed("a template divides by zero"));
    }
    let rounds = |remainder: i64| remainder != 0 && (remainder < 0) != (b < 0);
    let result = match operator {
        Operator::Add | Operator::Join => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => a.checked_div(b).zip(a.checked_rem(b)).and_then(|(quotient, remainder)| {
            if rounds(remainder) { quotient.checked_sub(1) } else { Some(quotient) }
        }),
        Operator::Remainder => a
            .checked_rem(b)
            .and_then(|remainder| if rounds(remainder) { remainder.checked_add(b) } else { Some(remainder) }),
    };
    result.ok_or_else(overflow)
}

fn overflow() -> Error {
    Error::too_large("a number of a template does not fit into 64 bits")
}

/// `'%03d' % i`: `%d`, `%s`, both with a width, which `0` fills with zeros for numbers, and `%%`.
fn formatted(format: &str, values: Vec<Value>) -> Result<String, Error> {
    let mut out = String::new();
    let mut values = values.into_iter();
    let mut rest = format;
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(behind) = behind.strip_prefix('%') {
            out.push('%');
            rest = behind;
            continue;
        }
        let end = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        let (width, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
        let mut behind_kind = behind.chars();
        let kind = behind_kind.next();
        let value = values.next().ok_or_else(|| Error::malformed("a format has too few values"))?;
        let (zeros, width) = (width.starts_with('0'), read_width(width)?);
        match (kind, value) {
            (Some('d' | 'i'), Value::Int(n)) if zeros => write!(out, "{n:0width$}"),
            (Some('d' | 'i' | 's'), Value::Int(n)) => write!(out, "{n:width$}"),
            (Some('s'), Value::Text(text)) => write!(out, "{text:>width$}"),
            (Some('d' | 'i'), Value::Text(_)) => return Err(Error::malformed("%d is given text")),
            _ => return Err(Error::unsupported("a format other than %d, %s and %%")),
        }
        .unwrap_or_default();
        check_length(out.len())?;
        rest = behind_kind.as_str();
    }
    out.push_str(rest);
    match values.next() {
        None => Ok(out),
        Some(_) => Err(Error::malformed("a format has too many values")),
    }
}

fn read_width(digits: &str) -> Result<usize, Error> {
    let width = if digits.is_empty() { Some(0) } else { digits.parse().ok() };
    width.filter(|width| *width <= MOST_WIDTH).ok_or_else(|| {
        Error::too_large(format!("a format asks for width {digits}, the limit is {MOST_WIDTH}"))
    })
}

fn check_length(length: usize) -> Result<(), Error> {
    match length > MOST_TEXT_BYTES {
        true => Err(Error::too_large(format!("a template makes more than {MOST_TEXT_BYTES} bytes"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
