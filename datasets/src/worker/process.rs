//! One worker: a process, what is said to it, and what becomes of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Settings;
use super::protocol::{Description, Message, Request, next_message};
use crate::{Error, ErrorKind};

/// After this many failures in a row, a worker is left alone ...
const MOST_FAILURES: u32 = 3;
/// ... for as long as this.
const REST: Duration = Duration::from_secs(30);

/// What a worker finds in its environment: where libraries are, and no secret of the server.
const ENVIRONMENT: [&str; 2] = ["HDF5_PLUGIN_PATH", "LD_LIBRARY_PATH"];

/// How a worker is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// What the site says.
    pub settings: Settings,
    /// The file: an absolute path with all links resolved.
    pub path: PathBuf,
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

/// The worker of a file. netCDF-C does one thing at a time, and so does this.
#[derive(Debug)]
pub struct Worker {
    launch: Launch,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// Failures since the last answer, and when the last one was.
    failures: u32,
    failed: Option<Instant>,
}

/// A process that runs.
#[derive(Debug)]
struct Running {
    child: Option<Child>,
    requests: ChildStdin,
    messages: Receiver<Message>,
}

impl Worker {
    /// Starts a worker, and has it describe its file.
    ///
    /// # Errors
    /// Why netCDF-C cannot open the file; `Unsupported` where the program cannot be started or ends.
    pub fn start(launch: Launch) -> Result<(Self, Box<Description>), Error> {
        let (running, description) = Running::start(&launch)?;
        let state = State { running: Some(running), ..State::default() };
        Ok((Self { launch, state: Mutex::new(state) }, description))
    }

    /// Asks for a part of a variable. A worker that has ended is started again.
    ///
    /// # Errors
    /// What the worker says; `Unavailable` where it ends or is too slow.
    pub fn ask(&self, request: &Request<'_>) -> Result<Message, Error> {
        let line = request.line()?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.check_rested()?;
        let answer =
            state.running(&self.launch).and_then(|running| running.ask(&line, &self.launch.settings));
        match answer {
            Ok(message) => {
                state.failures = 0;
                match message {
                    Message::Failure(error) => Err(error),
                    message => Ok(message),
                }
            }
            Err(error) => {
                state.running = None;
                state.failures = state.failures.saturating_add(1);
                state.failed = Some(Instant::now());
                tracing::warn!(%error, failures = state.failures, "a netCDF-C worker has failed");
                Err(error)
            }
        }
    }
}

impl State {
    fn check_rested(&mut self) -> Result<(), Error> {
        let rested = self.failed.is_none_or(|failed| failed.elapsed() >= REST);
        if self.failures < MOST_FAILURES || rested {
            return Ok(());
        }
        let (failures, seconds) = (self.failures, REST.as_secs());
        let message =
            format!("its netCDF-C worker has failed {failures} times; it is tried again after {seconds} s");
        Err(Error::unavailable(message))
    }

    fn running(&mut self, launch: &Launch) -> Result<&mut Running, Error> {
        if self.running.is_none() {
            // It opened this file before: whatever keeps it from doing so now may pass.
            let started = Running::start(launch).map_err(|error| Error::unavailable(error.message));
            self.running = Some(started?.0);
        }
        self.running.as_mut().ok_or_else(|| Error::unavailable("its netCDF-C worker does not run"))
    }
}

impl Running {
    fn start(launch: &Launch) -> Result<(Self, Box<Description>), Error> {
        let mut child = command(launch).spawn().map_err(|error| not_started(&error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(answers), Some(notes)) = pipes else {
            return Err(Error::unavailable("the netCDF-C worker has no pipes"));
        };
        let (say, messages) = sync_channel(1);
        let mut running = Self { child: Some(child), requests, messages };
        listen("netcdf-c-answers", move || pass_on(answers, &say))?;
        listen("netcdf-c-notes", move || log(notes))?;
        match running.next(launch.settings.patience) {
            Ok(Message::Description(description)) => Ok((running, description)),
            Ok(Message::Failure(error)) => Err(error),
            Ok(_) => Err(Error::unsupported("the netCDF-C worker answers before it is asked")),
            // A file that ends its worker at once will do so again.
            Err(error) if error.kind == ErrorKind::Unavailable && running.child.is_none() => {
                Err(Error::unsupported(format!("the file cannot be opened through netCDF-C: {error}")))
            }
            Err(error) => Err(error),
        }
    }

    fn ask(&mut self, line: &[u8], settings: &Settings) -> Result<Message, Error> {
        let written = self.requests.write_all(line).and_then(|()| self.requests.flush());
        if written.is_err() {
            return Err(self.ended());
        }
        self.next(settings.patience)
    }

    fn next(&mut self, patience: Duration) -> Result<Message, Error> {
        self.messages.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Disconnected => self.ended(),
            RecvTimeoutError::Timeout => {
                let seconds = patience.as_secs_f64();
                Error::unavailable(format!(
                    "the netCDF-C worker gave no answer for {seconds} s and was ended"
                ))
            }
        })
    }

    /// Why there will be no answer any more.
    fn ended(&mut self) -> Error {
        // One that only stopped talking is ended here; one that ended before keeps its own status.
        let status = self.child.take().and_then(|mut child| {
            let _ended_before = child.kill();
            child.wait().ok()
        });
        let status = status.map_or_else(|| "for an unknown reason".to_owned(), |status| status.to_string());
        Error::unavailable(format!("the netCDF-C worker ended: {status}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ended_before = child.kill();
        // One that waits for a disk ends late; nobody has to wait for it.
        let _unreaped = thread::Builder::new().name("netcdf-c-end".into()).spawn(move || child.wait());
    }
}

fn command(launch: &Launch) -> Command {
    let Settings { program, memory, roots, .. } = &launch.settings;
    let mut command = Command::new(program);
    command.arg("--memory").arg(memory.to_string());
    for root in roots {
        command.arg("--allow").arg(root);
    }
    command.arg("--device").arg(launch.device.to_string()).arg("--inode").arg(launch.inode.to_string());
    command.arg(&launch.path).env_clear().current_dir("/");
    command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn not_started(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => Error::unsupported(format!(
            "the program weir-netcdf-worker cannot be started ({error}); install it beside weir or name it in WEIR_NETCDF_WORKER"
        )),
        _ => Error::unavailable(format!("the netCDF-C worker cannot be started: {error}")),
    }
}

fn listen(name: &str, to: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(to);
    spawned.map(drop).map_err(|e| Error::unavailable(format!("no thread can be started for a worker: {e}")))
}

/// Reads messages until the process ends, or nobody wants them.
fn pass_on(answers: ChildStdout, say: &SyncSender<Message>) {
    let mut answers = BufReader::with_capacity(64 << 10, answers);
    while let Some(message) = next_message(&mut answers) {
        if say.send(message).is_err() {
            return;
        }
    }
}

/// Logs what the libraries print.
fn log(notes: ChildStderr) {
    let mut notes = BufReader::new(notes);
    loop {
        let mut line = Vec::new();
        match notes.by_ref().take(4096).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                tracing::debug!(note = %String::from_utf8_lossy(line.trim_ascii_end()), "netCDF-C worker");
            }
        }
    }
}
