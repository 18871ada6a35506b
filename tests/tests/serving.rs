//! What a client sees, with plugins linked in and with plugins loaded: the same.

use std::path::Path;

use weir_tests::{Mode, Netcdf3, Server, Values};

/// `x` has 10 places, `lat` 3, `lon` 4; every value is its index + 1.
fn ocean() -> Netcdf3 {
    let count = |n: u32| (1..=n).map(|i| i as f32).collect();
    Netcdf3::new()
        .dimension("x", 10)
        .dimension("lat", 3)
        .dimension("lon", 4)
        .dimension("text", 5)
        .attribute("title", "an \"ocean\"\nof data")
        .variable("x", &["x"], &[("units", "m")], Values::Float64((1..=10).map(f64::from).collect()))
        .variable("lat", &["lat"], &[], Values::Float32(count(3)))
        .variable("lon", &["lon"], &[], Values::Float32(count(4)))
        .variable("sst", &["lat", "lon"], &[("units", "K")], Values::Float32(count(12)))
        .variable("depth", &["lat", "lon"], &[], Values::Int16((1..=12).collect()))
        .variable("name", &["lat", "text"], &[], Values::Char(b"firstsecndthird".to_vec()))
}

fn data() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("deep")).unwrap();
    std::fs::write(data.path().join("ocean.nc"), ocean().bytes()).unwrap();
    std::fs::write(data.path().join("deep/ocean.v2.nc"), ocean().bytes()).unwrap();
    std::fs::write(data.path().join("notes.txt"), "no data").unwrap();
    data
}

fn both(arguments: &[&str], check: impl Fn(&Server, &Path)) {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let data = data();
        let server = Server::start(mode, data.path(), arguments);
        check(&server, data.path());
        server.stop(&["request failed"]);
    }
}

/// The bytes behind `Data:`.
fn xdr(body: &[u8]) -> &[u8] {
    let at = body.windows(7).position(|window| window == b"\nData:\n").expect("a data response");
    &body[at + 7..]
}

fn floats(xdr: &[u8]) -> Vec<f32> {
    let n = u32::from_be_bytes(xdr[0..4].try_into().unwrap()) as usize;
    assert_eq!(xdr[0..4], xdr[4..8], "the length stands twice");
    assert_eq!(xdr.len(), 8 + 4 * n);
    xdr[8..].chunks(4).map(|four| f32::from_be_bytes(four.try_into().unwrap())).collect()
}

#[test]
fn datasets_have_relative_paths_as_ids() {
    both(&[], |server, _| {
        assert_eq!(server.get("/datasets").json(), serde_json::json!(["deep/ocean.v2.nc", "ocean.nc"]));
        assert_eq!(server.get("/health").json()["status"], "ok");
        let plugins = server.get("/plugins").json();
        assert!(plugins["dap"]["version"].is_string() && plugins["zarr"]["path"].is_string(), "{plugins}");
        assert!(server.banner.contains("/datasets/ocean.nc/opendap"), "{}", server.banner);
        assert_eq!(server.get("/datasets/deep/ocean.v2.nc/opendap.dds").status, 200);
    });
}

#[test]
fn datasets_are_listed_in_pages() {
    both(&[], |server, _| {
        let page = |target: &str| {
            let reply = server.get(target);
            assert_eq!(reply.status, 200, "{target}");
            (reply.json(), reply.header("link").to_owned())
        };
        let all = serde_json::json!(["deep/ocean.v2.nc", "ocean.nc"]);
        let (first, next) = page("/datasets?limit=1");
        assert_eq!(first, serde_json::json!(["deep/ocean.v2.nc"]));
        let next = next.strip_prefix('<').and_then(|next| next.strip_suffix(">; rel=\"next\"")).unwrap();
        assert_eq!(page(&format!("/datasets{next}")), (serde_json::json!(["ocean.nc"]), String::new()));
        assert_eq!(page("/datasets?limit=2"), (all.clone(), String::new()));
        assert_eq!(page("/datasets/?after=&unknown=1"), (all, String::new()));
        let deep = serde_json::json!(["deep/ocean.v2.nc"]);
        assert_eq!(page("/datasets?prefix=deep%2F&limit=1"), (deep, String::new()));
        assert_eq!(page("/datasets?after=ocean.nc"), (serde_json::json!([]), String::new()));
        let refused = server.get("/datasets?limit=10001");
        let detail = refused.json()["detail"].to_string();
        assert!(refused.status == 400 && detail.contains("from 1 to 10000"), "{detail}");
    });
}

#[test]
fn strides_include_their_stop() {
    both(&[], |server, _| {
        let reply = server.get("/datasets/ocean.nc/opendap.dods?lat%5b0:2:2%5D");
        assert_eq!(floats(xdr(&reply.body)), [1.0, 3.0]);
        let reply = server.get("/datasets/ocean.nc/opendap.dods?x[0:2:9]");
        let doubles =
            xdr(&reply.body)[8..].chunks(8).map(|eight| f64::from_be_bytes(eight.try_into().unwrap()));
        assert_eq!(doubles.collect::<Vec<_>>(), [1.0, 3.0, 5.0, 7.0, 9.0]);
        let reply = server.get("/datasets/ocean.nc/opendap.dods?sst[1:1:2][0:3:3]");
        assert_eq!(floats(xdr(&reply.body)), [5.0, 8.0, 9.0, 12.0]);
    });
}

#[test]
fn each_variable_has_a_slab_of_its_own() {
    both(&[], |server, _| {
        let reply = server.get("/datasets/ocean.nc/opendap.dods?lat[1:2],lon[0:0]");
        let (lat, lon) = xdr(&reply.body).split_at(16);
        assert_eq!((floats(lat), floats(lon)), (vec![2.0, 3.0], vec![1.0]));
        let dds = server.get("/datasets/ocean.nc/opendap.dds?lat[1:2],lon[0:0]").text();
        assert!(dds.contains("Float32 lat[lat = 2];") && dds.contains("Float32 lon[lon = 1];"), "{dds}");
    });
}

#[test]
fn refusals_come_with_a_status_and_a_reason() {
    let check = |server: &Server, target: &str, status: u16, words: &[&str]| {
        let reply = server.get(target);
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        assert!(words.iter().all(|word| reply.text().contains(word)), "{target}: {}", reply.text());
        let dap = target.contains("opendap");
        assert_eq!(reply.text().starts_with("Error {"), dap, "{}", reply.text());
        assert_eq!(reply.header("content-description"), if dap { "dods-error" } else { "" });
    };
    both(&["--max-response", "40"], |server, _| {
        check(server, "/datasets/none.nc/opendap.dds", 404, &["none.nc"]);
        check(server, "/datasets/none.nc/zarr/.zmetadata", 404, &["none.nc"]);
        check(server, "/datasets/ocean.nc/zarr/none/.zarray", 404, &[]);
        check(server, "/datasets/ocean.nc/zarr/lat/1", 404, &[]);
        check(server, "/datasets/ocean.nc/zarr/lat/0.0", 404, &[]);
        check(server, "/nowhere", 404, &["/nowhere"]);
        check(server, "/datasets/ocean.nc/opendap.dods?lat[0", 400, &["byte"]);
        check(server, "/datasets/ocean.nc/opendap.dods?none", 400, &["none"]);
        check(server, "/datasets/ocean.nc/opendap.dods?sst[0][9]", 400, &["1", "9", "4"]);
        check(server, "/datasets/ocean.nc/opendap.dods?sst[0]", 400, &["1", "2"]);
        check(server, "/datasets/ocean.nc/opendap.dods?lat[2:1]", 400, &[]);
        check(server, "/datasets/ocean.nc/opendap.dods?lat[0:0:2]", 400, &[]);
        check(server, "/datasets/ocean.nc/opendap.dods?lat[0:99999999999999999999]", 400, &[]);
        check(server, "/datasets/ocean.nc/opendap.dods?sst", 413, &["40 bytes"]);
        check(server, "/datasets/%ff/x", 400, &["UTF-8"]);
    });
}

#[test]
fn more_than_can_be_is_refused_before_anything_is_read() {
    both(&[], |server, data| {
        let header = Netcdf3::new().dimension("y", 100_000).dimension("x", 100_000);
        let header = header.variable("v", &["y", "x"], &[], Values::Int16(vec![])).bytes();
        std::fs::write(data.join("ocean.nc"), &header).unwrap();
        // 20 GB, none of which are stored.
        let file = std::fs::File::options().write(true).open(data.join("ocean.nc")).unwrap();
        file.set_len(header.len() as u64 + 20_000_000_000).unwrap();
        let mut client = server.client();
        for (target, limit) in [("?v", "4294967295"), ("?v[0:29999][0:99999]", "524288000 bytes")] {
            let reply = client.get(&format!("/datasets/ocean.nc/opendap.dods{target}"));
            assert_eq!(reply.status, 413, "{}", reply.text());
            assert!(reply.text().contains(limit), "{}", reply.text());
        }
        assert_eq!(xdr(&client.get("/datasets/ocean.nc/opendap.dods?v[99999][99999]").body)[8..], [0; 4]);
    });
}

#[test]
fn head_answers_as_get_does() {
    both(&[], |server, _| {
        let targets = [
            "/datasets",
            "/health",
            "/datasets/ocean.nc/opendap",
            "/datasets/ocean.nc/opendap.das",
            "/datasets/ocean.nc/opendap.dods?sst",
            "/datasets/ocean.nc/zarr/.zmetadata",
            "/datasets/ocean.nc/zarr/zarr.json",
            "/datasets/ocean.nc/zarr/sst/0.0",
            "/datasets/ocean.nc/zarr/none",
        ];
        let mut client = server.client();
        for target in targets {
            let head = client.head(target);
            let get = client.get(target);
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{target}");
            for name in
                ["content-length", "content-type", "etag", "cache-control", "accept-ranges", "xdods-server"]
            {
                assert_eq!(head.header(name), get.header(name), "{name} of {target}");
            }
        }
    });
}

#[test]
fn chunks_are_served_in_ranges() {
    both(&[], |server, _| {
        let mut client = server.client();
        let target = "/datasets/ocean.nc/zarr/sst/0.0";
        let whole = client.get(target);
        assert_eq!((whole.status, whole.body.len()), (200, 48));
        assert_eq!(whole.header("accept-ranges"), "bytes");
        let mut check = |range: &str, status: u16, expected: &[u8], content_range: &str| {
            let reply = client.send("GET", target, &[&format!("Range: {range}")]);
            assert_eq!((reply.status, reply.body.as_slice()), (status, expected), "{range}");
            assert_eq!(reply.header("content-range"), content_range, "{range}");
        };
        check("bytes=4-7", 206, &whole.body[4..8], "bytes 4-7/48");
        check("bytes=-8", 206, &whole.body[40..], "bytes 40-47/48");
        check("bytes=40-1000", 206, &whole.body[40..], "bytes 40-47/48");
        check("bytes=48-", 416, &[], "bytes */48");
        check("bytes=0-1,4-5", 200, &whole.body, "");
    });
}

#[test]
fn tags_follow_the_data() {
    both(&[], |server, data| {
        let mut client = server.client();
        let targets = ["/datasets/ocean.nc/zarr/.zmetadata", "/datasets/ocean.nc/opendap.das"];
        for target in targets {
            let first = client.get(target);
            let tag = first.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
            let line = format!("If-None-Match: {tag}");
            let again = client.send("GET", target, &[&line]);
            assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
        }
        let before: Vec<String> = targets.iter().map(|t| client.get(t).header("etag").to_owned()).collect();
        assert_ne!(before[0], before[1]);
        let changed = ocean().attribute("history", "changed").bytes();
        std::fs::write(data.join("new"), changed).unwrap();
        std::fs::rename(data.join("new"), data.join("ocean.nc")).unwrap();
        for (target, tag) in targets.iter().zip(before) {
            let reply = client.send("GET", target, &[&format!("If-None-Match: {tag}")]);
            assert_eq!(reply.status, 200, "{target}");
            assert!(reply.text().contains("changed") && reply.header("etag") != tag, "{}", reply.text());
        }
    });
}

#[test]
fn a_truncated_file_is_an_error_before_the_first_byte() {
    both(&[], |server, data| {
        let whole = ocean().bytes();
        assert_eq!(server.get("/datasets/ocean.nc/opendap.dods?sst").status, 200);
        for length in [whole.len() - 20, whole.len() / 2, 40, 4, 0] {
            std::fs::write(data.join("ocean.nc"), &whole[..length]).unwrap();
            for target in ["opendap.dods", "opendap.dods?name", "zarr/name/0.0"] {
                let reply = server.get(&format!("/datasets/ocean.nc/{target}"));
                assert!(reply.status >= 500, "{length} bytes, {target}: {} {}", reply.status, reply.text());
                assert!(reply.complete);
            }
        }
        std::fs::remove_file(data.join("ocean.nc")).unwrap();
        assert_eq!(server.get("/datasets/ocean.nc/opendap.dods?sst").status, 404);
    });
}

#[test]
fn other_origins_may_read() {
    both(&[], |server, _| {
        let mut client = server.client();
        let lines = ["Origin: https://viewer.example", "Access-Control-Request-Method: GET"];
        for target in ["/datasets/ocean.nc/zarr/sst/0.0", "/datasets"] {
            let preflight = client.send("OPTIONS", target, &lines);
            assert_eq!(
                (preflight.status, preflight.header("access-control-allow-origin")),
                (204, "*"),
                "{target}"
            );
            assert!(preflight.header("access-control-allow-headers").contains("Range"), "{target}");
            let reply = client.send("GET", target, &lines[..1]);
            assert_eq!(reply.header("access-control-allow-origin"), "*");
            assert!(reply.header("access-control-expose-headers").contains("ETag"));
        }
        let post = client.send("POST", "/datasets/ocean.nc/opendap.dds", &["Content-Length: 0"]);
        assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
        let post = client.send("POST", "/health", &["Content-Length: 0"]);
        assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    });
}

#[test]
fn paths_never_leave_the_data() {
    both(&[], |server, data| {
        let outside = data.parent().unwrap().join(format!("outside-{}.nc", server.pid()));
        std::fs::write(&outside, ocean().bytes()).unwrap();
        let name = outside.file_name().unwrap().to_str().unwrap();
        for up in ["..", "%2e%2e", "%252e%252e", ".%2e", "deep/../..", "..%2f..", "/.", "%00"] {
            for target in ["opendap.dds", "zarr/.zmetadata"] {
                let reply = server.get(&format!("/datasets/{up}/{name}/{target}"));
                assert_eq!(reply.status, 404, "{up}");
            }
        }
        std::fs::remove_file(outside).unwrap();
    });
}

/// A Zarr store with one array of four 16-bit numbers in two chunks, which are not encoded.
fn zarr_store(folder: &Path, first: [i16; 2]) {
    std::fs::create_dir_all(folder.join("v")).unwrap();
    std::fs::write(folder.join(".zgroup"), r#"{"zarr_format":2}"#).unwrap();
    let array = r#"{"zarr_format":2,"shape":[4],"chunks":[2],"dtype":"<i2","order":"C","fill_value":0,"filters":null,"compressor":null}"#;
    std::fs::write(folder.join("v/.zarray"), array).unwrap();
    let chunk = |numbers: [i16; 2]| numbers.map(i16::to_le_bytes).concat();
    std::fs::write(folder.join("v/0"), chunk(first)).unwrap();
    std::fs::write(folder.join("v/1"), chunk([3, 4])).unwrap();
}

#[test]
fn a_zarr_chunk_that_is_rewritten_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.zarr");
    zarr_store(&store, [1, 2]);
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let values = || {
        let reply = server.get("/datasets/store.zarr/opendap.dods?v");
        assert_eq!((reply.status, reply.header("etag")), (200, ""), "nothing says that it stays the same");
        let numbers =
            xdr(&reply.body)[8..].chunks(4).map(|four| i32::from_be_bytes(four.try_into().unwrap()));
        numbers.collect::<Vec<i32>>()
    };
    assert_eq!(values(), [1, 2, 3, 4]);
    // Only the chunk is written: the store's metadata stays as it is.
    zarr_store(&store, [101, 102]);
    assert_eq!(values(), [101, 102, 3, 4]);
    assert_eq!(server.get("/datasets/store.zarr/zarr/v/0").body[..4], [101, 0, 102, 0]);
    server.stop(&[]);
}
