//! Reading: what is fetched together, what is kept, and how a reading is stopped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weir_datasets::memory_budget::Memory;
use weir_datasets::{ChunkKey, ChunkSource, DataFile, Dataset, Error, ErrorKind, Run, Stored, StringRoom};
use weir_model::{
    ByteOrder, ChunkGrid, Codec, DataType, Dimension, Group, Hyperslab, Schema, Storage, Stride, Variable,
};

/// Chunks of 4 x 5 elements in one file, with gaps between them, in the reverse of their order; the encoded ones are
/// checksummed.
struct Scrambled {
    file: Arc<DataFile>,
    schema: Schema,
    located: AtomicUsize,
}

const SHAPE: [u64; 2] = [10, 12];
const CHUNK: [u64; 2] = [4, 5];
const STORED: u64 = 20 * 2 + 4;
const GAP: u64 = 7;

impl Scrambled {
    fn grid() -> ChunkGrid {
        ChunkGrid::new(SHAPE.to_vec(), CHUNK.to_vec()).unwrap()
    }

    fn new(codecs: Vec<Codec>) -> (Self, tempfile::NamedTempFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut chunks: Vec<Vec<u8>> = Vec::new();
        for part in Self::grid().plan(&Hyperslab::whole(&SHAPE).unwrap()) {
            let index = part.chunk();
            let elements = (0..CHUNK[0]).flat_map(|y| (0..CHUNK[1]).map(move |x| (y, x)));
            let bytes = elements
                .flat_map(|(y, x)| value(index[0] * CHUNK[0] + y, index[1] * CHUNK[1] + x).to_le_bytes());
            let mut bytes: Vec<u8> = bytes.collect();
            bytes.extend(fletcher(&bytes));
            bytes.extend([0xee; GAP as usize]);
            chunks.push(bytes);
        }
        chunks.reverse();
        file.write_all(&chunks.concat()).unwrap();
        let dimension = |name: &str, length| Dimension { name: name.into(), length, unlimited: false };
        let storage = Storage {
            chunk_shape: CHUNK.to_vec(),
            codecs,
            byte_order: ByteOrder::Little,
            fill: vec![0xff, 0xff],
        };
        let variable = Variable {
            name: "a".into(),
            data_type: DataType::Int16,
            dimensions: vec!["/y".into(), "/x".into()],
            shape: SHAPE.to_vec(),
            attributes: vec![],
            storage,
        };
        let dimensions = vec![dimension("y", SHAPE[0]), dimension("x", SHAPE[1])];
        let root = Group { dimensions, variables: vec![variable], ..Group::default() };
        let data = Arc::new(DataFile::open(file.path()).unwrap());
        (Self { file: data, schema: Schema { root }, located: AtomicUsize::new(0) }, file)
    }
}

/// Fletcher's checksum as HDF5 stores it: of big-endian 16-bit words, the two sums in one little-endian number.
fn fletcher(bytes: &[u8]) -> [u8; 4] {
    let (mut one, mut two) = (0_u32, 0_u32);
    for word in bytes.chunks_exact(2) {
        one = (one + u32::from(u16::from_be_bytes([word[0], word[1]]))) % 65535;
        two = (two + one) % 65535;
    }
    (two << 16 | one).to_le_bytes()
}

fn value(y: u64, x: u64) -> i16 {
    i16::try_from(y * 100 + x + 1).unwrap()
}

impl ChunkSource for &'static Scrambled {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        "one".into()
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        self.located.fetch_add(1, Ordering::Relaxed);
        let number = Scrambled::grid().number(chunk.index).unwrap();
        let chunks: u64 = Scrambled::grid().counts().iter().product();
        let offset = (chunks - 1 - number) * (STORED + GAP);
        let length = if self.schema.root.variables[0].storage.codecs.is_empty() { 40 } else { STORED };
        Ok(Stored::Run(Run { file: Arc::clone(&self.file), offset, length, skipped_codecs: 0 }))
    }

    fn read_strings(&self, variable: &str, _: &Hyperslab, _: &mut StringRoom) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::new(ErrorKind::BadRequest, format!("{variable} holds no strings")))
    }
}

fn open(codecs: Vec<Codec>) -> (&'static Scrambled, Dataset) {
    let (source, _) = Scrambled::new(codecs);
    let source: &'static Scrambled = Box::leak(Box::new(source));
    (source, Dataset::within(Box::new(source), &Memory::new(1 << 20)))
}

fn slab(y: (u64, u64, u64), x: (u64, u64, u64)) -> Hyperslab {
    let stride = |(start, step, count)| Stride { start, step, count };
    Hyperslab::within(&SHAPE, vec![stride(y), stride(x)]).unwrap()
}

fn check(dataset: &Dataset, slab: &Hyperslab) {
    let [y, x] = slab.strides() else { panic!("two axes") };
    let places = (0..y.count).flat_map(|i| (0..x.count).map(move |j| (y.at(i), x.at(j))));
    let expected: Vec<u8> = places.flat_map(|(y, x)| value(y, x).to_be_bytes()).collect();
    let mut got = vec![0; expected.len()];
    dataset.read("/a", slab, ByteOrder::Big, &mut got).unwrap();
    assert_eq!(got, expected, "{slab:?}");
}

#[test]
fn chunks_in_any_order_with_gaps_come_out_right() {
    for codecs in [vec![], vec![Codec::Fletcher32]] {
        let (_, dataset) = open(codecs);
        for slab in [
            slab((0, 1, 10), (0, 1, 12)),
            slab((1, 1, 7), (3, 1, 8)),
            slab((0, 3, 4), (1, 5, 3)),
            slab((9, 1, 1), (11, 1, 1)),
            slab((2, 4, 2), (0, 1, 12)),
        ] {
            check(&dataset, &slab);
            check(&dataset, &slab);
        }
    }
}

#[test]
fn a_partly_needed_chunk_is_decoded_once() {
    let (source, dataset) = open(vec![Codec::Fletcher32]);
    for row in 0..4 {
        check(&dataset, &slab((row, 1, 1), (0, 1, 5)));
    }
    assert_eq!(source.located.load(Ordering::Relaxed), 1, "the chunk is kept for the other rows");
    check(&dataset, &slab((0, 1, 4), (0, 1, 5)));
    assert_eq!(source.located.load(Ordering::Relaxed), 2, "a whole chunk is not looked for in the cache");
}

#[test]
fn a_stopped_reading_ends_at_the_next_chunk() {
    let (_, dataset) = open(vec![Codec::Fletcher32]);
    let whole = slab((0, 1, 10), (0, 1, 12));
    let asked = AtomicUsize::new(0);
    let stopped = || asked.fetch_add(1, Ordering::Relaxed) >= 3;
    let mut out = vec![0; 240];
    let read = dataset.read_unless(&stopped, "/a", (&whole, ByteOrder::Big), &mut out);
    assert_eq!(read.unwrap_err().kind, ErrorKind::Unavailable);
    asked.store(0, Ordering::Relaxed);
    assert_eq!(dataset.verify_unless(&stopped, "/a", &whole).unwrap_err().kind, ErrorKind::Unavailable);
    check(&dataset, &whole);
    dataset.verify("/a", &whole).unwrap();
}
