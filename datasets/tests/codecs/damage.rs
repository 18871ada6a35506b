//! Damaged streams: whatever is done to stored bytes, a decoder gives as many bytes as the chunk has, or an error. It never
//! panics, and what it gives depends on the stored bytes alone, not on what was decoded before.

use proptest::prelude::*;
use weir_datasets::codecs::{self, Decoded, Scratch};
use weir_datasets::{ChunkKey, DataFile, Error, hdf5};
use weir_model::{ByteOrder, Codec, DataType};

use crate::hdf5_filters::path;
use crate::zarr_codecs::Stored;

/// A stored chunk, and what it takes to decode it.
#[derive(Clone)]
struct Chunk {
    name: String,
    codecs: Vec<Codec>,
    data_type: DataType,
    length: usize,
    skipped: u32,
    bytes: Vec<u8>,
}

impl Chunk {
    fn decode(&self, scratch: &mut Scratch, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let Self { codecs, length, data_type, skipped, .. } = self;
        let (stored, wanted) = (ByteOrder::Little, ByteOrder::Little);
        let to = Decoded { codecs, length: *length, data_type, stored, wanted };
        codecs::decode(scratch, bytes, *skipped, &to).map(<[u8]>::to_vec)
    }

    /// Decodes damaged bytes twice, after different things were decoded with the same scratch.
    fn check(&self, scratch: &mut Scratch, others: &[Self], bytes: &[u8]) {
        let first = self.decode(scratch, bytes);
        self.decode(scratch, &self.bytes).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        for other in others {
            let _ = other.decode(scratch, &other.bytes);
        }
        let second = self.decode(scratch, bytes);
        assert_eq!(first, second, "{}", self.name);
        assert!(first.is_err() || first.is_ok_and(|decoded| decoded.len() == self.length), "{}", self.name);
    }
}

/// The first chunk of each dataset of a file that has codecs.
fn chunks_of(fixture: &str) -> Vec<Chunk> {
    let source = hdf5::open(DataFile::open(&path(fixture)).unwrap()).unwrap();
    let variables = source.schema().variables();
    let coded = variables.into_iter().filter(|(_, variable)| !variable.storage.codecs.is_empty());
    coded
        .map(|(name, variable)| {
            let index = vec![0; variable.shape.len()];
            let encoded = source.fetch(ChunkKey { variable: &name, index: &index }).unwrap().unwrap();
            let elements: u64 = variable.storage.chunk_shape.iter().product();
            Chunk {
                codecs: variable.storage.codecs.clone(),
                data_type: variable.data_type.clone(),
                length: elements as usize * variable.data_type.size().unwrap(),
                skipped: encoded.skipped_codecs,
                bytes: encoded.bytes,
                name,
            }
        })
        .collect()
}

/// Small chunks of every codec.
fn chunks() -> Vec<Chunk> {
    let fixtures =
        ["codecs_each.h5", "codecs_szip.h5", "codecs_nbit.h5", "codecs_scaleoffset.h5", "codecs_streams.h5"];
    let files = fixtures.into_iter().chain(["codecs_blosc.h5", "codecs_blosc2.h5"]).flat_map(chunks_of);
    let zarr = Stored::all().into_iter().map(|Stored { codecs, length, bytes }| {
        let (name, data_type) = (format!("{codecs:?}"), DataType::Int32);
        Chunk { name, codecs, data_type, length, skipped: 0, bytes }
    });
    files.chain(zarr).filter(|chunk| chunk.bytes.len() <= 4096 && chunk.length <= 1 << 13).collect()
}

/// A buffer-filling chunk that leaves nothing but 0xa5 behind.
fn paint() -> Chunk {
    let bytes = vec![0xa5; 1 << 14];
    let shuffle = Codec::Shuffle { element_size: 1 };
    let (name, codecs, length) = ("paint".to_owned(), vec![shuffle.clone(), shuffle], bytes.len());
    Chunk { name, codecs, data_type: DataType::UInt8, length, skipped: 0, bytes }
}

/// Numbers that look random and are the same in every run.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    }
}

#[test]
fn changed_bits_cut_ends_and_moved_bytes() {
    let (chunks, others) = (chunks(), [paint()]);
    assert!(chunks.len() > 200, "{}", chunks.len());
    Scratch::with(|scratch| {
        for (seed, chunk) in chunks.iter().enumerate() {
            let mut number = numbers(seed as u64);
            for _ in 0..5 {
                let mut bytes = chunk.bytes.clone();
                for _ in 0..=number(3) {
                    let at = number(bytes.len());
                    bytes[at] ^= 1 << number(8);
                }
                chunk.check(scratch, &others, &bytes);
                chunk.check(scratch, &others, &chunk.bytes[..number(chunk.bytes.len())]);
                let count = number(8.min(bytes.len()));
                let (from, to) = (number(bytes.len() - count), number(bytes.len() - count));
                bytes.copy_within(from..from + count, to);
                chunk.check(scratch, &others, &bytes);
                // Heads are where lengths stand.
                let at = number(bytes.len().min(32));
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff][number(5)];
                chunk.check(scratch, &others, &bytes);
                bytes.extend_from_slice(&chunk.bytes);
                chunk.check(scratch, &others, &bytes);
            }
            chunk.check(scratch, &others, &[]);
        }
    });
}

#[test]
fn parameters_that_make_no_sense() {
    let (chunks, others) = (chunks_of("codecs_each.h5"), [paint()]);
    Scratch::with(|scratch| {
        for (seed, chunk) in chunks.into_iter().enumerate() {
            let mut number = numbers(seed as u64);
            for _ in 0..300 {
                let mut changed = chunk.clone();
                for codec in &mut changed.codecs {
                    let Codec::Other { parameters, .. } = codec else { continue };
                    let at = number(parameters.len());
                    if let Some(parameter) = parameters.get_mut(at) {
                        *parameter =
                            [0, 1, 7, 64, 1 << 16, u32::MAX - 1, u32::MAX, *parameter + 1][number(8)];
                    }
                    parameters.truncate(if number(4) == 0 { at } else { usize::MAX });
                }
                let first = changed.decode(scratch, &changed.bytes);
                for other in &others {
                    other.decode(scratch, &other.bytes).unwrap();
                }
                assert_eq!(first, changed.decode(scratch, &changed.bytes), "{:?}", changed.codecs);
            }
        }
    });
}

/// Bytes that decode to more than a chunk has.
fn check_bomb(codecs: &[Codec], bytes: &[u8]) {
    for length in [0, 8, 1000] {
        let to = Decoded {
            codecs,
            length,
            data_type: &DataType::UInt8,
            stored: ByteOrder::Little,
            wanted: ByteOrder::Little,
        };
        let error =
            Scratch::with(|scratch| codecs::decode(scratch, bytes, 0, &to).map(<[u8]>::len)).unwrap_err();
        assert!(error.message.contains("more than"), "{codecs:?}: {error}");
    }
}

#[test]
fn bombs_are_refused() {
    let zarr = |name: &str| Codec::Other {
        id: 0,
        name: name.into(),
        parameters: vec![],
        configuration: String::new(),
    };
    let hdf5 =
        |id, parameters| Codec::Other { id, name: String::new(), parameters, configuration: String::new() };
    let zeros = vec![0; 1 << 20];
    let zstd = zstd::bulk::compress(&zeros, 1).unwrap();
    check_bomb(&[hdf5(32015, vec![])], &zstd);
    check_bomb(&[hdf5(32000, vec![])], &[&[0, 7][..], &[0xe0, 0xff, 0].repeat(400)].concat());
    check_bomb(&[hdf5(32004, vec![])], &[0xff; 24]);
    check_bomb(&[hdf5(32008, vec![0, 2, 4, 0, 2])], &[0x7f; 24]);
    check_bomb(&[hdf5(4, vec![0, 8, 8, 128])], &[0xff; 24]);
    check_bomb(&[hdf5(5, vec![8, 0, u32::MAX, 1, 1, 0, 8, 0])], &[0xff; 24]);
    check_bomb(&[hdf5(6, vec![2, 0, u32::MAX, 0, 1, 0, 0, 0])], &[0; 24]);
    check_bomb(&[hdf5(32001, vec![])], &[&[2, 1, 2, 1][..], &[0x7f; 12]].concat());
    check_bomb(&[zarr("lz4")], &[0xff; 24]);
    // A bomb inside: the step before another compressor may be longer than the chunk, but not by much.
    let twice = zstd::bulk::compress(&zeros, 1).unwrap();
    check_bomb(&[zarr("bz2"), zarr("zstd")], &twice);
}

proptest! {
    #[test]
    fn bytes_at_random(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        parameters in prop::collection::vec(prop_oneof![0_u32..9, any::<u32>()], 0..12),
        length in 0_usize..600,
        id in prop::sample::select(vec![0, 4, 5, 6, 307, 32000, 32001, 32004, 32008, 32015, 32026]),
        name in prop::sample::select(vec!["zlib", "gzip", "zstd", "blosc", "lz4", "bz2", "shuffle", "crc32"]),
    ) {
        let codec = Codec::Other { id, name: name.into(), parameters, configuration: String::new() };
        let (name, codecs, data_type) = (String::new(), vec![codec.clone(), codec], DataType::UInt8);
        let mut chunk = Chunk { name, codecs, data_type, length, skipped: 0, bytes };
        for skipped in [0b00, 0b01] {
            chunk.skipped = skipped;
            let decoded = Scratch::with(|scratch| chunk.decode(scratch, &chunk.bytes));
            prop_assert!(decoded.is_err() || decoded.is_ok_and(|decoded| decoded.len() == length));
        }
    }
}
