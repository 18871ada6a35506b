//! The JSON response, `.json`: structure, attributes and values in one document.
//!
//! It has the shape of the abstract document of Hyrax (`fileout_json`): the dataset with `name`, `attributes`, its plain
//! variables as `leaves` and the others as `nodes`; a leaf with `name`, `type`, `attributes`, `shape` and `data`, nested
//! lists in the order of the axes. In these points it differs:
//!
//! - Hyrax writes `nan` and `inf` bare, which no JSON parser takes. Here they are the texts `"NaN"`, `"Infinity"` and
//!   `"-Infinity"`, as in Zarr's metadata: the document is valid, nothing is lost, and `float("NaN")` of Python,
//!   `Number("NaN")` of JavaScript and `numpy.array(data, float)` read them back. `null` could not tell them apart.
//! - Numbers have as many digits as it takes to read the very same number back; those of floats have a `.` or an `e`.
//! - A scalar has the shape `[]` and a value that is not in a list; an array without an element has the data `[]`.
//! - Attributes have their `type`, and their numbers are numbers.
//! - A leaf names its `dimensions`, `null` for one without a name.
//! - A `Structure` or a `Sequence` lists its `members` once and has rows as `data`, each a list in the order of the
//!   members; a Grid has its array and its maps as `leaves`.
//! - A text that is not UTF-8 is taken for Latin-1.

use std::fmt::Write;

use super::grammar::{Container, Das, Line};
use super::text::Format;
use super::values::{Event, Kind, Node, Tree, Value};

/// Writes values as JSON, event by event. Variables that are no leaves must come after those that are.
#[derive(Clone, Debug)]
pub struct Json {
    attributes: Das,
    part: Part,
    /// How many leaves or nodes are written in the list that is open.
    listed: usize,
    /// What the values that come lie in.
    levels: Vec<Level>,
}

/// Which list of the dataset is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Leaves,
    Nodes,
}

/// A declaration whose data is being written.
#[derive(Clone, Debug, Default)]
struct Level {
    shape: Vec<u32>,
    /// The index of the next element, axis by axis.
    index: Vec<u32>,
    /// Elements so far.
    elements: u64,
    /// Members so far of the current element.
    members: usize,
    /// Whether the members are leaves of their own, as those of a Grid are.
    of_leaves: bool,
}

impl Format for Json {
    fn begin(&mut self, tree: &Tree, out: &mut String) {
        out.push_str("{\n\"name\": ");
        text(tree.dataset.as_bytes(), out);
        out.push_str(",\n\"attributes\": [");
        let mut first = true;
        for name in ["NC_GLOBAL", "DODS_EXTRA"] {
            let Some(container) = self.attributes.containers.iter().find(|c| c.name == name) else {
                continue;
            };
            out.push_str(if first { "\n{\"name\": " } else { ",\n{\"name\": " });
            first = false;
            text(name.as_bytes(), out);
            attributes(Some(container), out);
            out.push('}');
        }
        out.push_str("],\n\"leaves\": [");
    }

    fn end(&mut self, out: &mut String) {
        out.push_str(if self.part == Part::Nodes { "]\n}\n" } else { "],\n\"nodes\": []\n}\n" });
    }

    fn event(&mut self, tree: &Tree, node: &Node, event: Event<'_>, out: &mut String) {
        match event {
            Event::Open => self.open(tree, node, out),
            Event::Element(_) => self.element(node, out),
            Event::Value(value) => {
                if let Some(level) = self.levels.last_mut() {
                    level.separate(out);
                }
                print(value, out);
            }
            Event::Close => self.close(node, out),
        }
    }
}

impl Json {
    /// A document with the attributes of `attributes`.
    #[must_use]
    pub fn new(attributes: Das) -> Self {
        Self { attributes, part: Part::Leaves, listed: 0, levels: vec![] }
    }

    fn open(&mut self, tree: &Tree, node: &Node, out: &mut String) {
        let of_leaves = node.kind == Kind::Grid && self.levels.is_empty();
        match self.levels.last_mut() {
            None => {
                self.list(node, out);
                self.describe(tree, node, out);
            }
            Some(level) => {
                let first = level.members == 0;
                level.members = level.members.saturating_add(1);
                if level.of_leaves {
                    out.push_str(if first { "\n" } else { ",\n" });
                    self.describe(tree, node, out);
                } else if !first {
                    out.push_str(", ");
                }
            }
        }
        let opens = match node.kind {
            Kind::Grid if of_leaves => false,
            Kind::Structure => node.shape.is_empty(),
            Kind::Sequence | Kind::Grid => true,
            Kind::Atomic(_) => false,
        };
        if opens {
            out.push('[');
        }
        let index = node.shape.iter().map(|_| 0).collect();
        self.levels.push(Level { shape: node.shape.clone(), index, of_leaves, ..Level::default() });
    }

    /// Goes on in the list of the dataset that `node` belongs to.
    fn list(&mut self, node: &Node, out: &mut String) {
        if self.part == Part::Leaves && !matches!(node.kind, Kind::Atomic(_)) {
            out.push_str("],\n\"nodes\": [");
            (self.part, self.listed) = (Part::Nodes, 0);
        }
        out.push_str(if self.listed == 0 { "\n" } else { ",\n" });
        self.listed = self.listed.saturating_add(1);
    }

    /// What stands in front of the data of a leaf or node.
    fn describe(&self, tree: &Tree, node: &Node, out: &mut String) {
        out.push('{');
        declare(tree, node, self.container(tree, node), out);
        if node.kind == Kind::Grid {
            out.push_str(", \"leaves\": [");
            return;
        }
        out.push_str(",\n\"data\": ");
    }

    /// The attributes of `node`.
    fn container(&self, tree: &Tree, node: &Node) -> Option<&Container> {
        let containers = match tree.parent(node) {
            Some(parent) => &self.container(tree, parent)?.containers,
            None => &self.attributes.containers,
        };
        containers.iter().find(|container| container.name == node.name)
    }

    fn element(&mut self, node: &Node, out: &mut String) {
        let Some(level) = self.levels.last_mut() else { return };
        level.members = 0;
        if level.elements > 0 {
            out.push(']');
        }
        if node.kind == Kind::Structure {
            level.separate(out);
        } else {
            out.push_str(if level.elements > 0 { ",\n" } else { "" });
            level.elements = level.elements.saturating_add(1);
        }
        out.push('[');
    }

    fn close(&mut self, node: &Node, out: &mut String) {
        let Some(level) = self.levels.pop() else { return };
        let is_atomic = matches!(node.kind, Kind::Atomic(_));
        let is_array = !node.shape.is_empty();
        match (is_array, level.elements) {
            (true, 0) => out.push_str("[]"),
            (true, _) => {
                out.push_str(if is_atomic { "" } else { "]" });
                node.shape.iter().for_each(|_| out.push(']'));
            }
            (false, elements) if node.kind == Kind::Sequence => {
                out.push_str(if elements > 0 { "]]" } else { "]" });
            }
            (false, _) if is_atomic => {}
            (false, _) => out.push(']'),
        }
        if self.levels.last().is_none_or(|level| level.of_leaves) {
            out.push('}');
        }
    }
}

impl Level {
    /// Writes what stands between the element before and the next one, and moves on to that.
    fn separate(&mut self, out: &mut String) {
        if self.shape.is_empty() {
            return;
        }
        if self.elements == 0 {
            self.shape.iter().for_each(|_| out.push('['));
        } else {
            let turned = self.advance();
            (0..turned).for_each(|_| out.push(']'));
            out.push_str(if turned == 0 { ", " } else { ",\n" });
            (0..turned).for_each(|_| out.push('['));
        }
        self.elements = self.elements.saturating_add(1);
    }

    /// Moves the index on by one element; gives how many axes began anew.
    fn advance(&mut self) -> usize {
        for (turned, (index, &length)) in self.index.iter_mut().zip(&self.shape).rev().enumerate() {
            *index = index.saturating_add(1);
            if *index < length {
                return turned;
            }
            *index = 0;
        }
        0
    }
}

/// Appends name, type, attributes, dimensions, shape and members.
fn declare(tree: &Tree, node: &Node, container: Option<&Container>, out: &mut String) {
    out.push_str("\"name\": ");
    text(node.name.as_bytes(), out);
    // Writing into a String cannot fail.
    let _ = write!(out, ", \"type\": \"{}\"", node.kind.keyword());
    attributes(container, out);
    if matches!(node.kind, Kind::Atomic(_) | Kind::Structure) {
        out.push_str(", \"dimensions\": [");
        for (axis, name) in node.dimensions.iter().enumerate() {
            out.push_str(if axis == 0 { "" } else { ", " });
            match name {
                Some(name) => text(name.as_bytes(), out),
                None => out.push_str("null"),
            }
        }
        let _ = write!(out, "], \"shape\": {:?}", node.shape);
    }
    if !matches!(node.kind, Kind::Structure | Kind::Sequence) {
        return;
    }
    out.push_str(", \"members\": [");
    for (number, member) in tree.members(node).enumerate() {
        out.push_str(if number == 0 { "{" } else { ", {" });
        let inside = container.and_then(|c| c.containers.iter().find(|inside| inside.name == member.name));
        declare(tree, member, inside, out);
        out.push('}');
    }
    out.push(']');
}

fn attributes(container: Option<&Container>, out: &mut String) {
    out.push_str(", \"attributes\": [");
    for (number, line) in container.iter().flat_map(|container| &container.attributes).enumerate() {
        out.push_str(if number == 0 { "" } else { ", " });
        attribute(line, out);
    }
    out.push(']');
}

fn attribute(line: &Line, out: &mut String) {
    out.push_str("{\"name\": ");
    text(line.name.as_bytes(), out);
    let _ = write!(out, ", \"type\": \"{}\", \"value\": [", line.data_type.keyword());
    for (number, value) in line.values.iter().enumerate() {
        out.push_str(if number == 0 { "" } else { ", " });
        match value.as_slice() {
            _ if line.data_type == super::AtomicType::String => text(value, out),
            b"NaN" => out.push_str("\"NaN\""),
            b"1e999" => out.push_str("\"Infinity\""),
            b"-1e999" => out.push_str("\"-Infinity\""),
            number => out.push_str(&String::from_utf8_lossy(number)),
        }
    }
    out.push_str("]}");
}

fn print(value: Value<'_>, out: &mut String) {
    let _ = match value {
        Value::Byte(value) => write!(out, "{value}"),
        Value::Int16(value) => write!(out, "{value}"),
        Value::UInt16(value) => write!(out, "{value}"),
        Value::Int32(value) => write!(out, "{value}"),
        Value::UInt32(value) => write!(out, "{value}"),
        Value::Float32(value) if value.is_finite() => write!(out, "{value:?}"),
        Value::Float64(value) if value.is_finite() => write!(out, "{value:?}"),
        Value::Float32(value) => write!(out, "{}", not_finite(value.into())),
        Value::Float64(value) => write!(out, "{}", not_finite(value)),
        Value::Text(bytes) => return text(bytes, out),
    };
}

fn not_finite(value: f64) -> &'static str {
    match (value.is_nan(), value.is_sign_negative()) {
        (true, _) => "\"NaN\"",
        (false, false) => "\"Infinity\"",
        (false, true) => "\"-Infinity\"",
    }
}

/// Appends a text in quotes.
fn text(bytes: &[u8], out: &mut String) {
    out.push('"');
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().for_each(|c| character(c, out)),
        Err(_) => bytes.iter().for_each(|&byte| character(char::from(byte), out)),
    }
    out.push('"');
}

fn character(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        // Line separators end a line of JavaScript.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests;
