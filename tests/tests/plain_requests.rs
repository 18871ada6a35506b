//! Plain requests, which take a short way through the server: they are answered as all others are, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use weir_tests::{Mode, Netcdf3, Server, Values};

/// One connection, over which bytes go as they are.
struct Wire(BufReader<TcpStream>);

impl Wire {
    fn new(server: &Server) -> Self {
        let stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(BufReader::new(stream))
    }

    fn write(&mut self, bytes: &str) {
        self.0.get_mut().write_all(bytes.as_bytes()).unwrap();
    }

    /// The head and the body of a response; `None` where the connection ends instead.
    fn read(&mut self) -> Option<(String, Vec<u8>)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
        }
        let mut body = Vec::new();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let left: u64 = length.map_or(0, |length| length.parse().unwrap());
        self.0.by_ref().take(left).read_to_end(&mut body).unwrap();
        assert_eq!(body.len() as u64, left, "{head}");
        Some((head, body))
    }

    /// The response to a `GET`, with its id and its date, which differ, taken out.
    fn get(&mut self, target: &str, lines: &str) -> (String, Vec<u8>) {
        self.write(&format!("GET {target} HTTP/1.1\r\nHost: weir.test\r\n{lines}\r\n"));
        let (head, body) = self.read().expect("a response");
        let stays = |line: &&str| !line.starts_with("x-request-id: ") && !line.starts_with("date: ");
        let lines: Vec<&str> =
            head.split("\r\n").map(|line| Some(line).filter(stays).unwrap_or("...")).collect();
        (lines.join("\r\n"), body)
    }

    /// Whether the server has closed the connection, and said no more.
    fn is_over(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).is_ok() && rest.is_empty()
    }
}

/// 400,000 numbers, from `first` on.
fn large(path: &Path, first: usize) {
    let numbers = (first..first + 400_000).map(|number| number as f32).collect();
    let file = Netcdf3::new().dimension("x", 400_000).variable("v", &["x"], &[], Values::Float32(numbers));
    std::fs::write(path, file.bytes()).unwrap();
}

/// A folder with one file, and a server that has been serving it for so long that its date is told.
fn start(mode: Mode) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    large(&folder.path().join("d.nc"), 1);
    let server = Server::start(mode, folder.path(), &[]);
    server.client().dated("/datasets/d.nc/opendap.dds");
    (folder, server)
}

const TARGETS: [&str; 8] = [
    "/datasets/d.nc/opendap.dds",
    "/datasets/d.nc/opendap.das",
    "/datasets/d.nc/opendap.dods?v[0:1:9]",
    "/datasets/d.nc/zarr/.zmetadata",
    "/datasets/d.nc/zarr/v/.zarray",
    "/datasets/d.nc/zarr/v/0",
    "/datasets/d.nc/zarr/v/1",
    "/datasets/d%2enc/opendap.dds",
];

#[test]
fn plain_requests_are_answered_as_all_others_are() {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let (_folder, server) = start(mode);
        let (mut plain, mut other) = (Wire::new(&server), Wire::new(&server));
        for target in TARGETS {
            for lines in [
                "",
                "Accept-Encoding: gzip, deflate\r\n",
                "accept-encoding: zstd;q=0.5, *\r\n",
                "Origin: http://a.test\r\nUser-Agent: b\r\n",
            ] {
                // A header of which nobody knows makes a request one that is not plain.
                let expected = other.get(target, &format!("{lines}X-Unknown: 1\r\n"));
                for time in 1..=4 {
                    let given = plain.get(target, lines);
                    assert_eq!(given.0, expected.0, "{target} {lines:?} for the {time}. time");
                    assert!(given.1 == expected.1, "{target} {lines:?} for the {time}. time: another body");
                }
                assert_eq!(other.get(target, &format!("{lines}X-Unknown: 1\r\n")), expected);
            }
        }
        server.stop(&[]);
    }
}

#[test]
fn each_has_its_id_and_its_line_in_the_log() {
    let (_folder, server) = start(Mode::LinkedIn);
    let mut wire = Wire::new(&server);
    let mut ids = Vec::new();
    for target in ["/datasets/d.nc/zarr/v/0", "/datasets/d.nc/opendap.dds"] {
        for _ in 0..4 {
            wire.write(&format!("GET {target} HTTP/1.1\r\nHost: weir.test\r\n\r\n"));
            let (head, body) = wire.read().unwrap();
            let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned();
            let (request, bytes) = (format!("request=\"GET {target}\""), format!("bytes={} ", body.len()));
            assert!(server.logged(&format!("id=\"{id}\"")), "{id}");
            let log = server.log();
            let line = log.lines().find(|line| line.contains(&format!("id=\"{id}\""))).unwrap();
            let whole = [request.as_str(), &bytes, "status=200", "complete=true"];
            assert!(whole.iter().all(|part| line.contains(part)), "{whole:?}: {line}");
            assert!(!ids.contains(&id), "{id} names two requests");
            ids.push(id);
        }
    }
    server.stop(&[]);
}

#[test]
fn another_file_gives_other_bytes_at_once() {
    let (folder, server) = start(Mode::LinkedIn);
    let mut wire = Wire::new(&server);
    for first in [1, 1001, 5] {
        let path = folder.path().join("d.nc");
        // In place, and as another file.
        if first == 5 {
            let new = folder.path().join("new");
            large(&new, first);
            std::fs::rename(new, path).unwrap();
        } else {
            large(&path, first);
        }
        for _ in 0..3 {
            let (head, body) = wire.get("/datasets/d.nc/zarr/v/0", "");
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            assert!(body.len() > 300_000, "{}", body.len());
            for (at, number) in body.chunks_exact(4).enumerate() {
                assert_eq!(number, ((first + at) as f32).to_be_bytes(), "number {at} from {first} on");
            }
        }
    }
    server.stop(&[]);
}

#[test]
fn several_requests_at_once_are_answered_in_turn() {
    let (_folder, server) = start(Mode::LinkedIn);
    let mut wire = Wire::new(&server);
    let targets = [TARGETS[0], "/nothing", TARGETS[5], TARGETS[3], TARGETS[2], "/health", TARGETS[1]];
    let expected: Vec<Vec<u8>> = targets.iter().map(|target| server.get(target).body).collect();
    for lines in ["", "X-Unknown: 1\r\n"] {
        let all: String = targets
            .iter()
            .map(|target| format!("GET {target} HTTP/1.1\r\nHost: weir.test\r\n{lines}\r\n"))
            .collect();
        wire.write(&all);
        for (target, expected) in targets.iter().zip(&expected) {
            let (head, body) = wire.read().unwrap();
            // What says how the server is, and which request failed, differs each time.
            let same = body == *expected || *target == "/nothing" || *target == "/health";
            assert!(same, "{target}: {head}");
            assert_eq!(head.starts_with("HTTP/1.1 404 "), *target == "/nothing", "{head}");
        }
    }
    server.stop(&[]);
}

#[test]
fn what_could_be_two_requests_is_one_or_none() {
    let (_folder, server) = start(Mode::LinkedIn);
    let inner = "GET /datasets/d.nc/opendap.das HTTP/1.1\r\nHost: weir.test\r\n\r\n";
    let length = inner.len();
    let begin = "GET /datasets/d.nc/opendap.dds HTTP/1.1\r\nHost: weir.test\r\n";
    let end = "GET /datasets/d.nc/zarr/.zmetadata HTTP/1.1\r\nHost: weir.test\r\nConnection: close\r\n\r\n";
    let (dds, zmetadata) = (server.get(TARGETS[0]).body, server.get(TARGETS[3]).body);
    // The headers, what stands behind them, and the status of the first response.
    let cases = [
        (format!("Content-Length: {length}\r\n\r\n{inner}"), 200),
        (format!("content-length : {length}\r\n\r\n{inner}"), 400),
        (format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n"), 200),
        (format!("X: a\r\n b\r\n\r\n{inner}"), 400),
        (format!("X: a\0b\r\n\r\n{inner}"), 400),
        (format!("Connection: close\r\n\r\n{inner}"), 200),
        (format!("Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{inner}"), 400),
    ];
    for (rest, expected) in cases {
        // Once as it comes, and once behind a plain request over the same connection.
        for before in [0, 1] {
            let mut wire = Wire::new(&server);
            for _ in 0..before {
                assert!(wire.get("/datasets/d.nc/opendap.dds", "").0.starts_with("HTTP/1.1 200 "));
            }
            wire.write(&format!("{begin}{rest}{end}"));
            let (head, body) = wire.read().unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{rest:?}: {head}");
            assert!(expected != 200 || body == dds, "{rest:?}: {head}");
            let mut behind = std::iter::from_fn(|| wire.read());
            assert!(
                behind.next().is_none_or(|(_, body)| body == zmetadata),
                "{rest:?}: the inner request is answered"
            );
            assert!(behind.next().is_none(), "{rest:?}");
        }
    }
    server.stop(&[]);
}

#[test]
fn heads_may_come_byte_by_byte() {
    let (_folder, server) = start(Mode::LinkedIn);
    let mut wire = Wire::new(&server);
    let expected = wire.get(TARGETS[0], "").1;
    for request in [
        format!("GET {} HTTP/1.1\r\nHost: weir.test\r\n\r\n", TARGETS[0]),
        format!("GET {} HTTP/1.1\nHost: weir.test\n\n", TARGETS[0]),
        format!("\r\nGET {} HTTP/1.1\r\nHost: weir.test\r\nX: {}\r\n\r\n", TARGETS[0], "x".repeat(10_000)),
    ] {
        let mut wire = Wire::new(&server);
        wire.0.get_mut().set_nodelay(true).unwrap();
        request.bytes().take(200).for_each(|byte| wire.0.get_mut().write_all(&[byte]).unwrap());
        wire.write(request.get(200..).unwrap_or_default());
        assert_eq!(wire.read().unwrap().1, expected, "{request:?}");
    }
    server.stop(&[]);
}

#[test]
fn idle_connections_end_when_the_server_stops() {
    let (_folder, server) = start(Mode::LinkedIn);
    let mut wires: Vec<Wire> = (0..3).map(|_| Wire::new(&server)).collect();
    // One has been used for a plain request, one for another one, and one has sent half a head.
    wires[0].get(TARGETS[0], "");
    wires[1].get(TARGETS[0], "X-Unknown: 1\r\n");
    wires[2].get(TARGETS[0], "");
    wires[2].write("GET /data");
    server.stop(&[]);
    for wire in &mut wires {
        assert!(wire.is_over());
    }
}
