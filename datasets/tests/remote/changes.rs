//! Objects that are replaced or removed while they are read: the old bytes or an error, never a mix.

use std::sync::Arc;

use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory};
use weir_datasets::{Access, DataFile, Dataset, ErrorKind, Opener, Place};

use crate::moto::moto;
use crate::{fixtures, open, pattern, url};

#[test]
fn a_replaced_object_is_never_mixed_with_the_old_one() {
    moto().make_bucket("replaced");
    let old = pattern(3 << 20);
    moto().put("replaced/object", &old);
    let access = moto().access("replaced");
    let file = open(&access, "s3://replaced/object").unwrap();
    assert_eq!(file.read_at(5, 10).unwrap(), old[5..15]);
    moto().put("replaced/object", &vec![7; 3 << 20]);
    file.check_unchanged().unwrap();
    assert_eq!(file.read_at(100, 10).unwrap(), old[100..110], "what is at hand is old");
    assert_eq!(file.read_at(2 << 20, 10).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(file.check_unchanged().unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(file.check_undisturbed().unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(file.read_many(&[(5, 10)]).unwrap_err().kind, ErrorKind::Unavailable);
    let anew = open(&access, "s3://replaced/object").unwrap();
    assert_eq!(anew.read_at(2 << 20, 3).unwrap(), [7, 7, 7]);
    assert_ne!(anew.generation(), file.generation());
}

#[test]
fn a_removed_object_is_an_error_and_no_absence() {
    moto().make_bucket("removed");
    moto().put("removed/object", &pattern(3 << 20));
    let file = open(&moto().access("removed"), "s3://removed/object").unwrap();
    moto().remove("removed/object");
    assert_eq!(file.read_at(2 << 20, 10).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(file.read_many(&[(5, 10)]).unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn generations_follow_the_bytes() {
    moto().make_bucket("generations");
    let access = moto().access("generations");
    let generation = |bytes: &[u8]| {
        moto().put("generations/object", bytes);
        access.look(&url("s3://generations/object")).unwrap().to_string()
    };
    let first = generation(&[1, 2, 3]);
    assert_eq!(generation(&[1, 2, 3]), first);
    assert_ne!(generation(&[1, 2, 4]), first);
    moto().put("generations/other", &[1, 2, 3]);
    assert_ne!(access.look(&url("s3://generations/other")).unwrap().to_string(), first);
}

fn opener(access: Access) -> Arc<Opener> {
    Arc::new(Opener::new(access, Memory::new(DEFAULT_BUDGET)))
}

#[test]
fn the_opener_opens_a_replaced_object_anew() {
    moto().make_bucket("opener");
    moto().put("opener/a.nc", &fixtures::bytes("cdf1_single_short.nc"));
    let opener = opener(moto().access("opener"));
    let place = Place::Object { url: url("s3://opener/a.nc") };
    let first = opener.open(&place).unwrap();
    assert!(Arc::ptr_eq(&first, &opener.open(&place).unwrap()), "nothing changed");
    moto().put("opener/a.nc", &fixtures::bytes("cdf2_single_byte.nc"));
    let second = opener.open(&place).unwrap();
    assert_ne!(first.generation(), second.generation());
    let local = |name: &str| {
        let file = DataFile::open(&fixtures::path(name)).unwrap();
        fixtures::read(&Dataset::new(fixtures::source(file)), "/only").unwrap()
    };
    assert_eq!(fixtures::read(&second, "/only").unwrap(), local("cdf2_single_byte.nc"));
    assert_eq!(fixtures::read(&first, "/only").unwrap(), local("cdf1_single_short.nc"), "at hand, and old");
    moto().remove("opener/a.nc");
    assert_eq!(opener.open(&place).map(drop).unwrap_err().kind, ErrorKind::NotFound);
}
