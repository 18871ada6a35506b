//! JSON, an object of columns: of each coordinate and each variable a list, all of the same length.

use crate::Frame;
use crate::frame::quoted;

/// Elements of coordinates in one piece.
const PIECE: u64 = 1 << 15;

/// What stands before all columns.
pub const BEGIN: &str = "{";

/// What stands behind all columns.
pub const END: &str = "}\n";

/// What stands behind the last value of each column.
pub const END_OF_COLUMN: &str = "]";

/// How many pieces the columns of all coordinates have.
#[must_use]
pub fn pieces(frame: &Frame) -> u64 {
    let coordinates = u64::try_from(frame.coordinates.len()).unwrap_or(u64::MAX);
    of_each(frame).saturating_mul(coordinates)
}

fn of_each(frame: &Frame) -> u64 {
    frame.rows().unwrap_or(0).div_ceil(PIECE).max(1)
}

/// One piece of the columns of all coordinates, by its number from 0.
#[must_use]
pub fn piece(frame: &Frame, number: u64) -> String {
    let (each, rows) = (of_each(frame), frame.rows().unwrap_or(0));
    let coordinate =
        number.checked_div(each).and_then(|place| usize::try_from(place).ok()).unwrap_or(usize::MAX);
    let from = number.checked_rem(each).unwrap_or(0).saturating_mul(PIECE);
    labels(frame, coordinate, (from, from.saturating_add(PIECE).min(rows)))
}

fn labels(frame: &Frame, number: usize, (from, to): (u64, u64)) -> String {
    let Some(coordinate) = frame.coordinates.get(number) else { return String::new() };
    let mut out = String::new();
    if from == 0 {
        out.push_str(&begin(number, &coordinate.name));
    }
    for row in from..to {
        if row > 0 {
            out.push(',');
        }
        coordinate.labels.json(frame.places(row).get(number).copied().unwrap_or(usize::MAX), &mut out);
    }
    if frame.rows() == Some(to) {
        out.push_str(END_OF_COLUMN);
    }
    out
}

/// What stands before the first value of a variable's column.
#[must_use]
pub fn begin_column(frame: &Frame, column: usize) -> String {
    let name = frame.columns.get(column).map_or("", |column| &column.name);
    begin(frame.coordinates.len().saturating_add(column), name)
}

fn begin(number: usize, name: &str) -> String {
    format!("{}\n{}:[", if number == 0 { "" } else { "," }, quoted(name))
}

/// Some values of a column, from the row with number `first` on.
#[must_use]
pub fn values(frame: &Frame, column: usize, first: u64, values: &[f64]) -> String {
    let numeric = frame.columns.get(column).map(|column| column.numeric).unwrap_or_default();
    let mut out = String::new();
    for (row, value) in (first..).zip(values) {
        if row > 0 {
            out.push(',');
        }
        numeric.json(*value, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sample;

    #[test]
    fn a_list_per_column() {
        let frame = sample::frame();
        let mut text = BEGIN.to_owned();
        text.extend((0..pieces(&frame)).map(|number| piece(&frame, number)));
        for column in 0..2 {
            text.push_str(&begin_column(&frame, column));
            text.push_str(&values(&frame, column, 0, &[1.0, f64::NAN]));
            text.push_str(&values(&frame, column, 2, &[3.0, 4.0, 5.0, 6.5]));
            text.push_str(END_OF_COLUMN);
        }
        let value: Value = serde_json::from_str(&(text + END)).unwrap();
        assert_eq!(value["lon"], json!([10, 20.5, 30, 10, 20.5, 30]));
        assert_eq!(value["height"], json!([2, 2, 2, 2, 2, 2]));
        assert_eq!(value["t"], json!([1, null, 3, 4, 5, 6.5]));
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(6));
    }

    #[test]
    fn nothing_has_empty_columns() {
        let frame = Frame { shape: vec![0, 3], ..sample::frame() };
        let text = [BEGIN, &(0..pieces(&frame)).map(|number| piece(&frame, number)).collect::<String>(), END]
            .concat();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["time"], json!([]));
    }
}
