//! The JSON Schema of the configuration file, and the reference that is made of it.

use std::fmt::Write as _;

use schemars::{Schema, schema_for};
use serde_json::{Map, Value};

use crate::document::{Document, Server};

/// The JSON Schema (draft 2020-12) of a configuration file, for editors and checkers.
#[must_use]
pub fn json_schema() -> String {
    let schema = schema_for!(Document);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// The names of the fields of `[server]`.
pub fn server_fields() -> Vec<String> {
    properties(schema_for!(Server).as_value())
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default()
}

/// The reference of the configuration file: all its sections and fields, in Markdown.
#[must_use]
pub fn reference() -> String {
    let schema: Schema = schema_for!(Document);
    let root = schema.as_value();
    let mut out = String::from("# Reference of the configuration file\n\n");
    let said = "This file is made from the code (`weir config reference`); what things are for stands in [configuration.md](configuration.md).\n";
    out.push_str(said);
    let sections = properties(root).into_iter().flatten();
    for (name, section) in sections {
        let of_list = section.get("items");
        let head = if of_list.is_some() { format!("[[{name}]]") } else { format!("[{name}]") };
        let _written = write!(out, "\n## `{head}`\n\n{}\n", description(section));
        let table = resolved(root, of_list.unwrap_or(section));
        fields(root, table, "", &mut out);
    }
    out
}

/// A table of fields, and after it those of the tables inside.
fn fields(root: &Value, table: &Value, path: &str, out: &mut String) {
    let Some(all) = properties(table).filter(|all| !all.is_empty()) else { return };
    if !path.is_empty() {
        let _written = write!(out, "\n`{path}`: {}\n", description(table));
    }
    out.push_str("\n| field | value | meaning |\n|---|---|---|\n");
    let required = table.get("required").and_then(Value::as_array);
    let mut inner = Vec::new();
    for (name, field) in all {
        let of = resolved(root, field);
        let must = required.is_some_and(|names| names.iter().any(|required| required == name));
        let mark = if must { " (must be given)" } else { "" };
        let said = description(field).replace('\n', " ");
        let _written = writeln!(out, "| `{name}` | {} | {said}{mark} |", kind(root, field));
        inner.extend(
            inside(root, of)
                .map(|table| (format!("{path}{}{name}", if path.is_empty() { "" } else { "." }), table)),
        );
    }
    inner.iter().for_each(|(path, table)| fields(root, table, path, out));
}

/// The table that a field holds, or a table's entries hold.
fn inside<'a>(root: &'a Value, field: &'a Value) -> Option<&'a Value> {
    let entries = field.get("additionalProperties").map(|entries| resolved(root, entries));
    let held = entries.filter(|entries| properties(entries).is_some()).unwrap_or(field);
    properties(held).is_some().then_some(held)
}

fn properties(of: &Value) -> Option<&Map<String, Value>> {
    of.get("properties").and_then(Value::as_object)
}

fn description(of: &Value) -> &str {
    of.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// What a field refers to, if it does.
fn resolved<'a>(root: &'a Value, field: &'a Value) -> &'a Value {
    let found = refers_to(field).and_then(|name| root.get("$defs")?.get(name));
    found.unwrap_or(field)
}

/// The name of the type that a field refers to, or one of its choices (the other one is null).
fn refers_to(field: &Value) -> Option<&str> {
    fn name(of: &Value) -> Option<&str> {
        of.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
    }
    name(field).or_else(|| field.get("anyOf")?.as_array()?.iter().find_map(name))
}

/// What may be written, in a few words.
fn kind(root: &Value, field: &Value) -> String {
    if let Some(quantity @ ("Size" | "Time")) = refers_to(field) {
        return quantity.to_lowercase();
    }
    let of = resolved(root, field);
    let constants = of.get("oneOf").or(of.get("enum")).and_then(Value::as_array);
    if let Some(constants) = constants {
        let word = |one: &Value| one.get("const").unwrap_or(one).as_str().map(|word| format!("`\"{word}\"`"));
        let words: Vec<String> = constants.iter().filter_map(word).collect();
        return words.join(", ");
    }
    let types: Vec<&str> = match of.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    match types.iter().find(|one| **one != "null").copied() {
        Some("array") => {
            let item = of.get("items").map(|item| kind(root, item)).unwrap_or_default();
            format!("list of {item}s")
        }
        Some("object") => "table".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some(other) => other.to_owned(),
        None => "value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_says_what_it_is() {
        fn check(of: &Value, path: &str) {
            for (name, field) in properties(of).into_iter().flatten() {
                assert!(!description(field).is_empty(), "{path}.{name} has no description");
                check(field, &format!("{path}.{name}"));
            }
        }
        let schema = schema_for!(Document);
        check(schema.as_value(), "");
        let named = schema.as_value().get("$defs").and_then(Value::as_object).unwrap();
        named.iter().for_each(|(name, one)| check(one, name));
        assert!(named.len() > 5, "{named:?}");
    }
}
