//! The DMR: what a dataset holds, as XML (DAP4 specification, volume 1, "The DMR").

mod parse;
#[cfg(test)]
mod tests;
mod xml;

use std::fmt::Write;

pub use parse::{Malformed, parse};
pub use xml::escape;

use super::document::{Attribute, Axis, Dataset, Enumeration, Group, Kind, Variable};

/// The namespace of all elements.
pub const NAMESPACE: &str = "http://xml.opendap.org/ns/DAP/4.0#";

/// What netCDF-C knows an unlimited dimension by.
const UNLIMITED: &str = "_edu.ucar.isunlimited";
/// What netCDF-C knows a list of plain values by.
const OF_VALUES: &str = "_edu.ucar.isvlen";
/// What netCDF-C knows the size of opaque elements by.
const OPAQUE_SIZE: &str = "_edu.ucar.opaque.size";

/// How deep groups may lie in each other, and fields in each other.
pub const DEEPEST: usize = 60;

/// The DMR of `dataset`.
///
/// It begins with an XML declaration: pydap takes text without one for ASCII. Its version is that of data in the order of the
/// specification, variables before the groups beside them: after version 1.0, pydap looks for groups first, as old versions of libdap
/// wrote them. What lies deeper than [`DEEPEST`] is left out.
#[must_use]
pub fn write(dataset: &Dataset) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let name = escape(&dataset.name);
    // Writing into a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "<Dataset xmlns=\"{NAMESPACE}\" dapVersion=\"4.0\" dmrVersion=\"2.0\" name=\"{name}\">"
    );
    contents(&mut out, &dataset.root, 1);
    out.push_str("</Dataset>\n");
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn contents(out: &mut String, group: &Group, depth: usize) {
    for dimension in &group.dimensions {
        indent(out, depth);
        let (name, size) = (escape(&dimension.name), dimension.size);
        let unlimited = if dimension.unlimited { format!(" {UNLIMITED}=\"1\"") } else { String::new() };
        let _ = writeln!(out, "<Dimension name=\"{name}\" size=\"{size}\"{unlimited}/>");
    }
    for enumeration in &group.enumerations {
        write_enumeration(out, enumeration, depth);
    }
    for variable in &group.variables {
        write_variable(out, variable, depth);
    }
    for attribute in &group.attributes {
        write_attribute(out, attribute, depth);
    }
    for inner in group.groups.iter().filter(|_| depth < DEEPEST) {
        indent(out, depth);
        let _ = writeln!(out, "<Group name=\"{}\">", escape(&inner.name));
        contents(out, inner, depth.saturating_add(1));
        indent(out, depth);
        out.push_str("</Group>\n");
    }
}

fn write_enumeration(out: &mut String, enumeration: &Enumeration, depth: usize) {
    indent(out, depth);
    let (name, base) = (escape(&enumeration.name), enumeration.base.name());
    let _ = writeln!(out, "<Enumeration name=\"{name}\" basetype=\"{base}\">");
    for (name, value) in &enumeration.constants {
        indent(out, depth.saturating_add(1));
        let _ = writeln!(out, "<EnumConst name=\"{}\" value=\"{value}\"/>", escape(name));
    }
    indent(out, depth);
    out.push_str("</Enumeration>\n");
}

/// The name of a variable's element, its XML attributes besides the name, and its fields.
fn element(kind: &Kind) -> (&'static str, String, &[Variable]) {
    match kind {
        Kind::Number(atomic) => (atomic.name(), String::new(), &[]),
        Kind::Enum { enumeration } => ("Enum", format!(" enum=\"{}\"", escape(enumeration)), &[]),
        Kind::Opaque { size: Some(size) } => ("Opaque", format!(" {OPAQUE_SIZE}=\"{size}\""), &[]),
        Kind::Opaque { size: None } => ("Opaque", String::new(), &[]),
        Kind::String => ("String", String::new(), &[]),
        Kind::Structure { fields } => ("Structure", String::new(), fields),
        Kind::Sequence { fields, of_values: true } => ("Sequence", format!(" {OF_VALUES}=\"1\""), fields),
        Kind::Sequence { fields, of_values: false } => ("Sequence", String::new(), fields),
    }
}

fn write_variable(out: &mut String, variable: &Variable, depth: usize) {
    let (tag, more, fields) = element(&variable.kind);
    indent(out, depth);
    let _ = write!(out, "<{tag} name=\"{}\"{more}", escape(&variable.name));
    let Variable { axes, attributes, maps, .. } = variable;
    if fields.is_empty() && axes.is_empty() && attributes.is_empty() && maps.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    let inside = depth.saturating_add(1);
    for field in fields.iter().filter(|_| depth < DEEPEST.saturating_mul(2)) {
        write_variable(out, field, inside);
    }
    for axis in axes {
        indent(out, inside);
        let _ = match axis {
            Axis::Shared(fqn) => writeln!(out, "<Dim name=\"{}\"/>", escape(fqn)),
            Axis::Anonymous(size) => writeln!(out, "<Dim size=\"{size}\"/>"),
        };
    }
    for attribute in attributes {
        write_attribute(out, attribute, inside);
    }
    for map in maps {
        indent(out, inside);
        let _ = writeln!(out, "<Map name=\"{}\"/>", escape(map));
    }
    indent(out, depth);
    let _ = writeln!(out, "</{tag}>");
}

/// Values stand as text: libdap (3.20.11) does not read the other form, `value="..."`, and pydap did not for long. Only where netCDF-C
/// would spoil the text, and there is but one value, the other form is taken: of texts it removes every backslash, and writes
/// `&lt;` for each `<`. For a text without a character, pydap knows nothing; where there is one in that form, too, it takes that.
fn write_attribute(out: &mut String, attribute: &Attribute, depth: usize) {
    indent(out, depth);
    let type_name = attribute.number.map_or("String", super::AtomicType::name);
    let _ = write!(out, "<Attribute name=\"{}\" type=\"{type_name}\"", escape(&attribute.name));
    if attribute.values.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    if let ([one], None) = (attribute.values.as_slice(), attribute.number)
        && one.contains(['&', '<', '>', '"', '\'', '\\'])
    {
        // Put behind the type.
        out.truncate(out.trim_end_matches(">\n").len());
        let _ = writeln!(out, " value=\"{}\"/>", escape(one));
        return;
    }
    for value in &attribute.values {
        indent(out, depth.saturating_add(1));
        let _ = match value.is_empty() {
            true => writeln!(out, "<Value value=\"\"/>"),
            false => writeln!(out, "<Value>{}</Value>", escape(value)),
        };
    }
    indent(out, depth);
    out.push_str("</Attribute>\n");
}
