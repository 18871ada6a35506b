//! Trees: which groups and arrays a store has, from consolidated metadata or from a walk.
//!
//! Sources: Zarr v2 specification, "Hierarchies"; Zarr v3 core specification, "Metadata"; what zarr-python writes as consolidated
//! metadata of each version.

use std::collections::BTreeMap;

use serde_json::Value;

use super::description::{self, Description};
use super::documents::Documents;
use super::json::{self, Members};
use crate::read::threads;
use crate::{Error, ErrorKind};

/// A store may have this many groups and arrays ...
const MOST_NODES: usize = 1 << 16;
/// ... and this many groups inside each other.
const MOST_DEPTH: usize = 32;

/// A member of a tree.
#[derive(Clone, Debug)]
pub enum Node {
    /// A group and its attributes.
    Group(Members),
    /// An array.
    Array(Box<Description>),
}

/// The members of a tree by path (empty for the root), parents before children.
pub type Tree = BTreeMap<String, Node>;

/// Reads the tree of a store.
///
/// # Errors
/// `Unsupported` where the store is none of Zarr, `Corrupt` where its root is damaged, `TooLarge` beyond the limits, and
/// those of the store. Members that cannot be described are left out, and a warning says why.
pub fn read(documents: &Documents) -> Result<Tree, Error> {
    let mut tree = if let Some(bytes) = documents.read("zarr.json")? {
        let root = members(&bytes).map_err(|e| e.within("zarr.json"))?;
        match root.get("consolidated_metadata").and_then(|all| all.get("metadata")).and_then(Value::as_object)
        {
            Some(all) => consolidated_3(&root, all)?,
            None => walk(documents, Version::Three)?,
        }
    } else if let Some(bytes) = documents.read(".zmetadata")? {
        let all = members(&bytes).map_err(|e| e.within(".zmetadata"))?;
        let all = all.get("metadata").and_then(Value::as_object);
        consolidated_2(all.ok_or_else(|| Error::corrupt(".zmetadata: it has no metadata"))?)?
    } else {
        walk(documents, Version::Two)?
    };
    add_missing_groups(&mut tree)?;
    Ok(tree)
}

#[derive(Clone, Copy)]
enum Version {
    Two,
    Three,
}

fn members(bytes: &[u8]) -> Result<Members, Error> {
    match json::parse(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::corrupt("it is no JSON object")),
    }
}

/// Whether a path is one that a store can have; consolidated metadata is hostile input.
fn is_path(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    path.is_empty() || (path.split('/').all(plain) && path.split('/').count() <= MOST_DEPTH)
}

fn leave_out(path: &str, error: &Error) {
    tracing::warn!(path, %error, "a member of a Zarr store is left out");
}

fn insert(tree: &mut Tree, path: &str, node: Result<Node, Error>) -> Result<(), Error> {
    if tree.len() >= MOST_NODES {
        let message = format!("the store has more than {MOST_NODES} groups and arrays");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    match node {
        Ok(node) if is_path(path) => {
            tree.insert(path.to_owned(), node);
        }
        Ok(_) => leave_out(path, &Error::corrupt("it is no path of a store")),
        // A store that is only this array has nothing else to show.
        Err(error) if path.is_empty() => return Err(error),
        Err(error) => leave_out(path, &error),
    }
    Ok(())
}

fn consolidated_2(all: &Members) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    let attributes = |path: &str| {
        let key = if path.is_empty() { ".zattrs".to_owned() } else { format!("{path}/.zattrs") };
        all.get(&key).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    for (key, metadata) in all {
        let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
        let node = match name {
            ".zgroup" => Ok(Node::Group(attributes(path))),
            ".zarray" => {
                description::of_version_2(metadata.clone(), attributes(path)).map(Box::new).map(Node::Array)
            }
            _ => continue,
        };
        insert(&mut tree, path, node)?;
    }
    Ok(tree)
}

fn consolidated_3(root: &Members, all: &Members) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    insert(&mut tree, "", node_3(root))?;
    for (path, metadata) in all {
        let node = metadata.as_object().ok_or_else(|| Error::corrupt("its metadata is no JSON object"));
        insert(&mut tree, path, node.and_then(node_3))?;
    }
    Ok(tree)
}

fn node_3(metadata: &Members) -> Result<Node, Error> {
    if metadata.get("zarr_format").and_then(Value::as_u64) != Some(3) {
        return Err(Error::unsupported("its metadata is not of Zarr version 3"));
    }
    match metadata.get("node_type").and_then(Value::as_str) {
        Some("group") => {
            let attributes = metadata.get("attributes").and_then(Value::as_object);
            Ok(Node::Group(attributes.cloned().unwrap_or_default()))
        }
        Some("array") => {
            description::of_version_3(Value::Object(metadata.clone())).map(Box::new).map(Node::Array)
        }
        _ => Err(Error::corrupt("it is neither a group nor an array")),
    }
}

/// What a walk finds at a path: a member, or why it cannot be described; and the names below it.
type Visited = (String, Option<Result<Node, Error>>, Vec<String>);

/// Walks a store level by level, each level on several threads: a store may be far away.
fn walk(documents: &Documents, version: Version) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    let mut level = vec![String::new()];
    for depth in 0..=MOST_DEPTH {
        let visit = |path: &String| visit(documents, version, path);
        // Not on the threads that decode: those may wait for the store that is opened here.
        let visited: Vec<Visited> = threads::each(level.iter().collect(), threads::MOST, visit)?;
        let mut next = Vec::new();
        for (path, node, names) in visited {
            if let Some(node) = node {
                insert(&mut tree, &path, node)?;
            }
            next.extend(names.iter().map(|name| below(&path, name)).filter(|path| is_path(path)));
            if tree.len().saturating_add(next.len()) > MOST_NODES {
                let message =
                    format!("the store has more than {MOST_NODES} groups, arrays and other folders");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
        }
        if next.is_empty() {
            break;
        }
        if depth == MOST_DEPTH {
            tracing::warn!(depth, "groups deeper inside a Zarr store are left out");
        }
        level = next;
    }
    if tree.is_empty() {
        return Err(Error::unsupported(
            "the folder is no Zarr store: it has no zarr.json, .zgroup, .zarray or .zmetadata",
        ));
    }
    Ok(tree)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn visit(documents: &Documents, version: Version, path: &str) -> Result<Visited, Error> {
    let node = match version {
        Version::Two => visit_2(documents, path),
        Version::Three => visit_3(documents, path),
    };
    let node = match node {
        // What cannot be reached now may be reached later: the store must not look smaller than it is.
        Err(error)
            if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::TooLarge) =>
        {
            return Err(error);
        }
        Ok(None) => None,
        Ok(Some(node)) => Some(Ok(node)),
        Err(error) => Some(Err(error)),
    };
    let names = match &node {
        Some(Ok(Node::Group(_))) => documents.children(path)?,
        _ => Vec::new(),
    };
    Ok((path.to_owned(), node, names))
}

fn visit_3(documents: &Documents, path: &str) -> Result<Option<Node>, Error> {
    let bytes = documents.read(&below(path, "zarr.json"))?;
    bytes.map(|bytes| node_3(&members(&bytes)?)).transpose()
}

fn visit_2(documents: &Documents, path: &str) -> Result<Option<Node>, Error> {
    let array = documents.read(&below(path, ".zarray"))?;
    if array.is_none() && documents.read(&below(path, ".zgroup"))?.is_none() {
        return Ok(None);
    }
    let attributes = documents.read(&below(path, ".zattrs"))?;
    let attributes = attributes.map(|bytes| members(&bytes).map_err(|e| e.within(".zattrs"))).transpose()?;
    let attributes = attributes.unwrap_or_default();
    match array {
        Some(bytes) => {
            let array = description::of_version_2(Value::Object(members(&bytes)?), attributes)?;
            Ok(Some(Node::Array(Box::new(array))))
        }
        None => Ok(Some(Node::Group(attributes))),
    }
}

/// Consolidated metadata may name arrays whose groups it does not name; arrays have no members.
fn add_missing_groups(tree: &mut Tree) -> Result<(), Error> {
    let paths: Vec<String> = tree.keys().cloned().collect();
    if matches!(tree.get(""), Some(Node::Array(_))) {
        tree.retain(|path, _| path.is_empty());
        return Ok(());
    }
    for path in paths {
        let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at)).chain([""]);
        let mut inside_array = false;
        for parent in parents {
            match tree.get(parent) {
                Some(Node::Array(_)) => inside_array = true,
                Some(Node::Group(_)) => {}
                None => insert(tree, parent, Ok(Node::Group(Members::new())))?,
            }
        }
        if inside_array {
            leave_out(&path, &Error::corrupt("it lies inside an array"));
            tree.remove(&path);
        }
    }
    Ok(())
}
