//! The worker: reads one file through netCDF-C for a server that has no C library in its own process.
//!
//! It writes one line of JSON that describes the file, or says why it cannot be read. Then it answers requests until its
//! standard input ends: one line of JSON each, answered by one line of JSON and as many bytes as that line says.
//!
//! Whatever the C libraries do with a hostile file, they do it here: with a limit on memory, without the network, and with
//! read access to the data folders alone.

mod answer;
mod arguments;
mod confinement;
mod elements;
mod file;
mod hdf5;
mod identity;
mod limits;
mod request;
mod schema;
mod sources;

use std::io::{BufRead, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::answer::{Failure, Kind};
use crate::arguments::Arguments;
use crate::file::OpenFile;
use crate::request::Request;

/// A request is not longer than this.
const MOST_REQUEST_BYTES: u64 = 64 << 10;

fn main() -> ExitCode {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match serve(&mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let told = answer::write(&mut out, &Err(failure));
            told.map_or_else(|_| ExitCode::from(2), |()| ExitCode::FAILURE)
        }
    }
}

/// Opens the file, then answers requests; an error is one of opening.
fn serve(out: &mut impl Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    limits::prepare_libraries();
    limits::set(arguments.memory)?;
    confinement::confine(&arguments)?;
    let file = guarded(|| OpenFile::open(&arguments))?;
    if answer::write_description(out, file.description()).is_err() {
        return Ok(());
    }
    let mut requests = std::io::stdin().lock();
    // Where nobody listens any more, there is nothing left to do.
    while let Ok(Some(line)) = next_line(&mut requests) {
        limits::allow_more_time();
        let answer = Request::parse(&line).and_then(|request| guarded(|| elements::read(&file, &request)));
        if answer::write(out, &answer).is_err() {
            break;
        }
    }
    Ok(())
}

/// The next request; `None` at the end.
fn next_line(requests: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    requests.take(MOST_REQUEST_BYTES).read_until(b'\n', &mut line)?;
    // A line that is cut is no request, and what follows it is none either.
    Ok(line.ends_with(b"\n").then_some(line))
}

/// Runs what calls the netCDF crate, which panics at names that are not UTF-8 and at types that it does not know.
fn guarded<T>(f: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| {
        Err(Failure::new(Kind::Unsupported, "netCDF-C shows something of the file that cannot be described"))
    })
}
