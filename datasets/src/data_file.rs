//! Files, of this machine and of others, that are read by position, and never past what they were when they were opened.

use std::fmt;
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::remote::RemoteFile;
use crate::{Error, ErrorKind, buffers};

/// What a file was when it was opened: if this is the same, its bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Generation {
    /// The generation that `metadata` tells of.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let ns = |s: i64, ns: i64| i128::from(s).saturating_mul(1_000_000_000).saturating_add(i128::from(ns));
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The generation of an object of another machine: which one it is, what its server says of its state, and its length.
    /// A digest of both stands where a file has its numbers.
    pub(crate) fn of_object(identity: &str, state: &str, size: u64) -> Self {
        let digest: [u8; 32] = Sha256::digest(format!("{}:{identity}{state}", identity.len())).into();
        let mut halves =
            digest.chunks(8).map(|bytes| bytes.iter().fold(0_u64, |n, &byte| n << 8 | u64::from(byte)));
        let mut next = || halves.next().unwrap_or(0);
        let (device, inode, modified_ns, changed_ns) =
            (next(), next(), i128::from(next()), i128::from(next()));
        Self { device, inode, size, modified_ns, changed_ns }
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the bytes are the same. A file that was only renamed or unlinked since (which moves its change time) still
    /// has the bytes that it had.
    #[must_use]
    pub fn same_bytes(&self, other: &Self) -> bool {
        (self.device, self.inode, self.size, self.modified_ns)
            == (other.device, other.inode, other.size, other.modified_ns)
    }
}

/// A short text that changes with the generation, and tells nothing of the file system.
impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = Sha256::digest(format!("{self:?}"));
        hash.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An open file, and what it was then.
#[derive(Debug)]
pub struct DataFile {
    medium: Medium,
    generation: Generation,
    failures: AtomicU64,
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
        let file = File::open(path).map_err(|e| io_error(&e, "cannot open the file"))?;
        let metadata = file.metadata().map_err(|e| io_error(&e, "cannot look at the file"))?;
        if !metadata.is_file() {
            return Err(Error::unsupported("not a regular file"));
        }
        let generation = Generation::of(&metadata);
        Ok(Self { medium: Medium::Local(file), generation, failures: AtomicU64::new(0) })
    }

    /// An object of another machine.
    pub(crate) fn remote(file: RemoteFile) -> Self {
        let generation = file.generation();
        Self { medium: Medium::Remote(file), generation, failures: AtomicU64::new(0) }
    }

    /// Whether reads ask another machine: many small ones then take long, and [`read_many`](Self::read_many) is much faster.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.medium, Medium::Remote(_))
    }

    /// A flag that is set once a read found an object of another machine changed.
    pub(crate) fn changed(&self) -> Option<Arc<AtomicBool>> {
        match &self.medium {
            Medium::Local(_) => None,
            Medium::Remote(file) => Some(file.changed()),
        }
    }

    /// What the file was when it was opened.
    #[must_use]
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Length of the file in bytes, when it was opened.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.generation.size
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
        let result = match &self.medium {
            Medium::Local(file) => {
                file.read_exact_at(out, offset).map_err(|e| io_error(&e, "cannot read the file"))
            }
            Medium::Remote(file) => file.read_exact_at(offset, out),
        };
        self.counted(result)
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

fn io_error(error: &std::io::Error, what: &str) -> Error {
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
