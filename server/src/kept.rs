//! Stable responses that are kept, so that metadata costs what a static file costs, and that are made once where several clients
//! ask for them at the same time.

mod flight;
mod known;
mod run;

use std::sync::Arc;

use flight::Flights;
pub use flight::{Boarding, Seat};

pub use known::{Head, Known, REQUEST_ID, Stored, Whole};
pub use run::KeptRun;

use crate::coding::Worth;

/// A response that is kept.
#[derive(Debug)]
pub struct Kept {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// Whether byte ranges may be served.
    pub ranges: bool,
    /// What compressing it is worth.
    pub worth: Worth,
    /// Whether making it took work.
    pub costly: bool,
    /// The body.
    pub body: bytes::Bytes,
}

/// Bodies larger than this are not kept.
pub const MOST_BODY: usize = 256 << 10;

/// Bodies that took work are kept up to here ...
const MOST_COSTLY: usize = 4 << 20;

/// ... if that is no more than this part of all that may be kept.
const COSTLY_PART: usize = 8;

/// The kept responses, by request target and entity tag, and those that are being made.
pub struct KeptResponses {
    responses: moka::sync::Cache<String, Arc<Kept>>,
    /// Where the bodies of others are.
    runs: moka::sync::Cache<String, Arc<KeptRun>>,
    /// Responses that were sent over HTTP/1.1, by all of the request that they depend on.
    known: moka::sync::Cache<String, Arc<Known>>,
    flights: Flights,
    /// What plugins said of how long responses may be kept, by tag.
    times: moka::sync::Cache<String, Arc<str>>,
    /// The largest body that took work and is kept.
    most_costly: usize,
}

/// Of so many responses it is remembered for how long they may be kept ...
const MOST_TIMES: u64 = 10_000;

/// ... but only of one for so many bytes of all that may be kept.
const BYTES_PER_TIME: u64 = 4 << 10;

/// What the place of a body takes, with its headers and its tag, nearly; of all that may be kept, places have the same part as one
/// body that took work, and so have heads.
const BYTES_PER_RUN: u64 = 1 << 10;

impl KeptResponses {
    /// None yet; all together may have `bytes` bytes.
    pub fn within(bytes: u64) -> Self {
        let weight = |key: &String, kept: &Arc<Kept>| {
            u32::try_from(key.len().saturating_add(kept.body.len()).saturating_add(512)).unwrap_or(u32::MAX)
        };
        let for_runs = bytes / COSTLY_PART as u64;
        let rest = bytes.saturating_sub(for_runs.saturating_mul(2));
        let known_weight = |key: &String, known: &Arc<Known>| {
            u32::try_from(key.len().saturating_add(known.weigh())).unwrap_or(u32::MAX)
        };
        let known = moka::sync::Cache::builder().weigher(known_weight).max_capacity(for_runs).build();
        let responses = moka::sync::Cache::builder().weigher(weight).max_capacity(rest).build();
        let runs = moka::sync::Cache::new(for_runs / BYTES_PER_RUN);
        let times = moka::sync::Cache::new(MOST_TIMES.min(bytes / BYTES_PER_TIME));
        let part = usize::try_from(bytes).unwrap_or(usize::MAX) / COSTLY_PART;
        Self {
            responses,
            runs,
            known,
            flights: Flights::default(),
            times,
            most_costly: MOST_COSTLY.min(part),
        }
    }

    /// The response that was kept under a tag.
    pub fn get(&self, tag: &str) -> Option<Arc<Kept>> {
        self.responses.get(tag)
    }

    /// Where the body of the response with a tag is stored.
    pub fn run(&self, tag: &str) -> Option<Arc<KeptRun>> {
        self.runs.get(tag)
    }

    /// Keeps where the body of the response with a tag is stored.
    pub fn keep_run(&self, tag: &str, run: KeptRun) {
        self.runs.insert(tag.to_owned(), Arc::new(run));
    }

    /// The response that was sent to a request like this.
    pub fn known(&self, key: &str) -> Option<Arc<Known>> {
        self.known.get(key)
    }

    /// Remembers how a response was sent.
    pub fn remember(&self, key: String, known: Known) {
        self.known.insert(key, Arc::new(known));
    }

    /// Remembers what a plugin says of how long the response with a tag may be kept.
    pub fn remember_time(&self, tag: &str, cache_control: &str) {
        if self.times.get(tag).is_none_or(|known| *known != *cache_control) {
            self.times.insert(tag.to_owned(), cache_control.into());
        }
    }

    /// What is remembered of that, if it is.
    pub fn time(&self, tag: &str) -> Option<Arc<str>> {
        self.times.get(tag)
    }

    /// Begins to make the response of a tag, or waits for whoever makes it.
    pub fn board(&self, tag: &str) -> Boarding<'_> {
        self.flights.board(tag)
    }

    /// Keeps a response, if it is whole and not too large, and gives it to those who wait for it.
    pub fn keep(&self, tag: &str, whole: &Arc<Kept>) {
        if whole.status != 200 {
            return;
        }
        self.flights.land(tag, whole);
        if whole.body.len() <= MOST_BODY {
            // A copy of its own: the plugin's bytes may be a small part of something large.
            let body = bytes::Bytes::copy_from_slice(&whole.body);
            let Kept { status, ref headers, ranges, worth, costly, .. } = **whole;
            let headers = headers.clone();
            self.responses
                .insert(tag.to_owned(), Arc::new(Kept { status, headers, ranges, worth, costly, body }));
        } else if whole.costly && whole.body.len() <= self.most_costly {
            self.responses.insert(tag.to_owned(), Arc::clone(whole));
        } else {
            return;
        }
        // What has to leave for it leaves at once.
        self.responses.run_pending_tasks();
    }
}
