//! Tests of the responses for people: text, JSON and pages, behind the plugin's boundary.

use serde_json::json;
use weir_dap::dap2::html;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::{Attribute, DataType, Field, Value};
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Pulled, Running, Values, check_contract, counting, dataset_of,
};

use crate::DapPlugin;

const TARGET: &str = "/datasets/d/opendap";

/// What must come out as text, wherever it stands.
const EVIL: &str = "\"><script>alert('x')</script>&amp;";

fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.into(), value: Value::text(value) }
}

fn ocean() -> MemoryDataset {
    let (mut sst, values) = counting("sst", DataType::Int16, &[("time", 3), ("lat", 2)]);
    sst.attributes = vec![text("units", "degC"), text("long_name", EVIL), text("<b>", "bold")];
    let (note, _) = counting("note", DataType::String, &[("lat", 2)]);
    let notes = Values::Strings(vec![b"say \"x\"".to_vec(), EVIL.as_bytes().to_vec()]);
    let floats = [f32::NAN, f32::INFINITY, 0.1].into_iter().flat_map(f32::to_le_bytes).collect();
    let (depth, _) = counting("tiefe é <i>", DataType::Float32, &[("time", 3)]);
    let mut dataset = dataset_of(vec![
        counting("time", DataType::Float64, &[("time", 3)]),
        (sst, values),
        (note, notes),
        (depth, Values::Fixed(floats)),
        counting("flag", DataType::UInt8, &[]),
        counting("wide <i>", DataType::Int64, &[]),
    ]);
    dataset.schema.root.attributes = vec![text("title", EVIL), text("history", "made\nby hand")];
    dataset
}

fn running() -> Running {
    MockHost::new().dataset("d", ocean()).start::<DapPlugin>()
}

fn get(suffix: &str) -> Pulled {
    running().get(&format!("{TARGET}{suffix}")).unwrap()
}

/// A page, known to be one that nothing broke out of.
fn page(suffix: &str) -> String {
    let answer = get(suffix);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{suffix}");
    assert_eq!(answer.header("content-security-policy"), Some(html::POLICY), "{suffix}");
    let page = answer.text();
    check_page(&page);
    page
}

/// Only the tags that pages are made of, each closed, and no attribute but theirs.
fn check_page(page: &str) {
    let mut open = Vec::new();
    let body = page.split_once("</style>").unwrap().1;
    for tag in body.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some("head" | "html") => {}
            Some(closed) => assert_eq!(open.pop(), Some(closed.to_owned()), "{tag} in {page}"),
            None if ["input", "br"].contains(&name) => {}
            None => {
                let known = [
                    "body", "main", "h1", "h2", "h3", "p", "a", "pre", "code", "table", "thead", "tbody",
                    "tr", "th", "td", "section", "form", "fieldset", "legend", "label", "button", "strong",
                    "div", "span", "ul", "li",
                ];
                assert!(known.contains(&name), "{tag} in {page}");
                open.push(name.to_owned());
            }
        }
        assert!(!tag.contains(" on") && !tag.contains("javascript:"), "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
}

#[test]
fn the_contract_is_kept() {
    let host = MockHost::new().dataset("d", ocean());
    let targets = [
        "",
        ".ascii",
        ".asc?sst",
        ".json?sst,time",
        ".html",
        ".html?sst[0:1][1]",
        ".html?form=1&select=sst&sst.0=1&sst.1=",
        ".info",
        ".help",
        ".ver",
    ];
    let targets: Vec<String> = targets.iter().map(|suffix| format!("{TARGET}{suffix}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    check_contract::<DapPlugin>(host, "d", &targets);
}

#[test]
fn headers_say_what_it_is() {
    let check = |suffix: &str, media_type: &str, description: &str| {
        let answer = get(suffix);
        assert_eq!(answer.header("content-type"), Some(media_type), "{suffix}");
        assert_eq!(answer.header("content-description"), Some(description), "{suffix}");
        assert_eq!(answer.header("xdods-server"), Some("dods/3.2"), "{suffix}");
        assert!(answer.stable, "{suffix}");
    };
    check(".ascii?time", "text/plain; charset=utf-8", "dods-ascii");
    check(".asc?time", "text/plain; charset=utf-8", "dods-ascii");
    check(".json?time", "application/json", "dods-json");
    check(".html", html::MEDIA_TYPE, "dods-form");
    check(".info", html::MEDIA_TYPE, "dods-description");
    check(".help", html::MEDIA_TYPE, "dods-help");
}

#[test]
fn text_has_the_values() {
    let check = |query: &str, expected: &str| {
        assert_eq!(get(&format!(".ascii?{query}")).text(), format!("Dataset: d\n{expected}"), "{query}");
    };
    check("time[1:2]", "time, 2, 3\n");
    check("sst", "sst[0], 1, 2\nsst[1], 3, 4\nsst[2], 5, 6\n");
    check("sst[0:2:2][1]", "sst[0], 2\nsst[1], 6\n");
    check("flag", "flag, 1\n");
    check("note", "note, \"say \\\"x\\\"\", \"\\\"><script>alert('x')</script>&amp;\"\n");
    let all = get(".ascii").text();
    assert!(all.ends_with("\nflag, 1\n") && all.contains("tiefe%20e%20_i_, NaN, inf, 0.1\n"), "{all}");
}

#[test]
fn json_has_attributes_and_values() {
    let text = get(".json?sst[0:1][0],time[0],note[1]").text();
    let quoted = EVIL.replace('"', "\\\"");
    for part in [
        format!("{{\"name\": \"title\", \"type\": \"String\", \"value\": [\"{quoted}\"]}}"),
        "{\"name\": \"history\", \"type\": \"String\", \"value\": [\"made\\nby hand\"]}".to_owned(),
        "\"dimensions\": [\"time\", \"lat\"], \"shape\": [2, 1],\n\"data\": [[1],\n[3]]}".to_owned(),
        "\"dimensions\": [\"time\"], \"shape\": [1],\n\"data\": [1.0]}".to_owned(),
        format!("\"data\": [\"{quoted}\"]}}"),
    ] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    assert!(get(".json?tiefe%20e%20_i_").text().contains("\"data\": [\"NaN\", \"Infinity\", 0.1]"));
}

#[test]
fn text_is_refused_as_data_is() {
    let running = running();
    for suffix in [".ascii?nope", ".json?sst[9]", ".html?sst[", ".ascii?wide"] {
        let error = running.get(&format!("{TARGET}{suffix}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequest, "{suffix}");
    }
    assert_eq!(running.reads(), 0);
    let limited = MockHost::new().dataset("d", ocean()).limit(300).start::<DapPlugin>();
    // 200 bytes of data, but more of text.
    for suffix in [".ascii?sst", ".json?sst"] {
        let error = limited.get(&format!("{TARGET}{suffix}")).unwrap_err();
        assert_eq!((error.kind, limited.reads()), (ErrorKind::TooLarge, 0), "{suffix}");
    }
    assert!(limited.get(&format!("{TARGET}.dods?sst")).is_ok());
    let corrupt = MemoryDataset { corrupt: vec!["/sst".into()], ..ocean() };
    let corrupt = MockHost::new().dataset("d", corrupt).start::<DapPlugin>();
    for suffix in [".ascii", ".json?sst"] {
        // Before the first byte, so that there is a status to say it with.
        assert_eq!(corrupt.get(&format!("{TARGET}{suffix}")).unwrap_err().kind, ErrorKind::Corrupt);
    }
}

#[test]
fn text_of_more_than_is_held_is_streamed() {
    let (mut big, values) = counting("big", DataType::Float64, &[("row", 17), ("column", 131_072)]);
    big.storage.chunk_shape = vec![9, 131_072];
    let dataset = dataset_of(vec![(big, values), counting("last", DataType::Int32, &[])]);
    let running = MockHost::new().dataset("d", dataset).start::<DapPlugin>();
    let text = running.get(&format!("{TARGET}.ascii")).unwrap().text();
    let mut expected = 0_u32;
    for (row, line) in text.lines().skip(1).take(17).enumerate() {
        let values = line.strip_prefix(&format!("big[{row}], ")).unwrap();
        for value in values.split(", ") {
            expected += 1;
            assert_eq!(value.parse::<u32>(), Ok(expected));
        }
    }
    assert_eq!(expected, 17 * 131_072);
    assert!(text.ends_with("\nlast, 1\n"));
}

#[test]
fn the_info_page_lists_everything() {
    let page = page(".info");
    for part in [
        "<td>title</td><td>String</td><td>&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;</td>",
        "<h3><code>Int16 sst[time = 3][lat = 2]</code></h3>",
        "<td>units</td><td>String</td><td>degC</td>",
        "<td>tiefe%20e%20_i_</td><td>/tiefe é &lt;i&gt;</td>",
        "<td>/wide &lt;i&gt;</td><td>its type is int64, which DAP2 does not have</td>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn the_form_builds_the_constraint() {
    let check = |query: &str, constraint: &str, size: &str| {
        let page = page(&format!(".html?{query}"));
        assert!(page.contains(&format!("<pre>{constraint}</pre>")), "{query}: {page}");
        assert!(page.contains(size), "{query}: {page}");
        page
    };
    let exact = |query: &str| {
        let length = get(&format!(".dods?{query}")).length.unwrap();
        format!("<strong>{length} bytes</strong>")
    };
    let filled = check("form=1&select=sst&sst.0=0:2:2&sst.1=1", "sst[0:2:2][1]", &exact("sst[0:2:2][1]"));
    for part in [
        "<a href=\"./opendap.dods?sst%5B0:2:2%5D%5B1%5D\">http://weir.example/datasets/d/opendap.dods?sst%5B0:2:2%5D%5B1%5D</a>",
        "<a href=\"./opendap.das\">",
        "name=\"select\" value=\"sst\" checked>",
        "name=\"sst.0\" value=\"0:2:2\" placeholder=\"0:1:2\"",
        "name=\"sst.1\" value=\"1\" placeholder=\"0:1:1\"",
        "name=\"time.0\" value=\"0:1:2\"",
    ] {
        assert!(filled.contains(part), "{part} in {filled}");
    }
    // The addresses on the page lead to what it says.
    assert_eq!(get(".ascii?sst%5B0:2:2%5D%5B1%5D").text(), "Dataset: d\nsst[0], 2\nsst[1], 6\n");
    let linked = check("sst%5b0:1%5d%5b*%5d,flag&", "sst[0:1][0:1:1],flag", &exact("sst[0:1][*],flag"));
    assert!(linked.contains("name=\"sst.0\" value=\"0:1\""), "{linked}");
    check(
        "form=1&select=tiefe%2520e%2520_i_&tiefe%2520e%2520_i_.0=0",
        "tiefe%20e%20_i_[0]",
        " bytes</strong>",
    );
    check("note", "note", "at least ");
    let empty = page(".html");
    assert!(empty.contains("which stands for the whole dataset") && !empty.contains(" checked>"), "{empty}");
}

#[test]
fn what_is_too_large_is_split() {
    let dataset = dataset_of(vec![counting("big", DataType::Float64, &[("row", 100), ("column", 10)])]);
    let running = MockHost::new().dataset("d", dataset).limit(2500).start::<DapPlugin>();
    let page = running.get(&format!("{TARGET}.html?big")).unwrap().text();
    check_page(&page);
    assert!(page.contains("Too large: ") && page.contains("at least 4 parts"), "{page}");
    assert!(
        page.contains("<a href=\"./opendap.html?big%5B75:1:99%5D%5B0:1:9%5D\">big[75:1:99][0:1:9]</a>"),
        "{page}"
    );
    let part = running.get(&format!("{TARGET}.html?big%5B75:1:99%5D%5B0:1:9%5D")).unwrap().text();
    assert!(!part.contains("Too large: "), "{part}");
    assert!(running.get(&format!("{TARGET}.dods?big%5B75:1:99%5D%5B0:1:9%5D")).is_ok());
    assert!(part.contains("As text it may be too large"), "{part}");
}

#[test]
fn whatever_is_asked_for_stays_text() {
    let running = running();
    let evil = html::in_url(EVIL);
    for query in [
        evil.clone(),
        format!("form=1&select={evil}"),
        format!("form=1&{evil}=1"),
        format!("form=1&sst.0={evil}"),
    ] {
        let target = format!("{TARGET}.html?{query}");
        let error = running.get(&target).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequest, "{query}");
        let page = running.render_error(&target, 400, &error.message).unwrap();
        assert_eq!(page.header("content-security-policy"), Some(html::POLICY));
        check_page(&page.text());
    }
    // Everybody else gets the error that DAP clients print.
    let error = running.render_error(&format!("{TARGET}.ascii?x"), 400, EVIL).unwrap();
    assert!(error.text().starts_with("Error {\n    code = 400;"));
    // An id is text, too, as is the path.
    let id = format!("{evil}.nc");
    let host = MockHost::new().dataset(&id, ocean()).start::<DapPlugin>();
    for suffix in [".html", ".info", ".help"] {
        check_page(&host.get(&format!("/datasets/{id}/opendap{suffix}")).unwrap().text());
    }
    let raw = MockHost::new().dataset(EVIL.split('/').next().unwrap(), ocean()).start::<DapPlugin>();
    for suffix in [".html", ".info", ".help"] {
        let target = format!("/datasets/{}/opendap{suffix}", EVIL.split('/').next().unwrap());
        check_page(&raw.get(&target).unwrap().text());
    }
}

#[test]
fn the_help_page_has_exact_addresses() {
    let page = page(".help");
    for suffix in [".html", ".info", ".dds", ".das", ".dods", ".ascii", ".json", ".ver", ".help"] {
        let link = format!("<a href=\"./opendap{suffix}\">http://weir.example{TARGET}{suffix}</a>");
        assert!(page.contains(&link), "{link} in {page}");
    }
    assert!(page.contains("href=\"./opendap.ascii?time%5B0:1:2%5D\""), "{page}");
    assert_eq!(get(".ascii?time%5B0:1:2%5D").text(), "Dataset: d\ntime, 1, 2, 3\n");
}

fn field(name: &str, offset: usize, data_type: DataType, shape: Vec<u64>) -> Field {
    Field { name: name.into(), offset, data_type, shape }
}

/// A table that grows, an array of records, and an array with coordinates.
fn records() -> Running {
    let row = DataType::Compound {
        name: "row".into(),
        size: 12,
        fields: vec![field("t", 0, DataType::Float64, vec![]), field("n", 8, DataType::Int16, vec![])],
    };
    let pair = DataType::Compound {
        name: "pair".into(),
        size: 8,
        fields: vec![field("x", 0, DataType::Int32, vec![]), field("y", 4, DataType::Int16, vec![2])],
    };
    let mut dataset = dataset_of(vec![
        counting("rows", row, &[("time", 3)]),
        counting("pairs", pair, &[("lat", 2)]),
        counting("lat", DataType::Float32, &[("lat", 2)]),
        counting("lon", DataType::Float32, &[("lon", 3)]),
        counting("sst", DataType::Int32, &[("lat", 2), ("lon", 3)]),
    ]);
    dataset.schema.root.dimensions.iter_mut().filter(|d| d.name == "time").for_each(|d| d.unlimited = true);
    MockHost::new().dataset("d", dataset).start::<DapPlugin>()
}

#[test]
fn tables_and_structures_become_text() {
    let running = records();
    let check = |query: &str, expected: &str| {
        let text = running.get(&format!("{TARGET}.ascii?{query}")).unwrap().text();
        assert_eq!(text, format!("Dataset: d\n{expected}"), "{query}");
    };
    check("rows", "rows.t, rows.n\n1, 2\n2, 3\n3, 4\n");
    check("rows.n&rows.t%3E1", "rows.n\n3\n4\n");
    check("pairs[1]", "pairs[0]\npairs.x, 2\npairs.y, 3, 4\n");
    check("pairs.x", "pairs[0]\npairs.x\n1\npairs[1]\npairs.x\n2\n");
    check("grid(sst,%22lat%3E1%22)", "sst.lon, 1, 2, 3\nsst.sst[sst.lat=2], 4, 5, 6\n");
}

#[test]
fn tables_and_structures_become_json() {
    let running = records();
    let document = |query: &str| {
        let text = running.get(&format!("{TARGET}.json?{query}")).unwrap().text();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let all = document("rows,pairs,lat");
    // Leaves come first, whatever the order of the structure.
    assert_eq!(all["leaves"][0]["data"], json!([1.0, 2.0]));
    assert_eq!(all["nodes"][0]["members"][1]["type"], "Int32");
    assert_eq!(all["nodes"][0]["data"], json!([[1.0, 2], [2.0, 3], [3.0, 4]]));
    assert_eq!(all["nodes"][1]["data"], json!([[1, [2, 3]], [2, [3, 4]]]));
    let grid = document("grid(sst,%22lat%3E1%22)");
    let data: Vec<_> =
        grid["nodes"][0]["leaves"].as_array().unwrap().iter().map(|leaf| leaf["data"].clone()).collect();
    assert_eq!(json!(data), json!([[[4, 5, 6]], [2.0], [1.0, 2.0, 3.0]]));
}

#[test]
fn members_and_selections_are_chosen_in_the_form() {
    let running = records();
    let page = |query: &str| {
        let page = running.get(&format!("{TARGET}.html?{query}")).unwrap().text();
        check_page(&page);
        page
    };
    let plain = page("");
    for part in [
        "value=\"pairs.y\">",
        "name=\"pairs.0\"",
        "name=\"pairs.y.0\"",
        "value=\"rows.t\">",
        "name=\"where\"",
    ] {
        assert!(plain.contains(part), "{part} in {plain}");
    }
    let filled = page("form=1&select=pairs.y&pairs.0=1&pairs.y.0=0&select=rows.n&where=rows.t%3E1");
    assert!(filled.contains("<pre>rows.n,pairs[1].y[0]&amp;rows.t&gt;1</pre>"), "{filled}");
    let link = "./opendap.ascii?rows.n,pairs%5B1%5D.y%5B0%5D&amp;rows.t%3E1";
    assert!(filled.contains(&format!("<a href=\"{link}\">")), "{filled}");
    let target = link.replace("./opendap", TARGET).replace("&amp;", "&");
    assert_eq!(running.get(&target).unwrap().text(), "Dataset: d\nrows.n\n3\n4\npairs[0]\npairs.y, 3\n");
    let called = page("grid(sst,%22lat%3E1%22)");
    assert!(called.contains("<pre>grid(sst,&quot;lat&gt;1&quot;)</pre>"), "{called}");
    assert!(called.contains("name=\"call\" value=\"grid(sst,&quot;lat&gt;1&quot;)\">"), "{called}");
    assert!(called.contains("./opendap.dods?grid(sst,%22lat%3E1%22)"), "{called}");
}
