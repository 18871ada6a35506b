//! The plugin behind its C table, served by a host in memory.

use libdeflater::Decompressor;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, ByteOrder, Codec, DataType, Group, Value, Variable};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};

use crate::ZarrPlugin;

const UNKNOWN: Codec =
    Codec::Other { id: 65000, name: String::new(), parameters: Vec::new(), configuration: String::new() };

/// A variable of 5 x 3 in chunks of 2 x 2: values 1 to 15, fill -7.
fn grid(name: &str, codecs: &[Codec], order: ByteOrder) -> (Variable, Values) {
    let (mut variable, values) = counting(name, DataType::Int16, &[("y", 5), ("x", 3)]);
    variable.storage.chunk_shape = vec![2, 2];
    variable.storage.codecs = codecs.to_vec();
    variable.storage.byte_order = order;
    variable.storage.fill = (-7_i16).to_le_bytes().to_vec();
    (variable, values)
}

fn with_fill_attribute((mut variable, values): (Variable, Values), fill: i16) -> (Variable, Values) {
    variable.attributes.push(Attribute { name: "_FillValue".into(), value: Value::Int16(vec![fill]) });
    (variable, values)
}

fn dataset() -> MemoryDataset {
    let deflate = [Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 4 }];
    let mut dataset = dataset_of(vec![
        grid("deflated", &deflate, ByteOrder::Big),
        with_fill_attribute(grid("filled", &deflate, ByteOrder::Little), -7),
        with_fill_attribute(grid("masked", &deflate, ByteOrder::Little), 9),
        grid("raw", &[], ByteOrder::Big),
        grid("other", &[UNKNOWN], ByteOrder::Big),
        counting("names", DataType::String, &[("x", 3)]),
        counting("one", DataType::Float64, &[]),
        counting("blob", DataType::Opaque { name: "blob".into(), size: 2 }, &[("x", 3)]),
    ]);
    dataset.schema.root.variables[5].storage.chunk_shape = vec![2];
    dataset.chunks.retain(|(path, _), _| path == "/one");
    let mut store = |path: &str, index: [u64; 2], bytes: &[u8], skipped| {
        dataset.chunks.insert((path.to_owned(), index.to_vec()), (bytes.to_vec(), skipped));
    };
    // Nobody may look into these: they are not even zlib.
    store("/deflated", [0, 0], b"the file's own bytes", 0);
    store("/deflated", [2, 1], b"unshuffled", 1);
    store("/raw", [1, 0], &[0, 7, 0, 8, 0, 10, 0, 11], 0);
    store("/raw", [0, 0], b"short", 0);
    let below = Group { name: "be<low".into(), ..Group::default() };
    dataset.schema.root.groups.push(below);
    dataset
}

fn running() -> Running {
    MockHost::new().dataset("d", dataset()).start::<ZarrPlugin>()
}

fn get(running: &Running, key: &str) -> Result<Pulled, (ErrorKind, String)> {
    running.get(&format!("/datasets/d/zarr/{key}")).map_err(|error| (error.kind, error.message))
}

/// Inflates and unshuffles a chunk of 2 x 2.
fn decoded(bytes: &[u8]) -> Vec<[u8; 2]> {
    let mut shuffled = [0; 8];
    assert_eq!(Decompressor::new().zlib_decompress(bytes, &mut shuffled), Ok(8));
    (0..4).map(|i| [shuffled[i], shuffled[i + 4]]).collect()
}

fn little(bytes: &[u8]) -> Vec<i16> {
    decoded(bytes).into_iter().map(i16::from_le_bytes).collect()
}

fn big(bytes: &[u8]) -> Vec<i16> {
    decoded(bytes).into_iter().map(i16::from_be_bytes).collect()
}

#[test]
fn the_contract_is_kept() {
    let keys = [
        "/",
        "",
        "/.zmetadata",
        "/zarr.json",
        "/deflated/.zarray",
        "/deflated/0.0",
        "/deflated/c/2/1",
        "/other/2.1",
        "/names/1",
        "/names/c/0",
        "/one/0",
        "/one/c",
        "/be<low/zarr.json",
        "/be<low/",
    ];
    let targets: Vec<String> = keys.iter().map(|key| format!("/datasets/d/zarr{key}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<ZarrPlugin>(MockHost::new().dataset("d", dataset()), "d", &targets);
}

#[test]
fn stored_bytes_pass_through_undecoded() {
    let running = running();
    for key in ["deflated/0.0", "deflated/c/0/0"] {
        let answer = get(&running, key).unwrap();
        assert_eq!(answer.text(), "the file's own bytes");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert!(answer.stable && answer.ranges);
    }
    assert_eq!(running.reads(), 2);
    assert_eq!(get(&running, "raw/1.0").unwrap().bytes, [0, 7, 0, 8, 0, 10, 0, 11]);
}

#[test]
fn a_chunk_whose_codecs_were_skipped_is_encoded_as_declared() {
    // Row 4, column 2 is the 15th value; the rest lies outside.
    assert_eq!(big(&get(&running(), "deflated/2.1").unwrap().bytes), [15, -7, -7, -7]);
}

#[test]
fn other_codecs_are_encoded_anew() {
    let running = running();
    let document = get(&running, "other/.zarray").unwrap().text();
    assert!(document.contains(r#""dtype":"<i2","compressor":{"id":"zlib","level":1}"#), "{document}");
    for key in ["other/0.1", "other/c/0/1"] {
        assert_eq!(little(&get(&running, key).unwrap().bytes), [3, -7, 6, -7]);
    }
    assert_eq!(get(&running, "other/0.1").unwrap().bytes, get(&running, "other/c/0/1").unwrap().bytes);
}

#[test]
fn absence_is_told_only_where_the_client_fills_in_the_right_value() {
    let running = running();
    // Version 3 always declares the storage fill value; version 2 only what is masked.
    for key in ["filled/0.0", "filled/c/0/0", "deflated/c/0/1", "masked/c/1/1"] {
        let (kind, message) = get(&running, key).unwrap_err();
        assert_eq!(kind, ErrorKind::NotFound, "{key}");
        assert!(message.ends_with("nothing was written there, all of it is the fill value"), "{message}");
    }
    assert_eq!(big(&get(&running, "deflated/0.1").unwrap().bytes), [-7; 4]);
    assert_eq!(little(&get(&running, "masked/1.1").unwrap().bytes), [-7; 4]);
    let raw = get(&running, "raw/0.1").unwrap().bytes;
    assert_eq!(raw, (-7_i16).to_be_bytes().repeat(4));
}

#[test]
fn strings_are_counted() {
    let running = running();
    assert_eq!(inflated(&get(&running, "names/1").unwrap().bytes, 18), b"\x02\0\0\0\x06\0\0\0text 3\0\0\0\0");
    let mut broken = dataset();
    broken.values.insert("/names".into(), Values::Strings(vec![b"a".to_vec(), b"b\xe9".to_vec(), vec![]]));
    let running = MockHost::new().dataset("d", broken).start::<ZarrPlugin>();
    let (kind, message) = get(&running, "names/0").unwrap_err();
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("string 1 of the chunk is not UTF-8 at byte 1"), "{message}");
    assert!(get(&running, "names/c/1").is_ok());
}

fn inflated(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    assert_eq!(Decompressor::new().zlib_decompress(bytes, &mut out), Ok(length));
    out
}

#[test]
fn unknown_keys_are_refused_without_reading() {
    let running = running();
    let keys = [
        "deflated/3.0",
        "deflated/0.2",
        "deflated/0",
        "deflated/c/3/0",
        "deflated/c",
        "one/1",
        "one/c/0",
        "one/0.0",
        "none/.zarray",
        "none/0.0",
        "deflated/.zgroup",
        ".zarray",
        "deflated/00.0",
        "deflated/+0.0",
        "deflated",
        "x/",
        "blob/.zarray",
        "blob/0",
        "blob/zarr.json",
        "//",
        "be<low//",
        "/zarr.json",
        "favicon.ico",
    ];
    for key in keys {
        let (kind, message) = get(&running, key).unwrap_err();
        assert_eq!(kind, ErrorKind::NotFound, "{key}: {message}");
    }
    assert_eq!(running.reads(), 0);
    let (_, message) = get(&running, "blob/zarr.json").unwrap_err();
    assert_eq!(message, "\"blob\" is not served as Zarr: Zarr has no type for opaque blob");
    let (_, message) = get(&running, "deflated/3.0").unwrap_err();
    assert_eq!(message, "deflated has no chunk [3, 0]: its grid of chunks has the shape [3, 2]");
}

#[test]
fn large_chunks_are_refused_before_reading() {
    let running = MockHost::new().dataset("d", dataset()).limit(7).start::<ZarrPlugin>();
    for key in ["deflated/0.0", "other/c/0/0", "names/0", "one/c"] {
        let (kind, message) = get(&running, key).unwrap_err();
        assert_eq!(kind, ErrorKind::TooLarge, "{key}");
        assert_eq!(message, "the response has 8 bytes, the limit is 7");
    }
    assert_eq!(running.reads(), 0);
}

#[test]
fn damage_is_never_called_absence() {
    let mut damaged = dataset();
    damaged.corrupt = vec!["/filled".into(), "/other".into(), "/names".into()];
    let running = MockHost::new().dataset("d", damaged).start::<ZarrPlugin>();
    for key in ["filled/0.0", "filled/c/0/0", "other/0.0", "names/c/0"] {
        assert_eq!(get(&running, key).unwrap_err().0, ErrorKind::Corrupt, "{key}");
    }
    let (kind, message) = get(&running, "raw/0.0").unwrap_err();
    assert_eq!(
        (kind, message.as_str()),
        (ErrorKind::Corrupt, "chunk [0, 0] of raw has 5 bytes, a whole one has 8")
    );
}

#[test]
fn groups_are_listed_as_links() {
    let running = running();
    for (target, base) in [("/datasets/d/zarr/", ""), ("/datasets/d/zarr", "<base href=\"zarr/\">")] {
        let answer = running.get(target).unwrap();
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        let html = answer.text();
        assert!(html.contains(&format!("<meta charset=\"utf-8\">{base}<title>/</title>")), "{html}");
        assert!(html.contains("<a href=\"deflated/\">deflated/</a>"), "{html}");
        assert!(html.contains("<a href=\"be%3Clow/\">be&lt;low/</a>"), "{html}");
        assert!(html.contains("<li>blob (not served: Zarr has no type for opaque blob)</li>"), "{html}");
        assert!(!html.contains("href=\"blob"), "{html}");
    }
}

#[test]
fn errors_are_json() {
    let body = running().render_error("/datasets/d/zarr/x", 404, "no \"x\"").unwrap();
    assert_eq!(body.text(), r#"{"detail":"no \"x\""}"#);
    assert_eq!(body.header("content-type"), Some("application/json"));
}

#[test]
fn answers_are_held_back_until_there_is_another_step() {
    let mut grows = dataset_of(vec![counting("time", DataType::Float64, &[("time", 7)])]);
    grows.schema.root.dimensions[0].unlimited = true;
    let running = MockHost::new().dataset("d", grows).dataset("fixed", dataset()).start::<ZarrPlugin>();
    let now = running.get("/datasets/d/zarr/current-timestep").unwrap();
    assert_eq!((now.text().as_str(), now.held, now.stable), (r#"{"timestep":6}"#, false, false));
    let first = running.get("/datasets/d/zarr/next-timestep").unwrap();
    assert_eq!((first.text(), first.held), (now.text(), true));
    let same = running.get_again("/datasets/d/zarr/next-timestep", r#"{"timestep":6}"#).unwrap();
    assert_eq!((same.text(), same.held), (now.text(), true));
    let new = running.get_again("/datasets/d/zarr/next-timestep", r#"{"timestep":5}"#).unwrap();
    assert_eq!((new.text(), new.held), (now.text(), false));
    let fixed = running.get("/datasets/fixed/zarr/next-timestep").unwrap_err();
    assert_eq!(fixed.kind, ErrorKind::NotFound);
}
