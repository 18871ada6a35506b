//! What a site holds: the datasets at and below its paths, and those of its configuration, found while somebody may watch.

use std::error::Error;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weir_config::Config;
use weir_datasets::index::Index;
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Catalog, Opener};

use crate::{configured, reach};

/// How often progress is logged where nobody watches.
pub const LOGGED_EVERY: Duration = Duration::from_secs(5);

/// Where progress is drawn: nowhere, where nobody watches.
pub fn target() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// Finds the datasets, which are read within `memory`, and of which is kept in `index` what is learnt.
///
/// # Errors
/// A path that cannot be scanned, an id that is taken, a rule that cannot be understood.
pub fn find(
    paths: &[PathBuf],
    config: &Config,
    (memory, index): (Arc<Memory>, Option<Arc<Index>>),
) -> Result<Catalog, Box<dyn Error>> {
    let rules = reach::rules(paths, config, &|name| std::env::var(name).ok())?;
    let mut opener = Opener::new(Access::new(rules)?, memory);
    if let Some(index) = index {
        opener = opener.with_index(index);
    }
    let bar = ProgressBar::with_draw_target(None, target());
    bar.set_style(ProgressStyle::with_template("{spinner} {pos} files found")?);
    let mut logged = Instant::now();
    let mut progress = |found: usize| {
        bar.set_position(found as u64);
        if bar.is_hidden() && logged.elapsed() >= LOGGED_EVERY {
            logged = Instant::now();
            tracing::info!(files = found, "looking for data files");
        }
    };
    let all = [paths, configured::data(config).as_slice()].concat();
    let mut catalog = Catalog::scan(&all, Arc::new(opener), &mut progress)?;
    configured::add(config, &mut catalog)?;
    bar.finish_and_clear();
    Ok(catalog)
}
