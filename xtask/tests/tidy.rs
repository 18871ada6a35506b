//! The repository keeps its own rules: arrows between crates, and what the sources must hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use weir_xtask::{arrows, repository, sources};

#[test]
fn crates_know_only_what_they_may() {
    let drawn = arrows::drawn(&repository()).unwrap();
    assert!(drawn.iter().any(|arrow| arrow.from == "weir-model"), "no crates were found");
    let forbidden: Vec<String> = drawn.iter().filter_map(arrows::forbidden).collect();
    assert!(forbidden.is_empty(), "{}", forbidden.join("\n"));
}

#[test]
fn sources_keep_the_rules() {
    let all = sources::all(&repository()).unwrap();
    assert!(all.iter().any(|source| source.path == "xtask/tests/tidy.rs"), "no sources were found");
    let faults: Vec<String> = all.iter().flat_map(sources::faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
