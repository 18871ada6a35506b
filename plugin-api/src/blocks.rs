//! Blocks for pieces of bodies, used again: clearing fresh memory for each piece takes a tenth of the time that serving it does.

use std::sync::{Mutex, PoisonError};

use crate::{Bytes, Error};

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
    // What was used last is in the processor's caches still.
    let Some(place) = idle.iter().rposition(fits) else {
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

/// A block of a known length on its way: filled from its beginning on, and sent once it is full.
#[derive(Debug)]
pub struct Filling {
    block: Vec<u8>,
    filled: usize,
}

impl Filling {
    /// A block of `length` bytes, all of which are still to come.
    #[must_use]
    pub fn of(length: usize) -> Self {
        Self { block: take(length), filled: 0 }
    }

    /// The next `length` bytes, all of which the caller writes over.
    ///
    /// # Errors
    /// Where the block has no such room.
    pub fn room(&mut self, length: usize) -> Result<&mut [u8], Error> {
        let (begin, has) = (self.filled, self.block.len());
        let end = begin.checked_add(length).filter(|end| *end <= has);
        let room = end.and_then(|end| self.block.get_mut(begin..end));
        let message =
            || format!("{length} bytes do not fit behind {begin} of the {has} bytes that were counted");
        let room = room.ok_or_else(|| Error::internal(message()))?;
        self.filled = begin.saturating_add(length);
        Ok(room)
    }

    /// Writes bytes behind those that are there.
    ///
    /// # Errors
    /// As [`room`](Self::room).
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// The bytes of the full block, to be sent.
    ///
    /// # Errors
    /// Where it is not full.
    pub fn finish(self) -> Result<Bytes, Error> {
        let Self { block, filled } = self;
        if filled != block.len() {
            let counted = block.len();
            return Err(Error::internal(format!(
                "{filled} bytes came instead of the {counted} that were counted"
            )));
        }
        Ok(send(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillings_hold_what_was_put_and_nothing_else() {
        let filled = |puts: &[&[u8]], length: usize| {
            let mut filling = Filling::of(length);
            puts.iter().try_for_each(|bytes| filling.put(bytes))?;
            filling.finish().map(|bytes| bytes.to_vec())
        };
        let check = |puts: &[&[u8]], length: usize, expected: Result<&[u8], &str>| {
            let got = filled(puts, length).map_err(|error| error.message);
            assert_eq!(got, expected.map(<[u8]>::to_vec).map_err(str::to_owned));
        };
        check(&[b"ab", b"", b"c"], 3, Ok(b"abc"));
        check(&[], 0, Ok(b""));
        check(&[b"ab"], 3, Err("2 bytes came instead of the 3 that were counted"));
        check(&[b"ab", b"cd"], 3, Err("2 bytes do not fit behind 2 of the 3 bytes that were counted"));
    }

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
