//! Catalogs behind the plugin's C table, served by a host in memory, and read by a parser of YAML.

use saphyr::{LoadableYamlNode, Yaml};
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, PluginFacts, Route, ServerFacts};

use crate::IntakePlugin;

fn facts() -> ServerFacts {
    let patterns =
        ["/datasets/{id}/zarr/{rest}", "/datasets/{id}/kerchunk/{rest}", "/datasets/{id}/opendap.dds"];
    let routes = patterns.into_iter().map(Route::get).collect();
    let plugin = PluginFacts { name: "some".to_owned(), routes, ..PluginFacts::default() };
    ServerFacts { name: "weir".to_owned(), plugins: vec![plugin], ..ServerFacts::default() }
}

fn dataset() -> MemoryDataset {
    dataset_of(vec![counting("sst", DataType::Int16, &[("y", 3)])])
}

const IDS: [&str; 5] = ["on", "2000-01-01", "a/b: #\"x\".nc", "a/{{y}}.nc", "a/b/\u{85}é.nc"];

fn running(config: &str) -> Running {
    let host = MockHost::new().facts(facts()).config(config);
    IDS.iter().fold(host, |host, id| host.dataset(id, dataset())).start::<IntakePlugin>()
}

/// The names of a catalog's sources, each with where it leads.
fn sources(running: &Running, target: &str) -> Vec<(String, String)> {
    let got = running.get(target).unwrap();
    assert_eq!(got.header("content-type"), Some("text/yaml; charset=utf-8"));
    let text = got.text();
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
    let sources = documents[0]["sources"].as_mapping().unwrap_or_else(|| panic!("no sources in {text}"));
    let place = |source: &Yaml<'_>| {
        let key = if source["driver"].as_str() == Some("yaml_file_cat") { "path" } else { "urlpath" };
        source["args"][key].as_str().unwrap().to_owned()
    };
    sources.iter().map(|(name, source)| (name.as_str().unwrap().to_owned(), place(source))).collect()
}

fn names(running: &Running, target: &str) -> Vec<String> {
    sources(running, target).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn all_datasets_are_in_one_catalog_where_there_are_few() {
    let running = running("{}");
    let got = sources(&running, "/intake.yaml");
    let mut ids: Vec<&str> = IDS.to_vec();
    ids.sort_unstable();
    assert_eq!(got.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ids);
    assert_eq!(got[3].1, "http://weir.example/datasets/a/%7B%7By%7D%7D.nc/{{ method }}", "{got:?}");
    assert!(running.get("/intake.yaml").unwrap().text().contains("allowed: [zarr, kerchunk]"));
}

#[test]
fn many_datasets_are_in_catalogs_of_folders() {
    let running = running(r#"{"most": 4}"#);
    let root = sources(&running, "/intake.yaml");
    assert_eq!(root.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["2000-01-01", "a/", "on"]);
    assert_eq!(root[1].1, "http://weir.example/intake/a/catalog.yaml");
    assert_eq!(names(&running, "/intake/a/catalog.yaml"), ["a/b/", "a/b: #\"x\".nc", "a/{{y}}.nc"]);
    assert_eq!(names(&running, "/intake/a/b/catalog.yaml"), ["a/b/\u{85}é.nc"]);
    for missing in ["/intake/c/catalog.yaml", "/intake/a/catalog.yml", "/intake/acatalog.yaml"] {
        assert!(running.get(missing).is_err_and(|error| error.kind == ErrorKind::NotFound), "{missing}");
    }
}

#[test]
fn long_folders_go_on_in_nested_catalogs() {
    let running = running(r#"{"most": 2}"#);
    let (mut target, mut found) = ("/intake.yaml".to_owned(), vec![]);
    loop {
        let page = sources(&running, &target);
        let next = page.iter().find(|(name, _)| name == "/more").map(|(_, url)| url.clone());
        found.extend(page.into_iter().map(|(name, _)| name).filter(|name| name != "/more"));
        let Some(url) = next else { break };
        target = url.strip_prefix("http://weir.example").unwrap().to_owned();
    }
    assert_eq!(found, ["2000-01-01", "a/", "on"]);
}

#[test]
fn a_dataset_has_a_source_for_each_way() {
    let got = sources(&running("{}"), "/datasets/on/catalog.yaml");
    let url = |way: &str| (format!("on-{way}"), format!("http://weir.example/datasets/on/{way}"));
    assert_eq!(got, [url("opendap"), url("zarr"), url("kerchunk")]);
    let none = MockHost::new().facts(ServerFacts::default()).dataset("on", dataset()).start::<IntakePlugin>();
    assert_eq!(sources(&none, "/datasets/on/catalog.yaml"), []);
    assert_eq!(sources(&none, "/intake.yaml"), []);
}

#[test]
fn nothing_is_opened_for_many() {
    let running = running("{}");
    running.get("/intake.yaml").unwrap();
    assert_eq!(running.reads(), 0);
}

#[test]
fn odd_configurations_are_refused() {
    let check = |config: &str, words: &str| {
        let got = crate::Configuration::parse(config).map(|_| ());
        assert!(got.as_ref().is_err_and(|error| error.message.contains(words)), "{got:?}");
    };
    check(r#"{"most": 0}"#, "most is 0, but must be from 1 to 100000");
    check(r#"{"titel": "x"}"#, "unknown field `titel`");
    check("{", "is not understood");
}

#[test]
fn it_keeps_the_contract() {
    let host = MockHost::new().facts(facts()).dataset("a/x.nc", dataset()).dataset("y.nc", dataset());
    let targets =
        ["/intake.yaml", "/intake/catalog.yaml", "/intake/a/catalog.yaml", "/datasets/y.nc/catalog.yaml"];
    check_contract::<IntakePlugin>(host, "y.nc", &targets);
}
