//! Why a file cannot be written.

use std::fmt;

/// Why something cannot be written in a format of netCDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetcdfError {
    /// A name that a file cannot have, or has already.
    Name {
        /// The name, cut to a length that fits a message.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A variable does not fit its dimensions.
    Dimension {
        /// The variable.
        variable: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// More than one dimension can grow.
    Records,
    /// An attribute that a netCDF-4 file has no room for.
    Attribute {
        /// Its name, cut to a length that fits a message.
        name: String,
        /// Bytes of its value.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// More bytes than 63 bits can count, or more of something than the format counts.
    TooLarge,
}

impl NetcdfError {
    pub(crate) fn name(name: &str, reason: &'static str) -> Self {
        Self::Name { name: name.chars().take(80).collect(), reason }
    }
}

impl fmt::Display for NetcdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, reason } => write!(f, "{name:?} cannot be a name in a netCDF file: {reason}"),
            Self::Dimension { variable, reason } => write!(f, "variable {variable:?} {reason}"),
            Self::Records => {
                f.write_str("more than one dimension can grow, and a classic netCDF file has one at most")
            }
            Self::Attribute { name, bytes, most } => {
                write!(f, "attribute {name:?} has {bytes} bytes, and a netCDF-4 file has room for {most}")
            }
            Self::TooLarge => f.write_str("a netCDF file of more bytes than 63 bits can count is described"),
        }
    }
}

impl std::error::Error for NetcdfError {}
