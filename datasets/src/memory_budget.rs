//! The memory budget: one limit for everything that serving data takes, dealt out when the process starts.
//!
//! Caches have fixed shares, each one cache of the process and not one of each dataset ([`Share`]); the rest is for requests.
//!
//! A request reserves what it will need before its first byte is sent, and waits in line until that much is free. It gives all of it
//! back at its end. One that turns out to need more gives back first what it has, and then waits for as long as its client does.
//! So nobody who holds memory waits for more, requests cannot block each other for ever, and no response breaks off for lack of
//! memory.
//!
//! Open datasets that take more than their share, because requests use more of them than fit or a single one is that large, take
//! what is beyond from what requests may reserve.

mod shares;

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

pub use self::shares::{Deal, Share};
use crate::{Error, ErrorKind};

/// The budget where a site sets none.
pub const DEFAULT_BUDGET: u64 = 1 << 30;

/// The least budget that a server runs with.
pub const LEAST_BUDGET: u64 = 64 << 20;

/// How often somebody who waits looks whether that is still wanted.
const LOOKED_EVERY: Duration = Duration::from_millis(200);

/// Names a decoded chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CachedChunk {
    /// Which opening of which dataset.
    pub dataset: u64,
    /// Which of its variables.
    pub variable: u32,
    /// The chunk's number in row-major order.
    pub number: u64,
    /// Whether its elements are in big-endian order.
    pub big_endian: bool,
}

/// The memory that all requests share.
pub struct Memory {
    deal: Deal,
    /// What may be reserved: the budget without the shares of caches.
    limit: u64,
    line: Mutex<Line>,
    freed: Condvar,
    chunks: Cache<CachedChunk, Arc<[u8]>>,
    /// What the caches hold now.
    gauges: Mutex<Vec<Box<Gauge>>>,
    /// What all open datasets take, and what is known of those that are made of others.
    datasets: AtomicU64,
    /// Set when an open dataset takes more than it did.
    grown: AtomicBool,
    /// The most that was ever accounted for.
    peak: AtomicU64,
}

/// Says how many bytes a cache holds now.
type Gauge = dyn Fn() -> u64 + Send + Sync;

/// Who has memory, and who waits for it.
#[derive(Default)]
struct Line {
    reserved: u64,
    next_ticket: u64,
    waiting: VecDeque<u64>,
}

impl Memory {
    /// Memory of `budget` bytes.
    #[must_use]
    pub fn new(budget: u64) -> Arc<Self> {
        let deal = Deal::of(budget);
        // Which chunks are worth keeping is learnt from how often they are asked for.
        let weigh = |_: &CachedChunk, chunk: &Arc<[u8]>| weight(chunk.len() as u64);
        let chunks = Cache::builder().max_capacity(deal.share(Share::Chunks)).weigher(weigh).build();
        let gauge: Box<Gauge> = {
            let chunks = chunks.clone();
            Box::new(move || chunks.weighted_size())
        };
        Arc::new(Self {
            deal,
            limit: deal.requests(),
            line: Mutex::default(),
            freed: Condvar::new(),
            chunks,
            gauges: Mutex::new(vec![gauge]),
            datasets: AtomicU64::new(0),
            grown: AtomicBool::new(false),
            peak: AtomicU64::new(0),
        })
    }

    /// How the budget is dealt out.
    #[must_use]
    pub fn deal(&self) -> Deal {
        self.deal
    }

    /// What a cache may hold, in bytes.
    #[must_use]
    pub fn share(&self, share: Share) -> u64 {
        self.deal.share(share)
    }

    /// What is reserved now, in bytes.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        self.line().reserved
    }

    /// What all requests together may reserve, in bytes.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What is accounted for now: what requests reserved, what caches hold, and what open datasets take.
    #[must_use]
    pub fn accounted(&self) -> u64 {
        self.accounted_with(self.reserved())
    }

    /// The most that was accounted for at any time when a request reserved something.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    fn accounted_with(&self, reserved: u64) -> u64 {
        let gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = gauges.iter().map(|gauge| gauge()).fold(0, u64::saturating_add);
        reserved.saturating_add(cached).saturating_add(self.datasets.load(Ordering::Relaxed))
    }

    /// A cache of the whole process, of which what was not used for the longest time leaves first; `weigh` says how many bytes
    /// an entry takes.
    pub(crate) fn cache<K, V>(
        &self,
        share: Share,
        weigh: impl Fn(&K, &V) -> u64 + Send + Sync + 'static,
    ) -> Cache<K, V>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let cache = Cache::builder()
            .max_capacity(self.share(share))
            .weigher(move |key, value| weight(weigh(key, value)))
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let watched = cache.clone();
        let mut gauges = self.gauges.lock().unwrap_or_else(PoisonError::into_inner);
        gauges.push(Box::new(move || watched.weighted_size()));
        cache
    }

    /// Decoded chunks that are worth keeping.
    pub(crate) fn chunks(&self) -> &Cache<CachedChunk, Arc<[u8]>> {
        &self.chunks
    }

    /// Keeps a decoded chunk. What has to leave for it leaves at once: left alone, the cache makes room some time later.
    pub(crate) fn keep(&self, key: CachedChunk, chunk: Arc<[u8]>) {
        self.chunks.insert(key, chunk);
        self.chunks.run_pending_tasks();
    }

    /// Counts what an open dataset takes, or what is known of one that is made of others: `now` bytes, of which `before` were counted.
    pub(crate) fn count_dataset(&self, before: u64, now: u64) {
        match now.checked_sub(before) {
            Some(more) => self.datasets.fetch_add(more, Ordering::Relaxed),
            None => self.datasets.fetch_sub(before.saturating_sub(now), Ordering::Relaxed),
        };
        if now < before {
            self.freed.notify_all();
        }
    }

    /// Notes that an open dataset takes more than it did.
    pub(crate) fn note_growth(&self) {
        self.grown.store(true, Ordering::Relaxed);
    }

    /// Whether an open dataset took more since this was last asked.
    pub(crate) fn has_growth(&self) -> bool {
        self.grown.swap(false, Ordering::Relaxed)
    }

    /// What open datasets, and what is known of those that are made of others, take beyond their shares.
    fn beyond(&self) -> u64 {
        let shares = self.share(Share::Datasets).saturating_add(self.share(Share::Aggregations));
        self.datasets.load(Ordering::Relaxed).saturating_sub(shares)
    }

    /// Whether `bytes` more may be reserved. Who asks alone is not refused: those who use the datasets may all be waiting here.
    fn fits(&self, reserved: u64, bytes: u64) -> bool {
        let room = self.limit.saturating_sub(self.beyond());
        reserved == 0 || reserved.checked_add(bytes).is_some_and(|sum| sum <= room)
    }

    /// Reserves `bytes`, waiting in line for at most `patience`.
    ///
    /// # Errors
    /// `TooLarge` for more than there can ever be, `Busy` where it was not free in time.
    pub fn reserve(self: &Arc<Self>, bytes: u64, patience: Duration) -> Result<Reservation, Error> {
        self.reserve_unless(&|| false, bytes, patience)
    }

    /// As [`reserve`](Self::reserve), but leaves the line soon after `stopped` says so.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve); `Busy` where it was stopped.
    pub fn reserve_unless(
        self: &Arc<Self>,
        stopped: &dyn Fn() -> bool,
        bytes: u64,
        patience: Duration,
    ) -> Result<Reservation, Error> {
        if bytes > self.limit {
            let limit = self.limit;
            let message = format!(
                "{bytes} bytes of memory are needed at once, but this server has {limit} for all requests; ask for a smaller part, or let it have a larger memory_budget"
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let until = Instant::now().checked_add(patience);
        let mut line = self.line();
        let ticket = line.next_ticket;
        line.next_ticket = ticket.wrapping_add(1);
        line.waiting.push_back(ticket);
        loop {
            if self.fits(line.reserved, bytes) && line.waiting.front() == Some(&ticket) {
                line.waiting.pop_front();
                line.reserved = line.reserved.saturating_add(bytes);
                let reserved = line.reserved;
                drop(line);
                self.peak.fetch_max(self.accounted_with(reserved), Ordering::Relaxed);
                self.freed.notify_all();
                return Ok(Reservation { memory: Arc::clone(self), bytes });
            }
            let left = until.map_or(patience, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() || stopped() {
                line.waiting.retain(|&other| other != ticket);
                drop(line);
                self.freed.notify_all();
                let message = "all memory is in use by other requests; ask again in some seconds";
                return Err(Error::new(ErrorKind::Busy, message));
            }
            line = self
                .freed
                .wait_timeout(line, left.min(LOOKED_EVERY))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (budget, reserved) = (self.deal.budget(), self.reserved());
        f.debug_struct("Memory").field("budget", &budget).field("reserved", &reserved).finish_non_exhaustive()
    }
}

/// Memory that one request has; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    memory: Arc<Memory>,
    bytes: u64,
}

impl Reservation {
    /// How many bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut line = self.memory.line();
        line.reserved = line.reserved.saturating_sub(self.bytes);
        drop(line);
        self.memory.freed.notify_all();
    }
}

/// A weight as caches count it.
fn weight(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const BUDGET: u64 = 512;
    const LIMIT: u64 = 384;

    #[test]
    fn what_is_reserved_is_given_back() {
        let memory = Memory::new(BUDGET);
        let first = memory.reserve(284, NOW).unwrap();
        assert_eq!(memory.reserve(101, NOW).unwrap_err().kind, ErrorKind::Busy);
        let second = memory.reserve(100, NOW).unwrap();
        assert_eq!((memory.reserved(), first.bytes()), (LIMIT, 284));
        drop(first);
        assert_eq!(memory.reserved(), 100);
        drop(second);
        assert_eq!(memory.reserve(LIMIT + 1, NOW).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(memory.reserve(u64::MAX, NOW).unwrap_err().kind, ErrorKind::TooLarge);
        memory.reserve(LIMIT, NOW).unwrap();
        assert_eq!((memory.accounted(), memory.peak()), (0, LIMIT));
    }

    #[test]
    fn datasets_beyond_their_share_take_from_requests() {
        let memory = Memory::new(BUDGET);
        let shares = memory.share(Share::Datasets) + memory.share(Share::Aggregations);
        memory.count_dataset(0, shares);
        let one = memory.reserve(LIMIT - 50, NOW).unwrap();
        memory.reserve(50, NOW).unwrap();
        memory.count_dataset(shares, shares + 20);
        assert_eq!(memory.reserve(31, NOW).unwrap_err().kind, ErrorKind::Busy);
        memory.reserve(30, NOW).unwrap();
        drop(one);
        memory.count_dataset(shares + 20, BUDGET);
        memory.reserve(LIMIT, NOW).unwrap();
        let alone = memory.reserve(1, NOW).unwrap();
        assert_eq!(memory.reserve(1, NOW).unwrap_err().kind, ErrorKind::Busy);
        drop(alone);
        memory.count_dataset(BUDGET, 0);
        assert_eq!(memory.accounted(), 0);
    }

    #[test]
    fn chunks_that_do_not_fit_leave_at_once() {
        let memory = Memory::new(64 << 20);
        for number in 0..200 {
            let key = CachedChunk { dataset: 1, variable: 2, number, big_endian: false };
            memory.keep(key, vec![1; 1 << 20].into());
            assert!(memory.accounted() <= memory.share(Share::Chunks));
        }
        assert!(memory.accounted() > 0);
    }

    #[test]
    fn who_waits_is_served_in_order() {
        let memory = Memory::new(BUDGET);
        let held = memory.reserve(LIMIT, NOW).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| memory.reserve(LIMIT, Duration::from_secs(60)).unwrap().bytes());
            while memory.line().waiting.is_empty() {
                std::thread::yield_now();
            }
            // A small one does not overtake the large one that waits.
            assert_eq!(memory.reserve(1, NOW).unwrap_err().kind, ErrorKind::Busy);
            drop(held);
            assert_eq!(waiting.join().unwrap(), LIMIT);
        });
        assert_eq!(memory.reserved(), 0);
    }
}
