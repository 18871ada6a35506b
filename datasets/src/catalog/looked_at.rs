//! Looking at a file: whether it is a data file, and in which format, or that the index knows.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::format::{Format, recognise};
use crate::index::{Index, pack, packed, unpack};
use crate::{DataFile, Error, Generation};

/// What was found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LookedAt {
    /// The generation that was there.
    generation: [u8; 32],
    /// Its format; none for what is no data file.
    format: Option<Format>,
}

packed!(struct LookedAt { generation, format });

/// What the records are called.
const RECORD: &str = "looked at";

/// The format of the file at a path; `None` where it is no data file. A file that the index knows is not opened.
///
/// # Errors
/// Why it cannot be opened or read.
pub fn format_of(path: &Path, index: Option<&Arc<Index>>) -> Result<Option<Format>, Error> {
    let Some((index, key)) = index.zip(key(path)) else { return recognise(&DataFile::open(path)?) };
    let known = index.get(RECORD, &key).and_then(|record| unpack::<LookedAt>(&record));
    if let (Some(known), Ok(metadata)) = (known, std::fs::metadata(path))
        && metadata.is_file()
        && known.generation == Generation::of(&metadata).key()
    {
        return Ok(known.format);
    }
    let opened = SystemTime::now();
    let file = DataFile::open(path)?;
    let (generation, format) = (file.generation().key(), recognise(&file)?);
    if let Some(gone) = known.map(|known| known.generation).filter(|&known| known != generation) {
        index.forget(&gone);
    }
    let settled = file.generation().settles_in(opened, index.settling()).is_zero();
    if settled && file.check_undisturbed().is_ok() {
        index.put(RECORD, &key, &pack(&LookedAt { generation, format }));
    }
    Ok(format)
}

/// What the index knows a path by; `None` where it cannot be told which path it is.
fn key(path: &Path) -> Option<[u8; 32]> {
    let path = std::path::absolute(path).ok()?;
    Some(Sha256::digest(path.as_os_str().as_bytes()).into())
}
