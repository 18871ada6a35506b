//! Data that tests write: elements are numbers that tell their places.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use weir_datasets::{ChunkKey, ChunkSource, DataFile, Error, Run, Stored, StringRoom};
use weir_model::{
    ByteOrder, ChunkGrid, Codec, DataType, Dimension, Group, Hyperslab, Schema, Storage, Variable,
};

/// The element at a row-major place.
pub fn element(place: u64) -> u32 {
    // Few distinct numbers, so that chunks can be compressed; never zero.
    u32::try_from(place % 60_013).unwrap() + 1
}

/// Whether bytes are the elements of a hyperslab of an array of `shape`, little-endian. Of many, some are looked at, of all rows.
pub fn is_right(bytes: &[u8], shape: &[u64], slab: &Hyperslab) -> bool {
    let strides = slab.strides();
    let counts = slab.shape();
    let step = if slab.elements() > 10_000 { 61 } else { 1 };
    bytes.len() as u64 == slab.elements() * 4
        && bytes.chunks_exact(4).zip(0_u64..).step_by(step).all(|(bytes, number)| {
            let (mut rest, mut place, mut step) = (number, 0, 1);
            for ((stride, &count), &length) in strides.iter().zip(&counts).zip(shape).rev() {
                place += stride.at(rest % count) * step;
                rest /= count;
                step *= length;
            }
            bytes == element(place).to_le_bytes()
        })
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The elements of each chunk of an array that chunks tile evenly, with the chunk's index; `from` is the place of the first.
fn chunks(shape: &[u64], chunk: &[u64], from: u64) -> impl Iterator<Item = (Vec<u64>, Vec<u8>)> {
    let grid = ChunkGrid::new(shape.to_vec(), chunk.to_vec()).unwrap();
    let whole = Hyperslab::whole(shape).unwrap();
    let shape = shape.to_vec();
    let parts: Vec<_> = grid.plan(&whole).collect();
    parts.into_iter().map(move |part| {
        let index = part.chunk();
        let extent = grid.extent(&index).unwrap();
        let (strides, counts) = (extent.strides().to_vec(), extent.shape());
        let bytes = (0..extent.elements()).flat_map(|number| {
            let (mut rest, mut place, mut step) = (number, 0, 1);
            for ((stride, &count), &length) in strides.iter().zip(&counts).zip(&shape).rev() {
                place += stride.at(rest % count) * step;
                rest /= count;
                step *= length;
            }
            element(from + place).to_le_bytes()
        });
        (index, bytes.collect())
    })
}

/// One variable `/a` in one file, in deflated chunks.
pub struct OneFile {
    file: Arc<DataFile>,
    schema: Schema,
    /// First byte and length of each chunk.
    places: Vec<(u64, u64)>,
    _written: tempfile::NamedTempFile,
}

impl OneFile {
    /// Writes it.
    pub fn new(shape: &[u64], chunk: &[u64]) -> Self {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        let (mut places, mut at) = (Vec::new(), 0);
        for (_, bytes) in chunks(shape, chunk, 0) {
            let stored = deflated(&bytes);
            written.write_all(&stored).unwrap();
            places.push((at, stored.len() as u64));
            at += stored.len() as u64;
        }
        let names: Vec<String> = (0..shape.len()).map(|axis| format!("d{axis}")).collect();
        let dimensions = names.iter().zip(shape).map(|(name, &length)| Dimension {
            name: name.clone(),
            length,
            unlimited: false,
        });
        let variable = Variable {
            name: "a".into(),
            data_type: DataType::UInt32,
            dimensions: names.iter().map(|name| format!("/{name}")).collect(),
            shape: shape.to_vec(),
            attributes: vec![],
            storage: Storage {
                chunk_shape: chunk.to_vec(),
                codecs: vec![Codec::Deflate { level: 1 }],
                byte_order: ByteOrder::Little,
                fill: vec![0; 4],
            },
        };
        let root = Group { dimensions: dimensions.collect(), variables: vec![variable], ..Group::default() };
        let file = Arc::new(DataFile::open(written.path()).unwrap());
        Self { file, schema: Schema { root }, places, _written: written }
    }
}

impl ChunkSource for OneFile {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.file.generation().to_string()
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.file.check_unchanged()
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let storage = &self.schema.root.variables[0];
        let grid = ChunkGrid::new(storage.shape.clone(), storage.storage.chunk_shape.clone()).unwrap();
        let number = usize::try_from(grid.number(chunk.index).unwrap()).unwrap();
        let (offset, length) = self.places[number];
        Ok(Stored::Run(Run { file: Arc::clone(&self.file), offset, length, skipped_codecs: 0 }))
    }

    fn read_strings(&self, variable: &str, _: &Hyperslab, _: &mut StringRoom) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::unsupported(format!("{variable} holds no strings")))
    }
}

fn write(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn key(index: &[u64]) -> String {
    index.iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
}

/// Writes a Zarr store of version 2 with an array `a` over `time` and further dimensions, and the coordinate `time`, which
/// begins with `first`; elements go on from `from`.
pub fn zarr_member(folder: &Path, (shape, chunk): (&[u64], &[u64]), (first, from): (u64, u64)) {
    write(folder, ".zgroup", br#"{"zarr_format":2}"#);
    let array = |shape: &[u64], chunk: &[u64], kind: &str| {
        json!({
            "zarr_format": 2, "shape": shape, "chunks": chunk, "dtype": kind, "order": "C", "fill_value": 0,
            "compressor": { "id": "zlib", "level": 1 }, "filters": null, "dimension_separator": "/",
        })
    };
    let names: Vec<String> =
        (0..shape.len()).map(|axis| if axis == 0 { "time".into() } else { format!("d{axis}") }).collect();
    write(folder, "a/.zarray", array(shape, chunk, "<u4").to_string().as_bytes());
    write(folder, "a/.zattrs", json!({ "_ARRAY_DIMENSIONS": names }).to_string().as_bytes());
    for (index, bytes) in chunks(shape, chunk, from) {
        write(folder, &format!("a/{}", key(&index)), &deflated(&bytes));
    }
    let length = shape[0];
    write(folder, "time/.zarray", array(&[length], &[length], "<i4").to_string().as_bytes());
    write(folder, "time/.zattrs", br#"{"_ARRAY_DIMENSIONS":["time"],"units":"days since 2000-01-01"}"#);
    let times = (first..first + length).flat_map(|time| u32::try_from(time).unwrap().to_le_bytes());
    write(folder, "time/0", &deflated(&times.collect::<Vec<u8>>()));
}

/// Writes a Zarr store of version 3 with an array `a` of one axis in one shard of `count` chunks of one element each.
pub fn sharded(folder: &Path, count: u64) {
    let entries = (0..count).flat_map(|number| [number * 4, 4].map(u64::to_le_bytes).concat());
    let index: Vec<u8> = entries.collect();
    let elements: Vec<u8> = (0..count).flat_map(|place| element(place).to_le_bytes()).collect();
    let little = json!({ "name": "bytes", "configuration": { "endian": "little" } });
    let sharding = json!({ "chunk_shape": [1], "codecs": [little], "index_codecs": [little] });
    let array = json!({
        "zarr_format": 3, "node_type": "array", "shape": [count], "data_type": "uint32", "fill_value": 0,
        "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": [count] } },
        "chunk_key_encoding": { "name": "default" }, "dimension_names": ["n"], "attributes": {},
        "codecs": [{ "name": "sharding_indexed", "configuration": sharding }],
    });
    write(folder, "zarr.json", br#"{"zarr_format":3,"node_type":"group","attributes":{}}"#);
    write(folder, "a/zarr.json", array.to_string().as_bytes());
    write(folder, "a/c/0", &[elements, index].concat());
}

/// The text at a place, of `length` bytes.
pub fn text(place: u64, length: usize) -> Vec<u8> {
    let mut text = format!("text {place} ").into_bytes();
    text.resize(length, b'a' + u8::try_from(place % 26).unwrap());
    text
}

/// Writes a Zarr store of version 2 with an array `texts` of texts, `per_chunk` in each chunk, of so many bytes each.
pub fn texts(folder: &Path, lengths: &[usize], per_chunk: usize) {
    let array = json!({
        "zarr_format": 2, "shape": [lengths.len()], "chunks": [per_chunk], "dtype": "|O", "order": "C",
        "fill_value": "", "compressor": { "id": "zlib", "level": 1 }, "filters": [{ "id": "vlen-utf8" }],
    });
    write(folder, ".zgroup", br#"{"zarr_format":2}"#);
    write(folder, "texts/.zarray", array.to_string().as_bytes());
    write(folder, "texts/.zattrs", br#"{"_ARRAY_DIMENSIONS":["n"]}"#);
    for (number, lengths) in lengths.chunks(per_chunk).enumerate() {
        let mut bytes = u32::try_from(per_chunk).unwrap().to_le_bytes().to_vec();
        for place in 0..per_chunk {
            let length = lengths.get(place).copied().unwrap_or(0);
            let text = text((number * per_chunk + place) as u64, length);
            bytes.extend(u32::try_from(length).unwrap().to_le_bytes());
            bytes.extend(text);
        }
        write(folder, &format!("texts/{number}"), &deflated(&bytes));
    }
}
