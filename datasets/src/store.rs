//! Stores: trees of named byte strings, as Zarr keeps its keys in a folder or under a prefix of an object store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::data_file::io_error;
use crate::read::Reach;
use crate::reference::References;
use crate::remote::Prefix;
use crate::{DataFile, Error, ErrorKind};

/// A tree of named byte strings.
#[derive(Debug)]
pub struct Store {
    medium: Medium,
}

#[derive(Debug)]
enum Medium {
    /// A folder, with all links resolved.
    Folder(PathBuf),
    /// A reference set.
    References(Box<References>),
    /// Objects of another machine.
    Remote(Prefix),
}

/// The bytes behind a key: where they are.
#[derive(Clone, Debug)]
pub enum Object {
    /// A run of a file: all of it, or a part.
    Run {
        /// The file.
        file: Arc<DataFile>,
        /// The first byte; the run was checked to lie inside the file.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Bytes at hand.
    Here(Vec<u8>),
}

impl Object {
    /// All of a file.
    #[must_use]
    pub fn whole(file: impl Into<Arc<DataFile>>) -> Self {
        let file = file.into();
        let length = file.len();
        Self::Run { file, offset: 0, length }
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Run { length, .. } => *length,
            Self::Here(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `length` bytes from byte `offset` on.
    ///
    /// # Errors
    /// `Corrupt` where they do not lie inside.
    pub fn part(&self, offset: u64, length: u64) -> Result<Self, Error> {
        let outside = || {
            let has = self.len();
            Error::corrupt(format!("{length} bytes are needed at byte {offset}, but there are {has} bytes"))
        };
        let end = offset.checked_add(length).filter(|end| *end <= self.len()).ok_or_else(outside)?;
        match self {
            Self::Run { file, offset: before, .. } => {
                let offset = before.checked_add(offset).ok_or_else(outside)?;
                Ok(Self::Run { file: Arc::clone(file), offset, length })
            }
            Self::Here(bytes) => {
                let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
                let part = range.and_then(|(start, end)| bytes.get(start..end)).ok_or_else(outside)?;
                Ok(Self::Here(part.to_owned()))
            }
        }
    }

    /// Text that changes whenever the bytes may have changed.
    #[must_use]
    pub fn generation(&self) -> String {
        match self {
            Self::Run { file, offset, length } => format!("{} {offset} {length}", file.generation()),
            Self::Here(bytes) => format!("{:x?}", Sha256::digest(bytes)),
        }
    }

    /// All bytes.
    ///
    /// # Errors
    /// `Unavailable` where they cannot be read, or changed since the file was opened.
    pub fn read(self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Here(bytes) => Ok(bytes),
            Self::Run { file, offset, length } => {
                let bytes = file.read_at(offset, length)?;
                file.check_unchanged()?;
                Ok(bytes)
            }
        }
    }
}

/// What a store has directly below a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name, without the prefix.
    pub name: String,
    /// What it is.
    pub kind: ListedKind,
}

/// What an entry of a listing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// Bytes.
    Object,
    /// A prefix of further names.
    Prefix,
}

impl Store {
    /// A folder of this machine.
    ///
    /// # Errors
    /// `NotFound` where there is none, `Unavailable` where it cannot be reached.
    pub fn folder(root: &Path) -> Result<Self, Error> {
        let root = std::fs::canonicalize(root).map_err(|e| io_error(&e, "cannot open the store"))?;
        if !root.is_dir() {
            return Err(Error::not_found("the store is not a folder"));
        }
        Ok(Self { medium: Medium::Folder(root) })
    }

    /// The keys of a reference set.
    #[must_use]
    pub fn references(set: References) -> Self {
        Self { medium: Medium::References(Box::new(set)) }
    }

    /// Objects of another machine.
    pub(crate) fn remote(prefix: Prefix) -> Self {
        Self { medium: Medium::Remote(prefix) }
    }

    /// The bytes of memory that it takes as long as it is open.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        match &self.medium {
            Medium::References(set) => set.resident_bytes(),
            Medium::Folder(_) | Medium::Remote(_) => 0,
        }
    }

    /// Bytes of memory that finding a key may take.
    #[must_use]
    pub fn scratch_bytes(&self) -> u64 {
        match &self.medium {
            Medium::References(set) => set.scratch_bytes(),
            Medium::Folder(_) | Medium::Remote(_) => 0,
        }
    }

    /// From how far away bytes come.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match &self.medium {
            Medium::Folder(_) => Reach::Near,
            Medium::References(_) => Reach::Referred,
            Medium::Remote(_) => Reach::Far,
        }
    }

    /// Whether reads ask another machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.medium, Medium::Remote(_))
    }

    /// Where the bytes called `key` are; `None` where it is proven that there are none.
    ///
    /// # Errors
    /// `BadRequest` for a key that no store has (empty, absolute, with `..`), `Unavailable` where the store cannot be
    /// reached, `NotFound` for a link or reference that leads to where nothing may be read.
    pub fn locate(&self, key: &str) -> Result<Option<Object>, Error> {
        check_key(key)?;
        match &self.medium {
            Medium::Folder(root) => match resolve(root, key)? {
                Some(path) if path.is_file() => Ok(Some(Object::whole(DataFile::open(&path)?))),
                _ => Ok(None),
            },
            Medium::References(set) => set.locate(key),
            Medium::Remote(prefix) => prefix.locate(key),
        }
    }

    /// As [`locate`](Self::locate), without reading anything of an object of another machine, be it as small as it may.
    ///
    /// # Errors
    /// As [`locate`](Self::locate).
    pub fn look(&self, key: &str) -> Result<Option<Object>, Error> {
        match &self.medium {
            Medium::Remote(prefix) => {
                check_key(key)?;
                prefix.look(key)
            }
            Medium::Folder(_) | Medium::References(_) => self.locate(key),
        }
    }

    /// The bytes called `key`; `None` where it is proven that there are none.
    ///
    /// # Errors
    /// As [`locate`](Self::locate); `TooLarge` where there are more than `most` bytes.
    pub fn get(&self, key: &str, most: u64) -> Result<Option<Vec<u8>>, Error> {
        if let Medium::Remote(prefix) = &self.medium {
            check_key(key)?;
            return prefix.get(key, most);
        }
        let Some(object) = self.locate(key)? else { return Ok(None) };
        let length = object.len();
        if length > most {
            let message = format!("{key} has {length} bytes, the limit is {most}");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        object.read().map(Some)
    }

    /// Text that changes whenever anything in the store may have changed; `None` for a store that has no such text, whose
    /// reader takes one of the metadata that it read.
    #[must_use]
    pub fn generation(&self) -> Option<String> {
        match &self.medium {
            Medium::Folder(_) | Medium::Remote(_) => None,
            Medium::References(set) => Some(set.generation().to_owned()),
        }
    }

    /// Checks that what the store remembers of itself still stands: for a reference set, that neither it nor the files that
    /// it led to changed. A folder remembers nothing.
    ///
    /// # Errors
    /// `Unavailable` where somebody wrote.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        match &self.medium {
            Medium::Folder(_) | Medium::Remote(_) => Ok(()),
            Medium::References(set) => set.check_unchanged(),
        }
    }

    /// What is directly below `prefix` (empty for the root), sorted by name; hidden files of a folder are left out unless
    /// they are Zarr's own.
    ///
    /// # Errors
    /// As [`locate`](Self::locate); `TooLarge` beyond a million entries, `Unsupported` on a web server, which lists nothing.
    pub fn list(&self, prefix: &str) -> Result<Vec<Listed>, Error> {
        if !prefix.is_empty() {
            check_key(prefix)?;
        }
        match &self.medium {
            Medium::Folder(root) => list_folder(root, prefix),
            Medium::References(set) => set.list(prefix, MOST_LISTED),
            Medium::Remote(remote) => remote.list(prefix),
        }
    }
}

/// A listing has at most this many entries.
pub(crate) const MOST_LISTED: usize = 1_000_000;

fn check_key(key: &str) -> Result<(), Error> {
    let plain = key.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'));
    if plain && !key.contains('\\') {
        return Ok(());
    }
    Err(Error::new(ErrorKind::BadRequest, format!("{key:?} is no key of a store")))
}

/// Where a key of a folder is; `None` where there is nothing.
fn resolve(root: &Path, key: &str) -> Result<Option<PathBuf>, Error> {
    match std::fs::canonicalize(root.join(key)) {
        Ok(path) if path.starts_with(root) => Ok(Some(path)),
        Ok(_) => Err(Error::not_found(format!("{key} is a link that leads out of the store"))),
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(e) => Err(io_error(&e, key)),
    }
}

fn list_folder(root: &Path, prefix: &str) -> Result<Vec<Listed>, Error> {
    let folder = if prefix.is_empty() { Some(root.to_owned()) } else { resolve(root, prefix)? };
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return Ok(Vec::new()) };
    let mut listed = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| io_error(&e, "cannot list the store"))? {
        let entry = entry.map_err(|e| io_error(&e, "cannot list the store"))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') && !name.starts_with(".z") {
            continue;
        }
        if listed.len() >= MOST_LISTED {
            let message = format!("a folder of the store has more than {MOST_LISTED} entries");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let kind = if entry.path().is_dir() { ListedKind::Prefix } else { ListedKind::Object };
        listed.push(Listed { name, kind });
    }
    listed.sort();
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_the_store() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("store");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(outer.path().join("secret"), b"no").unwrap();
        std::fs::write(root.join("a/b/0.0"), [1, 2, 3]).unwrap();
        std::fs::write(root.join("a/.zarray"), b"{}").unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret"), root.join("link")).unwrap();
        let store = Store::folder(&root).unwrap();
        assert_eq!(store.get("a/b/0.0", 10).unwrap().unwrap(), [1, 2, 3]);
        assert_eq!(store.get("a/b/0.0", 2).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(store.get("a/b/0.1", 10).unwrap(), None);
        assert_eq!(store.get("a/b", 10).unwrap(), None);
        assert_eq!(store.get("link", 10).unwrap_err().kind, ErrorKind::NotFound);
        for key in ["../secret", "a/../../secret", "/etc/passwd", "", "a//b", "a/./b", "a\\b"] {
            assert_eq!(store.get(key, 10).unwrap_err().kind, ErrorKind::BadRequest, "{key}");
        }
        let names = |prefix| store.list(prefix).unwrap().into_iter().map(|l| l.name).collect::<Vec<_>>();
        assert_eq!(names("a"), [".zarray", "b"]);
        assert_eq!(names("none"), [""; 0]);
        assert_eq!(store.list("").unwrap()[0], Listed { name: "a".into(), kind: ListedKind::Prefix });
    }
}
