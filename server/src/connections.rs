//! Connections: accepted, served over HTTP/1.1 or cleartext HTTP/2, and drained when the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use weir_datasets::mapped;

use crate::exchange::Site;
use crate::lane::{End, Lane};
use crate::public::Peer;
use crate::request_line::Mending;

/// A client must send its first bytes within this time.
const FIRST_TIME: Duration = Duration::from_secs(10);

/// A client must send the headers of its next request within this time; a kept-alive connection may be idle as long.
pub const HEADER_TIME: Duration = Duration::from_secs(75);

/// What a client sent before the server was told to stop takes no longer than this to come.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// What is read of a head, and held of a response, for one connection at most.
pub const MOST_BUFFER: usize = 64 << 10;

/// How long pages of files stay mapped.
const MAPPED_TIME: Duration = Duration::from_secs(1);

/// What connections share.
struct Serving {
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    stopping: watch::Sender<bool>,
    site: Arc<Site>,
}

/// Serves until `stop` resolves; then says so for as long as `delay` while it goes on, and lets responses under way take as long as
/// `drain`.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    (stop, delay, drain): (impl Future<Output = ()>, Duration, Duration),
) {
    let stopping_site = Arc::clone(&site);
    let stop = async move {
        stop.await;
        stopping_site.stop();
        tokio::time::sleep(delay).await;
    };
    let (stopping, _) = watch::channel(false);
    let serving = Serving { builder: builder(), graceful: GracefulShutdown::new(), stopping, site };
    let releasing = tokio::spawn(release_mapped());
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => serving.spawn(stream, Peer(peer)),
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
    releasing.abort();
    serving.site.stop_waiting();
    serving.stopping.send_replace(true);
    tracing::info!("stopping: responses under way are finished first");
    if tokio::time::timeout(drain, serving.graceful.shutdown()).await.is_err() {
        tracing::error!("some responses were not finished in time and are broken off");
    }
}

/// Takes back, once a second, what was mapped of files to be sent.
async fn release_mapped() {
    let mut seconds = tokio::time::interval(MAPPED_TIME);
    loop {
        seconds.tick().await;
        // To take back much takes long.
        if mapped::is_any() && tokio::task::spawn_blocking(mapped::release).await.is_err() {
            return;
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(MOST_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(FIRST_TIME)
        .max_concurrent_streams(100)
        .max_header_list_size(64 << 10);
    builder
}

impl Serving {
    fn spawn(&self, stream: TcpStream, peer: Peer) {
        // Without this a small response waits for the client's delayed acknowledgement: 40 ms and more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (builder, watcher) = (self.builder.clone(), self.graceful.watcher());
        let (site, stopping) = (Arc::clone(&self.site), self.stopping.subscribe());
        let open = site.metrics().connected();
        tokio::spawn(async move {
            let _open = open;
            if !says_something(&stream, stopping.clone()).await {
                return;
            }
            match Lane::new((stream, peer), Arc::clone(&site), stopping).drive().await {
                Ok(End::Closed) => {}
                Ok(End::Foreign(stream, read)) => {
                    hand_over(&builder, (stream, peer, &read), (site, watcher)).await;
                }
                Err(error) => tracing::debug!(%error, "connection ended"),
            }
        });
    }
}

/// Whether a new client says something in time. Which version of HTTP is spoken shows in the first bytes; until they come no other
/// limit of time holds. What a client sent that was let in before the server was told to stop is on its way.
async fn says_something(stream: &TcpStream, mut stopping: watch::Receiver<bool>) -> bool {
    let stops = async {
        let _told_or_gone = stopping.wait_for(|stops| *stops).await.is_ok();
        tokio::time::sleep(ON_ITS_WAY).await;
    };
    tokio::select! {
        first = tokio::time::timeout(FIRST_TIME, stream.readable()) => first.is_ok(),
        () = stops => false,
    }
}

/// Leaves a connection, of which these bytes were read, to hyper.
async fn hand_over(
    builder: &Builder<TokioExecutor>,
    (stream, peer, read): (TcpStream, Peer, &[u8]),
    (site, watcher): (Arc<Site>, Watcher),
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        let site = Arc::clone(&site);
        request.extensions_mut().insert(peer);
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let stream = TokioIo::new(Mending::behind(read, stream));
    let connection = builder.serve_connection(stream, service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(error = error.to_string(), "connection ended");
    }
}
