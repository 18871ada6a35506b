//! The first page and what search engines look for, behind the plugin's C table.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, PluginFacts, Route, ServerFacts, Trouble, Troubles};

use crate::PagesPlugin;

fn facts() -> ServerFacts {
    let html = ["text/html; charset=utf-8"].as_slice();
    let routes = vec![
        Route::get("/datasets/{id}/").summary("a page").answers(200, html, "it"),
        Route::get("/datasets/{id}/zarr/{rest}").summary("data and listings").answers(
            200,
            &["application/octet-stream", "text/html"],
            "it",
        ),
        Route::get("/intake.yaml").summary("Intake <catalog>").answers(200, &["text/yaml"], "it"),
        Route::get("/intake.yaml/").summary("twin").answers(200, &["text/yaml"], "it"),
        Route::get("/thredds").summary("leads on").answers(302, &[], "there"),
        Route::get("/datasets/.zgroup").summary("for programs").answers(200, &["application/json"], "it"),
        Route::post("/search").summary("searches").answers(200, &["application/json"], "it"),
    ];
    let plugin = PluginFacts { name: "some".to_owned(), routes, ..PluginFacts::default() };
    ServerFacts { name: "weir".to_owned(), plugins: vec![plugin], ..ServerFacts::default() }
}

fn dataset() -> MemoryDataset {
    dataset_of(vec![counting("sst", DataType::Int16, &[("y", 3)])])
}

fn running(config: &str, ids: &[&str]) -> Running {
    let host = MockHost::new().facts(facts()).config(config);
    ids.iter().fold(host, |host, id| host.dataset(id, dataset())).start::<PagesPlugin>()
}

fn json_ld(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/ld+json\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn catalogs_are_read_off_the_routes() {
    let running = running(r#"{"title": "House & Sea", "description": "All <we> have"}"#, &["a.nc"]);
    let page = running.get("/").unwrap();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    assert!(
        text.contains("<title>House &amp; Sea</title>") && text.contains("All &lt;we&gt; have"),
        "{text}"
    );
    let entrance = "<a href=\"http://weir.example/intake.yaml\">/intake.yaml</a>: Intake &lt;catalog&gt;";
    assert!(text.contains(entrance), "{text}");
    for absent in ["twin", "/thredds", ".zgroup", "/search", "{id}"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
    assert_eq!(running.reads(), 0);
}

#[test]
fn datasets_are_listed_by_folder() {
    let evil = "a/<script>alert(1)&\".nc";
    let running = running("{}", &[evil, "a/b/c.nc", "z.nc"]);
    let root = running.get("/").unwrap().text();
    assert!(root.contains("<a href=\"http://weir.example/?folder=a/\">a/</a>"), "{root}");
    assert_eq!(json_ld(&root)["dataset"][0]["url"], "http://weir.example/datasets/z.nc/");
    let folder = running.get("/?folder=a/").unwrap().text();
    assert!(folder.contains("http://weir.example/?folder=a/b/"), "{folder}");
    assert!(folder.contains(">&lt;script&gt;alert(1)&amp;&quot;.nc</a>"), "{folder}");
    assert_eq!(folder.matches("<script").count(), 1, "{folder}");
    assert_eq!(json_ld(&folder)["dataset"][0]["name"], "<script>alert(1)&\".nc");
    assert!(running.get("/?folder=none/").is_err_and(|error| error.kind == ErrorKind::NotFound));
    assert!(running.get("/?folder=a").is_err_and(|error| error.kind == ErrorKind::BadRequest));
}

#[test]
fn long_folders_have_pages() {
    let ids: Vec<String> = (1..=1200).map(|n| format!("{n:05}.nc")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let running = running("{}", &ids);
    let (mut target, mut found) = ("/".to_owned(), vec![]);
    loop {
        let text = running.get(&target).unwrap().text();
        let datasets = json_ld(&text)["dataset"].as_array().unwrap().clone();
        found.extend(datasets.iter().map(|dataset| dataset["name"].as_str().unwrap().to_owned()));
        let Some((before, _)) = text.split_once("\" rel=\"next\"") else { break };
        target = before.rsplit_once("href=\"http://weir.example").unwrap().1.replace("&amp;", "&");
    }
    assert_eq!(found, ids);
}

#[test]
fn datasets_are_found_by_words() {
    let ids: Vec<String> = (1..=1200).map(|n| format!("Deep Sea/{n:05}/sst.nc")).collect();
    let ids = ids.iter().map(String::as_str).chain(["deep/other.nc", "<x> sea.nc"]);
    let running = running("{}", &ids.collect::<Vec<_>>());
    let text = running.get("/?q=SEA+deep").unwrap().text();
    assert_eq!(json_ld(&text)["dataset"].as_array().map(Vec::len), Some(500));
    assert!(text.contains(">Deep Sea/00001/sst.nc</a>") && text.contains("value=\"SEA deep\""), "{text}");
    let next = "href=\"http://weir.example/?q=SEA%20deep&amp;after=Deep%20Sea/00500/sst.nc\" rel=\"next\"";
    assert!(text.contains(next), "{text}");
    let rest = running.get("/?q=sea%20deep&after=Deep%20Sea/01000/sst.nc").unwrap().text();
    assert_eq!(json_ld(&rest)["dataset"].as_array().map(Vec::len), Some(200));
    assert!(!rest.contains("rel=\"next\""), "{rest}");
    let evil = running.get("/?q=%3Cx%3E").unwrap().text();
    assert!(evil.contains("&lt;x&gt; sea.nc") && !evil.contains("<x>"), "{evil}");
    assert!(running.get("/?q=none").unwrap().text().contains("There is nothing here."));
}

#[test]
fn datasets_have_pages() {
    let running = running("{}", &["a b/d.nc"]);
    let way = running.get("/datasets/a b/d.nc").unwrap();
    assert_eq!((way.status, way.header("location")), (307, Some("./d.nc/")));
    let page = running.get("/datasets/a b/d.nc/").unwrap();
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"), "{page:?}");
    let text = page.text();
    assert!(text.contains("<a href=\"http://weir.example/?folder=a%20b/\">a b</a> / d.nc"), "{text}");
    assert!(text.contains("<a href=\"http://weir.example/datasets/a%20b/d.nc/zarr\">Zarr</a>"), "{text}");
    assert!(
        text.contains("xr.open_zarr(&quot;http://weir.example/datasets/a%20b/d.nc/zarr&quot;)"),
        "{text}"
    );
    assert!(text.contains("<b>sst</b> (y: 3)"), "{text}");
    assert!(!text.contains("opendap") && !text.contains("<img"), "nobody serves it: {text}");
    assert!(text.contains("<script src=\"http://weir.example/pages/copy.js\" defer>"), "{text}");
    assert_eq!(json_ld(&text)["@type"], "Dataset");
    let script = running.get("/pages/copy.js").unwrap();
    assert!(script.text().contains("clipboard"), "{script:?}");
    let notebook = running.get("/datasets/a b/d.nc/notebook.ipynb").unwrap();
    assert_eq!(notebook.header("content-disposition"), Some("attachment; filename*=UTF-8''d.nc.ipynb"));
    let parsed: Value = serde_json::from_slice(&notebook.bytes).unwrap();
    assert_eq!(parsed["cells"][0]["source"], "# d.nc\n\n<http://weir.example/datasets/a%20b/d.nc/>");
    for target in ["/datasets/none", "/datasets/none/", "/datasets/none/notebook.ipynb"] {
        let error = running.get(target).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "Dataset 'none' not found"));
    }
}

#[test]
fn troubles_are_told() {
    let well = running("{}", &["a.nc"]).get("/status").unwrap();
    assert!(well.text().contains("all is well") && !well.text().contains("<table"), "{well:?}");
    assert_eq!(well.header("cache-control"), Some("no-store"));
    let trouble = |name: &str| vec![Trouble { name: name.to_owned(), reason: "cut <off>".to_owned() }];
    let troubles = Troubles { datasets: trouble("a b.nc"), files: trouble("link"), plugins: trouble("x.so") };
    let running = MockHost::new().facts(facts()).troubles(troubles).start::<PagesPlugin>();
    let text = running.get("/status").unwrap().text();
    assert!(text.contains("<a href=\"http://weir.example/datasets/a%20b.nc\">a b.nc</a>"), "{text}");
    assert_eq!(text.matches("cut &lt;off&gt;").count(), 3, "{text}");
    assert!(text.contains("2 of what was meant") && text.contains("x.so"), "{text}");
}

#[test]
fn a_site_may_lead_elsewhere() {
    let check = |config: &str, expected: &str| {
        let got = running(config, &[]).get("/").unwrap();
        assert_eq!((got.status, got.header("location")), (302, Some(expected)), "{config}");
    };
    check(r#"{"redirect": "https://browser.example/x"}"#, "https://browser.example/x");
    check(r#"{"redirect": "/docs"}"#, "http://weir.example/docs");
}

#[test]
fn crawlers_are_told() {
    let text = running("{}", &[]).get("/robots.txt").unwrap().text();
    assert!(
        text.contains("Allow: /datasets/*/$\n") && text.contains("Disallow: /datasets/*/zarr/\n"),
        "{text}"
    );
    assert!(text.ends_with("\nSitemap: http://weir.example/sitemap.xml\n"), "{text}");
    let own = running(r#"{"robots": "User-agent: *\nDisallow: /\n"}"#, &[]);
    assert_eq!(own.get("/robots.txt").unwrap().text(), "User-agent: *\nDisallow: /\n");
}

/// The texts of all elements `loc`.
fn places(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let (mut places, mut open) = (vec![], None);
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e} in {document}")) {
            Event::Start(element) if element.name().as_ref() == "loc" => open = Some(String::new()),
            Event::Text(text) => {
                if let Some(open) = &mut open {
                    open.push_str(&text);
                }
            }
            Event::End(element) if element.name().as_ref() == "loc" => places.extend(open.take()),
            Event::Eof => return places,
            _ => {}
        }
    }
}

#[test]
fn sitemaps_have_all_pages() {
    let running = running("{}", &["a&b.nc", "c/d.nc"]);
    let index = places(&running.get("/sitemap.xml").unwrap().text());
    assert_eq!(index, ["http://weir.example/sitemap-datasets.xml?after="]);
    let map = places(&running.get(index[0].strip_prefix("http://weir.example").unwrap()).unwrap().text());
    let expected =
        ["", "datasets/a%26b.nc/", "datasets/c/d.nc/"].map(|path| format!("http://weir.example/{path}"));
    assert_eq!(map, expected);
    let rest = places(&running.get("/sitemap-datasets.xml?after=a%26b.nc").unwrap().text());
    assert_eq!(rest, expected[2..]);
}

#[test]
fn long_sitemaps_are_cut() {
    let shared = dataset();
    let host = (1..=50_001)
        .fold(MockHost::new().facts(facts()), |host, n| host.dataset(&format!("{n:06}"), shared.clone()));
    let running = host.start::<PagesPlugin>();
    let index = places(&running.get("/sitemap.xml").unwrap().text());
    let maps = index
        .iter()
        .map(|url| places(&running.get(url.strip_prefix("http://weir.example").unwrap()).unwrap().text()));
    let lengths: Vec<usize> = maps.map(|map| map.len()).collect();
    assert_eq!(lengths, [50_000, 2]);
}

#[test]
fn it_keeps_the_contract() {
    let host = MockHost::new().facts(facts()).dataset("a/x.nc", dataset()).dataset("y.nc", dataset());
    let targets = [
        "/",
        "/?folder=a/",
        "/?q=x",
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap-datasets.xml",
        "/datasets/y.nc",
        "/datasets/y.nc/",
        "/datasets/y.nc/notebook.ipynb",
        "/pages/copy.js",
        "/status",
    ];
    check_contract::<PagesPlugin>(host, "y.nc", &targets);
}
