//! The XML of a catalog, written front to back, so that folders of any size can be streamed.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::coverage::coverage;
use super::services::{Service, services};
use crate::listing::{Child, Entry, date, encoded_path, name_of};
use crate::{Site, Summary};

const NAMESPACE: &str = "http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0";
const XLINK: &str = "http://www.w3.org/1999/xlink";

/// What servers say since 2004; siphon and netCDF-Java read any 1.0.x.
const VERSION: &str = "1.2";

/// The compound service that all datasets inherit.
const ALL: &str = "all";

/// What XML 1.0 (section 2.2) can say: other characters become the replacement character.
fn legal(text: &str) -> Cow<'_, str> {
    let is_illegal = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    match text.contains(is_illegal) {
        true => Cow::Owned(text.replace(is_illegal, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// XML in the making. Its writes go to memory and do not fail.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
    depth: usize,
}

impl Xml {
    fn new(depth: usize) -> Self {
        Self { writer: Writer::new(Vec::new()), depth }
    }

    fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    fn line(&mut self) -> io::Result<()> {
        let blanks = "\n".to_owned() + &"  ".repeat(self.depth);
        self.writer.write_event(Event::Text(BytesText::from_escaped(blanks)))
    }

    fn start<'t>(name: &'t str, attributes: &[(&str, &str)]) -> BytesStart<'t> {
        let mut start = BytesStart::new(name);
        for (name, value) in attributes {
            start.push_attribute((*name, &*legal(value)));
        }
        start
    }

    /// An element without content.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.line()?;
        self.writer.write_event(Event::Empty(Self::start(name, attributes)))
    }

    /// An element with text in it.
    pub fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.line()?;
        self.writer.write_event(Event::Start(Self::start(name, attributes)))?;
        self.writer.write_event(Event::Text(BytesText::new(&legal(text))))?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// The beginning of an element with others in it.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.line()?;
        self.depth = self.depth.saturating_add(1);
        self.writer.write_event(Event::Start(Self::start(name, attributes)))
    }

    /// Its end.
    pub fn close(&mut self, name: &str) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.line()?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn begin(&mut self, site: &Site<'_>, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let attributes = [("xmlns", NAMESPACE), ("xmlns:xlink", XLINK), ("name", name), ("version", VERSION)];
        self.open("catalog", &attributes)?;
        self.open("service", &[("name", ALL), ("serviceType", "Compound"), ("base", "")])?;
        for Service { name, service_type, path, .. } in services(site.offers) {
            let base = format!("{}{path}", site.base);
            self.empty("service", &[("name", name), ("serviceType", service_type), ("base", &base)])?;
        }
        self.close("service")?;
        // Its base is empty: it resolves beside the catalog itself.
        self.empty("service", &[("name", "latest"), ("serviceType", "Resolver"), ("base", "")])
    }

    /// Zarr lies behind the name of a dataset, which no service of a compound one can say: it has an element of its own.
    fn zarr_service(&mut self, site: &Site<'_>) -> io::Result<()> {
        let base = format!("{}/datasets/", site.base);
        self.empty("service", &[("name", "zarr"), ("serviceType", "Zarr"), ("base", &base)])
    }

    /// siphon finds services only where metadata that is inherited names them, and reads no other metadata.
    fn inherited(&mut self, summary: Option<(&Summary, &str)>) -> io::Result<()> {
        self.open("metadata", &[("inherited", "true")])?;
        self.text("serviceName", &[], ALL)?;
        if let Some((summary, format)) = summary {
            coverage(self, summary, format)?;
        }
        self.close("metadata")
    }

    fn facts(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if let Some(bytes) = entry.bytes {
            self.text("dataSize", &[("units", "bytes")], &bytes.to_string())?;
        }
        if let Some(modified) = entry.modified.and_then(date) {
            self.text("date", &[("type", "modified")], &modified)?;
        }
        Ok(())
    }

    fn child(&mut self, base: &str, child: &Child<'_>) -> io::Result<()> {
        match child {
            Child::Folder(path) => {
                let href = format!("{base}/thredds/catalog/{}catalog.xml", encoded_path(path));
                let attributes =
                    [("xlink:href", &*href), ("xlink:title", name_of(path)), ("ID", path), ("name", "")];
                self.empty("catalogRef", &attributes)
            }
            Child::Dataset(entry) => {
                let path = encoded_path(entry.id);
                self.open("dataset", &[("name", name_of(entry.id)), ("ID", entry.id), ("urlPath", &path)])?;
                self.facts(entry)?;
                self.close("dataset")
            }
        }
    }
}

/// The catalog of a folder, in parts: [`begin`](Self::begin), [`children`](Self::children) as often as wanted, and
/// [`end`](Self::end).
#[derive(Clone, Copy, Debug)]
pub struct FolderDocument<'a> {
    /// Whose it is.
    pub site: Site<'a>,
    /// The folder's path with a slash at its end; nothing for the root.
    pub folder: &'a str,
}

impl FolderDocument<'_> {
    /// What stands before the children.
    ///
    /// # Errors
    /// None that can come to pass: it is written to memory.
    pub fn begin(&self) -> io::Result<Vec<u8>> {
        let name = match self.folder {
            "" => self.site.title,
            folder => name_of(folder),
        };
        let mut xml = Xml::new(0);
        xml.begin(&self.site, name)?;
        let id = if self.folder.is_empty() { "/" } else { self.folder };
        xml.open("dataset", &[("name", name), ("ID", id)])?;
        xml.inherited(None)?;
        Ok(xml.into_bytes())
    }

    /// Some children: references to the catalogs of folders, and datasets.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn children<'c>(&self, children: impl IntoIterator<Item = Child<'c>>) -> io::Result<Vec<u8>> {
        let mut children = children.into_iter();
        let mut xml = Xml::new(2);
        // A dataset takes about so many bytes; room for thousands of them at once spares copying what is there again and again.
        xml.writer.get_mut().reserve(children.size_hint().0.saturating_mul(256));
        children.try_for_each(|child| xml.child(self.site.base, &child))?;
        Ok(xml.into_bytes())
    }

    /// What stands behind the children.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn end(&self) -> io::Result<Vec<u8>> {
        let mut xml = Xml::new(2);
        xml.close("dataset")?;
        xml.close("catalog")?;
        Ok(xml.into_bytes())
    }
}

/// The catalog of one dataset: with what its data tells, where that is known.
///
/// # Errors
/// As [`FolderDocument::begin`].
pub fn dataset_document(
    site: &Site<'_>,
    entry: &Entry<'_>,
    summary: Option<(&Summary, &str)>,
) -> io::Result<Vec<u8>> {
    let mut xml = Xml::new(0);
    xml.begin(site, name_of(entry.id))?;
    let zarr = ["zarr", "kerchunk"].into_iter().find_map(|name| site.offers.access(name));
    if zarr.is_some() {
        xml.zarr_service(site)?;
    }
    let path = encoded_path(entry.id);
    xml.open("dataset", &[("name", name_of(entry.id)), ("ID", entry.id), ("urlPath", &path)])?;
    xml.inherited(summary)?;
    xml.facts(entry)?;
    if let Some(access) = zarr {
        let below = format!("{path}{}", access.suffix);
        xml.empty("access", &[("serviceName", "zarr"), ("urlPath", &below)])?;
    }
    xml.close("dataset")?;
    xml.close("catalog")?;
    Ok(xml.into_bytes())
}
