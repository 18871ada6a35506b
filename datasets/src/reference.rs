//! Kerchunk reference sets: stores whose keys lead to parts of other files.
//!
//! A set is a JSON document (as it is, or compressed with Zstandard), or a folder of parquet partitions that are read when
//! they are needed. What its keys lead to is opened only where [`Access`] allows it, checked to be as long as the reference
//! says, and pinned: a target that was replaced since is an error.

mod document;
mod page_headers;
mod partition;
mod partitions;
mod recognise;
mod targets;

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use weir_references::{ChildKind, Reference, ReferenceSet};

pub use self::partitions::METADATA;
pub use self::partitions::PartitionCache;
use self::partitions::Partitions;
pub use self::recognise::{is_document, is_partitioned};
use self::targets::Targets;
use crate::store::{Listed, ListedKind, Object, Store};
use crate::{Access, DataFile, Error, ErrorKind, Generation};

/// The keys of a reference set, and the files that they lead to.
#[derive(Debug)]
pub struct References {
    set: Set,
    targets: Targets,
    /// The document, or the metadata document beside the partitions.
    own: Arc<DataFile>,
    generation: String,
}

#[derive(Debug)]
enum Set {
    /// A document, read whole.
    Document(ReferenceSet),
    /// Partitions, read when they are needed.
    Partitions(Box<Partitions>),
}

/// What a set has for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The bytes themselves.
    Here(Vec<u8>),
    /// All of a target.
    Whole(Arc<str>),
    /// A part of a target.
    Part { target: Arc<str>, offset: u64, length: u64 },
}

impl References {
    /// A set whose document is `file`; relative targets are relative to `folder`.
    ///
    /// # Errors
    /// `Corrupt` where it is no reference set, `TooLarge` and `Unsupported` for what it asks beyond the limits and beyond what
    /// is built in, `Unavailable` where it cannot be read.
    pub fn document(file: impl Into<Arc<DataFile>>, folder: &Path, access: &Access) -> Result<Self, Error> {
        let own = file.into();
        let set = document::read(&own)?;
        own.check_unchanged()?;
        let targets = Targets::new(access, folder);
        targets.pin_local(set.targets());
        Ok(Self::of(Set::Document(set), targets, own))
    }

    /// A set of partitions in `folder`, which relative targets are relative to.
    ///
    /// # Errors
    /// As [`document`](Self::document); `NotFound` where there is no set.
    pub fn partitions(folder: &Path, access: &Access) -> Result<Self, Error> {
        let (partitions, own) = Partitions::open(Store::folder(folder)?, &access.caches().partitions)?;
        // Writers make targets relative to where the set lies, as for a document.
        let targets = Targets::new(access, folder.parent().unwrap_or(folder));
        Ok(Self::of(Set::Partitions(Box::new(partitions)), targets, own))
    }

    fn of(set: Set, targets: Targets, own: Arc<DataFile>) -> Self {
        let hash = Sha256::digest(format!("{} {}", own.generation(), targets.generation()));
        let generation = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { set, targets, own, generation }
    }

    /// The bytes of memory that the set takes as long as it is open.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let own = match &self.set {
            Set::Document(set) => set.resident_bytes(),
            Set::Partitions(partitions) => partitions.resident_bytes(),
        };
        own.saturating_add(self.targets.resident_bytes())
    }

    /// Bytes of memory that finding a key may take.
    #[must_use]
    pub fn scratch_bytes(&self) -> u64 {
        match &self.set {
            Set::Document(_) => 0,
            Set::Partitions(partitions) => partitions.scratch_bytes(),
        }
    }

    /// Where the bytes of a key are; `None` where the set has no such key.
    ///
    /// # Errors
    /// `Unavailable` where its target cannot be read, is not allowed to be, or was replaced since it was first read;
    /// `Corrupt` where the target ends before what the key refers to does, or a partition is damaged.
    pub fn locate(&self, key: &str) -> Result<Option<Object>, Error> {
        let found = match &self.set {
            Set::Document(set) => set.get(key).map(Found::of),
            Set::Partitions(partitions) => partitions.find(key).map_err(|e| e.within(key))?,
        };
        let object = match found {
            None => return Ok(None),
            Some(Found::Here(bytes)) => Object::Here(bytes),
            Some(Found::Whole(target)) => {
                Object::whole(self.targets.open(&target).map_err(|e| e.within(key))?)
            }
            Some(Found::Part { target, offset, length }) => {
                let file = self.targets.open(&target).map_err(|e| e.within(key))?;
                file.check_range(offset, length).map_err(|e| e.within(key))?;
                Object::Run { file, offset, length }
            }
        };
        Ok(Some(object))
    }

    /// What is directly below a prefix (empty for the root), sorted; chunks of partitions are left out.
    ///
    /// # Errors
    /// `TooLarge` where there are more than `most`.
    pub fn list(&self, prefix: &str, most: usize) -> Result<Vec<Listed>, Error> {
        let mut listed: Vec<Listed> = match &self.set {
            Set::Document(set) => {
                let named = |child: weir_references::Child<'_>| Listed {
                    name: child.name.to_owned(),
                    kind: match child.kind {
                        ChildKind::Key => ListedKind::Object,
                        ChildKind::Prefix => ListedKind::Prefix,
                    },
                };
                set.children(prefix).take(most.saturating_add(1)).map(named).collect()
            }
            Set::Partitions(partitions) => partitions.list(prefix),
        };
        if listed.len() > most {
            let message = format!("a prefix of the reference set has more than {most} keys");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        listed.sort();
        Ok(listed)
    }

    /// What the set's own document was when it was opened.
    #[must_use]
    pub fn own_generation(&self) -> Generation {
        *self.own.generation()
    }

    /// Text that changes whenever the set changes, and when one of the first local targets of a document does. Other targets
    /// are pinned when they are first read.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// Checks that neither the set nor a target that was read of it changed.
    ///
    /// # Errors
    /// `Unavailable` where one did.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        self.own.check_unchanged()?;
        self.targets.check_unchanged()
    }
}

impl Found {
    fn of(reference: Reference<'_>) -> Self {
        match reference {
            Reference::Inline(bytes) => Self::Here(bytes.to_owned()),
            Reference::Whole { target } => Self::Whole(target.into()),
            Reference::Part { target, offset, length } => {
                Self::Part { target: target.into(), offset, length }
            }
        }
    }
}

/// What an error of the reference set's own parser means for the one who asked.
#[allow(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn refused(error: weir_references::Error) -> Error {
    use weir_references::ErrorKind as Kind;
    let kind = match error.kind {
        Kind::Malformed => ErrorKind::Corrupt,
        Kind::TooLarge => ErrorKind::TooLarge,
        Kind::Unsupported => ErrorKind::Unsupported,
        Kind::Unreadable => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("the reference set: {}", error.message))
}
