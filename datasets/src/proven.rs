//! Which chunks of a file generation have been decoded and checked.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// Chunks that were decoded without an error, by variable path and chunk index.
///
/// A protocol that cannot report an error behind its status line proves all chunks of a response first; this remembers it,
/// so it is paid once per file generation.
#[derive(Debug, Default)]
pub struct Proven {
    chunks: RwLock<HashSet<(String, Vec<u64>)>>,
}

/// More than this many remembered chunks are forgotten together: memory stays bounded, and proving again is only slow.
const MOST: usize = 1 << 20;

impl Proven {
    /// Whether a chunk was decoded before.
    pub fn contains(&self, variable: &str, index: &[u64]) -> bool {
        let chunks = self.chunks.read().unwrap_or_else(PoisonError::into_inner);
        chunks.contains(&(variable.to_owned(), index.to_vec()))
    }

    /// Remembers that a chunk was decoded.
    pub fn insert(&self, variable: &str, index: &[u64]) {
        if self.contains(variable, index) {
            return;
        }
        let mut chunks = self.chunks.write().unwrap_or_else(PoisonError::into_inner);
        if chunks.len() >= MOST {
            chunks.clear();
        }
        chunks.insert((variable.to_owned(), index.to_vec()));
    }
}
