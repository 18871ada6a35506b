//! The text response, `.ascii`: values as Hyrax and libdap lay them out for people and spreadsheets.
//!
//! `Dataset: name`, then each variable. Scalars and vectors are a line, `name, value, value`; further axes are rows,
//! `name[i][j], value, value`, where indices count what was asked for, from 0. Structures and sequences whose members are
//! single values are tables: a line of names with dots, then a line for each row. Members of other structures stand on
//! lines of their own, below a line `name[i]` where there are several elements. A Grid is its last map and then its array,
//! whose rows are labelled by the values of the other maps, `g.g[g.lat=10], value`, where these are [known](Maps) before;
//! else its array as any other and then its maps.
//!
//! Unlike there, every number can be read back as the very same number (Hyrax prints 6 and 15 digits), and a text never
//! breaks its line: `"`, `\` and control characters are escaped as in the DAS, and so is what is not UTF-8. A `Byte` is
//! unsigned, as its type says, also where the attribute `_Unsigned` says that the file means otherwise.

use std::collections::HashMap;
use std::fmt::Write;

use super::das::quote;
use super::text::Format;
use super::values::{Event, Kind, Node, Tree, Value};

/// The values of the maps of Grids, as text. They travel behind the array whose rows they label, so somebody must have read
/// a response of maps alone before.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    by_path: HashMap<String, Vec<String>>,
}

impl Format for Maps {
    fn begin(&mut self, _: &Tree, _: &mut String) {}

    fn event(&mut self, _: &Tree, node: &Node, event: Event<'_>, _: &mut String) {
        match event {
            Event::Open => drop(self.by_path.insert(node.path.clone(), vec![])),
            Event::Value(value) => {
                let mut text = String::new();
                print(value, &mut text);
                self.by_path.entry(node.path.clone()).or_default().push(text);
            }
            _ => {}
        }
    }

    fn end(&mut self, _: &mut String) {}
}

/// Writes values as text for people, event by event.
#[derive(Clone, Debug, Default)]
pub struct Ascii {
    maps: Maps,
    /// Of the array of a Grid that is being written: the name and the values of the map of each axis but the last.
    labels: Vec<(String, Vec<String>)>,
    /// Whether what comes was written before.
    hidden: bool,
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
        if event == Event::Open {
            self.hidden = self.is_label(tree, node);
        }
        match event {
            _ if self.hidden => {}
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
    /// A text without anything in it; `maps` are those of its Grids, as far as they are known.
    #[must_use]
    pub fn new(maps: Maps) -> Self {
        Self { maps, ..Self::default() }
    }

    /// The maps of the Grid that `node` is the array or a map of, if all are known.
    fn maps_of<'t>(&self, tree: &'t Tree, node: &Node) -> Option<Vec<&'t Node>> {
        let grid = node.parent.and_then(|parent| tree.node(parent)).filter(|grid| grid.kind == Kind::Grid)?;
        let maps: Vec<&Node> = tree.members(grid).skip(1).collect();
        let known = |map: &&Node| {
            self.maps.by_path.get(&map.path).map(|values| values.len() as u64) == Some(map.count)
        };
        maps.iter().all(known).then_some(maps)
    }

    /// Whether `node` is a map that was written before its array.
    fn is_label(&self, tree: &Tree, node: &Node) -> bool {
        self.maps_of(tree, node).is_some_and(|maps| maps.iter().any(|map| map.path == node.path))
    }

    /// Writes the last map of a Grid, and keeps the others for the rows of its array.
    fn label_rows(&mut self, tree: &Tree, node: &Node, out: &mut String) {
        self.labels.clear();
        let Some(maps) = self.maps_of(tree, node) else { return };
        let values = |map: &Node| self.maps.by_path.get(&map.path).cloned().unwrap_or_default();
        let mut labels: Vec<_> = maps.iter().map(|map| (map.path.clone(), values(map))).collect();
        if let Some((path, values)) = labels.pop() {
            let _ = writeln!(out, "{path}, {}", values.join(", "));
        }
        self.labels = labels;
    }

    /// Appends what tells a row from the others.
    fn row(&self, node: &Node, outer: &[u32], row: u64, out: &mut String) {
        out.push_str(&node.path);
        if self.labels.is_empty() {
            return label(outer, row, out);
        }
        for ((path, values), index) in self.labels.iter().zip(indices(outer, row)) {
            let value = usize::try_from(index).ok().and_then(|index| values.get(index));
            let _ = write!(out, "[{path}={}]", value.map_or("", String::as_str));
        }
    }

    fn open(&mut self, tree: &Tree, node: &Node, out: &mut String) {
        (self.written, self.in_row) = (0, false);
        self.label_rows(tree, node, out);
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
                self.row(node, outer, self.written.checked_div((*length).into()).unwrap_or(0), out);
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
    for index in indices(shape, element) {
        let _ = write!(out, "[{index}]");
    }
}

/// The index of an element along each axis.
fn indices(shape: &[u32], element: u64) -> impl Iterator<Item = u64> {
    let mut rest = element;
    let mut indices = Vec::with_capacity(shape.len());
    for &length in shape.iter().rev() {
        let length = u64::from(length).max(1);
        indices.push(rest.checked_rem(length).unwrap_or(0));
        rest = rest.checked_div(length).unwrap_or(0);
    }
    indices.into_iter().rev()
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
