//! Names of variables: short where they can be, with what tells them apart where they cannot.

use std::collections::{HashMap, HashSet};

use super::cube::{Cube, Kind};

/// What may be told behind a parameter's name, if cubes of one name differ in it; empty for what needs no telling.
const TRAITS: [fn(&Kind) -> String; 3] = [
    |kind| kind.level.clone(),
    |kind| if kind.process == "instant" { String::new() } else { kind.process.clone() },
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
/// or on several grids, has as much of these behind it as is needed: `t_isobaricInhPa`, `tp_accum`, `z_grid2`. What even so
/// has one name is numbered: `t_2`.
pub fn names(cubes: &[Cube]) -> Vec<String> {
    let mut names: Vec<String> = cubes.iter().map(base).collect();
    for of in TRAITS {
        let mut sharing: HashMap<String, Vec<(usize, String)>> = HashMap::new();
        for (place, (name, cube)) in names.iter().zip(cubes).enumerate() {
            sharing.entry(name.clone()).or_default().push((place, word(&of(&cube.kind))));
        }
        for places in sharing.into_values() {
            let different: HashSet<&str> = places.iter().map(|(_, told)| told.as_str()).collect();
            if different.len() > 1 {
                tell(&mut names, &places);
            }
        }
    }
    let mut used = HashSet::new();
    names.iter().map(|name| unused(&mut used, name)).collect()
}

/// Puts what is told behind the names at some places.
fn tell(names: &mut [String], places: &[(usize, String)]) {
    for (place, told) in places.iter().filter(|(_, told)| !told.is_empty()) {
        if let Some(name) = names.get_mut(*place) {
            name.push('_');
            name.push_str(told);
        }
    }
}

/// A name that is not used yet: as it is, or numbered. It is used from now on.
pub fn unused(used: &mut HashSet<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut number = 1_u64;
    while !used.insert(candidate.clone()) {
        number = number.saturating_add(1);
        candidate = format!("{name}_{number}");
    }
    candidate
}
