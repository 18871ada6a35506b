//! CSV (RFC 4180): a line per element, its coordinates first.

use crate::{Frame, Labels};

/// What stands over a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heads {
    /// The name.
    #[default]
    Names,
    /// The name and the units, `t[unit="K"]`, as THREDDS writes them. They are not quoted, because its clients do not expect that.
    Units,
}

impl Heads {
    /// What ends a line: RFC 4180's, but clients of THREDDS take the first half of it as part of the last name.
    fn line_end(self) -> &'static str {
        match self {
            Self::Names => "\r\n",
            Self::Units => "\n",
        }
    }
}

/// The line of the columns' names.
#[must_use]
pub fn head(frame: &Frame, heads: Heads) -> String {
    let coordinates = frame.coordinates.iter().map(|coordinate| (&coordinate.name, &coordinate.units));
    let columns = frame.columns.iter().map(|column| (&column.name, &column.units));
    let head = |(name, units): (&String, &Option<String>)| match (heads, units) {
        (Heads::Names, _) => field(name),
        (Heads::Units, None) => bare(name),
        (Heads::Units, Some(units)) => format!("{}[unit=\"{}\"]", bare(name), bare(units)),
    };
    let all: Vec<String> = coordinates.chain(columns).map(head).collect();
    format!("{}{}", all.join(","), heads.line_end())
}

/// The lines of some rows, from the row with number `first` on: of each column the same number of values.
#[must_use]
pub fn rows(frame: &Frame, heads: Heads, first: u64, values: &[&[f64]]) -> String {
    let count = values.iter().map(|column| column.len()).min().unwrap_or(0);
    let mut out = String::new();
    for (row, number) in (0..count).zip(first..) {
        let mut begun = false;
        for (coordinate, place) in frame.coordinates.iter().zip(frame.places(number)) {
            separate(&mut begun, &mut out);
            match &coordinate.labels {
                Labels::Numbers(numbers, numeric) => {
                    numeric.csv(numbers.get(place).copied().unwrap_or(f64::NAN), &mut out);
                }
                Labels::Texts(texts) => out.push_str(&field(texts.get(place).map_or("", String::as_str))),
            }
        }
        for (column, values) in frame.columns.iter().zip(values) {
            separate(&mut begun, &mut out);
            column.numeric.csv(values.get(row).copied().unwrap_or(f64::NAN), &mut out);
        }
        out.push_str(heads.line_end());
    }
    out
}

fn separate(begun: &mut bool, out: &mut String) {
    if *begun {
        out.push(',');
    }
    *begun = true;
}

/// A field, quoted where it has to be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A field without what would have to be quoted.
fn bare(text: &str) -> String {
    text.replace([',', '"', '\r', '\n', '[', ']'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_line_per_element() {
        let frame = sample::frame();
        assert_eq!(head(&frame, Heads::Names), "time,lon,drift,height,t,\"a, \"\"b\"\"\"\r\n");
        assert_eq!(
            head(&frame, Heads::Units),
            "time,lon[unit=\"degrees_east\"],drift,height,t[unit=\"K\"],a   b [unit=\"1\"]\n"
        );
        let lines = rows(&frame, Heads::Names, 2, &[&[1.5, f64::NAN], &[7.0, f64::INFINITY]]);
        assert_eq!(lines, "2001-01-01T00:00:00Z,30,3,2,1.5,7\r\n2001-01-02T00:00:00Z,10,4,2,NaN,inf\r\n");
        assert_eq!(rows(&frame, Heads::Units, 0, &[&[], &[]]), "");
        assert!(rows(&frame, Heads::Units, 0, &[&[1.0], &[2.0]]).ends_with("1,2\n"));
    }
}
