//! What every source refuses: variables and chunks that it does not have.

use weir_model::{ByteOrder, Hyperslab};

use super::{Subject, rule};
use crate::{ChunkKey, ChunkSource, Dataset, Error, ErrorKind, StringRoom};

/// A name that no test data use.
const UNKNOWN: &str = "/no such variable";

/// No way leads to an unknown variable.
pub fn check_unknown_variable(source: &dyn ChunkSource, dataset: &Dataset) -> Result<(), String> {
    let scalar = Hyperslab::whole(&[]).map_err(|e| e.to_string())?;
    check_not_found(source, ChunkKey { variable: UNKNOWN, index: &[] })?;
    is(
        ErrorKind::NotFound,
        "strings of an unknown variable",
        source.read_strings(UNKNOWN, &scalar, &mut StringRoom::default()),
    )?;
    let read = dataset.read(UNKNOWN, &scalar, ByteOrder::Little, &mut [0]);
    is(ErrorKind::NotFound, "reading an unknown variable", read)?;
    is(ErrorKind::NotFound, "a raw chunk of an unknown variable", dataset.raw_chunk(UNKNOWN, &[]))?;
    is(ErrorKind::NotFound, "verifying an unknown variable", dataset.verify(UNKNOWN, &scalar))
}

/// No way leads to a chunk outside the grid, and none to strings where there are none.
pub fn check_chunks(subject: &Subject<'_>) -> Result<(), String> {
    let counts = subject.grid.counts();
    let mut outside = vec![[counts.as_slice(), &[0]].concat()];
    for axis in 0..counts.len() {
        for behind in [counts.get(axis).copied().unwrap_or(0), u64::MAX] {
            let mut index = vec![0; counts.len()];
            if let Some(place) = index.get_mut(axis) {
                *place = behind;
            }
            outside.push(index);
        }
        outside.push(vec![0; axis]);
    }
    for index in &outside {
        check_not_found(subject.source, subject.key(index))?;
        let raw = subject.dataset.raw_chunk(subject.path, index);
        is(ErrorKind::NotFound, &format!("raw chunk {index:?}"), raw)?;
    }
    let strings = subject.source.read_strings(subject.path, &subject.whole()?, &mut StringRoom::default());
    is(ErrorKind::BadRequest, "reading it as strings", strings)
}

fn check_not_found(source: &dyn ChunkSource, chunk: ChunkKey<'_>) -> Result<(), String> {
    let what = |way: &str| format!("{way} of {} chunk {:?}", chunk.variable, chunk.index);
    is(ErrorKind::NotFound, &what("fetch"), source.fetch(chunk))?;
    is(ErrorKind::NotFound, &what("fetch_part"), source.fetch_part(chunk, 0, &mut [0]))?;
    is(ErrorKind::NotFound, &what("check_extent"), source.check_extent(chunk))
}

fn is<T>(kind: ErrorKind, what: &str, result: Result<T, Error>) -> Result<(), String> {
    match result {
        Err(e) => rule(e.kind == kind, || format!("{what} is {:?} ({e}), not {kind:?}", e.kind)),
        Ok(_) => Err(format!("{what} is answered, not refused as {kind:?}")),
    }
}
