//! Documents of both versions are read as the specification says, and what breaks its rules is refused.

use proptest::prelude::*;

use crate::limits::{MOST_REFERENCES, MOST_TEXT_BYTES};
use crate::{Child, ChildKind, ErrorKind, Reference, ReferenceSet, write};

fn read(text: &str) -> Result<ReferenceSet, ErrorKind> {
    ReferenceSet::read(text.as_bytes()).map_err(|e| e.kind)
}

/// Compares with a document of version 1 that needs no reading between the lines.
fn check(text: &str, expected: &str) {
    let set = ReferenceSet::read(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(write(set.iter()), format!("{{\"version\":1,\"refs\":{expected}}}"), "{text}");
}

fn refuse(text: &str, expected: ErrorKind) {
    assert_eq!(read(text).map(|set| write(set.iter())), Err(expected), "{text}");
}

#[test]
fn version_0_has_its_keys_at_the_top() {
    check(
        r#"{"b/0": ["a.nc", 10, 20], "a": "data", "b/1": ["a.nc"], ".zgroup": {"zarr_format": 2}}"#,
        r#"{".zgroup":"{\"zarr_format\":2}","a":"data","b/0":["a.nc",10,20],"b/1":["a.nc"]}"#,
    );
    check("{}", "{}");
}

#[test]
fn version_1_is_the_example_of_the_specification() {
    let text = r#"{
        "version": 1,
        "templates": {"u": "server.domain/path", "f": "{{c}}"},
        "gen": [{
            "key": "gen_key{{i}}", "url": "http://{{u}}_{{i}}",
            "offset": "{{(i + 1) * 1000}}", "length": "1000", "dimensions": {"i": {"stop": 3}}
        }],
        "refs": {
            "key0": "data",
            "key1": ["http://target_url", 10000, 100],
            "key2": ["http://{{u}}", 10000, 100],
            "key3": ["http://{{f(c='text')}}", 10000, 100]
        }
    }"#;
    let expected = concat!(
        r#"{"gen_key0":["http://server.domain/path_0",1000,1000],"#,
        r#""gen_key1":["http://server.domain/path_1",2000,1000],"#,
        r#""gen_key2":["http://server.domain/path_2",3000,1000],"#,
        r#""key0":"data","key1":["http://target_url",10000,100],"#,
        r#""key2":["http://server.domain/path",10000,100],"key3":["http://text",10000,100]}"#
    );
    check(text, expected);
}

#[test]
fn members_of_version_1_come_in_any_order_and_unknown_ones_are_left() {
    check(
        r#"{"refs": {"a/0": ["{{u}}/a"]}, "metadata": [1, {"x": [null]}], "n": 1, "templates": {"u": "b"}, "version": 1}"#,
        r#"{"a/0":["b/a"]}"#,
    );
    check(r#"{"refs": {"a/0": ["a"]}}"#, r#"{"a/0":["a"]}"#);
    check(r#"{"version": 1, "refs": {"a/0": ["{{literal}}"]}}"#, r#"{"a/0":["{{literal}}"]}"#);
}

#[test]
fn the_last_of_several_counts_and_generators_count_more() {
    check(r#"{"version": 1, "refs": {"a": "1", "b": "2", "a": "3"}}"#, r#"{"a":"3","b":"2"}"#);
    check(
        r#"{"gen": [{"key": "a", "url": "u", "dimensions": {"i": [1]}}], "refs": {"a": "1"}}"#,
        r#"{"a":["u"]}"#,
    );
}

#[test]
fn generators_make_all_combinations() {
    let text = r#"{"version": 1, "templates": {"u": "dir"}, "gen": [{
        "key": "v/{{i}}.{{j}}", "url": "{{u}}/{{'%02d' % j}}.nc", "offset": "{{i * 100}}", "length": 7,
        "dimensions": {"i": [0, 1], "j": {"start": 4, "stop": 0, "step": -3}}
    }]}"#;
    let expected = concat!(
        r#"{"v/0.1":["dir/01.nc",0,7],"v/0.4":["dir/04.nc",0,7],"#,
        r#""v/1.1":["dir/01.nc",100,7],"v/1.4":["dir/04.nc",100,7]}"#
    );
    check(text, expected);
}

#[test]
fn base64_is_bytes() {
    let set = read(r#"{"a": "base64:AQIDgA==", "b": "base64"}"#).unwrap();
    assert_eq!(set.get("a"), Some(Reference::Inline(&[1, 2, 3, 128])));
    assert_eq!(set.get("b"), Some(Reference::Inline(b"base64")));
    assert_eq!(set.get("c"), None);
}

#[test]
fn children_stand_below_a_prefix() {
    let set =
        read(r#"{".zgroup": "{}", "a/.zarray": "", "a/0": "", "a": "", "a-b": "", "a0": "", "a/g/x": ""}"#);
    let set = set.unwrap();
    let children = |prefix: &str| {
        let mark = |Child { name, kind }: Child<'_>| match kind {
            ChildKind::Key => name.to_owned(),
            ChildKind::Prefix => format!("{name}/"),
        };
        set.children(prefix).map(mark).collect::<Vec<_>>()
    };
    assert_eq!(children(""), [".zgroup", "a", "a-b", "a/", "a0"]);
    assert_eq!(children("a"), [".zarray", "0", "g/"]);
    assert_eq!(children("a/g"), ["x"]);
    assert!(children("b").is_empty() && children("a-").is_empty());
}

#[test]
fn what_is_no_reference_is_refused() {
    let values = [
        "1",
        "null",
        "true",
        "1.5",
        "-1",
        "[]",
        "[1]",
        "[\"u\", 1]",
        "[\"u\", 1, 2, 3]",
        "[\"u\", -1, 2]",
        "[\"u\", 1, -2]",
        "[\"u\", 1.0, 2]",
        "[\"u\", \"1\", 2]",
        "[\"u\", null, 2]",
        "[[\"u\"]]",
        "[\"u\", 18446744073709551616, 1]",
        "[\"u\", [1], {}]",
        "\"base64:?\"",
    ];
    for value in values {
        refuse(&format!("{{\"version\": 1, \"refs\": {{\"k\": {value}}}}}"), ErrorKind::Malformed);
        refuse(&format!("{{\"k\": {value}}}"), ErrorKind::Malformed);
    }
    refuse(r#"{"version": 1, "refs": {"k": [null, 0, 1]}}"#, ErrorKind::Unsupported);
}

#[test]
fn what_is_no_document_is_refused() {
    for text in
        ["", "[]", "1", "{", "{\"a\": \"", "{\"a\": \"b\"} x", "\u{0}", "{\"refs\": []}", "{\"refs\": 1}"]
    {
        refuse(text, ErrorKind::Malformed);
    }
    refuse(&format!("{{\"a\": {}", "[".repeat(1_000_000)), ErrorKind::Malformed);
    refuse(&format!("{{\"a\": {}", "{\"b\":".repeat(1_000_000)), ErrorKind::Malformed);
    refuse(r#"{"version": 2, "refs": {}}"#, ErrorKind::Unsupported);
    refuse(r#"{"version": "1", "refs": {}}"#, ErrorKind::Malformed);
    refuse(r#"{"version": 1, "templates": {"u": 1}}"#, ErrorKind::Malformed);
    refuse(r#"{"version": 1, "gen": {"key": "a"}}"#, ErrorKind::Malformed);
}

#[test]
fn errors_name_the_key_and_not_the_target() {
    let error = ReferenceSet::read(r#"{"refs": {"tas/0": ["https://user:secret@host", -1, 2]}}"#.as_bytes());
    let message = error.unwrap_err().message;
    assert!(message.starts_with("\"tas/0\": it is no reference") && !message.contains("secret"), "{message}");
    let error = ReferenceSet::read(r#"{"refs": {"t": ["{{u}}secret"]}, "templates": {"v": ""}}"#.as_bytes());
    let message = error.unwrap_err().message;
    assert!(message.contains("\"u\"") && !message.contains("secret"), "{message}");
}

fn generator(key: &str, dimensions: &str) -> String {
    format!(r#"{{"key": "{key}", "url": "u", "dimensions": {{{dimensions}}}}}"#)
}

#[test]
fn bombs_are_refused() {
    let gen_of = |generators: &str| format!(r#"{{"version": 1, "gen": [{generators}]}}"#);
    let huge = r#""i": {"stop": 9223372036854775807}"#;
    refuse(&gen_of(&generator("{{i}}", huge)), ErrorKind::TooLarge);
    refuse(&gen_of(&generator("{{i}}", r#""i": {"stop": 2000}, "j": {"stop": 2000}"#)), ErrorKind::TooLarge);
    let product: Vec<_> = (0..16).map(|n| format!("\"d{n}\": {{\"stop\": 1000000}}")).collect();
    refuse(&gen_of(&generator("{{d0}}", &product.join(","))), ErrorKind::TooLarge);
    let many: Vec<_> = (0..17).map(|n| format!("\"d{n}\": [1]")).collect();
    refuse(&gen_of(&generator("a", &many.join(","))), ErrorKind::Malformed);
    let together = vec![generator("{{i}}", r#""i": {"stop": 900000}"#); 3].join(",");
    refuse(&gen_of(&together), ErrorKind::TooLarge);
    // Templates cannot see each other, so they cannot double each other up.
    let doubling = r#"{"version": 1, "templates": {"a": "{{b}}{{b}}", "b": "{{c}}{{c}}", "c": "xx"}, "refs": {"k": ["{{a()}}"]}}"#;
    refuse(doubling, ErrorKind::Malformed);
    let itself = r#"{"version": 1, "templates": {"a": "{{a(c=c)}}"}, "refs": {"k": ["{{a(c=1)}}"]}}"#;
    refuse(itself, ErrorKind::Malformed);
    let wide = format!(
        r#"{{"version": 1, "templates": {{"u": "{}"}}, "refs": {{"k": ["{}"]}}}}"#,
        "x".repeat(10_000),
        "{{u}}".repeat(3000)
    );
    refuse(&wide, ErrorKind::TooLarge);
    refuse(&format!("{{\"{}\": \"\"}}", "k".repeat(MOST_TEXT_BYTES + 1)), ErrorKind::TooLarge);
    refuse(&format!("{{\"k\": [\"{}\"]}}", "u".repeat(MOST_TEXT_BYTES + 1)), ErrorKind::TooLarge);
    let templates: Vec<_> = (0..10_001).map(|n| format!("\"t{n}\": \"\"")).collect();
    refuse(&format!(r#"{{"version": 1, "templates": {{{}}}}}"#, templates.join(",")), ErrorKind::TooLarge);
}

#[test]
fn generators_that_make_no_sense_are_refused() {
    let with = |rest: &str| {
        format!(
            r#"{{"version": 1, "templates": {{"t": "x"}}, "gen": [{{"key": "a{{{{i}}}}", "url": "u", {rest}}}]}}"#
        )
    };
    refuse(&with(r#""offset": "1", "dimensions": {"i": [1]}"#), ErrorKind::Malformed);
    refuse(&with(r#""offset": "-1", "length": "1", "dimensions": {"i": [1]}"#), ErrorKind::Malformed);
    refuse(&with(r#""offset": "{{i - 2}}", "length": "1", "dimensions": {"i": [1]}"#), ErrorKind::Malformed);
    refuse(&with(r#""offset": "x", "length": "1", "dimensions": {"i": [1]}"#), ErrorKind::Malformed);
    refuse(&with(r#""dimensions": {"i": {"stop": 3, "step": 0}}"#), ErrorKind::Malformed);
    refuse(&with(r#""dimensions": {"i": [1.5]}"#), ErrorKind::Malformed);
    refuse(&with(r#""dimensions": {"j": [1]}"#), ErrorKind::Malformed);
    refuse(&with(r#""dimensions": {"i": [1], "t": [1]}"#), ErrorKind::Malformed);
    check(&with(r#""dimensions": {"i": []}"#), "{}");
}

/// Gives `text` and then fails, as a disk does.
struct Failing<'a>(&'a [u8]);

impl std::io::Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match std::io::Read::read(&mut self.0, out)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_document_that_cannot_be_read_is_not_a_malformed_one() {
    let error = ReferenceSet::read(Failing(b"{\"a\": ")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreadable);
}

#[test]
fn a_document_without_end_is_refused() {
    let forever = std::io::Read::chain(&b"{\"a\": "[..], std::io::repeat(b' '));
    assert_eq!(super::read_within(forever, 100_000).unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(super::read_within(&b"{}"[..], 2).map(|set| set.len()), Ok(0));
    assert_eq!(super::read_within(&b"{ }"[..], 2).unwrap_err().kind, ErrorKind::TooLarge);
}

#[test]
fn a_million_references_are_kept_compactly() {
    assert_eq!(size_of::<crate::builder::Entry>(), 32);
    const { assert!(MOST_REFERENCES >= 1_000_000) };
}

proptest! {
    #[test]
    fn any_text_is_a_document_or_refused(text in "[\\[\\]{}\":,a0.1e\\-]{0,80}") {
        let _ = read(&text);
        let _ = crate::members(&text);
    }

    #[test]
    fn keys_are_found_and_listed(keys in prop::collection::btree_set("[a-c/]{0,6}", 0..30)) {
        let members: Vec<_> = keys.iter().map(|key| format!("\"{key}\": \"{key}\"")).collect();
        let set = read(&format!("{{\"refs\": {{{}}}}}", members.join(","))).unwrap();
        prop_assert_eq!(set.len(), keys.len());
        for key in &keys {
            prop_assert_eq!(set.get(key), Some(Reference::Inline(key.as_bytes())));
        }
        let mut expected = std::collections::BTreeSet::new();
        for key in &keys {
            expected.insert(key.split_once('/').map_or((key.clone(), false), |(name, _)| (name.to_owned(), true)));
        }
        let listed = set.children("").map(|child| (child.name.to_owned(), child.kind == ChildKind::Prefix));
        prop_assert_eq!(listed.collect::<std::collections::BTreeSet<_>>(), expected);
    }
}
