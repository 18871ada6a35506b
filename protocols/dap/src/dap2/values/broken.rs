//! What is wrong with a data response that breaks its own DDS.

use std::fmt;

/// A data response that is not what its DDS announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where, in bytes from the beginning of the response.
    pub byte: u64,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the data response is broken at byte {}: found {}", self.byte, self.found)
    }
}

impl std::error::Error for Broken {}
