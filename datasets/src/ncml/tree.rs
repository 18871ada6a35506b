//! The elements of an XML file as a tree, with the line of each.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::{Error, ErrorKind};

/// How deep elements may lie in each other.
const MOST_DEPTH: usize = 64;

/// How many attributes an element may have.
const MOST_ATTRIBUTES: usize = 256;

/// How many elements a file may have.
const MOST_ELEMENTS: usize = 1_000_000;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, without a namespace's prefix.
    pub name: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its attributes, in order; declarations of namespaces are left out.
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

    /// An error that names the element and its line.
    pub fn refuse(&self, kind: ErrorKind, why: impl std::fmt::Display) -> Error {
        Error::new(kind, format!("line {}: <{}>: {why}", self.line, self.name))
    }
}

/// The name of the root element, if the text begins as XML does. The text may be cut off anywhere behind it.
pub fn root_name(start: &[u8]) -> Option<String> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let begins = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if begins != Some(&b'<') {
        return None;
    }
    // The start of a file may end within a character.
    let text = start.utf8_chunks().next().map(|chunk| chunk.valid())?;
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(element.local_name().as_ref().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Lines of a text, found by the places of their ends.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn at(&self, byte: u64) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        self.0.partition_point(|&end| end < byte).saturating_add(1)
    }
}

/// Parses a text to its root element.
///
/// # Errors
/// `Corrupt` where it is no XML, `Unsupported` for a DTD or an entity, `TooLarge` beyond the limits.
pub fn parse(text: &str) -> Result<Element, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        let line = lines.at(reader.buffer_position());
        let at = |kind: ErrorKind, why: String| Error::new(kind, format!("line {line}: {why}"));
        let event = reader
            .read_event()
            .map_err(|e| at(ErrorKind::Corrupt, format!("the NcML file is damaged: {e}")))?;
        match event {
            Event::Start(start) => {
                count = count.saturating_add(1);
                if open.len() >= MOST_DEPTH || count > MOST_ELEMENTS {
                    let why = format!(
                        "more than {MOST_DEPTH} elements lie in each other, or more than {MOST_ELEMENTS} in the file"
                    );
                    return Err(at(ErrorKind::TooLarge, why));
                }
                if root.is_some() {
                    return Err(at(ErrorKind::Corrupt, "there is a second root element".to_owned()));
                }
                // Blanks before an element belong to the text before it.
                open.push(element(&start, line).map_err(|e| e.within(format!("line {line}")))?);
            }
            Event::End(_) => {
                let done =
                    open.pop().ok_or_else(|| at(ErrorKind::Corrupt, "an element ends twice".to_owned()))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => {
                put(&mut open, &text.xml10_content());
            }
            Event::CData(text) => put(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let character =
                    reference.resolve_char_ref().map_err(|e| at(ErrorKind::Corrupt, e.to_string()))?;
                let named = quick_xml::escape::resolve_xml_entity(&name);
                match (character, named) {
                    (Some(character), _) => put(&mut open, character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => put(&mut open, text),
                    (None, None) => {
                        return Err(at(ErrorKind::Unsupported, format!("entity {name:?} is not supported")));
                    }
                }
            }
            Event::DocType(_) => {
                return Err(at(
                    ErrorKind::Unsupported,
                    "document type declarations are not supported".to_owned(),
                ));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if let Some(left) = open.last() {
        return Err(left.refuse(ErrorKind::Corrupt, "it does not end"));
    }
    root.ok_or_else(|| Error::corrupt("the NcML file has no element"))
}

fn put(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>, line: usize) -> Result<Element, Error> {
    let damaged = |e: &dyn std::fmt::Display| Error::corrupt(format!("the NcML file is damaged: {e}"));
    let mut attributes = Vec::new();
    for (number, attribute) in start.attributes().enumerate() {
        if number >= MOST_ATTRIBUTES {
            let message = format!("an element has more than {MOST_ATTRIBUTES} attributes");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let attribute = attribute.map_err(|e| damaged(&e))?;
        let (name, prefix) = (attribute.key.local_name(), attribute.key.prefix());
        if attribute.key.as_namespace_binding().is_some() || prefix.is_some() {
            // `xmlns`, `xmlns:xsi`, `xsi:schemaLocation`: not NcML's own.
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| damaged(&e))?;
        attributes.push((name.as_ref().to_owned(), value.into_owned()));
    }
    let name = start.local_name().as_ref().to_owned();
    Ok(Element { name, line, attributes, text: String::new(), children: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text).map(|root| shown(&root)).map_err(|e| e.message);
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(found), Err(words)) => assert!(found.contains(words), "{text}: {found}"),
            _ => panic!("{text}: {found:?}, not {expected:?}"),
        }
    }

    /// `name@line[attribute=value](children)"text"`.
    fn shown(element: &Element) -> String {
        let attributes: Vec<String> = element.attributes.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let children: Vec<String> = element.children.iter().map(shown).collect();
        let (name, line, text) = (&element.name, element.line, element.text.trim());
        format!("{name}@{line}[{}]({}){text:?}", attributes.join(","), children.join(" "))
    }

    #[test]
    fn elements_have_their_lines() {
        check("<a/>", Ok("a@1[]()\"\""));
        check(
            "<?xml version='1.0'?>\n<n:a xmlns:n='u' b='1'>\n <c>x &lt; &#65;</c>\n</n:a>",
            Ok("a@2[b=1](c@3[]()\"x < A\")\"\""),
        );
        check("<a><![CDATA[<x>]]></a>", Ok("a@1[]()\"<x>\""));
        check("<a b='&amp;&quot;'/>", Ok("a@1[b=&\"]()\"\""));
    }

    #[test]
    fn hostile_files_are_refused() {
        check("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", Err("document type"));
        check("<a>&x;</a>", Err("entity \"x\" is not supported"));
        check("<a b='&x;'/>", Err("damaged"));
        check("<a>", Err("line 1: <a>: it does not end"));
        check("<a></b>", Err("damaged"));
        check("<a/><b/>", Err("second root"));
        check("", Err("no element"));
        check(&"<a>".repeat(65), Err("more than 64 elements"));
        let many: String = (0..257).map(|n| format!(" a{n}='1'")).collect();
        check(&format!("<a{many}/>"), Err("more than 256 attributes"));
    }

    #[test]
    fn root_elements_are_known_from_the_start() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(root_name(text.as_bytes()).as_deref(), expected, "{text}");
        };
        check("<netcdf xmlns='x'><agg", Some("netcdf"));
        check("\u{feff}<?xml version='1.0'?>\n<!-- a -->\n<nc:netcdf>", Some("netcdf"));
        check("<netcdf", None);
        check("{\"a\": \"<netcdf>\"}", None);
        check("", None);
    }
}
