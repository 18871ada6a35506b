//! Encodings: how the chunks of an array are encoded, and whether the file's own chunks already are.

use serde_json::{Value as Json, json};
use weir_model::{ByteOrder, Codec, Storage};

use crate::{Compressor, ElementType, Making, shard};

/// The compression level of chunks that are made anew: the network is rarely slower than a higher level.
const LEVEL: u32 = 1;

/// Where the bytes of a chunk come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the file, as they are stored.
    Stored,
    /// From values, encoded anew: Zarr cannot name the file's codecs.
    Values,
}

/// How each chunk of an array is encoded: elements, then shuffled, then compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Where chunks come from.
    pub source: Source,
    /// The byte order of elements.
    pub byte_order: ByteOrder,
    /// The element size of the shuffle step; `None` without one.
    pub shuffle: Option<usize>,
    /// How chunks are compressed.
    pub compressor: Compressor,
}

impl Encoding {
    /// The encoding of a variable whose whole chunks have `chunk_bytes` bytes.
    ///
    /// The file's own where it is at most shuffle, deflate and Fletcher32, each once, in that order. A Fletcher32 that comes
    /// last is checked and removed by whoever hands out the stored bytes; one that comes earlier is compressed with the
    /// data, and cannot be removed without decoding.
    pub(crate) fn of(element: ElementType, storage: &Storage, chunk_bytes: Option<u64>) -> Self {
        let own = element.size().and_then(|_| Self::stored(storage, chunk_bytes?));
        own.unwrap_or_else(|| Self {
            source: Source::Values,
            byte_order: ByteOrder::Little,
            shuffle: element.size().filter(|&size| size > 1),
            compressor: Compressor::Zlib { level: LEVEL },
        })
    }

    /// The encoding of chunks that are made as a recipe wants it.
    pub(crate) fn made(element: ElementType, making: &Making) -> Self {
        let shuffle = element.size().and_then(|size| making.compressor.shuffle(size));
        let (source, byte_order) = (Source::Values, ByteOrder::Little);
        Self { source, byte_order, shuffle, compressor: making.compressor.clone() }
    }

    /// The encoding of stored chunks whose codecs are told elsewhere.
    pub(crate) fn as_stored(byte_order: ByteOrder) -> Self {
        Self { source: Source::Stored, byte_order, shuffle: None, compressor: Compressor::None {} }
    }

    /// The file's own encoding, if Zarr can name it.
    fn stored(storage: &Storage, chunk_bytes: u64) -> Option<Self> {
        let compressor = Compressor::None {};
        let mut own =
            Self { source: Source::Stored, byte_order: storage.byte_order, shuffle: None, compressor };
        let mut rest = storage.codecs.as_slice();
        if let [Codec::Shuffle { element_size }, behind @ ..] = rest {
            let size = usize::try_from(*element_size).ok()?;
            // HDF5 leaves bytes alone that do not make up an element; Zarr's shuffle refuses them.
            if chunk_bytes.checked_rem(u64::from(*element_size))? != 0 {
                return None;
            }
            // Shuffling single bytes changes nothing, and not every client knows the step.
            own.shuffle = Some(size).filter(|&size| size > 1);
            rest = behind;
        }
        if let [Codec::Deflate { level }, behind @ ..] = rest {
            own.compressor = Compressor::Zlib { level: (*level).min(9) };
            rest = behind;
        }
        matches!(rest, [] | [Codec::Fletcher32]).then_some(own)
    }

    /// The `filters` and the `compressor` of version 2.
    pub(crate) fn v2(&self, element: ElementType) -> (Json, Json) {
        let text = (element == ElementType::Text).then(|| json!({"id": "vlen-utf8"}));
        let shuffle = self.shuffle.map(|size| json!({"id": "shuffle", "elementsize": size}));
        let filters: Vec<Json> = text.into_iter().chain(shuffle).collect();
        // The specification wants null, not an empty list.
        let filters = if filters.is_empty() { Json::Null } else { Json::Array(filters) };
        (filters, self.compressor.v2())
    }

    /// The `codecs` of version 3; around them that of shards, where chunks of `chunk_shape` lie in shards.
    ///
    /// `numcodecs.shuffle` and `numcodecs.zlib` are the names that zarr-python, zarrs and zarrita know; the core
    /// specification has gzip only, whose framing differs from what HDF5 stores.
    pub(crate) fn v3(&self, element: ElementType, in_shards: Option<&[u64]>) -> Json {
        let order = match self.byte_order {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        };
        let bytes = match element {
            ElementType::Text => json!({"name": "vlen-utf8"}),
            _ if element.has_byte_order() => json!({"name": "bytes", "configuration": {"endian": order}}),
            _ => json!({"name": "bytes"}),
        };
        let shuffle = self
            .shuffle
            .map(|size| json!({"name": "numcodecs.shuffle", "configuration": {"elementsize": size}}));
        let compressor = self.compressor.v3(element.size().unwrap_or(1));
        let codecs: Json = std::iter::once(bytes).chain(shuffle).chain(compressor).collect();
        match in_shards {
            Some(chunk_shape) => shard::codec(chunk_shape, &codecs),
            None => codecs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHUFFLE: Codec = Codec::Shuffle { element_size: 4 };
    const DEFLATE: Codec = Codec::Deflate { level: 5 };

    fn encoding(codecs: &[Codec]) -> Encoding {
        let storage = Storage {
            chunk_shape: vec![6],
            codecs: codecs.to_vec(),
            byte_order: ByteOrder::Big,
            fill: vec![0; 4],
        };
        Encoding::of(ElementType::Float(4), &storage, Some(24))
    }

    fn check(codecs: &[Codec], expected: (Option<usize>, Option<u32>)) {
        let own = Encoding {
            source: Source::Stored,
            byte_order: ByteOrder::Big,
            shuffle: expected.0,
            compressor: expected.1.map_or(Compressor::None {}, |level| Compressor::Zlib { level }),
        };
        assert_eq!(encoding(codecs), own);
    }

    #[test]
    fn what_zarr_can_name_passes_through() {
        check(&[], (None, None));
        check(&[Codec::Fletcher32], (None, None));
        check(&[DEFLATE], (None, Some(5)));
        check(&[SHUFFLE], (Some(4), None));
        check(&[SHUFFLE, DEFLATE, Codec::Fletcher32], (Some(4), Some(5)));
        check(&[Codec::Shuffle { element_size: 1 }, DEFLATE], (None, Some(5)));
    }

    #[test]
    fn the_rest_is_encoded_anew() {
        let anew = Encoding {
            source: Source::Values,
            byte_order: ByteOrder::Little,
            shuffle: Some(4),
            compressor: Compressor::Zlib { level: 1 },
        };
        for codecs in [
            vec![DEFLATE, SHUFFLE],
            vec![SHUFFLE, Codec::Fletcher32, DEFLATE],
            vec![DEFLATE, DEFLATE],
            vec![Codec::Shuffle { element_size: 7 }, DEFLATE],
            vec![Codec::Shuffle { element_size: 0 }, DEFLATE],
            vec![Codec::Other {
                id: 32015,
                name: "zstd".into(),
                parameters: vec![],
                configuration: String::new(),
            }],
        ] {
            assert_eq!(encoding(&codecs), anew, "{codecs:?}");
        }
    }

    #[test]
    fn codecs_are_written_in_order() {
        let own = encoding(&[SHUFFLE, DEFLATE]);
        let (filters, compressor) = own.v2(ElementType::Float(4));
        assert_eq!(filters, json!([{"id": "shuffle", "elementsize": 4}]));
        assert_eq!(compressor, json!({"id": "zlib", "level": 5}));
        let expected = json!([
            {"name": "bytes", "configuration": {"endian": "big"}},
            {"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}},
            {"name": "numcodecs.zlib", "configuration": {"level": 5}},
        ]);
        assert_eq!(own.v3(ElementType::Float(4), None), expected);
        assert_eq!(encoding(&[]).v2(ElementType::Bytes(4)), (Json::Null, Json::Null));
        assert_eq!(encoding(&[]).v3(ElementType::Bytes(4), None), json!([{"name": "bytes"}]));
    }
}
