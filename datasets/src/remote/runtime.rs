//! The runtime that all connections live on, and waiting for it from plain threads.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

/// Connections wait more than they work.
const THREADS: usize = 2;

/// The runtime, which is started at its first use and never ends: dropping a runtime blocks, and those who drop what reads
/// data may be unable to.
///
/// # Errors
/// `Unavailable` where the system gives no threads.
pub fn handle() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(THREADS).thread_name("weir-remote").enable_all();
        builder.build().map_err(|e| format!("the threads for connections cannot be started: {e}"))
    });
    runtime.as_ref().map(Runtime::handle).map_err(|e| Error::unavailable(e.as_str()))
}

/// Does work on the runtime and waits for it. Called from plain threads, never from the runtime itself.
///
/// # Errors
/// Those of the work, and `Unavailable` where the system gives no threads.
pub fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = channel();
    handle()?.spawn(async move {
        // The one who waits for it is still there.
        let _ = sender.send(work.await);
    });
    next(&receiver)?
}

/// The next of what works send.
///
/// # Errors
/// `Unavailable` where a work ended without sending anything, which only a panic does.
pub fn next<T>(receiver: &Receiver<T>) -> Result<T, Error> {
    receiver.recv().map_err(|_unshown| broken_off())
}

/// The error for work that ended before its time.
pub fn broken_off() -> Error {
    Error::unavailable("the work of a connection was broken off; ask again")
}
