//! Responses that need neither a plugin nor a wait: what is kept, and "not modified".

use std::sync::Arc;

use hyper::Response;
use weir_plugin_api::Error;

use crate::conditional::Validators;
use crate::kept::{Kept, KeptResponses};
use crate::reply::{self, Asked};
use crate::respond;
use crate::stream::{Account, Body};

/// A response that is made of what is in memory.
pub enum Ready {
    /// The client has it under this tag, and caches may keep it as is said here, if that is known.
    NotModified(String, Option<Arc<str>>),
    /// It was made before.
    Made(Arc<Kept>, Validators),
}

impl Ready {
    /// What answers a request for the response that `validators` are of, if it is here. None where it has yet to be
    /// compressed: that is no work for the threads that serve all connections.
    pub fn of(asked: &Asked, validators: Validators, kept: &KeptResponses) -> Option<Self> {
        if let Some(tag) = asked.known(&validators) {
            return Some(Self::NotModified(tag, kept.time(&validators.tag)));
        }
        let made = kept.get(&validators.tag)?;
        if asked.is_unmodified(&validators) {
            let time = kept.time(&validators.tag);
            return Some(Self::NotModified(validators.tag, time));
        }
        reply::is_coded(&made, (asked, &validators), kept).then_some(Self::Made(made, validators))
    }

    /// The response.
    ///
    /// # Errors
    /// As [`reply::send_whole`].
    pub fn response(
        self,
        (asked, kept): (&Asked, &KeptResponses),
        account: Account,
    ) -> Result<Response<Body>, (Error, Account)> {
        match self {
            Self::NotModified(tag, time) => Ok(respond::not_modified(&tag, time.as_deref(), account)),
            Self::Made(made, validators) => {
                reply::send_whole(&made, (asked, Some(&validators)), (kept, account))
            }
        }
    }
}
