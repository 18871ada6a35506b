//! The plugin behind its C table, served by a host in memory.

use serde_json::{Value as Json, json};
use weir_plugin_api::model::{Attribute, DataType, Value};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, PluginFacts, Route, ServerFacts};

use crate::EsmPlugin;

fn dataset(realm: &str) -> MemoryDataset {
    let mut sst = counting("sst", DataType::Int16, &[("lat", 3)]);
    sst.0.attributes.push(Attribute { name: "units".to_owned(), value: Value::text("K") });
    let ice = counting("ice", DataType::Int16, &[("lat", 3)]);
    let mut dataset = dataset_of(vec![counting("lat", DataType::Float64, &[("lat", 3)]), sst, ice]);
    dataset.schema.root.attributes.push(Attribute { name: "realm".to_owned(), value: Value::text(realm) });
    dataset
}

fn host(patterns: &[&str]) -> MockHost {
    let routes = patterns.iter().map(|pattern| Route::get(pattern)).collect();
    let plugins = vec![PluginFacts { name: "zarr".to_owned(), routes, ..PluginFacts::default() }];
    MockHost::new()
        .dataset("a/x 1.nc", dataset("ocean"))
        .dataset("a/deep/y.nc", dataset("ice"))
        .dataset("b/z.nc", dataset("ocean"))
        .dataset("top.nc", dataset("ocean"))
        .facts(ServerFacts { name: "weir".to_owned(), plugins, ..ServerFacts::default() })
}

const ZARR: &str = "/datasets/{id}/zarr/{rest}";

fn running() -> Running {
    host(&[ZARR]).start::<EsmPlugin>()
}

fn document(running: &Running, target: &str) -> Json {
    let answer = running.get(target).unwrap_or_else(|error| panic!("{target}: {error}"));
    assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
    serde_json::from_slice(&answer.bytes).unwrap()
}

#[test]
fn the_contract_is_kept() {
    let below = [
        "",
        "/metacatalog.parquet",
        "/source/a.json",
        "/source/a.parquet",
        "/source/a_uniqs.parquet",
        "/source/a_metadata.json",
        "/table/esm-datastore/a?limit=1",
        "/table/datastore-content/a",
        "/table/datastore-project/a",
    ];
    let targets = below.map(|path| format!("/esm{path}"));
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<EsmPlugin>(host(&[ZARR]), "a/x 1.nc", &targets);
}

#[test]
fn first_folders_are_datastores() {
    let index = document(&running(), "/esm");
    let names: Vec<&str> =
        index["datastores"].as_array().unwrap().iter().map(|store| store["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "root"]);
    assert_eq!(index["datastores"][0]["url"], "http://weir.example/esm/source/a.json");
    for (name, count) in [("a", 2), ("b", 1), ("root", 1)] {
        let metadata = document(&running(), &format!("/esm/source/{name}_metadata.json"));
        assert_eq!(metadata, json!({"project_id": name, "num_records": count}));
    }
}

#[test]
fn rows_lead_to_what_is_served() {
    let check = |patterns: &[&str], path: &str, format: &str| {
        let running = host(patterns).start::<EsmPlugin>();
        let rows = document(&running, "/esm/table/esm-datastore/a?realm_filter=ocean");
        assert_eq!(rows["total"], 1);
        assert_eq!(rows["records"][0]["path"], format!("http://weir.example/datasets/a/x%201.nc/{path}"));
        let specification = document(&running, "/esm/source/a.json");
        assert_eq!(specification["assets"]["format"], format);
        assert_eq!(specification["catalog_file"], "http://weir.example/esm/source/a.parquet");
        assert_eq!(specification["aggregation_control"]["groupby_attrs"], json!(["dataset", "format"]));
    };
    check(&[ZARR, "/datasets/{id}/opendap.dds"], "zarr", "zarr");
    check(&["/datasets/{id}/kerchunk/{rest}"], "kerchunk", "zarr");
    check(&["/datasets/{id}/opendap.dds"], "opendap", "opendap");
    let error = host(&[]).start::<EsmPlugin>().get("/esm/source/a.json").unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

#[test]
fn columns_say_what_datasets_say() {
    let row = &document(&running(), "/esm/table/datastore-content/b")[0];
    let expected = json!({
        "path": "http://weir.example/datasets/b/z.nc/zarr", "format": "zarr", "dataset": "b/z.nc", "folder": "b", "file": "z.nc",
        "frequency": "fx", "variable": ["sst", "ice"], "variable_units": ["K", ""], "realm": "ocean",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{row}");
    }
    assert!(row.get("title").is_none(), "nobody says any: {row}");
    let unique = running().get("/esm/source/a_uniqs.parquet").unwrap();
    assert!(unique.bytes.starts_with(b"PAR1") && unique.bytes.ends_with(b"PAR1") && unique.ranges);
}

#[test]
fn sites_choose_datastores_and_columns() {
    let config = r#"{
        "patterns": ["{where}/deep/{realm}.nc", "{where}/{file_id}.nc"],
        "datastore": [{"name": "all", "datasets": ["a/", "b/"], "title": "All", "project": "p", "groupby": ["where"]}]
    }"#;
    let running = host(&[ZARR]).config(config).start::<EsmPlugin>();
    let rows = document(&running, "/esm/table/esm-datastore/all?sortField=dataset");
    let shown: Vec<String> = rows["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {}", row["where"], row["realm"], row["file_id"]))
        .collect();
    assert_eq!(shown, [r#""a" "y" null"#, r#""a" "ocean" "x 1""#, r#""b" "ocean" "z""#]);
    let specification = document(&running, "/esm/source/all.json");
    assert_eq!(specification["aggregation_control"]["groupby_attrs"], json!(["where", "format"]));
    assert_eq!(document(&running, "/esm/table/datastore-project/all"), json!({"project": "p"}));
    assert_eq!(running.get("/esm/source/a.json").unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_dataset_is_opened_once() {
    let running = running();
    running.get("/esm/source/a.parquet").unwrap();
    let before = running.reads();
    for target in ["/esm/source/a.parquet", "/esm/source/a.json", "/esm/table/esm-datastore/a"] {
        running.get(target).unwrap();
    }
    assert_eq!(running.reads(), before);
}

#[test]
fn whoever_comes_again_finds_tables_made_at_last() {
    let running = host(&[ZARR]).config(r#"{"patience": 0}"#).start::<EsmPlugin>();
    let whole = crate::tests::running();
    let datasets: usize = ["a", "b", "root"]
        .iter()
        .map(|store| {
            document(&whole, &format!("/esm/table/esm-datastore/{store}"))["total"].as_u64().unwrap() as usize
        })
        .sum();
    // Each request opens one dataset, whichever datastore it is in; the last one finds all others.
    for _ in 1..datasets {
        let error = running.get("/esm/metacatalog.parquet").unwrap_err();
        assert!(error.kind == ErrorKind::Unavailable && error.message.contains("come again"), "{error}");
    }
    let made = running.get("/esm/metacatalog.parquet").unwrap();
    assert_eq!(made.bytes, whole.get("/esm/metacatalog.parquet").unwrap().bytes);
}

#[test]
fn what_cannot_be_answered_is_said() {
    let check = |target: &str, kind: ErrorKind, words: &str| {
        let error = running().get(target).unwrap_err();
        assert!(error.kind == kind && error.message.contains(words), "{target}: {error:?}");
    };
    check("/esm/source/none.json", ErrorKind::NotFound, "there is no datastore \"none\"");
    check("/esm/source/a.csv", ErrorKind::NotFound, "put one of _uniqs.parquet");
    check("/esm/table/esm-datastore/a?limit=x", ErrorKind::BadRequest, "limit is \"x\"");
    check("/esm/table/esm-datastore/a?sortField=%ff", ErrorKind::BadRequest, "not UTF-8");
    let small = host(&[ZARR]).config(r#"{"most_rows": 1}"#).start::<EsmPlugin>();
    let error = small.get("/esm/source/a.parquet").unwrap_err();
    assert!(error.kind == ErrorKind::TooLarge && error.message.contains("more than 1 datasets"), "{error}");
    for route in running().routes() {
        assert!(!route.description.summary.is_empty() && !route.description.responses.is_empty(), "{route}");
    }
}
