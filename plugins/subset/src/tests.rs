//! The plugin on datasets in memory.

use serde_json::{Value as Json, json};
use weir_model::{Attribute, DataType, Value, Variable};
use weir_plugin_api::ErrorKind;
use weir_plugin_api::testing::{
    MemoryDataset, MockHost, Running, Values, check_contract, counting, dataset_of,
};

use crate::SubsetPlugin;

/// A variable of a type, with attributes as `name = text`, counting where it has no values.
fn variable(
    declared: (&str, DataType),
    axes: &[(&str, u64)],
    values: &[f64],
    attributes: &[&str],
) -> (Variable, Values) {
    let (mut variable, mut made) = counting(declared.0, declared.1, axes);
    if !values.is_empty() {
        made = Values::Fixed(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }
    let attributes = attributes.iter().map(|text| text.split_once(" = ").unwrap());
    variable.attributes = attributes
        .map(|(name, text)| Attribute { name: name.to_owned(), value: Value::text(text) })
        .collect();
    (variable, made)
}

fn grid() -> MemoryDataset {
    use DataType::{Float32, Float64, Int16};
    let mut dataset = dataset_of(vec![
        variable(
            ("time", Float64),
            &[("time", 3)],
            &[0.0, 29.0, 30.0],
            &["units = days since 2001-02-01", "calendar = 360_day"],
        ),
        variable(
            ("lat", Float64),
            &[("lat", 2)],
            &[10.0, -10.0],
            &["units = degrees_north", "bounds = lat_edges"],
        ),
        variable(("lat_edges", Float64), &[("lat", 2), ("two", 2)], &[20.0, 0.0, 0.0, -20.0], &[]),
        variable(
            ("lon", Float64),
            &[("lon", 4)],
            &[0.0, 90.0, 180.0, 270.0],
            &["units = degrees_east", "bounds = lon_edges"],
        ),
        variable(
            ("lon_edges", Float64),
            &[("lon", 4), ("two", 2)],
            &[-45.0, 45.0, 45.0, 135.0, 135.0, 225.0, 225.0, 315.0],
            &[],
        ),
        variable(("height", Float64), &[], &[2.0], &["units = m", "positive = up"]),
        variable(("error", Int16), &[("lat", 2), ("lon", 4)], &[], &[]),
        variable(
            ("t", Float32),
            &[("time", 3), ("lat", 2), ("lon", 4)],
            &[],
            &["units = K", "coordinates = height", "ancillary_variables = error"],
        ),
        variable(("other", Float32), &[("lat", 2)], &[], &["units = 1"]),
    ]);
    dataset.schema.root.attributes =
        vec![Attribute { name: "history".to_owned(), value: Value::text("made") }];
    dataset
}

fn start() -> Running {
    MockHost::new().dataset("d.nc", grid()).start::<SubsetPlugin>()
}

/// The numbers of the last `count` big-endian doubles before the end of a file, `skipped` bytes from it.
fn doubles(bytes: &[u8], skipped: usize, count: usize) -> Vec<f64> {
    let end = bytes.len() - skipped;
    bytes[end - count * 8..end]
        .chunks_exact(8)
        .map(|element| f64::from_be_bytes(element.try_into().unwrap()))
        .collect()
}

#[test]
fn a_netcdf_file_has_what_belongs_to_its_variables() {
    let got = start().get("/datasets/d.nc/subset?var=t&bbox=-100,-20,10,0&time=2001-02").unwrap();
    assert_eq!(got.header("content-type"), Some("application/x-netcdf"));
    assert_eq!(got.header("content-disposition"), Some("attachment; filename=\"d_subset.nc\""));
    assert!(got.stable && got.length == Some(got.bytes.len() as u64));
    assert!(got.bytes.starts_with(b"CDF\x01"));
    let header = String::from_utf8_lossy(&got.bytes).into_owned();
    for name in ["time", "lat", "lat_edges", "lon", "lon_edges", "height", "error", "two"] {
        assert!(header.contains(name), "{name}");
    }
    assert!(!header.contains("other"));
    assert!(header.contains("subset of d.nc by var=t bbox=-100,-20,10,0 time=2001-02\nmade"));
    // Behind one another at the end: lon (2), lon_edges (4), height, error (2 shorts), t (4 singles).
    let values = doubles(&got.bytes, 4 + 16, 7);
    assert_eq!(values, [-90.0, 0.0, -135.0, -45.0, -45.0, 45.0, 2.0]);
    let tail = &got.bytes[got.bytes.len() - 20..];
    assert_eq!(tail[..4], [0, 8, 0, 5]);
    let singles: Vec<f32> =
        tail[4..].chunks_exact(4).map(|element| f32::from_be_bytes(element.try_into().unwrap())).collect();
    assert_eq!(singles, [8.0, 5.0, 16.0, 13.0]);
}

#[test]
fn a_netcdf4_file_has_the_same() {
    let got =
        start().get("/datasets/d.nc/subset?var=t&bbox=-100,-20,10,0&time=2001-02&format=netcdf4").unwrap();
    assert_eq!(got.header("content-type"), Some("application/x-netcdf4"));
    assert_eq!(got.header("content-disposition"), Some("attachment; filename=\"d_subset.nc\""));
    assert!(got.stable && got.length == Some(got.bytes.len() as u64));
    assert!(got.bytes.starts_with(b"\x89HDF\r\n\x1a\n"));
    let metadata = String::from_utf8_lossy(&got.bytes).into_owned();
    for name in ["time", "lat", "lat_edges", "lon", "lon_edges", "height", "error", "two", "degrees_east"] {
        assert!(metadata.contains(name), "{name}");
    }
    assert!(!metadata.contains("other"));
    // As in a classic file, but little-endian and up to eight bytes: lon, lon_edges, height, error, t.
    let values: Vec<f64> = got.bytes[got.bytes.len() - 24 - 56..got.bytes.len() - 24]
        .chunks_exact(8)
        .map(|element| f64::from_le_bytes(element.try_into().unwrap()))
        .collect();
    assert_eq!(values, [-90.0, 0.0, -135.0, -45.0, -45.0, 45.0, 2.0]);
    let tail = &got.bytes[got.bytes.len() - 24..];
    assert_eq!(tail[..8], [8, 0, 5, 0, 0, 0, 0, 0]);
    let singles: Vec<f32> =
        tail[8..].chunks_exact(4).map(|element| f32::from_le_bytes(element.try_into().unwrap())).collect();
    assert_eq!(singles, [8.0, 5.0, 16.0, 13.0]);
}

#[test]
fn tables_have_a_row_per_element() {
    let running = start();
    let csv =
        running.get("/datasets/d.nc/subset?var=t&lat=[0]&lon=100&time=2001-02-30/..&format=csv").unwrap();
    assert_eq!(
        csv.text(),
        "time,lat,lon,height,t\r\n2001-02-30T00:00:00,10,90,2,10\r\n2001-03-01T00:00:00,10,90,2,18\r\n"
    );
    let points =
        running.get("/datasets/d.nc/subset?var=t&time=[0]&point=-80,3&point=170,-30&format=csv").unwrap();
    assert_eq!(
        points.text(),
        "time,lat,lon,height,t\r\n2001-02-01T00:00:00,10,270,2,4\r\n2001-02-01T00:00:00,-10,180,2,7\r\n"
    );
    let records = running.get("/datasets/d.nc/subset?var=t&time=[0]&lat=[1]&lon=[:2]&format=json").unwrap();
    let records: Json = serde_json::from_slice(&records.bytes).unwrap();
    assert_eq!(
        records[1],
        json!({"time": "2001-02-01T00:00:00", "lat": -10, "lon": 90, "height": 2, "t": 6})
    );
    let columns = running
        .get("/datasets/d.nc/subset?var=t&time=[0]&lat=[1]&lon=[:2]&format=json&layout=columns")
        .unwrap();
    let columns: Json = serde_json::from_slice(&columns.bytes).unwrap();
    assert_eq!((&columns["lon"], &columns["t"]), (&json!([0, 90]), &json!([5, 6])));
    let coverage = running.get("/datasets/d.nc/subset?var=t&point=0,10&format=covjson").unwrap();
    let coverage: Json = serde_json::from_slice(&coverage.bytes).unwrap();
    assert_eq!(coverage["domain"]["domainType"], "PointSeries");
    assert_eq!(coverage["ranges"]["t"]["values"], json!([1, 9, 17]));
    let parquet = running.get("/datasets/d.nc/subset?var=t&format=parquet").unwrap();
    assert!(parquet.bytes.starts_with(b"PAR1") && parquet.bytes.ends_with(b"PAR1"));
}

#[test]
fn the_spelling_of_thredds_means_the_same() {
    let running = start();
    let own = running.get("/datasets/d.nc/subset?var=t&bbox=80,-20,200,20&time=[0]").unwrap().bytes;
    let theirs = "/thredds/ncss/grid/d.nc?var=t&west=80&south=-20&east=200&north=20&time=2001-02-01T00:00:00&accept=netcdf";
    let theirs = running.get(theirs).unwrap().bytes;
    assert_eq!(own[own.len() - 16..], theirs[theirs.len() - 16..]);
    let csv =
        running.get("/thredds/ncss/grid/d.nc?var=t&latitude=9&longitude=2&timeStride=2&accept=csv").unwrap();
    assert_eq!(csv.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        csv.text(),
        "date,latitude[unit=\"degrees_north\"],longitude[unit=\"degrees_east\"],vertCoord[unit=\"m\"],t[unit=\"K\"]\n\
         2001-02-01T00:00:00,10,0,2,1\n2001-03-01T00:00:00,10,0,2,17\n"
    );
    let xml = running
        .get("/thredds/ncss/grid/d.nc?var=t&latitude=9&longitude=2&time=2001-02-01&accept=xml")
        .unwrap()
        .text();
    assert!(xml.contains("<data name=\"date\">2001-02-01T00:00:00</data>"), "{xml}");
    assert!(xml.contains("<data name=\"t\" units=\"K\">1</data>"), "{xml}");
    let described = running.get("/thredds/ncss/grid/d.nc/dataset.xml").unwrap().text();
    for part in [
        "<axis name=\"time\" shape=\"3\" type=\"double\" axisType=\"Time\">",
        "<grid name=\"t\" desc=\"t\" shape=\"time lat lon\" type=\"float\">",
        "<north>20</north>",
        "<accept displayName=\"csv\">csv</accept>",
    ] {
        assert!(described.contains(part), "{part} is not in {described}");
    }
}

#[test]
fn refusals_say_what_can_be_done() {
    let running = start();
    let check = |target: &str, kind: ErrorKind, part: &str| {
        let error = running.get(target).unwrap_err();
        assert_eq!(error.kind, kind, "{target}");
        assert!(error.message.contains(part), "{target}: {}", error.message);
    };
    check("/datasets/d.nc/subset", ErrorKind::BadRequest, "var names no variable; there are time, lat");
    check("/datasets/d.nc/subset?var=q", ErrorKind::NotFound, "\"q\" not found; there are time");
    check("/datasets/none/subset?var=q", ErrorKind::NotFound, "dataset 'none' not found");
    check(
        "/datasets/d.nc/subset?var=t&depth=1",
        ErrorKind::BadRequest,
        "it has time (2001-02-01T00:00:00 to",
    );
    check(
        "/datasets/d.nc/subset?var=t&bbox=0,50,1,60",
        ErrorKind::BadRequest,
        "nothing lies from 50 to 60 of lat (-10 to 10",
    );
    check(
        "/datasets/d.nc/subset?var=t,other&format=csv",
        ErrorKind::BadRequest,
        "one table lie over the same dimensions",
    );
    check("/datasets/d.nc/subset?var=t&point=0,0&point=1,1", ErrorKind::BadRequest, "one point");
    let small = MockHost::new().dataset("d.nc", grid()).limit(100).start::<SubsetPlugin>();
    for format in ["netcdf3", "netcdf4", "csv"] {
        let error = small.get(&format!("/datasets/d.nc/subset?var=t&format={format}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert!(error.message.contains("split it, for example along time"), "{}", error.message);
    }
}

#[test]
fn variables_that_lie_nowhere_are_told_of() {
    let running = start();
    let error = running.get("/datasets/d.nc/subset?var=other&bbox=0,0,1,1").unwrap_err();
    assert!(
        error.message.contains("nothing says at which longitudes and latitudes /other lies"),
        "{}",
        error.message
    );
    // Beside one that lies somewhere, it is cut along what both share.
    assert!(running.get("/datasets/d.nc/subset?var=t&var=other&bbox=0,0,1,20").is_ok());
}

#[test]
fn a_coordinate_without_a_dimension_is_in_what_is_asked_for_or_is_not() {
    let running = start();
    let all = running.get("/datasets/d.nc/subset?var=t").unwrap().length;
    let same = |query: &str| running.get(&format!("/datasets/d.nc/subset?var=t&{query}"));
    assert!(same("height=0/5").unwrap().length > all, "the history tells more");
    assert!(same("vertical=2").is_ok() && same("height=[0]").is_ok());
    assert!(running.get("/thredds/ncss/grid/d.nc?var=t&vertCoord=2").is_ok());
    let message = same("height=3/5").unwrap_err().message;
    assert_eq!(message, "nothing lies from 3 to 5 of height (2 to 2 m, 1 values)");
}

#[test]
fn it_keeps_the_contract() {
    let targets = [
        "/datasets/d.nc/subset?var=t",
        "/datasets/d.nc/subset?var=t&format=csv",
        "/thredds/ncss/grid/d.nc/dataset.xml",
    ];
    check_contract::<SubsetPlugin>(MockHost::new().dataset("d.nc", grid()), "d.nc", &targets);
}
