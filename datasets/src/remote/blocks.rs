//! Blocks of objects that were read lately, for the many small reads that metadata takes. All objects share their memory.

use bytes::Bytes;

use crate::Error;
use crate::caches::{OfOne, Owned};
use crate::memory_budget::{Memory, Share};

/// Bytes of a block.
pub const BLOCK: u64 = 256 << 10;

/// How many blocks are asked for at once where an object begins, and where blocks are read one after another.
const AHEAD: u64 = 4;

/// The blocks of all objects, by their numbers.
#[derive(Clone, Debug)]
pub struct Blocks(pub(crate) Owned<u64, Bytes>);

impl Blocks {
    /// Blocks that have a share of the memory.
    pub fn within(memory: &Memory) -> Self {
        Self(Owned::within(memory, Share::RemoteBlocks, |_, block: &Bytes| block.len() as u64))
    }

    /// The blocks of one more object.
    pub fn of_object(&self, length: u64) -> ObjectBlocks {
        ObjectBlocks { kept: self.0.of_one(), length }
    }
}

/// The blocks of one object of one generation.
#[derive(Debug)]
pub struct ObjectBlocks {
    kept: OfOne<u64, Bytes>,
    length: u64,
}

impl ObjectBlocks {
    /// Copies bytes that are kept; `false` where not all of them are.
    pub fn copy_kept(&self, offset: u64, out: &mut [u8]) -> bool {
        self.copy(offset, out, &mut |number| Ok(self.kept.get(&number))).unwrap_or(false)
    }

    /// Copies bytes; `fetch` reads what is not kept, given by its first byte and the one behind its last.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub fn read(
        &self,
        offset: u64,
        out: &mut [u8],
        fetch: &dyn Fn(u64, u64) -> Result<Bytes, Error>,
    ) -> Result<bool, Error> {
        self.copy(offset, out, &mut |number| {
            self.kept.get_or_make(&number, || self.fetch(number, fetch)).map(Some)
        })
    }

    /// Reads a block, and those behind it where they will be wanted, too.
    fn fetch(&self, number: u64, fetch: &dyn Fn(u64, u64) -> Result<Bytes, Error>) -> Result<Bytes, Error> {
        let count = match number.checked_sub(1) {
            Some(before) if !self.kept.has(&before) => 1,
            _ => AHEAD,
        };
        let start = number.saturating_mul(BLOCK);
        let end = number.saturating_add(count).saturating_mul(BLOCK).min(self.length);
        let bytes = fetch(start, end)?;
        for (number, next) in (number..number.saturating_add(count)).zip(bytes.chunks(block_bytes())).skip(1)
        {
            self.kept.insert(number, Bytes::copy_from_slice(next));
        }
        Ok(Bytes::copy_from_slice(bytes.get(..block_bytes()).unwrap_or(&bytes)))
    }

    fn copy(
        &self,
        offset: u64,
        out: &mut [u8],
        block: &mut dyn FnMut(u64) -> Result<Option<Bytes>, Error>,
    ) -> Result<bool, Error> {
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let (number, inside) = (at.checked_div(BLOCK).unwrap_or(0), at.checked_rem(BLOCK).unwrap_or(0));
            let Some(block) = block(number)? else { return Ok(false) };
            let behind =
                usize::try_from(inside).ok().and_then(|inside| block.get(inside..)).unwrap_or_default();
            let length = behind.len().min(rest.len());
            let (Some(from), Some((here, left))) = (behind.get(..length), rest.split_at_mut_checked(length))
            else {
                return Ok(false);
            };
            if from.is_empty() {
                return Ok(false);
            }
            here.copy_from_slice(from);
            at = at.saturating_add(length as u64);
            rest = left;
        }
        Ok(true)
    }
}

fn block_bytes() -> usize {
    usize::try_from(BLOCK).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn blocks() -> Blocks {
        Blocks::within(&Memory::new(1 << 30))
    }

    /// Bytes of an object whose values depend on their place.
    fn bytes(start: u64, end: u64) -> Vec<u8> {
        (start..end).map(|n| (n % 251 + 1) as u8).collect()
    }

    #[test]
    fn blocks_are_read_once_and_ahead() {
        let length = 7 * BLOCK + 5;
        let (blocks, asked) = (blocks(), Mutex::new(Vec::new()));
        let object = blocks.of_object(length);
        let check = |offset: u64, count: usize, requests: &[(u64, u64)]| {
            let mut out = vec![0; count];
            let fetch = |start, end| {
                asked.lock().unwrap().push((start, end));
                Ok(Bytes::from(bytes(start, end)))
            };
            assert!(object.read(offset, &mut out, &fetch).unwrap());
            assert_eq!(out, bytes(offset, offset + count as u64));
            assert_eq!(std::mem::take(&mut *asked.lock().unwrap()), requests);
        };
        check(3, 10, &[(0, 4 * BLOCK)]);
        check(BLOCK - 1, 2, &[]);
        check(6 * BLOCK, 1, &[(6 * BLOCK, 7 * BLOCK)]);
        check(7 * BLOCK - 2, 7, &[(7 * BLOCK, length)]);
        check(4 * BLOCK - 1, 2, &[(4 * BLOCK, length)]);
        let mut out = vec![0; 9];
        assert!(object.copy_kept(2 * BLOCK, &mut out) && !blocks.of_object(length).copy_kept(0, &mut out));
    }

    #[test]
    fn a_failed_block_is_asked_for_again() {
        let object = blocks().of_object(10);
        let mut out = [0; 4];
        let failing = |_, _| Err(Error::unavailable("no"));
        assert_eq!(object.read(3, &mut out, &failing).unwrap_err().message, "no");
        assert!(object.read(3, &mut out, &|start, end| Ok(bytes(start, end).into())).unwrap());
        assert_eq!(out, [4, 5, 6, 7]);
    }
}
