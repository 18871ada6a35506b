//! XML in general: escaping, and the elements of a text as a tree.

use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Malformed;

/// How deep elements may lie in each other.
const MOST_DEPTH: usize = 256;
/// How many attributes an element may have.
const MOST_ATTRIBUTES: usize = 32;

/// Escapes text for an element or for an attribute in quotes, so that a parser reads the same text.
///
/// Characters that XML 1.0 cannot carry become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\u{fffe}' | '\u{ffff}') && c >= ' ';
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Parsers make blanks of these in attributes, and drop a carriage return everywhere.
            '\t' | '\n' | '\r' => drop(write!(out, "&#{};", u32::from(c))),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// An element.
#[derive(Clone, Debug, Default)]
pub struct Element {
    /// Its name, without a namespace's prefix.
    pub name: String,
    /// Where it ends, in bytes from 0.
    pub byte: u64,
    /// Its attributes, in order, without declarations of namespaces.
    pub attributes: Vec<(String, String)>,
    /// The text directly inside.
    pub text: String,
    /// The elements inside.
    pub children: Vec<Element>,
}

impl Element {
    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Malformed> {
        self.attribute(name).ok_or_else(|| self.malformed(format!("has no attribute {name:?}")))
    }

    /// What is wrong with the element.
    pub fn malformed(&self, why: impl std::fmt::Display) -> Malformed {
        Malformed { byte: self.byte, why: format!("<{}> {why}", self.name) }
    }
}

/// The root element of a text.
pub fn tree(text: &str) -> Result<Element, Malformed> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event();
        let byte = reader.buffer_position();
        let at = |why: String| Malformed { byte, why };
        match event.map_err(|error| at(error.to_string()))? {
            Event::Start(_) if root.is_some() => return Err(at("there is a second root element".to_owned())),
            Event::Start(_) if open.len() >= MOST_DEPTH => {
                return Err(at(format!("more than {MOST_DEPTH} elements lie in each other")));
            }
            Event::Start(start) => open.push(element(&start, byte)?),
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| at("an element ends twice".to_owned()))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => put(&mut open, &text.xml10_content()),
            Event::CData(text) => put(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| at(error.to_string()))?;
                let name = reference.xml10_content();
                match (character, quick_xml::escape::resolve_xml_entity(&name)) {
                    (Some(character), _) => put(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => put(&mut open, text),
                    (None, None) => return Err(at(format!("entity {name:?} is not known"))),
                }
            }
            Event::DocType(_) => return Err(at("document type declarations are not taken".to_owned())),
            Event::Eof => break,
            _ => {}
        }
    }
    match (open.last(), root) {
        (Some(left), _) => Err(left.malformed("does not end")),
        (None, Some(root)) => Ok(root),
        (None, None) => Err(Malformed { byte: 0, why: "there is no element".to_owned() }),
    }
}

fn put(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>, byte: u64) -> Result<Element, Malformed> {
    let malformed = |why: String| Malformed { byte, why };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        if attributes.len() >= MOST_ATTRIBUTES {
            return Err(malformed(format!("an element has more than {MOST_ATTRIBUTES} attributes")));
        }
        let attribute = attribute.map_err(|error| malformed(error.to_string()))?;
        if attribute.key.as_namespace_binding().is_some() || attribute.key.prefix().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| malformed(error.to_string()))?;
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Element { name, byte, attributes, text: String::new(), children: Vec::new() })
}
