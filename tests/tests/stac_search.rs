//! The STAC API: what is found, by whom it is asked, and how it is said that something is not understood.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use weir_tests::{Client, Mode, Netcdf3, Reply, Server, Values, binaries};

/// A grid of 2 x 2 points from (`west`, `south`) on, at one time: days since 2000.
fn grid(west: f64, south: f64, day: f64) -> Vec<u8> {
    Netcdf3::new()
        .dimension("time", 1)
        .dimension("lat", 2)
        .dimension("lon", 2)
        .attribute("title", &format!("grid of day {day}"))
        .variable(
            "time",
            &["time"],
            &[("units", "days since 2000-01-01"), ("standard_name", "time")],
            Values::Float64(vec![day]),
        )
        .variable("lat", &["lat"], &[("units", "degrees_north")], Values::Float64(vec![south, south + 5.0]))
        .variable("lon", &["lon"], &[("units", "degrees_east")], Values::Float64(vec![west, west + 5.0]))
        .variable(
            "sst",
            &["time", "lat", "lon"],
            &[("units", "K")],
            Values::Float32(vec![1.0, 2.0, 3.0, 4.0]),
        )
        .bytes()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (id, west, south, day) in [
        ("a/one.nc", 0.0, 10.0, 0.0),
        ("a/deep/two.nc", 100.0, -40.0, 366.0),
        ("b/three.nc", -60.0, 50.0, 731.0),
        ("four.nc", 0.0, 12.0, 1096.0),
    ] {
        put(folder.path(), id, &grid(west, south, day));
    }
    folder
}

fn put(folder: &Path, id: &str, bytes: &[u8]) {
    let file = folder.join(id);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// Asks until the index knows all datasets.
fn complete(server: &Server) {
    let end = Instant::now() + Duration::from_secs(30);
    while server.get("/stac/search").json().get("numberMatched").is_none() {
        assert!(Instant::now() < end, "the index knows all datasets");
        std::thread::yield_now();
    }
}

fn post(server: &Server, body: &str) -> Reply {
    let mut client: Client = server.client();
    client.start(
        "POST",
        "/stac/search",
        &["Content-Type: application/json", &format!("Content-Length: {}", body.len())],
    );
    client.write(body.as_bytes());
    client.read("POST")
}

fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/geo+json"),
        "{}",
        reply.text()
    );
    let features = reply.json()["features"].as_array().unwrap().clone();
    features.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn searches_find_what_is_asked_for_both_ways() {
    let folder = folder();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        complete(&server);
        let check = |query: &str, body: Json, expected: &[&str]| {
            assert_eq!(ids(&server.get(&format!("/stac/search?{query}"))), expected, "{query}");
            assert_eq!(ids(&post(&server, &body.to_string())), expected, "{body}");
        };
        check("", json!({}), &["a/deep/two.nc", "a/one.nc", "b/three.nc", "four.nc"]);
        check("bbox=-5,5,5,20", json!({"bbox": [-5, 5, 5, 20]}), &["a/one.nc", "four.nc"]);
        check("bbox=90,-50,-50,60", json!({"bbox": [90, -50, -50, 60]}), &["a/deep/two.nc", "b/three.nc"]);
        check(
            "datetime=2001-06-01T00:00:00Z/..",
            json!({"datetime": "2001-06-01T00:00:00Z/.."}),
            &["b/three.nc", "four.nc"],
        );
        check("collections=a", json!({"collections": ["a"]}), &["a/deep/two.nc", "a/one.nc"]);
        check("ids=four.nc,none", json!({"ids": ["four.nc", "none"]}), &["four.nc"]);
        check(
            "sortby=-datetime&limit=2",
            json!({"sortby": [{"field": "properties.datetime", "direction": "desc"}], "limit": 2}),
            &["four.nc", "b/three.nc"],
        );
        check(
            "filter=title%20like%20%27%25day%20366%27",
            json!({"filter": {"op": "like", "args": [{"property": "title"}, "%day 366"]}, "filter-lang": "cql2-json"}),
            &["a/deep/two.nc"],
        );
        check(
            "query={\"title\":{\"endsWith\":\"366\"}}".replace('"', "%22").as_str(),
            json!({"query": {"title": {"endsWith": "366"}}}),
            &["a/deep/two.nc"],
        );
        let point = json!({"type": "Point", "coordinates": [102, -38]});
        let query = format!("intersects={}", point.to_string().replace('"', "%22"));
        check(&query, json!({"intersects": point}), &["a/deep/two.nc"]);
        server.stop(&[]);
    }
}

#[test]
fn pages_lead_from_one_to_the_next() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &["--public-url", "https://data.example/weir"]);
    complete(&server);
    let next = |reply: &Reply| {
        reply.json()["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").cloned()
    };
    let (mut target, mut found) = ("/stac/collections/a/items?limit=1".to_owned(), Vec::new());
    for _ in 0..2 {
        let reply = server.get(&target);
        assert_eq!(reply.json()["numberMatched"], 2);
        found.extend(ids(&reply));
        let Some(link) = next(&reply) else { break };
        let href = link["href"].as_str().unwrap().to_owned();
        target =
            href.strip_prefix("https://data.example/weir").expect("links lead to the public URL").to_owned();
    }
    assert_eq!(found, ["a/deep/two.nc", "a/one.nc"]);
    let (mut body, mut found) =
        (json!({"limit": 3, "sortby": [{"field": "id", "direction": "desc"}]}), Vec::new());
    for _ in 0..2 {
        let reply = post(&server, &body.to_string());
        found.extend(ids(&reply));
        let Some(link) = next(&reply) else { break };
        assert_eq!(
            (&link["method"], &link["href"]),
            (&json!("POST"), &json!("https://data.example/weir/stac/search"))
        );
        body = link["body"].clone();
    }
    assert_eq!(found, ["four.nc", "b/three.nc", "a/one.nc", "a/deep/two.nc"]);
    server.stop(&[]);
}

#[test]
fn documents_lead_to_each_other() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    complete(&server);
    let landing = server.get("/stac");
    assert_eq!(landing.json(), server.get("/stac/").json());
    assert!(
        landing.json()["conformsTo"]
            .as_array()
            .unwrap()
            .contains(&json!("https://api.stacspec.org/v1.0.0/item-search"))
    );
    for link in landing.json()["links"].as_array().unwrap() {
        let target = link["href"].as_str().unwrap().split(&server.address).nth(1).unwrap().to_owned();
        let reply = if link["method"] == "POST" { post(&server, "") } else { server.get(&target) };
        assert_eq!(reply.status, 200, "{link}");
        let essence = |text: &str| text.split(';').next().unwrap().to_owned();
        assert_eq!(essence(reply.header("content-type")), essence(link["type"].as_str().unwrap()), "{link}");
    }
    let collections = server.get("/stac/collections").json();
    let names = |collections: &Json| -> Vec<Json> {
        collections["collections"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    assert_eq!(names(&collections), ["a", "b", "datasets"]);
    let page = server.get("/stac/collections?limit=2").json();
    assert_eq!((names(&page), &page["numberMatched"]), (vec![json!("a"), json!("b")], &json!(3)));
    let one = server.get("/stac/collections/a").json();
    assert_eq!(one, collections["collections"][0]);
    assert_eq!(
        one["extent"]["temporal"]["interval"][0],
        json!(["2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"])
    );
    let item = server.get("/stac/collections/a/items/a%2Fdeep%2Ftwo.nc");
    assert_eq!(
        (item.header("content-type"), &item.json()["collection"]),
        ("application/geo+json", &json!("a"))
    );
    assert_eq!(item.json(), server.get("/stac/collections/a/items/a/deep/two.nc").json());
    assert_eq!(item.json()["bbox"], json!([100.0, -40.0, 105.0, -35.0]));
    let queryables = server.get("/stac/collections/b/queryables");
    assert_eq!(queryables.header("content-type"), "application/schema+json");
    assert_eq!(queryables.json()["properties"]["title"]["type"], "string");
    let fields =
        server.get("/stac/search?ids=four.nc&fields=properties.title,-links").json()["features"][0].clone();
    let expected = json!({
        "type": "Feature", "stac_version": "1.1.0", "id": "four.nc", "collection": "datasets",
        "properties": {"title": "grid of day 1096"}
    });
    assert_eq!(fields, expected);
    server.stop(&[]);
}

#[test]
fn what_is_not_understood_is_said_as_stac_says_it() {
    let folder = folder();
    let server = Server::start(Mode::LinkedIn, folder.path(), &[]);
    complete(&server);
    let check = |reply: &Reply, status: u16, part: &str| {
        assert_eq!((reply.status, reply.header("content-type")), (status, "application/json"), "{part}");
        assert!(reply.json()["code"].is_string());
        assert!(reply.json()["description"].as_str().unwrap().contains(part), "{}", reply.text());
    };
    check(&server.get("/stac/search?bbox=1,2,3"), 400, "bbox");
    check(&server.get("/stac/search?datetime=yesterday"), 400, "datetime");
    check(&server.get("/stac/search?limit=0"), 400, "limit");
    check(&server.get("/stac/search?filter=("), 400, "filter");
    check(&server.get("/stac/search?token=x"), 400, "token");
    check(&post(&server, "{"), 400, "JSON");
    check(&post(&server, "[]"), 400, "JSON");
    check(&post(&server, r#"{"bbox":"1,2,3,4"}"#), 400, "bbox");
    check(&server.get("/stac/collections/none"), 404, "none");
    check(&server.get("/stac/collections/none/items"), 404, "none");
    check(&server.get("/stac/collections/b/items/a%2Fone.nc"), 404, "a/one.nc");
    check(&server.get("/stac/none"), 404, "none");
    server.stop(&[]);
}

#[test]
fn the_index_follows_datasets_that_come_go_and_break() {
    let folder = folder();
    put(folder.path(), "bad.nc", &grid(0.0, 0.0, 1.0)[..60]);
    let cache = tempfile::tempdir().unwrap();
    let index = cache.path().join("index.redb");
    let arguments = ["--index", index.to_str().unwrap()];
    let server = Server::start(Mode::LinkedIn, folder.path(), &arguments);
    complete(&server);
    let found = |server: &Server| ids(&server.get("/stac/search?collections=b,datasets"));
    assert_eq!(found(&server), ["b/three.nc", "four.nc"]);
    assert!(server.logged("bad.nc is left out of searches"));
    let until = |server: &Server, expected: &[&str]| {
        let end = Instant::now() + Duration::from_secs(30);
        while found(server) != expected {
            assert!(Instant::now() < end, "{expected:?}: {:?}", found(server));
            std::thread::yield_now();
        }
    };
    put(folder.path(), "b/five.nc", &grid(10.0, 10.0, 5.0));
    until(&server, &["b/five.nc", "b/three.nc", "four.nc"]);
    std::fs::remove_file(folder.path().join("b/three.nc")).unwrap();
    until(&server, &["b/five.nc", "four.nc"]);
    server.stop(&["bad.nc", "cannot be opened", "request failed"]);

    // The next process knows what this one learnt, and sees what happened meanwhile.
    put(folder.path(), "bad.nc", &grid(20.0, 20.0, 9.0));
    std::fs::remove_file(folder.path().join("b/five.nc")).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &arguments);
    until(&server, &["bad.nc", "four.nc"]);
    server.stop(&[]);

    // A damaged file is begun anew.
    let kept = cache.path().join("index.redb.plugins/stac.redb");
    let length = std::fs::metadata(&kept).unwrap().len() as usize;
    std::fs::write(&kept, vec![0x5a; length]).unwrap();
    let server = Server::start(Mode::LinkedIn, folder.path(), &arguments);
    until(&server, &["bad.nc", "four.nc"]);
    server.stop(&[]);
}

#[test]
fn catalogs_are_written_as_files() {
    let folder = folder();
    let (to, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let export = |public: &str| {
        let mut command = Command::new(&binaries().weir);
        command.args(["catalog", "export"]).arg(to.path()).arg(folder.path()).args(["--public-url", public]);
        command.env("XDG_CACHE_HOME", cache.path()).output().unwrap()
    };
    let done = export("https://data.example");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let read = |path: &str| -> Json {
        serde_json::from_slice(&std::fs::read(to.path().join(path)).unwrap()).unwrap()
    };
    // Every link between files leads to one, from the catalog to all items.
    let (mut open, mut items) = (vec!["catalog.json".to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        let document = read(&path);
        if document["type"] == "Feature" {
            items.push(document["id"].as_str().unwrap().to_owned());
            assert_eq!(
                document["assets"]["zarr"]["href"].as_str().unwrap().split("/datasets/").next(),
                Some("https://data.example")
            );
        }
        for link in document["links"].as_array().unwrap() {
            let href = link["href"].as_str().unwrap();
            if href.starts_with('.') {
                let target = to.path().join(&path).parent().unwrap().join(href);
                assert!(target.is_file(), "{path}: {href}");
                if link["rel"] == "child" || link["rel"] == "item" {
                    let target = target.canonicalize().unwrap();
                    let inside = target.strip_prefix(to.path().canonicalize().unwrap()).unwrap();
                    open.push(inside.to_str().unwrap().to_owned());
                }
            }
        }
    }
    items.sort();
    assert_eq!(items, ["a/deep/two.nc", "a/one.nc", "b/three.nc", "four.nc"]);
    let table = std::fs::read(to.path().join("items.parquet")).unwrap();
    assert_eq!((&table[..4], &table[table.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    let again = export("https://data.example");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("is not empty"));
}
