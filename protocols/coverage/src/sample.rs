//! A frame for tests: two times, three stations, a coordinate over both and a single level.

use crate::{Column, Coordinate, Frame, Labels, Numeric};

pub(crate) fn coordinate(name: &str, along: &[usize], labels: Labels) -> Coordinate {
    Coordinate { name: name.to_owned(), units: None, along: along.to_vec(), labels }
}

pub(crate) fn numbers(values: &[f64]) -> Labels {
    Labels::Numbers(values.to_vec(), Numeric::Double)
}

pub(crate) fn column(name: &str, units: &str) -> Column {
    Column { name: name.to_owned(), units: Some(units.to_owned()), ..Column::default() }
}

pub(crate) fn frame() -> Frame {
    let times = Labels::Texts(vec!["2001-01-01T00:00:00Z".to_owned(), "2001-01-02T00:00:00Z".to_owned()]);
    let mut lon = coordinate("lon", &[1], numbers(&[10.0, 20.5, 30.0]));
    lon.units = Some("degrees_east".to_owned());
    Frame {
        shape: vec![2, 3],
        coordinates: vec![
            coordinate("time", &[0], times),
            lon,
            coordinate("drift", &[0, 1], numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            coordinate("height", &[], numbers(&[2.0])),
        ],
        columns: vec![column("t", "K"), column("a, \"b\"", "1")],
    }
}
