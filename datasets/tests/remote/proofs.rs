//! Proving chunks of other machines: fetched as they are for reading, many with each request.

use std::io::Write;
use std::sync::Arc;

use weir_datasets::{ChunkKey, ChunkSource, DataFile, Dataset, Error, ErrorKind, Run, Stored, StringRoom};
use weir_model::{ByteOrder, Codec, DataType, Dimension, Group, Hyperslab, Schema, Storage, Variable};

use crate::web_server::WebServer;
use crate::{access_to, open};

const CHUNKS: u64 = 60;
const CHUNK: u64 = 100_000;

/// Bytes that cannot be compressed, and tell their place.
fn elements(chunk: u64) -> impl Iterator<Item = u8> {
    let mut state = chunk.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(CHUNK as usize)
}

/// The stored chunks one after the other, and where each is.
fn stored() -> (Vec<u8>, Vec<(u64, u64)>) {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for chunk in 0..CHUNKS {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&elements(chunk).collect::<Vec<u8>>()).unwrap();
        let encoded = encoder.finish().unwrap();
        places.push((bytes.len() as u64, encoded.len() as u64));
        bytes.extend(encoded);
    }
    (bytes, places)
}

/// One variable `/a` in one object.
struct Far {
    file: Arc<DataFile>,
    schema: Schema,
    places: Vec<(u64, u64)>,
}

impl Far {
    fn new(file: DataFile, places: Vec<(u64, u64)>) -> Self {
        let storage = Storage {
            chunk_shape: vec![CHUNK],
            codecs: vec![Codec::Deflate { level: 1 }],
            byte_order: ByteOrder::Little,
            fill: vec![0],
        };
        let variable = Variable {
            name: "a".into(),
            data_type: DataType::UInt8,
            dimensions: vec!["/n".into()],
            shape: vec![CHUNKS * CHUNK],
            attributes: vec![],
            storage,
        };
        let dimension = Dimension { name: "n".into(), length: CHUNKS * CHUNK, unlimited: false };
        let root = Group { dimensions: vec![dimension], variables: vec![variable], ..Group::default() };
        Self { file: Arc::new(file), schema: Schema { root }, places }
    }
}

impl ChunkSource for Far {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn generation(&self) -> String {
        self.file.generation().to_string()
    }
    fn is_far(&self) -> bool {
        true
    }
    fn check_unchanged(&self) -> Result<(), Error> {
        self.file.check_unchanged()
    }
    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let (offset, length) = self.places[usize::try_from(chunk.index[0]).unwrap()];
        Ok(Stored::Run(Run { file: Arc::clone(&self.file), offset, length, skipped_codecs: 0 }))
    }
    fn read_strings(&self, variable: &str, _: &Hyperslab, _: &mut StringRoom) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::unsupported(format!("{variable} holds no strings")))
    }
}

#[test]
fn many_chunks_are_proven_with_few_requests() {
    let (bytes, places) = stored();
    let server = WebServer::of_object(bytes, |_, _, reply| reply);
    let access = access_to(&server.origin());
    let dataset = || {
        let file = open(&access, &format!("{}/x", server.origin())).unwrap();
        Dataset::new(Box::new(Far::new(file, places.clone())))
    };
    let whole = Hyperslab::whole(&[CHUNKS * CHUNK]).unwrap();
    let asked = || server.requests("GET").len();
    let proven = dataset();
    proven.verify("a", &whole).unwrap();
    let for_proof = asked();
    assert!(for_proof * 6 <= CHUNKS as usize, "{for_proof} requests for {CHUNKS} chunks");
    proven.verify("a", &whole).unwrap();
    assert_eq!(asked(), for_proof, "what is proven is not fetched again");
    let mut out = vec![0; (CHUNKS * CHUNK) as usize];
    dataset().read("a", &whole, ByteOrder::Little, &mut out).unwrap();
    assert_eq!(asked() - for_proof, for_proof, "a proof asks for the same parts as a reading");
    assert!(out.into_iter().eq((0..CHUNKS).flat_map(elements)));
}

#[test]
fn a_damaged_chunk_among_many_is_found() {
    let (mut bytes, places) = stored();
    let (offset, length) = places[41];
    bytes[usize::try_from(offset + length / 2).unwrap()] ^= 0xff;
    let server = WebServer::of_object(bytes, |_, _, reply| reply);
    let file = open(&access_to(&server.origin()), &format!("{}/x", server.origin())).unwrap();
    let dataset = Dataset::new(Box::new(Far::new(file, places)));
    let whole = Hyperslab::whole(&[CHUNKS * CHUNK]).unwrap();
    let error = dataset.verify("a", &whole).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.message.contains("chunk [41]"), "{error}");
    dataset.verify("a", &whole.narrowed(0, 0, 41 * CHUNK).unwrap()).unwrap();
}
