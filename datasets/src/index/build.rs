//! Building ahead: what reading would learn of files is learnt before anybody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rayon::prelude::*;
use weir_model::{ChunkGrid, Hyperslab, Variable};

use super::{Index, Records};
use crate::{Catalog, ChunkSource, Dataset, Error, ErrorKind, Opener, Place, opener};

/// The most chunks of a variable that are decoded ahead.
const MOST_CHUNKS: u64 = 1 << 24;

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
    /// Whether the file was named itself, and not found in a folder.
    pub is_named: bool,
    /// Why.
    pub reason: String,
}

/// Learns of all datasets of a catalog, on all cores, and keeps it in the index of the catalog's opener. A file that was
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
    let failed = places.par_iter().filter_map(|(id, place)| {
        let learnt = learn(opener, place, depth, progress);
        progress.files.fetch_add(1, Ordering::Relaxed);
        index.keep_up();
        let is_named = matches!(place, Place::File { root: None, .. });
        let failure = |e: Error| Failure { id: (*id).to_owned(), is_named, reason: e.message };
        learnt.err().map(failure)
    });
    let failed = failed.collect();
    index.compact();
    Ok(failed)
}

/// Learns of one file.
fn learn(opener: &Opener, place: &Place, depth: Depth, progress: &Progress) -> Result<(), Error> {
    settle(opener.index().map(AsRef::as_ref), place)?;
    let (_, source) = opener.source(place)?;
    let mut paths: Vec<String> = source.schema().variables().into_iter().map(|(path, _)| path).collect();
    // One variable that cannot be read does not keep the others from being learnt.
    let mut first = Ok(());
    paths.retain(|path| match source.count_chunks(path) {
        Ok(chunks) => {
            progress.chunks.fetch_add(chunks, Ordering::Relaxed);
            true
        }
        Err(error) => {
            keep_first(&mut first, error.within(path));
            false
        }
    });
    if depth == Depth::Values {
        verify(opener, source, &paths).unwrap_or_else(|error| keep_first(&mut first, error));
    } else {
        source.check_unchanged()?;
    }
    first
}

fn keep_first(first: &mut Result<(), Error>, error: Error) {
    if first.is_ok() {
        *first = Err(error);
    }
}

/// Waits until a file was left alone for long enough for what is learnt of it to be kept.
fn settle(index: Option<&Index>, place: &Place) -> Result<(), Error> {
    let settling = index.map(Index::settling).unwrap_or_default();
    let left = || opener::look(place).map(|now| now.settles_in(SystemTime::now(), settling));
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

/// Decodes every chunk of some variables that was not decoded before, and keeps that it was.
fn verify(opener: &Opener, source: Box<dyn ChunkSource>, paths: &[String]) -> Result<(), Error> {
    let records = source.records().cloned();
    let dataset = Dataset::within(source, opener.memory());
    let mut first = Ok(());
    for path in paths {
        let Some(variable) = dataset.schema().variable(path) else { continue };
        if let Err(error) = verify_variable(&dataset, records.as_ref(), (path, variable)) {
            keep_first(&mut first, error);
        }
    }
    first
}

fn verify_variable(
    dataset: &Dataset,
    records: Option<&Records>,
    (path, variable): (&str, &Variable),
) -> Result<(), Error> {
    let within = |error: Error| error.within(path);
    let corrupt = |what: String| Error::corrupt(what).within(path);
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
    let counts = grid.map_err(|e| corrupt(e.to_string()))?.counts();
    let chunks = counts.into_iter().fold(1, u64::saturating_mul);
    if chunks > MOST_CHUNKS {
        let message = format!("it has {chunks} chunks; at most {MOST_CHUNKS} are verified ahead");
        return Err(within(Error::new(ErrorKind::TooLarge, message)));
    }
    let all = all_bits(chunks);
    if records.and_then(|records| records.proven(path)).is_some_and(|proven| proven == all) {
        return Ok(());
    }
    let whole = Hyperslab::whole(&variable.shape).map_err(|e| corrupt(e.to_string()))?;
    dataset.verify(path, &whole)?;
    if let Some(records) = records {
        records.keep_proven(path, &all);
    }
    Ok(())
}

/// As many bits that are set, the lowest of each byte first, and clear ones up to a whole byte.
fn all_bits(count: u64) -> Vec<u8> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (whole, rest) = (count / 8, count % 8);
    let mut bits = vec![u8::MAX; whole];
    if rest > 0 {
        bits.push(!(u8::MAX << rest));
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_are_as_many_as_there_are_chunks() {
        let check = |count, expected: &[u8]| assert_eq!(all_bits(count), expected);
        check(0, &[]);
        check(1, &[1]);
        check(7, &[0x7f]);
        check(8, &[0xff]);
        check(11, &[0xff, 7]);
    }
}
