//! Where everything of a file lies, and in which order it is written.

use hdf5_core::jenkins_lookup3;

use super::layout::{Addresses, Layout, Written};
use super::object::NOWHERE;
use super::{Elements, File};
use crate::{NetcdfError, Step};

/// Bytes of the superblock.
const SUPERBLOCK_BYTES: u64 = 48;

/// A file as it will be: its metadata, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    header: Vec<u8>,
    steps: Vec<Step>,
    length: u64,
}

impl Plan {
    pub(super) fn of(file: &File) -> Result<Self, NetcdfError> {
        let layout = Layout::of(file);
        // Addresses have a fixed width, so everything is as long before they are known as after.
        let first = layout.write()?;
        let mut next = SUPERBLOCK_BYTES;
        let mut place = |bytes: u64| {
            let address = next;
            next = next.checked_add(bytes)?.checked_next_multiple_of(8)?;
            Some(address)
        };
        let mut all = |parts: &[Vec<u8>]| -> Option<Vec<u64>> {
            parts.iter().map(|part| place(u64::try_from(part.len()).ok()?)).collect()
        };
        let objects = all(&first.objects).ok_or(NetcdfError::TooLarge)?;
        let heaps = all(&first.heaps).ok_or(NetcdfError::TooLarge)?;
        let mut data = all(&first.texts).ok_or(NetcdfError::TooLarge)?;
        drop(first);
        let header = next;
        let mut steps = Vec::new();
        for (variable, (of, address)) in file.variables.iter().zip(&mut data).enumerate() {
            if matches!(of.elements, Elements::Texts(_)) {
                continue;
            }
            let bytes = file.bytes(of)?;
            let end = next.checked_add(bytes).and_then(|end| end.checked_next_multiple_of(8));
            let end = end.filter(|end| i64::try_from(*end).is_ok()).ok_or(NetcdfError::TooLarge)?;
            let padding = end.saturating_sub(next).saturating_sub(bytes);
            steps.push(Step { variable, record: None, bytes, padding, offset: next });
            (*address, next) = (next, end);
        }
        let root = objects.first().copied().unwrap_or(NOWHERE);
        let addresses = Addresses { objects, heaps, data };
        let written = layout.at(addresses).write()?;
        let header = joined(written, (root, next), header)?;
        Ok(Self { header, steps, length: next })
    }

    /// The bytes before all data that is sent.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The exact length of the file.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What follows the header, in order: the elements, little-endian, of each variable but those whose texts the plan has.
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.steps.iter().copied()
    }
}

/// The superblock (section II, version 2), and everything behind it, each at a multiple of eight.
fn joined(written: Written, (root, end): (u64, u64), length: u64) -> Result<Vec<u8>, NetcdfError> {
    // Version 2; addresses and lengths of eight bytes.
    let mut bytes = b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00".to_vec();
    let length = usize::try_from(length).ok().ok_or(NetcdfError::TooLarge)?;
    bytes.extend([0, NOWHERE, end, root].into_iter().flat_map(u64::to_le_bytes));
    bytes.extend(jenkins_lookup3(&bytes).to_le_bytes());
    bytes.reserve_exact(length.saturating_sub(bytes.len()));
    for part in written.objects.into_iter().chain(written.heaps).chain(written.texts) {
        bytes.extend(part);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    // What was measured and what was written are the same, or addresses would lie.
    if bytes.len() == length { Ok(bytes) } else { Err(NetcdfError::TooLarge) }
}
