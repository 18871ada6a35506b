//! Results of diagnostics and virtual datasets, through every protocol, as a client sees them.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use weir_tests::{Mode, Netcdf3, Reply, Server, Values};

/// Six times, 20 days from each other, three latitudes and two longitudes; values count on from `first`.
fn file(first: f32) -> Vec<u8> {
    let values = (0..36).map(|at| first + at as f32).collect();
    let places = |name, units: &'static str, values: Vec<f64>| (name, units, Values::Float64(values));
    let mut file = Netcdf3::new().dimension("time", 6).dimension("lat", 3).dimension("lon", 2).variable(
        "time",
        &["time"],
        &[("units", "days since 2000-01-01"), ("calendar", "360_day")],
        Values::Float64((0..6).map(|step| f64::from(step) * 20.0).collect()),
    );
    for (name, units, values) in [
        places("lat", "degrees_north", vec![-30.0, 0.0, 30.0]),
        places("lon", "degrees_east", vec![10.0, 20.0]),
    ] {
        file = file.variable(name, &[name], &[("units", units)], values);
    }
    file.variable("t", &["time", "lat", "lon"], &[("units", "K")], Values::Float32(values)).bytes()
}

const CONFIGURATION: &str = r#"
[server]
published_datasets = 7

[plugins.diagnostics]
derived_lifetime = 1000

[[plugins.diagnostics.virtual]]
id = "celsius"
source = "d.nc"
where = "lat:0/30"
chunks = { time = 4 }
[plugins.diagnostics.virtual.variables.t]
expression = "where(t > 20, t - 273.15, 0) * 2"
units = "degC"

[[plugins.diagnostics.virtual]]
id = "celsius/mean"
source = "celsius"
query = "variable=t&action=mean&over=*"

[[plugins.diagnostics.virtual]]
id = "broken"
source = "d.nc"
[plugins.diagnostics.virtual.variables.t]
expression = "sqr(t)"
"#;

fn folder(configuration: &str) -> (tempfile::TempDir, tempfile::TempDir) {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(data.path().join("d.nc"), file(1.0)).unwrap();
    std::fs::write(other.path().join("weir.toml"), configuration).unwrap();
    (data, other)
}

fn start(mode: Mode, data: &Path, configured: &Path) -> Server {
    let file = configured.join("weir.toml");
    Server::start(mode, data, &["--config", file.to_str().unwrap()])
}

fn get(server: &Server, target: &str) -> Reply {
    let reply = server.get(target);
    assert_eq!((reply.status, reply.complete), (200, true), "{target}: {}", reply.text());
    reply
}

/// Big-endian numbers behind the lengths of an array of DAP2.
fn of_dods(body: &[u8]) -> Vec<f32> {
    let at = body.windows(6).position(|six| six == b"Data:\n").unwrap() + 6 + 8;
    body[at..].as_chunks::<4>().0.iter().map(|four| f32::from_be_bytes(*four)).collect()
}

fn singles(body: &[u8]) -> Vec<f32> {
    body.as_chunks::<4>().0.iter().map(|four| f32::from_ne_bytes(*four)).collect()
}

/// The months of the times, and the mean of each: two times, one, two, one.
fn months(first: f32) -> Vec<f32> {
    let mean = |steps: &[usize], place: usize| {
        steps.iter().map(|step| first + (step * 6 + place) as f32).sum::<f32>() / steps.len() as f32
    };
    let groups: [&[usize]; 4] = [&[0, 1], &[2], &[3, 4], &[5]];
    groups.iter().flat_map(|steps| (0..6).map(move |place| mean(steps, place))).collect()
}

const DERIVED: &str = "/datasets/d.nc/pp_t_time.month_mean";

fn every_protocol(server: &Server) {
    let ids = |server: &Server| get(server, "/datasets").json();
    let configured = json!(["broken", "celsius", "celsius/mean", "d.nc"]);
    assert_eq!(ids(server), configured);
    assert_eq!(server.client().head("/datasets/d.nc/groupby/t/time.month/mean").status, 200);
    assert_eq!(ids(server), configured, "asking for a head makes nothing known");
    assert_eq!(server.get(&format!("{DERIVED}/zarr/.zgroup")).status, 404);
    get(server, "/datasets/d.nc/groupby/t/time.month/mean");
    assert_eq!(
        ids(server),
        json!(["broken", "celsius", "celsius/mean", "d.nc", "d.nc/pp_t_time.month_mean"])
    );

    let dds = get(server, &format!("{DERIVED}/opendap.dds")).text();
    assert!(dds.contains("Int32 month[month = 4]") && dds.contains("Float32 t[month = 4][lat = 3]"), "{dds}");
    let dods = get(server, &format!("{DERIVED}/opendap.dods?t"));
    assert_eq!(of_dods(&dods.body)[..24], months(1.0));
    let part = get(server, &format!("{DERIVED}/opendap.dods?t%5B1:2:3%5D%5B2%5D%5B0:1%5D"));
    let expected: Vec<f32> = [10, 11, 22, 23].iter().map(|at| months(1.0)[*at]).collect();
    assert_eq!(of_dods(&part.body), expected);
    assert!(get(server, &format!("{DERIVED}/opendap.dmr")).text().contains("<Float32 name=\"t\">"));
    assert!(get(server, &format!("{DERIVED}/opendap.dap")).body.len() > 24 * 4);

    let metadata = get(server, &format!("{DERIVED}/zarr/.zmetadata")).json();
    assert_eq!(metadata["metadata"]["t/.zarray"]["shape"], json!([4, 3, 2]));
    let array = get(server, &format!("{DERIVED}/zarr/t/zarr.json")).json();
    assert_eq!(array["shape"], json!([4, 3, 2]));
    assert!(!get(server, &format!("{DERIVED}/zarr/t/c/0/0/0")).body.is_empty());
    // Nothing of it is stored, so there is nothing to refer to.
    let references = get(server, &format!("{DERIVED}/kerchunk/refs.json")).json();
    assert!(references["refs"].get("t/.zarray").is_none(), "{references}");
    let refused = server.get(&format!("{DERIVED}/kerchunk/t/0.0.0"));
    assert!(refused.status == 404 && refused.text().contains("no ranges of a file"), "{}", refused.text());
    assert_eq!(server.get(&format!("{DERIVED}/file")).status, 404);

    let item = get(server, &format!("{DERIVED}/stac")).json();
    assert!(
        item["assets"]["zarr"]["href"].as_str().unwrap().contains("/pp_t_time.month_mean/zarr"),
        "{item}"
    );
    assert!(get(server, "/thredds/catalog/d.nc/catalog.xml").text().contains("pp_t_time.month_mean"));
    assert!(get(server, &format!("{DERIVED}/")).text().contains("month"));
    let subset = get(server, &format!("{DERIVED}/subset?var=t&format=csv")).text();
    assert!(subset.contains("20"), "{subset}");
}

fn elsewhere(server: &Server) {
    let query = "/datasets/d.nc/diagnostics?variable=t&action=max&over=time";
    let zarr = server.get(&format!("{query}&format=zarr"));
    assert_eq!(zarr.status, 303);
    let path = |reply: &Reply| {
        let location = reply.header("location");
        location.strip_prefix(&format!("http://{}", server.address)).unwrap().to_owned()
    };
    let metadata = get(server, &format!("{}/.zmetadata", path(&zarr))).json();
    assert_eq!(metadata["metadata"]["t/.zarray"]["shape"], json!([3, 2]));
    let png = server.get(&format!("{query}&format=png"));
    assert_eq!(png.status, 303);
    let picture = get(server, &path(&png));
    assert!(picture.body.starts_with(b"\x89PNG"), "{}", picture.text());
    let scalar = server.get("/datasets/d.nc/diagnostics?variable=t&action=max&over=*&format=png");
    assert_eq!(scalar.status, 400);
    let unknown = server.get("/datasets/d.nc/groupby/none/time.month/mean?format=zarr");
    assert_eq!(unknown.status, 404);
}

fn virtual_ones(server: &Server) {
    let celsius = |value: f32| if value > 20.0 { (value - 273.15) * 2.0 } else { 0.0 };
    let steps = (0..6).flat_map(|step| (2..6).map(move |place| (step * 6 + place + 1) as f32));
    let expected: Vec<f32> = steps.map(celsius).collect();
    let dods = get(server, "/datasets/celsius/opendap.dods?t");
    assert_eq!(of_dods(&dods.body), expected);
    let array = get(server, "/datasets/celsius/zarr/t/.zarray").json();
    assert_eq!(array["chunks"], json!([4, 2, 2]));
    assert!(get(server, "/datasets/celsius/opendap.das").text().contains("degC"));
    let mean = get(server, "/datasets/celsius/mean/opendap.dods?t");
    let sum: f64 = expected.iter().map(|value| f64::from(*value)).sum();
    let at = mean.body.len() - 4;
    let got = f32::from_be_bytes(mean.body[at..].try_into().unwrap());
    assert!((f64::from(got) - sum / 24.0).abs() < 1e-4, "{got}");
    let broken = server.get("/datasets/broken/opendap.dds");
    assert!(broken.text().contains("did you mean sqrt?"), "{}", broken.text());
    let failing = get(server, "/health").json()["failing_datasets"].to_string();
    assert!(failing.contains("broken") && failing.contains("did you mean sqrt?"), "{failing}");
    assert!(get(server, "/status").text().contains("did you mean sqrt?"));
}

/// Whoever asks while others do gets the same, and nobody waits for ever.
fn at_once(server: &Server) {
    std::thread::scope(|scope| {
        for number in 0..12_u32 {
            scope.spawn(move || {
                let whole = get(server, &format!("{DERIVED}/opendap.dods?t"));
                assert_eq!(of_dods(&whole.body), months(1.0), "{number}");
                let action = ["mean", "max", "min", "sum"][number as usize % 4];
                let target = format!("/datasets/d.nc/groupby/t/time.month/{action}?format=zarr");
                assert_eq!(server.get(&target).status, 303);
                assert!(get(server, "/datasets").text().contains("d.nc"));
            });
        }
    });
    // No more are published than the site allows; those of the configuration stay.
    let ids = get(server, "/datasets").json();
    assert!(ids.as_array().unwrap().len() <= 8, "{ids}");
    assert!(ids.to_string().contains("celsius/mean"), "{ids}");
}

/// Entity tags are those of what results are made of.
fn changes(server: &Server, data: &Path) {
    get(server, "/datasets/d.nc/groupby/t/time.month/mean?format=json");
    assert_eq!(server.get("/datasets/d.nc/groupby/t/time.month/mean?format=zarr").status, 303);
    let chunk = || get(server, &format!("{DERIVED}/zarr/t/.zarray"));
    let (before, again) = (chunk(), chunk());
    assert!(!before.header("etag").is_empty());
    assert_eq!(before.header("etag"), again.header("etag"));
    let mut client = server.client();
    let condition = format!("if-none-match: {}", before.header("etag"));
    assert_eq!(client.send("GET", &format!("{DERIVED}/zarr/t/.zarray"), &[&condition]).status, 304);
    std::fs::write(data.join("new"), file(101.0)).unwrap();
    std::fs::rename(data.join("new"), data.join("d.nc")).unwrap();
    assert_ne!(chunk().header("etag"), before.header("etag"));
    let dods = get(server, &format!("{DERIVED}/opendap.dods?t"));
    assert_eq!(of_dods(&dods.body), months(101.0));
    let raw = get(server, "/datasets/celsius/opendap.dods?t%5B0%5D%5B0%5D%5B0%5D");
    assert_eq!(of_dods(&raw.body), [(103.0_f32 - 273.15) * 2.0]);
}

#[test]
fn results_are_datasets() {
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let (data, configured) = folder(CONFIGURATION);
        let server = start(mode, data.path(), configured.path());
        every_protocol(&server);
        elsewhere(&server);
        virtual_ones(&server);
        get(&server, "/datasets/d.nc/groupby/t/time.month/mean");
        at_once(&server);
        changes(&server, data.path());
        server.stop(&["a dataset that a plugin publishes cannot be made", "virtual dataset broken: t: "]);
    }
}

#[test]
fn what_nobody_asks_for_is_gone() {
    let (data, configured) = folder("[plugins.diagnostics]\nderived_lifetime = 3\n");
    let server = start(Mode::LinkedIn, data.path(), configured.path());
    assert_eq!(server.get("/datasets/d.nc/groupby/t/time.month/mean?format=zarr").status, 303);
    get(&server, &format!("{DERIVED}/zarr/.zmetadata"));
    let until = Instant::now() + Duration::from_secs(30);
    while get(&server, "/datasets").text().contains("pp_t") {
        assert!(Instant::now() < until, "it lives on");
        std::thread::yield_now();
    }
    assert_eq!(server.get(&format!("{DERIVED}/zarr/.zmetadata")).status, 404);
    // It comes again when it is asked for.
    assert_eq!(server.get("/datasets/d.nc/groupby/t/time.month/mean?format=zarr").status, 303);
    get(&server, &format!("{DERIVED}/zarr/.zmetadata"));
    server.stop(&[]);
}

#[test]
fn chunks_at_the_edges_are_whole() {
    let (data, configured) = folder(
        "[[plugins.diagnostics.virtual]]\nid = \"v\"\nsource = \"d.nc\"\nchunks = { time = 4, lat = 2, lon = 2 }\n\
         [plugins.diagnostics.virtual.variables.t]\nexpression = \"t\"\n",
    );
    let server = start(Mode::LinkedIn, data.path(), configured.path());
    let metadata = get(&server, "/datasets/v/zarr/t/.zarray").json();
    assert_eq!(metadata["compressor"], json!(null), "{metadata}");
    let chunk = singles(&get(&server, "/datasets/v/zarr/t/1.1.0").body);
    let expected = |place: usize| {
        let (step, lat, lon) = (place / 4 + 4, place / 2 % 2 + 2, place % 2);
        if step < 6 && lat < 3 { (step * 6 + lat * 2 + lon + 1) as f32 } else { f32::NAN }
    };
    let same =
        |(place, got): (usize, &f32)| *got == expected(place) || (got.is_nan() && expected(place).is_nan());
    assert!(chunk.len() == 16 && chunk.iter().enumerate().all(same), "{chunk:?}");
    server.stop(&[]);
}

#[test]
fn an_id_that_is_taken_keeps_the_server_from_starting() {
    let (data, configured) = folder(
        "[[plugins.diagnostics.virtual]]\nid = \"d.nc\"\nsource = \"d.nc\"\nquery = \"variable=t&action=mean&over=*\"\n",
    );
    let file = configured.path().join("weir.toml");
    let said = Server::refused(&["serve", data.path().to_str().unwrap(), "--config", file.to_str().unwrap()]);
    assert!(said.contains("dataset 'd.nc' is there already"), "{said}");
}
