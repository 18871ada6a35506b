//! The contract holds for datasets in memory, with every codec, and is broken by sources that lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

use libdeflater::{CompressionLvl, Compressor};
use weir_datasets::contract::{Expected, check_source};
use weir_datasets::memory::MemorySource;
use weir_datasets::{ChunkKey, ChunkSource, Encoded, Error, ErrorKind, Stored, StringRoom};
use weir_model::{ByteOrder, Codec, DataType, Dimension, Group, Hyperslab, Schema, Storage, Variable};

/// A variable over dimensions that are named by their lengths.
fn variable(
    name: &str,
    data_type: DataType,
    shape: &[u64],
    chunk_shape: &[u64],
    codecs: Vec<Codec>,
) -> Variable {
    let fill = (1..=data_type.size().unwrap_or(0) as u8).map(|n| n + 200).collect();
    Variable {
        name: name.to_owned(),
        data_type,
        dimensions: shape.iter().map(|length| format!("/d{length}")).collect(),
        shape: shape.to_vec(),
        attributes: vec![],
        storage: Storage { chunk_shape: chunk_shape.to_vec(), codecs, byte_order: ByteOrder::Little, fill },
    }
}

fn schema(variables: Vec<Variable>) -> Schema {
    let dimension = |length| Dimension { name: format!("d{length}"), length, unlimited: false };
    let dimensions = [0, 3, 5, 7, 10].map(dimension).to_vec();
    Schema { root: Group { dimensions, variables, ..Group::default() } }
}

/// Elements whose bytes depend on their place.
fn elements(variable: &Variable) -> Vec<u8> {
    let count: u64 = variable.shape.iter().product();
    let size = variable.data_type.size().unwrap() as u64;
    (0..count * size).map(|n| (n % 251 + 1) as u8).collect()
}

fn shuffle(bytes: &[u8], size: usize) -> Vec<u8> {
    let elements = bytes.len() / size;
    (0..size).flat_map(|byte| (0..elements).map(move |element| bytes[element * size + byte])).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut out).unwrap();
    out.truncate(length);
    out
}

/// Appends the checksum as the HDF5 specification has it: sums modulo 65535 of 16-bit words, kept as 1..=65535.
fn checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let (mut low, mut high) = (0_u64, 0_u64);
    for word in bytes.chunks(2) {
        low += u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0));
        high += low;
    }
    let fold = |sum: u64| if sum == 0 { 0 } else { (sum - 1) % 65_535 + 1 };
    bytes.extend(((fold(high) << 16 | fold(low)) as u32).to_le_bytes());
    bytes
}

fn encode(bytes: Vec<u8>, codecs: &[Codec]) -> Vec<u8> {
    codecs.iter().fold(bytes, |bytes, codec| match codec {
        Codec::Shuffle { element_size } => shuffle(&bytes, *element_size as usize),
        Codec::Deflate { .. } => deflate(&bytes),
        Codec::Fletcher32 => checksum(bytes),
        Codec::Other { .. } => panic!("tests use the built-in codecs"),
    })
}

/// A dataset of one variable whose chunks are all stored.
fn stored(variable: Variable) -> MemorySource {
    let (values, codecs) = (elements(&variable), variable.storage.codecs.clone());
    let path = format!("/{}", variable.name);
    let source = MemorySource::new(schema(vec![variable]));
    source.with_encoded_array(&path, &values, &|bytes| encode(bytes, &codecs)).unwrap()
}

/// The contract holds for a variable, in both stored byte orders.
fn check(variable: &Variable) {
    for byte_order in [ByteOrder::Little, ByteOrder::Big] {
        let mut variable = variable.clone();
        variable.storage.byte_order = byte_order;
        let values = Expected::Elements(elements(&variable));
        let kept = check_source(|| Box::new(stored(variable.clone())), &|_| Some(values.clone()));
        assert_eq!(kept, Ok(()), "{variable:?}");
    }
}

#[test]
fn plain_storage_of_all_sizes() {
    check(&variable("a", DataType::Int16, &[], &[], vec![]));
    check(&variable("a", DataType::Float64, &[7], &[7], vec![]));
    check(&variable("a", DataType::Float32, &[5, 7], &[2, 3], vec![]));
    check(&variable("a", DataType::UInt8, &[3, 5, 7], &[1, 5, 2], vec![]));
    check(&variable("a", DataType::Char, &[3, 10], &[2, 10], vec![]));
    check(&variable("a", DataType::FixedString { length: 6 }, &[5], &[2], vec![]));
    check(&variable("a", DataType::Int32, &[0, 5], &[4, 5], vec![]));
    check(&variable("a", DataType::Int64, &[3, 5], &[7, 7], vec![]));
}

#[test]
fn every_codec_alone_and_together() {
    let shuffle = |element_size| Codec::Shuffle { element_size };
    let deflate = Codec::Deflate { level: 6 };
    let chains = [
        vec![deflate.clone()],
        vec![shuffle(4)],
        vec![Codec::Fletcher32],
        vec![shuffle(4), deflate.clone()],
        vec![shuffle(4), deflate.clone(), Codec::Fletcher32],
        vec![Codec::Fletcher32, shuffle(4), deflate.clone()],
    ];
    for codecs in chains {
        check(&variable("a", DataType::Float32, &[5, 7], &[2, 3], codecs.clone()));
        check(&variable("a", DataType::Int32, &[], &[], codecs.clone()));
        check(&variable("a", DataType::UInt32, &[0, 5], &[4, 5], codecs));
    }
}

/// A dataset whose middle chunk alone is stored.
fn sparse(codecs: &[Codec]) -> (MemorySource, Vec<u8>) {
    let variable = variable("a", DataType::Int16, &[10], &[4], codecs.to_vec());
    let whole: Vec<u8> = (0..20).map(|n| if (8..16).contains(&n) { n + 1 } else { 201 + n % 2 }).collect();
    let source = MemorySource::new(schema(vec![variable]));
    let encoded = Encoded { bytes: encode(whole[8..16].to_vec(), codecs), skipped_codecs: 0 };
    (source.with_chunk(ChunkKey { variable: "/a", index: &[1] }, encoded).unwrap(), whole)
}

#[test]
fn absent_chunks_are_fill_values() {
    for codecs in [vec![], vec![Codec::Deflate { level: 1 }]] {
        let (source, whole) = sparse(&codecs);
        let expected = Some(Expected::Elements(whole));
        assert_eq!(check_source(|| Box::new(source.clone()), &|_| expected.clone()), Ok(()));
    }
}

#[test]
fn codecs_may_be_skipped_for_a_chunk() {
    let codecs = vec![Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 1 }];
    let (source, whole) = sparse(&codecs);
    for (skipped_codecs, applied) in [(0b01, &codecs[1..]), (0b10, &codecs[..1]), (0b11, &[])] {
        let bytes = encode(whole[8..16].to_vec(), applied);
        let chunk = ChunkKey { variable: "a", index: &[1] };
        let source = source.clone().with_chunk(chunk, Encoded { bytes, skipped_codecs }).unwrap();
        let expected = Some(Expected::Elements(whole.clone()));
        assert_eq!(check_source(|| Box::new(source.clone()), &|_| expected.clone()), Ok(()));
    }
}

#[test]
fn strings_of_any_length() {
    let strings: Vec<Vec<u8>> = (1..=15_u8).map(|n| vec![b'a' + n; usize::from(n % 4)]).collect();
    let variable = variable("s", DataType::String, &[3, 5], &[3, 5], vec![]);
    let source = MemorySource::new(schema(vec![variable])).with_strings("/s", strings.clone()).unwrap();
    assert_eq!(
        check_source(|| Box::new(source.clone()), &|_| Some(Expected::Strings(strings.clone()))),
        Ok(())
    );
    let mut wrong = strings;
    wrong[7] = b"other".to_vec();
    let broken = check_source(|| Box::new(source.clone()), &|_| Some(Expected::Strings(wrong.clone())));
    assert!(broken.unwrap_err().contains("string 7 is"));
}

#[test]
fn what_does_not_fit_the_schema_is_not_stored() {
    let refused =
        |result: Result<MemorySource, Error>, kind: ErrorKind| assert_eq!(result.unwrap_err().kind, kind);
    let plain = variable("a", DataType::Int16, &[5], &[2], vec![]);
    let source = MemorySource::new(schema(vec![plain]));
    refused(source.clone().with_array("/a", &[1; 9]), ErrorKind::BadRequest);
    refused(source.clone().with_array("/b", &[1; 10]), ErrorKind::NotFound);
    refused(source.clone().with_strings("/a", vec![vec![]; 5]), ErrorKind::BadRequest);
    let encoded = Encoded { bytes: vec![1; 4], skipped_codecs: 0 };
    refused(source.with_chunk(ChunkKey { variable: "/a", index: &[3] }, encoded), ErrorKind::NotFound);
    let packed = variable("a", DataType::Int16, &[5], &[2], vec![Codec::Fletcher32]);
    refused(MemorySource::new(schema(vec![packed])).with_array("/a", &[1; 10]), ErrorKind::BadRequest);
}

/// How a source lies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    /// One byte of the last chunk is another.
    WrongByte,
    /// Parts of chunks begin one byte late.
    ShiftedParts,
    /// Chunks that do not exist are absent, not unknown.
    EndlessGrid,
    /// Nothing is said to be stored where something is.
    AbsentExtent,
    /// Every opening is another generation.
    NewGeneration,
    /// Bytes behind a chunk are zeros.
    ZerosBehind,
    /// All variables are strings too.
    AlsoStrings,
}

/// A source that lies.
struct Liar(MemorySource, Lie, String);

impl ChunkSource for Liar {
    fn schema(&self) -> &Schema {
        self.0.schema()
    }

    fn generation(&self) -> String {
        self.2.clone()
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.0.check_unchanged()
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        match (self.1, self.0.locate(chunk)) {
            (Lie::EndlessGrid, Err(e)) if e.kind == ErrorKind::NotFound && chunk.variable == "/a" => {
                Ok(Stored::Nothing)
            }
            (Lie::WrongByte, Ok(Stored::Here(mut encoded))) if chunk.index == [1, 2] => {
                encoded.bytes[0] ^= 1;
                Ok(Stored::Here(encoded))
            }
            (_, result) => result,
        }
    }

    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        match self.1 {
            Lie::ShiftedParts => self.0.fetch_part(chunk, offset + 1, out),
            Lie::ZerosBehind => self.0.fetch_part(chunk, offset, out).or_else(|e| {
                out.fill(0);
                if e.kind == ErrorKind::BadRequest { Ok(true) } else { Err(e) }
            }),
            _ => self.0.fetch_part(chunk, offset, out),
        }
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        let stored = self.0.check_extent(chunk)?;
        Ok(stored && self.1 != Lie::AbsentExtent)
    }

    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        match self.0.read_strings(variable, slab, room) {
            Err(e) if e.kind == ErrorKind::BadRequest && self.1 == Lie::AlsoStrings => Ok(vec![]),
            result => result,
        }
    }
}

/// A lie breaks the contract, with these words.
fn check_caught(lie: Lie, words: &str) {
    let variable = variable("a", DataType::Int16, &[3, 7], &[2, 3], vec![]);
    let values = Expected::Elements(elements(&variable));
    let openings = std::cell::Cell::new(0);
    let open = || -> Box<dyn ChunkSource> {
        openings.set(openings.get() + 1);
        let generation =
            if lie == Lie::NewGeneration { format!("{}", openings.get()) } else { "same".to_owned() };
        Box::new(Liar(stored(variable.clone()), lie, generation))
    };
    let broken = check_source(open, &|_| Some(values.clone())).expect_err("the lie was not caught");
    assert!(broken.contains(words), "{lie:?}: {broken}");
}

#[test]
fn lies_are_caught() {
    check_caught(Lie::WrongByte, "/a: read as a whole, it differs at byte 40");
    check_caught(Lie::ShiftedParts, "/a: ");
    check_caught(Lie::EndlessGrid, "is answered, not refused as NotFound");
    check_caught(Lie::AbsentExtent, "its extent is said to be stored: false, but fetched: true");
    check_caught(Lie::NewGeneration, "the generation is not stable: 1, then 2");
    check_caught(Lie::ZerosBehind, "bytes behind its 12 bytes are given");
    check_caught(Lie::AlsoStrings, "reading it as strings is answered");
}

#[test]
fn wrong_values_are_caught() {
    let variable = variable("a", DataType::Int16, &[5, 7], &[2, 3], vec![Codec::Deflate { level: 6 }]);
    let mut values = elements(&variable);
    values[33] ^= 0x80;
    let open = || -> Box<dyn ChunkSource> { Box::new(stored(variable.clone())) };
    let broken = check_source(open, &|_| Some(Expected::Elements(values.clone()))).unwrap_err();
    assert!(broken.contains("/a: read as a whole, it differs at byte 33 of 70"), "{broken}");
}
