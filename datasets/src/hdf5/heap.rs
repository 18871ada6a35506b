//! The global heap: where strings of any length, and lists, are kept.

use std::collections::HashMap;
use std::sync::Arc;

use hdf5_reader::global_heap::{GlobalHeapCollection, GlobalHeapObject};
use hdf5_reader::io::Cursor;

use super::metadata::{Metadata, guarded};
use crate::{Error, ErrorKind};

/// Parsed collections are forgotten when they have this many bytes together.
const MOST_KEPT_BYTES: usize = 4 << 20;
/// A heap is not followed further when this many bytes were parsed: references that jump between collections without end ...
const MOST_LOADED_BYTES: usize = 2 << 30;
/// ... or when references led to this many bytes, which are fewer collections' over and over.
const MOST_FOLLOWED_BYTES: usize = 2 << 30;

/// Follows references into the global heap, and keeps the collections they lead to for the next ones.
pub struct Heap<'a> {
    metadata: &'a Metadata,
    collections: HashMap<u64, Arc<Collection>>,
    bytes: usize,
    loaded: usize,
    followed: usize,
}

/// Objects of the heap that are stored together.
struct Collection {
    objects: Vec<GlobalHeapObject>,
    /// Their places, by index.
    places: HashMap<u16, usize>,
}

/// What a reference leads to: elements.
#[derive(Clone, Default)]
pub struct List {
    /// How many.
    pub count: usize,
    /// Where they are: a collection, the place of an object in it, and how many of its bytes.
    object: Option<(Arc<Collection>, usize, usize)>,
}

impl List {
    /// The stored elements.
    pub fn bytes(&self) -> &[u8] {
        let found = self.object.as_ref();
        let found = found.and_then(|(collection, place, length)| {
            collection.objects.get(*place).and_then(|object| object.data.get(..*length))
        });
        found.unwrap_or_default()
    }
}

impl<'a> Heap<'a> {
    /// A heap of which nothing was read yet.
    pub fn new(metadata: &'a Metadata) -> Self {
        Self { metadata, collections: HashMap::new(), bytes: 0, loaded: 0, followed: 0 }
    }

    /// Bytes of a reference: how many elements, the address of a collection, and an index in it.
    pub fn reference_bytes(&self) -> usize {
        usize::from(self.metadata.offset_size).saturating_add(8)
    }

    /// The elements, `element_size` bytes each, that a reference leads to; none where it leads nowhere.
    ///
    /// # Errors
    /// `Corrupt` for what is no reference, and where the heap does not have as many elements; `TooLarge` where more of the heap
    /// was followed than any real file needs.
    pub fn find(&mut self, reference: &[u8], element_size: usize) -> Result<List, Error> {
        if reference.len() != self.reference_bytes() {
            let (has, usual) = (reference.len(), self.reference_bytes());
            return Err(Error::corrupt(format!("a reference has {has} bytes, not the usual {usual}")));
        }
        let mut cursor = Cursor::new(reference);
        let count = cursor.read_u32_le()? as usize;
        let address = cursor.read_offset(self.metadata.offset_size)?;
        let index = cursor.read_u32_le()?;
        if count == 0 || address == 0 || self.metadata.defined(address).is_none() {
            return Ok(List::default());
        }
        let collection = self.collection(address)?;
        let place = u16::try_from(index).ok().and_then(|index| collection.places.get(&index).copied());
        let object = place.and_then(|place| collection.objects.get(place));
        let length = count.checked_mul(element_size);
        let length = length.filter(|&length| object.is_some_and(|object| length <= object.data.len()));
        let (Some(place), Some(length)) = (place, length) else {
            let message = format!("the global heap has no {count} elements at index {index}");
            return Err(Error::corrupt(message));
        };
        self.metadata.spend(length)?;
        self.followed = self.followed.saturating_add(length);
        if self.followed > MOST_FOLLOWED_BYTES {
            return Err(too_much(MOST_FOLLOWED_BYTES));
        }
        Ok(List { count, object: Some((collection, place, length)) })
    }

    /// A string: it ends where its reference says, or at a NUL before.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn string(&mut self, reference: &[u8]) -> Result<Vec<u8>, Error> {
        self.find(reference, 1).map(|found| text_of(&found).to_vec())
    }

    fn collection(&mut self, address: u64) -> Result<Arc<Collection>, Error> {
        if let Some(found) = self.collections.get(&address) {
            return Ok(Arc::clone(found));
        }
        let Metadata { offset_size, length_size, .. } = *self.metadata;
        let GlobalHeapCollection { objects } = guarded("global heap", || {
            GlobalHeapCollection::parse_at_storage(self.metadata.storage(), address, offset_size, length_size)
        })?;
        let bytes = objects.iter().map(|object| object.data.len().saturating_add(64)).sum();
        self.loaded = self.loaded.saturating_add(bytes);
        if self.loaded > MOST_LOADED_BYTES {
            return Err(too_much(MOST_LOADED_BYTES));
        }
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_KEPT_BYTES {
            self.collections.clear();
            self.bytes = bytes;
        }
        let mut places = HashMap::with_capacity(objects.len());
        for (place, object) in objects.iter().enumerate() {
            places.entry(object.index).or_insert(place);
        }
        let collection = Arc::new(Collection { objects, places });
        self.collections.insert(address, Arc::clone(&collection));
        Ok(collection)
    }
}

/// The text that a reference with as many bytes leads to: it ends there, or at a NUL before.
pub fn text_of(list: &List) -> &[u8] {
    list.bytes().split(|&byte| byte == 0).next().unwrap_or_default()
}

fn too_much(most: usize) -> Error {
    let message =
        format!("its elements need more than {most} bytes of the global heap; ask for fewer at once");
    Error::new(ErrorKind::TooLarge, message)
}
