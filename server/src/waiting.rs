//! Requests that wait until a dataset changes. They hold no thread: each dataset that somebody waits for is looked at now and
//! then by one task, for all who wait for it.
//!
//! What lies on network file systems and in object stores tells nobody when it changes, so datasets are looked at, the same way
//! everywhere. One that takes long to look at is looked at less often.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use weir_plugin_api::{Error, ErrorKind};

/// So many requests may wait at once.
pub const PLACES: usize = 1000;

/// So many datasets are looked at at once, each on a thread of its own as long as that takes.
const LOOKS: usize = 4;

/// A dataset that somebody waits for is looked at this often ...
const REST: Duration = Duration::from_millis(500);

/// ... or more seldom: for this many times as long as looking took, the quicker of the last two times, nobody looks again ...
const RESTS: u32 = 20;

/// ... but never more seldom than this.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Nobody waits longer than this, whatever a site allows.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What tells a dataset's generation by its id, on a blocking thread.
type Look = dyn Fn(&str) -> Result<String, Error> + Send + Sync;

/// Those who wait.
pub struct Waiting {
    look: Arc<Look>,
    longest: Duration,
    places: Arc<Semaphore>,
    looks: Semaphore,
    /// How often each dataset that is watched was seen to be another one; 0 until the first look.
    watched: Mutex<HashMap<String, watch::Sender<u64>>>,
    stopping: watch::Sender<bool>,
}

/// Why somebody does not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The dataset may have changed.
    Changed,
    /// The time that requests may wait is over.
    TimeOver,
    /// The server stops.
    Stopping,
}

/// The place of one who waits, which is free again when it is dropped.
pub struct Place {
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    until: tokio::time::Instant,
    _place: OwnedSemaphorePermit,
}

impl Waiting {
    /// Nobody waits yet. `look` tells a dataset's generation; requests wait for at most `longest`.
    pub fn new(look: Arc<Look>, longest: Duration) -> Self {
        Self {
            look,
            longest: longest.min(LONGEST),
            places: Arc::new(Semaphore::new(PLACES)),
            looks: Semaphore::new(LOOKS),
            watched: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Takes a place to wait for changes of the dataset called `id`. Once this returns the dataset was looked at, so every later
    /// change wakes; or the time is over, because looking takes so long.
    ///
    /// # Errors
    /// `Unavailable` where all places are taken, or the server stops.
    pub async fn begin(self: &Arc<Self>, id: &str) -> Result<Place, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_full| {
            let message = format!("{PLACES} requests wait for datasets to change already; come again later");
            Error::new(ErrorKind::Unavailable, message)
        })?;
        let until = tokio::time::Instant::now() + self.longest;
        let (changes, stopping) = (self.watch(id), self.stopping.subscribe());
        let mut place = Place { changes, stopping, until, _place: place };
        if !place.looked_at().await {
            return Err(stopped());
        }
        Ok(place)
    }

    /// How many requests wait.
    pub fn count(&self) -> usize {
        PLACES.saturating_sub(self.places.available_permits())
    }

    /// Wakes everybody, now and from now on.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes of a dataset, which is watched from now on if it was not.
    fn watch(self: &Arc<Self>, id: &str) -> watch::Receiver<u64> {
        let mut all = self.all();
        if let Some(changes) = all.get(id) {
            return changes.subscribe();
        }
        let (changes, receiver) = watch::channel(0);
        all.insert(id.to_owned(), changes.clone());
        tokio::spawn(Arc::clone(self).watching(id.to_owned(), changes));
        receiver
    }

    /// Looks at a dataset until nobody waits for it any more.
    async fn watching(self: Arc<Self>, id: String, changes: watch::Sender<u64>) {
        let mut seen = None;
        // A single look may be slow because the machine is busy with something else.
        let mut took = Duration::ZERO;
        loop {
            let since = Instant::now();
            let found = self.look_at(&id).await;
            let is_new = found.is_some() && found != seen;
            if is_new || *changes.borrow() == 0 {
                changes.send_modify(|count| *count = count.saturating_add(1));
            }
            seen = found.or(seen);
            let before = std::mem::replace(&mut took, since.elapsed());
            let rest = took.min(before).saturating_mul(RESTS).clamp(REST, LONGEST_REST);
            tokio::select! { () = tokio::time::sleep(rest) => {}, () = changes.closed() => {} }
            let mut all = self.all();
            // Whoever comes to wait does so under the lock.
            if changes.receiver_count() == 0 {
                all.remove(&id);
                return;
            }
        }
    }

    /// What is there now. A dataset that is gone is another one, too; one that cannot be looked at, perhaps because it is being
    /// written, may be the same.
    async fn look_at(&self, id: &str) -> Option<String> {
        let _look = self.looks.acquire().await.ok()?;
        let (look, id) = (Arc::clone(&self.look), id.to_owned());
        match tokio::task::spawn_blocking(move || look(&id)).await.ok()? {
            Ok(generation) => Some(generation),
            Err(error) if error.kind == ErrorKind::NotFound => Some(String::new()),
            Err(_) => None,
        }
    }
}

impl Place {
    /// Waits for the first look, or until the time is over; `false` where the server stops before.
    async fn looked_at(&mut self) -> bool {
        tokio::select! {
            // What is known already is not given up because the server stops at the same time: `woken` tells that next.
            biased;
            looked = self.changes.wait_for(|count| *count > 0) => looked.is_ok(),
            _ = self.stopping.wait_for(|stopping| *stopping) => false,
            () = tokio::time::sleep_until(self.until) => true,
        }
    }

    /// Waits until something happens that was not waited for before.
    pub async fn woken(&mut self) -> Woken {
        tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Woken::Stopping,
            changed = self.changes.changed() => if changed.is_ok() { Woken::Changed } else { Woken::Stopping },
            () = tokio::time::sleep_until(self.until) => Woken::TimeOver,
        }
    }
}

/// That the server stops.
pub fn stopped() -> Error {
    Error::new(ErrorKind::Unavailable, "the server stops; come again later")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// What is looked at: a number, how often it was looked at, and whether looking fails.
    #[derive(Default)]
    struct Seen {
        number: AtomicU64,
        looks: AtomicU64,
        fails: AtomicU64,
    }

    fn waiting(longest: Duration) -> (Arc<Waiting>, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        let inside = Arc::clone(&seen);
        let look = move |id: &str| {
            inside.looks.fetch_add(1, Ordering::SeqCst);
            match inside.fails.load(Ordering::SeqCst) {
                0 => Ok(format!("{id} {}", inside.number.load(Ordering::SeqCst))),
                1 => Err(Error::new(ErrorKind::Corrupt, "half of it is there")),
                _ => Err(Error::not_found("it is gone")),
            }
        };
        (Arc::new(Waiting::new(Arc::new(look), longest)), seen)
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.unwrap().block_on(test);
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_change_wakes_all_who_wait_for_it() {
        run(async {
            let (waiting, seen) = waiting(LONG);
            let mut first = waiting.begin("d").await.unwrap();
            let mut second = waiting.begin("d").await.unwrap();
            assert_eq!(waiting.all().len(), 1);
            seen.number.store(7, Ordering::SeqCst);
            assert_eq!((first.woken().await, second.woken().await), (Woken::Changed, Woken::Changed));
            // It cannot be looked at for a while, and is the same afterwards; then it is gone.
            seen.fails.store(1, Ordering::SeqCst);
            let looks = seen.looks.load(Ordering::SeqCst);
            while seen.looks.load(Ordering::SeqCst) < looks + 2 {
                tokio::task::yield_now().await;
            }
            assert!(!first.changes.has_changed().unwrap());
            seen.fails.store(2, Ordering::SeqCst);
            assert_eq!(first.woken().await, Woken::Changed);
        });
    }

    #[test]
    fn nobody_looks_where_nobody_waits() {
        run(async {
            let (waiting, seen) = waiting(LONG);
            let place = waiting.begin("d").await.unwrap();
            drop(place);
            while !waiting.all().is_empty() {
                tokio::task::yield_now().await;
            }
            let looks = seen.looks.load(Ordering::SeqCst);
            drop(waiting.begin("e").await.unwrap());
            assert_eq!(seen.looks.load(Ordering::SeqCst), looks + 1, "only the other one was looked at");
        });
    }

    #[test]
    fn waiting_ends_in_time_and_when_the_server_stops() {
        run(async {
            let (short, _) = waiting(Duration::from_millis(20));
            assert_eq!(short.begin("d").await.unwrap().woken().await, Woken::TimeOver);
            let (waiting, _) = waiting(LONG);
            let mut place = waiting.begin("d").await.unwrap();
            waiting.stop();
            assert_eq!(place.woken().await, Woken::Stopping);
            let late = waiting.begin("d").await.unwrap().woken().await;
            assert_eq!(late, Woken::Stopping);
        });
    }

    #[test]
    fn a_look_that_hangs_keeps_nobody_waiting_longer() {
        run(async {
            let (answer, question) = std::sync::mpsc::channel::<()>();
            let question = Mutex::new(question);
            let look = move |_: &str| {
                let _hung_up = question.lock().unwrap().recv();
                Ok("d".to_owned())
            };
            let waiting = Arc::new(Waiting::new(Arc::new(look), Duration::from_millis(20)));
            let mut place = waiting.begin("d").await.unwrap();
            assert_eq!(place.woken().await, Woken::TimeOver);
            drop(answer);
        });
    }

    #[test]
    fn places_are_limited_and_come_back() {
        run(async {
            let (waiting, _) = waiting(LONG);
            let mut places = Vec::new();
            for _ in 0..PLACES {
                places.push(waiting.begin("d").await.unwrap());
            }
            let full = waiting.begin("d").await.err().unwrap();
            assert_eq!(full.kind, ErrorKind::Unavailable);
            assert!(full.message.starts_with("1000 requests wait"), "{full}");
            places.pop();
            assert!(waiting.begin("d").await.is_ok());
        });
    }
}
