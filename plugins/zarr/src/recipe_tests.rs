//! Processed datasets behind the plugin's C table.

use libdeflater::Decompressor;
use serde_json::Value as Json;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Value};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Running, Values, check_contract, counting, dataset_of,
};

use crate::ZarrPlugin;

/// Values 1 to 15 in 5 x 3, once as integers that stand for halves, once as doubles; y is 1 to 5.
fn dataset() -> MemoryDataset {
    let (mut packed, values) = counting("packed", DataType::Int16, &[("y", 5), ("x", 3)]);
    packed.attributes = vec![
        Attribute { name: "scale_factor".into(), value: Value::Float32(vec![0.5]) },
        Attribute { name: "_FillValue".into(), value: Value::Int16(vec![4]) },
    ];
    dataset_of(vec![
        counting("y", DataType::Float64, &[("y", 5)]),
        (packed, values),
        counting("double", DataType::Float64, &[("y", 5), ("x", 3)]),
        counting("names", DataType::String, &[("y", 5)]),
    ])
}

fn host(recipe: &str) -> MockHost {
    let config = format!("{{\"recipe\": [{{\"datasets\": [\"d*\"], {recipe}}}]}}");
    MockHost::new().dataset("d/a", dataset()).dataset("e", dataset()).config(&config)
}

fn running(recipe: &str) -> Running {
    host(recipe).start::<ZarrPlugin>()
}

fn json(running: &Running, key: &str) -> Json {
    serde_json::from_slice(&running.get(&format!("/datasets/{key}")).unwrap().bytes).unwrap()
}

/// Elements of a chunk that nothing compresses.
fn check<const N: usize, T: PartialEq + std::fmt::Debug>(
    recipe: &str,
    key: &str,
    of: fn([u8; N]) -> T,
    expected: &[T],
) {
    let answer = running(recipe).get(&format!("/datasets/d/a/zarr/{key}")).unwrap();
    let elements: Vec<T> = answer.bytes.chunks_exact(N).map(|bytes| of(bytes.try_into().unwrap())).collect();
    assert_eq!(elements, expected, "{key} of {recipe}");
    assert!(answer.stable && answer.ranges);
}

const PLAIN: &str = "\"codec\": {\"id\": \"none\"}";

#[test]
fn the_contract_is_kept() {
    let targets = ["zarr/.zmetadata", "zarr/zarr.json", "zarr/double/0.0", ".zmetadata", "zarr.json"];
    let targets: Vec<String> = targets.iter().map(|key| format!("/datasets/d/a/{key}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<ZarrPlugin>(host("\"float32\": true"), "d/a", &targets);
}

#[test]
fn chunks_are_those_that_are_wanted() {
    let recipe = format!("{PLAIN}, \"chunks\": {{\"y\": 3, \"x\": 2}}");
    let zero = 0.0;
    check(&recipe, "double/0.0", f64::from_le_bytes, &[1.0, 2.0, 4.0, 5.0, 7.0, 8.0]);
    check(&recipe, "double/c/1/1", f64::from_le_bytes, &[12.0, zero, 15.0, zero, zero, zero]);
    let array = json(&running(&recipe), "d/a/zarr/double/.zarray");
    assert_eq!((&array["chunks"], &array["compressor"]), (&serde_json::json!([3, 2]), &Json::Null));
}

#[test]
fn numbers_are_unpacked_and_narrowed() {
    let recipe = format!("{PLAIN}, \"unpack\": true, \"float32\": true, \"chunks\": {{\"y\": 2}}");
    let answer = running(&recipe).get("/datasets/d/a/zarr/packed/0.0").unwrap();
    let singles: Vec<f32> =
        answer.bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert_eq!(singles[..3], [0.5, 1.0, 1.5]);
    assert!(singles[3].is_nan());
    assert_eq!(singles[4..], [2.5, 3.0]);
    check(&recipe, "double/0.0", f32::from_le_bytes, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    check(&recipe, "y/0", f64::from_le_bytes, &[1.0, 2.0]);
    let attributes = json(&running(&recipe), "d/a/zarr/packed/.zattrs");
    assert_eq!(attributes, serde_json::json!({"_ARRAY_DIMENSIONS": ["y", "x"]}));
}

#[test]
fn what_is_no_single_is_not_made_one() {
    let mut dataset = dataset();
    let huge: Vec<u8> = std::iter::repeat_n(1e300_f64.to_le_bytes(), 15).flatten().collect();
    dataset.values.insert("/double".into(), Values::Fixed(huge));
    let config = r#"{"recipe": [{"datasets": ["h"], "float32": true}]}"#;
    let running = MockHost::new().dataset("h", dataset).config(config).start::<ZarrPlugin>();
    let error = running.get("/datasets/h/zarr/double/0.0").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.message.contains("is no float32"), "{error}");
}

#[test]
fn parts_are_cut_by_index_and_by_number() {
    let by_number = format!("{PLAIN}, \"select\": {{\"y\": {{\"min\": 2, \"max\": 4.5}}}}");
    check(&by_number, "y/0", f64::from_le_bytes, &[2.0, 3.0, 4.0]);
    check(&by_number, "packed/0.0", i16::from_le_bytes, &[4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let by_index = format!("{PLAIN}, \"select\": {{\"y\": {{\"start\": 1, \"stop\": 5, \"step\": 3}}}}");
    check(&by_index, "packed/0.0", i16::from_le_bytes, &[4, 5, 6, 13, 14, 15]);
    let none = running("\"select\": {\"x\": {\"min\": 1, \"max\": 2}}").get("/datasets/d/a/zarr/.zmetadata");
    assert!(none.unwrap_err().message.contains("no variable of that name"));
}

#[test]
fn shards_hold_their_chunks() {
    let recipe = format!("{PLAIN}, \"chunks\": {{\"y\": 1, \"x\": 3}}, \"shards\": {{\"y\": 4}}");
    let running = running(&recipe);
    let shard = running.get("/datasets/d/a/zarr/packed/c/1/0").unwrap().bytes;
    assert_eq!(shard.len(), 6 + 4 * 16 + 4);
    assert_eq!(shard[..6], [13, 0, 14, 0, 15, 0]);
    assert_eq!(shard[6..22], [[0_u64, 6].map(u64::to_le_bytes).concat()].concat());
    assert_eq!(shard[22..70], [0xff; 48]);
    assert_eq!(shard[70..], crc32c::crc32c(&shard[6..70]).to_le_bytes());
    assert_eq!(running.get("/datasets/d/a/zarr/packed/c/2/0").unwrap_err().kind, ErrorKind::NotFound);
    let whole = json(&running, "d/a/zarr/packed/zarr.json");
    assert_eq!(whole["codecs"][0]["name"], "sharding_indexed");
    assert_eq!(whole["chunk_grid"]["configuration"]["chunk_shape"], serde_json::json!([4, 3]));
}

#[test]
fn codecs_come_back() {
    let encoded = |codec: &str| {
        running(&format!("\"codec\": {codec}")).get("/datasets/d/a/zarr/packed/0.0").unwrap().bytes
    };
    let shuffled: Vec<u8> = (1..=15).chain(std::iter::repeat_n(0, 15)).collect();
    let mut back = vec![0; 30];
    Decompressor::new().gzip_decompress(&encoded(r#"{"id": "gzip"}"#), &mut back).unwrap();
    assert_eq!(back, shuffled);
    assert_eq!(zstd::bulk::decompress(&encoded(r#"{"id": "zstd", "level": 7}"#), 30).unwrap(), shuffled);
    // Too short to shrink: Blosc copies it.
    let plain: Vec<u8> = (1..=15).flat_map(|number| [number, 0]).collect();
    assert_eq!(encoded(r#"{"id": "blosc"}"#)[16..], plain);
}

#[test]
fn one_tree_has_all_datasets() {
    let running = running("\"variables\": [\"double\"]");
    let all = json(&running, ".zmetadata");
    let keys: Vec<&str> = all["metadata"].as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        ".zgroup",
        "d/.zgroup",
        "d/a/.zgroup",
        "d/a/zarr/.zgroup",
        "d/a/zarr/double/.zarray",
        "e/zarr/packed/.zarray",
    ] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
    assert!(!keys.contains(&"d/a/zarr/packed/.zarray"), "{keys:?}");
    let of_folder = json(&running, "d/zarr.json");
    let members = of_folder["consolidated_metadata"]["metadata"].as_object().unwrap();
    assert!(members.contains_key("a/zarr/double") && members.contains_key("a") && !members.contains_key("e"));
    assert_eq!(json(&running, "e/.zgroup"), serde_json::json!({"zarr_format": 2}));
    assert_eq!(running.get("/datasets/none/.zgroup").unwrap_err().kind, ErrorKind::NotFound);
}
