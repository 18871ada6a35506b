//! Computations under way: who asks for the same at the same time, in whatever format, shares one; and anybody may ask how far it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use weir_plugin_api::{Error, ErrorKind};

use crate::result::Outcome;
use crate::room::Held;
use crate::watch::Progress;

/// How often somebody who waits looks whether its client still does.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// A result, and the memory that is reserved for it.
pub struct Made {
    /// The result.
    pub outcome: Outcome,
    /// Whether the next who asks gets the same digits.
    pub repeats: Repeats,
    /// Given back when nobody needs the result any more.
    _held: Held,
}

/// Whether a result is the same to the last bit when it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// It is.
    Exactly,
    /// Its last digits may be others.
    Nearly,
}

impl Made {
    /// A result in memory that was reserved for it.
    #[must_use]
    pub fn new((outcome, repeats): (Outcome, Repeats), held: Held) -> Self {
        Self { outcome, repeats, _held: held }
    }
}

/// Computations under way, by what they are of.
#[derive(Default)]
pub struct Computations(Mutex<BTreeMap<String, Arc<Computation>>>);

/// A computation under way.
pub struct Computation {
    begun: Instant,
    progress: Progress,
    landed: Mutex<Option<Landing>>,
    changed: Condvar,
}

/// What came of a computation.
#[derive(Clone)]
enum Landing {
    /// A result or a refusal, which is that of all who wait.
    Shared(Result<Arc<Made>, Error>),
    /// It was given up, because the client for whom it was made has gone.
    GivenUp,
}

/// How far a computation is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Blocks that are read and added up.
    pub done: u64,
    /// All blocks, as far as they are planned.
    pub planned: u64,
    /// For how long it has been under way.
    pub lasts: Duration,
}

/// The right to compute. Giving it up ends the waiting.
struct Seat<'c> {
    computations: &'c Computations,
    key: &'c str,
    computation: Arc<Computation>,
    landing: Landing,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.computations.all().remove(self.key);
        let landing = std::mem::replace(&mut self.landing, Landing::GivenUp);
        *self.computation.landed.lock().unwrap_or_else(PoisonError::into_inner) = Some(landing);
        self.computation.changed.notify_all();
    }
}

impl Computations {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Computation>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of `compute`, or of somebody else's who computes the same now.
    ///
    /// # Errors
    /// Those of `compute`; `Cancelled` where `is_stopped` says so while somebody else computes.
    pub fn made(
        &self,
        key: &str,
        is_stopped: &dyn Fn() -> bool,
        compute: &dyn Fn(&Progress) -> Result<Made, Error>,
    ) -> Result<Arc<Made>, Error> {
        loop {
            let mut all = self.all();
            if let Some(other) = all.get(key).cloned() {
                drop(all);
                match other.wait(is_stopped)? {
                    Landing::Shared(result) => return result,
                    Landing::GivenUp => continue,
                }
            }
            let computation = Arc::new(Computation {
                begun: Instant::now(),
                progress: Progress::new(),
                landed: Mutex::new(None),
                changed: Condvar::new(),
            });
            all.insert(key.to_owned(), Arc::clone(&computation));
            drop(all);
            let mut seat = Seat {
                computations: self,
                key,
                computation: Arc::clone(&computation),
                landing: Landing::GivenUp,
            };
            let result = compute(&computation.progress).map(Arc::new);
            if !matches!(&result, Err(error) if error.kind == ErrorKind::Cancelled) {
                seat.landing = Landing::Shared(result.clone());
            }
            return result;
        }
    }

    /// How far a computation is; `None` where it is not under way.
    pub fn state(&self, key: &str) -> Option<State> {
        let computation = self.all().get(key).cloned()?;
        let (done, planned) = computation.progress.now();
        Some(State { done, planned, lasts: computation.begun.elapsed() })
    }
}

impl Computation {
    fn wait(&self, is_stopped: &dyn Fn() -> bool) -> Result<Landing, Error> {
        let mut landed = self.landed.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(landing) = landed.as_ref() {
                return Ok(landing.clone());
            }
            if is_stopped() {
                return Err(Error::new(
                    ErrorKind::Cancelled,
                    "the request was cancelled or its time is over",
                ));
            }
            landed =
                self.changed.wait_timeout(landed, LOOKED_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::values::Values;
    use crate::room::Room;
    use crate::watch::Watch;

    fn made() -> Result<Made, Error> {
        let room = Room::new(8, Duration::ZERO);
        let held = room.reserve(8, &Watch::nobody())?;
        let outcome = Outcome {
            name: "v".into(),
            dimensions: vec![],
            attributes: vec![],
            values: Values::Float64(vec![1.0]).into(),
            coordinates: vec![],
        };
        Ok(Made::new((outcome, Repeats::Exactly), held))
    }

    #[test]
    fn who_asks_for_the_same_shares_it() {
        let (computations, times, all_there) =
            (Computations::default(), AtomicUsize::new(0), Barrier::new(2));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                computations.made("k", &|| false, &|progress| {
                    progress.plan(3);
                    progress.step();
                    all_there.wait();
                    all_there.wait();
                    times.fetch_add(1, Ordering::SeqCst);
                    made()
                })
            });
            all_there.wait();
            let state = computations.state("k").unwrap();
            assert_eq!((state.done, state.planned), (1, 3));
            let again = || {
                computations.made("k", &|| false, &|_| {
                    times.fetch_add(1, Ordering::SeqCst);
                    made()
                })
            };
            let others: Vec<_> = (0..5).map(|_| scope.spawn(again)).collect();
            // Who waits for somebody else leaves when its client does.
            let gone = computations.made("k", &|| true, &|_| made());
            assert_eq!(gone.err().unwrap().kind, ErrorKind::Cancelled);
            // All hold the computation: the table, its maker, this, and five who wait.
            let computation = computations.all().get("k").cloned().unwrap();
            while Arc::strong_count(&computation) < 3 + 1 + 5 {
                std::thread::yield_now();
            }
            all_there.wait();
            let first = first.join().unwrap().unwrap();
            for other in others {
                assert!(Arc::ptr_eq(&first, &other.join().unwrap().unwrap()));
            }
        });
        assert_eq!(times.load(Ordering::SeqCst), 1);
        assert!(computations.state("k").is_none());
    }

    #[test]
    fn what_one_gives_up_another_makes() {
        let (computations, there) = (Computations::default(), Barrier::new(2));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                computations.made("k", &|| false, &|_| {
                    there.wait();
                    let computation = computations.all().get("k").cloned().unwrap();
                    while Arc::strong_count(&computation) < 5 {
                        std::thread::yield_now();
                    }
                    Err(Error::new(ErrorKind::Cancelled, "gone"))
                })
            });
            there.wait();
            let second = computations.made("k", &|| false, &|_| made());
            assert_eq!(second.unwrap().outcome.name, "v");
            assert_eq!(first.join().unwrap().err().unwrap().kind, ErrorKind::Cancelled);
        });
        let refused = computations.made("k", &|| false, &|_| Err(Error::bad_request("no")));
        assert_eq!(refused.err().unwrap().message, "no");
    }
}
