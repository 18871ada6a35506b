//! The tree of groups: walked once when a file is opened, each group and each dataset described.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use hdf5_reader::messages::{
    MSG_DATA_LAYOUT, MSG_DATASPACE, MSG_DATATYPE, MSG_GROUP_INFO, MSG_LINK, MSG_LINK_INFO, MSG_SYMBOL_TABLE,
};

use super::attribute::{self, StoredAttribute};
use super::dataset::StoredDataset;
use super::links::{self, Link, Target};
use super::metadata::Metadata;
use super::named_types::NamedTypes;
use super::object_header::ObjectHeader;
use crate::{Error, ErrorKind};

/// Groups inside groups may go this deep.
const MOST_DEPTH: usize = 64;
/// A file may have this many groups and datasets together.
const MOST_OBJECTS: usize = 1 << 20;
/// A soft link may lead over this many others.
const MOST_HOPS: usize = 16;
/// The members of this many groups are remembered for soft links.
const MOST_REMEMBERED: usize = 256;

/// A group that was found.
pub struct FoundGroup {
    /// The path: empty for the root, then `/forecast`, ...
    pub path: String,
    /// The name, without its parent's.
    pub name: String,
    /// The parent's place among the groups.
    pub parent: Option<usize>,
    /// The attributes.
    pub attributes: Vec<StoredAttribute>,
    /// The datasets, in the group's order, under their stored names.
    pub datasets: Vec<(String, StoredDataset)>,
}

/// All groups, parents before their children, and the types that the file defines.
pub struct Tree {
    /// The groups.
    pub groups: Vec<FoundGroup>,
    /// The types that the file defines.
    pub types: NamedTypes,
}

/// What an object's messages make it.
enum Kind {
    Group,
    Dataset,
    Type,
    Unknown,
}

impl Kind {
    fn of(header: &ObjectHeader) -> Self {
        let has = |kind| header.find(kind).is_some();
        if [MSG_SYMBOL_TABLE, MSG_LINK_INFO, MSG_LINK, MSG_GROUP_INFO].into_iter().any(has) {
            return Self::Group;
        }
        match (has(MSG_DATATYPE), has(MSG_DATASPACE) || has(MSG_DATA_LAYOUT)) {
            (true, true) => Self::Dataset,
            (true, false) => Self::Type,
            _ => Self::Unknown,
        }
    }
}

struct Walk<'a> {
    metadata: &'a Metadata,
    tree: Tree,
    seen: HashSet<u64>,
    objects: usize,
    targets: HashMap<u64, Rc<HashMap<String, Target>>>,
}

/// A group that is being walked.
struct Place {
    address: u64,
    path: String,
    parent: Option<usize>,
    depth: usize,
}

impl Tree {
    /// Walks a file from its root group.
    pub fn walk(metadata: &Metadata) -> Result<Self, Error> {
        let tree = Self { groups: Vec::new(), types: NamedTypes::default() };
        let (seen, targets) = (HashSet::new(), HashMap::new());
        let mut walk = Walk { metadata, tree, seen, objects: 0, targets };
        let root = metadata.root();
        let header = ObjectHeader::read(metadata, root).map_err(|error| error.within("the root group"))?;
        walk.seen.insert(root);
        walk.group(&header, Place { address: root, path: String::new(), parent: None, depth: 0 })?;
        Ok(walk.tree)
    }
}

impl Walk<'_> {
    fn group(&mut self, header: &ObjectHeader, place: Place) -> Result<(), Error> {
        let Place { address, path, parent, depth } = place;
        if depth > MOST_DEPTH {
            let message = format!("{path}: groups are nested more than {MOST_DEPTH} levels deep");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let place = if path.is_empty() { "/" } else { path.as_str() };
        let attributes = attribute::collect(self.metadata, header, place)?;
        let links = links::members(self.metadata, header).map_err(|error| error.within(place))?;
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let this = self.tree.groups.len();
        self.tree.groups.push(FoundGroup { path: path.clone(), name, parent, attributes, datasets: vec![] });
        let mut groups = Vec::new();
        let mut names = HashSet::new();
        for link in &links {
            let member = format!("{path}/{}", link.name);
            if !is_usable(&link.name) || !names.insert(link.name.as_str()) {
                tracing::warn!(object = member, "a link whose name cannot be used is left out");
            } else if let Some((address, child)) = self.member((address, this), link, &member)? {
                let depth = depth.saturating_add(1);
                groups.push((child, Place { address, path: member, parent: Some(this), depth }));
            }
        }
        // As netCDF-C does, groups are looked into after all variables of their parent.
        for (child, place) in groups {
            self.group(&child, place)?;
        }
        Ok(())
    }

    /// Looks at one member of the group at an address and a place in the tree; a group is handed back.
    fn member(
        &mut self,
        (group, place): (u64, usize),
        link: &Link,
        path: &str,
    ) -> Result<Option<(u64, ObjectHeader)>, Error> {
        let address = match &link.target {
            Target::Hard(address) => Some(*address),
            Target::Soft(target) => self.resolve(group, target, 0)?,
            Target::Elsewhere => None,
        };
        let Some(address) = address else {
            tracing::warn!(object = path, "a link that leads nowhere in this file is left out");
            return Ok(None);
        };
        self.objects = self.objects.saturating_add(1);
        if self.objects > MOST_OBJECTS {
            let message = format!("the file has more than {MOST_OBJECTS} groups and datasets");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let header = ObjectHeader::read(self.metadata, address).map_err(|error| error.within(path))?;
        match Kind::of(&header) {
            Kind::Group if self.seen.insert(address) => return Ok(Some((address, header))),
            Kind::Group => tracing::warn!(object = path, "a second link to the same group is left out"),
            Kind::Dataset => {
                let dataset = StoredDataset::read(self.metadata, &header, address, path);
                let dataset = dataset.map_err(|error| error.within(path))?;
                if let Some((dataset, group)) = dataset.zip(self.tree.groups.get_mut(place)) {
                    group.datasets.push((link.name.clone(), dataset));
                }
            }
            Kind::Type => self.tree.types.add(address, &link.name, &header),
            Kind::Unknown => tracing::warn!(object = path, "an object of an unknown kind is left out"),
        }
        Ok(None)
    }

    /// Where the members of a group are.
    fn targets(&mut self, group: u64) -> Result<Rc<HashMap<String, Target>>, Error> {
        if let Some(found) = self.targets.get(&group) {
            return Ok(Rc::clone(found));
        }
        let header = ObjectHeader::read(self.metadata, group)?;
        let links = links::members(self.metadata, &header)?;
        let targets = Rc::new(links.into_iter().map(|link| (link.name, link.target)).collect());
        if self.targets.len() >= MOST_REMEMBERED {
            self.targets.clear();
        }
        self.targets.insert(group, Rc::clone(&targets));
        Ok(targets)
    }

    /// The address at a soft link's path; `None` where there is nothing.
    fn resolve(&mut self, group: u64, path: &str, hops: usize) -> Result<Option<u64>, Error> {
        let mut found = if path.starts_with('/') { self.metadata.root() } else { group };
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            // Each step costs, so that links to links to links come to an end.
            self.metadata.spend(64)?;
            let next = match self.targets(found)?.get(part) {
                Some(Target::Hard(address)) => Some(*address),
                Some(Target::Soft(path)) if hops < MOST_HOPS => {
                    self.resolve(found, path, hops.saturating_add(1))?
                }
                _ => None,
            };
            match next {
                Some(address) => found = address,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }
}

/// Whether a name can be part of a path.
fn is_usable(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}
