//! What a site lets weir reach: folders, web servers and buckets, and (for references to other files) what lies in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::memory_budget::Memory;
use crate::remote::Network;
use crate::remote::rules::{AccessRules, Patience};
use crate::remote::url::ObjectUrl;
use crate::store::Store;
use crate::{Caches, DataFile, Error, Generation};

/// What may be reached. References in files are hostile input: they name paths and URLs, and only those inside are opened.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Folders, with all links resolved.
    roots: Vec<PathBuf>,
    /// Servers and buckets; `None` where there are none.
    network: Option<Arc<Network>>,
    /// What is kept of what is reached.
    caches: Caches,
}

impl Access {
    /// Access to what these rules name, and to nothing else.
    ///
    /// # Errors
    /// `BadRequest` for a rule that contradicts itself.
    pub fn new(rules: AccessRules) -> Result<Self, Error> {
        let roots = Self::to(&rules.roots).roots;
        Ok(Self { roots, network: Some(Arc::new(Network::new(rules)?)), caches: Caches::default() })
    }

    /// Access to what lies in these folders; those that do not exist are left out.
    #[must_use]
    pub fn to(roots: &[PathBuf]) -> Self {
        let roots = roots.iter().filter_map(|root| std::fs::canonicalize(root).ok()).collect();
        Self { roots, network: None, caches: Caches::default() }
    }

    /// The same access, of which what is kept has its shares of `memory`.
    #[must_use]
    pub fn within(self, memory: &Memory) -> Self {
        Self { caches: Caches::within(memory), ..self }
    }

    /// What is kept of what is reached.
    #[must_use]
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The folders and files of this machine, with all links resolved.
    #[cfg(feature = "netcdf-c")]
    pub(crate) fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Opens what a reference names: a path relative to `folder` (where the reference stands), or an absolute one; both
    /// must lead into one of the roots, links resolved. Or a URL (`s3`, `https`, `http`) that a rule allows.
    ///
    /// # Errors
    /// `NotFound` where it leads elsewhere or nothing is there (the two look the same from outside), `Unsupported` for a
    /// URL of a kind that cannot be reached or that no rule allows, `Unavailable` where a server does not say what is there.
    /// That a target is not found says nothing of what it should hold: it is no absence of a chunk.
    pub fn open(&self, target: &str, folder: &Path) -> Result<DataFile, Error> {
        if ObjectUrl::is_one(target) {
            return self.object(&ObjectUrl::parse(target)?);
        }
        let (path, _) = self.resolve(target, folder)?;
        match path.is_file() {
            true => DataFile::open(&path),
            false => Err(missing(target)),
        }
    }

    /// Opens an object of another machine to read it as a file.
    ///
    /// # Errors
    /// `NotFound` where it is known that there is none, `Unsupported` where no rule allows it, `Unavailable` where it cannot
    /// be reached. Messages do not name the URL.
    pub fn object(&self, url: &ObjectUrl) -> Result<DataFile, Error> {
        let network = self.network()?;
        Ok(DataFile::remote(network.open(url, &self.caches.blocks)?, network.location(url)))
    }

    /// The objects whose names begin with a URL, as a store.
    ///
    /// # Errors
    /// `Unsupported` where no rule allows it.
    pub fn store(&self, url: &ObjectUrl) -> Result<Store, Error> {
        self.network()?.prefix(url).map(Store::remote)
    }

    /// What an object of another machine is now.
    ///
    /// # Errors
    /// As [`object`](Self::object).
    pub fn look(&self, url: &ObjectUrl) -> Result<Generation, Error> {
        self.network()?.look(url)
    }

    /// How long answers of other machines are waited for.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.network.as_ref().map(|network| *network.patience()).unwrap_or_default()
    }

    fn network(&self) -> Result<&Arc<Network>, Error> {
        let none =
            || Error::unsupported("no rule of the site names any server or bucket, so none may be read");
        self.network.as_ref().ok_or_else(none)
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
        let path = std::fs::canonicalize(folder.join(local)).map_err(|_unshown| missing(target))?;
        let root = self.roots.iter().find(|root| path.starts_with(root)).cloned();
        root.map(|root| (path, root)).ok_or_else(|| missing(target))
    }
}

/// What leads out and what is not there look the same from outside.
fn missing(target: &str) -> Error {
    Error::not_found(format!("{target:?} is nothing inside the data folders"))
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
        for url in ["gopher://host/x", "http://127.0.0.1/x", "HTTPS://host/x", "s3://bucket/x"] {
            assert_eq!(kind(url), Err(ErrorKind::Unsupported), "{url}");
        }
    }
}
