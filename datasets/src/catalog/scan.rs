//! The scan: which data files lie at and below the paths that a site names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::Skipped;
use super::format::{Format, recognise};
use super::looked_at::format_of;
use crate::{Access, Error, ErrorKind, ObjectUrl, Opener, Place, zarr};

/// Files that are looked at together, on all cores.
const TOGETHER: usize = 512;

/// What a file is that no backend reads.
const NO_DATA: &str = "no data file that can be read: netCDF, HDF5, GRIB, a reference set or NcML";

/// What a scan has found so far.
pub struct Found<'p> {
    /// The files, by id.
    pub entries: BTreeMap<String, Place>,
    /// What cannot be read.
    pub skipped: Vec<Skipped>,
    /// The folders that were looked into; a Zarr store is none.
    pub folders: Vec<PathBuf>,
    /// Files of the folder under way that nobody looked at yet, in their order.
    waiting: Vec<PathBuf>,
    opener: &'p Opener,
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
    opener: &'p Opener,
    progress: &'p mut dyn FnMut(usize),
) -> Result<Found<'p>, Error> {
    let (entries, skipped, waiting, folders) = (BTreeMap::new(), vec![], vec![], vec![]);
    let mut found = Found { entries, skipped, folders, waiting, opener, looked_at: 0, progress };
    for path in paths {
        if let Some(url) = path.to_str().filter(|text| ObjectUrl::is_one(text)) {
            found.object(ObjectUrl::parse(url)?)?;
            continue;
        }
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
        self.looked_at();
        match format_of(path, self.opener.index()).map_err(|e| e.within(typed.to_string()))? {
            Some(format) => self.add(name.to_owned(), place(format, path.to_owned(), None)),
            None => Err(Error::unsupported(format!("{typed} is {NO_DATA}"))),
        }
    }

    /// An object of another machine was named itself, as a file is, or what the names of a store's objects begin with.
    fn object(&mut self, url: ObjectUrl) -> Result<(), Error> {
        let access = self.opener.access();
        let unnamed = || Error::new(ErrorKind::BadRequest, format!("{url} ends with no name for a dataset"));
        let name = url.name().ok_or_else(unnamed)?;
        self.looked_at();
        // A web server may well answer for the folder itself.
        if name.ends_with(".zarr") && is_remote_store(&url, access).map_err(|e| e.within(&url))? {
            return self.add(name, Place::Prefix { url });
        }
        match access.object(&url).and_then(|file| recognise(&file)) {
            Ok(Some(_)) => self.add(name, Place::Object { url }),
            Ok(None) => Err(Error::unsupported(format!("{url} is {NO_DATA}"))),
            Err(error) if error.kind == ErrorKind::NotFound && is_remote_store(&url, access)? => {
                self.add(name, Place::Prefix { url })
            }
            Err(error) => Err(error.within(&url)),
        }
    }

    fn folder(&mut self, path: &Path) -> Result<(), Error> {
        if zarr::is_store(path) {
            return self.named_store(path);
        }
        let root = std::fs::canonicalize(path);
        let root = root.map_err(|e| Error::unavailable(format!("{} cannot be read: {e}", path.display())))?;
        let folder = Folder { path, root: root.into() };
        let mut entries = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let Some(entry) = self.readable(path, entry)? else { continue };
            if entry.depth() == 0 {
                self.folders.push(path.to_owned());
                continue;
            }
            let wanted = self.wanted(path, &folder.root, &entry);
            if entry.file_type().is_file() && wanted {
                self.waiting.push(entry.path().to_owned());
            }
            let is_store = wanted && entry.file_type().is_dir() && zarr::is_store(entry.path());
            if is_store {
                let (store, root) = (entry.path().to_owned(), Some(Arc::clone(&folder.root)));
                self.add(below(path, &store), Place::Folder { path: store, root })?;
            }
            if entry.file_type().is_dir() {
                match is_store || !wanted {
                    true => entries.skip_current_dir(),
                    false => self.folders.push(entry.into_path()),
                }
            }
            if self.waiting.len() >= TOGETHER {
                self.look(&folder)?;
            }
        }
        self.look(&folder)
    }

    /// A folder that was named itself, and is one dataset.
    fn named_store(&mut self, folder: &Path) -> Result<(), Error> {
        let typed = folder.display();
        let path = std::fs::canonicalize(folder);
        let path = path.map_err(|e| Error::unavailable(format!("{typed} cannot be read: {e}")))?;
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let name = name.ok_or_else(|| {
            Error::unsupported(format!("the name of {typed} is not UTF-8, so no URL can spell it; rename it"))
        })?;
        self.add(name, Place::Folder { path, root: None })
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
        let (waiting, index) = (std::mem::take(&mut self.waiting), self.opener.index());
        let formats: Vec<_> = waiting.par_iter().map(|path| format_of(path, index)).collect();
        for (path, format) in waiting.into_iter().zip(formats) {
            match format {
                Ok(Some(format)) => {
                    let id = below(folder.path, &path);
                    self.add(id, place(format, path, Some(Arc::clone(&folder.root))))?;
                }
                Ok(None) => {}
                Err(error) => self.skip(folder.path, &path, error.message),
            }
            self.looked_at();
        }
        if let Some(index) = index {
            index.keep_up();
        }
        Ok(())
    }

    fn looked_at(&mut self) {
        self.looked_at = self.looked_at.saturating_add(1);
        (self.progress)(self.looked_at);
    }

    fn add(&mut self, id: String, place: Place) -> Result<(), Error> {
        match self.entries.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(place);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let (id, first) = (entry.key(), entry.get());
                let message =
                    format!("{first} and {place} would both be dataset '{id}'; rename one or serve only one");
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

/// Whether the objects whose names begin with a URL are a Zarr store.
fn is_remote_store(url: &ObjectUrl, access: &Access) -> Result<bool, Error> {
    let store = access.store(url)?;
    zarr::MARKS.iter().try_fold(false, |found, mark| Ok(found || store.locate(mark)?.is_some()))
}

/// Where a dataset of a format lies.
fn place(format: Format, path: PathBuf, root: Option<Arc<Path>>) -> Place {
    match format {
        Format::NcMl => Place::NcMl { path, root },
        _ => Place::File { path, root },
    }
}

/// The path below the folder, with `/`: what an id is.
fn below(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
