//! What a reference set may ask for.

/// Bytes of a document, as it is when it was decompressed.
pub const MOST_DOCUMENT_BYTES: u64 = 512 << 20;

/// References of a set.
pub const MOST_REFERENCES: usize = 8_000_000;

/// References that the generators of a document may make.
pub const MOST_GENERATED: u64 = 1_000_000;

/// Bytes of a key, a target, a template, and of what a template makes.
pub const MOST_TEXT_BYTES: usize = 16 << 10;

/// Bytes of one inline value.
pub const MOST_INLINE_BYTES: usize = 64 << 20;

/// Templates of a document.
pub const MOST_TEMPLATES: usize = 10_000;

/// Dimensions of a generator.
pub const MOST_DIMENSIONS: usize = 16;

/// How deep expressions nest.
pub const MOST_DEPTH: usize = 16;

/// Steps that all templates of a document may take together: one for each part of an expression and each byte made.
pub const MOST_STEPS: u64 = 1 << 29;

/// The width that a format such as `%06d` may ask for.
pub const MOST_WIDTH: usize = 64;
