//! Strings of which nobody knows how long they are before they are read.

use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Dataset, ErrorKind, Opener, Place, StringRoom};
use weir_model::Hyperslab;

use super::data::{text, texts};
use super::{alone, peak};

const MIB: usize = 1 << 20;

fn open(folder: &std::path::Path) -> std::sync::Arc<Dataset> {
    let opener = Opener::new(Access::default(), Memory::new(64 << 20));
    opener.open(&Place::Folder { path: folder.to_owned(), root: None }).unwrap()
}

#[test]
fn reading_ends_where_the_room_does_not_do() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    texts(folder.path(), &[MIB; 24], 1);
    let dataset = open(folder.path());
    let all = Hyperslab::whole(&[24]).unwrap();
    let mut room = StringRoom::of(5 << 20);
    let (read, held) = peak(|| dataset.read_strings_within("texts", &all, &mut room));
    assert_eq!(read.unwrap_err().kind, ErrorKind::TooLarge);
    assert!(room.is_exceeded());
    assert!(held < 16 * MIB as u64, "{held} bytes were held");
    let few = all.narrowed(0, 20, 4).unwrap();
    let mut room = StringRoom::of(4 << 20);
    let read = dataset.read_strings_within("texts", &few, &mut room).unwrap();
    assert!(read.iter().zip(20..).all(|(read, place)| *read == text(place, MIB)));
    assert_eq!((read.len(), room.left()), (4, 0));
}

#[test]
fn proving_long_strings_holds_few_of_them() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Short ones first: what they need says nothing of the others.
    let lengths: Vec<usize> = (0..240).map(|place| if place < 200 { 20 } else { MIB }).collect();
    texts(folder.path(), &lengths, 4);
    let dataset = open(folder.path());
    let all = Hyperslab::whole(&[240]).unwrap();
    let (proven, held) = peak(|| dataset.verify("texts", &all));
    proven.unwrap();
    assert!(held < 20 * MIB as u64, "{held} bytes were held to prove 40 MiB");
    std::fs::write(folder.path().join("texts/59"), b"damaged").unwrap();
    assert_eq!(open(folder.path()).verify("texts", &all).unwrap_err().kind, ErrorKind::Corrupt);
}
