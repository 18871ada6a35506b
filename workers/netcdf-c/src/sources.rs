//! Sources: the other files that a variable's elements are in.
//!
//! HDF5 shows fill values where a source of a virtual dataset is missing or may not be read, and zeros where an external file
//! is too short. A client would take both for data, so such variables are refused here; and the server has to know all
//! sources, to notice when one changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::answer::{Failure, Kind};
use crate::hdf5::{Dataset, ExternalPart, Hdf5File, is_hdf5};

/// Sources of one variable.
const MOST_SOURCES: usize = 10_000;

/// Virtual datasets of virtual datasets of ...
const MOST_DEPTH: usize = 8;

/// netCDF-4 puts this in front of the name of a variable that is called like a dimension, but is not its coordinate.
const NOT_A_COORDINATE: &str = "_nc4_non_coord_";

/// What HDF5 knows of the variables of a file.
pub struct Sources {
    path: PathBuf,
    /// `None` for a file of another format, whose elements are in itself.
    file: Option<Hdf5File>,
}

/// Where a dataset is.
struct Location {
    file: PathBuf,
    depth: usize,
}

/// A file that elements are in.
#[derive(Debug, Serialize)]
pub struct Source {
    path: String,
    /// What it was when it was looked at; `None` where it cannot be read.
    state: Option<State>,
}

#[derive(Debug, Serialize)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Source {
    fn of(path: &Path, metadata: Option<&Metadata>) -> Result<Self, Failure> {
        let path = path.to_str().ok_or_else(|| unsupported("the path of a source is not UTF-8"))?;
        let state = metadata.map(|metadata| State {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        });
        Ok(Self { path: path.to_owned(), state })
    }
}

/// What was found for one variable.
#[derive(Default)]
struct Found {
    files: BTreeMap<PathBuf, Source>,
    datasets: BTreeSet<(PathBuf, String)>,
}

impl Sources {
    /// Those of a file's variables.
    ///
    /// # Errors
    /// `Unsupported` for a file of HDF5 that the library cannot open.
    pub fn of_file(path: &Path) -> Result<Self, Failure> {
        let file = match is_hdf5(path) {
            true => Some(Hdf5File::open(path).ok_or_else(|| unsupported("the HDF5 library cannot open it"))?),
            false => None,
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// The other files that a variable's elements are in, as far as they can be followed, and what keeps the elements from
    /// being read: `Unsupported` where a file is missing or cannot be told, `Corrupt` where one is too short.
    pub fn of_variable(&self, path: &str) -> (Vec<Source>, Option<Failure>) {
        let mut found = Found::default();
        let refused = self.find(path, &mut found).err();
        found.files.remove(&self.path);
        (found.files.into_values().collect(), refused)
    }

    fn find(&self, path: &str, found: &mut Found) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        let hidden = format!("{group}/{NOT_A_COORDINATE}{name}");
        let dataset = file.dataset(path).or_else(|| file.dataset(&hidden));
        let dataset = dataset.ok_or_else(|| unsupported("the HDF5 library cannot open it"))?;
        if dataset.file().as_deref() != self.path.to_str() {
            return Err(unsupported("it is a link to another file, and such links are not followed"));
        }
        found.follow(&dataset, &Location { file: self.path.clone(), depth: 0 }, Some(file))
    }
}

impl Found {
    fn follow(&mut self, dataset: &Dataset, at: &Location, file: Option<&Hdf5File>) -> Result<(), Failure> {
        if at.depth > MOST_DEPTH {
            return Err(unsupported("its sources are nested too deeply"));
        }
        let parts = dataset.external_parts();
        let parts = parts.ok_or_else(|| unsupported("the names of its external files cannot be read"))?;
        self.external(&parts, dataset, &at.file)?;
        if !dataset.is_virtual() {
            return Ok(());
        }
        let sources = dataset.virtual_sources(MOST_SOURCES).ok_or_else(|| {
            unsupported(&format!("the names of its sources cannot be read, or are more than {MOST_SOURCES}"))
        })?;
        sources.into_iter().try_for_each(|(name, dataset)| self.source(&name, &dataset, (at, file)))
    }

    /// External parts must have all bytes that the dataset takes from them.
    fn external(&mut self, parts: &[ExternalPart], dataset: &Dataset, of: &Path) -> Result<(), Failure> {
        let mut missing = dataset.bytes().ok_or_else(|| unsupported("its size cannot be told"))?;
        for part in parts {
            let path = beside(of, &part.file);
            let taken = part.bytes.unwrap_or(u64::MAX).min(missing);
            let length = self.add(path, &part.file)?;
            if part.offset.checked_add(taken).is_none_or(|end| end > length) {
                let name = shown(&part.file);
                let message = format!("its external file {name} has {length} bytes, which are too few");
                return Err(Failure::new(Kind::Corrupt, message));
            }
            missing = missing.saturating_sub(taken);
        }
        match missing {
            0 => Ok(()),
            _ if parts.is_empty() => Ok(()),
            _ => Err(Failure::new(Kind::Corrupt, format!("its external files lack {missing} bytes"))),
        }
    }

    fn source(
        &mut self,
        name: &str,
        dataset: &str,
        (at, file): (&Location, Option<&Hdf5File>),
    ) -> Result<(), Failure> {
        if name.contains('%') || dataset.contains('%') {
            return Err(unsupported("the names of its sources are patterns, which are not followed"));
        }
        let path = if name == "." { at.file.clone() } else { beside(&at.file, name) };
        if !self.datasets.insert((path.clone(), dataset.to_owned())) {
            return Ok(());
        }
        self.add(path.clone(), name)?;
        let missing =
            || unsupported(&format!("its source {} in {} cannot be opened", shown(dataset), shown(name)));
        let opened = if name == "." { None } else { Some(Hdf5File::open(&path).ok_or_else(missing)?) };
        let file = opened.as_ref().or(file);
        let source = file.and_then(|file| file.dataset(dataset)).ok_or_else(missing)?;
        if source.file().as_deref() != path.to_str() {
            return Err(unsupported(
                "a source of it is a link to another file, and such links are not followed",
            ));
        }
        let depth = at.depth.saturating_add(1);
        self.follow(&source, &Location { file: path, depth }, file)
    }

    /// Notes a file, and tells its length.
    fn add(&mut self, path: PathBuf, name: &str) -> Result<u64, Failure> {
        let metadata = readable(&path);
        let source = Source::of(&path, metadata.as_ref())?;
        self.files.insert(path, source);
        if self.files.len() > MOST_SOURCES || self.datasets.len() > MOST_SOURCES {
            return Err(unsupported(&format!("it has more than {MOST_SOURCES} sources")));
        }
        metadata.map(|metadata| metadata.len()).ok_or_else(|| {
            let name = shown(name);
            unsupported(&format!("its elements are in {name}, which is not a file inside the data folders"))
        })
    }
}

/// Where HDF5 looks first for a file that another one names.
fn beside(file: &Path, name: &str) -> PathBuf {
    // Joining an absolute path gives that one.
    file.parent().unwrap_or(Path::new("/")).join(name)
}

/// What a file is; `None` where it cannot be read.
fn readable(path: &Path) -> Option<Metadata> {
    // Looked at before it is opened: opening a pipe waits for a writer.
    std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    File::open(path).and_then(|file| file.metadata()).ok().filter(Metadata::is_file)
}

/// A name for a message: where it is a path, its last part alone.
fn shown(name: &str) -> String {
    format!("{:?}", name.rsplit('/').next().unwrap_or(name))
}

fn unsupported(message: &str) -> Failure {
    Failure::new(Kind::Unsupported, message)
}
