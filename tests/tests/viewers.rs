//! What viewers in browsers need of a Zarr hierarchy: one document with everything, grids that are described, the ends of objects.

use serde_json::Value as Json;
use weir_tests::{Mode, Netcdf3, Server, Values};

/// Temperatures on a HEALPix grid, whose grid mapping is a variable without a dimension to speak of.
fn healpix() -> Netcdf3 {
    let crs = [("grid_mapping_name", "healpix"), ("healpix_nside", "1"), ("healpix_order", "nest")];
    let tas = [
        ("units", "K"),
        ("grid_mapping", "crs"),
        ("coordinates", "cell height"),
        ("cell_methods", "time: mean"),
    ];
    Netcdf3::new()
        .dimension("time", 0)
        .dimension("cell", 12)
        .attribute("Conventions", "CF-1.8")
        .variable("time", &["time"], &[("units", "days since 2000-01-01")], Values::Float64(vec![0.5, 1.5]))
        .variable("cell", &["cell"], &[], Values::Float32((1..=12).map(|n| n as f32).collect()))
        .variable("height", &[], &[("units", "m"), ("axis", "Z")], Values::Float32(vec![2.0]))
        .variable("crs", &[], &crs, Values::Float32(vec![1.0]))
        .variable("tas", &["time", "cell"], &tas, Values::Float32((1..=24).map(|n| n as f32).collect()))
        .variable("other", &["cell"], &[], Values::Float32((1..=12).map(|n| n as f32).collect()))
}

const CONFIG: &str = r#"
[[dataset]]
id = "made"
path = "data/h.nc"

[[plugins.zarr.recipe]]
datasets = ["made"]
variables = ["tas"]
chunks = { cell = 6 }
keepbits = 20
"#;

/// The attributes of a node of version 2 and of version 3; each document by itself must say the same as the one with everything.
fn attributes(server: &Server, mount: &str, path: &str) -> Json {
    let all = server.get(&format!("{mount}/.zmetadata")).json();
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut old = all["metadata"][format!("{below}.zattrs")].clone();
    assert_eq!(server.get(&format!("{mount}/{below}.zattrs")).json(), old, "{mount} {path}");
    let new = server.get(&format!("{mount}/{below}zarr.json")).json();
    let root = server.get(&format!("{mount}/zarr.json")).json();
    let inside = &root["consolidated_metadata"]["metadata"][path];
    if path.is_empty() {
        assert_eq!(root["consolidated_metadata"]["kind"], "inline");
    } else {
        assert_eq!(inside["attributes"], new["attributes"], "{mount} {path}");
        let names = old.as_object_mut().unwrap().remove("_ARRAY_DIMENSIONS").unwrap();
        assert_eq!(names, inside["dimension_names"], "{mount} {path}");
    }
    assert_eq!(old, new["attributes"], "{mount} {path}");
    old
}

#[test]
fn grids_stay_described_in_both_versions_and_behind_recipes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/h.nc"), healpix().bytes()).unwrap();
    let config = folder.path().join("weir.toml");
    std::fs::write(&config, CONFIG).unwrap();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let arguments = ["--config", config.to_str().unwrap()];
        let server = Server::start(mode, &folder.path().join("data"), &arguments);
        for mount in ["/datasets/h.nc/zarr", "/datasets/h.nc/kerchunk", "/datasets/made/zarr"] {
            assert_eq!(attributes(&server, mount, "")["Conventions"], "CF-1.8");
            let crs = attributes(&server, mount, "crs");
            let told = ["grid_mapping_name", "healpix_nside", "healpix_order"].map(|name| crs[name].clone());
            assert_eq!(told, ["healpix", "1", "nest"], "{mount}");
            let tas = attributes(&server, mount, "tas");
            let told = ["units", "grid_mapping", "coordinates", "cell_methods"].map(|name| tas[name].clone());
            assert_eq!(told, ["K", "crs", "cell height", "time: mean"], "{mount}");
            for path in ["time", "cell", "height"] {
                attributes(&server, mount, path);
            }
            let is_other = server.get(&format!("{mount}/other/.zarray")).status == 200;
            assert_eq!(is_other, mount != "/datasets/made/zarr", "{mount}");
        }
        server.stop(&[]);
    }
}

/// Readers of shards, and those of parquet, ask for the end of an object whose length they do not know.
#[test]
fn the_end_of_an_object_is_to_be_had() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("h.nc"), healpix().bytes()).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    for target in [
        "/datasets/h.nc/zarr/cell/0",
        "/datasets/h.nc/kerchunk/cell/c/0",
        "/s3/h.nc/cell/0",
        "/datasets/h.nc/file",
    ] {
        let whole = server.get(target);
        let (length, last) = (whole.body.len(), whole.body.len() - 1);
        let end = server.client().send("GET", target, &["Range: bytes=-8"]);
        assert_eq!((end.status, end.body.as_slice()), (206, &whole.body[length - 8..]), "{target}");
        assert_eq!(end.header("content-range"), format!("bytes {}-{last}/{length}", length - 8), "{target}");
        let all = server.client().send("GET", target, &["Range: bytes=-1000000"]);
        assert_eq!((all.status, all.body.len()), (206, length), "{target}");
        let none = server.client().send("GET", target, &[&format!("Range: bytes={length}-")]);
        assert_eq!(
            (none.status, none.header("content-range")),
            (416, format!("bytes */{length}").as_str()),
            "{target}"
        );
        let head = server.client().send("HEAD", target, &["Range: bytes=-8"]);
        assert_eq!(head.header("content-length"), "8", "{target}");
        assert_eq!(server.client().head(target).header("content-length"), length.to_string(), "{target}");
    }
    server.stop(&[]);
}
