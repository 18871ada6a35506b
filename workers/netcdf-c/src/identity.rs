//! Which file a path or a descriptor leads to.

use std::fs::Metadata;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::answer::{Failure, Kind};
use crate::limits::MOST_DESCRIPTORS;

/// A file, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

impl Identity {
    /// Checks that the path leads to this file.
    ///
    /// # Errors
    /// `Unavailable` where it leads to another one, or nowhere.
    pub fn check_path(self, path: &Path) -> Result<(), Failure> {
        let metadata = std::fs::metadata(path).map_err(|_| moved())?;
        if !metadata.is_file() || Self::of(&metadata) != self {
            return Err(moved());
        }
        Ok(())
    }

    /// Checks that a descriptor of this process is this file: that it is the one that netCDF-C has opened.
    ///
    /// # Errors
    /// `Unavailable` where there is none.
    pub fn check_open(self) -> Result<(), Failure> {
        let descriptors = 3..RawFd::try_from(MOST_DESCRIPTORS).unwrap_or(RawFd::MAX);
        match descriptors.filter_map(Self::of_descriptor).any(|identity| identity == self) {
            true => Ok(()),
            false => Err(moved()),
        }
    }

    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    fn of_descriptor(descriptor: RawFd) -> Option<Self> {
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: `fstat` writes to `status`, which has room for what it writes; any number may be asked for.
        let done = unsafe { libc::fstat(descriptor, status.as_mut_ptr()) };
        // SAFETY: it is written where the call succeeded.
        (done == 0)
            .then(|| unsafe { status.assume_init() })
            .map(|s| Self { device: s.st_dev, inode: s.st_ino })
    }
}

fn moved() -> Failure {
    Failure::new(Kind::Unavailable, "another file is there now; ask again")
}
