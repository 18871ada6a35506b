//! Reading a DMR back: what is published must be what was meant, and what others write is understood too.

use std::fmt;

use super::super::AtomicType;
use super::super::document::{Attribute, Axis, Dataset, Dimension, Enumeration, Group, Kind, Variable};
use super::xml::{self, Element};
use super::{OF_VALUES, OPAQUE_SIZE, UNLIMITED};

/// Why a text is not a DMR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The place in the text, in bytes from 0.
    pub byte: u64,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the dmr is malformed at byte {}: {}", self.byte, self.why)
    }
}

impl std::error::Error for Malformed {}

/// Parses a DMR.
///
/// # Errors
/// [`Malformed`] where it is not XML, or has elements that DAP4 does not have or that lack what they need.
pub fn parse(text: &str) -> Result<Dataset, Malformed> {
    let element = xml::tree(text)?;
    if element.name != "Dataset" {
        return Err(element.malformed("stands where <Dataset> should"));
    }
    let name = element.required("name")?.to_owned();
    let root = Group { name: String::new(), ..group(&element)? };
    Ok(Dataset { name, root })
}

fn group(element: &Element) -> Result<Group, Malformed> {
    let mut group = Group { name: element.required("name")?.to_owned(), ..Group::default() };
    for child in &element.children {
        match child.name.as_str() {
            "Dimension" => group.dimensions.push(dimension(child)?),
            "Enumeration" => group.enumerations.push(enumeration(child)?),
            "Attribute" => group.attributes.push(attribute(child)?),
            "Group" => group.groups.push(self::group(child)?),
            _ => group.variables.push(variable(child)?),
        }
    }
    Ok(group)
}

fn number(element: &Element, attribute: &str) -> Result<u64, Malformed> {
    let text = element.required(attribute)?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.ok_or_else(|| element.malformed(format!("has {text:?} where a length should be")))
}

fn dimension(element: &Element) -> Result<Dimension, Malformed> {
    let name = element.required("name")?.to_owned();
    let unlimited = element.attribute(UNLIMITED).is_some();
    Ok(Dimension { name, size: number(element, "size")?, unlimited })
}

fn enumeration(element: &Element) -> Result<Enumeration, Malformed> {
    let base = element.required("basetype")?;
    let base = AtomicType::parse(base).filter(|atomic| atomic.is_integer());
    let base = base.ok_or_else(|| element.malformed("is not of an integer type"))?;
    let mut constants = Vec::with_capacity(element.children.len());
    for child in &element.children {
        let value = child.required("value")?;
        let value = value.parse().ok().ok_or_else(|| child.malformed(format!("has the value {value:?}")))?;
        constants.push((child.required("name")?.to_owned(), value));
    }
    Ok(Enumeration { name: element.required("name")?.to_owned(), base, constants })
}

fn variable(element: &Element) -> Result<Variable, Malformed> {
    let mut fields = Vec::new();
    let mut found = Variable {
        name: element.required("name")?.to_owned(),
        kind: Kind::String,
        axes: vec![],
        attributes: vec![],
        maps: vec![],
    };
    for child in &element.children {
        match child.name.as_str() {
            "Dim" => found.axes.push(axis(child)?),
            "Attribute" => found.attributes.push(attribute(child)?),
            "Map" => found.maps.push(child.required("name")?.to_owned()),
            _ => fields.push(variable(child)?),
        }
    }
    let plain = !matches!(element.name.as_str(), "Structure" | "Sequence");
    if let Some(field) = fields.first().filter(|_| plain) {
        return Err(element.malformed(format!("has the field {:?}, but no fields", field.name)));
    }
    found.kind = kind(element, fields)?;
    Ok(found)
}

fn kind(element: &Element, fields: Vec<Variable>) -> Result<Kind, Malformed> {
    Ok(match element.name.as_str() {
        "String" | "URL" | "URI" => Kind::String,
        "Enum" => Kind::Enum { enumeration: element.required("enum")?.to_owned() },
        "Opaque" => {
            let size = element.attribute(OPAQUE_SIZE).map(|_| number(element, OPAQUE_SIZE));
            Kind::Opaque { size: size.transpose()? }
        }
        "Structure" => Kind::Structure { fields },
        "Sequence" => Kind::Sequence { fields, of_values: element.attribute(OF_VALUES).is_some() },
        other => {
            let atomic = AtomicType::parse(other);
            Kind::Number(atomic.ok_or_else(|| element.malformed("is no element of a dmr"))?)
        }
    })
}

fn axis(element: &Element) -> Result<Axis, Malformed> {
    match element.attribute("name") {
        Some(fqn) => Ok(Axis::Shared(fqn.to_owned())),
        None => Ok(Axis::Anonymous(number(element, "size")?)),
    }
}

fn attribute(element: &Element) -> Result<Attribute, Malformed> {
    let type_name = element.required("type")?;
    let number = match type_name {
        "String" | "URL" | "URI" => None,
        other => Some(AtomicType::parse(other).ok_or_else(|| element.malformed("has no known type"))?),
    };
    let mut values: Vec<String> = element.attribute("value").map(str::to_owned).into_iter().collect();
    for child in &element.children {
        if child.name != "Value" {
            return Err(child.malformed("stands where <Value> should"));
        }
        values.push(child.attribute("value").unwrap_or(&child.text).to_owned());
    }
    Ok(Attribute { name: element.required("name")?.to_owned(), number, values })
}
