//! Building ahead: what reading would learn of files is learnt before anybody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use weir_model::{Hyperslab, Variable};

use super::Index;
use crate::read::threads;
use crate::{Catalog, Dataset, Error, ErrorKind, Opener, Place, opener};

/// How much is learnt of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Its schema, and where its chunks are stored.
    Locations,
    /// That each chunk can be decoded, too.
    Values,
}

/// What was done so far.
#[derive(Debug, Default)]
pub struct Progress {
    files: AtomicU64,
    chunks: AtomicU64,
}

impl Progress {
    /// How many files were looked at.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// How many stored chunks were found in them.
    pub fn chunks(&self) -> u64 {
        self.chunks.load(Ordering::Relaxed)
    }
}

/// A file of which not all could be learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The dataset's id.
    pub id: String,
    /// Whether the dataset was named itself, and not found in a folder.
    pub is_named: bool,
    /// Why.
    pub reason: String,
}

/// Learns of all datasets of a catalog, on several threads, and keeps it in the index of the catalog's opener. A file that was
/// written a moment ago is waited for.
///
/// Returns the files of which not all could be learnt, in the order of their ids.
///
/// # Errors
/// `BadRequest` where the opener has no index.
pub fn build(catalog: &Catalog, depth: Depth, progress: &Progress) -> Result<Vec<Failure>, Error> {
    let opener = catalog.opener();
    let index =
        opener.index().ok_or_else(|| Error::new(ErrorKind::BadRequest, "there is no index to build"))?;
    let places: Vec<(&str, &Place)> = catalog.places().collect();
    let learnt = threads::each(places, threads::MOST, |(id, place)| {
        let learnt = learn(opener, place, depth, progress);
        progress.files.fetch_add(1, Ordering::Relaxed);
        index.keep_up();
        let failure =
            |e: Error| Failure { id: (*id).to_owned(), is_named: is_named(place), reason: e.message };
        Ok(learnt.err().map(failure))
    })?;
    let failed = learnt.into_iter().flatten().collect();
    index.compact();
    Ok(failed)
}

/// Whether a site asked for this very dataset: only what is found in a folder has a root. Objects of other machines and
/// datasets of the configuration are never found.
fn is_named(place: &Place) -> bool {
    match place {
        Place::File { root, .. } | Place::NcMl { root, .. } | Place::Folder { root, .. } => root.is_none(),
        Place::Object { .. } | Place::Prefix { .. } | Place::Made(_) | Place::Provided(_) => true,
    }
}

/// Learns of one dataset.
fn learn(opener: &Opener, place: &Place, depth: Depth, progress: &Progress) -> Result<(), Error> {
    settle(opener.index().map(AsRef::as_ref), place)?;
    let dataset = opener.open(place)?;
    let source = dataset.source();
    // One variable that cannot be read does not keep the others from being learnt.
    let mut first = Ok(());
    for (path, variable) in dataset.schema().variables() {
        let learnt = source.count_chunks(&path).and_then(|chunks| {
            progress.chunks.fetch_add(chunks, Ordering::Relaxed);
            match depth {
                Depth::Values => verify(&dataset, &path, variable),
                Depth::Locations => Ok(()),
            }
        });
        learnt.unwrap_or_else(|error| keep_first(&mut first, error.within(path)));
    }
    source.check_unchanged()?;
    first
}

/// Decodes every chunk of a variable that was not decoded before.
fn verify(dataset: &Dataset, path: &str, variable: &Variable) -> Result<(), Error> {
    let whole = Hyperslab::whole(&variable.shape).map_err(|e| Error::corrupt(e.to_string()))?;
    dataset.verify(path, &whole)
}

fn keep_first(first: &mut Result<(), Error>, error: Error) {
    if first.is_ok() {
        *first = Err(error);
    }
}

/// Waits until a file was left alone for long enough for what is learnt of it to be kept.
fn settle(index: Option<&Index>, place: &Place) -> Result<(), Error> {
    let settling = index.map(Index::settling).unwrap_or_default();
    let Place::File { path, .. } = place else { return Ok(()) };
    let left = || opener::look(path).map(|now| now.settles_in(SystemTime::now(), settling));
    let wait = left()?;
    if wait.is_zero() {
        return Ok(());
    }
    if wait <= settling {
        std::thread::sleep(wait);
    }
    if left()?.is_zero() {
        return Ok(());
    }
    Err(Error::unavailable("the file is being written, or its times lie in the future; index it later"))
}
