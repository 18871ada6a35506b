//! What a server answered, and what that means for the one who asked.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, ErrorKind};

/// Notes what the server answered last to one request and its repetitions. It travels with the request to the connection,
/// because the errors of the `object_store` crate have URLs and whole bodies in their texts, which may hold secrets.
#[derive(Clone, Debug, Default)]
pub struct Answer(Arc<Mutex<Option<Last>>>);

/// The last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// A status.
    Status(u16),
    /// Status 404 that speaks of the whole bucket.
    NoBucket,
    /// No connection may be made; why.
    Refused(&'static str),
    /// No connection could be made, or it broke; how. This may pass.
    Broken(&'static str),
    /// The server is not the one that it should be, or does not speak as it should; how. This does not pass.
    Untrusted(&'static str),
}

impl Answer {
    /// Notes an answer.
    pub fn note(&self, last: Last) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }

    /// The last answer, if there was one.
    pub fn last(&self) -> Option<Last> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that follows from it for a listing, which is never a thing that is not there.
    pub fn listing_error(&self) -> Error {
        match self.last() {
            Some(Last::Status(200)) => Error::unavailable("the server's listing cannot be understood"),
            _ => Error { kind: ErrorKind::Unavailable, ..self.error() }.within("the listing"),
        }
    }

    /// The error that follows from it.
    pub fn error(&self) -> Error {
        let unavailable = |what: String| Error::unavailable(what);
        match self.last() {
            Some(Last::Status(404 | 410)) => Error::not_found("there is no such object"),
            Some(Last::Status(status @ (401 | 403))) => unavailable(format!(
                "access was denied (status {status}), so it is not known whether it exists; check the credentials and \
                 what they allow"
            )),
            Some(Last::Status(412 | 416)) => changed(),
            Some(Last::Status(status @ 300..=399)) => unavailable(format!(
                "the server redirects (status {status}), which is not followed; name the address that it leads to, or \
                 the right region and endpoint"
            )),
            Some(Last::Status(200)) => Error::unsupported(
                "the server does not give parts of objects (byte ranges), which are needed",
            ),
            Some(Last::Status(206)) => {
                unavailable("the server gave another part than the one asked for".into())
            }
            Some(Last::Status(status)) => unavailable(format!("the server answers with status {status}")),
            Some(Last::NoBucket) => unavailable("there is no such bucket".into()),
            Some(Last::Refused(why)) => Error::unsupported(why),
            Some(Last::Broken(how) | Last::Untrusted(how)) => unavailable(how.into()),
            None => unavailable("the server does not answer".into()),
        }
    }
}

/// The error for an object that is not what it was.
pub fn changed() -> Error {
    Error::unavailable("the object changed while it was read; ask again")
}

/// The error for what a server takes too long for.
pub fn late(answer: &Answer, allowed: std::time::Duration) -> Error {
    let seconds = allowed.as_secs_f64();
    match answer.last() {
        Some(Last::Status(200 | 206)) => {
            Error::unavailable(format!("the server did not send all of it within {seconds:.1} s"))
        }
        Some(_) => {
            let error = answer.error();
            let message = format!("{}, also when asked again for {seconds:.1} s", error.message);
            Error::new(error.kind, message)
        }
        None => Error::unavailable(format!("the server did not answer within {seconds:.1} s")),
    }
}

/// Why a connection is not made; not tried again.
#[derive(Debug)]
pub struct Refused(pub &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(last: Last, expected: ErrorKind) {
        let answer = Answer::default();
        answer.note(last);
        assert_eq!(answer.error().kind, expected, "{last:?}");
    }

    #[test]
    fn absence_is_said_only_where_it_is_known() {
        check(Last::Status(404), ErrorKind::NotFound);
        check(Last::Status(410), ErrorKind::NotFound);
        for status in [301, 400, 401, 403, 405, 412, 416, 429, 500, 503] {
            check(Last::Status(status), ErrorKind::Unavailable);
        }
        check(Last::NoBucket, ErrorKind::Unavailable);
        check(Last::Broken("x"), ErrorKind::Unavailable);
        check(Last::Untrusted("x"), ErrorKind::Unavailable);
        check(Last::Refused("x"), ErrorKind::Unsupported);
        check(Last::Status(200), ErrorKind::Unsupported);
        assert_eq!(Answer::default().error().kind, ErrorKind::Unavailable);
    }
}
