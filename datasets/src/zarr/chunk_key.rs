//! Chunk keys: what the objects are called that hold the chunks of an array.
//!
//! Sources: Zarr v2 specification, "Storing data in an array" and "dimension_separator"; Zarr v3 core specification, "Chunk key
//! encoding"; the v3 extension `v2`.

use std::fmt::Write;

/// How chunk indices become keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkKeys {
    /// `c/1/2`; a scalar's only chunk is `c`.
    Default {
        /// `/` or `.`.
        separator: char,
    },
    /// `1.2`; a scalar's only chunk is `0`.
    Version2 {
        /// `.` or `/`.
        separator: char,
    },
}

impl ChunkKeys {
    /// The key of the chunk at `index`, of the array at `path` (empty for the root).
    pub fn key(&self, path: &str, index: &[u64]) -> String {
        let mut key = path.to_owned();
        if !path.is_empty() {
            key.push('/');
        }
        let separator = match *self {
            Self::Default { separator } | Self::Version2 { separator } => separator,
        };
        let mut first = true;
        if matches!(self, Self::Default { .. }) {
            key.push('c');
            first = false;
        }
        for number in index {
            if !first {
                key.push(separator);
            }
            // Writing to a string cannot fail.
            let _ = write!(key, "{number}");
            first = false;
        }
        if first {
            key.push('0');
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &ChunkKeys, path: &str, index: &[u64], expected: &str) {
        assert_eq!(keys.key(path, index), expected);
    }

    #[test]
    fn keys_are_those_of_the_specifications() {
        check(&ChunkKeys::Default { separator: '/' }, "a/b", &[1, 23, 4], "a/b/c/1/23/4");
        check(&ChunkKeys::Default { separator: '.' }, "a", &[1, 23], "a/c.1.23");
        check(&ChunkKeys::Default { separator: '/' }, "", &[], "c");
        check(&ChunkKeys::Version2 { separator: '.' }, "a", &[1, 23], "a/1.23");
        check(&ChunkKeys::Version2 { separator: '/' }, "", &[1, 23], "1/23");
        check(&ChunkKeys::Version2 { separator: '.' }, "a", &[], "a/0");
    }
}
