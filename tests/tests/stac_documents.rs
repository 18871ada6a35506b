//! STAC documents that are read as files are: items, catalogs of folders, the collection of all datasets.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use weir_tests::{Mode, Netcdf3, Server, Values};

fn grid(title: &str) -> Netcdf3 {
    let lat = [("units", "degrees_north"), ("standard_name", "latitude")];
    let lon = [("units", "degrees_east"), ("standard_name", "longitude")];
    Netcdf3::new()
        .dimension("time", 0)
        .dimension("lat", 2)
        .dimension("lon", 3)
        .attribute("title", title)
        .attribute("experiment_id", "historical")
        .variable("time", &["time"], &[("units", "days since 2000-01-01")], Values::Float64(vec![0.5, 1.5]))
        .variable("lat", &["lat"], &lat, Values::Float32(vec![10.0, -10.0]))
        .variable("lon", &["lon"], &lon, Values::Float32(vec![170.0, 180.0, 190.0]))
        .variable(
            "tas",
            &["time", "lat", "lon"],
            &[("units", "K")],
            Values::Float32((1..=12).map(|n| n as f32).collect()),
        )
}

const CONFIG: &str = r#"
[plugins.stac]
title = "Tests"
license = "CC-BY-4.0"
gridlook = ""

[[plugins.stac.datasets]]
pattern = "deep/*"
title = "Laid over"
keywords = ["laid"]
links = [{ rel = "about", href = "https://x.example/{id}" }]
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("deep/er é")).unwrap();
    std::fs::write(data.join("a.nc"), grid("A").bytes()).unwrap();
    std::fs::write(data.join("deep/b.nc"), grid("B").bytes()).unwrap();
    std::fs::write(data.join("deep/er é/c.nc"), grid("C").bytes()).unwrap();
    std::fs::write(data.join("deep/broken.nc"), b"CDF\x01 and nothing else").unwrap();
    std::fs::write(folder.path().join("weir.toml"), CONFIG).unwrap();
    folder
}

fn start(mode: Mode, folder: &tempfile::TempDir) -> Server {
    let config = folder.path().join("weir.toml");
    Server::start(mode, &folder.path().join("data"), &["--config", config.to_str().unwrap()])
}

/// The targets of a document's links with a relation, without the server's address.
fn links(server: &Server, document: &Json, relation: &str) -> Vec<String> {
    let base = format!("http://{}", server.address);
    let links = document["links"].as_array().unwrap().iter().filter(|link| link["rel"] == relation);
    links.map(|link| link["href"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned()).collect()
}

/// The ids of all items below a catalog.
fn walk(server: &Server, target: &str, found: &mut Vec<String>) {
    let reply = server.get(target);
    assert_eq!(reply.status, 200, "{target}");
    let catalog = reply.json();
    assert_eq!(links(server, &catalog, "self"), [target]);
    for child in links(server, &catalog, "child") {
        walk(server, &child, found);
    }
    for item in links(server, &catalog, "item") {
        let reply = server.get(&item);
        assert_eq!(reply.status, 200, "{item}");
        found.push(reply.json()["id"].as_str().unwrap().to_owned());
    }
}

#[test]
fn catalogs_lead_to_every_dataset() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = start(mode, &folder);
        let mut found = Vec::new();
        walk(&server, "/stac/catalog/", &mut found);
        found.sort();
        assert_eq!(found, ["a.nc", "deep/b.nc", "deep/broken.nc", "deep/er é/c.nc"]);
        let broken = server.get("/datasets/deep/broken.nc/stac").json();
        let why = broken["properties"]["description"].as_str().unwrap();
        assert!(why.starts_with("This dataset cannot be opened: "), "{why}");
        assert_eq!(broken["assets"], json!({}));
        let all = server.get("/stac-collection-all.json").json();
        assert_eq!(
            (&all["type"], &all["license"], &all["title"]),
            (&json!("Collection"), &json!("CC-BY-4.0"), &json!("Tests"))
        );
        let items: BTreeSet<String> = links(&server, &all, "item").into_iter().collect();
        for id in ["a.nc", "deep/b.nc", "deep/er%20%C3%A9/c.nc"] {
            assert!(items.contains(&format!("/datasets/{id}/stac")), "{items:?}");
        }
        let behind = server.get("/stac/catalog/deep/?after=deep/b.nc").json();
        assert!(!links(&server, &behind, "item").contains(&"/datasets/deep/b.nc/stac".to_owned()));
        assert_eq!(links(&server, &behind, "parent"), ["/stac/catalog/deep/"]);
        assert_eq!(server.get("/stac/catalog/none/").status, 404);
        assert_eq!(server.get("/datasets/none/stac").status, 404);
        assert_eq!(server.client().head("/stac/catalog/").status, 200);
        server.stop(&["broken"]);
    }
}

#[test]
fn items_tell_what_datasets_are_and_how_they_are_opened() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = start(mode, &folder);
        let reply = server.get("/datasets/deep/b.nc/stac");
        assert_eq!(reply.header("content-type"), "application/geo+json");
        let item = reply.json();
        assert_eq!(item["bbox"], json!([170.0, -10.0, -170.0, 10.0]));
        assert_eq!(item["geometry"]["type"], "MultiPolygon");
        let properties = &item["properties"];
        let expected = json!({
            "title": "Laid over", "keywords": ["laid"], "license": "CC-BY-4.0", "experiment_id": "historical",
            "start_datetime": "2000-01-01T12:00:00Z", "end_datetime": "2000-01-02T12:00:00Z", "variables": ["tas"],
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&properties[name], value, "{name}");
        }
        assert!(item["links"].to_string().contains("https://x.example/deep/b.nc"));
        assert_eq!(item["collection"], "deep");
        let assets = item["assets"].as_object().unwrap();
        let names: Vec<&String> = assets.keys().collect();
        for name in ["zarr", "stored", "kerchunk", "opendap", "file"] {
            assert!(assets.contains_key(name), "{names:?}");
        }
        assert!(!assets.contains_key("gridlook"), "the site wants no viewer");
        let base = format!("http://{}", server.address);
        let at = |name: &str| assets[name]["href"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned();
        // What DataPoint asks before it opens anything.
        for target in [at("zarr") + "/.zmetadata", at("stored") + "/.zmetadata", at("kerchunk"), at("file")] {
            assert_eq!(server.client().head(&target).status, 200, "{target}");
        }
        assert_eq!(server.get(&(at("opendap") + ".dds")).status, 200);
        assert_eq!(assets["file"]["file:size"], server.get(&at("file")).body.len());
        assert_eq!(item["default_var"], "tas");
        let store = item["levels"][0]["datasources"]["tas"]["store"].as_str().unwrap();
        assert_eq!(store, assets["zarr"]["href"]);
        assert_eq!(server.client().head("/datasets/deep/b.nc/stac/").status, 200);
        server.stop(&[]);
    }
}
