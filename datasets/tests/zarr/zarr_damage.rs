//! Damaged and hostile stores: an error, and never wrong elements.

use weir_datasets::{ChunkKey, Dataset, Error, ErrorKind};
use weir_model::{ByteOrder, Hyperslab, Stride};

use crate::fixture::{copy, folder_of, open_folder};

fn array_2(members: &str) -> String {
    let usual = [
        ("shape", "[4]"),
        ("chunks", "[2]"),
        ("dtype", "\"<i2\""),
        ("compressor", "null"),
        ("fill_value", "0"),
        ("order", "\"C\""),
        ("filters", "null"),
    ];
    let usual = usual.iter().filter(|(name, _)| !members.contains(&format!("\"{name}\"")));
    let usual: Vec<String> = usual.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let separator = if members.is_empty() { "" } else { "," };
    format!(r#"{{"zarr_format":2,{}{separator}{members}}}"#, usual.join(","))
}

/// The error of opening a store that is one array with these members.
fn check(members: &str, expected: Result<(), ErrorKind>) {
    let folder = folder_of(&[(".zarray", array_2(members).as_bytes())]);
    let got = open_folder(folder.path()).map(drop).map_err(|e| e.kind);
    assert_eq!(got, expected, "{members}");
}

#[test]
fn hostile_metadata_of_version_2_is_refused() {
    use ErrorKind::{Corrupt, TooLarge, Unsupported};
    check("", Ok(()));
    check(r#""shape":[18446744073709551615,18446744073709551615],"chunks":[1,1]"#, Err(TooLarge));
    check(r#""chunks":[9223372036854775807]"#, Err(TooLarge));
    check(r#""chunks":[0]"#, Err(Corrupt));
    check(r#""chunks":[-2]"#, Err(Corrupt));
    check(r#""chunks":[2,2]"#, Err(Corrupt));
    check(r#""shape":[1.5]"#, Err(Corrupt));
    check(r#""shape":"4""#, Err(Corrupt));
    check(r#""dtype":"<i3""#, Err(Unsupported));
    check(r#""dtype":[["a","<i2"],["b","<f4"]]"#, Err(Unsupported));
    check(r#""dtype":"|S9999999999""#, Err(Unsupported));
    check(r#""fill_value":"many""#, Err(Corrupt));
    check(r#""fill_value":70000"#, Err(Corrupt));
    check(r#""order":"Z""#, Err(Corrupt));
    check(r#""dimension_separator":"..""#, Err(Corrupt));
    check(r#""compressor":{"level":1}"#, Err(Corrupt));
    let axes = vec!["1"; 65].join(",");
    check(&format!(r#""shape":[{axes}],"chunks":[{axes}]"#), Err(TooLarge));
    check(&format!(r#""deep":{}{}"#, "[".repeat(5000), "]".repeat(5000)), Err(Corrupt));
}

fn array_3(codecs: &str, shape: &str, chunks: &str) -> String {
    format!(
        r#"{{"zarr_format":3,"node_type":"array","shape":{shape},"data_type":"int16","fill_value":0,"codecs":{codecs},
        "chunk_grid":{{"name":"regular","configuration":{{"chunk_shape":{chunks}}}}},
        "chunk_key_encoding":{{"name":"default","configuration":{{"separator":"/"}}}}}}"#
    )
}

fn check_3(metadata: &str, expected: Result<(), ErrorKind>) {
    let folder = folder_of(&[("zarr.json", metadata.as_bytes())]);
    let got = open_folder(folder.path()).map(drop).map_err(|e| e.kind);
    assert_eq!(got, expected, "{metadata}");
}

#[test]
fn hostile_metadata_of_version_3_is_refused() {
    use ErrorKind::{Corrupt, TooLarge, Unsupported};
    let bytes = r#"[{"name":"bytes","configuration":{"endian":"little"}}]"#;
    check_3(&array_3(bytes, "[4]", "[2]"), Ok(()));
    check_3(&array_3(bytes, "[4]", "[0]"), Err(Corrupt));
    check_3(&array_3(bytes, "[4]", "[-1]"), Err(Corrupt));
    check_3(&array_3(bytes, "[4]", "[2,2]"), Err(Corrupt));
    check_3(&array_3(bytes, "[9223372036854775807,9]", "[1,1]"), Err(TooLarge));
    check_3(&array_3(bytes, "[4]", "[2]").replace("default", "secret"), Err(Unsupported));
    check_3(&array_3(bytes, "[4]", "[2]").replace("regular", "rectilinear"), Err(Unsupported));
    check_3(&array_3(bytes, "[4]", "[2]").replace("\"/\"", "\"../\""), Err(Corrupt));
    check_3(&array_3(bytes, "[4]", "[2]").replace("array", "tree"), Err(Corrupt));
    check_3(&array_3(bytes, "[4]", "[2]").replace(":3", ":4"), Err(Unsupported));
    let sharding = |inner: &str| {
        let index =
            r#""codecs":["bytes"],"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}}]"#;
        format!(r#"[{{"name":"sharding_indexed","configuration":{{"chunk_shape":{inner},{index}}}}}]"#)
    };
    check_3(&array_3(&sharding("[2]"), "[8]", "[4]"), Ok(()));
    check_3(&array_3(&sharding("[0]"), "[8]", "[4]"), Err(Corrupt));
    check_3(&array_3(&sharding("[3]"), "[8]", "[4]"), Err(Corrupt));
    check_3(&array_3(&sharding("[1]"), "[1099511627776]", "[1099511627776]"), Err(TooLarge));
    for junk in ["", "{", "[]", "7", "{}", "\0"] {
        check_3(junk, Err(if junk == "{}" { Unsupported } else { Corrupt }));
    }
}

#[test]
fn keys_stay_inside_the_store() {
    let array = array_2("");
    let all = |paths: &[&str]| {
        let members: Vec<String> = paths.iter().map(|path| format!(r#""{path}/.zarray":{array}"#)).collect();
        format!(r#"{{"metadata":{{".zgroup":{{"zarr_format":2}},{}}}}}"#, members.join(","))
    };
    let metadata = all(&["good", "../up", "/etc", "a/../../b", "a//b", "a/./b", "a\\\\b"]);
    let folder = folder_of(&[("store/.zmetadata", metadata.as_bytes()), ("up/0", &[1, 0, 2, 0])]);
    let source = open_folder(&folder.path().join("store")).unwrap();
    let paths: Vec<String> = source.schema().variables().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/good"]);
}

#[test]
fn deep_and_wide_stores_are_bounded() {
    let deep = vec!["g"; 40].join("/");
    let objects: Vec<(String, &[u8])> =
        (0..40).map(|n| (format!("{}.zgroup", &deep[..n * 2]), &b"{\"zarr_format\":2}"[..])).collect();
    let objects: Vec<(&str, &[u8])> = objects.iter().map(|(key, bytes)| (key.as_str(), *bytes)).collect();
    let folder = folder_of(&objects);
    assert_eq!(open_folder(folder.path()).unwrap().schema().groups().len(), 33);
    let looped = folder_of(&[(".zgroup", b"{\"zarr_format\":2}")]);
    std::os::unix::fs::symlink(looped.path(), looped.path().join("again")).unwrap();
    assert!(open_folder(looped.path()).unwrap().schema().groups().len() <= 33);
    let members: Vec<String> = (0..70_000).map(|n| format!(r#""g{n}/.zgroup":{{}}"#)).collect();
    let wide =
        folder_of(&[(".zmetadata", format!(r#"{{"metadata":{{{}}}}}"#, members.join(",")).as_bytes())]);
    assert_eq!(open_folder(wide.path()).map(drop).unwrap_err().kind, ErrorKind::TooLarge);
}

#[test]
fn a_folder_that_is_no_store_is_refused() {
    let folder = folder_of(&[("a/zarr.json", b"{}")]);
    assert_eq!(open_folder(folder.path()).map(drop).unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn a_damaged_member_is_left_out_and_the_others_are_shown() {
    let folder = copy("v2.zarr");
    std::fs::write(folder.path().join("as_f4/.zarray"), b"{\"zarr_format\":2,").unwrap();
    std::fs::write(folder.path().join("as_i4/.zattrs"), b"[1]").unwrap();
    let source = open_folder(folder.path()).unwrap();
    for (path, shown) in [("/as_f4", false), ("/as_i4", false), ("/as_i2", true)] {
        assert_eq!(source.schema().variable(path).is_some(), shown, "{path}");
    }
}

/// Reads the beginning of a variable.
fn read(folder: &std::path::Path, path: &str) -> Result<Vec<u8>, Error> {
    let dataset = Dataset::new(open_folder(folder)?);
    let variable = dataset.schema().variable(path).unwrap();
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; slab.elements() as usize * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

#[test]
fn chunks_of_the_wrong_length_are_corrupt() {
    let folder = copy("v2.zarr");
    for (path, length) in [("as_f4/0.0", 23), ("as_f4/0.0", 25), ("turned/0.0.0", 5), ("turned_big/0.0", 4)] {
        let chunk = std::fs::File::options().write(true).open(folder.path().join(path)).unwrap();
        chunk.set_len(length).unwrap();
        let variable = format!("/{}", path.split('/').next().unwrap());
        assert_eq!(read(folder.path(), &variable).unwrap_err().kind, ErrorKind::Corrupt, "{path} {length}");
    }
    // No object, no chunk: the fill value stands.
    std::fs::remove_file(folder.path().join("as_i4/0.0")).unwrap();
    assert_eq!(read(folder.path(), "/as_i4").unwrap()[..4], [0; 4]);
    // A chunk that is a link out of the store is refused, and not taken for absent.
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("as_i4/0.0")).unwrap();
    assert!(read(folder.path(), "/as_i4").is_err());
}

#[test]
fn damaged_texts_are_corrupt() {
    let folder = copy("v2_codecs.zarr");
    let dataset = || Dataset::new(open_folder(folder.path()).unwrap());
    let slab = Hyperslab::within(&[3, 5], vec![Stride::all(2), Stride::all(3)]).unwrap();
    assert_eq!(dataset().read_strings("/words", &slab).unwrap().len(), 6);
    let chunk = folder.path().join("words/0.0");
    let good = std::fs::read(&chunk).unwrap();
    for length in [0, 3, 4, 9, good.len() - 1] {
        std::fs::write(&chunk, &good[..length]).unwrap();
        let error = dataset().read_strings("/words", &slab).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{length}: {error}");
    }
    let huge = [&6_u32.to_le_bytes()[..], &[0xff; 4]].concat();
    std::fs::write(&chunk, huge).unwrap();
    assert_eq!(dataset().read_strings("/words", &slab).unwrap_err().kind, ErrorKind::Corrupt);
}

#[test]
fn damaged_shards_are_corrupt() {
    let folder = copy("v3_shards.zarr");
    let shard = folder.path().join("end/c/0/0");
    let good = std::fs::read(&shard).unwrap();
    let locate = || {
        let source = open_folder(folder.path()).unwrap();
        source.fetch(ChunkKey { variable: "/end", index: &[0, 0] }).map(|chunk| chunk.is_some())
    };
    assert_eq!(locate(), Ok(true));
    let last = good.len() - 1;
    for at in [last, last - 20] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&shard, &bad).unwrap();
        assert_eq!(locate().unwrap_err().kind, ErrorKind::Corrupt, "byte {at}");
    }
    std::fs::write(&shard, &good[..50]).unwrap();
    assert_eq!(locate().unwrap_err().kind, ErrorKind::Corrupt);
    // Without a checksum, an entry that leads out of the shard is found by its numbers.
    let unchecked = folder.path().join("unchecked/c/0");
    let mut bad = std::fs::read(&unchecked).unwrap();
    let index = bad.len() - 3 * 16;
    bad[index] = 0x7f;
    std::fs::write(&unchecked, bad).unwrap();
    assert_eq!(read(folder.path(), "/unchecked").unwrap_err().kind, ErrorKind::Corrupt);
}

#[test]
fn a_store_that_changes_is_noticed() {
    let folder = copy("v2_xarray.zarr");
    let source = open_folder(folder.path()).unwrap();
    source.check_unchanged().unwrap();
    let metadata = folder.path().join(".zmetadata");
    let mut bytes = std::fs::read(&metadata).unwrap();
    bytes.push(b'\n');
    std::fs::write(&metadata, bytes).unwrap();
    assert_eq!(source.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
    assert_ne!(open_folder(folder.path()).unwrap().generation(), source.generation());
}
