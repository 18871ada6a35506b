//! The DDS: the structure of a dataset, or of a view of it, as text.

use std::fmt::Write;

use super::names::{self, Role};
use super::{Projected, View};

/// The DDS of `view`; `dataset` is the name that the text ends with, in any spelling.
///
/// Variables are plain arrays, also where a Grid were possible: clients find coordinates by the names of dimensions, and no
/// client needs a Grid.
#[must_use]
pub fn dds(view: &View<'_>, dataset: &str) -> String {
    let mut text = String::from("Dataset {\n");
    for variable in &view.variables {
        declare(variable, &mut text);
    }
    // Writing into a String cannot fail.
    let _ = writeln!(text, "}} {};", names::spell(dataset, Role::Variable));
    text
}

fn declare(variable: &Projected<'_>, text: &mut String) {
    let entry = variable.entry;
    let _ = write!(text, "    {} {}", entry.data_type.keyword(), entry.name);
    for (axis, stride) in entry.axes.iter().zip(variable.slab.strides()) {
        let _ = match &axis.name {
            Some(name) => write!(text, "[{name} = {}]", stride.count),
            None => write!(text, "[{}]", stride.count),
        };
    }
    text.push_str(";\n");
}

#[cfg(test)]
mod tests {
    use super::super::view::samples::{group, ocean, variable};
    use super::super::{Constraint, Inventory, grammar};
    use super::*;
    use proptest::prelude::*;
    use weir_model::{DataType, Schema};

    fn check(schema: &Schema, query: &str, expected: &str) {
        let inventory = Inventory::of(schema);
        let view = View::resolve(&Constraint::parse(query).unwrap(), &inventory).unwrap();
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
