//! Conditions on the rows of a sequence.

use std::cmp::Ordering;

use regex::bytes::{Regex, RegexBuilder};

use super::constraint::{Operand, Operator, Predicate};
use super::{AtomicType, Form};

/// Compiled expressions may take this much memory.
const MOST_PATTERN: usize = 1 << 20;

/// A condition that can be decided for every row.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    first: Term,
    rest: Vec<(Operator, Term)>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    /// A field of the row, by its place.
    Field(usize),
    Constant(Value),
    Pattern(Pattern),
}

/// A regular expression, equal to another that is written alike.
#[derive(Clone, Debug)]
struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// A value that is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any integer.
    Integer(i128),
    /// Any float.
    Float(f64),
    /// Any text.
    Text(Vec<u8>),
}

impl Value {
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Text(_), _) | (_, Self::Text(_)) => None,
            (a, b) => a.as_float().partial_cmp(&b.as_float()),
        }
    }

    fn as_float(&self) -> f64 {
        match self {
            Self::Integer(integer) => *integer as f64,
            Self::Float(float) => *float,
            Self::Text(_) => f64::NAN,
        }
    }

    /// The value of one element as it is stored, little-endian; `None` for types that are not compared.
    #[must_use]
    pub fn of(form: &Form, bytes: &[u8]) -> Option<Self> {
        let atomic = match form {
            Form::Number(AtomicType::Char) | Form::String => return Some(Self::Text(bytes.to_vec())),
            Form::Padded { .. } => return Some(Self::Text(unpadded(bytes).to_vec())),
            Form::Number(atomic) | Form::Enum { base: atomic, .. } => *atomic,
            _ => return None,
        };
        Some(match atomic {
            AtomicType::Int8 => Self::Integer(i8::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::UInt8 => Self::Integer(u8::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::Int16 => Self::Integer(i16::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::UInt16 => Self::Integer(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::Int32 => Self::Integer(i32::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::UInt32 => Self::Integer(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::Int64 => Self::Integer(i64::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::UInt64 => Self::Integer(u64::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::Float32 => Self::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            AtomicType::Float64 => Self::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
            AtomicType::Char => Self::Text(bytes.to_vec()),
        })
    }
}

/// A fixed text without the NULs that pad it.
#[must_use]
pub fn unpadded(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    bytes.get(..end).unwrap_or_default()
}

/// What a term is compared as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Text,
}

impl Condition {
    /// Makes `predicate` decidable for rows of the form `row`; `sequence` names the value of rows that have no fields.
    ///
    /// # Errors
    /// Why it cannot be decided, for people.
    pub fn of(predicate: &Predicate, row: &Form, sequence: &str) -> Result<Self, String> {
        let mut left = predicate.first.clone();
        let mut rest = Vec::with_capacity(predicate.rest.len());
        let (first, ..) = comparison(&left, None, row, sequence)?;
        let mut fields = usize::from(matches!(first, Term::Field(_)));
        let mut start = first;
        for (operator, right) in &predicate.rest {
            let (first, second) = pair(&left, *operator, right, row, sequence)?;
            if rest.is_empty() {
                start = first;
            }
            fields = fields.saturating_add(usize::from(matches!(second, Term::Field(_))));
            rest.push((*operator, second));
            left = right.clone();
        }
        if fields == 0 {
            return Err(format!("it names no field; there are {}", fields_of(row, sequence).join(", ")));
        }
        Ok(Self { first: start, rest })
    }

    /// The places of the fields that are compared.
    pub fn fields(&self) -> impl Iterator<Item = usize> + '_ {
        let terms = std::iter::once(&self.first).chain(self.rest.iter().map(|(_, term)| term));
        terms.filter_map(|term| if let Term::Field(place) = term { Some(*place) } else { None })
    }

    /// Whether it holds for a row of which `value` gives the fields. What cannot be compared, as a NaN, fulfils only `!=`.
    pub fn holds(&self, value: &dyn Fn(usize) -> Option<Value>) -> bool {
        let of = |term: &Term| match term {
            Term::Field(place) => value(*place),
            Term::Constant(constant) => Some(constant.clone()),
            Term::Pattern(_) => None,
        };
        let mut left = of(&self.first);
        self.rest.iter().all(|(operator, term)| {
            let right = of(term);
            let holds = match (term, &left) {
                (Term::Pattern(pattern), Some(Value::Text(text))) => pattern.0.is_match(text),
                (Term::Pattern(_), _) => false,
                _ => {
                    let order = left.as_ref().zip(right.as_ref()).and_then(|(a, b)| a.compare(b));
                    decides(*operator, order)
                }
            };
            left = right;
            holds
        })
    }
}

fn decides(operator: Operator, order: Option<Ordering>) -> bool {
    match operator {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Matches => false,
    }
}

/// The names of the fields of a row that can be compared.
fn fields_of(row: &Form, sequence: &str) -> Vec<String> {
    match row {
        Form::Structure { fields, .. } => fields.iter().map(|field| field.name.clone()).collect(),
        _ => vec![sequence.to_owned()],
    }
}

/// Both sides of a comparison, once they are known to be of one sort.
fn pair(
    left: &Operand,
    operator: Operator,
    right: &Operand,
    row: &Form,
    sequence: &str,
) -> Result<(Term, Term), String> {
    let left_form = field(left, row, sequence)?.map(|(_, form)| form);
    let right_form = field(right, row, sequence)?.map(|(_, form)| form);
    let (first, of_first) = comparison(left, right_form, row, sequence)?;
    let (second, of_second) = comparison(right, left_form, row, sequence)?;
    if operator == Operator::Matches {
        let (Sort::Text, None) = (of_first, right_form) else {
            return Err("only texts are compared with an expression".to_owned());
        };
        let pattern = RegexBuilder::new(&right.text).size_limit(MOST_PATTERN).build();
        let pattern = pattern.map_err(|error| format!("the expression is not understood: {error}"))?;
        return Ok((first, Term::Pattern(Pattern(pattern))));
    }
    if of_first != of_second {
        return Err("a number is compared with a text".to_owned());
    }
    Ok((first, second))
}

/// The field that an operand names, if it does.
fn field<'f>(operand: &Operand, row: &'f Form, sequence: &str) -> Result<Option<(usize, &'f Form)>, String> {
    if operand.quoted {
        return Ok(None);
    }
    let found = match row {
        Form::Structure { fields, .. } => {
            let place = fields.iter().position(|field| field.name == operand.text);
            let field = place.and_then(|place| Some((place, fields.get(place)?)));
            if field.is_some_and(|(_, field)| !field.shape.is_empty()) {
                return Err(format!("the field {:?} has several values", operand.text));
            }
            field.map(|(place, field)| (place, &field.form))
        }
        value => (operand.text == sequence).then_some((0, value)),
    };
    Ok(found)
}

/// A term and what it is compared as; `other` is the form of the field on the other side.
fn comparison(
    operand: &Operand,
    other: Option<&Form>,
    row: &Form,
    sequence: &str,
) -> Result<(Term, Sort), String> {
    if let Some((place, form)) = field(operand, row, sequence)? {
        let sort = match form {
            Form::Number(AtomicType::Char) | Form::String | Form::Padded { .. } => Sort::Text,
            Form::Number(_) | Form::Enum { .. } => Sort::Number,
            _ => return Err(format!("the field {:?} is neither a number nor a text", operand.text)),
        };
        return Ok((Term::Field(place), sort));
    }
    let text = || Value::Text(operand.text.clone().into_bytes());
    let constant = |value| Ok((Term::Constant(value), Sort::Number));
    match other {
        Some(Form::Number(AtomicType::Char) | Form::String | Form::Padded { .. }) => {
            Ok((Term::Constant(text()), Sort::Text))
        }
        Some(Form::Enum { constants, .. }) => {
            if let Some((_, value)) = constants.iter().find(|(name, _)| *name == operand.text) {
                return constant(Value::Integer(*value));
            }
            number(operand).map_or_else(|| Err(format!("there is no value {:?}", operand.text)), constant)
        }
        Some(_) => number(operand)
            .map_or_else(|| Err(format!("{:?} is neither a field nor a number", operand.text)), constant),
        None => match number(operand) {
            Some(value) => constant(value),
            None => Ok((Term::Constant(text()), Sort::Text)),
        },
    }
}

fn number(operand: &Operand) -> Option<Value> {
    if operand.quoted {
        return None;
    }
    let integer = operand.text.parse().ok().map(Value::Integer);
    integer.or_else(|| operand.text.parse().ok().map(Value::Float))
}
