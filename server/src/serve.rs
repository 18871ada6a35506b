//! `weir serve`: from arguments to a running server.

use std::error::Error;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory};
use weir_datasets::{Access, Catalog, Opener};
use weir_plugin_api::lent::Services;

use crate::arguments::Serve;
use crate::exchange::{CALLS, Site};
use crate::plugins::Plugins;
use crate::services::SiteServices;
use crate::{banner, connections, index_file, logging};

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps the server from starting.
pub fn run(serve: &Serve) -> Result<(), Box<dyn Error>> {
    logging::start(serve.log_format);
    let catalog = scan(serve)?;
    let services = Arc::new(SiteServices::new(catalog, serve.max_response));
    let lent: Arc<dyn Services> = services.clone();
    let plugins = Plugins::start(&lent, serve.plugins.as_deref(), serve.no_builtin_plugins)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("weir")
        .max_blocking_threads(CALLS.saturating_mul(2))
        .build()?;
    let result = runtime.block_on(listen(serve, services, plugins));
    // Blocking work that nobody waits for any more must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Finds the datasets, with a progress bar where somebody watches.
fn scan(serve: &Serve) -> Result<Catalog, Box<dyn Error>> {
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} files found")?);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let mut opener = Opener::new(Access::to(&serve.paths), Memory::new(DEFAULT_BUDGET));
    if let Some(index) = index_file::for_serving(serve) {
        opener = opener.with_index(index);
    }
    let catalog = Catalog::scan(&serve.paths, Arc::new(opener), &mut |found| bar.set_position(found as u64))?;
    bar.finish_and_clear();
    Ok(catalog)
}

async fn listen(serve: &Serve, services: Arc<SiteServices>, plugins: Plugins) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(serve.listen).await;
    let listener = listener
        .map_err(|e| format!("cannot listen on {}: {e}; choose another with --listen", serve.listen))?;
    let own = format!("http://{}", listener.local_addr()?);
    let base_url = serve.public_url.clone().unwrap_or(own);
    let site = Arc::new(Site::new(services, plugins, base_url.trim_end_matches('/').to_owned()));
    let stop = stop_signal()?;
    banner::print(&site)?;
    connections::serve(listener, site, stop).await;
    Ok(())
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
