//! Chunk indices as records: a few bytes for each chunk.
//!
//! Most files hold the chunks of a variable one after the other, all of about one size. So each chunk is written as what it
//! differs by from that: how many numbers were left out before it, how far it lies from the end of the one before, and how much
//! longer it is.

use super::{ChunkIndex, Places, StoredChunk};
use crate::index::{Packed, Unpacker};

/// A chunk takes four bytes at least.
const LEAST_BYTES: usize = 4;

impl ChunkIndex {
    /// What records of chunk indices are called.
    pub const RECORD: &str = "chunks";
}

impl Packed for ChunkIndex {
    fn pack(&self, out: &mut Vec<u8>) {
        self.counts.pack(out);
        match &self.places {
            Places::Listed(chunks) => {
                out.push(1);
                chunks.len().pack(out);
                let mut before = Before::default();
                chunks.iter().for_each(|chunk| before.pack(chunk, out));
            }
            Places::Implicit { address, bytes, counts } => {
                out.push(2);
                address.pack(out);
                bytes.pack(out);
                counts.pack(out);
            }
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let counts = Packed::unpack(from)?;
        let places = match from.byte()? {
            1 => {
                let length = from.length(LEAST_BYTES)?;
                let (mut chunks, mut before) = (Vec::with_capacity(length), Before::default());
                for _ in 0..length {
                    chunks.push(before.unpack(from)?);
                }
                Places::Listed(chunks)
            }
            2 => Places::Implicit {
                address: Packed::unpack(from)?,
                bytes: Packed::unpack(from)?,
                counts: Packed::unpack(from)?,
            },
            _ => return None,
        };
        Some(Self { counts, places })
    }
}

/// What the chunk before leads to expect of the next one.
#[derive(Default)]
struct Before {
    number: u64,
    address: u64,
    bytes: u64,
}

impl Before {
    /// Addresses and lengths are any 64 bits, so differences wrap around.
    fn pack(&mut self, chunk: &StoredChunk, out: &mut Vec<u8>) {
        chunk.number.wrapping_sub(self.number).pack(out);
        chunk.address.wrapping_sub(self.address).cast_signed().pack(out);
        chunk.bytes.wrapping_sub(self.bytes).cast_signed().pack(out);
        chunk.skipped_codecs.pack(out);
        self.move_to(chunk);
    }

    fn unpack(&mut self, from: &mut Unpacker<'_>) -> Option<StoredChunk> {
        // Numbers only rise, which finding a chunk relies on.
        let number = self.number.checked_add(u64::unpack(from)?)?;
        let address = self.address.wrapping_add(i64::unpack(from)?.cast_unsigned());
        let bytes = self.bytes.wrapping_add(i64::unpack(from)?.cast_unsigned());
        let chunk = StoredChunk { number, address, bytes, skipped_codecs: u32::unpack(from)? };
        self.move_to(&chunk);
        Some(chunk)
    }

    fn move_to(&mut self, chunk: &StoredChunk) {
        self.number = chunk.number.saturating_add(1);
        self.address = chunk.address.wrapping_add(chunk.bytes);
        self.bytes = chunk.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{pack, unpack};
    use proptest::prelude::*;

    fn chunk(number: u64, address: u64, bytes: u64, skipped_codecs: u32) -> StoredChunk {
        StoredChunk { number, address, bytes, skipped_codecs }
    }

    fn check(index: ChunkIndex, expected: usize) {
        let bytes = pack(&index);
        assert_eq!(bytes.len(), expected, "{bytes:?}");
        for length in 0..bytes.len() {
            assert_eq!(unpack::<ChunkIndex>(&bytes[..length]), None, "{length}");
        }
        assert_eq!(unpack(&bytes), Some(index));
    }

    #[test]
    fn chunks_one_after_the_other_take_four_bytes() {
        let places = (0..1000).map(|n| chunk(n, 2048 + n * 400, 400, 0)).collect();
        check(ChunkIndex { counts: vec![1000], places: Places::Listed(places) }, 1 + 2 + 1 + 2 + 4000 + 2);
        let places = vec![chunk(3, u64::MAX - 1, 9, 1), chunk(7, 5, u64::MAX, u32::MAX)];
        check(ChunkIndex { counts: vec![2, 5], places: Places::Listed(places) }, 17);
        check(ChunkIndex { counts: vec![2], places: Places::Listed(vec![]) }, 4);
        let places = Places::Implicit { address: 300, bytes: 8, counts: vec![2, 900] };
        check(ChunkIndex { counts: vec![2, 5], places }, 3 + 1 + 2 + 1 + 4);
    }

    proptest! {
        #[test]
        fn any_list_comes_back(steps: Vec<(u32, u64, u64, u32)>) {
            let mut number = 0;
            let chunks = steps.iter().map(|&(step, address, bytes, skipped_codecs)| {
                number += u64::from(step) + 1;
                chunk(number, address, bytes, skipped_codecs)
            });
            let index = ChunkIndex { counts: vec![u64::MAX], places: Places::Listed(chunks.collect()) };
            prop_assert_eq!(unpack(&pack(&index)), Some(index));
        }

        #[test]
        fn any_bytes_are_taken_without_harm(mut bytes: Vec<u8>) {
            bytes.splice(0..0, [1, 9, 1]);
            if let Some(found) = unpack::<ChunkIndex>(&bytes) {
                prop_assert!(found.find(&[8]).is_none_or(|chunk| chunk.number == 8));
                if let Places::Listed(chunks) = &found.places {
                    let rises = chunks.windows(2).all(|pair| pair[0].number < pair[1].number);
                    prop_assert!(rises || chunks.last().is_some_and(|last| last.number == u64::MAX));
                }
            }
        }
    }
}
