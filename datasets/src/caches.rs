//! The caches that all datasets of a process share, each with its share of the memory budget.

use std::sync::Arc;

use crate::memory_budget::{DEFAULT_BUDGET, Memory};
use crate::reference::PartitionCache;
use crate::remote::Blocks;
use crate::zarr::ShardCache;

/// What sources keep of what they read, but for decoded chunks. Clones share it.
#[derive(Clone, Debug)]
pub struct Caches {
    /// The indices of shards.
    pub shards: ShardCache,
    /// Partitions of reference sets.
    pub partitions: PartitionCache,
    /// Blocks of remote files.
    pub(crate) blocks: Blocks,
}

impl Caches {
    /// Caches that have their shares of the memory.
    #[must_use]
    pub fn within(memory: &Memory) -> Self {
        Self {
            shards: ShardCache::within(memory),
            partitions: PartitionCache::within(memory),
            blocks: Blocks::within(memory),
        }
    }
}

/// Caches of those who have no budget to share.
impl Default for Caches {
    fn default() -> Self {
        let memory: Arc<Memory> = Memory::new(DEFAULT_BUDGET);
        Self::within(&memory)
    }
}
