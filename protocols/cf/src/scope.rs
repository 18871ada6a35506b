//! Finding the variable that an attribute names (CF section 2.7): from the group of who names it, upwards.

use weir_model::{Schema, Variable};

/// A variable and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<'a> {
    /// The full path, `/forecast/lat`.
    pub path: String,
    /// The variable.
    pub variable: &'a Variable,
}

/// The path of the group that holds the variable at `path`; empty for the root.
pub(crate) fn group_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(group, _)| group)
}

/// The variable that `name` means where a variable of `group` names it: an absolute path, a path relative to the group, or a
/// name in the group or in the nearest of those around it. Groups beside them, which CF lets a reader search last, are not
/// searched: two of them may hold the name.
#[must_use]
pub fn find<'a>(schema: &'a Schema, group: &str, name: &str) -> Option<Located<'a>> {
    let at = |path: String| schema.variable(&path).map(|variable| Located { path, variable });
    if name.starts_with('/') {
        return at(name.to_owned());
    }
    if name.contains('/') {
        return at(joined(group, name)?);
    }
    ancestors(group).find_map(|group| at(format!("{group}/{name}")))
}

/// A group and those around it, innermost first; the root is empty.
pub(crate) fn ancestors(group: &str) -> impl Iterator<Item = &str> {
    let group = group.trim_end_matches('/');
    std::iter::successors(Some(group), |group| group.rsplit_once('/').map(|(outer, _)| outer))
}

/// A relative path from a group; `None` where `..` leads out of the root.
fn joined(group: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = group.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use weir_model::Group;

    use super::*;
    use crate::sample;

    fn check(group: &str, name: &str, expected: Option<&str>) {
        let deep = Group { name: "deep".into(), ..sample::schema("sst(x):").root };
        let inner = sample::schema("lat(x):\nsst(x):").root;
        let inner = Group { name: "ocean".into(), groups: vec![deep], ..inner };
        let mut schema = sample::schema("lat(x):\ncrs:");
        schema.root.groups.push(inner);
        assert_eq!(find(&schema, group, name).map(|found| found.path).as_deref(), expected, "{group} {name}");
    }

    #[test]
    fn names_are_found_upwards() {
        check("/ocean/deep", "lat", Some("/ocean/lat"));
        check("/ocean/deep", "crs", Some("/crs"));
        check("", "lat", Some("/lat"));
        check("/", "lat", Some("/lat"));
        check("", "sst", None);
        check("/ocean/deep", "/lat", Some("/lat"));
        check("/ocean/deep", "../lat", Some("/ocean/lat"));
        check("", "ocean/deep/sst", Some("/ocean/deep/sst"));
        check("/ocean", "../../lat", None);
        check("/none", "lat", Some("/lat"));
    }
}
