//! Which collection a dataset belongs to: that of the first folder of its id, or the one of the site for those in no folder.

/// The collection of datasets that are in no folder, where the site gives it no name.
pub const ROOT: &str = "datasets";

/// The collection of a dataset; `root` is that of datasets in no folder.
#[must_use]
pub fn of<'i>(id: &'i str, root: &'i str) -> &'i str {
    match id.split_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => root,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_collections() {
        let check = |id, expected| assert_eq!(of(id, "root"), expected, "{id}");
        check("a/b/c.nc", "a");
        check("a.nc", "root");
        check("/a", "root");
        check("é/x", "é");
    }
}
