//! Datasets that come and go while the server runs.
//!
//! The file system tells of files that appear in the folders that were looked through, and of those that go (inotify(7)); some tell
//! nothing, so all is looked through now and then, too. What was found replaces the catalog at one go; where
//! looking fails, the old one stays.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use weir_datasets::Catalog;

use crate::holdings::Holdings;
use crate::services::SiteServices;

/// Events that follow each other more quickly than this are looked into together.
const QUIET: Duration = Duration::from_millis(250);

/// Longer than this nobody waits for quiet.
const LONGEST_UNREST: Duration = Duration::from_secs(5);

/// Looking takes at most one part in this many of the time.
const REST: u32 = 10;

/// How many folders are watched; those beyond are looked through now and then.
const MOST_FOLDERS: usize = 65_536;

/// How many files are remembered that appeared and were perhaps not yet written to their end.
const MOST_NEW: usize = 10_000;

/// A new dataset that cannot be opened may still be written; after this time it is told of.
const DOUBT: Duration = Duration::from_secs(5);

/// How many new datasets are opened at once, so that it is known whether they can be.
const MOST_TRIED: usize = 1000;

/// Watches from now on, on a thread of its own.
///
/// # Errors
/// Where there is no thread to be had.
pub fn start(
    holdings: Holdings,
    services: Arc<SiteServices>,
    rescan: Option<Duration>,
) -> std::io::Result<()> {
    let work = move || {
        let (sender, events) = channel();
        let watcher = notify::recommended_watcher(sender);
        let watcher =
            watcher.inspect_err(|e| tracing::warn!(reason = %e, "new files are not noticed at once")).ok();
        let watched = Watched { watcher, folders: HashSet::new(), complained: false };
        let (new, doubted) = (HashSet::new(), vec![]);
        Watch { holdings, services, rescan, events, watched, new, doubted }.run();
    };
    std::thread::Builder::new().name("weir-watch".to_owned()).spawn(work).map(drop)
}

struct Watch {
    holdings: Holdings,
    services: Arc<SiteServices>,
    rescan: Option<Duration>,
    events: Receiver<notify::Result<Event>>,
    watched: Watched,
    /// Files that appeared, until they are written to their end.
    new: HashSet<PathBuf>,
    /// New datasets that cannot be opened yet.
    doubted: Vec<String>,
}

/// The folders that the file system tells of.
struct Watched {
    watcher: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
    complained: bool,
}

impl Watch {
    fn run(mut self) {
        let mut goes_on = self.watched.follow(&self.services.catalog());
        // What came between the first scan and the first watch was not told of.
        let mut at_once = goes_on;
        loop {
            if !at_once && !self.wait() {
                return;
            }
            let since = Instant::now();
            goes_on = self.look();
            // A folder that is new may have got files before it was watched.
            at_once = goes_on;
            std::thread::sleep(since.elapsed().saturating_mul(REST).min(LONGEST_UNREST));
        }
    }

    /// Waits until there is something to look into, and then for quiet; `false` where nothing will ever come.
    fn wait(&mut self) -> bool {
        loop {
            let patience = if self.doubted.is_empty() { self.rescan } else { Some(DOUBT) };
            match self.next(patience) {
                Ok(true) => break,
                Ok(false) => {}
                Err(RecvTimeoutError::Timeout) if !self.doubted.is_empty() => self.doubt_no_more(),
                Err(RecvTimeoutError::Timeout) => return true,
                // There is no watcher; then time alone tells.
                Err(RecvTimeoutError::Disconnected) => match self.rescan {
                    Some(every) => {
                        std::thread::sleep(every);
                        return true;
                    }
                    None => return false,
                },
            }
        }
        let since = Instant::now();
        while since.elapsed() < LONGEST_UNREST && self.next(Some(QUIET)).is_ok() {}
        true
    }

    /// Whether the next event is worth looking into.
    fn next(&mut self, patience: Option<Duration>) -> Result<bool, RecvTimeoutError> {
        let event = match patience {
            Some(patience) => self.events.recv_timeout(patience)?,
            None => self.events.recv().map_err(|_over| RecvTimeoutError::Disconnected)?,
        };
        // An error says that events were lost.
        Ok(event.map_or(true, |event| self.matters(event)))
    }

    /// Whether datasets may have come or gone. That a known file was written to is for those who read it to notice.
    fn matters(&mut self, event: Event) -> bool {
        match event.kind {
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                if self.new.len() < MOST_NEW {
                    self.new.extend(event.paths);
                }
                true
            }
            EventKind::Remove(_) => true,
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                let full = self.new.len() >= MOST_NEW;
                event.paths.iter().fold(full, |matters, path| self.new.remove(path) || matters)
            }
            // Events were lost.
            _ => event.need_rescan(),
        }
    }

    /// Looks through everything; whether there are folders that were not watched before.
    fn look(&mut self) -> bool {
        let mut found = match self.holdings.find_again() {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(
                    reason = error.message,
                    "looking for data files failed; what was found before stays"
                );
                return false;
            }
        };
        let more = self.watched.follow(&found);
        let before = self.services.catalog();
        found.keep_present(&before);
        if !found.is_as(&before) {
            self.replace(&before, &found);
        }
        // What could not be opened may have been written to its end since.
        self.services.failing().ids().iter().for_each(|id| drop(self.services.dataset(id)));
        more
    }

    fn replace(&mut self, before: &Catalog, found: &Catalog) {
        let added: Vec<String> = found.ids().filter(|id| !before.has_found(id)).map(str::to_owned).collect();
        let removed = before.found_ids().filter(|id| !found.contains(id)).count();
        tracing::info!(datasets = found.len(), added = added.len(), removed, "datasets came or went");
        self.services.replace(found);
        // So that it is known at once which of them cannot be opened.
        let tried = added.into_iter().take(MOST_TRIED);
        let failing: Vec<String> = tried.filter(|id| self.services.dataset(id).is_err()).collect();
        self.doubted.extend(failing);
    }

    /// Tells of new datasets that still cannot be opened. It is no warning: who asks for them gets the reason, and `/health` names them.
    fn doubt_no_more(&mut self) {
        for id in std::mem::take(&mut self.doubted) {
            if self.services.catalog().contains(&id)
                && let Err(error) = self.services.dataset(&id)
            {
                tracing::info!(id, reason = error.message, "a new dataset cannot be opened");
            }
        }
    }
}

impl Watched {
    /// Watches the folders of a catalog, and no others; whether there are some that were not watched before.
    fn follow(&mut self, catalog: &Catalog) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let wanted: HashSet<&Path> =
            catalog.folders().iter().take(MOST_FOLDERS).map(PathBuf::as_path).collect();
        self.folders.retain(|folder| {
            let stays = wanted.contains(folder.as_path());
            if !stays {
                // One that is gone is watched no more already.
                let _gone = watcher.unwatch(folder);
            }
            stays
        });
        let mut more = false;
        for folder in wanted {
            if self.folders.contains(folder) {
                continue;
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => more = self.folders.insert(folder.to_owned()) || more,
                Err(error) if !self.complained => {
                    self.complained = true;
                    tracing::warn!(reason = %error, "new files are not noticed at once in every folder");
                }
                Err(_) => {}
            }
        }
        more
    }
}
