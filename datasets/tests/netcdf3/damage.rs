//! Damage: a file that was cut or scribbled on gives an error or the right data, and never takes much memory or time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::os::unix::fs::FileExt;

use tempfile::NamedTempFile;
use weir_datasets::contract::Expected;
use weir_datasets::{Dataset, ErrorKind};
use weir_model::{ByteOrder, Hyperslab};

use crate::{file_of, fixture, open, pattern};

/// Remembers the largest allocation of each thread.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all work is the system allocator's; beside it, only a number is kept, in a cell that needs no allocation.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

const FIXTURES: [&str; 10] = [
    "cdf1_kinds.nc",
    "cdf2_kinds.nc",
    "cdf5_kinds.nc",
    "cdf1_filled.nc",
    "cdf1_single_short.nc",
    "cdf2_single_byte.nc",
    "cdf2_single_char.nc",
    "cdf5_single_ushort.nc",
    "cdf1_no_records.nc",
    "cdf1_empty.nc",
];

/// Reads every variable of a dataset; each result is bytes, or why there are none.
fn read_all(dataset: &Dataset) -> Vec<(String, Result<Vec<u8>, ErrorKind>)> {
    let variables = dataset.schema().variables();
    let read = |path: &str, shape: &[u64], size: usize| {
        let slab = Hyperslab::whole(shape).map_err(|_misfit| ErrorKind::TooLarge)?;
        let mut out = vec![0xa5; slab.elements() as usize * size];
        dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out).map_err(|e| e.kind)
    };
    let values = variables.into_iter().map(|(path, variable)| {
        let values = read(&path, &variable.shape, variable.data_type.size().unwrap());
        (path, values)
    });
    values.collect()
}

#[test]
fn a_cut_file_is_refused_or_lacks_nothing() {
    for name in FIXTURES {
        let whole = std::fs::read(fixture(name)).unwrap();
        let right = read_all(&Dataset::new(open(&fixture(name)).unwrap()));
        for length in 0..whole.len() {
            match open(file_of(&whole[..length]).path()) {
                Err(error) => assert_eq!(error.kind, ErrorKind::Corrupt, "{name} cut to {length}: {error}"),
                Ok(source) => {
                    assert!(whole.len() - length < 4, "{name} cut to {length} lacks more than padding");
                    assert_eq!(read_all(&Dataset::new(source)), right, "{name} cut to {length}");
                }
            }
        }
    }
}

#[test]
fn a_cut_stream_has_fewer_records_and_right_ones() {
    let name = "cdf1_kinds.nc";
    let mut whole = std::fs::read(fixture(name)).unwrap();
    whole[4..8].fill(0xff);
    let mut counts = vec![];
    for length in 0..=whole.len() {
        let Ok(source) = open(file_of(&whole[..length]).path()) else { continue };
        let dataset = Dataset::new(source);
        counts.push(dataset.schema().dimension("/time").unwrap().length);
        for (path, values) in read_all(&dataset) {
            let Some(Expected::Elements(right)) = pattern::expected(dataset.schema(), &path) else {
                panic!("{path}")
            };
            assert_eq!(values, Ok(right), "{path}, cut to {length}");
        }
    }
    counts.dedup();
    assert_eq!(counts, [0, 1, 2, 3]);
}

#[test]
fn a_file_that_shrinks_while_it_is_open_gives_an_error() {
    let bytes = std::fs::read(fixture("cdf1_kinds.nc")).unwrap();
    let file = file_of(&bytes);
    let source = open(file.path()).unwrap();
    let dataset = Dataset::new(open(file.path()).unwrap());
    file.as_file().set_len(bytes.len() as u64 / 2).unwrap();
    for (path, values) in read_all(&dataset) {
        assert_eq!(values, Err(ErrorKind::Unavailable), "{path}");
    }
    // Even one who does not look at the file's state first gets no byte that is not there.
    let key = weir_datasets::ChunkKey { variable: "/flags", index: &[0] };
    assert_eq!(source.fetch(key).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(source.fetch_part(key, 2, &mut [0]).unwrap_err().kind, ErrorKind::Unavailable);
}

/// Whatever the bytes say, opening and reading takes memory in proportion to the file.
fn check_harmless(bytes: &[u8], file: &NamedTempFile, what: &str) {
    file.as_file().write_all_at(bytes, 0).unwrap();
    LARGEST.set(0);
    if let Ok(source) = open(file.path()) {
        let dataset = Dataset::new(source);
        let read: usize =
            read_all(&dataset).iter().filter_map(|(_, values)| values.as_ref().ok()).map(Vec::len).sum();
        assert!(read <= bytes.len(), "{what}: {read} bytes were read of a file of {}", bytes.len());
    }
    let largest = LARGEST.get();
    assert!(largest <= 1 << 18, "{what}: {largest} bytes were allocated at once");
}

#[test]
fn every_flipped_bit_of_a_header_is_harmless() {
    for name in ["cdf1_single_short.nc", "cdf2_single_byte.nc", "cdf5_single_ushort.nc", "cdf1_filled.nc"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let file = file_of(&whole);
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            check_harmless(&bytes, &file, &format!("{name}, bit {at}"));
        }
    }
}

#[test]
fn scribbled_headers_are_harmless() {
    let mut state = 1_u64;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    for name in ["cdf1_kinds.nc", "cdf2_kinds.nc", "cdf5_kinds.nc"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let file = file_of(&whole);
        for round in 0..3000 {
            let mut bytes = whole.clone();
            for _ in 0..=below(3) {
                // Values that matter are small, large, or all ones.
                let value = [0, 1, 0x0b, 0x7f, 0x80, 0xff][below(6)];
                let (at, count) = (4 + below(bytes.len() - 12), 1 + below(8));
                bytes[at..at + count].fill(value);
            }
            check_harmless(&bytes, &file, &format!("{name}, round {round}"));
        }
    }
}
