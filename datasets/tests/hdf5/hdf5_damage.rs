//! Damaged files: an error or the right data, never other data, and never a panic.

use std::collections::HashMap;

use hdf5_reader::checksum::jenkins_lookup3;
use weir_datasets::{ChunkSource, Dataset, ErrorKind};
use weir_model::{ByteOrder, Hyperslab, Packed, Stride};

use crate::fixture::{open_bytes, path};

const FIXTURES: [&str; 13] = [
    "hdf5_scales.h5",
    "hdf5_earliest.h5",
    "hdf5_v110.h5",
    "hdf5_latest.h5",
    "hdf5_dense.h5",
    "hdf5_edges.h5",
    "hdf5_plain.h5",
    "hdf5_netcdf4.nc",
    "hdf5_types.nc",
    "hdf5_unsupported.h5",
    "hdf5_records.h5",
    "hdf5_user_types.nc",
    "hdf5_varying.h5",
];

/// What can be read of each variable: at most some hundred elements from its beginning.
fn read_some(source: Box<dyn ChunkSource>) -> HashMap<String, Vec<u8>> {
    let dataset = Dataset::new(source);
    let mut read = HashMap::new();
    for (path, variable) in dataset.schema().variables() {
        let strides = variable.shape.iter().map(|&length| Stride::all(length.min(8))).collect();
        let Ok(slab) = Hyperslab::within(&variable.shape, strides) else { continue };
        if slab.elements() > 4096 {
            continue;
        }
        let bytes = match variable.data_type.size() {
            None => dataset.read_strings(&path, &slab).map(|elements| {
                // Whatever the file says, what is read of it is of the type that it says.
                for element in &elements {
                    Packed::count(element, &variable.data_type).unwrap_or_else(|e| panic!("{path}: {e}"));
                }
                elements.join(&b'|')
            }),
            Some(size) if size > 4096 => continue,
            Some(size) => {
                let mut out = vec![0xa5; usize::try_from(slab.elements()).unwrap() * size];
                dataset.read(&path, &slab, ByteOrder::Little, &mut out).map(|()| out)
            }
        };
        if let Ok(bytes) = bytes {
            read.insert(path, bytes);
        }
    }
    read
}

/// Makes a cut file look whole: its superblock says how long it should be.
fn forge_length(bytes: &mut [u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    match bytes.get(8) {
        Some(0) if bytes.len() >= 48 => bytes[40..48].copy_from_slice(&length),
        Some(2 | 3) if bytes.len() >= 48 => {
            bytes[28..36].copy_from_slice(&length);
            let sum = jenkins_lookup3(&bytes[..44]).to_le_bytes();
            bytes[44..48].copy_from_slice(&sum);
        }
        _ => {}
    }
}

#[test]
fn a_truncated_file_is_refused() {
    for fixture in FIXTURES {
        let whole = std::fs::read(path(fixture)).unwrap();
        for length in (0..whole.len()).step_by(50).chain([whole.len() - 1]) {
            let error = open_bytes(&whole[..length]).err().map(|error| error.kind);
            assert_eq!(error, Some(ErrorKind::Corrupt), "{fixture} cut to {length} bytes");
        }
    }
}

#[test]
fn a_truncated_file_that_says_it_is_whole_gives_no_wrong_value() {
    let mut opened = 0;
    for fixture in FIXTURES {
        let whole = std::fs::read(path(fixture)).unwrap();
        let right = read_some(open_bytes(&whole).unwrap());
        for length in (0..whole.len()).step_by(50) {
            let mut cut = whole[..length].to_vec();
            forge_length(&mut cut);
            let Ok(source) = open_bytes(&cut) else { continue };
            opened += 1;
            for (path, bytes) in read_some(source) {
                assert_eq!(Some(&bytes), right.get(&path), "{fixture} cut to {length} bytes: {path}");
            }
        }
    }
    assert!(opened > 100, "only {opened} cuts reached the data");
}

#[test]
fn flipped_bytes_stop_nobody() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap()
    };
    for fixture in FIXTURES {
        let whole = std::fs::read(path(fixture)).unwrap();
        for _ in 0..400 {
            let mut flipped = whole.clone();
            for _ in 0..1 + next() % 4 {
                let at = next() % flipped.len();
                flipped[at] = u8::try_from(next() & 0xff).unwrap();
            }
            if let Ok(source) = open_bytes(&flipped) {
                read_some(source);
            }
        }
    }
}

/// The places of references into the heap collection at `address`: count, address, index.
fn references(bytes: &[u8], address: u64) -> Vec<usize> {
    let wanted = address.to_le_bytes();
    let found = bytes.windows(8).enumerate().filter(|(_, window)| *window == wanted);
    found.map(|(at, _)| at - 4).collect()
}

/// What becomes of reading `/lists` when bytes of all its references are replaced, at a place in them.
fn check_references(at: usize, replaced: &[u8], expected: Result<Vec<usize>, &str>) {
    let mut bytes = std::fs::read(path("hdf5_varying.h5")).unwrap();
    let heap = bytes.windows(4).position(|window| window == b"GCOL").unwrap();
    let places = references(&bytes, heap as u64);
    assert!(places.len() >= 8, "only {} references", places.len());
    for place in places {
        bytes[place + at..place + at + replaced.len()].copy_from_slice(replaced);
    }
    let dataset = Dataset::new(open_bytes(&bytes).unwrap());
    let lists = dataset.read_strings("/lists", &Hyperslab::whole(&[3]).unwrap());
    let got = lists.map(|lists| lists.iter().map(Vec::len).collect::<Vec<_>>()).map_err(|error| {
        assert_eq!(error.kind, ErrorKind::Corrupt, "{error}");
        error.message
    });
    match (got, expected) {
        (Err(got), Err(expected)) => assert!(got.contains(expected), "{got}"),
        (got, expected) => assert_eq!(got, expected.map_err(str::to_owned), "{at} {replaced:?}"),
    }
}

#[test]
fn references_into_the_heap_lead_where_they_may() {
    check_references(0, &[], Ok(vec![4, 8, 0]));
    check_references(0, &u32::MAX.to_le_bytes(), Err("no 4294967295 elements at index"));
    check_references(0, &[3, 0, 0, 0], Err("no 3 elements at index"));
    check_references(4, &(1_u64 << 40).to_le_bytes(), Err(""));
    check_references(4, &(u64::MAX - 7).to_le_bytes(), Err(""));
    check_references(4, &8_u64.to_le_bytes(), Err("heap"));
    check_references(12, &999_u32.to_le_bytes(), Err("elements at index 999"));
    check_references(12, &0x1_0001_u32.to_le_bytes(), Err("elements at index 65537"));
    check_references(12, &0_u32.to_le_bytes(), Err("elements at index 0"));
    // References that were never set lead nowhere, and have no elements.
    check_references(4, &[0; 8], Ok(vec![0, 0, 0]));
    check_references(4, &[0xff; 8], Ok(vec![0, 0, 0]));
}

#[test]
fn other_files_are_refused() {
    for bytes in [&b""[..], b"\x89HDF\r\n\x1a\n", b"CDF\x01", &[0; 4096]] {
        let error = open_bytes(bytes).err().map(|error| error.kind);
        assert_eq!(error, Some(ErrorKind::Corrupt), "{bytes:?}");
    }
}

#[test]
fn a_file_that_is_being_written_is_unavailable() {
    let mut bytes = std::fs::read(path("hdf5_latest.h5")).unwrap();
    assert_eq!(bytes[8], 3, "the superblock's version");
    bytes[11] = 1;
    forge_length(&mut bytes);
    assert_eq!(open_bytes(&bytes).err().map(|error| error.kind), Some(ErrorKind::Unavailable));
}
