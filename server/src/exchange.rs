//! One request: find who serves it, let it answer on a blocking thread, and send what comes.

mod at_once;
mod own;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Incoming as HyperBody;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, header};
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use weir_config::Compression;
use weir_datasets::Dataset;
use weir_datasets::memory_budget::Share;
use weir_plugin_api::Error;
use weir_plugin_api::guest::Incoming;
use weir_plugin_api::lent::RequestContext;

pub use self::at_once::Again;
use crate::built_in;
use crate::conditional::{self, Validators};
use crate::failures::{plain_error, render_error};
use crate::held::{Back, Held};
use crate::kept::{Boarding, Kept, KeptResponses, Seat};
use crate::metrics::{Metrics, Tally};
use crate::plugins::{Plugins, Serving};
use crate::public::Public;
use crate::ready::Ready;
use crate::reply::{self, Asked};
use crate::respond;
use crate::routes::{Found, Match};
use crate::services::SiteServices;
use crate::stream::{Account, Body};
use crate::waiting::{self, Place, Waiting, Woken};
use crate::{request_body, request_line};

/// Everything that requests share.
pub struct Site {
    services: Arc<SiteServices>,
    plugins: Plugins,
    kept: KeptResponses,
    public: Public,
    compression: Compression,
    /// How many plugin calls may run at once; others wait without holding a thread.
    calls: Arc<Semaphore>,
    waiting: Arc<Waiting>,
    metrics: Metrics,
    /// The files and folders that are served.
    roots: Arc<[PathBuf]>,
    stopping: AtomicBool,
    started: u64,
    number: AtomicU64,
}

/// What came of asking a plugin.
enum Outcome {
    /// A response.
    Answered(Response<Body>),
    /// An answer that waits for something new.
    Held(Held),
}

/// Cancels a request's work where it is dropped with the request inside.
struct Wanted(Option<Arc<RequestContext>>);

impl Drop for Wanted {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.cancel();
        }
    }
}

/// Plugin calls at once, and threads for them and for pulling bodies.
pub const CALLS: usize = 64;

impl Site {
    /// A site with these plugins, and how it is reached.
    pub fn new(
        (services, roots): (Arc<SiteServices>, Vec<PathBuf>),
        plugins: Plugins,
        (public, compression, longest_wait): (Public, Compression, Duration),
    ) -> Self {
        let kept = KeptResponses::within(services.memory().share(Share::Responses));
        let since_epoch = std::time::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
        let looking = Arc::clone(&services);
        let look = move |id: &str| looking.dataset(id).map(|dataset| dataset.generation().to_owned());
        Self {
            services,
            metrics: Metrics::new(&plugins),
            roots: roots.into(),
            stopping: AtomicBool::new(false),
            plugins,
            kept,
            waiting: Arc::new(Waiting::new(Arc::new(look), longest_wait)),
            public,
            compression,
            calls: Arc::new(Semaphore::new(CALLS)),
            started: since_epoch,
            number: AtomicU64::new(1),
        }
    }

    /// The plugins.
    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// The services.
    pub fn services(&self) -> &SiteServices {
        &self.services
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Says that the server stops: it is not ready any more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Ends all waiting, because the server stops.
    pub fn stop_waiting(&self) {
        self.waiting.stop();
    }

    /// The URL under which clients reach this site where no proxy says otherwise, without a trailing slash.
    pub fn base_url(&self) -> &str {
        self.public.url()
    }

    fn context(&self) -> Arc<RequestContext> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        Arc::new(RequestContext::new(format!("{:x}-{number:x}", self.started), None))
    }

    fn account(&self, request: &Parts) -> Account {
        self.account_of(format!("{} {}", request.method, request.uri), self.context())
    }

    fn account_of(&self, request: String, context: Arc<RequestContext>) -> Account {
        Account {
            context,
            request,
            status: 0,
            since: Instant::now(),
            counted: self.metrics.begun(),
            sent: 0,
            complete: false,
        }
    }

    /// Where a request that goes there is counted.
    fn tally(&self, found: &Match) -> Tally {
        let is_known = !found.dataset.is_empty() && self.services.catalog().contains(&found.dataset);
        self.metrics.of((found.plugin, found.route), is_known.then_some(&found.dataset))
    }

    /// Answers a request. Never fails: whatever goes wrong becomes a response.
    pub async fn answer(self: Arc<Self>, request: Request<HyperBody>) -> Response<Body> {
        let (request, body) = request.into_parts();
        let head = request.method == Method::HEAD;
        let mut account = self.account(&request);
        let Ok(path) = percent_decode_str(request.uri.path()).decode_utf8() else {
            return plain_error(
                &Error::bad_request("the path is not UTF-8 after percent decoding"),
                head,
                account,
            );
        };
        if (request.method == Method::GET || head) && !request.headers.contains_key(request_line::MARK) {
            match self.own(&path).await {
                Ok(Some(page)) => return self.own_page(page, &request, account).await,
                Ok(None) => {}
                Err(error) => return plain_error(&error, head, account),
            }
        }
        let is_dataset = |id: &str| self.services.catalog().contains(id);
        let refused = request.headers.contains_key(request_line::MARK);
        match self.plugins.routes.find(request.method.as_str(), &path, is_dataset) {
            Found::Nothing | Found::OtherMethods(_) if refused => {
                plain_error(&request_line::refusal(), head, account)
            }
            Found::Match(found) if request.method == Method::GET || head => {
                account.counted.tally = self.tally(&found);
                self.exchange(&request, found, account).await
            }
            // Only now: a body that nobody serves is not waited for.
            Found::Match(found) => match request_body::read(body).await {
                Ok(body) => {
                    account.counted.tally = self.tally(&found);
                    account.context.set_body(body);
                    self.exchange(&request, found, account).await
                }
                Err(error) => plain_error(&error, head, account),
            },
            Found::OtherMethods(methods) if request.method == Method::OPTIONS => {
                respond::preflight(&format!("{}, OPTIONS", methods.join(", ")), account)
            }
            Found::OtherMethods(methods) => respond::method_not_allowed(&methods, head, account),
            Found::Nothing if request.method == Method::OPTIONS => {
                respond::preflight("GET, HEAD, OPTIONS", account)
            }
            Found::Nothing if built_in::ROUTES.contains(&path.as_ref()) => {
                respond::method_not_allowed(&["GET".to_owned(), "HEAD".to_owned()], head, account)
            }
            Found::Nothing => {
                let error =
                    Error::not_found(format!("nothing is served at {path}; /datasets lists the datasets"));
                plain_error(&error, head, account)
            }
        }
    }

    async fn exchange(self: &Arc<Self>, request: &Parts, found: Match, account: Account) -> Response<Body> {
        let (mut incoming, plugin) = self.incoming(request, found, &account.context);
        let asked = Asked::of(request, self.compression);
        if let Some((ready, validators, _)) = self.at_hand((&incoming, &asked), plugin) {
            let sent = ready.response((&asked, &validators), (&self.kept, account));
            return sent.unwrap_or_else(|(error, account)| plain_error(&error, asked.head, account));
        }
        // Where the client goes, this future is dropped: then the work is not wanted any more, and nobody waits for it.
        let mut wanted = Wanted(Some(Arc::clone(&account.context)));
        let mut place: Option<Place> = None;
        let mut account = account;
        let response = loop {
            let outcome = self.called((incoming, asked.clone()), plugin, account).await;
            let held = match outcome {
                Ok(Outcome::Answered(response)) => break response,
                Ok(Outcome::Held(held)) => held,
                Err(error) => break plain_error(&error, asked.head, self.account(request)),
            };
            let woken = match &mut place {
                Some(place) => place.woken().await,
                None => match self.waiting.begin(&held.incoming.dataset).await {
                    Ok(begun) => {
                        place = Some(begun);
                        // It may have been between the answer and the first look.
                        Woken::Changed
                    }
                    Err(error) => break plain_error(&error, asked.head, held.account),
                },
            };
            match woken {
                Woken::Changed => (incoming, account) = held.again(),
                Woken::TimeOver => break held.sent(&asked, &self.kept),
                Woken::Stopping => break plain_error(&waiting::stopped(), asked.head, held.account),
            }
        };
        wanted.0 = None;
        response
    }

    /// Lets a plugin answer, on a blocking thread.
    async fn called(
        self: &Arc<Self>,
        (incoming, asked): (Incoming, Asked),
        plugin: usize,
        account: Account,
    ) -> Result<Outcome, Error> {
        let Ok(permit) = Arc::clone(&self.calls).acquire_owned().await else {
            return Ok(Outcome::Answered(plain_error(&waiting::stopped(), asked.head, account)));
        };
        let site = Arc::clone(self);
        let answered = tokio::task::spawn_blocking(move || {
            let outcome = site.answered((&incoming, &asked), plugin, account);
            // The permit is the thread's: it is given back when the work is done, not when nobody waits for it.
            drop(permit);
            match outcome {
                Ok(response) => Outcome::Answered(response),
                Err((back, account)) => Outcome::Held(back.with(incoming, account)),
            }
        });
        answered.await.map_err(|error| {
            tracing::error!(error = error.to_string(), "answering panicked");
            Error::internal("answering panicked")
        })
    }

    fn incoming(&self, request: &Parts, found: Match, context: &Arc<RequestContext>) -> (Incoming, usize) {
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let incoming = Incoming {
            method: request.method.as_str().to_owned(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            base_url: self.public.of(request).into_owned(),
            dataset: found.dataset,
            rest: found.rest,
            route: found.route,
            context: Arc::clone(context),
            held: String::new(),
        };
        (incoming, found.plugin)
    }

    /// Runs on a blocking thread: from the request to the response's first byte, or to an answer that is held back.
    fn answered(
        &self,
        (incoming, asked): (&Incoming, &Asked),
        plugin: usize,
        account: Account,
    ) -> Result<Response<Body>, (Back, Account)> {
        let Some(serving) = self.plugins.serving.get(plugin) else {
            return Ok(plain_error(&Error::internal("a route leads to no plugin"), asked.head, account));
        };
        let failed = |error: &Error, account| Ok(render_error(&serving.guest, incoming, error, account));
        if header_of(incoming, request_line::MARK).is_some() {
            return failed(&request_line::refusal(), account);
        }
        let validators = self.validators(incoming, serving);
        let mut seat = None;
        if let Some(validators) = &validators {
            let unmodified = || asked.is_unmodified(validators) && is_stable(serving, incoming);
            let ready = Ready::of(asked, validators, &self.kept)
                .or_else(|| unmodified().then(|| Ready::NotModified(validators.tag.clone())))
                .or_else(|| self.made_meanwhile(validators, incoming, &mut seat).map(Ready::Made));
            if let Some(ready) = ready {
                let sent = ready.response((asked, validators), (&self.kept, account));
                return sent.or_else(|(error, account)| failed(&error, account));
            }
        }
        let answer = match serving.guest.handle(incoming) {
            Ok(answer) => answer,
            Err(error) => return failed(&error, account),
        };
        let answer = match Back::of(answer, incoming) {
            Ok(back) => return Err((back, account)),
            Err(answer) => answer,
        };
        // Validators that were made before the file changed must not stand on what was lent after; what is lent stays the same,
        // or gives errors.
        let same = |validators: &Validators| self.validators(incoming, serving).as_ref() == Some(validators);
        let validators = validators.filter(|validators| answer.stable && same(validators));
        let begun = match reply::begun(answer, (asked, validators.as_ref())) {
            Ok(begun) => begun,
            Err(error) => return failed(&error, account),
        };
        let sent = reply::send(begun, (asked, validators.as_ref()), (&self.kept, account));
        sent.or_else(|(error, account)| failed(&error, account))
    }

    /// The response that somebody else is making, once it is made. Where nobody is, `seat` is taken, and whoever asks for
    /// the same waits until it is given up.
    fn made_meanwhile<'s>(
        &'s self,
        validators: &Validators,
        incoming: &Incoming,
        seat: &mut Option<Seat<'s>>,
    ) -> Option<Arc<Kept>> {
        if incoming.method != "GET" {
            return None;
        }
        match self.kept.board(&validators.tag) {
            Boarding::Makes(own) => {
                *seat = Some(own);
                // It may have been made between looking and boarding.
                self.kept.get(&validators.tag)
            }
            Boarding::Waits(flight) => {
                let made = flight.wait(|| incoming.context.is_cancelled())?;
                self.services.count("weir.responses_shared".to_owned(), 1.0);
                Some(made)
            }
        }
    }

    /// What a stable response to this request is known by.
    fn validators(&self, incoming: &Incoming, serving: &Serving) -> Option<Validators> {
        let dataset =
            is_stable_request(incoming).then(|| self.services.dataset(&incoming.dataset).ok())??;
        validators(&dataset, incoming, serving)
    }
}

/// Whether a request reads a dataset and does nothing else.
fn is_stable_request(incoming: &Incoming) -> bool {
    !incoming.dataset.is_empty() && (incoming.method == "GET" || incoming.method == "HEAD")
}

/// What a stable response to a request of a dataset is known by. Of data that no generation pins nobody can say that it is still
/// the same.
fn validators(dataset: &Dataset, incoming: &Incoming, serving: &Serving) -> Option<Validators> {
    // With the URL at which the client reaches the server, because links in a response begin with it.
    let target = || format!("{}{}?{}", incoming.base_url, incoming.path, incoming.query);
    let target = dataset.is_pinned().then(target)?;
    let Serving { guest, configuration, .. } = serving;
    let version = [guest.name(), guest.version(), configuration.as_str()];
    let tag = conditional::tag(dataset.generation(), version, &target);
    Some(Validators { tag, times: dataset.times() })
}

/// Whether there is a stable response to a request, which the plugin says without reading data. A condition counts only for
/// what would be a success without it (RFC 9110, section 13.2.1).
fn is_stable(serving: &Serving, incoming: &Incoming) -> bool {
    let head = Incoming { method: "HEAD".to_owned(), ..incoming.clone() };
    serving.guest.handle(&head).is_ok_and(|answer| answer.stable && answer.status == 200)
}

fn header_of<'a>(incoming: &'a Incoming, name: &str) -> Option<&'a str> {
    let found = incoming.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
