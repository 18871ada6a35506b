//! XML in the making. Its writes go to memory and do not fail.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document, written front to back.
pub(crate) struct Xml {
    writer: Writer<Vec<u8>>,
}

/// Attributes of an element.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Xml {
    /// A document with its declaration.
    pub(crate) fn new() -> Self {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
        // Memory takes all.
        let _written = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        Self { writer }
    }

    /// The document.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    /// The beginning of an element with others in it.
    pub(crate) fn open(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.writer.write_event(Event::Start(start(name, attributes)))
    }

    /// Its end.
    pub(crate) fn close(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.writer.write_event(Event::Empty(start(name, attributes)))
    }

    /// An element with text in it.
    pub(crate) fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.writer.write_event(Event::Text(BytesText::new(&legal(text))))?;
        self.close(name)
    }
}

fn start<'t>(name: &'t str, attributes: Attributes<'_>) -> BytesStart<'t> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, &*legal(value)));
    }
    start
}

/// What XML 1.0 (section 2.2) can say: other characters become the replacement character.
fn legal(text: &str) -> Cow<'_, str> {
    let is_illegal = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    match text.contains(is_illegal) {
        true => Cow::Owned(text.replace(is_illegal, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped() {
        let mut xml = Xml::new();
        xml.open("a", &[("b", "\"<&\u{1}")]).unwrap();
        xml.text("c", &[], "<script>&\u{0}").unwrap();
        xml.empty("d", &[]).unwrap();
        xml.close("a").unwrap();
        let text = String::from_utf8(xml.into_bytes()).unwrap();
        assert!(text.contains("<a b=\"&quot;&lt;&amp;\u{fffd}\">"), "{text}");
        assert!(text.contains("<c>&lt;script&gt;&amp;\u{fffd}</c>"), "{text}");
    }
}
