//! Names of variables: short where they can be, with what tells them apart where they cannot.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::cube::{Cube, Kind};

/// What may be told behind a parameter's name, if cubes of one name differ in it.
const TRAITS: [fn(&Kind) -> String; 3] = [
    |kind| kind.level.clone(),
    |kind| kind.process.clone(),
    |kind| format!("grid{}", kind.grid.saturating_add(1)),
];

/// A name that is a word of letters, digits and underscores.
fn word(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(keep).collect()
}

fn base(cube: &Cube) -> String {
    let name = cube.names.map(|names| names.variable.to_owned());
    let name = name.unwrap_or_else(|| match cube.kind.parameter {
        Ok(name) => name.to_owned(),
        Err(parameter) => parameter.fallback_name(),
    });
    match cube.kind.variant.as_str() {
        "" => name,
        variant => format!("{name}_{}", word(variant)),
    }
}

/// The names of cubes, all different, in their order.
///
/// A parameter that is there once has its own name. One that is there on several types of levels, processed in several ways,
/// or on several grids, has these behind it: `t_isobaricInhPa`, `tp_accum`, `z_grid2`. What even so has one name is
/// numbered: `t_2`.
pub fn names(cubes: &[Cube]) -> Vec<String> {
    let mut names: Vec<String> = cubes.iter().map(base).collect();
    let mut sharing: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        sharing.entry(name.clone()).or_default().push(place);
    }
    for places in sharing.values() {
        let kinds: Vec<&Kind> = places.iter().filter_map(|&place| Some(&cubes.get(place)?.kind)).collect();
        for of in TRAITS {
            if all_same(kinds.iter().map(|kind| of(kind))) {
                continue;
            }
            for (&place, kind) in places.iter().zip(&kinds) {
                if let Some(name) = names.get_mut(place) {
                    name.push('_');
                    name.push_str(&word(&of(kind)));
                }
            }
        }
    }
    let mut used = HashSet::new();
    names.into_iter().map(|name| unused(&mut used, name)).collect()
}

fn all_same<T: Eq + Hash>(values: impl Iterator<Item = T>) -> bool {
    values.collect::<HashSet<T>>().len() < 2
}

/// A name that is not used yet: as it is, or numbered. It is used from now on.
pub fn unused(used: &mut HashSet<String>, name: String) -> String {
    let mut candidate = name.clone();
    let mut number = 1_u64;
    while !used.insert(candidate.clone()) {
        number = number.saturating_add(1);
        candidate = format!("{name}_{number}");
    }
    candidate
}
