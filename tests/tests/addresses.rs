//! Addresses as clients write them: where other servers have their datasets, and characters that a URL should not have.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use weir_tests::{Mode, Netcdf3, Reply, Server, Values};

/// A folder with `d.nc`, `d.nc.dds` and `deep/d e.nc`: the variable `x` with values from 1, 11 and 21 on.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    for (name, first) in [("d.nc", 1), ("d.nc.dds", 11), ("deep/d e.nc", 21)] {
        let values = Values::Int16((first..first + 3).collect());
        let file = Netcdf3::new().dimension("x", 3).variable("x", &["x"], &[("name", name)], values);
        std::fs::write(folder.path().join(name), file.bytes()).unwrap();
    }
    folder
}

#[test]
fn datasets_are_where_other_servers_have_them() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        for (id, own) in [("d.nc", "d.nc"), ("deep/d%20e.nc", "deep/d e.nc"), ("d.nc.dds", "d.nc.dds")] {
            for suffix in [".dds", ".das", ".dods?x", ".dods?x[1]", ".ver", ""] {
                let ours = server.get(&format!("/datasets/{id}/opendap{suffix}"));
                assert_eq!(ours.status, 200, "{id}{suffix}: {}", ours.text());
                for address in ["/thredds/dodsC/", "/opendap/"] {
                    // With a suffix, one of the datasets has the name of another one's resource.
                    let taken = id == "d.nc" && suffix == ".dds";
                    let theirs = server.get(&format!("{address}{id}{suffix}"));
                    assert_eq!(theirs.status, 200, "{address}{id}{suffix}: {}", theirs.text());
                    // What lies at the bare address names it.
                    let same = !taken && !suffix.is_empty();
                    assert_eq!(theirs.body == ours.body, same, "{address}{id}{suffix}");
                    let description = if taken { "" } else { ours.header("content-description") };
                    assert!(
                        theirs.header("content-description").contains(description),
                        "{address}{id}{suffix}"
                    );
                }
            }
            assert!(server.get(&format!("/opendap/{id}.das")).text().contains(own), "{id}");
        }
        // What is no dataset is the protocol's own error, and so is a method that it does not know.
        for target in ["/opendap/none.nc.dods?x", "/thredds/dodsC/no/ne.nc.das", "/opendap/none.nc"] {
            let reply = server.get(target);
            assert_eq!((reply.status, reply.header("content-description")), (404, "dods-error"), "{target}");
            assert!(
                reply.text().contains("none.nc") || reply.text().contains("no/ne.nc"),
                "{}",
                reply.text()
            );
        }
        let head = server.client().head("/thredds/dodsC/d.nc.dods?x");
        let get = server.get("/thredds/dodsC/d.nc.dods?x");
        assert_eq!((head.status, head.header("content-length")), (200, get.header("content-length")));
        for nothing in ["/opendap", "/opendap/", "/thredds/dodsC/"] {
            assert_eq!(server.get(nothing).status, 404, "{nothing}");
        }
        server.stop(&[]);
    }
}

/// Sends bytes as they are and reads until the server closes, or a whole response is there.
fn raw(server: &Server, target: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = [b"GET ", target, b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"].concat();
    stream.write_all(&request).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Reply { status, headers, body: bytes[at + 4..].to_vec(), complete: true }
}

#[test]
fn characters_are_taken_raw() {
    let folder = folder();
    let odd = "deep/[a]{b}|<c>\"d\"^`~'é.nc";
    std::fs::copy(folder.path().join("d.nc"), folder.path().join(odd)).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let expected = server.get("/opendap/d.nc.dods?x%5B1:2%5D").body;
    for target in ["?x[1:2]", "?x%5b1:2]", "?x[1:2%5D", "?x%5B1%3a2%5d"] {
        assert_eq!(raw(&server, format!("/opendap/d.nc.dods{target}").as_bytes()).body, expected, "{target}");
    }
    // The whole of an id, and of a query that is not looked at.
    let attributes = raw(&server, format!("/opendap/{odd}.das").as_bytes());
    assert_eq!(
        (attributes.status, attributes.text().contains("\"d.nc\"")),
        (200, true),
        "{}",
        attributes.text()
    );
    assert_eq!(raw(&server, format!("/datasets/{odd}/opendap.das?{odd}").as_bytes()).body, attributes.body);
    // Each character alone: with it raw the same happens as with it percent-encoded.
    let characters = (0x21..0x7f_u8).filter(|byte| !b"#%&+?".contains(byte));
    for byte in characters {
        let character = char::from(byte);
        for (before, after) in
            [("/opendap/d.nc.dods?x", ""), ("/opendap/d.nc.das?", "=1"), ("/opendap/", ".das")]
        {
            let sent = raw(&server, format!("{before}{character}{after}").as_bytes());
            let encoded = raw(&server, format!("{before}%{byte:02X}{after}").as_bytes());
            // Some characters mean something in a query where they stand raw, so the reason may be another one.
            assert_eq!(sent.status, encoded.status, "{before}{character}{after}: {}", sent.text());
            assert!([200, 400, 404].contains(&sent.status), "{before}{character}{after}: {}", sent.status);
            if sent.status != 200 {
                assert_eq!(sent.header("content-description"), "dods-error", "{}", sent.text());
            }
        }
    }
    server.stop(&[]);
}

#[test]
fn what_cannot_be_taken_raw_is_answered_with_how_to_write_it() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    for byte in (1..=0x20_u8).chain([0x7f]).filter(|byte| *byte != b'\n') {
        for target in ["/opendap/d.nc.dods?x?y", "/opendap/deep/d?e.nc.das", "/?health", "/health?a?"] {
            let raw_target: Vec<u8> = target
                .rsplitn(2, '?')
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .map(str::as_bytes)
                .collect::<Vec<_>>()
                .join(&byte);
            let reply = raw(&server, &raw_target);
            assert_eq!(reply.status, 400, "{byte:#x} in {target}: {}", reply.text());
            assert!(reply.text().contains("%20"), "{byte:#x} in {target}: {}", reply.text());
            let description = if target.starts_with("/opendap") { "dods-error" } else { "" };
            assert_eq!(reply.header("content-description"), description, "{target}");
        }
    }
    // Bytes that are no UTF-8 are refused in a path. A line break ends the request line; that is answered, too.
    let latin = raw(&server, b"/opendap/\xe9.nc.dds");
    assert!(latin.status == 400 && latin.text().contains("UTF-8"), "{}", latin.text());
    assert_eq!(raw(&server, b"/opendap/d.nc.dods?x\ny").status, 400);
    assert_eq!(server.get("/opendap/d.nc.dds").status, 200);
    server.stop(&[]);
}

#[test]
fn requests_on_one_connection_are_mended_each() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    let mut client = server.client();
    let expected = client.get("/opendap/d.nc.das");
    for _ in 0..3 {
        client.start("GET", "/opendap/d.nc.das?\"<", &[]);
        client.start("HEAD", "/opendap/d.nc.das?>`", &[]);
        client.start("GET", "/opendap/d.nc.das?<>", &["X-Quoted: \"<>\""]);
        assert_eq!(client.read("GET").body, expected.body);
        assert_eq!(client.read("HEAD").header("content-length"), expected.header("content-length"));
        assert_eq!(client.read("GET").body, expected.body);
    }
    // Behind a body no request line is looked for; what stands in a body is not touched.
    client.start("POST", "/opendap/d.nc.das?<>", &["Content-Length: 24"]);
    client.write(b"GET /<> HTTP/1.1\r\n\r\n....");
    assert_eq!(client.read("POST").status, 405);
    server.stop(&[]);
}
