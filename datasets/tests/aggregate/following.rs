//! Aggregations follow their members: new ones appear, changed ones are never mixed, bad ones wait.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use weir_datasets::aggregate::Kept;
use weir_datasets::aggregate::definition::Kind;
use weir_datasets::{Dataset, ErrorKind, Opener, Place};

use crate::fixture::{copy, defined, doubles, joined, opener, place, rules, values};

/// A served folder with the members of `even`.
fn served() -> (tempfile::TempDir, Opener, Place) {
    let folder = tempfile::tempdir().unwrap();
    copy("even", folder.path());
    let opener = opener(&[folder.path()]);
    let place = place(joined(folder.path(), "*.nc"));
    (folder, opener, place)
}

fn check_times(dataset: &Dataset, count: usize) {
    let times: Vec<f64> = (0..count).map(|n| n as f64).collect();
    assert_eq!(doubles(dataset, "time"), times);
    let places: Vec<f64> = (1..=count * 12).map(|n| n as f64).collect();
    assert_eq!(doubles(dataset, "temp"), places);
}

/// Writes so that the file is another one at once, as a careful writer does.
fn replace(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(&new, path).unwrap();
}

#[test]
fn new_members_appear() {
    let (folder, opener, place) = served();
    let before = opener.open(&place).unwrap();
    check_times(&before, 20);
    assert!(Arc::ptr_eq(&before, &opener.open(&place).unwrap()), "nothing has changed");
    copy("next", folder.path());
    let after = opener.open(&place).unwrap();
    check_times(&after, 24);
    assert_ne!(before.generation(), after.generation());
    check_times(&before, 20);
    std::fs::remove_file(folder.path().join("part5.nc")).unwrap();
    let again = opener.open(&place).unwrap();
    check_times(&again, 20);
    assert_eq!(before.generation(), again.generation());
}

#[test]
fn listings_are_repeated_after_their_time() {
    let folder = tempfile::tempdir().unwrap();
    copy("even", folder.path());
    let opener = opener(&[folder.path()]);
    let mut rules = rules(Kind::JoinExisting, "time", folder.path(), "*.nc");
    rules.recheck_every = Duration::from_secs(3600);
    let place = place(defined(rules));
    check_times(&opener.open(&place).unwrap(), 20);
    copy("next", folder.path());
    check_times(&opener.open(&place).unwrap(), 20);
}

#[test]
fn half_written_members_wait() {
    let (folder, opener, place) = served();
    let before = opener.open(&place).unwrap();
    copy("next", folder.path());
    let path = folder.path().join("part5.nc");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    let still = opener.open(&place).unwrap();
    assert_eq!(before.generation(), still.generation());
    check_times(&still, 20);
    let problems = opener.problems(&place);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("it is served as it was before: part5.nc: "), "{problems:?}");
    std::fs::write(&path, &whole).unwrap();
    check_times(&opener.open(&place).unwrap(), 24);
    assert!(opener.problems(&place).is_empty());
}

#[test]
fn members_that_cannot_be_joined_wait_too() {
    let (folder, opener, place) = served();
    opener.open(&place).unwrap();
    copy("bad/shape.nc", folder.path());
    check_times(&opener.open(&place).unwrap(), 20);
    assert_eq!(
        opener.problems(&place),
        ["it is served as it was before: shape.nc: variable /temp has 2 indices along /y, but 3 in part0.nc"]
    );
}

#[test]
fn changed_members_are_never_mixed_in() {
    let (folder, opener, _) = served();
    let mut rules = rules(Kind::JoinExisting, "time", folder.path(), "*.nc");
    rules.recheck_every = Duration::from_secs(3600);
    let place = place(defined(rules));
    let before = opener.open(&place).unwrap();
    check_times(&before, 20);
    // The same member, compressed otherwise: only its own parts cannot be read any more.
    let path = folder.path().join("part2.nc");
    let bytes = std::fs::read(&path).unwrap();
    replace(&path, &bytes);
    let error = values(&before, "temp").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(error.message, "part2.nc changed since the aggregation was put together; ask again");
    let after = opener.open(&place).unwrap();
    assert_ne!(before.generation(), after.generation());
    check_times(&after, 20);
    std::fs::remove_file(&path).unwrap();
    let error = values(&after, "temp").unwrap_err();
    assert_eq!(error.message, "part2.nc is gone since the aggregation was put together; ask again");
    // Without it, what is left is joined.
    let left = opener.open(&place).unwrap();
    assert_eq!(left.schema().variable("time").unwrap().shape, [16]);
}

/// Records in memory, and how often they were asked for and given.
#[derive(Default)]
struct Records(Mutex<(std::collections::HashMap<String, Vec<u8>>, usize)>);

impl Records {
    fn kept(self: &Arc<Self>) -> Kept {
        let (one, other) = (Arc::clone(self), Arc::clone(self));
        Kept {
            get: Box::new(move |key| one.0.lock().unwrap().0.get(key).cloned()),
            put: Box::new(move |key, bytes| {
                let mut records = other.0.lock().unwrap();
                records.0.insert(key.to_owned(), bytes.to_vec());
                records.1 += 1;
            }),
        }
    }

    fn puts(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

/// Makes files look as if they were written long ago: what was written just now is not kept.
fn age(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = std::fs::File::options().write(true).open(entry.unwrap().path()).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }
}

#[test]
fn what_was_learnt_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    copy("uneven", folder.path());
    age(folder.path());
    let place = place(joined(folder.path(), "*.nc"));
    let records = Arc::new(Records::default());
    let first = opener(&[folder.path()]).with_kept(records.kept()).open(&place).unwrap();
    assert_eq!(records.puts(), 1);
    // Members that cannot be read any more, but are as they were by the file system, need not be read to be opened.
    let second = opener(&[folder.path()]).with_kept(records.kept()).open(&place).unwrap();
    assert_eq!((first.generation(), records.puts()), (second.generation(), 1));
    check_times(&second, 19);
    assert_eq!(doubles(&first, "time_bnds"), doubles(&second, "time_bnds"));
    // A record that is damaged is as good as none.
    records.0.lock().unwrap().0.values_mut().for_each(|bytes| bytes.truncate(20));
    let third = opener(&[folder.path()]).with_kept(records.kept()).open(&place).unwrap();
    assert_eq!((first.generation(), records.puts()), (third.generation(), 2));
    // After one has changed, only that one is learnt anew, and all is kept again.
    let path = folder.path().join("kilo.nc");
    replace(&path, &std::fs::read(&path).unwrap());
    age(folder.path());
    let fourth = opener(&[folder.path()]).with_kept(records.kept()).open(&place).unwrap();
    assert_ne!(first.generation(), fourth.generation());
    assert_eq!(records.puts(), 3);
    check_times(&fourth, 19);
}

/// A reference set with two times, which lie in a file of their own.
fn write_set(folder: &Path, name: &str, times: [i32; 2]) {
    let array = r#"{\"zarr_format\":2,\"shape\":[2],\"chunks\":[2],\"dtype\":\"<i4\",\"compressor\":null,\"filters\":null,\"fill_value\":null,\"order\":\"C\"}"#;
    let text = format!(
        r#"{{"version":1,"refs":{{".zgroup":"{{\"zarr_format\":2}}","time/.zarray":"{array}",
        "time/.zattrs":"{{\"_ARRAY_DIMENSIONS\":[\"time\"]}}","time/0":["{name}.bin",0,8]}}}}"#
    );
    std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
    std::fs::write(folder.join(format!("{name}.bin")), times.map(i32::to_le_bytes).concat()).unwrap();
    age(folder);
}

#[test]
fn what_reference_sets_lead_to_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path(), "a", [1, 2]);
    write_set(folder.path(), "b", [3, 4]);
    let place = place(joined(folder.path(), "*.json"));
    let records = Arc::new(Records::default());
    let first = opener(&[folder.path()]).with_kept(records.kept());
    let before = first.open(&place).unwrap();
    assert_eq!(doubles(&before, "time"), [1.0, 2.0, 3.0, 4.0]);
    assert!(Arc::ptr_eq(&before, &first.open(&place).unwrap()), "nothing has changed");
    assert_eq!(records.puts(), 1);
    // The sets stay as they are by the file system, but one leads to other values.
    std::fs::write(folder.path().join("b.bin"), [5_i32, 6].map(i32::to_le_bytes).concat()).unwrap();
    let after = first.open(&place).unwrap();
    assert_eq!(doubles(&after, "time"), [1.0, 2.0, 5.0, 6.0]);
    assert_ne!(before.generation(), after.generation());
    assert_eq!(records.puts(), 2);
    // While no server runs, too.
    std::fs::write(folder.path().join("a.bin"), [7_i32, 8].map(i32::to_le_bytes).concat()).unwrap();
    let second = opener(&[folder.path()]).with_kept(records.kept());
    assert_eq!(doubles(&second.open(&place).unwrap(), "time"), [5.0, 6.0, 7.0, 8.0]);
}

#[test]
fn many_readers_while_members_come_and_go() {
    let (folder, opener, place) = served();
    opener.open(&place).unwrap();
    let path = folder.path().join("part5.nc");
    let next = std::fs::read(crate::fixture::folder().join("next/part5.nc")).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = std::collections::BTreeSet::new();
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        let dataset = opener.open(&place).unwrap();
                        let count = dataset.schema().variable("time").unwrap().shape[0];
                        match values(&dataset, "temp") {
                            Ok(_) => check_all(&dataset, count),
                            Err(e) => assert_eq!(e.kind, ErrorKind::Unavailable, "{e}"),
                        }
                        seen.insert(count);
                    }
                    seen
                })
            })
            .collect();
        for _ in 0..40 {
            replace(&path, &next);
            opener.open(&place).unwrap();
            std::fs::remove_file(&path).unwrap();
            opener.open(&place).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for reader in readers {
            let seen = reader.join().unwrap();
            assert!(seen.iter().all(|count| [20, 24].contains(count)), "{seen:?}");
        }
    });
    check_times(&opener.open(&place).unwrap(), 20);

    fn check_all(dataset: &Dataset, count: u64) {
        let Ok(bytes) = values(dataset, "temp") else { return };
        let expected = (1..=count * 12).flat_map(|n| (n as f32).to_le_bytes());
        assert!(bytes.into_iter().eq(expected));
    }
}
