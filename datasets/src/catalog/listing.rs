//! Parts of the list of datasets, with what the file system says of each: nothing is opened.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;

use crate::Place;

/// A dataset, as far as it is known without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The dataset's id.
    pub id: String,
    /// Bytes of its file, where it is one on this machine.
    pub bytes: Option<u64>,
    /// When its file was written to last: seconds since 1970.
    pub modified: Option<i64>,
}

impl Entry {
    fn of(id: &str, place: &Place) -> Self {
        let file = match place {
            Place::File { path, .. } => std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file),
            Place::Made(_)
            | Place::NcMl { .. }
            | Place::Folder { .. }
            | Place::Object { .. }
            | Place::Prefix { .. }
            | Place::Provided(_) => None,
        };
        let bytes = file.as_ref().map(std::fs::Metadata::len);
        Self { id: id.to_owned(), bytes, modified: file.map(|file| file.mtime()) }
    }
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child {
    /// A folder with datasets somewhere below it: its path, with a slash at its end.
    Folder(String),
    /// A dataset.
    Dataset(Entry),
}

/// The places of datasets by their ids: of those that were found, and of those that are provided. No id is in both.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// Those that were found.
    pub found: &'a BTreeMap<String, Place>,
    /// Those that are provided.
    pub provided: &'a BTreeMap<String, Place>,
}

/// Two lists, both sorted by ids, as one.
pub fn merged<'a>(
    one: impl Iterator<Item = (&'a String, &'a Place)>,
    other: impl Iterator<Item = (&'a String, &'a Place)>,
) -> impl Iterator<Item = (&'a String, &'a Place)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((id, _)), Some((next, _))) if next < id => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

/// The datasets whose ids begin with `prefix` and sort behind `after`.
pub fn behind<'a>(
    places: Places<'a>,
    prefix: &'a str,
    after: &str,
) -> impl Iterator<Item = (&'a String, &'a Place)> + use<'a> {
    let start = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
    let part = |of: &'a BTreeMap<String, Place>| {
        of.range::<str, _>((start, Bound::Unbounded)).take_while(move |(id, _)| id.starts_with(prefix))
    };
    merged(part(places.found), part(places.provided))
}

/// Part of the list, with what the file system says of each.
pub fn entries(places: Places<'_>, (prefix, after): (&str, &str), limit: usize) -> Vec<Entry> {
    behind(places, prefix, after).take(limit).map(|(id, place)| Entry::of(id, place)).collect()
}

/// What lies in `folder` and sorts behind `after`. What lies in a folder of it is passed over at one go.
pub fn children(places: Places<'_>, (folder, after): (&str, &str), limit: usize) -> Vec<Child> {
    let mut children = Vec::new();
    let mut last =
        if after.ends_with('/') && after.starts_with(folder) { beyond(after) } else { after.to_owned() };
    while children.len() < limit {
        let Some((id, place)) = behind(places, folder, &last).next() else { break };
        let below = id.get(folder.len()..).unwrap_or_default();
        match below.find('/') {
            Some(at) => {
                let name = id.get(..folder.len().saturating_add(at).saturating_add(1)).unwrap_or_default();
                last = beyond(name);
                children.push(Child::Folder(name.to_owned()));
            }
            None => {
                last.clone_from(id);
                children.push(Child::Dataset(Entry::of(id, place)));
            }
        }
    }
    children
}

/// What sorts behind everything that begins with `folder`: no id does so with this character behind it.
fn beyond(folder: &str) -> String {
    format!("{folder}{}", char::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn places(ids: &[&str]) -> BTreeMap<String, Place> {
        let place =
            |id: &&str| ((*id).to_owned(), Place::File { path: PathBuf::from("none").join(id), root: None });
        ids.iter().map(place).collect()
    }

    fn check(folder: &str, after: &str, expected: &[&str]) {
        let places = places(&["a-b.nc", "a.nc", "a/b/c.nc", "a/b/d.nc", "a/e.nc", "a0", "b/c/d", "é/x"]);
        let nothing = BTreeMap::new();
        let names = |limit| -> Vec<String> {
            let children = children(Places { found: &nothing, provided: &places }, (folder, after), limit);
            let name = |child| match child {
                Child::Folder(name) => name,
                Child::Dataset(entry) => entry.id,
            };
            children.into_iter().map(name).collect()
        };
        assert_eq!(names(100), expected, "{folder} {after}");
        assert_eq!(names(1), expected[..expected.len().min(1)], "{folder} {after}");
    }

    #[test]
    fn folders_are_one_child_each() {
        check("", "", &["a-b.nc", "a.nc", "a/", "a0", "b/", "é/"]);
        check("", "a.nc", &["a/", "a0", "b/", "é/"]);
        check("", "a/", &["a0", "b/", "é/"]);
        check("", "é/", &[]);
        check("a/", "", &["a/b/", "a/e.nc"]);
        check("a/", "a/b/", &["a/e.nc"]);
        check("a/b/", "a/b/c.nc", &["a/b/d.nc"]);
        check("c/", "", &[]);
    }

    proptest! {
        #[test]
        fn pages_together_are_the_whole(
            ids in prop::collection::btree_map("[ab/.]{1,6}", any::<bool>(), 0..20),
            limit in 1_usize..5,
        ) {
            let of = |wanted: bool| {
                let ids: Vec<&str> =
                    ids.iter().filter(|(_, which)| **which == wanted).map(|(id, _)| id.as_str()).collect();
                places(&ids)
            };
            let (found, provided, nothing) = (of(true), of(false), BTreeMap::new());
            let all = places(&ids.keys().map(String::as_str).collect::<Vec<_>>());
            let places = Places { found: &found, provided: &provided };
            let whole = children(places, ("", ""), usize::MAX);
            prop_assert_eq!(&whole, &children(Places { found: &all, provided: &nothing }, ("", ""), usize::MAX));
            let (mut paged, mut after) = (Vec::new(), String::new());
            loop {
                let page = children(places, ("", &after), limit);
                let Some(last) = page.last() else { break };
                after = match last {
                    Child::Folder(name) => name.clone(),
                    Child::Dataset(entry) => entry.id.clone(),
                };
                paged.extend(page);
            }
            prop_assert_eq!(paged, whole);
        }
    }
}
