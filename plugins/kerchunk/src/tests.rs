//! The plugin behind its C table, served by a host in memory.

use serde_json::Value as Json;
use weir_plugin_api::model::{Attribute, ByteOrder, Codec, DataType, Group, Storage, Value, Variable};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};
use weir_plugin_api::{ErrorKind, Source};

use crate::KerchunkPlugin;

const SZIP: Codec =
    Codec::Other { id: 4, name: String::new(), parameters: Vec::new(), configuration: String::new() };

/// A variable of 5 x 3 in chunks of 2 x 2: values 1 to 15, fill -7.
fn grid(name: &str, codecs: &[Codec]) -> (Variable, Values) {
    let (mut variable, values) = counting(name, DataType::Int16, &[("y", 5), ("x", 3)]);
    let fill = (-7_i16).to_le_bytes().to_vec();
    variable.storage =
        Storage { chunk_shape: vec![2, 2], codecs: codecs.to_vec(), byte_order: ByteOrder::Big, fill };
    (variable, values)
}

fn with_fill((mut variable, values): (Variable, Values), fill: i16) -> (Variable, Values) {
    variable.attributes.push(Attribute { name: "_FillValue".into(), value: Value::Int16(vec![fill]) });
    (variable, values)
}

/// What lies in the files: each byte tells its place.
fn file() -> Vec<u8> {
    (0..200_u8).collect()
}

fn dataset() -> MemoryDataset {
    let deflated = [Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 4 }, Codec::Fletcher32];
    let mut dataset = dataset_of(vec![
        grid("deflated", &deflated),
        with_fill(grid("filled", &deflated), -7),
        with_fill(grid("masked", &deflated), 9),
        grid("packed", &[SZIP]),
        grid("plain", &[]),
        counting("names", DataType::String, &[("x", 3)]),
        counting("one", DataType::Float64, &[]),
    ]);
    dataset.chunks.retain(|(path, _), _| path == "/one");
    let mut store = |path: &str, index: &[u64], range: std::ops::Range<usize>, source: Option<Source>| {
        let key = (path.to_owned(), index.to_vec());
        dataset.chunks.insert(key.clone(), (file()[range.clone()].to_vec(), 0));
        if let Some(source) = source {
            dataset.ranges.insert(key, (source, range.start as u64));
        }
    };
    store("/deflated", &[0, 0], 10..31, Some(Source::Own));
    store("/deflated", &[0, 1], 40..50, Some(Source::Dataset("other/é.nc".into())));
    store("/deflated", &[1, 0], 50..60, Some(Source::Url("https://example.org/x.nc".into())));
    store("/deflated", &[1, 1], 60..70, Some(Source::Unnamed));
    store("/plain", &[4, 0], 100..106, Some(Source::Own));
    store("/one", &[], 120..128, None);
    let skipped = ("/deflated".to_owned(), vec![2, 1]);
    dataset.chunks.insert(skipped, (vec![1, 2, 3], 1));
    // Stored in rows, though it is read in chunks.
    let rows = Storage { chunk_shape: vec![1, 3], ..dataset.schema.root.variables[4].storage.clone() };
    dataset.layouts.insert("/plain".into(), Ok(rows));
    dataset.layouts.insert("/names".into(), Err("its elements are stored in a heap".into()));
    dataset.file = Some(("a.nc".into(), file()));
    let below = Group { name: "be<low".into(), ..Group::default() };
    dataset.schema.root.groups.push(below);
    dataset
}

fn running() -> Running {
    MockHost::new().dataset("d", dataset()).start::<KerchunkPlugin>()
}

fn get(running: &Running, key: &str) -> Result<Pulled, (ErrorKind, String)> {
    running.get(&format!("/datasets/d/kerchunk/{key}")).map_err(|error| (error.kind, error.message))
}

fn json(running: &Running, key: &str) -> Json {
    serde_json::from_str(&get(running, key).unwrap().text()).unwrap()
}

#[test]
fn the_contract_is_kept() {
    let keys = [
        "",
        "/",
        "/.zmetadata",
        "/zarr.json",
        "/deflated/.zarray",
        "/deflated/0.0",
        "/deflated/c/0/0",
        "/masked/0.0",
        "/plain/4.0",
        "/one/0",
        "/one/c",
        "/be<low/zarr.json",
        "/refs.json",
        "/refs.parquet/.zmetadata",
        "/refs.parquet/deflated/refs.0.parq",
    ];
    let targets: Vec<String> = keys.iter().map(|key| format!("/datasets/d/kerchunk{key}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<KerchunkPlugin>(MockHost::new().dataset("d", dataset()), "d", &targets);
}

#[test]
fn chunks_are_the_bytes_of_the_file() {
    let running = running();
    for key in ["deflated/0.0", "deflated/c/0/0"] {
        let answer = get(&running, key).unwrap();
        assert_eq!(answer.bytes, file()[10..31]);
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=604800"));
        assert!(answer.stable && answer.ranges);
    }
    assert_eq!(get(&running, "plain/4.0").unwrap().bytes, file()[100..106]);
    assert_eq!(get(&running, "one/0").unwrap().bytes, file()[120..128]);
}

#[test]
fn heads_read_nothing() {
    let running = running();
    let head = running.head("/datasets/d/kerchunk/deflated/0.0").unwrap();
    assert_eq!((head.length, head.bytes.len()), (Some(21), 0));
    assert_eq!(running.reads(), 0);
}

#[test]
fn metadata_names_the_codecs_of_the_file() {
    let running = running();
    let array = json(&running, "deflated/.zarray");
    assert_eq!(
        array["filters"].to_string(),
        r#"[{"id":"shuffle","elementsize":2},{"id":"zlib","level":4},{"id":"fletcher32"}]"#
    );
    assert_eq!((array["compressor"].clone(), array["dtype"].as_str()), (Json::Null, Some(">i2")));
    let names: Vec<String> = json(&running, "deflated/zarr.json")["codecs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|codec| codec["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["bytes", "numcodecs.shuffle", "numcodecs.zlib", "numcodecs.fletcher32"]);
    assert_eq!(json(&running, "plain/.zarray")["chunks"].to_string(), "[1,3]");
    // The same text, byte for byte.
    let (all, one) = (get(&running, ".zmetadata").unwrap().text(), get(&running, "plain/.zarray").unwrap());
    assert!(all.contains(&format!("\"plain/.zarray\":{}", one.text())));
}

#[test]
fn what_has_no_name_is_left_out_with_a_reason() {
    let running = running();
    for (path, reason) in [("packed", "(HDF5 filter 4)"), ("names", "stored in a heap")] {
        for key in [".zarray", "zarr.json", ".zattrs", "0.0", "c/0/0"] {
            let (kind, message) = get(&running, &format!("{path}/{key}")).unwrap_err();
            assert_eq!(kind, ErrorKind::NotFound, "{path}/{key}");
            assert!(message.contains(reason) && message.contains("/datasets/d/zarr"), "{message}");
        }
        assert!(!get(&running, ".zmetadata").unwrap().text().contains(path));
        assert!(get(&running, "").unwrap().text().contains(reason), "the listing says why");
    }
}

#[test]
fn absence_is_answered_only_where_the_client_will_be_right() {
    let running = running();
    for key in ["filled/0.0", "filled/c/0/0", "masked/c/0/0", "deflated/c/2/0"] {
        let (kind, message) = get(&running, key).unwrap_err();
        assert_eq!(kind, ErrorKind::NotFound, "{key}");
        assert!(message.contains("nothing was written there"), "{message}");
    }
    // Version 2 would show 9, or nothing: the chunk is made, shuffled, stored in a stream, and with its checksum.
    let made = get(&running, "masked/0.0").unwrap().bytes;
    let (stream, checksum) = made.split_at(made.len() - 4);
    assert_eq!(stream[7..stream.len() - 4], [0xff, 0xff, 0xff, 0xff, 0xf9, 0xf9, 0xf9, 0xf9]);
    assert_eq!(checksum.len(), 4);
    assert_eq!(get(&running, "plain/0.0").unwrap().bytes, [0xff, 0xf9, 0xff, 0xf9, 0xff, 0xf9]);
}

#[test]
fn keys_that_name_nothing_are_not_found() {
    let running = running();
    for key in [
        "deflated/3.0",
        "deflated/c/0/2",
        "deflated/0",
        "none/0.0",
        "none",
        "refs.parquet",
        "refs.parquet/none/refs.0.parq",
        "refs.parquet/deflated/refs.1.parq",
        "refs.parquet/deflated/refs.0",
        "deflated//0.0",
        "refs.json/x",
    ] {
        assert_eq!(get(&running, key).unwrap_err().0, ErrorKind::NotFound, "{key}");
    }
}

/// A client would take such a chunk for other values.
#[test]
fn chunks_without_some_codecs_are_refused() {
    let (kind, message) = get(&running(), "deflated/2.1").unwrap_err();
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("chunk [2, 1] of deflated"), "{message}");
}

#[test]
fn damage_is_not_absence() {
    let mut damaged = dataset();
    damaged.corrupt.push("/deflated".into());
    let running = MockHost::new().dataset("d", damaged).start::<KerchunkPlugin>();
    assert_eq!(get(&running, "deflated/0.0").unwrap_err().0, ErrorKind::Corrupt);
}

#[test]
fn references_lead_to_where_chunks_lie() {
    let running = running();
    let refs = json(&running, "refs.json")["refs"].clone();
    let check = |key: &str, expected: &str| assert_eq!(refs[key].to_string(), expected, "{key}");
    let base = "http://weir.example/datasets";
    check("deflated/0.0", &format!("[\"{base}/d/file\",10,21]"));
    check("deflated/0.1", &format!("[\"{base}/other/%C3%A9.nc/file\",40,10]"));
    check("deflated/1.0", "[\"https://example.org/x.nc\",50,10]");
    check("deflated/1.1", &format!("[\"{base}/d/kerchunk/deflated/1.1\",0,10]"));
    check("deflated/2.1", &format!("[\"{base}/d/kerchunk/deflated/2.1\",0,3]"));
    check("one/0", &format!("[\"{base}/d/kerchunk/one/0\",0,8]"));
    check("filled/0.0", "null");
    // Two bytes of a header, a block of 5 and 8 bytes, and two checksums.
    check("masked/0.0", &format!("[\"{base}/d/kerchunk/masked/0.0\",0,23]"));
    assert_eq!(refs[".zgroup"], r#"{"zarr_format":2}"#);
    let array: Json = serde_json::from_str(refs["deflated/.zarray"].as_str().unwrap()).unwrap();
    assert_eq!((array["compressor"].clone(), array["filters"].as_array().unwrap().len()), (Json::Null, 3));
    assert_eq!(get(&running, "masked/0.0").unwrap().bytes.len(), 23);
}

#[test]
fn large_sets_are_refused_as_one_document() {
    let host = || MockHost::new().dataset("d", dataset());
    let running = host().config(r#"{"most_references": 23}"#).start::<KerchunkPlugin>();
    let (kind, message) = get(&running, "refs.json").unwrap_err();
    assert_eq!(kind, ErrorKind::TooLarge);
    assert!(message.contains("has 24 chunks, and the limit of one document is 23"), "{message}");
    assert!(get(&running, "refs.parquet/deflated/refs.0.parq").is_ok());
}

/// Readers of sets that take every string for JSON (VirtualiZarr) find JSON, whatever letters there are.
#[test]
fn documents_are_written_as_text() {
    let (mut variable, values) = counting("x", DataType::Int8, &[("x", 3)]);
    let text = "Größe °C – 測 🌊 \"\\\n";
    variable.attributes.push(Attribute { name: text.into(), value: Value::text(text) });
    let running =
        MockHost::new().dataset("d", dataset_of(vec![(variable, values)])).start::<KerchunkPlugin>();
    let document = get(&running, "refs.json").unwrap();
    assert!(document.bytes.is_ascii());
    let document: Json = serde_json::from_slice(&document.bytes).unwrap();
    let attributes: Json = serde_json::from_str(document["refs"]["x/.zattrs"].as_str().unwrap()).unwrap();
    assert_eq!(attributes[text], text);
}

/// A dataset of many chunks: the document is larger than what is made before it is sent.
#[test]
fn large_documents_are_made_while_they_are_sent() {
    let (mut variable, values) = counting("many", DataType::Int8, &[("x", 100_000)]);
    variable.storage.chunk_shape = vec![1];
    let mut dataset = dataset_of(vec![(variable, values)]);
    dataset.chunks = (0..100_000).map(|n| (("/many".to_owned(), vec![n]), (vec![1], 0))).collect();
    dataset.ranges = (0..100_000).map(|n| (("/many".to_owned(), vec![n]), (Source::Own, 1000 + n))).collect();
    let running = MockHost::new().dataset("d", dataset).start::<KerchunkPlugin>();
    let answer = get(&running, "refs.json").unwrap();
    assert_eq!(answer.length, None);
    let document: Json = serde_json::from_slice(&answer.bytes).unwrap();
    let refs = document["refs"].as_object().unwrap();
    assert_eq!(refs.len(), 100_000 + 4);
    assert_eq!(refs["many/99999"].to_string(), "[\"http://weir.example/datasets/d/file\",100999,1]");
}
