//! Headers that are odd, and headers that lie.

use weir_datasets::contract::{Expected, check_source};
use weir_datasets::{Dataset, ErrorKind};
use weir_model::{ByteOrder, Hyperslab, Schema, Value};

use crate::classic_file::{BYTE, CHAR, ClassicFile, DOUBLE, FLOAT, INT, SHORT, byte};
use crate::{file_of, open};

fn schema(file: &ClassicFile) -> Schema {
    open(file_of(&file.bytes()).path()).unwrap().schema().clone()
}

/// A file is refused, with these words in the message.
fn check_refused(file: &ClassicFile, kind: ErrorKind, words: &str) {
    let error = open(file_of(&file.bytes()).path()).err().unwrap_or_else(|| panic!("opened, not: {words}"));
    assert!(error.message.contains(words), "{error}, not: {words}");
    assert_eq!(error.kind, kind, "{error}");
}

/// All bytes of a variable, as they are stored.
fn stored(file: &ClassicFile, path: &str) -> Vec<u8> {
    let dataset = Dataset::new(open(file_of(&file.bytes()).path()).unwrap());
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0; slab.elements() as usize * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Big, &mut out).unwrap();
    out
}

#[test]
fn names_end_at_their_first_nul() {
    for version in [1, 2, 5] {
        let file = ClassicFile::new(version).variable(b"yy\0", SHORT, &[0], 512);
        assert_eq!(schema(&file).root.variables[0].name, "yy", "CDF-{version}");
        assert_eq!(stored(&file, "/yy"), (512..520).map(byte).collect::<Vec<u8>>(), "CDF-{version}");
    }
}

#[test]
fn bytes_that_are_not_utf8_harm_nobody() {
    let file = ClassicFile::new(1).variable(b"temp\xe9rature", BYTE, &[0], 512).attribute(
        b"note",
        CHAR,
        6,
        b"caf\xe9\0\0",
    );
    let schema = schema(&file);
    assert_eq!(schema.root.variables[0].name, "temp\u{fffd}rature");
    assert_eq!(schema.root.attributes[0].value, Value::Char(b"caf\xe9".to_vec()));
}

#[test]
fn a_second_attribute_of_a_name_is_lost_and_not_its_file() {
    let file = ClassicFile::new(1).attribute(b"n", SHORT, 1, &[0, 1]).attribute(b"n", SHORT, 1, &[0, 2]);
    let schema = schema(&file);
    assert_eq!(schema.root.attributes.len(), 1);
    assert_eq!(schema.root.attributes[0].value, Value::Int16(vec![1]));
}

#[test]
fn attributes_may_have_no_element() {
    let file =
        ClassicFile::new(5).attribute(b"none", FLOAT, 0, &[]).attribute(b"some", BYTE, 3, &[1, 2, 255]);
    let schema = schema(&file);
    assert_eq!(schema.root.attributes[0].value, Value::Float32(vec![]));
    assert_eq!(schema.root.attributes[1].value, Value::Int8(vec![1, 2, -1]));
}

#[test]
fn a_fill_value_is_one_element_of_the_variables_type() {
    let check = |code: u32, count: u64, bytes: &[u8], expected: [u8; 4]| {
        let mut file = ClassicFile::new(1).variable(b"a", FLOAT, &[0], 512);
        file.variables[0].attributes.push((b"_FillValue".to_vec(), code, count, bytes.to_vec()));
        assert_eq!(schema(&file).variable("/a").unwrap().storage.fill, expected, "{count} of type {code}");
    };
    let default = 0x7cf0_0000_u32.to_le_bytes();
    check(FLOAT, 1, &[1, 2, 3, 4], [4, 3, 2, 1]);
    check(INT, 1, &[1, 2, 3, 4], default);
    check(CHAR, 4, b"1e20", default);
    check(FLOAT, 2, &[1, 2, 3, 4, 5, 6, 7, 8], default);
    check(FLOAT, 0, &[], default);
}

/// Two record variables of 8 bytes in a record of 16 at byte 512.
fn records(records: u64, length: usize) -> ClassicFile {
    let file = ClassicFile::new(1).dimension("time", 0);
    let file = file.variable(b"a", SHORT, &[1, 0], 512).variable(b"b", SHORT, &[1, 0], 520);
    ClassicFile { records, length, ..file }
}

#[test]
fn records_of_a_stream_are_counted_by_the_files_length() {
    let check = |length: usize, expected: u64| {
        let file = records(0xffff_ffff, length);
        assert_eq!(schema(&file).variable("/a").unwrap().shape, [expected, 4], "{length} bytes");
        let all: Vec<u8> =
            (0..expected as usize).flat_map(|n| (0..8).map(move |i| byte(512 + n * 16 + i))).collect();
        assert_eq!(stored(&file, "/a"), all, "{length} bytes");
    };
    check(512, 0);
    check(527, 0);
    check(528, 1);
    check(543, 1);
    check(544, 2);
    check(1024, 32);
    let file = ClassicFile { version: 5, records: u64::MAX, ..records(0, 560) };
    assert_eq!(schema(&file).variable("/b").unwrap().shape, [3, 4]);
}

#[test]
fn padding_behind_the_last_element_may_be_missing() {
    // One record: 3 shorts, 2 bytes of padding, 3 bytes, 1 byte of padding.
    let file = ClassicFile::new(1).dimension("time", 0).dimension("three", 3);
    let file = file.variable(b"a", SHORT, &[1, 2], 512).variable(b"b", BYTE, &[1, 2], 520);
    let with = |records: u64, length: usize| ClassicFile { records, length, ..file.clone() };
    assert_eq!(stored(&with(2, 535), "/b"), [520, 521, 522, 532, 533, 534].map(byte));
    let words =
        "the file is truncated: its header needs 535 bytes, up to the end of variable b, but it has 534";
    check_refused(&with(2, 534), ErrorKind::Corrupt, words);
    assert_eq!(schema(&with(0xffff_ffff, 535)).variable("/a").unwrap().shape, [2, 3]);
    assert_eq!(schema(&with(0xffff_ffff, 534)).variable("/a").unwrap().shape, [1, 3]);
}

#[test]
fn what_the_header_says_must_fit_together() {
    let damaged = |file: ClassicFile, words: &str| check_refused(&file, ErrorKind::Corrupt, words);
    let new = || ClassicFile::new(1);
    damaged(new().variable(b"a", SHORT, &[9], 512), "variable a has dimension 9 of 1");
    damaged(new().variable(b"a", 7, &[0], 512), "variable a has type 7, which Cdf1 files do not have");
    damaged(new().variable(b"a", 0, &[0], 512), "variable a has type 0");
    damaged(new().attribute(b"n", 99, 1, &[0; 4]), "attribute n has type 99");
    damaged(new().variable(b"a", SHORT, &[0], 8), "variable a begins at byte 8, but the header ends at");
    damaged(new().variable(b"\0", SHORT, &[0], 512), "a variable has no name");
    damaged(new().dimension("x", 5), "two of dimension x");
    damaged(new().dimension("t", 0).dimension("u", 0), "more than one record dimension");
    damaged(new().dimension("t", 0).variable(b"a", BYTE, &[0, 1], 512), "the record dimension on axis 1");
    let two = |begin| new().variable(b"a", SHORT, &[0], 512).variable(b"b", SHORT, &[0], begin);
    damaged(two(518), "variable b begins at byte 518, but a ends at 520");
    damaged(two(506), "variable a begins at byte 512, but b ends at 514");
    damaged(two(1020), "needs 1028 bytes, up to the end of variable b, but it has 1024");
    let same = new().variable(b"a", SHORT, &[0], 512).variable(b"a", SHORT, &[0], 520);
    damaged(same, "two of variable a");
    let gap = new().dimension("t", 0).variable(b"a", SHORT, &[1, 0], 512).variable(b"b", BYTE, &[1], 524);
    damaged(gap, "record variable b begins at byte 524, but the one before ends at 520");
    let inside = records(4, 1024).variable(b"c", SHORT, &[0], 536);
    damaged(inside, "variable c begins at byte 536, but b ends at 576");
    damaged(ClassicFile { version: 3, ..new() }, "does not begin as a classic netCDF file does");
}

#[test]
fn names_that_paths_cannot_spell_are_refused() {
    let file = ClassicFile::new(1).variable(b"a/b", SHORT, &[0], 512);
    check_refused(&file, ErrorKind::Unsupported, "variable a/b contains '/'");
}

#[test]
fn sizes_beyond_64_bits_are_refused() {
    let huge = |version| {
        let file = ClassicFile::new(version).dimension("h", 0xffff_fffc);
        file.variable(b"a", FLOAT, &[1, 1, 1], 512)
    };
    check_refused(&huge(2), ErrorKind::Corrupt, "variable a has more bytes than 64 bits can count");
    let file = ClassicFile { records: 1 << 62, ..records(0, 1024) };
    check_refused(
        &ClassicFile { version: 5, ..file },
        ErrorKind::Corrupt,
        "more bytes than 64 bits can count",
    );
    let last = ClassicFile::new(2).variable(b"a", FLOAT, &[0], u64::MAX - 3);
    check_refused(&last, ErrorKind::Corrupt, "more bytes than 64 bits can count");
    let many = ClassicFile::new(5).variable(b"a", BYTE, &[0; 1025], 8000);
    check_refused(&many, ErrorKind::Corrupt, "variable a has 1025 axes; the limit is 1024");
    let long = ClassicFile::new(1).attribute(&[b'n'; 257], SHORT, 1, &[0, 1]);
    check_refused(&long, ErrorKind::Corrupt, "a name of 257 bytes");
}

#[test]
fn counts_that_the_file_cannot_hold_are_a_truncation() {
    for (count, bytes) in [(u64::MAX, 4), (1 << 40, 4), (1 << 20, 64)] {
        let file = ClassicFile::new(5).attribute(b"n", BYTE, count, &vec![1; bytes]);
        check_refused(
            &file,
            ErrorKind::Corrupt,
            "the file is truncated: it has 1024 bytes, but its header has more",
        );
    }
}

#[test]
fn headers_longer_than_the_first_read() {
    let text: Vec<u8> = (0..300_000).map(byte).collect();
    let file = ClassicFile::new(1).attribute(b"history", CHAR, 300_000, &text);
    let file = ClassicFile { length: 301_000, ..file.variable(b"a", SHORT, &[0], 300_500) };
    assert_eq!(schema(&file).root.attributes[0].value, Value::Char(text));
    assert_eq!(stored(&file, "/a"), (300_500..300_508).map(byte).collect::<Vec<u8>>());
}

#[test]
fn large_variables_are_cut_into_runs() {
    const SLOT: usize = 300 * 450 * 8;
    let begin = 1024 + SLOT;
    let file = ClassicFile::new(2).dimension("time", 0).dimension("y", 300).dimension("x2", 450);
    let file =
        file.variable(b"fixed", DOUBLE, &[2, 3], 1024).variable(b"a", DOUBLE, &[1, 2, 3], begin as u64);
    let file = file.variable(b"b", BYTE, &[1], (begin + SLOT) as u64);
    let file = ClassicFile { records: 2, length: begin + 2 * (SLOT + 4), ..file };
    let schema = schema(&file);
    let chunk_shape = |path: &str| schema.variable(path).unwrap().storage.chunk_shape.clone();
    assert_eq!(chunk_shape("/fixed"), [291, 450]);
    assert_eq!(chunk_shape("/a"), [1, 291, 450]);
    assert_eq!(chunk_shape("/b"), [2]);
    let little = |big: Vec<u8>, size: usize| {
        let units: Vec<u8> = big.chunks(size).flat_map(|unit| unit.iter().rev().copied()).collect();
        Some(Expected::Elements(units))
    };
    let records = |at: usize, length: usize| -> Vec<u8> {
        (0..2).flat_map(|n| (0..length).map(move |i| byte(begin + n * (SLOT + 4) + at + i))).collect()
    };
    let on_disk = file_of(&file.bytes());
    let kept = check_source(|| open(on_disk.path()).unwrap(), &|path| match path {
        "/fixed" => little((1024..begin).map(byte).collect(), 8),
        "/a" => little(records(0, SLOT), 8),
        _ => little(records(SLOT, 1), 1),
    });
    assert_eq!(kept, Ok(()));
}
