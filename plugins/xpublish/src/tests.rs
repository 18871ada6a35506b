//! The plugin behind its C table, served by a host in memory.

use serde_json::{Value as Json, json};
use weir_plugin_api::model::{DataType, Group};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, PluginFacts, Route, ServerFacts};

use crate::XpublishPlugin;

fn dataset() -> MemoryDataset {
    let mut dataset = dataset_of(vec![
        counting("lat", DataType::Float64, &[("lat", 3)]),
        counting("sst", DataType::Int16, &[("time", 2), ("lat", 3)]),
    ]);
    dataset.schema.root.groups.push(Group { name: "keys".to_owned(), ..Group::default() });
    dataset
}

fn host() -> MockHost {
    MockHost::new().dataset("a b/d.nc", dataset()).dataset("d", dataset()).facts(facts())
}

fn facts() -> ServerFacts {
    let plugin = |name: &str, version: &str| PluginFacts {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: "linked in".to_owned(),
        abi: "1.2".to_owned(),
        routes: vec![Route::get(&format!("/datasets/{{id}}/{name}"))],
    };
    ServerFacts {
        name: "weir".to_owned(),
        version: "7".to_owned(),
        abi: "1.3".to_owned(),
        state_folder: None,
        computing_bytes: None,
        plugins: vec![plugin("weir", "7"), plugin("file", "5")],
    }
}

fn running() -> Running {
    host().start::<XpublishPlugin>()
}

fn document(target: &str) -> Json {
    let answer = running().get(target).unwrap();
    assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
    serde_json::from_slice(&answer.bytes).unwrap()
}

#[test]
fn the_contract_is_kept() {
    let below = ["keys", "dict", "info", "tree", "groups", "groups/keys/keys", "groups/", "groups/keys/"];
    let targets = below.map(|path| format!("/datasets/d/{path}"));
    let all: Vec<&str> =
        targets.iter().map(String::as_str).chain(["/datasets", "/plugins", "/versions"]).collect();
    check_contract::<XpublishPlugin>(host(), "d", &all);
}

#[test]
fn documents_are_of_the_group_that_is_asked_for() {
    assert_eq!(document("/datasets"), json!(["a b/d.nc", "d"]));
    assert_eq!(document("/datasets/a b/d.nc/keys"), json!(["lat", "sst"]));
    assert_eq!(document("/datasets/d/dict")["dims"], json!({"lat": 3, "time": 2}));
    assert_eq!(document("/datasets/d/info")["variables"]["sst"]["type"], "int16");
    assert_eq!(document("/datasets/d/groups"), json!(["/", "/keys"]));
    assert_eq!(document("/datasets/d/groups/keys/keys"), json!(["lat"]));
    assert_eq!(document("/datasets/d/groups//keys"), json!(["lat", "sst"]), "of the root");
    for target in ["/datasets/d/groups/keys", "/datasets/d/groups/keys/"] {
        let page = running().get(target).unwrap();
        assert!(page.text().contains("<title>d /keys</title>"), "{page:?}");
        assert_eq!(page.text().matches("<script").count(), 0, "{page:?}");
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    }
}

#[test]
fn plugins_have_versions() {
    let expected = json!({"file": {"path": "linked in", "version": "5", "abi": "1.2", "routes": ["GET,HEAD /datasets/{id}/file"]}});
    assert_eq!(document("/plugins"), expected);
    assert_eq!(document("/versions"), json!({"weir": "7", "abi": "1.3", "weir-plugin-file": "5"}));
}

#[test]
fn every_route_is_described() {
    for route in running().routes() {
        let description = &route.description;
        assert!(!description.summary.is_empty() && !description.responses.is_empty(), "{route}");
    }
}

#[test]
fn what_is_not_there_is_said_as_xpublish_says_it() {
    let check = |target: &str, message: &str| {
        let error = running().get(target).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, message), "{target}");
        let body = running().render_error(target, 404, message).unwrap();
        assert_eq!(body.text(), json!({"detail": message}).to_string());
    };
    for target in ["/datasets/none/keys", "/datasets/none/groups/a"] {
        check(target, "Dataset 'none' not found");
    }
    check("/datasets/d/groups/other/info", "Group 'other' not found in dataset 'd'");
    let error = running().get("/datasets?limit=0").unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadRequest);
}
