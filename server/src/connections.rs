//! Connections: accepted, served over HTTP/1.1 or cleartext HTTP/2, and drained when the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use crate::exchange::Site;
use crate::public::Peer;
use crate::request_line::Mending;

/// A client must send its first bytes within this time.
const FIRST_TIME: Duration = Duration::from_secs(10);

/// A client must send the headers of its next request within this time; a kept-alive connection may be idle as long.
const HEADER_TIME: Duration = Duration::from_secs(75);

/// Responses under way may take this long after the server was told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// Serves until `stop` resolves, then drains.
pub async fn serve(listener: TcpListener, site: Arc<Site>, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let builder = builder();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => spawn(&builder, (stream, Peer(peer)), &graceful, &site),
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come back instead of spinning.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    site.stop_waiting();
    tracing::info!("stopping: responses under way are finished first");
    if tokio::time::timeout(DRAIN_TIME, graceful.shutdown()).await.is_err() {
        tracing::error!("some responses were not finished in time and are broken off");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(FIRST_TIME)
        .max_concurrent_streams(100)
        .max_header_list_size(64 << 10);
    builder
}

fn spawn(
    builder: &Builder<TokioExecutor>,
    (stream, peer): (TcpStream, Peer),
    graceful: &GracefulShutdown,
    site: &Arc<Site>,
) {
    // Without this a small response waits for the client's delayed acknowledgement: 40 ms and more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let site = Arc::clone(site);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let site = Arc::clone(&site);
        request.extensions_mut().insert(peer);
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let (builder, watcher) = (builder.clone(), graceful.watcher());
    tokio::spawn(async move {
        // Which version of HTTP is spoken shows in the first bytes; until they come no other limit of time holds.
        if tokio::time::timeout(FIRST_TIME, stream.readable()).await.is_err() {
            return;
        }
        let connection = builder.serve_connection(TokioIo::new(Mending::new(stream)), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error = error.to_string(), "connection ended");
        }
    });
}
