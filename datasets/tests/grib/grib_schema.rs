//! What is shown of a file: variables, their names, axes and coordinates.

use weir_datasets::{ChunkSource, Dataset};
use weir_model::{Hyperslab, Value};

use crate::fixture::{numbers, open, path, text};

/// The variables of fields, each with its dimensions and its other coordinates.
pub fn variables(source: &dyn ChunkSource) -> Vec<String> {
    let schema = source.schema();
    let fields =
        schema.variables().into_iter().filter(|(_, variable)| !text(variable, "GRIB_stepType").is_empty());
    let described = fields.map(|(_, variable)| {
        let dimensions = variable.dimension_names().zip(&variable.shape);
        let dimensions: Vec<String> = dimensions.map(|(name, length)| format!("{name}={length}")).collect();
        format!("{}({}) {}", variable.name, dimensions.join(", "), text(variable, "coordinates"))
    });
    described.collect()
}

fn check(name: &str, expected: &[&str]) {
    assert_eq!(variables(open(&path(name)).unwrap().as_ref()), expected, "{name}");
}

#[test]
fn fields_are_arranged_as_cubes() {
    check("grib_cubes.grib", &[]);
}

#[test]
fn samples() {
    let Some(folder) = std::env::var_os("WEIR_GRIB_SAMPLES") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let p = entry.unwrap().path();
        if p.extension().is_none_or(|e| e != "grib") {
            continue;
        }
        match open(&p) {
            Ok(s) => println!(
                "{}: {:#?} {:?}",
                p.file_name().unwrap().display(),
                variables(s.as_ref()),
                s.schema()
                    .root
                    .attributes
                    .iter()
                    .map(|a| format!("{}={:?}", a.name, a.value.as_text()))
                    .collect::<Vec<_>>()
            ),
            Err(e) => println!("{} {e}", p.display()),
        }
    }
}
