//! Dimensions: from the names that arrays give their axes to the dimensions of groups.
//!
//! Zarr has names of axes only: two arrays of a group may give one name to axes of different lengths, and axes may have no
//! name. netCDF has dimensions, which a group declares for itself and for the groups in it.

use std::collections::{BTreeMap, HashSet};

use weir_model::Dimension;

/// The dimensions that groups declare.
#[derive(Debug, Default)]
pub struct Dimensions {
    declared: BTreeMap<String, Vec<Dimension>>,
    /// Paths of arrays that are the coordinates of their dimension.
    coordinates: HashSet<String>,
}

/// An array that wants dimensions.
#[derive(Clone, Copy, Debug)]
pub struct Wanting<'a> {
    /// The path of its group, empty for the root.
    pub group: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The names of its axes.
    pub names: &'a [Option<String>],
    /// Their lengths.
    pub shape: &'a [u64],
}

impl Wanting<'_> {
    /// Whether it is the coordinate of its only dimension.
    pub fn is_coordinate(&self) -> bool {
        matches!(self.names, [Some(name)] if name == self.name)
    }
}

impl Dimensions {
    /// Says which arrays are coordinates: their groups declare the dimension themselves, and its name is theirs.
    pub fn with_coordinates(coordinates: HashSet<String>) -> Self {
        Self { coordinates, ..Self::default() }
    }

    /// The paths of an array's dimensions, which are declared where they are new. Coordinates must come before other arrays
    /// of their group, and groups before those in them.
    pub fn of_array(&mut self, array: &Wanting<'_>) -> Vec<String> {
        let mut paths = Vec::with_capacity(array.shape.len());
        let mut unnamed: BTreeMap<u64, u32> = BTreeMap::new();
        for (name, &length) in array.names.iter().zip(array.shape) {
            let name = match name.as_deref().map(cleaned).filter(|name| !name.is_empty()) {
                Some(name) => name,
                None => {
                    // A second axis of this length in one array is another dimension.
                    let count = unnamed.entry(length).and_modify(|n| *n = n.saturating_add(1)).or_insert(1);
                    if *count == 1 { format!("dim_{length}") } else { format!("dim_{length}_{count}") }
                }
            };
            paths.push(self.dimension(array.group, name, length));
        }
        paths
    }

    /// The path of a dimension with this name and length, as it is seen from a group.
    fn dimension(&mut self, group: &str, mut name: String, length: u64) -> String {
        let wanted = name.clone();
        loop {
            match self.seen_from(group, &name) {
                Some((place, found)) if found == length && self.is_shared(group, place, &name) => {
                    return path(place, &name);
                }
                Some((place, _)) if place == group => {
                    name = if name == wanted { format!("{name}_{length}") } else { format!("{name}_") };
                }
                _ => break,
            }
        }
        if name != wanted {
            tracing::warn!(
                group,
                dimension = wanted,
                length,
                name,
                "a dimension with two lengths is renamed"
            );
        }
        let path = path(group, &name);
        let dimension = Dimension { name, length, unlimited: false };
        self.declared.entry(group.to_owned()).or_default().push(dimension);
        path
    }

    /// A dimension of an outer group is used, unless this group has coordinates of its own for it.
    fn is_shared(&self, group: &str, place: &str, name: &str) -> bool {
        place == group || !self.coordinates.contains(path(group, name).trim_start_matches('/'))
    }

    /// The group that declares the dimension that a group sees under a name, and its length.
    fn seen_from<'g>(&self, group: &'g str, name: &str) -> Option<(&'g str, u64)> {
        let outer = group.rmatch_indices('/').filter_map(|(at, _)| group.get(..at));
        let places = std::iter::once(group).chain(outer).chain((!group.is_empty()).then_some(""));
        places.into_iter().find_map(|place| {
            let found = self.declared.get(place)?.iter().find(|dimension| dimension.name == name)?;
            Some((place, found.length))
        })
    }

    /// The dimensions of a group; those of outer groups are still asked for.
    pub fn of_group(&self, group: &str) -> Vec<Dimension> {
        self.declared.get(group).cloned().unwrap_or_default()
    }
}

fn path(group: &str, name: &str) -> String {
    if group.is_empty() { format!("/{name}") } else { format!("/{group}/{name}") }
}

/// A name that a path can hold.
fn cleaned(name: &str) -> String {
    name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dimensions: &mut Dimensions, group: &str, axes: &[(&str, u64)], expected: &[&str]) {
        let names: Vec<_> =
            axes.iter().map(|(name, _)| Some((*name).to_owned()).filter(|n| !n.is_empty())).collect();
        let shape: Vec<u64> = axes.iter().map(|(_, length)| *length).collect();
        let array = Wanting { group, name: "v", names: &names, shape: &shape };
        assert_eq!(dimensions.of_array(&array), expected, "{group} {axes:?}");
    }

    #[test]
    fn names_and_lengths_become_dimensions() {
        let mut all = Dimensions::with_coordinates(HashSet::from(["b/x".to_owned()]));
        check(&mut all, "", &[("x", 3), ("y", 4)], &["/x", "/y"]);
        check(&mut all, "", &[("x", 5)], &["/x_5"]);
        check(&mut all, "", &[("x", 5), ("x", 3)], &["/x_5", "/x"]);
        check(&mut all, "", &[("x_5", 6)], &["/x_5_6"]);
        check(&mut all, "", &[("", 7), ("", 7), ("", 8)], &["/dim_7", "/dim_7_2", "/dim_8"]);
        check(&mut all, "a", &[("x", 3), ("y", 9), ("", 7)], &["/x", "/a/y", "/dim_7"]);
        check(&mut all, "a/c", &[("y", 9), ("y", 4)], &["/a/y", "/a/c/y"]);
        check(&mut all, "b", &[("x", 3)], &["/b/x"]);
        check(&mut all, "b", &[("a/b", 1)], &["/b/a_b"]);
        let names: Vec<String> = all.of_group("").into_iter().map(|d| d.name).collect();
        assert_eq!(names, ["x", "y", "x_5", "x_5_6", "dim_7", "dim_7_2", "dim_8"]);
    }
}
