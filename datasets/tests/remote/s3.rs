//! Data straight from an S3 server.

use std::path::PathBuf;
use std::sync::Arc;

use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory};
use weir_datasets::store::{Listed, ListedKind};
use weir_datasets::{Access, AccessRules, Catalog, Credentials, ErrorKind, Opener};

use crate::moto::moto;
use crate::{fixtures, open, pattern, url};

#[test]
fn files_are_read_by_ranges_as_local_ones() {
    moto().make_bucket("same");
    let access = moto().access("same");
    for name in fixtures::NAMES {
        moto().put(&format!("same/deep/{name}"), &fixtures::bytes(name));
        fixtures::check_same(&access, &format!("s3://same/deep/{name}"), name);
    }
}

#[test]
fn opening_takes_two_requests_and_reading_some_more_none() {
    moto().make_bucket("few");
    for name in fixtures::NAMES {
        moto().put(&format!("few/{name}"), &fixtures::bytes(name));
        let before = moto().requests("few");
        let file = open(&moto().access("few"), &format!("s3://few/{name}")).unwrap();
        assert!(file.is_remote());
        let source = fixtures::source(file);
        assert_eq!(moto().requests("few") - before, 2, "{name}");
        source.check_unchanged().unwrap();
        assert_eq!(moto().requests("few") - before, 2, "{name}");
    }
}

#[test]
fn large_objects_are_read_in_parts_and_near_ranges_together() {
    moto().make_bucket("large");
    let bytes = pattern(9 << 20);
    moto().put("large/object", &bytes);
    let file = open(&moto().access("large"), "s3://large/object").unwrap();
    let check = |ranges: &[(usize, usize)], requests: usize| {
        let before = moto().requests("large");
        let asked: Vec<(u64, u64)> =
            ranges.iter().map(|&(offset, length)| (offset as u64, length as u64)).collect();
        let got = file.read_many(&asked).unwrap();
        for (got, &(offset, length)) in got.iter().zip(ranges) {
            assert!(got == &bytes[offset..offset + length], "{length} bytes at {offset}");
        }
        assert_eq!(moto().requests("large") - before, requests, "{ranges:?}");
    };
    check(&[(3, (9 << 20) - 3)], 5);
    check(&[(5, 70_000), (170_000, 100), (100_000, 0), (5 << 20, 100_000), (5, 9)], 2);
    check(&[], 0);
    // Scattered ranges, more of them than requests under way.
    let scattered: Vec<(usize, usize)> = (0..40).map(|n| (n * 220_000 + n, 17 + n)).collect();
    check(&scattered, 40);
    assert_eq!(file.read_at(9 << 20, 1).unwrap_err().kind, ErrorKind::Corrupt);
    // Small reads take blocks, and those that were read do not ask again.
    let before = moto().requests("large");
    for offset in [1_u64, 100_000, 700_000, (1 << 20) - 3] {
        assert_eq!(file.read_at(offset, 2).unwrap(), bytes[offset as usize..offset as usize + 2]);
    }
    assert_eq!(moto().requests("large") - before, 1);
}

#[test]
fn what_is_missing_is_told_from_what_is_unknown() {
    moto().make_bucket("missing");
    let kind = |access: &Access, url: &str| open(access, url).map(drop).unwrap_err().kind;
    assert_eq!(kind(&moto().access("missing"), "s3://missing/none.nc"), ErrorKind::NotFound);
    assert_eq!(kind(&moto().access("missing"), "s3://other/none.nc"), ErrorKind::Unsupported);
    let store = moto().access("missing").store(&url("s3://missing/z.zarr")).unwrap();
    assert_eq!(store.get("c/0", 10).unwrap(), None);
    assert!(store.locate("c/0").unwrap().is_none());
    let store = moto().access("no-bucket").store(&url("s3://no-bucket/z.zarr")).unwrap();
    assert_eq!(store.get("c/0", 10).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(store.locate("c/0").unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(store.list("").unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn what_is_denied_is_not_absent() {
    moto().make_bucket("denied");
    moto().put("denied/z/secret", &pattern(3));
    let access = moto().access_with("denied", Credentials::Anonymous);
    let error = open(&access, "s3://denied/z/secret").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("access was denied (status 403)"), "{error}");
    let store = access.store(&url("s3://denied/z")).unwrap();
    assert_eq!(store.get("secret", 10).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(store.locate("secret").unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn a_store_gives_and_lists_its_keys() {
    moto().make_bucket("store");
    for number in 0..20_u8 {
        moto().put(&format!("store/z.zarr/a/c/{number}"), &pattern(usize::from(number) + 1));
    }
    moto().put("store/z.zarr/a/zarr.json", b"{}");
    moto().put("store/z.zarr/a/", b"");
    moto().put("store/z.zarr-other", b"no");
    let store = moto().access("store").store(&url("s3://store/z.zarr/")).unwrap();
    assert!(store.is_remote());
    assert_eq!(store.get("a/c/6", 7).unwrap().unwrap(), pattern(7));
    assert_eq!(store.get("a/c/6", 6).unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(store.get("a/c/20", 7).unwrap(), None);
    assert_eq!(store.get("a/../a/c/6", 7).unwrap_err().kind, ErrorKind::BadRequest);
    let object = store.locate("a/c/19").unwrap().unwrap();
    assert_eq!((object.len(), object.part(3, 4).unwrap().read().unwrap()), (20, vec![4, 5, 6, 7]));
    let named = |name: &str, kind| Listed { name: name.to_owned(), kind };
    assert_eq!(store.list("").unwrap(), [named("a", ListedKind::Prefix)]);
    assert_eq!(
        store.list("a").unwrap(),
        [named("c", ListedKind::Prefix), named("zarr.json", ListedKind::Object)]
    );
    let mut numbers: Vec<String> = (0..20).map(|number: u8| number.to_string()).collect();
    numbers.sort();
    let listed: Vec<String> = store.list("a/c").unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(listed, numbers);
    assert_eq!(store.list("none").unwrap(), []);
}

#[test]
fn keys_stand_as_they_are() {
    moto().make_bucket("keys");
    moto().put("keys/a%20b%25c%C3%BC%3F.nc", &pattern(3));
    let file = open(&moto().access("keys"), "s3://keys/a b%cü?.nc").unwrap();
    assert_eq!(file.read_at(0, 3).unwrap(), [1, 2, 3]);
}

#[test]
fn urls_on_the_command_line_are_served_with_the_environment() {
    moto().make_bucket("named");
    moto().put("named/deep/far.nc", &fixtures::bytes("hdf5_netcdf4.nc"));
    moto().put("named/text.nc", b"no data");
    let scan = |urls: &[&str]| {
        let paths: Vec<PathBuf> = urls.iter().map(PathBuf::from).collect();
        let rules = AccessRules::named(&paths, &|name| match name {
            "AWS_ENDPOINT_URL" => Some(moto().endpoint()),
            "AWS_ALLOW_HTTP" => Some("true".into()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("any".into()),
            _ => None,
        })?;
        let opener = Opener::new(Access::new(rules)?, Memory::new(DEFAULT_BUDGET));
        Catalog::scan(&paths, Arc::new(opener), &mut |_| ())
    };
    let local = fixtures::path("cdf2_kinds.nc");
    let catalog = scan(&["s3://named/deep/far.nc", local.to_str().unwrap()]).unwrap();
    assert_eq!(catalog.ids().collect::<Vec<_>>(), ["cdf2_kinds.nc", "far.nc"]);
    assert!(catalog.open("far.nc").unwrap().schema().variable("/words").is_some());
    let before = moto().requests("named");
    catalog.open("far.nc").unwrap();
    assert_eq!(moto().requests("named"), before, "what was looked at lately is not asked for again");
    let refused = |urls: &[&str]| scan(urls).unwrap_err();
    assert_eq!(refused(&["s3://named/none.nc"]).kind, ErrorKind::NotFound);
    assert_eq!(refused(&["s3://named/text.nc"]).kind, ErrorKind::Unsupported);
    assert_eq!(refused(&["s3://named"]).kind, ErrorKind::BadRequest);
    let twice = refused(&["s3://named/deep/far.nc", "S3://named/deep/far.nc"]);
    assert!(twice.message.contains("would both be dataset 'far.nc'"), "{twice}");
}
