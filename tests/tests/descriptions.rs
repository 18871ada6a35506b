//! What a server says of itself and of its datasets: as xpublish says it, as OpenAPI, and as tables.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use weir_tests::{Mode, Netcdf3, Server, Values, binaries};

/// `sst` of 2 places of `lat`; every value is its index + 1.
fn ocean() -> Netcdf3 {
    Netcdf3::new()
        .dimension("lat", 2)
        .attribute("title", "<b>ocean</b>")
        .attribute("realm", "ocean")
        .variable("lat", &["lat"], &[("units", "degrees_north")], Values::Float32(vec![1.0, 2.0]))
        .variable("sst", &["lat"], &[("units", "K")], Values::Int16(vec![1, 2]))
}

fn data() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("deep")).unwrap();
    std::fs::write(data.path().join("ocean.nc"), ocean().bytes()).unwrap();
    std::fs::write(data.path().join("deep/a b.nc"), ocean().bytes()).unwrap();
    data
}

fn both(check: impl Fn(&Server, &Path)) {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let data = data();
        let server = Server::start(mode, data.path(), &[]);
        check(&server, data.path());
        server.stop(&["request failed"]);
    }
}

/// The URL under which the server says that it is reached.
fn base(server: &Server) -> String {
    format!("http://{}", server.address)
}

#[test]
fn datasets_are_described_as_by_xpublish() {
    both(|server, _| {
        let get = |target: &str| server.get(target);
        assert_eq!(get("/datasets/ocean.nc/keys").json(), json!(["lat", "sst"]));
        let dict = get("/datasets/deep/a%20b.nc/dict").json();
        let sst = json!({"dims": ["lat"], "attrs": {"units": "K"}, "dtype": "int16", "shape": [2]});
        assert_eq!((&dict["data_vars"], &dict["dims"]), (&json!({ "sst": sst }), &json!({"lat": 2})));
        assert_eq!(get("/datasets/ocean.nc/info").json()["variables"]["lat"]["type"], "float32");
        assert_eq!(get("/datasets/ocean.nc/groups").json(), json!(["/"]));
        assert_eq!(get("/datasets/ocean.nc/groups/none/keys").status, 404);
        let page = get("/datasets/ocean.nc/");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text().contains("&lt;b&gt;ocean&lt;/b&gt;"), "{}", page.text());
        let link = format!("href=\"{}/datasets/ocean.nc/zarr\"", base(server));
        assert!(page.text().contains(&link), "{}", page.text());
        for (target, location) in [("ocean.nc", "./ocean.nc/"), ("deep%2Fa%20b.nc", "./deep%2Fa%20b.nc/")] {
            let way = get(&format!("/datasets/{target}"));
            assert_eq!((way.status, way.header("location")), (307, location), "{target}");
            assert_eq!(get(&format!("/datasets/{}", location.trim_start_matches("./"))).status, 200);
        }
        for target in ["none", "none/", "none/keys", "none/dict", "none/groups", "ocean.nc/none"] {
            let reply = get(&format!("/datasets/{target}"));
            assert_eq!(reply.status, 404, "{target}");
            assert!(reply.json()["detail"].is_string(), "{target}");
        }
        assert_eq!(get("/datasets/none/").json(), json!({"detail": "Dataset 'none' not found"}));
        assert_eq!(get("/versions").json()["weir-plugin-xpublish"], get("/versions").json()["weir"]);
    });
}

#[test]
fn descriptions_are_asked_for_once() {
    both(|server, _| {
        for target in ["/datasets/ocean.nc/dict", "/datasets/ocean.nc/info", "/datasets/ocean.nc/keys"] {
            let mut client = server.client();
            let tag = client.get(target).header("etag").to_owned();
            assert!(!tag.is_empty(), "{target}");
            let again = client.send("GET", target, &[&format!("If-None-Match: {tag}")]);
            assert_eq!(again.status, 304, "{target}");
            let (get, head) = (client.get(target), client.head(target));
            assert_eq!((head.status, head.header("content-length")), (200, get.header("content-length")));
        }
    });
}

/// The patterns in a server's document.
fn paths(server: &Server) -> Vec<String> {
    let document = server.get("/openapi.json").json();
    document["paths"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_document_has_what_is_served() {
    both(|server, _| {
        let document = server.get("/openapi.json").json();
        assert_eq!(document["openapi"], "3.1.1");
        assert_eq!(document["servers"][0]["url"], base(server));
        let plugins = server.get("/plugins").json();
        let routes: Vec<&str> = plugins
            .as_object()
            .unwrap()
            .values()
            .flat_map(|plugin| plugin["routes"].as_array().unwrap())
            .map(|route| route.as_str().unwrap().split_once(' ').unwrap().1)
            .collect();
        let paths = paths(server);
        for route in &routes {
            assert!(paths.iter().any(|path| path == route), "{route} is missing");
        }
        assert!(paths.contains(&"/health".to_owned()));
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert_ne!(operation["summary"], "", "{method} {path}");
                assert!(operation["responses"].get("default").is_none(), "{method} {path} is not described");
            }
        }
        let page = server.get("/docs");
        assert!(page.text().contains("/datasets/{id}/zarr/{rest}") && !page.text().contains("<script"));
    });
}

#[test]
fn a_plugin_that_is_removed_disappears() {
    let plugins = tempfile::tempdir().unwrap();
    let library = |name: &str| format!("libweir_plugin_{name}.so");
    for name in ["openapi", "zarr", "file"] {
        std::fs::copy(binaries().plugins.join(library(name)), plugins.path().join(library(name))).unwrap();
    }
    let data = data();
    let served = || {
        let arguments = ["--no-builtin-plugins", "--plugins", plugins.path().to_str().unwrap()];
        let server = Server::start(Mode::LinkedIn, data.path(), &arguments);
        let found = paths(&server);
        server.stop(&[]);
        found
    };
    let before = served();
    assert!(before.contains(&"/datasets/{id}/file".to_owned()), "{before:?}");
    assert!(!before.iter().any(|path| path.contains("opendap")), "{before:?}");
    std::fs::remove_file(plugins.path().join(library("file"))).unwrap();
    let after = served();
    assert!(!after.iter().any(|path| path.ends_with("/file") || path.contains("fileServer")), "{after:?}");
    assert!(after.contains(&"/datasets/{id}/zarr/{rest}".to_owned()), "{after:?}");
}

#[test]
fn tables_are_read_in_parts() {
    both(|server, _| {
        let index = server.get("/esm").json();
        let names: Vec<&Json> =
            index["datastores"].as_array().unwrap().iter().map(|store| &store["name"]).collect();
        assert_eq!(names, ["deep", "root"]);
        assert_eq!(index["datastores"][0]["url"], base(server) + "/esm/source/deep.json");
        for target in
            ["/esm/source/deep.parquet", "/esm/source/deep_uniqs.parquet", "/esm/metacatalog.parquet"]
        {
            let mut client = server.client();
            let whole = client.get(target);
            let length = whole.body.len();
            assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"), "{target}");
            assert!(whole.header("content-range").is_empty() && whole.body.starts_with(b"PAR1"));
            let head = client.head(target);
            assert_eq!(head.header("content-length"), length.to_string(), "{target}");
            let tail = client.send("GET", target, &["Range: bytes=-8"]);
            assert_eq!((tail.status, tail.body.as_slice()), (206, &whole.body[length - 8..]), "{target}");
            let range = tail.header("content-range").to_owned();
            assert_eq!(range, format!("bytes {}-{}/{length}", length - 8, length - 1));
            assert!(
                !whole.header("etag").is_empty() && tail.header("etag") == whole.header("etag"),
                "{target}"
            );
            let beyond = client.send("GET", target, &["Range: bytes=0-99999999"]);
            assert_eq!((beyond.status, beyond.body.len()), (206, length), "an end behind the end is the end");
            assert_eq!(client.send("GET", target, &["Range: bytes=99999999-"]).status, 416);
        }
        let rows = server.get("/esm/table/esm-datastore/deep?realm_filter=ocean&limit=5").json();
        assert_eq!(rows["total"], 1);
        assert_eq!(rows["records"][0]["path"], base(server) + "/datasets/deep/a%20b.nc/zarr");
        assert_eq!(rows["records"][0]["variable"], json!(["sst"]));
    });
}

#[test]
fn tables_follow_what_is_served() {
    let data = data();
    let server = Server::start(Mode::LinkedIn, data.path(), &[]);
    let count = || server.get("/esm/source/deep_metadata.json").json()["num_records"].as_u64();
    assert_eq!(count(), Some(1));
    let until = |expected: u64| {
        let end = Instant::now() + Duration::from_secs(20);
        while count() != Some(expected) && Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(count(), Some(expected));
    };
    std::fs::write(data.path().join("deep/new.nc"), ocean().bytes()).unwrap();
    until(2);
    std::fs::write(data.path().join("deep/bad.nc"), b"CDF\x01 no more").unwrap();
    std::fs::remove_file(data.path().join("deep/a b.nc")).unwrap();
    until(1);
    let rows = server.get("/esm/table/datastore-content/deep").json();
    assert_eq!(rows[0]["dataset"], "deep/new.nc", "the bad one spoils nothing: {rows}");
    server.stop(&["request failed", "bad.nc"]);
}
