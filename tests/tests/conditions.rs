//! What caches go by: dates of change, and requests that depend on them.

use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_tests::{Mode, Netcdf3, Server, Values};

/// A file whose variable has `value`, last written `age` seconds ago; returns when that was.
fn put(path: &std::path::Path, value: i16, age: u64) -> SystemTime {
    let file = Netcdf3::new().dimension("x", 1).variable("x", &["x"], &[], Values::Int16(vec![value]));
    std::fs::write(path, file.bytes()).unwrap();
    let at = SystemTime::now() - Duration::from_secs(age);
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    at
}

/// A date as HTTP writes it.
fn date(at: SystemTime) -> String {
    httpdate::fmt_http_date(at)
}

const TARGETS: [&str; 4] = [
    "/datasets/d.nc/opendap.dds",
    "/opendap/d.nc.das",
    "/thredds/dodsC/d.nc.dods?x",
    "/datasets/d.nc/zarr/x/0",
];

#[test]
fn dates_are_those_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.nc");
    let written = put(&path, 1, 100_000);
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    // Just now something of the file was changed, if only its date: no date is told that may stand for two states.
    let changed = File::open(&path).unwrap().metadata().unwrap();
    let changed = std::os::unix::fs::MetadataExt::ctime(&changed) as u64;
    for target in TARGETS {
        let reply = client.dated(target);
        assert_eq!((reply.status, reply.header("last-modified")), (200, date(written).as_str()), "{target}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert!(now > changed, "{target}: {now} {changed}");
        assert_eq!(client.head(target).header("last-modified"), date(written), "{target}");
        let mut check = |since: SystemTime, expected: u16| {
            let line = format!("If-Modified-Since: {}", date(since));
            for method in ["GET", "HEAD"] {
                let reply = client.send(method, target, &[&line]);
                assert_eq!(reply.status, expected, "{method} {target} since {since:?}");
                assert!(!reply.header("etag").is_empty(), "{method} {target}");
                assert!(expected == 200 || reply.body.is_empty());
            }
        };
        check(written, 304);
        check(written - Duration::from_secs(1), 200);
        check(SystemTime::now(), 304);
        check(SystemTime::now() + Duration::from_secs(100), 200);
        // A tag counts more than a date, and a date that cannot be understood counts nothing.
        let lines = [format!("If-Modified-Since: {}", date(written)), "If-None-Match: \"other\"".to_owned()];
        assert_eq!(client.send("GET", target, &[&lines[0], &lines[1]]).status, 200);
        assert_eq!(client.send("GET", target, &["If-Modified-Since: yesterday"]).status, 200);
        let reply = client.send("GET", target, &["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"]);
        assert_eq!(reply.status, 200);
    }
    // What is no success without the condition is none with it.
    let line = format!("If-Modified-Since: {}", date(written));
    assert_eq!(client.send("GET", "/opendap/d.nc.dods?nothing", &[&line]).status, 400);
    assert_eq!(client.send("GET", "/opendap/none.nc.dods", &[&line]).status, 404);
    let post = client.send("POST", "/opendap/d.nc.dods?x", &[&line, "Content-Length: 0"]);
    assert_eq!(post.status, 405);
    server.stop(&[]);
}

#[test]
fn an_older_file_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.nc");
    put(&path, 1, 1000);
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    let told = client.dated("/opendap/d.nc.dods").header("last-modified").to_owned();
    put(&folder.path().join("older"), 2, 100_000);
    std::fs::rename(folder.path().join("older"), &path).unwrap();
    let reply = client.send("GET", "/opendap/d.nc.dods", &[&format!("If-Modified-Since: {told}")]);
    assert_eq!((reply.status, reply.body.last()), (200, Some(&2)));
    server.stop(&[]);
}

#[test]
fn what_has_no_date_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("d.nc"), 1, 1000);
    let text = "<netcdf xmlns=\"http://www.unidata.ucar.edu/namespaces/netcdf/ncml-2.2\" location=\"d.nc\"/>";
    std::fs::write(folder.path().join("made.ncml"), text).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    client.dated("/opendap/d.nc.dods");
    for target in ["/opendap/made.ncml.dods", "/datasets", "/health", "/opendap/none.nc.dds"] {
        assert_eq!(client.get(target).header("last-modified"), "", "{target}");
    }
    server.stop(&[]);
}
