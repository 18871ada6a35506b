//! `weir serve`: from arguments to a running server.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use listenfd::ListenFd;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use weir_config::Config;
use weir_datasets::buffers::keep_idle;
use weir_datasets::memory_budget::{Memory, Share};
use weir_plugin_api::lent::Services;

use crate::arguments::Serve;
use crate::exchange::{CALLS, Site};
use crate::holdings::Holdings;
use crate::plugins::Plugins;
use crate::public::Public;
use crate::services::SiteServices;
use crate::settings::Settings;
use crate::{banner, configuration, connections, index_file, logging, watch};

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps the server from starting.
pub fn run(serve: &Serve) -> Result<(), Box<dyn Error>> {
    logging::start(serve.log_format);
    let config = configuration::read(serve.config.as_deref())?;
    let settings = Settings::of(serve, &config)?;
    if let Some(file) = &serve.save_config {
        return configuration::save(file, serve, &settings);
    }
    let Prepared { holdings, services, plugins } = prepare(serve, &config, &settings)?;
    let roots = holdings.roots();
    watch::start(holdings, Arc::clone(&services), settings.rescan)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("weir")
        .max_blocking_threads(CALLS.saturating_mul(2))
        .build()?;
    let learnt = services.catalog().opener().index().cloned();
    let result = runtime.block_on(listen(&settings, (services, roots), plugins));
    // Blocking work that nobody waits for any more must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(index) = learnt {
        index.finish();
    }
    result
}

/// A server that knows its datasets and has its plugins, but does not listen.
pub(crate) struct Prepared {
    /// Where datasets are looked for.
    pub(crate) holdings: Holdings,
    /// What plugins get from the server.
    pub(crate) services: Arc<SiteServices>,
    /// The plugins.
    pub(crate) plugins: Plugins,
}

/// Finds the datasets and starts the plugins.
///
/// # Errors
/// Whatever keeps the server from starting.
pub(crate) fn prepare(
    serve: &Serve,
    config: &Config,
    settings: &Settings,
) -> Result<Prepared, Box<dyn Error>> {
    let memory = Memory::new(settings.memory_budget);
    tracing::debug!(deal = %memory.deal(), "memory");
    keep_idle(memory.share(Share::Idle));
    let index = index_file::for_serving(serve, config, memory.share(Share::Index));
    let state_folder = index.as_ref().and_then(|_| index_file::state_folder(serve, config));
    let computing_bytes = memory.share(Share::Computations);
    let holdings = Holdings::new(&serve.paths, config, (memory, index))?;
    let services = Arc::new(SiteServices::new(
        holdings.find()?,
        (settings.max_response, settings.published_datasets),
        settings.memory_wait,
    ));
    let lent: Arc<dyn Services> = services.clone();
    let directory = (serve.plugins.as_deref(), serve.no_builtin_plugins);
    let plugins = Plugins::start(&lent, directory, config)?;
    services.tell(plugins.facts((state_folder, computing_bytes)), plugins.refused.clone());
    let published = services.bind(plugins.serving.iter().map(|plugin| Arc::clone(&plugin.guest)));
    for id in published {
        if let Err(error) = services.dataset(&id) {
            tracing::warn!(id, reason = error.message, "a dataset that a plugin publishes cannot be made");
        }
    }
    Ok(Prepared { holdings, services, plugins })
}

async fn listen(
    settings: &Settings,
    served: (Arc<SiteServices>, Vec<PathBuf>),
    plugins: Plugins,
) -> Result<(), Box<dyn Error>> {
    let listener = listener(settings.listen).await?;
    let own = format!("http://{}", listener.local_addr()?);
    let public = Public::new(settings.public_url.as_deref(), &own, &settings.trusted_proxies);
    let site = Arc::new(Site::new(served, plugins, (public, settings.compression, settings.longest_wait)));
    let stop = stop_signal()?;
    banner::print(&site, &own)?;
    connections::serve(listener, site, (stop, settings.stop_delay, settings.drain)).await;
    Ok(())
}

/// The socket that the service manager passed on (sd_listen_fds(3)), which stays open while one server follows another; without one,
/// a new one.
async fn listener(address: SocketAddr) -> Result<TcpListener, Box<dyn Error>> {
    if let Some(passed) = ListenFd::from_env().take_tcp_listener(0)? {
        passed.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(passed)?);
    }
    let bound = TcpListener::bind(address).await;
    Ok(bound.map_err(|e| format!("cannot listen on {address}: {e}; choose another with --listen"))?)
}

/// Resolves at the first SIGTERM or SIGINT; the second one ends the process at once.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            tracing::error!("told to stop a second time: responses under way are broken off");
            std::process::exit(1);
        });
    })
}
