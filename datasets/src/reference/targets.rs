//! The files that references lead to: opened when they are needed, only where allowed, and each in one generation only.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::{Access, DataFile, Error, ErrorKind, Generation};

/// How many targets are kept open.
const MOST_OPEN: usize = 64;

/// The generations of so many targets are remembered.
const MOST_PINNED: usize = 1_000_000;

/// So many local targets of a document are looked at when it is opened, so that its generation tells of theirs.
const LOOKED_AT: usize = 1024;

/// The targets of a reference set.
#[derive(Debug)]
pub struct Targets {
    access: Access,
    /// Where relative targets begin.
    folder: PathBuf,
    known: Mutex<Known>,
    /// Set once a target changed while it was in use: what was read of it since is worth nothing.
    changed: AtomicBool,
    /// Keys of `pinned`: the targets themselves would take much memory.
    hashes: RandomState,
}

#[derive(Debug, Default)]
struct Known {
    open: HashMap<Arc<str>, Open>,
    /// Targets that had to make place while somebody still read them.
    leaving: Vec<Arc<DataFile>>,
    /// The generation in which each target was first opened.
    pinned: HashMap<u64, Generation>,
    uses: u64,
}

#[derive(Debug)]
struct Open {
    file: Arc<DataFile>,
    last_use: u64,
}

impl Targets {
    /// Targets that `access` allows; relative ones begin at `folder`.
    pub fn new(access: &Access, folder: &Path) -> Self {
        Self {
            access: access.clone(),
            folder: folder.to_owned(),
            known: Mutex::default(),
            changed: AtomicBool::new(false),
            hashes: RandomState::new(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pins the first local targets in the generation that they have now; what cannot be opened is left to those who ask.
    pub fn pin_local<'a>(&self, targets: impl Iterator<Item = &'a str>) {
        for target in targets.filter(|target| is_local(target)).take(LOOKED_AT) {
            if let Ok(file) = self.access.open(target, &self.folder) {
                self.known().pinned.insert(self.hashes.hash_one(target), *file.generation());
            }
        }
    }

    /// The bytes of memory that it takes.
    pub fn resident_bytes(&self) -> u64 {
        /// A hash, a generation, and their place.
        const PINNED: u64 = 128;
        /// An open file.
        const OPEN: u64 = 1024;
        let known = self.known();
        let open = known.open.len().saturating_add(known.leaving.len()) as u64;
        let pinned = known.pinned.len() as u64;
        pinned.saturating_mul(PINNED).saturating_add(open.saturating_mul(OPEN))
    }

    /// Text that changes with the generations of the targets that were pinned so far.
    pub fn generation(&self) -> String {
        let mut generations: Vec<_> = self.known().pinned.values().map(ToString::to_string).collect();
        generations.sort();
        let hash = Sha256::digest(generations.concat());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Opens a target, or hands out the open one.
    ///
    /// # Errors
    /// `Unavailable` where it is not there, may not be read (both look the same), or was replaced since it was first opened;
    /// `Unsupported` for a URL that cannot be followed, `Corrupt` for one that is none. Messages do not name it.
    pub fn open(&self, target: &Arc<str>) -> Result<Arc<DataFile>, Error> {
        if let Some(file) = self.known().used(target) {
            return Ok(file);
        }
        // Not under the lock: another machine may take its time.
        let file: Arc<DataFile> =
            Arc::new(self.access.open(target, &self.folder).map_err(|e| unreachable_target(&e))?);
        let mut known = self.known();
        if let Some(file) = known.used(target) {
            return Ok(file);
        }
        // One that was replaced before it was read: whoever opens the set anew gets what is there now.
        known
            .pin(self.hashes.hash_one(target.as_ref()), file.generation())
            .inspect_err(|_| self.changed.store(true, Ordering::Relaxed))?;
        known.make_place().inspect_err(|_| self.changed.store(true, Ordering::Relaxed))?;
        let last_use = known.uses;
        known.open.insert(Arc::clone(target), Open { file: Arc::clone(&file), last_use });
        Ok(file)
    }

    /// Checks that no target changed while it was in use.
    ///
    /// # Errors
    /// `Unavailable` where one did.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        let files = self.known().in_use();
        let checked = files.iter().try_for_each(|file| file.check_unchanged());
        let checked = checked.inspect_err(|_| self.changed.store(true, Ordering::Relaxed));
        match self.changed.load(Ordering::Relaxed) {
            false => checked,
            true => Err(replaced()),
        }
    }
}

impl Known {
    /// The open file of a target.
    fn used(&mut self, target: &str) -> Option<Arc<DataFile>> {
        self.uses = self.uses.saturating_add(1);
        let open = self.open.get_mut(target)?;
        open.last_use = self.uses;
        Some(Arc::clone(&open.file))
    }

    /// Remembers the first generation of a target, and refuses any other.
    fn pin(&mut self, target: u64, generation: &Generation) -> Result<(), Error> {
        if let Some(pinned) = self.pinned.get(&target) {
            return if pinned.same_bytes(generation) { Ok(()) } else { Err(replaced()) };
        }
        if self.pinned.len() >= MOST_PINNED {
            let message = format!("the reference set leads to more than {MOST_PINNED} files");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.pinned.insert(target, *generation);
        Ok(())
    }

    /// Closes what was not used for the longest time, once it is proven that it did not change meanwhile.
    fn make_place(&mut self) -> Result<(), Error> {
        while self.open.len() >= MOST_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, open)| open.last_use);
            let Some(oldest) = oldest.map(|(target, _)| Arc::clone(target)) else { return Ok(()) };
            if let Some(Open { file, .. }) = self.open.remove(&oldest) {
                self.leaving.push(file);
            }
        }
        // Those that only this list still holds are read by nobody any more: checked once more, they may go.
        let (held, free): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.leaving).into_iter().partition(|file| Arc::strong_count(file) > 1);
        self.leaving = held;
        free.iter().try_for_each(|file| file.check_unchanged())
    }

    fn in_use(&self) -> Vec<Arc<DataFile>> {
        let open = self.open.values().map(|open| &open.file);
        open.chain(&self.leaving).map(Arc::clone).collect()
    }
}

fn is_local(target: &str) -> bool {
    target.starts_with("file://") || !target.contains("://")
}

fn replaced() -> Error {
    Error::unavailable(
        "a file that the reference set leads to changed since it was first read; make the set anew",
    )
}

/// That a target is not found must never look as if the key were absent, which would mean fill values.
fn unreachable_target(error: &Error) -> Error {
    match error.kind {
        ErrorKind::NotFound => {
            Error::unavailable("the reference leads to a file that is not there or may not be read")
        }
        // Whoever asked for a key did not write its reference.
        ErrorKind::BadRequest => Error::corrupt(error.message.clone()),
        kind => Error::new(kind, error.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(count: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        (0..count).for_each(|n| std::fs::write(folder.path().join(n.to_string()), [n as u8; 8]).unwrap());
        folder
    }

    fn targets(folder: &tempfile::TempDir) -> Targets {
        Targets::new(&Access::to(&[folder.path().to_owned()]), folder.path())
    }

    fn open(targets: &Targets, number: usize) -> Result<Arc<DataFile>, Error> {
        targets.open(&Arc::from(number.to_string()))
    }

    #[test]
    fn few_targets_stay_open_and_all_keep_their_generation() {
        let folder = folder_of(3 * MOST_OPEN);
        let targets = targets(&folder);
        for number in 0..3 * MOST_OPEN {
            let bytes = open(&targets, number).unwrap().read_at(0, 8).unwrap();
            assert_eq!(bytes, [number as u8; 8]);
        }
        assert!(targets.known().open.len() <= MOST_OPEN && targets.known().leaving.len() <= 1);
        targets.check_unchanged().unwrap();
        // Target 0 is closed; a new file of its name is another one.
        std::fs::remove_file(folder.path().join("0")).unwrap();
        std::fs::write(folder.path().join("0"), [9; 8]).unwrap();
        assert_eq!(open(&targets, 0).unwrap_err().kind, ErrorKind::Unavailable);
        assert!(open(&targets, 1).is_ok());
    }

    #[test]
    fn a_target_that_changes_in_use_spoils_all_that_follows() {
        let folder = folder_of(2 * MOST_OPEN);
        let targets = targets(&folder);
        let held = open(&targets, 0).unwrap();
        (1..2 * MOST_OPEN).for_each(|number| drop(open(&targets, number).unwrap()));
        targets.check_unchanged().unwrap();
        std::fs::write(folder.path().join("0"), [7; 9]).unwrap();
        assert_eq!(targets.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
        drop(held);
        assert_eq!(targets.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
    }

    #[test]
    fn what_is_refused_looks_like_what_is_not_there() {
        let folder = folder_of(1);
        let outer = folder_of(1);
        let targets = targets(&folder);
        let missing = targets.open(&"none".into()).unwrap_err();
        let outside = outer.path().join("0");
        let paths = ["../0", "/etc/passwd", "file:///etc/passwd", ".", "", "\0", outside.to_str().unwrap()];
        for path in paths {
            assert_eq!(targets.open(&path.into()).unwrap_err(), missing, "{path:?}");
        }
        assert_eq!(missing.kind, ErrorKind::Unavailable);
    }

    #[test]
    fn the_generation_tells_of_local_targets() {
        let folder = folder_of(2);
        let generation = || {
            let targets = targets(&folder);
            targets.pin_local(["0", "https://host/x", "none", "1"].into_iter());
            targets.generation()
        };
        let before = generation();
        assert_eq!(before, generation());
        std::fs::write(folder.path().join("1"), [1; 9]).unwrap();
        assert_ne!(before, generation());
    }
}
