//! The database file: records and when they were last used, in an embedded store that survives a crash at any moment.
//!
//! The file holds nothing that cannot be made again. So one that is damaged is moved aside and begun anew; it is never repaired
//! by guessing. Checks above this module make sure that a record is what was stored.

use std::fs::File;
use std::io::{ErrorKind as IoErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::{DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use crate::{Error, ErrorKind};

/// Sealed records, by key.
const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// The day of the last use of each record, by key.
const USED: TableDefinition<'_, &[u8], u32> = TableDefinition::new("used");

/// How a file of the store begins.
const MAGIC: &[u8] = b"redb";

/// A file that is damaged again and again lies on a disk that is: after so many times nothing is stored any more.
const MOST_RENEWALS: u32 = 3;

/// One change of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Stores a record.
    Put {
        /// Its key.
        key: Vec<u8>,
        /// The record.
        record: Vec<u8>,
    },
    /// Notes that a record was used.
    Used(Vec<u8>),
    /// Removes the records whose keys begin so.
    RemoveBelow(Vec<u8>),
    /// Removes one record.
    Remove(Vec<u8>),
    /// Removes the records that were last used before a day.
    RemoveUnusedSince(u32),
}

impl Change {
    /// Bytes that it holds in memory.
    pub fn bytes(&self) -> usize {
        let held = match self {
            Self::Put { key, record } => key.len().saturating_add(record.len()),
            Self::Used(key) | Self::RemoveBelow(key) | Self::Remove(key) => key.len(),
            Self::RemoveUnusedSince(_) => 0,
        };
        held.saturating_add(size_of::<Self>())
    }
}

/// An open database file, which only this process has open.
pub struct Database {
    path: PathBuf,
    /// Bytes of the store's pages that are kept in memory.
    pages: usize,
    open: RwLock<Open>,
}

struct Open {
    /// None where it had to be given up.
    store: Option<redb::Database>,
    /// How often it was begun anew.
    renewals: u32,
}

/// Why the store did not do what it was asked.
enum Fault {
    /// What is in the file is not what was written to it.
    Damaged(String),
    /// The disk, or the system.
    Failed(String),
}

impl Database {
    /// Opens a file, or makes it, and the folders above it; `pages` bytes of it are kept in memory.
    ///
    /// # Errors
    /// `Busy` where another process has it open, `BadRequest` where it is something else, `Unavailable` where it cannot be
    /// opened. Messages do not name it.
    pub fn open(path: &Path, pages: usize) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|e| Error::unavailable(format!("its folder cannot be made: {e}")))?;
        }
        check_is_ours(path)?;
        let store = match open_store(path, pages) {
            Err(OpenFault::Fault(Fault::Damaged(reason))) => {
                move_aside(path, &reason)?;
                open_store(path, pages)
            }
            opened => opened,
        };
        let store = store.map_err(|fault| match fault {
            OpenFault::Taken => Error::new(ErrorKind::Busy, "another process has it open"),
            OpenFault::Fault(Fault::Damaged(reason) | Fault::Failed(reason)) => Error::unavailable(reason),
        })?;
        let open = RwLock::new(Open { store: Some(store), renewals: 0 });
        Ok(Self { path: path.to_owned(), pages, open })
    }

    /// A record, and the day on which it was last used.
    pub fn get(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        self.run(|store| {
            let transaction = store.begin_read()?;
            let (records, used) = (transaction.open_table(RECORDS)?, transaction.open_table(USED)?);
            let Some(record) = records.get(key)? else { return Ok(None) };
            let day = used.get(key)?.map_or(0, |day| day.value());
            Ok(Some((record.value().to_vec(), day)))
        })?
    }

    /// Makes changes, all or none, in order; they were used on `day`.
    pub fn apply(&self, changes: &[Change], day: u32) {
        let applied: Option<()> = self.run(|store| {
            let mut transaction = store.begin_write()?;
            // After a crash, the file opens at once, however large it is.
            transaction.set_quick_repair(true);
            {
                let (mut records, mut used) =
                    (transaction.open_table(RECORDS)?, transaction.open_table(USED)?);
                for change in changes {
                    make(change, day, &mut records, &mut used)?;
                }
            }
            transaction.commit()?;
            Ok(())
        });
        if applied.is_none() {
            tracing::debug!(changes = changes.len(), "changes of the index are lost");
        }
    }

    /// Gives back the room of records that are gone, and that the file was enlarged by ahead. Others wait meanwhile.
    pub fn compact(&self) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let renewals = open.renewals;
        let Some(store) = open.store.as_mut() else { return };
        let compacted = caught(|| store.compact().map_err(redb::Error::from));
        drop(open);
        if let Err(fault) = compacted {
            self.trouble(fault, renewals);
        }
    }

    /// Runs something on the store. A store that turns out to be damaged is begun anew.
    fn run<T>(&self, run: impl FnOnce(&redb::Database) -> Result<T, redb::Error>) -> Option<T> {
        let (fault, renewals) = {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            let store = open.store.as_ref()?;
            match caught(|| run(store)) {
                Ok(result) => return Some(result),
                Err(fault) => (fault, open.renewals),
            }
        };
        self.trouble(fault, renewals);
        None
    }

    fn trouble(&self, fault: Fault, renewals: u32) {
        match fault {
            Fault::Damaged(reason) => self.renew(&reason, renewals),
            Fault::Failed(reason) => tracing::warn!(reason, "the index cannot be used now"),
        }
    }

    /// Begins anew, unless another thread did so since it was begun for the `renewals`th time.
    fn renew(&self, reason: &str, renewals: u32) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.renewals != renewals {
            return;
        }
        open.renewals = renewals.saturating_add(1);
        if let Some(damaged) = open.store.take() {
            give_up(damaged);
        }
        if open.renewals <= MOST_RENEWALS && move_aside(&self.path, reason).is_ok() {
            open.store = open_store(&self.path, self.pages).ok();
        }
        if open.store.is_none() {
            tracing::warn!(
                reason,
                "the index is damaged and cannot be made anew; nothing is kept from now on"
            );
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let store = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).store.take();
        // Damage that nobody came across may show only now.
        drop(catch_unwind(AssertUnwindSafe(|| drop(store))));
    }
}

type Records<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;
type Used<'t> = redb::Table<'t, &'static [u8], u32>;

fn make(
    change: &Change,
    day: u32,
    records: &mut Records<'_>,
    used: &mut Used<'_>,
) -> Result<(), redb::Error> {
    match change {
        Change::Put { key, record } => {
            records.insert(key.as_slice(), record.as_slice())?;
            used.insert(key.as_slice(), day)?;
        }
        Change::Used(key) => {
            if records.get(key.as_slice())?.is_some() {
                used.insert(key.as_slice(), day)?;
            }
        }
        Change::Remove(key) => remove(std::slice::from_ref(key), records, used)?,
        Change::RemoveBelow(prefix) => {
            let keys = used.range(prefix.as_slice()..)?.map_while(|entry| match entry {
                Ok((key, _)) => key.value().starts_with(prefix).then(|| Ok(key.value().to_vec())),
                Err(error) => Some(Err(error)),
            });
            remove(&keys.collect::<Result<Vec<_>, _>>()?, records, used)?;
        }
        Change::RemoveUnusedSince(limit) => {
            let keys = used.iter()?.filter_map(|entry| match entry {
                Ok((key, day)) => (day.value() < *limit).then(|| Ok(key.value().to_vec())),
                Err(error) => Some(Err(error)),
            });
            remove(&keys.collect::<Result<Vec<_>, _>>()?, records, used)?;
        }
    }
    Ok(())
}

fn remove(keys: &[Vec<u8>], records: &mut Records<'_>, used: &mut Used<'_>) -> Result<(), redb::Error> {
    for key in keys {
        records.remove(key.as_slice())?;
        used.remove(key.as_slice())?;
    }
    Ok(())
}

/// A file that does not begin as the store's do is somebody's, and is left alone.
fn check_is_ours(path: &Path) -> Result<(), Error> {
    let mut start = Vec::new();
    match File::open(path) {
        Ok(file) => {
            let read = file.take(MAGIC.len() as u64).read_to_end(&mut start);
            read.map_err(|e| Error::unavailable(format!("it cannot be read: {e}")))?;
        }
        Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::unavailable(format!("it cannot be opened: {error}"))),
    }
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    Err(Error::new(ErrorKind::BadRequest, "it is no index; remove it or name another file"))
}

enum OpenFault {
    /// Another process has it open.
    Taken,
    Fault(Fault),
}

fn open_store(path: &Path, pages: usize) -> Result<redb::Database, OpenFault> {
    let opened = catch_unwind(|| redb::Database::builder().set_cache_size(pages).create(path));
    let mut store = match opened {
        Ok(Ok(store)) => store,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => return Err(OpenFault::Taken),
        Ok(Err(error)) => return Err(OpenFault::Fault(fault(&error.into()))),
        Err(_) => return Err(OpenFault::Fault(Fault::Damaged("it cannot be parsed".to_owned()))),
    };
    match caught(|| check_whole(&mut store).and_then(|()| make_tables(&store))) {
        Ok(()) => Ok(store),
        Err(fault) => {
            give_up(store);
            Err(OpenFault::Fault(fault))
        }
    }
}

/// Leaves a damaged store as it is, which happens a few times at most. Closing it would write to the file, and may stumble over the
/// damage again while it is on its way out of the first fault: that would end the process.
fn give_up(store: redb::Database) {
    std::mem::forget(store);
}

/// Checks every page. Left alone, damage shows while changes are written, where the store may fall over it twice at once: that
/// would end the process, and the next one, too.
fn check_whole(store: &mut redb::Database) -> Result<(), redb::Error> {
    match store.check_integrity()? {
        true => Ok(()),
        false => Err(redb::Error::Corrupted("its pages are not what was written".to_owned())),
    }
}

/// Makes the tables of a new file, so that readers need not ask whether there are any.
fn make_tables(store: &redb::Database) -> Result<(), redb::Error> {
    let reading = store.begin_read()?;
    match (reading.open_table(RECORDS), reading.open_table(USED)) {
        (Ok(_), Ok(_)) => return Ok(()),
        (Err(TableError::TableDoesNotExist(_)), _) | (_, Err(TableError::TableDoesNotExist(_))) => {}
        (Err(error), _) | (_, Err(error)) => return Err(error.into()),
    }
    drop(reading);
    let mut writing = store.begin_write()?;
    writing.set_quick_repair(true);
    writing.open_table(RECORDS).map(drop)?;
    writing.open_table(USED).map(drop)?;
    writing.commit()?;
    Ok(())
}

/// The store checks what it reads by assertions here and there: a panic means damage like any other.
fn caught<T>(run: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|error| fault(&error)),
        Err(_) => Err(Fault::Damaged("it cannot be parsed".to_owned())),
    }
}

fn fault(error: &redb::Error) -> Fault {
    use redb::Error as E;
    let text = error.to_string();
    match error {
        E::Io(error) => match error.kind() {
            // How a file that was cut shows.
            IoErrorKind::UnexpectedEof | IoErrorKind::InvalidData | IoErrorKind::InvalidInput => {
                Fault::Damaged(text)
            }
            _ => Fault::Failed(text),
        },
        E::Corrupted(_)
        | E::UpgradeRequired(_)
        | E::RepairAborted
        | E::LockPoisoned(_)
        | E::TableTypeMismatch { .. }
        | E::TableIsMultimap(_)
        | E::TableDoesNotExist(_)
        | E::TypeDefinitionChanged { .. } => Fault::Damaged(text),
        _ => Fault::Failed(text),
    }
}

fn move_aside(path: &Path, reason: &str) -> Result<(), Error> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    let moved = std::fs::rename(path, &aside);
    moved.map_err(|e| Error::unavailable(format!("it is damaged and cannot be moved aside: {e}")))?;
    tracing::warn!(reason, "the index is damaged: it was moved aside, and is made anew");
    Ok(())
}
