//! Bodies that are compressed on their way: only for clients that ask, only where it pays, and never cut without a sign.

use std::io::Read;
use std::path::Path;

use weir_tests::{Mode, Netcdf3, Reply, Server, Values};

/// `d.nc` has small and middling variables, `large.nc` 18 MiB of numbers that repeat and 18 MiB that look like noise.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let middling: Vec<i16> = (0..60_000).map(|n| (n / 7) as i16 + 1).collect();
    let file = Netcdf3::new()
        .dimension("x", 60_000)
        .dimension("y", 3)
        .attribute("history", &"a long story, told again and again; ".repeat(60))
        .variable("middling", &["x"], &[], Values::Int16(middling))
        .variable("small", &["y"], &[], Values::Float32(vec![1.0, 2.0, 3.0]));
    std::fs::write(folder.path().join("d.nc"), file.bytes()).unwrap();
    let count = 9 << 19;
    let mut state = 1_u32;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from_bits(0x3f80_0000 | state >> 9)
    };
    let file = Netcdf3::new()
        .dimension("x", count)
        .variable("steps", &["x"], &[], Values::Float32((0..count).map(|n| (n / 16 + 1) as f32).collect()))
        .variable("noise", &["x"], &[], Values::Float32((0..count).map(|_| noise()).collect()));
    std::fs::write(folder.path().join("large.nc"), file.bytes()).unwrap();
    folder
}

/// A body without its coding; fails where the coded body has no proper end.
fn decoded(reply: &Reply) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let body = reply.body.as_slice();
    match reply.header("content-encoding") {
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut out)?,
        "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut out)?,
        "zstd" => zstd::stream::read::Decoder::new(body)?.read_to_end(&mut out)?,
        coding => {
            assert_eq!(coding, "");
            out.extend(body);
            0
        }
    };
    Ok(out)
}

const CODINGS: [&str; 3] = ["gzip", "deflate", "zstd"];

#[test]
fn clients_get_what_they_ask_for() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        let mut client = server.client();
        let mut check = |target: &str, most: f64| {
            let plain = client.get(target);
            assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{target}");
            assert_eq!(plain.header("vary"), "accept-encoding", "{target}");
            for coding in CODINGS {
                let line = format!("Accept-Encoding: br, {coding}");
                // Twice: what is kept is the same.
                for _ in 0..if plain.body.len() < 1 << 20 { 2 } else { 1 } {
                    let coded = client.send("GET", target, &[&line]);
                    assert!(
                        coded.complete && coded.header("content-encoding") == coding,
                        "{coding} {target}"
                    );
                    assert_eq!(coded.header("vary"), "accept-encoding", "{coding} {target}");
                    assert_eq!(coded.header("content-type"), plain.header("content-type"));
                    let tag = plain.header("etag").trim_end_matches('"').to_owned();
                    assert_eq!(coded.header("etag"), format!("{tag}-{coding}\""), "{coding} {target}");
                    assert!(decoded(&coded).unwrap() == plain.body, "{coding} {target}");
                    let (had, has) = (plain.body.len() as f64, coded.body.len() as f64);
                    assert!(has < had * most, "{coding} {target}: {has} of {had} bytes");
                }
            }
        };
        check("/datasets/d.nc/opendap.das", 0.2);
        check("/datasets/d.nc/zarr/.zmetadata", 0.6);
        check("/datasets/d.nc/opendap.dods?middling", 0.5);
        if mode == Mode::LinkedIn {
            check("/thredds/dodsC/large.nc.dods?steps", 0.5);
            check("/thredds/dodsC/large.nc.dods?noise", 1.001);
        }
        server.stop(&[]);
    }
}

#[test]
fn what_is_small_or_compressed_or_asked_in_parts_is_left_alone() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    let all = "Accept-Encoding: gzip, deflate, br, zstd";
    let plain = |reply: &Reply, what: &str| {
        assert_eq!((reply.header("content-encoding"), reply.complete), ("", true), "{what}");
        assert!(!reply.header("content-length").is_empty(), "{what}");
    };
    for target in ["opendap.dds", "opendap.dods?small", "zarr/middling/0", "opendap.ver"] {
        let reply = client.send("GET", &format!("/datasets/d.nc/{target}"), &[all]);
        assert_eq!(reply.status, 200, "{target}");
        plain(&reply, target);
    }
    // A raw chunk has one form only, so its tag and its ranges are the same for everybody.
    let chunk = client.send("GET", "/datasets/d.nc/zarr/middling/0", &[all]);
    assert_eq!((chunk.header("vary"), chunk.header("accept-ranges")), ("", "bytes"));
    let part = client.send("GET", "/datasets/d.nc/zarr/middling/0", &[all, "Range: bytes=0-1999"]);
    assert_eq!((part.status, part.body.len()), (206, 2000));
    plain(&part, "a range");
    // Errors, and clients that do not ask, want none, or speak HTTP/1.0.
    let error = client.send("GET", &format!("/opendap/d.nc.dods?{}", "x".repeat(3000)), &[all]);
    assert_eq!((error.status, error.header("content-encoding")), (400, ""));
    for lines in [
        &[][..],
        &["Accept-Encoding: identity"],
        &["Accept-Encoding: gzip;q=0, *;q=0"],
        &["Accept-Encoding:"],
    ] {
        plain(&client.send("GET", "/datasets/d.nc/opendap.das", lines), &format!("{lines:?}"));
    }
    let lines = ["Accept-Encoding: gzip;q=0.1", "Accept-Encoding: deflate;q=0.2"];
    let reply = client.send("GET", "/datasets/d.nc/opendap.das", &lines);
    assert_eq!(reply.header("content-encoding"), "deflate");
    server.stop(&[]);
}

#[test]
fn tags_of_all_codings_are_known() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    for target in ["/datasets/d.nc/opendap.das", "/datasets/large.nc/opendap.dods?steps"] {
        // No date is told in the second in which the file was written.
        drop(client.dated(target));
        let mut tags = vec![client.head(target).header("etag").to_owned()];
        for coding in CODINGS {
            let line = format!("Accept-Encoding: {coding}");
            let (head, get) = (client.send("HEAD", target, &[&line]), client.send("GET", target, &[&line]));
            for name in ["content-encoding", "etag", "vary", "content-type", "last-modified", "cache-control"]
            {
                assert_eq!(head.header(name), get.header(name), "{name} of {target}");
            }
            // A length is told where it is known without making the body.
            let length = head.header("content-length");
            assert!(length == get.header("content-length"), "{target}: {length}");
            tags.push(get.header("etag").to_owned());
        }
        for tag in &tags {
            assert_eq!(tags.iter().filter(|other| *other == tag).count(), 1, "{tags:?}");
            for coding in CODINGS {
                let lines = [format!("If-None-Match: \"x\", W/{tag}"), format!("Accept-Encoding: {coding}")];
                let reply = client.send("GET", target, &[&lines[0], &lines[1]]);
                assert_eq!((reply.status, reply.header("etag")), (304, tag.as_str()), "{target}");
                assert_eq!(reply.header("vary"), "accept-encoding");
            }
        }
    }
    // A new state has new tags in all codings.
    let target = "/datasets/d.nc/opendap.das";
    let old = client.send("GET", target, &["Accept-Encoding: gzip"]).header("etag").to_owned();
    let file = Netcdf3::new().attribute("history", &"another story; ".repeat(200)).bytes();
    std::fs::write(folder.path().join("new"), file).unwrap();
    std::fs::rename(folder.path().join("new"), folder.path().join("d.nc")).unwrap();
    let reply = client.send("GET", target, &["Accept-Encoding: gzip", &format!("If-None-Match: {old}")]);
    assert_eq!((reply.status, reply.header("content-encoding")), (200, "gzip"));
    assert!(String::from_utf8_lossy(&decoded(&reply).unwrap()).contains("another story"));
    server.stop(&[]);
}

#[test]
fn a_site_may_do_without() {
    let folder = folder();
    let configuration = folder.path().join("weir.toml");
    std::fs::write(&configuration, "[server]\ncompression = \"off\"\n").unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &["--config", configuration.to_str().unwrap()]);
    let reply = server.client().send("GET", "/datasets/d.nc/opendap.das", &["Accept-Encoding: gzip, zstd"]);
    assert_eq!((reply.status, reply.header("content-encoding")), (200, ""));
    server.stop(&[]);
}

/// A plugin whose body panics after some of it was sent.
fn late_panic(into: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = root.join("target/examples/rust-panics");
    let mut build = std::process::Command::new(env!("CARGO"));
    build.args(["build", "-q"]).current_dir(root.join("plugin-api/examples/rust-panics"));
    assert!(build.env("CARGO_TARGET_DIR", &target).status().unwrap().success());
    std::fs::copy(target.join("debug/librust_panics.so"), into.join("rust-panics.so")).unwrap();
}

#[test]
fn a_body_that_breaks_off_breaks_off_compressed_too() {
    let (folder, plugins) = (folder(), tempfile::tempdir().unwrap());
    late_panic(plugins.path());
    let server =
        Server::start(Mode::LinkedIn, folder.path(), &["--plugins", plugins.path().to_str().unwrap()]);
    for coding in CODINGS {
        let mut client = server.client();
        client.start("GET", "/datasets/d.nc/panic-late", &[&format!("Accept-Encoding: {coding}")]);
        // The connection may end before its head has left the server, and it may be an error before anything was sent.
        if let Some(mut late) = client.read_head_or_end() {
            client.read_body(&mut late);
            assert!(late.status == 500 || !late.complete, "{coding}: {}", late.status);
            if late.status == 200 {
                assert_eq!(late.header("content-encoding"), coding);
                assert!(decoded(&late).is_err(), "{coding}: it looks whole");
            }
        }
        // A file that is changed while it is sent.
        let path = folder.path().join("large.nc");
        let whole = std::fs::read(&path).unwrap();
        let mut client = server.client();
        client.start("GET", "/datasets/large.nc/opendap.dods", &[&format!("Accept-Encoding: {coding}")]);
        let mut reply = client.read_head();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(whole.len() as u64 / 2).unwrap();
        client.read_body(&mut reply);
        assert_eq!((reply.status, reply.complete, reply.header("content-encoding")), (200, false, coding));
        assert!(decoded(&reply).is_err(), "{coding}: it looks whole");
        std::fs::write(&path, whole).unwrap();
    }
    server.stop(&["body broken off", "request failed"]);
}
