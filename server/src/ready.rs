//! Responses that need no plugin: what is kept, and "not modified".

use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use weir_datasets::memory_budget::Memory;
use weir_plugin_api::Error;
use weir_plugin_api::lent::RequestContext;

use crate::coding::Worth;
use crate::conditional::Validators;
use crate::kept::{Kept, KeptResponses, KeptRun, Stored};
use crate::reply::{self, Asked};
use crate::respond;
use crate::stream::{Account, Body};

/// A response that is there already.
pub enum Ready {
    /// The client has it under this tag.
    NotModified(String),
    /// It was made before.
    Made(Arc<Kept>),
    /// Its body is stored in a place that is known, and was read there.
    Read(Arc<Kept>),
}

impl Ready {
    /// What answers a request for the response that `validators` are of, if it is kept.
    pub fn of(asked: &Asked, validators: &Validators, kept: &KeptResponses) -> Option<Self> {
        if let Some(tag) = asked.known(validators) {
            return Some(Self::NotModified(tag));
        }
        let made = kept.get(&validators.tag)?;
        let is_unmodified = asked.is_unmodified(validators);
        Some(if is_unmodified { Self::NotModified(validators.tag.clone()) } else { Self::Made(made) })
    }

    /// The same, or what is stored in a place that is known, where it takes no time. None where it has yet to be compressed, or
    /// read from a disk: that is no work for the threads that serve all connections.
    pub fn at_once(
        (asked, request): (&Asked, &RequestContext),
        validators: &Validators,
        (kept, memory): (&KeptResponses, &Arc<Memory>),
    ) -> Option<Self> {
        match Self::of(asked, validators, kept) {
            Some(Self::Made(made)) => {
                reply::coded(&made, (asked, validators), kept).map(|_| Self::Made(made))
            }
            Some(ready) => Some(ready),
            None => {
                let run = kept.run(&validators.tag)?;
                let wanted = !asked.head && !asked.is_unmodified(validators);
                wanted.then(|| read(&run, request, memory))?.map(|read| Self::Read(Arc::new(read)))
            }
        }
    }

    /// Where the body is kept that the response has, if it is.
    pub fn stored(&self, (asked, validators): (&Asked, &Validators), kept: &KeptResponses) -> Option<Stored> {
        match self {
            Self::NotModified(_) => None,
            Self::Made(made) => {
                let (tag, coded) = reply::coded(made, (asked, validators), kept)?;
                Some(Stored::made(tag, &coded))
            }
            Self::Read(_) => Some(Stored::placed(&validators.tag, &kept.run(&validators.tag)?)),
        }
    }

    /// The response.
    ///
    /// # Errors
    /// As [`reply::send_whole`].
    pub fn response(
        self,
        (asked, validators): (&Asked, &Validators),
        (kept, account): (&KeptResponses, Account),
    ) -> Result<Response<Body>, (Error, Account)> {
        match self {
            Self::NotModified(tag) => {
                Ok(respond::not_modified(&tag, kept.time(&validators.tag).as_deref(), account))
            }
            Self::Made(made) | Self::Read(made) => {
                reply::send_whole(&made, (asked, Some(validators)), (kept, account))
            }
        }
    }
}

/// The response whose body is stored there, within the memory that there is now.
fn read(run: &KeptRun, request: &RequestContext, memory: &Arc<Memory>) -> Option<Kept> {
    let reserved = memory.reserve(run.length(), Duration::ZERO).ok()?;
    let (body, headers) = (run.read()?, run.headers.clone());
    drop(request.hold(Some(Box::new(reserved))));
    Some(Kept { status: 200, headers, ranges: true, worth: Worth::Nothing, costly: false, body })
}
