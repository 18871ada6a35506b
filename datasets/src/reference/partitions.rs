//! Reference sets in folders: metadata in one document, references in parquet partitions that are read when needed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use weir_references::{Partitioning, Place, members};

use super::partition::{MOST_ROWS, Partition, ROW};
use super::{Found, refused};
use crate::caches::{OfOne, Owned};
use crate::memory_budget::{Memory, Share};
use crate::store::{Listed, ListedKind, Object, Store};
use crate::{DataFile, Error, ErrorKind, Generation};

/// The metadata document beside the partitions.
pub const METADATA: &str = ".zmetadata";

/// Bytes of the metadata document.
const MOST_METADATA: u64 = 128 << 20;

/// Bytes of a partition as it is stored.
const MOST_PARTITION: u64 = 128 << 20;

/// The partitions of all sets that were used last, by their files; `None` where there is none.
#[derive(Clone, Debug)]
pub struct PartitionCache(pub(crate) Owned<String, Option<Arc<Partition>>>);

impl PartitionCache {
    /// Partitions that have a share of the memory.
    #[must_use]
    pub fn within(memory: &Memory) -> Self {
        /// What an entry takes beside the partition.
        const OVERHEAD: u64 = 256;
        let weigh = |key: &String, partition: &Option<Arc<Partition>>| {
            let weight = partition.as_ref().map_or(0, |partition| partition.weight());
            weight.saturating_add(key.len() as u64).saturating_add(OVERHEAD)
        };
        Self(Owned::within(memory, Share::Partitions, weigh))
    }
}

/// A set of partitions.
pub struct Partitions {
    store: Store,
    /// Metadata documents, by key.
    documents: Documents,
    /// Rows of a partition.
    record_size: u64,
    /// How each array that was asked for is spread over partitions.
    arrays: Mutex<HashMap<String, Arc<Partitioning>>>,
    /// Decoded partitions; `None` where there is no file.
    kept: OfOne<String, Option<Arc<Partition>>>,
    /// The generation of each partition that was read: one that is read again must be the same. `None`: no file.
    pinned: Mutex<HashMap<String, Option<Generation>>>,
}

impl Partitions {
    /// Opens a set; the file is its metadata document.
    ///
    /// # Errors
    /// `NotFound` where there is no document, `Corrupt` where it is damaged, `TooLarge` beyond the limits, `Unavailable` where
    /// it cannot be read.
    pub fn open(store: Store, cache: &PartitionCache) -> Result<(Self, Arc<DataFile>), Error> {
        let Some(Object::Run { file, .. }) = store.locate(METADATA)? else {
            return Err(Error::not_found("the folder has no .zmetadata, so it is no reference set"));
        };
        if file.len() > MOST_METADATA {
            let message = format!(".zmetadata has {} bytes, the limit is {MOST_METADATA}", file.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let bytes = file.read_at(0, file.len())?;
        file.check_unchanged()?;
        let text = std::str::from_utf8(&bytes);
        let text = text.map_err(|e| Error::corrupt(format!(".zmetadata is no text: {e}")))?;
        let (documents, record_size) = metadata(text)?;
        let (arrays, pinned) = (Mutex::default(), Mutex::default());
        let kept = cache.0.of_one();
        Ok((Self { store, documents, record_size, arrays, kept, pinned }, file))
    }

    /// What the set has for a key.
    ///
    /// # Errors
    /// `Corrupt` where a partition or the shape of an array is damaged, `Unavailable` where a partition cannot be read or was
    /// replaced since it was first read.
    pub fn find(&self, key: &str) -> Result<Option<Found>, Error> {
        if let Some(document) = self.documents.get(key) {
            return Ok(Some(Found::Here(document.to_vec())));
        }
        let Some((array, chunk)) = self.array_of(key) else { return Ok(None) };
        let Some(Place { partition, row }) = self.partitioning(array)?.place_of_key(chunk) else {
            return Ok(None);
        };
        match self.partition(&format!("{array}/refs.{partition}.parq"))? {
            Some(partition) => partition.find(row),
            None => Ok(None),
        }
    }

    /// The array that a chunk key belongs to, and the rest of the key.
    fn array_of<'k>(&self, key: &'k str) -> Option<(&'k str, &'k str)> {
        let splits =
            key.rmatch_indices('/').filter_map(|(at, _)| key.get(..at).zip(key.get(at.saturating_add(1)..)));
        let mut arrays = splits.filter(|(array, _)| self.documents.contains_key(&format!("{array}/.zarray")));
        arrays.next()
    }

    fn partitioning(&self, array: &str) -> Result<Arc<Partitioning>, Error> {
        let mut arrays = self.arrays.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(partitioning) = arrays.get(array) {
            return Ok(Arc::clone(partitioning));
        }
        let document = self.documents.get(&format!("{array}/.zarray")).map(AsRef::as_ref).unwrap_or_default();
        let partitioning = Arc::new(partitioning(document, self.record_size)?);
        arrays.insert(array.to_owned(), Arc::clone(&partitioning));
        Ok(partitioning)
    }

    /// A partition; `None` where there is no file for it, so that none of its keys exists.
    fn partition(&self, key: &str) -> Result<Option<Arc<Partition>>, Error> {
        self.kept.get_or_make(&key.to_owned(), || self.read(key))
    }

    fn read(&self, key: &str) -> Result<Option<Arc<Partition>>, Error> {
        let Some(object) = self.store.locate(key)? else {
            return self.pin(key, None).map(|()| None);
        };
        if object.len() > MOST_PARTITION {
            let message = format!("{key} has {} bytes, the limit is {MOST_PARTITION}", object.len());
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        if let Object::Run { file, .. } = &object {
            self.pin(key, Some(*file.generation()))?;
        }
        let partition = Partition::decode(&Bytes::from(object.read()?));
        partition.map(|partition| Some(Arc::new(partition))).map_err(|e| e.within(key))
    }

    fn pin(&self, key: &str, generation: Option<Generation>) -> Result<(), Error> {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let same = match (pinned.get(key), generation) {
            (None, _) => {
                pinned.insert(key.to_owned(), generation);
                true
            }
            (Some(Some(before)), Some(now)) => before.same_bytes(&now),
            (Some(before), now) => before.is_none() && now.is_none(),
        };
        match same {
            true => Ok(()),
            false => Err(Error::unavailable(format!("{key} changed since it was first read; ask again"))),
        }
    }

    /// The bytes of memory that it takes, beside the partitions that are kept.
    pub fn resident_bytes(&self) -> u64 {
        let documents = self.documents.iter().map(|(key, document)| key.len().saturating_add(document.len()));
        let documents = documents.map(|bytes| (bytes as u64).saturating_add(64)).fold(0, u64::saturating_add);
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        documents.saturating_add(pinned.saturating_mul(PINNED))
    }

    /// Bytes of memory that reading a partition takes: as it is stored, and decoded. How long its texts are is not known before
    /// it is read; most have none, and few targets.
    pub fn scratch_bytes(&self) -> u64 {
        self.record_size.min(MOST_ROWS).saturating_mul(2 * ROW)
    }

    /// What is directly below a prefix, chunks left out.
    pub fn list(&self, prefix: &str) -> Vec<Listed> {
        let base = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let below = self
            .documents
            .range::<str, _>((Bound::Included(base.as_str()), Bound::Unbounded))
            .map(|(key, _)| key.as_str());
        let names =
            below.map_while(|key| key.strip_prefix(base.as_str())).map(|rest| match rest.split_once('/') {
                Some((name, _)) => Listed { name: name.to_owned(), kind: ListedKind::Prefix },
                None => Listed { name: rest.to_owned(), kind: ListedKind::Object },
            });
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// What is remembered of a partition that was read.
const PINNED: u64 = 192;

impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitions").field("documents", &self.documents.len()).finish_non_exhaustive()
    }
}

/// Metadata documents by key.
type Documents = BTreeMap<String, Box<[u8]>>;

/// The documents of a metadata document and the rows of a partition.
fn metadata(text: &str) -> Result<(Documents, u64), Error> {
    let top = members(text).map_err(refused)?;
    let member = |name: &str| {
        let member = top.iter().rev().find(|(other, _)| other == name).map(|(_, value)| *value);
        member.ok_or_else(|| Error::corrupt(format!(".zmetadata has no {name}")))
    };
    let record_size = member("record_size")?;
    let record_size = record_size.parse();
    let record_size =
        record_size.map_err(|e| Error::corrupt(format!(".zmetadata has no whole record_size: {e}")))?;
    let mut documents = BTreeMap::new();
    for (key, value) in members(member("metadata")?).map_err(refused)? {
        let document = match value.starts_with('"') {
            // The specification says text, the writers write objects.
            true => serde_json::from_str::<String>(value)
                .map_err(|e| Error::corrupt(format!(".zmetadata has no text for {key}: {e}")))?,
            false => value.to_owned(),
        };
        documents.insert(key, document.into_bytes().into_boxed_slice());
    }
    Ok((documents, record_size))
}

fn partitioning(document: &[u8], record_size: u64) -> Result<Partitioning, Error> {
    let text = std::str::from_utf8(document).unwrap_or_default();
    let of_array = members(text).map_err(refused)?;
    let numbers = |name: &str| {
        let value = of_array.iter().rev().find(|(other, _)| other == name).map(|(_, value)| *value);
        let numbers = value.and_then(|value| serde_json::from_str::<Vec<u64>>(value).ok());
        numbers.ok_or_else(|| Error::corrupt(format!("its .zarray has no {name} of whole numbers")))
    };
    Partitioning::new(&numbers("shape")?, &numbers("chunks")?, record_size).map_err(refused)
}
