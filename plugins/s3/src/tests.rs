//! The bucket behind the plugin's C table, served by a host in memory.

use weir_plugin_api::model::{Codec, DataType};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, Source};

use crate::S3Plugin;

fn dataset() -> MemoryDataset {
    let (mut wide, values) = counting("wide", DataType::Int16, &[("y", 5), ("x", 3)]);
    wide.storage.chunk_shape = vec![2, 2];
    dataset_of(vec![counting("one", DataType::Float64, &[]), (wide, values)])
}

fn host() -> MockHost {
    // Chunks that nothing compresses, so that their size is known by heart.
    let config = r#"{"recipe": [{"datasets": ["*"], "codec": {"id": "none"}}]}"#;
    let ids = ["a", "a-b", "deep/er/x.nc", "deep/y.nc", "z"];
    ids.into_iter().fold(MockHost::new().config(config), |host, id| host.dataset(id, dataset()))
}

fn running() -> Running {
    host().start::<S3Plugin>()
}

fn between<'t>(text: &'t str, element: &str) -> Vec<&'t str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    text.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

/// Keys, then common prefixes, of all pages.
fn listed(query: &str) -> (Vec<String>, Vec<String>) {
    let running = running();
    let (mut keys, mut prefixes, mut token) = (vec![], vec![], String::new());
    loop {
        let target = format!("/s3?list-type=2&{query}{token}");
        let text = running.get(&target).unwrap().text();
        keys.extend(between(&text, "Key").into_iter().map(str::to_owned));
        let common = between(&text, "CommonPrefixes");
        prefixes.extend(common.into_iter().map(|text| between(text, "Prefix")[0].to_owned()));
        let next = between(&text, "NextContinuationToken");
        assert_eq!(between(&text, "IsTruncated") == ["true"], !next.is_empty(), "{text}");
        match next.first() {
            Some(next) => {
                let encoded: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
                token = format!("&continuation-token={encoded}");
            }
            None => return (keys, prefixes),
        }
    }
}

fn check(query: &str, keys: &[&str], prefixes: &[&str]) {
    for most in [1000, 3, 1] {
        let got = listed(&format!("{query}&max-keys={most}"));
        assert_eq!(
            got,
            (
                keys.iter().map(ToString::to_string).collect(),
                prefixes.iter().map(ToString::to_string).collect()
            ),
            "{query} {most}"
        );
    }
}

#[test]
fn folders_are_listed_level_by_level() {
    check("delimiter=/", &[], &["a/", "a-b/", "deep/", "z/"]);
    check("delimiter=/&prefix=deep/", &[], &["deep/er/", "deep/y.nc/"]);
    check("delimiter=/&prefix=de", &[], &["deep/"]);
    let documents = ["a/.zattrs", "a/.zgroup", "a/.zmetadata", "a/zarr.json"];
    check("delimiter=/&prefix=a/", &documents, &["a/one/", "a/wide/"]);
    let one = ["a/one/.zarray", "a/one/.zattrs", "a/one/0", "a/one/c", "a/one/zarr.json"];
    check("delimiter=/&prefix=a/one/", &one, &[]);
    check("delimiter=/&prefix=a/wide/c/1/", &["a/wide/c/1/0", "a/wide/c/1/1"], &[]);
    check("delimiter=/&prefix=none", &[], &[]);
}

#[test]
fn all_keys_are_listed_without_a_delimiter() {
    let (keys, prefixes) = listed("max-keys=7");
    // Of each dataset: 4 documents, 5 keys of the scalar, 3 documents and 6 chunks in 2 versions of the other.
    assert_eq!((keys.len(), prefixes.len()), (5 * (4 + 5 + 3 + 12), 0));
    let mut distinct = keys.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), keys.len());
    check("prefix=z/wide/2.", &["z/wide/2.0", "z/wide/2.1"], &[]);
    check("prefix=z/wide/zarr.json", &["z/wide/zarr.json"], &[]);
    check("prefix=z/wide/2.&start-after=z/wide/2.0", &["z/wide/2.1"], &[]);
}

#[test]
fn sizes_are_those_of_objects() {
    let running = running();
    let text = running.get("/s3?list-type=2&prefix=deep/er/x.nc/").unwrap().text();
    let (keys, sizes) = (between(&text, "Key"), between(&text, "Size"));
    assert_eq!(keys.len(), sizes.len());
    for (key, size) in keys.iter().zip(sizes) {
        let object = running.get(&format!("/s3/{key}")).unwrap();
        assert_eq!(object.bytes.len().to_string(), size, "{key}");
    }
    assert_eq!(running.get("/s3/z/wide/0.0").unwrap().bytes, [1, 0, 2, 0, 4, 0, 5, 0]);
}

/// Chunks of every kind, without a recipe: stored plain and deflated, with a checksum, missing, with a codec skipped, in a byte
/// order that is changed, and elsewhere than in a file.
fn stored() -> MemoryDataset {
    let deflate = [Codec::Shuffle { element_size: 2 }, Codec::Deflate { level: 4 }];
    let wide = |name: &str, codecs: &[Codec]| {
        let (mut variable, values) = counting(name, DataType::Int16, &[("y", 5), ("x", 3)]);
        variable.storage.chunk_shape = vec![2, 2];
        variable.storage.codecs = codecs.to_vec();
        (variable, values)
    };
    let unknown =
        Codec::Other { id: 65000, name: "x".into(), parameters: vec![], configuration: String::new() };
    let all = vec![
        wide("deflated", &deflate),
        wide("plain", &[]),
        wide("other", &[unknown]),
        counting("names", DataType::String, &[("x", 3)]),
    ];
    let mut dataset = dataset_of(all);
    dataset.chunks.clear();
    for (path, index, bytes, skipped) in [
        ("/deflated", [0, 0], b"stored bytes".as_slice(), 0),
        ("/deflated", [1, 0], b"not shuffled", 1),
        ("/deflated", [2, 1], b"put together", 0),
        ("/plain", [0, 0], &[1, 0, 2, 0, 4, 0, 5, 0], 0),
    ] {
        dataset.chunks.insert((path.to_owned(), index.to_vec()), (bytes.to_vec(), skipped));
        if index != [2, 1] {
            dataset.ranges.insert((path.to_owned(), index.to_vec()), (Source::Own, 100));
        }
    }
    dataset
}

#[test]
fn sizes_of_stored_chunks_are_told_without_reading_them() {
    let running = MockHost::new().dataset("d", stored()).start::<S3Plugin>();
    let mut made = vec![];
    let listing = running.get("/s3?list-type=2&prefix=d/").unwrap().text();
    let sizes: Vec<&str> = between(&listing, "Size");
    for (key, size) in between(&listing, "Key").into_iter().zip(sizes) {
        let before = running.reads();
        let one = running.get(&format!("/s3?list-type=2&max-keys=1&prefix={key}")).unwrap().text();
        assert_eq!(between(&one, "Size"), [size], "{key}");
        if running.reads() > before {
            made.push(key);
        }
        let object = running.get(&format!("/s3/{key}")).unwrap();
        assert_eq!(object.bytes.len().to_string(), size, "{key}");
    }
    // What is compressed anew, filled chunks among it, or lies in no file: all else is told by its place or its shape.
    let is_made = |key: &&str| {
        let anew = ["d/other/", "d/names/"].iter().any(|array| key.starts_with(array));
        anew || key.starts_with("d/deflated/") && !key.ends_with("/0.0") && !key.ends_with("/0/0")
    };
    assert!(made.iter().all(is_made), "{made:?}");
    assert!(made.contains(&"d/deflated/1.0") && !made.contains(&"d/deflated/0.0"), "{made:?}");
    let keys = between(&listing, "Key");
    for key in ["d/deflated/0.0", "d/plain/0.0"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
}

#[test]
fn keys_are_spelled_as_asked() {
    let text = running().get("/s3?list-type=2&prefix=a-b/.z&encoding-type=url&delimiter=%2B").unwrap().text();
    assert!(text.contains("<Delimiter>%2B</Delimiter><EncodingType>url</EncodingType>"), "{text}");
    assert!(text.contains("<KeyCount>3</KeyCount>") && text.contains("<Key>a-b/.zattrs</Key>"), "{text}");
    let first = running().get("/s3?prefix=a-b/.z&marker=a-b/.zattrs").unwrap().text();
    assert!(first.contains("<Marker>a-b/.zattrs</Marker>") && !first.contains("KeyCount"), "{first}");
}

#[test]
fn refusals_are_documents() {
    let running = running();
    assert_eq!(running.get("/s3/a/none/0").unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(running.get("/s3/nowhere").unwrap_err().kind, ErrorKind::NotFound);
    let body = running.render_error("/s3/a<b", 404, "no \"x\" & y").unwrap();
    assert!(
        body.text()
            .contains("<Code>NoSuchKey</Code><Message>no &quot;x&quot; &amp; y</Message><Resource>/s3/a")
    );
    assert!(running.get("/s3?location").unwrap().text().contains("LocationConstraint"));
}

#[test]
fn the_contract_is_kept() {
    check_contract::<S3Plugin>(
        host(),
        "a",
        &["/s3/a/.zmetadata", "/s3/a/wide/0.0", "/s3?list-type=2", "/s3"],
    );
}
