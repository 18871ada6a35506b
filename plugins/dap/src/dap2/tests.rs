//! Tests of the plugin behind its boundary, with datasets in memory.

mod reference;

use weir_dap::dap2::grammar;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Value};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};

use crate::DapPlugin;

const TARGET: &str = "/datasets/d/opendap";

fn ocean() -> MemoryDataset {
    let (mut sst, values) = counting("sst", DataType::Int16, &[("time", 10), ("lat", 4)]);
    sst.attributes = vec![Attribute { name: "units".into(), value: Value::text("degC") }];
    let (station, _) = counting("station", DataType::Char, &[("lat", 4), ("w", 3)]);
    let texts = Values::Fixed(b"ab\0cdefgh\0\0\0".to_vec());
    let (note, _) = counting("note", DataType::String, &[("lat", 4)]);
    let notes = Values::Strings(vec![b"x".to_vec(), vec![], b"longer".to_vec(), b"four".to_vec()]);
    let (fixed, _) = counting("fixed", DataType::FixedString { length: 2 }, &[]);
    dataset_of(vec![
        counting("time", DataType::Float64, &[("time", 10)]),
        (sst, values),
        (station, texts),
        (note, notes),
        (fixed, Values::Fixed(b"f\0".to_vec())),
        counting("flag", DataType::Int8, &[("lat5", 5)]),
        counting("one", DataType::UInt8, &[]),
        counting("wide", DataType::Int64, &[]),
    ])
}

fn running() -> Running {
    MockHost::new().dataset("d", ocean()).start::<DapPlugin>()
}

/// The bytes behind the DDS of a data response, and what was announced.
fn data(answer: &Pulled) -> Vec<u8> {
    assert_eq!(answer.length, Some(answer.bytes.len() as u64));
    let mark = b"\nData:\n";
    let at = answer.bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    grammar::parse_dds(std::str::from_utf8(&answer.bytes[..=at]).unwrap()).unwrap();
    answer.bytes[at + mark.len()..].to_vec()
}

fn check_data(query: &str, expected: &[u8]) {
    let answer = running().get(&format!("{TARGET}.dods?{query}")).unwrap();
    assert_eq!(data(&answer), expected, "{query}");
}

fn be32(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[test]
fn the_contract_is_kept() {
    let host = MockHost::new().dataset("d", ocean());
    let targets = ["", ".dds", ".das", ".ver", ".dds?sst[0:2:9][1]", ".dods?sst", ".dods?time[1:2],one,flag"];
    let targets: Vec<String> = targets.iter().map(|suffix| format!("{TARGET}{suffix}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<DapPlugin>(host, "d", &targets);
}

#[test]
fn structure_follows_the_constraint() {
    let text = running().get("/datasets/d/opendap.dds?sst[0:2:9][1],note").unwrap().text();
    let expected = "Dataset {\n    Int16 sst[time = 5][lat = 1];\n    String note[lat = 4];\n} d;\n";
    assert_eq!(text, expected);
}

#[test]
fn attributes_ignore_the_query_and_tell_widths() {
    let answer = running().get(&format!("{TARGET}.das?nonsense[[")).unwrap();
    let text = answer.text();
    for line in [
        "    sst {\n        String units \"degC\";\n    }\n",
        "    station {\n        Int32 DODS.strlen 3;\n        String DODS.dimName \"w\";\n    }\n",
        "    note {\n        Int32 DODS.strlen 6;\n    }\n",
        "    flag {\n    }\n    one {\n    }\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("wide"), "{text}");
}

#[test]
fn headers_say_what_it_is() {
    let running = running();
    let check = |suffix: &str, media_type: &str, description: &str| {
        let answer = running.get(&format!("{TARGET}{suffix}")).unwrap();
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert_eq!(answer.header("content-description"), Some(description));
        assert_eq!(answer.header("xdods-server"), Some("dods/3.2"));
        assert!(answer.stable);
    };
    check(".dds", "text/plain; charset=utf-8", "dods-dds");
    check(".das", "text/plain; charset=utf-8", "dods-das");
    check(".ver", "text/plain; charset=utf-8", "dods-version");
    check(".dods?time", "application/octet-stream", "dods-data");
}

#[test]
fn numbers_travel_in_xdr() {
    check_data("sst[0:2:9][1]", &[be32(&[5, 5]), be32(&[2, 10, 18, 26, 34])].concat());
    check_data("one", &be32(&[1]));
    check_data("flag", &be32(&[5, 5, 1, 2, 3, 4, 5]));
    let time = [be32(&[2, 2]), 3_f64.to_be_bytes().to_vec(), 4_f64.to_be_bytes().to_vec()].concat();
    check_data("time[2:3]", &time);
    // Each variable has its own hyperslab; the order is that of the structure.
    check_data("one,time[2:3]", &[time, be32(&[1])].concat());
}

#[test]
fn texts_travel_with_their_lengths() {
    let text = |text: &[u8]| {
        let mut out = (text.len() as u32).to_be_bytes().to_vec();
        out.extend(text);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    };
    check_data("station[1:3]", &[be32(&[3]), text(b"cde"), text(b"fgh"), text(b"")].concat());
    check_data("note[0:2:2]", &[be32(&[2]), text(b"x"), text(b"longer")].concat());
    check_data("fixed", &text(b"f"));
    check_data("fixed,one", &[text(b"f"), be32(&[1])].concat());
}

#[test]
fn head_does_not_read() {
    let running = running();
    let head = running.head(&format!("{TARGET}.dods?sst,time")).unwrap();
    assert_eq!(running.reads(), 0);
    let get = running.get(&format!("{TARGET}.dods?sst,time")).unwrap();
    assert_eq!((head.length, head.bytes.len()), (get.length, 0));
    // Texts have no length before they are read.
    assert_eq!(running.head(&format!("{TARGET}.dods?note")).unwrap().length, None);
}

#[test]
fn faults_are_refused_before_reading() {
    let running = running();
    let check = |query: &str, expected: &str| {
        let error = running.get(&format!("{TARGET}.dods?{query}")).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::BadRequest, expected));
    };
    check(
        "sst[0][4]",
        "variable \"sst\" (byte 0 of the constraint): axis 1 is asked for index 4, but its length is 4",
    );
    check("sst[0", "expected \"]\" or \":\" at byte 5 of the constraint, found the end");
    check(
        "wide",
        "variable \"wide\" (byte 0 of the constraint) is not served through DAP2: its type is int64, which DAP2 does not have",
    );
    assert_eq!(running.reads(), 0);
}

#[test]
fn limits_hold_before_reading() {
    let host = MockHost::new().dataset("d", ocean()).limit(100);
    let running = host.start::<DapPlugin>();
    let error = running.get(&format!("{TARGET}.dods?sst")).unwrap_err();
    assert_eq!((error.kind, running.reads()), (ErrorKind::TooLarge, 0));
    assert!(running.get(&format!("{TARGET}.dods?one")).is_ok());
}

#[test]
fn errors_have_the_body_that_clients_print() {
    let running = running();
    let answer = running.render_error(&format!("{TARGET}.dods?x"), 400, "no \"x\"").unwrap();
    assert_eq!(answer.text(), "Error {\n    code = 400;\n    message = \"no \\\"x\\\"\";\n};\n");
    assert_eq!(answer.header("content-description"), Some("dods-error"));
}

/// A response that is larger than what is read at once: 3 chunks of 9 MiB, bytes that need padding, and text.
fn large() -> MemoryDataset {
    let (mut big, values) = counting("big", DataType::Float64, &[("row", 27), ("column", 131_072)]);
    big.storage.chunk_shape = vec![9, 131_072];
    dataset_of(vec![
        counting("first", DataType::Int32, &[]),
        (big, values),
        counting("bytes", DataType::UInt8, &[("n", 7)]),
        counting("note", DataType::String, &[("three", 3)]),
    ])
}

#[test]
fn large_responses_are_streamed_with_their_exact_length() {
    let running = MockHost::new().dataset("large", large()).start::<DapPlugin>();
    let answer = running.get("/datasets/large/opendap.dods").unwrap();
    let data = data(&answer);
    let elements = 27 * 131_072_u32;
    let count = elements.to_be_bytes();
    assert_eq!(data[..12], [be32(&[1]), count.to_vec(), count.to_vec()].concat());
    let (numbers, rest) = data[12..].split_at(elements as usize * 8);
    for (number, expected) in numbers.as_chunks::<8>().0.iter().zip(1..=elements) {
        assert_eq!(f64::from_be_bytes(*number), f64::from(expected));
    }
    assert_eq!(rest[..16], [be32(&[7, 7]), vec![1, 2, 3, 4, 5, 6, 7, 0]].concat());
    assert_eq!(rest[16..28], [be32(&[3, 6]), b"text".to_vec()].concat());
}

#[test]
fn more_text_than_is_kept_is_read_again() {
    let many = 1_100_000_u64;
    let dataset = dataset_of(vec![counting("note", DataType::String, &[("n", many)])]);
    let running = MockHost::new().dataset("texts", dataset).start::<DapPlugin>();
    let answer = running.get("/datasets/texts/opendap.dods?note").unwrap();
    let data = data(&answer);
    assert!(data.len() > 16 << 20, "{}", data.len());
    let mut rest = &data[4..];
    for n in 1..=many {
        let expected = format!("text {n}").into_bytes();
        let (length, behind) = rest.split_first_chunk::<4>().unwrap();
        let length = u32::from_be_bytes(*length) as usize;
        assert_eq!(&behind[..length], expected);
        rest = &behind[length.next_multiple_of(4)..];
    }
    assert!(rest.is_empty());
}

#[test]
fn damaged_data_is_an_error_before_the_first_byte() {
    for (id, dataset, variable) in [("d", ocean(), "sst"), ("large", large(), "big")] {
        let dataset = MemoryDataset { corrupt: vec![format!("/{variable}")], ..dataset };
        let running = MockHost::new().dataset(id, dataset).start::<DapPlugin>();
        let error = running.get(&format!("/datasets/{id}/opendap.dods?{variable}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        // Attributes and structure do not need the data.
        assert!(running.get(&format!("/datasets/{id}/opendap.das")).is_ok());
        assert!(running.get(&format!("/datasets/{id}/opendap.dds")).is_ok());
    }
}
