//! What happens to a worker is an error of one request.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use weir_datasets::{ChunkKey, ChunkSource, Error, ErrorKind};

use crate::built_worker::program;
use crate::folder::{Folder, float32, int16, read};
use crate::served::{open_composed, settings};

/// The first chunk of a variable that the worker reads.
fn fetch(source: &dyn ChunkSource) -> Result<Vec<u8>, Error> {
    let stored = source.fetch(ChunkKey { variable: "/joined", index: &[0, 0] })?;
    Ok(stored.expect("it is stored").bytes)
}

/// The processes that read this file.
fn workers(file: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap());
    let is_worker = |process: &String| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let mut arguments = line.split(|&byte| byte == 0);
        arguments.next().is_some_and(|program| program.ends_with(b"weir-netcdf-worker"))
            && arguments.any(|argument| argument == file.as_os_str().as_encoded_bytes())
    };
    processes.map(|entry| entry.file_name().into_string().unwrap()).filter(is_worker).collect()
}

/// Sends a signal to the one process that reads this file.
fn signal(name: &str, file: &Path) {
    let found = workers(file);
    assert_eq!(found.len(), 1, "one worker reads it: {found:?}");
    assert!(Command::new("kill").args([name, &found[0]]).status().unwrap().success());
}

#[test]
fn a_worker_that_dies_costs_one_request() {
    let folder = Folder::new();
    let file = folder.path("data/collected.h5");
    let source = open_composed(&file, &settings(folder.path("data")));
    for name in ["-SEGV", "-KILL", "-ABRT"] {
        assert_eq!(fetch(source.as_ref()).unwrap(), float32(1..=72));
        signal(name, &file);
        let error = fetch(source.as_ref()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(error.message.contains("worker ended: signal"), "{error}");
    }
    assert_eq!(fetch(source.as_ref()).unwrap(), float32(1..=72));
}

#[test]
fn a_worker_that_hangs_is_ended() {
    let folder = Folder::new();
    let file = folder.path("data/collected.h5");
    let patient = settings(folder.path("data"));
    let source = open_composed(
        &file,
        &weir_datasets::worker::Settings { patience: Duration::from_secs(2), ..patient },
    );
    signal("-STOP", &file);
    let error = fetch(source.as_ref()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.message.contains("no answer for 2 s"), "{error}");
    assert_eq!(fetch(source.as_ref()).unwrap(), float32(1..=72));
    assert_eq!(workers(&file).len(), 1);
}

#[test]
fn a_worker_that_cannot_be_started_again_is_left_alone_for_a_while() {
    let folder = Folder::new();
    let file = folder.path("data/collected.h5");
    let copy = folder.path("weir-netcdf-worker");
    std::fs::copy(program(), &copy).unwrap();
    let own = weir_datasets::worker::Settings { program: copy.clone(), ..settings(folder.path("data")) };
    let source = open_composed(&file, &own);
    std::fs::remove_file(copy).unwrap();
    signal("-KILL", &file);
    for word in ["ended", "cannot be started", "cannot be started", "tried again after 30 s"] {
        let error = fetch(source.as_ref()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(error.message.contains(word), "{error}");
    }
}

#[test]
fn workers_end_with_their_files() {
    let folder = Folder::new();
    let file = folder.path("data/collected.h5");
    let source = open_composed(&file, &settings(folder.path("data")));
    assert_eq!(workers(&file).len(), 1);
    drop(source);
    let deadline = Instant::now() + Duration::from_secs(30);
    // It is killed; how soon the system takes it away is its own affair.
    while !workers(&file).is_empty() {
        assert!(Instant::now() < deadline, "its worker still runs");
        std::thread::yield_now();
    }
}

#[test]
fn without_the_program_the_others_are_read() {
    let folder = Folder::new();
    let file = folder.path("data/collected.h5");
    let none = weir_datasets::worker::Settings {
        program: "/no/such/program".into(),
        ..settings(folder.path("data"))
    };
    let source = open_composed(&file, &none);
    let error = fetch(source.as_ref()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.message.contains("WEIR_NETCDF_WORKER") && error.message.contains("virtual"), "{error}");
    let dataset = weir_datasets::Dataset::new(source);
    assert_eq!(read(&dataset, "/plain").unwrap(), int16(1..=35));
}

#[test]
fn a_source_that_changes_is_noticed() {
    let folder = Folder::new();
    program();
    let catalog = folder.catalog();
    let before = catalog.open("collected.h5").unwrap();
    assert_eq!(read(&before, "/inner/joined").unwrap(), float32(25..=48));
    // Another file with other values takes the place of the one that was read.
    std::fs::copy(folder.path("data/parts/part2.h5"), folder.path("data/parts/fresh")).unwrap();
    std::fs::rename(folder.path("data/parts/fresh"), folder.path("data/parts/part1.h5")).unwrap();
    let error = read(&before, "/inner/joined").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    let after = catalog.open("collected.h5").unwrap();
    assert_eq!(read(&after, "/inner/joined").unwrap(), float32(49..=72));
    assert_ne!(before.generation(), after.generation());
}

#[test]
fn a_missing_source_that_comes_is_noticed() {
    let folder = Folder::new();
    program();
    let catalog = folder.catalog();
    assert!(read(&catalog.open("collected.h5").unwrap(), "/missing").is_err());
    std::fs::copy(folder.path("data/parts/part1.h5"), folder.path("data/parts/none.h5")).unwrap();
    assert_eq!(read(&catalog.open("collected.h5").unwrap(), "/missing").unwrap(), float32(1..=48));
}
