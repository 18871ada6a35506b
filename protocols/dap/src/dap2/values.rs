//! Values: a data response read back, piece by piece, as any client would read it.
//!
//! The DDS at its beginning says what follows; the XDR behind it is checked against that DDS, count by count. Nothing is
//! allocated from a count: what is held is what has arrived, and no more of it than one text.
//!
//! Text and JSON are made from this stream, and it is what the encoder is tested against.

mod broken;
mod tree;

pub use broken::Broken;
pub use tree::{Kind, Node, Tree};

use std::sync::Arc;

use super::AtomicType;
use super::grammar;
use super::xdr::{self, Form};

/// What ends the DDS: the last line break of it and the line behind it.
const SEPARATOR: &[u8] = b"\nData:\n";

/// No DDS is longer than this.
const LONGEST_HEAD: usize = 64 << 20;

/// What stands in front of a row of a sequence.
pub const ROW: [u8; 4] = [0x5a, 0, 0, 0];

/// What stands behind the last row of a sequence.
pub const END: [u8; 4] = [0xa5, 0, 0, 0];

/// One element of an atomic type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Unsigned, 8 bit.
    Byte(u8),
    /// Signed, 16 bit.
    Int16(i16),
    /// Unsigned, 16 bit.
    UInt16(u16),
    /// Signed, 32 bit.
    Int32(i32),
    /// Unsigned, 32 bit.
    UInt32(u32),
    /// IEEE 754 single.
    Float32(f32),
    /// IEEE 754 double.
    Float64(f64),
    /// Text, in whatever encoding it has.
    Text(&'a [u8]),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// The data of a variable or of a member begins; its counts were right.
    Open,
    /// An element of an array of structures, or a row of a sequence, begins: its number from 0. Its members follow.
    Element(u64),
    /// The next element of an atomic variable, row-major.
    Value(Value<'a>),
    /// The data of a variable or of a member has ended.
    Close,
}

/// Reads a data response.
///
/// [`push`](Self::push) gives it bytes, [`next`](Self::next) takes what they say, [`finish`](Self::finish) asks whether that
/// was all.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    tree: Option<Arc<Tree>>,
    /// The next variable that is not inside of another one.
    root: usize,
    stack: Vec<Frame>,
    buffer: Vec<u8>,
    /// How much of the buffer was read.
    at: usize,
    /// How much was read before the buffer.
    before: u64,
}

/// What is being read.
#[derive(Clone, Copy, Debug)]
enum Frame {
    /// A declaration whose counts come next.
    Start { node: usize },
    /// Elements of an atomic type.
    Atoms { node: usize, data_type: AtomicType, form: Form, left: u64, padding: u64 },
    /// Elements of an array of structures.
    Elements { node: usize, next: u64, count: u64 },
    /// Rows of a sequence.
    Rows { node: usize, next: u64 },
    /// Members one after the other.
    Members { node: usize, next: usize },
    /// A structure or grid whose members are all read.
    End { node: usize },
}

impl Reader {
    /// A reader of a response from its very first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the response.
    pub fn push(&mut self, bytes: &[u8]) {
        self.before = self.before.saturating_add(self.at as u64);
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// What the response holds; `None` until its DDS has arrived.
    ///
    /// # Errors
    /// [`Broken`] where the DDS cannot be read.
    pub fn tree(&mut self) -> Result<Option<Arc<Tree>>, Broken> {
        if self.tree.is_none() {
            self.head()?;
        }
        Ok(self.tree.clone())
    }

    /// The next event and the declaration that it belongs to; `None` where more bytes are needed, or at the end.
    ///
    /// # Errors
    /// [`Broken`] where the bytes are not what the DDS announces.
    #[allow(clippy::should_implement_trait, reason = "what is returned borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<(&Node, Event<'_>)>, Broken> {
        if self.tree.is_none() && !self.head()? {
            return Ok(None);
        }
        loop {
            let Some(frame) = self.stack.pop() else {
                let Some(&node) = self.roots().get(self.root) else { return Ok(None) };
                self.root = self.root.saturating_add(1);
                self.stack.push(Frame::Start { node });
                continue;
            };
            match self.step(frame)? {
                Step::Again => {}
                Step::Wait => {
                    self.stack.push(frame);
                    return Ok(None);
                }
                Step::Event(node, event) => return self.event(node, event).map(Some),
            }
        }
    }

    /// Asks whether the response has ended where it should.
    ///
    /// # Errors
    /// [`Broken`] where something is missing, or something is left.
    pub fn finish(&self) -> Result<(), Broken> {
        let left = self.buffer.len().saturating_sub(self.at);
        let done = self.tree.is_some() && self.stack.is_empty() && self.root == self.roots().len();
        match (done, left) {
            (true, 0) => Ok(()),
            (true, bytes) => Err(self.broken(format!("{bytes} bytes too many"))),
            (false, _) => Err(self.broken("the end, but data is missing".to_owned())),
        }
    }

    fn roots(&self) -> &[usize] {
        self.tree.as_ref().map_or(&[], |tree| tree.roots())
    }

    fn broken(&self, found: String) -> Broken {
        Broken { byte: self.before.saturating_add(self.at as u64), found }
    }

    /// Reads the DDS; `false` where more of it must come.
    fn head(&mut self) -> Result<bool, Broken> {
        let found = self.buffer.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let Some(end) = found else {
            if self.buffer.len() > LONGEST_HEAD {
                return Err(self.broken(format!("no end of the DDS within {LONGEST_HEAD} bytes")));
            }
            return Ok(false);
        };
        // The line break belongs to the DDS.
        let text = self.buffer.get(..=end).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|error| self.broken(error.to_string()))?;
        let dds = grammar::parse_dds(text).map_err(|malformed| self.broken(malformed.to_string()))?;
        self.tree = Some(Arc::new(Tree::of(&dds).map_err(|found| self.broken(found))?));
        self.at = end.saturating_add(SEPARATOR.len());
        Ok(true)
    }

    fn node(&self, node: usize) -> Result<&Node, Broken> {
        let found = self.tree.as_ref().and_then(|tree| tree.node(node));
        found.ok_or_else(|| self.broken(format!("no declaration {node}")))
    }

    /// The event with what it borrows.
    fn event(&self, node: usize, event: Found) -> Result<(&Node, Event<'_>), Broken> {
        let event = match event {
            Found::Open => Event::Open,
            Found::Close => Event::Close,
            Found::Element(number) => Event::Element(number),
            Found::Number(value) => Event::Value(value),
            Found::Text { start, end } => {
                let text = self.buffer.get(start..end);
                Event::Value(Value::Text(text.ok_or_else(|| self.broken("a lost text".to_owned()))?))
            }
        };
        Ok((self.node(node)?, event))
    }

    fn step(&mut self, frame: Frame) -> Result<Step, Broken> {
        match frame {
            Frame::Start { node } => self.start(node),
            Frame::Atoms { node, left: 0, padding, .. } => self.padding(node, padding),
            Frame::Atoms { node, data_type, form, left, padding } => {
                let Some(found) = self.value(data_type, form)? else { return Ok(Step::Wait) };
                let left = left.saturating_sub(1);
                self.stack.push(Frame::Atoms { node, data_type, form, left, padding });
                Ok(Step::Event(node, found))
            }
            Frame::Elements { node, next, count } if next == count => Ok(Step::Event(node, Found::Close)),
            Frame::Elements { node, next, count } => {
                self.stack.push(Frame::Elements { node, next: next.saturating_add(1), count });
                self.stack.push(Frame::Members { node, next: 0 });
                Ok(Step::Event(node, Found::Element(next)))
            }
            Frame::Rows { node, next } => self.row(node, next),
            Frame::Members { node, next } => {
                let member = self.node(node)?.members.get(next).copied();
                if let Some(member) = member {
                    self.stack.push(Frame::Members { node, next: next.saturating_add(1) });
                    self.stack.push(Frame::Start { node: member });
                }
                Ok(Step::Again)
            }
            Frame::End { node } => Ok(Step::Event(node, Found::Close)),
        }
    }

    fn start(&mut self, number: usize) -> Result<Step, Broken> {
        let node = self.node(number)?;
        let (kind, count, is_array) = (node.kind, node.count, !node.shape.is_empty());
        match (kind, is_array) {
            (Kind::Atomic(data_type), false) => self.atoms(number, data_type, Form::Scalar, 1),
            (Kind::Atomic(data_type), true) => {
                let counts = if data_type == AtomicType::String { 1 } else { 2 };
                if !self.counts(number, counts, count)? {
                    return Ok(Step::Wait);
                }
                self.atoms(number, data_type, Form::Array, count);
            }
            (Kind::Structure, true) => {
                if !self.counts(number, 1, count)? {
                    return Ok(Step::Wait);
                }
                self.stack.push(Frame::Elements { node: number, next: 0, count });
            }
            (Kind::Structure | Kind::Grid, _) => {
                self.stack.push(Frame::End { node: number });
                self.stack.push(Frame::Members { node: number, next: 0 });
            }
            (Kind::Sequence, _) => self.stack.push(Frame::Rows { node: number, next: 0 }),
        }
        Ok(Step::Event(number, Found::Open))
    }

    fn atoms(&mut self, node: usize, data_type: AtomicType, form: Form, left: u64) {
        let padding = match xdr::number_size(data_type, form) {
            Some(size) => xdr::padding(left.wrapping_mul(size)),
            None => 0,
        };
        self.stack.push(Frame::Atoms { node, data_type, form, left, padding });
    }

    fn row(&mut self, node: usize, next: u64) -> Result<Step, Broken> {
        match self.take::<4>() {
            None => Ok(Step::Wait),
            Some(ROW) => {
                self.stack.push(Frame::Rows { node, next: next.saturating_add(1) });
                self.stack.push(Frame::Members { node, next: 0 });
                Ok(Step::Event(node, Found::Element(next)))
            }
            Some(END) => Ok(Step::Event(node, Found::Close)),
            Some(other) => Err(self.broken(format!("{other:02x?} where a row of a sequence begins or ends"))),
        }
    }

    /// Reads `counts` times the number of elements; `false` where they have not arrived.
    fn counts(&mut self, node: usize, counts: usize, expected: u64) -> Result<bool, Broken> {
        if self.left().len() < counts.saturating_mul(4) {
            return Ok(false);
        }
        for _ in 0..counts {
            let count = self.take::<4>().map_or(0, u32::from_be_bytes);
            if u64::from(count) != expected {
                let name = self.node(node)?.path.clone();
                return Err(self.broken(format!("{count} elements of {name} instead of {expected}")));
            }
        }
        Ok(true)
    }

    fn padding(&mut self, node: usize, padding: u64) -> Result<Step, Broken> {
        let length = usize::try_from(padding).unwrap_or(0);
        let Some(bytes) = self.left().get(..length) else { return Ok(Step::Wait) };
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(self.broken("padding that is not 0".to_owned()));
        }
        self.at = self.at.saturating_add(length);
        Ok(Step::Event(node, Found::Close))
    }

    /// One element; `None` where it has not arrived as a whole.
    fn value(&mut self, data_type: AtomicType, form: Form) -> Result<Option<Found>, Broken> {
        if data_type == AtomicType::String {
            return self.text();
        }
        if (data_type, form) == (AtomicType::Byte, Form::Array) {
            return Ok(self.take::<1>().map(|[byte]| Found::Number(Value::Byte(byte))));
        }
        if data_type == AtomicType::Float64 {
            return Ok(self
                .take::<8>()
                .map(|bytes| Found::Number(Value::Float64(f64::from_be_bytes(bytes)))));
        }
        let Some(bytes) = self.take::<4>() else { return Ok(None) };
        match number(data_type, bytes) {
            Some(value) => Ok(Some(Found::Number(value))),
            None => Err(self.broken(format!("{bytes:02x?}, which is no {}", data_type.keyword()))),
        }
    }

    fn text(&mut self) -> Result<Option<Found>, Broken> {
        let Some(head) = self.left().first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*head);
        let padding = xdr::padding(length.into());
        let too_long = || self.broken(format!("a text of {length} bytes, which memory cannot address"));
        let start = self.at.checked_add(4).ok_or_else(too_long)?;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let end = end.ok_or_else(too_long)?;
        // At most 3.
        let behind = end.checked_add(padding as usize).ok_or_else(too_long)?;
        match self.buffer.get(end..behind) {
            None => return Ok(None),
            Some(padding) if padding.iter().any(|&byte| byte != 0) => {
                return Err(self.broken("padding that is not 0".to_owned()));
            }
            Some(_) => {}
        }
        self.at = behind;
        Ok(Some(Found::Text { start, end }))
    }

    fn left(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.left().first_chunk::<N>()?;
        self.at = self.at.saturating_add(N);
        Some(bytes)
    }
}

/// What one step of reading comes to.
enum Step {
    /// Nothing to tell; go on.
    Again,
    /// More bytes are needed; nothing was read.
    Wait,
    /// An event of a declaration.
    Event(usize, Found),
}

/// An event that borrows nothing.
enum Found {
    Open,
    Close,
    Element(u64),
    Number(Value<'static>),
    Text { start: usize, end: usize },
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

#[cfg(test)]
mod tests;
