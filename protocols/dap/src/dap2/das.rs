//! The DAS: the attributes of a dataset as text.
//!
//! One container per variable, in it one for each member that has something to tell, `NC_GLOBAL` for the dataset, and
//! `DODS_EXTRA` where there is an unlimited dimension. The container of a Grid is that of its array; its coordinates have
//! theirs as the variables that they also are. What a client cannot represent is changed to what it can, or left out; [`das`] never writes a token that makes a client drop the
//! rest.

mod text;
mod values;

use std::fmt::Write;

use weir_model::{Attribute, DataType};

pub(super) use self::text::quote;
use self::values::Spelled;
use super::names::{self, Distinct, Role};
use super::{AtomicType, Entry, Inventory, Member};

/// Says how many bytes the longest text of a variable, or of a member of one, has, where somebody knows. Members are told by
/// the way to them: the place of each among the members that it lies among.
///
/// Without it, netCDF-C cuts every text at 64 bytes and says nothing.
pub type Widths<'w> = &'w dyn Fn(&Entry<'_>, &[usize]) -> Option<u64>;

/// The DAS of a dataset. It describes the whole dataset whatever the constraint, as clients expect.
///
/// `widths` is asked where texts are of [`DataType::String`]; others have the width of their type.
#[must_use]
pub fn das(inventory: &Inventory<'_>, widths: Widths<'_>) -> String {
    let mut text = String::from("Attributes {\n");
    for entry in inventory.entries() {
        let mut container = Container::new(&entry.name);
        container.variable(entry, widths);
        container.close(&mut text);
    }
    let mut global = Container::new("NC_GLOBAL");
    for (path, group) in inventory.schema().groups() {
        let prefix = path.trim_start_matches('/').replace('/', ".");
        for attribute in &group.attributes {
            let name = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
            global.attribute(&format!("{name}{}", attribute.name), values::general(&attribute.value));
        }
    }
    if !global.is_empty() {
        global.close(&mut text);
    }
    if let Some(name) = inventory.unlimited() {
        let mut extra = Container::new("DODS_EXTRA");
        extra.attribute("Unlimited_Dimension", Some(Spelled::text(name)));
        extra.close(&mut text);
    }
    text.push_str("}\n");
    text
}

/// One container while it is written.
struct Container {
    text: String,
    indent: usize,
    names: Distinct,
    empty: bool,
}

impl Container {
    fn new(name: &str) -> Self {
        Self::indented(name, 4)
    }

    fn indented(name: &str, indent: usize) -> Self {
        Self { text: format!("{:indent$}{name} {{\n", ""), indent, names: Distinct::default(), empty: true }
    }

    fn is_empty(&self) -> bool {
        self.empty
    }

    fn close(self, text: &mut String) {
        text.push_str(&self.text);
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{:1$}}}", "", self.indent);
    }

    /// Writes one attribute; nothing where its value has no spelling or its name is longer than clients take.
    fn attribute(&mut self, name: &str, value: Option<Spelled>) {
        let Some(value) = value else { return };
        let name = names::spell(name, Role::Attribute);
        if name.len() > names::LONGEST {
            return;
        }
        let name = self.names.claim(name);
        let (indent, keyword) = (self.indent, value.data_type.keyword());
        let _ = writeln!(self.text, "{:indent$}    {keyword} {name} {};", "", value.tokens.join(", "));
        self.empty = false;
    }

    fn variable(&mut self, entry: &Entry<'_>, widths: Widths<'_>) {
        if entry.atomic() == Some(AtomicType::String) {
            let width = entry.width.or_else(|| widths(entry, &[]));
            self.text_width(width, entry.text_dimension.as_deref());
        }
        let told = entry.variable.attribute("_Unsigned").is_some();
        // Numbers in a wider type than their own need not tell.
        let same = entry.atomic() == AtomicType::of(&entry.variable.data_type);
        if let Some(signedness) = signedness(&entry.variable.data_type).filter(|_| same && !told) {
            self.attribute("_Unsigned", Some(Spelled::text(signedness)));
        }
        for Attribute { name, value } in &entry.variable.attributes {
            self.attribute(name, values::of_variable(name, value, entry));
        }
        self.members(entry.members(), &mut vec![], &|way| widths(entry, way));
    }

    /// What clients must know of members; files give them no attributes.
    fn members(
        &mut self,
        members: &[Member],
        way: &mut Vec<usize>,
        widths: &dyn Fn(&[usize]) -> Option<u64>,
    ) {
        for (place, member) in members.iter().enumerate() {
            way.push(place);
            let mut inner = Self::indented(&member.name, self.indent.saturating_add(4));
            if member.atomic() == Some(AtomicType::String) {
                inner.text_width(member.width.or_else(|| widths(way)), None);
            }
            let same = member.atomic() == AtomicType::of(&member.field.data_type);
            if let Some(signedness) = signedness(&member.field.data_type).filter(|_| same) {
                inner.attribute("_Unsigned", Some(Spelled::text(signedness)));
            }
            inner.members(member.members(), way, widths);
            way.pop();
            if !inner.is_empty() {
                inner.close(&mut self.text);
                self.empty = false;
            }
        }
    }

    /// How many characters netCDF-C gives each text, and along which dimension.
    ///
    /// The names are flat: inside a container called `DODS` netCDF-C takes them for attributes of the dataset.
    fn text_width(&mut self, width: Option<u64>, dimension: Option<&str>) {
        let width = width.filter(|&width| width > 0).and_then(|width| i32::try_from(width).ok());
        let Some(width) = width else { return };
        self.attribute("DODS.strlen", Some(Spelled::number(AtomicType::Int32, width)));
        if let Some(dimension) = dimension {
            self.attribute("DODS.dimName", Some(Spelled::text(dimension)));
        }
    }
}

/// What `_Unsigned` must say where the file does not: netCDF-C reads unsigned types as signed ones of the same size.
fn signedness(data_type: &DataType) -> Option<&'static str> {
    match data_type.stored() {
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Some("true"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
