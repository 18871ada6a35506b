//! Coverages of every kind of domain.

use super::*;
use crate::Numeric;
use crate::sample::{column, coordinate, numbers};

fn times(count: usize) -> Labels {
    Labels::Texts((1..=count).map(|day| format!("2001-01-{day:02}T00:00:00Z")).collect())
}

fn coverage(parts: Vec<(&str, Role, Labels)>) -> Coverage {
    let shape = parts.iter().map(|(_, _, labels)| labels.len() as u64).collect();
    let (mut coordinates, mut roles) = (vec![], vec![]);
    for (axis, (name, role, labels)) in parts.into_iter().enumerate() {
        coordinates.push(coordinate(name, &[axis], labels));
        roles.push(role);
    }
    let frame = Frame { shape, coordinates, columns: vec![column("t", "K")] };
    Coverage { frame, roles, ground: Ground::Geographic, title: None }
}

fn written(coverage: &Coverage, values: &[f64]) -> Value {
    let mut text = coverage.begin().unwrap() + &coverage.begin_range(0).unwrap();
    for (first, value) in values.iter().enumerate() {
        text.push_str(&coverage.values(0, first as u64, &[*value]));
    }
    serde_json::from_str(&(text + END_OF_RANGE + END)).unwrap()
}

fn check(parts: Vec<(&str, Role, Labels)>, expected: Option<&str>) {
    let coverage = coverage(parts);
    let count = usize::try_from(coverage.frame.rows().unwrap()).unwrap();
    let value = written(&coverage, &vec![1.5; count]);
    assert_eq!(value["domain"]["domainType"].as_str(), expected);
    assert_eq!(value["ranges"]["t"]["values"].as_array().map(Vec::len), Some(count));
}

fn one() -> Labels {
    numbers(&[7.0])
}

fn two() -> Labels {
    numbers(&[1.0, 2.0])
}

#[test]
fn domains_are_named_by_what_is_longer_than_one() {
    let t = || Role::T(Calendar::Standard);
    let z = || Role::Z(Vertical::default());
    check(vec![("lat", Role::Y, one()), ("lon", Role::X, one())], Some("Point"));
    check(
        vec![("time", t(), times(2)), ("lat", Role::Y, one()), ("lon", Role::X, one())],
        Some("PointSeries"),
    );
    check(
        vec![("time", t(), times(1)), ("lev", z(), two()), ("lat", Role::Y, one()), ("lon", Role::X, one())],
        Some("VerticalProfile"),
    );
    check(vec![("lat", Role::Y, two()), ("lon", Role::X, one())], Some("Grid"));
    check(
        vec![("time", t(), times(2)), ("lev", z(), two()), ("lat", Role::Y, one()), ("lon", Role::X, one())],
        Some("Grid"),
    );
    check(vec![("member", Role::Other, two()), ("lat", Role::Y, two()), ("lon", Role::X, one())], None);
    check(vec![("time", t(), times(2))], None);
}

#[test]
fn a_grid_is_described_whole() {
    let down = Vertical { down: Some(true), units: Some("Pa".to_owned()) };
    let mut of = coverage(vec![
        ("time", Role::T(Calendar::Day360), Labels::Texts(vec!["2001-02-30T00:00:00".to_owned()])),
        ("lev", Role::Z(down), one()),
        ("lat", Role::Y, two()),
        ("lon", Role::X, Labels::Numbers(vec![f64::from(0.1_f32)], Numeric::Single)),
    ]);
    of.frame.columns[0].standard_name = Some("air_temperature".to_owned());
    of.title = Some("a \"title\"".to_owned());
    let value = written(&of, &[1.0, f64::NAN]);
    assert_eq!(value["title"], json!({"en": "a \"title\""}));
    assert_eq!(value["domain"]["axes"]["x"], json!({"values": [0.1]}));
    assert_eq!(value["domain"]["axes"]["t"], json!({"values": ["2001-02-30T00:00:00"]}));
    let references = value["domain"]["referencing"].as_array().unwrap();
    assert_eq!(references[0]["system"]["id"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    assert_eq!(
        references[1]["system"]["cs"]["csAxes"][0],
        json!({"name": {"en": "lev"}, "direction": "down", "unit": {"symbol": "Pa"}})
    );
    assert!(references[2]["system"]["calendar"].as_str().unwrap().ends_with("360_day"));
    let range = &value["ranges"]["t"];
    assert_eq!(range["axisNames"], json!(["t", "z", "y", "x"]));
    assert_eq!((&range["shape"], &range["values"]), (&json!([1, 1, 2, 1]), &json!([1, null])));
    assert_eq!(
        value["parameters"]["t"]["observedProperty"]["id"],
        "http://vocab.nerc.ac.uk/standard_name/air_temperature/"
    );
    assert_eq!(value["parameters"]["t"]["unit"], json!({"symbol": "K"}));
}

#[test]
fn what_no_domain_has_is_told() {
    let mut of = coverage(vec![("lat", Role::Y, two()), ("lon", Role::X, two())]);
    of.frame.coordinates[1].along = vec![0, 1];
    assert_eq!(of.begin(), Err("dimension 1 has no coordinate along it".to_owned()));
    of.frame.coordinates.push(coordinate("x", &[1], two()));
    of.roles.push(Role::Other);
    assert_eq!(of.begin_range(0), Err("coordinate lon lies along several dimensions".to_owned()));
}
