//! Files, of this machine and of others, that are read by position, and never past what they were when they were opened.

use std::fs::File;
use std::io::IoSliceMut;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::io::ReadWriteFlags;

use crate::generation::{Generation, Times};
use crate::index::{Index, Records};
use crate::mapped::Pages;
use crate::remote::RemoteFile;
use crate::remote::url::ObjectUrl;
use crate::{Error, ErrorKind, buffers, file_system};

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On this machine, at the path by which it was opened.
    Path(PathBuf),
    /// On another machine.
    Object {
        /// Where it was found.
        url: ObjectUrl,
        /// The URL under which anybody can read it; `None` where keys or a private network are needed.
        public: Option<String>,
    },
}

impl Location {
    /// The last part of its path.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Path(path) => path.file_name().and_then(|name| name.to_str()).map(str::to_owned),
            Self::Object { url, .. } => url.name(),
        }
    }
}

/// An open file, and what it was then.
#[derive(Debug)]
pub struct DataFile {
    medium: Medium,
    location: Location,
    generation: Generation,
    opened: SystemTime,
    reads: AtomicU64,
    failures: AtomicU64,
    records: Option<Records>,
    /// Its pages, as long as they are mapped.
    mapped: Mutex<Option<Arc<Pages>>>,
}

#[derive(Debug)]
enum Medium {
    Local(File),
    Remote(RemoteFile),
}

impl DataFile {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` where there is none, `Unavailable` where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // Looked at before it is opened, too: opening a pipe waits for a writer.
        let before = std::fs::metadata(path).map_err(|e| io_error(&e, "cannot look at the file"))?;
        if !before.is_file() {
            return Err(Error::unsupported("not a regular file"));
        }
        // Before the file's times are read: what is written from then on has later ones.
        let opened = SystemTime::now();
        let file = File::open(path).map_err(|e| io_error(&e, "cannot open the file"))?;
        let metadata = file.metadata().map_err(|e| io_error(&e, "cannot look at the file"))?;
        if !metadata.is_file() {
            return Err(Error::unsupported("not a regular file"));
        }
        let generation = Generation::of(&metadata);
        Ok(Self::new(Medium::Local(file), Location::Path(path.to_owned()), generation, opened))
    }

    fn new(medium: Medium, location: Location, generation: Generation, opened: SystemTime) -> Self {
        let (reads, failures) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            medium,
            location,
            generation,
            opened,
            reads,
            failures,
            records: None,
            mapped: Mutex::default(),
        }
    }

    /// An object of another machine.
    pub(crate) fn remote(file: RemoteFile, location: Location) -> Self {
        let generation = file.generation();
        Self::new(Medium::Remote(file), location, generation, SystemTime::now())
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// When the file was changed, before it was opened.
    #[must_use]
    pub fn times(&self) -> Option<Times> {
        match &self.medium {
            Medium::Local(_) => self.generation.times(),
            Medium::Remote(file) => file.modified().map(|time| Times { modified: time, changed: time }),
        }
    }

    /// Whether reads ask another machine: many small ones then take long, and [`read_many`](Self::read_many) is much faster.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.medium, Medium::Remote(_))
    }

    /// Whether looking at the file waits for no other machine.
    #[must_use]
    pub fn answers_at_once(&self) -> bool {
        match &self.medium {
            Medium::Local(file) => file_system::answers_at_once(file),
            Medium::Remote(_) => false,
        }
    }

    /// The file, where it is one of this machine.
    pub(crate) fn local(&self) -> Option<&File> {
        match &self.medium {
            Medium::Local(file) => Some(file),
            Medium::Remote(_) => None,
        }
    }

    /// Its pages, where they are mapped.
    pub(crate) fn mapped(&self) -> MutexGuard<'_, Option<Arc<Pages>>> {
        self.mapped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A flag that is set once a read found an object of another machine changed.
    pub(crate) fn changed(&self) -> Option<Arc<AtomicBool>> {
        match &self.medium {
            Medium::Local(_) => None,
            Medium::Remote(file) => Some(file.changed()),
        }
    }

    /// The same file, of which is kept in `index` what is learnt of it, and recalled what was. Nothing is kept of a file that
    /// was written just before it was opened.
    #[must_use]
    pub fn with_index(mut self, index: &Arc<Index>) -> Self {
        // What names a version of an object of another machine never names another one.
        let settled = self.is_remote() || self.generation.settles_in(self.opened, index.settling()).is_zero();
        self.records = settled.then(|| Records::of(Arc::clone(index), self.generation.key()));
        self
    }

    /// What the index keeps of this generation of the file, if anything may be kept of it.
    #[must_use]
    pub fn records(&self) -> Option<&Records> {
        self.records.as_ref()
    }

    /// What a record means, if there is one that means something.
    pub(crate) fn recall<T>(
        &self,
        kind: &str,
        name: &[u8],
        unpack: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        unpack(&self.records()?.get(kind, name)?)
    }

    /// Keeps a record of what was read of the file, if the file is what it was when it was opened.
    pub(crate) fn remember(&self, kind: &str, name: &[u8], pack: impl FnOnce() -> Vec<u8>) {
        let Some(records) = self.records() else { return };
        // Stricter than for those who read: a file may be written to and have its modification time set back.
        let same = match &self.medium {
            Medium::Local(file) => file.metadata().is_ok_and(|now| Generation::of(&now) == self.generation),
            Medium::Remote(file) => file.check_unchanged().is_ok(),
        };
        if same && self.failures.load(Ordering::Relaxed) == 0 {
            records.put(kind, name, &pack());
        }
    }

    /// How often bytes of the file were read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// What the file was when it was opened.
    #[must_use]
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Length of the file in bytes, when it was opened.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.generation.size()
    }

    /// Whether the file was empty when it was opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that nobody wrote to the file since it was opened. Called before and after each read, so that a reader never
    /// sees a mix of two generations. An object of another machine is not asked for: each read of it is of the generation
    /// that was opened, or fails.
    ///
    /// # Errors
    /// `Unavailable` where the file is not what it was.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        let file = match &self.medium {
            Medium::Local(file) => file,
            Medium::Remote(file) => return file.check_unchanged(),
        };
        let metadata = file.metadata().map_err(|e| io_error(&e, "cannot look at the file"))?;
        if self.generation.same_bytes(&Generation::of(&metadata)) {
            return Ok(());
        }
        Err(Error::unavailable("the file changed while it was read; ask again"))
    }

    /// Checks that a range lies inside the file.
    ///
    /// # Errors
    /// `Corrupt` where the file is too short, as a truncated file is.
    pub fn check_range(&self, offset: u64, length: u64) -> Result<(), Error> {
        match offset.checked_add(length) {
            Some(end) if end <= self.len() => Ok(()),
            _ => Err(Error::corrupt(format!(
                "the file is truncated: {length} bytes are needed at offset {offset}, but it has {} bytes",
                self.len()
            ))),
        }
    }

    /// Checks that the disk gave all that was asked for so far, and that nobody wrote meanwhile. Called when a file was
    /// opened: what its parsers left out must be damaged, not merely unread.
    ///
    /// # Errors
    /// `Unavailable` where it is not so.
    pub fn check_undisturbed(&self) -> Result<(), Error> {
        if self.failures.load(Ordering::Relaxed) > 0 {
            return Err(Error::unavailable("the file cannot be read now; ask again"));
        }
        self.check_unchanged()
    }

    /// Reads exactly `out.len()` bytes at `offset`.
    ///
    /// # Errors
    /// `Corrupt` where the file ends before, `Unavailable` where the disk or the server fails.
    pub fn read_exact_at(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.check_range(offset, out.len() as u64)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        let result = match &self.medium {
            Medium::Local(file) => {
                file.read_exact_at(out, offset).map_err(|e| io_error(&e, "cannot read the file"))
            }
            Medium::Remote(file) => file.read_exact_at(offset, out),
        };
        self.counted(result)
    }

    /// As [`read_exact_at`](Self::read_exact_at), if the bytes are in memory, so that reading waits for no disk; `false` where
    /// they are not, or cannot be read: then `out` holds anything.
    pub(crate) fn read_at_once(&self, offset: u64, out: &mut [u8]) -> bool {
        let Medium::Local(file) = &self.medium else { return false };
        if self.check_range(offset, out.len() as u64).is_err() {
            return false;
        }
        let wanted = out.len();
        let read = rustix::io::preadv2(file, &mut [IoSliceMut::new(out)], offset, ReadWriteFlags::NOWAIT);
        let whole = read.is_ok_and(|read| read == wanted);
        self.reads.fetch_add(u64::from(whole), Ordering::Relaxed);
        whole
    }

    /// Reads several ranges, given by offset and length, in the order in which they are given. Of an object of another
    /// machine, near ones are asked for together, and several at once.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_many(&self, ranges: &[(u64, u64)]) -> Result<Vec<Vec<u8>>, Error> {
        let Medium::Remote(file) = &self.medium else {
            return ranges.iter().map(|&(offset, length)| self.read_at(offset, length)).collect();
        };
        let buffers = ranges.iter().map(|&(offset, length)| self.buffer(offset, length));
        let mut out = buffers.collect::<Result<Vec<_>, Error>>()?;
        self.counted(file.read_many(ranges, &mut out))?;
        Ok(out)
    }

    fn counted(&self, result: Result<(), Error>) -> Result<(), Error> {
        result.inspect_err(|_| {
            self.failures.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// A buffer for a range that is inside.
    fn buffer(&self, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.check_range(offset, length)?;
        let length = usize::try_from(length);
        let length = length
            .map_err(|e| Error::new(ErrorKind::TooLarge, format!("a part of the file is too large: {e}")))?;
        Ok(buffers::take(length))
    }

    /// Reads `length` bytes at `offset`.
    ///
    /// # Errors
    /// As [`read_exact_at`](Self::read_exact_at); nothing is allocated before the range is known to be inside.
    pub fn read_at(&self, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let mut out = self.buffer(offset, length)?;
        self.read_exact_at(offset, &mut out)?;
        Ok(out)
    }
}

/// What an error of the system means; `what` says what it kept from being done.
pub(crate) fn io_error(error: &std::io::Error, what: &str) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn reads_stay_inside_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[1, 2, 3, 4]).unwrap();
        let data = DataFile::open(file.path()).unwrap();
        assert_eq!(data.read_at(1, 3).unwrap(), [2, 3, 4]);
        assert_eq!(data.read_at(2, 3).unwrap_err().kind, ErrorKind::Corrupt);
        assert_eq!(data.read_at(u64::MAX, 2).unwrap_err().kind, ErrorKind::Corrupt);
        assert_eq!(data.read_at(0, u64::MAX).unwrap_err().kind, ErrorKind::Corrupt);
        data.check_unchanged().unwrap();
        file.write_all(&[5]).unwrap();
        assert_eq!(data.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(DataFile::open(folder.path()).unwrap_err().kind, ErrorKind::Unsupported);
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(DataFile::open(&pipe).unwrap_err().kind, ErrorKind::Unsupported);
    }

    #[test]
    fn a_removed_file_keeps_its_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let data = DataFile::open(file.path()).unwrap();
        drop(file);
        data.check_unchanged().unwrap();
    }
}
