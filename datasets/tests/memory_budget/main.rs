//! The memory budget: what is accounted for never exceeds it, and what is really allocated does not either.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

mod data;
mod open_datasets;
mod scratch;
mod stress;
mod strings;

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

/// Counts what the tests' process has on its heap.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Held by each test: what one allocates must not be counted by another.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `f` gives, and the most bytes that the heap had meanwhile beyond what it had before.
fn peak<T>(f: impl FnOnce() -> T) -> (T, u64) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let result = f();
    (result, HEAP.peak_usage().saturating_sub(before) as u64)
}
