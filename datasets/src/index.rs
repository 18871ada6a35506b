//! The index: what was learnt of files, kept on disk, so that it is learnt once for each generation of a file.
//!
//! It keeps which files are data files, and in which format; schemas and where each variable's elements are; where chunks are
//! stored; and which chunks were decoded and checked. All of it can be learnt again: a record that is missing, damaged, or of
//! another version of weir is as good as none, and a file that cannot be used is begun anew.
//!
//! Whoever asks waits for no disk but to read; records are written a fraction of a second later, by a thread of the index.
//! Records of a generation that was seen to be gone are removed, and so is what was not used for [`KEPT_DAYS`].

pub mod build;
mod database;
mod packed;
mod records;
mod sealed;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::database::{Change, Database};
pub(crate) use self::packed::{Packed, Unpacker, pack, packed, unpack};
pub use self::records::Records;
use self::writer::Writer;
use crate::Error;
use crate::memory_budget::{DEFAULT_BUDGET, Deal, Share};

/// Records that were not used for so many days are removed.
pub const KEPT_DAYS: u32 = 90;

/// That a record is used is noted again after so many days.
const NOTED_DAYS: u32 = 7;

/// Files must have been left alone for so long before anything is kept of them.
///
/// Two writes within one tick of the file system's clock give a file the same times, and sizes may be equal: what was read
/// between them would be taken for what came after. The coarsest clocks tick every two seconds.
pub const SETTLING: Duration = Duration::from_secs(2);

/// An open index, which no other process has open.
pub struct Index {
    database: Arc<Database>,
    writer: Writer,
    version: &'static str,
    settling: Duration,
}

impl Index {
    /// Opens the index at `path`, or makes it.
    ///
    /// # Errors
    /// `Busy` where another process has it open, `BadRequest` where the file is no index, `Unavailable` where it cannot be
    /// opened. Messages do not name the file.
    pub fn open(path: &Path) -> Result<Arc<Self>, Error> {
        Self::open_within(path, Deal::of(DEFAULT_BUDGET).share(Share::Index))
    }

    /// As [`open`](Self::open); the index takes about `bytes` bytes of memory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_within(path: &Path, bytes: u64) -> Result<Arc<Self>, Error> {
        Self::open_as(path, (sealed::VERSION, SETTLING), bytes)
    }

    /// Opens an index that keeps records of files that were just written, too, as those of tests are.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    #[cfg(feature = "testing")]
    pub fn open_for_settled(path: &Path) -> Result<Arc<Self>, Error> {
        let bytes = Deal::of(DEFAULT_BUDGET).share(Share::Index);
        Self::open_as(path, (sealed::VERSION, Duration::ZERO), bytes)
    }

    fn open_as(
        path: &Path,
        (version, settling): (&'static str, Duration),
        bytes: u64,
    ) -> Result<Arc<Self>, Error> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        // The other part is for records that wait to be written.
        let pages = bytes >> 2;
        let database = Arc::new(Database::open(path, pages)?);
        let writer = Writer::start(Arc::clone(&database), bytes.saturating_sub(pages));
        let writer = writer.map_err(|e| Error::unavailable(format!("its writer cannot be started: {e}")))?;
        writer.take(Change::RemoveUnusedSince(today().saturating_sub(KEPT_DAYS)));
        Ok(Arc::new(Self { database, writer, version, settling }))
    }

    /// A record by its kind (`aggregation`), which names what its content means, and a key.
    #[must_use]
    pub fn get(&self, kind: &str, key: &[u8]) -> Option<Vec<u8>> {
        self.record(&of_kind(kind, key))
    }

    /// Stores a record, in the place of an earlier one. It can be read a fraction of a second later, or after
    /// [`finish`](Self::finish).
    pub fn put(&self, kind: &str, key: &[u8], content: &[u8]) {
        self.store(of_kind(kind, key), content);
    }

    /// Removes all records of a generation; its bytes are gone.
    pub(crate) fn forget(&self, generation: &[u8; 32]) {
        self.writer.take(Change::RemoveBelow(records::below(generation)));
    }

    /// Waits until everything that was stored so far is on disk.
    pub fn finish(&self) {
        self.writer.finish();
    }

    /// Makes the file as small as it can be. Reading waits meanwhile.
    pub fn compact(&self) {
        self.finish();
        self.database.compact();
    }

    /// Waits where much waits to be written. Called by those who store much at a time, so that nothing of it is dropped.
    pub(crate) fn keep_up(&self) {
        self.writer.keep_up();
    }

    /// How long a file must have been left alone before anything is kept of it.
    pub(crate) fn settling(&self) -> Duration {
        self.settling
    }

    fn record(&self, key: &[u8]) -> Option<Vec<u8>> {
        let (sealed, used) = self.database.get(key)?;
        let content = sealed::open(self.version, key, sealed);
        match content {
            None => self.writer.take(Change::Remove(key.to_vec())),
            Some(_) if used.saturating_add(NOTED_DAYS) <= today() => {
                self.writer.take(Change::Used(key.to_vec()));
            }
            Some(_) => {}
        }
        content
    }

    fn store(&self, key: Vec<u8>, content: &[u8]) {
        let record = sealed::seal(self.version, &key, content);
        self.writer.take(Change::Put { key, record });
    }
}

/// The key of a record that is not one of a file's.
fn of_kind(kind: &str, key: &[u8]) -> Vec<u8> {
    [b"k", kind.as_bytes(), &[0], key].concat()
}

/// The days since 1970.
fn today() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs().checked_div(86_400).unwrap_or(0)).unwrap_or(u32::MAX)
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn open(folder: &tempfile::TempDir, version: &'static str) -> Arc<Index> {
        Index::open_as(&folder.path().join("deep").join("index.redb"), (version, SETTLING), 1 << 20).unwrap()
    }

    #[test]
    fn records_outlive_the_process() {
        let folder = folder();
        let index = open(&folder, "1");
        index.put("a", b"k", b"of a");
        index.put("b", b"k", b"of b");
        index.put("a", b"k", b"of a, later");
        drop(index);
        let index = open(&folder, "1");
        assert_eq!(index.get("a", b"k"), Some(b"of a, later".to_vec()));
        assert_eq!(index.get("b", b"k"), Some(b"of b".to_vec()));
        assert_eq!(index.get("a", b""), None);
    }

    #[test]
    fn records_of_another_version_are_dropped_and_made_anew() {
        let folder = folder();
        let index = open(&folder, "1");
        index.put("a", b"k", b"old");
        drop(index);
        let index = open(&folder, "2");
        assert_eq!(index.get("a", b"k"), None);
        index.finish();
        assert_eq!(index.database.get(&of_kind("a", b"k")), None, "it is removed");
        index.put("a", b"k", b"new");
        index.finish();
        assert_eq!(index.get("a", b"k"), Some(b"new".to_vec()));
    }

    #[test]
    fn a_damaged_record_is_dropped() {
        let index = open(&folder(), "1");
        let key = of_kind("a", b"k");
        let mut record = sealed::seal("1", &key, b"content");
        *record.last_mut().unwrap() ^= 1;
        index.database.apply(&[Change::Put { key: key.clone(), record }], today());
        assert_eq!(index.get("a", b"k"), None);
        index.finish();
        assert_eq!(index.database.get(&key), None, "it is removed");
    }

    #[test]
    fn what_nobody_uses_is_removed() {
        let folder = folder();
        let index = open(&folder, "1");
        // What is unused is removed when an index is opened.
        index.finish();
        let key = |name: &[u8]| of_kind("a", name);
        let put = |name: &[u8]| Change::Put { key: key(name), record: sealed::seal("1", &key(name), name) };
        index.database.apply(&[put(b"used"), put(b"unused")], today() - KEPT_DAYS - 1);
        index.database.apply(&[put(b"young")], today() - KEPT_DAYS + 1);
        assert!(index.get("a", b"used").is_some());
        drop(index);
        let index = open(&folder, "1");
        index.finish();
        assert_eq!(index.get("a", b"used"), Some(b"used".to_vec()));
        assert_eq!(index.get("a", b"unused"), None);
        assert_eq!(index.get("a", b"young"), Some(b"young".to_vec()));
    }

    #[test]
    fn a_generation_is_forgotten_as_a_whole() {
        let index = open(&folder(), "1");
        let [one, other] = [1, 2].map(|n| Records::of(Arc::clone(&index), [n; 32]));
        one.put("chunks", b"v", b"1");
        one.put("hdf5", b"", b"2");
        other.put("hdf5", b"", b"3");
        index.put("hdf5", &[1; 32], b"4");
        index.forget(&[1; 32]);
        index.finish();
        assert_eq!((one.get("chunks", b"v"), one.get("hdf5", b"")), (None, None));
        assert_eq!(other.get("hdf5", b""), Some(b"3".to_vec()));
        assert_eq!(index.get("hdf5", &[1; 32]), Some(b"4".to_vec()));
    }
}
