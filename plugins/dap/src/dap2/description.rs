//! Descriptions: what DAP2 says of a dataset, as pages show it.

use weir_dap::dap2::grammar::{self, Container, Das};
use weir_dap::dap2::html::Page;
use weir_dap::dap2::values::{Kind, Node, Tree};
use weir_dap::dap2::{Inventory, View, das, dds};
use weir_plugin_api::Error;

use super::choice::axes;

/// The structure and the attributes of a whole dataset.
pub struct Description {
    /// Its variables.
    pub tree: Tree,
    das: Das,
}

impl Description {
    /// Describes what `inventory` holds of the dataset called `name`.
    pub fn of(inventory: &Inventory<'_>, name: &str) -> Result<Self, Error> {
        let internal = |malformed: grammar::Malformed| Error::internal(malformed.to_string());
        let view = View::whole(inventory).map_err(|fault| super::refused(&fault))?;
        let structure = grammar::parse_dds(&dds::dds(&view, name)).map_err(internal)?;
        // How long texts are is for clients that have to know before.
        let das = grammar::parse_das(&das::das(inventory, &|_, _| None)).map_err(internal)?;
        Ok(Self { tree: Tree::of(&structure).map_err(Error::internal)?, das })
    }

    /// The variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &Node> {
        self.tree.roots().iter().filter_map(|&root| self.tree.node(root))
    }

    /// The containers of attributes of the whole dataset.
    pub fn global(&self) -> impl Iterator<Item = &Container> {
        self.das
            .containers
            .iter()
            .filter(|container| ["NC_GLOBAL", "DODS_EXTRA"].contains(&container.name.as_str()))
    }

    /// The attributes of a variable or of a member of one.
    pub fn container(&self, node: &Node) -> Option<&Container> {
        let containers = match self.tree.parent(node) {
            Some(parent) => &self.container(parent)?.containers,
            None => &self.das.containers,
        };
        containers.iter().find(|container| container.name == node.name)
    }

    /// The text of an attribute of `node`.
    pub fn attribute(&self, node: &Node, name: &str) -> Option<String> {
        let line = self.container(node)?.attributes.iter().find(|line| line.name == name)?;
        Some(String::from_utf8_lossy(line.values.first()?).into_owned())
    }
}

/// A declaration on one line, `Int16 sst[time = 10][lat = 4]`; a Grid with the axes of its array.
pub fn declaration(tree: &Tree, node: &Node) -> String {
    let mut text = format!("{} {}", node.kind.keyword(), node.path);
    for (name, length) in axes(tree, node) {
        match name {
            Some(name) => text.push_str(&format!("[{name} = {length}]")),
            None => text.push_str(&format!("[{length}]")),
        }
    }
    text
}

/// `node` and everything inside of it, outermost first.
pub fn with_members<'t>(tree: &'t Tree, node: &'t Node, found: &mut Vec<&'t Node>) {
    found.push(node);
    if node.kind != Kind::Grid {
        tree.members(node).for_each(|member| with_members(tree, member, found));
    }
}

/// A table of attributes; nothing where there are none.
pub fn attributes(page: &mut Page, container: &Container) {
    if container.attributes.is_empty() {
        return;
    }
    page.markup("<table>\n<thead><tr><th scope=\"col\">attribute</th><th scope=\"col\">type</th>");
    page.markup("<th scope=\"col\">value</th></tr></thead>\n<tbody>\n");
    for line in &container.attributes {
        let values: Vec<_> = line.values.iter().map(|value| String::from_utf8_lossy(value)).collect();
        page.markup("<tr>").element("td", &line.name).element("td", line.data_type.keyword());
        page.element("td", &values.join(", ")).markup("</tr>\n");
    }
    page.markup("</tbody>\n</table>\n");
}

/// A number of bytes for people.
pub fn bytes(bytes: u64) -> String {
    let mut grouped = String::new();
    let digits = bytes.to_string();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).checked_rem(3) == Some(0) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(power, _)| bytes >> power > 0) {
        Some((power, unit)) => {
            format!("{grouped} bytes ({:.1} {unit})", bytes as f64 / (1_u64 << power) as f64)
        }
        None => format!("{grouped} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let check = |size, expected: &str| assert_eq!(bytes(size), expected);
        check(0, "0 bytes");
        check(999, "999 bytes");
        check(1024, "1,024 bytes (1.0 KiB)");
        check(123_456_789, "123,456,789 bytes (117.7 MiB)");
    }
}
