//! Bodies on their way to the client: whole, or pulled from a plugin.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;
use weir_plugin_api::lent::RequestContext;
use weir_plugin_api::{Error, ErrorKind};

use crate::metrics::Counted;
use crate::pieces::{Pieces, within};

/// A response's body.
pub struct Body {
    content: Content,
    account: Account,
}

enum Content {
    Full(Option<Bytes>),
    Pulled { state: Pull, left: Option<u64> },
}

/// One piece is pulled ahead, on a blocking thread that is given back after each: a slow client holds no thread.
enum Pull {
    Ready(Bytes, Pieces),
    Running(JoinHandle<Pulled>),
    Ended,
}

type Pulled = Result<Option<(Bytes, Pieces)>, Error>;

/// What the access log says when the body ends, however it ends.
pub struct Account {
    /// The request's context: cancelled when the client goes.
    pub context: Arc<RequestContext>,
    /// `GET /path?query`.
    pub request: String,
    /// The status that was sent.
    pub status: u16,
    /// When the request came.
    pub since: Instant,
    /// How it is counted.
    pub counted: Box<Counted>,
    /// Bytes given to the connection.
    pub sent: u64,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Account {
    /// Counts a whole body as sent.
    pub fn count(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
        self.complete = true;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.context.cancel();
        let Self { request, status, since, sent, complete, .. } = self;
        let (id, took) = (self.context.id(), since.elapsed());
        self.counted.tally.count(*status, *sent, took);
        let ms = took.as_micros() as f64 / 1000.0;
        tracing::info!(target: "access", id, request, status, bytes = sent, ms, complete, "served");
    }
}

/// Turns bytes of either side of the plugin boundary into hyper's, without a copy.
pub fn shared(bytes: weir_plugin_api::Bytes) -> Bytes {
    Bytes::from_owner(bytes)
}

impl Body {
    /// The id of the request that this body answers.
    pub fn request_id(&self) -> &str {
        self.account.context.id()
    }

    /// A whole body.
    pub fn full(bytes: Bytes, mut account: Account) -> Self {
        account.complete = bytes.is_empty();
        Self { content: Content::Full(Some(bytes)), account }
    }

    /// All of the body, where it is whole.
    pub fn take_whole(&mut self) -> Option<Bytes> {
        let Content::Full(bytes) = &mut self.content else { return None };
        let bytes = bytes.take().unwrap_or_default();
        self.account.count(bytes.len());
        Some(bytes)
    }

    /// A body that goes on after `first`, and has `length` bytes in all where that is known.
    pub fn pulled(first: Option<Bytes>, body: Pieces, length: Option<u64>, account: Account) -> Self {
        let state = first.map_or(Pull::Ended, |first| Pull::Ready(first, body));
        Self { content: Content::Pulled { state, left: length }, account }
    }
}

/// Pulls the next piece on a blocking thread; a body that is over ends there too, because plugin code runs for that.
fn pull(mut body: Pieces) -> Pull {
    Pull::Running(tokio::task::spawn_blocking(move || Ok(body.pull()?.map(|piece| (piece, body)))))
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Content::Pulled { state: state @ Pull::Ready(..), .. } = &mut self.content
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let left = std::mem::replace(state, Pull::Ended);
            runtime.spawn_blocking(move || drop(left));
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Self { content, account } = &mut *self;
        let piece = match content {
            Content::Full(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
            Content::Pulled { state, left } => {
                match ready!(next(state, context)).and_then(|p| within(left, p)) {
                    Ok(piece) => piece,
                    Err(error) => return Poll::Ready(Some(Err(broken_off(account, &error)))),
                }
            }
        };
        match piece {
            Some(piece) => {
                account.sent = account.sent.saturating_add(piece.len() as u64);
                account.complete =
                    matches!(content, Content::Full(_) | Content::Pulled { left: Some(0), .. });
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            None => {
                account.complete = true;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Pulled { state, left } => matches!(state, Pull::Ended) && left.unwrap_or(0) == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Content::Pulled { left: Some(left), .. } => SizeHint::with_exact(*left),
            Content::Pulled { left: None, .. } => SizeHint::default(),
        }
    }
}

fn next(state: &mut Pull, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
    loop {
        match std::mem::replace(state, Pull::Ended) {
            Pull::Ended => return Poll::Ready(Ok(None)),
            Pull::Ready(piece, body) => {
                *state = pull(body);
                return Poll::Ready(Ok(Some(piece)));
            }
            Pull::Running(mut running) => {
                let Poll::Ready(done) = Pin::new(&mut running).poll(context) else {
                    *state = Pull::Running(running);
                    return Poll::Pending;
                };
                match done {
                    Ok(Ok(Some((piece, body)))) => *state = Pull::Ready(piece, body),
                    Ok(Ok(None)) => {}
                    Ok(Err(error)) => return Poll::Ready(Err(error)),
                    Err(join) => return Poll::Ready(Err(Error::internal(join.to_string()))),
                }
            }
        }
    }
}

/// After the status line only breaking off is left: the connection ends without the mark of a complete body.
pub fn broken_off(account: &mut Account, error: &Error) -> io::Error {
    match error.kind {
        ErrorKind::Cancelled => tracing::debug!(id = account.context.id(), "body cancelled"),
        _ => {
            account.counted.broken_off.inc();
            let (id, request) = (account.context.id(), &account.request);
            tracing::error!(id, request, error = error.message, "body broken off");
        }
    }
    io::Error::other(error.message.clone())
}
