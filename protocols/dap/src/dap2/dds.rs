//! The DDS: the structure of a dataset, or of a view of it, as text.

use std::fmt::Write;

use super::names;
use super::record::Asked;
use super::{Grid, GridForm, Projected, Record, RowSource, Rows, Shown, View};

/// The DDS of `view`; `dataset` is the name that the text ends with, in any spelling.
#[must_use]
pub fn dds(view: &View<'_>, dataset: &str) -> String {
    let mut text = String::from("Dataset {\n");
    for variable in &view.variables {
        declare(variable, &mut text);
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "}} {};", names::spell_dataset(dataset));
    text
}

fn declare(variable: &Shown<'_>, text: &mut String) {
    match variable {
        Shown::Array(array) => self::array(array, 4, text),
        Shown::Structure(record) => structure(record, text),
        Shown::Sequence(rows) => sequence(rows, text),
        Shown::Grid(grid) => self::grid(grid, text),
        Shown::Text { name, .. } => {
            let _ = writeln!(text, "    String {name};");
        }
    }
}

fn array(array: &Projected<'_>, indent: usize, text: &mut String) {
    let _ = write!(text, "{:indent$}{} {}", "", array.data_type().keyword(), array.entry.name);
    for (axis, length) in array.entry.axes.iter().zip(array.shape()) {
        self::axis(axis.name.as_deref(), length, text);
    }
    text.push_str(";\n");
}

fn axis(name: Option<&str>, length: u64, text: &mut String) {
    let _ = match name {
        Some(name) => write!(text, "[{name} = {length}]"),
        None => write!(text, "[{length}]"),
    };
}

fn structure(record: &Record<'_>, text: &mut String) {
    text.push_str("    Structure {\n");
    members(&record.members, 8, text);
    let _ = write!(text, "    }} {}", record.entry.name);
    for (axis, stride) in record.entry.axes.iter().zip(record.slab.strides()) {
        self::axis(axis.name.as_deref(), stride.count, text);
    }
    text.push_str(";\n");
}

/// Members lie `indent` blanks deep. Their axes have no names: fields of a compound type have no dimensions.
fn members(members: &[Asked], indent: usize, text: &mut String) {
    for asked in members {
        match asked.member.atomic() {
            Some(data_type) => {
                let _ = write!(text, "{:indent$}{} {}", "", data_type.keyword(), asked.member.name);
            }
            None => {
                let _ = writeln!(text, "{:indent$}Structure {{", "");
                self::members(&asked.members, indent.saturating_add(4), text);
                let _ = write!(text, "{:indent$}}} {}", "", asked.member.name);
            }
        }
        for stride in asked.slab.strides() {
            axis(None, stride.count, text);
        }
        text.push_str(";\n");
    }
}

fn sequence(rows: &Rows<'_>, text: &mut String) {
    text.push_str("    Sequence {\n");
    match &rows.source {
        RowSource::Records(record) => members(&record.members, 8, text),
        RowSource::Columns(columns) => {
            for column in columns {
                let data_type = column.data_type().as_column();
                let _ = writeln!(text, "        {} {};", data_type.keyword(), column.entry.name);
            }
        }
    }
    let _ = writeln!(text, "    }} {};", rows.name);
}

fn grid(grid: &Grid<'_>, text: &mut String) {
    match grid.form {
        GridForm::Grid => {
            text.push_str("    Grid {\n     Array:\n");
            grid.array.iter().for_each(|array| self::array(array, 8, text));
            text.push_str("     Maps:\n");
        }
        GridForm::Structure => {
            text.push_str("    Structure {\n");
            grid.array.iter().for_each(|array| self::array(array, 8, text));
        }
    }
    grid.maps.iter().for_each(|map| array(map, 8, text));
    let _ = writeln!(text, "    }} {};", grid.name);
}

#[cfg(test)]
mod tests {
    use super::super::view::samples::{group, ocean, variable};
    use super::super::{Constraint, Coordinates, Inventory, grammar};
    use super::*;
    use proptest::prelude::*;
    use weir_model::{DataType, Schema};

    fn check(schema: &Schema, query: &str, expected: &str) {
        let inventory = Inventory::of(schema);
        let view =
            View::resolve(&Constraint::parse(query).unwrap(), &inventory, &Coordinates::new()).unwrap();
        let text = dds(&view, "ocean 1.nc");
        assert_eq!(text, format!("Dataset {{\n{expected}}} ocean%201.nc;\n"));
        assert_eq!(grammar::parse_dds(&text).unwrap().variables.len(), view.variables.len());
    }

    #[test]
    fn lengths_are_those_of_the_view() {
        check(
            &ocean(),
            "",
            "    Int32 time[time = 10];\n    Int16 sst[time = 10][lat = 4];\n    String label[lat = 4];\n    \
             Float32 deep_air%20temp[lat = 4];\n",
        );
        check(&ocean(), "sst[0:2:9][1]", "    Int16 sst[time = 5][lat = 1];\n");
        check(&Schema::default(), "", "");
        let mut root = group("", &[]);
        root.variables = vec![variable("x", DataType::UInt8, &[("/gone", 3)])];
        check(&Schema { root }, "x[1:2]", "    Byte x[2];\n");
    }

    proptest! {
        #[test]
        fn every_dds_is_one_that_clients_can_parse(names in prop::collection::vec("\\PC{0,10}", 0..6)) {
            let dimensions: Vec<_> = names.iter().map(|name| (name.as_str(), 2)).collect();
            let mut root = group("", &dimensions);
            for name in &names {
                let path = format!("/{name}");
                root.variables.push(variable(name, DataType::Float64, &[(&path, 2)]));
            }
            let schema = Schema { root };
            let inventory = Inventory::of(&schema);
            let text = dds(&View::whole(&inventory).unwrap(), "x");
            let parsed = grammar::parse_dds(&text).unwrap();
            prop_assert_eq!(parsed.variables.len(), names.len());
        }
    }
}
