//! Open shards: the index of a shard is read once, however many of its chunks are. All stores share the memory of these.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use super::sharding::{ShardIndex, Sharding};
use crate::Error;
use crate::memory_budget::{Memory, Share};
use crate::store::{Object, Store};

/// So many shards are kept open at most, because a process may have only so many open files.
const MOST_OPEN: u64 = 256;

/// How long a shard is taken to be the same once it was looked at.
const TRUSTED: Duration = Duration::from_secs(1);

/// A shard that is open.
#[derive(Debug)]
pub struct Shard {
    /// The object.
    pub object: Object,
    /// Where its chunks lie.
    pub index: ShardIndex,
}

/// Which store, which of its arrays, and which object.
type Key = (u64, usize, String);

/// A shard, or that there is none, and when that was so.
#[derive(Clone, Debug)]
struct Kept {
    shard: Option<Arc<Shard>>,
    looked: Arc<Mutex<Instant>>,
}

/// The shards of all stores that were used last.
#[derive(Clone)]
pub struct ShardCache {
    kept: Cache<Key, Kept>,
    stores: Arc<AtomicU64>,
}

impl ShardCache {
    /// Shards whose indices have a share of the memory.
    #[must_use]
    pub fn within(memory: &Memory) -> Self {
        let least = memory.share(Share::ShardIndexes).checked_div(MOST_OPEN).unwrap_or(0);
        let weigh = move |(_, _, key): &Key, kept: &Kept| {
            let bytes = kept.shard.as_ref().map_or(0, |shard| shard.index.bytes());
            (bytes.saturating_add(key.len()) as u64).saturating_add(OVERHEAD).max(least)
        };
        Self { kept: memory.cache(Share::ShardIndexes, weigh), stores: Arc::default() }
    }

    /// The shards of one more store.
    pub fn of_store(&self) -> Shards {
        Shards { kept: self.kept.clone(), store: self.stores.fetch_add(1, Ordering::Relaxed) }
    }
}

/// What an open shard takes beside its index.
const OVERHEAD: u64 = 512;

impl fmt::Debug for ShardCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardCache").field("shards", &self.kept.entry_count()).finish_non_exhaustive()
    }
}

/// The shards of one store.
pub struct Shards {
    kept: Cache<Key, Kept>,
    store: u64,
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        // No other store has this number; what is kept of this one would only take room and keep files open.
        let own = self.kept.iter().filter(|(key, _)| key.0 == self.store);
        own.for_each(|(key, _)| self.kept.invalidate(key.as_ref()));
        self.kept.run_pending_tasks();
    }
}

impl Shards {
    /// Opens a shard and reads its index, or hands out the one that is open; `None` where the store proves that there is none.
    ///
    /// # Errors
    /// Those of the store; `Corrupt` where the index is damaged.
    pub fn shard(
        &self,
        store: &Store,
        (array, object): (usize, String),
        sharding: &Sharding,
    ) -> Result<Option<Arc<Shard>>, Error> {
        let key = &(self.store, array, object);
        if let Some(kept) = self.kept.get(key) {
            let is_trusted = kept.looked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < TRUSTED;
            if is_trusted || is_same(store, &key.2, &kept)? {
                return Ok(kept.shard);
            }
            self.kept.invalidate(key);
        }
        // Many may ask for the chunks of one shard at once; its index is read once.
        let open = || {
            let shard = match store.locate(&key.2)? {
                Some(object) => {
                    let index = sharding.read_index(&object)?;
                    Some(Arc::new(Shard { object, index }))
                }
                None => None,
            };
            Ok(Kept { shard, looked: Arc::new(Mutex::new(Instant::now())) })
        };
        let kept = self.kept.try_get_with_by_ref(key, open);
        // What is left to be evicted keeps files open.
        self.kept.run_pending_tasks();
        kept.map(|kept| kept.shard).map_err(|error: Arc<Error>| Error::clone(&error))
    }
}

/// Whether a shard is still what it was.
fn is_same(store: &Store, key: &str, kept: &Kept) -> Result<bool, Error> {
    let now = store.locate(key)?;
    let same = match (&now, &kept.shard) {
        (Some(now), Some(shard)) => now.generation() == shard.object.generation(),
        (None, None) => true,
        _ => false,
    };
    if same {
        *kept.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
    Ok(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zarr::chain::Named;

    /// A store with `count` shards of 4 chunks; the first byte of the first chunk of each is its number plus 1.
    fn store(folder: &std::path::Path, count: u8) -> (Store, Sharding) {
        for number in 0..count {
            let entries = [0_u64, 1, 1, 2, 3, 3, u64::MAX, u64::MAX].map(u64::to_le_bytes).concat();
            let bytes = [vec![number + 1; 6], entries].concat();
            std::fs::write(folder.join(format!("c{number}")), bytes).unwrap();
        }
        let configuration = serde_json::json!({
            "chunk_shape": [1],
            "codecs": ["bytes"],
            "index_codecs": [{ "name": "bytes", "configuration": { "endian": "little" } }],
        });
        let step = Named::new("sharding_indexed", configuration.as_object().cloned().unwrap());
        let (sharding, ..) = Sharding::of_chain(&[step], &[4]).unwrap().unwrap();
        (Store::folder(folder).unwrap(), sharding)
    }

    #[test]
    fn all_stores_share_one_cache() {
        let folder = tempfile::tempdir().unwrap();
        let (store, sharding) = store(folder.path(), 200);
        let memory = Memory::new(64 << 20);
        let cache = ShardCache::within(&memory);
        let stores: Vec<Shards> = (0..10).map(|_| cache.of_store()).collect();
        for number in 0..200 {
            for shards in &stores {
                let shard = shards.shard(&store, (0, format!("c{number}")), &sharding).unwrap().unwrap();
                assert_eq!(shard.index.range(0, shard.object.len()).unwrap(), Some((0, 1)));
                assert_eq!(shard.object.part(0, 1).unwrap().read().unwrap(), [number + 1]);
            }
        }
        let share = memory.share(Share::ShardIndexes);
        assert!(cache.kept.weighted_size() <= share, "{} of {share}", cache.kept.weighted_size());
        assert!(cache.kept.entry_count() <= MOST_OPEN);
        drop(stores);
        assert_eq!((cache.kept.entry_count(), memory.accounted()), (0, 0), "what belongs to no store is gone");
    }
}
