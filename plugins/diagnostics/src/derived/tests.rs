//! Results as datasets: every part that is read is what the whole result has there.

use serde_json::{Value as Json, json};
use weir_model::{Attribute, ByteOrder, DataType, Hyperslab, Stride, Value};
use weir_plugin_api::lent::LentDataset;
use weir_plugin_api::testing::{MockHost, Running, counting, dataset_of};
use weir_plugin_api::{Error, ErrorKind};

use crate::DiagnosticsPlugin;

const DAYS: u64 = 90;

fn text(name: &str, words: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::text(words) }
}

/// Days of 2000, of which each has 5 times 7 values that count on, in small chunks.
fn host() -> MockHost {
    let (mut time, times) = counting("time", DataType::Int32, &[("time", DAYS)]);
    time.attributes = vec![text("units", "days since 1999-12-31"), text("calendar", "standard")];
    let (mut lat, lats) = counting("lat", DataType::Float64, &[("lat", 5)]);
    lat.attributes = vec![text("units", "degrees_north")];
    let (mut x, xs) = counting("x", DataType::Float64, &[("x", 7)]);
    x.attributes = vec![text("units", "degrees_east")];
    let axes = [("time", DAYS), ("lat", 5), ("x", 7)];
    let (mut v, values) = counting("v", DataType::Float32, &axes);
    v.storage.chunk_shape = vec![16, 2, 3];
    let (w, others) = counting("w", DataType::Float64, &axes);
    let (n, whole) = counting("n", DataType::Int16, &axes);
    let all = vec![(time, times), (lat, lats), (x, xs), (v, values), (w, others), (n, whole)];
    MockHost::new().dataset("d", dataset_of(all.clone())).dataset("e", dataset_of(all))
}

/// Publishes what a target asks for, and gives its id.
fn published(running: &Running, target: &str) -> String {
    let separator = if target.contains('?') { '&' } else { '?' };
    let answer = running.get(&format!("/datasets/d/{target}{separator}format=zarr")).unwrap();
    assert_eq!(answer.status, 303, "{target}");
    let body: Json = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!(answer.header("location"), body["location"].as_str());
    body["dataset"].as_str().unwrap().to_owned()
}

fn numbers(value: &Json) -> Vec<f64> {
    match value {
        Json::Array(values) => values.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap_or(f64::NAN)],
    }
}

/// Elements as doubles.
fn read(lent: &dyn LentDataset, path: &str, slab: &Hyperslab, order: ByteOrder) -> Result<Vec<f64>, Error> {
    let data_type = lent.schema().variable(path).unwrap().data_type.clone();
    let size = data_type.size().unwrap();
    let mut bytes = vec![0; usize::try_from(slab.elements()).unwrap() * size];
    lent.read(path, slab, order, &mut bytes)?;
    if order == ByteOrder::Big {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    let number = |bytes: &[u8]| match data_type {
        DataType::Float32 => f64::from(f32::from_le_bytes(bytes.try_into().unwrap())),
        DataType::Float64 => f64::from_le_bytes(bytes.try_into().unwrap()),
        DataType::Int16 => f64::from(i16::from_le_bytes(bytes.try_into().unwrap())),
        DataType::Int32 => f64::from(i32::from_le_bytes(bytes.try_into().unwrap())),
        DataType::Int64 => i64::from_le_bytes(bytes.try_into().unwrap()) as f64,
        ref other => panic!("{other:?}"),
    };
    Ok(bytes.chunks_exact(size).map(number).collect())
}

fn same(got: &[f64], expected: &[f64], what: &str) {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * b.abs().max(1.0) || (a.is_nan() && b.is_nan());
    assert!(
        got.len() == expected.len() && got.iter().zip(expected).all(close),
        "{what}: {got:?} {expected:?}"
    );
}

/// Whole, and in steps along each dimension: what is read is what the answer in JSON has.
fn check(running: &Running, target: &str, expected_id: &str) {
    let id = published(running, target);
    assert!(id.starts_with(expected_id), "{id}");
    let whole: Json =
        serde_json::from_slice(&running.get(&format!("/datasets/d/{target}")).unwrap().bytes).unwrap();
    let lent = running.open(&id).unwrap();
    let variable = lent.schema().variable("/v").unwrap().clone();
    let dims: Vec<String> = variable.dimension_names().map(str::to_owned).collect();
    assert_eq!(
        (json!(dims), json!(variable.shape)),
        (whole["dims"].clone(), whole["shape"].clone()),
        "{target}"
    );
    let expected = numbers(&whole["data"]);
    let all = Hyperslab::whole(&variable.shape).unwrap();
    same(&read(lent.as_ref(), "/v", &all, ByteOrder::Little).unwrap(), &expected, target);
    for step in 1..4 {
        let stride = |length: &u64| {
            let start = step.min(length.saturating_sub(1));
            Stride { start, step, count: (length - start).div_ceil(step) }
        };
        let strides: Vec<Stride> = variable.shape.iter().map(stride).collect();
        let slab = Hyperslab::within(&variable.shape, strides).unwrap();
        let places = super::contents::places(&slab, &variable.shape).unwrap();
        let part: Vec<f64> = places.iter().map(|place| expected[*place]).collect();
        same(&read(lent.as_ref(), "/v", &slab, ByteOrder::Big).unwrap(), &part, &format!("{target} {step}"));
    }
    for (name, coordinate) in whole["coords"].as_object().unwrap() {
        let found = lent.schema().variable(name).unwrap_or_else(|| panic!("{target}: no {name}"));
        let all = Hyperslab::whole(&found.shape).unwrap();
        if coordinate["dtype"] == "str" {
            let texts = lent.read_strings(name, &all).unwrap();
            let texts: Vec<_> = texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
            assert_eq!(json!(texts), coordinate["data"]);
        } else if coordinate["dtype"] != "time" {
            same(
                &read(lent.as_ref(), name, &all, ByteOrder::Little).unwrap(),
                &numbers(&coordinate["data"]),
                name,
            );
        }
    }
}

#[test]
fn any_part_of_a_result_can_be_read() {
    let running = host().start::<DiagnosticsPlugin>();
    check(&running, "groupby/v/time.month/mean", "d/pp_v_time.month_mean");
    check(&running, "groupby/v/time.season/max", "d/pp_v_time.season_max");
    check(&running, "groupby/v/time.day/count", "d/pp_v_time.day_count");
    check(&running, "groupby/v/lat/median", "d/pp_v_lat_median");
    check(&running, "groupby/v/time.month/quantile?q=0.25", "d/pp_v_time.month_quantile-0.25");
    for query in [
        "action=mean&over=lat,x&weights=area",
        "action=std&over=time&where=x:[1:6:2];lat:2/5",
        "action=sum&by=time@12h&where=lat:[2];x:[3]",
        "action=anomaly&by=time.month&where=lat:[1:5:2]",
        "action=max&rolling=time:5&where=time:2000-02",
        "action=max&over=*",
        "action=mean&by=time.month&points=1.2,3;5.1,2;4,4",
        "action=anomaly&by=time.month&points=1.2,3;5.1,2;4,4",
        "action=max&over=time&regrid=bilinear&grid=1.5:5.5:0.5,1.5:4.5:0.5",
    ] {
        let action = query.split(['=', '&']).nth(1).unwrap();
        check(&running, &format!("diagnostics?variable=v&{query}"), &format!("d/pp_v_{action}_"));
    }
}

#[test]
fn what_is_asked_for_is_made_known() {
    let running = host().config(r#"{"derived_lifetime": 60}"#).start::<DiagnosticsPlugin>();
    running.head("/datasets/d/groupby/v/time.month/mean").unwrap();
    running.head("/datasets/d/groupby/v/time.month/mean?format=zarr").unwrap();
    assert_eq!(running.published(), []);
    running.get("/datasets/d/groupby/v/time.month/mean").unwrap();
    let minute = Some(std::time::Duration::from_secs(60));
    assert_eq!(running.published(), [("d/pp_v_time.month_mean".to_owned(), minute)]);
    assert_eq!(running.get("/datasets/d/groupby/v/time.month/eval").unwrap_err().kind, ErrorKind::BadRequest);
    assert_eq!(running.published().len(), 1);
    // A result of a result.
    let deeper = running.get("/datasets/d/pp_v_time.month_mean/groupby/v/lat/max?format=png").unwrap();
    let location = deeper.header("location").unwrap();
    assert!(location.ends_with("/datasets/d/pp_v_time.month_mean/pp_v_lat_max/plot/v/image"), "{location}");
    assert!(running.open("d/pp_v_time.month_mean/pp_v_lat_max").is_ok());
    let quiet = host().config(r#"{"publish_groupby": false}"#).start::<DiagnosticsPlugin>();
    quiet.get("/datasets/d/groupby/v/time.month/mean").unwrap();
    assert_eq!(quiet.published(), []);
    published(&quiet, "groupby/v/time.month/mean");
    assert_eq!(quiet.published().len(), 1);
}

const VIRTUAL: &str = r#"{"virtual": [
    {"id": "sum", "source": "d", "sources": {"other": "e"}, "where": "time:2000-01;lat:[1:5:3]", "chunks": {"time": 10},
     "variables": {
        "both": {"expression": "v + w", "units": "1"},
        "single": {"expression": "where(v > 100, v / 2, -1)"},
        "twice": {"expression": "w + other:w", "attributes": {"long_name": "twice", "valid_max": 2.5}},
        "v": {"expression": "v"}}},
    {"id": "sum/monthly", "source": "sum", "query": "variable=both&action=mean&by=time.month"},
    {"id": "typo", "source": "d", "variables": {"a": {"expression": "sqrt(va)"}}},
    {"id": "field", "source": "d", "expressions": {}},
    {"id": "nothing", "source": "d"},
    {"id": "gone", "source": "none", "query": "variable=v&action=mean&over=x"},
    {"id": "chunks", "source": "d", "variables": {"a": {"expression": "v"}}, "chunks": {"tme": 1}},
    {"id": "where", "source": "d", "variables": {"a": {"expression": "v"}}, "where": "lev:1"},
    {"id": "constant", "source": "d", "variables": {"a": {"expression": "1 + 2"}}},
    {"id": "shapes", "source": "d", "variables": {"a": {"expression": "v * lat"}}},
    {"id": "truth", "source": "d", "variables": {"a": {"expression": "v > 1"}}}
]}"#;

#[test]
fn virtual_datasets_are_computed() {
    let running = host().config(VIRTUAL).start::<DiagnosticsPlugin>();
    let lent = running.open("sum").unwrap();
    let both = lent.schema().variable("both").unwrap();
    assert_eq!(
        (both.shape.as_slice(), both.storage.chunk_shape.as_slice()),
        (&[31, 2, 7][..], &[10, 1, 3][..])
    );
    assert_eq!(both.data_type, DataType::Float64);
    assert_eq!(lent.schema().variable("single").unwrap().data_type, DataType::Float32);
    let twice = lent.schema().variable("twice").unwrap();
    assert_eq!(twice.attribute("valid_max").unwrap().value, Value::Float64(vec![2.5]));
    let value = |day: u64, lat: u64, x: u64| (day * 35 + lat * 7 + x + 1) as f64;
    let all = Hyperslab::whole(&[31, 2, 7]).unwrap();
    let expected = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let places = (0..31).flat_map(|day| [1, 4].map(|lat| (0..7).map(move |x| value(day, lat, x))));
        places.flatten().map(of).collect()
    };
    let check = |name: &str, of: &dyn Fn(f64) -> f64| {
        same(&read(lent.as_ref(), name, &all, ByteOrder::Big).unwrap(), &expected(of), name);
    };
    check("both", &|v| v + v);
    check("twice", &|v| v + v);
    check("single", &|v| if v > 100.0 { v / 2.0 } else { -1.0 });
    check("v", &|v| v);
    let part = [(3, 9, 3), (1, 1, 1), (0, 3, 3)].map(|(start, step, count)| Stride { start, step, count });
    let part = Hyperslab::within(&[31, 2, 7], part.to_vec()).unwrap();
    let got = read(lent.as_ref(), "both", &part, ByteOrder::Little).unwrap();
    let days = [3, 12, 21].map(|day| [0, 3, 6].map(|x| 2.0 * value(day, 4, x)));
    assert_eq!(got, days.concat());
    assert_eq!(
        read(lent.as_ref(), "lat", &Hyperslab::whole(&[2]).unwrap(), ByteOrder::Big).unwrap(),
        [2.0, 5.0]
    );
    let monthly = running.open("sum/monthly").unwrap();
    let whole = Hyperslab::whole(&[1, 2, 7]).unwrap();
    let got = read(monthly.as_ref(), "both", &whole, ByteOrder::Little).unwrap();
    assert_eq!(got[0], (0..31).map(|day| 2.0 * value(day, 1, 0)).sum::<f64>() / 31.0);
}

#[test]
fn what_a_site_configures_wrongly_is_told() {
    let running = host().config(VIRTUAL).start::<DiagnosticsPlugin>();
    let check = |id: &str, words: &str| {
        let error = running.open(id).err().unwrap_or_else(|| panic!("{id} can be opened"));
        assert!(error.message.contains(words) && error.kind == ErrorKind::Unsupported, "{id}: {error:?}");
    };
    check("typo", "virtual dataset typo: a: variable \"va\" not found; there are time, lat, x, v, w, n");
    check("field", "unknown field `expressions`, expected one of");
    check("nothing", "it says nothing; give it a query, or variables");
    check("gone", "dataset 'none' not found");
    check("chunks", "the dimensions are time, lat, x; did you mean time?");
    check("where", "where selects along lev, which no variable has");
    check("constant", "the expression names no variable");
    check("shapes", "variables of one expression have the same");
    check("truth", "write where(…, 1, 0)");
    assert!(running.open("sum").is_ok());
}
