//! What a site that runs the server relies on: figures, readiness, and stopping without losing a request.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use weir_tests::{Client, Mode, Netcdf3, Server, Values, binaries, small_folder};

/// The value of a figure, and 0 where nothing was counted.
fn figure(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

/// Waits for what comes a moment after a response.
fn until(what: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(60);
    while !what() && Instant::now() < end {
        std::thread::yield_now();
    }
    what()
}

#[test]
fn responses_are_counted() {
    let data = small_folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, data.path(), &[]);
        let of_dds = "{plugin=\"dap\",route=\"/datasets/{id}/opendap.dds\"";
        assert_eq!(figure(&server, &format!("weir_responses_total{of_dds},status=\"2xx\"}}")), 0.0);
        // The first is made, the second is kept, the third goes the shortest way.
        let mut client = server.client();
        let lengths: Vec<usize> =
            (0..3).map(|_| client.get("/datasets/d.nc/opendap.dds").body.len()).collect();
        let bytes = lengths.iter().sum::<usize>() as f64;
        assert!(bytes > 0.0);
        let count = || figure(&server, &format!("weir_responses_total{of_dds},status=\"2xx\"}}"));
        assert!(until(|| count() == 3.0), "{}", count());
        assert_eq!(figure(&server, &format!("weir_response_bytes_total{of_dds}}}")), bytes);
        assert_eq!(figure(&server, &format!("weir_response_duration_seconds_count{of_dds}}}")), 3.0);
        assert_eq!(figure(&server, "weir_dataset_requests_total{dataset=\"d.nc\"}"), 3.0);
        assert_eq!(figure(&server, "weir_dataset_sent_bytes_total{dataset=\"d.nc\"}"), bytes);
        assert_eq!(server.get("/datasets/no%22such/opendap.dds").status, 404);
        assert_eq!(server.get("/nothing/here").status, 404);
        let failed = format!("weir_responses_total{of_dds},status=\"4xx\"}}");
        assert!(until(|| figure(&server, &failed) == 1.0), "{}", server.get("/metrics").text());
        let text = server.get("/metrics").text();
        assert!(!text.contains("such"), "clients do not make names: {text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
        assert!(figure(&server, "weir_datasets ") == 1.0 && figure(&server, "weir_connections ") >= 1.0);
        assert!(figure(&server, "weir_resident_memory_bytes ") > 1e6);
        drop(client);
        server.stop(&[]);
    }
}

#[test]
fn a_server_is_ready_as_long_as_its_data_is_there() {
    let site = tempfile::tempdir().unwrap();
    let data = site.path().join("data");
    std::fs::rename(small_folder().keep(), &data).unwrap();
    let server = Server::start(Mode::LinkedIn, &data, &[]);
    assert_eq!(server.get("/ready").text(), "{\"status\":\"ready\"}");
    std::fs::rename(&data, site.path().join("elsewhere")).unwrap();
    let reply = server.get("/ready");
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{}", reply.text());
    std::fs::rename(site.path().join("elsewhere"), &data).unwrap();
    assert_eq!(server.get("/ready").status, 200);
}

fn terminate(id: u32) {
    assert!(Command::new("kill").args(["-TERM", &id.to_string()]).status().unwrap().success());
}

#[test]
fn a_server_that_stops_says_so_and_finishes_what_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let values = (0..2_000_000_u32).map(|n| f64::from(n) + 1.0).collect();
    let large = Netcdf3::new().dimension("x", 2_000_000).variable("v", &["x"], &[], Values::Float64(values));
    std::fs::write(folder.path().join("large.nc"), large.bytes()).unwrap();
    let config = folder.path().join("weir.toml");
    std::fs::write(&config, "[server]\nstop_delay = \"4s\"\n").unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &["--config", config.to_str().unwrap()]);
    let mut slow = server.client();
    slow.start("GET", "/datasets/large.nc/opendap.dods?v", &[]);
    let mut reply = slow.read_head();
    terminate(server.pid());
    assert!(until(|| server.get("/ready").status == 503), "it says that it stops");
    assert_eq!(server.get("/datasets/large.nc/opendap.dds").status, 200, "and still serves");
    assert!(server.logged("stopping"));
    slow.read_body(&mut reply);
    let expected: Vec<u8> = (0..2_000_000_u32).flat_map(|n| (f64::from(n) + 1.0).to_be_bytes()).collect();
    assert!(reply.body.ends_with(&expected), "what was begun is finished");
    server.ended(&[]);
}

/// A server on a socket that is there already, as a service manager passes it on.
fn on_socket(socket: &TcpListener, data: &std::path::Path) -> Child {
    let mut command = Command::new("sh");
    let passed = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 0</dev/null";
    command.args(["-c", passed]).arg(&binaries().weir).arg("serve").arg(data).arg("--no-index");
    command.stdin(OwnedFd::from(socket.try_clone().unwrap())).stdout(Stdio::null());
    command.spawn().unwrap()
}

/// Ends the asking, also where the test fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn one_server_follows_another_without_a_failed_request() {
    let data = small_folder();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut first = on_socket(&socket, data.path());
    let expected = Client::new(&address).get("/datasets/d.nc/opendap.dds");
    assert_eq!(expected.status, 200);
    let (over, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ask = || {
        while !over.load(Ordering::Relaxed) {
            let reply = Client::new(&address).get("/datasets/d.nc/opendap.dds");
            assert_eq!((reply.status, &reply.body), (200, &expected.body));
            served.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut last = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
        let mut current = on_socket(&socket, data.path());
        let ending = Ending(&over);
        for _ in 0..3 {
            terminate(first.id());
            assert!(first.wait().unwrap().success());
            // What is answered from here on, the next one answers: so it is there, and knows how to stop.
            let before = served.load(Ordering::Relaxed);
            assert!(until(|| served.load(Ordering::Relaxed) > before + 10));
            first = current;
            current = on_socket(&socket, data.path());
        }
        drop(ending);
        asking.into_iter().for_each(|thread| thread.join().unwrap());
        current
    });
    for server in [&mut first, &mut last] {
        // Before it listens, a server that is told to stop is gone at once.
        assert_eq!(Client::new(&address).get("/ready").status, 200);
        terminate(server.id());
        assert!(server.wait().unwrap().success());
    }
}
