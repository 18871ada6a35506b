//! `cargo run -p weir-xtask -- header` writes `plugin-api/include/weir_plugin.h`.

use std::process::ExitCode;

use weir_xtask::{header, repository};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [chore] = arguments.as_slice() else { return usage() };
    if chore != "header" {
        return usage();
    }
    let root = repository();
    let written = header::generate(&root)
        .and_then(|text| std::fs::write(root.join(header::PATH), text).map_err(|e| e.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cannot write {}: {reason}", header::PATH);
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: cargo run -p weir-xtask -- header");
    ExitCode::from(2)
}
