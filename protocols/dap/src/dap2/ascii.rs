//! The text response, `.ascii`: values as Hyrax and libdap lay them out for people and spreadsheets.
//!
//! `Dataset: name`, then each variable. Scalars and vectors are a line, `name, value, value`; further axes are rows,
//! `name[i][j], value, value`, where indices count what was asked for, from 0. Structures and sequences whose members are
//! single values are tables: a line of names with dots, then a line for each row. Members of other structures stand on
//! lines of their own, below a line `name[i]` where there are several elements. A Grid is its array and then its maps.
//!
//! Unlike there, every number can be read back as the very same number (Hyrax prints 6 and 15 digits), and a text never
//! breaks its line: `"`, `\` and control characters are escaped as in the DAS, and so is what is not UTF-8. A `Byte` is
//! unsigned, as its type says, also where the attribute `_Unsigned` says that the file means otherwise.

use std::fmt::Write;

use super::das::quote;
use super::text::Format;
use super::values::{Event, Kind, Node, Tree, Value};

/// Writes values as text for people, event by event.
#[derive(Clone, Debug, Default)]
pub struct Ascii {
    /// Of the array that is being written: elements so far.
    written: u64,
    /// Whether something stands on the current line of a table.
    in_row: bool,
}

impl Format for Ascii {
    fn begin(&mut self, tree: &Tree, out: &mut String) {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "Dataset: {}", tree.dataset);
    }

    fn event(&mut self, tree: &Tree, node: &Node, event: Event<'_>, out: &mut String) {
        let in_table = is_in_table(tree, node);
        match event {
            Event::Value(value) => self.value(node, value, in_table, out),
            _ if in_table => {}
            Event::Open => self.open(tree, node, out),
            Event::Element(number) => self.element(tree, node, number, out),
            Event::Close => self.close(node, out),
        }
    }

    fn end(&mut self, _: &mut String) {}
}

impl Ascii {
    /// A text without anything in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&mut self, tree: &Tree, node: &Node, out: &mut String) {
        (self.written, self.in_row) = (0, false);
        match node.kind {
            Kind::Atomic(_) if node.shape.len() <= 1 || node.count == 0 => {
                let _ = write!(out, "{}, ", node.path);
            }
            Kind::Sequence if node.is_flat => header(tree, node, out),
            Kind::Structure if node.is_flat && node.shape.is_empty() => {
                header(tree, node, out);
            }
            _ => {}
        }
    }

    fn element(&mut self, tree: &Tree, node: &Node, number: u64, out: &mut String) {
        if node.is_flat && self.in_row {
            out.push('\n');
        }
        self.in_row = false;
        if node.kind == Kind::Structure {
            out.push_str(&node.path);
            label(&node.shape, number, out);
            out.push('\n');
            if node.is_flat {
                header(tree, node, out);
            }
        }
    }

    fn close(&mut self, node: &Node, out: &mut String) {
        if matches!(node.kind, Kind::Atomic(_)) || (node.is_flat && self.in_row) {
            out.push('\n');
        }
        self.in_row = false;
    }

    fn value(&mut self, node: &Node, value: Value<'_>, in_table: bool, out: &mut String) {
        if in_table {
            if self.in_row {
                out.push_str(", ");
            }
            self.in_row = true;
            return print(value, out);
        }
        if let [outer @ .., length] = node.shape.as_slice() {
            let column = self.written.checked_rem((*length).into()).unwrap_or(0);
            if column > 0 {
                out.push_str(", ");
            } else if !outer.is_empty() {
                if self.written > 0 {
                    out.push('\n');
                }
                out.push_str(&node.path);
                label(outer, self.written.checked_div((*length).into()).unwrap_or(0), out);
                out.push_str(", ");
            }
        }
        self.written = self.written.saturating_add(1);
        print(value, out);
    }
}

/// Whether the values of `node` stand in a row of a table.
fn is_in_table(tree: &Tree, node: &Node) -> bool {
    tree.parent(node).is_some_and(|parent| parent.is_flat)
}

/// The line of names above a table.
fn header(tree: &Tree, node: &Node, out: &mut String) {
    let mut names = Vec::new();
    leaves(tree, node, &mut names);
    out.push_str(&names.join(", "));
    out.push('\n');
}

fn leaves<'t>(tree: &'t Tree, node: &'t Node, names: &mut Vec<&'t str>) {
    for member in tree.members(node) {
        if member.members.is_empty() {
            names.push(&member.path);
        }
        leaves(tree, member, names);
    }
}

/// Appends the index of an element, axis by axis: `[i][j]`.
fn label(shape: &[u32], element: u64, out: &mut String) {
    let mut rest = element;
    let mut indices = Vec::with_capacity(shape.len());
    for &length in shape.iter().rev() {
        let length = u64::from(length).max(1);
        indices.push(rest.checked_rem(length).unwrap_or(0));
        rest = rest.checked_div(length).unwrap_or(0);
    }
    for index in indices.iter().rev() {
        let _ = write!(out, "[{index}]");
    }
}

/// Appends a value so that it can be read back.
fn print(value: Value<'_>, out: &mut String) {
    let before = out.len();
    let _ = match value {
        Value::Byte(value) => write!(out, "{value}"),
        Value::Int16(value) => write!(out, "{value}"),
        Value::UInt16(value) => write!(out, "{value}"),
        Value::Int32(value) => write!(out, "{value}"),
        Value::UInt32(value) => write!(out, "{value}"),
        // The shortest digits that name no other number, with an exponent where there would be many zeros.
        Value::Float32(value) => write!(out, "{value:?}"),
        Value::Float64(value) => write!(out, "{value:?}"),
        Value::Text(text) => return out.push_str(&line(&quote(text))),
    };
    if out.get(before..).is_some_and(|number| number.ends_with(".0")) {
        out.truncate(out.len().saturating_sub(2));
    }
}

/// A quoted text without its line breaks.
fn line(quoted: &str) -> String {
    quoted.replace('\n', "\\012").replace('\r', "\\015").replace('\t', "\\011")
}

#[cfg(test)]
mod tests;
