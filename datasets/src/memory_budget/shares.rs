//! The deal: which part of the memory budget each kind of cache has, and what is left for requests.

use std::fmt;

/// What holds memory for longer than one request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// Decoded chunks that the next read is likely to need another part of.
    Chunks,
    /// Open datasets: their schemas, where their chunks are stored, loaded reference sets.
    Datasets,
    /// What aggregations know of their members.
    Aggregations,
    /// Decoded partitions of reference sets.
    Partitions,
    /// The indices of shards.
    ShardIndexes,
    /// Blocks of remote files.
    RemoteBlocks,
    /// The index on disk: its pages, and records that wait to be written.
    Index,
    /// Small responses that are kept whole.
    Responses,
    /// Schemas as plugins read them.
    Documents,
    /// Buffers and scratch that nobody uses now.
    Idle,
    /// Results that plugins make, while they make and send them.
    Computations,
}

impl Share {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Chunks,
        Self::Datasets,
        Self::Aggregations,
        Self::Partitions,
        Self::ShardIndexes,
        Self::RemoteBlocks,
        Self::Index,
        Self::Responses,
        Self::Documents,
        Self::Idle,
        Self::Computations,
    ];

    /// How many of [`PARTS`] it has.
    const fn parts(self) -> u64 {
        match self {
            Self::Chunks => 14,
            Self::Datasets => 10,
            Self::Computations => 8,
            Self::Aggregations | Self::Partitions | Self::ShardIndexes => 5,
            Self::RemoteBlocks | Self::Index | Self::Idle => 4,
            Self::Responses => 3,
            Self::Documents => 2,
        }
    }

    /// More is of no use to it; what is beyond is for requests.
    const fn most(self) -> u64 {
        match self {
            Self::Index | Self::Responses | Self::Documents | Self::Idle => 64 << 20,
            _ => u64::MAX,
        }
    }
}

/// Into so many parts the caches' half is cut.
const PARTS: u64 = 64;

/// Requests have half of the budget, but at least this much where three quarters of it are as much: less does not hold the blocks
/// of one large response and what reading it takes.
const FOR_REQUESTS: u64 = 48 << 20;

/// A budget, dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    budget: u64,
}

impl Deal {
    /// Deals out a budget.
    #[must_use]
    pub const fn of(budget: u64) -> Self {
        Self { budget }
    }

    /// All of it.
    #[must_use]
    pub const fn budget(self) -> u64 {
        self.budget
    }

    /// What a cache may hold, in bytes.
    #[must_use]
    pub fn share(self, share: Share) -> u64 {
        let quarter = self.budget >> 2;
        let least = FOR_REQUESTS.min(self.budget.saturating_sub(quarter));
        let half = self.budget.saturating_sub(self.budget >> 1);
        let caches = self.budget.saturating_sub(least.max(half));
        let part =
            u128::from(caches).saturating_mul(u128::from(share.parts())).checked_div(u128::from(PARTS));
        part.and_then(|part| u64::try_from(part).ok()).unwrap_or(0).min(share.most())
    }

    /// What all requests together may reserve, in bytes: what no cache has.
    #[must_use]
    pub fn requests(self) -> u64 {
        let shares = Share::ALL.into_iter().map(|share| self.share(share)).fold(0, u64::saturating_add);
        self.budget.saturating_sub(shares)
    }
}

/// Such as `1024 MiB: 512 MiB for requests, Chunks 144 MiB, ...`.
impl fmt::Display for Deal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes >> 20;
        write!(f, "{} MiB: {} MiB for requests", mib(self.budget), mib(self.requests()))?;
        Share::ALL.into_iter().try_for_each(|share| write!(f, ", {share:?} {} MiB", mib(self.share(share))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(mebibytes: u64, requests: u64, chunks: u64, blocks: u64) {
        let deal = Deal::of(mebibytes << 20);
        let mib = |share| deal.share(share) >> 20;
        let found = (deal.requests() >> 20, mib(Share::Chunks), mib(Share::RemoteBlocks));
        assert_eq!(found, (requests, chunks, blocks), "{deal}");
    }

    #[test]
    fn requests_have_half_but_enough() {
        check(64, 48, 3, 1);
        check(128, 64, 14, 4);
        check(1024, 512, 112, 32);
        // Of a large budget, some caches do not take all of their parts.
        check(8192, 4096 + 192 + 128 + 64 + 192, 896, 256);
    }

    #[test]
    fn parts_make_the_whole() {
        assert_eq!(Share::ALL.into_iter().map(Share::parts).sum::<u64>(), PARTS);
    }

    proptest! {
        #[test]
        fn shares_and_requests_are_the_budget(budget in any::<u64>()) {
            let deal = Deal::of(budget);
            let shares: u128 = Share::ALL.into_iter().map(|share| u128::from(deal.share(share))).sum();
            prop_assert_eq!(shares + u128::from(deal.requests()), u128::from(budget));
            prop_assert!(deal.requests() >= budget >> 1);
        }
    }
}
