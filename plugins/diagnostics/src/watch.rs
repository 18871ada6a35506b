//! What accompanies a computation: whether it is still wanted, how far it is, and how much memory its cells may take.

use std::sync::atomic::{AtomicU64, Ordering};

use weir_plugin_api::{Error, ErrorKind};

/// How far a computation is, in blocks that it reads.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    planned: AtomicU64,
}

impl Progress {
    /// None done, none planned.
    #[must_use]
    pub const fn new() -> Self {
        Self { done: AtomicU64::new(0), planned: AtomicU64::new(0) }
    }

    /// Plans so many blocks more.
    pub fn plan(&self, blocks: u64) {
        self.planned.fetch_add(blocks, Ordering::Relaxed);
    }

    /// One block is done.
    pub fn step(&self) {
        self.advance(1);
    }

    /// So many are done.
    pub fn advance(&self, blocks: u64) {
        self.done.fetch_add(blocks, Ordering::Relaxed);
    }

    /// How many blocks are done, and how many there are as far as they are planned.
    #[must_use]
    pub fn now(&self) -> (u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done, self.planned.load(Ordering::Relaxed).max(done))
    }
}

/// Bytes of cells that may be in memory at once, where nothing less is said.
pub const CELL_BYTES: usize = 96 << 20;

/// What accompanies a computation.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Whether it is not wanted any more.
    pub is_stopped: &'a dyn Fn() -> bool,
    /// How far it is.
    pub progress: &'a Progress,
    /// Bytes of cells that may be in memory at once.
    pub cell_bytes: usize,
}

static UNSEEN: Progress = Progress::new();

impl Watch<'static> {
    /// Nobody looks, and nobody stops it.
    #[must_use]
    pub fn nobody() -> Self {
        Self { is_stopped: &|| false, progress: &UNSEEN, cell_bytes: CELL_BYTES }
    }
}

impl Watch<'_> {
    /// Goes on only where the computation is still wanted; to be asked in every loop that may take long.
    ///
    /// # Errors
    /// `Cancelled`.
    pub fn check(&self) -> Result<(), Error> {
        if (self.is_stopped)() {
            return Err(Error::new(ErrorKind::Cancelled, "the request was cancelled or its time is over"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("progress", self.progress)
            .field("cell_bytes", &self.cell_bytes)
            .finish_non_exhaustive()
    }
}
