//! Processed datasets: made as the configuration says, and once for all who ask at the same time.

use std::sync::Barrier;

use weir_tests::{Mode, Netcdf3, Server, Values};

const CONFIG: &str = r#"
[[plugins.zarr.recipe]]
datasets = ["d.nc"]
chunks = { x = 100000 }
codec = { id = "zstd", level = 15 }

[[plugins.s3.recipe]]
datasets = ["d.nc"]
codec = { id = "none" }
"#;

/// The numbers 1, 2, ... as `x` of `d.nc`, and the configuration in the same folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let numbers: Vec<f32> = (0..500_000).map(|n| (n + 1) as f32).collect();
    let file = Netcdf3::new().dimension("x", 500_000).variable("v", &["x"], &[], Values::Float32(numbers));
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/d.nc"), file.bytes()).unwrap();
    std::fs::write(folder.path().join("weir.toml"), CONFIG).unwrap();
    folder
}

fn counter(server: &Server, name: &str) -> u64 {
    server.get("/health").json()["counters"]["zarr"][name].as_f64().unwrap_or_default() as u64
}

#[test]
fn chunks_are_made_once() {
    let folder = folder();
    let config = folder.path().join("weir.toml");
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server =
            Server::start(mode, &folder.path().join("data"), &["--config", config.to_str().unwrap()]);
        let expected: Vec<u8> = (300_000..400_000).flat_map(|n| ((n + 1) as f32).to_le_bytes()).collect();
        let all = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut client = server.client();
                    all.wait();
                    let reply = client.get("/datasets/d.nc/zarr/v/3");
                    assert_eq!(reply.status, 200);
                    let shuffled = zstd::stream::decode_all(reply.body.as_slice()).unwrap();
                    let bytes: Vec<u8> = (0..400_000).map(|at| shuffled[at % 4 * 100_000 + at / 4]).collect();
                    assert!(bytes == expected);
                });
            }
        });
        assert_eq!(counter(&server, "chunks_made"), 1);
        let tag = server.get("/datasets/d.nc/zarr/v/3").header("etag").to_owned();
        let known =
            server.client().send("GET", "/datasets/d.nc/zarr/v/3", &[&format!("If-None-Match: {tag}")]);
        assert_eq!((known.status, counter(&server, "chunks_made")), (304, 1));
        server.stop(&[]);
    }
}

#[test]
fn the_bucket_has_a_recipe_of_its_own() {
    let folder = folder();
    let config = folder.path().join("weir.toml");
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server =
            Server::start(mode, &folder.path().join("data"), &["--config", config.to_str().unwrap()]);
        let listing = server.get("/s3?list-type=2&prefix=d.nc/v/");
        assert!(listing.text().contains("<Key>d.nc/v/0</Key>"), "{}", listing.text());
        let object = server.client().send("GET", "/s3/d.nc/v/0", &["Range: bytes=4-11"]);
        assert_eq!(
            (object.status, object.body.as_slice()),
            (206, [2.0_f32, 3.0].map(f32::to_le_bytes).concat().as_slice())
        );
        assert_eq!(server.get("/s3/d.nc/none").status, 404);
        assert!(server.get("/s3/d.nc/none").text().contains("<Code>NoSuchKey</Code>"));
        server.stop(&[]);
    }
}

#[test]
fn a_recipe_that_says_nothing_is_refused() {
    let folder = folder();
    let config = folder.path().join("weir.toml");
    std::fs::write(&config, CONFIG.replace("level = 15", "level = 15, size = 3")).unwrap();
    let (data, config) = (folder.path().join("data"), config);
    let said = Server::refused(&["serve", data.to_str().unwrap(), "--config", config.to_str().unwrap()]);
    assert!(said.contains("[plugins.zarr]") && said.contains("size"), "{said}");
}
