//! `weir serve`: from arguments to a running server.

use std::error::Error;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use weir_config::Config;
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Catalog, Opener};
use weir_plugin_api::lent::Services;

use crate::arguments::Serve;
use crate::configured;
use crate::exchange::{CALLS, Site};
use crate::plugins::Plugins;
use crate::services::SiteServices;
use crate::settings::Settings;
use crate::{banner, connections, index_file, logging, reach};

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever keeps the server from starting.
pub fn run(serve: &Serve) -> Result<(), Box<dyn Error>> {
    logging::start(serve.log_format);
    let config = serve.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    let settings = Settings::of(serve, &config)?;
    let catalog = scan(serve, &config, &settings)?;
    let services = Arc::new(SiteServices::new(catalog, settings.max_response, settings.memory_wait));
    let lent: Arc<dyn Services> = services.clone();
    let plugins = Plugins::start(&lent, serve.plugins.as_deref(), serve.no_builtin_plugins)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("weir")
        .max_blocking_threads(CALLS.saturating_mul(2))
        .build()?;
    let learnt = services.catalog().opener().index().cloned();
    let result = runtime.block_on(listen(&settings, services, plugins));
    // Blocking work that nobody waits for any more must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(index) = learnt {
        index.finish();
    }
    result
}

/// Finds the datasets, with a progress bar where somebody watches.
fn scan(serve: &Serve, config: &Config, settings: &Settings) -> Result<Catalog, Box<dyn Error>> {
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} files found")?);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let paths = [serve.paths.clone(), configured::data(config)].concat();
    let rules = reach::rules(&serve.paths, config, &|name| std::env::var(name).ok())?;
    let mut opener = Opener::new(Access::new(rules)?, Memory::new(settings.memory_budget));
    if let Some(index) = index_file::for_serving(serve, config) {
        opener = opener.with_index(index);
    }
    let mut catalog = Catalog::scan(&paths, Arc::new(opener), &mut |found| bar.set_position(found as u64))?;
    configured::add(config, &mut catalog)?;
    bar.finish_and_clear();
    Ok(catalog)
}

async fn listen(
    settings: &Settings,
    services: Arc<SiteServices>,
    plugins: Plugins,
) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener
        .map_err(|e| format!("cannot listen on {}: {e}; choose another with --listen", settings.listen))?;
    let own = format!("http://{}", listener.local_addr()?);
    let base_url = settings.public_url.clone().unwrap_or(own);
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
