//! Datasets that grow while they are served: the last step, and waiting for another one, as the viewer gridlook does.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use weir_tests::{Client, Mode, Netcdf3, Server, Values};

/// A netCDF-3 file of `steps` records from `first` on: `time` and `v`, whose values are their index + 1.
fn records(first: usize, steps: usize) -> Vec<u8> {
    let times = (first..first + steps).map(|step| step as f64 + 0.5).collect();
    let values = (first * 3..(first + steps) * 3).map(|at| (at + 1) as f32).collect();
    Netcdf3::new()
        .dimension("time", 0)
        .dimension("x", 3)
        .variable("time", &["time"], &[("units", "days since 2000-01-01")], Values::Float64(times))
        .variable("v", &["time", "x"], &[("units", "K")], Values::Float32(values))
        .bytes()
}

/// Appends records as writers do: first their bytes, then how many there are.
fn append(path: &Path, steps: usize) {
    let whole = records(0, steps);
    let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let has = file.metadata().unwrap().len() as usize;
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&whole[has..]).unwrap();
    file.seek(SeekFrom::Start(4)).unwrap();
    file.write_all(&(steps as u32).to_be_bytes()).unwrap();
}

/// A Zarr store with `steps` times, each a chunk of its own: the new chunk first, then how many there are.
fn store(folder: &Path, steps: usize) {
    std::fs::create_dir_all(folder.join("time")).unwrap();
    std::fs::write(folder.join(format!("time/{}", steps - 1)), (steps as f64).to_le_bytes()).unwrap();
    let attributes = r#"{"_ARRAY_DIMENSIONS":["time"],"units":"days since 2000-01-01"}"#;
    std::fs::write(folder.join("time/.zattrs"), attributes).unwrap();
    let array = format!(
        r#"{{"zarr_format":2,"shape":[{steps}],"chunks":[1],"dtype":"<f8","compressor":null,"filters":null,"fill_value":null,"order":"C"}}"#
    );
    std::fs::write(folder.join("time/.part"), array).unwrap();
    std::fs::rename(folder.join("time/.part"), folder.join("time/.zarray")).unwrap();
    std::fs::write(folder.join(".zgroup"), r#"{"zarr_format":2}"#).unwrap();
}

/// A folder with data and a configuration; requests wait for at most `wait`.
fn folder(wait: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (data, members) = (folder.path().join("data"), folder.path().join("members"));
    std::fs::create_dir_all(&members).unwrap();
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("d.nc"), records(0, 2)).unwrap();
    std::fs::write(members.join("0.nc"), records(0, 2)).unwrap();
    store(&data.join("s.zarr"), 3);
    let fixed =
        Netcdf3::new().dimension("x", 3).variable("x", &["x"], &[], Values::Float32(vec![1., 2., 3.]));
    std::fs::write(data.join("fixed.nc"), fixed.bytes()).unwrap();
    let config = format!(
        "[server]\nlongest_wait = \"{wait}\"\n[[dataset]]\nid = \"joined\"\n[dataset.aggregation]\ntype = \"joinExisting\"\n\
         dimension = \"time\"\nfiles = [\"members/*.nc\"]\nrecheck_every = \"1s\"\n"
    );
    std::fs::write(folder.path().join("weir.toml"), config).unwrap();
    folder
}

fn start(folder: &Path, mode: Mode) -> Server {
    Server::start(mode, &folder.join("data"), &["--config", folder.join("weir.toml").to_str().unwrap()])
}

fn waits(server: &Server, target: &str) -> Client {
    let mut client = server.client();
    client.start("GET", target, &["Cache-Control: no-store"]);
    client
}

/// Waits until the server says of itself that so many requests wait.
fn until_waiting(server: &Server, count: u64) {
    let until = Instant::now() + Duration::from_secs(20);
    while server.get("/health").json()["waiting"].as_u64() != Some(count) {
        assert!(Instant::now() < until, "{count} requests wait: {}", server.get("/health").text());
        std::thread::yield_now();
    }
}

#[test]
fn another_step_ends_waiting() {
    let folder = folder("10min");
    let data = folder.path().join("data");
    for (mode, round) in [(Mode::LinkedIn, 0), (Mode::Loaded, 1)] {
        let server = start(folder.path(), mode);
        let grow: [(&str, usize, &dyn Fn()); 4] = [
            ("d.nc/zarr", 2 + round, &|| append(&data.join("d.nc"), 3 + round)),
            ("d.nc/kerchunk", 3 + round, &|| append(&data.join("d.nc"), 4 + round)),
            ("s.zarr/zarr", 3 + round, &|| store(&data.join("s.zarr"), 4 + round)),
            ("joined/zarr", 2 + round, &|| {
                std::fs::write(data.join(format!("../members/{}.nc", round + 1)), records(2 + round, 1))
                    .unwrap();
            }),
        ];
        if round > 0 {
            std::fs::write(data.join("d.nc"), records(0, 3)).unwrap();
        }
        for (target, steps, grow) in grow {
            let target = format!("/datasets/{target}");
            let current = server.get(&format!("{target}/current-timestep"));
            let (status, told) = (current.status, current.text());
            assert_eq!((status, told), (200, format!("{{\"timestep\":{}}}", steps - 1)), "{target}");
            assert_eq!(current.header("cache-control"), "no-store");
            assert_eq!(current.header("content-type"), "application/json");
            let mut waiting = [(); 3].map(|()| waits(&server, &format!("{target}/next-timestep")));
            until_waiting(&server, 3);
            grow();
            for client in &mut waiting {
                let reply = client.read("GET");
                let told = (reply.status, reply.text());
                assert_eq!(told, (200, format!("{{\"timestep\":{steps}}}")), "{target}");
                assert_eq!(reply.header("access-control-allow-origin"), "*");
            }
            until_waiting(&server, 0);
        }
        // What was told of is there.
        let step = 2 + round;
        let value = server.get(&format!("/datasets/d.nc/opendap.dods?v[{step}][0]")).body;
        assert!(value.ends_with(&((step * 3 + 1) as f32).to_be_bytes()), "{value:?}");
        server.stop(&[]);
    }
}

#[test]
fn waiting_ends_in_time() {
    let folder = folder("1s");
    let server = start(folder.path(), Mode::LinkedIn);
    let since = Instant::now();
    let reply = server.get("/datasets/d.nc/zarr/next-timestep");
    assert_eq!((reply.status, reply.text().as_str()), (200, "{\"timestep\":1}"));
    assert!(since.elapsed() >= Duration::from_secs(1), "{:?}", since.elapsed());
    let head = server.client().head("/datasets/d.nc/zarr/next-timestep");
    assert_eq!((head.status, head.header("content-length")), (200, "14"));
    server.stop(&[]);
}

#[test]
fn datasets_that_do_not_grow_say_so() {
    let folder = folder("10min");
    let server = start(folder.path(), Mode::LinkedIn);
    for name in ["current-timestep", "next-timestep"] {
        for mount in ["zarr", "kerchunk"] {
            let reply = server.get(&format!("/datasets/fixed.nc/{mount}/{name}"));
            assert_eq!(reply.status, 404, "{}", reply.text());
            let reason = reply.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(reason.starts_with("no dimension of this dataset grows"), "{reason}");
            assert_eq!(server.get(&format!("/datasets/none/{mount}/{name}")).status, 404);
        }
    }
    server.stop(&[]);
}

/// Many more wait than the server has threads for calls of plugins, and everybody else is served meanwhile.
#[test]
fn waiting_holds_no_thread_and_a_client_that_goes_frees_its_place() {
    let folder = folder("10min");
    let server = start(folder.path(), Mode::LinkedIn);
    let mut all: Vec<Client> =
        (0..300).map(|_| waits(&server, "/datasets/d.nc/zarr/next-timestep")).collect();
    until_waiting(&server, 300);
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().count();
    assert!(threads < 150, "{threads} threads");
    assert_eq!(server.get("/datasets/d.nc/zarr/.zmetadata").status, 200);
    all.truncate(10);
    until_waiting(&server, 10);
    append(&folder.path().join("data/d.nc"), 3);
    for client in &mut all {
        assert_eq!(client.read("GET").text(), "{\"timestep\":2}");
    }
    server.stop(&[]);
}

#[test]
fn a_server_that_stops_lets_nobody_wait() {
    let folder = folder("10min");
    let server = start(folder.path(), Mode::LinkedIn);
    let mut waiting = [(); 5].map(|()| waits(&server, "/datasets/d.nc/zarr/next-timestep"));
    until_waiting(&server, 5);
    let since = Instant::now();
    server.stop(&[]);
    for client in &mut waiting {
        let reply = client.read("GET");
        assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{}", reply.text());
    }
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

/// The viewer asks from another origin, with a header that must be allowed beforehand.
#[test]
fn a_viewer_of_another_origin_may_wait() {
    let folder = folder("10min");
    let server = start(folder.path(), Mode::LinkedIn);
    let lines = [
        "Origin: https://viewer.example",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: cache-control,range",
    ];
    for target in ["/datasets/d.nc/zarr/next-timestep", "/datasets/d.nc/zarr/v/0.0"] {
        let preflight = server.client().send("OPTIONS", target, &lines);
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, "*"));
        let allowed = preflight.header("access-control-allow-headers").to_ascii_lowercase();
        let allowed: Vec<&str> = allowed.split(", ").collect();
        assert!(["cache-control", "range"].iter().all(|name| allowed.contains(name)), "{allowed:?}");
    }
    let reply = server.client().send("GET", "/datasets/d.nc/zarr/v/0.0", &["Range: bytes=-4", lines[0]]);
    let exposed = reply.header("access-control-expose-headers").to_ascii_lowercase();
    assert!(
        ["accept-ranges", "content-length", "content-range", "etag"]
            .iter()
            .all(|name| exposed.contains(name))
    );
    assert_eq!((reply.status, reply.body.len()), (206, 4));
    server.stop(&[]);
}
