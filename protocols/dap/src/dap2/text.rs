//! Text responses: a data response rewritten for people and for programs without XDR, piece by piece.
//!
//! How long one can become is known before anything is read, so that a limit can be kept.

use std::sync::Arc;

use super::AtomicType;
use super::values::{Broken, Event, Kind, Node, Reader, Tree};

/// A way to write values as text.
pub trait Format {
    /// Appends what stands in front of the first variable.
    fn begin(&mut self, tree: &Tree, out: &mut String);

    /// Appends what `event` of `node` says.
    fn event(&mut self, tree: &Tree, node: &Node, event: Event<'_>, out: &mut String);

    /// Appends what stands behind the last variable.
    fn end(&mut self, out: &mut String);
}

/// Rewrites a data response.
#[derive(Clone, Debug)]
pub struct Transcript<F> {
    reader: Reader,
    format: F,
    tree: Option<Arc<Tree>>,
}

impl<F: Format> Transcript<F> {
    /// A transcript in `format` of a response of which nothing has arrived.
    pub fn new(format: F) -> Self {
        Self { reader: Reader::new(), format, tree: None }
    }

    /// The format, with whatever it has kept.
    pub fn into_format(self) -> F {
        self.format
    }

    /// Takes the next bytes of the response, and appends the text that they make.
    ///
    /// # Errors
    /// [`Broken`] where they are not what the response itself announces.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) -> Result<(), Broken> {
        self.reader.push(bytes);
        let tree = match &self.tree {
            Some(tree) => Arc::clone(tree),
            None => {
                let Some(tree) = self.reader.tree()? else { return Ok(()) };
                self.format.begin(&tree, out);
                Arc::clone(self.tree.insert(tree))
            }
        };
        while let Some((node, event)) = self.reader.next()? {
            self.format.event(&tree, node, event, out);
        }
        Ok(())
    }

    /// Appends what stands behind everything, once the response has ended.
    ///
    /// # Errors
    /// [`Broken`] where the response has not ended well.
    pub fn finish(&mut self, out: &mut String) -> Result<(), Broken> {
        self.reader.finish()?;
        self.format.end(out);
        Ok(())
    }
}

/// Bytes of text that one byte of the data response can become: a control character in JSON.
const EXPANSION: u64 = 6;

/// Bytes of marks around a name: quotes, keys, commas, line ends.
const MARKS: u64 = 160;

/// Bytes of an index and its brackets.
const INDEX: u64 = 12;

/// The most bytes that `.ascii` or `.json` can have, without its attributes, where the data response has at most `response`.
///
/// `None` beyond 64 bits.
#[must_use]
pub fn most(tree: &Tree, response: u64) -> Option<u64> {
    let mut total = (tree.dataset.len() as u64).checked_add(MARKS)?;
    for &root in tree.roots() {
        total = total.checked_add(of_node(tree, tree.node(root)?, 1, response)?)?;
    }
    Some(total)
}

/// What `node` can become in each of `times`.
fn of_node(tree: &Tree, node: &Node, times: u64, response: u64) -> Option<u64> {
    let axes = node.shape.len() as u64;
    let names: usize = node.dimensions.iter().flatten().map(String::len).sum();
    let about = (node.path.len().checked_mul(2)?.checked_add(names)? as u64).checked_add(MARKS)?;
    let row = (node.path.len() as u64).checked_add(axes.checked_add(1)?.checked_mul(INDEX)?)?;
    let mut inside = times;
    let mut total = about.checked_add(match node.kind {
        Kind::Atomic(data_type) => {
            let last = u64::from(node.shape.last().copied().unwrap_or(1)).max(1);
            let rows = node.count.checked_div(last)?.max(1).checked_mul(row)?.checked_mul(times)?;
            let cells = match width(data_type) {
                Some(width) => node.count.checked_mul(width)?.checked_mul(times)?,
                None => response.checked_mul(EXPANSION)?,
            };
            rows.checked_add(cells)?
        }
        Kind::Structure => {
            inside = times.checked_mul(node.count.max(1))?;
            inside.checked_mul(row)?
        }
        Kind::Sequence => {
            // A row has a mark of 4 bytes, and no member has less.
            let least = (node.members.len() as u64).checked_add(1)?.checked_mul(4)?;
            inside = times.checked_mul(response.checked_div(least)?.max(1))?;
            inside.checked_mul(4)?
        }
        Kind::Grid => 0,
    })?;
    for member in tree.members(node) {
        total = total.checked_add(of_node(tree, member, inside, response)?)?;
    }
    Some(total)
}

/// The longest number of a type and what stands between it and the next; `None` for text.
fn width(data_type: AtomicType) -> Option<u64> {
    match data_type {
        AtomicType::Byte => Some(5),
        AtomicType::Int16 => Some(8),
        AtomicType::UInt16 => Some(7),
        AtomicType::Int32 => Some(13),
        AtomicType::UInt32 => Some(12),
        // `-1234567850000000.0, ` and `-1.2345678901234567e-308, `.
        AtomicType::Float32 => Some(21),
        AtomicType::Float64 => Some(26),
        AtomicType::String => None,
    }
}

#[cfg(test)]
mod tests;
