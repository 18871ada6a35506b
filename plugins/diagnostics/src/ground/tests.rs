//! What is made of the horizontal dimensions, through the whole plugin, against values that are told by their places.

use proptest::prelude::*;
use serde_json::Value;
use weir_model::{Attribute, DataType, Value as Said, Variable};
use weir_plugin_api::testing::{MockHost, Running, Values, counting, dataset_of};

use crate::DiagnosticsPlugin;

type Made = (Variable, Values);

/// A variable of doubles with attributes.
fn told(name: &str, axes: &[(&str, u64)], values: &[f64], attributes: &[(&str, &str)]) -> Made {
    let (mut variable, _) = counting(name, DataType::Float64, axes);
    let attribute =
        |(name, words): &(&str, &str)| Attribute { name: (*name).to_owned(), value: Said::text(words) };
    variable.attributes = attributes.iter().map(attribute).collect();
    (variable, Values::Fixed(values.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// Rows from south to north and columns from west to east, told by their edges; values count on from 1.
fn rectilinear(rows: &[f64], columns: &[f64], data_type: DataType) -> Running {
    let pairs = |edges: &[f64]| edges.windows(2).flat_map(<[f64]>::to_vec).collect::<Vec<f64>>();
    let middles =
        |edges: &[f64]| edges.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect::<Vec<f64>>();
    let (y, x) = (rows.len() as u64 - 1, columns.len() as u64 - 1);
    let (mut data, values) = counting("v", data_type, &[("lon", x), ("time", 3), ("lat", y)]);
    data.storage.chunk_shape = vec![2, 2, 3];
    data.attributes = vec![Attribute { name: "coordinates".to_owned(), value: Said::text("zone") }];
    let zones: Vec<f64> = (0..y * x).map(|cell| (cell % 3) as f64).collect();
    let variables = vec![
        told("lat", &[("lat", y)], &middles(rows), &[("units", "degrees_north"), ("bounds", "lat_edges")]),
        told("lon", &[("lon", x)], &middles(columns), &[("units", "degrees_east"), ("bounds", "lon_edges")]),
        told("lat_edges", &[("lat", y), ("two", 2)], &pairs(rows), &[]),
        told("lon_edges", &[("lon", x), ("two", 2)], &pairs(columns), &[]),
        told("zone", &[("lat", y), ("lon", x)], &zones, &[]),
        (data, values),
    ];
    MockHost::new().dataset("d", dataset_of(variables)).start::<DiagnosticsPlugin>()
}

fn globe() -> Running {
    rectilinear(
        &[-90.0, -50.0, -10.0, 30.0, 90.0],
        &[0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0],
        DataType::Int16,
    )
}

fn asked(running: &Running, query: &str) -> Value {
    let pulled = running.get(&format!("/datasets/d/diagnostics?variable=v&{query}")).unwrap();
    serde_json::from_slice(&pulled.bytes).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap_or(f64::NAN)],
    }
}

/// The value of a column and a row at a time.
fn value(column: u64, time: u64, row: u64) -> f64 {
    (column * 12 + time * 4 + row + 1) as f64
}

#[test]
fn points_take_the_nearest_cell() {
    let made = asked(&globe(), "action=first&points=35,-71;-1,40;200,0");
    assert_eq!(
        (&made["dims"], &made["dtype"]),
        (&serde_json::json!(["point", "time"]), &serde_json::json!("int16"))
    );
    let expected: Vec<f64> = [(0, 0), (5, 3), (3, 2)]
        .iter()
        .flat_map(|(column, row)| (0..3).map(|time| value(*column, time, *row)))
        .collect();
    assert_eq!(numbers(&made["data"]), expected);
    assert_eq!(numbers(&made["coords"]["lon"]["data"]), [30.0, 330.0, 210.0]);
    assert_eq!(numbers(&made["coords"]["zone"]["data"]), [0.0, 2.0, 0.0]);
}

#[test]
fn cells_outside_a_polygon_are_missing() {
    let query = "action=first&polygon=POLYGON((-40 -80,100 -80,100 -20,-40 -20,-40 -80))";
    let made = asked(&globe(), query);
    assert_eq!(
        (&made["shape"], &made["dtype"]),
        (&serde_json::json!([3, 3, 2]), &serde_json::json!("int16"))
    );
    assert_eq!(numbers(&made["coords"]["lon"]["data"]), [30.0, 90.0, 330.0]);
    let made = asked(&globe(), "action=mean&over=lat,lon&polygon=POLYGON((20 -80,130 -20,20 -20,20 -80))");
    // The first column twice, the second one only in the row that the slope leaves inside.
    let expected: Vec<f64> =
        (0..3).map(|time| (value(0, time, 0) + value(0, time, 1) + value(1, time, 1)) / 3.0).collect();
    assert_eq!(numbers(&made["data"]), expected);
}

#[test]
fn groups_may_lie_over_two_dimensions_or_along_several() {
    let made = asked(&globe(), "action=sum&by=zone&over=time");
    assert_eq!(made["dims"], serde_json::json!(["zone"]));
    let cells =
        (0..24_u64).map(|cell| (cell, (0..3).map(|time| value(cell % 6, time, cell / 6)).sum::<f64>()));
    let mut expected = [0.0; 3];
    cells.for_each(|(cell, sum)| expected[(cell % 3) as usize] += sum);
    assert_eq!(numbers(&made["data"]), expected);
    let made = asked(&globe(), "action=max&by=lat,lon&over=time");
    assert_eq!(made["dims"], serde_json::json!(["lon", "lat"]));
    let expected: Vec<f64> = (0..6).flat_map(|column| (0..4).map(move |row| value(column, 2, row))).collect();
    assert_eq!(numbers(&made["data"]), expected);
    let refused = globe().get("/datasets/d/diagnostics?variable=v&action=max&by=lat,lat").unwrap_err();
    assert!(refused.message.contains("grouped already"), "{refused}");
}

#[test]
fn values_lie_between_centres() {
    let made = asked(&globe(), "action=first&regrid=bilinear&grid=40:80:20,-60:0:60");
    assert_eq!(made["dims"], serde_json::json!(["lon", "time", "lat"]));
    // A third and two thirds of the way from the first centre at 30 to the second at 90, on the row at -30.
    let at = |column: f64, time: u64| value(0, time, 1) + column * 12.0;
    let expected: Vec<f64> =
        [1.0 / 3.0, 2.0 / 3.0].iter().flat_map(|column| (0..3).map(move |time| at(*column, time))).collect();
    for (got, expected) in numbers(&made["data"]).iter().zip(expected) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    let outside = asked(&globe(), "action=first&regrid=bilinear&grid=40:80:20,70:90:20");
    assert!(numbers(&outside["data"]).iter().all(|value| value.is_nan()));
    let nearest = asked(&globe(), "action=first&regrid=nearest&grid=-180:180:180,-90:90:180");
    assert_eq!(numbers(&nearest["data"])[0], value(4, 0, 2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The mean over the Earth is that of the grid that it was made of.
    #[test]
    fn conservative_regridding_keeps_the_mean(
        cuts in prop::collection::btree_set(-89_i32..90, 1..9), turns in prop::collection::btree_set(1_i32..360, 1..9),
        west in -180_i32..180, columns in 1_u32..12, rows in 1_u32..12, falls: bool,
    ) {
        let mut latitudes: Vec<f64> = std::iter::once(-90).chain(cuts).chain([90]).map(f64::from).collect();
        if falls {
            latitudes.reverse();
        }
        let longitudes: Vec<f64> = std::iter::once(0).chain(turns).chain([360]).map(|turn| f64::from(turn + west)).collect();
        let running = rectilinear(&latitudes, &longitudes, DataType::Float64);
        let mean = "action=mean&over=lat,lon&weights=area";
        let own = numbers(&asked(&running, mean)["data"]);
        let grid = format!("-180:180:{},90:-90:{}", 360.0 / f64::from(columns), 180.0 / f64::from(rows));
        let made = numbers(&asked(&running, &format!("{mean}&regrid=conservative&grid={grid}"))["data"]);
        for (own, made) in own.iter().zip(&made) {
            prop_assert!((own - made).abs() <= 1e-12 * own.abs(), "{own} {made}");
        }
        prop_assert_eq!(made.len(), 3);
    }
}
