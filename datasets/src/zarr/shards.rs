//! Open shards: the index of a shard is read once, however many of its chunks are.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::sharding::{ShardIndex, Sharding};
use crate::Error;
use crate::store::{Object, Store};

/// Bytes of all indexes that are kept ...
const MOST_BYTES: u64 = 64 << 20;
/// ... where each counts as at least this many, so that not too many files are open.
const LEAST_BYTES: usize = 512 << 10;

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

/// Which array, and which object.
type Key = (usize, String);

/// A shard, or that there is none, and when that was so.
#[derive(Clone, Debug)]
struct Kept {
    shard: Option<Arc<Shard>>,
    looked: Arc<Mutex<Instant>>,
}

/// The shards of a store that were used last.
#[derive(Debug)]
pub struct Shards {
    kept: Cache<Key, Kept>,
}

impl Default for Shards {
    fn default() -> Self {
        let weigh = |_: &Key, kept: &Kept| {
            let bytes = kept.shard.as_ref().map_or(0, |shard| shard.index.bytes());
            u32::try_from(bytes.max(LEAST_BYTES)).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(MOST_BYTES).weigher(weigh);
        Self { kept: cache.eviction_policy(EvictionPolicy::lru()).build() }
    }
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
            self.kept.invalidate(key);
        }
        // Many may ask for the chunks of one shard at once; its index is read once.
        let open = || {
            let shard = match store.locate(&key.1)? {
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
