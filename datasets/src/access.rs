//! What a site lets weir reach: folders, and (for references to other files) what lies in them.

use std::path::{Path, PathBuf};

use crate::{DataFile, Error};

/// What may be reached. References in files are hostile input: they name paths and URLs, and only those inside are opened.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Folders, with all links resolved.
    roots: Vec<PathBuf>,
}

impl Access {
    /// Access to what lies in these folders; those that do not exist are left out.
    #[must_use]
    pub fn to(roots: &[PathBuf]) -> Self {
        Self { roots: roots.iter().filter_map(|root| std::fs::canonicalize(root).ok()).collect() }
    }

    /// Opens what a reference names: a path relative to `folder` (where the reference stands), or an absolute one; both
    /// must lead into one of the roots, links resolved.
    ///
    /// # Errors
    /// `NotFound` where it leads elsewhere or nothing is there (the two look the same from outside), `Unsupported` for a
    /// URL of a kind that cannot be reached.
    pub fn open(&self, target: &str, folder: &Path) -> Result<DataFile, Error> {
        let local = target.strip_prefix("file://").unwrap_or(target);
        if let Some((scheme, _)) = local.split_once("://") {
            return Err(Error::unsupported(format!("references to {scheme} URLs cannot be followed")));
        }
        let missing = || Error::not_found(format!("{target:?} is not a file inside the data folders"));
        let path = std::fs::canonicalize(folder.join(local)).map_err(|_| missing())?;
        if !path.is_file() || !self.roots.iter().any(|root| path.starts_with(root)) {
            return Err(missing());
        }
        DataFile::open(&path)
    }

    /// Where a reference to a file or folder leads, links resolved, and the root that it lies in.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn resolve(&self, target: &str, folder: &Path) -> Result<(PathBuf, PathBuf), Error> {
        let local =
            target.strip_prefix("file:").map_or(target, |rest| rest.strip_prefix("//").unwrap_or(rest));
        if let Some((scheme, _)) = local.split_once("://") {
            return Err(Error::unsupported(format!("references to {scheme} URLs cannot be followed")));
        }
        let missing = || Error::not_found(format!("{target:?} is nothing inside the data folders"));
        let path = std::fs::canonicalize(folder.join(local)).map_err(|_| missing())?;
        let root = self.roots.iter().find(|root| path.starts_with(root)).cloned();
        root.map(|root| (path, root)).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn references_stay_inside_the_roots() {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("data");
        std::fs::create_dir_all(root.join("refs")).unwrap();
        std::fs::write(root.join("a.nc"), [1, 2]).unwrap();
        std::fs::write(outer.path().join("secret"), [3]).unwrap();
        std::os::unix::fs::symlink(outer.path().join("secret"), root.join("link")).unwrap();
        let access = Access::to(&[root.clone(), outer.path().join("none")]);
        let kind =
            |target: &str| access.open(target, &root.join("refs")).map_err(|e| e.kind).map(|f| f.len());
        assert_eq!(kind("../a.nc"), Ok(2));
        assert_eq!(kind(root.join("a.nc").to_str().unwrap()), Ok(2));
        assert_eq!(kind(&format!("file://{}", root.join("a.nc").display())), Ok(2));
        for outside in ["../../secret", "/etc/passwd", "../link", "../none", "..", "file:///etc/passwd"] {
            assert_eq!(kind(outside), Err(ErrorKind::NotFound), "{outside}");
        }
        assert_eq!(kind("gopher://host/x"), Err(ErrorKind::Unsupported));
    }
}
