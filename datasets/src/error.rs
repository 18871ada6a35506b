//! Errors of reading data: what it means for the one who asked, and what happened.

use std::fmt;

/// What a message says behind what netCDF-C may be able to read.
pub(crate) const NETCDF_C_HINT: &str = if cfg!(feature = "netcdf-c") {
    ""
} else {
    " (built without netcdf-c; a build with that feature may read it)"
};

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request does not fit the data.
    BadRequest,
    /// Others use what this needs; it may work some seconds later.
    Busy,
    /// The data is damaged: truncated, or what it says of itself is not so.
    Corrupt,
    /// There is no such dataset, variable or chunk.
    NotFound,
    /// More than can be handled.
    TooLarge,
    /// The data cannot be reached now, or changed while it was read.
    Unavailable,
    /// A format feature or codec that is not built in.
    Unsupported,
}

/// An error of reading data. Messages name variables and chunks, never paths outside the data root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What it means.
    pub kind: ErrorKind,
    /// What happened, for people.
    pub message: String,
}

impl Error {
    /// An error of any kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The data is damaged.
    #[must_use]
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    /// There is no such dataset, variable or chunk.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A format feature or codec that is not built in.
    #[must_use]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// The data cannot be reached now.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// The same error with words before its message that say where it happened.
    #[must_use]
    pub fn within(self, place: impl fmt::Display) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
