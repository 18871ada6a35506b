//! The committed C header is the one that the ABI crate generates, and a C compiler agrees with its layout.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use weir_xtask::{header, repository};

#[test]
fn the_committed_header_is_current() {
    let root = repository();
    let committed = std::fs::read_to_string(root.join(header::PATH)).unwrap_or_default();
    let generated = header::generate(&root).unwrap();
    let same = committed == generated;
    assert!(same, "{} does not fit plugin-api/abi; run `just header` and commit it", header::PATH);
}

/// Compiles text that includes the header; returns what the compiler says.
fn compile(standard: &str, text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let language = if standard.contains("++") { "c++" } else { "c" };
    let source = folder.path().join("source");
    std::fs::write(&source, text).unwrap();
    let include = repository().join("plugin-api/include");
    let mut compiler = Command::new("gcc");
    compiler.args([
        "-x",
        language,
        &format!("-std={standard}"),
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fsyntax-only",
    ]);
    let output = compiler.arg("-I").arg(include).arg(&source).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn a_c_compiler_agrees_with_the_layout() {
    compile("c11", "#include <weir_plugin.h>\n#include <weir_plugin.h>\n").unwrap();
    compile("gnu17", "#include <weir_plugin.h>\nWEIR_PLUGIN_NOTE(\"{}\");\n").unwrap();
}

#[test]
fn a_changed_layout_does_not_compile() {
    let header = std::fs::read_to_string(repository().join(header::PATH)).unwrap();
    let changed = header.replacen("    uint32_t abi_major;\n", "    uint64_t abi_major;\n", 1);
    assert_ne!(changed, header);
    let said = compile("c11", &changed).unwrap_err();
    assert!(said.contains("static assertion failed"), "{said}");
}
