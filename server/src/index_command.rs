//! `weir index PATH...`: learns all about data files ahead, and says how it went.

use std::error::Error;
use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use weir_datasets::Catalog;
use weir_datasets::catalog::Skipped;
use weir_datasets::index::build::{self, Depth, Failure, Progress};
use weir_datasets::memory_budget::{DEFAULT_BUDGET, Memory, Share};

use crate::arguments::{Index, LogFormat};
use crate::holdings::{Holdings, LOGGED_EVERY};
use crate::{configuration, holdings, index_file, logging};

/// How often progress is shown to somebody who watches.
const SHOWN_EVERY: Duration = Duration::from_millis(100);

/// Indexes files, and prints a summary.
///
/// # Errors
/// Where the index cannot be had, where a path cannot be scanned, and where a file that was named itself could not be indexed
/// as a whole.
pub fn run(arguments: &Index) -> Result<(), Box<dyn Error>> {
    let since = Instant::now();
    logging::start(LogFormat::Human);
    let config = configuration::read(arguments.config.as_deref())?;
    let budget = config.server.memory_budget.map_or(DEFAULT_BUDGET, |size| size.0);
    let memory = Memory::new(budget);
    let index = index_file::open(arguments.file.as_deref(), &config, memory.share(Share::Index))?;
    let catalog = Holdings::new(&arguments.paths, &config, (memory, Some(index)))?.find()?;
    let depth = if arguments.verify { Depth::Values } else { Depth::Locations };
    let progress = Progress::default();
    let failures = self::index(&catalog, depth, &progress)?;
    let summary = Summary { progress: &progress, failures: &failures, skipped: catalog.skipped() };
    std::io::stdout().write_all(summary.text(since.elapsed()).as_bytes())?;
    match failures.iter().filter(|failure| failure.is_named).count() {
        0 => Ok(()),
        named => Err(format!("{named} of the named files could not be indexed as a whole").into()),
    }
}

/// Indexes a catalog's files, and shows how far it is.
fn index(catalog: &Catalog, depth: Depth, progress: &Progress) -> Result<Vec<Failure>, Box<dyn Error>> {
    let bar = ProgressBar::with_draw_target(Some(catalog.len() as u64), holdings::target());
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} files, {msg} chunks, {eta} left")?);
    let (working, ended) = channel();
    let failures = thread::scope(|scope| {
        let bar = &bar;
        scope.spawn(move || watch(bar, progress, &ended));
        let failures = build::build(catalog, depth, progress);
        // The watcher ends when nobody works any more.
        drop(working);
        failures
    });
    bar.finish_and_clear();
    Ok(failures?)
}

/// Shows progress until the other end is dropped.
fn watch(bar: &ProgressBar, progress: &Progress, ended: &Receiver<()>) {
    let mut logged = Instant::now();
    while ended.recv_timeout(SHOWN_EVERY) == Err(RecvTimeoutError::Timeout) {
        bar.set_message(progress.chunks().to_string());
        bar.set_position(progress.files());
        if bar.is_hidden() && logged.elapsed() >= LOGGED_EVERY {
            logged = Instant::now();
            tracing::info!(
                files = progress.files(),
                of = bar.length(),
                chunks = progress.chunks(),
                "indexing"
            );
        }
    }
}

/// How it went.
struct Summary<'a> {
    progress: &'a Progress,
    failures: &'a [Failure],
    skipped: &'a [Skipped],
}

impl Summary<'_> {
    fn text(&self, took: Duration) -> String {
        let Self { progress, failures, skipped } = self;
        let failed = failures.iter().map(|failure| (&failure.id, &failure.reason));
        let failed = failed.chain(skipped.iter().map(|skipped| (&skipped.path, &skipped.reason)));
        let lines: String = failed.map(|(path, reason)| format!("failed: {path}: {reason}\n")).collect();
        let (files, chunks) = (progress.files(), progress.chunks());
        let (count, seconds) = (failures.len().saturating_add(skipped.len()), took.as_secs_f64());
        format!("{lines}{files} files with {chunks} chunks indexed in {seconds:.1} s; {count} failed\n")
    }
}
