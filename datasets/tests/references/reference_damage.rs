//! Hostile and damaged sets: an error, and never a byte from where nothing may be read.

use std::fs;
use std::path::Path;

use weir_datasets::reference::References;
use weir_datasets::store::Store;
use weir_datasets::{Access, DataFile, Dataset, Error, ErrorKind, zarr};

use crate::fixture::{bytes, copy, folder, folder_of, read, set_at};

/// A set in a folder of its own, below which alone files may be read.
fn set_of(document: &str) -> (tempfile::TempDir, Result<References, Error>) {
    let outer = folder_of(&[
        ("data/refs.json", document.as_bytes()),
        ("data/target", b"12345678"),
        ("secret", b"secret"),
    ]);
    let data = outer.path().join("data");
    std::os::unix::fs::symlink(outer.path().join("secret"), data.join("link")).unwrap();
    std::os::unix::fs::symlink(outer.path(), data.join("up")).unwrap();
    let set = set_at(&data.join("refs.json"), &Access::to(std::slice::from_ref(&data)));
    (outer, set)
}

/// What the key `k` of a set gives.
fn key(value: &str) -> Result<Option<Vec<u8>>, Error> {
    let (_folder, set) = set_of(&format!(r#"{{"version": 1, "refs": {{"k": {value}}}}}"#));
    bytes(&set?, "k")
}

fn refuse(value: &str, kind: ErrorKind) -> String {
    let error = key(value).map(|bytes| panic!("{value} gives {bytes:?}")).unwrap_err();
    assert_eq!(error.kind, kind, "{value}: {error}");
    error.message
}

#[test]
fn references_give_the_bytes_that_they_name() {
    assert_eq!(key(r#"["target"]"#).unwrap().unwrap(), b"12345678");
    assert_eq!(key(r#"["target", 0, 8]"#).unwrap().unwrap(), b"12345678");
    assert_eq!(key(r#"["target", 2, 3]"#).unwrap().unwrap(), b"345");
    assert_eq!(key(r#"["target", 8, 0]"#).unwrap().unwrap(), b"");
    assert_eq!(key(r#"["./../data/target", 7, 1]"#).unwrap().unwrap(), b"8");
    assert_eq!(key(r#""base64:AQI=""#).unwrap().unwrap(), [1, 2]);
    assert_eq!(key(r#"{"a": 1}"#).unwrap().unwrap(), br#"{"a":1}"#);
}

#[test]
fn ranges_outside_the_target_are_refused() {
    for range in [
        "0, 9",
        "8, 1",
        "9, 0",
        "18446744073709551615, 1",
        "1, 18446744073709551615",
        "9223372036854775807, 9223372036854775807",
    ] {
        refuse(&format!("[\"target\", {range}]"), ErrorKind::Corrupt);
    }
    for range in ["-1, 4", "4, -1", "0, 18446744073709551616", "0.5, 1", "\"0\", 1", "null, null"] {
        refuse(&format!("[\"target\", {range}]"), ErrorKind::Corrupt);
    }
}

#[test]
fn targets_outside_the_folder_look_as_if_they_were_missing() {
    let missing = refuse(r#"["missing", 0, 1]"#, ErrorKind::Unavailable);
    let targets = [
        "../secret",
        "/etc/passwd",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "link",
        "up/secret",
        "..",
        ".",
        "",
        "./up/../secret",
        "target/../../secret",
        "/proc/self/environ",
        "../data/../secret",
        "%2e%2e/secret",
        "target\\u0000",
        "~/.ssh/id_rsa",
        "missing/../../secret",
    ];
    for target in targets {
        assert_eq!(refuse(&format!("[\"{target}\", 0, 1]"), ErrorKind::Unavailable), missing, "{target}");
        assert_eq!(refuse(&format!("[\"{target}\"]"), ErrorKind::Unavailable), missing, "{target}");
    }
    assert!(!missing.contains("missing"), "{missing}");
}

#[test]
fn urls_that_no_rule_allows_are_refused() {
    let urls = [
        "http://169.254.169.254/latest/meta-data",
        "https://host/x",
        "s3://bucket/key",
        "gopher://h/",
        "ftp://h/x",
    ];
    for url in urls {
        let message = refuse(&format!("[\"{url}\", 0, 1]"), ErrorKind::Unsupported);
        assert!(!message.contains("169.254"), "{message}");
    }
    let message = refuse(r#"["https://user:word@host/x", 0, 1]"#, ErrorKind::Corrupt);
    assert!(!message.contains("word"), "{message}");
}

#[test]
fn what_cannot_be_read_is_never_a_fill_value() {
    let array = r#"{"zarr_format":2,"shape":[2],"chunks":[1],"dtype":"|u1","compressor":null,"filters":null,"fill_value":7,"order":"C"}"#;
    for chunk in [
        r#"["missing", 0, 1]"#,
        r#"["/etc/passwd", 0, 1]"#,
        r#"["target", 8, 1]"#,
        r#"["target", 0, 2]"#,
        r#""""#,
    ] {
        let document = format!(
            r#"{{"version": 1, "refs": {{".zgroup": {{"zarr_format":2}}, "a/.zarray": {array}, "a/1": {chunk}}}}}"#
        );
        let (_folder, set) = set_of(&document);
        let dataset = Dataset::new(zarr::open(Store::references(set.unwrap())).unwrap());
        let error = read(&dataset, "/a").unwrap_err();
        assert_ne!(error.kind, ErrorKind::NotFound, "{chunk}: {error}");
        let raw = dataset.raw_chunk("/a", &[1]).unwrap_err();
        assert_ne!(raw.kind, ErrorKind::NotFound, "{chunk}: {raw}");
        assert!(dataset.raw_chunk("/a", &[0]).unwrap().is_none(), "chunk 0 is proven to be absent");
    }
}

#[test]
fn bombs_are_refused_when_the_set_is_opened() {
    let generators = r#"{"version": 1, "gen": [{"key": "{{i}}.{{j}}", "url": "u", "dimensions": {"i": {"stop": 1000000}, "j": {"stop": 1000000}}}]}"#;
    assert_eq!(set_of(generators).1.unwrap_err().kind, ErrorKind::TooLarge);
    let templates = format!(
        r#"{{"version": 1, "templates": {{"u": "{}"}}, "refs": {{"k": ["{}"]}}}}"#,
        "u".repeat(9000),
        "{{u}}".repeat(1000)
    );
    assert_eq!(set_of(&templates).1.unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(
        set_of(r#"{"version": 1, "refs": {"k": ["{{a}}"]}, "templates": {"b": "c"}}"#).1.unwrap_err().kind,
        ErrorKind::Corrupt
    );
    assert_eq!(set_of(&"[".repeat(1 << 20)).1.unwrap_err().kind, ErrorKind::Corrupt);
}

#[test]
fn a_compressed_document_that_breaks_off_is_refused() {
    let frame = fs::read(folder().join("combined.json.zst")).unwrap();
    for length in (0..frame.len()).step_by(13) {
        let folder = folder_of(&[("refs.json.zst", &frame[..length])]);
        assert!(set_at(&folder.path().join("refs.json.zst"), &Access::default()).is_err(), "{length}");
    }
}

/// Every way to cut a document short, and every byte of it changed, is an error or a set that still gives no wrong bytes.
#[test]
fn damaged_documents_do_no_harm() {
    let whole = fs::read(folder().join("templates.json")).unwrap();
    let access = Access::to(&[folder()]);
    let open = |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        References::document(DataFile::open(file.path()).unwrap(), &folder(), &access)
    };
    for length in (0..whole.trim_ascii_end().len()).step_by(7) {
        assert!(open(&whole[..length]).is_err(), "{length}");
    }
    for at in (0..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x15;
        let Ok(set) = open(&damaged) else { continue };
        let _ = bytes(&set, "grid/0.0");
    }
}

#[test]
fn damaged_partitions_do_no_harm() {
    for name in ["combined.parq", "dictionary.parq", "pyarrow.parq"] {
        let partition = format!("{name}/tas/refs.0.parq");
        let whole = fs::read(folder().join(&partition)).unwrap();
        let copy = copy();
        let access = Access::to(&[copy.path().to_owned()]);
        let attempt = |bytes: &[u8]| {
            // Writing over a file makes some file systems wait for the disk.
            fs::remove_file(copy.path().join(&partition)).unwrap();
            fs::write(copy.path().join(&partition), bytes).unwrap();
            let set = set_at(&copy.path().join(name), &access).unwrap();
            bytes_of_first(&set)
        };
        let right = attempt(&whole).unwrap();
        for length in (0..whole.len()).step_by(11) {
            assert!(attempt(&whole[..length]).is_err(), "{name}: {length} bytes");
        }
        let mut refused = 0;
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            match attempt(&damaged) {
                Err(error) => {
                    refused += 1;
                    assert_ne!(error.kind, ErrorKind::NotFound, "{name}: byte {at}: {error}");
                }
                // The format has no checksums: a changed number may be a reference as good as the right one.
                Ok(got) => assert!(got.len() <= right.len() + 256, "{name}: byte {at}"),
            }
        }
        assert!(refused > whole.len() / 4, "{name}: {refused} of {}", whole.len());
    }
}

fn bytes_of_first(set: &References) -> Result<Vec<u8>, Error> {
    bytes(set, "tas/0.0.0").map(Option::unwrap_or_default)
}

fn partitions(metadata: &str) -> Result<References, Error> {
    let folder = folder_of(&[("set/.zmetadata", metadata.as_bytes())]);
    References::partitions(&folder.path().join("set"), &Access::to(&[folder.path().to_owned()]))
}

#[test]
fn damaged_metadata_of_partitions_is_refused() {
    let refused = [
        "",
        "[]",
        "{}",
        r#"{"metadata": {}}"#,
        r#"{"record_size": 1}"#,
        r#"{"metadata": [], "record_size": 1}"#,
        r#"{"metadata": {}, "record_size": -1}"#,
        r#"{"metadata": {}, "record_size": 1.5}"#,
        r#"{"metadata": {}, "record_size": "1"}"#,
        r#"{"metadata": {"a": "\ud800"}, "record_size": 1}"#,
    ];
    for metadata in refused {
        assert_eq!(partitions(metadata).unwrap_err().kind, ErrorKind::Corrupt, "{metadata}");
    }
    let error = References::partitions(Path::new(&folder().join("rows")), &Access::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[test]
fn arrays_that_make_no_sense_have_no_chunks() {
    let of_array = |array: &str, record_size: &str| {
        let set =
            partitions(&format!(r#"{{"metadata": {{"a/.zarray": {array}}}, "record_size": {record_size}}}"#));
        bytes(&set.unwrap(), "a/0").map_err(|e| e.kind)
    };
    assert_eq!(of_array(r#"{"shape": [2], "chunks": [1], "fill_value": NaN}"#, "10"), Ok(None));
    assert_eq!(of_array(r#""{\"shape\": [2], \"chunks\": [1]}""#, "10"), Ok(None));
    for array in [
        r#"{"shape": [2], "chunks": [0]}"#,
        r#"{"shape": [-2], "chunks": [1]}"#,
        r#"{"shape": [2]}"#,
        "[]",
        "NaN",
        "\"\"",
    ] {
        assert_eq!(of_array(array, "10"), Err(ErrorKind::Corrupt), "{array}");
    }
    assert_eq!(of_array(r#"{"shape": [2], "chunks": [1]}"#, "0"), Err(ErrorKind::Corrupt));
    let huge = r#"{"shape": [18446744073709551615, 18446744073709551615], "chunks": [1, 1]}"#;
    assert_eq!(of_array(huge, "10"), Err(ErrorKind::TooLarge));
}

#[test]
fn partitions_stay_inside_their_folder() {
    let copy = copy();
    let partition = copy.path().join("combined.parq/lat/refs.0.parq");
    fs::remove_file(&partition).unwrap();
    std::os::unix::fs::symlink(copy.path().join("dictionary.parq/lat/refs.0.parq"), &partition).unwrap();
    let access = Access::to(&[copy.path().to_owned()]);
    let set = set_at(&copy.path().join("combined.parq"), &access).unwrap();
    assert!(bytes(&set, "lat/0").is_err());
    assert!(bytes(&set, "lon/0").unwrap().is_some());
}

#[test]
fn a_partition_that_was_replaced_is_refused() {
    let copy = copy();
    let access = Access::to(&[copy.path().to_owned()]);
    let set = set_at(&copy.path().join("combined.parq"), &access).unwrap();
    let before = bytes(&set, "tas/0.0.0").unwrap().unwrap();
    // What was decoded stays; a partition that was not there must not come to be.
    fs::remove_file(copy.path().join("combined.parq/tas/refs.0.parq")).unwrap();
    assert_eq!(bytes(&set, "tas/0.0.0").unwrap().unwrap(), before);
    assert!(bytes(&set, "tas/1.0.0").unwrap().is_some());
}
