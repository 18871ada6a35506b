//! Generations: what files are, so that two states of one are told apart.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

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

    /// When the file was changed, if it was after 1969.
    pub(crate) fn times(&self) -> Option<Times> {
        let at = |ns: i128| {
            let nanoseconds = u64::try_from(ns).ok()?;
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds))
        };
        Some(Times { modified: at(self.modified_ns)?, changed: at(self.changed_ns)? })
    }

    /// What the index knows the generation by: the same for the same generation only.
    #[must_use]
    pub fn key(&self) -> [u8; 32] {
        let Self { device, inode, size, modified_ns, changed_ns } = self;
        let mut hash = Sha256::new_with_prefix(b"file");
        [device, inode, size].iter().for_each(|n| hash.update(n.to_le_bytes()));
        [modified_ns, changed_ns].iter().for_each(|n| hash.update(n.to_le_bytes()));
        hash.finalize().into()
    }

    /// How long to wait from `now` on until the file was left alone for `settling`; zero where it was. Writes before that may
    /// leave no trace in its times.
    #[must_use]
    pub fn settles_in(&self, now: SystemTime, settling: Duration) -> Duration {
        let wide = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let settled = self.modified_ns.max(self.changed_ns).saturating_add(wide(settling));
        Duration::from_nanos(u64::try_from(settled.saturating_sub(wide(now)).max(0)).unwrap_or(u64::MAX))
    }

    /// Whether the bytes are the same. A file that was only renamed or unlinked since (which moves its change time) still
    /// has the bytes that it had.
    #[must_use]
    pub fn same_bytes(&self, other: &Self) -> bool {
        (self.device, self.inode, self.size, self.modified_ns)
            == (other.device, other.inode, other.size, other.modified_ns)
    }
}

/// When a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When its bytes were changed, as it says itself: whoever copies or restores a file may set this.
    pub modified: SystemTime,
    /// When anything of it was changed, or the same where that is not known. Nobody can set this.
    pub changed: SystemTime,
}

/// A short text that changes with the generation, and tells nothing of the file system.
impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = Sha256::digest(format!("{self:?}"));
        hash.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_settle_after_their_last_change() {
        let of = |modified: i128, changed: i128| Generation {
            device: 1,
            inode: 2,
            size: 3,
            modified_ns: modified * 1_000_000_000,
            changed_ns: changed * 1_000_000_000,
        };
        let check = |generation: Generation, now: u64, expected: u64| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            let left = generation.settles_in(now, Duration::from_secs(2));
            assert_eq!(left, Duration::from_secs(expected), "{generation:?}");
        };
        check(of(100, 100), 100, 2);
        check(of(100, 100), 101, 1);
        check(of(100, 100), 102, 0);
        check(of(100, 105), 106, 1);
        check(of(105, 100), 106, 1);
        check(of(100, 200), 150, 52);
        check(of(-100, -100), 0, 0);
    }

    #[test]
    fn every_part_of_a_generation_is_part_of_its_key() {
        let of = |n: [u64; 5]| Generation {
            device: n[0],
            inode: n[1],
            size: n[2],
            modified_ns: n[3].into(),
            changed_ns: n[4].into(),
        };
        let keys: std::collections::HashSet<_> = (0..5)
            .map(|changed| of(std::array::from_fn(|n| if n == changed { 7 } else { 1 })).key())
            .chain([of([1; 5]).key(), of([1; 5]).key()])
            .collect();
        assert_eq!(keys.len(), 6);
    }
}
