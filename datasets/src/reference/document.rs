//! Reads JSON documents of references, as they are or compressed with Zstandard.

use std::io::{self, Read};

use weir_references::ReferenceSet;

use super::refused;
use crate::{DataFile, Error};

/// How a Zstandard frame begins (RFC 8878, section 3.1.1).
pub const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A frame may ask for a window of 2 to the power of this many bytes (RFC 8878 recommends to support 8 MiB; `zstd --long`
/// asks for 128 MiB).
const MOST_WINDOW: u32 = 27;

/// How much of a file is read at once.
const PIECE: u64 = 1 << 20;

/// Reads a set.
///
/// # Errors
/// Those of the parser; `Unavailable` where the file cannot be read.
pub fn read(file: &DataFile) -> Result<ReferenceSet, Error> {
    ReferenceSet::read(text(file)?).map_err(refused)
}

/// The text of a document.
///
/// # Errors
/// `Unavailable` where the file cannot be read.
pub fn text(file: &DataFile) -> Result<Box<dyn Read + '_>, Error> {
    let bytes = FileBytes { file, at: 0, piece: Vec::new(), taken: 0 };
    let mut start = [0; ZSTANDARD.len()];
    if file.len() >= start.len() as u64 {
        file.read_exact_at(0, &mut start)?;
    }
    if start != ZSTANDARD {
        return Ok(Box::new(bytes));
    }
    let broken = |e: io::Error| Error::corrupt(format!("the document cannot be decompressed: {e}"));
    let mut decoder = zstd::stream::read::Decoder::with_buffer(io::BufReader::new(bytes)).map_err(broken)?;
    decoder.window_log_max(MOST_WINDOW).map_err(broken)?;
    Ok(Box::new(decoder))
}

/// The bytes of a file, one after the other.
struct FileBytes<'a> {
    file: &'a DataFile,
    at: u64,
    piece: Vec<u8>,
    taken: usize,
}

impl Read for FileBytes<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken >= self.piece.len() {
            let length = self.file.len().saturating_sub(self.at).min(PIECE);
            self.piece = self.file.read_at(self.at, length).map_err(io::Error::other)?;
            self.at = self.at.saturating_add(length);
            self.taken = 0;
        }
        let mut rest = self.piece.get(self.taken..).unwrap_or_default();
        let length = rest.read(out)?;
        self.taken = self.taken.saturating_add(length);
        Ok(length)
    }
}
