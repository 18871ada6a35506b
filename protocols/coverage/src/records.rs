//! JSON, a list of records: an object per element, with its coordinates and its values.

use crate::Frame;
use crate::frame::quoted;

/// What stands before the first record.
pub const BEGIN: &str = "[";

/// What stands behind the last.
pub const END: &str = "]\n";

/// Records, one behind the other, of one frame or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Records {
    begun: bool,
}

impl Records {
    /// Some records, from the row with number `first` of a frame on: of each column the same number of values.
    #[must_use]
    pub fn rows(&mut self, frame: &Frame, first: u64, values: &[&[f64]]) -> String {
        let rows = rows(frame, first, values);
        let separator = if self.begun && !rows.is_empty() { "," } else { "" };
        self.begun |= !rows.is_empty();
        format!("{separator}{rows}")
    }
}

fn rows(frame: &Frame, first: u64, values: &[&[f64]]) -> String {
    let count = values.iter().map(|column| column.len()).min().unwrap_or(0);
    let coordinates: Vec<String> =
        frame.coordinates.iter().map(|coordinate| quoted(&coordinate.name)).collect();
    let columns: Vec<String> = frame.columns.iter().map(|column| quoted(&column.name)).collect();
    let mut out = String::new();
    for (row, number) in (0..count).zip(first..) {
        out.push_str(if row == 0 { "\n{" } else { ",\n{" });
        let mut begun = false;
        for ((coordinate, name), place) in
            frame.coordinates.iter().zip(&coordinates).zip(frame.places(number))
        {
            member(&mut begun, name, &mut out);
            coordinate.labels.json(place, &mut out);
        }
        for ((column, name), values) in frame.columns.iter().zip(&columns).zip(values) {
            member(&mut begun, name, &mut out);
            column.numeric.json(values.get(row).copied().unwrap_or(f64::NAN), &mut out);
        }
        out.push('}');
    }
    out
}

fn member(begun: &mut bool, name: &str, out: &mut String) {
    if *begun {
        out.push(',');
    }
    *begun = true;
    out.push_str(name);
    out.push(':');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sample;

    #[test]
    fn an_object_per_element() {
        let frame = sample::frame();
        let mut records = Records::default();
        let one = records.rows(&frame, 0, &[&[1.0, f64::NAN], &[3.5, 4.0]]);
        let two = records.rows(&frame, 2, &[&[5.0], &[6.0]]);
        let value: Value = serde_json::from_str(&[BEGIN, &one, &two, END].concat()).unwrap();
        assert_eq!(value.as_array().map(Vec::len), Some(3));
        assert_eq!(
            value[1],
            json!({"time": "2001-01-01T00:00:00Z", "lon": 20.5, "drift": 2, "height": 2, "t": null, "a, \"b\"": 4})
        );
        assert_eq!(value[2]["lon"], json!(30));
        let none: Value = serde_json::from_str(&[BEGIN, END].concat()).unwrap();
        assert_eq!(none, json!([]));
    }
}
