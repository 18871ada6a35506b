//! Damage to the index, and files that are none: what was stored or nothing is given, and what is somebody else's is left alone.

use proptest::prelude::*;
use weir_datasets::ErrorKind;
use weir_datasets::index::Index;

use crate::{Site, bytes};

#[test]
fn a_second_process_is_told_that_the_index_is_taken() {
    let site = Site::new();
    assert_eq!(Index::open(&site.folder.path().join("index.redb")).unwrap_err().kind, ErrorKind::Busy);
}

#[test]
fn what_is_no_index_is_left_alone() {
    let site = Site::new();
    for content in [bytes(7), b"r".to_vec(), vec![0; 5000]] {
        std::fs::write(site.file(), &content).unwrap();
        assert_eq!(Index::open(&site.file()).unwrap_err().kind, ErrorKind::BadRequest);
        assert_eq!(std::fs::read(site.file()).unwrap(), content);
    }
    assert_eq!(Index::open(site.folder.path()).unwrap_err().kind, ErrorKind::Unavailable);
}

/// The record of number `n`.
fn record(n: u32) -> Vec<u8> {
    n.to_le_bytes().repeat(n as usize % 700 + 1)
}

/// The bytes of an index with 200 records.
fn filled() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let index = Index::open(&path).unwrap();
    (0..200_u32).for_each(|n| index.put("test", &n.to_be_bytes(), &record(n)));
    drop(index);
    std::fs::read(path).unwrap()
}

/// An index of damaged bytes gives what was stored or nothing, and works again at the latest when it is next opened.
fn check_damaged(bytes: &[u8]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    std::fs::write(&path, bytes).unwrap();
    let index = Index::open(&path).unwrap();
    let mut found = 0;
    for n in 0..200_u32 {
        let got = index.get("test", &n.to_be_bytes());
        found += usize::from(got.is_some());
        assert!(got.is_none_or(|got| got == record(n)), "{n}");
    }
    index.put("test", b"new", b"value");
    drop(index);
    let index = Index::open(&path).unwrap();
    if index.get("test", b"new").is_none() {
        index.put("test", b"new", b"value");
        index.finish();
    }
    assert_eq!(index.get("test", b"new"), Some(b"value".to_vec()));
    found
}

#[test]
fn a_whole_index_has_all_that_was_stored() {
    assert_eq!(check_damaged(&filled()), 200);
    assert_eq!(check_damaged(&[]), 0);
}

#[test]
fn an_index_that_was_cut_is_begun_anew() {
    let bytes = filled();
    for length in (9..bytes.len()).step_by(bytes.len() / 23) {
        check_damaged(&bytes[..length]);
    }
    check_damaged(&bytes[..4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn damage_to_the_index_gives_nothing_wrong(places: Vec<prop::sample::Index>, to: u8) {
        static FILLED: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = FILLED.get_or_init(filled).clone();
        // Most of the file is empty; damage what is not, behind the word that says what it is.
        let used: Vec<usize> = (9..bytes.len()).filter(|&at| bytes[at] != 0).collect();
        for place in places {
            bytes[used[place.index(used.len())]] ^= to | 1;
        }
        check_damaged(&bytes);
    }
}
