//! Datasets that come and go while the server runs, and the URL under which clients reach it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_tests::{Mode, Netcdf3, Server, Values};

/// A netCDF-3 file with the variable `v`, whose values are their index + `first`.
fn file(first: usize) -> Vec<u8> {
    let values = (first..first + 3).map(|n| n as f32).collect();
    Netcdf3::new().dimension("x", 3).variable("v", &["x"], &[], Values::Float32(values)).bytes()
}

fn ids(server: &Server) -> Value {
    server.get("/datasets").json()
}

/// Asks until `found` is so, because the file system tells of files a moment later.
fn until(what: &str, mut found: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !found() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

fn values(server: &Server, id: &str) -> Vec<u8> {
    let reply = server.get(&format!("/datasets/{id}/opendap.dods?v"));
    assert_eq!(reply.status, 200, "{id}: {}", reply.text());
    reply.body[reply.body.len() - 12..].to_vec()
}

fn be(first: usize) -> Vec<u8> {
    (first..first + 3).flat_map(|n| (n as f32).to_be_bytes()).collect()
}

#[test]
fn dropped_files_are_served_and_removed_ones_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.nc"), file(1)).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    assert_eq!(ids(&server), json!(["a.nc"]));

    std::fs::write(folder.path().join("b.nc"), file(11)).unwrap();
    until("a file appears", || ids(&server) == json!(["a.nc", "b.nc"]));
    assert_eq!(values(&server, "b.nc"), be(11));

    // A folder, with a file that comes when the folder is known already, and one in a folder of its own.
    let deep = folder.path().join("new/deep");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("c.nc"), file(21)).unwrap();
    until("a folder appears", || ids(&server) == json!(["a.nc", "b.nc", "new/deep/c.nc"]));
    std::fs::write(deep.join("d.nc"), file(31)).unwrap();
    until("a file appears in it", || ids(&server)[3] == "new/deep/d.nc");
    assert_eq!((values(&server, "new/deep/c.nc"), values(&server, "new/deep/d.nc")), (be(21), be(31)));

    std::fs::rename(folder.path().join("b.nc"), folder.path().join("e.nc")).unwrap();
    until("a file has another name", || ids(&server)[1] == "e.nc");
    assert_eq!(server.get("/datasets/b.nc/opendap.dds").status, 404);
    std::fs::remove_dir_all(folder.path().join("new")).unwrap();
    until("a folder goes", || ids(&server) == json!(["a.nc", "e.nc"]));
    assert_eq!(values(&server, "a.nc"), be(1));
    server.stop(&[]);
}

#[test]
fn a_bad_file_is_reported_and_breaks_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.nc"), file(1)).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let health = |member: &str| server.get("/health").json()[member].clone();
    assert_eq!((health("failing_datasets"), health("left_out")), (json!([]), json!([])));

    let cut = folder.path().join("cut.nc");
    std::fs::write(&cut, &file(41)[..40]).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no data").unwrap();
    until("the bad file is reported", || health("failing_datasets")[0]["id"] == "cut.nc");
    let reason = health("failing_datasets")[0]["reason"].to_string();
    assert!(!reason.contains(&*folder.path().to_string_lossy()), "{reason}");
    assert_ne!(server.get("/datasets/cut.nc/opendap.dds").status, 200);
    assert_eq!(values(&server, "good.nc"), be(1));

    // Written to its end, it is as good as any.
    std::fs::write(&cut, file(41)).unwrap();
    until("the file is mended", || server.get("/datasets/cut.nc/opendap.dds").status == 200);
    assert_eq!(values(&server, "cut.nc"), be(41));
    assert_eq!(health("failing_datasets"), json!([]));
    server.stop(&["request failed"]);
}

/// While a file is written anew in place, it is bad, but not gone.
#[test]
fn a_file_that_is_written_anew_is_not_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    std::fs::write(&path, file(1)).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    assert_eq!(values(&server, "a.nc"), be(1));
    std::fs::write(&path, "").unwrap();
    std::fs::write(folder.path().join("b.nc"), file(11)).unwrap();
    until("another file appears", || ids(&server) == json!(["a.nc", "b.nc"]));
    let reply = server.get("/datasets/a.nc/opendap.dds");
    assert!(reply.status >= 500, "{}", reply.text());
    assert_eq!(server.get("/health").json()["failing_datasets"][0]["id"], "a.nc");
    std::fs::write(&path, file(21)).unwrap();
    assert_eq!(values(&server, "a.nc"), be(21));
    std::fs::remove_file(&path).unwrap();
    until("the file goes", || ids(&server) == json!(["b.nc"]));
    server.stop(&["request failed"]);
}

/// A folder that is served as it is, where the file system tells nothing: links into other folders are followed, but not watched.
#[test]
fn what_nobody_tells_of_is_found_in_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("real")).unwrap();
    std::fs::write(folder.path().join("real/a.nc"), file(1)).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &["--rescan", "1"]);
    std::fs::write(folder.path().join("real/b.nc"), file(11)).unwrap();
    until("a file appears", || ids(&server) == json!(["real/a.nc", "real/b.nc"]));
    server.stop(&[]);
}

fn references(server: &Server, headers: &[&str]) -> String {
    let reply = server.client().send("GET", "/datasets/a.nc/kerchunk/refs.json", headers);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

fn served(path: &Path, arguments: &[&str]) -> Server {
    std::fs::write(path.join("a.nc"), file(1)).unwrap();
    Server::start(Mode::LinkedIn, path, arguments)
}

#[test]
fn links_carry_the_public_url() {
    let folder = tempfile::tempdir().unwrap();
    let forwarded =
        ["X-Forwarded-Host: data.example.org", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /weir"];
    let forged = ["Forwarded: host=forged.example", "X-Forwarded-Host: forged.example"];

    let server = served(folder.path(), &[]);
    let own = format!("http://{}/datasets/a.nc/file", server.address);
    assert!(references(&server, &forwarded).contains(&own), "nobody is trusted");
    assert!(references(&server, &forged).contains(&own));
    server.stop(&[]);

    let server = served(folder.path(), &["--trusted-proxy", "127.0.0.0/8"]);
    let public = "https://data.example.org/weir/datasets/a.nc/file";
    assert!(references(&server, &forwarded).contains(public));
    // Each way to reach the server has an answer of its own, also where answers are kept.
    assert!(!references(&server, &[]).contains("data.example.org"));
    assert!(references(&server, &forwarded).contains(public));
    server.stop(&[]);

    let refused = Server::refused(&["serve", &folder.path().to_string_lossy(), "--trusted-proxy", "nginx"]);
    assert!(refused.contains("\"nginx\" is no address and no network"), "{refused}");
}
