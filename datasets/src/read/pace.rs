//! Pace: how many chunks one reading decodes at once and how much it fetches ahead, so that it fits into its part of the memory
//! that requests share; and what it takes then.

use weir_model::{ChunkGrid, Hyperslab, Variable};

use super::gather::{AHEAD_BYTES, TOGETHER_BYTES};
use super::{BATCH, threads, touched};

/// One reading takes at most one in so many of the bytes that all requests may have, beside its output: so several run at once.
/// Only where a single chunk takes more, so does its reading.
const PART: u64 = 4;

/// What one reading may take of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    most: u64,
}

/// Where the bytes of chunks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Files of this machine.
    Near,
    /// Files of this machine tell where they are, but other machines may have them.
    Referred,
    /// Other machines or processes; finding a chunk may mean to ask them, too.
    Far,
}

/// What a reading has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Bytes of a decoded chunk.
    pub chunk: u64,
    /// Chunks that it needs something of.
    pub touched: u64,
    /// Buffers of a chunk's size that decoding one takes.
    pub buffers: u64,
    /// Where they come from.
    pub reach: Reach,
}

impl Load {
    /// The load of reading a hyperslab.
    ///
    /// Of elements whose size varies, chunks hold references, or the elements themselves, which [`StringRoom`](crate::StringRoom)
    /// bounds.
    #[must_use]
    pub fn of(variable: &Variable, grid: &ChunkGrid, slab: &Hyperslab, reach: Reach) -> Self {
        /// Bytes of a reference to the elements of a varying one.
        const REFERENCE: usize = 16;
        let size = variable.data_type.size().unwrap_or(REFERENCE) as u64;
        // What is stored, what one codec makes of it, and what the next one does.
        let buffers = if variable.storage.codecs.is_empty() { 1 } else { 3 };
        let chunk = grid.chunk_elements().saturating_mul(size);
        Self { chunk, touched: touched(grid, slab), buffers, reach }
    }
}

impl Pace {
    /// The pace of readings that share `limit` bytes of memory.
    #[must_use]
    pub fn within(limit: u64) -> Self {
        Self { most: limit.checked_div(PART).unwrap_or(0) }
    }

    /// What several readings that run at once and belong to one request may take together.
    #[must_use]
    pub fn most(self) -> u64 {
        self.most
    }

    /// How many chunks of `bytes` bytes each may be decoded at once, by threads that decode.
    #[must_use]
    pub fn decoded_at_once(self, bytes: u64) -> usize {
        self.at_once(bytes, rayon::current_num_threads())
    }

    /// How many chunks of `bytes` bytes each may be waited for at once.
    #[must_use]
    pub fn awaited_at_once(self, bytes: u64) -> usize {
        self.at_once(bytes, threads::MOST)
    }

    fn at_once(self, bytes: u64, threads: usize) -> usize {
        let each = bytes.saturating_mul(3).saturating_add(TOGETHER_BYTES);
        let fitting = self.most.checked_div(each).unwrap_or(u64::MAX);
        usize::try_from(fitting).unwrap_or(usize::MAX).clamp(1, threads.max(1))
    }

    /// How many bytes of remote files are fetched while as many are decoded.
    #[must_use]
    pub fn ahead(self) -> u64 {
        (self.most >> 3).min(AHEAD_BYTES)
    }

    /// Bytes of memory that a load takes at most, beside the output.
    #[must_use]
    pub fn scratch(self, load: &Load) -> u64 {
        /// What is known of a part while it waits for its bytes.
        const PLANNED: u64 = 512;
        let Load { chunk, touched, buffers, reach } = *load;
        let decoding = self.decoded_at_once(chunk) as u64;
        let at_once = match reach {
            Reach::Near | Reach::Referred => decoding,
            Reach::Far => decoding.max(self.awaited_at_once(chunk) as u64),
        };
        let together = match reach {
            Reach::Near => decoding.saturating_mul(TOGETHER_BYTES),
            // One window is fetched, one is decoded, and of each some bytes are there twice while they are put in place.
            Reach::Referred | Reach::Far => self.ahead().max(chunk).max(TOGETHER_BYTES).saturating_mul(4),
        };
        let all = touched.saturating_mul(chunk).saturating_mul(2);
        chunk
            .saturating_mul(at_once.min(touched))
            .saturating_mul(buffers)
            .saturating_add(together.min(all))
            .saturating_add(touched.min(BATCH as u64).saturating_mul(PLANNED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Checked on any number of cores: what is expected is what does not depend on it.
    fn check(limit: u64, load: Load, most: u64) {
        let scratch = Pace::within(limit).scratch(&load);
        assert!(scratch <= most, "{load:?} takes {scratch} of {limit}, not at most {most}");
        assert!(scratch >= load.chunk.min(load.touched * load.chunk), "{load:?} takes {scratch}");
    }

    #[test]
    fn readings_fit_into_their_part() {
        let load = |chunk, touched, reach| Load { chunk, touched, buffers: 3, reach };
        for reach in [Reach::Near, Reach::Referred, Reach::Far] {
            for chunk in [4 << 10, MIB, 3 * MIB] {
                check(48 * MIB, load(chunk, 100_000, reach), 24 * MIB);
                check(512 * MIB, load(chunk, 100_000, reach), 200 * MIB);
            }
            // One chunk is decoded at a time, and one fetched.
            check(48 * MIB, load(64 * MIB, 9, reach), 64 * MIB * 7 + 9 * 512);
            check(48 * MIB, load(1000, 1, reach), 1000 * 5 + 512);
        }
    }

    #[test]
    fn threads_are_used_where_memory_allows() {
        let pace = Pace::within(512 * MIB);
        assert_eq!(pace.awaited_at_once(MIB), threads::MOST);
        assert_eq!(pace.awaited_at_once(20 * MIB), 2);
        assert_eq!(pace.awaited_at_once(u64::MAX), 1);
        assert_eq!(pace.decoded_at_once(0), rayon::current_num_threads().min(128));
        assert_eq!((pace.ahead(), Pace::within(48 * MIB).ahead()), (16 * MIB, 3 * MIB / 2));
    }
}
