//! One object of one generation: looked at once, then read in parts, each of which must be of that generation.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{Extensions, GetOptions, GetRange, ObjectMeta, ObjectStore};
use tokio::sync::Semaphore;

use super::answer::{Answer, Last, changed, late};
use super::rules::Patience;
use crate::{Error, ErrorKind, Generation};

/// An object that may or may not exist, and how to reach it.
#[derive(Clone)]
pub struct Address {
    /// The server.
    pub store: Arc<dyn ObjectStore>,
    /// The key.
    pub path: Path,
    /// What tells it from objects of other servers; part of its generation.
    pub identity: Arc<str>,
    /// How long answers are waited for.
    pub patience: Patience,
    /// How many requests are under way.
    pub permits: Arc<Semaphore>,
}

impl Address {
    /// Looks at the object.
    ///
    /// # Errors
    /// `NotFound` where there is none, `Unsupported` where the server tells nothing that would show a change, `Unavailable`
    /// where it is not known.
    pub async fn look(&self) -> Result<Object, Error> {
        let answer = Answer::default();
        let options = GetOptions { head: true, extensions: carrying(&answer), ..GetOptions::default() };
        let allowed = self.patience.deadline;
        let asked = async {
            let _permit = self.permits.acquire().await;
            tokio::time::timeout(allowed, self.store.get_opts(&self.path, options)).await
        };
        let result = asked.await.map_err(|_unshown| late(&answer, allowed))?;
        let meta = result.map_err(|_unshown| match answer.last() {
            Some(Last::Status(200..=299)) => Error::unsupported(
                "the server does not tell the object's length, or tells it in an unknown way",
            ),
            _ => self.given_up(&answer),
        })?;
        Object::new(self.clone(), meta.meta)
    }

    /// All bytes of the object, in one request; `None` where there is none.
    ///
    /// # Errors
    /// `TooLarge` where there are more than `most`, `Unavailable` where it cannot be read.
    pub async fn whole(&self, most: u64) -> Result<Option<Vec<Bytes>>, Error> {
        let answer = Answer::default();
        let options = GetOptions { extensions: carrying(&answer), ..GetOptions::default() };
        let allowed = self.patience.for_bytes(most);
        let read = async {
            let _permit = self.permits.acquire().await;
            let result =
                self.store.get_opts(&self.path, options).await.map_err(|_unshown| match answer.last() {
                    Some(Last::Status(200..=299)) => {
                        Error::unsupported("the server does not tell the object's length")
                    }
                    _ => self.given_up(&answer),
                })?;
            let length = result.meta.size;
            if length > most {
                let message = format!("the object has {length} bytes, the limit is {most}");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            collect(result, length, &answer).await
        };
        match tokio::time::timeout(allowed, read).await {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(error)) if error.kind == ErrorKind::NotFound => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(late(&answer, allowed)),
        }
    }

    /// The first `most` bytes: all of the object where it has no more, or what it is then. One request does for small
    /// objects, and a server that gives no parts is asked for the whole.
    ///
    /// # Errors
    /// As [`look`](Self::look); `TooLarge` where a server gives no parts of a large object.
    pub async fn begin(&self, most: u64) -> Result<Begun, Error> {
        let answer = Answer::default();
        let range = Some(GetRange::Bounded(0..most));
        let options = GetOptions { range, extensions: carrying(&answer), ..GetOptions::default() };
        let allowed = self.patience.for_bytes(most);
        let read = async {
            let _permit = self.permits.acquire().await;
            let result =
                self.store.get_opts(&self.path, options).await.map_err(|_unshown| self.given_up(&answer))?;
            let meta = result.meta.clone();
            match meta.size <= most {
                true => Ok(Begun::Whole(collect(result, meta.size, &answer).await?)),
                false => Object::new(self.clone(), meta).map(|object| Begun::Large(Box::new(object))),
            }
        };
        let begun = tokio::time::timeout(allowed, read).await.unwrap_or_else(|_| Err(late(&answer, allowed)));
        match (begun, answer.last()) {
            (Err(_), Some(Last::Status(416))) => {
                self.look().await.map(|object| Begun::Large(Box::new(object)))
            }
            (Err(_), Some(Last::Status(200))) => {
                let whole = self.whole(MOST_WHOLE).await?;
                whole.map(Begun::Whole).ok_or_else(|| Error::not_found("there is no such object"))
            }
            (begun, _) => begun,
        }
    }

    /// The error of a request that was given up: some statuses were asked for again until the deadline.
    fn given_up(&self, answer: &Answer) -> Error {
        match answer.last() {
            Some(Last::Status(408 | 429 | 500..=599) | Last::Broken(_)) => {
                late(answer, self.patience.deadline)
            }
            _ => answer.error(),
        }
    }
}

/// A server that gives no parts of objects is asked for whole ones of at most this many bytes.
const MOST_WHOLE: u64 = 64 << 20;

/// What the first bytes of an object are.
pub enum Begun {
    /// The whole object.
    Whole(Vec<Bytes>),
    /// Not all of it; they were left out.
    Large(Box<Object>),
}

/// An object as it was when it was looked at.
#[derive(Clone)]
pub struct Object {
    address: Address,
    meta: ObjectMeta,
}

impl Object {
    fn new(address: Address, meta: ObjectMeta) -> Result<Self, Error> {
        let object = Self { address, meta };
        if object.strong_tag().is_some() {
            return Ok(object);
        }
        // The crate takes the beginning of time for a date that is not told.
        let modified = object.meta.last_modified.timestamp();
        if modified == 0 {
            return Err(Error::unsupported(
                "the server tells neither an entity tag nor a date of change, so that a change would not be seen",
            ));
        }
        // A date counts seconds: within one of them, an object may change and keep its date (RFC 9110, 8.8.2.2).
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
        if i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(modified) <= 1 {
            return Err(Error::unavailable("the object changed a moment ago; ask again in two seconds"));
        }
        Ok(object)
    }

    /// The entity tag, if it stands for these very bytes.
    fn strong_tag(&self) -> Option<&str> {
        self.meta.e_tag.as_deref().filter(|tag| !tag.is_empty() && !tag.starts_with("W/"))
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.meta.size
    }

    /// What it is now.
    pub fn generation(&self) -> Generation {
        let state = match self.strong_tag() {
            Some(tag) => format!("tag {tag}"),
            None => format!("date {} {:?}", self.meta.last_modified.timestamp(), self.meta.e_tag),
        };
        Generation::of_object(&self.address.identity, &state, self.meta.size)
    }

    /// When it was changed, if its server says so.
    pub fn modified(&self) -> Option<SystemTime> {
        let seconds =
            u64::try_from(self.meta.last_modified.timestamp()).ok().filter(|seconds| *seconds > 0)?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }

    /// Reads a part, which is inside.
    ///
    /// # Errors
    /// `Unavailable` where the server does not give it, or the object is not what it was.
    pub async fn part(&self, range: Range<u64>) -> Result<Vec<Bytes>, Error> {
        let answer = Answer::default();
        let length = range.end.saturating_sub(range.start);
        let allowed = self.address.patience.for_bytes(length);
        let _permit = self.address.permits.acquire().await;
        let read = self.pinned_part(range, &answer);
        tokio::time::timeout(allowed, read).await.unwrap_or_else(|_| Err(late(&answer, allowed)))
    }

    async fn pinned_part(&self, range: Range<u64>, answer: &Answer) -> Result<Vec<Bytes>, Error> {
        let length = range.end.saturating_sub(range.start);
        let tag = self.strong_tag().map(str::to_owned);
        let options = GetOptions {
            if_unmodified_since: tag.is_none().then_some(self.meta.last_modified),
            if_match: tag,
            range: Some(GetRange::Bounded(range)),
            extensions: carrying(answer),
            ..GetOptions::default()
        };
        let result = self.address.store.get_opts(&self.address.path, options).await;
        let result = result.map_err(|_unshown| match answer.last() {
            // It was there before.
            Some(Last::Status(404 | 410) | Last::NoBucket) => changed(),
            _ => self.address.given_up(answer),
        })?;
        // Servers may ignore conditions.
        if !self.same(&result.meta) {
            return Err(changed());
        }
        collect(result, length, answer).await
    }

    fn same(&self, now: &ObjectMeta) -> bool {
        let dates = || now.last_modified == self.meta.last_modified;
        now.size == self.meta.size && now.e_tag == self.meta.e_tag && (self.strong_tag().is_some() || dates())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its identity has the whole URL, which may hold a signature.
        f.debug_struct("Object").field("length", &self.meta.size).finish_non_exhaustive()
    }
}

fn carrying(answer: &Answer) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(answer.clone());
    extensions
}

/// Takes a body in, which must have exactly as many bytes as were asked for.
async fn collect(result: object_store::GetResult, length: u64, answer: &Answer) -> Result<Vec<Bytes>, Error> {
    let (mut stream, mut parts, mut got) = (result.into_stream(), Vec::new(), 0_u64);
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_unshown| match answer.last() {
            Some(Last::Status(200 | 206)) => {
                Error::unavailable("the connection broke before all bytes were there")
            }
            Some(Last::Status(404 | 410)) => changed(),
            _ => answer.error(),
        })?;
        got = got.saturating_add(part.len() as u64);
        if got > length {
            break;
        }
        parts.push(part);
    }
    match got == length {
        true => Ok(parts),
        false => {
            Err(Error::unavailable(format!("the server sent {got} bytes or more, and should send {length}")))
        }
    }
}
