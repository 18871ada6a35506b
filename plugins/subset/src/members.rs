//! What belongs to a variable (CF): its coordinates and their bounds, its grid mapping, what it names as measures of its cells and
//! as ancillary, and the terms of vertical coordinates that have a formula.

use std::collections::BTreeSet;

use weir_cf::grid_mapping::grid_mappings;
use weir_cf::{Coordinates, related};
use weir_model::Schema;

/// The paths of some variables and of all that belongs to them, in the order of the schema.
pub(crate) fn members(schema: &Schema, chosen: &[String]) -> Vec<String> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for path in chosen {
        add(schema, path, &mut known);
    }
    let all = schema.variables().into_iter().map(|(path, _)| path);
    all.filter(|path| known.contains(path)).collect()
}

fn add(schema: &Schema, path: &str, known: &mut BTreeSet<String>) {
    known.insert(path.to_owned());
    coordinates(schema, path, known);
    for attribute in ["ancillary_variables", "cell_measures"] {
        for (_, found) in related(schema, path, attribute) {
            // What belongs to these is over the same dimensions, so it is there already.
            known.insert(found.path);
        }
    }
    // A grid mapping that cannot be understood is still a variable with attributes that somebody may understand.
    let mappings = grid_mappings(schema, path).unwrap_or_default();
    known.extend(mappings.into_iter().map(|mapping| mapping.path));
    known.extend(related(schema, path, "grid_mapping").into_iter().map(|(_, found)| found.path));
}

fn coordinates(schema: &Schema, path: &str, known: &mut BTreeSet<String>) {
    let coordinates = Coordinates::of(schema, path).unwrap_or_default();
    for coordinate in coordinates.all() {
        known.insert(coordinate.path.clone());
        known.extend(coordinate.bounds.as_ref().map(|bounds| bounds.path.clone()));
        known.extend(
            related(schema, &coordinate.path, "formula_terms").into_iter().map(|(_, found)| found.path),
        );
    }
}
