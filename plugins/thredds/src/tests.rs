//! Catalogs behind the plugin's C table, served by a host in memory.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, check_contract, counting, dataset_of};
use weir_plugin_api::{ErrorKind, PluginFacts, Route, ServerFacts};

use crate::ThreddsPlugin;

fn facts() -> ServerFacts {
    let patterns = [
        "/thredds/dodsC/{id}.dds",
        "/thredds/dodsC/{id}.dap",
        "/thredds/fileServer/{id}",
        "/datasets/{id}/zarr/{rest}",
    ];
    let routes = patterns.into_iter().map(Route::get).collect();
    let plugin = PluginFacts { name: "some".to_owned(), routes, ..PluginFacts::default() };
    ServerFacts { name: "weir".to_owned(), plugins: vec![plugin], ..ServerFacts::default() }
}

fn dataset() -> MemoryDataset {
    let mut dataset = dataset_of(vec![counting("sst", DataType::Int16, &[("y", 3)])]);
    dataset.file = Some(("x.nc".to_owned(), b"CDF\x01 and so on".to_vec()));
    dataset
}

const IDS: [&str; 6] = ["z<&\"'>.nc", "a/b/x 1.nc", "a/b/x#2.nc", "a/y.nc", "a-b.nc", "ctl\u{1}.nc"];

fn running() -> Running {
    let host = MockHost::new().facts(facts());
    IDS.iter().fold(host, |host, id| host.dataset(id, dataset())).start::<ThreddsPlugin>()
}

/// Elements with their attributes, as `name a=b`, in the order of the document, which must be well-formed.
fn elements(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let mut found = vec![];
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e} in {document}")) {
            Event::Start(element) | Event::Empty(element) => {
                let mut text = element.name().as_ref().to_owned();
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    text += &format!(" {}={value}", attribute.key.as_ref());
                }
                found.push(text);
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn check(target: &str, expected: &[&str]) {
    let got = running().get(target).unwrap();
    assert_eq!(got.header("content-type"), Some("application/xml;charset=UTF-8"));
    let elements = elements(&got.text());
    let wanted = |line: &&String| line.starts_with("data") || line.starts_with("catalogRef");
    let lines: Vec<&String> = elements.iter().filter(wanted).collect();
    assert_eq!(lines, expected, "{target}");
}

#[test]
fn folders_are_catalogs() {
    let size = "dataSize units=bytes";
    check(
        "/thredds/catalog.xml",
        &[
            "dataset name=weir ID=/",
            "dataset name=a-b.nc ID=a-b.nc urlPath=a-b.nc",
            size,
            "catalogRef xlink:href=http://weir.example/thredds/catalog/a/catalog.xml xlink:title=a ID=a/ name=",
            // XML cannot say this character; the path says it all the same.
            "dataset name=ctl\u{fffd}.nc ID=ctl\u{fffd}.nc urlPath=ctl%01.nc",
            size,
            "dataset name=z<&\"'>.nc ID=z<&\"'>.nc urlPath=z%3C%26%22%27%3E.nc",
            size,
        ],
    );
    check(
        "/thredds/catalog/a/b/catalog.xml",
        &[
            "dataset name=b ID=a/b/",
            "dataset name=x 1.nc ID=a/b/x 1.nc urlPath=a/b/x%201.nc",
            size,
            "dataset name=x#2.nc ID=a/b/x#2.nc urlPath=a/b/x%232.nc",
            size,
        ],
    );
}

#[test]
fn services_are_those_of_the_server() {
    let text = running().get("/thredds/catalog.xml").unwrap().text();
    let services: Vec<String> =
        elements(&text).into_iter().filter(|line| line.starts_with("service ")).collect();
    let expected = [
        "service name=all serviceType=Compound base=",
        "service name=odap serviceType=OPENDAP base=http://weir.example/thredds/dodsC/",
        "service name=dap4 serviceType=DAP4 base=http://weir.example/thredds/dodsC/",
        "service name=http serviceType=HTTPServer base=http://weir.example/thredds/fileServer/",
        "service name=latest serviceType=Resolver base=",
    ];
    assert_eq!(services, expected);
    let none = MockHost::new().facts(ServerFacts::default()).start::<ThreddsPlugin>();
    let text = none.get("/thredds/catalog.xml").unwrap().text();
    assert!(!text.contains("OPENDAP") && !text.contains("HTTPServer"), "{text}");
}

#[test]
fn one_dataset_tells_of_its_data() {
    let running = running();
    for target in [
        "/thredds/catalog.xml?dataset=a/b/x+1.nc",
        "/thredds/catalog/a/b/catalog.xml?dataset=a%2Fb%2Fx%201.nc",
    ] {
        let text = running.get(target).unwrap().text();
        let elements = elements(&text);
        let has = |line: &str| elements.iter().any(|found| found == line);
        assert!(has("dataset name=x 1.nc ID=a/b/x 1.nc urlPath=a/b/x%201.nc"), "{text}");
        assert!(has("service name=zarr serviceType=Zarr base=http://weir.example/datasets/"), "{text}");
        assert!(has("access serviceName=zarr urlPath=a/b/x%201.nc/zarr"), "{text}");
        assert!(text.contains("<dataFormat>NetCDF</dataFormat>"), "{text}");
        assert!(
            text.contains("<serviceName>all</serviceName>") && text.contains(">sst</variable>"),
            "{text}"
        );
    }
    let page = running.get("/thredds/catalog/a/b/catalog.html?dataset=a/b/x%201.nc").unwrap().text();
    assert!(page.contains("http://weir.example/thredds/dodsC/a/b/x%201.nc.html"), "{page}");
    assert!(page.contains("http://weir.example/thredds/fileServer/a/b/x%201.nc"), "{page}");
    for missing in [
        "/thredds/catalog.xml?dataset=a/b/x",
        "/thredds/catalog/a/catalog.xml?dataset=a/b/x%201.nc",
        "/thredds/catalog/c/catalog.xml",
        "/thredds/catalog/a/b/latest.html",
    ] {
        let error = running.get(missing).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{missing}");
    }
}

#[test]
fn folders_are_not_opened() {
    let mut broken = dataset();
    broken.corrupt = vec!["/sst".to_owned()];
    let running = MockHost::new().facts(facts()).dataset("a/x.nc", broken).start::<ThreddsPlugin>();
    running.get("/thredds/catalog/a/catalog.xml").unwrap();
    running.get("/thredds/catalog/a/catalog.html").unwrap();
    assert_eq!(running.reads(), 0);
}

#[test]
fn the_latest_is_the_last_by_name() {
    check(
        "/thredds/catalog/a/b/latest.xml",
        &["dataset name=x#2.nc ID=a/b/x#2.nc urlPath=a/b/x%232.nc", "dataSize units=bytes"],
    );
    check(
        "/thredds/catalog/a/latest.xml",
        &["dataset name=y.nc ID=a/y.nc urlPath=a/y.nc", "dataSize units=bytes"],
    );
    let only_folders = MockHost::new().facts(facts()).dataset("a/b/c", dataset()).start::<ThreddsPlugin>();
    assert!(
        only_folders
            .get("/thredds/catalog/a/latest.xml")
            .is_err_and(|error| error.kind == ErrorKind::NotFound)
    );
    assert!(only_folders.get("/thredds/latest.xml").is_err());
}

#[test]
fn pages_escape_names() {
    let page = running().get("/thredds/catalog.html").unwrap();
    assert_eq!(page.header("content-type"), Some("text/html;charset=UTF-8"));
    let text = page.text();
    assert!(text.contains("z&lt;&amp;&quot;'&gt;.nc"), "{text}");
    assert!(text.contains("http://weir.example/thredds/catalog.html?dataset=z%3C%26%22%27%3E.nc"), "{text}");
    assert!(text.contains("http://weir.example/thredds/catalog/a/catalog.html"), "{text}");
}

#[test]
fn long_folders_come_whole_and_in_pages() {
    let ids: Vec<String> = (1..=4500).map(|n| format!("d/{n:05}.nc")).collect();
    let host = MockHost::new().facts(facts());
    let running = ids.iter().fold(host, |host, id| host.dataset(id, dataset())).start::<ThreddsPlugin>();
    let whole = elements(&running.get("/thredds/catalog/d/catalog.xml").unwrap().text());
    let listed: Vec<&str> = whole.iter().filter_map(|line| Some(line.split_once("urlPath=")?.1)).collect();
    assert_eq!(listed, ids);
    let (mut target, mut rows) = ("/thredds/catalog/d/catalog.html".to_owned(), 0);
    loop {
        let text = running.get(&target).unwrap().text();
        rows += text.matches("?dataset=").count();
        let Some((before, _)) = text.split_once("\" rel=\"next\"") else { break };
        target = before.rsplit_once("href=\"http://weir.example").unwrap().1.replace("&amp;", "&");
    }
    assert_eq!(rows, ids.len());
}

#[test]
fn bare_folders_lead_to_their_pages() {
    let running = running();
    for (target, expected) in [
        ("/thredds", "http://weir.example/thredds/catalog.html"),
        ("/thredds/", "http://weir.example/thredds/catalog.html"),
        ("/thredds/catalog/a/b/", "http://weir.example/thredds/catalog/a/b/catalog.html"),
    ] {
        let got = running.get(target).unwrap();
        assert_eq!((got.status, got.header("location")), (302, Some(expected)), "{target}");
    }
}

#[test]
fn it_keeps_the_contract() {
    let host = MockHost::new().facts(facts()).dataset("a/x.nc", dataset()).dataset("y.nc", dataset());
    let targets = [
        "/thredds/catalog.xml",
        "/thredds/catalog.html",
        "/thredds/latest.xml",
        "/thredds/catalog/a/catalog.xml",
        "/thredds/catalog.xml?dataset=y.nc",
        "/thredds/catalog.html?dataset=y.nc",
        "/thredds/",
    ];
    check_contract::<ThreddsPlugin>(host, "y.nc", &targets);
}

proptest! {
    #[test]
    fn any_path_and_query_have_a_document_or_are_refused(
        path in "(/a|/b|/none|/x 1|%2F|/|\\.\\.|<&>){0,4}/(catalog.xml|catalog.html|latest.xml|)",
        query in "(dataset=|after=|&|=|a/|b/|y.nc|x%201.nc|%3C|%00|%ff|%|\\+|#|<){0,8}",
    ) {
        let target = format!("/thredds/catalog{path}?{query}");
        match running().get(&target) {
            Ok(answer) if answer.header("content-type") == Some("application/xml;charset=UTF-8") => {
                prop_assert!(!elements(&answer.text()).is_empty(), "{}", target);
            }
            Ok(answer) => prop_assert!([200, 302].contains(&answer.status), "{}", target),
            Err(error) => {
                let is_said = matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadRequest);
                prop_assert!(is_said, "{}: {}", target, error);
            }
        }
    }
}
