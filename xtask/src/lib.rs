//! Chores of the repository: the C header that is generated from `plugin-api/abi`, and the tidy checks that `cargo test` runs.

use std::path::{Path, PathBuf};

pub mod arrows;
pub mod header;
pub mod sources;

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
