//! Open datasets: each counts as what it takes.

use std::path::Path;
use std::sync::Arc;

use weir_datasets::memory_budget::{Memory, Share};
use weir_datasets::{Access, Dataset, Error, ErrorKind, Opener, Place};

use super::{alone, peak};

/// Writes a reference set of `count` references, and says where.
fn references(folder: &Path, name: &str, count: usize) -> Place {
    let array = r#"{\"zarr_format\":2,\"shape\":[9],\"chunks\":[1],\"dtype\":\"<i4\",\"order\":\"C\",\"fill_value\":0,\"compressor\":null,\"filters\":null}"#;
    let mut text = format!(r#"{{".zgroup":"{{\"zarr_format\":2}}","a/.zarray":"{array}""#);
    (0..count).for_each(|n| text.push_str(&format!(r#","a/{n}":["{name}.target",{n},4]"#)));
    text.push('}');
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    Place::File { path, root: None }
}

#[test]
fn loaded_reference_sets_count() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let places: Vec<Place> =
        (0..40).map(|number| references(folder.path(), &format!("{number}.json"), 5000)).collect();
    let memory = Memory::new(64 << 20);
    let opener = Opener::new(Access::to(&[folder.path().to_owned()]), Arc::clone(&memory));
    let share = memory.share(Share::Datasets);
    let (_, held) = peak(|| {
        for place in &places {
            opener.open(place).unwrap();
            // Those that were closed just now may still be there for a moment.
            assert!(memory.accounted() <= share * 2, "{} of {share}", memory.accounted());
        }
    });
    // Each takes a fifth of a megabyte: not all of them stay, and some do.
    assert!(memory.accounted() > share / 2 && held < share * 3, "{} {held}", memory.accounted());
    let last = opener.open(&places[39]).unwrap();
    assert!(Arc::ptr_eq(&last, &opener.open(&places[39]).unwrap()), "the latest one is kept");
    let first = opener.open(&places[0]).unwrap();
    assert_eq!(first.schema().variables().len(), 1);
}

/// A dataset that is larger than all that are kept takes from what requests may have, and more than half of that is refused.
#[test]
fn datasets_that_are_too_large_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new(8 << 20);
    let opener = Opener::new(Access::to(&[folder.path().to_owned()]), Arc::clone(&memory));
    let open = |count: usize| -> Result<Arc<Dataset>, Error> {
        opener.open(&references(folder.path(), &format!("{count}.json"), count))
    };
    let large = open(30_000).unwrap();
    let beyond = memory.accounted() - memory.share(Share::Datasets) - memory.share(Share::Aggregations);
    assert!(beyond > 0);
    let limit = memory.limit();
    let some = memory.reserve(limit - beyond, std::time::Duration::ZERO).unwrap();
    assert_eq!(memory.reserve(1, std::time::Duration::ZERO).unwrap_err().kind, ErrorKind::Busy);
    drop((large, some));
    let refused = open(300_000).map(drop).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge);
    assert!(refused.message.contains("memory_budget"), "{refused}");
    drop(opener);
    assert_eq!(memory.accounted(), 0, "what is closed counts no more");
}
