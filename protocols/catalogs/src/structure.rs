//! What a group of a dataset holds, for people: parts that fold, in the manner of xarray, with how each variable is stored.

use std::collections::BTreeSet;
use std::fmt::Display;

use maud::{Markup, html};
use serde_json::Value as Json;
use weir_model::{Group, Schema, Variable};

use crate::attributes;
use crate::pages::bytes_for_people;
use crate::xpublish::{Node, dtype, is_index};

/// The picture that is shown of a variable, by its path and what it is; nothing where there is none.
pub type Preview<'a> = dyn Fn(&str, &Variable) -> Option<Markup> + 'a;

/// A group: its dimensions, coordinates, other variables and attributes.
#[must_use]
pub fn group(node: &Node<'_>, preview: &Preview<'_>) -> Markup {
    let coordinates = node.coordinates();
    let rows = |wanted: bool| -> Vec<Markup> {
        let is_wanted = |variable: &&&Variable| coordinates.contains(variable.name.as_str()) == wanted;
        let of_part = node.variables().iter().filter(is_wanted);
        of_part.map(|variable| of_variable((node.path(), variable), &coordinates, preview)).collect()
    };
    let dimensions = node.dimensions();
    let attributes = attributes::object(&node.group().attributes);
    html! {
        (part("Dimensions", dimensions.len(), &table(dimensions.iter())))
        (variables("Coordinates", &rows(true)))
        (variables("Data variables", &rows(false)))
        (part("Attributes", attributes.len(), &table(attributes.iter())))
    }
}

/// All groups, one inside another.
#[must_use]
pub fn tree(schema: &Schema, preview: &Preview<'_>) -> Markup {
    branch((&schema.root, ""), &[], preview)
}

/// A group with the groups inside it; `inherited` are the indexed coordinates of those around it.
fn branch<'s>((this, path): (&'s Group, &str), inherited: &[&'s Variable], preview: &Preview<'_>) -> Markup {
    let own = group(&Node::of(this, path.to_owned(), inherited), preview);
    let indexed: Vec<&Variable> = this.variables.iter().filter(|variable| is_index(variable)).collect();
    let inherited = [inherited, &indexed].concat();
    let inside = this.groups.iter().map(|child| (child, format!("{path}/{}", child.name)));
    html! {
        (own)
        @for (child, path) in inside {
            details open {
                summary { h2 { "Group " (path) } }
                (branch((child, &path), &inherited, preview))
            }
        }
    }
}

fn part(title: &str, count: usize, content: &Markup) -> Markup {
    html! {
        details open[count > 0] {
            summary { h2 { (title) } " " small { "(" (count) ")" } }
            (content)
        }
    }
}

fn variables(title: &str, rows: &[Markup]) -> Markup {
    part(title, rows.len(), &html! { @for row in rows { (row) } })
}

fn table<'a>(rows: impl Iterator<Item = (impl Display, &'a Json)>) -> Markup {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    html! {
        table {
            tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { pre { (text(value)) } } } } }
        }
    }
}

/// A variable, which unfolds to how it is stored, its picture and its attributes.
fn of_variable(
    (group, variable): (&str, &Variable),
    coordinates: &BTreeSet<&str>,
    preview: &Preview<'_>,
) -> Markup {
    let lengths = variable.dimension_names().zip(&variable.shape);
    let word = |name: &str| {
        variable.attribute(name).and_then(|found| found.value.as_text()).map(std::borrow::Cow::into_owned)
    };
    let label = word("long_name").or_else(|| word("standard_name"));
    let attributes = attributes::object(&variable.attributes);
    let facts = facts(variable);
    html! {
        details {
            summary {
                b { (variable.name) } " ("
                @for (at, (name, length)) in lengths.enumerate() {
                    @if at > 0 { ", " }
                    @if coordinates.contains(name) { b { (name) } } @else { (name) }
                    ": " (length)
                }
                ") " code { (dtype::text(&variable.data_type)) }
                @if let Some(label) = label { " " small { (label) } }
                @if let Some(units) = word("units") { " " small { "[" (units) "]" } }
            }
            @if let Some(picture) = preview(&format!("{group}/{}", variable.name), variable) { (picture) }
            (table(facts.iter().map(|(name, value)| (name, value))))
            (table(attributes.iter()))
        }
    }
}

/// How a variable is stored, in words; of a scalar there is little to say.
fn facts(variable: &Variable) -> Vec<(&'static str, Json)> {
    let mut facts = Vec::new();
    if let Some(bytes) = bytes(variable) {
        facts.push(("in memory", Json::from(bytes_for_people(bytes))));
    }
    let chunk = &variable.storage.chunk_shape;
    if !variable.shape.is_empty() && chunk.len() == variable.shape.len() {
        let lengths: Vec<String> = chunk.iter().map(u64::to_string).collect();
        let count = variable.shape.iter().zip(chunk).try_fold(1u64, |count, (length, chunk)| {
            count.checked_mul(length.checked_div(*chunk)?.checked_add(u64::from(length % chunk > 0))?)
        });
        let count = count.map(|count| format!(", {count} in all")).unwrap_or_default();
        facts.push(("chunks", Json::from(format!("{}{count}", lengths.join(" × ")))));
    }
    let codecs: Vec<&str> = variable.storage.codecs.iter().map(weir_model::Codec::name).collect();
    let codecs = if codecs.is_empty() { "none".to_owned() } else { codecs.join(", then ") };
    facts.push(("codecs", Json::from(codecs)));
    facts
}

/// Bytes of all elements; of those that differ in size nobody knows.
fn bytes(variable: &Variable) -> Option<u64> {
    let size = u64::try_from(variable.data_type.size()?).ok()?;
    variable.shape.iter().try_fold(size, |bytes, length| bytes.checked_mul(*length))
}
