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

/// The columns of all coordinates, in pieces.
pub fn coordinates(frame: &Frame) -> impl Iterator<Item = String> + '_ {
    let rows = frame.rows().unwrap_or(0);
    (0..frame.coordinates.len()).flat_map(move |number| {
        let pieces = (0..rows.div_ceil(PIECE).max(1)).map(move |piece| piece.saturating_mul(PIECE));
        pieces.map(move |from| labels(frame, number, (from, from.saturating_add(PIECE).min(rows))))
    })
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
        text.extend(coordinates(&frame));
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
        let text = [BEGIN, &coordinates(&frame).collect::<String>(), END].concat();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["time"], json!([]));
    }
}
