//! Dense storage: messages of an object that are too many for its header, in a fractal heap with an index by name.
//!
//! Source: "HDF5 File Format Specification Version 3.0", sections III.A.2 and III.G.

use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};

use super::metadata::{Metadata, guarded};
use crate::Error;

/// Where dense storage lies: the addresses of its heap and of its index by name.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    /// The heap.
    pub heap: u64,
    /// The index.
    pub index: u64,
}

/// The bodies of the messages that are stored densely, in the order of the index, each with what `entry` takes from its
/// record of the index, beside its place in the heap; records that `entry` does not know are passed over. `what` they are is
/// for errors.
///
/// # Errors
/// `Corrupt` where heap or index are damaged, `TooLarge` where they are more than a file may make us read.
pub fn bodies<T>(
    metadata: &Metadata,
    dense: Dense,
    what: &str,
    entry: impl Fn(BTreeV2Record) -> Option<(T, Vec<u8>)>,
) -> Result<Vec<(T, Vec<u8>)>, Error> {
    let Metadata { offset_size, length_size, .. } = *metadata;
    let storage = metadata.storage();
    let (heap, records) = guarded(what, || {
        let heap = FractalHeap::parse_at_storage(storage, dense.heap, offset_size, length_size)?;
        let tree = BTreeV2Header::parse_at_storage(storage, dense.index, offset_size, length_size)?;
        let records =
            collect_btree_v2_records_storage(storage, &tree, offset_size, length_size, None, &[], None)?;
        Ok((heap, records))
    })?;
    let mut blocks = FractalHeapDirectBlockCache::default();
    let mut bodies = Vec::with_capacity(records.len());
    for (taken, heap_id) in records.into_iter().filter_map(entry) {
        let body = guarded(what, || {
            heap.get_object_storage_cached(&heap_id, storage, offset_size, length_size, &mut blocks)
        })?;
        metadata.spend(body.len())?;
        bodies.push((taken, body));
    }
    Ok(bodies)
}
