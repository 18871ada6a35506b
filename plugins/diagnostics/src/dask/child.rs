//! A `weir-dask` that weir starts itself. It listens on a socket of its own, which it names on its standard output, and ends with its
//! standard input: so it ends with weir, whatever ends that.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use weir_plugin_api::{Error, ErrorKind};

use super::bridge::Address;

/// How it is started, and whether it runs.
pub struct Child {
    program: String,
    arguments: Vec<String>,
    running: Option<Running>,
    /// How often it ended soon after it was started, one time after the other.
    failures: u32,
    not_before: Option<Instant>,
}

struct Running {
    process: std::process::Child,
    /// Held, because it ends when this is closed.
    _stdin: ChildStdin,
    address: Address,
    since: Instant,
}

/// What it says when it listens.
#[derive(Deserialize)]
struct Said {
    listening: String,
}

/// Python and its packages may lie on a slow file system.
const START: Duration = Duration::from_secs(60);

/// One that ran for so long did not fail to start.
const SOUND: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Child {
    /// One that is not started yet.
    ///
    /// # Errors
    /// `BadRequest` for a command without a program, or an address that is none.
    pub fn new(command: Option<Vec<String>>, scheduler: &str, data_url: Option<&str>) -> Result<Self, Error> {
        let mut words = command.unwrap_or_else(|| vec!["weir-dask".to_owned()]).into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program =
            program.ok_or_else(|| super::refused("command must begin with a program, as [\"weir-dask\"]"))?;
        if scheduler.is_empty() || scheduler.starts_with('-') || !scheduler.contains(':') {
            return Err(super::refused("scheduler must be an address, as tcp://dask.example:8786"));
        }
        let mut arguments: Vec<String> = words.collect();
        arguments.extend(["--child".to_owned(), format!("--scheduler={scheduler}")]);
        arguments.extend(data_url.map(|url| format!("--data={url}")));
        Ok(Self { program, arguments, running: None, failures: 0, not_before: None })
    }

    /// Where it listens; it is started where it does not run.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be started, or ended just now and is left alone for a while.
    pub fn address(&mut self) -> Result<Address, Error> {
        if let Some(running) = &mut self.running {
            if matches!(running.process.try_wait(), Ok(None)) {
                return Ok(running.address.clone());
            }
            let was_sound = running.since.elapsed() >= SOUND;
            self.running = None;
            if was_sound {
                self.failures = 0;
            } else {
                self.failed();
            }
        }
        let wait = self.not_before.map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(unavailable(format!(
                "weir-dask ended, and is started again in {} s",
                wait.as_secs().saturating_add(1)
            )));
        }
        match self.start() {
            Ok(running) => {
                let address = running.address.clone();
                self.running = Some(running);
                Ok(address)
            }
            Err(error) => {
                self.failed();
                Err(error)
            }
        }
    }

    /// Waits twice as long after each failure.
    fn failed(&mut self) {
        let pause =
            Duration::from_secs(1_u64.checked_shl(self.failures.min(16)).unwrap_or(1)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Instant::now().checked_add(pause);
    }

    fn start(&self) -> Result<Running, Error> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().map_err(|error| {
            unavailable(format!(
                "weir-dask cannot be started ({}); install it, or say in command where it is",
                error.kind()
            ))
        })?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let said = pipes.and_then(|(stdin, stdout)| listening(stdout).map(|address| (stdin, address)));
        match said {
            Some((stdin, address)) => Ok(Running { process, _stdin: stdin, address, since: Instant::now() }),
            None => {
                let _ended = process.kill();
                let _reaped = process.wait();
                Err(unavailable(
                    "weir-dask was started, but does not listen; the log of this server may say why",
                ))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn unavailable(words: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, words)
}

/// Where it says that it listens; a thread goes on reading, so that it can go on writing.
fn listening(stdout: ChildStdout) -> Option<Address> {
    let (says, hears) = mpsc::channel();
    let read = move || {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        let read = reader.by_ref().take(1 << 16).read_until(b'\n', &mut line);
        // Nobody hears where it took too long.
        let _late = says.send(read.ok().map(|_| line));
        let _ended = std::io::copy(&mut reader, &mut std::io::sink());
    };
    std::thread::Builder::new().name("weir-dask".to_owned()).spawn(read).ok()?;
    let line = hears.recv_timeout(START).ok().flatten()?;
    let said: Said = serde_json::from_slice(&line).ok()?;
    Address::parse(&said.listening).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Child {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Child::new(Some(command), "tcp://127.0.0.1:8786", None).unwrap()
    }

    #[test]
    fn a_child_says_where_it_listens_and_stays() {
        let mut child = shell(r#"echo '{"listening": "unix:/run/x", "version": "1"}'; cat >/dev/null"#);
        let address = child.address().unwrap();
        assert_eq!(address, Address::Unix("/run/x".into()));
        let number = child.running.as_ref().unwrap().process.id();
        assert_eq!(child.address().unwrap(), address);
        assert_eq!(child.running.as_ref().unwrap().process.id(), number);
    }

    #[test]
    fn a_child_that_ends_is_left_alone_for_a_while() {
        let mut child = shell(r#"echo '{"listening": "unix:/run/x"}'"#);
        child.address().unwrap();
        child.running.as_mut().unwrap().process.wait().unwrap();
        let error = child.address().unwrap_err();
        assert!(error.message.contains("started again in 1 s"), "{error}");
        child.failed();
        assert!(child.address().unwrap_err().message.contains("started again in 2 s"));
        child.not_before = None;
        assert!(child.address().is_ok());
    }

    #[test]
    fn what_does_not_listen_is_an_error() {
        for script in ["exit 3", "echo hello; cat", r#"echo '{"listening": "nowhere"}'; cat"#] {
            let error = shell(script).address().unwrap_err();
            assert!(error.message.contains("does not listen"), "{error}");
        }
        let mut none = Child::new(Some(vec!["/nonexistent/program".to_owned()]), "tcp://a:1", None).unwrap();
        let error = none.address().unwrap_err();
        assert!(
            error.message.contains("cannot be started") && !error.message.contains("nonexistent"),
            "{error}"
        );
        assert_eq!(error.kind, ErrorKind::Unavailable);
    }
}
