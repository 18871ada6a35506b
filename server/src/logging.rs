//! Log lines, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::arguments::LogFormat;

/// Starts logging. `WEIR_LOG` chooses what is logged, such as `debug` or `info,access=off`.
pub fn start(format: LogFormat) {
    // Object stores are asked again some dozen times before an error is one.
    let chosen = std::env::var("WEIR_LOG").unwrap_or_else(|_| "info,object_store=warn".to_owned());
    let targets: Targets =
        chosen.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let layer = match format {
        LogFormat::Human => layer.with_target(true).boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    // A second start, as tests do, keeps the first.
    let started = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
    drop(started);
}
