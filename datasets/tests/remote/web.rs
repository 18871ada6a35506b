//! Data straight from web servers.

use weir_datasets::ErrorKind;

use crate::web_server::{Reply, WebServer};
use crate::{access_to, fixtures, open, url};

#[test]
fn files_are_read_by_ranges_as_local_ones() {
    for name in fixtures::NAMES {
        let server = WebServer::of_object(fixtures::bytes(name), |_, _, reply| reply);
        fixtures::check_same(&access_to(&server.origin()), &format!("{}/{name}?a=b", server.origin()), name);
    }
}

#[test]
fn names_are_resolved_and_a_rule_lets_them_be_private() {
    let server = WebServer::of_object(crate::pattern(10), |_, _, reply| reply);
    let origin = format!("http://localhost:{}", server.address().port());
    let file = open(&access_to(&origin), &format!("{origin}/x")).unwrap();
    assert_eq!(file.read_at(0, 2).unwrap(), [1, 2]);
    assert_eq!(server.requests("HEAD")[0].header("host"), origin.strip_prefix("http://"));
    assert!(server.connections() >= 2);
}

#[test]
fn a_store_of_a_web_server_gives_keys_and_lists_nothing() {
    let server = WebServer::start(|request, _| match request.target.as_str() {
        "/z.zarr/a/c/0.0" => Reply { body: vec![1, 2, 3], ..Reply::status(200).with("ETag", "\"1\"") },
        "/z.zarr/a/c/0.1" => Reply::status(403),
        _ => Reply::status(404),
    });
    let store = access_to(&server.origin()).store(&url(&format!("{}/z.zarr/", server.origin()))).unwrap();
    assert_eq!(store.get("a/c/0.0", 3).unwrap().unwrap(), [1, 2, 3]);
    assert_eq!(store.get("a/c/0.0", 2).unwrap_err().kind, ErrorKind::TooLarge);
    assert_eq!(store.get("a/c/0.1", 3).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(store.get("a/c/0.2", 3).unwrap(), None);
    assert!(store.locate("a/c/0.2").unwrap().is_none());
    assert_eq!(store.list("a").unwrap_err().kind, ErrorKind::Unsupported);
}
