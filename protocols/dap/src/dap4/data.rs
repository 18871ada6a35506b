//! Data: elements as they are stored, turned into the bytes of a data response.
//!
//! Numbers keep their bytes, which are little-endian. Texts, opaque bytes and sequences follow a count of 8 bytes. Structures have
//! no padding (DAP4 specification, volume 1, "Data Response").
//!
//! An element of a fixed size is stored in that many bytes. One that varies is stored packed: a text is its bytes, a list the packed
//! forms of its elements; inside something else both have a count of 8 bytes before them; a record is its fields one
//! after the other.

mod delimit;
#[cfg(test)]
mod tests;

use std::fmt;

pub use delimit::{BadData, Delimited, delimit};

use super::filter::{Condition, Value, unpadded};
use super::form::{Field, Form, Part};

/// Bytes of a count.
const COUNT: usize = 8;

/// A stored element has not the bytes that its type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadElement;

impl fmt::Display for BadElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an element has not the bytes that its type takes")
    }
}

impl std::error::Error for BadElement {}

/// Appends what is sent of one stored element.
///
/// # Errors
/// [`BadElement`] where `stored` is not exactly one element; `out` then holds nothing of use.
pub fn encode(form: &Form, stored: &[u8], out: &mut Vec<u8>) -> Result<(), BadElement> {
    let mut cursor = Cursor { rest: stored };
    match form {
        Form::String => text(cursor.take(stored.len())?, out),
        Form::Sequence { element, filter } => rows(element, filter, &mut cursor, None, out)?,
        _ => inner(form, &mut cursor, out)?,
    }
    if cursor.rest.is_empty() { Ok(()) } else { Err(BadElement) }
}

/// Bytes that are read from front to back.
#[derive(Clone, Copy)]
struct Cursor<'b> {
    rest: &'b [u8],
}

impl<'b> Cursor<'b> {
    fn take(&mut self, bytes: usize) -> Result<&'b [u8], BadElement> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(BadElement)?;
        self.rest = rest;
        Ok(taken)
    }

    fn count(&mut self) -> Result<u64, BadElement> {
        let (count, rest) = self.rest.split_first_chunk::<COUNT>().ok_or(BadElement)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*count))
    }

    fn counted(&mut self) -> Result<&'b [u8], BadElement> {
        let count = usize::try_from(self.count()?).ok().ok_or(BadElement)?;
        self.take(count)
    }

    /// The bytes of one element inside another, which are passed over.
    fn span(&mut self, form: &Form) -> Result<&'b [u8], BadElement> {
        let before = self.rest;
        skip(form, self)?;
        before.get(..before.len().saturating_sub(self.rest.len())).ok_or(BadElement)
    }
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    // No buffer is longer than 64 bits can count.
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// An element inside another: with a count where it varies.
fn inner(form: &Form, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), BadElement> {
    match form {
        Form::Number(atomic) | Form::Enum { base: atomic, .. } => {
            out.extend_from_slice(cursor.take(atomic.size())?);
        }
        Form::Opaque { size } => text(cursor.take(*size)?, out),
        Form::Padded { length } => text(unpadded(cursor.take(*length)?), out),
        Form::String => text(cursor.counted()?, out),
        Form::Sequence { element, filter } => {
            let count = cursor.count()?;
            rows(element, filter, cursor, Some(count), out)?;
        }
        Form::Structure { stored: Some(size), fields } => {
            let record = cursor.take(*size)?;
            for field in fields {
                let at = record.get(field.offset..).ok_or(BadElement)?;
                send(field, &mut Cursor { rest: at }, out)?;
            }
        }
        Form::Structure { stored: None, fields } => {
            for field in fields {
                send(field, cursor, out)?;
            }
        }
    }
    Ok(())
}

/// What is sent of a field; all of it is passed over.
fn send(field: &Field, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), BadElement> {
    let count = field.elements().ok_or(BadElement)?;
    match &field.part {
        Part::All => {
            if field.form.is_verbatim() {
                let bytes = field.form.stored_size().and_then(|size| size.checked_mul(count));
                out.extend_from_slice(cursor.take(bytes.ok_or(BadElement)?)?);
                return Ok(());
            }
            (0..count).try_for_each(|_| inner(&field.form, cursor, out))
        }
        Part::None => (0..count).try_for_each(|_| skip(&field.form, cursor)),
        Part::Some { places, .. } => {
            let mut spans = Vec::new();
            for _ in 0..count {
                spans.push(cursor.span(&field.form)?);
            }
            places.iter().try_for_each(|&place| {
                let rest = spans.get(place).copied().ok_or(BadElement)?;
                inner(&field.form, &mut Cursor { rest }, out)
            })
        }
    }
}

/// Passes over an element inside another.
fn skip(form: &Form, cursor: &mut Cursor<'_>) -> Result<(), BadElement> {
    if let Some(size) = form.stored_size() {
        return cursor.take(size).map(drop);
    }
    match form {
        Form::Sequence { element, .. } => {
            let count = cursor.count()?;
            (0..count).try_for_each(|_| skip(element, cursor))
        }
        Form::Structure { fields, .. } => fields.iter().try_for_each(|field| {
            let count = field.elements().ok_or(BadElement)?;
            (0..count).try_for_each(|_| skip(&field.form, cursor))
        }),
        _ => cursor.counted().map(drop),
    }
}

/// The rows of a sequence: `count` of them, or all that there are.
fn rows(
    element: &Form,
    filter: &[Condition],
    cursor: &mut Cursor<'_>,
    count: Option<u64>,
    out: &mut Vec<u8>,
) -> Result<(), BadElement> {
    let begin = out.len();
    out.extend_from_slice(&[0; COUNT]);
    let (mut seen, mut sent) = (0_u64, 0_u64);
    while count.map_or(!cursor.rest.is_empty(), |count| seen < count) {
        seen = seen.checked_add(1).ok_or(BadElement)?;
        if filter.is_empty() {
            inner(element, cursor, out)?;
        } else {
            let row = cursor.span(element)?;
            let values = compared(element, filter, row)?;
            let value = |place| values.iter().find(|(of, _)| *of == place).map(|(_, value)| value.clone());
            if !filter.iter().all(|condition| condition.holds(&value)) {
                continue;
            }
            inner(element, &mut Cursor { rest: row }, out)?;
        }
        sent = sent.checked_add(1).ok_or(BadElement)?;
    }
    let end = begin.checked_add(COUNT).ok_or(BadElement)?;
    out.get_mut(begin..end).ok_or(BadElement)?.copy_from_slice(&sent.to_le_bytes());
    Ok(())
}

/// The values of a row that conditions compare, by the places of their fields.
fn compared(element: &Form, filter: &[Condition], row: &[u8]) -> Result<Vec<(usize, Value)>, BadElement> {
    let wanted: Vec<usize> = filter.iter().flat_map(Condition::fields).collect();
    let Form::Structure { stored, fields } = element else {
        let value = Value::of(element, bare(element, row)?).ok_or(BadElement)?;
        return Ok(vec![(0, value)]);
    };
    let mut values = Vec::with_capacity(wanted.len());
    let mut cursor = Cursor { rest: row };
    for (place, field) in fields.iter().enumerate() {
        if stored.is_some() {
            cursor.rest = row.get(field.offset..).ok_or(BadElement)?;
        }
        if wanted.contains(&place) {
            let bytes = cursor.span(&field.form)?;
            values.push((place, Value::of(&field.form, bare(&field.form, bytes)?).ok_or(BadElement)?));
        } else {
            let count = field.elements().ok_or(BadElement)?;
            (0..count).try_for_each(|_| skip(&field.form, &mut cursor))?;
        }
    }
    Ok(values)
}

/// The bytes of a value without the count before them.
fn bare<'b>(form: &Form, bytes: &'b [u8]) -> Result<&'b [u8], BadElement> {
    match form {
        Form::String => Cursor { rest: bytes }.counted(),
        _ => Ok(bytes),
    }
}
