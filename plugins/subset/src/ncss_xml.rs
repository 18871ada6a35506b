//! Points as THREDDS' NetCDF Subset Service writes them: an element per point, with a datum for each coordinate and variable.

use weir_coverage::{Frame, Labels};

use quick_xml::escape::escape;

/// What stands before the first point.
pub(crate) const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<grid>\n";

/// What stands behind the last.
pub(crate) const END: &str = "</grid>\n";

/// Some points, from the row with number `first` on: of each column the same number of values.
pub(crate) fn rows(frame: &Frame, first: u64, values: &[&[f64]]) -> String {
    let count = values.iter().map(|column| column.len()).min().unwrap_or(0);
    let mut out = String::new();
    for (row, number) in (0..count).zip(first..) {
        out.push_str("  <point>\n");
        for (coordinate, place) in frame.coordinates.iter().zip(frame.places(number)) {
            let text = match &coordinate.labels {
                Labels::Numbers(numbers, numeric) => {
                    numeric.text(numbers.get(place).copied().unwrap_or(f64::NAN))
                }
                Labels::Texts(texts) => texts.get(place).cloned().unwrap_or_default(),
            };
            datum(&coordinate.name, coordinate.units.as_deref(), &text, &mut out);
        }
        for (column, values) in frame.columns.iter().zip(values) {
            let text = column.numeric.text(values.get(row).copied().unwrap_or(f64::NAN));
            datum(&column.name, column.units.as_deref(), &text, &mut out);
        }
        out.push_str("  </point>\n");
    }
    out
}

fn datum(name: &str, units: Option<&str>, text: &str, out: &mut String) {
    let units = units.map(|units| format!(" units=\"{}\"", escape(units))).unwrap_or_default();
    out.push_str(&format!("    <data name=\"{}\"{units}>{}</data>\n", escape(name), escape(text)));
}
