//! The memory budget: one limit for everything that reading takes, shared by all requests.
//!
//! A request reserves what it will need before its first byte is sent, and waits in line until that much is free. It gives all of it
//! back at its end. One that turns out to need more gives back first what it has, and then waits for as long as its client does.
//! So nobody who holds memory waits for more, requests cannot block each other for ever, and no response breaks off for lack of
//! memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::{Error, ErrorKind};

/// The budget where a site sets none.
pub const DEFAULT_BUDGET: u64 = 1 << 30;

/// The part of the budget, one in so many, that decoded chunks may be kept in.
const CACHED_PART: u64 = 4;

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
    budget: u64,
    /// What may be reserved: the budget without the cache.
    limit: u64,
    line: Mutex<Line>,
    freed: Condvar,
    chunks: Cache<CachedChunk, Arc<[u8]>>,
}

/// Who has memory, and who waits for it.
#[derive(Default)]
struct Line {
    reserved: u64,
    next_ticket: u64,
    waiting: VecDeque<u64>,
}

impl Memory {
    /// Memory of `budget` bytes, a quarter of which is for decoded chunks.
    #[must_use]
    pub fn new(budget: u64) -> Arc<Self> {
        let cached = budget.checked_div(CACHED_PART).unwrap_or(0);
        let weight = |_: &CachedChunk, chunk: &Arc<[u8]>| u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        let chunks = Cache::builder().max_capacity(cached).weigher(weight).build();
        let (line, freed) = (Mutex::default(), Condvar::new());
        Arc::new(Self { budget, limit: budget.saturating_sub(cached), line, freed, chunks })
    }

    /// All of it, in bytes.
    #[must_use]
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// What is reserved now, in bytes.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        self.line().reserved
    }

    /// How many bytes of decoded chunks are kept at most.
    #[must_use]
    pub fn cached_bytes(&self) -> u64 {
        self.budget.saturating_sub(self.limit)
    }

    /// Decoded chunks that are worth keeping.
    pub(crate) fn chunks(&self) -> &Cache<CachedChunk, Arc<[u8]>> {
        &self.chunks
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
                "{bytes} bytes of memory are needed at once, but this server has {limit} for all requests; ask for a smaller part"
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let until = Instant::now().checked_add(patience);
        let mut line = self.line();
        let ticket = line.next_ticket;
        line.next_ticket = ticket.wrapping_add(1);
        line.waiting.push_back(ticket);
        loop {
            let fits = line.reserved.checked_add(bytes).is_some_and(|sum| sum <= self.limit);
            if fits && line.waiting.front() == Some(&ticket) {
                line.waiting.pop_front();
                line.reserved = line.reserved.saturating_add(bytes);
                drop(line);
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
        let (budget, reserved) = (self.budget, self.reserved());
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn what_is_reserved_is_given_back() {
        let memory = Memory::new(400);
        let first = memory.reserve(200, NOW).unwrap();
        assert_eq!(memory.reserve(101, NOW).unwrap_err().kind, ErrorKind::Busy);
        let second = memory.reserve(100, NOW).unwrap();
        assert_eq!((memory.reserved(), first.bytes()), (300, 200));
        drop(first);
        assert_eq!(memory.reserved(), 100);
        drop(second);
        assert_eq!(memory.reserve(301, NOW).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(memory.reserve(u64::MAX, NOW).unwrap_err().kind, ErrorKind::TooLarge);
        memory.reserve(300, NOW).unwrap();
    }

    #[test]
    fn who_waits_is_served_in_order() {
        let memory = Memory::new(400);
        let held = memory.reserve(300, NOW).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| memory.reserve(300, Duration::from_secs(60)).unwrap().bytes());
            while memory.line().waiting.is_empty() {
                std::thread::yield_now();
            }
            // A small one does not overtake the large one that waits.
            assert_eq!(memory.reserve(1, NOW).unwrap_err().kind, ErrorKind::Busy);
            drop(held);
            assert_eq!(waiting.join().unwrap(), 300);
        });
        assert_eq!(memory.reserved(), 0);
    }
}
