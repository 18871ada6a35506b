//! Zarr stores in buckets, and reference sets that lead there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory};
use weir_datasets::reference::References;
use weir_datasets::store::Store;
use weir_datasets::{Catalog, DataFile, ErrorKind, Opener, zarr};

use crate::moto::moto;
use crate::web_server::{Reply, WebServer};
use crate::{access_to, fixtures, url};

/// Stores every file below a folder.
fn put_folder(folder: &Path, place: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let place = format!("{place}/{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => put_folder(&path, &place),
            false => moto().put(&place, &std::fs::read(&path).unwrap()),
        }
    }
}

#[test]
fn zarr_stores_are_read_as_local_ones() {
    moto().make_bucket("zarr");
    // Consolidated and walked, one object for a chunk and for many.
    for name in ["v2_xarray.zarr", "v3_xarray.zarr", "v3_shards.zarr"] {
        let folder = fixtures::path("zarr").join(name);
        put_folder(&folder, &format!("zarr/deep/{name}"));
        let access = moto().access("zarr");
        let far = || zarr::open(access.store(&url(&format!("s3://zarr/deep/{name}"))).unwrap()).unwrap();
        fixtures::check_equal(zarr::open(Store::folder(&folder).unwrap()).unwrap(), far, name);
    }
}

#[test]
fn a_zarr_store_may_be_named_by_its_url() {
    moto().make_bucket("zarr-named");
    put_folder(&fixtures::path("zarr/v3_xarray.zarr"), "zarr-named/a.zarr");
    put_folder(&fixtures::path("zarr/v3_xarray.zarr"), "zarr-named/plain");
    let opener = Arc::new(Opener::new(moto().access("zarr-named"), Memory::new(DEFAULT_BUDGET)));
    let paths = ["s3://zarr-named/a.zarr", "s3://zarr-named/plain/"].map(PathBuf::from);
    let catalog = Catalog::scan(&paths, Arc::clone(&opener), &mut |_| ()).unwrap();
    assert_eq!(catalog.ids().collect::<Vec<_>>(), ["a.zarr", "plain"]);
    let first = catalog.open("a.zarr").unwrap();
    let air = fixtures::read(&first, "/air").unwrap();
    assert_eq!(fixtures::read(&catalog.open("plain").unwrap(), "/air").unwrap(), air);
    let before = moto().requests("zarr-named");
    assert!(Arc::ptr_eq(&first, &catalog.open("a.zarr").unwrap()));
    assert_eq!(moto().requests("zarr-named"), before, "its documents were looked at a moment ago");
    let missing = Catalog::scan(&["s3://zarr-named/none.zarr".into()], opener, &mut |_| ()).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound);
}

#[test]
fn reference_sets_lead_to_buckets_that_a_rule_names() {
    moto().make_bucket("references");
    let folder = fixtures::path("references");
    moto().put("references/deep/day1.nc", &std::fs::read(folder.join("day1.nc")).unwrap());
    let text = std::fs::read_to_string(folder.join("hdf5.json")).unwrap();
    let far_folder = tempfile::tempdir().unwrap();
    let far_set = far_folder.path().join("set.json");
    std::fs::write(&far_set, text.replace("\"day1.nc\"", "\"s3://references/deep/day1.nc\"")).unwrap();
    let open = |file: &Path, access| {
        let set =
            References::document(DataFile::open(file).unwrap(), file.parent().unwrap(), access).unwrap();
        zarr::open(Store::references(set)).unwrap()
    };
    let local_access = weir_datasets::Access::to(std::slice::from_ref(&folder));
    let local = open(&folder.join("hdf5.json"), &local_access);
    let access = moto().access("references");
    fixtures::check_equal(local, || open(&far_set, &access), "hdf5.json");
    // Without a rule, nothing is read, and nothing is taken for absent.
    let dataset = weir_datasets::Dataset::new(open(&far_set, &moto().access("other")));
    let error = fixtures::read(&dataset, "/tas").unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Unsupported), "{error}");
}

#[test]
fn a_web_server_without_ranges_gives_whole_objects_of_a_store() {
    let folder = fixtures::path("zarr/v3_xarray.zarr");
    let served = folder.clone();
    let server = WebServer::start(move |request, _| {
        let path = served.join(request.target.strip_prefix("/a.zarr/").unwrap_or("none"));
        match std::fs::read(path) {
            Ok(body) => Reply { body, ..Reply::status(200) },
            Err(_) => Reply::status(404),
        }
    });
    let store = || access_to(&server.origin()).store(&url(&format!("{}/a.zarr", server.origin()))).unwrap();
    // Such a server lists nothing, so the metadata must stand in one document.
    let local = zarr::open(Store::folder(&folder).unwrap()).unwrap();
    fixtures::check_equal(local, || zarr::open(store()).unwrap(), "v3_xarray.zarr");
}
