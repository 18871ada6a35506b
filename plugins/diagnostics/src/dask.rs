//! Heavy diagnostics on a Dask cluster: weir says what is to be made of which numbers, workers read and reduce them, and the numbers
//! of the result come back.
//!
//! Dask's own protocol carries pickled Python, so a Python program stands between: `weir-dask` (`clients/weir-dask`), a client of the
//! scheduler that takes a closed set of operations as JSON. weir starts it, or is told where it runs.

mod bridge;
mod child;
mod job;
mod reply;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use weir_plugin_api::{Error, ErrorKind, Host, LogLevel, Request};

use self::bridge::{Address, Progress};
use self::child::Child;
use crate::engine::Reduction;
use crate::engine::values::Values;
use crate::watch;

/// What a site says of its cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The scheduler's address, as `tcp://dask.example:8786`: weir starts `weir-dask` itself.
    scheduler: Option<String>,
    /// Where a `weir-dask` listens that the site runs, as `dask.example:8790` or `unix:/run/weir-dask/socket`.
    bridge: Option<String>,
    /// How `weir-dask` is started, without its options; `["weir-dask"]` where it is left out.
    command: Option<Vec<String>>,
    /// The URL under which workers reach weir; that of clients where it is left out.
    data_url: Option<String>,
    /// Diagnostics of so many bytes of a variable go to the cluster; 1 GiB where it is left out.
    at_least: Option<u64>,
    /// Whether weir computes what the cluster cannot; it does where this is left out.
    fallback: Option<bool>,
    /// So many are computed at once; 4 where it is left out.
    at_once: Option<usize>,
}

const AT_LEAST: u64 = 1 << 30;
const AT_ONCE: usize = 4;

/// Requests that wait for the cluster hold threads of the server, and workers need some to read.
const MOST_AT_ONCE: usize = 32;

/// Progress is logged so often.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A cluster, as this server knows it.
pub struct Dask {
    door: Door,
    data_url: Option<String>,
    at_least: u64,
    fallback: Fallback,
    at_once: usize,
    running: AtomicUsize,
}

/// How `weir-dask` is reached.
enum Door {
    /// It runs somewhere.
    Service(Address),
    /// It is a child of this process.
    Child(Mutex<Child>),
}

/// What becomes of a diagnostic that the cluster cannot compute now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    /// It is an error.
    Refuse,
    /// weir computes it.
    Embedded,
}

impl Dask {
    /// As a site says.
    ///
    /// # Errors
    /// `BadRequest` saying what is not understood.
    pub fn new(configuration: Configuration) -> Result<Self, Error> {
        let Configuration { scheduler, bridge, command, data_url, at_least, fallback, at_once } =
            configuration;
        let data_url = data_url.map(|url| plain_url(&url)).transpose()?;
        let door = match (scheduler, bridge, command) {
            (Some(scheduler), None, command) => {
                Door::Child(Mutex::new(Child::new(command, &scheduler, data_url.as_deref())?))
            }
            (None, Some(bridge), None) => Door::Service(Address::parse(&bridge)?),
            (None, Some(_), Some(_)) => {
                return Err(refused(
                    "command starts a weir-dask, but bridge says that one runs; say one of them",
                ));
            }
            _ => {
                return Err(refused(
                    "scheduler or bridge is needed, and not both: scheduler = \"tcp://dask.example:8786\", or bridge = \"dask.example:8790\"",
                ));
            }
        };
        let at_once = at_once.unwrap_or(AT_ONCE);
        if !(1..=MOST_AT_ONCE).contains(&at_once) {
            return Err(refused(&format!("at_once is {at_once}, but must be from 1 to {MOST_AT_ONCE}")));
        }
        let fallback = if fallback.unwrap_or(true) { Fallback::Embedded } else { Fallback::Refuse };
        Ok(Self {
            door,
            data_url,
            at_least: at_least.unwrap_or(AT_LEAST),
            fallback,
            at_once,
            running: AtomicUsize::new(0),
        })
    }

    /// Whether a computation is one for the cluster.
    fn takes(&self, reduction: &Reduction<'_>) -> bool {
        reduction.bytes_read() >= self.at_least && job::can_say(reduction)
    }

    fn address(&self) -> Result<Address, Error> {
        match &self.door {
            Door::Service(address) => Ok(address.clone()),
            Door::Child(child) => child.lock().unwrap_or_else(PoisonError::into_inner).address(),
        }
    }

    /// A place among those that compute.
    fn enter(&self) -> Result<Place<'_>, Error> {
        let most = self.at_once;
        let entered = self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
            running.checked_add(1).filter(|running| *running <= most)
        });
        match entered {
            Ok(_) => Ok(Place(&self.running)),
            Err(running) => Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "the cluster computes {running} diagnostics for this server already, and at most {most} at once; come again later"
                ),
            )),
        }
    }
}

/// A place among those that compute, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn refused(words: &str) -> Error {
    Error::bad_request(format!("[plugins.diagnostics.dask]: {words}"))
}

/// A URL to which paths can be appended.
fn plain_url(url: &str) -> Result<String, Error> {
    let is_plain = (url.starts_with("http://") || url.starts_with("https://"))
        && !url.contains(['?', '#', ' ', '"', '@'])
        && !url.chars().any(char::is_control);
    if !is_plain {
        return Err(refused(
            "data_url must be an http or https URL without a query and without a user, as http://weir.internal:8080",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Who computes for a request.
pub struct Executor<'a> {
    dask: Option<&'a Dask>,
    host: &'a Host,
    request: &'a Request<'a>,
    fell_back: std::cell::Cell<bool>,
}

impl<'a> Executor<'a> {
    /// The cluster, where there is one, and weir.
    #[must_use]
    pub fn new(dask: Option<&'a Dask>, host: &'a Host, request: &'a Request<'a>) -> Self {
        Self { dask, host, request, fell_back: std::cell::Cell::new(false) }
    }

    /// Whether weir computed what the cluster was meant to. The last digits may be others then, so the answer is not kept under the
    /// entity tag of the cluster's.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.fell_back.get()
    }

    /// The whole result of a reduction.
    ///
    /// # Errors
    /// Those of [`Reduction::compute`]; `Unavailable` where the cluster cannot compute it and weir is not to.
    pub fn compute(&self, reduction: &Reduction<'_>) -> Result<Values, Error> {
        let embedded = || reduction.compute(&reduction.whole());
        let Some(dask) = self.dask.filter(|dask| dask.takes(reduction)) else { return embedded() };
        let made = self.on_cluster(dask, reduction);
        match made {
            Err(error) if is_of_cluster(error.kind) => {
                self.host.metric_add("dask_failures", 1.0);
                self.say(LogLevel::Warn, &format!("Dask did not compute this: {error}"));
                if dask.fallback == Fallback::Refuse {
                    return Err(error);
                }
                self.fell_back.set(true);
                embedded()
            }
            made => made,
        }
    }

    fn on_cluster(&self, dask: &Dask, reduction: &Reduction<'_>) -> Result<Values, Error> {
        let _place = dask.enter()?;
        let generation = reduction.source.dataset.generation()?;
        let base = dask.data_url.as_deref().unwrap_or(self.request.base_url());
        let line = job::line(reduction, base)?;
        let address = dask.address()?;
        self.host.metric_add("dask_computations", 1.0);
        let now = Instant::now();
        let mut watch = Sight {
            executor: self,
            progress: reduction.watch.progress,
            began: now,
            logged: now,
            seen: (0, 0),
        };
        let wanted = (reply::Type::of(reduction), job::elements(reduction));
        let values = bridge::exchange(&address, &line, wanted, &mut |progress| watch.see(progress))?;
        let seconds = watch.began.elapsed().as_secs_f64();
        self.say(
            LogLevel::Info,
            &format!("Dask computed {} of {} in {seconds:.1} s", reduction.action, reduction.source.path),
        );
        // Workers read one chunk after the other; what they read is one dataset only if it is the same one still.
        let now = self.host.open(self.request, reduction.source.dataset.id())?.generation()?;
        if now != generation {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the dataset changed while it was read; ask again",
            ));
        }
        Ok(values)
    }

    fn say(&self, level: LogLevel, words: &str) {
        self.host.log(Some(self.request), level, words);
    }
}

/// Whether an error is one of the cluster's state or abilities, and not of the request or the data.
fn is_of_cluster(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Unsupported | ErrorKind::Timeout)
}

/// What a request sees of its computation.
struct Sight<'a> {
    executor: &'a Executor<'a>,
    /// What is said of it to those who ask how far it is.
    progress: &'a watch::Progress,
    began: Instant,
    logged: Instant,
    /// Tasks that were done, and that there were.
    seen: (u64, u64),
}

impl Sight<'_> {
    /// Passes progress on.
    ///
    /// # Errors
    /// `Cancelled` where nobody waits any more.
    fn see(&mut self, progress: Option<Progress>) -> Result<(), Error> {
        let Executor { host, request, .. } = self.executor;
        if host.is_cancelled(request) {
            self.executor.say(LogLevel::Info, "nobody waits for the result any more; Dask is told to stop");
            return Err(Error::new(ErrorKind::Cancelled, "nobody waits for the result any more"));
        }
        let Some(Progress { done, of }) = progress else { return Ok(()) };
        #[expect(clippy::cast_precision_loss, reason = "tasks are fewer than 2^53")]
        host.metric_add("dask_tasks", done.saturating_sub(self.seen.0) as f64);
        self.progress.plan(of.saturating_sub(self.seen.1));
        self.progress.advance(done.saturating_sub(self.seen.0));
        self.seen = (done.max(self.seen.0), of.max(self.seen.1));
        if self.logged.elapsed() >= LOG_EVERY {
            self.logged = Instant::now();
            self.executor.say(LogLevel::Info, &format!("Dask has done {done} of {of} tasks"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<(), &str>) {
        let made = Dask::new(serde_json::from_str(json).unwrap());
        match (made, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{error}"),
            (made, _) => panic!("{json}: {:?}", made.map(|_| ())),
        }
    }

    #[test]
    fn sites_say_where_the_cluster_is() {
        check(r#"{"scheduler": "tcp://127.0.0.1:8786"}"#, Ok(()));
        check(
            r#"{"bridge": "127.0.0.1:8790", "data_url": "http://weir.internal:8080/", "at_once": 32}"#,
            Ok(()),
        );
        check(r#"{"bridge": "unix:/run/weir-dask/socket", "fallback": false, "at_least": 0}"#, Ok(()));
        check("{}", Err("scheduler or bridge is needed"));
        check(r#"{"bridge": "a:1", "scheduler": "tcp://a:2"}"#, Err("and not both"));
        check(r#"{"bridge": "a:1", "command": ["weir-dask"]}"#, Err("say one of them"));
        check(r#"{"bridge": "nowhere"}"#, Err("host:port"));
        check(r#"{"scheduler": ""}"#, Err("scheduler"));
        check(r#"{"scheduler": "--help"}"#, Err("scheduler"));
        check(r#"{"scheduler": "tcp://a:2", "command": []}"#, Err("command"));
        check(r#"{"bridge": "a:1", "at_once": 0}"#, Err("from 1 to 32"));
        check(r#"{"bridge": "a:1", "data_url": "file:///data"}"#, Err("data_url"));
        check(r#"{"bridge": "a:1", "data_url": "http://user:secret@weir"}"#, Err("data_url"));
    }

    #[test]
    fn only_so_many_compute_at_once() {
        let dask = Dask::new(serde_json::from_str(r#"{"bridge": "a:1", "at_once": 2}"#).unwrap()).unwrap();
        let (first, _second) = (dask.enter().unwrap(), dask.enter().unwrap());
        assert_eq!(dask.enter().err().map(|error| error.kind), Some(ErrorKind::Unavailable));
        drop(first);
        assert!(dask.enter().is_ok());
    }
}
