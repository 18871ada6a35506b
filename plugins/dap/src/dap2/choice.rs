//! Choices: what somebody ticked and typed into the form, and the constraint that says the same.

use std::collections::{BTreeMap, BTreeSet};

use weir_dap::dap2::names;
use weir_dap::dap2::values::{Kind, Node, Tree};
use weir_plugin_api::Error;

/// What the query of a filled form begins with. No constraint does: nothing is compared to a number before a variable.
pub const MARK: &str = "form=1";

/// The form's name of a variable that is chosen.
pub const SELECT: &str = "select";

/// The form's name of a call of a server function.
pub const CALL: &str = "call";

/// The form's name of the selections.
pub const WHERE: &str = "where";

/// What is chosen of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The paths of the variables and members that are chosen.
    pub selected: BTreeSet<String>,
    /// What is typed for each axis of a variable or member, by its path.
    pub ranges: BTreeMap<String, Vec<String>>,
    /// Calls of server functions.
    pub calls: Vec<String>,
    /// Selections, as they stand behind an `&`.
    pub filters: Vec<String>,
}

impl Choice {
    /// What a filled form says.
    ///
    /// # Errors
    /// A field that is not of the form, or a range that is none.
    pub fn of_form(query: &str, tree: &Tree) -> Result<Self, Error> {
        let mut choice = Self::default();
        for field in query.split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let (name, value) = (field_text(name)?, field_text(value)?);
            let value = value.trim();
            match name.as_str() {
                "form" => {}
                SELECT => {
                    let unknown =
                        || Error::bad_request(format!("there is no variable \"{value}\" to select"));
                    choice.selected.insert(node(tree, value).ok_or_else(unknown)?.path.clone());
                }
                CALL => choice.calls.extend(Some(value.to_owned()).filter(|call| !call.is_empty())),
                WHERE => {
                    let filters = value.split('&').map(str::trim).filter(|filter| !filter.is_empty());
                    choice.filters.extend(filters.map(str::to_owned));
                }
                axis => choice.range(axis, value, tree)?,
            }
        }
        Ok(choice)
    }

    /// Takes what is typed for the axis called `name.2` in the form.
    fn range(&mut self, name: &str, range: &str, tree: &Tree) -> Result<(), Error> {
        let place = name.rsplit_once('.').and_then(|(path, axis)| Some((path, axis.parse::<usize>().ok()?)));
        let (path, axis) =
            place.ok_or_else(|| Error::bad_request(format!("the form has no field \"{name}\"")))?;
        let rank = node(tree, path).map_or(0, |node| axes(tree, node).len());
        if axis >= rank {
            return Err(Error::bad_request(format!("\"{path}\" has no axis {axis}; it has {rank}")));
        }
        if !range.is_empty() && !is_range(range) {
            let message =
                format!("\"{range}\" for axis {axis} of \"{path}\" is no range; write start:stride:stop");
            return Err(Error::bad_request(message));
        }
        let ranges = self.ranges.entry(path.to_owned()).or_insert_with(|| vec![String::new(); rank]);
        if let Some(place) = ranges.get_mut(axis) {
            range.clone_into(place);
        }
        Ok(())
    }

    /// What a constraint says, as far as a form can show it; the constraint is decoded, and known to be one.
    pub fn of_constraint(constraint: &str, tree: &Tree) -> Self {
        let mut choice = Self::default();
        let mut parts = outside_of_quotes(constraint, '&').into_iter();
        let items = parts.next().unwrap_or_default();
        for item in outside_of_quotes(items, ',').into_iter().filter(|item| !item.is_empty()) {
            match steps(item) {
                Some((path, ranges)) if node(tree, &path).is_some() => {
                    let path = node(tree, &path).map_or(path, |node| node.path.clone());
                    choice.selected.insert(path);
                    choice.ranges.extend(
                        ranges
                            .into_iter()
                            .filter_map(|(of, ranges)| Some((node(tree, &of)?.path.clone(), ranges))),
                    );
                }
                _ => choice.calls.push(item.to_owned()),
            }
        }
        choice.filters = parts.filter(|filter| !filter.is_empty()).map(str::to_owned).collect();
        choice
    }

    /// Whether `node`, or something that it lies in, is chosen.
    pub fn covers(&self, tree: &Tree, node: &Node) -> bool {
        self.selected.contains(&node.path)
            || tree.parent(node).is_some_and(|parent| self.covers(tree, parent))
    }

    /// The constraint that says the same; empty where nothing is chosen.
    pub fn constraint(&self, tree: &Tree) -> String {
        let mut items = self.calls.clone();
        let mut chosen = Vec::new();
        for variable in tree.roots().iter().filter_map(|&root| tree.node(root)) {
            self.chosen(tree, variable, &mut chosen);
        }
        items.extend(chosen.into_iter().map(|node| self.item(tree, node)));
        let filters = self.filters.iter().map(|filter| format!("&{filter}"));
        items.join(",") + &filters.collect::<String>()
    }

    /// The outermost nodes that are chosen, in and including `node`.
    fn chosen<'t>(&self, tree: &'t Tree, node: &'t Node, found: &mut Vec<&'t Node>) {
        if self.selected.contains(&node.path) {
            return found.push(node);
        }
        tree.members(node).for_each(|member| self.chosen(tree, member, found));
    }

    /// One node with the indices of it and of what it lies in.
    fn item(&self, tree: &Tree, node: &Node) -> String {
        let outer = tree.parent(node).map(|parent| self.item(tree, parent) + ".").unwrap_or_default();
        let axes = axes(tree, node);
        let typed = self.ranges.get(&node.path).map_or(&[][..], Vec::as_slice);
        let range = |(axis, length): (usize, u32)| {
            let typed = typed.get(axis).map(String::as_str).filter(|range| !range.is_empty());
            typed.map_or_else(|| whole(length), str::to_owned)
        };
        let ranges: Vec<String> = axes.iter().map(|(_, length)| *length).enumerate().map(range).collect();
        let is_whole = ranges.iter().zip(&axes).all(|(range, (_, length))| *range == whole(*length));
        let indices: String = ranges.iter().map(|range| format!("[{range}]")).collect();
        format!("{outer}{}{}", node.name, if is_whole { "" } else { &indices })
    }
}

/// The axes along which indices of `node` stand: those of its array, where it is a Grid.
pub fn axes(tree: &Tree, node: &Node) -> Vec<(Option<String>, u32)> {
    let array = if node.kind == Kind::Grid { tree.members(node).next() } else { None };
    let of = array.unwrap_or(node);
    of.dimensions.iter().cloned().zip(of.shape.iter().copied()).collect()
}

/// A whole axis, as a range. An axis without an index has no range that any client could write.
pub fn whole(length: u32) -> String {
    match length.checked_sub(1) {
        Some(last) => format!("0:1:{last}"),
        None => String::new(),
    }
}

/// The node with a path, spelled in any escaping.
fn node<'t>(tree: &'t Tree, path: &str) -> Option<&'t Node> {
    fn below<'t>(tree: &'t Tree, node: &'t Node, path: &[u8]) -> Option<&'t Node> {
        if names::decode(&node.path) == path {
            return Some(node);
        }
        tree.members(node).find_map(|member| below(tree, member, path))
    }
    let path = names::decode(path);
    tree.roots().iter().filter_map(|&root| tree.node(root)).find_map(|root| below(tree, root, &path))
}

/// A field of a form, decoded.
fn field_text(text: &str) -> Result<String, Error> {
    let bytes = names::decode_once(text.replace('+', " ").as_bytes());
    String::from_utf8(bytes)
        .map_err(|error| Error::bad_request(format!("a field of the form is not utf-8: {error}")))
}

/// `start`, `start:stop` or `start:stride:stop`, where a stop may be `*`.
fn is_range(range: &str) -> bool {
    let parts: Vec<&str> = range.split(':').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((last, first)) = parts.split_last() else { return false };
    parts.len() <= 3 && first.iter().all(is_number) && (is_number(last) || *last == "*")
}

/// Parts of a text between `mark`s that are neither quoted nor in brackets of any kind.
fn outside_of_quotes(text: &str, mark: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth = depth.saturating_add(1),
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            c if c == mark && !quoted && depth == 0 => {
                parts.extend(text.get(begin..at));
                begin = at.saturating_add(c.len_utf8());
            }
            _ => {}
        }
    }
    parts.extend(text.get(begin..));
    parts
}

/// The path of a projection, and the indices behind each part of it; `None` where it is no projection.
fn steps(item: &str) -> Option<(String, BTreeMap<String, Vec<String>>)> {
    if item.contains(['(', '<', '>', '=', '"']) {
        return None;
    }
    let (mut path, mut ranges, mut rest) = (String::new(), BTreeMap::new(), item);
    while !rest.is_empty() {
        let (name, behind) = rest.split_at(rest.find('[').unwrap_or(rest.len()));
        path.push_str(name);
        rest = behind;
        let mut own = Vec::new();
        while let Some(inside) = rest.strip_prefix('[') {
            let (range, behind) = inside.split_once(']')?;
            own.push(if range == "*" { String::new() } else { range.to_owned() });
            rest = behind;
        }
        if !own.is_empty() {
            ranges.insert(path.clone(), own);
        }
    }
    Some((path, ranges))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_dap::dap2::grammar::parse_dds;

    fn tree() -> Tree {
        let text = "Dataset {\n    Int16 sst[time = 10][lat = 4];\n    Float64 a%20b[x = 3];\n    Byte one;\n    \
            Structure {\n        Int32 x;\n        Int32 y[2];\n    } s[n = 5];\n    \
            Sequence {\n        Int32 t;\n    } q;\n    Byte none[z = 0];\n} d;\n";
        Tree::of(&parse_dds(text).unwrap()).unwrap()
    }

    fn check(form: &str, expected: &str) {
        let tree = tree();
        let got = Choice::of_form(&format!("{MARK}&{form}"), &tree);
        let got = got.map_or_else(|error| error.message, |choice| choice.constraint(&tree));
        assert_eq!(got, expected, "{form}");
    }

    #[test]
    fn a_form_makes_a_constraint() {
        check("sst.0=&where=", "");
        check("select=sst&sst.0=&sst.1=", "sst");
        check("select=sst&sst.0=0%3A1%3A9&sst.1=0:1:3", "sst");
        check("select=sst&sst.0=2:2:8&sst.1=", "sst[2:2:8][0:1:3]");
        check("select=one&select=sst&sst.1=+1+", "sst[0:1:9][1],one");
        check("select=a%2520b&a%2520b.0=0:*", "a%20b[0:*]");
        check("select=s.y&s.0=1&s.y.0=0", "s[1].y[0]");
        check("select=s.x&select=s&s.0=1:2", "s[1:2]");
        check("select=q&where=q.t%3E3%26q.t%3C9", "q&q.t>3&q.t<9");
        check("select=none&none.0=", "none");
        check("call=grid(sst,%22lat%3E1%22)&select=one&call=", "grid(sst,\"lat>1\"),one");
    }

    #[test]
    fn what_is_no_range_is_told() {
        let no_range =
            |range: &str| format!("\"{range}\" for axis 0 of \"sst\" is no range; write start:stride:stop");
        for range in ["x", "1:", ":1", "1:2:3:4", "-1", "1;2", "0]<script>", "*:1"] {
            check(&format!("sst.0={}", weir_dap::dap2::html::in_url(range)), &no_range(range));
        }
        check("sst.2=1", "\"sst\" has no axis 2; it has 2");
        check("nope.0=1", "\"nope\" has no axis 0; it has 0");
        check("select=nope", "there is no variable \"nope\" to select");
        check("nope=1", "the form has no field \"nope\"");
        check(
            "sst.0=%ff",
            "a field of the form is not utf-8: invalid utf-8 sequence of 1 bytes from index 0",
        );
    }

    #[test]
    fn a_constraint_fills_the_form() {
        let tree = tree();
        for constraint in [
            "",
            "sst",
            "sst[2:2:8][0:1:3]",
            "a%20b[0:1]",
            "s[1].y[0]",
            "s.x,q&q.t>3&q.t=\"a&b\"",
            "one,q",
            "&q.t<2",
        ] {
            let choice = Choice::of_constraint(constraint, &tree);
            assert_eq!(choice.constraint(&tree), constraint);
        }
        let decoded = Choice::of_constraint("a b[1]", &tree);
        assert_eq!(decoded.constraint(&tree), "a%20b[1]");
        let call = Choice::of_constraint("grid(sst,\"1<lat<2\"),one", &tree);
        assert_eq!(call.calls, ["grid(sst,\"1<lat<2\")"]);
        assert_eq!(call.constraint(&tree), "grid(sst,\"1<lat<2\"),one");
        let stars = Choice::of_constraint("sst[*][1]", &tree);
        assert_eq!(stars.constraint(&tree), "sst[0:1:9][1]");
    }
}
