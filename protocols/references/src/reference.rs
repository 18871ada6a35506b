//! What a key of a reference set means.

/// The bytes behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// Bytes that stand in the set itself.
    Inline(&'a [u8]),
    /// All bytes of another file.
    Whole {
        /// Its URL or path.
        target: &'a str,
    },
    /// Consecutive bytes of another file.
    Part {
        /// Its URL or path.
        target: &'a str,
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
}
