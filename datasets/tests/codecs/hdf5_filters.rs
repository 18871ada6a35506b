//! HDF5 filters: every dataset of the fixtures of `make_codecs.py` holds what its uncompressed twin holds.

use std::path::{Path, PathBuf};

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{ChunkSource, DataFile, Dataset, Error, ErrorKind, hdf5};
use weir_model::{ByteOrder, DataType, Hyperslab, Variable};

/// The path of a fixture.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn open(name: &str) -> Box<dyn ChunkSource> {
    hdf5::open(DataFile::open(&path(name)).unwrap()).unwrap()
}

/// Reads a variable whole, in little-endian order.
fn read(dataset: &Dataset, path: &str, variable: &Variable) -> Result<Vec<u8>, Error> {
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; usize::try_from(slab.elements()).unwrap() * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

/// 1, 2, 3, ... as elements of a type.
fn counted(variable: &Variable) -> Vec<u8> {
    let numbers = 1..=variable.shape.iter().product::<u64>();
    match variable.data_type {
        DataType::UInt8 => numbers.map(|n| n as u8).collect(),
        DataType::Int8 => numbers.map(|n| n as u8).collect(),
        DataType::Int16 => numbers.flat_map(|n| (n as i16).to_le_bytes()).collect(),
        DataType::Int32 => numbers.flat_map(|n| (n as i32).to_le_bytes()).collect(),
        DataType::Float32 => numbers.flat_map(|n| (n as f32).to_le_bytes()).collect(),
        DataType::Float64 => numbers.flat_map(|n| (n as f64).to_le_bytes()).collect(),
        ref other => panic!("{} is not counted", other.describe()),
    }
}

/// How many bits the numbers of a group have, if they have fewer than their type.
fn precision(group: &str) -> Option<u32> {
    group.strip_prefix("/bits_")?.split('_').nth(1)?.parse().ok()
}

/// 37, 74, 111, ..., as far as so many bits with a sign go, and from 0 again.
fn of_few_bits(variable: &Variable, bits: u32) -> Vec<u8> {
    assert_eq!(variable.data_type, DataType::Int32, "integers of {bits} bits");
    let most = 1_i32 << (bits - 1).min(20);
    let numbers = 1..=i32::try_from(variable.shape.iter().product::<u64>()).unwrap();
    numbers.flat_map(|n| (n * 37 % most).to_le_bytes()).collect()
}

/// Compares all datasets of a file with their twins; how many of each codec's name there were.
fn check(name: &str) -> Vec<(String, usize)> {
    let source = open(name);
    let dataset = Dataset::new(open(name));
    let mut names: Vec<String> = Vec::new();
    for (path, variable) in source.schema().variables() {
        let (group, _) = path.rsplit_once('/').unwrap();
        let twin = format!("{group}/plain");
        let expected = read(&dataset, &twin, source.schema().variable(&twin).unwrap()).unwrap();
        let got = read(&dataset, &path, variable).unwrap_or_else(|e| panic!("{name} {path}: {e}"));
        if let Some(at) = got.iter().zip(&expected).position(|(got, expected)| got != expected) {
            panic!("{name} {path}: byte {at} is {}, not {}", got[at], expected[at]);
        }
        assert_eq!(got.len(), expected.len(), "{name} {path}");
        if group.starts_with("/count") {
            assert_eq!(expected, counted(variable), "{name} {path}");
        }
        if let Some(bits) = precision(group) {
            assert_eq!(expected, of_few_bits(variable, bits), "{name} {path}");
        }
        names.extend(variable.storage.codecs.iter().map(|codec| codec.name().to_owned()));
    }
    names.sort();
    names.chunk_by(|a, b| a == b).map(|run| (run[0].clone(), run.len())).collect()
}

/// At least `least` datasets of the file have the codec.
fn check_codec(fixture: &str, codec: &str, least: usize) {
    let counts = check(fixture);
    let count = counts.iter().find(|(name, _)| name == codec).map_or(0, |(_, count)| *count);
    assert!(count >= least, "{fixture} has {counts:?}");
}

#[test]
fn szip_of_all_element_sizes() {
    check_codec("codecs_szip.h5", "szip", 40);
}

#[test]
fn scaleoffset_of_integers_and_floats() {
    check_codec("codecs_scaleoffset.h5", "scaleoffset", 36);
}

#[test]
fn nbit_of_whole_and_of_few_bits() {
    check_codec("codecs_nbit.h5", "nbit", 20);
}

#[test]
fn streams_alone_and_in_a_row() {
    for codec in ["lzf", "lz4", "zstd", "bzip2", "bitshuffle"] {
        check_codec("codecs_streams.h5", codec, 7);
    }
}

#[test]
fn blosc_with_all_its_compressors() {
    check_codec("codecs_blosc.h5", "blosc", 40);
}

#[test]
fn blosc2_frames_of_several_axes() {
    check_codec("codecs_blosc2.h5", "blosc2", 30);
}

#[test]
fn codecs_that_are_not_built_in_are_refused_and_named() {
    let source = open("codecs_foreign.h5");
    let dataset = Dataset::new(open("codecs_foreign.h5"));
    for name in ["zfp", "sz", "sz3"] {
        let path = format!("/{name}");
        let error = read(&dataset, &path, source.schema().variable(&path).unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        assert!(error.message.contains(&format!("codec {name} (HDF5 filter 32")), "{error}");
    }
}

#[test]
fn sources_with_each_codec_keep_the_contract() {
    check_codec("codecs_each.h5", "blosc2", 2);
    let fixture = "codecs_each.h5";
    let source = open(fixture);
    let dataset = Dataset::new(open(fixture));
    let twin = |path: &str| {
        let twin = format!("{}/plain", path.rsplit_once('/')?.0);
        let variable = source.schema().variable(&twin)?;
        Some(Expected::Elements(read(&dataset, &twin, variable).ok()?))
    };
    check_source(|| open(fixture), &twin).unwrap_or_else(|broken| panic!("{fixture}: {broken}"));
}
