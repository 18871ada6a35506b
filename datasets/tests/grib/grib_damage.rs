//! Damaged files: an error or the right data, never other data, and never a panic.

use std::collections::BTreeMap;

use weir_datasets::{ChunkSource, Dataset, Error, ErrorKind};
use weir_model::{ByteOrder, Hyperslab, Stride};

use crate::fixture::{all, open_bytes, path, text};

/// What is read of each field, by its variable and its place along the axes before the grid's.
type Fields = BTreeMap<(String, Vec<u64>), Result<Vec<u8>, Error>>;

/// Reads a dataset field by field, as far as it is small; also what it says of its coordinates.
fn read_fields(source: Box<dyn ChunkSource>) -> Fields {
    let dataset = Dataset::new(source);
    let mut fields = Fields::new();
    for (path, variable) in dataset.schema().variables() {
        let is_field = !text(variable, "GRIB_stepType").is_empty();
        let chunks: u64 =
            variable.shape.iter().zip(&variable.storage.chunk_shape).map(|(n, of)| n.div_ceil(*of)).product();
        let size = variable.data_type.size().unwrap() as u64;
        let bytes = variable.storage.chunk_shape.iter().try_fold(size, |bytes, n| bytes.checked_mul(*n));
        if chunks > 2000 || bytes.is_none_or(|bytes| bytes > 1 << 20) {
            continue;
        }
        for number in 0..chunks {
            let (mut rest, mut place) = (number, Vec::new());
            for (&n, &of) in variable.shape.iter().zip(&variable.storage.chunk_shape).rev() {
                let count = n.div_ceil(of);
                place.insert(0, rest % count);
                rest /= count;
            }
            let extents = place.iter().zip(variable.shape.iter().zip(&variable.storage.chunk_shape));
            let strides = extents.map(|(&at, (&n, &of))| Stride {
                start: at * of,
                step: 1,
                count: of.min(n - at * of),
            });
            let slab = Hyperslab::within(&variable.shape, strides.collect()).unwrap();
            let mut out = vec![0xa5; usize::try_from(slab.elements() * size).unwrap()];
            let read = dataset.read(&path, &slab, ByteOrder::Little, &mut out).map(|()| out);
            if is_field {
                fields.insert((path.clone(), place), read);
            }
        }
    }
    fields
}

fn whole(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// Where the messages of a file begin.
fn messages(bytes: &[u8]) -> Vec<usize> {
    let starts = bytes
        .windows(8)
        .enumerate()
        .filter(|(_, eight)| eight.starts_with(b"GRIB") && matches!(eight[7], 1 | 2));
    starts.map(|(at, _)| at).collect()
}

fn kinds(fields: &Fields) -> (usize, Vec<ErrorKind>) {
    let good = fields.values().filter(|read| read.is_ok()).count();
    (good, fields.values().filter_map(|read| read.as_ref().err().map(|error| error.kind)).collect())
}

#[test]
fn a_truncated_message_is_an_error_and_the_others_are_read() {
    let bytes = whole("grib_packings.grib");
    let right = read_fields(open_bytes(&bytes).unwrap());
    let last = *messages(&bytes).last().unwrap();
    for length in [bytes.len() - 1, bytes.len() - 4, bytes.len() - 5, last + 180] {
        let fields = read_fields(open_bytes(&bytes[..length]).unwrap());
        assert_eq!(kinds(&fields), (right.len() - 1, vec![ErrorKind::Corrupt]), "cut to {length} bytes");
        for (place, read) in &fields {
            assert!(read.is_err() || read == &right[place], "{place:?}");
        }
    }
}

#[test]
fn a_damaged_message_is_an_error_and_the_others_are_read() {
    let bytes = whole("grib_packings.grib");
    let starts = messages(&bytes);
    let right = read_fields(open_bytes(&bytes).unwrap());
    // A length that is too large, too small, beyond the file; an end that is none.
    let total = |at: usize, length: u64| (at + 8, length.to_be_bytes().to_vec());
    let (third, fourth) = (starts[2], starts[3]);
    for (at, with) in [
        total(third, 100_000),
        total(third, 60),
        total(third, u64::MAX),
        total(third, 0),
        total(third, (fourth - third + 4) as u64),
        (fourth - 4, b"7778".to_vec()),
    ] {
        let mut damaged = bytes.clone();
        damaged[at..at + with.len()].copy_from_slice(&with);
        let fields = read_fields(open_bytes(&damaged).unwrap());
        assert_eq!(kinds(&fields), (right.len() - 1, vec![ErrorKind::Corrupt]), "{with:?} at {at}");
        for (place, read) in &fields {
            assert!(read.is_err() || read == &right[place], "{with:?} at {at}: {place:?}");
        }
    }
}

#[test]
fn absence_is_not_proven_where_something_is_unreadable() {
    let bytes = whole("grib_cubes.grib");
    let absent = |fields: &Fields| {
        let nan =
            |bytes: &Vec<u8>| bytes.as_chunks::<4>().0.iter().all(|&four| f32::from_le_bytes(four).is_nan());
        fields.iter().filter(|((path, _), read)| path == "/u" && read.as_ref().is_ok_and(nan)).count()
    };
    let fields = read_fields(open_bytes(&bytes).unwrap());
    assert_eq!((absent(&fields), kinds(&fields).1), (7, vec![]));
    // The month of the fifth message is none, so nobody knows what it is of: it may be one of those that are missing.
    let mut damaged = bytes.clone();
    let start = messages(&bytes)[4];
    damaged[start + 16 + 14] = 13;
    let fields = read_fields(open_bytes(&damaged).unwrap());
    assert_eq!(absent(&fields), 0);
    assert_eq!(kinds(&fields).1, [ErrorKind::Corrupt; 8]);
    // A message is zeroed as a whole.
    let mut damaged = [bytes.clone(), bytes.clone()].concat();
    damaged[start..bytes.len()].fill(0);
    let fields = read_fields(open_bytes(&damaged).unwrap());
    assert_eq!(absent(&fields), 0);
}

#[test]
fn damage_in_a_section_is_an_error() {
    let bytes = whole("grib_packings.grib");
    let starts = messages(&bytes);
    for (message, (&start, &end)) in starts.iter().zip(&starts[1..]).enumerate() {
        // The number of packed values, in section 5.
        let section = (start..end).find(|&at| {
            bytes[at + 4] == 5 && bytes[at..at + 3] == [0, 0, 0] && bytes[at + 5..at + 9] == [0, 0, 0, 176]
        });
        let section = section.unwrap();
        let mut damaged = bytes.clone();
        damaged[section + 8] = 175;
        let fields = read_fields(open_bytes(&damaged).unwrap());
        assert_eq!(kinds(&fields).1, [ErrorKind::Corrupt], "message {message}");
    }
}

#[test]
fn flipped_bytes_stop_nobody() {
    let rounds = std::env::var("WEIR_GRIB_FLIPS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(150);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap()
    };
    for file in all() {
        let whole = std::fs::read(&file).unwrap();
        let starts = messages(&whole);
        for _ in 0..rounds {
            // Two messages are enough, and quick.
            let first = next() % starts.len();
            let end = starts.get(first + 2).copied().unwrap_or(whole.len());
            let mut flipped = whole[starts[first]..end].to_vec();
            for _ in 0..1 + next() % 4 {
                // Headers are short, and tell most.
                let at = next() % if next() % 2 == 0 { flipped.len().min(220) } else { flipped.len() };
                flipped[at] = u8::try_from(next() & 0xff).unwrap();
            }
            if let Ok(source) = open_bytes(&flipped) {
                read_fields(source);
            }
        }
    }
}

#[test]
fn other_files_are_refused() {
    let message = whole("grib_several.grib");
    let start = messages(&message)[0];
    let check = |bytes: &[u8], expected: ErrorKind| {
        let error = open_bytes(bytes).err().map(|error| error.kind);
        assert_eq!(error, Some(expected), "{:?}", &bytes[..bytes.len().min(20)]);
    };
    check(b"", ErrorKind::Corrupt);
    check(b"GRIB", ErrorKind::Corrupt);
    check(b"GRIB\0\0\0\x02\0\0\0\0\0\0\0\x107777", ErrorKind::Corrupt);
    check(&[0; 4096], ErrorKind::Corrupt);
    check(&message[start..start + 60], ErrorKind::Corrupt);
    check(b"GRIB\0\0\0\x03 and more", ErrorKind::Corrupt);
}
