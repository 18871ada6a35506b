//! The plugin behind its C table, served by a host in memory.

use serde_json::Value as Json;
use weir_plugin_api::testing::{MockHost, Running, check_contract};
use weir_plugin_api::{ErrorKind, Parameter, PluginFacts, Route, ServerFacts};

use crate::OpenApiPlugin;

fn host(plugins: &[&str]) -> MockHost {
    let plugin = |name: &&str| PluginFacts {
        name: (*name).to_owned(),
        routes: vec![
            Route::get(&format!("/datasets/{{id}}/{name}"))
                .summary("a sum <b>")
                .parameter(Parameter::query("limit", "how many"))
                .answers(200, &["text/csv"], "the sum"),
        ],
        ..PluginFacts::default()
    };
    let plugins = plugins.iter().map(plugin).collect();
    MockHost::new().facts(ServerFacts { name: "weir".to_owned(), plugins, ..ServerFacts::default() })
}

fn running(plugins: &[&str]) -> Running {
    host(plugins).start::<OpenApiPlugin>()
}

#[test]
fn the_contract_is_kept() {
    check_contract::<OpenApiPlugin>(host(&["sums"]), "d", &["/openapi.json", "/docs"]);
}

#[test]
fn what_is_not_served_is_not_in_it() {
    for (plugins, expected) in [(&["sums", "means"][..], 2), (&["sums"], 1), (&[], 0)] {
        let answer = running(plugins).get("/openapi.json").unwrap();
        let document: Json = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(document["paths"].as_object().unwrap().len(), expected, "{document}");
        assert_eq!(document["servers"][0]["url"], "http://weir.example");
        let page = running(plugins).get("/docs").unwrap();
        assert_eq!(page.text().matches("a sum &lt;b&gt;").count(), expected);
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    }
}

#[test]
fn a_server_that_is_not_ready_says_so() {
    let error = MockHost::new().start::<OpenApiPlugin>().get("/docs").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}
