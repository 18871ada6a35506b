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

/// Where a site's datasets are found.
pub struct Holdings {
    paths: Vec<PathBuf>,
    config: Config,
    opener: Arc<Opener>,
}

impl Holdings {
    /// Datasets at and below `paths` and of the configuration, which are read within `memory`, and of which is kept in `index`
    /// what is learnt.
    ///
    /// # Errors
    /// A rule of what may be reached that cannot be understood.
    pub fn new(
        paths: &[PathBuf],
        config: &Config,
        (memory, index): (Arc<Memory>, Option<Arc<Index>>),
    ) -> Result<Self, Box<dyn Error>> {
        let rules = reach::rules(paths, config, &|name| std::env::var(name).ok())?;
        let mut opener = Opener::new(Access::new(rules)?, memory);
        if let Some(index) = index {
            opener = opener.with_index(index);
        }
        let paths = [paths, configured::data(config).as_slice()].concat();
        Ok(Self { paths, config: config.clone(), opener: Arc::new(opener) })
    }

    /// The files and folders of this machine that datasets are found at and below.
    #[must_use]
    pub fn roots(&self) -> Vec<PathBuf> {
        let is_url = |path: &&PathBuf| path.to_str().is_some_and(|text| text.contains("://"));
        self.paths.iter().filter(|path| !is_url(path)).cloned().collect()
    }

    /// Finds the datasets while somebody may watch.
    ///
    /// # Errors
    /// A path that cannot be scanned, an id that is taken, a rule that cannot be understood.
    pub fn find(&self) -> Result<Catalog, Box<dyn Error>> {
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
        let catalog = self.scan(&mut progress)?;
        bar.finish_and_clear();
        Ok(catalog)
    }

    /// Finds what there is now.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn find_again(&self) -> Result<Catalog, weir_datasets::Error> {
        self.scan(&mut |_| {})
    }

    fn scan(&self, progress: &mut dyn FnMut(usize)) -> Result<Catalog, weir_datasets::Error> {
        let mut catalog = Catalog::scan(&self.paths, Arc::clone(&self.opener), progress)?;
        configured::add(&self.config, &mut catalog)?;
        Ok(catalog)
    }
}
