//! What the index keeps of one generation of one file.

use std::sync::Arc;

use super::Index;

/// The records of one generation of one file.
///
/// They are read back only for the very same generation, so nothing that is stored here is ever taken for another file's, or for
/// what a file was before or after.
#[derive(Clone, Debug)]
pub struct Records {
    index: Arc<Index>,
    generation: [u8; 32],
}

impl Records {
    /// The records of the generation with this key.
    pub(crate) fn of(index: Arc<Index>, generation: [u8; 32]) -> Self {
        Self { index, generation }
    }

    fn key(&self, kind: &str, name: &[u8]) -> Vec<u8> {
        [below(&self.generation).as_slice(), kind.as_bytes(), &[0], name].concat()
    }

    /// A record of some kind (`chunks`), and a name where there are several of it (a variable's path).
    #[must_use]
    pub fn get(&self, kind: &str, name: &[u8]) -> Option<Vec<u8>> {
        self.index.record(&self.key(kind, name))
    }

    /// Stores a record. Only what was learnt while nobody wrote to the file may be stored.
    pub fn put(&self, kind: &str, name: &[u8], content: &[u8]) {
        self.index.store(self.key(kind, name), content);
    }

    /// Which chunks of a variable were decoded and checked: bit `n % 8` of byte `n / 8` is that of chunk number `n`, counted
    /// row-major. Chunks behind the last byte are not proven.
    #[must_use]
    pub fn proven(&self, variable: &str) -> Option<Vec<u8>> {
        self.get("proven", variable.trim_start_matches('/').as_bytes())
    }

    /// Keeps which chunks of a variable were decoded and checked, as [`proven`](Self::proven) gives it; earlier bits of the
    /// variable are forgotten.
    pub fn keep_proven(&self, variable: &str, bits: &[u8]) {
        self.put("proven", variable.trim_start_matches('/').as_bytes(), bits);
    }
}

/// What the keys of a generation's records begin with.
pub fn below(generation: &[u8; 32]) -> Vec<u8> {
    [b"f".as_slice(), generation].concat()
}
