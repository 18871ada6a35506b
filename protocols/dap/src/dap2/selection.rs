//! Selections: which rows of a Sequence are sent.

use regex::bytes::{Regex, RegexBuilder};

use super::constraint::{Clause, Operand, Operator, Projection};
use super::{AtomicType, Fault, Reason};

/// Bytes that a compiled regular expression may take; matching is linear in the text whatever the expression.
const LARGEST_EXPRESSION: usize = 1 << 20;

/// A column that a selection names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its place among the columns of the Sequence, whether they are sent or not.
    pub place: usize,
    /// Its type.
    pub data_type: AtomicType,
}

/// What one column has in one row. All numbers of DAP2 are exact as 64-bit floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'c> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'c [u8]),
}

/// Selections that a row must pass, all of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
struct Test {
    left: Term,
    operator: Operator,
    /// At least one; any of them will do.
    right: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    Column(Column),
    Number(f64),
    Text(Vec<u8>),
    Pattern(Regex),
}

impl Term {
    fn is_text(&self) -> bool {
        match self {
            Self::Column(column) => column.data_type == AtomicType::String,
            Self::Number(_) => false,
            Self::Text(_) | Self::Pattern(_) => true,
        }
    }
}

impl Filter {
    /// Whether every row passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Adds a selection, whose names `column` finds.
    ///
    /// # Errors
    /// [`Reason::NotComparable`] where it compares text with numbers, constants with each other, or where its regular
    /// expression is none; else what `column` says.
    pub fn add(
        &mut self,
        clause: &Clause,
        mut column: impl FnMut(&Projection) -> Result<Column, Fault>,
    ) -> Result<(), Fault> {
        let fault = |why: String| Fault {
            byte: clause.byte,
            token: String::new(),
            reason: Reason::NotComparable { why },
        };
        let mut term = |operand: &Operand| match operand {
            Operand::Number(number) => Ok(Term::Number(*number)),
            Operand::Text(text) => Ok(Term::Text(text.clone().into_bytes())),
            Operand::Projection(projection) => column(projection).map(Term::Column),
            Operand::Call(call) => Err(fault(format!("{}() does not answer with a column", call.name))),
        };
        let left = term(&clause.left)?;
        let mut right = clause.right.iter().map(&mut term).collect::<Result<Vec<_>, _>>()?;
        if ![&left].into_iter().chain(&right).any(|term| matches!(term, Term::Column(_))) {
            return Err(fault("it names no column".to_owned()));
        }
        if right.iter().any(|term| term.is_text() != left.is_text()) {
            return Err(fault("it compares text with numbers; texts stand in quotes".to_owned()));
        }
        if clause.operator == Operator::Matches {
            right = right.into_iter().map(|term| pattern(term).map_err(fault)).collect::<Result<_, _>>()?;
        }
        self.tests.push(Test { left, operator: clause.operator, right });
        Ok(())
    }

    /// Adds the selections of `other`.
    pub fn append(&mut self, mut other: Self) {
        self.tests.append(&mut other.tests);
    }

    /// Whether a row passes, whose columns `cell` gives; `None` where it does not give one that is needed.
    pub fn accepts<'c>(&self, cell: impl Fn(usize) -> Option<Cell<'c>>) -> Option<bool> {
        for test in &self.tests {
            let mut any = false;
            for right in &test.right {
                any |= compare(&test.left, test.operator, right, &cell)?;
            }
            if !any {
                return Some(false);
            }
        }
        Some(true)
    }
}

fn pattern(term: Term) -> Result<Term, String> {
    let Term::Text(text) = term else {
        return Err("~= takes a regular expression in quotes on its right".to_owned());
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let built = RegexBuilder::new(&text).size_limit(LARGEST_EXPRESSION).build();
    built.map(Term::Pattern).map_err(|error| {
        // The last line says what is wrong; the others draw where.
        let error = error.to_string();
        format!("\"{text}\" is no regular expression: {}", error.lines().last().unwrap_or("it is too large"))
    })
}

fn compare<'c>(
    left: &Term,
    operator: Operator,
    right: &Term,
    cell: &impl Fn(usize) -> Option<Cell<'c>>,
) -> Option<bool> {
    let number = |term: &Term| match term {
        Term::Column(column) => match cell(column.place)? {
            Cell::Number(number) => Some(number),
            Cell::Text(_) => None,
        },
        Term::Number(number) => Some(*number),
        Term::Text(_) | Term::Pattern(_) => None,
    };
    if !left.is_text() {
        return Some(holds(operator, number(left)?.partial_cmp(&number(right)?)));
    }
    let left = text(left, cell)?;
    match right {
        Term::Pattern(pattern) => Some(pattern.is_match(left)),
        other => Some(holds(operator, left.partial_cmp(text(other, cell)?))),
    }
}

fn text<'t, 'c: 't>(term: &'t Term, cell: &impl Fn(usize) -> Option<Cell<'c>>) -> Option<&'t [u8]> {
    match term {
        Term::Column(column) => match cell(column.place)? {
            Cell::Text(text) => Some(text),
            Cell::Number(_) => None,
        },
        Term::Text(text) => Some(text),
        Term::Number(_) | Term::Pattern(_) => None,
    }
}

/// Whether what is ordered so fulfils the operator; numbers that are none have no order, and differ from all.
fn holds(operator: Operator, ordering: Option<std::cmp::Ordering>) -> bool {
    match operator {
        Operator::Equal => ordering.is_some_and(std::cmp::Ordering::is_eq),
        Operator::NotEqual => ordering.is_none_or(std::cmp::Ordering::is_ne),
        Operator::Less => ordering.is_some_and(std::cmp::Ordering::is_lt),
        Operator::LessOrEqual => ordering.is_some_and(std::cmp::Ordering::is_le),
        Operator::Greater => ordering.is_some_and(std::cmp::Ordering::is_gt),
        Operator::GreaterOrEqual => ordering.is_some_and(std::cmp::Ordering::is_ge),
        Operator::Matches => false,
    }
}
