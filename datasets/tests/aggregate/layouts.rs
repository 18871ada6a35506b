//! Which stored chunks of members an aggregation passes on, and why it passes on none.

use weir_datasets::aggregate::Definition;
use weir_datasets::aggregate::definition::Kind;
use weir_datasets::{ErrorKind, Location, Stored};

use crate::fixture::{defined, folder, joined, opener, place, rules};

/// The chunk shape of a variable's layout, or a part of the reason for which it has none.
fn check(definition: Definition, path: &str, expected: Result<&[u64], &str>) {
    let dataset = opener(&[&folder()]).open(&place(definition)).unwrap();
    match (dataset.layout(path), expected) {
        (Ok(layout), Ok(expected)) => assert_eq!(layout.chunk_shape, expected, "{path}"),
        (Err(error), Err(part)) => {
            assert_eq!(error.kind, ErrorKind::Unsupported, "{path}: {error}");
            assert!(error.message.contains(part), "{path}: {error}");
        }
        (got, _) => panic!("{path}: {got:?}, not {expected:?}"),
    }
}

#[test]
fn chunks_of_members_are_passed_on_where_they_tile() {
    let even = || joined(&folder(), "even/*.nc");
    check(even(), "/temp", Ok(&[2, 2, 4]));
    check(even(), "/across", Ok(&[3, 4]));
    check(joined(&folder(), "uneven/*.nc"), "/temp", Err("its members"));
}

#[test]
fn elements_without_codecs_are_cut_where_members_begin() {
    check(joined(&folder(), "classic/*.nc"), "/temp", Ok(&[1, 3, 4]));
    let new = || defined(rules(Kind::JoinNew, "run", &folder(), "classic/*.nc"));
    check(new(), "/temp", Ok(&[1, 1, 3, 4]));
}

/// The range of a chunk is one of the file of the member that has it.
#[test]
fn ranges_are_those_of_members() {
    let dataset = opener(&[&folder()]).open(&place(joined(&folder(), "classic/*.nc"))).unwrap();
    let mut files = Vec::new();
    for record in 0..12 {
        let Stored::Run(run) = dataset.place("/temp", &[record, 0, 0]).unwrap() else {
            panic!("record {record} is no range");
        };
        let Location::Path(path) = run.file.location() else { panic!("it is of this machine") };
        let bytes = std::fs::read(path).unwrap();
        let range = &bytes[run.offset as usize..][..run.length as usize];
        let first = f32::from_be_bytes(range[..4].try_into().unwrap());
        assert_eq!(first, (record * 12 + 1) as f32, "record {record}");
        files.push(path.file_name().unwrap().to_owned());
    }
    files.dedup();
    assert_eq!(files.len(), 6, "{files:?}");
}
