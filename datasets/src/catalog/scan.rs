//! The scan: which data files lie at and below the paths that a site names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::Skipped;
use super::looked_at::format_of;
use crate::index::Index;
use crate::{Error, ErrorKind, Place};

/// Files that are looked at together, on all cores.
const TOGETHER: usize = 512;

/// What a scan has found so far.
pub struct Found<'p> {
    /// The files, by id.
    pub entries: BTreeMap<String, Place>,
    /// What cannot be read.
    pub skipped: Vec<Skipped>,
    /// Files of the folder under way that nobody looked at yet, in their order.
    waiting: Vec<PathBuf>,
    index: Option<&'p Arc<Index>>,
    looked_at: usize,
    progress: &'p mut dyn FnMut(usize),
}

/// A folder that is scanned.
struct Folder<'a> {
    /// As it was given.
    path: &'a Path,
    /// With all links resolved.
    root: Arc<Path>,
}

/// Looks at all paths, in the order in which they were given.
pub fn scan<'p>(
    paths: &[PathBuf],
    index: Option<&'p Arc<Index>>,
    progress: &'p mut dyn FnMut(usize),
) -> Result<Found<'p>, Error> {
    let (entries, skipped, waiting) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut found = Found { entries, skipped, waiting, index, looked_at: 0, progress };
    for path in paths {
        let typed = path.display();
        let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::not_found(format!("{typed} does not exist; check the path"))
            }
            _ => Error::unavailable(format!("{typed} cannot be read: {e}")),
        })?;
        match metadata.is_dir() {
            true => found.folder(path)?,
            false => found.named_file(path)?,
        }
    }
    Ok(found)
}

impl Found<'_> {
    /// A file that was named itself is meant: that it cannot be read is an error.
    fn named_file(&mut self, path: &Path) -> Result<(), Error> {
        let typed = path.display();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| {
            Error::unsupported(format!("the name of {typed} is not UTF-8, so no URL can spell it; rename it"))
        })?;
        self.looked_at = self.looked_at.saturating_add(1);
        (self.progress)(self.looked_at);
        match format_of(path, self.index).map_err(|e| e.within(typed.to_string()))? {
            Some(_) => self.add(name.to_owned(), (path.to_owned(), None)),
            None => Err(Error::unsupported(format!("{typed} is neither a netCDF nor an HDF5 file"))),
        }
    }

    fn folder(&mut self, path: &Path) -> Result<(), Error> {
        let root = std::fs::canonicalize(path);
        let root = root.map_err(|e| Error::unavailable(format!("{} cannot be read: {e}", path.display())))?;
        let folder = Folder { path, root: root.into() };
        let mut entries = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let Some(entry) = self.readable(path, entry)? else { continue };
            if entry.depth() == 0 {
                continue;
            }
            let wanted = self.wanted(path, &folder.root, &entry);
            if entry.file_type().is_file() && wanted {
                self.waiting.push(entry.into_path());
            } else if entry.file_type().is_dir() && !wanted {
                entries.skip_current_dir();
            }
            if self.waiting.len() >= TOGETHER {
                self.look(&folder)?;
            }
        }
        self.look(&folder)
    }

    /// Notes what the walk cannot read. The folder itself must be readable.
    fn readable(
        &mut self,
        folder: &Path,
        entry: Result<DirEntry, walkdir::Error>,
    ) -> Result<Option<DirEntry>, Error> {
        let error = match entry {
            Ok(entry) => return Ok(Some(entry)),
            Err(error) => error,
        };
        let reason = match (error.loop_ancestor(), error.io_error()) {
            (Some(_), _) => "a link to a folder that it lies in".to_owned(),
            (None, Some(error)) => error.to_string(),
            (None, None) => "it cannot be read".to_owned(),
        };
        if error.depth() == 0 {
            return Err(Error::unavailable(format!("{} cannot be read: {reason}", folder.display())));
        }
        self.skip(folder, error.path().unwrap_or(folder), reason);
        Ok(None)
    }

    /// Whether a file or folder is looked at: it is not hidden, a URL can spell it, and it does not lead out of the root.
    fn wanted(&mut self, folder: &Path, root: &Path, entry: &DirEntry) -> bool {
        let Some(name) = entry.file_name().to_str() else {
            self.skip(folder, entry.path(), "its name is not UTF-8, so no URL can spell it".to_owned());
            return false;
        };
        if name.starts_with('.') {
            return false;
        }
        if !entry.path_is_symlink() {
            return true;
        }
        let reason = match std::fs::canonicalize(entry.path()) {
            Ok(target) if target.starts_with(root) => return true,
            Ok(_) => "a link that leads out of the data folder".to_owned(),
            Err(error) => error.to_string(),
        };
        self.skip(folder, entry.path(), reason);
        false
    }

    /// Looks at the files that wait, all at once, and adds them in their order.
    fn look(&mut self, folder: &Folder<'_>) -> Result<(), Error> {
        let (waiting, index) = (std::mem::take(&mut self.waiting), self.index);
        let formats: Vec<_> = waiting.par_iter().map(|path| format_of(path, index)).collect();
        for (path, format) in waiting.into_iter().zip(formats) {
            match format {
                Ok(Some(_)) => {
                    let id = below(folder.path, &path);
                    self.add(id, (path, Some(Arc::clone(&folder.root))))?;
                }
                Ok(None) => {}
                Err(error) => self.skip(folder.path, &path, error.message),
            }
            self.looked_at = self.looked_at.saturating_add(1);
            (self.progress)(self.looked_at);
        }
        if let Some(index) = index {
            index.keep_up();
        }
        Ok(())
    }

    fn add(&mut self, id: String, (path, root): (PathBuf, Option<Arc<Path>>)) -> Result<(), Error> {
        match self.entries.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(Place::File { path, root });
                Ok(())
            }
            Entry::Occupied(entry) => {
                let (id, Place::File { path: first, .. }) = (entry.key(), entry.get());
                let message = format!(
                    "{} and {} would both be dataset '{id}'; rename one or serve only one",
                    first.display(),
                    path.display()
                );
                Err(Error::new(ErrorKind::BadRequest, message))
            }
        }
    }

    fn skip(&mut self, folder: &Path, path: &Path, reason: String) {
        let path = below(folder, path);
        tracing::warn!(path, reason, "left out of the catalog");
        self.skipped.push(Skipped { path, reason });
    }
}

/// The path below the folder, with `/`: what an id is.
fn below(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
