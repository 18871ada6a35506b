//! The global heap: where texts of any length, and lists, are kept (section III.E).

use super::datatype::HEAP_REFERENCE_BYTES;

/// A collection has as many bytes at least ...
const LEAST_BYTES: usize = 4096;
/// ... and takes up objects until it has more than these.
const MOST_BYTES: usize = 64 << 10;
/// Before each object of a collection, and before all of them.
const HEAD_BYTES: usize = 16;

/// Collections of objects, as they grow.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    /// Where the collections lie, as far as that is known.
    addresses: &'a [u64],
    collections: Vec<Collection>,
}

#[derive(Debug, Default)]
struct Collection {
    objects: u16,
    bytes: Vec<u8>,
}

impl<'a> Heap<'a> {
    pub fn new(addresses: &'a [u64]) -> Self {
        Self { addresses, collections: Vec::new() }
    }

    /// Takes up an object of so many elements; what is stored where it is referred to.
    pub fn keep(&mut self, elements: usize, object: &[u8]) -> [u8; HEAP_REFERENCE_BYTES as usize] {
        let has_room = |collection: &Collection| {
            let after = collection.bytes.len().saturating_add(object.len());
            after <= MOST_BYTES && collection.objects < u16::MAX
        };
        if !self.collections.last().is_some_and(has_room) {
            self.collections.push(Collection::default());
        }
        let place = self.collections.len().saturating_sub(1);
        let address = self.addresses.get(place).copied().unwrap_or(0);
        let mut index = 0;
        if let Some(collection) = self.collections.last_mut() {
            index = collection.add(object);
        }
        let elements = u32::try_from(elements).unwrap_or(u32::MAX);
        let mut reference = [0; 16];
        let parts = elements.to_le_bytes().into_iter().chain(address.to_le_bytes());
        for (slot, byte) in reference.iter_mut().zip(parts.chain(u32::from(index).to_le_bytes())) {
            *slot = byte;
        }
        reference
    }

    /// The bytes of each collection.
    pub fn finish(self) -> Vec<Vec<u8>> {
        self.collections.into_iter().map(Collection::finish).collect()
    }
}

impl Collection {
    fn add(&mut self, object: &[u8]) -> u16 {
        self.objects = self.objects.saturating_add(1);
        // Index, count of references, four of no meaning, length, bytes; up to a multiple of eight.
        self.bytes.extend(self.objects.to_le_bytes());
        self.bytes.extend([1, 0, 0, 0, 0, 0]);
        self.bytes.extend((object.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(object);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.objects
    }

    fn finish(self) -> Vec<u8> {
        let used = self.bytes.len().saturating_add(HEAD_BYTES);
        // What is left is an object too, if its head has room.
        let length = match used < LEAST_BYTES {
            true => used.saturating_add(HEAD_BYTES).max(LEAST_BYTES),
            false => used,
        };
        let mut bytes = b"GCOL\x01\0\0\0".to_vec();
        bytes.extend((length as u64).to_le_bytes());
        bytes.extend(self.bytes);
        let left = length.saturating_sub(bytes.len());
        if left > 0 {
            bytes.extend([0; 8]);
            bytes.extend((left as u64).to_le_bytes());
            bytes.resize(length, 0);
        }
        bytes
    }
}
