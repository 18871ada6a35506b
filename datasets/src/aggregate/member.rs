//! Members: datasets that an aggregation is made of, opened when they are touched, and only as they were when validated.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::read::threads;
use crate::{Dataset, Error, ErrorKind, Opener, Place};

/// A member as it was validated.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name, for messages.
    pub name: String,
    /// Where it lies.
    pub place: Place,
    /// Its generation when it was validated.
    pub generation: String,
}

impl Member {
    /// The bytes of memory that it takes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let place = match &self.place {
            Place::File { path, .. } | Place::Folder { path, .. } | Place::NcMl { path, .. } => {
                path.as_os_str().len()
            }
            Place::Object { .. } | Place::Prefix { .. } | Place::Made(_) | Place::Provided(_) => 256,
        };
        let texts = self.name.len().saturating_add(self.generation.len()).saturating_add(place);
        texts.saturating_add(size_of::<Self>()) as u64
    }
}

/// What opens members, and notes which of them have changed.
#[derive(Clone)]
pub struct Members {
    /// Opens them; those that were used last stay open.
    pub opener: Opener,
    /// The touched members that are others than those that were validated.
    pub changed: Arc<Changed>,
}

/// Names of members that were found changed when they were touched.
#[derive(Debug, Default)]
pub struct Changed(Mutex<BTreeSet<String>>);

impl Changed {
    /// Whether there are any.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.names().is_empty()
    }

    /// The names, which are forgotten here.
    #[must_use]
    pub fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.names())
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Opens a member.
    ///
    /// # Errors
    /// `Unavailable` where it is not what was validated any more; it is validated again when the aggregation is opened next.
    pub fn open(&self, member: &Member) -> Result<Arc<Dataset>, Error> {
        match self.opener.open(&member.place) {
            Ok(dataset) if dataset.generation() == member.generation => Ok(dataset),
            Ok(_) => Err(self.other(member, "changed")),
            Err(e) if e.kind == ErrorKind::NotFound => Err(self.other(member, "is gone")),
            Err(e) if matches!(e.kind, ErrorKind::Busy | ErrorKind::Unavailable) => {
                Err(e.within(&member.name))
            }
            // It could be opened when it was validated.
            Err(_) => Err(self.other(member, "changed")),
        }
    }

    fn other(&self, member: &Member, what: &str) -> Error {
        self.changed.names().insert(member.name.clone());
        let name = &member.name;
        Error::unavailable(format!("{name} {what} since the aggregation was put together; ask again"))
    }
}

/// Threads that work on members at once, at most.
const MOST_THREADS: usize = 8;

/// Calls `f` for every item, on several threads, until one call fails.
///
/// These are no threads of the decoding pool: opening a member may wait for another thread that opens it, and that one may
/// need the pool. A thread of the pool does all the work itself: if all of them waited for others, those would wait for the
/// pool.
///
/// # Errors
/// The first error that was met.
pub fn on_threads<T: Send>(items: Vec<T>, f: impl Fn(T) -> Result<(), Error> + Sync) -> Result<(), Error> {
    threads::each(items, most_threads(), f).map(drop)
}

/// How many threads may work on members at once.
pub fn most_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if rayon::current_thread_index().is_some() { 1 } else { cores.min(MOST_THREADS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        let seen = Mutex::new(Vec::new());
        on_threads((1..=1000).collect(), |n: u64| {
            seen.lock().unwrap().push(n);
            Ok(())
        })
        .unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(1..=1000));
    }

    #[test]
    fn a_failure_ends_the_work() {
        let failed = on_threads((1..=100).collect(), |n: u64| match n {
            7 => Err(Error::corrupt("seven")),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().message, "seven");
    }
}
