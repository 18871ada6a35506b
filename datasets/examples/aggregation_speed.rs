//! How long an aggregation of many files takes to be put together, to be opened again, and to be read.
//!
//! `cargo run --release -p weir-datasets --example aggregation_speed -- FOLDER` joins the `*.nc` files of a folder along `time`
//! (`bench/make_many_files.py` makes some). What was learnt is kept in memory, as an index keeps it on disk, so the second
//! opening is that of a restarted server. Every value is compared: they are their places, from 1.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a tool for measuring, not part of a server"
)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use weir_datasets::aggregate::definition::{Base, Edits, Kind, Rules, Scan};
use weir_datasets::aggregate::{Definition, Kept};
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Opener, Place};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Pieces};

const VARIABLE: &str = "temp";

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| panic!("name a folder")));
    let mut rules = Rules::new(Kind::JoinExisting, "time");
    rules.scans.push(Scan::glob(&folder, "*.nc"));
    let definition = Definition { base: Base::Aggregation(Box::new(rules)), edits: Edits::default() };
    let place = Place::Made(Arc::new(definition));
    let records: Arc<Mutex<HashMap<String, Vec<u8>>>> = Arc::default();
    let opener = || {
        let (one, other) = (Arc::clone(&records), Arc::clone(&records));
        let kept = Kept {
            get: Box::new(move |key| one.lock().unwrap().get(key).cloned()),
            put: Box::new(move |key, bytes| {
                other.lock().unwrap().insert(key.to_owned(), bytes.to_vec());
            }),
        };
        Opener::new(Access::to(std::slice::from_ref(&folder)), Memory::new(256 << 20)).with_kept(kept)
    };
    let started = Instant::now();
    opener().open(&place).unwrap_or_else(|e| panic!("{e}"));
    let bytes: usize = records.lock().unwrap().values().map(Vec::len).sum();
    println!(
        "cold index: {:.3} s; its record has {bytes} bytes; {}",
        started.elapsed().as_secs_f64(),
        peak()
    );
    let opener = opener();
    let started = Instant::now();
    let dataset = opener.open(&place).unwrap_or_else(|e| panic!("{e}"));
    println!("warm open: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let started = Instant::now();
    opener.open(&place).unwrap_or_else(|e| panic!("{e}"));
    println!("next open: {:.1} us", started.elapsed().as_secs_f64() * 1e6);
    read(&dataset);
}

/// Reads all of a variable in pieces, as a server streams it, and compares it.
fn read(dataset: &weir_datasets::Dataset) {
    let variable = dataset.schema().variable(VARIABLE).unwrap_or_else(|| panic!("there is no {VARIABLE}"));
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone()).unwrap();
    let whole = Hyperslab::whole(&variable.shape).unwrap();
    let (count, started, mut next) = (whole.elements(), Instant::now(), 1_u64);
    for piece in Pieces::new(whole, &grid, 1 << 19, 1 << 20) {
        let mut out = vec![0; usize::try_from(piece.elements()).unwrap() * 4];
        dataset.read(VARIABLE, &piece, ByteOrder::Little, &mut out).unwrap_or_else(|e| panic!("{e}"));
        for value in out.chunks_exact(4) {
            let value = f32::from_le_bytes(value.try_into().unwrap());
            // Places repeat, so that they are exact in single precision.
            assert!(value == ((next - 1) % (1 << 24) + 1) as f32, "element {next} is {value}");
            next += 1;
        }
    }
    assert_eq!(next, count + 1);
    let seconds = started.elapsed().as_secs_f64();
    println!("all {} MiB read and compared: {seconds:.2} s; {}", (count * 4) >> 20, peak());
}

/// The most memory that was used so far.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    format!("peak memory {}", line.trim_start_matches("VmHWM:").trim())
}
