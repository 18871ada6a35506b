//! The file of the index: items and what is searched of them, in an embedded store.
//!
//! All of it can be made again, so a file that is damaged, or of another version or configuration, is begun anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::{Value, json};
use weir_plugin_api::{Error, ErrorKind};

use super::indexer::Seen;
use crate::search::record::Record;

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
const ITEMS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("items");
const MARKS: TableDefinition<'_, &str, &str> = TableDefinition::new("marks");

const FILE: &str = "stac.redb";

/// The layout of what is stored.
const LAYOUT: &str = "2";

/// Bytes of the file that are kept in memory.
const PAGES: usize = 16 << 20;

/// No item is longer; a length in a damaged file may say so.
const MOST_BYTES: u32 = 64 << 20;

/// What is to be kept of a dataset: its state, record and item; nothing of one that is gone.
pub struct Kept {
    /// The dataset's id.
    pub id: Arc<str>,
    /// What its item was made of, what is searched of it, and the item.
    pub made: Option<(Seen, Record, String)>,
}

impl Kept {
    /// That a dataset is gone.
    pub fn gone(id: &str) -> Self {
        Self { id: id.into(), made: None }
    }
}

/// An open file.
pub struct Store {
    path: PathBuf,
    /// None where it had to be given up.
    open: Mutex<Option<Arc<redb::Database>>>,
}

impl Drop for Store {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Damage that nobody came across may show only now.
        drop(catch_unwind(AssertUnwindSafe(|| drop(open))));
    }
}

impl Store {
    /// Opens the file in a folder, which is made; `mark` is that of what items are made from, besides datasets.
    ///
    /// # Errors
    /// Where it cannot be had.
    pub fn open(folder: &Path, mark: &str) -> Result<Self, Error> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|e| unavailable(&format!("its folder cannot be made: {e}")))?;
        let path = folder.join(FILE);
        let mark = format!("{LAYOUT} {mark}");
        let database = match open(&path, &mark) {
            Ok(database) => database,
            Err(Fault::Taken) => return Err(unavailable("another process has it open")),
            Err(Fault::Other(_)) => {
                std::fs::remove_file(&path)
                    .map_err(|e| unavailable(&format!("it cannot be begun anew: {e}")))?;
                open(&path, &mark).map_err(|fault| unavailable(&fault.text()))?
            }
        };
        Ok(Self { path, open: Mutex::new(Some(Arc::new(database))) })
    }

    /// Passes on all that is kept.
    pub fn each(&self, mut take: impl FnMut(&str, Seen, &Value)) {
        let _damage_is_told_when_writing = self.run(|database| {
            let records = database.begin_read()?.open_table(RECORDS)?;
            for entry in records.iter()? {
                let (id, record) = entry?;
                if let Some((seen, record)) = read(record.value()) {
                    take(id.value(), seen, &record);
                }
            }
            Ok(())
        });
    }

    /// A kept item.
    pub fn item(&self, id: &str) -> Option<String> {
        let packed = self.run(|database| {
            let items = database.begin_read()?.open_table(ITEMS)?;
            Ok(items.get(id)?.map(|item| item.value().to_vec()))
        });
        let packed = packed.ok()??;
        let length = packed.first_chunk::<4>().map(|length| u32::from_le_bytes(*length))?;
        let item =
            (length <= MOST_BYTES).then(|| lz4_flex::block::decompress_size_prepended(&packed).ok())??;
        // Half an item is worse than one that is made again.
        let text = String::from_utf8(item).ok()?;
        (text.starts_with('{') && text.ends_with('}')).then_some(text)
    }

    /// Keeps what was learnt, and forgets what is gone.
    ///
    /// # Errors
    /// Where the file is damaged or full: it is given up then, and removed.
    pub fn keep(&self, all: &[Kept]) -> Result<(), Error> {
        self.run(|database| {
            let transaction = database.begin_write()?;
            {
                let (mut records, mut items) =
                    (transaction.open_table(RECORDS)?, transaction.open_table(ITEMS)?);
                for Kept { id, made } in all {
                    match made {
                        Some((seen, record, item)) => {
                            let packed = lz4_flex::block::compress_prepend_size(item.as_bytes());
                            items.insert(&**id, packed.as_slice())?;
                            records.insert(&**id, written(seen, record).as_bytes())?;
                        }
                        None => {
                            items.remove(&**id)?;
                            records.remove(&**id)?;
                        }
                    }
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    fn run<T>(&self, run: impl FnOnce(&redb::Database) -> Result<T, redb::Error>) -> Result<T, Error> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(open) = open else { return Err(unavailable("it was given up")) };
        caught(|| run(&open)).map_err(|fault| {
            let given_up = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Closing a damaged store writes to it, and may stumble over the damage while it is on its way out of the first fault:
            // that would end the process.
            std::mem::forget(given_up);
            std::mem::forget(open);
            drop(std::fs::remove_file(&self.path));
            unavailable(&fault.text())
        })
    }
}

enum Fault {
    /// Another process has it open.
    Taken,
    Other(String),
}

impl Fault {
    fn text(self) -> String {
        match self {
            Self::Taken => "another process has it open".to_owned(),
            Self::Other(text) => text,
        }
    }
}

fn unavailable(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the file {FILE} of the index: {why}"))
}

fn caught<T>(run: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|error| match error {
            redb::Error::DatabaseAlreadyOpen => Fault::Taken,
            other => Fault::Other(other.to_string()),
        }),
        Err(_) => Err(Fault::Other("it cannot be parsed".to_owned())),
    }
}

/// Opens a file that is whole and has this mark; others are emptied.
fn open(path: &Path, mark: &str) -> Result<redb::Database, Fault> {
    let mut database = caught(|| Ok(redb::Database::builder().set_cache_size(PAGES).create(path)?))?;
    let checked = caught(|| {
        if !database.check_integrity()? {
            return Err(redb::Error::Corrupted("its pages are not what was written".to_owned()));
        }
        begin(&database, mark)
    });
    match checked {
        Ok(()) => Ok(database),
        Err(fault) => {
            std::mem::forget(database);
            Err(fault)
        }
    }
}

fn begin(database: &redb::Database, mark: &str) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut marks = transaction.open_table(MARKS)?;
        let is_ours = marks.get("items")?.is_some_and(|known| known.value() == mark);
        if !is_ours {
            transaction.delete_table(RECORDS)?;
            transaction.delete_table(ITEMS)?;
            marks.insert("items", mark)?;
        }
        transaction.open_table(RECORDS)?;
        transaction.open_table(ITEMS)?;
    }
    transaction.commit()?;
    Ok(())
}

fn written(seen: &Seen, record: &Record) -> String {
    json!([seen.bytes, seen.modified, seen.generation, record.to_json()]).to_string()
}

fn read(bytes: &[u8]) -> Option<(Seen, Value)> {
    match serde_json::from_slice::<Value>(bytes).ok()? {
        Value::Array(parts) => match <[Value; 4]>::try_from(parts).ok()? {
            [bytes, modified, Value::String(generation), record] => {
                Some((Seen { bytes: bytes.as_u64(), modified: modified.as_i64(), generation }, record))
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::record::Words;

    fn kept(number: u64) -> Kept {
        let item =
            json!({"id": format!("d{number}"), "collection": "c", "properties": {"level": number + 1}});
        let seen = Seen { bytes: Some(number + 1), modified: Some(-1), generation: format!("g{number}") };
        let record = Record::of(&item, &mut Words::default());
        Kept { id: format!("d{number}").as_str().into(), made: Some((seen, record, item.to_string())) }
    }

    fn ids(store: &Store) -> Vec<String> {
        let mut ids = Vec::new();
        store.each(|id, seen, record| {
            let record = Record::from_json(record, &mut Words::default()).unwrap();
            let [Kept { made: Some((as_seen, as_record, _)), .. }] = [kept(id[1..].parse().unwrap())] else {
                panic!()
            };
            assert_eq!((seen, record), (as_seen, as_record));
            ids.push(id.to_owned());
        });
        ids
    }

    #[test]
    fn what_is_kept_is_there_in_the_next_process_with_the_same_mark() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), "m1").unwrap();
        store.keep(&[kept(1), kept(2), kept(3)]).unwrap();
        store.keep(&[Kept::gone("d2"), Kept::gone("none")]).unwrap();
        assert!(Store::open(folder.path(), "m1").is_err_and(|e| e.message.contains("another process")));
        drop(store);
        let store = Store::open(folder.path(), "m1").unwrap();
        assert_eq!(ids(&store), ["d1", "d3"]);
        assert_eq!(store.item("d3").unwrap(), kept(3).made.unwrap().2);
        assert_eq!(store.item("d2"), None);
        drop(store);
        let store = Store::open(folder.path(), "m2").unwrap();
        assert!(ids(&store).is_empty());
    }

    #[test]
    fn damaged_files_are_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let whole = {
            let store = Store::open(folder.path(), "m").unwrap();
            store.keep(&(1..200).map(kept).collect::<Vec<_>>()).unwrap();
            drop(store);
            std::fs::read(&path).unwrap()
        };
        for (place, length) in [(0, 4), (0, 400), (4096, 300), (8192, 4000), (whole.len() / 2, 1000)] {
            let mut damaged = whole.clone();
            damaged[place..place + length].iter_mut().for_each(|byte| *byte ^= 0x5a);
            std::fs::write(&path, &damaged).unwrap();
            let store = Store::open(folder.path(), "m").unwrap();
            let known = ids(&store).len();
            assert!(known == 0 || known == 199, "{place}: {known}");
            store.keep(&[kept(1)]).unwrap();
            assert_eq!(store.item("d1").unwrap(), kept(1).made.unwrap().2);
        }
        std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
        assert!(ids(&Store::open(folder.path(), "m").unwrap()).is_empty());
    }
}
