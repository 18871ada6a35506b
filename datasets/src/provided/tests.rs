//! Provided datasets as all others are read: whole, in parts, chunk by chunk, and while what they are made of changes.

use std::sync::atomic::AtomicBool;

use weir_model::{DataType, Dimension, Group, Stride};

use super::*;
use crate::contract::{Expected, check_source};

/// Counts on, row-major, from the number of its generation; gone where it is 0.
struct Counting {
    generation: AtomicU64,
    order: ByteOrder,
    is_broken: AtomicBool,
}

const SHAPE: [u64; 3] = [5, 7, 4];

impl Counting {
    fn new(order: ByteOrder) -> Arc<Self> {
        Arc::new(Self { generation: AtomicU64::new(1), order, is_broken: AtomicBool::new(false) })
    }

    fn schema(&self) -> Schema {
        let names = ["t", "y", "x"];
        let storage = Storage {
            chunk_shape: vec![2, 3, 3],
            codecs: vec![],
            byte_order: self.order,
            fill: (-1_i32).to_le_bytes().to_vec(),
        };
        let variable = Variable {
            name: "v".to_owned(),
            data_type: DataType::Int32,
            dimensions: names.iter().map(|name| format!("/{name}")).collect(),
            shape: SHAPE.to_vec(),
            attributes: vec![],
            storage,
        };
        let texts = Variable {
            name: "s".to_owned(),
            data_type: DataType::String,
            dimensions: vec!["/y".to_owned()],
            shape: vec![7],
            storage: Storage { chunk_shape: vec![7], fill: vec![], ..variable.storage.clone() },
            ..variable.clone()
        };
        let dimension = |(name, length): (&&str, &u64)| Dimension {
            name: (*name).to_owned(),
            length: *length,
            unlimited: false,
        };
        let dimensions = names.iter().zip(&SHAPE).map(dimension).collect();
        Schema { root: Group { dimensions, variables: vec![variable, texts], ..Group::default() } }
    }

    fn places(slab: &Hyperslab) -> Vec<u64> {
        slab.strides().iter().zip(SHAPE).fold(vec![0], |all, (stride, length)| {
            all.iter().flat_map(|at| (0..stride.count).map(move |n| at * length + stride.at(n))).collect()
        })
    }
}

impl Provider for Counting {
    fn describe(
        &self,
        known: Option<&Description>,
        _: Option<&Caller>,
    ) -> Result<Option<Description>, Error> {
        let now = self.generation.load(Ordering::Relaxed).to_string();
        if now == "0" {
            return Err(Error::not_found("what it is made of is gone"));
        }
        let is_known = known.is_some_and(|known| known.generation == now);
        Ok((!is_known).then(|| Description { generation: now, schema: Arc::new(self.schema()) }))
    }

    fn memory(&self, wanted: Wanted<'_>, _: Option<&Caller>) -> Result<u64, Error> {
        Ok(wanted.slab.elements() * 100)
    }

    fn read(&self, wanted: Wanted<'_>, caller: Option<&Caller>, out: &mut [u8]) -> Result<(), Error> {
        if wanted.generation != self.generation.load(Ordering::Relaxed).to_string() {
            return Err(Error::unavailable("it was changed"));
        }
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(Error::corrupt("a part cannot be made"));
        }
        let base: i32 = wanted.generation.parse().unwrap();
        let bonus = caller.and_then(|caller| caller.downcast_ref::<i32>()).copied().unwrap_or(0);
        for (at, out) in Self::places(wanted.slab).iter().zip(out.as_chunks_mut::<4>().0) {
            let value = base + i32::try_from(*at).unwrap() + bonus;
            *out = if wanted.order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        }
        Ok(())
    }

    fn read_strings(&self, wanted: Wanted<'_>, _: Option<&Caller>) -> Result<Vec<Vec<u8>>, Error> {
        let stride = wanted.slab.strides()[0];
        Ok((0..stride.count).map(|n| format!("text {}", stride.at(n)).into_bytes()).collect())
    }
}

fn dataset(of: &Arc<Counting>) -> Dataset {
    let provided = Provided::by(Arc::clone(of) as _);
    provided.open(None, &Memory::new(64 << 20)).unwrap()
}

#[test]
fn chunks_are_whole_and_agree_with_what_is_read() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        let counting = Counting::new(order);
        let opened = dataset(&counting);
        let open = || -> Box<dyn ChunkSource> {
            let provider: Arc<dyn Provider> = Arc::clone(&counting) as _;
            let description = provider.describe(None, None).unwrap().unwrap();
            Box::new(ProvidedSource { provider, description, caller: None })
        };
        let expected = |path: &str| {
            let elements = (1..=140_i32).flat_map(i32::to_le_bytes).collect();
            let texts = (0..7).map(|n| format!("text {n}").into_bytes()).collect();
            Some(if path == "/v" { Expected::Elements(elements) } else { Expected::Strings(texts) })
        };
        check_source(open, &expected).unwrap();
        let chunk = opened.raw_chunk("v", &[2, 2, 1]).unwrap().unwrap();
        let elements: Vec<i32> =
            chunk
                .bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|four| {
                    if order == ByteOrder::Big {
                        i32::from_be_bytes(*four)
                    } else {
                        i32::from_le_bytes(*four)
                    }
                })
                .collect();
        // One element lies inside of the variable, the last one.
        let mut expected = vec![-1; 18];
        expected[0] = 140;
        assert_eq!(elements, expected);
        let chunk = opened.raw_chunk("v", &[0, 0, 1]).unwrap().unwrap();
        assert_eq!((chunk.bytes.len(), chunk.skipped_codecs), (72, 0));
        assert_eq!(opened.raw_chunk("v", &[3, 0, 0]).unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(opened.layout("v").unwrap_err().kind, ErrorKind::Unsupported);
    }
}

#[test]
fn parts_are_read_and_proven() {
    let counting = Counting::new(ByteOrder::Little);
    let opened = dataset(&counting);
    let strides = [(1, 2, 2), (0, 3, 3), (3, 1, 1)].map(|(start, step, count)| Stride { start, step, count });
    let slab = Hyperslab::within(&SHAPE, strides.to_vec()).unwrap();
    let mut out = [0; 24];
    opened.read("v", &slab, ByteOrder::Big, &mut out).unwrap();
    let read: Vec<i32> = out.as_chunks().0.iter().map(|four| i32::from_be_bytes(*four)).collect();
    assert_eq!(read, [32, 44, 56, 88, 100, 112]);
    assert_eq!(opened.scratch_bytes("v", &slab).unwrap(), 600);
    opened.verify("v", &slab).unwrap();
    counting.is_broken.store(true, Ordering::Relaxed);
    assert_eq!(opened.verify("v", &slab).unwrap_err().kind, ErrorKind::Corrupt);
    assert_eq!(opened.read("v", &slab, ByteOrder::Big, &mut out).unwrap_err().kind, ErrorKind::Corrupt);
    assert_eq!(
        opened.read("v", &slab, ByteOrder::Big, &mut [0; 23]).unwrap_err().kind,
        ErrorKind::BadRequest
    );
    let some = Hyperslab::within(&[7], vec![Stride { start: 2, step: 2, count: 2 }]).unwrap();
    assert_eq!(opened.read_strings("s", &some).unwrap(), [b"text 2".to_vec(), b"text 4".to_vec()]);
}

#[test]
fn one_generation_is_read_or_none() {
    let counting = Counting::new(ByteOrder::Little);
    let provided = Provided::by(Arc::clone(&counting) as _);
    let memory = Memory::new(64 << 20);
    let before = provided.open(None, &memory).unwrap();
    counting.generation.store(2, Ordering::Relaxed);
    let one = Hyperslab::within(&SHAPE, vec![Stride { start: 0, step: 1, count: 1 }; 3]).unwrap();
    let mut out = [0; 4];
    assert_eq!(before.read("v", &one, ByteOrder::Little, &mut out).unwrap_err().kind, ErrorKind::Unavailable);
    let after = provided.open(None, &memory).unwrap();
    assert_eq!((before.generation(), after.generation()), ("1", "2"));
    after.read("v", &one, ByteOrder::Little, &mut out).unwrap();
    assert_eq!(i32::from_le_bytes(out), 2);
    // Who asks is handed through.
    let caller: Caller = Arc::new(40_i32);
    provided.open(Some(&caller), &memory).unwrap().read("v", &one, ByteOrder::Little, &mut out).unwrap();
    assert_eq!(i32::from_le_bytes(out), 42);
    counting.generation.store(0, Ordering::Relaxed);
    assert_eq!(provided.open(None, &memory).err().map(|error| error.kind), Some(ErrorKind::NotFound));
}
