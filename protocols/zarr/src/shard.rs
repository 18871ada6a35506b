//! Shards: several chunks in one object, with an index behind them.
//!
//! Source: <https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html>, `index_location` "end".

use serde_json::{Value as Json, json};

/// What the index has for a chunk that is not there.
const ABSENT: u64 = u64::MAX;

/// A shard that grows chunk by chunk, in row-major order.
#[derive(Clone, Debug, Default)]
pub struct Shard {
    bytes: Vec<u8>,
    index: Vec<u8>,
}

impl Shard {
    /// Adds the next chunk; `None` where there is none, because the array ends before it.
    pub fn push(&mut self, chunk: Option<&[u8]>) {
        let place = chunk.map_or([ABSENT; 2], |chunk| [self.bytes.len() as u64, chunk.len() as u64]);
        self.index.extend(place.iter().flat_map(|number| number.to_le_bytes()));
        self.bytes.extend_from_slice(chunk.unwrap_or_default());
    }

    /// Bytes so far, without the index.
    #[must_use]
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The whole object; `None` where no chunk is in it. `checksum` is CRC-32C (RFC 3720).
    #[must_use]
    pub fn finish(mut self, checksum: impl FnOnce(&[u8]) -> u32) -> Option<Vec<u8>> {
        if self.index.chunks_exact(8).all(|number| number == ABSENT.to_le_bytes()) {
            return None;
        }
        self.bytes.extend_from_slice(&self.index);
        self.bytes.extend(checksum(&self.index).to_le_bytes());
        Some(self.bytes)
    }
}

/// The codec of version 3 around the codecs of chunks.
pub(crate) fn codec(chunk_shape: &[u64], codecs: &Json) -> Json {
    json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": chunk_shape,
        "codecs": codecs,
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        "index_location": "end",
    }}])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_lies_behind_the_chunks() {
        let mut shard = Shard::default();
        shard.push(Some(&[1, 2, 3]));
        shard.push(None);
        shard.push(Some(&[4]));
        assert_eq!(shard.length(), 4);
        let bytes = shard.finish(|index| index.len() as u32).unwrap();
        let numbers: Vec<u64> =
            bytes[4..52].chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(&bytes[..4], [1, 2, 3, 4]);
        assert_eq!(numbers, [0, 3, ABSENT, ABSENT, 3, 1]);
        assert_eq!(bytes[52..], 48_u32.to_le_bytes());
    }

    #[test]
    fn an_empty_shard_is_no_object() {
        let mut shard = Shard::default();
        shard.push(None);
        assert_eq!(shard.finish(|_| 0), None);
    }
}
