//! Responses that need neither a plugin nor a wait: what is kept, and "not modified".

use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use weir_datasets::memory_budget::Memory;
use weir_plugin_api::Error;
use weir_plugin_api::lent::RequestContext;

use crate::coding::Worth;
use crate::conditional::Validators;
use crate::kept::{Kept, KeptResponses, KeptRun};
use crate::reply::{self, Asked};
use crate::respond;
use crate::stream::{Account, Body};

/// A response that is made of what is in memory.
pub enum Ready {
    /// The client has it under this tag, and caches may keep it as is said here, if that is known.
    NotModified(String, Option<Arc<str>>),
    /// It was made before.
    Made(Arc<Kept>, Validators),
    /// Its body is stored in a place that is known, and was read there.
    Read(Arc<Kept>, Validators),
}

impl Ready {
    /// What answers a request for the response that `validators` are of, if it is here. None where it has yet to be
    /// compressed, or read from a disk: that is no work for the threads that serve all connections.
    pub fn of(
        (asked, request): (&Asked, &RequestContext),
        validators: Validators,
        (kept, memory): (&KeptResponses, &Arc<Memory>),
    ) -> Option<Self> {
        if let Some(tag) = asked.known(&validators) {
            return Some(Self::NotModified(tag, kept.time(&validators.tag)));
        }
        let Some(made) = kept.get(&validators.tag) else {
            let run = kept.run(&validators.tag)?;
            let wanted = !asked.head && !asked.is_unmodified(&validators);
            let read = wanted.then(|| read(&run, request, memory))??;
            return Some(Self::Read(Arc::new(read), validators));
        };
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
            Self::Made(made, validators) | Self::Read(made, validators) => {
                reply::send_whole(&made, (asked, Some(&validators)), (kept, account))
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
