//! The caches that all datasets of a process share, each with its share of the memory budget.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;

use crate::Error;
use crate::memory_budget::{DEFAULT_BUDGET, Memory, Share};
use crate::reference::PartitionCache;
use crate::remote::Blocks;
use crate::zarr::ShardCache;

/// What sources keep of what they read, but for decoded chunks. Clones share it.
#[derive(Clone, Debug)]
pub struct Caches {
    /// The indices of shards.
    pub(crate) shards: ShardCache,
    /// Partitions of reference sets.
    pub(crate) partitions: PartitionCache,
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

    /// Removes what belongs to nobody any more: it would only take room, and keep files open.
    pub(crate) fn sweep(&self) {
        self.shards.0.sweep();
        self.partitions.0.sweep();
        self.blocks.0.sweep();
    }
}

/// Caches of those who have no budget to share.
impl Default for Caches {
    fn default() -> Self {
        Self::within(&Memory::new(DEFAULT_BUDGET))
    }
}

/// A cache whose entries belong to somebody: to a store, a set, an object.
pub struct Owned<K, V> {
    kept: Cache<(u64, K), V>,
    owners: Arc<Owners>,
}

/// Numbers of owners.
#[derive(Debug, Default)]
struct Owners {
    next: AtomicU64,
    /// Those that are gone. Their entries are removed later: an owner may be dropped in the midst of another cache's work, or of
    /// this one's, which must not be waited for there.
    gone: Mutex<Vec<u64>>,
    any_gone: AtomicU64,
}

impl<K, V> Owned<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache with a share of the memory; `weigh` says how many bytes an entry takes.
    pub fn within(
        memory: &Memory,
        share: Share,
        weigh: impl Fn(&K, &V) -> u64 + Send + Sync + 'static,
    ) -> Self {
        let kept = memory.cache(share, move |(_, key): &(u64, K), value: &V| weigh(key, value));
        Self { kept, owners: Arc::default() }
    }

    /// The cache of one more owner.
    pub fn of_one(&self) -> OfOne<K, V> {
        let number = self.owners.next.fetch_add(1, Ordering::Relaxed);
        OfOne { kept: self.kept.clone(), number, owners: Arc::clone(&self.owners) }
    }

    /// Removes what belongs to nobody any more.
    pub fn sweep(&self) {
        if self.owners.any_gone.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        let gone = std::mem::take(&mut *self.owners.gone.lock().unwrap_or_else(PoisonError::into_inner));
        let gone: HashSet<u64> = gone.into_iter().collect();
        for (key, _) in self.kept.iter().filter(|(key, _)| gone.contains(&key.0)) {
            self.kept.invalidate(key.as_ref());
        }
        self.kept.run_pending_tasks();
    }

    /// How many entries there are, and their bytes.
    #[cfg(test)]
    pub fn size(&self) -> (u64, u64) {
        self.kept.run_pending_tasks();
        (self.kept.entry_count(), self.kept.weighted_size())
    }
}

impl<K, V> Clone for Owned<K, V> {
    fn clone(&self) -> Self {
        Self { kept: self.kept.clone(), owners: Arc::clone(&self.owners) }
    }
}

impl<K, V> fmt::Debug for Owned<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("owners", &self.owners).finish_non_exhaustive()
    }
}

/// What one owner has in a cache.
pub struct OfOne<K, V> {
    kept: Cache<(u64, K), V>,
    number: u64,
    owners: Arc<Owners>,
}

impl<K, V> OfOne<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// An entry.
    pub fn get(&self, key: &K) -> Option<V> {
        self.kept.get(&(self.number, key.clone()))
    }

    /// Whether there is an entry.
    pub fn has(&self, key: &K) -> bool {
        self.kept.contains_key(&(self.number, key.clone()))
    }

    /// Adds an entry.
    pub fn insert(&self, key: K, value: V) {
        self.kept.insert((self.number, key), value);
    }

    /// Removes an entry.
    pub fn remove(&self, key: &K) {
        self.kept.invalidate(&(self.number, key.clone()));
    }

    /// An entry, which `make` makes where there is none; those who want the same one meanwhile wait for it.
    ///
    /// # Errors
    /// Those of `make`, which is called again by the next one.
    pub fn get_or_make(&self, key: &K, make: impl FnOnce() -> Result<V, Error>) -> Result<V, Error> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let made = self.kept.try_get_with((self.number, key.clone()), make);
        // What has to leave for it leaves at once: left alone, the cache makes room some time later.
        self.kept.run_pending_tasks();
        made.map_err(|error: Arc<Error>| Error::clone(&error))
    }
}

impl<K, V> Drop for OfOne<K, V> {
    fn drop(&mut self) {
        self.owners.gone.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
        self.owners.any_gone.store(1, Ordering::Relaxed);
    }
}

impl<K, V> fmt::Debug for OfOne<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfOne").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_share_room_and_leave_nothing() {
        let memory = Memory::new(64 << 20);
        let weigh = |_: &u32, value: &Arc<[u8]>| value.len() as u64;
        let cache: Owned<u32, Arc<[u8]>> = Owned::within(&memory, Share::RemoteBlocks, weigh);
        let owners: Vec<_> = (0..10).map(|_| cache.of_one()).collect();
        for key in 0..100 {
            for (number, owner) in owners.iter().enumerate() {
                let value = owner.get_or_make(&key, || Ok(vec![number as u8 + 1; 10_000].into())).unwrap();
                assert_eq!(value[..2], [number as u8 + 1; 2], "nobody is given what is another's");
                assert!(memory.accounted() <= memory.share(Share::RemoteBlocks));
            }
        }
        assert!(cache.size().0 > 50);
        let failed = owners[0].get_or_make(&1000, || Err(Error::unavailable("no")));
        assert_eq!(failed.unwrap_err().message, "no");
        drop(owners);
        cache.sweep();
        assert_eq!((cache.size(), memory.accounted()), ((0, 0), 0));
    }
}
