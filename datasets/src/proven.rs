//! Which chunks of a file generation have been decoded and checked.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

/// Chunks that were decoded without an error: by variable path, their numbers.
///
/// A protocol that cannot report an error behind its status line proves all chunks of a response first; this remembers it,
/// so it is paid once per file generation.
#[derive(Debug, Default)]
pub struct Proven {
    chunks: RwLock<HashMap<String, HashSet<u64>>>,
}

/// When more chunks of a variable are remembered they are forgotten together: memory stays bounded, and proving again is
/// only slow.
const MOST: usize = 1 << 18;

impl Proven {
    /// Whether a chunk was decoded before.
    pub fn contains(&self, variable: &str, number: u64) -> bool {
        let chunks = self.chunks.read().unwrap_or_else(PoisonError::into_inner);
        chunks.get(variable).is_some_and(|numbers| numbers.contains(&number))
    }

    /// Remembers that a chunk was decoded.
    pub fn insert(&self, variable: &str, number: u64) {
        let mut chunks = self.chunks.write().unwrap_or_else(PoisonError::into_inner);
        let numbers = chunks.entry(variable.to_owned()).or_default();
        if numbers.len() >= MOST {
            numbers.clear();
        }
        numbers.insert(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_proven_is_remembered_by_variable() {
        let proven = Proven::default();
        proven.insert("/a", 7);
        assert!(proven.contains("/a", 7));
        assert!(!proven.contains("/a", 8) && !proven.contains("/b", 7));
        (0..=MOST as u64).for_each(|number| proven.insert("/a", number));
        assert!(proven.contains("/a", MOST as u64), "the newest is remembered");
    }
}
