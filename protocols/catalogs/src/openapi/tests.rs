//! Documents of a server with two plugins.

use super::*;

fn server() -> Server {
    Server { title: "weir <1>".into(), version: "2".into(), url: "https://data.example".into() }
}

fn operation(plugin: &str, methods: &[&str], pattern: &str, description: Json) -> Operation {
    let methods = methods.iter().map(|&method| method.to_owned()).collect();
    Operation { plugin: plugin.to_owned(), methods, pattern: pattern.to_owned(), description }
}

fn operations() -> Vec<Operation> {
    let sum = json!({
        "summary": "sums \"up\"",
        "parameters": [
            { "name": "limit", "in": "query", "required": false, "description": "how many", "schema": { "type": "integer", "minimum": 1 } },
            { "name": "rest", "in": "path", "required": true, "description": "what", "schema": { "type": "string" } },
        ],
        "responses": {
            "200": { "description": "the sum", "content": { "text/csv": {} } },
            "404": { "description": "no such dataset", "content": { "application/json": {} } },
        },
    });
    vec![
        operation("sums", &["GET", "HEAD"], "/datasets/{id}/sum", sum),
        operation("odd", &["GET", "HEAD", "POST"], "/odd/{rest}", Json::Null),
        operation("odd", &["GET", "HEAD"], "/odd/{id}.a-b", json!({})),
        operation("odd", &["GET", "HEAD"], "/odd/{id}/a/b", json!({})),
        operation("odd", &["GET"], "/odd", json!({})),
        operation("odd", &["GET"], "/odd/", json!({})),
        operation("odd", &["HEAD"], "/only-head", json!({})),
    ]
}

#[test]
fn routes_become_operations() {
    let document = document(&server(), &operations());
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(document["servers"], json!([{"url": "https://data.example"}]));
    assert_eq!(document["tags"], json!([{"name": "odd"}, {"name": "sums"}]));
    let sum = &document["paths"]["/datasets/{id}/sum"];
    assert_eq!(sum.as_object().map(Map::len), Some(1), "HEAD comes with GET");
    let names: Vec<&str> =
        sum["get"]["parameters"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["limit", "id"], "one of the pattern is added, one that it has not is left out");
    assert_eq!(sum["get"]["parameters"][1]["required"], true);
    let schema = &sum["get"]["responses"]["404"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Error");
    assert_eq!(sum["get"]["responses"]["200"]["content"], json!({"text/csv": {}}));
    let odd = &document["paths"]["/odd/{rest}"];
    assert!(odd["post"]["requestBody"].is_object() && odd["get"].get("requestBody").is_none());
    assert!(odd["get"]["responses"]["default"].is_object());
    assert!(document["paths"]["/only-head"]["head"].is_object());
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document(&server(), &operations());
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let mut ids: Vec<&str> = operations.map(|operation| text(&operation["operationId"])).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), count), (8, 8), "{ids:?}");
}

#[test]
fn the_page_shows_all_and_runs_nothing() {
    let page = page(&document(&server(), &operations()));
    for part in
        ["/datasets/{id}/sum", "sums &quot;up&quot;", "integer, minimum 1", "text/csv", "weir &lt;1&gt;"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{page}");
}
