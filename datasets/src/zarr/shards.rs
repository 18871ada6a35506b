//! Open shards: the index of a shard is read once, however many of its chunks are. All stores share the memory of these.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::sharding::{ShardIndex, Sharding};
use crate::Error;
use crate::caches::{OfOne, Owned};
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

/// Which array of a store, and which object.
type Key = (usize, String);

/// A shard, or that there is none, and when that was so.
#[derive(Clone, Debug)]
pub struct Kept {
    shard: Option<Arc<Shard>>,
    looked: Arc<Mutex<Instant>>,
}

/// The shards of all stores that were used last.
#[derive(Clone, Debug)]
pub struct ShardCache(pub(crate) Owned<Key, Kept>);

/// What an open shard takes beside its index.
const OVERHEAD: u64 = 512;

impl ShardCache {
    /// Shards whose indices have a share of the memory.
    #[must_use]
    pub fn within(memory: &Memory) -> Self {
        let least = memory.share(Share::ShardIndexes).checked_div(MOST_OPEN).unwrap_or(0);
        let weigh = move |(_, key): &Key, kept: &Kept| {
            let bytes = kept.shard.as_ref().map_or(0, |shard| shard.index.bytes());
            (bytes.saturating_add(key.len()) as u64).saturating_add(OVERHEAD).max(least)
        };
        Self(Owned::within(memory, Share::ShardIndexes, weigh))
    }

    /// The shards of one more store.
    pub fn of_store(&self) -> Shards {
        Shards { kept: self.0.of_one() }
    }
}

/// The shards of one store.
#[derive(Debug)]
pub struct Shards {
    kept: OfOne<Key, Kept>,
}

impl Shards {
    /// Opens a shard and reads its index, or hands out the one that is open; `None` where the store proves that there is none.
    ///
    /// # Errors
    /// Those of the store; `Corrupt` where the index is damaged.
    pub fn shard(&self, store: &Store, key: &Key, sharding: &Sharding) -> Result<Option<Arc<Shard>>, Error> {
        if let Some(kept) = self.kept.get(key) {
            let is_trusted = kept.looked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < TRUSTED;
            if is_trusted || is_same(store, &key.1, &kept)? {
                return Ok(kept.shard);
            }
            self.kept.remove(key);
        }
        // Many may ask for the chunks of one shard at once; its index is read once.
        let kept = self.kept.get_or_make(key, || {
            let shard = match store.locate(&key.1)? {
                Some(object) => {
                    let index = sharding.read_index(&object)?;
                    Some(Arc::new(Shard { object, index }))
                }
                None => None,
            };
            Ok(Kept { shard, looked: Arc::new(Mutex::new(Instant::now())) })
        });
        kept.map(|kept| kept.shard)
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
                let shard = shards.shard(&store, &(0, format!("c{number}")), &sharding).unwrap().unwrap();
                assert_eq!(shard.index.range(0, shard.object.len()).unwrap(), Some((0, 1)));
                assert_eq!(shard.object.part(0, 1).unwrap().read().unwrap(), [number + 1]);
            }
        }
        let (count, bytes) = cache.0.size();
        assert!(bytes <= memory.share(Share::ShardIndexes) && count <= MOST_OPEN, "{count} {bytes}");
        drop(stores);
        cache.0.sweep();
        assert_eq!((cache.0.size(), memory.accounted()), ((0, 0), 0), "what belongs to no store is gone");
    }
}
