//! The plugin as a host drives it: against sums made by hand, whatever the chunks, the passes and the order of dimensions are.

use serde_json::{Value, json};
use weir_model::{Attribute, DataType, Value as Said};
use weir_plugin_api::testing::{MockHost, Running, Values, check_contract, counting, dataset_of};

use crate::DiagnosticsPlugin;

const DAYS: u64 = 90;

/// Days of 2000, of which each has `lengths` values that count on, in chunks of a shape.
fn host(chunk: [u64; 3], data_type: DataType) -> MockHost {
    let (mut time, times) = counting("time", DataType::Int32, &[("time", DAYS)]);
    let text = |name: &str, words: &str| Attribute { name: name.to_owned(), value: Said::text(words) };
    time.attributes = vec![text("units", "days since 1999-12-31"), text("calendar", "standard")];
    let (mut lat, lats) = counting("lat", DataType::Float64, &[("lat", 5)]);
    lat.attributes = vec![text("units", "degrees_north")];
    let (mut data, values) = counting("v", data_type, &[("time", DAYS), ("lat", 5), ("x", 7)]);
    data.storage.chunk_shape = chunk.to_vec();
    MockHost::new().dataset("d", dataset_of(vec![(time, times), (lat, lats), (data, values)]))
}

fn plugin(chunk: [u64; 3]) -> Running {
    host(chunk, DataType::Float32).start::<DiagnosticsPlugin>()
}

fn json_of(running: &Running, target: &str) -> Value {
    let pulled = running.get(&format!("/datasets/d/{target}")).unwrap();
    serde_json::from_slice(&pulled.bytes).unwrap()
}

/// The value of day `day` (from 0) at a place.
fn value(day: u64, place: u64) -> f64 {
    (day * 35 + place + 1) as f64
}

const MONTHS: [std::ops::Range<u64>; 3] = [0..31, 31..60, 60..90];

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap()],
    }
}

#[test]
fn netcdf_files_of_both_kinds_hold_the_same() {
    let running = plugin([16, 2, 3]);
    let get = |format: &str| {
        running.get(&format!("/datasets/d/groupby/v/time.season/mean?format={format}")).unwrap()
    };
    let (classic, four) = (get("netcdf3"), get("netcdf4"));
    assert_eq!(four.header("content-type"), Some("application/x-netcdf4"));
    assert!(classic.bytes.starts_with(b"CDF") && four.bytes.starts_with(b"\x89HDF"));
    assert_eq!(four.length, Some(four.bytes.len() as u64));
    assert_eq!(get("nc4").bytes, four.bytes);
    // Two seasons of 35 singles: big-endian at the end of the one, little-endian (and up to eight bytes) at that of the other.
    let turned: Vec<u8> = classic.bytes[classic.bytes.len() - 280..]
        .chunks(4)
        .flat_map(|single| single.iter().rev().copied())
        .collect();
    assert_eq!(four.bytes[four.bytes.len() - 280..], turned);
    // Seasons are texts.
    let has = |words: &[u8]| four.bytes.windows(words.len()).any(|part| part == words);
    assert!(has(b"DJF\0\0\0\0\0") && has(b"MAM\0\0\0\0\0") && !has(b"season_characters"));
}

#[test]
fn results_do_not_depend_on_chunks() {
    let mut seen: Option<Vec<Value>> = None;
    for chunk in [[90, 5, 7], [1, 5, 7], [16, 2, 3], [7, 1, 7]] {
        let running = plugin(chunk);
        let mean = json_of(&running, "groupby/v/time.month/mean");
        let expected: Vec<f64> = MONTHS
            .iter()
            .flat_map(|days| {
                let mean = move |place| {
                    days.clone().map(|day| value(day, place)).sum::<f64>() / (days.end - days.start) as f64
                };
                (0..35).map(mean)
            })
            .collect();
        assert_eq!(numbers(&mean["data"]), expected, "{chunk:?}");
        assert_eq!(mean["coords"]["month"]["data"], json!([1, 2, 3]));
        let targets = [
            "groupby/v/time.season/median",
            "groupby/v/lat/sum",
            "diagnostics?variable=v&action=std&over=time,x",
            "diagnostics?variable=v&action=quantile&q=0.3&over=*",
        ];
        let results: Vec<Value> =
            targets.iter().map(|target| json_of(&running, target)["data"].clone()).collect();
        // Variances are joined from parts of blocks, and have the same first digits only.
        let rounded =
            |value: &Value| json!(numbers(value).iter().map(|n| format!("{n:.5e}")).collect::<Vec<_>>());
        let results: Vec<Value> = results.iter().map(rounded).collect();
        assert_eq!(seen.get_or_insert_with(|| results.clone()), &results, "{chunk:?}");
    }
}

#[test]
fn a_selection_is_what_is_computed() {
    let running = plugin([16, 2, 3]);
    let got =
        json_of(&running, "diagnostics?variable=v&action=sum&over=time&where=time:2000-02;lat:2/3;x:[::3]");
    assert_eq!((&got["dims"], &got["shape"]), (&json!(["lat", "x"]), &json!([2, 3])));
    let places = [7, 10, 13, 14, 17, 20];
    let expected = places.map(|place| (31..60).map(|day| value(day, place)).sum::<f64>());
    assert_eq!(numbers(&got["data"]), expected);
    assert_eq!(got["coords"]["lat"]["data"], json!([2.0, 3.0]));
    let anomaly =
        json_of(&running, "diagnostics?variable=v&action=anomaly&by=time.month&where=lat:[1];x:[2]");
    let got = numbers(&anomaly["data"]);
    assert_eq!((got[0], got[30], got[31]), (-525.0, 525.0, -490.0));
}

#[test]
fn integers_stay_what_they_are() {
    let running = host([16, 5, 7], DataType::Int16).start::<DiagnosticsPlugin>();
    let greatest = json_of(&running, "groupby/v/time.year/max");
    assert_eq!((&greatest["dtype"], numbers(&greatest["data"])[34]), (&json!("int16"), 3150.0));
    let sum = json_of(&running, "diagnostics?variable=v&action=sum&over=*");
    assert_eq!((&sum["dtype"], &sum["data"]), (&json!("int64"), &json!(3150 * 3151 / 2)));
    // No time lies between the days.
    let half_days = json_of(&running, "diagnostics?variable=v&action=max&by=time@12h&where=lat:[0];x:[0]");
    assert_eq!((&half_days["dtype"], &half_days["data"][1]), (&json!("float64"), &json!([[null]])));
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let running =
        host([16, 5, 7], DataType::Float32).config(r#"{"largest_result": 100}"#).start::<DiagnosticsPlugin>();
    let error = running.get("/datasets/d/diagnostics?variable=v&action=mean&over=x").unwrap_err();
    assert!(error.message.contains("the limit is 100; select less"), "{error}");
    assert_eq!(running.reads(), 0);
    let head = plugin([16, 5, 7]);
    head.head("/datasets/d/diagnostics?variable=v&action=mean&over=x").unwrap();
    assert_eq!(head.reads(), 0);
}

/// A plugin whose cluster is not there.
fn without_cluster(more: &str) -> Running {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(r#"{{"engine": "dask", "dask": {{"bridge": "127.0.0.1:{port}"{more}}}}}"#);
    host([16, 5, 7], DataType::Float32).config(&config).start::<DiagnosticsPlugin>()
}

#[test]
fn what_the_cluster_cannot_compute_is_computed_here_or_refused() {
    let target = "/datasets/d/groupby/v/time.month/mean?format=json";
    let own = plugin([16, 5, 7]).get(target).unwrap();
    let check = |more: &str, stable: bool| {
        let got = without_cluster(more).get(target).unwrap();
        assert_eq!((got.stable, &got.bytes), (stable, &own.bytes), "{more}");
    };
    check("", true);
    check(r#", "at_least": 12600"#, false);
    check(r#", "at_least": 12601"#, true);
    let strict = without_cluster(r#", "at_least": 0, "fallback": false"#);
    let error = strict.get(target).unwrap_err();
    assert_eq!(error.kind, weir_plugin_api::ErrorKind::Unavailable);
    assert!(error.message.contains("weir-dask cannot be reached"), "{error}");
    assert_eq!(strict.reads(), 1, "nothing but times was read");
    // These are made here: windows, and what comes first along several dimensions.
    for own in ["action=mean&rolling=time:3", "action=anomaly&by=time.month", "action=first&over=lat,x"] {
        assert!(strict.get(&format!("/datasets/d/diagnostics?variable=v&{own}")).is_ok(), "{own}");
    }
}

#[test]
fn damaged_data_is_an_error() {
    let (data, values) = counting("v", DataType::Float32, &[("x", 7)]);
    let mut dataset = dataset_of(vec![(data, values)]);
    dataset.corrupt = vec!["/v".to_owned()];
    let running = MockHost::new().dataset("d", dataset).start::<DiagnosticsPlugin>();
    assert!(running.get("/datasets/d/diagnostics?variable=v&action=mean&over=x").is_err());
    let (data, _) = counting("v", DataType::Float32, &[("x", 2)]);
    let nothing = Values::Fixed([f32::NAN; 2].iter().flat_map(|value| value.to_le_bytes()).collect());
    let running =
        MockHost::new().dataset("d", dataset_of(vec![(data, nothing)])).start::<DiagnosticsPlugin>();
    assert_eq!(json_of(&running, "diagnostics?variable=v&action=sum&over=x")["data"], json!(0.0));
    assert_eq!(json_of(&running, "diagnostics?variable=v&action=mean&over=x")["data"], Value::Null);
}

#[test]
fn it_keeps_the_contract() {
    check_contract::<DiagnosticsPlugin>(
        host([16, 5, 7], DataType::Float32),
        "d",
        &[
            "/datasets/d/groupby/v/time.month/mean",
            "/datasets/d/diagnostics?variable=v&action=max&over=x&format=csv",
        ],
    );
}
