//! Errors: whose fault it is, and a message for people.

use std::fmt;

use weir_plugin_abi as abi;

/// What went wrong, by meaning. The host chooses the HTTP status from it, in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be understood, or does not fit the dataset.
    BadRequest,
    /// The work is not wanted any more.
    Cancelled,
    /// Stored data is damaged.
    Corrupt,
    /// Not allowed.
    Forbidden,
    /// A fault of the program.
    Internal,
    /// What was asked for does not exist.
    NotFound,
    /// The called side panicked.
    Panic,
    /// Too slow.
    Timeout,
    /// More than the configured limit.
    TooLarge,
    /// A backend does not answer now, or its data changed while it was read.
    Unavailable,
    /// A feature or codec that is not built in.
    Unsupported,
}

impl ErrorKind {
    /// The code that crosses the boundary.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::BadRequest => abi::WEIR_E_BAD_REQUEST,
            Self::Cancelled => abi::WEIR_CANCELLED,
            Self::Corrupt => abi::WEIR_E_CORRUPT,
            Self::Forbidden => abi::WEIR_E_FORBIDDEN,
            Self::Internal => abi::WEIR_E_INTERNAL,
            Self::NotFound => abi::WEIR_E_NOT_FOUND,
            Self::Panic => abi::WEIR_E_PANIC,
            Self::Timeout => abi::WEIR_E_TIMEOUT,
            Self::TooLarge => abi::WEIR_E_TOO_LARGE,
            Self::Unavailable => abi::WEIR_E_UNAVAILABLE,
            Self::Unsupported => abi::WEIR_E_UNSUPPORTED,
        }
    }

    /// The meaning of a code; codes of later versions are internal faults.
    #[must_use]
    pub fn from_code(code: i32) -> Self {
        match code {
            abi::WEIR_CANCELLED => Self::Cancelled,
            abi::WEIR_E_BAD_REQUEST => Self::BadRequest,
            abi::WEIR_E_CORRUPT => Self::Corrupt,
            abi::WEIR_E_FORBIDDEN => Self::Forbidden,
            abi::WEIR_E_NOT_FOUND => Self::NotFound,
            abi::WEIR_E_PANIC => Self::Panic,
            abi::WEIR_E_TIMEOUT => Self::Timeout,
            abi::WEIR_E_TOO_LARGE => Self::TooLarge,
            abi::WEIR_E_UNAVAILABLE => Self::Unavailable,
            abi::WEIR_E_UNSUPPORTED => Self::Unsupported,
            _ => Self::Internal,
        }
    }
}

/// An error: a kind for the host, a message for the client.
///
/// The message is lower case without a full stop; it says what was wrong, the value, the limit, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Whose fault it is.
    pub kind: ErrorKind,
    /// What a person should read.
    pub message: String,
}

impl Error {
    /// An error of any kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The request cannot be understood, or does not fit the dataset.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    /// What was asked for does not exist.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A fault of the program.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// A feature or codec that is not built in.
    #[must_use]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// More than a limit allows.
    #[must_use]
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Room for a message that crosses the boundary.
pub(crate) struct Message {
    room: [u8; 1024],
    len: usize,
}

impl Message {
    pub(crate) fn new() -> Self {
        Self { room: [0; 1024], len: 0 }
    }

    /// Calls across the boundary and turns its code and message into a result.
    pub(crate) fn call(self, f: impl FnOnce(*mut abi::WeirErr) -> i32) -> Result<(), Error> {
        match self.pull(f)? {
            true => Ok(()),
            false => Err(Error::internal("the other side spoke of an end where there is none")),
        }
    }

    /// As [`call`](Self::call), where there may be no more: `Ok(false)` at the end of a body.
    pub(crate) fn pull(mut self, f: impl FnOnce(*mut abi::WeirErr) -> i32) -> Result<bool, Error> {
        let mut err = abi::WeirErr {
            size: size_of::<abi::WeirErr>(),
            ptr: self.room.as_mut_ptr(),
            capacity: self.room.len(),
            len: 0,
        };
        let code = f(&raw mut err);
        self.len = err.len.min(self.room.len());
        match code {
            abi::WEIR_OK => Ok(true),
            abi::WEIR_END => Ok(false),
            code => Err(Error::new(ErrorKind::from_code(code), self.text())),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.room.get(..self.len).unwrap_or_default()).into_owned()
    }
}

/// Writes an error's message into the caller's room, cut between characters, and returns its code.
///
/// # Safety
/// `err` is null or points to a valid [`abi::WeirErr`] whose room is writable.
pub(crate) unsafe fn report(error: &Error, err: *mut abi::WeirErr) -> i32 {
    // SAFETY: by this function's contract.
    if let Some(err) = unsafe { err.as_mut() } {
        let mut n = error.message.len().min(err.capacity);
        while !error.message.is_char_boundary(n) {
            n = n.saturating_sub(1);
        }
        if !err.ptr.is_null() {
            // SAFETY: `n` bytes fit in the caller's room, which cannot overlap our message.
            unsafe { std::ptr::copy_nonoverlapping(error.message.as_ptr(), err.ptr, n) };
            err.len = n;
        }
    }
    error.kind.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_cross_the_boundary_and_are_cut_between_characters() {
        let long = "é".repeat(600);
        // SAFETY: `Message::call` passes valid room.
        let got = Message::new().call(|err| unsafe { report(&Error::bad_request(long.clone()), err) });
        let error = got.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequest);
        assert_eq!(error.message, "é".repeat(512));
    }
}
