//! Members: what of a group Zarr shows, and what it hides and why.

use std::collections::HashMap;
use std::sync::Arc;

use weir_model::{Group, Schema, Storage, Variable};

use crate::{Array, Making};

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

/// A schema as Zarr shows it.
#[derive(Clone, Copy, Debug)]
pub struct Hierarchy<'a> {
    /// What there is.
    pub schema: &'a Schema,
    /// How arrays are made of variables.
    pub arrays: Arrays<'a>,
}

/// How arrays are made of variables.
#[derive(Clone, Copy, Debug)]
pub enum Arrays<'a> {
    /// With the chunks of the file.
    OfFile,
    /// As a recipe wants them: each variable by its path.
    Made(&'a HashMap<String, Making>),
    /// With the stored chunks, as they are: each variable by its path.
    Stored(&'a Layouts),
}

/// How the stored chunks of variables are laid out, by path (`/forecast/sst`), or why they cannot be shown as they are.
pub type Layouts = HashMap<String, Result<Arc<Storage>, String>>;

impl<'a> Hierarchy<'a> {
    /// A schema whose arrays have the chunks of the file.
    #[must_use]
    pub fn of_file(schema: &'a Schema) -> Self {
        Self { schema, arrays: Arrays::OfFile }
    }

    /// A schema whose arrays have the stored chunks as they are. Variables that `layouts` does not tell of are hidden.
    #[must_use]
    pub fn stored(schema: &'a Schema, layouts: &'a Layouts) -> Self {
        Self { schema, arrays: Arrays::Stored(layouts) }
    }

    /// The array that shows a variable; `path` has no slash in front.
    ///
    /// # Errors
    /// The reason, for people, where Zarr cannot show it.
    pub fn array(&self, path: &str, variable: &'a Variable) -> Result<Array<'a>, String> {
        match self.arrays {
            Arrays::OfFile => Array::of(variable),
            Arrays::Made(makings) => {
                let making = makings.get(&format!("/{path}")).ok_or("nothing says how it is made")?;
                Array::made(variable, making)
            }
            Arrays::Stored(layouts) => match layouts.get(&format!("/{path}")) {
                Some(Ok(layout)) => Array::raw(variable, layout),
                Some(Err(reason)) => Err(reason.clone()),
                None => Err("its layout is not known".to_owned()),
            },
        }
    }

    /// Everything below the group at `base` (not the group itself) with its path inside the group (`sst`, `forecast/sst`),
    /// parents first; nothing where there is no such group.
    #[must_use]
    pub fn members(&self, base: &str) -> Vec<(String, Node<'a>)> {
        self.schema.group(base).map_or_else(Vec::new, |group| self.walk(base, group).0)
    }

    /// What of a dataset Zarr cannot show. Of a hidden group only the group is named.
    #[must_use]
    pub fn hidden(&self) -> Vec<Hidden> {
        self.walk("", &self.schema.root).1
    }

    /// The node at a path without a slash at either end; the empty path is the root. `None` where there is none, or Zarr
    /// cannot show it.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<Node<'a>> {
        if !path_is_sound(path) {
            return None;
        }
        match self.schema.variable(path).filter(|_| !path.is_empty()) {
            Some(variable) => Some(Node::Array(Box::new(self.array(path, variable).ok()?))),
            None => self.schema.group(path).map(Node::Group),
        }
    }

    /// Walks without recursion: the depth of groups is the file's choice.
    fn walk(&self, base: &str, group: &'a Group) -> (Vec<(String, Node<'a>)>, Vec<Hidden>) {
        let (mut shown, mut hidden) = (Vec::new(), Vec::new());
        let mut waiting = vec![(String::new(), group)];
        while let Some((path, group)) = waiting.pop() {
            let inside =
                |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let mut hide =
                |name: &str, reason| hidden.push(Hidden { path: format!("/{}", inside(name)), reason });
            if !path.is_empty() {
                shown.push((path.clone(), Node::Group(group)));
            }
            for variable in &group.variables {
                let whole = if base.is_empty() {
                    inside(&variable.name)
                } else {
                    format!("{base}/{}", inside(&variable.name))
                };
                match name_is_sound(&variable.name).and_then(|()| self.array(&whole, variable)) {
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
        let names: Vec<String> =
            Hierarchy::of_file(&schema).members("").into_iter().map(|(name, _)| name).collect();
        let expected =
            "lat, sst, label, flag, cloud, c, forecast, forecast/sst, forecast/deep, forecast/deep/c";
        assert_eq!(names.join(", "), expected);
        let below: Vec<String> =
            Hierarchy::of_file(&schema).members("forecast").into_iter().map(|(name, _)| name).collect();
        assert_eq!(below, ["sst", "deep", "deep/c"]);
    }

    fn check(path: &str, expected: &str) {
        let schema = ocean::schema();
        let got = match Hierarchy::of_file(&schema).node(path) {
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
    fn stored_chunks_are_shown_where_they_have_names() {
        let schema = ocean::schema();
        let codec = |id| weir_model::Codec::Other {
            id,
            name: "zstd".into(),
            parameters: vec![3],
            configuration: String::new(),
        };
        let layout = |chunk: u64, id| Storage {
            chunk_shape: vec![chunk, 5],
            codecs: vec![codec(id)],
            ..schema.variable("sst").unwrap().storage.clone()
        };
        let layouts: Layouts = [
            ("/forecast/sst", Ok(Arc::new(layout(3, 32015)))),
            ("/sst", Ok(Arc::new(layout(3, 4)))),
            ("/lat", Err("it is far away".to_owned())),
        ]
        .map(|(path, layout)| (path.to_owned(), layout))
        .into();
        let stored = Hierarchy::stored(&schema, &layouts);
        let Some(Node::Array(array)) = stored.node("forecast/sst") else { panic!("it is an array") };
        assert_eq!(array.grid().chunk_shape(), [3, 5]);
        let shown = stored.members("forecast");
        assert_eq!(shown.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["sst", "deep"]);
        let reasons: HashMap<String, String> =
            stored.hidden().into_iter().map(|h| (h.path, h.reason)).collect();
        assert_eq!(reasons["/lat"], "it is far away");
        assert_eq!(reasons["/c"], "its layout is not known");
        assert!(reasons["/sst"].contains("zstd (HDF5 filter 4)"));
    }

    #[test]
    fn what_is_hidden_is_named() {
        let mut schema = ocean::schema();
        let forecast = &mut schema.root.groups[0];
        forecast.variables.push(ocean::variable("..", DataType::Int8, &[]));
        forecast.groups.push(Group { name: "a/b".into(), ..Group::default() });
        let hidden: Vec<(String, String)> =
            Hierarchy::of_file(&schema).hidden().into_iter().map(|h| (h.path, h.reason)).collect();
        let expected = [
            ("/raw", "Zarr has no type for opaque raw"),
            ("/forecast/..", "\"..\" cannot be a part of a path"),
            ("/forecast/a/b", "\"a/b\" contains a slash"),
        ];
        let expected = expected.map(|(path, reason)| (path.to_owned(), reason.to_owned()));
        assert_eq!(hidden, expected);
    }
}
