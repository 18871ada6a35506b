//! Documents of datasets in memory.

use serde_json::{Value, json};
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{PluginFacts, Route, ServerFacts};

use crate::StacPlugin;

fn dataset() -> MemoryDataset {
    let mut made = dataset_of(vec![counting("t", DataType::Float32, &[("x", 3)])]);
    made.file = Some(("d.nc".to_owned(), vec![1, 2, 3]));
    made
}

fn host(ids: impl IntoIterator<Item = String>) -> MockHost {
    let routes = ["/datasets/{id}/zarr/{rest}", "/datasets/{id}/file"].map(Route::get).to_vec();
    let facts =
        ServerFacts { plugins: vec![PluginFacts { routes, ..Default::default() }], ..Default::default() };
    ids.into_iter().fold(MockHost::new().facts(facts), |host, id| host.dataset(&id, dataset()))
}

fn get(running: &Running, target: &str) -> Value {
    serde_json::from_slice(&running.get(target).unwrap().bytes).unwrap()
}

fn links(document: &Value, relation: &str) -> Vec<String> {
    let links = document["links"].as_array().unwrap().iter().filter(|link| link["rel"] == relation);
    links.map(|link| link["href"].as_str().unwrap().replace("http://weir.example", "")).collect()
}

#[test]
fn the_contract_is_kept() {
    let targets = ["/datasets/a/d.nc/stac", "/stac/catalog/a/", "/stac/catalog", "/stac-collection-all.json"];
    check_contract::<StacPlugin>(host(["a/d.nc".to_owned()]), "a/d.nc", &targets);
}

#[test]
fn long_folders_go_on_in_catalogs_of_their_own() {
    let ids =
        (1..=2500).map(|number| format!("many/{number:05}")).chain(["one/x".to_owned(), "y".to_owned()]);
    let running = host(ids).start::<StacPlugin>();
    let root = get(&running, "/stac/catalog/");
    assert_eq!(links(&root, "child"), ["/stac/catalog/many/", "/stac/catalog/one/"]);
    assert_eq!(links(&root, "item"), ["/datasets/y/stac"]);
    let (mut target, mut found) = ("/stac/catalog/many/".to_owned(), Vec::new());
    loop {
        let page = get(&running, &target);
        assert_eq!(links(&page, "self"), [target.as_str()]);
        found.extend(links(&page, "item"));
        match links(&page, "child").pop() {
            Some(next) => target = next,
            None => break,
        }
    }
    let expected: Vec<String> = (1..=2500).map(|number| format!("/datasets/many/{number:05}/stac")).collect();
    assert_eq!(found, expected);
    let all = get(&running, "/stac-collection-all.json");
    assert_eq!((links(&all, "item").len(), links(&all, "child").len()), (2502, 0));
    assert!(running.get("/stac/catalog/none/").is_err());
}

#[test]
fn items_name_what_this_server_serves() {
    let running = host(["d.nc".to_owned()]).start::<StacPlugin>();
    let item = get(&running, "/datasets/d.nc/stac");
    let names: Vec<&String> = item["assets"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["zarr", "file"]);
    assert_eq!(item["assets"]["file"]["file:size"], 3);
    assert_eq!((&item["id"], &item["collection"]), (&json!("d.nc"), &json!("datasets")));
    let reads = running.reads();
    assert_eq!(get(&running, "/datasets/d.nc/stac"), item);
    assert_eq!(running.reads(), reads, "an item is kept");
}

#[test]
fn words_of_the_site_are_laid_over() {
    let config =
        r#"{"license": "CC0-1.0", "gridlook": "", "datasets": [{"pattern": "d*", "title": "Laid over"}]}"#;
    let running = host(["d.nc".to_owned()]).config(config).start::<StacPlugin>();
    let properties = &get(&running, "/datasets/d.nc/stac")["properties"];
    assert_eq!((&properties["title"], &properties["license"]), (&json!("Laid over"), &json!("CC0-1.0")));
    assert_eq!(get(&running, "/stac-collection-all.json")["license"], "CC0-1.0");
}
