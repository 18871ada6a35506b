//! Tests of the plugin behind its boundary, with datasets in memory.

use weir_dap::dap4::data::delimit;
use weir_dap::dap4::response_chunk::{Unframed, unframe};
use weir_dap::dap4::{Checksums, dmr};
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Field, Value};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};

use crate::DapPlugin;

const TARGET: &str = "/datasets/d/opendap";

fn ocean() -> MemoryDataset {
    let (mut sst, values) = counting("sst", DataType::Int16, &[("time", 10), ("lat", 4)]);
    sst.attributes = vec![Attribute { name: "units".into(), value: Value::text("degC") }];
    let (note, _) = counting("note", DataType::String, &[("lat", 4)]);
    let notes = Values::Strings(vec![b"x".to_vec(), vec![], "é".into(), b"four".to_vec()]);
    let field = |name: &str, offset, data_type| Field { name: name.into(), offset, data_type, shape: vec![] };
    let fields = vec![field("a", 0, DataType::Int16), field("b", 4, DataType::Int32)];
    let record = DataType::Compound { name: "record".into(), size: 8, fields };
    let (records, _) = counting("records", record, &[("two", 2)]);
    let bytes = vec![1, 2, 0xee, 0xee, 3, 4, 5, 6, 7, 8, 0xee, 0xee, 9, 10, 11, 12];
    let list = DataType::Vlen { name: "list".into(), element: Box::new(DataType::UInt8) };
    let (lists, _) = counting("lists", list, &[("two", 2)]);
    dataset_of(vec![
        counting("time", DataType::Float64, &[("time", 10)]),
        (sst, values),
        (note, notes),
        (records, Values::Fixed(bytes)),
        (lists, Values::Strings(vec![vec![1, 2, 3], vec![]])),
        counting("one", DataType::UInt64, &[]),
        counting("none", DataType::Int32, &[("zero", 0)]),
    ])
}

fn running() -> Running {
    MockHost::new().dataset("d", ocean()).start::<DapPlugin>()
}

/// The bytes of each variable of a data response, in order, once its checksums were found to be right.
fn variables(answer: &Pulled) -> Vec<(String, Vec<u8>)> {
    let Unframed { dmr: first, data, checksums, error } = unframe(&answer.bytes).unwrap();
    assert_eq!(error, None);
    let text = String::from_utf8(first).unwrap();
    let document = dmr::parse(text.strip_suffix("</Dataset>\n\r\n").map(|_| text.as_str()).unwrap()).unwrap();
    let found = delimit(&document, &data, checksums).unwrap();
    found.into_iter().map(|one| (one.fqn, one.bytes.to_vec())).collect()
}

fn check_data(ce: &str, expected: &[(&str, Vec<u8>)]) {
    let answer = running().get(&format!("{TARGET}.dap?dap4.ce={ce}")).unwrap();
    assert_eq!(answer.length, Some(answer.bytes.len() as u64));
    let expected: Vec<_> = expected.iter().map(|(fqn, bytes)| ((*fqn).to_owned(), bytes.clone())).collect();
    assert_eq!(variables(&answer), expected, "{ce}");
}

fn le16(values: &[i16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

#[test]
fn the_contract_is_kept() {
    let host = MockHost::new().dataset("d", ocean());
    let targets = [
        ".dmr",
        ".dmr.xml",
        ".dmr.html?dap4.ce=/sst",
        ".dsr",
        ".dsr.xml",
        "",
        ".dmr?dap4.ce=/sst[0:2:9][1]",
        ".dap?dap4.ce=/sst;/records;/one",
        ".dap?dap4.ce=/time[1:2]&dap4.checksum=false",
        ".dap?dap4.function=version()",
    ];
    let targets: Vec<String> = targets.iter().map(|suffix| format!("{TARGET}{suffix}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<DapPlugin>(host, "d", &targets);
}

#[test]
fn headers_say_what_it_is() {
    let running = running();
    let check = |suffix: &str, media_type: &str, description: &str, stable: bool| {
        let answer = running.get(&format!("{TARGET}{suffix}")).unwrap();
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert_eq!(answer.header("content-description"), Some(description));
        assert_eq!(answer.header("xdap"), Some("4.0"));
        assert_eq!(answer.stable, stable);
    };
    check(".dmr", "application/vnd.opendap.dap4.dataset-metadata+xml", "dap4-dmr", true);
    check(".dmr.xml", "text/xml; charset=utf-8", "dap4-dmr", true);
    check(".dmr.html", "text/html; charset=utf-8", "dap4-dmr", true);
    check(".dap", "application/vnd.opendap.dap4.data", "dap4-data", true);
    check(".dsr", "application/vnd.opendap.dap4.dataset-services+xml", "dap4-dsr", true);
    check("", "application/vnd.opendap.dap4.dataset-services+xml", "dap4-dsr", false);
}

#[test]
fn the_services_lead_to_everything() {
    let text = running().get(TARGET).unwrap().text();
    for suffix in [".dsr", ".dmr", ".dap", ".dds", ".das", ".dods"] {
        assert!(text.contains(&format!("href=\"http://weir.example{TARGET}{suffix}\"")), "{text}");
    }
    assert!(text.contains("<function name=\"version\"/>"), "{text}");
}

#[test]
fn structure_follows_the_constraint() {
    let text = running().get(&format!("{TARGET}.dmr?dap4.ce=lat=[1:2];/sst[0:2:9][]")).unwrap().text();
    let document = dmr::parse(&text).unwrap();
    assert_eq!((document.name.as_str(), document.root.dimensions[0].size), ("d", 2));
    assert!(text.contains("<Dim size=\"5\"/>\n    <Dim name=\"/lat\"/>"), "{text}");
}

#[test]
fn values_travel_as_their_dmr_says() {
    check_data("/sst[0:2:9][1]", &[("/sst", le16(&[2, 10, 18, 26, 34]))]);
    check_data("/sst[0,3,4][0,2:3]", &[("/sst", le16(&[1, 3, 4, 13, 15, 16, 17, 19, 20]))]);
    check_data("lat=[3];/note;/sst[9][]", &[("/sst", le16(&[40])), ("/note", text("four"))]);
    check_data("/note", &[("/note", [text("x"), text(""), text("é"), text("four")].concat())]);
    check_data("/one;/none", &[("/one", 1_u64.to_le_bytes().to_vec()), ("/none", vec![])]);
    check_data("/records", &[("/records", (1..=12).collect())]);
    check_data("/records[1]{b}", &[("/records", vec![9, 10, 11, 12])]);
    let lists = [&3_u64.to_le_bytes()[..], &[1, 2, 3], &0_u64.to_le_bytes()].concat();
    check_data("/lists", &[("/lists", lists)]);
    let longer = [&2_u64.to_le_bytes()[..], &[2, 3], &0_u64.to_le_bytes()].concat();
    check_data("/lists|lists>1", &[("/lists", longer)]);
}

#[test]
fn checksums_may_be_left_out_which_is_said() {
    let running = running();
    let sent = running.get(&format!("{TARGET}.dap?dap4.ce=/sst")).unwrap();
    let left_out = running.get(&format!("{TARGET}.dap?dap4.ce=/sst&dap4.checksum=false")).unwrap();
    assert_eq!((sent.bytes[0], left_out.bytes[0]), (4, 12));
    assert_eq!(unframe(&left_out.bytes).unwrap().checksums, Checksums::LeftOut);
    assert_eq!((variables(&sent), sent.bytes.len()), (variables(&left_out), left_out.bytes.len() + 4));
}

#[test]
fn head_does_not_read() {
    let running = running();
    let head = running.head(&format!("{TARGET}.dap?dap4.ce=/sst;/records")).unwrap();
    assert_eq!(running.reads(), 0);
    let get = running.get(&format!("{TARGET}.dap?dap4.ce=/sst;/records")).unwrap();
    assert_eq!((head.length, head.bytes.len()), (get.length, 0));
    // Texts have no length before they are read.
    assert_eq!(running.head(&format!("{TARGET}.dap?dap4.ce=/note")).unwrap().length, None);
}

#[test]
fn faults_are_refused_before_reading() {
    let running = running();
    let check = |query: &str, expected: &str| {
        let error = running.get(&format!("{TARGET}.dap?{query}")).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::BadRequest, expected));
    };
    check(
        "dap4.ce=/sst[0][4]",
        "\"/sst\" (byte 0 of the constraint): axis 1 is asked for index 4, but its length is 4",
    );
    check("dap4.function=mean(sst)", "there is no function \"mean\"; there are version()");
    check("dap4.function=version", "\"version\" is no call of a function; a call looks like version()");
    check("dap4.function=version(1)", "version() takes no argument");
    let unknown = "is not understood; there are dap4.ce=constraint, dap4.function=call() and dap4.checksum=true or false";
    check("sst[0][1]", &format!("the parameter \"sst[0][1]\" {unknown}"));
    assert_eq!(running.reads(), 0);
}

#[test]
fn limits_hold_before_reading() {
    let running = MockHost::new().dataset("d", ocean()).limit(100).start::<DapPlugin>();
    let error = running.get(&format!("{TARGET}.dap?dap4.ce=/time;/sst")).unwrap_err();
    assert_eq!((error.kind, running.reads()), (ErrorKind::TooLarge, 0));
    assert!(running.get(&format!("{TARGET}.dap?dap4.ce=/one")).is_ok());
}

#[test]
fn functions_answer_with_a_dataset() {
    let answer = running().get(&format!("{TARGET}.dap?dap4.function=version%28%29")).unwrap();
    let variables = variables(&answer);
    assert_eq!(variables[0], ("/dap".to_owned(), text("4.0")));
    assert_eq!(variables[2], ("/functions".to_owned(), text("version()")));
}

#[test]
fn errors_have_the_body_that_clients_read() {
    let running = running();
    let answer = running.render_error(&format!("{TARGET}.dap?x"), 400, "no <x>").unwrap();
    assert!(answer.text().contains("httpcode=\"400\""), "{}", answer.text());
    assert!(answer.text().contains("<Message>no &lt;x&gt;</Message>"), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/vnd.opendap.dap4.error+xml"));
    let answer = running.render_error(&format!("{TARGET}.dods?x"), 400, "no x").unwrap();
    assert!(answer.text().starts_with("Error {"), "{}", answer.text());
}

/// A response that is larger than what is read at once: chunks of 9 MiB between what is small.
fn large() -> MemoryDataset {
    let (mut big, values) = counting("big", DataType::Float64, &[("row", 27), ("column", 131_072)]);
    big.storage.chunk_shape = vec![9, 131_072];
    dataset_of(vec![
        counting("first", DataType::Int32, &[]),
        (big, values),
        counting("note", DataType::String, &[("three", 3)]),
        counting("last", DataType::UInt8, &[("n", 7)]),
    ])
}

#[test]
fn large_responses_are_streamed_chunk_by_chunk() {
    let running = MockHost::new().dataset("large", large()).start::<DapPlugin>();
    let answer = running.get("/datasets/large/opendap.dap").unwrap();
    assert_eq!((answer.length, answer.stable), (None, false));
    let variables = variables(&answer);
    let names: Vec<&str> = variables.iter().map(|(fqn, _)| fqn.as_str()).collect();
    assert_eq!(names, ["/first", "/big", "/note", "/last"]);
    let numbers = variables[1].1.as_chunks::<8>().0;
    assert_eq!(numbers.len(), 27 * 131_072);
    for (number, expected) in numbers.iter().zip(1_u32..) {
        assert_eq!(f64::from_le_bytes(*number), f64::from(expected));
    }
    assert_eq!(variables[2].1, [text("text 1"), text("text 2"), text("text 3")].concat());
    assert_eq!(variables[3].1, [1, 2, 3, 4, 5, 6, 7]);
    // No chunk is longer than 8 MiB.
    let mut rest = answer.bytes.as_slice();
    while let Some((&[_, high, middle, low], behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        assert!(length <= 8 << 20, "{length}");
        rest = &behind[length..];
    }
}

#[test]
fn damaged_data_is_an_error_or_ends_with_one() {
    let corrupt = |variable: &str, dataset| {
        let dataset = MemoryDataset { corrupt: vec![format!("/{variable}")], ..dataset };
        MockHost::new().dataset("d", dataset).start::<DapPlugin>()
    };
    // What is small, or comes first, becomes a status.
    for (running, ce) in [(corrupt("sst", ocean()), "/sst"), (corrupt("big", large()), "/big")] {
        let error = running.get(&format!("{TARGET}.dap?dap4.ce={ce}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(running.get(&format!("{TARGET}.dmr")).is_ok());
    }
    let running = corrupt("last", large());
    let answer = running.get(&format!("{TARGET}.dap?dap4.ce=/big;/last")).unwrap();
    let unframed = unframe(&answer.bytes).unwrap();
    let document = String::from_utf8(unframed.error.unwrap()).unwrap();
    assert!(document.contains("<Message>chunk 0 of /last cannot be decoded</Message>"), "{document}");
    assert!(
        running.log().iter().any(|line| line.contains("ends with an error chunk")),
        "{:?}",
        running.log()
    );
}

#[test]
fn more_text_than_is_kept_is_read_again() {
    let many = 1_100_000_u64;
    let dataset = dataset_of(vec![counting("note", DataType::String, &[("n", many)])]);
    let running = MockHost::new().dataset("texts", dataset).start::<DapPlugin>();
    let answer = running.get("/datasets/texts/opendap.dap").unwrap();
    let variables = variables(&answer);
    let expected: Vec<u8> = (1..=many).flat_map(|n| text(&format!("text {n}"))).collect();
    assert!(variables[0].1 == expected && expected.len() > 16 << 20);
}

#[test]
fn the_commit_limit_decides_what_is_read_before_it_is_sent() {
    let check = |config: &str, ce: &str, whole: bool| {
        let running = MockHost::new().dataset("d", ocean()).config(config).start::<DapPlugin>();
        let target = format!("{TARGET}.dap?dap4.ce={ce}");
        let answer = running.get(&target).unwrap();
        let expected = whole.then_some(answer.bytes.len() as u64);
        assert_eq!((answer.length, answer.stable), (expected, whole), "{config} {ce}");
        let by_default = self::running().get(&target).unwrap();
        assert_eq!(variables(&answer), variables(&by_default), "{config} {ce}");
        running.head(&target).unwrap().length
    };
    // 10 doubles and a checksum.
    assert_eq!(check(r#"{"commit_limit": 83}"#, "/time", false), None);
    assert!(check(r#"{"commit_limit": 84}"#, "/time", true).is_some());
    assert_eq!(check(r#"{"commit_limit": 0}"#, "/note;/lists;/sst", false), None);
    // How long texts are is not known before they are read.
    assert_eq!(check("{}", "/note", true), None);
}
