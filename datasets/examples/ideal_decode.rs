//! How long it takes at least to decode chunks: each is read, inflated and unshuffled, and nothing else is done.
//!
//! `ideal_decode FILE ELEMENT_SIZE CHUNK_BYTES THREADS < "OFFSET LENGTH" lines`; prints wall-clock seconds.
//! The benchmarks compare reading a time series with it.
#![allow(clippy::print_stdout, reason = "its output is its result")]

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libdeflater::Decompressor;
use weir_datasets::codecs::unshuffle;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, element_size, chunk_bytes, threads] = arguments.as_slice() else {
        return Err("use: ideal_decode FILE ELEMENT_SIZE CHUNK_BYTES THREADS".into());
    };
    let file = File::open(path)?;
    let (size, length, threads) = (element_size.parse()?, chunk_bytes.parse()?, threads.parse()?);
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let chunks: Vec<(u64, usize)> = text.lines().map(chunk).collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let work = || decode(&file, &chunks, &next, (size, length)).map_err(|error| error.to_string());
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut results = workers.into_iter().map(std::thread::ScopedJoinHandle::join);
        results.try_for_each(|result| result.unwrap_or_else(|_| Err("a thread panicked".to_owned())))
    })?;
    println!("{:.6}", began.elapsed().as_secs_f64());
    Ok(())
}

fn chunk(line: &str) -> Result<(u64, usize), Box<dyn Error>> {
    let (offset, length) = line.split_once(' ').ok_or("a line must be OFFSET LENGTH")?;
    Ok((offset.parse()?, length.parse()?))
}

/// Decodes the next chunk until there is none, into buffers that are used again.
fn decode(
    file: &File,
    chunks: &[(u64, usize)],
    next: &AtomicUsize,
    (size, length): (usize, usize),
) -> Result<(), Box<dyn Error>> {
    let (mut inflater, mut stored) = (Decompressor::new(), Vec::new());
    let (mut shuffled, mut elements) = (vec![0; length], vec![0; length]);
    while let Some(&(offset, bytes)) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
        stored.resize(bytes, 0);
        file.read_exact_at(&mut stored, offset)?;
        if inflater.zlib_decompress(&stored, &mut shuffled)? != length {
            return Err("a chunk is shorter than it should be".into());
        }
        unshuffle(&shuffled, size, false, &mut elements);
    }
    Ok(())
}
