//! One request on a connection that is hyper's for as long as that takes.
//!
//! Hyper sees this one request and nothing behind it; once its response was given to the connection, hyper has nothing left of
//! either, and the connection is taken back.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Turned;
use crate::connections::MOST_BUFFER;
use crate::exchange::Site;
use crate::public::Peer;
use crate::stream::Body;

/// What is read ahead of the next requests while one is answered.
const MOST_AHEAD: usize = 8 << 10;

/// How far a turn is.
#[derive(Debug, Default)]
struct Progress {
    /// The response's body is over: all of it was given to hyper.
    given: AtomicBool,
    /// And by hyper to the connection.
    sent: AtomicBool,
}

/// Lets hyper answer the request with this head; what came behind it meanwhile is added to `ahead`.
pub async fn take(
    (stream, head, ahead): (&mut TcpStream, &[u8], &mut Vec<u8>),
    (site, peer): (&Arc<Site>, Peer),
    stopping: &mut watch::Receiver<bool>,
) -> Result<Turned, hyper::Error> {
    let progress = Arc::<Progress>::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (site, progress) = (Arc::clone(site), Arc::clone(&progress));
        async move {
            let response = site.answer(request).await;
            Ok::<_, Infallible>(response.map(|body| Watched { body, _given: Given(progress) }))
        }
    });
    let lent = Lent { stream, head, ahead, progress: Arc::clone(&progress) };
    let mut builder = Builder::new();
    let connection = builder.max_buf_size(MOST_BUFFER).serve_connection(TokioIo::new(lent), service);
    let mut connection = std::pin::pin!(connection);
    let mut stopped = std::pin::pin!(stopping.changed());
    let mut is_last = false;
    std::future::poll_fn(|context| {
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            return Poll::Ready(ended.map(|()| Turned::Closed));
        }
        // Behind that: hyper would close a connection of which it has seen nothing yet.
        if !is_last && stopped.as_mut().poll(context).is_ready() {
            is_last = true;
            connection.as_mut().graceful_shutdown();
            context.waker().wake_by_ref();
        }
        let is_back = !is_last && progress.sent.load(Ordering::Relaxed);
        if is_back { Poll::Ready(Ok(Turned::Back)) } else { Poll::Pending }
    })
    .await
}

/// A body that tells when it is over.
struct Watched {
    body: Body,
    _given: Given,
}

struct Given(Arc<Progress>);

impl Drop for Given {
    fn drop(&mut self) {
        self.0.given.store(true, Ordering::Relaxed);
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The connection as hyper sees it.
struct Lent<'c> {
    stream: &'c mut TcpStream,
    head: &'c [u8],
    ahead: &'c mut Vec<u8>,
    progress: Arc<Progress>,
}

impl AsyncRead for Lent<'_> {
    /// The head, and then nothing but the connection's end.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, head, ahead, .. } = &mut *self;
        if !head.is_empty() {
            let (now, later) = head.split_at_checked(out.remaining()).unwrap_or((head, &[]));
            out.put_slice(now);
            *head = later;
            return Poll::Ready(Ok(()));
        }
        while ahead.len() < MOST_AHEAD {
            let mut room = [0; 1 << 10];
            let mut read = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut **stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            ahead.extend_from_slice(read.filled());
        }
        // Whoever sends so much ahead is not looked after before the response is there: that wakes, too.
        Poll::Pending
    }
}

impl AsyncWrite for Lent<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Hyper flushes what it wrote when nothing of that is left with it.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut *self.stream).poll_flush(context))?;
        if self.progress.given.load(Ordering::Relaxed) {
            self.progress.sent.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(context)
    }
}
