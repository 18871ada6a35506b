//! Why a file cannot be written.

use std::fmt;

/// Why something cannot be written in a classic format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassicError {
    /// A name that a file cannot have, or has already.
    Name {
        /// The name, cut to a length that fits a message.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A variable names a dimension that is not there, or can grow along another than its first.
    Dimension {
        /// The variable.
        variable: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// More than one dimension can grow.
    Records,
    /// More bytes than 63 bits can count.
    TooLarge,
}

impl ClassicError {
    pub(crate) fn name(name: &str, reason: &'static str) -> Self {
        Self::Name { name: name.chars().take(80).collect(), reason }
    }
}

impl fmt::Display for ClassicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, reason } => write!(f, "{name:?} cannot be a name in a netCDF file: {reason}"),
            Self::Dimension { variable, reason } => write!(f, "variable {variable:?} {reason}"),
            Self::Records => {
                f.write_str("more than one dimension can grow, and a classic netCDF file has one at most")
            }
            Self::TooLarge => f.write_str("a netCDF file of more bytes than 63 bits can count is described"),
        }
    }
}

impl std::error::Error for ClassicError {}
