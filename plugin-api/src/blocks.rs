//! Blocks for pieces of bodies, used again: clearing fresh memory for each piece takes a tenth of the time that serving it does.

use std::sync::{Mutex, PoisonError};

use crate::Bytes;

/// Blocks that nobody uses now.
static IDLE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Idle blocks beyond this many bytes are freed.
const MOST_IDLE_BYTES: usize = 32 << 20;

/// Smaller blocks are cheap to allocate.
const LEAST_BYTES: usize = 1 << 20;

/// A block of `length` bytes. What it holds is of no meaning: it is there to be written over, all of it.
#[must_use]
pub fn take(length: usize) -> Vec<u8> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |block: &Vec<u8>| block.capacity() >= length && length >= LEAST_BYTES;
    let Some(place) = idle.iter().position(fits) else {
        drop(idle);
        return vec![0; length];
    };
    let mut block = idle.swap_remove(place);
    drop(idle);
    // Only what the block grows by is cleared.
    block.resize(length, 0);
    block
}

/// A block whose memory is used again once its bytes were sent.
struct Reused(Vec<u8>);

impl AsRef<[u8]> for Reused {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Reused {
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.0);
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept: usize = idle.iter().map(Vec::capacity).sum();
        let fits = kept.saturating_add(block.capacity()) <= MOST_IDLE_BYTES;
        if block.capacity() >= LEAST_BYTES && fits {
            idle.push(block);
        }
    }
}

/// The bytes of a block, to be sent.
#[must_use]
pub fn send(block: Vec<u8>) -> Bytes {
    Bytes::from_owner(Reused(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_the_wanted_length_and_come_back() {
        for length in [3 << 20, 2 << 20, 3 << 20, 5, 40 << 20, 0] {
            let block = take(length);
            assert_eq!(block.len(), length);
            let sent = send(block);
            assert_eq!(sent.len(), length);
        }
        let idle = IDLE.lock().unwrap();
        assert!(!idle.is_empty() && idle.iter().all(|block| block.capacity() >= LEAST_BYTES));
        assert!(idle.iter().map(Vec::capacity).sum::<usize>() <= MOST_IDLE_BYTES);
    }
}
