//! A window on a file: headers lie near each other, so one read serves several of them.

use crate::{DataFile, Error};

/// How many bytes are read at once.
const BLOCK_BYTES: u64 = 4096;

/// The part of a file that was read last.
pub struct Window<'f> {
    file: &'f DataFile,
    start: u64,
    bytes: Vec<u8>,
}

impl<'f> Window<'f> {
    /// A window on a file; nothing is read yet.
    pub fn new(file: &'f DataFile) -> Self {
        Self { file, start: 0, bytes: Vec::new() }
    }

    /// Length of the file.
    pub fn length(&self) -> u64 {
        self.file.len()
    }

    /// `length` bytes at `offset`.
    pub fn bytes(&mut self, offset: u64, length: u64) -> Result<&[u8], Error> {
        self.file.check_range(offset, length)?;
        if self.inside(offset, length).is_none() {
            let block = length.max(BLOCK_BYTES).min(self.file.len().saturating_sub(offset));
            self.bytes = self.file.read_at(offset, block)?;
            self.start = offset;
        }
        let range = self.inside(offset, length);
        let bytes = range.and_then(|(from, to)| self.bytes.get(from..to));
        bytes.ok_or_else(|| Error::corrupt(format!("no {length} bytes at offset {offset}")))
    }

    fn inside(&self, offset: u64, length: u64) -> Option<(usize, usize)> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(usize::try_from(length).ok()?)?;
        (to <= self.bytes.len()).then_some((from, to))
    }
}
