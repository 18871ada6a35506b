//! Maps: which variables give coordinates of another.
//!
//! A variable's maps are those that are called as one of its dimensions is and lie along it (NUG, "coordinate variables"), and
//! those that its attribute `coordinates` names (CF conventions, chapter 5), as far as all their dimensions are its own.

use std::collections::HashMap;

use super::Inventory;
use super::inventory::Entry;

/// The maps of each entry, by their places.
pub fn of(inventory: &Inventory<'_>) -> Vec<Vec<usize>> {
    let entries = inventory.entries();
    let by_path: HashMap<&str, usize> =
        entries.iter().enumerate().map(|(place, entry)| (entry.path.as_str(), place)).collect();
    let maps_of = |(place, entry): (usize, &Entry<'_>)| {
        let mut maps: Vec<usize> = Vec::new();
        let mut add = |candidate: usize| {
            let fits = entries.get(candidate).is_some_and(|map| lies_along(map, entry));
            if candidate != place && fits && !maps.contains(&candidate) {
                maps.push(candidate);
            }
        };
        for dimension in entry.axes.iter().flatten() {
            let path = inventory.dimensions().get(*dimension).map(|dimension| dimension.path.as_str());
            let map = path.and_then(|path| by_path.get(path)).copied();
            let is_coordinate =
                |&map: &usize| entries.get(map).is_some_and(|map| map.axes == [Some(*dimension)]);
            map.filter(is_coordinate).into_iter().for_each(&mut add);
        }
        let named = entry.variable.attribute("coordinates").and_then(|attribute| attribute.value.as_text());
        let named = named.unwrap_or_default();
        for name in named.split_ascii_whitespace() {
            find(name, &entry.path, &by_path).into_iter().for_each(&mut add);
        }
        maps
    };
    entries.iter().enumerate().map(maps_of).collect()
}

/// Whether `map` has an axis, and all of its axes are axes of `entry`.
fn lies_along(map: &Entry<'_>, entry: &Entry<'_>) -> bool {
    map.axes.iter().all(|axis| axis.is_some() && entry.axes.contains(axis))
}

/// A name as CF finds it: a path, or a name in the variable's group or the nearest one around it.
fn find(name: &str, from: &str, by_path: &HashMap<&str, usize>) -> Option<usize> {
    if name.starts_with('/') {
        return by_path.get(name).copied();
    }
    let mut group = from;
    while let Some((around, _)) = group.rsplit_once('/') {
        group = around;
        if let Some(&place) = by_path.get(format!("{group}/{name}").as_str()) {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Inventory;
    use super::super::samples::{group, text, variable};
    use weir_model::{DataType, Schema};

    #[test]
    fn maps_are_coordinate_variables_and_named_coordinates() {
        let mut root = group("", &[("x", 3), ("y", 2), ("n", 4)]);
        root.variables = vec![
            variable("x", DataType::Float32, &[("/x", 3)]),
            variable("y", DataType::Float32, &[("/y", 2), ("/x", 3)]),
            variable("height", DataType::Float32, &[]),
            variable("other", DataType::Float32, &[("/n", 4)]),
        ];
        let mut inner = group("g", &[]);
        let mut t = variable("t", DataType::Int16, &[("/y", 2), ("/x", 3)]);
        t.attributes.push(text("coordinates", "height lon t none other"));
        inner.variables = vec![t, variable("lon", DataType::Float32, &[("/y", 2)])];
        root.groups.push(inner);
        let schema = Schema { root };
        let inventory = Inventory::of(&schema);
        let entries = inventory.entries();
        let named = |place: usize| {
            let maps = entries[place].maps.iter().map(|&map| entries[map].fqn.as_str());
            maps.collect::<Vec<_>>().join(" ")
        };
        assert_eq!((entries[4].fqn.as_str(), named(4).as_str()), ("/g/t", "/x /height /g/lon"));
        assert_eq!((named(0).as_str(), named(1).as_str()), ("", "/x"));
    }
}
