//! Fields of structures and of rows: which are sent, and which conditions on them can be decided.

use super::super::constraint::{Clause, Index, Operator, Predicate};
use super::super::fault::{Fault, Reason};
use super::super::filter::Condition;
use super::super::form::{Field, Form, Part};
use super::{Asked, fault};

/// Sends only the fields that clauses name.
pub fn choose(form: &mut Form, asked: &Asked<'_>) -> Result<(), Fault> {
    let first = asked.fields.first().copied().or(asked.paths.first().map(|(clause, _)| *clause));
    let Some(first) = first else { return Ok(()) };
    let fields = form.fields_mut().ok_or_else(|| fault(first, Reason::NoFields))?;
    for field in fields.iter_mut() {
        field.part = Part::None;
    }
    for clause in &asked.fields {
        for inner in &clause.fields {
            take(fields, inner, &inner_path(inner))?;
        }
    }
    for (clause, path) in &asked.paths {
        take(fields, clause, path)?;
    }
    Ok(())
}

/// The parts of a field's name.
fn inner_path(clause: &Clause) -> Vec<String> {
    clause.name.last.clone()
}

/// Sends the field at `path`, as far as `clause` says.
fn take(fields: &mut [Field], clause: &Clause, path: &[String]) -> Result<(), Fault> {
    let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let unknown = || fault(clause, Reason::Unknown { what: "field", known });
    let (place, rest) = (1..=path.len())
        .rev()
        .find_map(|end| {
            let (own, rest) = path.split_at_checked(end)?;
            let own = own.join(".");
            fields.iter().position(|field| field.name == own).map(|place| (place, rest))
        })
        .ok_or_else(unknown)?;
    let Some(field) = fields.get_mut(place) else { return Ok(()) };
    if !rest.is_empty() {
        let inner = field.form.fields_mut().ok_or_else(|| fault(clause, Reason::NoFields))?;
        if field.part == Part::None {
            inner.iter_mut().for_each(|inner| inner.part = Part::None);
            field.part = Part::All;
        }
        return take(inner, clause, rest);
    }
    if !clause.fields.is_empty() {
        let inner = field.form.fields_mut().ok_or_else(|| fault(clause, Reason::NoFields))?;
        if field.part == Part::None {
            inner.iter_mut().for_each(|inner| inner.part = Part::None);
        }
        for one in &clause.fields {
            take(inner, one, &inner_path(one))?;
        }
    }
    field.part = Part::All;
    narrow(field, clause)?;
    let name = field.name.clone();
    filter(&mut field.form, clause, &name)
}

fn narrow(field: &mut Field, clause: &Clause) -> Result<(), Fault> {
    if clause.indices.is_empty() {
        return Ok(());
    }
    let misfit = |misfit| fault(clause, Reason::Misfit(misfit));
    if clause.indices.len() != field.shape.len() {
        let (given, expected) = (clause.indices.len(), field.shape.len());
        return Err(misfit(weir_model::Misfit::Rank { given, expected }));
    }
    let axes = clause.indices.iter().zip(&field.shape).enumerate();
    let strides = |(axis, (index, &length)): (usize, (&Index, &u64))| index.strides(axis, length);
    let axes = axes.map(strides).collect::<Result<Vec<_>, _>>().map_err(misfit)?;
    field.narrow(&axes).ok_or_else(|| fault(clause, Reason::TooMuch))
}

/// Sends only the rows for which the conditions of `clause` hold; `name` is that of the sequence.
pub fn filter(form: &mut Form, clause: &Clause, name: &str) -> Result<(), Fault> {
    if clause.filter.is_empty() {
        return Ok(());
    }
    let Form::Sequence { element, filter } = form else { return Err(fault(clause, Reason::NoRows)) };
    for predicate in &clause.filter {
        let cannot = |why: String| Fault {
            byte: predicate.byte,
            token: shown(predicate),
            reason: Reason::Condition(why),
        };
        filter.push(Condition::of(predicate, element, name).map_err(cannot)?);
    }
    Ok(())
}

fn shown(predicate: &Predicate) -> String {
    let mut text = predicate.first.text.clone();
    for (operator, operand) in &predicate.rest {
        text.push_str(match operator {
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Matches => "~=",
        });
        text.push_str(&operand.text);
    }
    text
}

/// Collects the fully qualified names of enumerations that are sent.
pub fn enumerations(form: &Form, found: &mut Vec<String>) {
    match form {
        Form::Enum { enumeration, .. } => found.push(enumeration.clone()),
        Form::Sequence { element, .. } => enumerations(element, found),
        Form::Structure { fields, .. } => {
            for field in fields.iter().filter(|field| field.part != Part::None) {
                enumerations(&field.form, found);
            }
        }
        _ => {}
    }
}
