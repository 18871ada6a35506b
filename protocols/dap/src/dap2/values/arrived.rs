//! What has arrived of a data response, and how far it was read.

use super::super::AtomicType;
use super::super::xdr::{self, Form};
use super::{Broken, Value};

/// Bytes that have arrived and were not read yet, behind some that were.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrived {
    bytes: Vec<u8>,
    /// How many of them were read.
    at: usize,
    /// How many were read before them.
    before: u64,
}

/// An element that was read; a text by its place in what has arrived.
#[derive(Clone, Copy, Debug)]
pub(super) enum Element {
    Number(Value<'static>),
    Text { start: usize, end: usize },
}

impl Arrived {
    pub fn push(&mut self, bytes: &[u8]) {
        self.before = self.before.saturating_add(self.at as u64);
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// What was not read.
    pub fn left(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Counts so many of what is left as read.
    pub fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.bytes.len());
    }

    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.left().first_chunk::<N>()?;
        self.skip(N);
        Some(bytes)
    }

    /// Something wrong at the place that was reached.
    pub fn broken(&self, found: String) -> Broken {
        Broken { byte: self.before.saturating_add(self.at as u64), found }
    }

    /// The bytes of a text; only until more arrives.
    pub fn text(&self, start: usize, end: usize) -> Option<&[u8]> {
        self.bytes.get(start..end)
    }

    /// Reads padding; `false` where it has not arrived.
    pub fn padding(&mut self, padding: u64) -> Result<bool, Broken> {
        let length = usize::try_from(padding).unwrap_or(0);
        let Some(bytes) = self.left().get(..length) else { return Ok(false) };
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(self.broken("padding that is not 0".to_owned()));
        }
        self.skip(length);
        Ok(true)
    }

    /// One element; `None` where it has not arrived as a whole.
    pub fn element(&mut self, data_type: AtomicType, form: Form) -> Result<Option<Element>, Broken> {
        if data_type == AtomicType::String {
            return self.next_text();
        }
        if (data_type, form) == (AtomicType::Byte, Form::Array) {
            return Ok(self.take::<1>().map(|[byte]| Element::Number(Value::Byte(byte))));
        }
        if data_type == AtomicType::Float64 {
            let bytes = self.take::<8>();
            return Ok(bytes.map(|bytes| Element::Number(Value::Float64(f64::from_be_bytes(bytes)))));
        }
        let Some(bytes) = self.take::<4>() else { return Ok(None) };
        match number(data_type, bytes) {
            Some(value) => Ok(Some(Element::Number(value))),
            None => Err(self.broken(format!("{bytes:02x?}, which is no {}", data_type.keyword()))),
        }
    }

    fn next_text(&mut self) -> Result<Option<Element>, Broken> {
        let Some(head) = self.left().first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*head);
        let too_long = || self.broken(format!("a text of {length} bytes, which memory cannot address"));
        let start = self.at.checked_add(4).ok_or_else(too_long)?;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let end = end.ok_or_else(too_long)?;
        // At most 3.
        let behind = end.checked_add(xdr::padding(length.into()) as usize).ok_or_else(too_long)?;
        match self.bytes.get(end..behind) {
            None => return Ok(None),
            Some(padding) if padding.iter().any(|&byte| byte != 0) => {
                return Err(self.broken("padding that is not 0".to_owned()));
            }
            Some(_) => {}
        }
        self.at = behind;
        Ok(Some(Element::Text { start, end }))
    }
}

/// A number of 4 bytes; `None` where it does not fit its type.
fn number(data_type: AtomicType, bytes: [u8; 4]) -> Option<Value<'static>> {
    let unsigned = u32::from_be_bytes(bytes);
    let signed = i32::from_be_bytes(bytes);
    match data_type {
        AtomicType::Byte => u8::try_from(unsigned).ok().map(Value::Byte),
        AtomicType::Int16 => i16::try_from(signed).ok().map(Value::Int16),
        AtomicType::UInt16 => u16::try_from(unsigned).ok().map(Value::UInt16),
        AtomicType::Int32 => Some(Value::Int32(signed)),
        AtomicType::UInt32 => Some(Value::UInt32(unsigned)),
        AtomicType::Float32 => Some(Value::Float32(f32::from_be_bytes(bytes))),
        AtomicType::Float64 | AtomicType::String => None,
    }
}
