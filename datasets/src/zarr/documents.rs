//! Metadata documents: what was read of a store to describe it, and whether it is still the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::store::{ListedKind, Store};
use crate::{Error, ErrorKind};

/// All documents of a store have at most this many bytes together.
const MOST_BYTES: u64 = 128 << 20;

/// So many documents are looked at before and after each read; more only now and then.
const FEW: usize = 4;

/// How long many documents are taken to be unchanged once they were looked at.
const TRUSTED: Duration = Duration::from_secs(1);

/// How long documents of another machine are: each look costs a round trip.
const TRUSTED_REMOTE: Duration = Duration::from_secs(10);

/// A store, and the documents that were read of it.
#[derive(Debug)]
pub struct Documents {
    store: Store,
    /// The generation of each; `None` for one that was looked for and is not there.
    read: Mutex<BTreeMap<String, Option<String>>>,
    /// The prefixes in each group that was listed.
    listed: Mutex<BTreeMap<String, Vec<String>>>,
    bytes: AtomicU64,
    checked: Mutex<Option<Instant>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Documents {
    /// The documents of a store, of which none was read yet.
    pub fn new(store: Store) -> Self {
        let (read, listed, checked) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { store, read, listed, bytes: AtomicU64::new(0), checked }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The bytes of memory that it takes, with its store.
    pub fn resident_bytes(&self) -> u64 {
        let read = locked(&self.read).keys().map(String::len).fold(0, usize::saturating_add);
        let listed = locked(&self.listed);
        let names = listed.values().flatten().map(|name| name.len().saturating_add(48));
        let names = names.fold(0, usize::saturating_add) as u64;
        // Of each document, its generation.
        let documents = (locked(&self.read).len() as u64).saturating_mul(192);
        (read as u64)
            .saturating_add(names)
            .saturating_add(documents)
            .saturating_add(self.store.resident_bytes())
    }

    /// Reads a document; `None` where there is none.
    ///
    /// # Errors
    /// Those of the store; `TooLarge` where the documents are too many bytes together.
    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(object) = self.store.locate(key)? else {
            locked(&self.read).insert(key.to_owned(), None);
            return Ok(None);
        };
        let before = self.bytes.fetch_add(object.len(), Ordering::Relaxed);
        if before.saturating_add(object.len()) > MOST_BYTES {
            let message = format!("the metadata of the store has more than {MOST_BYTES} bytes");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        locked(&self.read).insert(key.to_owned(), Some(object.generation()));
        object.read().map(Some)
    }

    /// The names of the prefixes in a group.
    ///
    /// # Errors
    /// Those of the store.
    pub fn children(&self, group: &str) -> Result<Vec<String>, Error> {
        let names = self.prefixes(group)?;
        locked(&self.listed).insert(group.to_owned(), names.clone());
        Ok(names)
    }

    fn prefixes(&self, group: &str) -> Result<Vec<String>, Error> {
        let listed = self.store.list(group)?.into_iter();
        Ok(listed.filter(|listed| listed.kind == ListedKind::Prefix).map(|listed| listed.name).collect())
    }

    /// Text that changes whenever a document does.
    pub fn generation(&self) -> String {
        if let Some(generation) = self.store.generation() {
            return generation;
        }
        let hash = Sha256::digest(format!("{:?}", locked(&self.read)));
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks that the documents are what they were. Where they are many, they are looked at once a second at most.
    ///
    /// # Errors
    /// `Unavailable` where one is not; those of the store.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        self.store.check_unchanged()?;
        // A store that has a generation of its own knows all that it is.
        if self.store.generation().is_some() {
            return Ok(());
        }
        let read = locked(&self.read).clone();
        if (read.len() > FEW || self.store.is_remote()) && self.is_trusted() {
            return Ok(());
        }
        for (key, generation) in &read {
            let now = self.store.locate(key)?.map(|object| object.generation());
            if now != *generation {
                let message = format!("{key} changed while the store was read; ask again");
                return Err(Error::unavailable(message));
            }
        }
        *locked(&self.checked) = Some(Instant::now());
        Ok(())
    }

    /// Lets the next check look for real: that a chunk is absent means something only while its array is there.
    pub fn distrust(&self) {
        *locked(&self.checked) = None;
    }

    fn is_trusted(&self) -> bool {
        let trusted = if self.store.is_remote() { TRUSTED_REMOTE } else { TRUSTED };
        locked(&self.checked).is_some_and(|checked| checked.elapsed() < trusted)
    }

    /// Whether a store that is opened now would be described in the same way: its documents are the same, and no group has
    /// more or fewer members.
    ///
    /// # Errors
    /// Those of the store.
    pub fn is_current(&self) -> Result<bool, Error> {
        let trusted = self.is_trusted();
        match self.check_unchanged() {
            Err(error) if error.kind == ErrorKind::Unavailable => return Ok(false),
            checked => checked?,
        }
        if self.store.generation().is_some() {
            return Ok(true);
        }
        let listed = locked(&self.listed).clone();
        if (listed.len() > FEW || self.store.is_remote()) && trusted {
            return Ok(true);
        }
        for (group, names) in &listed {
            if self.prefixes(group)? != *names {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join(".zgroup"), b"{}").unwrap();
        let open = || {
            let documents = Documents::new(Store::folder(root).unwrap());
            assert!(documents.read(".zgroup").unwrap().is_some());
            documents.read(".zattrs").unwrap();
            documents.children("").unwrap();
            documents
        };
        let first = open();
        assert_eq!(first.generation(), open().generation());
        assert!(first.is_current().unwrap());
        std::fs::create_dir(root.join("a")).unwrap();
        assert!(!first.is_current().unwrap());
        first.check_unchanged().unwrap();
        let second = open();
        std::fs::write(root.join(".zattrs"), b"{}").unwrap();
        assert_eq!(second.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
        assert_ne!(second.generation(), open().generation());
    }

    #[test]
    fn documents_are_bounded_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("zarr.json")).unwrap();
        file.set_len(MOST_BYTES + 1).unwrap();
        let documents = Documents::new(Store::folder(folder.path()).unwrap());
        assert_eq!(documents.read("zarr.json").unwrap_err().kind, ErrorKind::TooLarge);
    }
}
