//! The memory that all computations of this plugin share: each reserves what it will take before it takes it, and waits in line
//! until that much is free.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use weir_plugin_api::{Error, ErrorKind};

use crate::watch::Watch;

/// How often somebody who waits looks whether that is still wanted.
const LOOKED_EVERY: Duration = Duration::from_millis(100);

/// Memory for computations.
pub struct Room {
    most: u64,
    patience: Duration,
    line: Mutex<Line>,
    freed: Condvar,
}

#[derive(Default)]
struct Line {
    held: u64,
    next_ticket: u64,
    waiting: VecDeque<u64>,
}

/// Memory that was reserved; it is given back when this goes.
pub struct Held {
    room: Arc<Room>,
    bytes: u64,
}

impl Room {
    /// Room for `most` bytes, for which who wants some waits for at most `patience`.
    #[must_use]
    pub fn new(most: u64, patience: Duration) -> Arc<Self> {
        Arc::new(Self { most, patience, line: Mutex::default(), freed: Condvar::new() })
    }

    /// How many bytes there are.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves `bytes`, in the order in which they were asked for, so that who wants much is not passed over for ever.
    ///
    /// # Errors
    /// `TooLarge` for more than there can ever be, `Unavailable` where it was not free in time, `Cancelled` for a client that has gone.
    pub fn reserve(self: &Arc<Self>, bytes: u64, watch: &Watch<'_>) -> Result<Held, Error> {
        if bytes > self.most {
            let most = self.most;
            return Err(Error::too_large(format!(
                "the result takes {bytes} bytes while it is made, but the limit is {most}; select less of it, or make fewer groups"
            )));
        }
        let mut line = self.line();
        let ticket = line.next_ticket;
        line.next_ticket = ticket.saturating_add(1);
        line.waiting.push_back(ticket);
        let begun = Instant::now();
        let outcome = loop {
            let is_first = line.waiting.front() == Some(&ticket);
            let after = line.held.saturating_add(bytes);
            if is_first && after <= self.most {
                line.held = after;
                break Ok(Held { room: Arc::clone(self), bytes });
            }
            if begun.elapsed() >= self.patience {
                break Err(Error::new(
                    ErrorKind::Unavailable,
                    "other computations have all the memory for results, and did not end in time; come again later",
                ));
            }
            line = self.freed.wait_timeout(line, LOOKED_EVERY).unwrap_or_else(PoisonError::into_inner).0;
            if let Err(gone) = watch.check() {
                break Err(gone);
            }
        };
        line.waiting.retain(|other| *other != ticket);
        drop(line);
        // Who is next may fit beside this one, or in the place of one that left.
        self.freed.notify_all();
        outcome
    }
}

impl Held {
    /// How many bytes were reserved.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes over what another one has of the same room.
    pub fn join(&mut self, mut other: Self) {
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }

    /// Gives back all but `bytes`.
    pub fn shrink(&mut self, bytes: u64) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes = self.bytes.saturating_sub(less);
        self.room.give_back(less);
    }
}

impl Room {
    fn give_back(&self, bytes: u64) {
        let mut line = self.line();
        line.held = line.held.saturating_sub(bytes);
        drop(line);
        self.freed.notify_all();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::watch::Progress;

    #[test]
    fn no_more_is_held_than_there_is() {
        let room = Room::new(100, Duration::from_secs(60));
        let (now, peak) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for number in 0..50_u64 {
                let (room, now, peak) = (&room, &now, &peak);
                scope.spawn(move || {
                    let bytes = 1 + number * 7 % 60;
                    let mut held = room.reserve(bytes, &Watch::nobody()).unwrap();
                    peak.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(bytes / 2, Ordering::SeqCst);
                    held.shrink(bytes - bytes / 2);
                    now.fetch_sub(bytes - bytes / 2, Ordering::SeqCst);
                });
            }
        });
        let peak = peak.load(Ordering::SeqCst);
        assert!((60..=100).contains(&peak), "{peak}");
        let line = room.line();
        assert_eq!((line.held, line.waiting.len()), (0, 0));
    }

    #[test]
    fn who_cannot_have_it_is_told_why() {
        let room = Room::new(100, Duration::ZERO);
        let held = room.reserve(80, &Watch::nobody()).unwrap();
        let kind = |bytes, watch: &Watch<'_>| room.reserve(bytes, watch).err().unwrap().kind;
        assert_eq!(kind(101, &Watch::nobody()), ErrorKind::TooLarge);
        assert_eq!(kind(21, &Watch::nobody()), ErrorKind::Unavailable);
        drop(held);
        let _held = room.reserve(100, &Watch::nobody()).unwrap();
        let patient = Room::new(100, Duration::from_secs(60));
        let _held = patient.reserve(100, &Watch::nobody()).unwrap();
        let progress = Progress::new();
        let gone = Watch { is_stopped: &|| true, progress: &progress, cell_bytes: 1 };
        assert_eq!(patient.reserve(1, &gone).err().unwrap().kind, ErrorKind::Cancelled);
        assert!(patient.line().waiting.is_empty());
    }
}
