//! The reader: what comes next, from the declarations and from what has arrived.

use std::sync::Arc;

use super::super::AtomicType;
use super::super::grammar;
use super::super::xdr::{self, Form};
use super::arrived::{Arrived, Element};
use super::{Broken, END, Event, Kind, Node, ROW, Tree, Value};

/// What ends the DDS: the last line break of it and the line behind it.
const SEPARATOR: &[u8] = b"\nData:\n";

/// No DDS is longer than this.
const LONGEST_HEAD: usize = 64 << 20;

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
    arrived: Arrived,
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
        self.arrived.push(bytes);
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
        let left = self.arrived.left().len();
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
        self.arrived.broken(found)
    }

    /// Reads the DDS; `false` where more of it must come.
    fn head(&mut self) -> Result<bool, Broken> {
        let found = self.arrived.left().windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let Some(end) = found else {
            if self.arrived.left().len() > LONGEST_HEAD {
                return Err(self.broken(format!("no end of the DDS within {LONGEST_HEAD} bytes")));
            }
            return Ok(false);
        };
        // The line break belongs to the DDS.
        let text = self.arrived.left().get(..=end).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|error| self.broken(error.to_string()))?;
        let dds = grammar::parse_dds(text).map_err(|malformed| self.broken(malformed.to_string()))?;
        self.tree = Some(Arc::new(Tree::of(&dds).map_err(|found| self.broken(found))?));
        self.arrived.skip(end.saturating_add(SEPARATOR.len()));
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
            Found::Begin(number) => Event::Element(number),
            Found::Element(Element::Number(value)) => Event::Value(value),
            Found::Element(Element::Text { start, end }) => {
                let text = self.arrived.text(start, end);
                Event::Value(Value::Text(text.ok_or_else(|| self.broken("a lost text".to_owned()))?))
            }
        };
        Ok((self.node(node)?, event))
    }

    fn step(&mut self, frame: Frame) -> Result<Step, Broken> {
        match frame {
            Frame::Start { node } => self.start(node),
            Frame::Atoms { node, left: 0, padding, .. } => {
                let read = self.arrived.padding(padding)?;
                Ok(if read { Step::Event(node, Found::Close) } else { Step::Wait })
            }
            Frame::Atoms { node, data_type, form, left, padding } => {
                let Some(element) = self.arrived.element(data_type, form)? else { return Ok(Step::Wait) };
                let left = left.saturating_sub(1);
                self.stack.push(Frame::Atoms { node, data_type, form, left, padding });
                Ok(Step::Event(node, Found::Element(element)))
            }
            Frame::Elements { node, next, count } if next == count => Ok(Step::Event(node, Found::Close)),
            Frame::Elements { node, next, count } => {
                self.stack.push(Frame::Elements { node, next: next.saturating_add(1), count });
                self.stack.push(Frame::Members { node, next: 0 });
                Ok(Step::Event(node, Found::Begin(next)))
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
        match self.arrived.take::<4>() {
            None => Ok(Step::Wait),
            Some(ROW) => {
                self.stack.push(Frame::Rows { node, next: next.saturating_add(1) });
                self.stack.push(Frame::Members { node, next: 0 });
                Ok(Step::Event(node, Found::Begin(next)))
            }
            Some(END) => Ok(Step::Event(node, Found::Close)),
            Some(other) => Err(self.broken(format!("{other:02x?} where a row of a sequence begins or ends"))),
        }
    }

    /// Reads `counts` times the number of elements; `false` where they have not arrived.
    fn counts(&mut self, node: usize, counts: usize, expected: u64) -> Result<bool, Broken> {
        if self.arrived.left().len() < counts.saturating_mul(4) {
            return Ok(false);
        }
        for _ in 0..counts {
            let count = self.arrived.take::<4>().map_or(0, u32::from_be_bytes);
            if u64::from(count) != expected {
                let name = self.node(node)?.path.clone();
                return Err(self.broken(format!("{count} elements of {name} instead of {expected}")));
            }
        }
        Ok(true)
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
#[derive(Clone, Copy)]
enum Found {
    Open,
    Close,
    Begin(u64),
    Element(Element),
}
