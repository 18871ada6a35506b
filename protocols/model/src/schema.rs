//! Schemas: what a dataset holds, in the order in which it was declared.

use crate::{Attribute, ByteOrder, DataType};

/// A named axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The name, as the file spells it.
    pub name: String,
    /// How many indices it has now.
    pub length: u64,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// A reversible step on a stored chunk (an HDF5 "filter"), in the order in which it was applied when writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Bytes of equal significance are stored together.
    Shuffle {
        /// Bytes of one element.
        element_size: u32,
    },
    /// A zlib stream (RFC 1950).
    Deflate {
        /// The compression level it was written with; decoding does not need it.
        level: u32,
    },
    /// Fletcher's 32-bit checksum behind the data, as HDF5 computes it.
    Fletcher32,
    /// Any other step, as it is registered.
    Other {
        /// The registered HDF5 filter number; 0 for a Zarr codec.
        id: u32,
        /// Its name, as HDF5's or Zarr's registry spells it (`zstd`, `blosc`, `crc32c`).
        name: String,
        /// What an HDF5 writer recorded for the reader ("client data").
        parameters: Vec<u32>,
        /// A Zarr codec's configuration as JSON text; empty for an HDF5 filter.
        configuration: String,
    },
}

impl Codec {
    /// The name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Shuffle { .. } => "shuffle",
            Self::Deflate { .. } => "deflate",
            Self::Fletcher32 => "fletcher32",
            Self::Other { name, .. } => name,
        }
    }
}

/// How a variable is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Lengths of a chunk, slowest first; none is 0. A variable that is not chunked in its file has chunks that are whole
    /// runs of its bytes.
    pub chunk_shape: Vec<u64>,
    /// The steps from elements to stored bytes, in writing order; empty where elements are stored as they are.
    pub codecs: Vec<Codec>,
    /// The byte order of stored elements.
    pub byte_order: ByteOrder,
    /// One element, little-endian, that stands wherever nothing was written; empty for types of varying size.
    pub fill: Vec<u8>,
}

/// A named array over dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// The name, as the file spells it, without its group.
    pub name: String,
    /// The type of one element.
    pub data_type: DataType,
    /// Full paths of the dimensions (`/lat`, `/forecast/level`), slowest first.
    pub dimensions: Vec<String>,
    /// Lengths, slowest first; empty for a scalar.
    pub shape: Vec<u64>,
    /// The attributes, in declaration order.
    pub attributes: Vec<Attribute>,
    /// How it is stored.
    pub storage: Storage,
}

impl Variable {
    /// The attribute called `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The names of the dimensions without their groups, slowest first.
    pub fn dimension_names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|path| path.rsplit('/').next().unwrap_or(path))
    }
}

/// A named container inside a dataset; the root has the empty name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The name, without its parent's.
    pub name: String,
    /// The dimensions declared here.
    pub dimensions: Vec<Dimension>,
    /// The attributes.
    pub attributes: Vec<Attribute>,
    /// The variables.
    pub variables: Vec<Variable>,
    /// The groups inside.
    pub groups: Vec<Group>,
}

impl Group {
    /// The group called `name` directly inside this one.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The variable called `name` directly inside this group.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

/// What a dataset holds.
///
/// Paths are written as netCDF-4 writes them: `/sst`, `/forecast/deep/sst`. The leading slash may be left out when asking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The root group.
    pub root: Group,
}

impl Schema {
    /// Every group with its path (`""` for the root, then `/forecast`, ...), parents before children.
    #[must_use]
    pub fn groups(&self) -> Vec<(String, &Group)> {
        let mut found = vec![(String::new(), &self.root)];
        let mut next = 0;
        while let Some((path, group)) = found.get(next).cloned() {
            let children = group.groups.iter().map(|child| (format!("{path}/{}", child.name), child));
            // Children stand directly behind their parent and its earlier descendants: depth first, in declaration order.
            found.splice(next.saturating_add(1)..next.saturating_add(1), children);
            next = next.saturating_add(1);
        }
        found
    }

    /// Every variable with its path, group by group, in declaration order.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, &Variable)> {
        let mut found = Vec::new();
        for (path, group) in self.groups() {
            found.extend(
                group.variables.iter().map(|variable| (format!("{path}/{}", variable.name), variable)),
            );
        }
        found
    }

    /// The group at `path`; `""` and `/` name the root.
    #[must_use]
    pub fn group(&self, path: &str) -> Option<&Group> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.into_iter().try_fold(&self.root, |group, name| group.group(name))
    }

    /// The variable at `path`.
    #[must_use]
    pub fn variable(&self, path: &str) -> Option<&Variable> {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.group(group)?.variable(name)
    }

    /// The dimension at `path`.
    #[must_use]
    pub fn dimension(&self, path: &str) -> Option<&Dimension> {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.group(group)?.dimensions.iter().find(|dimension| dimension.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(name: &str) -> Variable {
        let storage =
            Storage { chunk_shape: vec![], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![1] };
        let (dimensions, shape, attributes) = (vec![], vec![], vec![]);
        Variable { name: name.into(), data_type: DataType::Int8, dimensions, shape, attributes, storage }
    }

    fn group(name: &str, variable: &str, groups: Vec<Group>) -> Group {
        Group { name: name.into(), variables: vec![scalar(variable)], groups, ..Group::default() }
    }

    #[test]
    fn groups_are_walked_parents_first() {
        let deep = group("deep", "c", vec![]);
        let schema =
            Schema { root: group("", "a", vec![group("one", "b", vec![deep]), group("two", "d", vec![])]) };
        let paths: Vec<String> = schema.variables().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["/a", "/one/b", "/one/deep/c", "/two/d"]);
        for path in &paths {
            assert!(schema.variable(path).is_some(), "{path}");
        }
        assert!(schema.variable("one/deep/c").is_some());
        assert!(schema.variable("/one/none/c").is_none());
    }
}
