//! The page that shows a dataset to people, in the manner of xarray: parts that fold, no script, nothing from elsewhere.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use weir_model::{Attribute, Group, Schema, Variable};

use super::{Node, attributes, dtype, is_index};
use crate::html::escaped;

/// How the page looks; a reader's own colours are kept.
const STYLE: &str = "\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:1.5rem auto;padding:0 1rem}\
h1{font-size:1.3rem;overflow-wrap:anywhere}summary{cursor:pointer;font-weight:600}summary small{font-weight:400;opacity:.7}\
details{margin:.3rem 0 .3rem .8rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0;overflow-wrap:anywhere}\
th{font-weight:400;opacity:.75;width:16rem}td pre{margin:0;white-space:pre-wrap;font:inherit}\
td details{margin:0}td summary{font-weight:400;opacity:.7}nav a{margin-right:1rem}.name{font-weight:600}";

/// A link below the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, as it stands in the page: a URL, absolute or relative to the page.
    pub target: String,
    /// What it says.
    pub text: String,
}

/// What a page says beside what is in the dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The dataset's id.
    pub title: String,
    /// Links, shown in this order.
    pub links: Vec<Link>,
    /// A description for search engines (JSON-LD), if there is one.
    pub linked_data: Option<Json>,
}

impl Page {
    /// The page of one group.
    #[must_use]
    pub fn of_group(&self, node: &Node<'_>) -> String {
        let title = match node.path.as_str() {
            "" => self.title.clone(),
            path => format!("{} {path}", self.title),
        };
        self.around(&title, &content(node))
    }

    /// The page of all groups, one inside another.
    #[must_use]
    pub fn of_tree(&self, schema: &Schema) -> String {
        self.around(&self.title, &branch(&schema.root, "", &[]))
    }

    fn around(&self, title: &str, content: &str) -> String {
        let title = escaped(title);
        let link =
            |link: &Link| format!("<a href=\"{}\">{}</a>\n", escaped(&link.target), escaped(&link.text));
        let links: String = self.links.iter().map(link).collect();
        let linked_data = self.linked_data.as_ref().map(data_block).unwrap_or_default();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title>\n<style>{STYLE}</style>{linked_data}</head>\n\
             <body><h1>{title}</h1>\n<nav>{links}</nav>\n{content}</body></html>\n"
        )
    }
}

/// JSON inside a page: no `<` stands in it, so nothing in it can end the element.
fn data_block(json: &Json) -> String {
    let text = json.to_string().replace('<', "\\u003c");
    format!("\n<script type=\"application/ld+json\">{text}</script>")
}

/// A group with the groups inside it; `inherited` are the indexed coordinates of those around it.
fn branch<'s>(group: &'s Group, path: &str, inherited: &[&'s Variable]) -> String {
    let own = content(&Node::of(group, path.to_owned(), inherited));
    let indexed: Vec<&Variable> = group.variables.iter().filter(|variable| is_index(variable)).collect();
    let inherited = [inherited, &indexed].concat();
    let inside: String = group
        .groups
        .iter()
        .map(|child| {
            let path = format!("{path}/{}", child.name);
            let shown = branch(child, &path, &inherited);
            format!("<details open><summary>Group {}</summary>\n{shown}</details>\n", escaped(&path))
        })
        .collect();
    own + &inside
}

fn content(node: &Node<'_>) -> String {
    let coordinates = node.coordinates();
    let rows = |wanted: bool| -> Vec<String> {
        let of_part =
            node.variables.iter().filter(|variable| coordinates.contains(variable.name.as_str()) == wanted);
        of_part.map(|variable| variable_row(variable, &coordinates)).collect()
    };
    let dimensions: Vec<String> = node.dimensions().iter().map(|(name, length)| row(name, length)).collect();
    let attributes = attribute_rows(&node.group.attributes);
    [
        part("Dimensions", &dimensions),
        part("Coordinates", &rows(true)),
        part("Data variables", &rows(false)),
        part("Attributes", &attributes),
    ]
    .concat()
}

fn part(title: &str, rows: &[String]) -> String {
    let open = if rows.is_empty() { "" } else { " open" };
    format!(
        "<details{open}><summary>{title} <small>({})</small></summary>\n<table>{}</table></details>\n",
        rows.len(),
        rows.concat()
    )
}

fn variable_row(variable: &Variable, coordinates: &BTreeSet<&str>) -> String {
    let lengths = variable.dimension_names().zip(&variable.shape);
    let dimensions: Vec<String> = lengths
        .map(|(name, length)| match coordinates.contains(name) {
            true => format!("<b>{}</b>: {length}", escaped(name)),
            false => format!("{}: {length}", escaped(name)),
        })
        .collect();
    let attributes = attribute_rows(&variable.attributes);
    let details = match attributes.is_empty() {
        true => String::new(),
        false => format!(
            "<details><summary>{} attributes</summary><table>{}</table></details>",
            attributes.len(),
            attributes.concat()
        ),
    };
    format!(
        "<tr><th class=\"name\">{}</th><td>({})</td><td>{}</td><td>{details}</td></tr>\n",
        escaped(&variable.name),
        dimensions.join(", "),
        escaped(&dtype::text(&variable.data_type)),
    )
}

fn attribute_rows(all: &[Attribute]) -> Vec<String> {
    let object: Map<String, Json> = attributes::object(all);
    object.iter().map(|(name, value)| row(name, value)).collect()
}

fn row(name: &str, value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("<tr><th>{}</th><td><pre>{}</pre></td></tr>\n", escaped(name), escaped(&text))
}
