//! Buffers for stored chunks, used again: fresh memory for each chunk would cost the kernel more than reading it does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::codecs;

/// Buffers that nobody uses now.
static IDLE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Idle buffers beyond this many bytes are freed.
static MOST_IDLE_BYTES: AtomicUsize = AtomicUsize::new(8 << 20);

/// Says how many bytes of memory buffers and scratch that nobody uses may have, in this process: half of it each.
pub fn keep_idle(bytes: u64) {
    let half = usize::try_from(bytes >> 1).unwrap_or(usize::MAX);
    MOST_IDLE_BYTES.store(half, Ordering::Relaxed);
    codecs::keep_idle(half);
}

/// Smaller buffers are cheap to allocate, larger ones too much to keep.
const KEPT_BYTES: std::ops::RangeInclusive<usize> = 64 << 10..=4 << 20;

/// The chunks of a variable are of nearly the same length: a buffer of one must do for another.
const STEP: usize = 128 << 10;

/// A buffer of `length` bytes. What it holds is of no meaning: it is there to be written over, all of it.
#[must_use]
pub fn take(length: usize) -> Vec<u8> {
    if KEPT_BYTES.contains(&length) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        // What was used last is in the processor's caches still.
        if let Some(place) = idle.iter().rposition(|buffer| buffer.capacity() >= length) {
            let mut buffer = idle.swap_remove(place);
            drop(idle);
            // Only what the buffer grows by is cleared; clearing all would cost a tenth of serving a chunk.
            buffer.resize(length, 0);
            return buffer;
        }
        drop(idle);
        let mut buffer = Vec::with_capacity(length.next_multiple_of(STEP).min(*KEPT_BYTES.end()));
        buffer.resize(length, 0);
        return buffer;
    }
    vec![0; length]
}

/// Gives a buffer back.
pub fn give(buffer: Vec<u8>) {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let most = MOST_IDLE_BYTES.load(Ordering::Relaxed);
    let kept: usize = idle.iter().map(Vec::capacity).sum();
    if KEPT_BYTES.contains(&buffer.capacity()) && kept.saturating_add(buffer.capacity()) <= most {
        idle.push(buffer);
    }
}

/// Bytes whose buffer is given back when nobody needs them any more.
#[derive(Debug)]
pub struct Reused(Vec<u8>);

impl Reused {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Reused {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Reused {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_have_the_wanted_length() {
        for length in [100_000, 90_000, 100_000, 120_000, 10, 5 << 20, 0] {
            let buffer = take(length);
            assert_eq!(buffer.len(), length);
            drop(Reused::new(buffer));
        }
        let idle = IDLE.lock().unwrap();
        assert!(idle.iter().map(Vec::capacity).sum::<usize>() <= MOST_IDLE_BYTES.load(Ordering::Relaxed));
        assert!(idle.iter().all(|buffer| KEPT_BYTES.contains(&buffer.capacity())));
    }
}
