//! One request: find who serves it, let it answer on a blocking thread, and send what comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hyper::body::Incoming as HyperBody;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use weir_datasets::memory_budget::Share;
use weir_plugin_api::guest::{Answer, AnswerContent, Guest, GuestBody, Incoming};
use weir_plugin_api::lent::RequestContext;
use weir_plugin_api::{Error, ErrorKind};

use crate::kept::{Kept, KeptResponses};
use crate::plugins::Plugins;
use crate::respond::{self, Whole};
use crate::routes::{Found, Match};
use crate::services::SiteServices;
use crate::stream::{Account, Body, shared};
use crate::{built_in, conditional, request_body};

/// Everything that requests share.
pub struct Site {
    services: Arc<SiteServices>,
    plugins: Plugins,
    kept: KeptResponses,
    base_url: String,
    /// How many plugin calls may run at once; others wait without holding a thread.
    calls: Arc<Semaphore>,
    started: u64,
    number: AtomicU64,
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
    /// A site with these plugins, reached at `base_url`.
    pub fn new(services: Arc<SiteServices>, plugins: Plugins, base_url: String) -> Self {
        let kept = KeptResponses::within(services.catalog().memory().share(Share::Responses));
        let since_epoch = std::time::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
        Self {
            services,
            plugins,
            kept,
            base_url,
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

    /// The URL under which clients reach this site, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    fn account(&self, request: &Parts) -> Account {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let context = RequestContext::new(format!("{:x}-{number:x}", self.started), None);
        let services = Arc::clone(&self.services);
        Account {
            context: Arc::new(context),
            request: format!("{} {}", request.method, request.uri),
            status: 0,
            since: Instant::now(),
            on_abort: Arc::new(move || services.count("weir.bodies_broken_off".to_owned(), 1.0)),
            sent: 0,
            complete: false,
        }
    }

    /// Answers a request. Never fails: whatever goes wrong becomes a response.
    pub async fn answer(self: Arc<Self>, request: Request<HyperBody>) -> Response<Body> {
        let (request, body) = request.into_parts();
        let head = request.method == Method::HEAD;
        let account = self.account(&request);
        let Ok(path) = percent_decode_str(request.uri.path()).decode_utf8() else {
            return plain_error(
                &Error::bad_request("the path is not UTF-8 after percent decoding"),
                head,
                account,
            );
        };
        if request.method == Method::GET || head {
            let asked = (path.as_ref(), request.uri.query().unwrap_or_default());
            match built_in::page(asked, &self.services, &self.plugins) {
                Ok(Some(page)) => return own_page(page, head, account),
                Ok(None) => {}
                Err(error) => return plain_error(&error, head, account),
            }
        }
        let is_dataset = |id: &str| self.services.catalog().contains(id);
        match self.plugins.routes.find(request.method.as_str(), &path, is_dataset) {
            Found::Match(found) if request.method == Method::GET || head => {
                self.exchange(&request, found, account).await
            }
            // Only now: a body that nobody serves is not waited for.
            Found::Match(found) => match request_body::read(body).await {
                Ok(body) => {
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
        let (incoming, plugin) = self.incoming(request, found, &account);
        // Where the client goes, this future is dropped: then the work is not wanted any more.
        let mut wanted = Wanted(Some(Arc::clone(&account.context)));
        let Ok(permit) = Arc::clone(&self.calls).acquire_owned().await else {
            return plain_error(&Error::new(ErrorKind::Unavailable, "the server stops"), false, account);
        };
        let site = Arc::clone(self);
        let answered = tokio::task::spawn_blocking(move || {
            let response = site.answered(&incoming, plugin, account);
            // The permit is the thread's: it is given back when the work is done, not when nobody waits for it.
            drop(permit);
            response
        });
        let answered = answered.await;
        wanted.0 = None;
        match answered {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(error = error.to_string(), "answering panicked");
                plain_error(&Error::internal("answering panicked"), false, self.account(request))
            }
        }
    }

    fn incoming(&self, request: &Parts, found: Match, account: &Account) -> (Incoming, usize) {
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let incoming = Incoming {
            method: request.method.as_str().to_owned(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            base_url: self.base_url.clone(),
            dataset: found.dataset,
            rest: found.rest,
            route: found.route,
            context: Arc::clone(&account.context),
        };
        (incoming, found.plugin)
    }

    /// Runs on a blocking thread: from the request to the response's first byte.
    fn answered(&self, incoming: &Incoming, plugin: usize, account: Account) -> Response<Body> {
        let head = incoming.method == "HEAD";
        let Some(serving) = self.plugins.serving.get(plugin) else {
            return plain_error(&Error::internal("a route leads to no plugin"), head, account);
        };
        let tag = self.tag(incoming, &serving.guest);
        if let Some(tag) = &tag {
            if conditional::matches(Some(&header_lines(incoming, "if-none-match")), tag) {
                return respond::not_modified(tag, account);
            }
            if let Some(kept) = self.kept.get(tag) {
                return from_kept(&kept, incoming, tag, account);
            }
        }
        let answer = serving.guest.handle(incoming).and_then(|answer| first_piece(answer, head));
        match answer {
            Ok(answer) => self.respond(answer, (incoming, &serving.guest), tag, account),
            Err(error) => render_error(&serving.guest, incoming, &error, account),
        }
    }

    /// The entity tag that a stable response to this request has.
    fn tag(&self, incoming: &Incoming, guest: &Guest) -> Option<String> {
        let reads = incoming.method == "GET" || incoming.method == "HEAD";
        if incoming.dataset.is_empty() || !reads {
            return None;
        }
        // Of data that no generation pins nobody can say that it is still the same.
        let dataset = self.services.dataset(&incoming.dataset).ok().filter(|dataset| dataset.is_pinned())?;
        let target = format!("{}?{}", incoming.path, incoming.query);
        Some(conditional::tag(dataset.generation(), guest.name(), guest.version(), &target))
    }

    fn respond(
        &self,
        (answer, first): (Answer, Option<bytes::Bytes>),
        (incoming, guest): (&Incoming, &Guest),
        tag: Option<String>,
        mut account: Account,
    ) -> Response<Body> {
        let head = incoming.method == "HEAD";
        let Answer { status, stable, ranges, mut headers, content } = answer;
        // A tag made before the file changed must not stand on what was read after.
        let tag = tag.filter(|tag| stable && self.tag(incoming, guest).as_ref() == Some(tag));
        account.status = status;
        match content {
            AnswerContent::Full(bytes) => {
                let kept = Arc::new(Kept { status, headers, ranges, body: shared(bytes) });
                let Some(tag) = tag else { return from_kept(&kept, incoming, "", account) };
                if !head {
                    self.kept.keep(&tag, &kept);
                }
                from_kept(&kept, incoming, &tag, account)
            }
            AnswerContent::Stream { length, body } => {
                headers.extend(tag.iter().flat_map(|tag| validators(tag)));
                let body = match head {
                    true => Body::full(bytes::Bytes::new(), account),
                    false => Body::pulled(first, body, length, account),
                };
                respond::with_body(status, &headers, length, body)
            }
        }
    }
}

/// Pulls a body's first piece, while an error can still become a status.
fn first_piece(mut answer: Answer, head: bool) -> Result<(Answer, Option<bytes::Bytes>), Error> {
    let first = match &mut answer.content {
        AnswerContent::Stream { length, body } if !head => {
            let first = GuestBody::pull(body)?.map(shared);
            match (&first, *length) {
                (None, Some(length)) if length > 0 => {
                    return Err(Error::internal(format!("a body of {length} bytes ended before its first")));
                }
                _ => first,
            }
        }
        _ => None,
    };
    Ok((answer, first))
}

fn header_of<'a>(incoming: &'a Incoming, name: &str) -> Option<&'a str> {
    let found = incoming.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// What a cache needs to know of a response with an entity tag: it may keep it, and must ask whether it still holds.
fn validators(tag: &str) -> [(String, String); 2] {
    [("etag".to_owned(), tag.to_owned()), ("cache-control".to_owned(), respond::CACHE_CONTROL.to_owned())]
}

/// All headers of one name, as one list (RFC 9110, section 5.3).
fn header_lines(incoming: &Incoming, name: &str) -> String {
    let lines = incoming.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    lines.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", ")
}

/// A response from a whole body; with an entity tag unless `tag` is empty.
fn from_kept(kept: &Kept, incoming: &Incoming, tag: &str, account: Account) -> Response<Body> {
    let mut headers = kept.headers.clone();
    if !tag.is_empty() {
        headers.extend(validators(tag));
    }
    // A range of another version than the client has is no use to it (RFC 9110, section 13.1.5).
    let other_version = header_of(incoming, "if-range").is_some_and(|wanted| wanted != tag);
    let range = header_of(incoming, "range").filter(|_| !other_version).map(str::to_owned);
    let whole = Whole {
        status: StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body: kept.body.clone(),
        range: (kept.ranges && kept.status == 200).then_some(range),
    };
    respond::whole(whole, incoming.method == "HEAD", account)
}

/// An error in the protocol's own form, or as JSON.
fn render_error(guest: &Arc<Guest>, incoming: &Incoming, error: &Error, account: Account) -> Response<Body> {
    let (status, id) = (respond::status_of(error.kind), account.context.id().to_owned());
    if status.is_server_error() {
        let (request, plugin, kind) = (&account.request, guest.name(), format!("{:?}", error.kind));
        tracing::error!(id, request, plugin, kind, error = error.message, "request failed");
    }
    let message = respond::message_of(error, &id);
    let rendered = guest.render_error(incoming, status.as_u16(), &message);
    let (mut headers, body) = match rendered {
        Some(Answer { headers, content: AnswerContent::Full(bytes), .. }) => (headers, shared(bytes)),
        _ => respond::json_error(&message, &id),
    };
    headers.extend(respond::retry_after(status));
    respond::whole(Whole { status, headers, body, range: None }, incoming.method == "HEAD", account)
}

fn own_page(page: built_in::Page, head: bool, account: Account) -> Response<Body> {
    let mut headers = vec![("content-type".to_owned(), page.media_type.to_owned())];
    headers.extend(page.link.map(|link| ("link".to_owned(), link)));
    respond::whole(Whole { status: StatusCode::OK, headers, body: page.body, range: None }, head, account)
}

fn plain_error(error: &Error, head: bool, account: Account) -> Response<Body> {
    let (status, id) = (respond::status_of(error.kind), account.context.id().to_owned());
    let (mut headers, body) = respond::json_error(&respond::message_of(error, &id), &id);
    headers.extend(respond::retry_after(status));
    respond::whole(Whole { status, headers, body, range: None }, head, account)
}
