//! The worker, built from its own manifest: these tests are not skipped where it is missing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static BUILT: LazyLock<PathBuf> = LazyLock::new(build);

/// The program; a copy of it lies beside this test, where an opener looks for it.
pub fn program() -> &'static Path {
    &BUILT
}

fn build() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let target = own.ancestors().nth(3).unwrap().join("workers");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workers/netcdf-c/Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
    let done = cargo.arg("--target-dir").arg(&target).status().unwrap();
    assert!(done.success(), "the worker cannot be built; it needs libnetcdf-dev");
    let program = target.join("debug/weir-netcdf-worker");
    // Put in place by renaming, because another test may be starting the one that is there.
    let beside = own.with_file_name("weir-netcdf-worker");
    let fresh = own.with_file_name(format!("weir-netcdf-worker.{}", std::process::id()));
    std::fs::copy(&program, &fresh).unwrap();
    std::fs::rename(fresh, beside).unwrap();
    program
}
