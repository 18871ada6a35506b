//! Members: what of a group Zarr shows, and what it hides and why.

use weir_model::{Group, Schema};

use crate::Array;

/// A node of a Zarr hierarchy.
#[derive(Clone, Debug)]
pub enum Node<'a> {
    /// A group.
    Group(&'a Group),
    /// An array.
    Array(Box<Array<'a>>),
}

/// A group or variable that Zarr cannot show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Its full path, as `/forecast/winds`.
    pub path: String,
    /// Why, for people.
    pub reason: String,
}

/// Everything below a group (not the group itself) with its path inside the group (`sst`, `forecast/sst`), parents first.
#[must_use]
pub fn members(group: &Group) -> Vec<(String, Node<'_>)> {
    walk(group).0
}

/// What of a dataset Zarr cannot show. Of a hidden group only the group is named.
#[must_use]
pub fn hidden(schema: &Schema) -> Vec<Hidden> {
    walk(&schema.root).1
}

/// The node at a path without a slash at either end; the empty path is the root. `None` where there is none, or Zarr cannot
/// show it.
#[must_use]
pub fn node<'a>(schema: &'a Schema, path: &str) -> Option<Node<'a>> {
    if !path_is_sound(path) {
        return None;
    }
    let array = schema.variable(path).filter(|_| !path.is_empty()).map(Array::of);
    match array {
        Some(array) => Some(Node::Array(Box::new(array.ok()?))),
        None => schema.group(path).map(Node::Group),
    }
}

/// Walks without recursion: the depth of groups is the file's choice.
fn walk(group: &Group) -> (Vec<(String, Node<'_>)>, Vec<Hidden>) {
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    let mut waiting = vec![(String::new(), group)];
    while let Some((path, group)) = waiting.pop() {
        let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let mut hide =
            |name: &str, reason| hidden.push(Hidden { path: format!("/{}", inside(name)), reason });
        if !path.is_empty() {
            shown.push((path.clone(), Node::Group(group)));
        }
        for variable in &group.variables {
            match name_is_sound(&variable.name).and_then(|()| Array::of(variable)) {
                Ok(array) => shown.push((inside(&variable.name), Node::Array(Box::new(array)))),
                Err(reason) => hide(&variable.name, reason),
            }
        }
        // The last one waiting is next: children in declaration order, directly behind their parent.
        for child in group.groups.iter().rev() {
            match name_is_sound(&child.name) {
                Ok(()) => waiting.push((inside(&child.name), child)),
                Err(reason) => hide(&child.name, reason),
            }
        }
    }
    (shown, hidden)
}

/// Whether a name can stand between the slashes of a key (version 3, "Node names").
pub(crate) fn name_is_sound(name: &str) -> Result<(), String> {
    match name {
        "" | "." | ".." => Err(format!("{name:?} cannot be a part of a path")),
        name if name.contains('/') => Err(format!("{name:?} contains a slash")),
        _ => Ok(()),
    }
}

/// Whether no segment of a path is empty, `.` or `..`; the empty path is the root.
pub(crate) fn path_is_sound(path: &str) -> bool {
    path.is_empty() || path.split('/').all(|name| name_is_sound(name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;
    use weir_model::DataType;

    #[test]
    fn parents_come_first() {
        let schema = ocean::schema();
        let names: Vec<String> = members(&schema.root).into_iter().map(|(name, _)| name).collect();
        let expected =
            "lat, sst, label, flag, cloud, c, forecast, forecast/sst, forecast/deep, forecast/deep/c";
        assert_eq!(names.join(", "), expected);
        let below: Vec<String> =
            members(schema.group("forecast").unwrap()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(below, ["sst", "deep", "deep/c"]);
    }

    fn check(path: &str, expected: &str) {
        let schema = ocean::schema();
        let got = match node(&schema, path) {
            None => "none".to_owned(),
            Some(Node::Group(group)) => group.name.clone(),
            Some(Node::Array(array)) => array.element().v3().as_str().unwrap_or("bytes").to_owned(),
        };
        assert_eq!(got, expected, "{path:?}");
    }

    #[test]
    fn a_path_names_a_node() {
        check("", "");
        check("forecast", "forecast");
        check("forecast/deep/c", "int32");
        check("sst", "int16");
        for path in
            ["raw", "none", "/", "/sst", "sst/", "forecast//deep", "forecast/", "forecast/./deep", "sst/x"]
        {
            check(path, "none");
        }
    }

    #[test]
    fn what_is_hidden_is_named() {
        let mut schema = ocean::schema();
        let forecast = &mut schema.root.groups[0];
        forecast.variables.push(ocean::variable("..", DataType::Int8, &[]));
        forecast.groups.push(Group { name: "a/b".into(), ..Group::default() });
        let hidden: Vec<(String, String)> = hidden(&schema).into_iter().map(|h| (h.path, h.reason)).collect();
        let expected = [
            ("/raw", "Zarr has no type for opaque raw"),
            ("/forecast/..", "\"..\" cannot be a part of a path"),
            ("/forecast/a/b", "\"a/b\" contains a slash"),
        ];
        let expected = expected.map(|(path, reason)| (path.to_owned(), reason.to_owned()));
        assert_eq!(hidden, expected);
    }
}
