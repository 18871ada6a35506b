//! From a plugin's answer to a response: conditions, codings, byte ranges, and what is kept.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use weir_config::Compression;
use weir_datasets::Run;
use weir_plugin_api::Error;
use weir_plugin_api::guest::{Answer, AnswerContent, GuestBody};

use crate::coding::{Coding, Worth};
use crate::conditional::{self, Validators};
use crate::encoder;
use crate::kept::{Kept, KeptResponses, KeptRun, MOST_BODY};
use crate::parts::{self, Part};
use crate::pieces::{Encoded, Pieces};
use crate::respond::{self, Whole};
use crate::services::LentRun;
use crate::stream::{Account, Body, shared};

/// What a request asks of a response, beside its content.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Whether the body is left out.
    pub head: bool,
    none_match: Option<String>,
    modified_since: Option<SystemTime>,
    range: Option<String>,
    if_range: Option<String>,
    coding: Option<Coding>,
}

impl Asked {
    /// Reads a request's headers.
    pub fn of(request: &Parts, compression: Compression) -> Self {
        let text = |name: HeaderName| {
            let lines = request.headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
            // Several lines are one list (RFC 9110, section 5.3).
            lines.map(str::to_owned).reduce(|list, line| list + ", " + &line)
        };
        let reads = request.method == Method::GET || request.method == Method::HEAD;
        // Over HTTP/1.0, a body without a length that breaks off would look as if it had ended.
        let is_framed = request.version >= Version::HTTP_11;
        let coding = || Coding::asked(&request.headers);
        Self {
            head: request.method == Method::HEAD,
            none_match: text(header::IF_NONE_MATCH),
            modified_since: text(header::IF_MODIFIED_SINCE)
                .filter(|_| reads)
                .and_then(|date| httpdate::parse_http_date(&date).ok()),
            range: text(header::RANGE),
            if_range: text(header::IF_RANGE),
            coding: (reads && is_framed && compression == Compression::Fast).then(coding).flatten(),
        }
    }

    /// The range that is asked for. One of another version than the client has is no use to it (RFC 9110, section 13.1.5).
    fn range_of(&self, validators: Option<&Validators>) -> Option<&str> {
        let tag = validators.map_or("", |validators| &validators.tag);
        let other_version = self.if_range.as_deref().is_some_and(|wanted| wanted != tag);
        self.range.as_deref().filter(|_| !other_version)
    }

    /// The tag by which the client knows the response, if it does.
    pub fn known(&self, validators: &Validators) -> Option<String> {
        conditional::known(self.none_match.as_deref()?, &validators.tag)
    }

    /// Whether the client has the response by its date, if it would get one. A tag counts more than a date.
    pub fn is_unmodified(&self, validators: &Validators) -> bool {
        let Some(since) = self.modified_since.filter(|_| self.none_match.is_none()) else { return false };
        validators.times.is_some_and(|times| conditional::is_unmodified(times, since, SystemTime::now()))
    }
}

/// An answer, what of its body is sent, and its first piece where it is pulled.
pub struct Begun {
    answer: Answer,
    part: Part,
    first: Option<Bytes>,
}

/// Chooses the part of a body that is asked for and pulls its first piece, while an error can still become a status.
///
/// # Errors
/// The plugin's, and where a body ends before its first byte.
pub fn begun(mut answer: Answer, (asked, validators): (&Asked, Option<&Validators>)) -> Result<Begun, Error> {
    let part = parts::choose(&mut answer, asked.range_of(validators), asked.head)?;
    let first = match &mut answer.content {
        AnswerContent::Stream { length, body } if !asked.head && !matches!(part, Part::Outside(_)) => {
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
    Ok(Begun { answer, part, first })
}

/// Sends an answer. `validators` are those of the data, where the answer depends on nothing else.
///
/// # Errors
/// Where the body's beginning cannot be compressed; nothing has been sent then.
pub fn send(
    Begun { answer, part, first }: Begun,
    (asked, validators): (&Asked, Option<&Validators>),
    (kept, mut account): (&KeptResponses, Account),
) -> Result<Response<Body>, (Error, Account)> {
    let Answer { status, stable, ranges, compressible, costly, mut headers, content, .. } = answer;
    keep_time(&mut headers, stable, (validators, kept));
    let worth = worth(&mut headers, (status, ranges), compressible);
    let (length, source) = match content {
        AnswerContent::Full(bytes) => {
            let run = LentRun::behind(&account.context, &bytes);
            let whole = Arc::new(Kept { status, headers, ranges, worth, costly, body: shared(bytes) });
            if let Some(validators) = validators.filter(|_| !asked.head) {
                kept.keep(&validators.tag, &whole);
                keep_run(&whole, run, (validators, kept));
            }
            return send_whole(&whole, (asked, validators), (kept, account));
        }
        AnswerContent::Stream { length, body } => (length, body),
    };
    let status = part.status(status);
    account.status = status;
    let coding = worth.coding(asked.coding, length);
    announce(&mut headers, validators, (worth, coding));
    headers.extend(part.headers());
    if let Part::Outside(_) = part {
        return Ok(respond::with_body(status, &headers, Some(0), Body::full(Bytes::new(), account)));
    }
    if asked.head {
        let length = length.filter(|_| coding.is_none());
        return Ok(respond::with_body(status, &headers, length, Body::full(Bytes::new(), account)));
    }
    let Some(coding) = coding else {
        let body = Body::pulled(first, Pieces::Plain(source), length, account);
        return Ok(respond::with_body(status, &headers, length, body));
    };
    match Encoded::pulled((first, source), length, (worth, coding)) {
        Ok(encoded) => send_encoded(encoded, (status, &headers), account),
        Err(error) => Err((error, account)),
    }
}

/// What is kept of a whole body as it would be sent, as it is or compressed before, and the tag under which it is.
pub fn coded(
    whole: &Arc<Kept>,
    (asked, validators): (&Asked, &Validators),
    kept: &KeptResponses,
) -> Option<(String, Arc<Kept>)> {
    match whole.worth.coding(asked.coding, Some(whole.body.len() as u64)) {
        None => Some((validators.tag.clone(), Arc::clone(whole))),
        Some(coding) => {
            let tag = coding.tag(&validators.tag);
            kept.get(&tag).map(|coded| (tag, coded))
        }
    }
}

/// Sends a whole body.
///
/// # Errors
/// As [`send`].
pub fn send_whole(
    whole: &Arc<Kept>,
    (asked, validators): (&Asked, Option<&Validators>),
    (kept, mut account): (&KeptResponses, Account),
) -> Result<Response<Body>, (Error, Account)> {
    let coding = whole.worth.coding(asked.coding, Some(whole.body.len() as u64));
    let mut headers = whole.headers.clone();
    announce(&mut headers, validators, (whole.worth, coding));
    let Some(coding) = coding else {
        return Ok(send_plain(whole, headers, (asked, validators), account));
    };
    account.status = whole.status;
    if whole.body.len() > MOST_BODY {
        if asked.head {
            return Ok(respond::with_body(whole.status, &headers, None, Body::full(Bytes::new(), account)));
        }
        return match Encoded::whole(whole.body.clone(), whole.worth, coding) {
            Ok(encoded) => send_encoded(encoded, (whole.status, &headers), account),
            Err(error) => Err((error, account)),
        };
    }
    let key = validators.map(|validators| coding.tag(&validators.tag));
    let body = match key.as_ref().and_then(|key| kept.get(key)) {
        Some(encoded) => encoded.body.clone(),
        None => match encoder::whole(coding, whole.worth, &whole.body) {
            Ok(bytes) => {
                // Only its body is looked at: all else stands with the one that is not compressed.
                let (status, body) = (whole.status, Bytes::from(bytes));
                let costly = whole.costly;
                let encoded =
                    Kept { status, headers: vec![], ranges: false, worth: Worth::Nothing, costly, body };
                let encoded = Arc::new(encoded);
                if let Some(key) = key {
                    kept.keep(&key, &encoded);
                }
                encoded.body.clone()
            }
            Err(error) => return Err((error, account)),
        },
    };
    let status = StatusCode::from_u16(whole.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(respond::whole(Whole { status, headers, body, range: None }, asked.head, account))
}

/// What caches may do with a stable response, if the plugin says so: of data that nobody can say is still the same, they must keep
/// nothing without asking. It is remembered, because "not modified" must say the same.
fn keep_time(
    headers: &mut [(String, String)],
    stable: bool,
    (validators, kept): (Option<&Validators>, &KeptResponses),
) {
    let is_own = |(name, _): &(String, String)| name.eq_ignore_ascii_case(header::CACHE_CONTROL.as_str());
    let Some((_, value)) = headers.iter_mut().find(|header| is_own(header)).filter(|_| stable) else {
        return;
    };
    match validators {
        Some(validators) => kept.remember_time(&validators.tag, value),
        None => respond::CACHE_CONTROL.clone_into(value),
    }
}

/// Keeps where a body is stored that is sent as it is, unless it is so small that it is kept itself.
fn keep_run(whole: &Kept, run: Option<Run>, (validators, kept): (&Validators, &KeptResponses)) {
    let is_plain = whole.status == 200 && whole.ranges && whole.worth == Worth::Nothing;
    let is_plain = is_plain && whole.body.len() > MOST_BODY;
    if let Some(run) = run.filter(|_| is_plain).and_then(|run| KeptRun::of(&run, &whole.headers)) {
        kept.keep_run(&validators.tag, run);
    }
}

fn send_plain(
    whole: &Kept,
    headers: Vec<(String, String)>,
    (asked, validators): (&Asked, Option<&Validators>),
    account: Account,
) -> Response<Body> {
    let range = asked.range_of(validators).map(str::to_owned);
    let body = Whole {
        status: StatusCode::from_u16(whole.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body: whole.body.clone(),
        range: (whole.ranges && whole.status == 200).then_some(range),
    };
    respond::whole(body, asked.head, account)
}

/// Sends a body that is compressed while it is sent; its beginning is compressed here, on the thread of the plugin's answer.
fn send_encoded(
    encoded: Encoded,
    (status, headers): (u16, &[(String, String)]),
    account: Account,
) -> Result<Response<Body>, (Error, Account)> {
    let mut pieces = Pieces::Encoded(Box::new(encoded));
    match pieces.pull() {
        Ok(first) => {
            Ok(respond::with_body(status, headers, None, Body::pulled(first, pieces, None, account)))
        }
        Err(error) => Err((error, account)),
    }
}

/// What compressing a response is worth. Takes out the header that only says that it is not to be done.
fn worth(headers: &mut Vec<(String, String)>, (status, ranges): (u16, bool), compressible: bool) -> Worth {
    let value = |headers: &[(String, String)], wanted: HeaderName| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_str()));
        found.map(|(_, value)| value.clone())
    };
    let encoding = value(headers, header::CONTENT_ENCODING);
    if encoding.as_deref() == Some("identity") {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header::CONTENT_ENCODING.as_str()));
    }
    if encoding.is_some() || ranges || status != 200 {
        return Worth::Nothing;
    }
    match Worth::of(&value(headers, header::CONTENT_TYPE).unwrap_or_default()) {
        Worth::Nothing if compressible => Worth::Numbers,
        worth => worth,
    }
}

/// Adds the headers that caches and decoders go by.
fn announce(
    headers: &mut Vec<(String, String)>,
    validators: Option<&Validators>,
    (worth, coding): (Worth, Option<Coding>),
) {
    let own = header::CACHE_CONTROL;
    let has_own_time = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(own.as_str()));
    let mut add = |name: HeaderName, value: String| headers.push((name.as_str().to_owned(), value));
    if let Some(validators) = validators {
        let tag = coding.map_or_else(|| validators.tag.clone(), |coding| coding.tag(&validators.tag));
        add(header::ETAG, tag);
        if !has_own_time {
            add(header::CACHE_CONTROL, respond::CACHE_CONTROL.to_owned());
        }
        if let Some(date) = validators.last_modified(SystemTime::now()) {
            add(header::LAST_MODIFIED, httpdate::fmt_http_date(date));
        }
    }
    if let Some(coding) = coding {
        add(header::CONTENT_ENCODING, coding.name().to_owned());
    }
    if worth != Worth::Nothing {
        let own = headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(header::VARY.as_str()));
        match own {
            Some((_, value)) => *value = format!("{value}, {}", respond::VARY),
            None => headers.push((header::VARY.as_str().to_owned(), respond::VARY.to_owned())),
        }
    }
}
