//! The global heap: where strings of any length, and lists of references, are kept.

use std::collections::HashMap;
use std::sync::Arc;

use hdf5_reader::global_heap::GlobalHeapCollection;
use hdf5_reader::io::Cursor;

use super::metadata::{Metadata, guarded};
use crate::{Error, ErrorKind};

/// Parsed collections are forgotten when they have this many bytes together.
const MOST_KEPT_BYTES: usize = 4 << 20;
/// A heap is not followed further when this many bytes were parsed: references that jump between collections without end.
const MOST_LOADED_BYTES: usize = 2 << 30;

/// Follows references into the global heap, and keeps the collections they lead to for the next ones.
pub struct Heap<'a> {
    metadata: &'a Metadata,
    collections: HashMap<u64, Arc<GlobalHeapCollection>>,
    bytes: usize,
    loaded: usize,
}

impl<'a> Heap<'a> {
    /// A heap of which nothing was read yet.
    pub fn new(metadata: &'a Metadata) -> Self {
        Self { metadata, collections: HashMap::new(), bytes: 0, loaded: 0 }
    }

    /// Bytes of a reference: how many elements, the address of a collection, and an index in it.
    pub fn reference_bytes(&self) -> usize {
        usize::from(self.metadata.offset_size).saturating_add(8)
    }

    /// The `count * element_size` bytes that a reference leads to; none where it leads nowhere.
    pub fn follow(&mut self, reference: &[u8], element_size: usize) -> Result<Vec<u8>, Error> {
        let mut cursor = Cursor::new(reference);
        let count = cursor.read_u32_le()? as usize;
        let address = cursor.read_offset(self.metadata.offset_size)?;
        let index = cursor.read_u32_le()?;
        if count == 0 || address == 0 || self.metadata.defined(address).is_none() {
            return Ok(Vec::new());
        }
        let collection = self.collection(address)?;
        let object = u16::try_from(index).ok().and_then(|index| collection.get_object(index));
        let length = count.checked_mul(element_size);
        let bytes = object.zip(length).and_then(|(object, length)| object.data.get(..length));
        self.metadata.spend(length.unwrap_or(0))?;
        let missing = || Error::corrupt(format!("the global heap has no {count} elements at index {index}"));
        bytes.map(<[u8]>::to_vec).ok_or_else(missing)
    }

    /// A string: it ends where its reference says, or at a NUL before.
    pub fn string(&mut self, reference: &[u8]) -> Result<Vec<u8>, Error> {
        let mut text = self.follow(reference, 1)?;
        if let Some(end) = text.iter().position(|&byte| byte == 0) {
            text.truncate(end);
        }
        Ok(text)
    }

    fn collection(&mut self, address: u64) -> Result<Arc<GlobalHeapCollection>, Error> {
        if let Some(found) = self.collections.get(&address) {
            return Ok(Arc::clone(found));
        }
        let Metadata { offset_size, length_size, .. } = *self.metadata;
        let collection = guarded("global heap", || {
            GlobalHeapCollection::parse_at_storage(self.metadata.storage(), address, offset_size, length_size)
        })?;
        let bytes = collection.objects.iter().map(|object| object.data.len().saturating_add(64)).sum();
        self.loaded = self.loaded.saturating_add(bytes);
        if self.loaded > MOST_LOADED_BYTES {
            let message = format!("its strings need more than {MOST_LOADED_BYTES} bytes of the global heap");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_KEPT_BYTES {
            self.collections.clear();
            self.bytes = bytes;
        }
        let collection = Arc::new(collection);
        self.collections.insert(address, Arc::clone(&collection));
        Ok(collection)
    }
}
